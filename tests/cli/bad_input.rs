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
    insta::assert_snapshot!(observed("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[{\"id\": \"c"), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 200 OK: the answer was cut off after 10 bytes: end of file before message length reached (after 5 attempts)
    exit: 1
    ");
}

#[test]
fn an_answer_that_is_no_json() {
    insta::assert_snapshot!(observed(answer("200 OK", "<html><title>Log in</title></html>")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the answer is a web page, not JSON; is a proxy or sign-in page in between?
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("200 OK", "")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the answer is empty
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("200 OK", "[{\"id\": \"c\"")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the answer is cut short: EOF while parsing an object at line 1 column 11
    exit: 1
    ");
}

#[test]
fn an_answer_of_the_wrong_shape() {
    insta::assert_snapshot!(observed(answer("200 OK", "[{\"id\": 5}]")), @"
    stderr:
    error: failed to list the portals: GET /api-experience-hub/api/v1/connections/5/apiPortals (getAllApiPortalByConnectionId): the answer has an unexpected shape: missing field `name` at line 1 column 10
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("200 OK", "\"connections\"")), @r#"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the answer has an unexpected shape: invalid type: string "connections", expected a list, or an object that holds one at line 1 column 13
    exit: 1
    "#);
    insta::assert_snapshot!(observed(answer("200 OK", "{\"a\": [], \"b\": []}")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the answer has an unexpected shape: an object without a list at line 1 column 18
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("200 OK", &"[".repeat(100_000))), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the answer has an unexpected shape: invalid type: sequence, expected a string or a whole number at line 1 column 3
    exit: 1
    ");
}

#[test]
fn an_answer_that_is_far_too_large() {
    let body = format!("[\"{}\"]", "x".repeat(33 << 20));
    insta::assert_snapshot!(observed(answer("200 OK", &body)), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 200 OK: the answer is larger than 33554432 bytes
    exit: 1
    ");
}

#[test]
fn an_answer_that_is_no_http() {
    insta::assert_snapshot!(observed("SSH-2.0-OpenSSH_9.2\r\n"), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): the connection was lost before an answer came: invalid HTTP version parsed (after 5 attempts)
    exit: 1
    ");
}

#[test]
fn a_refusal_names_the_credential_and_the_permission() {
    insta::assert_snapshot!(observed(answer("401 Unauthorized", "{\"message\": \"token expired\"}")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 401 Unauthorized: token expired
     hint: [HUB] refused the bearer token from the environment (ANYPOINT_BEARER); it may have expired, been revoked, or belong to another region
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("403 Forbidden", "not for you")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 403 Forbidden: not for you
     hint: managing a portal needs API Experience Hub Administrator in the organization of its connection; signed in with the bearer token from the environment (ANYPOINT_BEARER)
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("404 Not Found", "")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 404 Not Found
     hint: looked for the API Experience Hub's management API at [HUB]
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("302 Found\r\nlocation: https://evil.example/?token=x", "")), @"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 302 Found: it redirects to https://evil.example/, and redirects are not followed
     hint: [HUB] may not be the right host; give the final one by --host or --region
    exit: 1
    ");
    insta::assert_snapshot!(observed(answer("400 Bad Request", "{\"message\": \"a\\u001b[2J\\n::error::b\"}")), @r"
    stderr:
    error: failed to list the connections: GET /api-experience-hub/api/v1/connections (getConnections): 400 Bad Request: a\u{1b}[2J \u{3a}:error::b
    exit: 1
    ");
}

#[test]
fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens somewhere"));
    drop(listener);
    let mut case = Case::new().with(&["--host", &url]);
    case.set("ANYPOINT_BEARER", "a-token-of-some-length");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
    error: GET /api-experience-hub/api/v1/connections (getConnections): cannot connect to [HUB]: Connection refused (os error 111) (after 5 attempts)
     hint: check the host, the network, and the proxy variables (HTTPS_PROXY, NO_PROXY); asked [HUB]
    exit: 1
    ");
}

#[test]
fn a_wrong_secret_is_told_with_its_place() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.set("ANYPOINT_CLIENT_SECRET", "wrong-secret-value");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
    error: POST /accounts/api/v2/oauth2/token (createV2Oauth2Token): 401 Unauthorized: Invalid client id or secret
     hint: [HUB] refused the connected app from the environment (ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET); it may have expired, been revoked, or belong to another region
    exit: 1
    ");
    case.unset("ANYPOINT_CLIENT_SECRET");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
    error: ANYPOINT_CLIENT_ID is set, but ANYPOINT_CLIENT_SECRET is not, or is empty
     hint: set ANYPOINT_CLIENT_SECRET too, or remove ANYPOINT_CLIENT_ID
    exit: 1
    ");
    case.unset("ANYPOINT_CLIENT_ID");
    case.set("ANYPOINT_BEARER", "not the token\u{1b}[2J");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
    error: the bearer token from the environment (ANYPOINT_BEARER) holds characters that no token has
     hint: give the access token alone, on one line
    exit: 1
    ");
}

#[test]
fn settings_that_are_wrong_are_told() {
    let with = |name: &str, value: &str| {
        let mut case = Case::new();
        // Whatever happens, nothing leaves this machine.
        case.set("ANYPOINT_HOST", "https://127.0.0.1:1");
        case.set("ANYPOINT_BEARER", "a-token-of-some-length");
        case.set(name, value);
        case.run(&["get", "connections"]).exits(1)
    };
    insta::assert_snapshot!(with("ANYPOINT_HOST", "anypoint.mulesoft.com/path"), @"
    stderr:
    error: the host given by the environment (ANYPOINT_HOST) is not usable: it holds `/`, but only a host and a port belong here
     hint: write host, host:port or https://host[:port]
    exit: 1
    ");
    insta::assert_snapshot!(with("ANYPOINT_HOST", "http://anypoint.mulesoft.com"), @"
    stderr:
    error: the host given by the environment (ANYPOINT_HOST) is not usable: plain http would show the credential to the network; only loopback may use it
     hint: write host, host:port or https://host[:port]
    exit: 1
    ");
    insta::assert_snapshot!(with("ANYPOINT_HOST", "https://user:hunter2@example.com"), @"
    stderr:
    error: the host given by the environment (ANYPOINT_HOST) is not usable: it holds a user name or password
     hint: write host, host:port or https://host[:port]
    exit: 1
    ");
    insta::assert_snapshot!(with("ANYPOINT_CERTIFICATE", "nowhere.pem"), @"
    stderr:
    error: cannot read the certificates of ANYPOINT_CERTIFICATE, nowhere.pem: No such file or directory (os error 2)
     hint: ANYPOINT_CERTIFICATE is the path of a PEM file with one or more CERTIFICATE blocks
    exit: 1
    ");
    insta::assert_snapshot!(with("SSL_CERT_FILE", "/dev/null"), @"
    stderr:
    error: cannot read the certificates of SSL_CERT_FILE, /dev/null: there is no certificate in it
     hint: SSL_CERT_FILE is the path of a PEM file with one or more CERTIFICATE blocks
    exit: 1
    ");
    let mut case = Case::new();
    case.set("ANYPOINT_PROFILE", "absent");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
    error: cannot read the credentials file [DIR]/home/.anypoint/credentials: No such file or directory (os error 2); profile `absent` is asked for by ANYPOINT_PROFILE
     hint: write the file, or leave ANYPOINT_PROFILE out and set ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET
    exit: 1
    ");
    case.set("HOME", "nowhere");
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
    error: cannot read the credentials file nowhere/.anypoint/credentials: No such file or directory (os error 2); profile `absent` is asked for by ANYPOINT_PROFILE
     hint: write the file, or leave ANYPOINT_PROFILE out and set ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET
    exit: 1
    ");
    case.set("ANYPOINT_BEARER", "a-token-of-some-length");
    insta::assert_snapshot!(case.run(&["get", "connections", "--host", "ftp://example.com"]), @"
    stderr:
    error: the host given by the flag --host is not usable: its scheme is neither https nor http
     hint: write host, host:port or https://host[:port]
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "connections", "--host", "a\u{1b}[2Jb"]), @"
    stderr:
    error: the host given by the flag --host is not usable: it is not a host name with an optional port
     hint: write host, host:port or https://host[:port]
    exit: 1
    ");
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
    insta::assert_snapshot!(case.run(&["get", "connections"]), @"
    stderr:
     WARN [DIR]/home/.anypoint/credentials can be read by others (mode 644); chmod 600 keeps it private
    error: client_id is set in profile `default` in [DIR]/home/.anypoint/credentials, but client_secret is not, or is empty
     hint: set client_secret too, or remove client_id
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "connections", "--profile", "wrok"]), @"
    stderr:
     WARN [DIR]/home/.anypoint/credentials can be read by others (mode 644); chmod 600 keeps it private
    error: there is no profile `wrok` (asked for by --profile) in [DIR]/home/.anypoint/credentials
     hint: it has default, work
    exit: 1
    ");
    let told = case.run(&["get", "connections", "--profile", "work"]).exits(0);
    assert!(told.stdout.contains("example.my.salesforce.com"), "{told}");
    case.set("ANYPOINT_PROFILE", "work");
    case.run(&["get", "connections"]).exits(0);
    case.write("home/.anypoint/credentials", &profile[..profile.len() / 2]);
    let broken = case.run(&["get", "connections"]).exits(1);
    assert!(!broken.all().contains(&running.client_secret), "{broken}");
    insta::assert_snapshot!(broken, @r#"
    stderr:
     WARN [DIR]/home/.anypoint/credentials can be read by others (mode 644); chmod 600 keeps it private
    error: cannot read the credentials file [DIR]/home/.anypoint/credentials: line 1, column 88 is not JSON of profiles
     hint: it looks like {"default": {"client_id": "…", "client_secret": "…"}}
    exit: 1
    "#);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_told() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let case = Case::new();
    case.write("portal.yaml", portal("  userGroups: [{name: '${AEHCTL_VAR_NAME}'}]\n"));
    case.write("plain.yaml", portal(""));
    let observe = ["observe", "--emulator", "-f", "plain.yaml", "--pseudonyms", "--out", "live.json"];
    for (name, arguments) in [
        ("ANYPOINT_CLIENT_ID", &["get", "connections"][..]),
        ("AEHCTL_VAR_NAME", &["validate", "-f", "portal.yaml"]),
        ("AEHCTL_PSEUDONYM_KEY", &observe),
        ("AEHCTL_PLAN_KEY", &["show", "plan.json"]),
    ] {
        let output = case.command(arguments).env(name, OsStr::from_bytes(b"\xff\xfe")).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        let expected = format!(
            "error: the environment variable {name} is set, but not to text in UTF-8\n hint: set it again, or unset it\n"
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    }
}
