//! What was asked: JSON lines in a file, and the latest requests in memory for whoever runs the emulator.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde::Serialize;

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRequest {
    /// When it was answered, RFC 3339.
    pub time: String,
    pub method: String,
    /// As it was sent, with its query.
    pub path: String,
    /// Absent if no operation was meant.
    pub operation_id: Option<String>,
    pub status: u16,
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
            let file = OpenOptions::new().create(true).append(true).open(path);
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
