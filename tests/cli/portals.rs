//! Which portal is meant, and portals that are out of the ordinary.

use crate::support::{Case, Hub, portal};

fn seed(portals: &str) -> String {
    format!(
        "organization: {{id: 0e000009-0000-4000-8000-000000000001, name: Tiny}}
connections:
- id: conn-001
  environment: PRODUCTION
  targetOrganizationDomain: tiny.my.salesforce.com
  portals:
{portals}"
    )
}

/// Nothing but its built-in groups.
const EMPTY: &str = "  - id: b0000009-0000-4000-8000-000000000001
    name: Empty
    userGroups: [{id: a0000009-0000-4000-8000-000000000001, name: All, isDefault: true, isPublic: true}]
";

#[test]
fn a_name_chooses_among_several_portals() {
    let case = Case::new();
    let named = |name: &str| portal("  {}\n").replace("developer-portal", name);
    case.write("a.yaml", named("one"));
    case.write("b.yaml", named("two"));
    insta::assert_snapshot!(case.run(&["--emulator", "plan", "-f", ".", "--name", "two", "--name", "three"]), @"
    stderr:
    error: no Portal is named `three`
     hint: there are: one, two
    exit: 1
    ");
    case.run(&["--emulator", "plan", "-f", ".", "--name", "two"]).exits(0);
    case.run(&["validate", "-f", "."]).exits(0);
}

#[test]
fn a_fragment_alone_is_no_portal() {
    let case = Case::new();
    case.write("a.yaml", "apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec: {userGroups: [{name: A}]}\n");
    insta::assert_snapshot!(case.run(&["--emulator", "plan", "-f", "a.yaml"]), @"
stderr:
warning[unused-fragment]: no Portal includes this fragment
 --> a.yaml:2:7
  |
2 | kind: PortalFragment
  |       ^^^^^^^^^^^^^^
  |
  = help: it has no effect here; name its file in a Portal's `include`
error: there is no Portal in these files
 hint: a fragment takes effect through a Portal that includes it: give that file with -f
exit: 1
");
}

#[test]
fn a_portal_with_nothing_but_built_ins_is_filled() {
    let hub = Hub::seeded(&seed(EMPTY));
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal("  userGroups: [{name: First, children: [{name: Second}]}]\n  members: []\n  assets: []\n"),
    );
    insta::assert_snapshot!(case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Empty, PRODUCTION at tiny.my.salesforce.com)

      + userGroups/First
          parent: system:guests
      + userGroups/Second
          parent: First

    Plan: 2 to add, 0 to change, 0 to delete.
    Forecast: apply sends 7 requests (2 writes) in [TIME]: 7 for user groups.

    Applied: 2 added, 0 changed, 0 deleted.
    Sent 7 requests in [TIME]; the forecast was 7 in [TIME].
    stderr:
    [1/2] + userGroups/First: written
    [2/2] + userGroups/Second: written
    exit: 0
    ");
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn nothing_is_planned_on_an_empty_read() {
    let hub = Hub::seeded(&seed("  - {id: b0000009-0000-4000-8000-000000000001, name: Empty}\n"));
    let case = Case::on(&hub);
    for kind in ["user-groups", "idp-mappings", "assets", "exchange", "members", "prospects", "identity-providers"] {
        case.run(&["get", kind]).exits(0);
    }
    case.write("portal.yaml", portal("  userGroups: [{name: First}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error[empty-portal]: the portal shows no user group at all, not even a built-in
     |
     = help: check that the credential may administer this portal; nothing is planned on an empty read
    error: planning the manifest against this portal found 1 fault
    exit: 1
    ");
}

#[test]
fn a_portal_without_built_in_groups_cannot_resolve_them() {
    let hub = Hub::seeded(&seed(&EMPTY.replace(", isDefault: true, isPublic: true", "")));
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: [{name: First}]\n"));
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    case.write(
        "portal.yaml",
        portal("  audiences: {all: ['system:members']}\n  assets: [{asset: a/b, versions: {v1: ['audience:all']}}]\n"),
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error[no-such-built-in]: no user group of the portal carries the flag `isDefault`
     --> portal.yaml:5:21
      |
    5 |   audiences: {all: ['system:members']}
      |                     ^^^^^^^^^^^^^^^^
      |
      = help: `system:members` cannot be used in this portal; name a group instead

    error[unknown-business-group]: there is no business group `a`
     --> portal.yaml:6:20
      |
    6 |   assets: [{asset: a/b, versions: {v1: ['audience:all']}}]
      |                    ^^^
      |
      = help: write a business group's name or id, or an Exchange group like `com.example`
    error: planning the manifest against this portal found 2 faults
    exit: 1
    ");
}

#[test]
fn an_organization_without_a_portal_or_a_connection_is_told() {
    let hub = Hub::seeded(&seed("").replace("  portals:\n", ""));
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: []\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
stderr:
error: the organization has no portal
 hint: create one in API Experience Hub first; the API cannot
exit: 1
");
    let hub = Hub::seeded("organization: {id: 0e000009-0000-4000-8000-000000000001, name: Tiny}\n");
    let case = Case::on(&hub);
    insta::assert_snapshot!(case.run(&["get", "user-groups"]), @"
    stderr:
    error: the organization has no portal
     hint: create one in API Experience Hub first; the API cannot
    exit: 1
    ");
}

#[test]
fn the_target_is_asked_for_where_it_is_not_clear() {
    let hub = Hub::seeded(&seed(&format!("{EMPTY}{}", EMPTY.replace("00001", "00002").replace("Empty", "Other"))));
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: []\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error: there are several portals, and the target names none
     hint: name one by its id, or its connection; there are: `Empty` (b0000009-0000-4000-8000-000000000001) on tiny.my.salesforce.com (conn-001), `Other` (b0000009-0000-4000-8000-000000000002) on tiny.my.salesforce.com (conn-001)
    exit: 1
    ");
    case.run(&["plan", "-f", "portal.yaml", "--portal", "Other"]).exits(0);
    case.run(&["plan", "-f", "portal.yaml", "--portal", "b0000009-0000-4000-8000-000000000002"]).exits(0);
}

#[test]
fn the_target_has_to_fit() {
    let hub = Hub::seeded(&seed(EMPTY));
    let case = Case::on(&hub);
    for (target, fault) in [
        ("environment: SANDBOX", "PRODUCTION"),
        ("organization: Huge", "Tiny"),
        ("portal: Full", "Empty"),
        ("connection: other.my.salesforce.com", "tiny.my.salesforce.com"),
    ] {
        case.write("portal.yaml", portal(&format!("  target: {{{target}}}\n  userGroups: []\n")));
        let refused = case.run(&["plan", "-f", "portal.yaml"]).exits(1);
        assert!(refused.stderr.contains(fault), "{target}: {refused}");
    }
}

#[test]
fn names_may_hold_slashes_and_pictures() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  userGroups: [{name: 'R&D / Zürich 🚚', idpGroups: [{provider: Okta, group: 'CN=a/b,OU=Größe 🚚'}]}]
  assets: [{asset: com.example/order-api, versions: {v1: ['R&D / Zürich 🚚']}}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @r#"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: identity provider groups: 1 gains com.example/order-api v1 (via R&D / Zürich 🚚).
      + com.example/order-api v1 + R&D / Zürich 🚚: 1 identity provider group
      + mapping of Okta/"CN=a/b,OU=Größe 🚚" + R&D / Zürich 🚚: com.example/order-api v1, 1 identity provider group

      + userGroups/"R&D / Zürich 🚚"
          parent: system:members

      + idpMappings/"R&D / Zürich 🚚"/Okta/"CN=a/b,OU=Größe 🚚"

      ~ assets/com.example/order-api
          versions.v1: [system:administrators, + R&D / Zürich 🚚]

    Plan: 2 to add, 1 to change, 0 to delete.
    Forecast: apply sends 13 requests (3 writes) in [TIME]: 6 for user groups, 3 for mappings, 4 for assets.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    exit: 0
    "#);
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    case.write("portal.yaml", portal("  userGroups: [{name: 'R&D / Zürich 🚚', state: absent}]\n"));
    let plan = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).json();
    assert_eq!(plan["changes"][0]["address"], "developer-portal/assets/com.example/order-api");
    let gone = plan["changes"].as_array().and_then(|changes| changes.last()).expect("there are changes");
    assert_eq!(gone["address"], "developer-portal/userGroups/R%26D%20%2F%20Z%C3%BCrich%20%F0%9F%9A%9A");
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "delete"]).exits(0);
}

#[test]
fn an_export_calls_what_shares_its_name_by_its_id() {
    let hub = Hub::seeded(
        "connections:
- id: conn-001
  targetOrganizationDomain: twin.my.salesforce.com
  portals:
  - {id: first, targetPortalId: first-target, name: Twin, userGroups: [{name: All, isDefault: true, isPublic: true}]}
  - {id: second, targetPortalId: second-target, name: Twin, userGroups: [{name: All, isDefault: true, isPublic: true}]}
- id: conn-002
  targetOrganizationDomain: twin.my.salesforce.com
  portals:
  - {id: third, name: Other, userGroups: [{name: All, isDefault: true, isPublic: true}]}
",
    );
    let case = Case::on(&hub);
    let exported = case.run(&["export", "--portal", "second", "--out", "portal.yaml"]).exits(0);
    let manifest = case.read("portal.yaml");
    assert!(manifest.contains("    connection: conn-001\n"), "{exported}{manifest}");
    assert!(
        manifest.contains("since another portal is called `Twin` as well\n    portal: second-target\n"),
        "{manifest}"
    );
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    case.run(&["export", "--portal", "Other", "--out", "other.yaml"]).exits(0);
    assert!(case.read("other.yaml").contains("    portal: Other\n"), "{}", case.read("other.yaml"));
    case.run(&["plan", "-f", "other.yaml", "--detailed-exitcode"]).exits(0);
}
