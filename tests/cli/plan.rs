//! `plan`

use crate::support::{Case, Hub, QUICKSTART};

#[test]
fn the_quickstart_is_planned_for_people() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @r#"
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
    exit: 0
    "#);
    assert_eq!(hub.writes(), Vec::<String>::new());
}
