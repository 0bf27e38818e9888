//! Where requests wait for their turn.
//!
//! A turn is given away, not taken: whoever is not polled for a while holds back nobody but itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::clock::Clock;
use super::latency::Latencies;
use super::limiter::{Admission, End, Limiter, Pressure, Ticket};
use super::operation::{Lane, Operation};

/// The turns of one client; a clone is the same gate.
#[derive(Clone)]
pub(super) struct Gate {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    longest_pause: Duration,
    state: Mutex<State>,
}

struct State {
    limiter: Limiter,
    /// Those that others wait for, and those that were sent before and refused.
    first: VecDeque<Waiter>,
    /// Those who read one object each: a page must not queue behind thousands of them.
    bulk: VecDeque<Waiter>,
    /// When somebody will look again.
    alarm: Option<Instant>,
}

type Waiter = oneshot::Sender<Result<Turn, TooLong>>;

/// The pause that the server asked for is longer than any request waits; it goes on for this long.
#[derive(Debug, Clone, Copy)]
pub(super) struct TooLong(pub(super) Duration);

/// The right to have one request under way. Dropped without [`Turn::end`], it tells nothing.
pub(super) struct Turn {
    shared: Arc<Shared>,
    ticket: Option<Ticket>,
}

impl Turn {
    /// Gives the turn back with what was learnt.
    pub(super) fn end(mut self, operation: Operation, end: End) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.end(&ticket, operation as usize, end);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.end(&ticket, 0, End::UNTOLD);
        }
    }
}

impl Gate {
    pub(super) fn new(clock: Arc<dyn Clock>, parallelism: usize, longest_pause: Duration, seed: u64) -> Self {
        let most = u32::try_from(parallelism).unwrap_or(u32::MAX);
        let limiter = Limiter::new(most, longest_pause, seed, Operation::ALL.len());
        let state = State { limiter, first: VecDeque::new(), bulk: VecDeque::new(), alarm: None };
        Self { shared: Arc::new(Shared { clock, longest_pause, state: Mutex::new(state) }) }
    }

    /// Waits for a turn; first come, first served within each lane.
    pub(super) async fn enter(&self, lane: Lane) -> Result<Turn, TooLong> {
        let (waiter, turn) = oneshot::channel();
        {
            let mut state = self.shared.lock();
            state.queue(lane).push_back(waiter);
            self.shared.serve(&mut state);
        }
        turn.await.expect("whoever waits is answered, and the gate lives as long as its session")
    }

    /// Returns how long all requests are held back from now on.
    pub(super) fn pause(&self) -> Duration {
        let end = self.shared.lock().limiter.pause();
        end.map_or(Duration::ZERO, |end| end.saturating_duration_since(self.shared.clock.now()))
    }

    /// Returns when the server last answered anything, be it yes or no.
    pub(super) fn last_answer(&self) -> Option<Instant> {
        self.shared.lock().limiter.last_answer()
    }

    pub(super) fn latencies(&self) -> Latencies {
        self.shared.lock().limiter.latencies()
    }

    pub(super) fn pressure(&self) -> Pressure {
        self.shared.lock().limiter.pressure()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(self: &Arc<Self>, ticket: &Ticket, operation: usize, end: End) {
        let mut state = self.lock();
        let before = (state.limiter.window(), state.limiter.interval());
        state.limiter.end(ticket, operation, end, self.clock.now());
        let after = (state.limiter.window(), state.limiter.interval());
        if before.0 != after.0 || (before.1 < after.1) {
            let (window, interval) = after;
            tracing::debug!(window, ?interval, cause = ?end.outcome, "the number of requests at once changes");
        }
        self.serve(&mut state);
    }

    /// Gives turns to those who wait, as many as may go.
    fn serve(self: &Arc<Self>, state: &mut State) {
        let now = self.clock.now();
        while let Some((lane, waiter)) = state.next_waiter() {
            let ticket = match state.limiter.admit(now) {
                Admission::Go(ticket) => ticket,
                Admission::At(at) if at.saturating_duration_since(now) >= self.longest_pause => {
                    // Who does not wait any more does not miss it either.
                    let _ = waiter.send(Err(TooLong(at - now)));
                    continue;
                }
                blocked => {
                    state.queue(lane).push_front(waiter);
                    if let Admission::At(at) = blocked {
                        self.wake(state, at, now);
                    }
                    return;
                }
            };
            let turn = Turn { shared: Arc::clone(self), ticket: Some(ticket) };
            if let Err(Ok(mut unwanted)) = waiter.send(Ok(turn)) {
                // Taken back here, since dropping it would lock once more.
                if let Some(ticket) = unwanted.ticket.take() {
                    state.limiter.end(&ticket, 0, End::UNTOLD, now);
                }
            }
        }
    }

    /// Sees to it that somebody looks again at that time.
    fn wake(self: &Arc<Self>, state: &mut State, at: Instant, now: Instant) {
        if state.alarm.is_some_and(|alarm| alarm <= at) {
            return;
        }
        // Without a runtime nobody waits any more.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        state.alarm = Some(at);
        let shared = Arc::clone(self);
        runtime.spawn(async move {
            shared.clock.sleep(at - now).await;
            let mut state = shared.lock();
            if state.alarm == Some(at) {
                state.alarm = None;
            }
            shared.serve(&mut state);
        });
    }
}

impl State {
    fn queue(&mut self, lane: Lane) -> &mut VecDeque<Waiter> {
        match lane {
            Lane::Main => &mut self.first,
            Lane::Bulk => &mut self.bulk,
        }
    }

    /// Takes the next one that still waits.
    fn next_waiter(&mut self) -> Option<(Lane, Waiter)> {
        for lane in [Lane::Main, Lane::Bulk] {
            while let Some(waiter) = self.queue(lane).pop_front() {
                if !waiter.is_closed() {
                    return Some((lane, waiter));
                }
            }
        }
        None
    }
}
