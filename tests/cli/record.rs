//! `apply --record`: a ref of a real repository moves to what was applied, and to nothing else.

use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use crate::fleet;
use crate::proxy::{Proxy, Verdict};
use crate::support::{Case, Hub, portal};

const RECORD: &str = "refs/aehctl/developer-portal";
const APPLY: [&str; 6] = ["apply", "-f", "portal.yaml", "--auto-approve", "--record", RECORD];
const DISABLE: &str = "  members: [{user: jane@example.com, enabled: false}]\n";

/// Runs git in the case's folder and returns what it prints.
#[track_caller]
fn git(case: &Case, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgSign=false"])
        .args(arguments)
        .current_dir(case.path("."))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", case.path("home/.gitconfig"))
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git writes UTF-8").trim().to_owned()
}

/// Commits everything, and returns the commit's id.
fn commit(case: &Case) -> String {
    git(case, &["add", "--all", "."]);
    git(case, &["commit", "--quiet", "--allow-empty", "--message", "a change"]);
    git(case, &["rev-parse", "HEAD"])
}

/// A repository whose manifest disables Jane, and the id of its commit.
fn committed(hub: &Hub) -> (Case, String) {
    let mut case = Case::on(hub);
    case.set("PATH", &std::env::var("PATH").expect("git is on the path"));
    git(&case, &["init", "--quiet", "--initial-branch=main"]);
    case.write("portal.yaml", portal(DISABLE));
    case.write(".gitignore", "home\n.aehctl\n*.json\n");
    let id = commit(&case);
    (case, id)
}

/// What the record holds; empty if there is none.
fn record(case: &Case) -> String {
    git(case, &["for-each-ref", "--format=%(objectname)", RECORD])
}

#[test]
fn the_ref_follows_what_is_applied() {
    let hub = Hub::demo();
    let (case, first) = committed(&hub);
    let applied = case.run(&APPLY).exits(0);
    let told = format!("Recorded {} as {RECORD}; push it with: git push origin {RECORD}\n", &first[..7]);
    assert!(applied.stderr.ends_with(&told), "{applied}");
    assert_eq!(record(&case), first);

    // Nothing to change is as good as changed.
    let second = commit(&case);
    let applied = case.run(&APPLY).exits(0);
    assert!(applied.stdout.contains("No changes."), "{applied}");
    assert_eq!(record(&case), second);

    // Back to where it was: what others have does not follow on it.
    git(&case, &["reset", "--quiet", "--hard", &first]);
    let applied = case.run(&APPLY).exits(0);
    let push = format!("git push --force-with-lease={RECORD}:{second} origin {RECORD}\n");
    assert!(applied.stderr.ends_with(&push), "{applied}");
    assert_eq!(record(&case), first);
}

#[test]
fn what_is_not_committed_is_not_applied() {
    let hub = Hub::demo();
    let (case, _) = committed(&hub);
    case.write("portal.yaml", portal(&format!("  include: [catalog]\n{DISABLE}")));
    case.write("catalog/one.yaml", "apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec: {userGroups: []}\n");
    let refused = case.run(&APPLY).exits(1);
    let told = refused.stderr.split_once(" has them: ").expect("it names the files").1;
    insta::assert_snapshot!(told, @"
    catalog/one.yaml (not committed), portal.yaml (changed)
     hint: nothing was changed; commit them first: what is recorded has to be what is applied
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
    assert_eq!(record(&case), "");
    commit(&case);
    std::fs::remove_file(case.path("catalog/one.yaml")).expect("the file was there");
    case.write("catalog/two.yaml", "apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec: {userGroups: []}\n");
    let refused = case.run(&APPLY).exits(1);
    assert!(refused.stderr.contains("catalog/one.yaml (removed), catalog/two.yaml (not committed)"), "{refused}");
    commit(&case);
    case.run(&APPLY).exits(0);
}

#[test]
fn a_ref_that_cannot_be_moved_is_told_before_anything_is_done() {
    let hub = Hub::demo();
    let (case, _) = committed(&hub);
    let refuse = |name: &str, exit| {
        case.run(&["apply", "-f", "portal.yaml", "--auto-approve", &format!("--record={name}")]).exits(exit).stderr
    };
    insta::assert_snapshot!(refuse("applied", 64), @"
    error: `applied` is not the full name of a ref
     hint: write it in full, such as refs/aehctl/applied
    ");
    insta::assert_snapshot!(refuse("HEAD", 64), @"
    error: `HEAD` is not the full name of a ref
     hint: write it in full, such as refs/aehctl/developer-portal
    ");
    insta::assert_snapshot!(refuse("refs/aehctl/a..b", 64), @"
    error: `refs/aehctl/a..b` is not the full name of a ref
     hint: write it in full, such as refs/aehctl/developer-portal
    ");
    insta::assert_snapshot!(refuse("refs/heads/main", 1), @"
    error: `refs/heads/main` is checked out, and would change under a worktree
     hint: record in a ref of its own, such as refs/aehctl/developer-portal
    ");
    for hostile in ["", "-d", "--stdin", "refs/", "refs/x y", "refs/x\nupdate refs/y", "refs/aehctl/\u{1b}[2J"] {
        let told = refuse(hostile, 64);
        assert!(told.contains("is not the full name of a ref") && !told.contains('\u{1b}'), "{hostile:?}: {told}");
    }
    git(&case, &["symbolic-ref", "refs/aehctl/alias", "refs/heads/main"]);
    assert!(refuse("refs/aehctl/alias", 1).contains("is another name of some other ref"));
    git(&case, &["update-ref", "refs/aehctl/taken", "HEAD"]);
    insta::assert_snapshot!(refuse("refs/aehctl/taken/below", 1), @"
    error: refs/aehctl/taken/below cannot be moved: cannot lock ref 'refs/aehctl/taken/below': 'refs/aehctl/taken' exists; cannot create 'refs/aehctl/taken/below'
     hint: nothing was changed; name another ref, or see to it that the repository can be written to
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
}

#[test]
fn without_git_or_a_repository_nothing_is_applied() {
    let hub = Hub::demo();
    let (mut case, _) = committed(&hub);
    std::fs::remove_dir_all(case.path(".git")).expect("it was there");
    insta::assert_snapshot!(case.run(&APPLY), @"
    stderr:
    error: [DIR] is not in a git repository
     hint: run aehctl in a clone of the manifests' repository, or set GIT_DIR
    exit: 1
    ");
    case.set("PATH", "/nonexistent");
    insta::assert_snapshot!(case.run(&APPLY), @"
    stderr:
    error: failed to run git: it is not installed, or not on the PATH
     hint: revisions are read with the git command: install it
    exit: 1
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
    // Only the record needs it.
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    assert_eq!(case.json("plan.json")["commit"], serde_json::Value::Null);
}

#[test]
fn a_saved_plan_records_the_commit_that_it_was_made_from() {
    let hub = Hub::demo();
    let (case, first) = committed(&hub);
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    assert_eq!(case.json("plan.json")["commit"], first.as_str());
    case.write("portal.yaml", portal("  members: []\n"));
    case.run(&["plan", "-f", "portal.yaml", "--out", "uncommitted.json"]).exits(0);
    commit(&case);
    hub.running().forget_requests();
    insta::assert_snapshot!(case.run(&["apply", "uncommitted.json", "--auto-approve", "--record", RECORD]), @"
    stderr:
    error: the plan names no commit: its manifests were not committed when it was made
     hint: commit them and plan again, or leave out --record
    exit: 1
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
    case.run(&["apply", "plan.json", "--auto-approve", "--record", RECORD]).exits(0);
    assert_eq!(record(&case), first);
    // A clone without this commit cannot record it.
    let (elsewhere, _) = committed(&hub);
    std::fs::remove_dir_all(elsewhere.path(".git")).expect("it was there");
    git(&elsewhere, &["init", "--quiet", "--initial-branch=main"]);
    elsewhere.write("plan.json", case.read("plan.json"));
    let refused = elsewhere.run(&["apply", "plan.json", "--auto-approve", "--record", RECORD]).exits(1);
    assert!(refused.stderr.contains(&format!("fetch it: git fetch origin {first}")), "{refused}");
}

#[test]
fn what_is_applied_in_part_is_not_recorded() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |line, _| match line.split(' ').next() {
        Some("PATCH") => Verdict::Answer(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_vec()),
        _ => Verdict::Pass,
    });
    let (case, _) = committed(&hub);
    let case = case.at(&proxy);
    let told = case.run(&APPLY).exits(5).stderr;
    let last = told.lines().last().unwrap_or_default();
    assert_eq!(last, format!("{RECORD} was not moved: not everything is applied. Apply again with --record."));
    assert_eq!(record(&case), "");
}

#[test]
fn a_record_that_moved_meanwhile_is_not_overwritten() {
    let hub = Hub::demo();
    let (arrived, arrivals) = channel();
    let (go, goes) = channel::<()>();
    let goes = Mutex::new(goes);
    let proxy = Proxy::before(&hub, move |line, _| {
        if line.starts_with("PATCH ") {
            arrived.send(()).ok();
            goes.lock().expect("nobody panics while holding it").recv().ok();
        }
        Verdict::Pass
    });
    let (case, first) = committed(&hub);
    git(&case, &["update-ref", RECORD, &first]);
    commit(&case);
    let case = case.at(&proxy);
    let working = case.spawn(&APPLY);
    arrivals.recv().expect("the write comes");
    let theirs = git(&case, &["commit-tree", "-m", "theirs", "HEAD^{tree}"]);
    git(&case, &["update-ref", RECORD, &theirs]);
    drop(go);
    let ended = case.finish(working).exits(1);
    assert!(ended.stdout.contains("\nApplied: 0 added, 1 changed, 0 deleted.\n"), "{ended}");
    let failed = "error: everything is applied, but it is not recorded: failed to move refs/aehctl/developer-portal: ";
    assert!(ended.stderr.contains(failed), "{ended}");
    assert!(
        ended.stderr.contains(" hint: move the ref by hand: git update-ref refs/aehctl/developer-portal "),
        "{ended}"
    );
    assert_eq!(record(&case), theirs);
}

#[test]
fn a_bare_repository_records_as_well() {
    let hub = Hub::demo();
    let (case, id) = committed(&hub);
    git(&case, &["clone", "--quiet", "--bare", ".", "bare.git"]);
    // The manifests lie beside it, as a pipeline may lay them out.
    let mut beside = Case::on(&hub);
    beside.set("PATH", &std::env::var("PATH").expect("git is on the path"));
    beside.set("GIT_DIR", &case.path("bare.git").display().to_string());
    beside.write("portal.yaml", case.read("portal.yaml"));
    beside.run(&APPLY).exits(0);
    assert_eq!(git(&case, &["--git-dir=bare.git", "rev-parse", RECORD]), id);
    beside.write("portal.yaml", portal("  members: []\n"));
    let refused = beside.run(&APPLY).exits(1);
    assert!(refused.stderr.contains("portal.yaml (changed)"), "{refused}");
}

/// The step of the pipeline that `init` writes, run by a shell as GitHub runs it: the command that stands in a list of
/// several and has this word.
#[cfg(unix)]
fn step(case: &Case, word: &str) -> String {
    let workflow = case.read(".github/workflows/portal.yaml");
    let lines: Vec<&str> = workflow.lines().collect();
    let at = lines.iter().position(|line| line.contains(word)).expect("the workflow has the step");
    let begin = lines[..at].iter().rposition(|line| line.ends_with("run: |")).expect("it is in a list") + 1;
    let is_within = |line: &&str| line.starts_with("          ");
    lines[begin..].iter().copied().take_while(is_within).map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
#[cfg(unix)]
fn the_starters_pipeline_begins_without_a_record_and_goes_on_with_one() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_aehctl")).parent().expect("the binary is in a folder");
    let path = std::env::var("PATH").expect("git is on the path");
    case.set("PATH", &format!("{}:{path}", folder.display()));
    case.set("ANYPOINT_HOST", &hub.running().url);
    case.run(&["init"]).exits(0);
    git(&case, &["init", "--quiet", "--bare", "home/origin.git"]);
    git(&case, &["init", "--quiet", "--initial-branch=main"]);
    git(&case, &["remote", "add", "origin", "home/origin.git"]);
    let land = |groups: &str, told: &str| {
        case.write("portal.yaml", portal(&format!("  userGroups: [{groups}]\n")));
        case.write(".gitignore", "home\n.aehctl\n");
        let id = commit(&case);
        let script = step(&case, "aehctl apply").replace("--auto-approve", "--auto-approve --allow delete");
        let mut shell = Command::new("bash");
        for (name, value) in case.command(&[]).get_envs() {
            shell.env(name, value.expect("it is set"));
        }
        let output = shell.args(["-e", "-c", &script]).current_dir(case.path(".")).output().expect("there is bash");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && stdout.contains(told),
            "{stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(git(&case, &["ls-remote", "origin", RECORD]), format!("{id}\t{RECORD}"));
    };
    land("{name: Partner Initech}, {name: Partner Umbrella}", "Applied: 2 added, 0 changed, 0 deleted.");
    // Another runner has not got the ref yet.
    git(&case, &["update-ref", "-d", RECORD]);
    land("{name: Partner Initech}", "Applied: 0 added, 0 changed, 1 deleted.");
}

#[test]
fn a_run_over_several_portals_is_recorded_if_each_is_applied() {
    let hub = fleet::hub(&["First", "Second"]);
    let mut case = Case::on(&hub);
    case.set("PATH", &std::env::var("PATH").expect("git is on the path"));
    git(&case, &["init", "--quiet", "--initial-branch=main"]);
    case.write(".gitignore", "home\n.aehctl\nplans\n");
    fleet::declare(&case, "a", "First", "  userGroups: [{name: Old}]\n");
    fleet::declare(&case, "b", "Second", "  userGroups: [{name: Old}]\n");
    let first = commit(&case);
    let apply = ["apply", "-f", "portals", "--auto-approve", "--record", RECORD];
    case.run(&apply).exits(0);
    assert_eq!(record(&case), first);

    // One of them leaves its manifest: that is judged by its own record.
    fleet::declare(&case, "a", "First", "  userGroups: [{name: Old, description: New}]\n");
    fleet::declare(&case, "b", "Second", "  userGroups: []\n");
    let second = commit(&case);
    let planned = case.run(&["plan", "-f", "portals", "--applied", RECORD, "--out", "plans"]).exits(0);
    assert!(planned.stdout.contains(&format!("- userGroups/Old  # declared in {RECORD}")), "{planned}");
    assert!(planned.stdout.contains("  a: Plan: 0 to add, 1 to change, 0 to delete."), "{planned}");
    assert!(planned.stdout.contains("  b: Plan: 0 to add, 0 to change, 1 to delete."), "{planned}");

    // What is refused in one of them leaves the record where it is, although the other was applied.
    let applied = case.run(&[&apply[..], &["--applied", RECORD]].concat()).exits(5);
    assert!(
        applied
            .stderr
            .ends_with(&format!("{RECORD} was not moved: not everything is applied. Apply again with --record.\n")),
        "{applied}"
    );
    assert_eq!(record(&case), first);
    case.run(&["apply", "plans", "--auto-approve", "--allow", "delete", "--record", RECORD]).exits(0);
    assert_eq!(record(&case), second);
}
