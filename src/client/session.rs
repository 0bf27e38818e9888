//! Requests of one client: taking turns, signing in, waiting, and sending again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::{Error, Kind, SetupError};
use super::operation::Lane;
use super::options::Options;
use super::retry::{Course, Failure, Next};
use super::token::Tokens;
use super::transport::{Call, Transport};

pub(super) struct Session {
    transport: Transport,
    tokens: Tokens,
    lanes: Lanes,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transport, tokens: _, lanes: _ } = self;
        formatter.debug_struct("Session").field("host", &transport.base).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(options: Options) -> Result<Self, SetupError> {
        Ok(Self {
            transport: Transport::new(&options)?,
            lanes: Lanes::new(options.parallelism),
            tokens: Tokens::new(options.credential),
        })
    }

    pub(super) fn request_counts(&self) -> BTreeMap<&'static str, u64> {
        self.transport.request_counts()
    }

    /// Sends a request when it is its turn, and returns the body of its answer.
    pub(super) async fn send(&self, call: &Call) -> Result<Vec<u8>, Error> {
        let _turn = self.lanes.enter(call.operation.lane()).await;
        execute(&self.transport, Some(&self.tokens), call).await
    }

    /// Sends a request and reads its answer, by content and not by its declared type.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let body = self.send(call).await?;
        decode(&self.transport, call, &body)
    }

    /// Returns an error about an answer that can be read but makes no sense.
    pub(super) fn senseless(&self, call: &Call, kind: Kind, message: &str) -> Error {
        let mut error = self.transport.failure(call, kind, None, message).error;
        error.facts_mut().attempts = 1;
        error
    }
}

/// Reads an answer.
pub(super) fn decode<T: DeserializeOwned>(transport: &Transport, call: &Call, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let beginning = body.trim_ascii_start().first();
        let message = match (beginning, error.classify()) {
            (None, _) => "the answer is empty".to_owned(),
            (Some(b'<'), _) => "the answer is a web page, not JSON; is a proxy or sign-in page in between?".to_owned(),
            // The parser repeats what it met, which here may be a token.
            (_, category) if call.operation.is_sign_in() => {
                format!("the answer cannot be read ({category:?} error at column {})", error.column())
            }
            (_, serde_json::error::Category::Data) => format!("the answer has an unexpected shape: {error}"),
            (_, serde_json::error::Category::Eof) => format!("the answer is cut short: {error}"),
            _ => format!("the answer is not JSON: {error}"),
        };
        let mut error = transport.failure(call, Kind::Decode, None, &message).error;
        error.facts_mut().attempts = 1;
        error
    })
}

/// Sends a request until it is answered, or until its attempts or its time run out.
///
/// Without `tokens` it goes out unsigned, which is how tokens themselves are asked for.
pub(super) async fn execute(transport: &Transport, tokens: Option<&Tokens>, call: &Call) -> Result<Vec<u8>, Error> {
    let clock = &*transport.clock;
    let deadline = clock.now() + transport.request_budget;
    let mut course = Course::new(call.operation.effect(), transport.attempts, transport.seeds.next());
    let mut last: Option<Error> = None;
    loop {
        if let Err(rest) = transport.pause.wait(clock, deadline).await {
            return Err(match last {
                Some(error) => error,
                None => out_of_time(transport, call, rest),
            });
        }
        let (authorization, generation) = match tokens {
            Some(tokens) => {
                let (value, generation) = tokens.authorization(transport).await?;
                (Some(value), generation)
            }
            None => (None, 0),
        };
        let number = course.attempts() + 1;
        let failure = match transport.attempt(call, authorization, number, deadline).await {
            Ok(body) => return Ok(body),
            Err(failure) => failure,
        };
        let renewable = tokens.is_some_and(|tokens| tokens.can_renew(generation, clock.now()));
        let next = course.next(&failure, renewable);
        let Failure { mut error, wait, lasting: _ } = failure;
        error.facts_mut().attempts = course.attempts();
        match next {
            Next::GiveUp => {
                if let (Some(tokens), Kind::Unauthorized) = (tokens, error.kind()) {
                    tokens.refused(generation, clock.now());
                }
                return Err(error);
            }
            Next::Renew => {
                tracing::debug!(operation = call.operation.id(), "the token was refused; asking for another");
                if let Some(tokens) = tokens {
                    tokens.renew(transport, generation).await?;
                }
            }
            Next::Wait { delay, pause } => {
                let now = clock.now();
                if let Some(pause) = pause {
                    transport.pause.extend(now.checked_add(pause));
                }
                if now.checked_add(delay).is_none_or(|end| end >= deadline) {
                    return Err(given_up(error, wait, transport.request_budget));
                }
                report(call, &error, delay);
                clock.sleep(delay).await;
            }
        }
        last = Some(error);
    }
}

fn report(call: &Call, error: &Error, delay: Duration) {
    let operation = call.operation.id();
    if error.kind() == Kind::RateLimited {
        tracing::info!(operation, ?delay, "rate limited; all requests wait");
    } else {
        tracing::warn!(operation, ?delay, attempt = error.attempts(), "{error}; trying again");
    }
}

fn given_up(mut error: Error, wait: Option<Duration>, budget: Duration) -> Error {
    let reason = match wait {
        Some(wait) => format!("the server asks to wait {wait:?}, and a request may take {budget:?}"),
        None => format!("gave up, since a request may take {budget:?}"),
    };
    let message = &mut error.facts_mut().message;
    *message = if message.is_empty() { reason } else { format!("{message}; {reason}") };
    error
}

fn out_of_time(transport: &Transport, call: &Call, rest: Duration) -> Error {
    let budget = transport.request_budget;
    let message = format!("not sent: the server asked to wait another {rest:?}, and a request may take {budget:?}");
    let mut error = transport.failure(call, Kind::Budget, None, &message).error;
    error.facts_mut().hint = Some("lower --parallelism, or try again later".to_owned());
    error
}

/// The permits of one client.
///
/// Those who read one object each pass a gate of their own first. Without it, the next page of a list would queue
/// behind thousands of them, and pages come one after the other.
struct Lanes {
    all: Semaphore,
    bulk: Semaphore,
}

/// The right to have a request under way.
struct Turn<'a> {
    _all: SemaphorePermit<'a>,
    _bulk: Option<SemaphorePermit<'a>>,
}

impl Lanes {
    fn new(parallelism: usize) -> Self {
        let permits = parallelism.clamp(1, Semaphore::MAX_PERMITS);
        Self { all: Semaphore::new(permits), bulk: Semaphore::new(permits) }
    }

    async fn enter(&self, lane: Lane) -> Turn<'_> {
        let bulk = match lane {
            Lane::Main => None,
            Lane::Bulk => Some(permit(&self.bulk).await),
        };
        Turn { _all: permit(&self.all).await, _bulk: bulk }
    }
}

async fn permit(semaphore: &Semaphore) -> SemaphorePermit<'_> {
    semaphore.acquire().await.expect("the semaphores of a session are never closed")
}
