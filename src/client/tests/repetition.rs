//! What is sent again, when, and what is not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::server::{EPOCH_SECONDS, Reply, Server, TestClock, answer, json, options, portal, until};
use crate::client::{Client, Kind, LAST_SECONDS, Options};

fn cut_off() -> Reply {
    Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[".to_vec())
}

#[tokio::test]
async fn reads_are_repeated_after_failures_that_may_pass() {
    for first in [answer(500, ""), answer(503, ""), answer(408, ""), answer(429, ""), Reply::Close, cut_off()] {
        let server = Server::replying([first.clone(), json("[]")]).await;
        assert_eq!(server.reader().connections().await.unwrap(), [], "{first:?}");
        assert_eq!(server.requests().len(), 2, "{first:?}");
    }
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_is_never_repeated() {
    for (first, kind) in [
        (answer(500, "oops"), Kind::Server),
        (answer(503, ""), Kind::Server),
        (answer(408, ""), Kind::Server),
        (Reply::Close, Kind::Lost),
        (cut_off(), Kind::Lost),
        (answer(302, ""), Kind::Redirected),
    ] {
        let server = Server::replying([first.clone(), json("")]).await;
        let error = server.writer().delete_user_group(&portal(), "g").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{first:?}");
        assert!(error.outcome_unknown() && !error.certainly_no_effect(), "{error}");
        assert_eq!((server.requests().len(), error.attempts()), (1, 1), "{first:?}");
    }
}

#[tokio::test]
async fn a_write_that_certainly_had_no_effect_is_repeated() {
    for first in [answer(429, ""), answer(401, "")] {
        let server = Server::replying([first.clone(), json("")]).await;
        server.writer().enable_user(&portal(), "u").await.unwrap();
        assert_eq!(server.requests().len(), 2, "{first:?}");
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_not_repeated() {
    for (status, kind) in [
        (400, Kind::Rejected),
        (403, Kind::Forbidden),
        (404, Kind::NotFound),
        (409, Kind::Conflict),
        (415, Kind::Rejected),
        (501, Kind::Server),
    ] {
        let server = Server::replying([answer(status, "no")]).await;
        let error = server.reader().connections().await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.message()), (kind, Some(status), "no"));
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn attempts_end() {
    let server = Server::replying([answer(502, "<html><title>Bad Gateway</title></html>")]).await;
    let error = server.reader().connections().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET /api-experience-hub/api/v1/connections (getConnections): 502 Bad Gateway: a web page titled \
         `Bad Gateway` (after 5 attempts)"
    );
    assert_eq!(server.requests().len(), 5);
    assert_eq!(server.client().request_counts(), [].into());
}

#[tokio::test]
async fn a_connection_that_never_comes_about_is_tried_again_by_writes_too() {
    // A port that was free a moment ago and that nobody listens on.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let clock = TestClock::jumping();
    let client = Client::new(options(address, Arc::clone(&clock))).unwrap();
    let error = client.writer().disable_user(&portal(), "u").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Connect, 5));
    assert!(error.certainly_no_effect());
    assert!(error.message().starts_with(&format!("cannot connect to http://{address}: ")), "{error}");
    assert!(error.hint().unwrap().contains("HTTPS_PROXY"));
    assert_eq!(clock.sleeps().len(), 4);
    // It never got as far as the write itself.
    assert_eq!(client.request_counts(), [("createV2Oauth2Token", 5)].into());
}

#[tokio::test]
async fn silence_ends_after_the_time_for_an_attempt() {
    let server = Server::replying([Reply::Silence]).await;
    let clock = TestClock::jumping();
    let client = Client::new(Options { attempts: 2, ..options(server.address, Arc::clone(&clock)) }).unwrap();
    let reader = client.reader();
    let read = tokio::spawn(async move { reader.connections().await });
    for attempt in 1..=2 {
        until(|| server.requests().len() == attempt).await;
        clock.expire(Duration::from_secs(60));
    }
    let error = read.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.message(), error.attempts()), (Kind::Lost, "no whole answer within 60s", 2));
    let writer = client.writer();
    let write = tokio::spawn(async move { writer.enable_user(&portal(), "u").await });
    until(|| server.requests().len() == 3).await;
    clock.expire(Duration::from_secs(60));
    let error = write.await.unwrap().unwrap_err();
    assert_eq!((error.outcome_unknown(), error.attempts()), (true, 1));
}

#[tokio::test]
async fn in_haste_what_is_under_way_has_its_last_seconds() {
    let server = Server::replying([Reply::Silence]).await;
    let clock = TestClock::still();
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    let writer = client.writer();
    let write = tokio::spawn(async move { writer.enable_user(&portal(), "u").await });
    until(|| server.requests().len() == 1).await;
    client.hurry();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!write.is_finished());
    clock.expire(LAST_SECONDS);
    let error = write.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Lost, "no whole answer within 5s of the interruption"));
    assert_eq!((error.outcome_unknown(), error.attempts()), (true, 1));
    assert!(client.reader().is_hurried());
}

#[tokio::test]
async fn in_haste_nothing_is_tried_again_or_waited_for() {
    // Not after a failure that may pass.
    let server = Server::replying([answer(503, "")]).await;
    let client = server.client();
    client.hurry();
    let error = client.reader().connections().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), server.requests().len()), (Kind::Server, 1, 1));
    // Nor when the delay before the next attempt has begun.
    let clock = TestClock::still();
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    let reader = client.reader();
    let read = tokio::spawn(async move { reader.connections().await });
    until(|| clock.sleeps().len() == 1).await;
    client.hurry();
    assert_eq!(read.await.unwrap().unwrap_err().attempts(), 1);
    // Whoever was told to wait, and whoever waits for that, give up, and certainly without any effect.
    let server = Server::replying([answer(429, "slow down").with("retry-after", "60")]).await;
    let clock = TestClock::still();
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    let enable = |user: &'static str| {
        let writer = client.writer();
        tokio::spawn(async move { writer.enable_user(&portal(), user).await })
    };
    let first = enable("u");
    until(|| clock.sleeps().len() == 1).await;
    let second = enable("v");
    client.hurry();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    clock.expire(LAST_SECONDS);
    let error = first.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.certainly_no_effect()), (Kind::RateLimited, true));
    let error = second.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.certainly_no_effect(), error.attempts()), (Kind::Budget, true, 0));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    for (status, name, value, seconds) in [
        (429, "retry-after", "7".to_owned(), 7),
        (503, "Retry-After", "7".to_owned(), 7),
        (429, "retry-after", "Thu, 01 Jan 2026 00:00:09 GMT".to_owned(), 9),
        (429, "x-ratelimit-reset", (EPOCH_SECONDS + 11).to_string(), 11),
    ] {
        let server = Server::replying([answer(status, "").with(name, &value), json("[]")]).await;
        let clock = TestClock::jumping();
        let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
        client.reader().connections().await.unwrap();
        let slept: Duration = clock.sleeps().iter().sum();
        let wait = Duration::from_secs(seconds);
        assert!(slept >= wait && slept < wait + Duration::from_secs(1), "{value}: {slept:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_holds_back_every_request() {
    let mut answers = [answer(429, "").with("retry-after", "30")].into_iter();
    let server = Server::new(move |_| answers.next().unwrap_or_else(|| json("[]"))).await;
    let clock = TestClock::still();
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    let (first, second) = (client.reader(), client.reader());
    let first = tokio::spawn(async move { first.connections().await });
    until(|| clock.sleeps().len() == 1).await;
    let wait = clock.sleeps()[0];
    assert!(wait >= Duration::from_secs(30) && wait < Duration::from_secs(31), "{wait:?}");
    let second = tokio::spawn(async move { second.portals("c").await });
    // All that could run has run: the second one would have arrived by now.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests().len(), 1);
    clock.advance(Duration::from_secs(31));
    assert!(first.await.unwrap().is_ok());
    // The other one follows at some distance.
    clock.advance(Duration::from_secs(1));
    assert!(second.await.unwrap().is_ok());
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn nobody_waits_for_longer_than_the_budget() {
    let server = Server::replying([answer(429, "slow down").with("retry-after", "600")]).await;
    let clock = TestClock::jumping();
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    let error = client.writer().enable_user(&portal(), "u").await.unwrap_err();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(error.message(), "slow down; the server asks to wait 600s, and a request may take 120s");
    // The next one is not even sent.
    let error = client.writer().enable_user(&portal(), "u").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Budget, 0));
    assert!(error.certainly_no_effect());
    assert_eq!(server.requests().len(), 1);
    assert!(clock.sleeps().is_empty());
    // When the time is up, requests go out again.
    clock.advance(Duration::from_secs(600));
    client.writer().enable_user(&portal(), "u").await.unwrap_err();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn rate_limits_without_end_are_bounded_by_the_budget() {
    let server = Server::replying([answer(429, "").with("retry-after", "1")]).await;
    let error = server.reader().connections().await.unwrap_err();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert!(server.requests().len() > 5 && server.requests().len() < 100);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let server = Server::replying([json("[]")]).await;
    let client = Client::new(Options { parallelism: 3, ..server.options() }).unwrap();
    client.reader().connections().await.unwrap();
    server.hold(true);
    let reader = client.reader();
    let reads = tokio::spawn(async move { join_all((0..10).map(|_| reader.connections())).await });
    until(|| server.requests().len() >= 4).await;
    // All that could run has run: a fourth one would have arrived by now.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests().len(), 4);
    server.hold(false);
    assert!(reads.await.unwrap().iter().all(Result::is_ok));
    assert_eq!(server.requests().len(), 11);
    assert_eq!(client.request_counts(), [("createV2Oauth2Token", 1), ("getConnections", 11)].into());
}

#[tokio::test]
async fn a_page_does_not_queue_behind_single_reads() {
    let server = Server::new(|request| {
        json(if request.target.contains("/assets/") { r#"{"groupId":"g","assetId":"a"}"# } else { "[]" })
    })
    .await;
    let client = Client::new(Options { parallelism: 1, ..server.options() }).unwrap();
    client.reader().connections().await.unwrap();
    server.hold(true);
    let reader = client.reader();
    let single = {
        let reader = reader.clone();
        let portal = portal();
        tokio::spawn(async move { join_all((0..20).map(|_| reader.asset(&portal, "g", "a"))).await })
    };
    until(|| server.requests().len() >= 2).await;
    let page = tokio::spawn(async move { reader.portals("c").await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    server.hold(false);
    page.await.unwrap().unwrap();
    assert!(single.await.unwrap().iter().all(Result::is_ok));
    let place = server.requests().iter().position(|request| request.target.ends_with("/apiPortals"));
    assert_eq!(place, Some(2), "right after the read that was under way");
}
