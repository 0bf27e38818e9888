//! `init`, `schema`, `completions`, `man`.

use crate::support::Case;

#[test]
fn what_init_writes_is_valid_and_can_be_planned() {
    let case = Case::new();
    insta::assert_snapshot!(case.run(&["init", "repository"]), @"
    stdout:
    repository/portal.yaml
    repository/portal.schema.json
    repository/.github/workflows/portal.yaml
    repository/.gitignore
    stderr:
    Next: aehctl --emulator plan -f repository/portal.yaml
    exit: 0
    ");
    case.run(&["validate", "-f", "repository/portal.yaml"]).exits(0);
    case.run(&["fmt", "-f", "repository/portal.yaml", "--check"]).exits(0);
    case.run(&["--emulator", "plan", "-f", "repository/portal.yaml"]).exits(0);
    insta::assert_snapshot!(case.run(&["init", "repository"]), @"
    stderr:
    error: repository/portal.yaml exists already; nothing was written
     hint: give another directory
    exit: 1
    ");
}

#[test]
fn init_spares_what_is_there() {
    let case = Case::new();
    case.write(".gitignore", "mine\n");
    case.run(&["init"]).exits(0);
    assert_eq!(case.read(".gitignore"), "mine\n");
    assert!(case.path("portal.yaml").exists());
    case.write("other/portal.yaml", "mine\n");
    case.run(&["init", "other"]).exits(1);
    assert!(!case.path("other/.github").exists());
}

#[test]
fn the_schema_is_the_committed_one() {
    let printed = Case::new().run(&["schema"]).exits(0).stdout;
    let committed = include_str!("../../schemas/portal.schema.json");
    assert!(printed == committed, "run: aehctl schema > schemas/portal.schema.json");
}

#[test]
fn completions_come_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Case::new().run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains("aehctl") && script.contains("detailed-exitcode"), "{shell}");
    }
    Case::new().run(&["completions", "cmd"]).exits(64);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let case = Case::new();
    case.run(&["man", "--out", "man"]).exits(0);
    let pages: Vec<String> = case.files();
    for page in ["aehctl", "aehctl-apply", "aehctl-emulator-serve", "aehctl-get-user-groups", "aehctl-plan"] {
        assert!(pages.contains(&format!("man/{page}.1")), "{pages:?}");
    }
    for page in &pages {
        let text = case.read(page);
        assert!(text.starts_with(".ie") || text.starts_with(".TH"), "{page}");
    }
    assert!(case.run(&["man"]).exits(0).stdout.contains(".TH aehctl 1"));
}
