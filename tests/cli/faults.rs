//! `--faults`: what the emulator does wrong on purpose, through the binary.

use crate::support::{Case, Hub};

fn log(case: &Case) -> Vec<serde_json::Value> {
    let log = case.read("requests.jsonl");
    log.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[cfg(unix)]
#[test]
fn a_server_misbehaves_as_it_is_told() {
    let case = Case::new();
    let faults =
        "503-before@getConnections#1=0s,reset-before@getConnections#2,cut@getConnections#3,editor-create@reads#2";
    let serving = case.spawn(&["emulator", "serve", "--request-log", "requests.jsonl", "--faults", faults]);
    let line: serde_json::Value = serde_json::from_str(&serving.line()).expect("the first line is JSON");
    let part = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("no {name}: {line}")).to_owned();
    let mut other = Case::new().with(&["--host", &part("url")]);
    other.set("ANYPOINT_CLIENT_ID", &part("client_id"));
    other.set("ANYPOINT_CLIENT_SECRET", &part("client_secret"));
    // Reads are repeated until they come whole.
    other.run(&["get", "connections"]).exits(0);
    serving.terminate();
    case.finish(serving).exits(0);
    let met: Vec<_> = log(&case)
        .into_iter()
        .filter(|request| request["operationId"] == "getConnections")
        .map(|request| (request["status"].as_u64(), request["fault"].as_str().map(str::to_owned)))
        .collect();
    let fault = |name: &str| Some(name.to_owned());
    assert_eq!(
        met,
        [(Some(503), fault("503-before")), (None, fault("reset-before")), (Some(200), fault("cut")), (Some(200), None),]
    );
    let edited: Vec<_> = log(&case).into_iter().filter_map(|request| request.get("editor").cloned()).collect();
    assert_eq!(edited.len(), 1, "{edited:?}");
    assert_eq!(edited[0][0]["action"], "create");
}

#[test]
fn the_emulator_of_a_command_misbehaves_too() {
    let case = Case::new();
    let groups = |faults: &str| case.run(&["--emulator", "--faults", faults, "get", "user-groups"]).exits(0).stdout;
    assert!(!groups("editor-create@reads#1=0%").contains("Editor's"));
    let edited = groups("editor-create@reads#1");
    assert!(edited.contains("Editor's"), "{edited}");
}

#[test]
fn wrong_faults_are_told() {
    let case = Case::new();
    insta::assert_snapshot!(case.run(&["--emulator", "--faults", "rest-after=1%", "get", "members"]), @r#"
    stderr:
    error: --faults: there is no fault or setting "rest-after"; did you mean reset-after?
     hint: `--faults help` lists what there is; docs/emulator.md explains it
    exit: 64
    "#);
    insta::assert_snapshot!(case.run(&["emulator", "serve", "--faults", "429=5"]), @r#"
    stderr:
    error: --faults: in "429=5": "5" is no chance like 5% and no time like 200ms or 2s
     hint: `--faults help` lists what there is; docs/emulator.md explains it
    exit: 64
    "#);
    insta::assert_snapshot!(case.run(&["emulator", "dump", "--faults", "429=5%"]), @"
    stderr:
    error: --faults is for the emulator alone
     hint: say --emulator as well, or use `aehctl emulator serve --faults SPEC`
    exit: 64
    ");
    let hub = Hub::demo();
    insta::assert_snapshot!(Case::on(&hub).run(&["get", "members", "--faults", "429=5%"]), @"
    stderr:
    error: --faults is for the emulator alone
     hint: say --emulator as well, or use `aehctl emulator serve --faults SPEC`
    exit: 64
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
    let help = case.run(&["emulator", "serve", "--faults", "help"]).exits(0);
    for fault in aehctl::emulator::Faults::ALL {
        assert!(help.stdout.contains(&format!("\n{} ", fault.name)), "{}: {help}", fault.name);
    }
    assert!(help.stdout.contains("\nrate=N/TIME ") && help.stderr.is_empty(), "{help}");
}

#[test]
fn the_command_that_tells_what_is_unknown_asks_the_same_hub() {
    let case = Case::new();
    case.write("portal.yaml", crate::support::portal("  userGroups: [{name: Partner Initech}]\n"));
    let flags = ["--emulator=other.db", "--faults", "reset-before@createUserGroup"];
    let applied = case.run(&[&flags[..], &["apply", "-f", "portal.yaml", "--auto-approve"]].concat()).exits(5);
    let hint = applied.stdout.lines().find_map(|line| line.trim().strip_prefix("hint: `aehctl "));
    let told = hint.and_then(|hint| hint.strip_suffix("` tells")).unwrap_or_else(|| panic!("{applied}"));
    let arguments: Vec<&str> = told.split(' ').collect();
    assert_eq!(arguments[0], "--emulator=other.db");
    assert!(case.run(&arguments).exits(0).stdout.contains("Partner Globex"), "{told}");
}
