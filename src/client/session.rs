//! Requests of one client: taking turns, signing in, waiting, and sending again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;

use super::error::{Error, Kind, SetupError};
use super::gate::{TooLong, Turn};
use super::latency::Latencies;
use super::limiter::Pressure;
use super::operation::Lane;
use super::options::Options;
use super::retry::{Course, Failure, Next};
use super::token::Tokens;
use super::transport::{Call, Transport};

pub(super) struct Session {
    transport: Transport,
    tokens: Tokens,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transport, tokens: _ } = self;
        formatter.debug_struct("Session").field("host", &transport.base).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(options: Options) -> Result<Self, SetupError> {
        Ok(Self { transport: Transport::new(&options)?, tokens: Tokens::new(options.credential) })
    }

    pub(super) fn request_counts(&self) -> BTreeMap<&'static str, u64> {
        self.transport.request_counts()
    }

    pub(super) fn latencies(&self) -> Latencies {
        self.transport.gate.latencies()
    }

    pub(super) fn pressure(&self) -> Pressure {
        self.transport.gate.pressure()
    }

    pub(super) fn hurry(&self) {
        self.transport.haste.call();
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.transport.haste.is_called()
    }

    /// Sends a request when it is its turn, and returns the body of its answer.
    pub(super) async fn send(&self, call: &Call) -> Result<Vec<u8>, Error> {
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
/// Its time begins when it is first sent, not while it waits for its turn: a plan of many requests takes as long as the
/// server wants it to. It begins anew with every answer to another request, since then the server lets some through,
/// and those that it refused are the next ones.
///
/// Without `tokens` it goes out unsigned, which is how tokens themselves are asked for.
pub(super) async fn execute(transport: &Transport, tokens: Option<&Tokens>, call: &Call) -> Result<Vec<u8>, Error> {
    let Transport { clock, gate, haste, request_budget: budget, .. } = transport;
    let mut course = Course::new(call.operation.effect(), transport.attempts, transport.seeds.next());
    let mut first_sent: Option<Instant> = None;
    let mut last: Option<Error> = None;
    loop {
        // Whoever was sent before does not queue behind those who were not.
        let lane = if last.is_none() { call.operation.lane() } else { Lane::Main };
        let turn = tokio::select! {
            biased;
            turn = turn(transport, tokens, lane) => turn,
            () = haste.over() => Err(Hindrance::Failed(last.take().unwrap_or_else(|| interrupted(transport, call)))),
        };
        let (turn, signature) = match (turn, last.take()) {
            (Ok(turn), _) => turn,
            (Err(Hindrance::Failed(error)), _) => return Err(error),
            (Err(Hindrance::TooLong(TooLong(rest))), None) => return Err(out_of_time(transport, call, rest)),
            (Err(Hindrance::TooLong(TooLong(rest))), Some(error)) => return Err(given_up(error, Some(rest), *budget)),
        };
        let first_sent = *first_sent.get_or_insert_with(|| clock.now());
        let number = course.attempts() + 1;
        let (authorization, generation) = signature.unzip();
        let (result, end) = transport.attempt(call, authorization, number).await;
        turn.end(call.operation, end);
        let failure = match result {
            Ok(body) => return Ok(body),
            Err(failure) => failure,
        };
        let renewable =
            generation.zip(tokens).is_some_and(|(generation, tokens)| tokens.can_renew(generation, clock.now()));
        let next = match course.next(&failure, renewable) {
            Next::Queue | Next::Wait(_) if haste.is_called() => Next::GiveUp,
            next => next,
        };
        let Failure { mut error, lasting: _ } = failure;
        error.facts_mut().attempts = course.attempts();
        let delay = match next {
            Next::GiveUp => {
                if let (Some(tokens), Some(generation), Kind::Unauthorized) = (tokens, generation, error.kind()) {
                    tokens.refused(generation, clock.now());
                }
                return Err(error);
            }
            Next::Renew => {
                tracing::debug!(operation = call.operation.id(), "the token was refused; asking for another");
                if let (Some(tokens), Some(generation)) = (tokens, generation) {
                    tokens.renew(transport, generation).await?;
                }
                last = Some(error);
                continue;
            }
            Next::Queue => Duration::ZERO,
            Next::Wait(delay) => delay,
        };
        let pause = gate.pause();
        let begin = gate.last_answer().map_or(first_sent, |answer| answer.max(first_sent));
        let spent = clock.now().saturating_duration_since(begin);
        if spent.saturating_add(delay.max(pause)) >= *budget {
            return Err(given_up(error, end.wait, *budget));
        }
        report(call, &error, delay.max(pause));
        if !delay.is_zero() {
            tokio::select! {
                () = clock.sleep(delay) => {}
                () = haste.begun() => return Err(error),
            }
        }
        last = Some(error);
    }
}

/// Why a request was not sent.
enum Hindrance {
    TooLong(TooLong),
    /// There is no token.
    Failed(Error),
}

/// A token's header, and its number.
type Signature = (HeaderValue, u64);

/// Waits until a request may go, with a token that is good then.
///
/// Nobody signs in who holds a turn: signing in takes a turn, too, and there may be only one.
async fn turn(
    transport: &Transport,
    tokens: Option<&Tokens>,
    mut lane: Lane,
) -> Result<(Turn, Option<Signature>), Hindrance> {
    let enter = async |lane| transport.gate.enter(lane).await.map_err(Hindrance::TooLong);
    let Some(tokens) = tokens else { return Ok((enter(lane).await?, None)) };
    let mut waited = false;
    loop {
        let signature = tokens.authorization(transport).await.map_err(Hindrance::Failed)?;
        let turn = enter(lane).await?;
        match tokens.current(&*transport.clock) {
            Some(current) => return Ok((turn, Some(current))),
            // A token that ends before it is used once more is used: it is for the server to refuse it.
            None if waited => return Ok((turn, Some(signature))),
            None => drop(turn),
        }
        // The token ended in the queue. With another one it is this request's turn again.
        waited = true;
        lane = Lane::Main;
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
        Some(wait) => format!("the server asks to wait {}s, and a request may take {budget:?}", wait.as_secs()),
        None => format!("gave up, since a request may take {budget:?}"),
    };
    let message = &mut error.facts_mut().message;
    *message = if message.is_empty() { reason } else { format!("{message}; {reason}") };
    error
}

fn interrupted(transport: &Transport, call: &Call) -> Error {
    let message = "not sent: it was interrupted while it waited for its turn";
    transport.failure(call, Kind::Budget, None, message).error
}

fn out_of_time(transport: &Transport, call: &Call, rest: Duration) -> Error {
    let budget = transport.request_budget;
    let message =
        format!("not sent: the server asked to wait another {}s, and a request may take {budget:?}", rest.as_secs());
    let mut error = transport.failure(call, Kind::Budget, None, &message).error;
    error.facts_mut().hint = Some("lower --parallelism, or try again later".to_owned());
    error
}
