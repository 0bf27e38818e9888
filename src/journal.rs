//! What an apply intends and what came back, line by line: however the process ends, the file tells how far it came.
//!
//! Each line is handed to the system before the write that it announces is sent, and after its answer. The journal is
//! for people: no later run reads it, since the portal itself is the truth.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::address::Address;
use crate::files;
use crate::id::ChangeId;
use crate::plan::{Action, Change, FieldChange, Plan};
use crate::render::text;
use crate::report::{ChangeResult, Report};

/// A minor version adds events and fields.
const FORMAT_VERSION: &str = "1.0";

/// Where the writes of one apply are recorded.
pub struct Journal(Option<Mutex<Lines>>);

struct Lines {
    file: File,
    path: PathBuf,
    /// How many writes were announced.
    writes: u64,
}

/// A write that was announced; its answer is recorded under the same number.
#[derive(Debug)]
#[must_use]
pub struct Intent(u64);

/// What the answer to a write tells.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer<'a> {
    /// The hub took it.
    Done,
    /// The portal certainly is as it was.
    Refused { message: &'a str },
    /// It may or may not have had an effect; what the following reads show decides.
    Unknown { message: &'a str },
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event<'a> {
    Begun {
        format_version: &'static str,
        aehctl_version: &'static str,
        portal: &'a str,
        connection_id: &'a str,
        portal_id: &'a str,
        changes: usize,
    },
    Intended {
        write: u64,
        operation: &'a str,
        changes: Vec<Intended<'a>>,
    },
    Answered {
        write: u64,
        #[serde(flatten)]
        answer: Answer<'a>,
    },
    Outcome(&'a ChangeResult),
    Ended {
        interrupted: bool,
    },
}

#[derive(Serialize)]
struct Intended<'a> {
    id: &'a ChangeId,
    address: &'a Address,
    action: Action,
    fields: &'a [FieldChange],
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    #[serde(flatten)]
    event: Event<'a>,
}

impl Journal {
    /// Records nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// Opens the journal of one apply. A file that is there is continued.
    pub fn open(path: &Path, plan: &Plan) -> Result<Self> {
        let context = || format!("failed to open the journal {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            files::make_private_folder(folder).with_context(context)?;
        }
        let file = files::append_private(path).with_context(context)?;
        let portal = &plan.target.portal;
        let mut lines = Lines { file, path: path.to_owned(), writes: 0 };
        lines
            .add(Event::Begun {
                format_version: FORMAT_VERSION,
                aehctl_version: env!("CARGO_PKG_VERSION"),
                portal: &plan.portal,
                connection_id: &portal.connection.id,
                portal_id: &portal.id,
                changes: plan.changes.len(),
            })
            .with_context(context)?;
        Ok(Self(Some(Mutex::new(lines))))
    }

    /// Announces a write. If that cannot be recorded, the write must not be sent.
    pub fn intend<'c>(&self, operation: &str, changes: impl IntoIterator<Item = &'c Change>) -> io::Result<Intent> {
        let Some(lines) = &self.0 else { return Ok(Intent(0)) };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.writes += 1;
        let write = lines.writes;
        let changes = changes
            .into_iter()
            .map(|change| {
                let Change { id, address, fields, .. } = change;
                Intended { id, address, action: change.action(), fields }
            })
            .collect();
        lines.add(Event::Intended { write, operation, changes })?;
        Ok(Intent(write))
    }

    /// Records what came back.
    pub fn answer(&self, Intent(write): Intent, answer: Answer<'_>) {
        self.note(Event::Answered { write, answer });
    }

    /// Records what became of every change.
    pub fn end(&self, report: &Report) {
        for result in &report.results {
            self.note(Event::Outcome(result));
        }
        self.note(Event::Ended { interrupted: report.interrupted });
    }

    /// Records what has happened already; the next write is not sent if that failed, since announcing it fails too.
    fn note(&self, event: Event<'_>) {
        let Some(lines) = &self.0 else { return };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = lines.add(event) {
            tracing::warn!("failed to write to the journal {}: {error}", lines.path.display());
        }
    }
}

impl Lines {
    /// Hands one whole line to the system: what ends this process later does not take it back.
    fn add(&mut self, event: Event<'_>) -> io::Result<()> {
        let line = serde_json::to_string(&Line { at: Timestamp::now().to_string(), event })?;
        self.file.write_all(format!("{}\n", text::json(&line)).as_bytes())
    }
}
