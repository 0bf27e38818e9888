//! The `git` command.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result};

use crate::failure::Failure;

/// Runs git in a directory.
#[derive(Debug, Clone)]
pub(super) struct Git {
    directory: PathBuf,
}

/// What git answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) succeeded: bool,
    pub(super) output: Vec<u8>,
    /// What it said on stderr.
    pub(super) complaint: String,
}

impl Git {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// A command that asks nobody anything, shows nothing page by page, and takes no lock that it can do without.
    /// What else the environment says, as `GIT_DIR`, stands.
    pub(super) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("git");
        command
            .arg("--no-pager")
            .args(arguments)
            .current_dir(&self.directory)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(super) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Answer> {
        started(self.command(arguments).output()).map(Answer::from)
    }
}

/// Says what is missing where git cannot be started.
pub(super) fn started<T>(result: std::io::Result<T>) -> Result<T> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::new("failed to run git: it is not installed, or not on the PATH")
                .hint("revisions are read with the git command: install it")
                .into())
        }
        result => result.context("failed to run git"),
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            succeeded: output.status.success(),
            output: output.stdout,
            complaint: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }
    }
}

impl Answer {
    /// The lines of the output; one that is not UTF-8 ends them.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> + Clone {
        self.output
            .split(|byte| *byte == b'\n')
            .map_while(|line| std::str::from_utf8(line).ok())
            .filter(|line| !line.is_empty())
    }

    /// The output as one path.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.succeeded.then(|| path(self.output.strip_suffix(b"\n").unwrap_or(&self.output)))?
    }

    /// What git said, after what it was asked for.
    pub(super) fn failure(&self, what: &str) -> Failure {
        let complaint = self.complaint.lines().next().unwrap_or("git does not say why");
        let complaint = ["fatal: ", "error: ", "prepare: "]
            .iter()
            .fold(complaint, |complaint, prefix| complaint.strip_prefix(prefix).unwrap_or(complaint));
        Failure::new(format!("{what}: {complaint}"))
    }
}

/// A path that git has written; `None` where the system has no such paths.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "on other systems not all bytes are a path")]
pub(super) fn path(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// A path that git has written; `None` where the system has no such paths.
#[cfg(not(unix))]
pub(super) fn path(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}
