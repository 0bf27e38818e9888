//! How much of something may happen: a number, a share of what there is, or both.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share binds only where there is more than this: of three groups, one is a third.
pub const FLOOR: usize = 10;

/// The most that may happen. Without a number and without a percentage it is no limit; with both, both hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<usize>,
    /// Of what there is, and only where that is more than [`FLOOR`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<usize>,
}

impl Limit {
    pub const NONE: Self = Self { number: None, percent: None };

    pub const fn number(number: usize) -> Self {
        Self { number: Some(number), percent: None }
    }

    pub const fn percent(percent: usize) -> Self {
        Self { number: None, percent: Some(percent) }
    }

    /// Whether so many of a total are within the limit. Of an unknown total a percentage says nothing.
    pub fn allows(self, count: usize, total: Option<usize>) -> bool {
        let most = total.map_or(self.number, |total| self.most(total));
        most.is_none_or(|most| count <= most)
    }

    /// The largest number of a total that is within the limit; `None` is without end.
    pub fn most(self, total: usize) -> Option<usize> {
        let share = self.percent.filter(|_| total > FLOOR).map(|percent| total.saturating_mul(percent) / 100);
        self.number.into_iter().chain(share).min()
    }

    /// Allows what both allow.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        let least = |a: Option<usize>, b: Option<usize>| a.into_iter().chain(b).min();
        Self { number: least(self.number, other.number), percent: least(self.percent, other.percent) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.number, self.percent) {
            (None, None) => formatter.write_str("any number"),
            (Some(number), None) => write!(formatter, "{number}"),
            (None, Some(percent)) => write!(formatter, "{percent} %"),
            (Some(number), Some(percent)) => write!(formatter, "{number} and {percent} %"),
        }
    }
}

/// A text that is neither a number nor a percentage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotALimit;

impl fmt::Display for NotALimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("expected a number like `10`, or a percentage from `0%` to `100%`")
    }
}

impl std::error::Error for NotALimit {}

impl FromStr for Limit {
    type Err = NotALimit;

    fn from_str(text: &str) -> Result<Self, NotALimit> {
        match text.strip_suffix('%') {
            None => count(text).map(Self::number),
            Some(percent) => count(percent).filter(|percent| *percent <= 100).map(Self::percent),
        }
        .ok_or(NotALimit)
    }
}

/// Digits alone: no sign, no exponent, no separator.
pub fn count(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percentages_are_limits() {
        assert_eq!("0".parse(), Ok(Limit::number(0)));
        assert_eq!("12".parse(), Ok(Limit::number(12)));
        assert_eq!("30%".parse(), Ok(Limit::percent(30)));
        for text in ["", "%", "-1", "+1", "1.5", "1e3", "101%", "30 %", "ten", "１", "99999999999999999999999"] {
            assert_eq!(text.parse::<Limit>(), Err(NotALimit), "{text}");
        }
    }

    #[test]
    fn a_percentage_binds_above_ten_alone() {
        let half = Limit::percent(50);
        assert!(half.allows(10, Some(10)), "of ten, all may go");
        assert!(half.allows(5, Some(11)) && !half.allows(6, Some(11)));
        assert!(half.allows(10, Some(20)) && !half.allows(11, Some(20)));
        assert!(half.allows(11, None), "nobody knows of how many");
        assert!(!Limit::percent(0).allows(1, Some(11)));
        assert!(Limit::percent(100).allows(11, Some(11)));
    }

    #[test]
    fn a_number_binds_always() {
        for total in [None, Some(3), Some(100)] {
            assert!(Limit::number(2).allows(2, total) && !Limit::number(2).allows(3, total));
        }
        assert!(Limit::NONE.allows(usize::MAX, Some(usize::MAX)));
    }

    #[test]
    fn the_stricter_of_two_allows_what_both_allow() {
        let limits = [Limit::NONE, Limit::number(0), Limit::number(7), Limit::percent(0), Limit::percent(40)];
        for (a, b) in limits.iter().flat_map(|a| limits.iter().map(move |b| (*a, *b))) {
            for (count, total) in [(0, 0), (1, 5), (7, 11), (8, 11), (5, 20), (8, 20), (9, 20)] {
                let both = a.allows(count, Some(total)) && b.allows(count, Some(total));
                assert_eq!(a.stricter(b).allows(count, Some(total)), both, "{a} and {b}: {count} of {total}");
            }
        }
    }
}
