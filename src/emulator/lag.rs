//! Read-after-write lag: after a write, each read that was answered before is answered the same a few times more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::server::Answer;

#[derive(Debug)]
pub(crate) struct Lag {
    reads: u32,
    state: Mutex<HashMap<Read, Shown>>,
}

/// What makes two reads the same: everything that their answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Read {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
struct Shown {
    answer: Answer,
    /// How often it is still shown, although it is old.
    late: u32,
}

impl Lag {
    pub(crate) fn new(reads: u32) -> Self {
        Self { reads, state: Mutex::default() }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.reads == 0
    }

    /// The old answer, if this read is late once more.
    pub(crate) fn late(&self, read: &Read) -> Option<Answer> {
        let mut state = self.lock();
        let shown = state.get_mut(read).filter(|shown| shown.late > 0)?;
        shown.late -= 1;
        Some(shown.answer.clone())
    }

    pub(crate) fn remember(&self, read: Read, answer: Answer) {
        self.lock().insert(read, Shown { answer, late: 0 });
    }

    /// From now on everything that was shown is late.
    pub(crate) fn wrote(&self) {
        for shown in self.lock().values_mut() {
            shown.late = self.reads;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Read, Shown>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
