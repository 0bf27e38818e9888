//! Settings and answers that are wrong: one clear line, the right exit code, nothing half-written.

use crate::proxy::{Proxy, answer};
use crate::support::{Case, Ended, Hub, portal};

/// What comes of observing a hub that answers like this to everything.
fn observed(bytes: impl Into<Vec<u8>>) -> Ended {
    let proxy = Proxy::answering(bytes);
    let case = Case::with_token_for(&proxy);
    case.write("portal.yaml", portal("  userGroups: []\n"));
    let ended = case.run(&["observe", "-f", "portal.yaml", "--out", "live.json"]).exits(1);
    assert_eq!(case.files(), ["portal.yaml"], "nothing half-written is left: {ended}");
    ended
}

#[test]
fn an_answer_that_is_cut_short() {
    insta::assert_snapshot!(observed("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[{\"id\": \"c"), @"");
}

#[test]
fn an_answer_that_is_no_json() {
    insta::assert_snapshot!(observed(answer("200 OK", "<html><title>Log in</title></html>")), @"");
    insta::assert_snapshot!(observed(answer("200 OK", "")), @"");
    insta::assert_snapshot!(observed(answer("200 OK", "[{\"id\": \"c\"")), @"");
}

#[test]
fn an_answer_of_the_wrong_shape() {
    insta::assert_snapshot!(observed(answer("200 OK", "[{\"id\": 5}]")), @"");
    insta::assert_snapshot!(observed(answer("200 OK", "\"connections\"")), @"");
    insta::assert_snapshot!(observed(answer("200 OK", "{\"a\": [], \"b\": []}")), @"");
    insta::assert_snapshot!(observed(answer("200 OK", &"[".repeat(100_000))), @"");
}

#[test]
fn an_answer_that_is_far_too_large() {
    let body = format!("[\"{}\"]", "x".repeat(33 << 20));
    insta::assert_snapshot!(observed(answer("200 OK", &body)), @"");
}

#[test]
fn an_answer_that_is_no_http() {
    insta::assert_snapshot!(observed("SSH-2.0-OpenSSH_9.2\r\n"), @"");
}

#[test]
fn a_refusal_names_the_credential_and_the_permission() {
    insta::assert_snapshot!(observed(answer("401 Unauthorized", "{\"message\": \"token expired\"}")), @"");
    insta::assert_snapshot!(observed(answer("403 Forbidden", "not for you")), @"");
    insta::assert_snapshot!(observed(answer("404 Not Found", "")), @"");
    insta::assert_snapshot!(observed(answer("302 Found\r\nlocation: https://evil.example/?token=x", "")), @"");
    insta::assert_snapshot!(observed(answer("400 Bad Request", "{\"message\": \"a\\u001b[2J\\n::error::b\"}")), @"");
}

#[test]
fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens somewhere"));
    drop(listener);
    let mut case = Case::new().with(&["--host", &url]);
    case.set("ANYPOINT_BEARER", "a-token-of-some-length");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"");
}

#[test]
fn a_wrong_secret_is_told_with_its_place() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.set("ANYPOINT_CLIENT_SECRET", "wrong-secret-value");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"");
    case.unset("ANYPOINT_CLIENT_SECRET");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"");
    case.unset("ANYPOINT_CLIENT_ID");
    case.set("ANYPOINT_BEARER", "not the token\u{1b}[2J");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"");
}

#[test]
fn settings_that_are_wrong_are_told() {
    let hub = Hub::demo();
    let with = |name: &str, value: &str| {
        let mut case = Case::new();
        case.set("ANYPOINT_BEARER", "a-token-of-some-length");
        case.set(name, value);
        case.run(&["get", "connections"]).exits(1)
    };
    insta::assert_snapshot!(with("ANYPOINT_HOST", "anypoint.mulesoft.com/path"), @"");
    insta::assert_snapshot!(with("ANYPOINT_HOST", "http://anypoint.mulesoft.com"), @"");
    insta::assert_snapshot!(with("ANYPOINT_HOST", "https://user:hunter2@example.com"), @"");
    insta::assert_snapshot!(with("ANYPOINT_CERTIFICATE", "nowhere.pem"), @"");
    insta::assert_snapshot!(with("SSL_CERT_FILE", "/dev/null"), @"");
    insta::assert_snapshot!(with("ANYPOINT_PROFILE", "absent"), @"");
    drop(hub);
}

#[test]
fn a_credentials_file_is_read_by_profile() {
    let hub = Hub::demo();
    let running = hub.running();
    let mut case = Case::new();
    let profile = format!(
        r#"{{"default": {{"client_id": "x"}}, "work": {{"client_id": "{}", "client_secret": "{}", "host": "{}"}}}}"#,
        running.client_id, running.client_secret, running.url
    );
    case.write("home/.anypoint/credentials", &profile);
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"");
    insta::assert_snapshot!(case.run(&["get", "connections", "--profile", "wrok"]), @"");
    let told = case.run(&["get", "connections", "--profile", "work"]).exits(0);
    assert!(told.stdout.contains("example.my.salesforce.com"), "{told}");
    case.set("ANYPOINT_PROFILE", "work");
    case.run(&["get", "connections"]).exits(0);
    case.write("home/.anypoint/credentials", &profile[..profile.len() / 2]);
    let broken = case.run(&["get", "connections"]).exits(1);
    assert!(!broken.all().contains(&running.client_secret), "{broken}");
    insta::assert_snapshot!(broken, @"");
}
