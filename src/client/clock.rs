//! Time, so that tests need not wait for it.

use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// A wait that is over at some time.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time, and waits between attempts.
pub trait Clock: Send + Sync {
    fn now(&self) -> Instant;

    /// Returns the time of day, to which servers refer.
    fn time_of_day(&self) -> SystemTime;

    fn sleep(&self, duration: Duration) -> Sleep;

    /// Returns a wait that bounds another one, such as that for an answer: over when it has taken this long.
    fn limit(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The real time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}
