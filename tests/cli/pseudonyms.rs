//! `observe --pseudonyms`: a snapshot that names nobody, and planning on it.

use crate::support::{Case, Hub, QUICKSTART, portal};

const KEY: &str = "a-planted-pseudonym-key-of-some-length";
const PLAN: [&str; 5] = ["plan", "-f", "portal.yaml", "--live", "live.json"];

/// A case without any hub, whose `live.json` names nobody, and what a plan on the same portal in plain says.
fn observed() -> (Case, serde_json::Value) {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    case.set("AEHCTL_PSEUDONYM_KEY", KEY);
    case.run(&["observe", "-f", "portal.yaml", "--pseudonyms", "--out", "live.json"]).exits(0);
    let plain = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).exits(0).json();
    let mut without = Case::new();
    without.write("portal.yaml", QUICKSTART);
    let mut live = case.json("live.json");
    live["observed_at"] = "2026-03-01T12:00:00Z".into();
    without.write("live.json", live.to_string());
    without.set("AEHCTL_PSEUDONYM_KEY", KEY);
    (without, plain)
}

#[test]
fn a_snapshot_with_pseudonyms_names_nobody() {
    let (case, _) = observed();
    let live = case.read("live.json").to_lowercase();
    let seed = aehctl::emulator::demo();
    let after = |key: &str| -> Vec<String> {
        let pieces = seed.split(key).skip(1).filter_map(|rest| rest.split([',', '\n', '}']).next());
        pieces.map(|piece| piece.trim().to_lowercase()).filter(|piece| piece.contains('@')).collect()
    };
    let names = [after("email: "), after("username: ")].concat();
    assert!(names.len() > 15, "{names:?}");
    let people = ["jane", "gina", "dora", "cleo", "federated", "partner.example", "globex.example", KEY];
    for name in names.iter().map(String::as_str).chain(people) {
        assert!(!live.contains(name), "{name} is in {live}");
    }
}

#[test]
fn it_is_planned_on_like_a_plain_one() {
    let (case, plain) = observed();
    let planned = case.run(&[&PLAN[..], &["--format", "json"]].concat()).exits(0);
    let changes = |plan: &serde_json::Value| -> Vec<(String, String, String, String)> {
        let texts = |change: &serde_json::Value| {
            let part = |name: &str| change[name].to_string();
            (part("object_id"), part("action"), part("phase"), part("after"))
        };
        let mut changes: Vec<_> = plan["changes"].as_array().expect("it is a list").iter().map(texts).collect();
        changes.sort();
        changes
    };
    assert_eq!(changes(&planned.json()), changes(&plain));
    assert_eq!(planned.json()["summary"], plain["summary"]);
    insta::assert_snapshot!(planned.stderr, @"
    Planning on the snapshot of 2026-03-01T12:00:00Z; the portal may have changed since.
    People whom the manifest does not name have pseudonyms in it.
    ");
    let shown = case.run(&PLAN).exits(0).stdout;
    for declared in ["jane@example.com", "gina@globex.example", "bob@spam.example", "@partner.example"] {
        assert!(shown.contains(declared), "{shown}");
    }
    assert!(!shown.contains("ada@partner.example"), "nothing names her but the portal: {shown}");
}

#[test]
fn the_key_has_to_be_the_same() {
    let (mut case, _) = observed();
    case.set("AEHCTL_PSEUDONYM_KEY", "another-key-of-more-than-sixteen-bytes");
    insta::assert_snapshot!(case.run(&PLAN), @"
    stderr:
    error: failed to plan on live.json: AEHCTL_PSEUDONYM_KEY is not the key that the snapshot's pseudonyms were made with
     hint: give the key that `observe --pseudonyms` was given, or observe the portal again with this one
    exit: 1
    ");
    case.set("AEHCTL_PSEUDONYM_KEY", "short");
    insta::assert_snapshot!(case.run(&PLAN), @"
    stderr:
    error: the key in AEHCTL_PSEUDONYM_KEY has 5 bytes, and must have at least 16
     hint: make a random one, for example with `openssl rand -hex 32`
    exit: 1
    ");
    case.unset("AEHCTL_PSEUDONYM_KEY");
    insta::assert_snapshot!(case.run(&PLAN), @"
    stderr:
    error: failed to plan on live.json: the people in the snapshot have pseudonyms, and without the key nobody can tell whom the manifest means
     hint: set AEHCTL_PSEUDONYM_KEY to the key that `observe --pseudonyms` was given
    exit: 1
    ");
    case.write("portal.yaml", portal("  userGroups: [{name: Support}]\n"));
    insta::assert_snapshot!(case.run(&PLAN), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    No changes. The portal matches the manifest.

    5 user groups not in the manifest are left alone.
    8 assets not in the manifest are left alone.
    8 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    stderr:
    Planning on the snapshot of 2026-03-01T12:00:00Z; the portal may have changed since.
    People whom the manifest does not name have pseudonyms in it.
    exit: 0
    ");
}

#[test]
fn without_a_key_nothing_is_observed() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let observe = ["observe", "--all", "--pseudonyms", "--out", "live.json"];
    insta::assert_snapshot!(case.run(&observe), @"
    stderr:
    error: there is no key for the pseudonyms: AEHCTL_PSEUDONYM_KEY is not set
     hint: set it to at least 16 random bytes, for example from `openssl rand -hex 32`, and keep it: planning on the snapshot takes the same key
    exit: 1
    ");
    case.set("AEHCTL_PSEUDONYM_KEY", "fifteen bytes..");
    insta::assert_snapshot!(case.run(&observe), @"
    stderr:
    error: the key in AEHCTL_PSEUDONYM_KEY has 15 bytes, and must have at least 16
     hint: make a random one, for example with `openssl rand -hex 32`
    exit: 1
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
    assert!(!case.path("live.json").exists());
}

#[test]
fn a_plan_with_pseudonyms_is_not_applied() {
    let (case, _) = observed();
    let saved = case.run(&[&PLAN[..], &["--out", "plan.json"]].concat()).exits(0);
    insta::assert_snapshot!(saved.stderr.lines().last().unwrap_or_default(), @"The plan is in plan.json, for reading: what holds pseudonyms is not applied.");
    case.run(&["show", "plan.json"]).exits(0);
    insta::assert_snapshot!(case.run(&["--emulator", "apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: the plan was made on a snapshot with pseudonyms: it is for reading alone
     hint: plan again without --live, or on a snapshot without pseudonyms
    exit: 1
    ");
}
