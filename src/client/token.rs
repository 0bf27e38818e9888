//! Access tokens: asked for once, used by all, renewed before they end and when one is refused.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::credentials::{Credential, Secret};
use super::error::{Error, Kind};
use super::operation::Operation;
use super::session::{decode, execute};
use super::target::Target;
use super::transport::{Call, Transport};

/// A token is renewed this long before it ends, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a token that was refused although it was new keeps others from asking for yet another.
const FUTILE: Duration = Duration::from_secs(60);

/// The tokens of one client.
pub(super) struct Tokens {
    credential: Credential,
    state: RwLock<State>,
    /// Held by the one who signs in.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Counts tokens, so that a refused one is not taken for its successor.
    generation: u64,
    /// Counts sign-ins, so that those who waited for a failed one share its failure.
    rounds: u64,
    failure: Option<SignInFailure>,
    refused: Option<(u64, Instant)>,
}

struct Token {
    header: HeaderValue,
    /// `None` if the server did not say when it ends.
    renew_at: Option<Instant>,
}

struct SignInFailure {
    error: Error,
    /// The credential is wrong: asking again would change nothing, and may lock the account.
    lasting: bool,
}

impl Tokens {
    pub(super) fn new(credential: Credential) -> Self {
        let state = match &credential.secret {
            Secret::Bearer(token) => State {
                token: header(token).map(|header| Token { header, renew_at: None }),
                generation: 1,
                ..State::default()
            },
            Secret::ConnectedApp { .. } | Secret::User { .. } => State::default(),
        };
        Self { credential, state: RwLock::new(state), gate: tokio::sync::Mutex::new(()) }
    }

    /// Returns a header to sign a request with, and the number of its token; signs in if need be.
    pub(super) async fn authorization(&self, transport: &Transport) -> Result<(HeaderValue, u64), Error> {
        let seen = self.read().rounds;
        if let Some(current) = self.current(&*transport.clock) {
            return Ok(current);
        }
        let _gate = self.gate.lock().await;
        if let Some(current) = self.current(&*transport.clock) {
            return Ok(current);
        }
        self.sign_in(transport, seen).await
    }

    /// Gets another token than the refused one, which others may have done already.
    pub(super) async fn renew(&self, transport: &Transport, refused: u64) -> Result<(), Error> {
        let seen = self.read().rounds;
        let _gate = self.gate.lock().await;
        if self.read().generation != refused {
            return Ok(());
        }
        self.sign_in(transport, seen).await.map(drop)
    }

    /// Returns whether asking for another token than this one may help.
    pub(super) fn can_renew(&self, generation: u64, now: Instant) -> bool {
        let futile = |(refused, at): (u64, Instant)| refused == generation && now.duration_since(at) < FUTILE;
        !matches!(self.credential.secret, Secret::Bearer(_)) && !self.read().refused.is_some_and(futile)
    }

    /// Notes that a token was refused for good, so that the 401 has another cause than its age.
    pub(super) fn refused(&self, generation: u64, now: Instant) {
        let mut state = self.write();
        // The first time counts: those who go on trying must not put off the next renewal for ever.
        if state.refused.is_none_or(|(refused, at)| refused != generation || now.duration_since(at) >= FUTILE) {
            state.refused = Some((generation, now));
        }
    }

    /// Returns the token if it can be used.
    pub(super) fn current(&self, clock: &dyn Clock) -> Option<(HeaderValue, u64)> {
        let state = self.read();
        let token = state.token.as_ref()?;
        let is_good = token.renew_at.is_none_or(|renew_at| clock.now() < renew_at);
        is_good.then(|| (token.header.clone(), state.generation))
    }

    /// Signs in, unless that failed for good or while the caller waited; the gate is held.
    async fn sign_in(&self, transport: &Transport, seen: u64) -> Result<(HeaderValue, u64), Error> {
        {
            let state = self.read();
            if let Some(failure) = &state.failure
                && (failure.lasting || state.rounds != seen)
            {
                return Err(failure.error.clone());
            }
        }
        let result = self.ask(transport).await;
        let mut state = self.write();
        state.rounds += 1;
        match result {
            Ok(token) => {
                let header = token.header.clone();
                state.failure = None;
                state.token = Some(token);
                state.generation += 1;
                Ok((header, state.generation))
            }
            Err(error) => {
                let passing = matches!(
                    error.kind(),
                    Kind::RateLimited | Kind::Server | Kind::Lost | Kind::Connect | Kind::Budget
                );
                state.failure = Some(SignInFailure { error: error.clone(), lasting: !passing });
                Err(error)
            }
        }
    }

    /// Asks for a token: createV2Oauth2Token or createLogin.
    async fn ask(&self, transport: &Transport) -> Result<Token, Error> {
        let sign_in = |operation| Call::new(operation, &Target::AccessManagement);
        let call = match &self.credential.secret {
            Secret::ConnectedApp { client_id, client_secret } => {
                let client_secret = client_secret.expose_secret();
                let request = TokenRequest { client_id, client_secret, grant_type: "client_credentials" };
                sign_in(Operation::CreateV2Oauth2Token)?.with_json(&request)
            }
            Secret::User { username, password } => {
                let request = LoginRequest { username, password: password.expose_secret() };
                sign_in(Operation::CreateLogin)?.with_json(&request)
            }
            Secret::Bearer(_) => {
                let call = sign_in(Operation::ListMe)?;
                return Err(call.error(Kind::Unauthorized, None, "the bearer token cannot be sent".to_owned()));
            }
        };
        // The clock starts before the request: a token that took long to come is not younger for it.
        let asked_at = transport.clock.now();
        let answer = Box::pin(execute(transport, None, &call)).await?;
        let Answer { access_token, expires_in } = decode(transport, &call, &answer)?;
        transport.secrets.add(&access_token);
        let unusable =
            || call.error(Kind::Decode, None, "the token holds characters that no header can carry".to_owned());
        let header = header(&access_token).ok_or_else(unusable)?;
        let renew_at = expires_in.and_then(|seconds| {
            let life = Duration::from_secs(seconds);
            asked_at.checked_add(life.saturating_sub(MARGIN.min(life / 10)))
        });
        tracing::debug!(expires_in, "signed in with {}", self.credential);
        Ok(Token { header, renew_at })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn header(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(["Bearer ", token.expose_secret()].concat()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[derive(Serialize)]
struct TokenRequest<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    grant_type: &'static str,
}

#[derive(Serialize)]
struct LoginRequest<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    #[serde(default, deserialize_with = "super::wire::lenient::seconds")]
    expires_in: Option<u64>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
