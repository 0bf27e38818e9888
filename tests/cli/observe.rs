//! `observe`, and `plan --live` without any credential.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::proxy::{Proxy, Verdict, answer};
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

#[test]
fn rules_for_sign_ups_ask_for_members_only_where_one_lets_somebody_in() {
    for (spec, asks) in [
        ("  prospects: [{emailDomain: nobody.example, approve: {userGroups: []}}]\n", false),
        ("  prospects: [{email: bob@spam.example, reject: true}]\n", false),
        ("  prospects: [{emailDomain: partner.example, approve: {userGroups: []}}]\n", true),
        ("  prospects: []\n", false),
    ] {
        let hub = Hub::demo();
        let case = Case::on(&hub);
        case.write("portal.yaml", portal(spec));
        case.run(&["plan", "-f", "portal.yaml"]).exits(0);
        let requests = hub.requests();
        let members = requests.iter().filter(|request| request.ends_with("getCommunityUsers")).count();
        assert_eq!(members > 0, asks, "{spec}: {requests:?}");
        // Whoever is let in comes to see something, which is analysed then.
        assert!(asks || requests.len() == 5, "{spec}: {requests:?}");
    }
}

#[test]
fn an_unmanaged_asset_is_not_read_whatever_a_pattern_says() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let details = |prune: &str, unmanaged: &str| {
        let before = hub.requests().len();
        case.write("portal.yaml", portal(&format!("{unmanaged}  prune: {{assets: ['{prune}']}}\n")));
        case.run(&["plan", "-f", "portal.yaml"]).exits(0);
        hub.requests()[before..].iter().filter(|request| request.ends_with("VisibilityByGA")).count()
    };
    let all = details("com.example/*", "");
    let spared = "  assets: [{asset: com.example/legacy-orders, state: unmanaged}]\n";
    assert_eq!(details("com.example/*", spared), all - 1);
}

/// A hub that does not know one listed asset when its visibility is read; the second list of assets is this one.
fn losing(hub: &Hub, second_list: Option<&'static str>) -> Proxy {
    let lists = AtomicUsize::new(0);
    Proxy::before(hub, move |line, _| {
        if line.contains("/legacy-orders") {
            return Verdict::Answer(answer("404 Not Found", r#"{"name": "NotFound", "status": 404, "message": "no"}"#));
        }
        // The first list takes two requests: a page, and the empty one after it.
        let number = if line.contains("/assets/search") { lists.fetch_add(1, Ordering::SeqCst) } else { 0 };
        match (second_list, number) {
            (Some(list), 2) => Verdict::Answer(answer("200 OK", list)),
            (Some(_), 3) => Verdict::Answer(answer("200 OK", r#"{"assets": []}"#)),
            _ => Verdict::Pass,
        }
    })
}

#[test]
fn an_asset_that_goes_while_it_is_read_is_gone() {
    let hub = Hub::seeded(ORDERS);
    let others =
        r#"{"assets": [{"groupId": "com.example", "assetId": "orders", "name": "Orders", "type": "rest-api"}]}"#;
    let case = Case::on(&hub).at(&losing(&hub, Some(others)));
    case.write("portal.yaml", portal("  assets: [{asset: com.example/legacy-orders, state: absent}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @r"
    stdout:
    Portal developer-portal (Tiny, PRODUCTION at example.my.salesforce.com)

    No changes. The portal matches the manifest.

    1 asset not in the manifest is left alone.
    stderr:
     WARN asset com.example/legacy-orders was taken off the portal while it was read
    exit: 0
    ");
}

#[test]
fn contradictory_lists_of_assets_are_no_ground_to_plan_on() {
    let hub = Hub::seeded(ORDERS);
    let case = Case::on(&hub).at(&losing(&hub, None));
    case.write("portal.yaml", portal("  assets: [{asset: com.example/legacy-orders, state: absent}]\n"));
    let still_listed = case.run(&["plan", "-f", "portal.yaml"]).exits(1);
    assert!(
        still_listed.stderr.contains("failed to read who sees asset com.example/legacy-orders: "),
        "{still_listed}"
    );
    let case = Case::on(&hub).at(&losing(&hub, Some(r#"{"assets": []}"#)));
    case.write("portal.yaml", portal("  assets: [{asset: com.example/legacy-orders, state: absent}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @r"
    stderr:
    error: the portal's assets change while they are read: com.example/orders was listed, and a moment later it was not
     hint: nothing is planned on such a read; try again when whoever changes the portal is done
    exit: 1
    ");
}

/// Two assets.
const ORDERS: &str = "connections:
- id: conn-001
  environment: PRODUCTION
  portals:
  - name: Tiny
    userGroups: [{id: all, name: All, isDefault: true, isPublic: true}]
    assets:
    - {groupId: com.example, assetId: orders, name: Orders, type: rest-api}
    - {groupId: com.example, assetId: legacy-orders, name: Legacy Orders, type: rest-api}
";

#[test]
fn the_organizations_name_is_asked_for_only_if_the_hierarchy_does_not_tell_it() {
    for (spec, asked) in
        [("  userGroups: []\n", 1), ("  assets: [{asset: Finance/payment-api, instances: Public}]\n", 0)]
    {
        let hub = Hub::demo();
        let case = Case::on(&hub);
        case.write("portal.yaml", portal(&format!("  target: {{organization: Example Corp}}\n{spec}")));
        case.run(&["plan", "-f", "portal.yaml"]).exits(0);
        let requests = hub.requests();
        assert_eq!(requests.iter().filter(|name| name.ends_with("getOrganizations")).count(), asked, "{requests:?}");
        case.write("portal.yaml", portal(&format!("  target: {{organization: Other Corp}}\n{spec}")));
        let wrong = case.run(&["plan", "-f", "portal.yaml"]).exits(1);
        assert!(wrong.stderr.contains("the credential belongs to organization `Example Corp`"), "{wrong}");
    }
}
