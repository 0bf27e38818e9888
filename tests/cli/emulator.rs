//! `emulator serve|seed|dump|openapi`.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::{Case, Hub, ids};

const SEED: &str = "organization: {id: 0e000009-0000-4000-8000-000000000001, name: Tiny}
connections:
- id: conn-001
  portals: [{id: b0000009-0000-4000-8000-000000000001, name: Tiny Portal}]
";

#[cfg(unix)]
#[test]
fn it_serves_until_it_is_stopped() {
    let case = Case::new();
    let serving = case.spawn(&["emulator", "serve", "--request-log", "requests.jsonl", "--latency", "1ms"]);
    let line: serde_json::Value = serde_json::from_str(&serving.line()).expect("the first line is JSON");
    let part = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("no {name}: {line}")).to_owned();
    let mut other = Case::new().with(&["--host", &part("url")]);
    other.set("ANYPOINT_CLIENT_ID", &part("client_id"));
    other.set("ANYPOINT_CLIENT_SECRET", &part("client_secret"));
    let groups = other.run(&["get", "user-groups"]).exits(0);
    assert!(groups.stdout.contains("Gold Tier"), "{groups}");
    let log = case.read("requests.jsonl");
    let requests: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    for request in &requests {
        let keys: BTreeSet<&str> = request.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["time", "method", "path", "operationId", "status"]), "{request}");
    }
    assert!(requests.iter().any(|request| request["operationId"] == "getConnections" && request["status"] == 200));
    serving.terminate();
    let stopped = case.finish(serving).exits(0);
    assert_eq!(stopped.stderr, "", "being stopped is how it ends");
    insta::assert_snapshot!(other.run(&["get", "connections"]), @"
    stderr:
    error: POST /accounts/api/v2/oauth2/token (createV2Oauth2Token): cannot connect to [HUB]: Connection refused (os error 111) (after 5 attempts)
     hint: check the host, the network, and the proxy variables (HTTPS_PROXY, NO_PROXY); asked [HUB]
    exit: 1
    ");
}

#[test]
fn it_answers_to_loopback_names_only() {
    let hub = Hub::demo();
    let authority = hub.running().url.trim_start_matches("http://").to_owned();
    let status = |host: &str| {
        let mut stream = TcpStream::connect(&authority).expect("it listens");
        write!(stream, "GET /accounts/api/me HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).expect("there is a status").to_owned()
    };
    assert_eq!(status(&authority), "401");
    assert_eq!(status("evil.example"), "403");
    assert_eq!(status("127.0.0.1.evil.example"), "403");
}

#[test]
fn a_database_is_filled_once() {
    let case = Case::new();
    case.write("seed.yaml", SEED);
    insta::assert_snapshot!(case.run(&["emulator", "seed", "--db", "state/hub.db", "seed.yaml"]), @"
    stderr:
    state/hub.db is filled.
    exit: 0
    ");
    insta::assert_snapshot!(case.run(&["emulator", "seed", "--db", "state/hub.db", "seed.yaml"]), @"
    stderr:
    error: failed to fill state/hub.db: the database is filled already: it is replaced only with --reset
    exit: 1
    ");
    let refused = case.run(&["emulator", "serve", "--db", "state/hub.db", "--seed", "seed.yaml"]).exits(1);
    assert_eq!(refused.stdout, "", "{refused}");
    case.run(&["emulator", "seed", "--db", "state/hub.db", "--reset", "seed.yaml"]).exits(0);
    let portals = case.run(&["--emulator=state/hub.db", "get", "portals"]).exits(0);
    assert!(portals.stdout.contains("Tiny Portal"), "{portals}");
}

#[test]
fn several_commands_may_be_the_first_at_once() {
    let case = Case::new();
    let working: Vec<_> = (0..4).map(|_| case.spawn(&["--emulator", "get", "members"])).collect();
    for working in working {
        case.finish(working).exits(0);
    }
}

#[test]
fn a_dump_is_a_seed_of_the_same_world() {
    let case = Case::new();
    case.run(&["emulator", "seed"]).exits(0);
    let dump = case.run(&["emulator", "dump"]).exits(0).stdout;
    case.write("dump.yaml", &dump);
    case.run(&["emulator", "seed", "--db", "again.db", "dump.yaml"]).exits(0);
    assert_eq!(case.run(&["emulator", "dump", "--db", "again.db"]).exits(0).stdout, dump);
    assert!(dump.contains(ids::GOLD) && dump.contains("Gold Tier"));
}

#[test]
fn its_document_lists_every_operation() {
    let document = Case::new().run(&["emulator", "openapi"]).exits(0).json();
    let paths = document["paths"].as_object().expect("there are paths");
    let operations: usize = paths.values().map(|path| path.as_object().map_or(0, serde_json::Map::len)).sum();
    assert!(operations >= 25, "{operations}");
}

#[test]
fn a_seed_that_is_none_changes_nothing() {
    let case = Case::new();
    let seed = ["emulator", "seed", "--db", "hub.db", "seed.yaml"];
    insta::assert_snapshot!(case.run(&seed), @"
    stderr:
    error: failed to read seed.yaml: No such file or directory (os error 2)
    exit: 1
    ");
    case.write("seed.yaml", "organization: [");
    insta::assert_snapshot!(case.run(&seed), @"
    stderr:
    error: failed to fill hub.db: the seed document is not valid: expected mapping start at line 1, column 15
    exit: 1
    ");
    case.write("seed.yaml", "organisation: {}");
    insta::assert_snapshot!(case.run(&seed), @"
    stderr:
    error: failed to fill hub.db: the seed document is not valid: unknown field `organisation`, expected one of organization, identityProviders, exchangeAssets, connections at line 1, column 1
    exit: 1
    ");
    case.write("seed.yaml", SEED.replace("conn-001", "conn-001, portals: 3"));
    case.run(&seed).exits(1);
    case.write("seed.yaml", [0xff, 0xfe]);
    insta::assert_snapshot!(case.run(&seed), @"
    stderr:
    error: failed to read seed.yaml: stream did not contain valid UTF-8
    exit: 1
    ");
    case.write("seed.yaml", format!("organization: {}", "[".repeat(100_000)));
    insta::assert_snapshot!(case.run(&seed), @"
    stderr:
    error: failed to fill hub.db: the seed document is not valid: expected mapping start at line 1, column 15
    exit: 1
    ");
    case.write(
        "seed.yaml",
        format!("{SEED}exchangeAssets: [{{groupId: a, assetId: b}}, {{groupId: a, assetId: b}}]\n"),
    );
    insta::assert_snapshot!(case.run(&seed), @r#"
    stderr:
    error: failed to fill hub.db: the seed document is not valid:\n  exchangeAssets[1]: ("a", "b") stands here a second time
    exit: 1
    "#);
    case.write("seed.yaml", SEED);
    case.run(&seed).exits(0);
}

#[test]
fn wrong_settings_are_told() {
    let case = Case::new();
    insta::assert_snapshot!(case.run(&["emulator", "serve", "--listen", "0.0.0.0:0"]), @"
    stderr:
    error: the emulator listens on loopback addresses only, not on 0.0.0.0:0
     hint: give an address such as 127.0.0.1:8080; port 0 takes a free one
    exit: 64
    ");
    insta::assert_snapshot!(case.run(&["emulator", "serve", "--latency", "5"]), @"
    stderr:
    error: invalid value '5' for '--latency <DURATION>': `5` is not a duration like 50ms, 2s or 1h

    For more information, try '--help'.
    exit: 64
    ");
    insta::assert_snapshot!(case.run(&["emulator", "serve", "--switch", "asset-pacth=merges"]), @r#"
    stderr:
    error: there is no switch "asset-pacth"; did you mean asset-patch?
     hint: `--switch help` lists them with their values
    exit: 64
    "#);
    let help = case.run(&["emulator", "serve", "--switch", "help"]).exits(0);
    assert_eq!(help.stdout.lines().count(), aehctl::emulator::Switches::ALL.len() + 1, "{help}");
    assert!(help.stdout.contains("\nmember-groups "), "{help}");
    insta::assert_snapshot!(case.run(&["emulator", "dump"]), @"
    stderr:
    error: there is no emulator database .aehctl/emulator.db
    exit: 1
    ");
    case.write("other.db", "this is no database, whatever its name may say");
    insta::assert_snapshot!(case.run(&["--emulator=other.db", "get", "members"]), @"
    stderr:
    error: failed to open the emulator's database other.db: file is not a database: Error code 26: file is not a database
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["--emulator=home", "get", "members"]), @"
    stderr:
    error: failed to open the emulator's database home: unable to open database file: home: Error code 14: unable to open database file
    exit: 1
    ");
}
