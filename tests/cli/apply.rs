//! `apply`: approval, words, outcomes and exit codes.

use crate::proxy::{Proxy, Verdict, answer};
use crate::support::{Case, Hub, QUICKSTART, ids, portal};

const WORDS: [&str; 3] = ["--auto-approve", "--allow", "approve,reject"];

fn apply<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["apply", "-f", "portal.yaml"], more].concat()
}

#[test]
fn the_quickstart_is_applied_and_then_nothing_is_left() {
    let hub = Hub::demo();
    let case = Case::on(&hub).with(&["--parallelism", "1"]);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&apply(&WORDS)), @"");
    hub.running().forget_requests();
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]), @"");
    case.run(&apply(&WORDS)).exits(0);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn the_embedded_server_takes_the_two_commands_of_the_readme() {
    let case = Case::new().with(&["--parallelism", "1"]);
    case.write("portal.yaml", QUICKSTART);
    let first = case.run(&["--emulator", "apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    assert!(first.stdout.contains("[emulator] Plan: 4 to add, 6 to change, 2 to delete."), "{first}");
    assert!(first.stdout.ends_with("[emulator] Applied: 4 added, 6 changed, 2 deleted.\n"), "{first}");
    assert!(!first.stdout.contains("--allow"), "the emulator needs no words:\n{first}");
    let second = case.run(&["--emulator", "apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    assert!(second.stdout.contains("[emulator] No changes. The portal matches the manifest."), "{second}");
    assert!(case.path(".aehctl/emulator.db").exists());
}

#[test]
fn nobody_can_be_asked_without_a_terminal() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&apply(&[])), @"");
    case.run(&apply(&["--format", "json"])).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_undone_needs_a_word() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  userGroups: [{name: Partner Acme, state: absent}]
  assets: [{asset: Warehousing/stock-api, instances: Public}]
  members: [{user: dora@example.com, enabled: true}]
  prospects: [{emailDomain: spam.example, reject: true}, {emailDomain: '*', approve: {userGroups: [Support]}}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @"");
    let some = case.run(&apply(&["--auto-approve", "--allow", "approve,delete,enable"])).exits(3);
    assert!(some.stderr.contains("add --allow reject,leave-custom"), "{some}");
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&apply(&["--auto-approve", "--allow", "approve,delete,enable,reject,leave-custom"])).exits(0);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let hub = Hub::switched(&["groups-limit=9"]);
    let case = Case::on(&hub).with(&["--parallelism", "1"]);
    case.write(
        "portal.yaml",
        portal(
            "  userGroups:
    - name: Partner Initech
      idpGroups: [{provider: Okta, group: initech}]
      children: [{name: Initech Testers}]
  assets:
    - {asset: com.example/order-api, versions: {v1: [Partner Initech], v2: []}}
    - {asset: com.example/customer-api, versions: {v1: [Support]}}
  members: [{user: jane@example.com, userGroups: [Partner Initech]}, {user: ken@example.com, enabled: false}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @"");
    let json = case.run(&apply(&["--auto-approve", "--format", "json"])).exits(5).json();
    assert_eq!(json["outcomes"]["failed"], 1);
}

#[test]
fn a_change_that_somebody_else_made_meanwhile_is_refused() {
    let hub = Hub::demo();
    let proxy = {
        let case = Case::on(&hub);
        case.write("other.yaml", portal("  members: [{user: jane@example.com, userGroups: [Support]}]\n"));
        // Somebody else is faster by one request: the last read before the first write.
        Proxy::before(&hub, move |line, _| {
            let is_read_before_write = line == format!("GET {}", portal_path(&format!("users/{}", ids::JANE)));
            if is_read_before_write {
                case.run(&["apply", "-f", "other.yaml", "--auto-approve"]).exits(0);
            }
            Verdict::Pass
        })
    };
    let mut case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.set("ANYPOINT_CLIENT_ID", &hub.running().client_id);
    case.write(
        "portal.yaml",
        portal(
            "  members: [{user: jane@example.com, userGroups: [Gold Tier]}, {user: ken@example.com, enabled: false}]\n",
        ),
    );
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @"");
}

fn portal_path(tail: &str) -> String {
    format!("/api-experience-hub/api/v1/connections/{}/apiPortals/{}/{tail}", ids::CONNECTION, ids::TARGET_PORTAL)
}

#[test]
fn a_write_whose_answer_is_lost_is_resolved_by_reading() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |line, _| if line.starts_with("PUT ") { Verdict::Lose } else { Verdict::Pass });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    let applied = case.run(&apply(&["--auto-approve"])).exits(0);
    assert!(applied.stdout.ends_with("Applied: 0 added, 1 changed, 0 deleted.\n"), "{applied}");
    let writes = hub.writes();
    assert_eq!(writes.len(), 1, "nothing is sent twice: {writes:?}");
}

#[test]
fn a_refusal_of_the_hub_is_told_in_its_words() {
    let hub = Hub::demo();
    let refusal = r#"{"name": "Forbidden", "status": 403, "message": "You lack a permission", "details": [{"message": "ask\n::error::somebody"}]}"#;
    let proxy = Proxy::before(&hub, move |line, _| {
        if line.starts_with("PUT ") { Verdict::Answer(answer("403 Forbidden", refusal)) } else { Verdict::Pass }
    });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @"");
}

#[test]
fn the_report_comes_as_json_and_markdown_too() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve", "--format", "json"])), @"");
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: true}]\n"));
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve", "--allow", "enable", "--format", "markdown"])), @"");
}
