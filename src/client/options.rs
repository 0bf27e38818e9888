//! How a client is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::certificates::CertificateFile;
use super::clock::{Clock, SystemClock};
use super::credentials::Credential;
use super::host::Host;

/// What a [`Client`](super::Client) needs; [`Options::new`] fills in all but the first two.
#[derive(Clone)]
pub struct Options {
    pub host: Host,
    pub credential: Credential,
    /// How many requests may be under way at once, at most: what the server can take is learnt.
    pub parallelism: usize,
    /// The time that one request may go on being repeated while no other one is answered either, and the longest pause
    /// that is waited for.
    pub request_budget: Duration,
    /// The time that one attempt may take.
    pub attempt_timeout: Duration,
    /// How often a request may fail before it is given up; waiting for a rate limit does not count.
    pub attempts: u32,
    /// The largest answer that is read, in bytes after decompression.
    pub max_body: usize,
    /// Authorities to trust beside the system's.
    pub certificates: Vec<CertificateFile>,
    pub clock: Arc<dyn Clock>,
    /// Makes the jitter of the waits repeatable.
    pub jitter_seed: Option<u64>,
}

impl Options {
    pub fn new(host: Host, credential: Credential) -> Self {
        Self {
            host,
            credential,
            parallelism: 16,
            request_budget: Duration::from_secs(120),
            attempt_timeout: Duration::from_secs(60),
            attempts: 5,
            max_body: 32 << 20,
            certificates: Vec::new(),
            clock: Arc::new(SystemClock),
            jitter_seed: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            credential,
            parallelism,
            request_budget,
            attempt_timeout,
            attempts,
            max_body,
            certificates,
            clock: _,
            jitter_seed,
        } = self;
        formatter
            .debug_struct("Options")
            .field("host", host)
            .field("credential", credential)
            .field("parallelism", parallelism)
            .field("request_budget", request_budget)
            .field("attempt_timeout", attempt_timeout)
            .field("attempts", attempts)
            .field("max_body", max_body)
            .field("certificates", certificates)
            .field("jitter_seed", jitter_seed)
            .finish_non_exhaustive()
    }
}
