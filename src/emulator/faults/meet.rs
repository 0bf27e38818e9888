//! What a client meets: the answer, or what the verdict puts in its place.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::judge::{Blow, Hint, Strike, Verdict};
use crate::emulator::line::Breaker;
use crate::emulator::request_log::Note;
use crate::emulator::server::{Answer, Server, accepted, respond};

/// The limit that a drawn 429 tells of.
const LIMIT: u32 = 100;

/// Bodies that come in place of an answer's: another server's page, the beginning of JSON, what is no text.
const GARBAGE: [&[u8]; 3] =
    [b"<html><body><h1>It works!</h1></body></html>", b"[{\"id\": \"", &[0xff, 0xfe, 0x00, 0x7b, 0x22, 0x80]];

/// Marks a response that no client gets to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unanswered;

/// Has the work done, unless a fault comes before its effect, and gives what the client gets.
pub(crate) async fn meet(
    server: &Server,
    verdict: &Verdict,
    line: &Breaker,
    note: &Note,
    work: impl Future<Output = Answer>,
) -> Response {
    let mut response = match verdict.strike {
        None => respond(work.await),
        Some(Strike { name, is_after_effect, blow }) => {
            note.add(|request| request.fault = Some(name));
            match (is_after_effect, blow) {
                (true, _) => deal(server, blow, work.await, line, note).await,
                (false, Blow::Slow(time)) => {
                    wait(server, time).await;
                    respond(work.await)
                }
                (false, _) => deal(server, blow, accepted(None), line, note).await,
            }
        }
    };
    if let Some(standing) = verdict.standing {
        tell_limit(response.headers_mut(), standing.limit, standing.remaining, standing.wait);
    }
    response
}

async fn deal(server: &Server, blow: Blow, answer: Answer, line: &Breaker, note: &Note) -> Response {
    match blow {
        Blow::Status(status, hint) => {
            let mut response = failed(status);
            match hint {
                Hint::None => {}
                Hint::RetryAfter(time) => tell(response.headers_mut(), header::RETRY_AFTER, seconds(time)),
                Hint::RateLimit(time) => tell_limit(response.headers_mut(), LIMIT, 0, time),
            }
            response
        }
        Blow::Reset => lost(line),
        Blow::Cut => {
            let body = answer.body.filter(|body| !body.is_empty()).unwrap_or_else(|| Bytes::from_static(b"{}"));
            line.cut_after(body.len() / 2);
            respond(Answer { body: Some(body), ..answer })
        }
        Blow::Garbled(drawn) => {
            let garbage = usize::try_from(drawn % GARBAGE.len() as u64).map_or(GARBAGE[0], |index| GARBAGE[index]);
            respond(Answer { body: Some(Bytes::from_static(garbage)), ..answer })
        }
        Blow::Slow(time) => {
            wait(server, time).await;
            respond(answer)
        }
        Blow::Hang => {
            // Whoever waits for it to hang learns of it from the log.
            note.end();
            wait(server, Duration::MAX).await;
            lost(line)
        }
    }
}

/// Waits so long, or until the server is about to end.
async fn wait(server: &Server, time: Duration) {
    let mut closing = server.closing.subscribe();
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

fn lost(line: &Breaker) -> Response {
    line.reset();
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Unanswered);
    response
}

/// An error of the hub's, or of a proxy in front of it.
fn failed(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("Error");
    if matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) {
        let mut response = Response::new(Body::from(format!("<html><body><h1>{reason}</h1></body></html>")));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        return response;
    }
    let name = format!("{}Error", reason.replace(' ', ""));
    let body = json!({"name": name, "status": status.as_u16(), "message": reason, "details": []});
    respond(Answer { status, body: Some(Bytes::from(body.to_string())) })
}

fn tell_limit(headers: &mut HeaderMap, limit: u32, remaining: u32, wait: Duration) {
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    tell(headers, HeaderName::from_static("x-ratelimit-limit"), u64::from(limit));
    tell(headers, HeaderName::from_static("x-ratelimit-remaining"), u64::from(remaining));
    tell(headers, HeaderName::from_static("x-ratelimit-reset"), now.saturating_add(seconds(wait)));
}

fn tell(headers: &mut HeaderMap, name: HeaderName, value: u64) {
    headers.insert(name, HeaderValue::from(value));
}

/// Whole seconds that are enough.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
