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

const EMPTY: &str = "  - {id: b0000009-0000-4000-8000-000000000001, name: Empty}\n";

#[test]
fn several_portals_in_reach_need_a_name() {
    let case = Case::new();
    let named = |name: &str| portal("  {}\n").replace("developer-portal", name);
    case.write("a.yaml", named("one"));
    case.write("b.yaml", named("two"));
    insta::assert_snapshot!(case.run(&["--emulator", "plan", "-f", "."]), @"");
    insta::assert_snapshot!(case.run(&["--emulator", "plan", "-f", ".", "--name", "three"]), @"");
    case.run(&["--emulator", "plan", "-f", ".", "--name", "two"]).exits(0);
    case.run(&["validate", "-f", "."]).exits(0);
}

#[test]
fn a_fragment_alone_is_no_portal() {
    let case = Case::new();
    case.write("a.yaml", "apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec: {userGroups: [{name: A}]}\n");
    insta::assert_snapshot!(case.run(&["--emulator", "plan", "-f", "a.yaml"]), @"");
}

#[test]
fn a_portal_without_anything_is_filled() {
    let hub = Hub::seeded(&seed(EMPTY));
    let case = Case::on(&hub);
    for kind in ["user-groups", "idp-mappings", "assets", "exchange", "members", "prospects", "identity-providers"] {
        case.run(&["get", kind]).exits(0);
    }
    case.write(
        "portal.yaml",
        portal("  userGroups: [{name: First, children: [{name: Second}]}]\n  members: []\n  assets: []\n"),
    );
    insta::assert_snapshot!(case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]), @"");
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_portal_without_built_in_groups_cannot_resolve_them() {
    let hub = Hub::seeded(&seed(EMPTY));
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal("  audiences: {all: ['system:members']}\n  assets: [{asset: a/b, versions: {v1: ['audience:all']}}]\n"),
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"");
}

#[test]
fn an_organization_without_a_portal_or_a_connection_is_told() {
    let hub = Hub::seeded(&seed("").replace("  portals:\n", ""));
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: []\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"");
    let hub = Hub::seeded("organization: {id: 0e000009-0000-4000-8000-000000000001, name: Tiny}\n");
    let case = Case::on(&hub);
    insta::assert_snapshot!(case.run(&["get", "user-groups"]), @"");
}

#[test]
fn the_target_is_asked_for_where_it_is_not_clear() {
    let hub = Hub::seeded(&seed(&format!("{EMPTY}  - {{id: b0000009-0000-4000-8000-000000000002, name: Other}}\n")));
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: []\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"");
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
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"");
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    case.write("portal.yaml", portal("  userGroups: [{name: 'R&D / Zürich 🚚', state: absent}]\n"));
    let plan = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).json();
    assert_eq!(plan["changes"][0]["address"], "developer-portal/assets/com.example/order-api");
    let gone = plan["changes"].as_array().and_then(|changes| changes.last()).expect("there are changes");
    assert_eq!(gone["address"], "developer-portal/userGroups/R%26D%20%2F%20Z%C3%BCrich%20%F0%9F%9A%9A");
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "delete"]).exits(0);
}
