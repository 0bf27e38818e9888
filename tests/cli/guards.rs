//! Guards in plans and applies, signed plans, and applies that expect what was reviewed.

use serde_json::json;

use crate::support::{Case, Hub, ids, portal};

const KEY: &str = "correct horse battery staple";

const DISABLE: &str = "  members: [{user: jane@example.com, enabled: false}]\n";

/// A case whose manifest deletes two groups, under these guards.
fn deleting(hub: &Hub, guards: &str) -> Case {
    let case = Case::on(hub);
    case.write(
        "portal.yaml",
        portal(&format!("  guards: {guards}\n  userGroups: [{{name: Support, state: absent}}, {{name: Partner Globex, state: absent}}]\n")),
    );
    case
}

fn refused(ended: &crate::support::Ended) -> Vec<String> {
    ended.stderr.lines().filter(|line| line.starts_with("refused: ")).map(ToOwned::to_owned).collect()
}

#[test]
fn too_many_deletions_are_refused_and_shown() {
    let hub = Hub::demo();
    let case = deleting(&hub, "{maxDeletes: 1}");
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses Logistics/shipment-api v2.
      - Logistics/shipment-api v2 - Partner Globex: 1 member
      - members' groups - Partner Globex: Logistics/shipment-api v2, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      - userGroups/Partner Globex  # state: absent; cannot be undone; needs --allow delete
      - userGroups/Support  # state: absent; cannot be undone; needs --allow delete

      ~ assets/Logistics/shipment-api  # user group `Partner Globex` goes
          versions.v2: [API Developers, system:administrators, - Partner Globex]
      ~ assets/com.example/customer-api  # user group `Support` goes
          versions.v2: [API Developers, system:administrators, - Support]

      ~ members/dora@example.com  # user group `Support` goes
          userGroups: [system:members, - Support]
      ~ members/gina@globex.example  # user group `Partner Globex` goes
          userGroups: [system:members, - Partner Globex]

    Plan: 0 to add, 4 to change, 2 to delete.
    Forecast: apply sends 29 requests (6 writes) in [TIME]: 13 for user groups, 8 for assets, 8 for members.

    4 user groups not in the manifest are left alone.
    6 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    stderr:
    refused: 2 of 6 user groups would be deleted, and maxDeletes allows 1; if this is meant, add --max-deletes 2 or raise spec.guards.maxDeletes
    error: maxDeletes refuses this plan; nothing was changed
    exit: 3
    ");
    let applied = case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "delete"]).exits(3);
    assert_eq!(refused(&applied).len(), 1, "{applied}");
    // Nothing but a guard's own word overrules it, and it works in either direction.
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode", "--allow", "delete"]).exits(3);
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode", "--max-deletes", "2"]).exits(2);
    case.run(&["plan", "-f", "portal.yaml", "--max-deletes", "100%", "--max-updates", "0"]).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "delete", "--max-deletes", "2"]).exits(0);
}

#[test]
fn a_refused_plan_says_so_as_data_and_as_a_comment() {
    let hub = Hub::demo();
    let case = deleting(&hub, "{maxDeletes: 1, protected: [userGroups/Support]}");
    let plan = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).exits(3).json();
    insta::assert_snapshot!(format!("{:#}", plan["guards"]), @r#"
    {
      "administrators": 1,
      "limits": {
        "max_access_gain": {},
        "max_access_loss": {
          "percent": 50
        },
        "max_approvals": 25,
        "max_deletes": {
          "number": 1
        },
        "max_updates": {},
        "min_administrators": 1
      },
      "overrides": [],
      "protected": [
        {
          "addresses": [
            "developer-portal/userGroups/Support"
          ],
          "pattern": "userGroups/Support"
        }
      ],
      "totals": {
        "assets": 8,
        "idpMappings": 0,
        "members": 8,
        "userGroups": 6
      },
      "unprotected": [],
      "violations": [
        {
          "addresses": [
            "developer-portal/userGroups/Partner%20Globex",
            "developer-portal/userGroups/Support"
          ],
          "advice": "add --max-deletes 2 or raise spec.guards.maxDeletes",
          "count": 2,
          "guard": "maxDeletes",
          "kind": "userGroups",
          "limit": {
            "number": 1
          },
          "message": "2 of 6 user groups would be deleted, and maxDeletes allows 1",
          "total": 6
        },
        {
          "addresses": [
            "developer-portal/userGroups/Support"
          ],
          "advice": "add --unprotect developer-portal/userGroups/Support, or take the pattern out of spec.guards.protected",
          "count": 1,
          "guard": "protected",
          "kind": "userGroups",
          "message": "user group `Support` is protected by `userGroups/Support` and would be deleted"
        }
      ]
    }
    "#);
    let comment = case.run(&["plan", "-f", "portal.yaml", "--format", "markdown"]).exits(3).stdout;
    let head: Vec<&str> = comment.lines().take_while(|line| !line.starts_with("<details")).collect();
    insta::assert_snapshot!(head.join("\n"), @r###"
    <!-- aehctl plan: developer-portal -->
    ## Plan: 0 to add, 4 to change, 2 to delete.

    **Visibility: 1 member loses Logistics/shipment-api v2&#46;**

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com)

    - **Refused:** 2 of 6 user groups would be deleted, and maxDeletes allows 1; if this is meant, add --max-deletes 2 or raise spec.guards.maxDeletes
    - **Refused:** user group &#96;Support&#96; is protected by &#96;userGroups/Support&#96; and would be deleted; if this is meant, add --unprotect developer-portal/userGroups/Support, or take the pattern out of spec.guards.protected

    - Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.
    "###);
}

#[test]
fn a_saved_plan_is_checked_again() {
    let hub = Hub::demo();
    let case = deleting(&hub, "{maxDeletes: 1}");
    let planned = case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json", "--allow", "delete"]).exits(3);
    assert!(planned.stderr.starts_with("The plan is in plan.json. As it is, apply refuses it too.\n"), "{planned}");
    assert_eq!(refused(&case.run(&["show", "plan.json"]).exits(0)).len(), 1);
    assert_eq!(refused(&case.run(&["apply", "plan.json", "--auto-approve"]).exits(3)).len(), 1);
    assert_eq!(hub.writes(), Vec::<String>::new());
    // A word that is given when the plan is made stands in it, where a reviewer sees it.
    case.run(&["plan", "-f", "portal.yaml", "--out", "meant.json", "--allow", "delete", "--max-deletes", "2"]).exits(0);
    let shown = case.run(&["show", "meant.json"]).exits(0);
    assert!(shown.stdout.contains("Warning: guards are overruled at the command line: --max-deletes 2\n"), "{shown}");
    assert_eq!(refused(&case.run(&["apply", "meant.json", "--auto-approve", "--max-deletes", "1"]).exits(3)).len(), 1);
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&["apply", "meant.json", "--auto-approve"]).exits(0);
}

#[test]
fn the_last_administrator_stays() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: olivia@example.com, enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 16 versions.
      - disabled members: 16 versions of 8 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/olivia@example.com
          enabled: true → false

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 3 requests (1 write) in [TIME]: 3 for members.

    6 user groups not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    stderr:
    refused: 1 administrator would no longer be one (olivia@example.com), which leaves 0 that are enabled, and minAdministrators asks for 1; if this is meant, add --min-administrators 0 or lower spec.guards.minAdministrators
    error: minAdministrators refuses this plan; nothing was changed
    exit: 3
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--min-administrators", "0"]).exits(0);
}

#[test]
fn at_most_so_many_sign_ups_are_approved() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let rules = "  prospects: [{emailDomain: partner.example, approve: {userGroups: [Support]}}, {emailDomain: curious.example, approve: {userGroups: [Support]}}]\n";
    case.write("portal.yaml", portal(&format!("  guards: {{maxApprovals: 1}}\n{rules}")));
    let refusal = "refused: 2 pending sign-ups would be approved, and maxApprovals allows 1; if this is meant, add --max-approvals 2 or raise spec.guards.maxApprovals";
    assert_eq!(refused(&case.run(&["plan", "-f", "portal.yaml"]).exits(3)), [refusal]);
    let apply = ["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "approve"];
    assert_eq!(refused(&case.run(&apply).exits(3)), [refusal]);
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&[&apply[..], &["--max-approvals", "2"]].concat()).exits(0);
}

#[test]
fn too_many_updates_are_refused() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(&format!("  guards: {{maxUpdates: 0}}\n{DISABLE}")));
    let refusal = "refused: 1 of 8 members would be changed, and maxUpdates allows 0; if this is meant, add --max-updates 1 or raise spec.guards.maxUpdates";
    assert_eq!(refused(&case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(3)), [refusal]);
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--max-updates", "1"]).exits(0);
}

#[test]
fn what_is_protected_needs_its_address() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let spec = "  guards: {protected: [userGroups/Partner *, 'assets/Finance/*', 'members/*@example.com']}
  userGroups: [{name: Partner Acme, idpGroups: []}]
  prune: {assets: ['Finance/exchange-*']}
  members: [{user: jane@example.com, enabled: false}]
";
    case.write("portal.yaml", portal(spec));
    let planned = case.run(&["plan", "-f", "portal.yaml"]).exits(3);
    insta::assert_snapshot!(planned.stderr, @"
    refused: user group `Partner Acme` is protected by `userGroups/Partner *` and would be changed; if this is meant, add --unprotect developer-portal/userGroups/Partner%20Acme, or take the pattern out of spec.guards.protected
    refused: asset `Finance/exchange-rates` is protected by `assets/Finance/*` and would be deleted; if this is meant, add --unprotect developer-portal/assets/0e000001-0000-4000-8000-000000000002/exchange-rates, or take the pattern out of spec.guards.protected
    refused: member `jane@example.com` is protected by `members/*@example.com` and would be changed; if this is meant, add --unprotect developer-portal/members/jane@example.com, or take the pattern out of spec.guards.protected
    error: protected refuses this plan; nothing was changed
    ");
    let apply = ["apply", "-f", "portal.yaml", "--auto-approve"];
    case.run(&[&apply[..], &["--unprotect", "userGroups/Partner *", "--max-deletes", "100%"]].concat()).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
    let words = [
        "--unprotect",
        "developer-portal/userGroups/Partner%20Acme",
        "--unprotect",
        "assets/Finance/exchange-rates",
        "--unprotect",
        "members/jane@example.com",
    ];
    case.run(&[&apply[..], &words[..]].concat()).exits(0);
}

/// Shows invoices to guests and to everyone, and makes a partner who stands where shipments are seen.
const EXPOSING: &str = "  guards:
    neverPublic: [\"Finance/*\"]
    neverVisibleTo: [{assets: [\"finance/invoice-*\", \"*/shipment-api\"], userGroups: [\"Partner *\"]}]
  userGroups: [{name: Partner Initech, parent: API Developers}]
  assets:
    - {asset: Finance/invoice-api, versions: {v1: [Gold Tier, \"system:guests\"], v2: [\"system:members\"]}}
    - {asset: Finance/exchange-rates, versions: {v1: [\"system:guests\"]}}
";

#[test]
fn what_is_hidden_is_shown_to_nobody_without_a_word() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(EXPOSING));
    let planned = case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(3);
    insta::assert_snapshot!(refused(&planned).join("\n"), @"
    refused: asset `Finance/invoice-api` (v1) would become public, and neverPublic has `Finance/*`; if this is meant, add --expose developer-portal/assets/0e000001-0000-4000-8000-000000000002/invoice-api, or take the pattern out of spec.guards.neverPublic
    refused: asset `Logistics/shipment-api` (v1, v2) would be seen by members of Partner Initech (through API Developers), and neverVisibleTo has `*/shipment-api` for `Partner *`; if this is meant, add --expose developer-portal/assets/0e000001-0000-4000-8000-000000000003/shipment-api, or take the pattern out of spec.guards.neverVisibleTo
    refused: asset `Finance/invoice-api` (v1, v2) would be seen by members of Partner Acme, Partner Globex, Partner Initech (through system:guests, system:members), and neverVisibleTo has `finance/invoice-*` for `Partner *`; if this is meant, add --expose developer-portal/assets/0e000001-0000-4000-8000-000000000002/invoice-api, or take the pattern out of spec.guards.neverVisibleTo
    ");
    let warnings: Vec<&str> = planned.stdout.lines().filter(|line| line.starts_with("Warning: ")).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"
    Warning: asset `Finance/exchange-rates` (v1) is public already and stays so, although neverPublic has `Finance/*`
    Warning: asset `Logistics/shipment-api` (v2) is seen by members of Partner Globex already and stays so, although neverVisibleTo has `*/shipment-api` for `Partner *`
    ");
    assert_eq!(refused(&case.run(&["show", "plan.json"]).exits(0)).len(), 3);
    assert_eq!(refused(&case.run(&["apply", "plan.json", "--auto-approve"]).exits(3)).len(), 3);
    assert_eq!(refused(&case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(3)).len(), 3);
    let comment = case.run(&["plan", "-f", "portal.yaml", "--format", "markdown"]).exits(3).stdout;
    assert!(comment.contains("- **Refused:** ") && comment.contains("- **Warning:** "), "{comment}");
    let data = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).exits(3).json();
    insta::assert_snapshot!(format!("{:#}", data["guards"]["exposures"][1]), @r#"
    {
      "asset": "developer-portal/assets/0e000001-0000-4000-8000-000000000002/invoice-api",
      "guard": "neverPublic",
      "rule": "`Finance/*`",
      "stands": false,
      "through": [
        "system:guests"
      ],
      "versions": [
        "v1"
      ]
    }
    "#);
    // Only the assets' own names lift it, and each for itself.
    let words = ["--expose", "assets/Finance/invoice-api"];
    let apply = ["apply", "-f", "portal.yaml", "--auto-approve"];
    assert_eq!(refused(&case.run(&[&apply[..], &words].concat()).exits(3)).len(), 1);
    case.run(&[&apply[..], &["--expose", "assets/*", "--max-access-gain", "100%"]].concat()).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
    let shipments = "developer-portal/assets/0e000001-0000-4000-8000-000000000003/shipment-api";
    let all = [&words[..], &["--expose", shipments]].concat();
    case.run(&[&["plan", "-f", "portal.yaml", "--out", "meant.json"][..], &all].concat()).exits(0);
    case.run(&["apply", "meant.json", "--auto-approve"]).exits(0);
}

#[test]
fn a_group_is_not_made_where_it_would_see_what_is_hidden_from_it() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    // Nothing but the group is declared, so nothing else would be read.
    let made = |parent: &str| {
        portal(&format!(
            "  guards: {{neverVisibleTo: [{{assets: [\"*/shipment-api\"], userGroups: [\"Partner N*\"]}}]}}
  userGroups: [{{name: Partner New, parent: {parent}}}]\n"
        ))
    };
    case.write("portal.yaml", made("API Developers"));
    insta::assert_snapshot!(refused(&case.run(&["plan", "-f", "portal.yaml"]).exits(3)).join("\n"), @"refused: asset `Logistics/shipment-api` (v1, v2) would be seen by members of Partner New (through API Developers), and neverVisibleTo has `*/shipment-api` for `Partner N*`; if this is meant, add --expose developer-portal/assets/0e000001-0000-4000-8000-000000000003/shipment-api, or take the pattern out of spec.guards.neverVisibleTo");
    case.write("portal.yaml", made("\"system:members\""));
    case.run(&["plan", "-f", "portal.yaml"]).exits(0);
    // A snapshot has what it has.
    case.write("less.yaml", portal("  userGroups: [{name: Partner Acme}]\n"));
    case.run(&["observe", "-f", "less.yaml", "--out", "live.json"]).exits(0);
    let planned = case.run(&["plan", "-f", "portal.yaml", "--live", "live.json"]).exits(0).stdout;
    let warning = "Warning: neverVisibleTo could be judged in part alone: the portal's assets were not read\n";
    assert!(planned.contains(warning), "{planned}");
}

#[test]
fn not_more_members_lose_and_gain_sight_than_limits_allow() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let spec = "  guards: {maxAccessLoss: 1, maxAccessGain: 0}
  assets: [{asset: Finance/payment-api, versions: {v1: [Support, Partner Acme], v2: [\"system:members\"]}}]\n";
    case.write("portal.yaml", portal(spec));
    let planned = case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(3);
    insta::assert_snapshot!(refused(&planned).join("\n"), @"
    refused: 4 of 7 enabled members would lose sight of something, and maxAccessLoss allows 1; if this is meant, add --max-access-loss 4 or raise spec.guards.maxAccessLoss
    refused: 3 of 7 enabled members would gain sight of something, and maxAccessGain allows 0; if this is meant, add --max-access-gain 3 or raise spec.guards.maxAccessGain
    ");
    assert_eq!(refused(&case.run(&["apply", "plan.json", "--auto-approve"]).exits(3)).len(), 2);
    let flags = ["--max-access-loss", "100%", "--max-access-gain", "10"];
    assert_eq!(refused(&case.run(&["apply", "plan.json", "--auto-approve", flags[0], flags[1]]).exits(3)).len(), 1);
    assert_eq!(hub.writes(), Vec::<String>::new());
    // Who they are stands in no refusal.
    assert!(!planned.stderr.contains('@'), "{planned}");
    let unchanged = "  assets: [{asset: Finance/payment-api, versions: {v1: [\"system:members\"]}}]\n";
    case.write("less.yaml", portal(unchanged));
    case.run(&["observe", "-f", "less.yaml", "--out", "live.json"]).exits(0);
    let on_snapshot = case.run(&["plan", "-f", "portal.yaml", "--live", "live.json"]).exits(0).stdout;
    assert!(
        on_snapshot.contains("Warning: maxAccessLoss could not be judged: the members were not read\n"),
        "{on_snapshot}"
    );
    let applied = [&["apply", "plan.json", "--auto-approve"][..], &flags].concat();
    let shown = case.run(&applied).exits(0).stdout;
    let overruled = "Warning: guards are overruled at the command line: --max-access-loss 100% --max-access-gain 10\n";
    assert!(shown.contains(overruled), "{shown}");
}

#[test]
fn the_embedded_server_is_guarded_too() {
    let case = Case::new();
    for guards in ["maxUpdates: 0", "maxAccessLoss: 0"] {
        case.write("portal.yaml", portal(&format!("  guards: {{{guards}}}\n{DISABLE}")));
        case.run(&["--emulator", "plan", "-f", "portal.yaml"]).exits(3);
        case.run(&["--emulator", "apply", "-f", "portal.yaml", "--auto-approve"]).exits(3);
    }
}

#[test]
fn a_guard_that_is_no_number_is_wrong_usage() {
    let case = Case::new();
    insta::assert_snapshot!(case.run(&["plan", "-f", "x.yaml", "--max-deletes", "half"]), @"
    stderr:
    error: invalid value 'half' for '--max-deletes <N|N%>': expected a number like `10`, or a percentage from `0%` to `100%`

    For more information, try '--help'.
    exit: 64
    ");
    insta::assert_snapshot!(case.run(&["apply", "-f", "x.yaml", "--unprotect", "Gold Tier"]), @"
    stderr:
    error: invalid value 'Gold Tier' for '--unprotect <ADDRESS>': `Gold Tier` is not an address like `developer-portal/userGroups/Gold%20Tier`

    For more information, try '--help'.
    exit: 64
    ");
    for flags in [
        ["--max-deletes", "101%"],
        ["--max-approvals", "30%"],
        ["--min-administrators", "-1"],
        ["--max-updates", ""],
        ["--max-access-loss", "many"],
        ["--max-access-gain", "101%"],
        ["--expose", "Finance/x"],
    ] {
        case.run(&[&["plan", "-f", "x.yaml"][..], &flags].concat()).exits(64);
    }
}

#[test]
fn with_a_key_only_signed_plans_are_applied() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.write("portal.yaml", portal(DISABLE));
    case.run(&["plan", "-f", "portal.yaml", "--out", "unsigned.json"]).exits(0);
    case.set("AEHCTL_PLAN_KEY", KEY);
    let planned = case.run(&["plan", "-f", "portal.yaml", "--out", "signed.json"]).exits(0);
    assert!(!planned.all().contains(KEY) && !case.read("signed.json").contains(KEY));
    hub.running().forget_requests();
    insta::assert_snapshot!(case.run(&["apply", "unsigned.json", "--auto-approve"]), @"
    stderr:
    error: failed to read unsigned.json: the plan is not signed, and AEHCTL_PLAN_KEY is set
     hint: only a plan that was made where this key is set can be used: plan again there
    exit: 1
    ");
    case.run(&["show", "unsigned.json"]).exits(1);
    // Whoever edits a plan can make its checksum fit. Theirs is the signature of another plan.
    let mut forged = case.json("unsigned.json");
    forged["signature"] = case.json("signed.json")["signature"].clone();
    forged["created_at"] = json!("2026-01-01T00:00:00Z");
    case.write("forged.json", forged.to_string());
    case.run(&["apply", "forged.json", "--auto-approve"]).exits(1);
    case.set("AEHCTL_PLAN_KEY", "another key of some length");
    insta::assert_snapshot!(case.run(&["apply", "signed.json", "--auto-approve"]), @"
    stderr:
    error: failed to read signed.json: the plan was not signed with this AEHCTL_PLAN_KEY
     hint: only a plan that was made where this key is set can be used: plan again there
    exit: 1
    ");
    for weak in ["", "  ", "too short"] {
        case.set("AEHCTL_PLAN_KEY", weak);
        insta::allow_duplicates! {
            insta::assert_snapshot!(case.run(&["apply", "signed.json", "--auto-approve"]), @"
            stderr:
            error: AEHCTL_PLAN_KEY holds less than 16 bytes
             hint: make one with `openssl rand -hex 32`, or unset AEHCTL_PLAN_KEY to go without signatures
            exit: 1
            ");
        }
        case.run(&["plan", "-f", "portal.yaml", "--out", "weak.json"]).exits(1);
    }
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.unset("AEHCTL_PLAN_KEY");
    let shown = case.run(&["show", "signed.json"]).exits(0);
    assert_eq!(
        shown.stderr,
        "Warning: signed.json is signed, and nobody checked the signature: AEHCTL_PLAN_KEY is not set.\n"
    );
    case.set("AEHCTL_PLAN_KEY", KEY);
    case.run(&["apply", "signed.json", "--auto-approve"]).exits(0);
}

#[test]
fn only_what_was_reviewed_is_applied() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(DISABLE));
    let planned = case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    let digest = case.json("plan.json")["digest"].as_str().expect("a plan has a digest").to_owned();
    assert!(planned.stderr.ends_with(&format!("Its digest, for `apply -f … --expect`, is {digest}\n")), "{planned}");
    assert_eq!(case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).json()["digest"], *digest);
    assert!(case.run(&["plan", "-f", "portal.yaml", "--format", "markdown"]).stdout.contains(&digest));
    assert!(case.run(&["plan", "-f", "portal.yaml", "-v"]).stdout.contains(&digest));
    // What else happens in the portal does not matter.
    hub.meanwhile(async |writer, path| writer.update_user_group(&path, ids::SUPPORT, "Helpdesk", "").await);
    hub.running().forget_requests();
    let apply = |digest: &str| case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--expect", digest]);
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = apply(&other).exits(4);
    assert!(refused.stderr.contains("these are not the changes that were reviewed"), "{refused}");
    assert!(refused.stderr.contains(&digest) && refused.stderr.contains("members/jane@example.com"), "{refused}");
    assert_eq!(hub.writes(), Vec::<String>::new());
    apply(&digest[..19]).exits(0);
    // It is done: there is nothing left of what was expected.
    insta::assert_snapshot!(apply(&digest), @"
    stderr:
    error: nothing is left of the changes that were reviewed, sha256:[DIGEST]; nothing was changed
     hint: the portal matches the manifest: they were applied already, or are no longer declared
    exit: 4
    ");
}

#[test]
fn what_drifted_since_is_not_what_was_reviewed() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    let digest = case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).json()["digest"]
        .as_str()
        .expect("a text")
        .to_owned();
    hub.meanwhile(async |writer, path| {
        writer.set_user_groups(&path, ids::JANE, &[ids::MEMBERS.to_owned(), ids::SUPPORT.to_owned()]).await
    });
    hub.running().forget_requests();
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--expect", &digest]).exits(4);
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn what_is_no_digest_is_wrong_usage() {
    let case = Case::new();
    insta::assert_snapshot!(case.run(&["apply", "-f", "x.yaml", "--expect", "sha256:0123"]), @"
    stderr:
    error: invalid value 'sha256:0123' for '--expect <DIGEST>': expected `sha256:` and at least 12 of its 64 hexadecimal digits

    For more information, try '--help'.
    exit: 64
    ");
    case.run(&["apply", "-f", "x.yaml", "--expect", "sha256:not-hexadecimal"]).exits(64);
    case.run(&["apply", "plan.json", "--expect", "sha256:0123456789ab"]).exits(64);
}

#[test]
fn a_plan_is_for_its_own_organization() {
    let seed =
        |organization: &str| aehctl::emulator::demo().replace("0e000001-0000-4000-8000-000000000001", organization);
    let hub = Hub::demo();
    let home = Case::on(&hub);
    home.write("portal.yaml", portal(DISABLE));
    home.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    // The same ids in another organization.
    let elsewhere = Hub::seeded(&seed("0e000009-0000-4000-8000-000000000001"));
    let other = Case::on(&elsewhere);
    other.write("plan.json", home.read("plan.json"));
    insta::assert_snapshot!(other.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: the plan was made for organization 0e000001-0000-4000-8000-000000000001, and the credential belongs to 0e000009-0000-4000-8000-000000000001
     hint: use a credential of the plan's organization, or plan again
    exit: 1
    ");
    assert_eq!(elsewhere.writes(), Vec::<String>::new());
}
