//! `apply`: approval, words, outcomes and exit codes.

use crate::proxy::{Proxy, Verdict, answer};
use crate::support::{Case, Hub, QUICKSTART, ids, portal};

const WORDS: [&str; 3] = ["--auto-approve", "--allow", "approve,reject"];

fn apply<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["apply", "-f", "portal.yaml"], more].concat()
}

#[test]
fn the_quickstart_is_applied_and_then_nothing_is_left() {
    let hub = Hub::demo();
    let case = Case::on(&hub).with(&["--parallelism", "1"]);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&apply(&WORDS)), @r#"
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
    Forecast: apply sends 43 requests (13 writes) in [TIME]: 6 for user groups, 3 for mappings, 15 for assets, 9 for members, 10 for pending sign-ups.

    2 user groups not in the manifest are left alone.
    5 assets not in the manifest are left alone.
    5 members not in the manifest are left alone.
    1 pending sign-up not in the manifest is left alone.

    Applied: 4 added, 6 changed, 2 deleted.
    Sent 43 requests in [TIME]; the forecast was 43 in [TIME].
    stderr:
    [1/12] ~ userGroups/Early Access: written
    [2/12] + userGroups/Partner Initech: written
    [3/12] ~ assets/com.example/order-api: written
    [4/12] - assets/com.example/legacy-orders: written
    [5/12] ~ members/gina@globex.example: written
    [6/12] ~ members/jane@example.com: written
    [7/12] ~ members/ken@example.com: written
    [8/12] + prospects/ada@partner.example: written
    [9/12] - prospects/bob@spam.example: written
    [10/12] + idpMappings/Gold Tier/okta/gold-developers: written
    [11/12] ~ assets/Finance/payment-api: written
    [12/12] + assets/Finance/ledger-events: written
    exit: 0
    "#);
    hub.running().forget_requests();
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
    case.run(&apply(&WORDS)).exits(0);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn the_embedded_server_takes_the_two_commands_of_the_readme() {
    let case = Case::new().with(&["--parallelism", "1"]);
    case.write("portal.yaml", QUICKSTART);
    let first = case.run(&["--emulator", "apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    assert!(first.stdout.contains("[emulator] Plan: 4 to add, 6 to change, 2 to delete."), "{first}");
    assert!(
        first.stdout.contains("\n[emulator] Applied: 4 added, 6 changed, 2 deleted.\nSent 43 requests in "),
        "{first}"
    );
    assert!(!first.stdout.contains("--allow"), "the emulator needs no words:\n{first}");
    let second = case.run(&["--emulator", "apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    assert!(second.stdout.contains("[emulator] No changes. The portal matches the manifest."), "{second}");
    assert!(case.path(".aehctl/emulator.db").exists());
}

#[test]
fn nobody_can_be_asked_without_a_terminal() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&apply(&[])), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - disabled members: 8 versions of 6 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com
          enabled: true → false

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 3 requests (1 write) in [TIME]: 3 for members.

    6 user groups not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    stderr:
    error: nobody can be asked: there is no terminal
     hint: nothing was changed; review the plan, then add --auto-approve
    exit: 3
    ");
    case.run(&apply(&["--format", "json"])).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_undone_needs_a_word() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  userGroups: [{name: Partner Acme, state: absent}]
  assets: [{asset: Warehousing/stock-api, instances: Public}]
  members: [{user: dora@example.com, enabled: true}]
  prospects: [{emailDomain: spam.example, reject: true}, {emailDomain: curious.example, approve: {userGroups: [Support]}}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @r#"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 2 members gain 4 versions, 2 lose 3 versions; identity provider groups: 1 loses.
      + approved sign-ups: 4 versions of 4 assets, 1 member
      + enabled members: 4 versions of 4 assets, 1 member
      - assets - Partner Acme: 3 versions of 3 assets, 2 members, 1 identity provider group
      - members' groups - Partner Acme: 3 versions of 3 assets, 2 members
      - mapping of Corporate SAML/"CN=Acme,OU=Partners,DC=example,DC=com" - Partner Acme: 3 versions of 3 assets, 1 identity provider group
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      - userGroups/Partner Acme  # state: absent; cannot be undone; needs --allow delete

      - idpMappings/Partner Acme/Corporate SAML/CN=Acme,OU=Partners,DC=example,DC=com  # user group `Partner Acme` goes

      ~ assets/Finance/payment-api  # user group `Partner Acme` goes
          versions.v2: [Gold Tier, system:administrators, - Partner Acme]
      ~ assets/Warehousing/stock-api  # cannot be undone; needs --allow leave-custom
          instances: Custom → Public
          versions.v3: [system:administrators, - Partner Acme]
      ~ assets/com.example/order-api  # user group `Partner Acme` goes
          versions.v3: [Gold Tier, system:administrators, - Partner Acme]

      ~ members/dora@example.com  # needs --allow enable
          enabled: false → true
      ~ members/maria@acme.example  # user group `Partner Acme` goes
          userGroups: [system:members, - Partner Acme]
      ~ members/paul@acme.example  # user group `Partner Acme` goes
          userGroups: [system:members, - Partner Acme]

      - prospects/bob@spam.example  # prospects: emailDomain spam.example; cannot be undone; needs --allow reject
          name: Bob Bulk
      + prospects/cleo@curious.example  # prospects: emailDomain curious.example; cannot be undone; needs --allow approve
          name: Cleo Curious
          userGroups: [Support]

    Plan: 1 to add, 6 to change, 3 to delete.
    Forecast: apply sends 41 requests (10 writes) in [TIME]: 9 for user groups, 4 for mappings, 9 for assets, 9 for members, 10 for pending sign-ups.

    5 user groups not in the manifest are left alone.
    5 assets not in the manifest are left alone.
    5 members not in the manifest are left alone.
    1 pending sign-up not in the manifest is left alone.
    stderr:
    error: the plan does what needs an explicit word: `approve` for cleo@curious.example; `reject` for bob@spam.example; `delete` for Partner Acme; `enable` for dora@example.com; `leave-custom` for Warehousing/stock-api
     hint: nothing was changed; if this is meant, add --allow approve,reject,delete,enable,leave-custom
    exit: 3
    "#);
    let some = case.run(&apply(&["--auto-approve", "--allow", "approve,delete,enable"])).exits(3);
    assert!(some.stderr.contains("add --allow reject,leave-custom"), "{some}");
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&apply(&["--auto-approve", "--allow", "approve,delete,enable,reject,leave-custom"])).exits(0);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let hub = Hub::switched(&["groups-limit=9"]);
    let case = Case::on(&hub).with(&["--parallelism", "1"]);
    case.write(
        "portal.yaml",
        portal(
            "  userGroups:
    - name: Partner Initech
      idpGroups: [{provider: Okta, group: initech}]
      children: [{name: Initech Testers}]
  assets:
    - {asset: com.example/order-api, versions: {v1: [Partner Initech], v2: []}}
    - {asset: com.example/customer-api, versions: {v1: [Support]}}
  members: [{user: jane@example.com, userGroups: [Partner Initech]}, {user: ken@example.com, enabled: false}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member gains com.example/order-api v1 (via Partner Initech), 3 lose 12 versions; identity provider groups: 1 gains, 1 loses.
      + com.example/order-api v1 + Partner Initech: 1 member, 1 identity provider group
      + members' groups + Partner Initech: com.example/order-api v1, 1 member
      + mapping of Okta/initech + Partner Initech: com.example/order-api v1, 1 identity provider group
      - disabled members: 12 versions of 7 assets, 1 member
      - members' groups - API Developers: 5 versions of 3 assets, 1 member
      - assets - API Developers: 2 versions of 2 assets, 3 members, 1 identity provider group
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      + userGroups/Initech Testers
          parent: Partner Initech
      + userGroups/Partner Initech
          parent: system:members

      + idpMappings/Partner Initech/Okta/initech

      ~ assets/com.example/customer-api
          versions.v1: [system:administrators, + Support, - API Developers]
      ~ assets/com.example/order-api
          versions.v1: [system:administrators, + Partner Initech]
          versions.v2: [system:administrators, - API Developers]

      ~ members/jane@example.com
          userGroups: [system:members, + Partner Initech, - API Developers]
      ~ members/ken@example.com
          enabled: true → false

    Plan: 3 to add, 4 to change, 0 to delete.
    Forecast: apply sends 22 requests (7 writes) in [TIME]: 7 for user groups, 3 for mappings, 6 for assets, 6 for members.

    6 user groups not in the manifest are left alone.
    6 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

      + userGroups/Partner Initech: failed
          POST /api-experience-hub/api/v1/connections/c0000001-0000-4000-8000-000000000001/apiPortals/b0000002-0000-4000-8000-000000000001/userGroups (createUserGroup): 400 Bad Request: A portal has at most 9 user groups
      4 changes skipped, because userGroups/Partner Initech was not done
          + userGroups/Initech Testers
          ~ members/jane@example.com
          + idpMappings/Partner Initech/Okta/initech
          ~ assets/com.example/order-api

    Applied in part: 0 added, 2 changed, 0 deleted; 1 failed, 4 skipped.
    Sent 9 requests in [TIME]; the forecast was 22 in [TIME].
    Once the cause of a failure is gone, plan and apply again: what is done stays done.
    stderr:
    [1/7] + userGroups/Partner Initech: failed
    [2/7] + userGroups/Initech Testers: skipped
    [3/7] ~ members/jane@example.com: skipped
    [4/7] ~ members/ken@example.com: written
    [5/7] + idpMappings/Partner Initech/Okta/initech: skipped
    [6/7] ~ assets/com.example/customer-api: written
    [7/7] ~ assets/com.example/order-api: skipped
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    exit: 5
    ");
    let json = case.run(&apply(&["--auto-approve", "--format", "json"])).exits(5).json();
    assert_eq!(json["outcomes"]["failed"], 1);
}

#[test]
fn a_change_that_somebody_else_made_meanwhile_is_refused() {
    let hub = Hub::demo();
    let proxy = {
        let case = Case::on(&hub);
        case.write("other.yaml", portal("  members: [{user: jane@example.com, userGroups: [Support]}]\n"));
        // Somebody else is faster by one request: the last read before the first write.
        Proxy::before(&hub, move |line, _| {
            let is_read_before_write = line == format!("GET {}", portal_path(&format!("users/{}", ids::JANE)));
            if is_read_before_write {
                case.run(&["apply", "-f", "other.yaml", "--auto-approve"]).exits(0);
            }
            Verdict::Pass
        })
    };
    let mut case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.set("ANYPOINT_CLIENT_ID", &hub.running().client_id);
    case.write(
        "portal.yaml",
        portal(
            "  members: [{user: jane@example.com, userGroups: [Gold Tier]}, {user: ken@example.com, enabled: false}]\n",
        ),
    );
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member gains 4 versions (via Gold Tier), 1 loses 12 versions.
      + members' groups + Gold Tier: 4 versions of 3 assets, 1 member
      - disabled members: 12 versions of 7 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com
          userGroups: [system:members, + Gold Tier, - API Developers]
      ~ members/ken@example.com
          enabled: true → false

    Plan: 0 to add, 2 to change, 0 to delete.
    Forecast: apply sends 6 requests (2 writes) in [TIME]: 6 for members.

    6 user groups not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

      ~ members/jane@example.com: refused, since it is not what the plan saw
          userGroups
            before: [API Developers, system:members]
            after:  [Gold Tier, system:members]
            live:   [Support, system:members]

    Applied in part: 0 added, 1 changed, 0 deleted; 1 refused.
    Sent 4 requests in [TIME]; the forecast was 6 in [TIME].
    The portal has changed since the plan was made: plan again, and review what is different.
    stderr:
    [1/2] ~ members/jane@example.com: refused
    [2/2] ~ members/ken@example.com: written
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    exit: 5
    ");
}

fn portal_path(tail: &str) -> String {
    format!("/api-experience-hub/api/v1/connections/{}/apiPortals/{}/{tail}", ids::CONNECTION, ids::TARGET_PORTAL)
}

#[test]
fn a_write_whose_answer_is_lost_is_resolved_by_reading() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |line, _| if line.starts_with("PUT ") { Verdict::Lose } else { Verdict::Pass });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    let applied = case.run(&apply(&["--auto-approve"])).exits(0);
    assert!(applied.stdout.contains("\nApplied: 0 added, 1 changed, 0 deleted.\n"), "{applied}");
    let writes = hub.writes();
    assert_eq!(writes.len(), 1, "nothing is sent twice: {writes:?}");
}

#[test]
fn a_refusal_of_the_hub_is_told_in_its_words() {
    let hub = Hub::demo();
    let refusal = r#"{"name": "Forbidden", "status": 403, "message": "You lack a permission", "details": [{"message": "ask\n::error::somebody"}]}"#;
    let proxy = Proxy::before(&hub, move |line, _| {
        if line.starts_with("PUT ") { Verdict::Answer(answer("403 Forbidden", refusal)) } else { Verdict::Pass }
    });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve"])), @r#"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member gains 4 versions (via Gold Tier).
      + members' groups + Gold Tier: 4 versions of 3 assets, 1 member

      ~ members/jane@example.com
          userGroups: [system:members, + Gold Tier, - API Developers]

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 3 requests (1 write) in [TIME]: 3 for members.

    6 user groups not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

      ~ members/jane@example.com: failed
          PUT /api-experience-hub/api/v1/connections/c0000001-0000-4000-8000-000000000001/apiPortals/b0000002-0000-4000-8000-000000000001/users/e0000001-0000-4000-8000-000000000002/userGroups (addGroupMappingToUser): 403 Forbidden: You lack a permission (ask \u{3a}:error::somebody)
          hint: managing a portal needs API Experience Hub Administrator in the organization of its connection; signed in with the connected app from the environment (ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET)

    Applied in part: 0 added, 0 changed, 0 deleted; 1 failed.
    Sent 2 requests in [TIME]; the forecast was 3 in [TIME].
    Once the cause of a failure is gone, plan and apply again: what is done stays done.
    stderr:
    [1/1] ~ members/jane@example.com: failed
    What was sent, and what came back, is in .aehctl/journal/[JOURNAL]
    exit: 5
    "#);
}

const PUBLISH: &str = "  assets: [{asset: Finance/ledger-events, versions: {v1: [Support]}}]\n";

#[test]
fn an_asset_without_its_audience_does_not_stay() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |line, _| {
        if line.starts_with("PATCH ") {
            Verdict::Answer(answer("400 Bad Request", r#"{"message": "not this audience"}"#))
        } else {
            Verdict::Pass
        }
    });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", portal(PUBLISH));
    let applied = case.run(&apply(&["--auto-approve"])).exits(5);
    assert!(applied.stdout.contains("not this audience; the asset was taken out of the portal again"), "{applied}");
    let assets = Case::on(&hub).run(&["get", "assets"]).exits(0).stdout;
    assert!(!assets.contains("ledger-events"), "{assets}");
}

#[test]
fn publishing_whose_answer_is_lost_is_resolved_by_reading() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |line, _| {
        if line.starts_with("POST ") && line.ends_with("/assets") { Verdict::Lose } else { Verdict::Pass }
    });
    let case = Case::on(&hub).at(&proxy);
    case.write("portal.yaml", portal(PUBLISH));
    case.run(&apply(&["--auto-approve"])).exits(0);
    assert_eq!(hub.writes(), ["POST addAssetsToCommunity", "PATCH updateCommunityAsset"]);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn the_report_comes_as_json_too() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve", "--format", "json"])), @r#"
    stdout:
    {
      "format_version": "1.0",
      "aehctl_version": "0.1.0",
      "portal": "developer-portal",
      "emulator": false,
      "interrupted": false,
      "summary": {
        "add": 0,
        "change": 1,
        "delete": 0
      },
      "outcomes": {
        "already-done": 0,
        "applied": 1,
        "failed": 0,
        "refused": 0,
        "skipped": 0,
        "unconfirmed": 0,
        "unknown": 0
      },
      "results": [
        {
          "id": "1",
          "address": "developer-portal/members/jane@example.com",
          "action": "update",
          "outcome": "applied"
        }
      ],
      "held": [],
      "forecast": {
        "requests": {
          "reads": 2,
          "writes": 1
        },
        "kinds": {
          "members": {
            "reads": 2,
            "writes": 1
          }
        },
        "operations": {
          "disableCommunityUser": 1,
          "getCommunityUser": 2
        },
        "seconds": [TIME]
      },
      "sent": {
        "requests": 3,
        "operations": {
          "disableCommunityUser": 1,
          "getCommunityUser": 2
        },
        "seconds": [TIME]
      }
    }
    stderr:
    [1/1] ~ members/jane@example.com: written
    exit: 0
    "#);
}

#[test]
fn the_report_comes_as_markdown_too() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: false}]\n"));
    case.run(&apply(&["--auto-approve"])).exits(0);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: true}]\n"));
    insta::assert_snapshot!(case.run(&apply(&["--auto-approve", "--allow", "enable", "--format", "markdown"])), @"
    stdout:
    <!-- aehctl apply: developer-portal -->
    ## Applied: 0 added, 1 changed, 0 deleted.

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com)

    What was planned: Plan: 0 to add, 1 to change, 0 to delete.

    **Visibility: 1 member gains 8 versions.**

    - Sent 3 requests in [TIME]; the forecast was 3 in [TIME].

    <details open>
    <summary>Visibility by cause</summary>

    ```diff
    + enabled members: 8 versions of 6 assets, 1 member
    ```

    </details>

    <details>
    <summary>Visibility by version: 8 versions</summary>

    ```diff
    ! Finance/exchange-rates v1
    +     1 member via system:guests
    ! Finance/payment-api v1
    +     1 member via system:members
    ! Logistics/shipment-api v1
    +     1 member via API Developers
    ! Logistics/shipment-api v2
    +     1 member via API Developers
    ! com.example/customer-api v1
    +     1 member via API Developers
    ! com.example/customer-api v2
    +     1 member via API Developers
    ! com.example/legacy-orders v1
    +     1 member via system:members
    ! com.example/order-api v2
    +     1 member via API Developers
    ```

    </details>

    <details open>
    <summary>Members: 1 change</summary>

    ```diff
    ! members/jane@example.com  # needs --allow enable
          enabled: false → true
    ```

    </details>

    - 6 user groups not in the manifest are left alone.
    - 7 members not in the manifest are left alone.
    - 3 pending sign-ups not in the manifest are left alone.
    - Digest of these changes: sha256:[DIGEST]
    stderr:
    [1/1] ~ members/jane@example.com: written
    exit: 0
    ");
}
