//! What the limiter makes of servers that allow so and so much: in virtual time, to the end of a run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use crate::client::hints::Quota;
use crate::client::limiter::{Admission, End, Limiter, Outcome, Ticket};

/// What a server allows, and until when it has been used up.
#[derive(Debug, Clone)]
enum Allows {
    /// One every so often; unused ones add up to a burst.
    Bucket { every: Duration, burst: u32, used_until: Duration },
    /// So many in each stretch of time.
    Window { limit: u32, length: Duration, begun: Duration, used: u32 },
    /// So many side by side.
    Together { most: usize },
}

impl Allows {
    fn bucket(every: u64, burst: u32) -> Self {
        Self::Bucket { every: Duration::from_millis(every), burst, used_until: Duration::ZERO }
    }

    fn window(limit: u32, seconds: u64) -> Self {
        Self::Window { limit, length: Duration::from_secs(seconds), begun: Duration::ZERO, used: 0 }
    }

    /// Takes a request, or says when the next one would be taken.
    fn ask(&mut self, now: Duration, under_way: usize) -> Result<(), Duration> {
        match self {
            Self::Bucket { every, burst, used_until } => {
                let start = (*used_until).max(now);
                let wait = start.saturating_sub(now + *every * (*burst - 1));
                if !wait.is_zero() {
                    return Err(wait);
                }
                *used_until = start + *every;
                Ok(())
            }
            Self::Window { limit, length, begun, used } => {
                while *begun + *length <= now {
                    *begun += *length;
                    *used = 0;
                }
                if used == limit {
                    return Err((*begun + *length).saturating_sub(now));
                }
                *used += 1;
                Ok(())
            }
            Self::Together { most } if under_way > *most => Err(Duration::ZERO),
            Self::Together { .. } => Ok(()),
        }
    }

    fn quota(&self, now: Duration) -> Option<Quota> {
        match self {
            Self::Window { limit, length, begun, used } => Some(Quota {
                limit: Some(*limit),
                remaining: *limit - *used,
                renewed_in: (*begun + *length).saturating_sub(now),
            }),
            Self::Bucket { .. } | Self::Together { .. } => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Says {
    Nothing,
    /// `Retry-After`, in whole seconds.
    RetryAfter,
    /// `X-RateLimit-*` with every answer.
    Quota,
}

#[derive(Debug)]
struct Run {
    took: Duration,
    refusals: usize,
    /// How often one and the same request was refused.
    most_refusals: usize,
    peak: usize,
}

/// Sends requests to the end, as the gate does: those that were refused first.
fn run(mut server: Allows, says: Says, latency: Duration, parallelism: u32, requests: usize) -> Run {
    let zero = Instant::now();
    let mut limiter = Limiter::new(parallelism, Duration::from_secs(120), 1, 1);
    let (mut now, mut fresh, mut refused) = (Duration::ZERO, requests, VecDeque::new());
    let mut events = BinaryHeap::new();
    let mut under_way: BTreeMap<usize, (Ticket, usize, End)> = BTreeMap::new();
    let mut result = Run { took: Duration::ZERO, refusals: 0, most_refusals: 0, peak: 0 };
    let mut sent = 0;
    loop {
        while fresh > 0 || !refused.is_empty() {
            let ticket = match limiter.admit(zero + now) {
                Admission::Go(ticket) => ticket,
                Admission::At(at) => {
                    events.push(Reverse((at - zero, 0)));
                    break;
                }
                Admission::Later => break,
            };
            let refusals = refused.pop_front().unwrap_or_else(|| {
                fresh -= 1;
                0
            });
            sent += 1;
            let (arrives, answered) = (now + latency / 2, now + latency);
            let answer = server.ask(arrives, under_way.len() + 1);
            let quota = if says == Says::Quota { server.quota(answered) } else { None };
            let end = match answer {
                Ok(()) => End { outcome: Outcome::Answered, wait: None, quota },
                Err(wait) => {
                    let wait = match says {
                        Says::Nothing => None,
                        Says::RetryAfter => Some(Duration::from_secs(wait.as_secs() + 1)),
                        Says::Quota => Some(wait),
                    };
                    End { outcome: Outcome::Refused, wait, quota }
                }
            };
            under_way.insert(sent, (ticket, refusals, end));
            result.peak = result.peak.max(under_way.len());
            events.push(Reverse((answered, sent)));
        }
        let Some(Reverse((at, number))) = events.pop() else { break };
        now = now.max(at);
        let Some((ticket, refusals, end)) = under_way.remove(&number) else { continue };
        limiter.end(&ticket, 0, end, zero + now);
        if end.outcome == Outcome::Refused {
            result.refusals += 1;
            result.most_refusals = result.most_refusals.max(refusals + 1);
            refused.push_back(refusals + 1);
        } else {
            result.took = now;
        }
    }
    assert_eq!((fresh, refused.len(), under_way.len()), (0, 0, 0), "all requests got through");
    assert!(result.peak <= usize::try_from(parallelism).unwrap());
    result
}

/// 600 requests at 5 a second, which take two minutes at best.
#[test]
fn five_requests_a_second_are_soon_found_out() {
    const REQUESTS: usize = 600;
    for latency in [2, 10, 50, 150, 300].map(Duration::from_millis) {
        for (server, says, at_most) in [
            (Allows::bucket(200, 5), Says::Nothing, 126),
            (Allows::bucket(200, 20), Says::Nothing, 126),
            (Allows::bucket(200, 5), Says::RetryAfter, 145),
            (Allows::bucket(200, 20), Says::RetryAfter, 126),
            // Without any burst every request that comes a moment too early is refused.
            (Allows::bucket(200, 1), Says::Nothing, 160),
            (Allows::bucket(200, 1), Says::RetryAfter, 200),
            (Allows::window(5, 1), Says::Nothing, 140),
            (Allows::window(5, 1), Says::RetryAfter, 185),
            (Allows::window(5, 1), Says::Quota, 130),
            (Allows::window(50, 10), Says::Nothing, 160),
            (Allows::window(50, 10), Says::RetryAfter, 126),
            (Allows::window(50, 10), Says::Quota, 126),
            (Allows::window(300, 60), Says::RetryAfter, 126),
            (Allows::window(300, 60), Says::Quota, 126),
        ] {
            let what = format!("{server:?}, it says {says:?}, {latency:?}");
            let run = run(server, says, latency, 16, REQUESTS);
            assert!(run.took <= Duration::from_secs(at_most), "{what}: {run:?}");
            let most = if says == Says::Quota { 5 } else { REQUESTS / 3 };
            assert!(run.refusals <= most && run.most_refusals <= 10, "{what}: {run:?}");
        }
    }
}

#[test]
fn a_long_run_is_as_good_as_a_short_one() {
    let run = run(Allows::bucket(200, 5), Says::Nothing, Duration::from_millis(50), 256, 5000);
    assert!(run.took <= Duration::from_secs(1010), "{run:?}");
    assert!(run.refusals <= 500 && run.most_refusals <= 10, "{run:?}");
}

#[test]
fn a_very_slow_server_is_waited_for() {
    let run = run(Allows::bucket(5000, 1), Says::Nothing, Duration::from_millis(50), 16, 100);
    assert!(run.took <= Duration::from_secs(700), "{run:?}");
    // A request may be refused a hundred times.
    assert!(run.most_refusals <= 25, "{run:?}");
}

#[test]
fn a_server_that_takes_few_side_by_side_gets_about_as_many() {
    let run = run(Allows::Together { most: 8 }, Says::Nothing, Duration::from_millis(50), 64, 2000);
    assert!(run.took <= Duration::from_secs(30), "{run:?}");
    assert!(run.refusals <= 400 && run.most_refusals <= 3, "{run:?}");
}

#[test]
fn a_server_without_limits_costs_two_round_trips() {
    let latency = Duration::from_millis(50);
    let run = run(Allows::Together { most: 1000 }, Says::Nothing, latency, 32, 7279);
    assert_eq!((run.refusals, run.peak), (0, 32));
    assert!(run.took <= latency * (7279 / 32 + 1 + 2), "{run:?}");
}
