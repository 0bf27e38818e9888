//! `revoke`: sight is taken away at once, and the change of the manifest that makes it last is a patch.

use std::process::Command;

use aehctl::emulator::{self, Shape};

use crate::support::{Case, Hub, portal};

/// Runs git in the folder of a case.
#[track_caller]
fn git(case: &Case, arguments: &[&str]) {
    let mut command = Command::new("git");
    let identity = ["-c", "user.name=You", "-c", "user.email=you@example.com"];
    let output = command.current_dir(case.path("")).args(identity).args(arguments).output().expect("git can be run");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose manifest is what the portal has.
fn committed(hub: &Hub) -> Case {
    let case = Case::on(hub);
    git(&case, &["init", "--quiet"]);
    case.run(&["export", "--split", "business-group", "--members", "--out", "my portal"]).exits(0);
    git(&case, &["add", "my portal"]);
    git(&case, &["commit", "--quiet", "--message", "The portal"]);
    case
}

const MANIFEST: &str = "my portal/portal.yaml";

#[test]
fn a_group_is_revoked_and_the_patch_makes_it_last() {
    for shape in Shape::ALL {
        let hub = Hub::seeded(&emulator::demo_with(shape));
        let case = committed(&hub);
        let revoke = ["revoke", "group", "API Developers", "-f", MANIFEST, "--auto-approve", "--patch", "last.patch"];
        let told = case.run(&revoke).exits(0);
        assert!(told.stdout.contains("Applied: 0 added, 6 changed, 1 deleted."), "{told}");
        assert!(told.stdout.contains("`Beta Testers`, `Gold Tier` stand under `API Developers`"), "{told}");
        let patch = case.read("last.patch");
        assert!(told.stdout.ends_with(&patch), "{told}");
        // The manifest still gives it all back.
        case.run(&["plan", "-f", MANIFEST, "--detailed-exitcode"]).exits(2);
        git(&case, &["apply", "last.patch"]);
        case.run(&["fmt", "-f", MANIFEST, "--check"]).exits(0);
        case.run(&["plan", "-f", MANIFEST, "--detailed-exitcode"]).exits(0);
        let writes = hub.writes().len();
        let again = case.run(&revoke).exits(0);
        assert_eq!(again.stdout, "Nothing is left to take away from `API Developers`.\n");
        assert!(again.stderr.contains("The manifest gives nothing of it back"), "{again}");
        assert_eq!(hub.writes().len(), writes, "{shape:?}");
    }
}

#[test]
fn a_member_is_revoked_and_the_patch_makes_it_last() {
    let hub = Hub::demo();
    let case = committed(&hub);
    let told = case.run(&["revoke", "member", "KEN@example.com", "-f", MANIFEST, "--auto-approve"]).exits(0);
    assert!(told.stdout.contains("enabled: true → false"), "{told}");
    let patch = told.stdout.find("--- a/my portal/portal.yaml").expect("there is a patch");
    case.write("last.patch", &told.stdout[patch..]);
    git(&case, &["apply", "last.patch"]);
    case.run(&["plan", "-f", MANIFEST, "--detailed-exitcode"]).exits(0);
    let again = case.run(&["revoke", "member", "ken@example.com", "--auto-approve"]).exits(0);
    assert_eq!(again.stdout, "Nothing is left to take away from `ken@example.com`.\n");
    assert!(again.stderr.contains("write `enabled: false` and `userGroups: []` there"), "{again}");
}

#[test]
fn the_patch_touches_what_gives_the_group_something_and_nothing_else() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let manifest = portal(
        "  target: {portal: Developer Portal}
  # Who has a contract.
  audiences:
    contract:
      - Gold Tier # since 2024
      # for now
      - Support
    beta: []
  defaults: {assets: {versions: {'*': [Gold Tier]}}}
  userGroups:
    - name:   Gold Tier   # odd spaces stay
      joins: [beta]
      idpGroups:
        - {provider: Okta, group: gold}
  assets:
    - asset: Finance/invoice-api
      versions: {v2: [audience:contract, Gold Tier, Partner Acme]}
    - asset: Finance/payment-api
  members:
    - {user: jane@example.com, userGroups: [Gold Tier]}
  prospects:
    - {emailDomain: partner.example, approve: {userGroups: [Gold Tier, Support]}}
",
    );
    case.write("portal.yaml", &manifest);
    let told = case.run(&["revoke", "group", "Gold Tier", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    let patch = told.stdout.find("--- a/portal.yaml").expect("there is a patch");
    insta::assert_snapshot!(&told.stdout[patch..], @r"
    --- a/portal.yaml
    +++ b/portal.yaml
    @@ -6,21 +6,19 @@
       # Who has a contract.
       audiences:
         contract:
    -      - Gold Tier # since 2024
           # for now
           - Support
         beta: []
    -  defaults: {assets: {versions: {'*': [Gold Tier]}}}
    +  defaults: {assets: {versions: {'*': []}}}
       userGroups:
         - name:   Gold Tier   # odd spaces stay
    -      joins: [beta]
    -      idpGroups:
    -        - {provider: Okta, group: gold}
    +      joins: []
    +      idpGroups: []
       assets:
         - asset: Finance/invoice-api
    -      versions: {v2: [audience:contract, Gold Tier, Partner Acme]}
    +      versions: {v2: [audience:contract, Partner Acme]}
         - asset: Finance/payment-api
       members:
    -    - {user: jane@example.com, userGroups: [Gold Tier]}
    +    - {user: jane@example.com, userGroups: []}
       prospects:
    -    - {emailDomain: partner.example, approve: {userGroups: [Gold Tier, Support]}}
    +    - {emailDomain: partner.example, approve: {userGroups: [Support]}}
    ");
    assert_eq!(case.read("portal.yaml"), manifest, "it is shown, not written");
}

#[test]
fn it_asks_and_finds_whom_it_is_told_of() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.run(&["revoke", "member", "jane@example.com"]).exits(3);
    case.run(&["revoke", "member", "jane@example.org", "--auto-approve"]).exits(1);
    case.run(&["revoke", "group", "Gold", "--auto-approve"]).exits(1);
    let told = case.run(&["revoke", "group", "system:administrators", "--auto-approve"]).exits(1);
    assert!(told.stderr.contains("revoke its members one by one"), "{told}");
    for wrong in [&["revoke"][..], &["revoke", "group"], &["revoke", "member", "jane", "--patch", "x"]] {
        case.run(wrong).exits(64);
    }
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn the_last_administrator_does_not_go_without_a_word() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let told = case.run(&["revoke", "member", "olivia@example.com", "--auto-approve"]).exits(3);
    assert!(told.stderr.contains("add --min-administrators 0"), "{told}");
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&["revoke", "member", "olivia@example.com", "--auto-approve", "--min-administrators", "0"]).exits(0);
}

#[test]
fn a_federated_member_may_get_groups_back() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let told = case.run(&["revoke", "member", "fred@example.com", "--auto-approve"]).exits(0);
    assert!(told.stdout.contains("once enabled again, the next login gives groups back"), "{told}");
    assert!(
        told.stderr
            .contains("the next login may give back `API Developers`, which is mapped to `api-developers` of `Okta`"),
        "{told}"
    );
}

#[test]
fn a_manifest_that_cannot_be_edited_is_no_failure_of_what_was_done() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  target: {portal: Developer Portal}\n  members:\n    - user: jane@example.com\n      enabled: &on true\n",
        ),
    );
    let told = case.run(&["revoke", "member", "jane@example.com", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    let why = "to be changed by hand: portal.yaml:8: it has an anchor, a tag or a comment before it";
    assert!(told.stderr.contains(why), "{told}");
}
