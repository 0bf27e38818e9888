//! Wrong usage, and what needs no manifest.

use crate::support::{Case, portal};

#[test]
fn a_mistyped_command_is_told_with_the_nearest_one() {
    insta::assert_snapshot!(Case::new().run(&["aply"]), @"
    stderr:
    error: unrecognized subcommand 'aply'

      tip: a similar subcommand exists: 'apply'

    Usage: aehctl [OPTIONS] <COMMAND>

    For more information, try '--help'.
    exit: 64
    ");
}

#[test]
fn a_mistyped_flag_is_told_with_the_nearest_one() {
    insta::assert_snapshot!(Case::new().run(&["plan", "-f", "x.yaml", "--detailed-exit-code"]), @"
    stderr:
    error: unexpected argument '--detailed-exit-code' found

      tip: a similar argument exists: '--detailed-exitcode'

    Usage: aehctl plan --file <PATH> --detailed-exitcode

    For more information, try '--help'.
    exit: 64
    ");
}

#[test]
fn a_word_that_does_not_exist_cannot_be_allowed() {
    insta::assert_snapshot!(Case::new().run(&["apply", "-f", "x.yaml", "--allow", "deletes"]), @"
    stderr:
    error: invalid value 'deletes' for '--allow <WORDS>'
      [possible values: approve, reject, delete, enable, leave-custom]

      tip: a similar value exists: 'delete'

    For more information, try '--help'.
    exit: 64
    ");
}

#[test]
fn flags_that_exclude_each_other_are_wrong_usage() {
    insta::assert_snapshot!(Case::new().run(&["--emulator", "--host", "example.com", "get", "members"]), @"
    stderr:
    error: the argument '--emulator[=<FILE>]' cannot be used with '--host <HOST>'

    Usage: aehctl --emulator[=<FILE>] <COMMAND>

    For more information, try '--help'.
    exit: 64
    ");
    Case::new().run(&["apply", "plan.json", "-f", "x.yaml"]).exits(64);
    Case::new().run(&["apply"]).exits(64);
    Case::new().run(&["plan"]).exits(64);
    Case::new().run(&["get", "members", "--active", "--disabled"]).exits(64);
    Case::new().run(&["--parallelism", "0", "schema"]).exits(64);
    Case::new().run(&[]).exits(64);
}

#[test]
fn help_and_version_are_answers() {
    let case = Case::new();
    let version = case.run(&["--version"]).exits(0);
    assert_eq!(version.stdout, concat!("aehctl ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = case.run(&["--help"]).exits(0);
    assert!(help.stdout.contains("Usage: aehctl") && help.stderr.is_empty(), "{help}");
}

#[test]
fn without_a_credential_it_is_said_which_ones_there_are() {
    let case = Case::new();
    case.write("portal.yaml", portal("  userGroups: []\n"));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml"]), @"
    stderr:
    error: no credential for Anypoint Platform was found
     hint: set ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET (a connected app), or ANYPOINT_BEARER, or ANYPOINT_USERNAME and ANYPOINT_PASSWORD, or write them into ~/.anypoint/credentials
    exit: 1
    ");
}

#[test]
fn only_a_plan_has_a_page() {
    let case = Case::new();
    case.write("portal.yaml", portal("  userGroups: []\n"));
    for (command, known) in [
        (&["validate", "-f", "portal.yaml"][..], "human or json"),
        (&["export"], "human"),
        (&["schema"], "human"),
        (&["get", "members"], "human or json or csv"),
        (&["apply", "-f", "portal.yaml"], "human or json or markdown"),
    ] {
        let refused = case.run(&[command, &["--format", "html"]].concat()).exits(64);
        let told = format!("error: `{}` has no html form\n hint: use --format {known}\n", command[0]);
        assert_eq!((refused.stdout.as_str(), refused.stderr.as_str()), ("", told.as_str()));
    }
    let named =
        |name: &str| format!("apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: {name}}}\nspec: {{}}\n");
    case.write("two.yaml", format!("{}---\n{}", named("one"), named("two")));
    insta::assert_snapshot!(case.run(&["plan", "-f", "two.yaml", "--format", "html"]), @"
    stderr:
    error: a page shows one plan, and there are 2 portals
     hint: choose one with --name, or save the plans with --out and show each
    exit: 64
    ");
}
