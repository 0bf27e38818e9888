//! `apply`

use crate::support::{Case, Hub, QUICKSTART};

#[test]
fn the_quickstart_is_applied_and_then_nothing_is_left() {
    let hub = Hub::demo();
    let case = Case::on(&hub).with(&["--parallelism", "1"]);
    case.write("portal.yaml", QUICKSTART);
    let applied = case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "approve,reject"]);
    insta::assert_snapshot!(applied, @r#"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)
    Warning: publishing opens a short window: until its audience is set, moments later, the hub decides who sees the new asset

      ~ userGroups/Early Access  # formerly Beta Testers
          name: Beta Testers → Early Access
      + userGroups/Partner Initech
          description: "Initech, new this year"
          parent: system:members

      + idpMappings/Gold Tier/okta/gold-developers

      + assets/Finance/ledger-events
          versions.*: []  # nobody
          versions.v1: [Gold Tier, Partner Acme, Partner Initech]  # audience:contract
      ~ assets/Finance/payment-api
          versions.v2: [Gold Tier, Partner Acme, system:administrators, + Partner Initech]  # audience:contract
      - assets/com.example/legacy-orders  # state: absent
      ~ assets/com.example/order-api
          versions.v3: [system:administrators, + API Developers, - Gold Tier, - Partner Acme]

      ~ members/gina@globex.example
          enabled: true → false
      ~ members/jane@example.com
          userGroups: [system:members, + Gold Tier, - API Developers]
      ~ members/ken@example.com
          userGroups: [Gold Tier, system:members, + Early Access, - API Developers]

      + prospects/ada@partner.example  # prospects: emailDomain partner.example; cannot be undone; needs --allow approve
          name: Ada Partner
          userGroups: [Partner Initech]
      - prospects/bob@spam.example  # prospects: email bob@spam.example; cannot be undone; needs --allow reject
          name: Bob Bulk

    Plan: 4 to add, 6 to change, 2 to delete.

    2 user groups not in the manifest are left alone.
    5 assets not in the manifest are left alone.
    5 members not in the manifest are left alone.
    1 pending sign-up not in the manifest is left alone.
    Applied: 4 added, 6 changed, 2 deleted.
    stderr:
    [1/12] ~ userGroups/Early Access: applied
    [2/12] + userGroups/Partner Initech: applied
    [3/12] ~ assets/com.example/order-api: applied
    [4/12] - assets/com.example/legacy-orders: applied
    [5/12] ~ members/gina@globex.example: applied
    [6/12] ~ members/jane@example.com: applied
    [7/12] ~ members/ken@example.com: applied
    [8/12] + prospects/ada@partner.example: applied
    [9/12] - prospects/bob@spam.example: applied
    [10/12] + idpMappings/Gold Tier/okta/gold-developers: applied
    [11/12] ~ assets/Finance/payment-api: applied
    [12/12] + assets/Finance/ledger-events: applied
    exit: 0
    "#);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    No changes. The portal matches the manifest.

    2 user groups not in the manifest are left alone.
    5 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    1 pending sign-up not in the manifest is left alone.
    exit: 0
    ");
}
