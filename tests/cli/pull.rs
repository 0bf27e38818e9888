//! `pull`: what somebody did to the portal is written into the manifest, and nothing is left to plan.

use aehctl::emulator::{self, Shape};

use crate::support::{Case, Hub, portal};

/// What somebody does by hand; here, another manifest does it.
const NIGHT: &str = "  target: {portal: Developer Portal}
  identityProviders: {saml: Corporate SAML}
  userGroups:
    - {name: API Developers, description: 'Now: builders', idpGroups: [{provider: saml, group: 'CN=Builders, OU=x'}]}
    - {name: Support, state: absent}
  assets:
    - {asset: Finance/payment-api, instances: All, versions: {v1: [], v2: [Partner Globex], v3: [Beta Testers, API Developers]}}
    - {asset: com.example/legacy-orders, state: absent}
  members:
    - {user: ken@example.com, userGroups: [Partner Acme], enabled: false}
";

fn drift(case: &Case, spec: &str) {
    case.write("night.yaml", portal(spec));
    case.run(&["apply", "-f", "night.yaml", "--auto-approve", "--allow", "delete,enable,leave-custom"]).exits(0);
}

#[test]
fn everything_that_drifted_is_pulled_in_every_shape() {
    for shape in Shape::ALL {
        let hub = Hub::seeded(&emulator::demo_with(shape));
        let case = Case::on(&hub);
        case.run(&["export", "--split", "business-group", "--members", "--out", "live"]).exits(0);
        let before = case.read("live/portal.yaml");
        drift(&case, NIGHT);
        case.run(&["plan", "-f", "live/portal.yaml", "--detailed-exitcode"]).exits(2);
        let checked = case.run(&["pull", "all", "-f", "live/portal.yaml", "--check"]).exits(1);
        assert_eq!(case.read("live/portal.yaml"), before, "it is only shown");
        let told = case.run(&["pull", "all", "-f", "live/portal.yaml"]).exits(0);
        assert_eq!(told.stdout, checked.stdout);
        assert!(told.stderr.contains("Wrote 3 files."), "{told}");
        assert!(told.stderr.contains("note: every Portal that includes live/assets/finance.yaml gets this"), "{told}");
        case.run(&["plan", "-f", "live/portal.yaml", "--detailed-exitcode"]).exits(0);
        let again = case.run(&["pull", "all", "-f", "live/portal.yaml"]).exits(0);
        assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("", "There is nothing to write.\n"), "{shape:?}");
    }
}

/// As somebody might write it.
const BY_HAND: &str = "  target: {portal: Developer Portal} # ours
  audiences:
    contract: [Gold Tier,   Partner Acme]  # who has signed
  defaults: {assets: {instances: Public, versions: {\"*\": [audience:contract]}}}
  userGroups:
    - name: API Developers # do not rename

      description: >-
        Users who can
        create applications
  assets:
    # Pay.
    - asset: Finance/payment-api
      versions:
        v1: [system:members]
        # since March
        v2: [audience:contract]
    - asset: Finance/invoice-api
      versions: {v1: [Gold Tier], v2: [Gold Tier]}

    # Old; Joe knows why.
    - asset: com.example/legacy-orders # soon
      versions: {}
  members:
    - user: jane@example.com
      enabled: true # for now
";

#[test]
fn all_else_in_the_file_stays_as_it_is() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(BY_HAND));
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve"]).exits(0);
    drift(
        &case,
        "  target: {portal: Developer Portal}
  userGroups: [{name: API Developers, description: Builders}]
  assets:
    - {asset: Finance/payment-api, instances: All, versions: {v1: [system:members, Support], v2: [Gold Tier], v3: [Gold Tier, Beta Testers]}}
    - {asset: com.example/legacy-orders, state: absent}
  members: [{user: jane@example.com, enabled: false}]
",
    );
    let told = case.run(&["pull", "all", "-f", "portal.yaml"]).exits(0);
    insta::assert_snapshot!(told, @r"
    stdout:
    --- a/portal.yaml
    +++ b/portal.yaml
    @@ -9,22 +9,19 @@
       userGroups:
         - name: API Developers # do not rename
     
    -      description: >-
    -        Users who can
    -        create applications
    +      description: Builders
       assets:
         # Pay.
         - asset: Finance/payment-api
           versions:
    -        v1: [system:members]
    +        v1: [system:members, Support]
             # since March
    -        v2: [audience:contract]
    +        v2: [Gold Tier]
    +        v3: [Beta Testers, Gold Tier]
    +      instances: All
         - asset: Finance/invoice-api
           versions: {v1: [Gold Tier], v2: [Gold Tier]}
     
    -    # Old; Joe knows why.
    -    - asset: com.example/legacy-orders # soon
    -      versions: {}
       members:
         - user: jane@example.com
    -      enabled: true # for now
    +      enabled: false # for now
    stderr:
    note: Finance/payment-api lists v3 by itself now
    note: `audience:contract` is replaced by groups where not all of it sees a version any more
    Wrote 1 file.
    exit: 0
    ");
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn one_object_is_pulled_as_the_plan_calls_it() {
    for address in
        ["assets/Finance/payment-api", "developer-portal/assets/0e000001-0000-4000-8000-000000000002/payment-api"]
    {
        let hub = Hub::demo();
        let case = Case::on(&hub);
        case.run(&["export", "--members", "--out", "portal.yaml"]).exits(0);
        drift(&case, NIGHT);
        let told = case.run(&["pull", address, "-f", "portal.yaml"]).exits(0);
        assert!(told.stdout.starts_with("--- a/portal.yaml\n+++ b/portal.yaml\n"), "{told}");
        let plan = case.run(&["plan", "-f", "portal.yaml"]).exits(0);
        assert!(!plan.stdout.contains("payment-api") && plan.stdout.contains("ken@example.com"), "{plan}");
    }
}

#[test]
fn what_looks_like_an_interrupted_publication_is_kept_open_by_pulling_it() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    drift(&case, "  assets: [{asset: Finance/payment-api, versions: {'*': [system:guests]}}]\n");
    case.write("portal.yaml", portal("  assets: [{asset: Finance/payment-api, versions: {v1: [Gold Tier]}}]\n"));
    let planned = case.run(&["plan", "-f", "portal.yaml"]).exits(0).stdout;
    let warned =
        "Warning: everyone sees every version of Finance/payment-api, as after a publication that was interrupted";
    assert!(planned.contains(warned) && planned.contains("versions.v3: "), "{planned}");
    case.run(&["pull", "all", "-f", "portal.yaml"]).exits(0);
    let open = "versions: {v1: [system:guests], v2: [system:guests], v3: [system:guests]}";
    assert_eq!(case.read("portal.yaml"), portal(&format!("  assets: [{{asset: Finance/payment-api, {open}}}]\n")));
}

#[test]
fn what_cannot_be_pulled_says_why() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal(
            "  target: {portal: Developer Portal}
  userGroups: [{name: Gold Tier, state: absent}, {name: New, formerly: [Support]}]
  assets:
    - asset: Finance/invoice-api
      versions: &shared {v1: [New], v2: [Partner Acme]}
    - asset: Finance/payment-api
      versions: *shared
  prospects: [{emailDomain: partner.example, approve: {userGroups: []}}]
",
        ),
    );
    let before = case.read("portal.yaml");
    let told = |address: &str| case.run(&["pull", address, "-f", "portal.yaml"]).exits(1).stderr;
    let all: Vec<String> = [
        "userGroups/Gold Tier",
        "userGroups/New",
        "userGroups/Partner Acme",
        "userGroups/Nobody",
        "assets/Finance/payment-api",
        "members/jane@example.com",
        "prospects/ada@partner.example",
    ]
    .map(told)
    .into();
    insta::assert_snapshot!(all.join("\n"), @r"
    not pulled: userGroups Gold Tier: the manifest says that it goes: take `state: absent` out of its entry
    error: not everything that was named can be pulled; nothing was written

    not pulled: userGroups New: the manifest renames it: put the old name back where the manifest has the new one
    error: not everything that was named can be pulled; nothing was written

    error: the manifest does not declare userGroups/Partner Acme, and so nothing of it differs
     hint: `aehctl export --only user-groups --filter 'Partner Acme'` prints an entry for it

    error: userGroups/Nobody is as the manifest declares it, or is not there
     hint: `aehctl plan` shows the addresses of what differs; all of them are meant by `all`

    not pulled: assets Finance/payment-api: it stands elsewhere and is only named here (portal.yaml:11)
    error: not everything that was named can be pulled; nothing was written

    error: the manifest does not declare members/jane@example.com, and so nothing of it differs
     hint: `aehctl export --only members --filter jane@example.com` prints an entry for it

    not pulled: prospects ada@partner.example: a pending sign-up is no drift: change the rule, or decide on it
    error: not everything that was named can be pulled; nothing was written
    ");
    assert_eq!(case.read("portal.yaml"), before);
    for wrong in [&["pull", "all"][..], &["pull", "-f", "portal.yaml"], &["pull", "Gold", "-f", "portal.yaml"]] {
        case.run(wrong).exits(64);
    }
}
