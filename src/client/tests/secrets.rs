//! Planted secrets, and every place where they must not come out.

use super::server::{CLIENT_SECRET, Log, Reply, Server, answer, json, portal};
use crate::client::{Client, Credential, Error, Options, Origin};

const TOKEN: &str = "planted-token";

fn assert_clean(what: &str) {
    for secret in [CLIENT_SECRET, TOKEN, "planted-password"] {
        assert!(!what.contains(secret), "{secret} in {what}");
    }
}

fn assert_clean_error(error: &Error) {
    assert_clean(&format!("{error} {error:?} {error:#?} {} {:?} {}", error.message(), error.hint(), error.path()));
}

#[tokio::test]
async fn a_server_that_echoes_secrets_does_not_get_them_into_errors_or_logs() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.subscriber());

    for status in [400, 401, 403, 404, 409, 500, 503] {
        let server = Server::bare(move |request| {
            if request.is_sign_in() {
                return json(&format!(r#"{{"access_token":"{TOKEN}","expires_in":3600}}"#));
            }
            let head = format!("{:?}", request.headers);
            let body = serde_json::json!({"message": head, "details": [{"message": CLIENT_SECRET}]}).to_string();
            answer(status, &body)
        })
        .await;
        let error = server.reader().connections().await.unwrap_err();
        assert!(error.message().contains("[redacted]"), "{error}");
        assert_clean_error(&error);
        assert_clean_error(&server.writer().enable_user(&portal(), "u").await.unwrap_err());
    }
    for sign_in in [
        answer(400, &format!("client_secret {CLIENT_SECRET} is wrong")),
        answer(500, &format!(r#"{{"error":"{CLIENT_SECRET}"}}"#)),
        json(&format!(r#"{{"access_token":{{"x":"{CLIENT_SECRET}"}}}}"#)),
        Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{CLIENT_SECRET}").into_bytes()),
    ] {
        let server = Server::bare(move |_| sign_in.clone()).await;
        assert_clean_error(&server.reader().connections().await.unwrap_err());
    }

    let log = log.text();
    assert!(log.contains("operation=\"getConnections\"") && log.contains("trying again"), "{log}");
    assert_clean(&log);
}

#[tokio::test]
async fn nothing_that_holds_a_secret_shows_it() {
    let origin = Origin::Environment("X");
    let password = Credential::user("jane".into(), "planted-password".into(), origin.clone());
    let bearer = Credential::bearer(&TOKEN.into(), origin).unwrap();
    assert_eq!(format!("{bearer:?}"), "Credential(the bearer token from the environment (X))");
    let server = Server::replying([json("[]")]).await;
    for credential in [password, bearer, server.options().credential] {
        let options = Options { credential: credential.clone(), ..server.options() };
        assert_clean(&format!("{credential} {credential:?} {credential:#?} {options:?} {options:#?}"));
        let client = Client::new(options).unwrap();
        client.reader().connections().await.unwrap();
        assert_clean(&format!("{client:?} {:?} {:?}", client.reader(), client.writer()));
    }
}
