//! `observe`, and `plan --live` without any credential.

use crate::support::{Case, Hub, QUICKSTART, is_private, portal};

#[test]
fn a_snapshot_is_planned_on_without_a_credential_or_a_hub() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["observe", "-f", "portal.yaml", "--out", "live.json"]), @"
    stderr:
    The live state is in live.json.
    exit: 0
    ");
    #[cfg(unix)]
    assert!(is_private(&case.path("live.json")));
    let planned = case.run(&["plan", "-f", "portal.yaml"]).exits(0).stdout;
    assert_eq!(hub.writes(), Vec::<String>::new());
    drop(hub);
    let without = Case::new();
    without.write("portal.yaml", QUICKSTART);
    without.write("live.json", case.read("live.json"));
    let on_snapshot =
        without.run(&["plan", "-f", "portal.yaml", "--live", "live.json", "--detailed-exitcode"]).exits(2);
    assert_eq!(on_snapshot.stdout, planned);
    assert!(on_snapshot.stderr.starts_with("Planning on the snapshot of 20"), "{on_snapshot}");
    without.run(&["plan", "-f", "portal.yaml", "--live", "live.json", "--out", "plan.json"]).exits(0);
    without.run(&["show", "plan.json"]).exits(0);
}

#[test]
fn a_snapshot_of_everything_serves_any_manifest() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.run(&["observe", "--all", "--out", "live.json"]).exits(0);
    drop(hub);
    for spec in [
        "  members: [{user: jane@example.com, enabled: false}]\n",
        "  userGroups: [{name: Partner Acme, state: absent}]\n",
        "  prune: {userGroups: ['Partner *'], assets: ['com.example/*']}\n",
    ] {
        case.write("portal.yaml", portal(spec));
        case.run(&["plan", "-f", "portal.yaml", "--live", "live.json", "--detailed-exitcode"]).exits(2);
    }
}

#[test]
fn what_a_snapshot_does_not_hold_is_never_taken_for_empty() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: [{name: Support}]\n"));
    case.run(&["observe", "-f", "portal.yaml", "--out", "live.json"]).exits(0);
    let mut live = case.json("live.json");
    live["observed_at"] = "2026-03-01T12:00:00Z".into();
    case.write("live.json", live.to_string());
    case.write("other.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "other.yaml", "--live", "live.json"]), @"
    stderr:
    Planning on the snapshot of 2026-03-01T12:00:00Z; the portal may have changed since.
    error[not-observed]: the list of members is not part of the snapshot
     --> other.yaml:5:20
      |
    5 |   members: [{user: jane@example.com, enabled: false}]
      |                    ^^^^^^^^^^^^^^^^
      |
      = help: observe the portal with this manifest, or with `observe --all`
    error: planning the manifest against this portal found 1 fault
    exit: 1
    ");
}

#[test]
fn a_snapshot_without_a_manifest_must_be_asked_for() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    insta::assert_snapshot!(case.run(&["observe", "--out", "live.json"]), @"
    stderr:
    error: nothing says what is to be read
     hint: give a manifest with -f, or --all
    exit: 64
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
}

#[test]
fn what_is_no_snapshot_is_told_in_a_line() {
    let case = Case::new();
    case.write("portal.yaml", QUICKSTART);
    let plan = ["plan", "-f", "portal.yaml", "--live", "live.json"];
    insta::assert_snapshot!(case.run(&plan), @"
    stderr:
    error: failed to read live.json: No such file or directory (os error 2)
    exit: 1
    ");
    case.write("live.json", "{\"kind\": \"Snapshot\", \"format_version\": \"1.0\", \"observed_at\": \"now\"");
    insta::assert_snapshot!(case.run(&plan), @"
    stderr:
    error: failed to read live.json: not a snapshot: EOF while parsing an object at line 1 column 66
    exit: 1
    ");
    case.write("live.json", "[]");
    insta::assert_snapshot!(case.run(&plan), @"
    stderr:
    error: failed to read live.json: not a snapshot: expected a JSON object
     hint: write one with `aehctl observe -f … --out FILE`
    exit: 1
    ");
    case.write("live.json", "{\"format_version\": \"1.0\"}");
    insta::assert_snapshot!(case.run(&plan), @"
    stderr:
    error: failed to read live.json: not a snapshot: it has no `kind: Snapshot`
     hint: write one with `aehctl observe -f … --out FILE`
    exit: 1
    ");
    case.write("live.json", "{\"kind\": \"Snapshot\", \"format_version\": \"9.1\"}");
    insta::assert_snapshot!(case.run(&plan), @"
    stderr:
    error: failed to read live.json: the snapshot has format 9.1, and this version reads 1.0
     hint: observe the portal again with this version
    exit: 1
    ");
}
