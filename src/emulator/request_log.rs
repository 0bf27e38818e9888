//! What was asked: JSON lines in a file, and the latest requests in memory for whoever runs the emulator.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde::Serialize;

use super::faults::editor::Edit;

/// One request that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRequest {
    /// When it ended, RFC 3339.
    pub time: String,
    pub method: String,
    /// As it was sent, with its query.
    pub path: String,
    /// Absent if no operation was meant.
    pub operation_id: Option<String>,
    /// What was sent; absent if the connection ended or stays without an answer.
    pub status: Option<u16>,
    /// The fault that hit it, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// What somebody else changed in the portal just before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub editor: Vec<Edit>,
}

/// A request that is under way; it is logged when it ends, even if nobody waits for its answer any more.
pub(crate) struct Note {
    log: Arc<RequestLog>,
    request: Mutex<Option<LoggedRequest>>,
}

impl Note {
    pub(crate) fn new(log: Arc<RequestLog>, request: LoggedRequest) -> Self {
        Self { log, request: Mutex::new(Some(request)) }
    }

    /// Adds to what will be logged, if it is not logged yet.
    pub(crate) fn add(&self, add: impl FnOnce(&mut LoggedRequest)) {
        if let Some(request) = self.lock().as_mut() {
            add(request);
        }
    }

    /// Logs it, once.
    pub(crate) fn end(&self) {
        if let Some(mut request) = self.lock().take() {
            request.time = super::server::now();
            self.log.record(request);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<LoggedRequest>> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.end();
    }
}

/// Requests kept in memory, so that a server that runs for long does not grow.
const KEPT: usize = 100_000;

#[derive(Debug)]
pub(crate) struct RequestLog {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: VecDeque<LoggedRequest>,
    file: Option<File>,
}

impl RequestLog {
    /// A log that also appends to a file, if one is named.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            // Paths hold what was searched for, such as people's emails.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path);
            file.with_context(|| format!("failed to open the request log {}", path.display()))
        };
        let file = path.map(open).transpose()?;
        Ok(Self { state: Mutex::new(State { kept: VecDeque::new(), file }) })
    }

    pub(crate) fn record(&self, request: LoggedRequest) {
        let mut state = self.lock();
        if let Some(file) = &mut state.file {
            let mut line = serde_json::to_vec(&request).unwrap_or_default();
            line.push(b'\n');
            // One write a line, so that lines of a log that is being read are whole.
            if let Err(error) = file.write_all(&line) {
                tracing::warn!("failed to write the request log, it ends here: {error}");
                state.file = None;
            }
        }
        if state.kept.len() == KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.lock().kept.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().kept.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
