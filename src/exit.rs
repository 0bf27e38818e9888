//! The exit codes: a contract that scripts rely on.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; with `--detailed-exitcode`, there are no changes.
    Done = 0,
    /// An error; nothing was changed.
    Error = 1,
    /// With `--detailed-exitcode`: there are changes.
    Changes = 2,
    /// Refused before the first write, by a guard or for want of `--allow`.
    Refused = 3,
    /// The saved plan is stale; nothing was changed.
    Stale = 4,
    /// Applied in part: changes failed, were skipped, refused, or are unknown.
    Partial = 5,
    /// Applied, but the portal does not show it yet.
    Unconfirmed = 6,
    /// Wrong usage.
    Usage = 64,
    /// Interrupted; what was done is reported.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
