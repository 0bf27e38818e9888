//! `access`: who sees what, and why; and what a plan says of it.

use crate::support::{Case, Hub, QUICKSTART, portal};

#[test]
fn questions_are_asked_of_the_portal_a_snapshot_and_a_plan() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["access", "why", "jane@example.com", "Finance/payment-api", "2.0"]), @r###"
    stdout:
    jane@example.com does not see Finance/payment-api v2:
      - its audience is Gold Tier, Partner Acme, system:administrators, and the member is in API Developers, system:members
      to see it: be in one of Gold Tier, Partner Acme, or have a group of the member's in its audience
    exit: 0
    "###);
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    case.run(&["observe", "--all", "--out", "live.json"]).exits(0);
    let live = case.run(&["access", "matrix", "--format", "json"]).exits(0).stdout;
    drop(hub);
    let case = {
        let without = Case::new();
        for name in ["plan.json", "live.json"] {
            without.write(name, case.read(name));
        }
        without
    };
    assert_eq!(case.run(&["access", "matrix", "--live", "live.json", "--format", "json"]).exits(0).stdout, live);
    let why = ["access", "why", "JANE@example.com", "Finance/payment-api", "v2", "--plan", "plan.json"];
    insta::assert_snapshot!(case.run(&why), @r###"
    stdout:
    jane@example.com sees Finance/payment-api v2:
      - in Gold Tier, which its audience names
    exit: 0
    "###);
    insta::assert_snapshot!(case.run(&[&why[..], &["--before", "--format", "csv"]].concat()), @r###"
    stdout:
    MEMBER,ASSET,VERSION,SEES,VIA
    jane@example.com,Finance/payment-api,v2,no,
    exit: 0
    "###);
    insta::assert_snapshot!(case.run(&["access", "member", "gina@globex.example", "--plan", "plan.json"]), @r###"
    stdout:
    ASSET  VERSION  VIA
    exit: 0
    "###);
    insta::assert_snapshot!(case.run(&["access", "why", "gina@globex.example", "Finance/payment-api", "v1", "--plan", "plan.json"]), @r###"
    stdout:
    gina@globex.example does not see Finance/payment-api v1:
      - whoever is disabled, or not a member yet, sees nothing
      - otherwise, in system:members, which its audience names
    exit: 0
    "###);
    let viewers = case.run(&["access", "asset", "Finance/payment-api", "v2", "--live", "live.json"]).exits(0);
    insta::assert_snapshot!(viewers.stdout, @"
    MEMBER              VIA
    ken@example.com     Gold Tier
    maria@acme.example  Partner Acme
    olivia@example.com  system:administrators
    paul@acme.example   Partner Acme
    ");
}

#[test]
fn what_is_not_there_is_told_with_the_nearest_name() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.run(&["observe", "--all", "--out", "live.json"]).exits(0);
    for question in [
        &["access", "member", "jan@example.com"][..],
        &["access", "asset", "Finance/payment-ap"],
        &["access", "asset", "Finance/payment-api", "v9"],
        &["access", "matrix", "--asset", "[", "--format", "csv"],
        &["access", "matrix", "--format", "markdown"],
        &["access", "matrix", "--before"],
    ] {
        let asked = case.run(&[question, &["--live", "live.json"]].concat());
        assert!(asked.stdout.is_empty(), "{asked}");
        assert!(asked.stderr.contains("hint") || asked.stderr.contains("--help"), "{asked}");
    }
    let unknown = case.run(&["access", "member", "jan@example.com", "--live", "live.json"]).exits(1);
    let said: Vec<&str> = unknown.stderr.lines().skip(1).collect();
    assert_eq!(said, ["error: there is no member `jan@example.com`", " hint: did you mean `jane@example.com`?"]);
}

#[test]
fn names_are_told_on_request_alone() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  assets: [{asset: com.example/order-api, versions: {v3: [system:members]}}]\n"));
    let plan = ["plan", "-f", "portal.yaml"];
    let silent = case.run(&plan).exits(0).stdout;
    assert!(!silent.contains('@'), "{silent}");
    insta::assert_snapshot!(case.run(&[&plan[..], &["--access-names", "2"]].concat()).exits(0).stdout, @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 3 members gain com.example/order-api v3 (via system:members); identity provider groups: 1 gains.
      + com.example/order-api v3 + system:members: 3 members, 1 identity provider group
      ~ com.example/order-api v3
          + 3 members via system:members: fred@example.com, gina@globex.example and 1 more; whoever is in Okta/api-developers

      ~ assets/com.example/order-api
          versions.v3: [system:administrators, + system:members, - Gold Tier, - Partner Acme]

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 4 requests (1 write) in about 1 s: 4 for assets.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    ");
    let comment = case.run(&[&plan[..], &["--format", "markdown"]].concat()).exits(0).stdout;
    assert!(!comment.contains('@'), "{comment}");
}

#[test]
fn what_is_not_analysed_is_said() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    let all = case.run(&["plan", "-f", "portal.yaml"]).exits(0).stdout;
    assert!(!all.contains("Not analysed"), "{all}");
    let declared = case.run(&["plan", "-f", "portal.yaml", "--access", "declared"]).exits(0).stdout;
    assert!(declared.contains("Not analysed: the portal's assets."), "{declared}");
}
