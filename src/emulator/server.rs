//! The HTTP side: from a request to an operation and back.
//!
//! Every request passes the layers of [`router`] in their order; what an operation means is the handlers' business.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use axum::{Router, middleware};
use jiff::{Timestamp, Unit};
use percent_encoding::percent_decode_str;

use super::failure::{Failure, Outcome, Reason};
use super::lag::{Lag, Read};
use super::operation::{Arrival, Call, Effect, Operation};
use super::operations::operations;
use super::request_log::{LoggedRequest, RequestLog};
use super::store::Store;
use super::switches::{Switches, UnknownResource};
use super::tokens::Tokens;

/// Bytes of a request body at most: a publication of a portal's 7,000 assets fits in twice.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// What all requests share.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) switches: Switches,
    pub(crate) tokens: Tokens,
    pub(crate) log: RequestLog,
    pub(crate) lag: Lag,
    pub(crate) latency: Duration,
}

/// A status with a JSON body, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Option<Bytes>,
}

/// The operation that a response is from, for the log.
#[derive(Debug, Clone, Copy)]
struct OperationId(&'static str);

/// The routes of all operations, and the layers around them.
pub(crate) fn router(server: &Arc<Server>) -> Router {
    let mut router = Router::new();
    for operation in operations() {
        let operation = Arc::new(operation);
        let filter = MethodFilter::try_from(operation.method.clone())
            .expect("the table's methods are those that axum can route");
        let path = operation.path;
        let handler = move |State(server): State<Arc<Server>>, request: Request| dispatch(server, operation, request);
        router = router.route(path, on(filter, handler));
    }
    router
        .fallback(|| async { refusal(&Failure::new(Reason::NotFound, "Not Found")) })
        .method_not_allowed_fallback(|| async {
            refusal(&Failure::new(Reason::MethodNotAllowed, "Method Not Allowed"))
        })
        // The last layer is the first to see a request. A layer that injects faults belongs before `delay`.
        .layer(from_fn_with_state(server.clone(), delay))
        .layer(middleware::from_fn(loopback_only))
        .layer(from_fn_with_state(server.clone(), log))
        .with_state(server.clone())
}

async fn log(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let response = next.run(request).await;
    server.log.record(LoggedRequest {
        time: now(),
        method,
        path,
        operation_id: response.extensions().get::<OperationId>().map(|id| id.0.to_owned()),
        status: response.status().as_u16(),
    });
    response
}

/// Refuses other names than the loopback's, so that no web page can reach the emulator by a name of its own.
async fn loopback_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_loopback) {
        next.run(request).await
    } else {
        refusal(&Failure::new(Reason::Forbidden, "The emulator answers to loopback names only"))
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

async fn delay(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    next.run(request).await
}

async fn dispatch(server: Arc<Server>, operation: Arc<Operation>, request: Request) -> Response {
    let id = OperationId(operation.id);
    let mut response = match answer(server, operation, request).await {
        Ok(answer) => respond(answer),
        Err(failure) => refusal(&failure),
    };
    response.extensions_mut().insert(id);
    response
}

async fn answer(server: Arc<Server>, operation: Arc<Operation>, request: Request) -> Outcome<Answer> {
    let (mut parts, body) = request.into_parts();
    let principal = if operation.guarded { Some(authenticate(&server.tokens, &parts.headers)?) } else { None };
    let path = path_parameters(&mut parts).await?;
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Failure::new(Reason::PayloadTooLarge, format!("The body is cut short, or larger than {BODY_LIMIT} bytes"))
    })?;
    let arrival = Arrival {
        path,
        query: query(parts.uri.query().unwrap_or_default())?,
        headers: extension_headers(&parts.headers)?,
        content_type: text(&parts.headers, header::CONTENT_TYPE.as_str())?,
        body: body.to_vec(),
    };
    let uri = parts.uri.to_string();
    let work = move || -> Outcome<Answer> {
        let now = now();
        let run = |db: &rusqlite::Connection| {
            let Server { switches, tokens, .. } = &*server;
            operation.run(&Call { db, switches, tokens, principal, path: &arrival.path, now: &now }, &arrival)
        };
        let run = |db: &rusqlite::Connection| run(db).map_err(|failure| as_switched(failure, &server.switches));
        match operation.effect {
            Effect::Writes => {
                let answer = server.store.write(run).map(accepted)?;
                server.lag.wrote();
                Ok(answer)
            }
            Effect::Reads if server.lag.is_off() || !operation.guarded => server.store.read(run).map(accepted),
            Effect::Reads => {
                let read = Read { path: uri, headers: arrival.headers.clone(), body: arrival.body.clone() };
                if let Some(old) = server.lag.late(&read) {
                    return Ok(old);
                }
                let answer = match server.store.read(run) {
                    Ok(reply) => accepted(reply),
                    Err(failure) => refused(&failure),
                };
                server.lag.remember(read, answer.clone());
                Ok(answer)
            }
        }
    };
    // SQLite blocks, so the work leaves the threads that serve connections.
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::new(Reason::Internal, format!("the operation failed: {error}"))))
}

fn as_switched(failure: Failure, switches: &Switches) -> Failure {
    match (failure.reason, switches.unknown_resource) {
        (Reason::NotFound, UnknownResource::BadRequest) => failure.because(Reason::BadRequest),
        _ => failure,
    }
}

fn authenticate(tokens: &Tokens, headers: &HeaderMap) -> Outcome<super::tokens::Principal> {
    let given = text(headers, header::AUTHORIZATION.as_str())?.unwrap_or_default();
    let token = match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(Failure::new(Reason::Unauthorized, "A bearer token is required")),
    };
    tokens.check(token).ok_or_else(|| Failure::new(Reason::Unauthorized, "The bearer token is unknown or has expired"))
}

async fn path_parameters(parts: &mut Parts) -> Outcome<BTreeMap<String, String>> {
    let parameters = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|error| Failure::invalid("the path", error.to_string()))?;
    Ok(parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn query(text: &str) -> Outcome<Vec<(String, String)>> {
    let decoded = |part: &str| {
        let part = part.replace('+', " ");
        percent_decode_str(&part)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|error| Failure::invalid("the query", error.to_string()))
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// The headers that the vendor's API takes as parameters.
fn extension_headers(headers: &HeaderMap) -> Outcome<Vec<(String, String)>> {
    let named = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-"));
    named.map(|(name, value)| Ok((name.as_str().to_owned(), header_text(name.as_str(), value)?))).collect()
}

fn text(headers: &HeaderMap, name: &str) -> Outcome<Option<String>> {
    headers.get(name).map(|value| header_text(name, value)).transpose()
}

fn header_text(name: &str, value: &HeaderValue) -> Outcome<String> {
    value.to_str().map(str::to_owned).map_err(|_| Failure::invalid("a header", format!("{name} is not text")))
}

fn accepted(body: Option<Vec<u8>>) -> Answer {
    Answer { status: StatusCode::OK, body: body.map(Bytes::from) }
}

fn refused(failure: &Failure) -> Answer {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer { status, body: Some(Bytes::from(failure.envelope().to_string())) }
}

fn refusal(failure: &Failure) -> Response {
    if failure.reason == Reason::Internal {
        tracing::error!("{failure}");
    }
    respond(refused(failure))
}

fn respond(Answer { status, body }: Answer) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Some(body) = body {
        *response.body_mut() = Body::from(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// The time in RFC 3339, in milliseconds.
fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}
