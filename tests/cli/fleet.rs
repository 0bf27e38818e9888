//! Several portals in one run: each is judged on its own, and none hides another.

use crate::support::{Case, Ended, Hub, is_private};

/// Portals of these names in one connection, each with its built-ins and a group for guests who are known.
pub(crate) fn hub(names: &[&str]) -> Hub {
    Hub::seeded(&seed(names))
}

fn seed(names: &[&str]) -> String {
    let mut seed = "organization: {id: 0e000009-0000-4000-8000-000000000001, name: Tiny}
connections:
- id: conn-001
  environment: PRODUCTION
  targetOrganizationDomain: tiny.my.salesforce.com
  portals:
"
    .to_owned();
    seed.extend(names.iter().enumerate().map(|(number, name)| {
        format!(
            "  - id: b0000009-0000-4000-8000-00000000000{number}
    name: {name}
    userGroups:
    - {{id: a0000009-0000-4000-8000-00000000000{number}, name: All, isDefault: true, isPublic: true}}
    - {{id: a0000019-0000-4000-8000-00000000000{number}, name: Old}}
"
        )
    }));
    seed
}

/// Writes a Portal of this name, which is about a live portal of that name.
pub(crate) fn declare(case: &Case, name: &str, portal: &str, spec: &str) {
    case.write(
        &format!("portals/{}.yaml", name.replace('/', "-")),
        format!(
            "apiVersion: aehctl.io/v1alpha1
kind: Portal
metadata: {{name: {name}}}
spec:
  target: {{portal: {portal}}}
{spec}"
        ),
    );
}

const NEW: &str = "  userGroups: [{name: New}]\n";
const SAME: &str = "  userGroups: [{name: Old}]\n";
const DELETION: &str = "  userGroups: [{name: Old, state: absent}]\n";

/// One that changes, one that matches, and one that is not there.
fn three(hub: &Hub) -> Case {
    let case = Case::on(hub);
    declare(&case, "changes", "First", NEW);
    declare(&case, "elsewhere", "Nowhere", NEW);
    declare(&case, "matches", "Second", SAME);
    case
}

#[test]
fn each_portal_has_its_place_in_the_report() {
    let hub = hub(&["First", "Second"]);
    let case = three(&hub);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portals"]), @"
    stdout:
    Portal changes (First, PRODUCTION at tiny.my.salesforce.com)

      + userGroups/New

    Plan: 1 to add, 0 to change, 0 to delete.
    Forecast: apply sends 6 requests (1 write) in [TIME]: 6 for user groups.

    1 user group not in the manifest is left alone.

    Portal matches (Second, PRODUCTION at tiny.my.salesforce.com)

    No changes. The portal matches the manifest.

    3 portals: 1 with changes, 1 without changes, 1 failed.
      changes: Plan: 1 to add, 0 to change, 0 to delete.
      elsewhere: failed: there is no portal `Nowhere`
      matches: No changes. The portal matches the manifest.
    stderr:
    error: elsewhere: there is no portal `Nowhere`
     hint: there are: `First` (b0000009-0000-4000-8000-000000000000) on tiny.my.salesforce.com (conn-001), `Second` (b0000009-0000-4000-8000-000000000001) on tiny.my.salesforce.com (conn-001)
    exit: 1
    ");
    let token = |request: &aehctl::emulator::LoggedRequest| request.path.ends_with("/oauth2/token");
    assert_eq!(hub.running().requests().iter().filter(|request| token(request)).count(), 1, "one sign-in serves all");
    case.run(&["plan", "-f", "portals", "--name", "changes", "--name", "matches"]).exits(0);
    case.run(&["plan", "-f", "portals", "--name", "changes", "--name", "matches", "--detailed-exitcode"]).exits(2);
    case.run(&["plan", "-f", "portals", "--name", "matches", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_script_reads_plans_and_errors() {
    let hub = hub(&["First", "Second"]);
    let case = three(&hub);
    declare(
        &case,
        "unknown",
        "Second",
        "  audiences: {a: [Nobody]}\n  assets: [{asset: a.b/c, versions: {v1: ['audience:a']}}]\n",
    );
    let ended = case.run(&["plan", "-f", "portals", "--format", "json"]).exits(1);
    let document = ended.json();
    let keys: Vec<&String> = document.as_object().expect("it is an object").keys().collect();
    assert_eq!(keys, ["aehctl_version", "errors", "format_version", "plans"]);
    let names = |list: &str| -> Vec<String> {
        let list = document[list].as_array().expect("it is a list");
        list.iter().map(|entry| entry["portal"].as_str().expect("it has a name").to_owned()).collect()
    };
    assert_eq!(names("plans"), ["changes", "matches"]);
    assert_eq!(names("errors"), ["elsewhere", "unknown"]);
    assert_eq!(document["errors"][0]["exit_code"], 1);
    assert_eq!(document["errors"][0]["message"], "there is no portal `Nowhere`");
    assert_eq!(document["errors"][1]["diagnostics"][0]["code"], "unknown-group");
    assert_eq!(document["errors"][1]["diagnostics"][0]["file"], "portals/unknown.yaml");
    assert!(ended.stderr.contains("--> portals/unknown.yaml:6:19"), "{ended}");
}

#[test]
fn a_comment_names_every_portal_first() {
    let hub = hub(&["First", "Second"]);
    let case = three(&hub);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portals", "--format", "markdown"]).stdout, @"
    <!-- aehctl plan: several_portals -->
    ## 3 portals: 1 with changes, 1 without changes, 1 failed.

    - **changes**: Plan: 1 to add, 0 to change, 0 to delete.
    - **elsewhere**: failed: there is no portal &#96;Nowhere&#96;
      - hint: there are: &#96;First&#96; (b0000009-0000-4000-8000-000000000000&#41; on tiny.my.salesforce.com (conn&#45;&#8203;001), &#96;Second&#96; (b0000009-0000-4000-8000-000000000001&#41; on tiny.my.salesforce.com (conn&#45;&#8203;001&#41;
    - **matches**: No changes. The portal matches the manifest.

    ## Plan: 1 to add, 0 to change, 0 to delete.

    Portal **changes** (First, PRODUCTION at tiny.my.salesforce.com)

    <details open>
    <summary>User groups: 1 change</summary>

    ```diff
    + userGroups/New
    ```

    </details>

    - 1 user group not in the manifest is left alone.
    - Forecast: apply sends 6 requests (1 write) in about 1 s: 6 for user groups.
    - Digest of these changes: sha256:4aa3dc4ccddea99eab44bf08702c76cca6b553032896aa997b61b2d1fe5a83c8
    ");
}

#[test]
fn two_portals_that_are_one_are_told_by_name() {
    let hub = hub(&["First", "Second"]);
    let case = Case::on(&hub);
    declare(&case, "one", "First", NEW);
    declare(&case, "same", "b0000009-0000-4000-8000-000000000000", SAME);
    declare(&case, "two", "Second", SAME);
    insta::assert_snapshot!(case.run(&["apply", "-f", "portals", "--auto-approve"]), @"
    stdout:
    Portal two (Second, PRODUCTION at tiny.my.salesforce.com)

    No changes. The portal matches the manifest.

    3 portals: 1 without changes, 2 failed.
      one: failed: `one` and `same` are one and the same portal: `First` (b0000009-0000-4000-8000-000000000000)
      same: failed: `one` and `same` are one and the same portal: `First` (b0000009-0000-4000-8000-000000000000)
      two: No changes. The portal matches the manifest.
    stderr:
    error: one: `one` and `same` are one and the same portal: `First` (b0000009-0000-4000-8000-000000000000)
     hint: correct the `target` of all but one, or choose one with --name
    error: same: `one` and `same` are one and the same portal: `First` (b0000009-0000-4000-8000-000000000000)
     hint: correct the `target` of all but one, or choose one with --name
    exit: 1
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
    for command in [&["validate", "--online", "-f", "portals"][..], &["observe", "-f", "portals", "--out", "live"]] {
        let refused = case.run(command).exits(1);
        assert!(refused.stderr.contains("`one` and `same` are one and the same portal"), "{refused}");
    }
    assert!(!case.path("live/one.live.json").exists());
    assert!(case.path("live/two.live.json").exists());
}

#[test]
fn what_is_refused_is_left_alone_and_the_others_are_applied() {
    let hub = hub(&["First", "Second", "Third"]);
    let case = Case::on(&hub);
    declare(&case, "a", "First", NEW);
    declare(&case, "b", "Second", DELETION);
    declare(&case, "c", "Third", &format!("{DELETION}  guards: {{maxDeletes: 0}}\n"));
    insta::assert_snapshot!(case.run(&["apply", "-f", "portals", "--auto-approve"]), @"
    stdout:
    Portal a (First, PRODUCTION at tiny.my.salesforce.com)

      + userGroups/New

    Plan: 1 to add, 0 to change, 0 to delete.
    Forecast: apply sends 4 requests (1 write) in [TIME]: 4 for user groups.

    1 user group not in the manifest is left alone.

    Portal b (Second, PRODUCTION at tiny.my.salesforce.com)

    Visibility: nobody gains or loses sight of anything.

      - userGroups/Old  # state: absent; cannot be undone; needs --allow delete

    Plan: 0 to add, 0 to change, 1 to delete.
    Forecast: apply sends 7 requests (1 write) in [TIME]: 7 for user groups.

    Portal c (Third, PRODUCTION at tiny.my.salesforce.com)

    Visibility: nobody gains or loses sight of anything.

      - userGroups/Old  # state: absent; cannot be undone; needs --allow delete

    Plan: 0 to add, 0 to change, 1 to delete.
    Forecast: apply sends 7 requests (1 write) in [TIME]: 7 for user groups.

    3 portals: 1 with changes, 2 refused.
      a: Plan: 1 to add, 0 to change, 0 to delete.
      b: refused: the plan does what needs an explicit word: `delete` for Old
      c: refused: maxDeletes refuses this plan; nothing was changed

    Portal a (First, PRODUCTION at tiny.my.salesforce.com)

    Applied: 1 added, 0 changed, 0 deleted.
    Sent 4 requests in [TIME]; the forecast was 4 in [TIME].

    3 portals: 1 applied, 2 refused.
      a: Applied: 1 added, 0 changed, 0 deleted.
      b: refused: the plan does what needs an explicit word: `delete` for Old
      c: refused: maxDeletes refuses this plan; nothing was changed
    stderr:
    error: b: the plan does what needs an explicit word: `delete` for Old
     hint: nothing was changed; if this is meant, add --allow delete
    refused: c: 1 of 1 user group would be deleted, and maxDeletes allows 0; if this is meant, add --max-deletes 1 or raise spec.guards.maxDeletes
    error: c: maxDeletes refuses this plan; nothing was changed
    Applying to a, 1 of 1
    [1/1] + userGroups/New: written
    exit: 5
    ");
    // Nothing is left to do but what is refused: then nothing was changed.
    case.run(&["apply", "-f", "portals", "--auto-approve"]).exits(3);
    let ended =
        case.run(&["apply", "-f", "portals", "--auto-approve", "--allow", "delete", "--format", "json"]).exits(5);
    let document = ended.json();
    assert_eq!(document["reports"].as_array().map(Vec::len), Some(2), "{ended}");
    assert_eq!(document["errors"][0]["portal"], "c");
    assert_eq!(document["errors"][0]["exit_code"], 3);
    case.run(&["apply", "-f", "portals", "--auto-approve", "--name", "a", "--name", "b"]).exits(0);
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let hub = hub(&["First", "Second"]);
    let case = Case::on(&hub);
    declare(&case, "a", "First", NEW);
    declare(&case, "b", "Second", NEW);
    let refused = case.run(&["apply", "-f", "portals"]).exits(3);
    assert!(refused.stderr.contains("nobody can be asked"), "{refused}");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn saved_plans_have_a_folder() {
    let hub = hub(&["First", "Second"]);
    let case = three(&hub);
    case.write("plans/elsewhere.plan.json", "of an earlier run");
    let planned = case.run(&["plan", "-f", "portals", "--out", "plans"]).exits(1);
    assert!(planned.stderr.contains("The plans are in plans. Apply exactly these with: aehctl --host "), "{planned}");
    assert!(planned.stderr.contains(" apply plans\n"), "{planned}");
    assert_eq!(plans(&case), ["plans/changes.plan.json", "plans/matches.plan.json"]);
    #[cfg(unix)]
    assert!(is_private(&case.path("plans/changes.plan.json")));
    insta::assert_snapshot!(case.run(&["apply", "plans", "--auto-approve"]), @"
    stdout:
    Portal changes (First, PRODUCTION at tiny.my.salesforce.com)

      + userGroups/New

    Plan: 1 to add, 0 to change, 0 to delete.
    Forecast: apply sends 6 requests (1 write) in [TIME]: 6 for user groups.

    1 user group not in the manifest is left alone.

    Portal matches (Second, PRODUCTION at tiny.my.salesforce.com)

    No changes. The portal matches the manifest.

    2 portals: 1 with changes, 1 without changes.
      changes: Plan: 1 to add, 0 to change, 0 to delete.
      matches: No changes. The portal matches the manifest.

    Portal changes (First, PRODUCTION at tiny.my.salesforce.com)

    Applied: 1 added, 0 changed, 0 deleted.
    Sent 6 requests in [TIME]; the forecast was 6 in [TIME].

    2 portals: 1 applied, 1 without changes.
      changes: Applied: 1 added, 0 changed, 0 deleted.
      matches: No changes. The portal matches the manifest.
    stderr:
    Applying to changes, 1 of 1
    [1/1] + userGroups/New: written
    exit: 0
    ");
    let again = case.run(&["apply", "plans/changes.plan.json", "plans/matches.plan.json", "--auto-approve"]).exits(0);
    assert!(again.stdout.contains("Nothing had to be written"), "{again}");
}

fn plans(case: &Case) -> Vec<String> {
    case.files().into_iter().filter(|name| name.starts_with("plans/")).collect()
}

#[test]
fn a_stale_plan_holds_up_no_other() {
    let hub = hub(&["First", "Second"]);
    let case = Case::on(&hub);
    declare(&case, "a", "First", "  userGroups: [{name: Old, description: Planned}]\n");
    declare(&case, "b", "Second", NEW);
    case.run(&["plan", "-f", "portals", "--out", "plans"]).exits(0);
    declare(&case, "a", "First", "  userGroups: [{name: Old, description: Meanwhile}]\n");
    case.run(&["apply", "-f", "portals", "--name", "a", "--auto-approve"]).exits(0);
    let ended = case.run(&["apply", "plans", "--auto-approve"]).exits(5);
    assert!(ended.stdout.contains("  a: stale: plans/a.plan.json is stale"), "{ended}");
    assert!(ended.stdout.contains("  b: Applied: 1 added"), "{ended}");
    case.run(&["apply", "plans", "--auto-approve"]).exits(4);
}

#[test]
fn what_cannot_be_meant_for_several_is_wrong_usage() {
    let hub = hub(&["First", "Second"]);
    let case = Case::on(&hub);
    declare(&case, "a", "First", NEW);
    declare(&case, "b/b", "Second", NEW);
    for (arguments, complaint) in [
        (&["plan", "-f", "portals", "--portal", "First"][..], "--portal is about one portal"),
        (&["plan", "-f", "portals", "--connection", "conn-001"], "--connection is about one portal"),
        (&["apply", "-f", "portals", "--expect", "0123456789ab"], "--expect is about one plan"),
        (&["export", "--name", "a", "--name", "b"], "one portal is exported at a time"),
    ] {
        let refused = case.run(arguments).exits(64);
        assert!(refused.stderr.contains(complaint), "{refused}");
    }
    case.write("file", "");
    let refused = case.run(&["plan", "-f", "portals", "--out", "file"]).exits(1);
    assert!(refused.stderr.contains("file is a file, and 2 portals need a folder"), "{refused}");
    let refused = case.run(&["plan", "-f", "portals", "--accept-drift", "c/members/jane"]).exits(1);
    assert!(refused.stderr.contains("no Portal of this run is called `c`"), "{refused}");
    case.run(&["plan", "-f", "portals", "--out", "plans"]).exits(0);
    assert_eq!(plans(&case), ["plans/a.plan.json", "plans/b%2Fb.plan.json"]);
    let twice = case.run(&["apply", "plans", "plans/a.plan.json"]).exits(1);
    assert!(twice.stderr.contains("are plans for the same portal"), "{twice}");
}

#[test]
fn one_portal_may_have_a_folder_too() {
    let hub = hub(&["First"]);
    let case = Case::on(&hub);
    declare(&case, "a", "First", NEW);
    case.run(&["plan", "-f", "portals", "--out", "plans/"]).exits(0);
    assert_eq!(plans(&case), ["plans/a.plan.json"]);
    case.run(&["observe", "-f", "portals", "--out", "plans"]).exits(0);
    assert_eq!(plans(&case), ["plans/a.live.json", "plans/a.plan.json"]);
    case.run(&["plan", "-f", "portals", "--live", "plans", "--detailed-exitcode"]).exits(2);
    case.run(&["apply", "plans", "--auto-approve"]).exits(0);
}

#[test]
fn each_portal_is_planned_on_its_own_snapshot() {
    let hub = hub(&["First", "Second"]);
    let case = three(&hub);
    insta::assert_snapshot!(case.run(&["observe", "-f", "portals", "--out", "live"]), @"
    stderr:
    changes: The live state is in live/changes.live.json.
    error: elsewhere: there is no portal `Nowhere`
     hint: there are: `First` (b0000009-0000-4000-8000-000000000000) on tiny.my.salesforce.com (conn-001), `Second` (b0000009-0000-4000-8000-000000000001) on tiny.my.salesforce.com (conn-001)
    matches: The live state is in live/matches.live.json.
    exit: 1
    ");
    hub.running().forget_requests();
    let told = |ended: &Ended| ended.stdout.clone();
    let planned = case.run(&["plan", "-f", "portals", "--live", "live"]).exits(1);
    assert!(told(&planned).contains("  elsewhere: failed: none of the snapshots is of this portal"), "{planned}");
    assert!(told(&planned).contains("  changes: Plan: 1 to add"), "{planned}");
    assert!(told(&planned).contains("  matches: No changes."), "{planned}");
    assert_eq!(hub.requests(), Vec::<String>::new());
    let one = case.run(&["plan", "-f", "portals", "--live", "live", "--name", "matches"]).exits(0);
    assert!(one.stdout.starts_with("Portal matches (Second"), "{one}");
    declare(&case, "changes", "First", "  userGroups: []\n");
    case.write("portals/changes.yaml", case.read("portals/changes.yaml").replace("  target: {portal: First}\n", ""));
    let unclear = case.run(&["plan", "-f", "portals", "--live", "live"]).exits(1);
    assert!(unclear.stderr.contains("several snapshots may be of this portal"), "{unclear}");
    let empty = case.run(&["plan", "-f", "portals", "--live", "portals"]).exits(1);
    assert!(empty.stderr.contains("portals holds no file whose name ends with .live.json"), "{empty}");
}

#[test]
fn a_portal_whose_files_have_faults_hides_no_other() {
    let hub = hub(&["First", "Second", "Third"]);
    let case = Case::on(&hub);
    declare(&case, "faulty", "First", "  userGroups: [{nam: New}]\n");
    declare(&case, "includes", "Second", "  include: [parts/*.yaml]\n");
    declare(&case, "sound", "Third", NEW);
    case.write("portals/torn.yaml", "kind: [Portal\n");
    case.write("portals/parts/bytes.yaml", b"# \xff\n");
    let planned = case.run(&["plan", "-f", "portals"]).exits(1);
    let summary = planned.stdout.split_once("4 portals: ").expect("there is a summary").1;
    insta::assert_snapshot!(summary, @"
    1 with changes, 3 failed.
      faulty: failed: its files have 2 faults
      includes: failed: its files have 1 fault
      sound: Plan: 1 to add, 0 to change, 0 to delete.
      portals/torn.yaml: failed: its files have 1 fault
    ");
    for code in ["error[unknown-field]", "error[syntax]", "error[not-utf-8]"] {
        assert!(planned.stderr.contains(code), "{planned}");
    }
    case.run(&["observe", "-f", "portals", "--out", "live/"]).exits(1);
    assert!(case.files().contains(&"live/sound.live.json".to_owned()));
    // Whoever means one portal is not kept from it.
    let from_snapshot = |name: &str| case.run(&["plan", "-f", "portals", "--live", "live", "--name", name]);
    from_snapshot("sound").exits(0);
    from_snapshot("faulty").exits(1);
    case.run(&["apply", "-f", "portals", "--auto-approve"]).exits(5);
    assert_eq!(hub.writes(), ["POST createUserGroup"]);
    // What is not known to be anybody's stops all.
    let stopped = case.run(&["plan", "-f", "portals", "-f", "nowhere.yaml"]).exits(1);
    assert!(stopped.stdout.is_empty(), "{stopped}");
}
