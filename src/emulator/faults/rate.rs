//! A limit of requests in earnest: a token bucket, full at first, that fills evenly.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) requests: u32,
    pub(crate) period: Duration,
}

/// What is left of a limit.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// When the bucket will be full again.
    full: Mutex<Option<Instant>>,
}

/// What becomes of a request, and what its answer tells of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Until another request is allowed; zero if one is.
    pub(crate) wait: Duration,
    pub(crate) is_refused: bool,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, full: Mutex::new(None) }
    }

    /// Takes one request out of the bucket, if there is one in it.
    pub(crate) fn take(&self, now: Instant) -> Standing {
        let Rate { requests: limit, period } = self.rate;
        let each = period / limit;
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = full.map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
        let is_refused = missing + each > each * limit;
        let missing = if is_refused { missing } else { missing + each };
        if !is_refused {
            *full = Some(now + missing);
        }
        let remaining = (each * limit).saturating_sub(missing).as_nanos() / each.as_nanos().max(1);
        Standing {
            limit,
            remaining: u32::try_from(remaining).unwrap_or(limit),
            wait: (missing + each).saturating_sub(each * limit),
            is_refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_at_once_and_fills_evenly() {
        let bucket = Bucket::new(Rate { requests: 5, period: Duration::from_secs(1) });
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let taken = |milliseconds| {
            let Standing { limit, remaining, wait, is_refused } = bucket.take(after(milliseconds));
            assert_eq!(limit, 5);
            (is_refused, remaining, wait.as_millis())
        };
        let first: Vec<_> = (0..6).map(|_| taken(0)).collect();
        assert_eq!(
            first,
            [(false, 4, 0), (false, 3, 0), (false, 2, 0), (false, 1, 0), (false, 0, 200), (true, 0, 200)]
        );
        assert_eq!(taken(150), (true, 0, 50));
        assert_eq!(taken(200), (false, 0, 200));
        assert_eq!(taken(399), (true, 0, 1));
        assert_eq!(taken(10_000), (false, 4, 0));
    }
}
