//! When a request is sent again, and when all of them wait.
//!
//! Decides only; `session` sends and sleeps.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};

use super::clock::Clock;
use super::error::{Error, Kind};
use super::operation::Effect;

const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A reset further away than this is not in epoch seconds, whatever it is.
const FARTHEST_RESET: Duration = Duration::from_secs(24 * 60 * 60);

/// A wait that no budget holds, and that no clock overflows at.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How often a request is sent again for want of capacity; its budget usually ends first.
const MOST_REFUSALS: u32 = 100;

const SHORTEST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// One attempt that failed, and what the server said about trying again.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// How long the server asks to wait.
    pub(super) wait: Option<Duration>,
    /// No repetition can help, as with a certificate that nobody vouches for.
    pub(super) lasting: bool,
}

impl Failure {
    pub(super) fn lasting(error: Error) -> Self {
        Self { error, wait: None, lasting: true }
    }
}

/// What to do after a failed attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Get a new token, then send again.
    Renew,
    /// Send again after `delay`; meanwhile `pause` holds back all other requests too.
    Wait {
        delay: Duration,
        pause: Option<Duration>,
    },
    GiveUp,
}

/// The attempts of one request.
pub(super) struct Course {
    effect: Effect,
    most_attempts: u32,
    delays: ExponentialBackoff,
    failures: u32,
    refusals: u32,
    renewed: bool,
}

impl Course {
    pub(super) fn new(effect: Effect, most_attempts: u32, seed: u64) -> Self {
        // Without a seed this build of backon gives the same jitter every time.
        let delays = ExponentialBuilder::new()
            .with_min_delay(SHORTEST_DELAY)
            .with_max_delay(LONGEST_DELAY)
            .with_jitter()
            .with_jitter_seed(seed)
            .without_max_times()
            .build();
        Self { effect, most_attempts, delays, failures: 0, refusals: 0, renewed: false }
    }

    /// Returns how often the request was sent so far, this failure included.
    pub(super) fn attempts(&self) -> u32 {
        self.failures + self.refusals + u32::from(self.renewed)
    }

    /// Decides about a failure; `renewable` is whether another token can be had.
    pub(super) fn next(&mut self, failure: &Failure, renewable: bool) -> Next {
        let kind = failure.error.kind();
        if kind == Kind::Unauthorized && renewable && !self.renewed {
            self.renewed = true;
            return Next::Renew;
        }
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
            return Next::GiveUp;
        }
        let delay = self.delays.next().unwrap_or(LONGEST_DELAY);
        match (kind, failure.wait) {
            // The delay on top spreads those who were all told the same time.
            (Kind::RateLimited, Some(wait)) => Next::Wait { delay: wait.saturating_add(delay), pause: Some(wait) },
            (Kind::RateLimited, None) => Next::Wait { delay, pause: Some(delay) },
            (_, wait) => Next::Wait { delay: wait.map_or(delay, |wait| wait.max(delay)), pause: None },
        }
    }
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

/// A time before which no request of this client is sent, because the server asked for it.
#[derive(Default)]
pub(super) struct Pause {
    until: Mutex<Option<Instant>>,
}

impl Pause {
    pub(super) fn extend(&self, until: Option<Instant>) {
        let mut current = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *current = (*current).max(until);
    }

    fn end(&self) -> Option<Instant> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the pause, or returns how long it goes on if that is after the deadline.
    pub(super) async fn wait(&self, clock: &dyn Clock, deadline: Instant) -> Result<(), Duration> {
        while let Some(end) = self.end() {
            let now = clock.now();
            if end <= now {
                break;
            }
            if end >= deadline {
                return Err(end - now);
            }
            clock.sleep(end - now).await;
        }
        Ok(())
    }
}

/// Returns how long the server asks to wait: `Retry-After` in seconds or as a date, or else `X-RateLimit-Reset`.
pub(super) fn requested_wait(headers: &HeaderMap, kind: Kind, now: SystemTime) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(wait) = text(&RETRY_AFTER).and_then(|text| retry_after(text, now)) {
        return Some(wait);
    }
    if kind != Kind::RateLimited {
        return None;
    }
    let reset: f64 = text(&RATE_LIMIT_RESET)?.parse().ok()?;
    let reset = SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(reset).ok()?)?;
    let wait = reset.duration_since(now).unwrap_or_default();
    (wait <= FARTHEST_RESET).then_some(wait)
}

fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let date = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    Some(SystemTime::from(date).duration_since(now).unwrap_or_default().min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::client::error::Facts;
    use crate::client::operation::Operation;

    fn failure(kind: Kind, wait: Option<u64>) -> Failure {
        let facts = Facts {
            kind,
            operation: Operation::GetConnections,
            path: String::new(),
            status: None,
            message: String::new(),
            attempts: 0,
            hint: None,
        };
        Failure { error: Error::new(facts), wait: wait.map(Duration::from_secs), lasting: false }
    }

    #[test]
    fn what_is_sent_again_depends_on_what_may_have_happened() {
        let again = |effect, kind| Course::new(effect, 5, 1).next(&failure(kind, None), true) != Next::GiveUp;
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
            let Next::Wait { delay, pause: None } = course.next(&failure(Kind::Server, None), true) else {
                panic!("a read is repeated")
            };
            assert!(delay >= shortest && delay <= shortest * 2, "{delay:?}");
            shortest *= 2;
        }
        assert_eq!(course.next(&failure(Kind::Server, None), true), Next::GiveUp);
        assert_eq!(course.attempts(), 5);
    }

    #[test]
    fn a_token_is_renewed_once() {
        let mut course = Course::new(Effect::Write, 5, 1);
        assert_eq!(course.next(&failure(Kind::Unauthorized, None), true), Next::Renew);
        assert_eq!(course.next(&failure(Kind::Unauthorized, None), true), Next::GiveUp);
        assert_eq!(course.attempts(), 2);
        let mut course = Course::new(Effect::Read, 5, 1);
        assert_eq!(course.next(&failure(Kind::Unauthorized, None), false), Next::GiveUp);
    }

    #[test]
    fn a_rate_limit_pauses_all_and_spreads_the_return() {
        let mut course = Course::new(Effect::Write, 5, 1);
        let Next::Wait { delay, pause } = course.next(&failure(Kind::RateLimited, Some(30)), true) else {
            panic!("a refused write is repeated")
        };
        assert_eq!(pause, Some(Duration::from_secs(30)));
        assert!(delay > Duration::from_secs(30) && delay < Duration::from_secs(31), "{delay:?}");
        let mut course = Course::new(Effect::Read, 5, 1);
        let unhurried = course.next(&failure(Kind::Server, Some(30)), true);
        assert_eq!(unhurried, Next::Wait { delay: Duration::from_secs(30), pause: None });
    }

    #[test]
    fn two_requests_do_not_wait_alike() {
        let seeds = Seeds::new(None);
        let delay = || Course::new(Effect::Read, 5, seeds.next()).next(&failure(Kind::Server, None), true);
        let first = delay();
        assert!((0..20).any(|_| delay() != first));
    }

    #[test]
    fn the_servers_wait_is_read_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        let wait = |name: &'static str, value: &'static str, kind| {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            requested_wait(&headers, kind, now).map(|wait| wait.as_secs())
        };
        let limited = Kind::RateLimited;
        assert_eq!(wait("retry-after", "12", limited), Some(12));
        assert_eq!(wait("retry-after", "18446744073709551615", limited), Some(LONGEST_WAIT.as_secs()));
        assert_eq!(wait("retry-after", " 0 ", Kind::Server), Some(0));
        assert_eq!(wait("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", limited), Some(30));
        assert_eq!(wait("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", limited), Some(0));
        assert_eq!(wait("retry-after", "soon", limited), None);
        assert_eq!(wait("retry-after", "-5", limited), None);
        assert_eq!(wait("x-ratelimit-reset", "784111797", limited), Some(20));
        assert_eq!(wait("x-ratelimit-reset", "784111797.5", limited), Some(20));
        assert_eq!(wait("x-ratelimit-reset", "5", limited), Some(0));
        assert_eq!(wait("x-ratelimit-reset", "784111797000", limited), None);
        assert_eq!(wait("x-ratelimit-reset", "inf", limited), None);
        assert_eq!(wait("x-ratelimit-reset", "784111797", Kind::Server), None);
    }
}
