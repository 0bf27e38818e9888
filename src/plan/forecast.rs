//! What applying a plan will take: requests, and time. Shown, and never decided upon.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Kind;

/// What applying will take if nothing comes in between. How long things take differs from run to run, so it is no part
/// of what makes two plans the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    pub requests: Requests,
    /// For the changes of each kind.
    pub kinds: BTreeMap<Kind, Requests>,
    /// By `operationId`.
    pub operations: BTreeMap<String, usize>,
    /// From the latencies that were seen while observing, rounded; at least one. `None` if none were seen.
    pub seconds: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    pub reads: usize,
    pub writes: usize,
}

impl Requests {
    pub fn count(self) -> usize {
        let Self { reads, writes } = self;
        reads.saturating_add(writes)
    }
}
