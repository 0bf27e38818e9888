//! Real repositories in temporary folders.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::*;
use crate::manifest::model::{GroupReference, Manifest};

/// Repositories side by side in one folder: `origin`, and what is cloned from it.
struct World {
    folder: TempDir,
}

impl World {
    /// With an empty repository `origin`.
    fn new() -> Self {
        let world = Self { folder: TempDir::new().expect("a temporary folder can be made") };
        world.git(".", &["init", "--quiet", "--initial-branch=main", "origin"]);
        world
    }

    /// With one commit for each list of files, in which an empty text removes a file. Tags `v1`, `v2` and so on.
    fn with(commits: &[&[(&str, &str)]]) -> Self {
        let world = Self::new();
        for (number, files) in commits.iter().enumerate() {
            for (path, text) in *files {
                if text.is_empty() {
                    fs::remove_file(world.path("origin").join(path)).expect("the file was there");
                } else {
                    world.write(path, text);
                }
            }
            world.commit(&format!("v{}", number + 1));
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path("origin").join(path);
        fs::create_dir_all(path.parent().expect("the file is in a folder")).expect("folders can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn commit(&self, tag: &str) {
        self.git("origin", &["add", "--all"]);
        self.git("origin", &["commit", "--quiet", "--allow-empty", "--message", tag]);
        self.git("origin", &["tag", tag]);
    }

    /// Runs git and returns what it prints.
    fn git(&self, place: &str, arguments: &[&str]) -> String {
        self.git_reading(place, arguments, b"")
    }

    fn git_reading(&self, place: &str, arguments: &[&str], input: &[u8]) -> String {
        use std::io::Write as _;
        let mut child = Command::new("git")
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgSign=false"])
            .args(["-c", "protocol.file.allow=always", "-c", "tag.gpgSign=false"])
            .args(arguments)
            .current_dir(self.path(place))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git is installed");
        child.stdin.take().expect("it is piped").write_all(input).expect("git reads it");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {arguments:?} failed in {place}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Makes a tree by hand and a commit of it: each entry is a mode, an object and a name.
    fn tree(&self, entries: &[(&str, &str, &[u8])]) -> String {
        let mut input = Vec::new();
        for (mode, object, name) in entries {
            input.extend(format!("{mode} {object}\t").bytes());
            input.extend(*name);
            input.push(0);
        }
        self.git_reading("origin", &["update-index", "-z", "--index-info"], &input);
        let tree = self.git("origin", &["write-tree"]);
        self.git("origin", &["read-tree", "HEAD"]);
        self.git("origin", &["commit-tree", &tree, "-m", "by hand"])
    }

    fn object(&self, text: &str) -> String {
        self.git_reading("origin", &["hash-object", "-w", "--stdin"], text.as_bytes())
    }

    fn open(&self, place: &str) -> Repository {
        Repository::open(&self.path(place)).expect("a repository is there")
    }

    /// Loads files at a revision, from a place in this world.
    fn load(&self, place: &str, revision: &str, files: &[&str]) -> Result<Loaded> {
        let repository = self.open(place);
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        repository.load(&repository.commit(revision)?, &files, &|_| None, Absence::Fault)
    }

    /// The names of the top-level user groups that a revision declares.
    #[track_caller]
    fn groups(&self, place: &str, revision: &str, files: &[&str]) -> Vec<String> {
        let loaded = self.load(place, revision, files).expect("the revision has the files");
        assert!(!loaded.has_errors(), "{}", told(&loaded));
        loaded.manifests.iter().flat_map(group_names).collect()
    }

    /// The diagnostics of a load.
    fn faults(&self, place: &str, revision: &str, files: &[&str]) -> String {
        told(&self.load(place, revision, files).expect("the revision has the files"))
    }

    /// What a failing load says, with its advice.
    #[track_caller]
    fn failure(&self, place: &str, revision: &str, files: &[&str]) -> String {
        self.said(&self.load(place, revision, files).expect_err("the revision or its files are not there"))
    }

    fn said(&self, error: &anyhow::Error) -> String {
        let advice = error.downcast_ref::<Failure>().and_then(Failure::advice).unwrap_or("no advice").to_owned();
        let real = self.folder.path().canonicalize().expect("the folder is there");
        format!("{error:#}\n{advice}").replace(&real.display().to_string(), "[DIR]")
    }

    /// How `portal.yaml`, as it is on disk now, differs from `HEAD`.
    fn uncommitted(&self, place: &str, file: &str) -> BTreeMap<PathBuf, Uncommitted> {
        let files = [PathBuf::from(file)];
        let options =
            crate::manifest::load::LoadOptions { environment: &|_| None, working_directory: self.path(place) };
        let loaded = crate::manifest::load::load(&files, &options);
        let repository = self.open(place);
        let head = repository.head().expect("something is committed");
        repository.uncommitted(&head, &files, &|_| None, &loaded.sources).expect("they can be compared")
    }
}

fn told(loaded: &Loaded) -> String {
    crate::diagnostic::render(&loaded.diagnostics, &loaded.sources, false).trim_end().to_owned()
}

fn group_names(manifest: &Manifest) -> Vec<String> {
    let name = |reference: &GroupReference| match reference {
        GroupReference::Named(name) => name.clone(),
        GroupReference::System(group) => format!("{group:?}"),
    };
    manifest.user_groups.iter().flatten().map(|group| name(&group.name)).collect()
}

/// A Portal with these user groups, and perhaps something included.
fn portal(groups: &str, include: &str) -> String {
    format!(
        "apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: developer-portal}}\nspec:\n  include: [{include}]\n  userGroups: [{groups}]\n"
    )
}

fn fragment(group: &str) -> String {
    format!("apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec:\n  userGroups: [{{name: {group}}}]\n")
}

/// A portal in a folder that includes a fragment of another one; the second commit declares more.
fn two_revisions() -> World {
    World::with(&[
        &[("portals/portal.yaml", &portal("{name: A}", "../catalog")), ("catalog/one.yaml", &fragment("One"))],
        &[
            ("portals/portal.yaml", &portal("{name: A}, {name: B}", "../catalog")),
            ("catalog/two.yml", &fragment("Two")),
        ],
    ])
}

#[test]
fn manifests_are_as_they_were_then() {
    let world = two_revisions();
    fs::write(world.path("origin/catalog/three.yaml"), fragment("Three")).expect("a file can be written");
    for paths in [&["portals/portal.yaml"][..], &["portals"], &["./catalog/../portals", "portals/portal.yaml"]] {
        assert_eq!(world.groups("origin", "v1", paths), ["A", "One"], "{paths:?}");
        assert_eq!(world.groups("origin", "main", paths), ["A", "B", "One", "Two"], "{paths:?}");
        assert_eq!(world.groups("origin", "HEAD~1", paths), ["A", "One"], "{paths:?}");
    }
    let absolute = world.path("origin/portals").display().to_string();
    assert_eq!(world.groups("origin", "v1", &[&absolute]), ["A", "One"]);
}

#[test]
fn paths_start_at_the_working_directory() {
    let world = two_revisions();
    assert_eq!(world.groups("origin/portals", "v1", &["portal.yaml"]), ["A", "One"]);
    assert_eq!(world.groups("origin/portals", "v1", &["."]), ["A", "One"]);
    assert_eq!(world.groups("origin/catalog", "v1", &["../portals"]), ["A", "One"]);
}

#[test]
fn bare_shallow_and_linked_repositories_are_read() {
    let world = two_revisions();
    world.git(".", &["clone", "--quiet", "--bare", "origin", "bare.git"]);
    assert_eq!(world.groups("bare.git", "v1", &["portals"]), ["A", "One"]);

    let url = format!("file://{}", world.path("origin").display());
    world.git(".", &["clone", "--quiet", "--depth", "1", &url, "shallow"]);
    assert_eq!(world.groups("shallow", "origin/main", &["portals"]), ["A", "B", "One", "Two"]);
    insta::assert_snapshot!(world.failure("shallow", "HEAD~1", &["portals"]), @"
    there is no revision `HEAD~1` here
    fetch the history: git fetch --unshallow, or `fetch-depth: 0` where a pipeline checks out
    ");
    let first = world.git("origin", &["rev-parse", "v1"]);
    let said = world.failure("shallow", &first, &["portals"]);
    assert!(said.contains("--unshallow"), "{said}");
    world.git("shallow", &["fetch", "--quiet", "--depth", "1", "origin", &first]);
    assert_eq!(world.groups("shallow", &first, &["portals"]), ["A", "One"]);

    world.git("origin", &["worktree", "add", "--quiet", "../linked", "v1"]);
    assert_eq!(world.groups("linked/portals", "main", &["."]), ["A", "B", "One", "Two"]);
    assert_eq!(world.groups("linked", "HEAD", &["portals"]), ["A", "One"]);

    world.git("origin", &["config", "uploadpack.allowFilter", "true"]);
    world.git(".", &["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, "partial"]);
    assert_eq!(world.groups("partial", "origin/main~1", &["portals"]), ["A", "One"]);
}

#[test]
fn a_commit_is_found_under_each_of_its_names() {
    let world = two_revisions();
    let id = world.git("origin", &["rev-parse", "main"]);
    world.git("origin", &["tag", "--annotate", "--message", "a tag", "annotated"]);
    world.git("origin", &["update-ref", "refs/aehctl/developer-portal", "main"]);
    let repository = world.open("origin");
    for revision in ["main", "HEAD", "@", "annotated", "refs/aehctl/developer-portal", &id, &id[..8], "main@{0}"] {
        let commit = repository.commit(revision).expect("it is there");
        assert_eq!((commit.id.as_str(), commit.spelled.as_str()), (id.as_str(), revision));
    }
}

#[test]
fn what_is_no_revision_is_told_with_advice() {
    let world = two_revisions();
    let say = |revision: &str| world.failure("origin", revision, &["portals"]);
    insta::assert_snapshot!(say("mian"), @"
    there is no revision `mian` here
    did you mean `main`?
    ");
    insta::assert_snapshot!(say("refs/aehctl/developer-portal"), @"
    there is no revision `refs/aehctl/developer-portal` here
    fetch it: git fetch origin refs/aehctl/developer-portal:refs/aehctl/developer-portal; before the first apply there is no record
    ");
    insta::assert_snapshot!(say("origin/release"), @"
    there is no revision `origin/release` here
    is it fetched? git fetch origin release
    ");
    insta::assert_snapshot!(say("main~7"), @"
    there is no revision `main~7` here
    `main` is there, and its history does not go so far
    ");
    insta::assert_snapshot!(say("0123456789012345678901234567890123456789"), @"
    there is no revision `0123456789012345678901234567890123456789` here
    fetch it: git fetch origin 0123456789012345678901234567890123456789
    ");
    insta::assert_snapshot!(say("main:portals/portal.yaml"), @"
    revision `main:portals/portal.yaml` is a blob, not a commit
    name a commit, a branch, a tag or another ref
    ");
    insta::assert_snapshot!(say("main^{tree}"), @"
    revision `main^{tree}` is a tree, not a commit
    name a commit, a branch, a tag or another ref
    ");
    for range in ["v1..main", "v1...main", "main main", "main\nmain"] {
        assert!(say(range).starts_with("there is no revision"), "{range}");
    }
}

#[test]
fn a_revision_is_never_an_option() {
    let world = two_revisions();
    let repository = world.open("origin");
    for hostile in ["-h", "--all", "--upload-pack=touch hacked", "--git-dir=/tmp", "-", "^main", "", "a\0b"] {
        let error = repository.commit(hostile).expect_err("it is no revision");
        let failure = error.downcast_ref::<Failure>().expect("it comes with advice");
        assert_eq!(failure.exit(), Exit::Usage, "{hostile:?}");
        assert!(repository.merge_base(hostile).is_err());
    }
    assert!(!world.path("origin/hacked").exists());
}

#[test]
fn without_a_repository_it_says_so() {
    let world = World::new();
    let error = Repository::open(world.folder.path()).expect_err("there is none");
    insta::assert_snapshot!(world.said(&error).replace(&world.folder.path().display().to_string(), "[DIR]"), @"
    [DIR] is not in a git repository
    run aehctl in a clone of the manifests' repository, or set GIT_DIR
    ");
    insta::assert_snapshot!(world.failure("origin", "HEAD", &["portals"]), @"
    there is no revision `HEAD` here
    is it fetched? git fetch origin HEAD
    ");
    let error = world.open("origin").head().expect_err("nothing is committed");
    insta::assert_snapshot!(world.said(&error), @"
    HEAD is no commit yet
    commit the manifests first
    ");
}

#[test]
fn files_that_were_not_there_are_told() {
    let world = two_revisions();
    world.git("origin", &["mv", "portals", "moved"]);
    world.write("new.yaml", &fragment("New"));
    world.commit("v3");
    insta::assert_snapshot!(world.failure("origin", "v2", &["moved/portal.yaml"]), @"
    `moved/portal.yaml` is not in revision `v2`
    it has `portals/portal.yaml`: was the file moved since?
    ");
    insta::assert_snapshot!(world.failure("origin", "v2", &["moved", "new.yaml"]), @"
    `moved`, `new.yaml` are not in revision `v2`
    the paths of -f are looked up as they were then; if they are new, leave it out
    ");
    insta::assert_snapshot!(world.failure("origin/moved", "v2", &["../../elsewhere.yaml"]), @"
    ../../elsewhere.yaml lies outside of the repository [DIR]/origin
    a revision has the files of its own repository alone
    ");
    insta::assert_snapshot!(world.faults("origin", "v1", &["portals", "catalog/two.yml"]), @"
    warning[not-in-revision]: `catalog/two.yml` is not in revision `v1`
     |
     = help: nothing of it was declared then
    ");
}

#[test]
fn faults_of_a_revision_name_it() {
    let world = World::with(&[&[
        ("portal.yaml", &portal("{nam: A}", "missing.yaml, ../out.yaml, text.yaml")),
        ("text.yaml", "kind: Nothing\n"),
    ]]);
    fs::remove_file(world.path("origin/portal.yaml")).expect("the file was there");
    insta::assert_snapshot!(world.faults("origin", "v1", &["portal.yaml"]), @"
    error[unreadable-file]: cannot read `v1:missing.yaml`: No such file or directory (os error 2)
     --> v1:portal.yaml:5:13
      |
    5 |   include: [missing.yaml, ../out.yaml, text.yaml]
      |             ^^^^^^^^^^^^

    error[outside-repository]: `../out.yaml` leads out of the repository
     --> v1:portal.yaml:5:27
      |
    5 |   include: [missing.yaml, ../out.yaml, text.yaml]
      |                           ^^^^^^^^^^^
      |
      = help: what is found or included lies under `v1:`

    error[missing-field]: the field `name` is missing
     --> v1:portal.yaml:6:16
      |
    6 |   userGroups: [{nam: A}]
      |                ^^^^^^^^
      |
      = help: add `name: …`, a text

    error[unknown-field]: unknown field `nam`
     --> v1:portal.yaml:6:17
      |
    6 |   userGroups: [{nam: A}]
      |                 ^^^
      |
      = help: did you mean `name`?

    error[unknown-kind]: unknown kind `Nothing`
     --> v1:text.yaml:1:7
      |
    1 | kind: Nothing
      |       ^^^^^^^
      |
      = help: known here: `Portal`, `PortalFragment`
    ");
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_repository_alone() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    world.write("real/portal.txt", &portal("{name: A}", "../links/*.yaml"));
    world.write("catalog/one.yaml", &fragment("One"));
    fs::create_dir(world.path("origin/links")).expect("a folder can be made");
    fs::write(world.path("secret.yaml"), fragment("Secret")).expect("a file can be written");
    let link = |to: &str, at: &str| symlink(to, world.path("origin").join(at)).expect("a link can be made");
    link("real/portal.txt", "portal.yaml");
    link("../catalog/one.yaml", "links/one.yaml");
    link("real", "folder");
    world.commit("v1");
    for path in ["portal.yaml", "folder/portal.txt", "real/portal.txt"] {
        assert_eq!(world.groups("origin", "v1", &[path]), ["A", "One"], "{path}");
    }
    link("../../secret.yaml", "links/secret.yaml");
    link(&world.path("secret.yaml").display().to_string(), "secret.yaml");
    world.commit("v2");
    insta::assert_snapshot!(world.faults("origin", "v2", &["portal.yaml"]), @"
    error[outside-repository]: `../links/*.yaml` leads out of the repository
     --> v2:real/portal.txt:5:13
      |
    5 |   include: [../links/*.yaml]
      |             ^^^^^^^^^^^^^^^
      |
      = help: what is found or included lies under `v2:`
    ");
    insta::assert_snapshot!(world.faults("origin", "v2", &["secret.yaml"]), @"
    error[outside-repository]: `v2:secret.yaml` leads out of the repository
     |
     = help: what is found or included lies under `v2:`
    ");
}

#[test]
fn attributes_hide_nothing() {
    let world = World::with(&[&[
        ("portal.yaml", &portal("{name: A}", "catalog")),
        ("catalog/one.yaml", &fragment("One")),
        (".gitattributes", "*.yaml export-ignore -text\ncatalog/** export-ignore\n"),
    ]]);
    assert_eq!(world.groups("origin", "v1", &["portal.yaml"]), ["A", "One"]);
}

#[cfg(unix)]
#[test]
fn trees_made_by_hand_are_survived() {
    let world = World::with(&[&[("portal.yaml", &portal("{name: A}", "'*.yml'"))]]);
    let (part, bad) = (world.object(&fragment("One")), world.object("nonsense"));
    let submodule = world.git("origin", &["rev-parse", "HEAD"]);
    let loop_to_itself = world.object("loop.yml");
    let nowhere = world.object("");
    let commit = world.tree(&[
        ("100644", &part, b"\xff\xfe.yml"),
        ("100644", &part, "gr\u{fc}n \u{1f600}\t\n\"x\".yml".as_bytes()),
        ("100644", &bad, b"\xff.txt"),
        ("160000", &submodule, b"module.yml"),
        ("120000", &nowhere, b"nowhere.txt"),
    ]);
    let loaded = world.load("origin", &commit, &["portal.yaml"]).expect("the file is there");
    // Patterns match no name that is not UTF-8, and a submodule is no file.
    assert_eq!(loaded.sources.len(), 2, "{}", told(&loaded));
    let commit = world.tree(&[("120000", &loop_to_itself, b"loop.yml")]);
    let told = world.faults("origin", &commit, &["portal.yaml"]);
    assert!(told.contains("error[unreadable-file]"), "{told}");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let world = World::with(&[&[
        ("portal.yaml", &portal("{name: A}", "large.yaml, one.yaml")),
        ("large.yaml", &"#".repeat(33 << 20)),
        ("one.yaml", &fragment("One")),
    ]]);
    let loaded = world.load("origin", "v1", &["portal.yaml"]).expect("the file is there");
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["too-large"]);
    assert_eq!(loaded.sources.len(), 2, "what comes after it is read all the same");
}

#[test]
fn the_merge_base_is_where_a_branch_began() {
    let world = two_revisions();
    let repository = world.open("origin");
    world.git("origin", &["checkout", "--quiet", "-b", "feature", "v1"]);
    world.write("feature.txt", "x");
    world.commit("v3");
    let first = world.git("origin", &["rev-parse", "v1"]);
    let base = repository.merge_base("main").expect("both began at the first commit");
    assert_eq!((base.id.as_str(), base.spelled.as_str()), (first.as_str(), &first[..7]));

    world.git("origin", &["checkout", "--quiet", "--orphan", "unrelated"]);
    world.commit("v4");
    insta::assert_snapshot!(world.said(&repository.merge_base("main").expect_err("nothing is common")), @"
    `main` and HEAD have no common history
    name the branch that HEAD began on
    ");

    let url = format!("file://{}", world.path("origin").display());
    world.git(".", &["clone", "--quiet", "--depth", "1", "--no-single-branch", &url, "shallow"]);
    world.git("shallow", &["checkout", "--quiet", "--detach", "origin/feature"]);
    insta::assert_snapshot!(world.said(&world.open("shallow").merge_base("origin/main").expect_err("it is cut off")), @"
    the history is too shallow to find the merge base of `origin/main` and HEAD
    fetch the history: git fetch --unshallow, or `fetch-depth: 0` where a pipeline checks out
    ");
}

#[test]
fn several_merge_bases_are_no_guess() {
    let world = two_revisions();
    // Two branches, each merged into the other's former end.
    let tree = world.git("origin", &["rev-parse", "v1^{tree}"]);
    let commit = |parents: &[&str], message: &str| {
        let parents: Vec<&str> = parents.iter().flat_map(|parent| ["-p", *parent]).collect();
        world.git("origin", &[&["commit-tree", &tree, "-m", message], parents.as_slice()].concat())
    };
    let (left, right) = (commit(&["v1"], "left"), commit(&["v1"], "right"));
    let (one, other) = (commit(&[&left, &right], "one"), commit(&[&right, &left], "other"));
    world.git("origin", &["checkout", "--quiet", "--detach", &one]);
    let said = world.said(&world.open("origin").merge_base(&other).expect_err("there are two"));
    assert!(said.contains("and HEAD have 2 merge bases\nname the one that is meant: "), "{said}");
}

#[test]
fn what_is_not_committed_is_found() {
    let world = two_revisions();
    assert_eq!(world.uncommitted("origin", "portals"), BTreeMap::new());
    assert_eq!(world.uncommitted("origin/portals", "portal.yaml"), BTreeMap::new());
    // Line ends are no difference, and neither is what the load does not read.
    let text = portal("{name: A}, {name: B}", "../catalog");
    world.write("portals/portal.yaml", &text.replace('\n', "\r\n"));
    world.write("elsewhere.yaml", &fragment("Elsewhere"));
    assert_eq!(world.uncommitted("origin", "portals"), BTreeMap::new());

    world.write("portals/portal.yaml", &text.replace('B', "C"));
    world.write("catalog/three.yaml", &fragment("Three"));
    world.write(".gitignore", "*.yaml\n");
    fs::remove_file(world.path("origin/catalog/one.yaml")).expect("the file was there");
    let expected = [
        (PathBuf::from("catalog/one.yaml"), Uncommitted::Removed),
        (PathBuf::from("catalog/three.yaml"), Uncommitted::Added),
        (PathBuf::from("portals/portal.yaml"), Uncommitted::Changed),
    ];
    assert_eq!(world.uncommitted("origin", "portals"), BTreeMap::from(expected));
    // What the index hides is a difference as well.
    world.git("origin", &["update-index", "--assume-unchanged", "portals/portal.yaml"]);
    assert_eq!(world.uncommitted("origin", "portals").len(), 3);
    assert_eq!(world.uncommitted("origin", "elsewhere.yaml").len(), 1);
}
