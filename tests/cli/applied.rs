//! What was applied, as git knows it: `--applied`, `--base`, `--only`, `--accept-drift`.

use std::process::Command;

use crate::support::{Case, Hub, ids, portal};

/// What is applied first: a partner who comes, and two people.
const FIRST: &str = "  \
  userGroups: [{name: Partner Initech}]
  assets: [{asset: Finance/invoice-api, versions: {v2: [Partner Acme, Partner Initech]}}]
  members:
    - {user: jane@example.com, userGroups: [Support], enabled: true}
    - {user: ken@example.com, userGroups: [Support]}
";

/// A repository in the case's folder.
struct Repository<'c>(&'c Case);

impl<'c> Repository<'c> {
    fn new(case: &'c mut Case) -> Self {
        case.set("PATH", &std::env::var("PATH").expect("there is a path"));
        let repository = Self(case);
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
        let done = Command::new("git")
            .current_dir(self.0.path(""))
            .env("HOME", self.0.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(identity)
            .args(arguments)
            .output()
            .expect("git can be started");
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Commits a manifest with this `spec`.
    fn commit(&self, spec: &str) {
        self.0.write("portal.yaml", portal(spec));
        self.git(&["add", "portal.yaml"]);
        self.git(&["commit", "--quiet", "--message", "portal"]);
    }
}

/// The first manifest is committed and applied; then somebody shuts jane out and moves ken.
fn restricted<'c>(hub: &Hub, case: &'c mut Case) -> Repository<'c> {
    let repository = Repository::new(case);
    repository.commit(FIRST);
    repository.0.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    repository.git(&["update-ref", "refs/aehctl/applied", "HEAD"]);
    hub.meanwhile(async |writer, path| {
        writer.disable_user(&path, ids::JANE).await?;
        writer.set_user_groups(&path, ids::KEN, &[ids::MEMBERS.to_owned(), ids::GOLD.to_owned()]).await
    });
    hub.running().forget_requests();
    repository
}

const APPLIED: [&str; 2] = ["--applied", "refs/aehctl/applied"];

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshots of one story, in every format")]
fn what_somebody_took_away_is_held_and_all_else_goes_on() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = restricted(&hub, &mut case);
    let case = repository.0;
    repository.commit(&FIRST.replace("[Partner Acme, ", "[Partner Acme, Support, "));
    let plan = ["plan", "-f", "portal.yaml", "--applied", "refs/aehctl/applied", "--detailed-exitcode"];
    insta::assert_snapshot!(case.run(&plan), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - members' groups - Gold Tier: 8 versions of 5 assets, 1 member  # drift
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ assets/Finance/invoice-api
          versions.v2: [Partner Acme, Partner Initech, system:administrators, + Support]

      ~ members/ken@example.com  # drift
          userGroups: [system:members, - Gold Tier]

    Plan: 0 to add, 2 to change, 0 to delete. 2 held changes are left out.
    By origin: 1 this change, 1 drift.
    Forecast: apply sends 8 requests (2 writes) in [TIME]: 4 for assets, 4 for members.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Held, since somebody took it away in the portal (--accept-drift all gives it back):
      ~ members/jane@example.com
          would be enabled again, in Support, system:members
          --accept-drift developer-portal/members/jane@example.com
      ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com
    exit: 2
    ");
    insta::assert_snapshot!(case.run(&[&plan[..], &["--format", "markdown"]].concat()), @"
    stdout:
    <!-- aehctl plan: developer-portal -->
    ## Plan: 0 to add, 2 to change, 0 to delete. 2 held changes are left out.

    **Visibility: 1 member loses 8 versions.**

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com)

    By origin: 1 this change, 1 drift.

    - Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

    <details open>
    <summary>Held: 2 changes. Somebody took this away in the portal; --accept-drift all gives it back</summary>

    ```diff
    ~ members/jane@example.com
          would be enabled again, in Support, system:members
          --accept-drift developer-portal/members/jane@example.com
    ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com
    ```

    </details>

    <details open>
    <summary>Visibility by cause</summary>

    ```diff
    - members' groups - Gold Tier: 8 versions of 5 assets, 1 member  # drift
    ```

    </details>

    <details>
    <summary>Visibility by version: 8 versions</summary>

    ```diff
    ! Finance/invoice-api v1
    -     1 member via Gold Tier
    ! Finance/payment-api v2
    -     1 member via Gold Tier
    ! Logistics/shipment-api v1
    -     1 member via API Developers
    ! Logistics/shipment-api v2
    -     1 member via API Developers
    ! com.example/customer-api v1
    -     1 member via API Developers
    ! com.example/customer-api v2
    -     1 member via API Developers
    ! com.example/order-api v2
    -     1 member via API Developers
    ! com.example/order-api v3
    -     1 member via Gold Tier
    ```

    </details>

    <details open>
    <summary>Assets: 1 change</summary>

    ```diff
    ! assets/Finance/invoice-api
          versions.v2: [Partner Acme, Partner Initech, system:administrators, + Support]
    ```

    </details>

    <details open>
    <summary>Members: 1 change</summary>

    ```diff
    ! members/ken@example.com  # drift
          userGroups: [system:members, - Gold Tier]
    ```

    </details>

    - 6 user groups not in the manifest are left alone.
    - 7 assets not in the manifest are left alone.
    - 6 members not in the manifest are left alone.
    - 3 pending sign-ups not in the manifest are left alone.
    - Forecast: apply sends 8 requests (2 writes) in [TIME]: 4 for assets, 4 for members.
    - Digest of these changes: sha256:[DIGEST]
    exit: 2
    ");
    let json: serde_json::Value =
        serde_json::from_str(&case.run(&[&plan[..], &["--format", "json"]].concat()).exits(2).stdout)
            .expect("the plan is JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["held"]).expect("it is JSON"), @r#"
    [
      {
        "address": "developer-portal/members/jane@example.com",
        "after": true,
        "before": false,
        "groups": [
          "Support",
          "system:members"
        ],
        "path": "enabled"
      },
      {
        "address": "developer-portal/members/ken@example.com",
        "after": [
          "Support",
          "system:members"
        ],
        "before": [
          "Gold Tier",
          "system:members"
        ],
        "groups": [
          "Support"
        ],
        "path": "userGroups"
      }
    ]
    "#);
    let origins = |change: &serde_json::Value| format!("{} {}", change["address"], change["origin"]);
    let origins: Vec<String> = json["changes"].as_array().expect("it is a list").iter().map(origins).collect();
    insta::assert_snapshot!(origins.join("\n"), @r#"
    "developer-portal/members/ken@example.com" "drift"
    "developer-portal/assets/0e000001-0000-4000-8000-000000000002/invoice-api" "this-change"
    "#);
    insta::assert_snapshot!(case.run(&["apply", "-f", "portal.yaml", "--applied", "refs/aehctl/applied", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - members' groups - Gold Tier: 8 versions of 5 assets, 1 member  # drift
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ assets/Finance/invoice-api
          versions.v2: [Partner Acme, Partner Initech, system:administrators, + Support]

      ~ members/ken@example.com  # drift
          userGroups: [system:members, - Gold Tier]

    Plan: 0 to add, 2 to change, 0 to delete. 2 held changes are left out.
    By origin: 1 this change, 1 drift.
    Forecast: apply sends 6 requests (2 writes) in [TIME]: 3 for assets, 3 for members.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Held, since somebody took it away in the portal (--accept-drift all gives it back):
      ~ members/jane@example.com
          would be enabled again, in Support, system:members
          --accept-drift developer-portal/members/jane@example.com
      ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com

    Applied: 0 added, 2 changed, 0 deleted. 2 held changes are left out.
    Sent 6 requests in [TIME]; the forecast was 6 in [TIME].
    stderr:
    [1/2] ~ members/ken@example.com: written
    [2/2] ~ assets/Finance/invoice-api: written
    exit: 0
    ");
    // Nothing but what is held is left, and that is no match.
    repository.git(&["update-ref", "refs/aehctl/applied", "HEAD"]);
    insta::assert_snapshot!(case.run(&plan), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    No changes. 2 held changes are left out.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Held, since somebody took it away in the portal (--accept-drift all gives it back):
      ~ members/jane@example.com
          would be enabled again, in Support, system:members
          --accept-drift developer-portal/members/jane@example.com
      ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com
    exit: 2
    ");
}

#[test]
fn what_is_held_is_given_back_by_an_explicit_word() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = restricted(&hub, &mut case);
    let case = repository.0;
    let apply = ["apply", "-f", "portal.yaml", "--auto-approve", "--applied", "refs/aehctl/applied", "--accept-drift"];
    let accept = |words: &[&str]| case.run(&[&apply[..], words].concat());
    insta::assert_snapshot!(accept(&["developer-portal/members/maria@acme.example"]), @"
    stderr:
    error: --accept-drift developer-portal/members/maria@acme.example: nothing is held for this address
     hint: held: developer-portal/members/jane@example.com, developer-portal/members/ken@example.com
    exit: 1
    ");
    insta::assert_snapshot!(accept(&["members/jane@example.com"]), @"
    stderr:
    error: invalid value 'members/jane@example.com' for '--accept-drift <ADDRESS|all>': `members/jane@example.com` is not an address like `developer-portal/userGroups/Gold%20Tier`

    For more information, try '--help'.
    exit: 64
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
    insta::assert_snapshot!(accept(&["developer-portal/members/jane@example.com"]).exits(0).stdout, @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member gains 4 versions, 1 loses 8 versions.
      + enabled members: 4 versions of 4 assets, 1 member  # drift
      - members' groups - Gold Tier: 8 versions of 5 assets, 1 member  # drift
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com  # drift
          enabled: false → true
      ~ members/ken@example.com  # drift
          userGroups: [system:members, - Gold Tier]

    Plan: 0 to add, 2 to change, 0 to delete. 1 held change is left out.
    By origin: 2 drift.
    Forecast: apply sends 6 requests (2 writes) in about 1 s: 6 for members.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Held, since somebody took it away in the portal (--accept-drift all gives it back):
      ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com

    Applied: 0 added, 2 changed, 0 deleted. 1 held change is left out.
    Sent 6 requests in less than a second; the forecast was 6 in about 1 s.
    ");
    accept(&["all"]).exits(0);
    let applied = [&["plan", "-f", "portal.yaml", "--detailed-exitcode"], &APPLIED[..]].concat();
    case.run(&applied).exits(0);
    // `all` always works; an address must mean something.
    accept(&["all"]).exits(0);
    insta::assert_snapshot!(accept(&["developer-portal/members/jane@example.com"]), @"
    stderr:
    error: --accept-drift developer-portal/members/jane@example.com: nothing is held for this address
     hint: nothing is held at all: leave the flag out
    exit: 1
    ");
}

#[test]
fn what_is_no_longer_declared_is_deleted_on_the_word_of_the_record() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    let case = repository.0;
    repository.commit(FIRST);
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    repository.git(&["tag", "applied"]);
    repository.commit("  userGroups: []\n  assets: []\n  members: [{user: jane@example.com, userGroups: [Support]}]\n");
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    let plan = ["plan", "-f", "portal.yaml", "--applied", "applied"];
    insta::assert_snapshot!(case.run(&plan), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 4 members lose 3 versions; identity provider groups: 2 lose.
      - assets - system:administrators: 2 versions, 1 member, 1 identity provider group
      - Finance/invoice-api v2 - Partner Acme: 2 members, 1 identity provider group
      - members' groups - Support: com.example/customer-api v2, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      - userGroups/Partner Initech  # declared in applied, no longer in the manifest; cannot be undone; needs --allow delete

      - assets/Finance/invoice-api  # declared in applied, no longer in the manifest

      ~ members/ken@example.com  # declared in applied, no longer in the manifest
          userGroups: [system:members, - Support]

    Plan: 0 to add, 1 to change, 2 to delete.
    By origin: 3 this change.
    Forecast: apply sends 18 requests (3 writes) in [TIME]: 10 for user groups, 4 for assets, 4 for members.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    exit: 0
    ");
    // A snapshot for the same serves without a credential; one without the record says what is missing.
    case.run(&["observe", "-f", "portal.yaml", "--applied", "applied", "--out", "live.json"]).exits(0);
    let online = case.run(&plan).stdout;
    assert_eq!(case.run(&[&plan[..], &["--live", "live.json"]].concat()).exits(0).stdout, online);
    case.run(&["observe", "-f", "portal.yaml", "--out", "less.json"]).exits(0);
    let told = case.run(&[&plan[..], &["--live", "less.json"]].concat()).exits(1).stderr;
    assert!(told.contains("observe the portal with this manifest and the same --applied"), "{told}");
    case.run(&["apply", "-f", "portal.yaml", "--applied", "applied", "--auto-approve", "--allow", "delete"]).exits(0);
    let plan = [&plan[..], &["--detailed-exitcode"]].concat();
    case.run(&plan).exits(0);
}

#[test]
fn what_is_pending_is_told_from_what_is_new() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = restricted(&hub, &mut case);
    let case = repository.0;
    let pending = FIRST.replace("[{name: Partner Initech}]", "[{name: Partner Initech}, {name: Partner Pending}]");
    repository.commit(&pending);
    repository.git(&["checkout", "--quiet", "-b", "feature"]);
    repository.commit(&pending.replace("{name: Partner Pending}", "{name: Partner Pending}, {name: Partner New}"));
    repository.git(&["checkout", "--quiet", "main"]);
    repository.commit(&pending.replace("Pending", "Elsewhere"));
    repository.git(&["checkout", "--quiet", "feature"]);
    let plan = ["plan", "-f", "portal.yaml", "--applied", "refs/aehctl/applied", "--base", "main"];
    let only = |origin: &str| case.run(&[&plan[..], &["--detailed-exitcode", "--only", origin]].concat());
    insta::assert_snapshot!(case.run(&plan), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - members' groups - Gold Tier: 8 versions of 5 assets, 1 member  # drift
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      + userGroups/Partner New
          parent: system:members
      + userGroups/Partner Pending  # pending
          parent: system:members

      ~ members/ken@example.com  # drift
          userGroups: [system:members, - Gold Tier]

    Plan: 2 to add, 1 to change, 0 to delete. 2 held changes are left out.
    By origin: 1 this change, 1 pending, 1 drift.
    Forecast: apply sends 11 requests (3 writes) in [TIME]: 7 for user groups, 4 for members.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Held, since somebody took it away in the portal (--accept-drift all gives it back):
      ~ members/jane@example.com
          would be enabled again, in Support, system:members
          --accept-drift developer-portal/members/jane@example.com
      ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com
    exit: 0
    ");
    insta::assert_snapshot!(only("drift"), @r###"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - members' groups - Gold Tier: 8 versions of 5 assets, 1 member  # drift
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/ken@example.com  # drift
          userGroups: [system:members, - Gold Tier]

    Plan, drift alone: 0 to add, 1 to change, 0 to delete. 2 held changes are left out.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Held, since somebody took it away in the portal (--accept-drift all gives it back):
      ~ members/jane@example.com
          would be enabled again, in Support, system:members
          --accept-drift developer-portal/members/jane@example.com
      ~ members/ken@example.com
          would be in Support again
          --accept-drift developer-portal/members/ken@example.com
    exit: 2
    "###);
    insta::assert_snapshot!(only("pending"), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

      + userGroups/Partner Pending  # pending
          parent: system:members

    Plan, pending alone: 1 to add, 0 to change, 0 to delete.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    exit: 2
    ");
    insta::assert_snapshot!(only("this-change"), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

      + userGroups/Partner New
          parent: system:members

    Plan, this change alone: 1 to add, 0 to change, 0 to delete.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    exit: 2
    ");
    // Without a record, the base tells what is new alone, and nothing is held.
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--base", "main", "--only", "this-change"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

      + userGroups/Partner New
          parent: system:members

    Plan, this change alone: 1 to add, 0 to change, 0 to delete.

    6 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    exit: 0
    ");
}

#[test]
fn a_revision_that_tells_nothing_is_told() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    let case = repository.0;
    repository.commit(FIRST);
    repository.git(&["tag", "first"]);
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--only", "drift"]), @"
    stderr:
    error: --only needs to know what was declared before
     hint: add --applied with the revision that was applied last, or --base with the one that this is based on
    exit: 64
    ");
    insta::assert_snapshot!(
        case.run(&["plan", "-f", "portal.yaml", "--applied", "first", "--only", "drift", "--out", "plan.json"]),
        @"
        stderr:
        error: the argument '--only <ORIGIN>' cannot be used with '--out <PATH>'

        Usage: aehctl plan --file <PATH> --applied <REV> --only <ORIGIN>

        For more information, try '--help'.
        exit: 64
        "
    );
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--applied", "frist"]), @"
    stderr:
    error: failed to find what --applied names: there is no revision `frist` here
     hint: did you mean `first`?
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--applied", "first"]), @"
    stderr:
    error: the argument '[PLANFILE]...' cannot be used with '--applied <REV>'

    Usage: aehctl apply <PLANFILE>...

    For more information, try '--help'.
    exit: 64
    ");
    insta::assert_snapshot!(
        case.run(&["plan", "-f", "portal.yaml", "--accept-drift", "developer-portal/members/jane@example.com"]),
        @"
        stderr:
        error: --accept-drift developer-portal/members/jane@example.com: nothing is held for this address
         hint: nothing is held without a record of what was applied: see --applied
        exit: 1
        "
    );
    case.write("portal.yaml", portal(&format!("  target: {{environment: SANDBOX}}\n{FIRST}")));
    repository.git(&["commit", "--quiet", "--all", "--message", "sandbox"]);
    case.write("portal.yaml", portal("  target: {environment: PRODUCTION}\n  userGroups: [{name: Support}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--applied", "HEAD"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)
    Warning: HEAD is no record for this portal: there, `developer-portal` names another one. Nothing is deleted or held on its account

    No changes. The portal matches the manifest.

    5 user groups not in the manifest are left alone.
    exit: 0
    ");
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--applied", "HEAD", "--only", "drift"]), @"
    stderr:
    error: --only needs to know what was declared before, and nothing is recorded for this portal there
     hint: plan without --only, or name another revision with --applied
    exit: 64
    ");
}

#[test]
fn a_change_that_loosens_a_guard_does_not_pass_it() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    repository.commit("  guards: {maxUpdates: 1, protected: [members/ken@example.com]}\n  members: []\n");
    repository.git(&["update-ref", "refs/aehctl/applied", "HEAD"]);
    repository.commit(
        "  guards: {maxUpdates: 50}
  members: [{user: jane@example.com, enabled: false}, {user: ken@example.com, enabled: false}]
  prune: {assets: ['Finance/*']}
",
    );
    let case = repository.0;
    insta::assert_snapshot!(case.run(&[&["plan", "-f", "portal.yaml"], &APPLIED[..]].concat()), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)
    Warning: this change loosens the guards: maxUpdates 1 → 50, protected without `members/ken@example.com`, prune.assets with `Finance/*`; it counts from the next apply on

    Visibility: 2 members lose 12 versions.
      - disabled members: 12 versions of 7 assets, 2 members
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com
          enabled: true → false
      ~ members/ken@example.com
          enabled: true → false

    Plan: 0 to add, 2 to change, 0 to delete.
    By origin: 2 this change.
    Forecast: apply sends 8 requests (2 writes) in [TIME]: 8 for members.

    6 user groups not in the manifest are left alone.
    8 assets not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    stderr:
    refused: 2 of 8 members would be changed, and maxUpdates allows 1; if this is meant, add --max-updates 2 or raise spec.guards.maxUpdates
    refused: member `ken@example.com` is protected by `members/ken@example.com` and would be changed; if this is meant, add --unprotect developer-portal/members/ken@example.com, or take the pattern out of spec.guards.protected
    error: maxUpdates, protected refuse this plan; nothing was changed
    exit: 3
    ");
    for earlier in [APPLIED, ["--base", "HEAD~1"]] {
        case.run(&[&["apply", "-f", "portal.yaml", "--auto-approve"], &earlier[..]].concat()).exits(3);
    }
    assert_eq!(hub.writes(), Vec::<String>::new());
    let words = ["--max-updates", "2", "--unprotect", "members/ken@example.com"];
    case.run(&[&["apply", "-f", "portal.yaml", "--auto-approve"], &APPLIED[..], &words].concat()).exits(0);
}

#[test]
fn what_is_left_out_of_a_plan_is_not_guarded() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    let guarded = "  guards: {protected: [members/ken@example.com]}\n";
    let ken = "{user: ken@example.com, userGroups: [Support]}";
    repository.commit(&format!("{guarded}  members: [{ken}]\n"));
    repository.git(&["update-ref", "refs/aehctl/applied", "HEAD"]);
    repository.commit(&format!("{guarded}  members: [{ken}, {{user: jane@example.com, enabled: false}}]\n"));
    let plan = |more: &[&str]| repository.0.run(&[&["plan", "-f", "portal.yaml"], &APPLIED[..], more].concat());
    plan(&[]).exits(3);
    plan(&["--only", "drift"]).exits(3);
    plan(&["--only", "this-change"]).exits(0);
}

#[test]
fn the_change_that_begins_a_portal_is_all_of_it_this_change() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    let case = repository.0;
    case.write("portals/README.md", "The portals come here.\n");
    repository.git(&["add", "portals"]);
    repository.git(&["commit", "--quiet", "--message", "beginning"]);
    repository.git(&["checkout", "--quiet", "-b", "feature"]);
    repository.commit("  userGroups: [{name: Partner Initech}]\n");
    case.write("portals/portal.yaml", portal("  userGroups: [{name: Partner Initech}]\n"));
    let plan = |path: &str| {
        case.run(&["plan", "-f", path, "--base", "main", "--only", "this-change", "--detailed-exitcode"]).exits(2)
    };
    for (path, missing) in [("portal.yaml", "is not in revision"), ("portals", "stands for no YAML file")] {
        let ended = plan(path);
        assert!(ended.stdout.contains("Plan, this change alone: 1 to add, 0 to change, 0 to delete."), "{ended}");
        assert!(ended.stderr.starts_with("warning[not-in-revision]: `"), "{ended}");
        assert!(ended.stderr.contains(missing), "{ended}");
    }
    // What was applied cannot have been nothing: another commit was meant, or another file.
    let told = case.run(&["plan", "-f", "portal.yaml", "--applied", "main"]).exits(1).stderr;
    assert!(told.contains("`portal.yaml` is not in revision `main`"), "{told}");
}

#[test]
fn a_base_with_faults_tells_nothing_and_stops_nothing() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    let case = repository.0;
    repository.commit("  userGroups: [{nam: Partner Initech}]\n");
    repository.git(&["checkout", "--quiet", "-b", "feature"]);
    repository.commit("  userGroups: [{name: Partner Initech}]\n");
    let based = ["plan", "-f", "portal.yaml", "--base", "main"];
    let planned = case.run(&based).exits(0);
    assert!(planned.stdout.contains("Plan: 1 to add, 0 to change, 0 to delete."), "{planned}");
    let warning = " (--base) has faults: nothing is told pending, and its guards do not count";
    assert!(planned.stdout.contains("Warning: the manifest at ") && planned.stdout.contains(warning), "{planned}");
    let json = case.run(&[&based[..], &["--format", "json"]].concat()).exits(0).json();
    assert_eq!((&json["base"], &json["changes"][0]["origin"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    // What was applied decides on deletions: there, a fault is one.
    let told = case.run(&["plan", "-f", "portal.yaml", "--applied", "main"]).exits(1).stderr;
    assert!(told.contains("the manifest of --applied `main` has 2 faults"), "{told}");
}

#[test]
fn what_is_held_is_listed_once() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let case = restricted(&hub, &mut case).0;
    // At a terminal the plan comes before its report; a comment is one text.
    for (format, summaries) in [("human", 2), ("markdown", 1)] {
        let apply = [&["apply", "-f", "portal.yaml", "--auto-approve", "--format", format][..], &APPLIED].concat();
        let told = case.run(&apply).exits(0).stdout;
        assert_eq!(told.matches("held changes are left out").count(), summaries, "{told}");
        assert_eq!(told.matches("--accept-drift developer-portal/members/ken@example.com").count(), 1, "{told}");
    }
}

#[test]
fn what_is_held_is_no_match() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let case = restricted(&hub, &mut case).0;
    let apply = [&["apply", "-f", "portal.yaml", "--auto-approve", "--format", "markdown"][..], &APPLIED].concat();
    case.run(&apply).exits(0);
    let again = case.run(&apply).exits(0).stdout;
    assert_eq!(again.matches("No changes. 2 held changes are left out.").count(), 1, "{again}");
    assert!(!again.contains("matches"), "{again}");
}

#[test]
fn what_was_opened_by_hand_is_closed_whatever_the_limit() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let repository = Repository::new(&mut case);
    let spec = "  guards: {maxAccessLoss: 0, neverPublic: [\"Finance/*\"]}
  assets: [{asset: Finance/invoice-api, versions: {v2: [Gold Tier]}}]
  members: [{user: maria@acme.example, userGroups: [Partner Acme]}]
";
    repository.commit(spec);
    repository.git(&["update-ref", "refs/aehctl/applied", "HEAD"]);
    let case = repository.0;
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    // Somebody shows the asset to everyone, and puts maria into another group.
    let night = "  assets: [{asset: Finance/invoice-api, versions: {v2: [Gold Tier, \"system:guests\"]}}]
  members: [{user: maria@acme.example, userGroups: [Partner Acme, Gold Tier]}]
";
    case.write("night.yaml", portal(night));
    case.run(&["apply", "-f", "night.yaml", "--auto-approve"]).exits(0);
    let plan = ["plan", "-f", "portal.yaml", "--detailed-exitcode"];
    case.run(&plan).exits(3);
    let closed = case.run(&[&plan[..], &APPLIED].concat()).exits(2);
    assert!(closed.stdout.contains("no longer public"), "{closed}");
    case.run(&[&plan[..], &APPLIED, &["--only", "drift"]].concat()).exits(2);
    // What this change takes counts, and what it shows is not judged where drift alone is shown.
    repository.commit(
        &spec.replace("[Gold Tier]}}]", "[]}}, {asset: Finance/exchange-rates, versions: {v2: [\"system:guests\"]}}]"),
    );
    let refused = case.run(&[&plan[..], &APPLIED].concat()).exits(3);
    insta::assert_snapshot!(refused.stderr, @"
    refused: 1 of 7 enabled members would lose sight of something, and maxAccessLoss allows 0; if this is meant, add --max-access-loss 1 or raise spec.guards.maxAccessLoss
    refused: asset `Finance/exchange-rates` (v2) would become public, and neverPublic has `Finance/*`; if this is meant, add --expose developer-portal/assets/0e000001-0000-4000-8000-000000000002/exchange-rates, or take the pattern out of spec.guards.neverPublic
    error: maxAccessLoss, neverPublic refuse this plan; nothing was changed
    ");
    case.run(&[&plan[..], &APPLIED, &["--only", "drift"]].concat()).exits(2);
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", APPLIED[0], APPLIED[1]]).exits(3);
}
