//! Whether a request is sent again, and after how long.
//!
//! Decides only; `session` sends and sleeps. What all requests wait for is the matter of `limiter`.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::error::{Error, Kind};
use super::operation::Effect;

/// How often a request is sent again for want of capacity. Its turn comes before any that was not sent yet, so it takes
/// a server that hardly lets anything through.
const MOST_REFUSALS: u32 = 100;

const SHORTEST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// One attempt that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// No repetition can help, as with a certificate that nobody vouches for.
    pub(super) lasting: bool,
}

impl Failure {
    pub(super) fn lasting(error: Error) -> Self {
        Self { error, lasting: true }
    }
}

/// What to do after a failed attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Get a new token, then send again.
    Renew,
    /// Send again as soon as the server is asked anything at all.
    Queue,
    /// Send again, not before this time has passed.
    Wait(Duration),
    GiveUp,
}

/// The attempts of one request.
pub(super) struct Course {
    effect: Effect,
    most_attempts: u32,
    delays: ExponentialBackoff,
    failures: u32,
    refusals: u32,
    renewals: u32,
    /// The token has just been renewed: if it is refused, too, its age is not why.
    is_fresh: bool,
}

impl Course {
    pub(super) fn new(effect: Effect, most_attempts: u32, seed: u64) -> Self {
        let delays = delays(SHORTEST_DELAY, seed);
        Self { effect, most_attempts, delays, failures: 0, refusals: 0, renewals: 0, is_fresh: false }
    }

    /// Returns how often the request was sent so far, this failure included.
    pub(super) fn attempts(&self) -> u32 {
        self.failures + self.refusals + self.renewals
    }

    /// Decides about a failure; `renewable` is whether another token can be had.
    pub(super) fn next(&mut self, failure: &Failure, renewable: bool) -> Next {
        let kind = failure.error.kind();
        if kind == Kind::Unauthorized && renewable && !self.is_fresh {
            self.renewals += 1;
            self.is_fresh = true;
            return Next::Renew;
        }
        // It may take long until the next attempt, and the token may end meanwhile.
        self.is_fresh = false;
        if kind == Kind::RateLimited {
            self.refusals += 1;
        } else {
            self.failures += 1;
        }
        let again = match kind {
            Kind::RateLimited => self.refusals < MOST_REFUSALS,
            Kind::Connect => self.failures < self.most_attempts,
            // The server may have done it; only for a read does that not matter.
            Kind::Server | Kind::Lost => self.effect == Effect::Read && self.failures < self.most_attempts,
            Kind::Unauthorized
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::Conflict
            | Kind::Rejected
            | Kind::Redirected
            | Kind::Decode
            | Kind::Paging
            | Kind::Budget
            | Kind::Unaddressable => false,
        };
        if failure.lasting || !again {
            Next::GiveUp
        } else if kind == Kind::RateLimited {
            Next::Queue
        } else {
            Next::Wait(self.delays.next().unwrap_or(LONGEST_DELAY))
        }
    }
}

/// Returns ever longer delays, each doubled and then up to twice as long by chance.
pub(super) fn delays(shortest: Duration, seed: u64) -> ExponentialBackoff {
    // Without a seed this build of backon gives the same jitter every time.
    ExponentialBuilder::new()
        .with_min_delay(shortest)
        .with_max_delay(LONGEST_DELAY)
        .with_jitter()
        .with_jitter_seed(seed)
        .without_max_times()
        .build()
}

/// Gives every request a seed of its own for its jitter.
pub(super) struct Seeds {
    fixed: Option<u64>,
    state: RandomState,
    count: AtomicU64,
}

impl Seeds {
    pub(super) fn new(fixed: Option<u64>) -> Self {
        Self { fixed, state: RandomState::new(), count: AtomicU64::new(0) }
    }

    pub(super) fn next(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.fixed.map_or_else(|| self.state.hash_one(count), |seed| seed.wrapping_add(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::Facts;
    use crate::client::operation::Operation;

    fn failure(kind: Kind) -> Failure {
        let facts = Facts {
            kind,
            operation: Operation::GetConnections,
            path: String::new(),
            status: None,
            message: String::new(),
            attempts: 0,
            hint: None,
        };
        Failure { error: Error::new(facts), lasting: false }
    }

    #[test]
    fn what_is_sent_again_depends_on_what_may_have_happened() {
        let again = |effect, kind| Course::new(effect, 5, 1).next(&failure(kind), true) != Next::GiveUp;
        for (kind, read, write) in [
            (Kind::Unauthorized, true, true),
            (Kind::RateLimited, true, true),
            (Kind::Connect, true, true),
            (Kind::Server, true, false),
            (Kind::Lost, true, false),
            (Kind::Forbidden, false, false),
            (Kind::NotFound, false, false),
            (Kind::Conflict, false, false),
            (Kind::Rejected, false, false),
            (Kind::Redirected, false, false),
            (Kind::Decode, false, false),
            (Kind::Paging, false, false),
        ] {
            assert_eq!(again(Effect::Read, kind), read, "read, {kind:?}");
            assert_eq!(again(Effect::Write, kind), write, "write, {kind:?}");
        }
    }

    #[test]
    fn attempts_are_bounded_and_delays_grow() {
        let mut course = Course::new(Effect::Read, 5, 7);
        let mut shortest = SHORTEST_DELAY;
        for _ in 0..4 {
            let Next::Wait(delay) = course.next(&failure(Kind::Server), true) else { panic!("a read is repeated") };
            assert!(delay >= shortest && delay <= shortest * 2, "{delay:?}");
            shortest *= 2;
        }
        assert_eq!(course.next(&failure(Kind::Server), true), Next::GiveUp);
        assert_eq!(course.attempts(), 5);
    }

    #[test]
    fn a_token_is_renewed_once() {
        let mut course = Course::new(Effect::Write, 5, 1);
        assert_eq!(course.next(&failure(Kind::Unauthorized), true), Next::Renew);
        assert_eq!(course.next(&failure(Kind::Unauthorized), true), Next::GiveUp);
        assert_eq!(course.attempts(), 2);
        let mut course = Course::new(Effect::Read, 5, 1);
        assert_eq!(course.next(&failure(Kind::Unauthorized), false), Next::GiveUp);
    }

    #[test]
    fn a_token_may_end_more_than_once_while_a_request_waits() {
        let mut course = Course::new(Effect::Write, 5, 1);
        assert_eq!(course.next(&failure(Kind::Unauthorized), true), Next::Renew);
        assert_eq!(course.next(&failure(Kind::RateLimited), true), Next::Queue);
        assert_eq!(course.next(&failure(Kind::Unauthorized), true), Next::Renew);
        assert_eq!(course.next(&failure(Kind::Unauthorized), true), Next::GiveUp);
        assert_eq!(course.attempts(), 4);
    }

    #[test]
    fn refusals_are_waited_for_by_all_and_do_not_count_as_failures() {
        let mut course = Course::new(Effect::Write, 5, 1);
        for _ in 1..MOST_REFUSALS {
            assert_eq!(course.next(&failure(Kind::RateLimited), true), Next::Queue);
        }
        assert_eq!(course.next(&failure(Kind::RateLimited), true), Next::GiveUp);
        assert_eq!(course.attempts(), MOST_REFUSALS);
    }

    #[test]
    fn two_requests_do_not_wait_alike() {
        let seeds = Seeds::new(None);
        let delay = || Course::new(Effect::Read, 5, seeds.next()).next(&failure(Kind::Server), true);
        let first = delay();
        assert!((0..20).any(|_| delay() != first));
    }
}
