//! What becomes of one request: drawn from the seed and from the request itself, not from when it came.
//!
//! So the same requests meet the same faults however they interleave. Only what names a place in the order of
//! arrival, and the rate limit, depend on that order.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::editor::Action;
use super::rate::{Bucket, Standing};
use super::{Fault, Faults, Hints, Rule, Side, What, Whom};

/// How long a hint or a delay is if the text gives no time.
const TIME: Duration = Duration::from_secs(1);

/// A request, as far as a verdict depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) operation: &'static str,
    pub(crate) class: Class,
    /// With its query.
    pub(crate) path: &'a str,
    /// Whatever else makes it the request that it is.
    pub(crate) content: &'a [&'a [u8]],
}

/// What kind of request it is, for the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Read,
    Write,
    SignIn,
}

/// What becomes of a request; by default, it is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Its place in the order of arrival, counted from 1; 0 if it does not count.
    pub(crate) number: u64,
    /// What the answer tells of the limit, if there is one.
    pub(crate) standing: Option<Standing>,
    /// What the editor does before it.
    pub(crate) edits: Vec<EditOrder>,
    pub(crate) strike: Option<Strike>,
}

/// Something for the editor to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EditOrder {
    /// Any action without one.
    pub(crate) action: Option<Action>,
    /// What the editor's choices are made from.
    pub(crate) drawn: [u64; 4],
}

/// A fault that hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    /// As in the text.
    pub(crate) name: &'static str,
    pub(crate) is_after_effect: bool,
    pub(crate) blow: Blow,
}

/// What a client meets in place of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// Another status, perhaps with a word of when to come back.
    Status(u16, Hint),
    /// A lost connection.
    Reset,
    /// The answer's head and half of its body.
    Cut,
    /// The answer's status with one of several bodies that are none.
    Garbled(u64),
    /// The answer, late.
    Slow(Duration),
    /// Silence.
    Hang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    None,
    RetryAfter(Duration),
    RateLimit(Duration),
}

/// Judges the requests of one emulator.
#[derive(Debug)]
pub(crate) struct Judge {
    faults: Faults,
    bucket: Option<Bucket>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    arrivals: u64,
    /// How many requests each rule was for, in the order of the rules.
    counted: Vec<u64>,
    /// How often each request came.
    seen: HashMap<[u8; 32], u64>,
    /// The name of what has stopped everything.
    stopped: Option<&'static str>,
}

impl Judge {
    pub(crate) fn new(faults: Faults) -> Self {
        let state = State { counted: vec![0; faults.rules.len()], ..State::default() };
        Self { bucket: faults.rate.map(Bucket::new), faults, state: Mutex::new(state) }
    }

    /// The verdict on a request that has just arrived.
    pub(crate) fn judge(&self, asked: &Asked<'_>) -> Verdict {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        state.arrivals += 1;
        let mut verdict = Verdict { number: state.arrivals, ..Verdict::default() };
        if let Some(name) = state.stopped {
            verdict.strike = Some(Strike { name, is_after_effect: false, blow: Blow::Reset });
            return verdict;
        }
        if self.faults.rules.is_empty() && self.bucket.is_none() {
            return verdict;
        }
        verdict.standing = self.bucket.as_ref().map(|bucket| bucket.take(Instant::now()));
        if let Some(Standing { wait, is_refused: true, .. }) = verdict.standing {
            // It is not counted either, so that what else happens does not depend on the clock.
            let blow = Blow::Status(429, Hint::RetryAfter(wait));
            verdict.strike = Some(Strike { name: "rate", is_after_effect: false, blow });
            return verdict;
        }
        let key = key(asked);
        let occurrence = state.seen.entry(key).or_default();
        *occurrence += 1;
        let occurrence = *occurrence;
        for (rule, counted) in self.faults.rules.iter().zip(&mut state.counted) {
            if !rule.whom.includes(asked) {
                continue;
            }
            *counted += 1;
            let is_due = match rule.nth {
                Some(nth) => *counted == nth,
                None => self.faults.until.is_none_or(|until| verdict.number <= until),
            };
            let label = [rule.name, rule.whom.label()];
            let drawn = draw_bytes(self.faults.seed, &label, &[&key, &occurrence.to_be_bytes()]);
            if !is_due || !rule.chance.hits(drawn[0]) {
                continue;
            }
            match rule.what {
                What::Edit(action) => verdict.edits.push(EditOrder { action, drawn }),
                What::Fault(fault) if verdict.strike.is_none() => {
                    if matches!(fault, Fault::Stop(_)) {
                        state.stopped = Some(rule.name);
                    }
                    verdict.strike = Some(strike(rule, fault, drawn));
                }
                // One fault for one request: the first that hits.
                What::Fault(_) => {}
            }
        }
        verdict
    }
}

fn strike(rule: &Rule, fault: Fault, drawn: [u64; 4]) -> Strike {
    let time = rule.time.unwrap_or(TIME);
    let odd = drawn[1] % 2 == 1;
    let (side, blow) = match fault {
        Fault::TooMany(hints) => {
            let hint = match (hints, drawn[1] % 3) {
                (Hints::Bare, _) | (Hints::Drawn, 0) => Hint::None,
                (Hints::RetryAfter, _) | (Hints::Drawn, 1) => Hint::RetryAfter(time),
                (Hints::RateLimit | Hints::Drawn, _) => Hint::RateLimit(time),
            };
            (Side::Before, Blow::Status(429, hint))
        }
        Fault::Status(status, side) => {
            let hint = if status == 503 { rule.time.map_or(Hint::None, Hint::RetryAfter) } else { Hint::None };
            (side, Blow::Status(status, hint))
        }
        Fault::Reset(side) | Fault::Stop(side) => (side, Blow::Reset),
        Fault::Cut => (Side::After, Blow::Cut),
        Fault::Garbled => (Side::After, Blow::Garbled(drawn[2])),
        Fault::Slow(side) => (side, Blow::Slow(time)),
        Fault::Hang(side) => (side, Blow::Hang),
    };
    let is_after_effect = match side {
        Side::Before => false,
        Side::After => true,
        Side::Drawn => odd,
    };
    Strike { name: rule.name, is_after_effect, blow }
}

impl Whom {
    fn includes(self, asked: &Asked<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Reads => asked.class == Class::Read,
            Self::Writes => asked.class == Class::Write,
            Self::SignIn => asked.class == Class::SignIn,
            Self::Operation(id) => asked.operation == id,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::SignIn => "sign-in",
            Self::Operation(id) => id,
        }
    }
}

/// What tells a request from every other.
fn key(asked: &Asked<'_>) -> [u8; 32] {
    let mut parts = vec![asked.operation.as_bytes(), asked.path.as_bytes()];
    parts.extend(asked.content);
    digest(&parts)
}

/// Four numbers that depend on the seed and on every part.
pub(crate) fn draw(seed: u64, parts: &[&str]) -> [u64; 4] {
    draw_bytes(seed, parts, &[])
}

fn draw_bytes(seed: u64, parts: &[&str], more: &[&[u8]]) -> [u64; 4] {
    let seed = seed.to_be_bytes();
    let mut all: Vec<&[u8]> = vec![&seed];
    all.extend(parts.iter().map(|part| part.as_bytes()));
    all.extend(more);
    let digest = digest(&all);
    std::array::from_fn(|index| {
        digest[index * 8..index * 8 + 8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    })
}

/// A digest of parts that cannot run into each other.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
