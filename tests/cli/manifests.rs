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
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml"]), @"
    stderr:
    error[unknown-field]: unknown field `descripton`
     --> portal.yaml:6:25
      |
    6 |     - {name: Gold Tier, descripton: x}
      |                         ^^^^^^^^^^
      |
      = help: did you mean `description`?

    error[duplicate-group]: the user group `Gold Tier` is declared twice
     --> portal.yaml:7:14
      |
    7 |     - {name: Gold Tier}
      |              ^^^^^^^^^
      |
     ::: portal.yaml:6:14
      |
    6 |     - {name: Gold Tier, descripton: x}
      |              --------- first here
      |
      = help: each object is declared in one place; keep one of the entries

    error[bad-coordinates]: `payment-api` is not an asset's coordinates
      --> portal.yaml:10:15
       |
    10 |     - {asset: payment-api, versions: {v1: ['audience:paymnets']}}
       |               ^^^^^^^^^^^
       |
       = help: write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`

    error[unknown-audience]: nobody declares the audience `paymnets`
      --> portal.yaml:10:44
       |
    10 |     - {asset: payment-api, versions: {v1: ['audience:paymnets']}}
       |                                            ^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `payments`?

    error[unknown-value]: `Privat` is not a value that this field takes
      --> portal.yaml:11:43
       |
    11 |     - {asset: Finance/odd-api, instances: Privat}
       |                                           ^^^^^^
       |
       = help: known here: `All`, `Public`, `Custom`

    error[wrong-type]: expected `true` or `false`, found a text
      --> portal.yaml:12:47
       |
    12 |   members: [{user: jane@example.com, enabled: 'yes'}]
       |                                               ^^^^^
    error: the manifest has 6 faults
    exit: 1
    ");
}

#[test]
fn faults_come_as_data_too() {
    let case = Case::new();
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, enabled: 3}]\n"));
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml", "--format", "json"]), @r#"
    stdout:
    {
      "diagnostics": [
        {
          "code": "wrong-type",
          "column": 47,
          "file": "portal.yaml",
          "help": null,
          "line": 5,
          "message": "expected `true` or `false`, found a text",
          "related": [],
          "severity": "error"
        }
      ],
      "format_version": "1.0",
      "valid": false
    }
    exit: 1
    "#);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml", "--format", "json"]), @r#"
    stdout:
    {
      "diagnostics": [],
      "format_version": "1.0",
      "valid": true
    }
    exit: 0
    "#);
}

#[test]
fn what_is_valid_is_counted() {
    let case = Case::new();
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["validate", "-f", "portal.yaml"]), @"
    stdout:
    Valid: 1 portal in 1 file.
    exit: 0
    ");
    insta::assert_snapshot!(case.run(&["validate", "-f", "nowhere.yaml"]), @"
    stderr:
    error[unreadable-file]: cannot read `nowhere.yaml`: No such file or directory (os error 2)
    error: the manifest has 1 fault
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["validate", "-f", "home"]), @"
    stderr:
    error[no-files]: `home` stands for no YAML file
     |
     = help: a folder stands for the `*.yaml` and `*.yml` files directly in it
    error: the manifest has 1 fault
    exit: 1
    ");
}

#[test]
fn online_every_name_has_to_resolve() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["validate", "--online", "-f", "portal.yaml"]), @"
    stdout:
    Valid: 1 portal in 1 file.
    exit: 0
    ");
    case.write(
        "portal.yaml",
        portal(
            "  assets: [{asset: Finnance/payment-api, versions: {v1: [Suport]}}]
  userGroups: [{name: Support, idpGroups: [{provider: Octa, group: x}]}]
",
        ),
    );
    insta::assert_snapshot!(case.run(&["validate", "--online", "-f", "portal.yaml"]), @"
    stderr:
    error[unknown-business-group]: there is no business group `Finnance`
     --> portal.yaml:5:20
      |
    5 |   assets: [{asset: Finnance/payment-api, versions: {v1: [Suport]}}]
      |                    ^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `Finance`?

    error[unknown-provider]: there is no identity provider `Octa`
     --> portal.yaml:6:55
      |
    6 |   userGroups: [{name: Support, idpGroups: [{provider: Octa, group: x}]}]
      |                                                       ^^^^
      |
      = help: did you mean `Okta`?
    error: planning the manifest against this portal found 2 faults
    exit: 1
    ");
    let json = case.run(&["validate", "--online", "-f", "portal.yaml", "--format", "json"]).exits(1);
    assert_eq!(json.json()["valid"], false, "{json}");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn variables_come_from_the_environment_and_only_with_the_prefix() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: '${AEHCTL_VAR_WHO}', enabled: false}]\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error[unset-variable]: the environment variable `AEHCTL_VAR_WHO` is not set
     --> portal.yaml:5:21
      |
    5 |   members: [{user: '${AEHCTL_VAR_WHO}', enabled: false}]
      |                     ^^^^^^^^^^^^^^^^^
      |
      = help: set it, or give a default where one is allowed: `${AEHCTL_VAR_WHO:-…}`
    error: the manifest has 1 fault
    exit: 1
    ");
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
    insta::assert_snapshot!(case.run(&["fmt", "-f", "portal.yaml", "--check"]), @"
    stdout:
    --- portal.yaml
    +++ portal.yaml
    @@ -1,8 +1,8 @@
     # mine
    -apiVersion:   aehctl.io/v1alpha1
    +apiVersion: aehctl.io/v1alpha1
     kind: Portal
     metadata:
    -    name: x # here
    +  name: x # here
     spec:
    -        userGroups:
    -        -   name: A
    +  userGroups:
    +    - name: A
    stderr:
    error: 1 file is not in canonical form
     hint: run `aehctl fmt` without --check
    exit: 1
    ");
    assert_eq!(case.read("portal.yaml"), untidy);
    insta::assert_snapshot!(case.run(&["fmt", "-f", "portal.yaml"]), @"
    stdout:
    portal.yaml
    exit: 0
    ");
    insta::assert_snapshot!(case.read("portal.yaml"), @"
    # mine
    apiVersion: aehctl.io/v1alpha1
    kind: Portal
    metadata:
      name: x # here
    spec:
      userGroups:
        - name: A
    ");
    insta::assert_snapshot!(case.run(&["fmt", "-f", "portal.yaml", "--check"]), @"exit: 0");
    assert_eq!(case.files(), ["portal.yaml"]);
}

#[cfg(unix)]
#[test]
fn fmt_leaves_links_what_they_are() {
    let case = Case::new();
    case.write("apart/portal.yaml", "a:   1\n");
    std::os::unix::fs::symlink("apart/portal.yaml", case.path("link.yaml")).expect("it can be linked");
    assert_eq!(case.run(&["fmt", "-f", "."]).exits(0).stdout, "", "in a folder they are passed over");
    assert_eq!(case.run(&["fmt", "-f", "link.yaml"]).exits(0).stdout, "link.yaml\n");
    assert!(case.path("link.yaml").is_symlink());
    assert_eq!(case.read("apart/portal.yaml"), "a: 1\n");
}

#[test]
fn fmt_leaves_alone_what_it_cannot_read() {
    let case = Case::new();
    case.write("bad.yaml", "a: [1, 2\n");
    insta::assert_snapshot!(case.run(&["fmt", "-f", "bad.yaml"]), @"
    stderr:
    error[syntax]: unclosed bracket '['
     --> bad.yaml:1:4
      |
    1 | a: [1, 2
      |    ^
      |
      = help: is a `]`, `}` or `,` missing before this place?
    error: 1 file cannot be formatted
    exit: 1
    ");
    assert_eq!(case.read("bad.yaml"), "a: [1, 2\n");
    insta::assert_snapshot!(case.run(&["fmt", "-f", "nowhere.yaml"]), @"
    stderr:
    error: failed to read nowhere.yaml: No such file or directory (os error 2)
    exit: 1
    ");
}

#[test]
fn a_fragment_that_reaches_too_far_is_told_by_which_rule() {
    let case = Case::new();
    case.write(
        "portals/portal.yaml",
        portal(
            "  include: [../partners/*.yaml]
  audiences: {eu: [], us: []}
  delegate:
    - {files: ../partners/*, userGroups: [Partner *], joins: [eu]}
",
        ),
    );
    let fragment = "apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec:\n";
    case.write("partners/acme.yaml", format!("{fragment}  userGroups: [{{name: Partner Acme, joins: [us]}}]\n"));
    std::fs::create_dir(case.path(".git")).expect("a folder can be made");
    insta::assert_snapshot!(case.run(&["validate", "-f", "portals"]), @"
    stderr:
    error[not-delegated]: this file may not let groups join the audience `us`
     --> partners/acme.yaml:4:45
      |
    4 |   userGroups: [{name: Partner Acme, joins: [us]}]
      |                                             ^^
      |
     ::: portals/portal.yaml:8:15
      |
    8 |     - {files: ../partners/*, userGroups: [Partner *], joins: [eu]}
      |               ------------- this rule for the file allows `eu` under `joins`
      |
      = help: allowed here: `eu`; if more is meant, whoever owns the Portal adds it to a rule for this file
    error: the manifest has 1 fault
    exit: 1
    ");
}
