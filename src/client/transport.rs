//! One request, one answer: URL, headers, time limit, size limit, and every failure as an [`Error`].

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Serialize;

use super::certificates;
use super::clock::Clock;
use super::credentials::Credential;
use super::error::{Error, Facts, Kind, SetupError, kind_of};
use super::gate::Gate;
use super::haste::{Haste, LAST_SECONDS};
use super::hints::Hints;
use super::limiter::{End, Outcome};
use super::operation::Operation;
use super::options::Options;
use super::retry::{Failure, Seeds};
use super::target::Target;
use super::text::{Secrets, one_line, server_message};

/// How much of an error's body is read for its message.
const ERROR_BODY: usize = 64 << 10;

/// How long an unused connection is kept: less than servers keep theirs, or a write meets a closing one.
const IDLE: Duration = Duration::from_secs(15);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Beyond this a deadline could not be computed on every platform.
const LONGEST_BUDGET: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A request that can be sent, and sent again. It has no `Debug`: a sign-in's body is a secret.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) operation: Operation,
    /// Percent-encoded.
    pub(super) path: String,
    /// What a 404 says is missing.
    pub(super) target: String,
    /// Empty, or `?…`.
    pub(super) query: String,
    pub(super) page: Option<Page>,
    /// JSON.
    pub(super) body: Option<Vec<u8>>,
}

/// The headers that ask for a part of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// `x-offset` or `x-from`.
    pub(super) header: &'static HeaderName,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

const LIMIT: HeaderName = HeaderName::from_static("x-limit");

impl Call {
    pub(super) fn new(operation: Operation, target: &Target<'_>) -> Result<Self, Error> {
        let call =
            |path| Self { operation, path, target: target.description(), query: String::new(), page: None, body: None };
        match target.path() {
            Ok(mut path) => {
                path.push_str(operation.tail());
                Ok(call(path))
            }
            Err(segment) => {
                let message =
                    one_line(&format!("no URL can carry the name or id `{segment}` ({})", target.description()));
                Err(call(String::new()).error(Kind::Unaddressable, None, message))
            }
        }
    }

    /// Gives the request a body, of a type that is always JSON.
    pub(super) fn with_json<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.body = Some(serde_json::to_vec(body).expect("request bodies are structs, lists and strings"));
        self
    }

    pub(super) fn error(&self, kind: Kind, status: Option<StatusCode>, message: String) -> Error {
        let Self { operation, path, target: _, query: _, page: _, body: _ } = self;
        Error::new(Facts { kind, operation: *operation, path: path.clone(), status, message, attempts: 0, hint: None })
    }
}

pub(super) struct Transport {
    http: reqwest::Client,
    pub(super) base: String,
    credential: String,
    counts: Vec<AtomicU64>,
    pub(super) secrets: Secrets,
    pub(super) gate: Gate,
    pub(super) haste: Haste,
    pub(super) seeds: Seeds,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) request_budget: Duration,
    pub(super) attempts: u32,
    attempt_timeout: Duration,
    max_body: usize,
}

impl Transport {
    pub(super) fn new(options: &Options) -> Result<Self, SetupError> {
        let Options {
            host,
            credential,
            parallelism,
            request_budget,
            attempt_timeout,
            attempts,
            max_body,
            certificates,
            clock,
            jitter_seed,
        } = options;
        super::install_crypto_provider();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("aehctl/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"))]))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host((*parallelism).max(1));
        builder = if host.is_secure() {
            builder.https_only(true).tls_certs_merge(certificates::load(certificates)?)
        } else {
            // Plain http needs no authorities, and reading the system's takes longer than a request.
            builder.tls_certs_only([])
        };
        if host.is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| {
            SetupError::new(format!("HTTPS cannot be set up: {}", deepest(&error))).with_hint(
                "name a PEM file of certificate authorities by ANYPOINT_CERTIFICATE or SSL_CERT_FILE, or \
                            install the system's (package ca-certificates)",
            )
        })?;
        let secrets = Secrets::default();
        secrets.add(credential.secret_text());
        let request_budget = (*request_budget).min(LONGEST_BUDGET);
        let seeds = Seeds::new(*jitter_seed);
        Ok(Self {
            http,
            base: host.base().to_owned(),
            credential: describe(credential),
            counts: Operation::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            secrets,
            gate: Gate::new(Arc::clone(clock), *parallelism, request_budget, seeds.next()),
            haste: Haste::new(Arc::clone(clock)),
            seeds,
            clock: Arc::clone(clock),
            request_budget,
            attempts: (*attempts).max(1),
            attempt_timeout: *attempt_timeout,
            max_body: *max_body,
        })
    }

    /// Returns how many requests were sent, repetitions included.
    pub(super) fn request_counts(&self) -> BTreeMap<&'static str, u64> {
        Operation::ALL
            .iter()
            .zip(&self.counts)
            .map(|(operation, count)| (operation.id(), count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Sends once; returns the whole body of a 2xx answer, and what the attempt tells about load.
    pub(super) async fn attempt(
        &self,
        call: &Call,
        authorization: Option<HeaderValue>,
        number: u32,
    ) -> (Result<Vec<u8>, Failure>, End) {
        let start = self.clock.now();
        let allowed = self.attempt_timeout.min(self.request_budget);
        self.counts[call.operation as usize].fetch_add(1, Ordering::Relaxed);
        let mut answer = None;
        let limit = self.clock.limit(allowed);
        let result = tokio::select! {
            biased;
            result = self.exchange(call, authorization, &mut answer) => Ok(result),
            () = limit => Err(format!("no whole answer within {allowed:?}")),
            () = self.haste.over() => Err(format!("no whole answer within {LAST_SECONDS:?} of the interruption")),
        };
        let status = answer.map(|(status, _)| status);
        tracing::debug!(
            method = %call.operation.method(),
            path = call.path,
            operation = call.operation.id(),
            status = status.map(|status| status.as_u16()),
            attempt = number,
            elapsed = ?self.clock.now().saturating_duration_since(start),
            "request"
        );
        let result = match result {
            Ok(result) => result,
            Err(message) => {
                let failure = self.failure(call, Kind::Lost, status, &message);
                return (Err(failure), End { outcome: Outcome::Strained, wait: None, quota: None });
            }
        };
        let end = match answer {
            Some((status, Hints { wait, quota })) => End { outcome: outcome(status, wait), wait, quota },
            None => End::UNTOLD,
        };
        (result, end)
    }

    async fn exchange(
        &self,
        call: &Call,
        authorization: Option<HeaderValue>,
        answer: &mut Option<(StatusCode, Hints)>,
    ) -> Result<Vec<u8>, Failure> {
        let request = self.request(call, authorization)?;
        let response = self.http.execute(request).await.map_err(|error| self.not_answered(call, error))?;
        let answered = response.status();
        *answer = Some((answered, Hints::read(response.headers(), answered, self.clock.time_of_day())));
        if answered.is_success() {
            return self.body(call, response).await;
        }
        let kind = kind_of(answered);
        let message = if kind == Kind::Redirected {
            let place = response.headers().get(reqwest::header::LOCATION);
            let place = place.map(|place| String::from_utf8_lossy(place.as_bytes()));
            // What follows the path may hold somebody's token.
            let place = place.as_deref().and_then(|place| place.split(['?', '#']).next()).unwrap_or("nowhere");
            format!("it redirects to {place}, and redirects are not followed")
        } else {
            // Before anything in it is unescaped or taken out, and once more when the message is made.
            let body = self.secrets.redact(String::from_utf8_lossy(&beginning(response).await).into_owned());
            server_message(body.as_bytes())
        };
        let mut failure = self.failure(call, kind, Some(answered), &message);
        failure.lasting = answered == StatusCode::NOT_IMPLEMENTED;
        Err(failure)
    }

    fn request(&self, call: &Call, authorization: Option<HeaderValue>) -> Result<reqwest::Request, Failure> {
        let Call { operation, path, target: _, query, page, body } = call;
        let url = Url::parse(&[&self.base, path.as_str(), query].concat())
            .map_err(|error| Failure::lasting(call.error(Kind::Unaddressable, None, error.to_string())))?;
        let mut request = reqwest::Request::new(operation.method(), url);
        let headers = request.headers_mut();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(Page { header, limit, offset }) = *page {
            headers.insert(LIMIT, limit.into());
            headers.insert(header, offset.into());
        }
        if body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        } else if matches!(operation.method(), Method::POST | Method::PUT | Method::PATCH) {
            // Some proxies answer 411 to a write without any length.
            headers.insert(CONTENT_LENGTH, 0.into());
        }
        if let Some(body) = body {
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }

    /// Reads a body, decompressed, up to the limit.
    async fn body(&self, call: &Call, mut response: Response) -> Result<Vec<u8>, Failure> {
        let status = Some(response.status());
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut body = Vec::with_capacity(announced.min(self.max_body).min(1 << 20));
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_body => {
                    let message = format!("the answer is larger than {} bytes", self.max_body);
                    return Err(self.failure(call, Kind::Decode, status, &message));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) => {
                    let message = format!("the answer was cut off after {} bytes: {}", body.len(), deepest(&error));
                    return Err(self.failure(call, Kind::Lost, status, &message));
                }
            }
        }
    }

    /// Names a failure before any answer came.
    fn not_answered(&self, call: &Call, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        let reason = deepest(&error);
        let mut failure = if error.is_connect() {
            let message = format!("cannot connect to {}: {reason}", self.base);
            self.failure(call, Kind::Connect, None, &message)
        } else if error.is_builder() || error.is_redirect() {
            self.failure(call, Kind::Unaddressable, None, &reason)
        } else {
            self.failure(call, Kind::Lost, None, &format!("the connection was lost before an answer came: {reason}"))
        };
        if let Some(tls) = tls_error(&error) {
            failure.lasting = true;
            let hint = match tls {
                rustls::Error::InvalidCertificate(_) => {
                    "if this network inspects TLS, name its authority's PEM file by ANYPOINT_CERTIFICATE"
                }
                _ => "check that the host speaks TLS at this port",
            };
            failure.error.facts_mut().hint = Some(hint.to_owned());
        }
        failure
    }

    pub(super) fn failure(&self, call: &Call, kind: Kind, status: Option<StatusCode>, message: &str) -> Failure {
        let mut error = call.error(kind, status, self.clean(message));
        error.facts_mut().hint = self.hint(call, kind, status);
        Failure { error, lasting: false }
    }

    /// Makes foreign text fit for a message: no secrets, one line, nothing that acts.
    pub(super) fn clean(&self, text: &str) -> String {
        one_line(&self.secrets.redact(text.to_owned()))
    }

    fn hint(&self, call: &Call, kind: Kind, status: Option<StatusCode>) -> Option<String> {
        let Self { base, credential, .. } = self;
        let hint = match kind {
            Kind::Unauthorized => {
                format!("{base} refused {credential}; it may have expired, been revoked, or belong to another region")
            }
            Kind::Forbidden => format!("{}; signed in with {credential}", call.operation.permission()),
            Kind::NotFound => format!("looked for {} at {base}", call.target),
            Kind::Rejected if status == Some(StatusCode::METHOD_NOT_ALLOWED) => match call.operation {
                Operation::ListIdentityProviders => {
                    "identity providers belong to the root organization; ask for that one".to_owned()
                }
                _ => format!("{base} does not offer this operation"),
            },
            Kind::Rejected if status == Some(StatusCode::IM_A_TEAPOT) && call.operation.is_sign_in() => {
                "this user belongs to another platform".to_owned()
            }
            Kind::RateLimited => "lower --parallelism, or try again later".to_owned(),
            Kind::Redirected => format!("{base} may not be the right host; give the final one by --host or --region"),
            Kind::Connect => {
                format!("check the host, the network, and the proxy variables (HTTPS_PROXY, NO_PROXY); asked {base}")
            }
            _ => return None,
        };
        Some(one_line(&hint))
    }
}

/// Returns what an answer tells about load.
fn outcome(status: StatusCode, wait: Option<Duration>) -> Outcome {
    match status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::Refused,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => {
            Outcome::Strained
        }
        status if status.is_server_error() && wait.is_some() => Outcome::Strained,
        // It broke, and whether for load or not it does not say.
        status if status.is_server_error() => Outcome::Untold,
        _ => Outcome::Answered,
    }
}

fn describe(credential: &Credential) -> String {
    one_line(&credential.to_string())
}

/// Returns the beginning of an error's body; whatever goes wrong there is not worth a second error.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ERROR_BODY - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ERROR_BODY {
            break;
        }
    }
    body
}

/// Returns the innermost reason, which is the one that says something.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// Returns the TLS library's own error, which hides inside I/O errors, maybe in several.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    chain(error).find_map(|mut error| {
        loop {
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                return Some(error);
            }
            // Such an error's source is not what it wraps, but what that wraps.
            error = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        }
    })
}
