//! The pipelines of `examples/ci` do what docs/pipelines.md says: their own shell steps are run, as the CI system would
//! run them, in a real repository and against an emulator.
//!
//! A [`Forge`] is what a CI system has around a pipeline: an origin that all clone, secrets, artifacts, comments and
//! issues. Programs that would talk to it, `gh`, `glab`, `curl` and `jq`, have stand-ins in `tests/pipelines/`. What is
//! not known here, such as an expression or an action, ends the test: nothing is passed over.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aehctl::emulator::{self, Options, Running, Switches};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const RECORD: &str = "refs/aehctl/developer-portal";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const URL: &str = "https://downloads.example.com/aehctl";
const MARK: &str = "<!-- aehctl plan: developer-portal -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: impl AsRef<Path>) -> Value {
    serde_saphyr::from_str(&read(path)).expect("the pipeline is YAML")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder can be made");
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

/// A Portal of this `spec`, in one line of YAML.
fn portal(spec: &str) -> String {
    format!(
        "apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: developer-portal}}\nspec: {{target: {{portal: \
         Developer Portal}}, {spec}}}\n"
    )
}

fn invoice(groups: &str) -> String {
    format!("assets: [{{asset: Finance/invoice-api, versions: {{v2: [{groups}]}}}}]")
}

type Environment = BTreeMap<String, String>;

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Environment {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The scalars of an object of YAML as a shell sees them.
fn texts(value: &Value) -> Environment {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Who runs a pipeline, and so which secrets it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Main,
    Branch,
    Fork,
}

struct Forge {
    folder: TempDir,
    hub: Option<Running>,
    runtime: Runtime,
    /// The number of runs so far.
    runs: usize,
}

impl Drop for Forge {
    fn drop(&mut self) {
        let _guard = self.runtime.enter();
        self.hub.take();
    }
}

impl Forge {
    /// With a repository whose main branch has one manifest, and the pipelines as docs/pipelines.md has them copied.
    fn new(switches: &[&str], spec: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
        let switches = Switches::parse(switches).expect("the switches exist");
        let options = Options { seed: Some(emulator::demo().to_owned()), switches, ..Options::default() };
        let hub = runtime.block_on(emulator::start(options)).expect("the emulator starts");
        let folder = TempDir::with_prefix("aehctl-forge-").expect("a temporary folder can be made");
        let forge = Self { folder, hub: Some(hub), runtime, runs: 0 };

        for name in ["gh", "glab", "jq", "curl"] {
            copy(&root().join("tests/pipelines").join(name), &forge.path("bin").join(name));
        }
        for folder in ["state", "home", "origin"] {
            fs::create_dir_all(forge.path(folder)).expect("a folder can be made");
        }
        for file in ["calls", "observed", "pulls", "requests", "pipelines"] {
            forge.write(&format!("state/{file}"), "");
        }
        forge.write("state/next", "100\n");
        forge.write("state/aehctl", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_aehctl")));

        forge.git("origin", &["init", "--quiet", "--bare", "--initial-branch=main"]);
        forge.git("", &["clone", "--quiet", "origin", "work"]);
        forge.git("work", &["switch", "--quiet", "--orphan", "main"]);
        for workflow in fs::read_dir(root().join("examples/ci/github")).expect("the workflows are there") {
            let workflow = workflow.expect("the folder can be read");
            copy(&workflow.path(), &forge.path("work/.github/workflows").join(workflow.file_name()));
        }
        copy(&root().join("examples/ci/gitlab/.gitlab-ci.yml"), &forge.path("work/.gitlab-ci.yml"));
        // The pin stands in the copy of the action.
        let mut defaults = [URL, &forge.digest()].map(|value| format!("default: {value}")).into_iter();
        let action = read(root().join("action.yml"));
        let pinned = action.split("default: \"\"").fold(String::new(), |text, part| {
            if text.is_empty() { part.to_owned() } else { text + &defaults.next().expect("two defaults") + part }
        });
        assert!(defaults.next().is_none(), "the action has two inputs without defaults");
        forge.write("work/.github/actions/aehctl/action.yml", &pinned);
        forge.write("work/portal.yaml", &portal(spec));
        forge.commit();
        forge.git("work", &["push", "--quiet", "origin", "main"]);
        forge
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn digest(&self) -> String {
        let bytes = fs::read(self.path("state/aehctl")).expect("the build is there");
        Sha256::digest(bytes).iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
    }

    /// What every process has.
    fn environment(&self) -> Environment {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").expect("there is a path"));
        let home = self.path("home").display().to_string();
        pairs([("PATH", &path), ("HOME", &home), ("GIT_CONFIG_NOSYSTEM", "1"), ("RUST_BACKTRACE", "0")])
    }

    #[track_caller]
    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .envs(self.environment())
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("git writes UTF-8").trim().to_owned()
    }

    /// Commits everything, and returns the commit's id.
    fn commit(&self) -> String {
        self.git("work", &["add", "--all", "."]);
        self.git("work", &["commit", "--quiet", "--message", "a change"]);
        self.git("work", &["rev-parse", "HEAD"])
    }

    /// A commit with this manifest on a branch, and what merging it into main would make; gives both.
    fn propose(&self, branch: &str, manifest: &str) -> (String, String) {
        self.git("work", &["switch", "--quiet", "--force-create", branch, "main"]);
        self.write("work/portal.yaml", manifest);
        let head = self.commit();
        self.git("work", &["push", "--quiet", "--force", "origin", branch]);
        self.git("work", &["switch", "--quiet", "--detach", "main"]);
        self.git("work", &["merge", "--quiet", "--no-ff", "--message", "merge", branch]);
        let merge = self.git("work", &["rev-parse", "HEAD"]);
        self.git("work", &["push", "--quiet", "--force", "origin", "HEAD:refs/pull/7/merge"]);
        self.git("work", &["switch", "--quiet", "main"]);
        (head, merge)
    }

    /// Merges a branch into main, and returns the commit's id.
    fn merge(&self, branch: &str) -> String {
        self.git("work", &["merge", "--quiet", "--no-ff", "--message", "merge", branch]);
        self.git("work", &["push", "--quiet", "origin", "main"]);
        self.git("work", &["rev-parse", "HEAD"])
    }

    /// The commit that the origin has as applied; empty if there is none.
    fn record(&self) -> String {
        self.git("origin", &["for-each-ref", "--format=%(objectname)", RECORD])
    }

    /// What a job is given: only main's jobs have a credential, and forks have nothing.
    fn secrets(&self, trust: Trust) -> Environment {
        let hub = self.hub.as_ref().expect("it runs until it is dropped");
        let mut secrets = pairs([("AEHCTL_PSEUDONYM_KEY", KEY)]);
        match trust {
            Trust::Fork => secrets.clear(),
            Trust::Branch => {}
            Trust::Main => secrets.extend(pairs([
                ("ANYPOINT_CLIENT_ID", &hub.client_id),
                ("ANYPOINT_CLIENT_SECRET", &hub.client_secret),
                ("AEHCTL_PLAN_KEY", KEY),
            ])),
        }
        secrets
    }

    /// Where a job with a credential finds the hub; a credential without it goes nowhere.
    fn host(&self, environment: &mut Environment) {
        if environment.contains_key("ANYPOINT_CLIENT_ID") {
            let hub = self.hub.as_ref().expect("it runs until it is dropped");
            environment.insert("ANYPOINT_HOST".to_owned(), hub.url.clone());
        }
    }

    /// Somebody changes the portal by hand.
    #[track_caller]
    fn meanwhile(&self, spec: &str) {
        self.write("meanwhile.yaml", &portal(spec));
        let mut environment = self.environment();
        environment.extend(self.secrets(Trust::Main));
        self.host(&mut environment);
        let script = format!("'{}' apply -f meanwhile.yaml --auto-approve", env!("CARGO_BIN_EXE_aehctl"));
        let (succeeded, output) = bash(&script, self.folder.path(), &environment);
        assert!(succeeded, "{output}");
    }

    /// A fresh clone at a revision, for a job to work in.
    fn checkout(&self, job: &str, revision: &str) -> PathBuf {
        let folder = format!("jobs/{job}/workspace");
        fs::create_dir_all(self.path(&folder)).expect("a folder can be made");
        let origin = self.path("origin").display().to_string();
        self.git(&folder, &["clone", "--quiet", "--no-checkout", &origin, "."]);
        self.git(&folder, &["fetch", "--quiet", "origin", revision]);
        self.git(&folder, &["checkout", "--quiet", "--detach", revision]);
        self.path(&folder)
    }

    /// Those that end so.
    fn kept_with(&self, folder: &str, end: &str) -> Vec<String> {
        self.kept(folder).into_iter().filter(|name| name.strip_suffix(end).is_some()).collect()
    }

    /// The names of what the stand-ins keep in a folder, sorted.
    fn kept(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("state").join(folder)) else { return Vec::new() };
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("the folder can be read").file_name();
        let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Runs a script as the CI systems do, and gives whether it succeeded, and what it said.
fn bash(script: &str, folder: &Path, environment: &Environment) -> (bool, String) {
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &format!("exec 2>&1\n{script}")])
        .current_dir(folder)
        .env_clear()
        .envs(environment)
        .output()
        .expect("there is a bash");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What an event says, by the expressions that ask for it.
#[derive(Clone)]
struct Event {
    trust: Trust,
    revision: String,
    expressions: Environment,
}

/// How a workflow ended.
#[derive(Debug)]
struct Ended {
    succeeded: bool,
    run: usize,
    environments: Vec<String>,
    output: String,
}

impl Ended {
    #[track_caller]
    fn succeeds(self) -> Self {
        assert!(self.succeeded, "{}", self.output);
        self
    }

    #[track_caller]
    fn fails(self) -> Self {
        assert!(!self.succeeded, "{}", self.output);
        self
    }
}

/// One job of a workflow while it runs.
struct GitHubJob<'a> {
    forge: &'a Forge,
    event: &'a Event,
    run: usize,
    workspace: PathBuf,
    temporary: PathBuf,
    environment: Environment,
    /// Values of expressions.
    expressions: Environment,
    output: String,
}

impl GitHubJob<'_> {
    /// A text with its expressions replaced by their values.
    #[track_caller]
    fn evaluated(&self, text: &str) -> String {
        let mut evaluated = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").expect("an expression ends");
            let expression = expression.trim();
            let value = self.expressions.get(expression).cloned();
            let value = value.or_else(|| expression.starts_with("secrets.").then(String::new));
            evaluated.push_str(before);
            evaluated.push_str(&value.unwrap_or_else(|| panic!("nobody knows `{expression}`")));
            rest = after;
        }
        evaluated + rest
    }

    fn all_evaluated(&self, value: &Value) -> Environment {
        texts(value).into_iter().map(|(name, text)| (name, self.evaluated(&text))).collect()
    }

    /// Runs steps until one fails, and after that those that run always; gives whether none failed.
    fn steps(&mut self, steps: &Value) -> bool {
        let mut succeeded = true;
        for step in steps.as_array().expect("there are steps") {
            let always = match step.get("if").map(|condition| condition.as_str()) {
                None => false,
                Some(Some("always()")) => true,
                Some(condition) => panic!("nobody knows {condition:?}"),
            };
            if succeeded || always {
                succeeded &= self.step(step);
            }
        }
        succeeded
    }

    fn step(&mut self, step: &Value) -> bool {
        if let Some(script) = step["run"].as_str() {
            return self.script(script, step);
        }
        let action = step["uses"].as_str().expect("a step runs or uses something");
        let with = self.all_evaluated(&step["with"]);
        match action.split_once('@').map_or((action, ""), |(name, pin)| (name, pin)) {
            ("actions/checkout", pin) => {
                assert_eq!(pin.len(), 40, "{action} is pinned by its commit");
                self.forge.checkout(
                    &self
                        .workspace
                        .parent()
                        .expect("it is in a job")
                        .strip_prefix(self.forge.path("jobs"))
                        .expect("jobs")
                        .display()
                        .to_string(),
                    &self.event.revision,
                );
                true
            }
            ("./.github/actions/aehctl", "") => {
                let action = yaml(self.workspace.join(".github/actions/aehctl/action.yml"));
                for (name, input) in action["inputs"].as_object().expect("there are inputs") {
                    let value =
                        with.get(name).cloned().unwrap_or_else(|| input["default"].as_str().unwrap_or("").into());
                    self.expressions.insert(format!("inputs.{name}"), value);
                }
                self.steps(&action["runs"]["steps"])
            }
            ("actions/upload-artifact", pin) => {
                assert_eq!(pin.len(), 40, "{action} is pinned by its commit");
                let path = self.workspace.join(&with["path"]);
                let name = path.file_name().expect("a file has a name");
                let target =
                    self.forge.path("state/artifacts").join(self.run.to_string()).join(&with["name"]).join(name);
                if path.exists() {
                    copy(&path, &target);
                }
                path.exists() || with.get("if-no-files-found").is_none_or(|what| what != "error")
            }
            ("actions/download-artifact", pin) => {
                assert_eq!(pin.len(), 40, "{action} is pinned by its commit");
                let from = self.forge.path("state/artifacts").join(self.run.to_string()).join(&with["name"]);
                for file in fs::read_dir(from).expect("the artifact is there") {
                    let file = file.expect("the folder can be read");
                    copy(&file.path(), &Path::new(&with["path"]).join(file.file_name()));
                }
                true
            }
            _ => panic!("nobody knows {action}"),
        }
    }

    fn script(&mut self, script: &str, step: &Value) -> bool {
        assert!(!script.contains("${{"), "an expression in a script could be anything: {script}");
        assert!(script.starts_with("set -euo pipefail\n"), "{script}");
        let [output, paths, summary] = ["output", "paths", "summary"].map(|name| self.temporary.join(name));
        for file in [&output, &paths, &summary] {
            fs::write(file, "").expect("a file can be written");
        }
        let mut environment = self.environment.clone();
        environment.extend(self.all_evaluated(&step["env"]));
        if self.event.trust != Trust::Main {
            let credential =
                environment.keys().find(|name| name.starts_with("ANYPOINT_") || *name == "AEHCTL_PLAN_KEY");
            assert_eq!(credential, None, "a pull request has a credential");
        }
        self.forge.host(&mut environment);
        for (name, file) in [("GITHUB_OUTPUT", &output), ("GITHUB_PATH", &paths), ("GITHUB_STEP_SUMMARY", &summary)] {
            environment.insert(name.to_owned(), file.display().to_string());
        }
        let folder = if self.workspace.exists() { &self.workspace } else { &self.temporary };
        let (succeeded, said) = bash(script, folder, &environment);
        self.output.push_str(&said);
        for line in read(&paths).lines() {
            let path = format!("{line}:{}", self.environment["PATH"]);
            self.environment.insert("PATH".to_owned(), path);
        }
        if let Some(id) = step["id"].as_str() {
            for (name, value) in read(&output).lines().filter_map(|line| line.split_once('=')) {
                self.expressions.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
        }
        succeeded
    }
}

impl Forge {
    /// Runs a workflow of the repository as GitHub would after an event.
    fn github(&mut self, workflow: &str, event: &Event) -> Ended {
        self.runs += 1;
        let run = self.runs;
        let workflow = yaml(root().join("examples/ci/github").join(workflow));
        assert_eq!(workflow["permissions"], serde_json::json!({}), "what a job may do, it says itself");
        let mut ended = Ended { succeeded: true, run, environments: Vec::new(), output: String::new() };
        let mut expressions = event.expressions.clone();
        let jobs = workflow["jobs"].as_object().expect("there are jobs");
        // In the order of what they need.
        let mut names: Vec<&String> = jobs.keys().collect();
        names.sort_by_key(|name| jobs[*name].get("needs").is_some());
        for name in names {
            let job = &jobs[name];
            let folder = self.path(&format!("jobs/{run}-{name}"));
            let temporary = folder.join("temporary");
            fs::create_dir_all(&temporary).expect("a folder can be made");
            let mut running = GitHubJob {
                forge: self,
                event,
                run,
                workspace: folder.join("workspace"),
                environment: self.environment(),
                expressions: expressions.clone(),
                output: String::new(),
                temporary,
            };
            let temporary = running.temporary.display().to_string();
            running.expressions.extend(pairs([
                ("runner.temp", &temporary),
                ("github.token", "a-token"),
                ("github.repository", "example/portals"),
                ("github.run_attempt", "1"),
            ]));
            let environment = job["environment"].as_str().map(|name| running.evaluated(name));
            // Main's secrets stand in environments, and nowhere else.
            let trust = if environment.is_some() { event.trust } else { event.trust.max_without_environment() };
            ended.environments.extend(environment);
            let secrets = self.secrets(trust).into_iter().map(|(name, value)| (format!("secrets.{name}"), value));
            running.expressions.extend(secrets);
            running.environment.extend(texts(&workflow["env"]));
            running.environment.extend(pairs([
                ("GITHUB_REPOSITORY", "example/portals"),
                ("GITHUB_SERVER_URL", "https://github.example.com"),
                ("GITHUB_BASE_REF", "main"),
                ("GITHUB_WORKSPACE", &running.workspace.display().to_string()),
                ("RUNNER_TEMP", &temporary),
            ]));
            ended.succeeded = running.steps(&job["steps"]);
            let outputs = running.all_evaluated(&job["outputs"]);
            ended.output.push_str(&running.output);
            for (output, value) in outputs {
                expressions.insert(format!("needs.{name}.outputs.{output}"), value.clone());
                let environment = if value == "true" { "portal" } else { "portal-read" };
                let choice = format!("needs.{name}.outputs.{output} == 'true' && 'portal' || 'portal-read'");
                expressions.insert(choice, environment.to_owned());
            }
            if !ended.succeeded {
                break;
            }
        }
        ended
    }

    /// What happens on main.
    fn on_main(&self) -> Event {
        let revision = self.git("origin", &["rev-parse", "main"]);
        Event { trust: Trust::Main, revision, expressions: Environment::new() }
    }

    /// A pull request is planned; gives how that ended, and the event that the end of this run is.
    fn plan_pull_request(&mut self, trust: Trust, manifest: &str) -> (Ended, Event) {
        let (head, _) = self.propose("feature", manifest);
        self.write("state/pulls", &format!("6 stranger:feature {head}\n7 contributor:feature {head}\n"));
        let event = Event {
            trust,
            revision: "refs/pull/7/merge".to_owned(),
            expressions: pairs([("github.event.pull_request.number", "7")]),
        };
        // `FETCH_HEAD` of a checkout is detached; a name is needed for it there.
        let revision = self.git("origin", &["rev-parse", &event.revision]);
        let ended = self.github("portal-plan.yaml", &Event { revision, ..event });
        let expressions = pairs([
            ("github.event.workflow_run.id", &ended.run.to_string()),
            ("github.event.workflow_run.head_repository.owner.login", "contributor"),
            ("github.event.workflow_run.head_branch", "feature"),
            ("github.event.workflow_run.head_sha", &head),
        ]);
        let comment = Event { trust: Trust::Main, expressions, ..self.on_main() };
        (ended, comment)
    }

    /// The body of the only comment of the bot.
    #[track_caller]
    fn comment(&self, folder: &str) -> (String, String) {
        let names: Vec<String> = self.kept_with(folder, ".bot");
        let [name] = names.as_slice() else { panic!("one comment, not {names:?}") };
        (name.clone(), read(self.path("state").join(folder).join(name)))
    }
}

impl Trust {
    fn max_without_environment(self) -> Self {
        if self == Self::Main { Self::Branch } else { self }
    }
}

#[test]
fn github_plans_comments_applies_and_watches() {
    let mut forge = Forge::new(&[], &invoice("Support"));

    // What landed is planned, approved, applied and recorded.
    let first = forge.on_main();
    let applied = forge.github("portal-apply.yaml", &first).succeeds();
    assert_eq!(applied.environments, ["portal-read", "portal"], "{}", applied.output);
    assert_eq!(forge.record(), first.revision);
    assert_eq!(forge.kept(&format!("artifacts/{}", applied.run)), ["portal-journal-1", "portal-saved-plan"]);

    // A plan without changes waits for nobody, and moves the record.
    forge.write("work/README", "more");
    forge.commit();
    forge.git("work", &["push", "--quiet", "origin", "main"]);
    let second = forge.on_main();
    let applied = forge.github("portal-apply.yaml", &second).succeeds();
    assert_eq!(applied.environments, ["portal-read", "portal-read"], "{}", applied.output);
    assert_eq!(forge.record(), second.revision);

    // Without a live state, nothing is planned, and that is said.
    let with_initech =
        portal(&format!("userGroups: [{{name: Partner Initech}}], {}", invoice("Support, Partner Initech")));
    let (ended, _) = forge.plan_pull_request(Trust::Fork, &with_initech);
    assert!(ended.fails().output.contains("there is no live state yet"));
    let observed = forge.github("portal-observe.yaml", &second).succeeds();
    assert_eq!(observed.environments, ["portal-read"]);
    let live = read(forge.path(&format!("state/artifacts/{}/portal-live/live.json", observed.run)));
    assert!(live.contains("invoice-api") && !live.contains("ken@example.com"));
    forge.write("state/observed", &observed.run.to_string());

    // A fork's pull request is planned without any secret, and has one comment.
    let decoy = "state/issues/7/comments/1.somebody";
    forge.write(decoy, &format!("{MARK}Approved!\n"));
    let (ended, event) = forge.plan_pull_request(Trust::Fork, &with_initech);
    ended.succeeds();
    forge.github("portal-comment.yaml", &event).succeeds();
    let (id, comment) = forge.comment("issues/7/comments");
    assert!(comment.starts_with(MARK) && comment.matches("<!-- aehctl").count() == 1, "{comment}");
    assert!(comment.contains("+ userGroups/Partner Initech"), "{comment}");
    assert!(comment.contains("By origin: 2 this change"), "{comment}");

    // What is pushed to it later edits that comment, be it a plan or what is wrong.
    let outdated = event;
    let (ended, event) = forge.plan_pull_request(Trust::Fork, &portal("userGroups: [{nmae: Partner Initech}]"));
    ended.fails();
    forge.github("portal-comment.yaml", &event).succeeds();
    let (again, comment) = forge.comment("issues/7/comments");
    assert!(again == id && comment.contains("## No plan") && comment.contains("nmae"), "{comment}");
    forge.github("portal-comment.yaml", &outdated).succeeds();
    assert_eq!(forge.comment("issues/7/comments").1, comment, "an outdated run comments nothing");
    let (ended, event) = forge.plan_pull_request(Trust::Branch, &with_initech);
    ended.succeeds();
    forge.github("portal-comment.yaml", &event).succeeds();
    let (again, comment) = forge.comment("issues/7/comments");
    assert!(again == id && comment.contains("+ userGroups/Partner Initech"), "{comment}");
    assert_eq!(read(forge.path(decoy)), format!("{MARK}Approved!\n"));

    // Nobody without the key can tell who is meant.
    let with_ken = portal(&format!("members: [{{user: ken@example.com, enabled: false}}], {}", invoice("Support")));
    let (ended, _) = forge.plan_pull_request(Trust::Fork, &with_ken);
    assert!(ended.fails().output.contains("without the key nobody can tell whom the manifest means"));
    forge.plan_pull_request(Trust::Branch, &with_ken).0.succeeds();
    let (ended, event) = forge.plan_pull_request(Trust::Branch, &with_initech);
    ended.succeeds();

    // A text of somebody's own making is shown, cut off from everything else, or not at all.
    let artifact = format!("artifacts/{}/portal-plan/plan.md", event.expressions["github.event.workflow_run.id"]);
    forge.write(&format!("state/{artifact}"), "$(touch stolen) `touch stolen`\n");
    forge.github("portal-comment.yaml", &event).succeeds();
    let (_, comment) = forge.comment("issues/7/comments");
    assert!(comment.starts_with(MARK) && comment.ends_with("$(touch stolen) `touch stolen`\n"), "{comment}");
    forge.write(&format!("state/{artifact}"), &"ü".repeat(65_001));
    forge.github("portal-comment.yaml", &event).fails();

    // Merged, it is no drift, and it is applied.
    let merged = forge.merge("feature");
    forge.github("portal-drift.yaml", &forge.on_main()).succeeds();
    assert_eq!(forge.kept("issues"), ["7"]);
    let applied = forge.github("portal-apply.yaml", &forge.on_main()).succeeds();
    assert_eq!(applied.environments, ["portal-read", "portal"], "{}", applied.output);
    assert_eq!(forge.record(), merged);

    // Nothing is reported as long as nobody changes the portal; then one issue is, and is closed when that is undone.
    forge.github("portal-drift.yaml", &forge.on_main()).succeeds();
    assert_eq!(forge.kept("issues"), ["7"]);
    forge.meanwhile(&invoice("Support, Partner Initech, Partner Acme"));
    for _ in 0..2 {
        forge.github("portal-drift.yaml", &forge.on_main()).succeeds();
        assert_eq!(forge.kept("issues").len(), 3, "{:?}", forge.kept("issues"));
    }
    let [issue] = <[String; 1]>::try_from(forge.kept_with("issues", ".md")).expect("there is one issue");
    let text = read(forge.path("state/issues").join(issue));
    assert!(text.contains("Partner Acme") && text.contains("drift"), "{text}");
    forge.meanwhile(&invoice("Support, Partner Initech"));
    forge.github("portal-drift.yaml", &forge.on_main()).succeeds();
    assert_eq!(forge.kept_with("issues", ".title"), Vec::<String>::new());
}

/// A hub that takes no other group: applying the manifest fails in part.
const FULL: [&str; 1] = ["groups-limit=8"];

#[test]
fn github_keeps_the_journal_of_an_apply_that_fails() {
    let mut forge = Forge::new(&FULL, &format!("userGroups: [{{name: Partner Initech}}], {}", invoice("Support")));
    let ended = forge.github("portal-apply.yaml", &forge.on_main()).fails();
    let journal = forge.path(&format!("state/artifacts/{}/portal-journal-1/journal.jsonl", ended.run));
    assert!(read(journal).contains("Partner Initech"), "{}", ended.output);
    assert_eq!(forge.record(), "");
}

/// One job of GitLab's pipeline, as far as this test needs to know.
struct GitLabJob<'a> {
    name: &'a str,
    trust: Trust,
    revision: &'a str,
    variables: Environment,
}

impl Forge {
    /// Runs a job of the pipeline as GitLab would; the artifacts of `needs` are there.
    fn gitlab(&mut self, job: &GitLabJob<'_>) -> Ended {
        self.runs += 1;
        let run = self.runs;
        let GitLabJob { name, trust, revision, variables } = job;
        let pipeline = yaml(root().join("examples/ci/gitlab/.gitlab-ci.yml"));
        let workspace = self.checkout(&format!("{run}-{name}"), revision);
        for needed in pipeline[name]["needs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            for file in self.kept(&format!("artifacts/{needed}")) {
                copy(&self.path("state/artifacts").join(needed).join(&file), &workspace.join(&file));
            }
        }
        let mut environment = self.environment();
        environment.extend(texts(&pipeline["variables"]));
        environment.extend(pairs([
            ("AEHCTL_URL", URL),
            ("AEHCTL_SHA256", &self.digest()),
            ("CI_PROJECT_ID", "1"),
            ("CI_PROJECT_DIR", &workspace.display().to_string()),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
            ("CI_JOB_TOKEN", "job-token"),
        ]));
        environment.extend(variables.clone());
        environment.extend(self.secrets(*trust));
        if *trust == Trust::Main {
            environment.insert("GITLAB_TOKEN".to_owned(), "a-token".to_owned());
        }
        self.host(&mut environment);
        let lines = [&pipeline["default"]["before_script"], &pipeline[name]["script"]];
        let lines = lines.into_iter().flat_map(|part| part.as_array().expect("there is a script"));
        let script: Vec<&str> = lines.map(|line| line.as_str().expect("a line is text")).collect();
        let (succeeded, output) = bash(&script.join("\n"), &workspace, &environment);
        let artifacts = &pipeline[name]["artifacts"];
        if succeeded || artifacts["when"] == "always" {
            for path in artifacts["paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if workspace.join(path).exists() {
                    copy(&workspace.join(path), &self.path("state/artifacts").join(name).join(path));
                }
            }
        }
        Ended { succeeded, run, environments: Vec::new(), output }
    }

    fn gitlab_main(&mut self, name: &str) -> Ended {
        let revision = self.on_main().revision;
        self.gitlab(&GitLabJob { name, trust: Trust::Main, revision: &revision, variables: Environment::new() })
    }

    /// Plans a merge request that is in project 2, a fork.
    fn gitlab_fork(&mut self, manifest: &str) -> Ended {
        let (head, merge) = self.propose("feature", manifest);
        self.write("state/requests", "5\n");
        self.write("state/pipelines", &format!("2 33 {head}\n"));
        let base = self.git("work", &["rev-parse", "main"]);
        let variables = pairs([
            ("CI_PROJECT_ID", "2"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
            ("CI_MERGE_REQUEST_PROJECT_URL", &self.path("origin").display().to_string()),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base),
        ]);
        self.gitlab(&GitLabJob { name: "plan", trust: Trust::Fork, revision: &merge, variables })
    }
}

#[test]
fn gitlab_plans_comments_applies_and_watches() {
    let mut forge = Forge::new(&[], &invoice("Support"));
    // A repository is reached as `….git` too.
    std::os::unix::fs::symlink(forge.path("origin"), forge.path("origin.git")).expect("a link can be made");

    forge.gitlab_main("plan-main").succeeds();
    forge.gitlab_main("apply").succeeds();
    assert_eq!(forge.record(), forge.on_main().revision);
    assert_eq!(forge.kept("artifacts/apply"), ["journal.jsonl"]);
    forge.gitlab_main("observe").succeeds();
    let live = read(forge.path("state/artifacts/observe/live.json"));
    assert!(live.contains("invoice-api") && !live.contains("ken@example.com"));

    let with_initech =
        portal(&format!("userGroups: [{{name: Partner Initech}}], {}", invoice("Support, Partner Initech")));
    forge.gitlab_fork(&with_initech).succeeds();
    let notes = "merge_requests/5/notes";
    forge.gitlab_main("comment").succeeds();
    let (id, note) = forge.comment(notes);
    assert!(note.starts_with(MARK) && note.matches("<!-- aehctl").count() == 1, "{note}");
    assert!(note.contains("+ userGroups/Partner Initech") && note.contains("By origin: 2 this change"), "{note}");
    forge.gitlab_fork(&portal("userGroups: [{nmae: Partner Initech}]")).fails();
    forge.gitlab_main("comment").succeeds();
    let (again, note) = forge.comment(notes);
    assert!(again == id && note.contains("## No plan") && note.contains("nmae"), "{note}");

    forge.gitlab_fork(&with_initech).succeeds();
    let merged = forge.merge("feature");
    forge.gitlab_main("plan-main").succeeds();
    forge.gitlab_main("apply").succeeds();
    assert_eq!(forge.record(), merged);

    forge.gitlab_main("drift").succeeds();
    assert_eq!(forge.kept("issues"), Vec::<String>::new());
    forge.meanwhile(&invoice("Support, Partner Initech, Partner Acme"));
    for _ in 0..2 {
        forge.gitlab_main("drift").succeeds();
        assert_eq!(forge.kept("issues").len(), 2, "{:?}", forge.kept("issues"));
    }
    forge.meanwhile(&invoice("Support, Partner Initech"));
    forge.gitlab_main("drift").succeeds();
    assert_eq!(forge.kept_with("issues", ".title"), Vec::<String>::new());
}

#[test]
fn gitlab_keeps_the_journal_of_an_apply_that_fails() {
    let mut forge = Forge::new(&FULL, &format!("userGroups: [{{name: Partner Initech}}], {}", invoice("Support")));
    forge.gitlab_main("plan-main").succeeds();
    let ended = forge.gitlab_main("apply").fails();
    assert!(read(forge.path("state/artifacts/apply/journal.jsonl")).contains("Partner Initech"), "{}", ended.output);
    assert_eq!(forge.record(), "");
}

/// Which secret may stand where is a promise of the documents.
#[test]
fn no_pull_request_is_given_a_credential_or_the_plan_key() {
    for workflow in ["portal-plan.yaml", "portal-comment.yaml"] {
        let text = read(root().join("examples/ci/github").join(workflow));
        assert!(!text.contains("ANYPOINT") && !text.contains("PLAN_KEY"), "{workflow}");
        assert!(!text.contains("environment:"), "{workflow}");
    }
    let comment = read(root().join("examples/ci/github/portal-comment.yaml"));
    assert!(!comment.contains("uses:"), "the job that may write takes nothing else in");
    let starts: Vec<String> = fs::read_dir(root().join("examples/ci/github"))
        .expect("the workflows are there")
        .map(|file| read(file.expect("the folder can be read").path()))
        .collect();
    assert!(starts.iter().all(|text| !text.contains("pull_request_target")));
}

#[test]
fn the_stand_ins_can_be_run() {
    for name in ["gh", "glab", "jq", "curl"] {
        let permissions = fs::metadata(root().join("tests/pipelines").join(name)).expect("it is there").permissions();
        assert_eq!(permissions.mode() & 0o111, 0o111, "{name}");
    }
}
