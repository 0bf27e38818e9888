//! What aehctl writes about people and portals is its owner's alone, whatever the surroundings say.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::support::{Case, QUICKSTART, is_private};

/// Runs the binary where every file may be read and written by all.
fn run(case: &Case, arguments: &[&str]) {
    let command = case.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "umask 000 && exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(case.path("."))
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().expect("there is a shell");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn mode(case: &Case, name: &str) -> u32 {
    fs::metadata(case.path(name)).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn what_is_private_is_so_whatever_the_umask() {
    let case = Case::new().with(&["--emulator"]);
    case.write("portal.yaml", QUICKSTART);
    let before = case.files();
    run(&case, &["observe", "--all", "--out", "live.json"]);
    run(&case, &["plan", "-f", "portal.yaml", "--out", "plan.json"]);
    run(&case, &["export", "--members", "--out", "members.yaml"]);
    run(&case, &["apply", "-f", "portal.yaml", "--auto-approve"]);
    let new: Vec<String> = case.files().into_iter().filter(|name| !before.contains(name)).collect();
    assert!(new.iter().any(|name| name.starts_with(".aehctl/journal/")), "{new:?}");
    assert!(new.len() >= 5, "{new:?}");
    for name in &new {
        assert!(is_private(&case.path(name)), "{name} has {:o}", mode(&case, name));
    }
    assert_eq!([mode(&case, ".aehctl"), mode(&case, ".aehctl/journal")], [0o700, 0o700]);
    // What names nobody is for everybody.
    run(&case, &["export", "--out", "portal-alone.yaml"]);
    assert_eq!(mode(&case, "portal-alone.yaml"), 0o644);
}

#[test]
fn a_private_file_replaces_a_link_and_does_not_follow_it() {
    let case = Case::new().with(&["--emulator"]);
    case.write("portal.yaml", QUICKSTART);
    case.write("elsewhere", "as it was");
    for (name, arguments) in [
        ("live.json", &["observe", "--all", "--out", "live.json"] as &[&str]),
        ("plan.json", &["plan", "-f", "portal.yaml", "--out", "plan.json"]),
        ("members.yaml", &["export", "--members", "--out", "members.yaml"]),
    ] {
        symlink("elsewhere", case.path(name)).expect("a link can be made");
        case.run(arguments).exits(0);
        assert!(!case.path(name).is_symlink() && is_private(&case.path(name)), "{name}");
    }
    assert_eq!(case.read("elsewhere"), "as it was");
    assert_eq!(fs::metadata(case.path("elsewhere")).expect("it is there").len(), 9);
}

#[test]
fn no_database_is_made_where_a_link_leads() {
    let case = Case::new();
    symlink("elsewhere", case.path("hub.db")).expect("a link can be made");
    insta::assert_snapshot!(case.run(&["--emulator=hub.db", "get", "members"]), @"
    stderr:
    error: failed to start the emulator on hub.db: failed to open the emulator's database hub.db: a symbolic link that leads nowhere is in its place
    exit: 1
    ");
    assert!(!case.path("elsewhere").exists());
}
