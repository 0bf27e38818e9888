//! How long answers take: whether that is as usual, for the limiter, and on average, for whoever looks ahead.

use std::collections::BTreeMap;
use std::time::Duration;

use super::operation::Operation;

/// How long the answers to each operation took on average, and what that says of those that were not asked for yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latencies {
    means: BTreeMap<Operation, Duration>,
}

impl Latencies {
    /// Takes what [`Latencies::microseconds`] gave; operations that this version does not know say nothing.
    pub fn of_microseconds(means: &BTreeMap<String, u64>) -> Self {
        let mean = |operation: &Operation| Some((*operation, Duration::from_micros(*means.get(operation.id())?)));
        Self { means: Operation::ALL.iter().filter_map(mean).collect() }
    }

    /// By `operationId`.
    pub fn microseconds(&self) -> BTreeMap<String, u64> {
        let microseconds = |mean: &Duration| u64::try_from(mean.as_micros()).unwrap_or(u64::MAX);
        self.means.iter().map(|(operation, mean)| (operation.id().to_owned(), microseconds(mean))).collect()
    }

    /// Returns how long an answer probably takes: as long as others of its kind did, or else as all of them did.
    /// `None` if nothing was answered yet.
    pub fn of(&self, operation: Operation) -> Option<Duration> {
        self.means.get(&operation).copied().or_else(|| {
            let of_portal: Vec<Duration> =
                self.means.iter().filter(|(other, _)| !other.is_sign_in()).map(|(_, mean)| *mean).collect();
            let sum = of_portal.iter().fold(Duration::ZERO, |sum, mean| sum.saturating_add(*mean));
            sum.checked_div(u32::try_from(of_portal.len()).unwrap_or(u32::MAX))
        })
    }
}

/// Whether answers take as long as they did when little was asked.
pub(super) struct Latency {
    /// By operation: a list takes longer than one object, which says nothing about load.
    usual: Vec<Option<Duration>>,
    /// How many times as long as usual the latest answers took.
    inflation: f64,
    typical: Option<Duration>,
    /// By operation: how many were answered, and how long that took in sum.
    answered: Vec<(u32, Duration)>,
}

/// The share that the newest answer has in the present.
const PRESENT: f64 = 1.0 / 8.0;

/// Differences below this come from the machine rather than from the server.
const NOISE: Duration = Duration::from_millis(20);

/// Bounds of what counts as a round trip when requests are spread.
const ROUND_TRIP: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

impl Latency {
    pub(super) fn new(operations: usize) -> Self {
        Self {
            usual: vec![None; operations],
            inflation: 1.0,
            typical: None,
            answered: vec![(0, Duration::ZERO); operations],
        }
    }

    pub(super) fn note(&mut self, operation: usize, sample: Duration) {
        self.typical = Some(self.typical.map_or(sample, |typical| towards(typical, sample, PRESENT)));
        if let Some((count, sum)) = self.answered.get_mut(operation) {
            *count = count.saturating_add(1);
            *sum = sum.saturating_add(sample);
        }
        let Some(usual) = self.usual.get_mut(operation) else { return };
        let before = usual.unwrap_or(sample);
        // What is usual follows quick answers soon and slow ones hardly: slowness must not become usual by lasting.
        *usual = Some(towards(before, sample, if sample < before { 0.25 } else { 1.0 / 1024.0 }));
        let ratio = if sample <= before + NOISE { 1.0 } else { sample.as_secs_f64() / before.as_secs_f64().max(0.001) };
        self.inflation += (ratio.min(10.0) - self.inflation) * PRESENT;
    }

    pub(super) fn holds(&self) -> bool {
        self.inflation < 2.0
    }

    /// Returns what a window is spread over.
    pub(super) fn round_trip(&self) -> Duration {
        self.typical.unwrap_or(Duration::from_millis(100)).clamp(ROUND_TRIP.0, ROUND_TRIP.1)
    }

    pub(super) fn means(&self) -> Latencies {
        let means = Operation::ALL.iter().zip(&self.answered);
        Latencies {
            means: means.filter_map(|(operation, (count, sum))| Some((*operation, sum.checked_div(*count)?))).collect(),
        }
    }
}

fn towards(from: Duration, to: Duration, share: f64) -> Duration {
    from.mul_f64(1.0 - share) + to.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_takes_as_long_as_it_did_and_one_that_is_new_as_long_as_the_others() {
        let mut latency = Latency::new(Operation::ALL.len());
        assert_eq!(latency.means().of(Operation::GetProspects), None);
        for (operation, milliseconds) in [
            (Operation::GetCommunityUser, 10),
            (Operation::GetCommunityUser, 30),
            (Operation::GetCommunityUsers, 60),
            (Operation::CreateV2Oauth2Token, 900),
        ] {
            latency.note(operation as usize, Duration::from_millis(milliseconds));
        }
        let means = latency.means();
        assert_eq!(means.of(Operation::GetCommunityUser), Some(Duration::from_millis(20)));
        assert_eq!(
            means.of(Operation::UpdateCommunityAsset),
            Some(Duration::from_millis(40)),
            "signing in says nothing"
        );
        assert_eq!(Latencies::of_microseconds(&means.microseconds()), means);
    }
}
