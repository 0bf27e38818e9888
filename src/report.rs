//! What came of a plan: one outcome for each change, in words that are never mixed up.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
use crate::id::ChangeId;
use crate::plan::{Action, Change, Summary};

/// The result of an apply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub portal: String,
    /// The portal stands in the emulator.
    pub emulator: bool,
    /// Stopped on request: what was begun was finished.
    pub interrupted: bool,
    /// One for each change of the plan, in its order.
    pub results: Vec<ChangeResult>,
    /// `None` where nobody counted.
    pub sent: Option<Sent>,
}

/// What an apply took, from the first check to the last look.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sent {
    pub requests: u64,
    /// By `operationId`.
    pub operations: BTreeMap<String, u64>,
    pub seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeResult {
    pub id: ChangeId,
    pub address: Address,
    pub action: Action,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Written, and the portal shows it.
    Applied,
    /// Nothing had to be written: the portal showed it already.
    AlreadyDone,
    /// Written, and the portal does not show it yet.
    Unconfirmed,
    /// The hub refused it, or the portal shows something else than was written.
    Failed {
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// Not written: the object is no longer what the plan saw.
    Refused { mismatches: Vec<Mismatch> },
    /// Not written, because of another change or an interruption.
    Skipped {
        because: String,
        /// The change that was not done, by its address as `because` has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        undone: Option<Address>,
    },
    /// Written without an answer that tells, and the portal does not tell either.
    Unknown {
        message: String,
        /// The command that tells.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
}

/// A field that is neither what the plan saw nor what it wants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mismatch {
    pub path: String,
    pub before: Value,
    pub after: Value,
    pub live: Value,
}

impl Outcome {
    /// Skipped for a reason other than one change.
    pub fn skipped(because: impl Into<String>) -> Self {
        Self::Skipped { because: because.into(), undone: None }
    }

    /// Skipped since another change was not done; `how` says more where it is needed.
    pub fn skipped_after(undone: &Address, how: &str) -> Self {
        Self::Skipped { because: format!("{undone} was not done{how}"), undone: Some(undone.clone()) }
    }

    /// The portal is, for all that is known, as the change wanted it.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Applied | Self::AlreadyDone | Self::Unconfirmed)
    }
}

impl Report {
    /// Every change came out as it should, perhaps unconfirmed.
    pub fn is_complete(&self) -> bool {
        self.results.iter().all(|result| result.outcome.is_done())
    }

    pub fn has_unconfirmed(&self) -> bool {
        self.results.iter().any(|result| result.outcome == Outcome::Unconfirmed)
    }

    /// Counts the addresses of which every change was done, and something had to be written.
    pub fn summarise(&self, changes: &[Change]) -> Summary {
        let written: std::collections::BTreeSet<&Address> = self
            .results
            .iter()
            .filter(|result| result.outcome != Outcome::AlreadyDone)
            .map(|result| &result.address)
            .collect();
        let undone: std::collections::BTreeSet<&Address> =
            self.results.iter().filter(|result| !result.outcome.is_done()).map(|result| &result.address).collect();
        let done: Vec<Change> = changes
            .iter()
            .filter(|change| written.contains(&change.address) && !undone.contains(&change.address))
            .cloned()
            .collect();
        crate::plan::Plan::summarise(&done)
    }
}
