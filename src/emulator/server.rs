//! The HTTP side: from a request to an operation and back.
//!
//! Every request passes the layers of [`router`] in their order; what an operation means is the handlers' business.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use axum::{Router, middleware};
use jiff::{Timestamp, Unit};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use super::failure::{Failure, Outcome, Reason};
use super::faults::editor::{CREATE_GROUP, Desk, Edit, Planned};
use super::faults::judge::{Asked, Class, Judge, Verdict};
use super::faults::meet::{Unanswered, meet};
use super::ids::Ids;
use super::lag::{Lag, Read};
use super::line::Breaker;
use super::operation::{Arrival, Call, Effect, Operation};
use super::operations::operations;
use super::request_log::{LoggedRequest, Note, RequestLog};
use super::store::{Store, portals};
use super::switches::{Switches, UnknownResource};
use super::tokens::Tokens;
use super::world::{Cause, Event, Witness, world};

/// Bytes of a request body at most: a publication of a portal's 7,000 assets fits in twice.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// What all requests share.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) switches: Switches,
    pub(crate) tokens: Tokens,
    pub(crate) ids: Ids,
    pub(crate) judge: RwLock<Arc<Judge>>,
    pub(crate) witness: Option<Witness>,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) lag: Lag,
    pub(crate) latency: Duration,
    /// Whether the server is about to end, so that nothing is waited for any more.
    pub(crate) closing: watch::Sender<bool>,
}

/// A status with a JSON body, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Option<Bytes>,
}

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
        // The last layer is the first to see a request.
        .layer(from_fn_with_state(server.clone(), delay))
        .layer(middleware::from_fn(loopback_only))
        .layer(from_fn_with_state(server.clone(), log))
        .with_state(server.clone())
}

async fn log(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    let note = Arc::new(Note::new(
        server.log.clone(),
        LoggedRequest {
            time: String::new(),
            method: request.method().to_string(),
            path: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
            operation_id: None,
            status: None,
            fault: None,
            editor: Vec::new(),
        },
    ));
    request.extensions_mut().insert(note.clone());
    let response = next.run(request).await;
    if response.extensions().get::<Unanswered>().is_none() {
        note.add(|request| request.status = Some(response.status().as_u16()));
    }
    note.end();
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

/// One request, from its arrival to its answer or to what comes in place of it.
async fn dispatch(server: Arc<Server>, operation: Arc<Operation>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let note = parts.extensions.remove::<Arc<Note>>().expect("the log is the first to see a request");
    let ConnectInfo::<Breaker>(line) = parts.extensions.remove().expect("every request comes over a connection");
    note.add(|request| request.operation_id = Some(operation.id.to_owned()));
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        let message = format!("The body is cut short, or larger than {BODY_LIMIT} bytes");
        return refusal(&Failure::new(Reason::PayloadTooLarge, message));
    };
    let path = match path_parameters(&mut parts).await {
        Ok(path) => path,
        Err(failure) => return refusal(&failure),
    };
    let verdict = judge(&server, &operation, &parts, &body);
    if !verdict.edits.is_empty() {
        let edits = meanwhile(&server, &operation, &path, &body, &verdict).await;
        note.add(|request| request.editor = edits);
    }
    let number = verdict.number;
    let work = {
        let server = server.clone();
        async move {
            answer(server, operation, Received { parts, path, body, number }).await.unwrap_or_else(|failure| {
                tell(&failure);
                refused(&failure)
            })
        }
    };
    meet(&server, &verdict, &line, &note, work).await
}

fn judge(server: &Server, operation: &Operation, parts: &Parts, body: &[u8]) -> Verdict {
    if !operation.documented {
        // The emulator's own operations are there for tests, and work.
        return Verdict::default();
    }
    let class = match (operation.guarded, operation.effect) {
        (false, _) => Class::SignIn,
        (true, Effect::Reads) => Class::Read,
        (true, Effect::Writes) => Class::Write,
    };
    let header = |name: &str| parts.headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    // A credential differs from run to run, and is no part of what is asked.
    let body = if class == Class::SignIn { &[] } else { body };
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let content = [header("x-limit"), header("x-offset"), header("x-from"), body];
    let judge = server.judge.read().unwrap_or_else(PoisonError::into_inner).clone();
    judge.judge(&Asked { operation: operation.id, class, path, content: &content })
}

/// Lets the editor act, each time in a transaction of its own.
async fn meanwhile(
    server: &Arc<Server>,
    operation: &Operation,
    path: &BTreeMap<String, String>,
    body: &[u8],
    verdict: &Verdict,
) -> Vec<Edit> {
    let planned = (operation.id == CREATE_GROUP).then(|| Planned::of_request(body)).flatten();
    let (server, path, verdict) = (server.clone(), path.clone(), verdict.clone());
    let work = move || -> rusqlite::Result<Vec<Edit>> {
        let mut done = Vec::new();
        for order in &verdict.edits {
            let edit = |db: &rusqlite::Connection| {
                let Some(portal) = meant_portal(db, &path, &server.switches)? else { return Ok(None) };
                let groups_limit = server.switches.groups_limit as usize;
                let planned = planned.as_ref();
                Desk { db, portal, ids: &server.ids, planned, groups_limit, now: &now() }.edit(*order)
            };
            let edit = server.store.write_then(edit, |db, edit| {
                if let Some(edit) = edit {
                    server.bear_witness(db, verdict.number, || Cause::Edit(edit.clone()));
                }
            })?;
            if edit.is_some() {
                server.lag.wrote();
            }
            done.extend(edit);
        }
        Ok(done)
    };
    let done = tokio::task::spawn_blocking(work).await;
    match done.map_err(|error| error.to_string()).and_then(|done| done.map_err(|error| error.to_string())) {
        Ok(edits) => edits,
        Err(error) => {
            tracing::error!("the emulator's editor failed: {error}");
            Vec::new()
        }
    }
}

/// The portal that a path names, or the first one.
fn meant_portal(
    db: &rusqlite::Connection,
    path: &BTreeMap<String, String>,
    switches: &Switches,
) -> rusqlite::Result<Option<i64>> {
    if let (Some(connection), Some(portal)) = (path.get("connectionId"), path.get("portalId"))
        && let Some(connection) = portals::connection_key(db, connection)?
        && let Some(portal) = portals::find(db, connection, portal, switches.portal_path)?
    {
        return Ok(Some(portal.key));
    }
    for (connection, _) in portals::connections(db)? {
        if let Some((portal, _)) = portals::portals(db, connection)?.first() {
            return Ok(Some(*portal));
        }
    }
    Ok(None)
}

/// A request that is whole.
struct Received {
    parts: Parts,
    path: BTreeMap<String, String>,
    body: Bytes,
    number: u64,
}

async fn answer(server: Arc<Server>, operation: Arc<Operation>, received: Received) -> Outcome<Answer> {
    let Received { parts, path, body, number } = received;
    let principal = if operation.guarded { Some(authenticate(&server.tokens, &parts.headers)?) } else { None };
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
            let Server { switches, tokens, ids, .. } = &*server;
            operation.run(&Call { db, switches, tokens, ids, principal, path: &arrival.path, now: &now }, &arrival)
        };
        let run = |db: &rusqlite::Connection| run(db).map_err(|failure| as_switched(failure, &server.switches));
        match operation.effect {
            Effect::Writes => {
                let cause = || Cause::Request { operation_id: operation.id };
                let reply = server.store.write_then(run, |db, _| server.bear_witness(db, number, cause))?;
                server.lag.wrote();
                Ok(accepted(reply))
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

impl Server {
    /// Shows the world to the witness, if there is one; nothing else is written meanwhile.
    fn bear_witness(&self, db: &rusqlite::Connection, request: u64, cause: impl FnOnce() -> Cause) {
        let Some(witness) = &self.witness else { return };
        match world(db) {
            Ok(world) => witness.tell(&Event { request, cause: cause(), world }),
            Err(error) => tracing::error!("the emulator cannot show its world: {error}"),
        }
    }
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

pub(crate) fn accepted(body: Option<Vec<u8>>) -> Answer {
    Answer { status: StatusCode::OK, body: body.map(Bytes::from) }
}

fn refused(failure: &Failure) -> Answer {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer { status, body: Some(Bytes::from(failure.envelope().to_string())) }
}

fn tell(failure: &Failure) {
    if failure.reason == Reason::Internal {
        tracing::error!("{failure}");
    }
}

fn refusal(failure: &Failure) -> Response {
    tell(failure);
    respond(refused(failure))
}

pub(crate) fn respond(Answer { status, body }: Answer) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Some(body) = body {
        *response.body_mut() = Body::from(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// The time in RFC 3339, in milliseconds.
pub(crate) fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}
