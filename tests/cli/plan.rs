//! `plan`

use crate::support::{Case, Hub, QUICKSTART, portal};

#[test]
fn the_quickstart_is_planned_for_people() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @r#"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)
    Warning: publishing opens a short window: until its audience is set, moments later, the hub decides who sees the new asset

    Visibility: 6 members gain 13 versions, 7 lose 5 versions; identity provider groups: 3 gain, 4 lose.
      + mapping of okta/gold-developers + Gold Tier: 10 versions of 6 assets, 1 identity provider group
      + members' groups + Gold Tier: 4 versions of 3 assets, 1 member
      + approved sign-ups: 4 versions of 3 assets, 1 member
      + audience:contract + Partner Initech: 2 versions of 2 assets, 1 member
      + audience:contract + Gold Tier: Finance/ledger-events v1, 2 members, 1 identity provider group
      + audience:contract + Partner Acme: Finance/ledger-events v1, 2 members, 1 identity provider group
      + com.example/order-api v3 + API Developers: 2 members, 2 identity provider groups
      + members' groups + Early Access: Finance/payment-api v3, 1 member
      - disabled members: 4 versions of 4 assets, 1 member
      - com.example/legacy-orders v1 - system:members: 7 members, 4 identity provider groups
      … and 2 more (--verbose lists them, --format json has all)
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

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
    Forecast: apply sends 55 requests (13 writes) in [TIME]: 8 for user groups, 4 for mappings, 19 for assets, 12 for members, 12 for pending sign-ups.

    2 user groups not in the manifest are left alone.
    5 assets not in the manifest are left alone.
    5 members not in the manifest are left alone.
    1 pending sign-up not in the manifest is left alone.
    exit: 0
    "#);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn a_plan_is_data_of_a_known_shape() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Support], enabled: false}]\n"));
    let plan = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).exits(0).json();
    let keys: Vec<&String> = plan.as_object().expect("a plan is an object").keys().collect();
    insta::assert_snapshot!(format!("{keys:?}"), @r#"["accepted", "access", "aehctl_version", "allow", "applied", "base", "changes", "commit", "digest", "forecast", "format_version", "guards", "held", "notices", "portal", "summary", "target", "unmanaged", "waiting"]"#);
    insta::assert_snapshot!(format!("{:#}", plan["changes"]), @r#"
    [
      {
        "action": "update",
        "address": "developer-portal/members/jane@example.com",
        "after": {
          "enabled": false,
          "userGroups": [
            "Support",
            "system:members"
          ]
        },
        "before": {
          "enabled": true,
          "userGroups": [
            "API Developers",
            "system:members"
          ]
        },
        "depends_on": [],
        "fields": [
          {
            "after": false,
            "before": true,
            "path": "enabled"
          },
          {
            "after": [
              "Support",
              "system:members"
            ],
            "before": [
              "API Developers",
              "system:members"
            ],
            "path": "userGroups"
          }
        ],
        "id": "1",
        "irreversible": false,
        "kind": "members",
        "object_id": "e0000001-0000-4000-8000-000000000002",
        "origin": null,
        "phase": 2,
        "reason": null
      }
    ]
    "#);
    insta::assert_snapshot!(format!("{:#}", plan["summary"]), @r#"
    {
      "add": 0,
      "change": 1,
      "delete": 0
    }
    "#);
    insta::assert_snapshot!(format!("{:#}", plan["unmanaged"]), @r#"
    {
      "members": {
        "count": 7
      },
      "prospects": {
        "count": 3
      },
      "userGroups": {
        "count": 6
      }
    }
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one comment, whole")]
fn a_plan_is_a_comment_on_a_pull_request() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--format", "markdown"]), @r#"
    stdout:
    <!-- aehctl plan: developer-portal -->
    ## Plan: 4 to add, 6 to change, 2 to delete.

    **Visibility: 6 members gain 13 versions, 7 lose 5 versions; identity provider groups: 3 gain, 4 lose.**

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com)

    - **Warning:** publishing opens a short window: until its audience is set, moments later, the hub decides who sees the new asset

    - Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

    <details open>
    <summary>Visibility by cause</summary>

    ```diff
    + mapping of okta/gold-developers + Gold Tier: 10 versions of 6 assets, 1 identity provider group
    + members' groups + Gold Tier: 4 versions of 3 assets, 1 member
    + approved sign-ups: 4 versions of 3 assets, 1 member
    + audience:contract + Partner Initech: 2 versions of 2 assets, 1 member
    + audience:contract + Gold Tier: Finance/ledger-events v1, 2 members, 1 identity provider group
    + audience:contract + Partner Acme: Finance/ledger-events v1, 2 members, 1 identity provider group
    + com.example/order-api v3 + API Developers: 2 members, 2 identity provider groups
    + members' groups + Early Access: Finance/payment-api v3, 1 member
    - disabled members: 4 versions of 4 assets, 1 member
    - com.example/legacy-orders v1 - system:members: 7 members, 4 identity provider groups
    - com.example/order-api v3 - Partner Acme: 2 members, 1 identity provider group
    - com.example/legacy-orders v1 - system:administrators: 1 member, 1 identity provider group
    ```

    </details>

    <details>
    <summary>Visibility by version: 14 versions</summary>

    ```diff
    ! Finance/exchange-rates v1
    +     1 member via system:guests
    -     1 member via system:guests
    ! Finance/invoice-api v1
    +     1 member via Gold Tier; whoever is in okta/gold-developers
    ! Finance/invoice-api v2
    +     1 member via Gold Tier; whoever is in okta/gold-developers
    ! Finance/ledger-events v1
    +     5 members via Gold Tier, Partner Acme, Partner Initech; whoever is in okta/gold-developers, saml/"CN=Acme,OU=Partners,DC=example,DC=com"
    ! Finance/payment-api v1
    +     1 member via system:members
    -     1 member via system:members
    ! Finance/payment-api v2
    +     2 members via Gold Tier, Partner Initech; whoever is in okta/gold-developers
    ! Finance/payment-api v3
    +     1 member via Early Access
    ! Logistics/shipment-api v1
    +     no known member via API Developers; whoever is in okta/gold-developers
    ! Logistics/shipment-api v2
    +     no known member via API Developers; whoever is in okta/gold-developers
    -     1 member via Partner Globex
    ! com.example/customer-api v1
    +     no known member via API Developers; whoever is in okta/gold-developers
    ! com.example/customer-api v2
    +     no known member via API Developers; whoever is in okta/gold-developers
    ! com.example/legacy-orders v1
    -     7 members via system:administrators, system:members; whoever is in okta/api-developers, okta/gold-developers, okta/portal-admins, saml/"CN=Acme,OU=Partners,DC=example,DC=com"
    ! com.example/order-api v2
    +     no known member via API Developers; whoever is in okta/gold-developers
    ! com.example/order-api v3
    +     2 members via API Developers; whoever is in okta/api-developers, okta/gold-developers
    -     2 members via Partner Acme; whoever is in saml/"CN=Acme,OU=Partners,DC=example,DC=com"
    ```

    </details>

    <details open>
    <summary>User groups: 2 changes</summary>

    ```diff
    ! userGroups/Early Access  # formerly Beta Testers
          name: Beta Testers → Early Access
    + userGroups/Partner Initech
          description: "Initech, new this year"
          parent: system:members
    ```

    </details>

    <details open>
    <summary>Mappings: 1 change</summary>

    ```diff
    + idpMappings/Gold Tier/okta/gold-developers
    ```

    </details>

    <details open>
    <summary>Assets: 4 changes</summary>

    ```diff
    + assets/Finance/ledger-events
          versions.*: []  # nobody
          versions.v1: [Gold Tier, Partner Acme, Partner Initech]  # audience:contract
    ! assets/Finance/payment-api
          versions.v2: [Gold Tier, Partner Acme, system:administrators, + Partner Initech]  # audience:contract
    - assets/com.example/legacy-orders  # state: absent
    ! assets/com.example/order-api
          versions.v3: [system:administrators, + API Developers, - Gold Tier, - Partner Acme]
    ```

    </details>

    <details open>
    <summary>Members: 3 changes</summary>

    ```diff
    ! members/gina@globex.example
          enabled: true → false
    ! members/jane@example.com
          userGroups: [system:members, + Gold Tier, - API Developers]
    ! members/ken@example.com
          userGroups: [Gold Tier, system:members, + Early Access, - API Developers]
    ```

    </details>

    <details open>
    <summary>Pending sign-ups: 2 changes</summary>

    ```diff
    + prospects/ada@partner.example  # prospects: emailDomain partner.example; cannot be undone; needs --allow approve
          name: Ada Partner
          userGroups: [Partner Initech]
    - prospects/bob@spam.example  # prospects: email bob@spam.example; cannot be undone; needs --allow reject
          name: Bob Bulk
    ```

    </details>

    - 2 user groups not in the manifest are left alone.
    - 5 assets not in the manifest are left alone.
    - 5 members not in the manifest are left alone.
    - 1 pending sign-up not in the manifest is left alone.
    - Forecast: apply sends 55 requests (13 writes) in [TIME]: 8 for user groups, 4 for mappings, 19 for assets, 12 for members, 12 for pending sign-ups.
    - Digest of these changes: sha256:[DIGEST]
    exit: 0
    "#);
}

#[test]
fn the_exit_code_tells_on_request_whether_there_are_changes() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: true}]\n"));
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(2);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode", "--format", "json", "--out", "plan.json"]).exits(2);
    case.run(&["plan", "-f", "portal.yaml"]).exits(0);
}

#[test]
fn what_is_left_alone_is_listed_on_request() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: [{name: Support}]\n  assets: [{asset: com.example/order-api}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--show-unmanaged"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    No changes. The portal matches the manifest.

    5 user groups not in the manifest are left alone:
      userGroups/API Developers
      userGroups/Beta Testers
      userGroups/Gold Tier
      userGroups/Partner Acme
      userGroups/Partner Globex
    7 assets not in the manifest are left alone:
      assets/Finance/exchange-rates
      assets/Finance/invoice-api
      assets/Finance/payment-api
      assets/Logistics/shipment-api
      assets/Warehousing/stock-api
      assets/com.example/customer-api
      assets/com.example/legacy-orders
    exit: 0
    ");
}

#[test]
fn who_is_waited_for_is_told_and_a_mistyped_offboarding_is_a_warning() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  members:
  - {user: new@example.com, userGroups: [Support]}
  - {user: jnae@example.com, enabled: false}
  - {user: fred@example.com, userGroups: [Support]}
",
        ),
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)
    Warning: `jnae@example.com` is declared with `enabled: false`, and the portal has no such member: check the spelling, or remove the entry

    No changes. The portal matches the manifest.

    Note: the groups of `fred@example.com` come from an identity provider at login and are left alone; `federated: manage` overrides that
    6 user groups not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    Waiting:
      new@example.com: has not signed up yet
    exit: 0
    ");
}

#[test]
fn a_guard_refuses_before_anything_is_written() {
    let hub = Hub::seeded(&aehctl::emulator::demo_with(aehctl::emulator::Shape::SingleRoot));
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal("  assets: [{asset: com.example/order-api, versions: {v1: ['system:members']}}]\n"),
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error[members-is-public]: `system:members` is a public group in this portal: guests see what it sees
     --> portal.yaml:5:59
      |
    5 |   assets: [{asset: com.example/order-api, versions: {v1: ['system:members']}}]
      |                                                           ^^^^^^^^^^^^^^^^
      |
      = help: write `system:guests` if everyone is meant, else name another group
    error: planning the manifest against this portal found 1 fault
    exit: 3
    ");
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(3);
    case.run(&["validate", "--online", "-f", "portal.yaml"]).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn several_faults_of_the_portal_come_at_once() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  userGroups:
  - {name: Guests, state: absent}
  - {name: Gold Tier, parent: Partner Acme}
  - {name: Support, idpGroups: [{provider: Octa, group: support}]}
  assets:
  - {asset: com.example/order-api, instances: Custom, versions: {v9: [Suport]}}
  - {asset: Finnance/payment-api}
",
        ),
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error[built-in]: `Guests` is a built-in: it is never deleted
     --> portal.yaml:6:12
      |
    6 |   - {name: Guests, state: absent}
      |            ^^^^^^
      |
      = help: remove `state: absent`

    error[moved-group]: `Gold Tier` lives under `API Developers` in the portal, and the manifest has it under `Partner Acme`
     --> portal.yaml:7:31
      |
    7 |   - {name: Gold Tier, parent: Partner Acme}
      |                               ^^^^^^^^^^^^
      |
      = help: the API cannot move a group: declare it where it lives, or give the new place a new group and move its members and audiences

    error[unknown-provider]: there is no identity provider `Octa`
     --> portal.yaml:8:44
      |
    8 |   - {name: Support, idpGroups: [{provider: Octa, group: support}]}
      |                                            ^^^^
      |
      = help: did you mean `Okta`?

    error[custom-entered]: `com.example/order-api` does not have custom instances, and the API cannot set them
      --> portal.yaml:10:47
       |
    10 |   - {asset: com.example/order-api, instances: Custom, versions: {v9: [Suport]}}
       |                                               ^^^^^^
       |
       = help: `Custom` can be kept, not entered: choose the instances in the portal's settings, or write All or Public

    error[unknown-group]: there is no user group `Suport`
      --> portal.yaml:10:71
       |
    10 |   - {asset: com.example/order-api, instances: Custom, versions: {v9: [Suport]}}
       |                                                                       ^^^^^^
       |
       = help: did you mean `Support`?

    error[unknown-business-group]: there is no business group `Finnance`
      --> portal.yaml:11:13
       |
    11 |   - {asset: Finnance/payment-api}
       |             ^^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `Finance`?
    error: planning the manifest against this portal found 6 faults
    exit: 1
    ");
}
