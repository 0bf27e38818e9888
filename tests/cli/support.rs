//! What every case has: a folder of its own, perhaps a hub of its own, the real binary, and one text to compare.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use aehctl::client::{self, Client, Credential, Host, Origin, PortalPath};
use aehctl::emulator::{self, Options, Running, Switches};
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::proxy::Proxy;

/// The demo's ids, as its seed document gives them.
pub(crate) mod ids {
    pub(crate) const CONNECTION: &str = "c0000001-0000-4000-8000-000000000001";
    pub(crate) const TARGET_PORTAL: &str = "b0000002-0000-4000-8000-000000000001";
    pub(crate) const MEMBERS: &str = "a0000001-0000-4000-8000-000000000003";
    pub(crate) const GOLD: &str = "a0000001-0000-4000-8000-000000000005";
    pub(crate) const SUPPORT: &str = "a0000001-0000-4000-8000-000000000008";
    pub(crate) const JANE: &str = "e0000001-0000-4000-8000-000000000002";
    pub(crate) const KEN: &str = "e0000001-0000-4000-8000-000000000003";
}

/// The manifest that touches every kind, made for the demo.
pub(crate) const QUICKSTART: &str = include_str!("../../examples/quickstart/portal.yaml");

/// A Portal with this `spec`, whose lines are indented by two.
pub(crate) fn portal(spec: &str) -> String {
    format!("apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: developer-portal}}\nspec:\n{spec}")
}

/// An emulator that stands in for the hub: in memory, on a port of its own, and asked over the network.
pub(crate) struct Hub {
    running: Option<Running>,
    runtime: Runtime,
}

impl Hub {
    /// The demo organization.
    pub(crate) fn demo() -> Self {
        Self::switched(&[])
    }

    /// The demo organization on a hub that takes the other side of some questions.
    pub(crate) fn switched(switches: &[&str]) -> Self {
        let switches = Switches::parse(switches).expect("the case names switches that exist");
        Self::start(Options { seed: Some(emulator::demo().to_owned()), switches, ..Options::default() })
    }

    /// The world of a seed document.
    pub(crate) fn seeded(seed: &str) -> Self {
        Self::start(Options { seed: Some(seed.to_owned()), ..Options::default() })
    }

    pub(crate) fn start(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be started");
        let running = runtime.block_on(emulator::start(options)).expect("the emulator starts");
        Self { running: Some(running), runtime }
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until it is dropped")
    }

    /// The requests so far, sign-ins aside, as `METHOD operationId`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let name = |request: emulator::LoggedRequest| {
            format!("{} {}", request.method, request.operation_id.unwrap_or(request.path))
        };
        self.running().requests().into_iter().map(name).filter(|name| !name.ends_with("Token")).collect()
    }

    /// The requests so far that were meant to change something.
    pub(crate) fn writes(&self) -> Vec<String> {
        let is_read =
            |name: &String| name.starts_with("GET ") || ["Search", "search"].iter().any(|search| name.contains(search));
        self.requests().into_iter().filter(|name| !is_read(name)).collect()
    }

    /// Somebody else changes the demo's portal meanwhile.
    pub(crate) fn meanwhile<T>(
        &self,
        change: impl AsyncFnOnce(client::Writer, PortalPath) -> Result<T, client::Error>,
    ) {
        let running = self.running();
        let address = running.url.trim_start_matches("http://").parse().expect("the url is an address");
        let host = Host::loopback(address).expect("the emulator is on loopback");
        let credential = Credential::connected_app(
            running.client_id.clone(),
            running.client_secret.clone().into(),
            Origin::Embedded,
        );
        let path = PortalPath { connection: ids::CONNECTION.into(), portal: ids::TARGET_PORTAL.into() };
        self.runtime.block_on(async {
            let client = Client::new(client::Options::new(host, credential)).expect("a client can be made");
            change(client.writer(), path).await.expect("somebody else may do this");
        });
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It was started on this runtime and stops on it.
        let _guard = self.runtime.enter();
        self.running.take();
    }
}

/// A folder to work in and an environment of its own.
pub(crate) struct Case {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    /// What stands before each command.
    first: Vec<String>,
}

impl Case {
    /// Without any hub or credential.
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("aehctl-case-").expect("a temporary folder can be made");
        let mut case = Self { folder, environment: BTreeMap::new(), first: Vec::new() };
        let home = case.path("home").display().to_string();
        fs::create_dir(&home).expect("a folder can be made");
        case.set("HOME", &home);
        case.set("RUST_BACKTRACE", "0");
        case
    }

    /// With a credential for this hub, which `--host` names.
    pub(crate) fn on(hub: &Hub) -> Self {
        let mut case = Self::new();
        case.first = vec!["--host".to_owned(), hub.running().url.clone()];
        case.set("ANYPOINT_CLIENT_ID", &hub.running().client_id);
        case.set("ANYPOINT_CLIENT_SECRET", &hub.running().client_secret);
        case
    }

    /// With a bearer token for whatever listens there.
    pub(crate) fn with_token_for(proxy: &Proxy) -> Self {
        let mut case = Self::new().at(proxy);
        case.set("ANYPOINT_BEARER", "a-token-of-some-length");
        case
    }

    /// Asking this server in place of the hub.
    pub(crate) fn at(mut self, proxy: &Proxy) -> Self {
        self.first = vec!["--host".to_owned(), proxy.url.clone()];
        self
    }

    /// Before each command.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.first.extend(arguments.iter().map(ToString::to_string));
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it is in.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
        fs::write(path, content).expect("a file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).expect("the file is JSON")
    }

    /// Every file below the folder, home aside, without what is hidden.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut open = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("the folder can be read") {
                let path = entry.expect("the folder can be read").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).expect("it is below the folder");
                    files.push(name.display().to_string());
                }
            }
        }
        files.sort();
        files
    }

    /// The binary with these arguments, in this folder and with nothing of the surroundings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aehctl"));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .args(&self.first)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the binary can be started");
        self.ended(output.status, output.stdout, output.stderr)
    }

    /// Starts the binary and leaves it to work.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Working {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (lines, stdout) = channel();
        // It is read all the time, or a full pipe would stop the process.
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                lines.send(std::mem::take(&mut line)).ok();
            }
        });
        Working { child, stdout, stderr, told: Vec::new() }
    }

    /// What came of a process that was spawned.
    pub(crate) fn finish(&self, mut working: Working) -> Ended {
        working.stderr.read_to_end(&mut working.told).expect("the talk can be read");
        let status = working.child.wait().expect("the process ends");
        self.ended(status, working.stdout.iter().flatten().collect(), std::mem::take(&mut working.told))
    }

    fn ended(&self, status: ExitStatus, stdout: Vec<u8>, stderr: Vec<u8>) -> Ended {
        let text = |bytes| String::from_utf8(bytes).expect("the binary writes UTF-8");
        Ended { status: status.code(), stdout: text(stdout), stderr: text(stderr), replaced: self.replacements() }
    }

    /// What differs from run to run, with what stands for it in a snapshot.
    fn replacements(&self) -> Vec<(String, &'static str)> {
        let folder = self.folder.path();
        let mut replaced = Vec::new();
        if let Ok(real) = folder.canonicalize() {
            replaced.push((real.display().to_string(), "[DIR]"));
        }
        replaced.push((folder.display().to_string(), "[DIR]"));
        for journal in std::fs::read_dir(folder.join(".aehctl/journal")).into_iter().flatten().flatten() {
            replaced.push((journal.file_name().to_string_lossy().into_owned(), "[JOURNAL]"));
        }
        if let [_, url, ..] = self.first.as_slice() {
            replaced.push((url.clone(), "[HUB]"));
            replaced.push((url.trim_start_matches("http://").to_owned(), "[HUB]"));
        }
        replaced
    }
}

/// A process that was started and is not waited for yet.
pub(crate) struct Working {
    child: Child,
    /// Line by line.
    stdout: Receiver<Vec<u8>>,
    stderr: BufReader<std::process::ChildStderr>,
    told: Vec<u8>,
}

impl Working {
    /// Reads what it says until a line holds this text.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) {
        loop {
            let mut line = Vec::new();
            let length = self.stderr.read_until(b'\n', &mut line).expect("the talk can be read");
            self.told.extend(&line);
            let told = || String::from_utf8_lossy(&self.told);
            assert_ne!(length, 0, "it ended without saying {text:?}, but:\n{}", told());
            if String::from_utf8_lossy(&line).contains(text) {
                return;
            }
        }
    }

    /// The next line on stdout.
    pub(crate) fn line(&self) -> String {
        let line = self.stdout.recv().expect("it says something before it ends");
        String::from_utf8(line).expect("the binary writes UTF-8")
    }
}

#[cfg(unix)]
impl Working {
    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// A request to terminate.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there to be told");
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // A case that fails leaves nothing running; what has ended already cannot be killed, and need not be.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// How a run ended: everything that somebody who called it sees.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    replaced: Vec<(String, &'static str)>,
}

impl Ended {
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }

    /// The one document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{self}"))
    }

    /// Everything that it said, as it was.
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// The text for a snapshot: what differs from run to run has a name in its place.
impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tidy = |text: &str| {
            // Repetitions come after random delays.
            let text: String = text.split_inclusive('\n').filter(|line| !line.contains("trying again")).collect();
            let replaced = self.replaced.iter().fold(text, |text, (from, to)| text.replace(from, to));
            without_times(&without_digests(&without_random_ids(&replaced)))
        };
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                let end = if text.ends_with('\n') { "" } else { "[no line end]\n" };
                write!(formatter, "{name}:\n{}{end}", tidy(text))?;
            }
        }
        match self.status {
            Some(status) => write!(formatter, "exit: {status}"),
            None => write!(formatter, "ended by a signal"),
        }
    }
}

/// Puts `[DIGEST]` for each digest: those of plans that name objects with random ids are others at each run.
fn without_digests(text: &str) -> String {
    const LENGTH: usize = 64;
    let mut parts = text.split("sha256:");
    let mut tidy = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        tidy.push_str("sha256:");
        match part.get(..LENGTH) {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                tidy.push_str("[DIGEST]");
                tidy.push_str(&part[LENGTH..]);
            }
            _ => tidy.push_str(part),
        }
    }
    tidy
}

/// Puts `[TIME]` for how long an apply took, or was forecast to take.
fn without_times(text: &str) -> String {
    let tell = |line: &str| {
        let mut parts = line.split(" in ");
        let mut tidy = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            if let Some(rest) = part.strip_prefix("less than a second") {
                tidy.extend([" in [TIME]", rest]);
                continue;
            }
            let number = part.strip_prefix("about ").unwrap_or(part);
            let unit = number.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
            let rest = unit.strip_prefix(" min").or_else(|| unit.strip_prefix(" s"));
            match rest.filter(|_| unit != number) {
                Some(rest) => tidy.extend([" in [TIME]", rest]),
                None => tidy.extend([" in ", part]),
            }
        }
        tidy
    };
    let tidy = |line: &str| match line.split_once("\"seconds\": ") {
        Some((start, _)) => format!("{start}\"seconds\": [TIME]\n"),
        None if line.contains("Forecast: ") || line.contains("Sent ") => tell(line),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(tidy).collect()
}

/// Puts `[ID]` for each UUID that no seed document of these tests gives: theirs have zeros in the second part.
fn without_random_ids(text: &str) -> String {
    const LENGTH: usize = 36;
    let is_uuid = |part: &str| {
        part.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let mut tidy = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.get(..LENGTH) {
            Some(part) if is_uuid(part) && !part.contains("-0000-4000-8000-") => {
                tidy.push_str("[ID]");
                rest = &rest[LENGTH..];
            }
            Some(part) if is_uuid(part) => {
                tidy.push_str(part);
                rest = &rest[LENGTH..];
            }
            _ => {
                tidy.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    tidy
}

/// Whether a file can be read by nobody but its owner.
#[cfg(unix)]
pub(crate) fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).expect("the file is there").permissions().mode() & 0o777 == 0o600
}
