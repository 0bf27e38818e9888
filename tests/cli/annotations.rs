//! `--annotations`: what a forge is told beside what people read.

use serde_json::json;

use crate::fleet;
use crate::support::{Case, Hub, portal};

const FAULTY: &str = "  userGroups:
    - {name: Gold Tier, descripton: '100 %'}
  assets:
    - {asset: Finance/pay, versions: {v1: [Silver, 'audience:a,b::c']}}
";

/// The workflow commands among what was said.
fn commands(stderr: &str) -> String {
    stderr.lines().filter(|line| line.starts_with("::")).collect::<Vec<_>>().join("\n")
}

#[test]
fn github_is_told_each_fault_at_its_line() {
    let case = Case::new();
    case.write("portal.yaml", portal(FAULTY));
    let plain = case.run(&["validate", "-f", "portal.yaml"]).exits(1);
    let told = case.run(&["validate", "-f", "portal.yaml", "--annotations", "github"]).exits(1);
    assert_eq!(told.stdout, "");
    let without_commands: Vec<&str> = told.stderr.lines().filter(|line| !line.starts_with("::")).collect();
    assert_eq!(without_commands, plain.stderr.lines().collect::<Vec<_>>(), "people read what they read without it");
    insta::assert_snapshot!(commands(&told.stderr), @r"
    ::error file=portal.yaml,line=6,endLine=6,col=25,endColumn=35,title=aehctl unknown-field::unknown field `descripton`%0Ahelp: did you mean `description`?
    ::error file=portal.yaml,line=8,endLine=8,col=52,endColumn=69,title=aehctl unknown-audience::nobody declares the audience `a,b::c`%0Ahelp: none is declared here
    ::warning file=portal.yaml,line=8,endLine=8,col=44,endColumn=50,title=aehctl undeclared-group::no group `Silver` is declared here%0Ahelp: if the portal has such a group, all is well; a plan fails if it has not
    ");
    let json = case.run(&["validate", "-f", "portal.yaml", "--annotations", "github", "--format", "json"]).exits(1);
    assert_eq!(json.json()["valid"], false);
    assert_eq!(commands(&json.stderr), commands(&told.stderr));
}

#[test]
fn paths_are_those_of_the_repository() {
    let mut case = Case::new();
    case.write("checkout/portals/portal.yaml", portal("  members: 3\n"));
    let file = |case: &Case| {
        let told = case.run(&["validate", "-f", "checkout/portals", "--annotations", "github"]).exits(1);
        let commands = commands(&told.stderr);
        commands.split_once("file=").and_then(|(_, rest)| rest.split_once(',')).expect("it has a file").0.to_owned()
    };
    assert_eq!(file(&case), "checkout/portals/portal.yaml");
    let workspace = case.path("checkout").display().to_string();
    case.set("GITHUB_WORKSPACE", &workspace);
    assert_eq!(file(&case), "portals/portal.yaml");
    case.unset("GITHUB_WORKSPACE");
    std::fs::create_dir(case.path("checkout/.git")).expect("a folder can be made");
    assert_eq!(file(&case), "portals/portal.yaml");
}

#[test]
fn gitlab_gets_a_report_in_its_own_form() {
    let case = Case::new();
    case.write("portal.yaml", portal(FAULTY));
    case.run(&["validate", "-f", "portal.yaml", "--annotations", "gitlab"]).exits(1);
    let report = case.json("gl-code-quality-report.json");
    // As GitLab documents it, by hand.
    let schema = json!({
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "not": {"pattern": "^(/|\\./)"}},
                        "lines": {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    });
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    assert_eq!(validator.iter_errors(&report).map(|error| error.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    let places: Vec<String> = report
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|entry| format!("{} {}", entry["check_name"], entry["location"]))
        .collect();
    insta::assert_snapshot!(places.join("\n"), @r#"
    "unknown-field" {"lines":{"begin":6},"path":"portal.yaml"}
    "unknown-audience" {"lines":{"begin":8},"path":"portal.yaml"}
    "undeclared-group" {"lines":{"begin":8},"path":"portal.yaml"}
    "#);
    // The file that is given, and an empty list where nothing is wrong.
    case.write("portal.yaml", portal("  userGroups: [{name: Gold Tier}]\n"));
    case.run(&["validate", "-f", "portal.yaml", "--annotations", "gitlab=report.json"]).exits(0);
    assert_eq!(case.json("report.json"), json!([]));
    // A fault that is in no file.
    case.run(&["validate", "-f", "nowhere.yaml", "--annotations", "gitlab=report.json"]).exits(1);
    assert_eq!(case.json("report.json")[0]["location"]["path"], ".");
    let nowhere = case.run(&["validate", "-f", "portal.yaml", "--annotations", "gitlab=no/such/folder.json"]).exits(1);
    assert!(nowhere.stderr.contains("no/such/folder.json"), "{nowhere}");
}

#[test]
fn a_plan_tells_what_to_look_at_where_it_is_declared() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  guards: {protected: ['assets/Finance/*']}
  assets:
    - {asset: Finance/payment-api, versions: {v1: []}}
  members:
    - {user: nobody@example.com, userGroups: []}
",
        ),
    );
    let told = case.run(&["plan", "-f", "portal.yaml", "--annotations", "github"]).exits(3);
    insta::assert_snapshot!(commands(&told.stderr), @"
    ::error file=portal.yaml,line=7,endLine=7,col=15,endColumn=34,title=aehctl refused::asset `Finance/payment-api` is protected by `assets/Finance/*` and would be changed%0Ahelp: if this is meant, add --unprotect developer-portal/assets/0e000001-0000-4000-8000-000000000002/payment-api, or take the pattern out of spec.guards.protected
    ::warning file=portal.yaml,line=9,endLine=9,col=14,endColumn=32,title=aehctl waiting::`nobody@example.com` has not signed up yet
    ");
    case.write("portal.yaml", portal("  assets: [{asset: Finnance/payment-api, versions: {v1: []}}]\n"));
    for command in [&["plan"][..], &["validate", "--online"]] {
        let told = case.run(&[command, &["-f", "portal.yaml", "--annotations", "github"]].concat()).exits(1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(commands(&told.stderr), @"::error file=portal.yaml,line=5,endLine=5,col=20,endColumn=40,title=aehctl unknown-business-group::there is no business group `Finnance`%0Ahelp: did you mean `Finance`?");
        }
    }
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn hostile_names_command_nothing() {
    let case = Case::new();
    case.write(
        "portal.yaml",
        portal("  userGroups: [{name: A, joins: [\"x\\n::add-mask::y\\u202e##[group]%0A::z\"]}]\n"),
    );
    let told = case.run(&["validate", "-f", "portal.yaml", "--annotations", "github"]).exits(1);
    insta::assert_snapshot!(commands(&told.stderr), @r"::error file=portal.yaml,line=5,endLine=5,col=34,endColumn=73,title=aehctl unknown-audience::nobody declares the audience `x\n\u{3a}:add-mask::y\u{202e}#\u{23}[group]%250A::z`%0Ahelp: none is declared here");
}

#[test]
fn forges_that_nobody_knows_are_refused() {
    let case = Case::new();
    for forge in ["jenkins", "gitlab=", "github=file"] {
        let refused = case.run(&["validate", "-f", "portal.yaml", "--annotations", forge]).exits(64);
        assert!(refused.stderr.contains("expected `github`, `gitlab` or `gitlab=FILE`"), "{refused}");
    }
}

#[test]
fn each_of_several_portals_is_annotated_in_its_own_file() {
    let hub = fleet::hub(&["First", "Second", "Third"]);
    let case = Case::on(&hub);
    fleet::declare(
        &case,
        "first",
        "First",
        "  guards: {protected: [userGroups/Old]}\n  userGroups: [{name: Old, state: absent}]\n",
    );
    fleet::declare(&case, "second", "Second", "  members: [{user: nobody@example.com, userGroups: []}]\n");
    fleet::declare(&case, "third", "Third", "  assets: [{asset: com.example/api, versions: {v1: [Nobody]}}]\n");
    let told = case.run(&["plan", "-f", "portals", "--annotations", "github"]).exits(1);
    insta::assert_snapshot!(commands(&told.stderr), @"
    ::error file=portals/first.yaml,line=7,endLine=7,col=23,endColumn=26,title=aehctl refused::user group `Old` is protected by `userGroups/Old` and would be deleted%0Ahelp: if this is meant, add --unprotect first/userGroups/Old, or take the pattern out of spec.guards.protected
    ::error file=portals/third.yaml,line=6,endLine=6,col=53,endColumn=59,title=aehctl unknown-group::there is no user group `Nobody`%0Ahelp: declare it under `userGroups`, or check the portal that the manifest names
    ::warning file=portals/second.yaml,line=6,endLine=6,col=20,endColumn=38,title=aehctl waiting::`nobody@example.com` has not signed up yet
    ");
    case.run(&["plan", "-f", "portals", "--annotations", "gitlab=report.json"]).exits(1);
    let report = case.json("report.json");
    let places: Vec<String> = report
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|issue| format!("{}:{}", issue["location"]["path"], issue["location"]["lines"]["begin"]).replace('"', ""))
        .collect();
    assert_eq!(places, ["portals/first.yaml:7", "portals/third.yaml:6", "portals/second.yaml:6"]);
}
