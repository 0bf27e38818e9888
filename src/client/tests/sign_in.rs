//! Tokens: asked for once, shared, renewed, and never asked for in vain.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::server::{Reply, Server, TestClock, answer, json, options, portal, until};
use crate::client::{Client, Credential, Host, Kind, Options, Origin};

fn bearer(server: &Server, token: &str) -> Options {
    let credential = Credential::bearer(&token.into(), Origin::Environment("ANYPOINT_BEARER")).unwrap();
    Options { credential, ..server.options() }
}

fn token(text: &str) -> Reply {
    json(&format!(r#"{{"access_token":"{text}","token_type":"bearer"}}"#))
}

#[tokio::test]
async fn a_connected_app_signs_in_once_for_all_requests() {
    let server = Server::replying([json("[]")]).await;
    let reader = server.reader();
    let results = join_all((0..20).map(|_| reader.connections())).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.sign_ins(), 1);
    let sign_in = &server.all_requests()[0];
    assert_eq!(sign_in.target, "/accounts/api/v2/oauth2/token");
    assert_eq!(
        sign_in.body,
        r#"{"client_id":"app","client_secret":"planted-client-secret","grant_type":"client_credentials"}"#
    );
    assert_eq!(sign_in.header("authorization"), None);
    assert!(server.requests().iter().all(|request| request.header("authorization") == Some("Bearer token-1")));
}

#[tokio::test]
async fn a_user_signs_in_by_name_and_password() {
    let server = Server::bare(|request| if request.is_sign_in() { token("session") } else { json("[]") }).await;
    let credential = Credential::user("jane".into(), "pässword".into(), Origin::Flag("--profile"));
    let client = Client::new(Options { credential, ..server.options() }).unwrap();
    client.reader().connections().await.unwrap();
    let requests = server.all_requests();
    assert_eq!(requests[0].target, "/accounts/api/login");
    assert_eq!(requests[0].body, r#"{"username":"jane","password":"pässword"}"#);
    assert_eq!(requests[1].header("authorization"), Some("Bearer session"));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = Server::replying([json("[]")]).await;
    let clock = TestClock::still();
    let reader = Client::new(options(server.address, Arc::clone(&clock))).unwrap().reader();
    reader.connections().await.unwrap();
    clock.advance(Duration::from_secs(3600 - 61));
    reader.connections().await.unwrap();
    assert_eq!(server.sign_ins(), 1);
    clock.advance(Duration::from_secs(2));
    reader.connections().await.unwrap();
    assert_eq!(server.sign_ins(), 2);
    assert_eq!(server.requests()[2].header("authorization"), Some("Bearer token-2"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all() {
    let server = Server::new(|request| match request.header("authorization") {
        Some("Bearer token-1") => answer(401, "Unauthorized"),
        _ => json("[]"),
    })
    .await;
    let reader = server.reader();
    let results = join_all((0..16).map(|_| reader.connections())).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.sign_ins(), 2);
}

#[tokio::test]
async fn a_401_with_a_fresh_token_is_the_error() {
    let server = Server::replying([answer(401, r#"{"name":"Unauthorized","status":401,"message":"Bad token"}"#)]).await;
    let client = server.client();
    let error = client.writer().enable_user(&portal(), "u").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), server.sign_ins()), (Kind::Unauthorized, 2, 2));
    assert!(error.certainly_no_effect());
    assert_eq!(
        error.to_string(),
        "PATCH /api-experience-hub/api/v1/connections/conn-001/apiPortals/p1/users/u/enable (enableCommunityUser): \
         401 Unauthorized: Bad token (after 2 attempts)"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("the connected app from the environment (ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET)"),
        "{hint}"
    );
    // Others do not ask for token after token.
    let reader = client.reader();
    let results = join_all((0..10).map(|_| reader.connections())).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(server.sign_ins(), 2);
}

#[tokio::test]
async fn a_bearer_token_is_not_renewed() {
    let server = Server::replying([json("[]"), answer(401, "")]).await;
    let reader = Client::new(bearer(&server, " bearer given-token\n")).unwrap().reader();
    reader.connections().await.unwrap();
    let error = reader.connections().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Unauthorized, 1));
    assert!(error.hint().unwrap().contains("the bearer token from the environment (ANYPOINT_BEARER)"));
    assert_eq!(server.sign_ins(), 0);
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer given-token"));
}

#[tokio::test]
async fn a_wrong_credential_is_tried_once() {
    let server = Server::bare(|_| answer(401, r#"{"error":"invalid_client","error_description":"unknown app"}"#)).await;
    let reader = server.reader();
    let results = join_all((0..10).map(|_| reader.connections())).await;
    for result in results {
        let error = result.unwrap_err();
        assert_eq!((error.operation_id(), error.message()), ("createV2Oauth2Token", "unknown app"));
        assert!(error.hint().unwrap().contains("the connected app from the environment"));
    }
    assert_eq!(server.sign_ins(), 1);
}

#[tokio::test]
async fn those_who_wait_for_a_failing_sign_in_share_its_failure() {
    let server = Server::bare(|_| answer(503, "")).await;
    let reader = server.reader();
    let results = join_all((0..10).map(|_| reader.connections())).await;
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == Kind::Server)));
    assert_eq!(server.sign_ins(), 5);
    // It may work later.
    reader.connections().await.unwrap_err();
    assert_eq!(server.sign_ins(), 10);
}

#[tokio::test]
async fn sign_in_is_repeated_like_a_read() {
    let mut answers = [answer(503, ""), answer(429, "").with("retry-after", "1"), Reply::Close].into_iter();
    let server =
        Server::bare(
            move |request| {
                if request.is_sign_in() { answers.next().unwrap_or_else(|| token("t")) } else { json("[]") }
            },
        )
        .await;
    server.reader().connections().await.unwrap();
    assert_eq!(server.sign_ins(), 4);
}

#[tokio::test]
async fn a_strange_token_is_an_error_that_does_not_show_it() {
    for body in [
        r#"{"access_token":"planted\ntoken"}"#,
        r#"{"access_token":["planted-token"]}"#,
        r#"{"access_token":"planted-token" "#,
        r#"{"token":"planted-token"}"#,
        "planted-token",
    ] {
        let server = Server::bare(move |_| json(body)).await;
        let error = server.reader().connections().await.unwrap_err();
        assert_eq!((error.kind(), error.operation_id()), (Kind::Decode, "createV2Oauth2Token"), "{body}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
    }
}

#[tokio::test]
async fn a_user_of_another_platform_or_a_disabled_one_is_told_so() {
    for (status, hint) in [(403, "disabled"), (418, "another platform")] {
        let server = Server::bare(move |_| answer(status, "")).await;
        let credential = Credential::user("jane".into(), "x".into(), Origin::Embedded);
        let options = Options { credential, ..server.options() };
        let error = Client::new(options).unwrap().reader().connections().await.unwrap_err();
        assert_eq!((error.status(), error.operation_id()), (Some(status), "createLogin"));
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_refused_without_showing_it() {
    for text in ["", "  ", "Bearer ", "planted token", "planted\ttoken", "plänted"] {
        let error = Credential::bearer(&text.into(), Origin::Flag("--x")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("pl"), "{error:?}");
    }
}

#[tokio::test]
async fn a_client_without_a_runtime_or_network_can_be_made() {
    let host = Host::loopback("127.0.0.1:1".parse().unwrap()).unwrap();
    let credential = Credential::connected_app("a".into(), "b".into(), Origin::Embedded);
    let client = Client::new(Options::new(host, credential)).unwrap();
    assert!(client.request_counts().is_empty());
}

#[tokio::test]
async fn signing_in_has_the_limits_of_every_request() {
    let long = format!(r#"{{"access_token":"planted-token","padding":"{}"}}"#, "x".repeat(5000));
    let elsewhere = Server::replying([token("planted-token")]).await;
    let place = format!("http://{}/accounts/api/v2/oauth2/token", elsewhere.address);
    for (reply, kind, message) in [
        (json(&long), Kind::Decode, "the answer is larger than 4096 bytes".to_owned()),
        (Reply::Silence, Kind::Lost, "no whole answer within 60s".to_owned()),
        (
            answer(307, "").with("location", &place),
            Kind::Redirected,
            format!("it redirects to {place}, and redirects are not followed"),
        ),
        (Reply::Raw(b"HTTP/1.1 400 X\r\ncontent-length: 9\r\n\r\nno".to_vec()), Kind::Rejected, "no".to_owned()),
    ] {
        let is_silent = matches!(reply, Reply::Silence);
        let server = Server::bare(move |_| reply.clone()).await;
        let clock = TestClock::jumping();
        let limits = Options { max_body: 4096, attempts: 1, ..options(server.address, Arc::clone(&clock)) };
        let writer = Client::new(limits).unwrap().writer();
        let write = tokio::spawn(async move { writer.enable_user(&portal(), "u").await });
        if is_silent {
            until(|| server.sign_ins() == 1).await;
            clock.expire(Duration::from_secs(60));
        }
        let error = write.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.message(), error.operation_id()), (kind, &*message, "createV2Oauth2Token"));
        assert!(error.certainly_no_effect() && !error.to_string().contains("planted-token"), "{error}");
    }
    assert!(elsewhere.all_requests().is_empty(), "the secret goes to one host alone");
}
