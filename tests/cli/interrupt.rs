//! Ctrl-C.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::fleet;
use crate::proxy::{Proxy, Verdict};
use crate::support::{Case, Hub, QUICKSTART, portal};

/// A server in front of the hub that holds each write back until it is let go, and says when one came.
fn gate(hub: &Hub) -> (Proxy, Receiver<String>, Sender<()>) {
    let (arrived, arrivals) = channel();
    let (go, goes) = channel();
    let goes = Mutex::new(goes);
    let proxy = Proxy::before(hub, move |line, _| {
        if ["PUT ", "PATCH ", "DELETE "].iter().any(|method| line.starts_with(method)) {
            arrived.send(line.to_owned()).ok();
            // Whoever lets go for good does so by going away.
            goes.lock().expect("nobody panics while holding it").recv().ok();
        }
        Verdict::Pass
    });
    (proxy, arrivals, go)
}

const SPEC: &str = "  userGroups: [{name: Support, description: Helps}]
  members: [{user: jane@example.com, enabled: false}, {user: ken@example.com, enabled: false}]
";

#[test]
fn once_finishes_what_was_begun_and_reports() {
    let hub = Hub::demo();
    let (proxy, arrivals, go) = gate(&hub);
    let case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.write("portal.yaml", portal(SPEC));
    let mut working = case.spawn(&["apply", "-f", "portal.yaml", "--auto-approve"]);
    arrivals.recv().expect("the first write comes");
    working.interrupt();
    working.until("interrupted");
    drop(go);
    insta::assert_snapshot!(case.finish(working), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 2 members lose 12 versions.
      - disabled members: 12 versions of 7 assets, 2 members
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ userGroups/Support
          description: (none) → Helps

      ~ members/jane@example.com
          enabled: true → false
      ~ members/ken@example.com
          enabled: true → false

    Plan: 0 to add, 3 to change, 0 to delete.
    Forecast: apply sends 9 requests (3 writes) in [TIME]: 3 for user groups, 6 for members.

    5 user groups not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Interrupted: what was begun was finished, and nothing else was started.

      2 changes skipped, because the apply was interrupted
          ~ members/jane@example.com
          ~ members/ken@example.com

    Applied in part: 0 added, 1 changed, 0 deleted; 2 skipped.
    Sent 3 requests in [TIME]; the forecast was 9 in [TIME].
    Plan and apply again to do what was skipped: what is done stays done.
    stderr:
    interrupted: finishing ~ userGroups/Support, with at most 5 s left for each request; once more stops at once
    [1/3] ~ userGroups/Support: written
    [2/3] ~ members/jane@example.com: skipped
    [3/3] ~ members/ken@example.com: skipped
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    exit: 130
    ");
    assert_eq!(hub.writes().len(), 1);
    let rest = Case::on(&hub);
    rest.write("portal.yaml", portal(SPEC));
    rest.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
}

#[test]
fn a_write_that_hangs_is_looked_up_and_not_waited_for() {
    let hub = Hub::demo();
    let (proxy, arrivals, go) = gate(&hub);
    let case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.write("portal.yaml", portal(SPEC));
    let mut working = case.spawn(&["apply", "-f", "portal.yaml", "--auto-approve"]);
    arrivals.recv().expect("the first write comes");
    working.interrupt();
    working.until("interrupted");
    let ended = case.finish(working);
    insta::assert_snapshot!(ended.to_string().split_once("Interrupted:").expect("it is told").1, @"
     nothing else was started, and what was begun was finished as far as the hub answered in time.

      ~ userGroups/Support: unknown whether it was written
          PATCH /api-experience-hub/api/v1/connections/c0000001-0000-4000-8000-000000000001/apiPortals/b0000002-0000-4000-8000-000000000001/userGroups/a0000001-0000-4000-8000-000000000008 (updateUserGroup): no whole answer within 5s of the interruption
          hint: `aehctl --host [HUB] --connection c0000001-0000-4000-8000-000000000001 --portal b0000001-0000-4000-8000-000000000001 get user-groups` tells
      2 changes skipped, because the apply was interrupted
          ~ members/jane@example.com
          ~ members/ken@example.com

    Applied in part: 0 added, 0 changed, 0 deleted; 1 unknown, 2 skipped.
    Sent 4 requests in [TIME]; the forecast was 9 in [TIME].
    What is unknown was not repeated: the next plan reads the portal and tells.
    Plan and apply again to do what was skipped: what is done stays done.
    stderr:
    interrupted: finishing ~ userGroups/Support, with at most 5 s left for each request; once more stops at once
    [1/3] ~ userGroups/Support: unknown
    [2/3] ~ members/jane@example.com: skipped
    [3/3] ~ members/ken@example.com: skipped
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    exit: 130
    ");
    drop(go);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn once_ends_the_whole_run() {
    let hub = fleet::hub(&["First", "Second"]);
    let (proxy, arrivals, go) = gate(&hub);
    let case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    for (name, portal) in [("a", "First"), ("b", "Second")] {
        fleet::declare(&case, name, portal, "  userGroups: [{name: Old, description: Helps}]\n");
    }
    let mut working = case.spawn(&["apply", "-f", "portals", "--auto-approve"]);
    arrivals.recv().expect("the first write comes");
    working.interrupt();
    working.until("interrupted");
    drop(go);
    let ended = case.finish(working).exits(130);
    insta::assert_snapshot!(ended, @"
    stdout:
    Portal a (First, PRODUCTION at tiny.my.salesforce.com)

      ~ userGroups/Old
          description: (none) → Helps

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 3 requests (1 write) in [TIME]: 3 for user groups.

    Portal b (Second, PRODUCTION at tiny.my.salesforce.com)

      ~ userGroups/Old
          description: (none) → Helps

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 3 requests (1 write) in [TIME]: 3 for user groups.

    2 portals: 2 with changes.
      a: Plan: 0 to add, 1 to change, 0 to delete.
      b: Plan: 0 to add, 1 to change, 0 to delete.

    Portal a (First, PRODUCTION at tiny.my.salesforce.com)

    Interrupted: what was begun was finished, and nothing else was started.

    Applied: 0 added, 1 changed, 0 deleted.
    Sent 3 requests in [TIME]; the forecast was 3 in [TIME].

    Portal b (Second, PRODUCTION at tiny.my.salesforce.com)

    Interrupted: what was begun was finished, and nothing else was started.

      ~ userGroups/Old: skipped, because the apply was interrupted

    Applied in part: 0 added, 0 changed, 0 deleted; 1 skipped.
    Sent 0 requests in [TIME]; the forecast was 3 in [TIME].
    Plan and apply again to do what was skipped: what is done stays done.

    2 portals: 2 interrupted.
      a: Applied: 0 added, 1 changed, 0 deleted.
      b: Applied in part: 0 added, 0 changed, 0 deleted; 1 skipped.
    stderr:
    Applying to a, 1 of 2
    interrupted: finishing ~ userGroups/Old, with at most 5 s left for each request; once more stops at once
    [1/1] ~ userGroups/Old: written
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    Applying to b, 2 of 2
    [1/1] ~ userGroups/Old: skipped
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    exit: 130
    ");
    assert_eq!(hub.writes().len(), 1);
}

#[test]
fn twice_stops_at_once() {
    let hub = Hub::demo();
    let (proxy, arrivals, go) = gate(&hub);
    let case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.write("portal.yaml", portal(SPEC));
    let mut working = case.spawn(&["apply", "-f", "portal.yaml", "--auto-approve"]);
    arrivals.recv().expect("the first write comes");
    working.interrupt();
    working.until("interrupted");
    working.interrupt();
    let ended = case.finish(working).exits(130);
    assert!(ended.stderr.ends_with("interrupted\n"), "{ended}");
    drop(go);
}

#[test]
fn a_read_is_not_waited_for() {
    let hub = Hub::demo();
    let (arrived, arrivals) = channel();
    let (go, goes) = channel::<()>();
    let goes = Mutex::new(goes);
    let proxy = Proxy::before(&hub, move |line, _| {
        if line.starts_with("GET ") {
            arrived.send(()).ok();
            goes.lock().expect("nobody panics while holding it").recv().ok();
        }
        Verdict::Pass
    });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", QUICKSTART);
    let working = case.spawn(&["plan", "-f", "portal.yaml", "--out", "plan.json"]);
    arrivals.recv().expect("the first read comes");
    working.interrupt();
    insta::assert_snapshot!(case.finish(working), @"
    stderr:
    interrupted
    exit: 130
    ");
    assert_eq!(case.files(), ["portal.yaml"]);
    drop(go);
}

#[test]
fn sigterm_is_heeded_like_ctrl_c() {
    let hub = Hub::demo();
    let (proxy, arrivals, go) = gate(&hub);
    let case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.write("portal.yaml", portal(SPEC));
    let mut working = case.spawn(&["apply", "-f", "portal.yaml", "--auto-approve", "--format", "json"]);
    arrivals.recv().expect("the first write comes");
    working.terminate();
    working.until("interrupted");
    drop(go);
    let report = case.finish(working).exits(130).json();
    assert_eq!(report["interrupted"], true);
    assert_eq!((&report["outcomes"]["applied"], &report["outcomes"]["skipped"]), (&1.into(), &2.into()));
}
