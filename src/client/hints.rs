//! What a server says about its limits in the headers of an answer: `Retry-After`, and the `X-RateLimit` family.

use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A reset further away than this is not in epoch seconds, whatever it is.
const FARTHEST_RESET: Duration = Duration::from_secs(24 * 60 * 60);

/// A reset of at most this is no time since 1970, and is taken for seconds from now.
///
/// Larger small numbers may be milliseconds, as some gateways send them; taking these for seconds would cost hours.
const LONGEST_RELATIVE_RESET: Duration = Duration::from_secs(60);

/// A wait that no budget holds, and that no clock overflows at.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Clocks that differ by less are the same: `Date` has whole seconds, and an answer is under way for a while.
const SAME_TIME: Duration = Duration::from_secs(5);

/// How many requests are left, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// How many there are from one renewal to the next.
    pub(super) limit: Option<u32>,
    pub(super) remaining: u32,
    pub(super) renewed_in: Duration,
}

/// What one answer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hints {
    /// How long to wait.
    pub(super) wait: Option<Duration>,
    pub(super) quota: Option<Quota>,
}

impl Hints {
    /// Reads the headers; what makes no sense is not there.
    pub(super) fn read(headers: &HeaderMap, status: StatusCode, now: SystemTime) -> Self {
        let now = servers_time(headers, now);
        let reset = text(headers, &RESET).and_then(|text| reset_in(text, now));
        let remaining = number(headers, &REMAINING);
        let quota = match (remaining, reset) {
            (Some(remaining), Some(renewed_in)) => {
                Some(Quota { limit: number(headers, &LIMIT), remaining, renewed_in })
            }
            _ => None,
        };
        let asked = text(headers, &RETRY_AFTER).and_then(|text| retry_after(text, now));
        // Other answers tell when the quota is renewed, too, and do not ask anybody to wait for it.
        let implied = reset.filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
        Self { wait: asked.or(implied), quota }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u32> {
    text(headers, name)?.parse().ok()
}

/// Returns the server's time of day where it differs from ours: its resets are in its own time.
fn servers_time(headers: &HeaderMap, ours: SystemTime) -> SystemTime {
    let theirs = text(headers, &DATE).and_then(date);
    theirs.filter(|theirs| difference(*theirs, ours) > SAME_TIME).unwrap_or(ours)
}

fn difference(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}

fn reset_in(text: &str, now: SystemTime) -> Option<Duration> {
    let reset = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    if reset <= LONGEST_RELATIVE_RESET {
        return Some(reset);
    }
    // A time that has passed lies within the last minutes, or it is no time at all.
    let reset = SystemTime::UNIX_EPOCH.checked_add(reset)?;
    let wait = reset.duration_since(now).unwrap_or_default();
    (difference(reset, now) <= FARTHEST_RESET).then_some(wait)
}

fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    Some(date(text)?.duration_since(now).unwrap_or_default().min(LONGEST_WAIT))
}

fn date(text: &str) -> Option<SystemTime> {
    DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: u64 = 784_111_777;

    fn hints(headers: &[(&'static str, &'static str)], status: u16) -> Hints {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        Hints::read(&headers, status, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
    }

    #[test]
    fn the_servers_wait_is_read_in_every_form() {
        let wait = |name, value, status| hints(&[(name, value)], status).wait.map(|wait| wait.as_secs());
        assert_eq!(wait("retry-after", "12", 429), Some(12));
        assert_eq!(wait("retry-after", "18446744073709551615", 429), Some(LONGEST_WAIT.as_secs()));
        assert_eq!(wait("retry-after", " 0 ", 503), Some(0));
        assert_eq!(wait("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", 429), Some(30));
        assert_eq!(wait("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", 429), Some(0));
        assert_eq!(wait("retry-after", "soon", 429), None);
        assert_eq!(wait("retry-after", "-5", 429), None);
        assert_eq!(wait("x-ratelimit-reset", "784111797", 429), Some(20));
        assert_eq!(wait("x-ratelimit-reset", "784111797.5", 429), Some(20));
        assert_eq!(wait("x-ratelimit-reset", "784111770", 429), Some(0));
        assert_eq!(wait("x-ratelimit-reset", "784111797", 503), None);
        // Seconds from now; larger numbers may be milliseconds, and neither is a time of day.
        assert_eq!(wait("x-ratelimit-reset", "5", 429), Some(5));
        assert_eq!(wait("x-ratelimit-reset", "60000", 429), None);
        assert_eq!(wait("x-ratelimit-reset", "784111797000", 429), None);
        assert_eq!(wait("x-ratelimit-reset", "inf", 429), None);
        assert_eq!(wait("x-ratelimit-reset", "NaN", 429), None);
        assert_eq!(wait("x-ratelimit-reset", "-1", 429), None);
    }

    #[test]
    fn a_quota_needs_a_number_and_a_time() {
        let (limit, reset) = (("x-ratelimit-limit", "100"), ("x-ratelimit-reset", "784111780"));
        let quota = Quota { limit: Some(100), remaining: 3, renewed_in: Duration::from_secs(3) };
        let told = hints(&[limit, ("x-ratelimit-remaining", "3"), reset], 200);
        assert_eq!(told, Hints { wait: None, quota: Some(quota) });
        let told = hints(&[("x-ratelimit-remaining", "3"), reset], 200);
        assert_eq!(told.quota, Some(Quota { limit: None, ..quota }));
        assert_eq!(hints(&[limit, reset], 200), Hints::default());
        assert_eq!(hints(&[limit, ("x-ratelimit-remaining", "3")], 200), Hints::default());
        for nonsense in ["-1", "many", "1e9", ""] {
            assert_eq!(hints(&[("x-ratelimit-remaining", nonsense), reset], 200), Hints::default(), "{nonsense}");
        }
    }

    #[test]
    fn a_reset_is_in_the_servers_time() {
        // The server's clock is an hour ahead.
        let date = ("date", "Sun, 06 Nov 1994 09:49:37 GMT");
        assert_eq!(hints(&[date, ("x-ratelimit-reset", "784115387")], 429).wait, Some(Duration::from_secs(10)));
        let seconds = hints(&[date, ("retry-after", "Sun, 06 Nov 1994 09:49:47 GMT")], 429).wait;
        assert_eq!(seconds, Some(Duration::from_secs(10)));
        // Two seconds are no difference: the answer was under way for a while.
        let date = ("date", "Sun, 06 Nov 1994 08:49:35 GMT");
        assert_eq!(hints(&[date, ("x-ratelimit-reset", "784111787")], 429).wait, Some(Duration::from_secs(10)));
    }
}
