//! How much is asked of a server at once: a window that grows and is halved, a pace, and pauses for all requests.
//!
//! Pure: it is told the time and what became of each request, and says whether the next one may go; `gate` waits.
//! Ready-made limiters adapt concurrency or keep a given pace. Here each must be learnt, and in one: where the server
//! answers in 10 ms and allows 5 requests a second, even one request at a time is twenty times too many.

use std::fmt;
use std::time::{Duration, Instant};

use backon::ExponentialBackoff;

use super::hints::Quota;
use super::latency::{Latencies, Latency};
use super::retry::delays;

/// How many requests may be under way in the beginning.
const FIRST_WINDOW: u32 = 8;

/// The longest time between two requests that is learnt; whoever needs a longer one refuses again, and is waited for.
///
/// It bounds the harm of refusals that have nothing to do with how much is asked.
const LONGEST_INTERVAL: Duration = Duration::from_millis(500);

/// After this many successes near the best pace, it is known.
const CALM: u32 = 5;

/// How long all requests wait after a refusal that names no time, at first; doubled until one is taken again.
const SHORTEST_HOLD: Duration = Duration::from_millis(100);

/// Clocks differ a little, so a quota is not used the moment it is renewed.
const MARGIN: Duration = Duration::from_millis(50);

/// Quotas that end this close to each other are the same one.
const SAME_QUOTA: Duration = Duration::from_millis(500);

/// What became of a request, as far as it tells about load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server answered, be it yes or no.
    Answered,
    /// 429: too many requests.
    Refused,
    /// 503, a gateway's timeout, or no answer in time.
    Strained,
    /// Nothing is known, as after a lost connection or a cancelled request.
    Untold,
}

/// The end of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// How long the server asks everybody to wait.
    pub(super) wait: Option<Duration>,
    pub(super) quota: Option<Quota>,
}

impl End {
    pub(super) const UNTOLD: Self = Self { outcome: Outcome::Untold, wait: None, quota: None };
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Ticket {
    /// Its place among all that were sent.
    number: u64,
    sent_at: Instant,
    /// How many were under way, itself included.
    company: u32,
    /// The window then.
    window: u32,
    /// It went as soon as the pace allowed.
    hurried: bool,
}

/// Whether the next request may go.
#[derive(Debug)]
pub(super) enum Admission {
    Go(Ticket),
    /// Not before this time.
    At(Instant),
    /// When one that is under way ends.
    Later,
}

/// What the server asked for so far, and what it gets now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pressure {
    /// How often it refused a request for want of capacity: 429.
    pub refused: u64,
    /// How often it was unavailable or did not answer in time.
    pub strained: u64,
    /// How long all requests were held back, in sum.
    pub held: Duration,
    /// How many requests may be under way now.
    pub window: u32,
    /// How many may ever be.
    pub most: u32,
    /// The time between two requests, if they are spread.
    pub interval: Option<Duration>,
}

impl Pressure {
    /// Returns whether nothing was too much so far.
    pub fn is_none(&self) -> bool {
        let Self { refused, strained, held, window: _, most: _, interval: _ } = *self;
        refused == 0 && strained == 0 && held.is_zero()
    }
}

impl fmt::Display for Pressure {
    /// One line about it all.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refused, strained, held, window, most, interval } = *self;
        if refused > 0 {
            write!(formatter, "rate limited {refused} times, ")?;
        }
        if strained > 0 {
            write!(formatter, "unavailable or too slow {strained} times, ")?;
        }
        if !held.is_zero() {
            write!(formatter, "held back for {:.1} s in all, ", held.as_secs_f64())?;
        }
        write!(formatter, "now at most {window} of {most} requests at once")?;
        match interval {
            Some(interval) => write!(formatter, ", {} ms apart", interval.as_millis().max(1)),
            None => Ok(()),
        }
    }
}

/// The state of one client's load.
pub(super) struct Limiter {
    most: u32,
    longest_pause: Duration,
    /// How many may be under way. Less than one is one, and rarely: see [`Limiter::interval`].
    window: f64,
    growth: Growth,
    in_flight: u32,
    sent: u64,
    /// The first request that was sent after the last sign of pressure. What came before it tells nothing new.
    since: u64,
    /// The server refused, and has not taken a request since: one at a time finds out when it does.
    probing: bool,
    holds: ExponentialBackoff,
    seed: u64,
    pause: Option<Instant>,
    next: Option<Instant>,
    allowance: Option<Allowance>,
    latency: Latency,
    last_answer: Option<Instant>,
    refused: u64,
    strained: u64,
    held: Duration,
}

enum Growth {
    /// Nothing was too much yet, or not for long: every full window that succeeds doubles it.
    Doubling,
    /// Something was: back to near the `best` soon, then ever bolder beyond it, and evenly spread all the time.
    Careful {
        /// The window at which it was too much.
        best: f64,
        /// Successes near or above the best.
        calm: u32,
    },
}

/// What is left of a quota that the server told.
struct Allowance {
    remaining: u32,
    limit: Option<u32>,
    /// `None` once it has been renewed and nothing was answered since.
    until: Option<Instant>,
}

impl Limiter {
    pub(super) fn new(most: u32, longest_pause: Duration, seed: u64, operations: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            longest_pause,
            window: f64::from(FIRST_WINDOW.min(most)),
            growth: Growth::Doubling,
            in_flight: 0,
            sent: 0,
            since: 0,
            probing: false,
            holds: delays(SHORTEST_HOLD, seed),
            seed,
            pause: None,
            next: None,
            allowance: None,
            latency: Latency::new(operations),
            last_answer: None,
            refused: 0,
            strained: 0,
            held: Duration::ZERO,
        }
    }

    /// Says whether a request may go now.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        if let Some(end) = self.pause.filter(|end| *end > now) {
            return Admission::At(end);
        }
        let limit = if self.probing { 1 } else { self.window() };
        if self.in_flight >= limit {
            return Admission::Later;
        }
        if let Some(allowance) = &mut self.allowance {
            allowance.renew(now);
            // Whether the answers that are still to come are counted in what remains, nobody knows: they are not.
            if allowance.remaining <= self.in_flight {
                return match allowance.until {
                    Some(until) => {
                        if self.in_flight == 0 {
                            self.pause_until(Some(until), now);
                        }
                        Admission::At(until)
                    }
                    None => Admission::Later,
                };
            }
        }
        let interval = self.interval();
        let mut hurried = false;
        if let (Some(next), Some(interval)) = (self.next, interval) {
            if next > now {
                return Admission::At(next);
            }
            hurried = now.duration_since(next) <= interval;
        }
        self.next = interval.map(|interval| now + interval);
        self.in_flight += 1;
        self.sent += 1;
        Admission::Go(Ticket { number: self.sent, sent_at: now, company: self.in_flight, window: limit, hurried })
    }

    /// Learns from the end of a request; `operation` says which ones to compare it with.
    pub(super) fn end(&mut self, ticket: &Ticket, operation: usize, end: End, now: Instant) {
        let End { outcome, wait, quota } = end;
        let company = ticket.company.max(self.in_flight);
        // Only what is used up has to grow.
        let full = ticket.hurried || company.saturating_mul(2) >= ticket.window;
        self.in_flight = self.in_flight.saturating_sub(1);
        match quota {
            Some(quota) => self.note(quota, now),
            // There is no quota any more, or none for this.
            None if outcome == Outcome::Answered => {
                self.allowance.take_if(|allowance| allowance.until.is_none());
            }
            None => {}
        }
        match outcome {
            Outcome::Untold => {}
            Outcome::Answered => {
                self.last_answer = Some(now);
                self.latency.note(operation, now.duration_since(ticket.sent_at));
                if ticket.number > self.since {
                    if self.probing {
                        self.probing = false;
                        self.seed = self.seed.wrapping_add(1);
                        self.holds = delays(SHORTEST_HOLD, self.seed);
                    }
                    if full && self.latency.holds() {
                        self.grow();
                    }
                }
            }
            Outcome::Refused => {
                self.refused += 1;
                // Many that were sent together and refused together are one sign.
                if ticket.number > self.since {
                    let hold = self.holds.next().unwrap_or_default();
                    let wait = match wait {
                        // Those who were all told the same time do not all come back at once.
                        Some(wait) if !self.probing => wait.saturating_add(hold / 8),
                        // It asked for too little before, or for nothing.
                        wait => wait.unwrap_or_default().saturating_add(hold),
                    };
                    if !self.probing {
                        self.halve(company, 0.0, now);
                    }
                    self.pause_until(now.checked_add(wait), now);
                    self.probing = true;
                    self.since = self.sent;
                } else if let Some(wait) = wait {
                    self.pause_until(now.checked_add(wait), now);
                }
            }
            Outcome::Strained => {
                self.strained += 1;
                if ticket.number > self.since {
                    if !self.probing {
                        // It is slow or overburdened, which fewer at once help against, and longer breaks do not.
                        self.halve(company, 1.0, now);
                    }
                    self.since = self.sent;
                }
                if let Some(wait) = wait {
                    self.pause_until(now.checked_add(wait), now);
                    self.probing = true;
                    self.since = self.sent;
                }
            }
        }
    }

    /// Returns how many requests may be under way.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the window is between 0 and most")]
    pub(super) fn window(&self) -> u32 {
        (self.window.ceil() as u32).clamp(1, self.most)
    }

    /// Returns the time between two requests.
    ///
    /// A window is spread over a round trip, so that it does not go out at once after a pause. A window of less than
    /// one is spread likewise: a twentieth of 10 ms is one request each 200 ms.
    pub(super) fn interval(&self) -> Option<Duration> {
        match self.growth {
            Growth::Doubling => None,
            Growth::Careful { .. } => Some(self.latency.round_trip().div_f64(self.window).min(LONGEST_INTERVAL)),
        }
    }

    /// Returns the end of the pause that the server asked for.
    pub(super) fn pause(&self) -> Option<Instant> {
        self.pause
    }

    /// Returns when the server last answered anything, be it yes or no.
    pub(super) fn last_answer(&self) -> Option<Instant> {
        self.last_answer
    }

    /// Returns how long answers took.
    pub(super) fn latencies(&self) -> Latencies {
        self.latency.means()
    }

    pub(super) fn pressure(&self) -> Pressure {
        Pressure {
            refused: self.refused,
            strained: self.strained,
            held: self.held,
            window: self.window(),
            most: self.most,
            interval: self.interval(),
        }
    }

    /// Holds all requests back; a time that no clock reaches is not waited for.
    fn pause_until(&mut self, end: Option<Instant>, now: Instant) {
        let Some(end) = end else { return };
        let begin = self.pause.map_or(now, |end| end.max(now));
        if end > begin {
            self.held = self.held.saturating_add(end - begin);
            self.pause = Some(end);
        }
    }

    fn halve(&mut self, company: u32, least: f64, now: Instant) {
        // A window that was not used says nothing about what the server can take.
        let best = self.window.min(f64::from(company));
        // What was right for long is wrong by little: then the pace changes by little, too.
        let known = best < 2.0 && matches!(self.growth, Growth::Careful { calm: CALM.., .. });
        let least = self.latency.round_trip().div_duration_f64(LONGEST_INTERVAL).max(least);
        self.window = (best * if known { 0.8 } else { 0.5 }).max(least);
        self.growth = Growth::Careful { best, calm: 0 };
        self.next = self.interval().map(|interval| now + interval);
    }

    fn grow(&mut self) {
        let most = f64::from(self.most);
        let step = match &mut self.growth {
            Growth::Doubling => 1.0,
            Growth::Careful { best, .. } if self.window < *best * 0.9 => (*best - self.window) / 3.0,
            Growth::Careful { calm, .. } => {
                *calm = calm.saturating_add(1);
                self.window.min(1.0) * f64::from(*calm) / 1000.0
            }
        };
        // After the first sign of pressure, a full window adds at most one.
        let step = if matches!(self.growth, Growth::Doubling) { step } else { step.min(1.0 / self.window) };
        self.window += step;
        if self.window >= most {
            self.window = most;
            self.growth = Growth::Doubling;
        }
    }

    fn note(&mut self, quota: Quota, now: Instant) {
        let Quota { limit, remaining, renewed_in } = quota;
        if renewed_in > self.longest_pause {
            // Nobody would wait for that. If the quota does run out, the server will say so itself.
            return;
        }
        let until = now + renewed_in + MARGIN;
        match &mut self.allowance {
            Some(Allowance { remaining: known, until: Some(end), .. }) if until < *end + SAME_QUOTA => {
                // An answer that was overtaken by another may tell of more than there still is, or of the last quota.
                if until + SAME_QUOTA > *end {
                    *known = remaining.min(*known);
                }
            }
            allowance => *allowance = Some(Allowance { remaining, limit, until: Some(until) }),
        }
    }
}

impl Allowance {
    /// Takes the quota to be full again after its end, until an answer says more.
    fn renew(&mut self, now: Instant) {
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
            self.remaining = self.limit.unwrap_or(1).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: Duration = Duration::from_millis(50);

    fn limiter(most: u32) -> (Limiter, Instant) {
        (Limiter::new(most, Duration::from_secs(120), 1, 2), Instant::now())
    }

    fn end(outcome: Outcome) -> End {
        End { outcome, wait: None, quota: None }
    }

    /// Sends as many as may go.
    fn fill(limiter: &mut Limiter, now: Instant) -> Vec<Ticket> {
        std::iter::from_fn(|| match limiter.admit(now) {
            Admission::Go(ticket) => Some(ticket),
            Admission::At(_) | Admission::Later => None,
        })
        .collect()
    }

    /// Sends as many as may go; all of them end alike a round trip later.
    fn round(limiter: &mut Limiter, now: &mut Instant, latency: Duration, end: End) -> usize {
        let tickets = fill(limiter, *now);
        *now += latency;
        for ticket in &tickets {
            limiter.end(ticket, 0, end, *now);
        }
        tickets.len()
    }

    #[test]
    fn full_windows_that_succeed_double_it_up_to_the_most() {
        let (mut limiter, mut now) = limiter(50);
        let rounds: Vec<usize> = (0..5).map(|_| round(&mut limiter, &mut now, ROUND, end(Outcome::Answered))).collect();
        assert_eq!(rounds, [8, 16, 32, 50, 50]);
        assert_eq!(limiter.interval(), None);
        let (mut limiter, mut now) = self::limiter(3);
        assert_eq!(round(&mut limiter, &mut now, ROUND, end(Outcome::Answered)), 3);
        assert_eq!(limiter.window(), 3);
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let (mut limiter, mut now) = limiter(50);
        for _ in 0..100 {
            let Admission::Go(ticket) = limiter.admit(now) else { panic!("nothing else is under way") };
            now += ROUND;
            limiter.end(&ticket, 0, end(Outcome::Answered), now);
        }
        assert_eq!(limiter.window(), 8);
    }

    #[test]
    fn it_grows_only_while_latency_holds() {
        let (mut limiter, mut now) = limiter(50);
        round(&mut limiter, &mut now, ROUND, end(Outcome::Answered));
        for _ in 0..10 {
            round(&mut limiter, &mut now, ROUND * 6, end(Outcome::Answered));
        }
        let stuck = limiter.window();
        assert!(stuck < 25, "{stuck}");
        for _ in 0..10 {
            round(&mut limiter, &mut now, ROUND, end(Outcome::Answered));
        }
        assert_eq!(limiter.window(), 50);
    }

    #[test]
    fn what_is_slow_by_nature_is_no_sign_of_load() {
        let (mut limiter, mut now) = limiter(50);
        for _ in 0..10 {
            let (even, odd): (Vec<_>, Vec<_>) =
                fill(&mut limiter, now).into_iter().partition(|ticket| ticket.number % 2 == 0);
            for (operation, latency, tickets) in [(0, ROUND, even), (1, ROUND * 10, odd)] {
                now += latency;
                for ticket in tickets {
                    limiter.end(&ticket, operation, end(Outcome::Answered), now);
                }
            }
        }
        assert_eq!(limiter.window(), 50);
    }

    #[test]
    fn many_refusals_at_once_halve_it_once() {
        for outcome in [Outcome::Refused, Outcome::Strained] {
            let (mut limiter, mut now) = limiter(64);
            round(&mut limiter, &mut now, ROUND, end(Outcome::Answered));
            assert_eq!(round(&mut limiter, &mut now, ROUND, end(outcome)), 16);
            assert_eq!(limiter.window(), 8, "{outcome:?}");
        }
    }

    #[test]
    fn a_window_that_was_hardly_used_is_not_what_was_too_much() {
        let (mut limiter, now) = limiter(64);
        let Admission::Go(ticket) = limiter.admit(now) else { panic!("nothing else is under way") };
        limiter.end(&ticket, 0, end(Outcome::Refused), now + ROUND);
        assert_eq!(limiter.window(), 1);
    }

    #[test]
    fn after_a_pause_one_goes_first_and_the_others_follow_one_by_one() {
        let (mut limiter, mut now) = limiter(64);
        round(&mut limiter, &mut now, ROUND, end(Outcome::Answered));
        let wait = Duration::from_secs(7);
        round(&mut limiter, &mut now, ROUND, End { outcome: Outcome::Refused, wait: Some(wait), quota: None });
        let Admission::At(at) = limiter.admit(now) else { panic!("it has to wait") };
        assert!(at >= now + wait && at < now + wait + Duration::from_millis(100), "{:?}", at - now);
        now = at;
        assert_eq!(round(&mut limiter, &mut now, ROUND, end(Outcome::Answered)), 1);
        let mut sent = 0;
        let begin = now;
        while now < begin + ROUND {
            sent += fill(&mut limiter, now).len();
            match limiter.admit(now) {
                Admission::At(at) => now = at,
                Admission::Later => break,
                Admission::Go(_) => panic!("only one at a time"),
            }
        }
        assert!((6..=9).contains(&sent), "a halved window within a round trip: {sent}");
    }

    #[test]
    fn a_server_that_goes_on_refusing_is_asked_ever_more_seldom() {
        let (mut limiter, mut now) = limiter(16);
        let mut waits = Vec::new();
        for _ in 0..10 {
            assert_eq!(
                round(&mut limiter, &mut now, ROUND, end(Outcome::Refused)).min(2),
                if waits.is_empty() { 2 } else { 1 }
            );
            let Admission::At(at) = limiter.admit(now) else { panic!("it has to wait") };
            waits.push(at - now);
            now = at;
        }
        assert!(waits[0] >= SHORTEST_HOLD && waits[0] <= SHORTEST_HOLD * 2, "{waits:?}");
        assert!(waits[9] >= Duration::from_secs(10) && waits[9] <= Duration::from_secs(20), "{waits:?}");
        // A wait of nothing that does not help is lengthened, too.
        let asked = End { outcome: Outcome::Refused, wait: Some(Duration::ZERO), quota: None };
        round(&mut limiter, &mut now, ROUND, asked);
        assert!(matches!(limiter.admit(now), Admission::At(at) if at - now >= Duration::from_secs(10)));
    }

    #[test]
    fn an_overburdened_server_gets_one_at_a_time_but_no_breaks() {
        let (mut limiter, mut now) = limiter(16);
        for _ in 0..20 {
            now += ROUND * 4;
            assert!(round(&mut limiter, &mut now, ROUND, end(Outcome::Strained)) >= 1);
        }
        assert_eq!(limiter.window(), 1);
        assert!(limiter.interval().unwrap() <= Duration::from_millis(100));
    }

    #[test]
    fn what_remains_of_a_quota_is_never_overrun() {
        let quota = |remaining| End {
            outcome: Outcome::Answered,
            wait: None,
            quota: Some(Quota { limit: Some(10), remaining, renewed_in: Duration::from_secs(9) }),
        };
        let (mut limiter, now) = limiter(16);
        let mut tickets = fill(&mut limiter, now);
        assert_eq!(tickets.len(), 8);
        // Two are left, and seven are under way: none may go before it is known which of them are counted.
        limiter.end(&tickets.remove(0), 0, quota(9), now);
        assert_eq!(fill(&mut limiter, now).len(), 2);
        limiter.end(&tickets.remove(0), 0, quota(4), now);
        assert_eq!(fill(&mut limiter, now).len(), 0);
        // An answer that was overtaken changes nothing.
        limiter.end(&tickets.remove(0), 0, quota(8), now);
        assert_eq!(fill(&mut limiter, now).len(), 0);
    }

    #[test]
    fn a_spent_quota_holds_all_back_until_it_is_renewed() {
        let spent = |seconds| End {
            outcome: Outcome::Answered,
            wait: None,
            quota: Some(Quota { limit: Some(5), remaining: 0, renewed_in: Duration::from_secs(seconds) }),
        };
        let (mut limiter, now) = limiter(16);
        let Admission::Go(ticket) = limiter.admit(now) else { panic!("nothing else is under way") };
        limiter.end(&ticket, 0, spent(30), now);
        let Admission::At(at) = limiter.admit(now) else { panic!("it has to wait") };
        assert_eq!(at, now + Duration::from_secs(30) + MARGIN);
        assert_eq!(fill(&mut limiter, at).len(), 5, "no more than the server allows at once");
        assert_eq!(limiter.pressure().held, Duration::from_secs(30) + MARGIN);
        assert_eq!(limiter.pressure().refused, 0);
        // Nobody waits for an hour because of a header: if it is true, the server will refuse.
        let (mut limiter, now) = self::limiter(16);
        let Admission::Go(ticket) = limiter.admit(now) else { panic!("nothing else is under way") };
        limiter.end(&ticket, 0, spent(3600), now);
        assert_eq!(fill(&mut limiter, now).len(), 8);
    }

    #[test]
    fn without_word_of_its_size_a_renewed_quota_is_tried_by_one() {
        let quota = Some(Quota { limit: None, remaining: 0, renewed_in: Duration::from_secs(1) });
        let (mut limiter, now) = limiter(16);
        let Admission::Go(ticket) = limiter.admit(now) else { panic!("nothing else is under way") };
        limiter.end(&ticket, 0, End { outcome: Outcome::Answered, wait: None, quota }, now);
        let now = now + Duration::from_secs(2);
        let tickets = fill(&mut limiter, now);
        assert_eq!(tickets.len(), 1);
        limiter.end(&tickets[0], 0, end(Outcome::Answered), now);
        assert_eq!(fill(&mut limiter, now).len(), 8, "there is no quota any more");
    }

    #[test]
    fn pressure_is_told_in_one_line() {
        let (mut limiter, mut now) = limiter(16);
        assert!(limiter.pressure().is_none());
        assert_eq!(limiter.pressure().to_string(), "now at most 8 of 16 requests at once");
        round(&mut limiter, &mut now, ROUND, end(Outcome::Answered));
        let wait = Some(Duration::from_secs(3));
        round(&mut limiter, &mut now, ROUND, End { outcome: Outcome::Strained, wait, quota: None });
        assert_eq!(
            limiter.pressure().to_string(),
            "unavailable or too slow 16 times, held back for 3.0 s in all, now at most 8 of 16 requests at once, 6 ms \
             apart"
        );
    }
}
