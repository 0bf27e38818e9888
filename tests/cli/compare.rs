//! `plan --compare`: what promoting one Portal to another would change, by name.

use crate::fleet::{declare, hub};
use crate::support::{Case, Hub};

const COMPARE: [&str; 5] = ["plan", "-f", "portals/staging.yaml", "--compare", "portals/production.yaml"];

/// Staging is ahead by a group; production has people and a group of its own, and is not as it declares itself.
fn ahead(hub: &Hub) -> Case {
    let case = Case::on(hub);
    declare(&case, "staging", "Second", "  userGroups: [{name: Old, description: Better}, {name: New}]\n");
    declare(
        &case,
        "production",
        "First",
        "  userGroups: [{name: Own}, {name: Old, description: Good}]\n  members: [{user: jane@example.com}]\n",
    );
    case
}

#[test]
fn the_portal_that_is_promoted_to_is_planned() {
    let hub = hub(&["First", "Second"]);
    let case = ahead(&hub);
    insta::assert_snapshot!(case.run(&COMPARE), @"
    stdout:
    Portal production (First, PRODUCTION at tiny.my.salesforce.com)

      + userGroups/New
      ~ userGroups/Old
          description: (none) → Better

    Promoting staging: 1 to add, 1 to change, 0 to delete.

    Note: 1 more change is due without any promotion: the portal is not as `production` declares it
    Note: `production` alone declares 1 user group, 1 member, which a promotion leaves as they are
    Waiting:
      jane@example.com: has not signed up yet
    exit: 0
    ");
    case.run(&[&COMPARE[..], &["--detailed-exitcode"]].concat()).exits(2);
    assert_eq!(hub.writes(), Vec::<String>::new());

    // Nothing is left to promote once production declares the same, applied or not.
    declare(
        &case,
        "production",
        "First",
        "  userGroups: [{name: Own}, {name: Old, description: Better}, {name: New}]\n",
    );
    let nothing = case.run(&[&COMPARE[..], &["--detailed-exitcode"]].concat()).exits(0);
    assert!(nothing.stdout.contains("No changes. Promoting staging would change nothing."), "{nothing}");
    assert!(nothing.stdout.contains("3 more changes are due without any promotion"), "{nothing}");
}

#[test]
fn it_is_for_showing_alone() {
    let hub = hub(&["First", "Second"]);
    let case = ahead(&hub);
    for flag in [&["--out", "plan.json"][..], &["--applied", "HEAD"], &["--base", "HEAD"], &["--accept-drift", "all"]] {
        case.run(&[&COMPARE[..], flag].concat()).exits(64);
    }
    let json = case.run(&[&COMPARE[..], &["--format", "json"]].concat()).exits(0);
    assert_eq!(json.json()["promotes"], "staging");
    case.write("plan.json", &json.stdout);
    let refused = case.run(&["apply", "plan.json", "--auto-approve"]).exits(1);
    assert!(refused.stderr.contains("not a plan file") || refused.stderr.contains("was edited"), "{refused}");
    assert_eq!(hub.writes(), Vec::<String>::new());
    let comment = case.run(&[&COMPARE[..], &["--format", "markdown"]].concat()).exits(0);
    assert!(comment.stdout.contains("\n## Promoting staging: 1 to add, 1 to change, 0 to delete."), "{comment}");
    assert!(!comment.stdout.contains("Digest"), "{comment}");
}

#[test]
fn a_snapshot_of_the_other_portal_will_do() {
    let hub = hub(&["First", "Second"]);
    let case = ahead(&hub);
    case.run(&["observe", "-f", "portals", "--out", "live"]).exits(0);
    hub.running().forget_requests();
    let planned = case.run(&[&COMPARE[..], &["--live", "live"]].concat()).exits(0);
    assert!(planned.stdout.contains("Portal production (First,"), "{planned}");
    assert_eq!(hub.requests(), Vec::<String>::new());
    let other = case.run(&["plan", "-f", "portals", "--compare", "portals/production.yaml", "--live", "live"]).exits(0);
    assert_eq!(other.stdout, planned.stdout);
}

#[test]
fn two_portals_are_named() {
    let hub = hub(&["First", "Second", "Third"]);
    let case = ahead(&hub);
    declare(&case, "third", "Third", "  userGroups: []\n");
    for (arguments, complaint) in [
        (
            &["plan", "-f", "portals/production.yaml", "--compare", "portals/production.yaml"][..],
            "compared with itself",
        ),
        (&["plan", "-f", "portals/third.yaml", "--compare", "portals"], "--compare takes one Portal, and there are 3"),
        (
            &["plan", "-f", "portals", "--compare", "portals/third.yaml"],
            "there are several Portals: production, staging",
        ),
        (&["plan", "-f", "portals/third.yaml", "--compare", "nowhere.yaml"], "cannot read `nowhere.yaml`"),
    ] {
        let refused = case.run(arguments).exits(1);
        assert!(refused.stderr.contains(complaint), "{refused}");
    }
    let compare = ["plan", "-f", "portals", "--compare", "portals/third.yaml", "--name", "staging"];
    let planned = case.run(&compare).exits(0);
    assert!(planned.stdout.contains("Promoting staging: 1 to add, 1 to change, 0 to delete."), "{planned}");
}

#[test]
fn what_the_two_say_together_is_checked() {
    let hub = hub(&["First", "Second"]);
    let case = ahead(&hub);
    declare(&case, "staging", "Second", "  userGroups: [{name: Old}]\n");
    declare(&case, "production", "First", "  userGroups: [{name: Newer, formerly: [Old]}]\n");
    insta::assert_snapshot!(case.run(&COMPARE), @"
    stderr:
    error[former-name-in-use]: `Old` is a former name, and is declared still
     --> portals/production.yaml:6:41
      |
    6 |   userGroups: [{name: Newer, formerly: [Old]}]
      |                                         ^^^
      |
     ::: portals/staging.yaml:6:23
      |
    6 |   userGroups: [{name: Old}]
      |                       --- declared here
      |
      = help: a rename leaves the old name behind: remove the old entry, or the name under `formerly`
    error: promoting `staging` to `production` finds 1 fault
    exit: 1
    ");
    declare(
        &case,
        "staging",
        "Second",
        "  audiences: {a: [Nobody]}\n  assets: [{asset: a.b/c, versions: {v1: ['audience:a']}}]\n",
    );
    let unknown = case.run(&COMPARE).exits(1);
    assert!(unknown.stderr.contains("there is no user group `Nobody`"), "{unknown}");
    assert!(unknown.stderr.contains("--> portals/staging.yaml:6:19"), "{unknown}");
}
