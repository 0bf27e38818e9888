//! `validate` and `fmt`.

use crate::support::{Case, Hub, QUICKSTART, portal};

const FAULTY: &str = "  userGroups:
    - {name: Gold Tier, descripton: x}
    - {name: Gold Tier}
  audiences: {payments: [Gold Tier]}
  assets:
    - {asset: payment-api, versions: {v1: ['audience:paymnets']}}
    - {asset: Finance/odd-api, instances: Privat}
  members: [{user: jane@example.com, enabled: 'yes'}]
";

#[test]
fn every_fault_is_told_at_once() {
    let case = Case::new();
    case.write("portal.yaml", portal(FAULTY));
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml"]), @"");
}

#[test]
fn faults_come_as_data_too() {
    let case = Case::new();
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: 3}]\n"));
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml", "--format", "json"]), @"");
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml", "--format", "json"]), @"");
}

#[test]
fn what_is_valid_is_counted() {
    let case = Case::new();
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml"]), @"");
    insta::assert_snapshot!(case.run(&["validate", "-f", "nowhere.yaml"]), @"");
    insta::assert_snapshot!(case.run(&["validate", "-f", "home"]), @"");
}

#[test]
fn online_every_name_has_to_resolve() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["validate", "--online", "-f", "portal.yaml"]), @"");
    case.write(
        "portal.yaml",
        portal(
            "  assets: [{asset: Finnance/payment-api, versions: {v1: [Suport], v9: []}}]
  userGroups: [{name: Support, idpGroups: [{provider: Octa, group: x}]}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&["validate", "--online", "-f", "portal.yaml"]), @"");
    let json = case.run(&["validate", "--online", "-f", "portal.yaml", "--format", "json"]).exits(1);
    assert_eq!(json.json()["valid"], false, "{json}");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn variables_come_from_the_environment_and_only_with_the_prefix() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: '${AEHCTL_VAR_WHO}', enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"");
    case.set("AEHCTL_VAR_WHO", "jane@example.com");
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(2);
    case.write("portal.yaml", portal("  members: [{user: '${ANYPOINT_CLIENT_SECRET}', enabled: false}]\n"));
    let refused = case.run(&["validate", "-f", "portal.yaml"]).exits(1);
    assert!(!refused.all().contains(&hub.running().client_secret), "{refused}");
}

#[test]
fn fmt_keeps_comments_and_knows_when_there_is_nothing_to_do() {
    let case = Case::new();
    let untidy = "# mine\napiVersion:   aehctl.io/v1alpha1\nkind: Portal\nmetadata:\n    name: x # here\nspec:\n        userGroups:\n        -   name: A\n";
    case.write("portal.yaml", untidy);
    insta::assert_snapshot!(case.run(&["fmt", "-f", "portal.yaml", "--check"]), @"");
    assert_eq!(case.read("portal.yaml"), untidy);
    insta::assert_snapshot!(case.run(&["fmt", "-f", "portal.yaml"]), @"");
    insta::assert_snapshot!(case.read("portal.yaml"), @"");
    insta::assert_snapshot!(case.run(&["fmt", "-f", "portal.yaml", "--check"]), @"");
    assert_eq!(case.files(), ["portal.yaml"]);
}

#[test]
fn fmt_leaves_alone_what_it_cannot_read() {
    let case = Case::new();
    case.write("bad.yaml", "a: [1, 2\n");
    insta::assert_snapshot!(case.run(&["fmt", "-f", "bad.yaml"]), @"");
    assert_eq!(case.read("bad.yaml"), "a: [1, 2\n");
    insta::assert_snapshot!(case.run(&["fmt", "-f", "nowhere.yaml"]), @"");
}
