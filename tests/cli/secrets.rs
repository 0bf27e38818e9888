//! A secret goes to its host, and nowhere else.

use aehctl::client::{self, Client, Credential, CredentialFlags, Host, Origin};

use crate::proxy::{Proxy, Verdict};
use crate::support::{Case, Ended, Hub, QUICKSTART};

/// Runs everything that a pipeline runs, and gives all that came out of it.
fn everything(case: &Case) -> Vec<Ended> {
    case.write("portal.yaml", QUICKSTART);
    let words = "approve,reject,delete,enable,leave-custom";
    let commands: [&[&str]; 15] = [
        &["validate", "-f", "portal.yaml", "--online"],
        &["export", "--members", "--out", "exported.yaml"],
        &["observe", "-f", "portal.yaml", "--out", "live.json"],
        &["observe", "--all", "--out", "all.json"],
        &["plan", "-f", "portal.yaml", "--out", "plan.json"],
        &["plan", "-f", "portal.yaml", "--live", "live.json"],
        &["show", "plan.json", "--format", "json"],
        &["get", "connections"],
        &["get", "members"],
        &["get", "member", "nobody"],
        &["get", "exchange", "--format", "json"],
        &["apply", "-f", "portal.yaml", "--auto-approve"],
        &["apply", "plan.json", "--auto-approve", "--allow", words],
        &["apply", "plan.json", "--auto-approve", "--allow", words],
        &["plan", "-f", "portal.yaml", "--format", "markdown"],
    ];
    let mut ended = Vec::new();
    for format in ["text", "json"] {
        for command in commands {
            ended.push(case.run(&[&["-vvv", "--log-format", format], command].concat()));
        }
    }
    ended
}

#[track_caller]
fn assert_nowhere(secrets: &[String], case: &Case, ended: &[Ended]) {
    assert!(secrets.iter().all(|secret| secret.len() > 7), "a secret worth the name: {secrets:?}");
    for secret in secrets {
        for ended in ended {
            assert!(!ended.all().contains(secret.as_str()), "{secret} is in:\n{}", ended.all());
        }
        for file in ["live.json", "all.json", "plan.json", "exported.yaml"] {
            assert!(!case.read(file).contains(secret.as_str()), "{secret} is in {file}");
        }
    }
}

#[test]
fn neither_a_connected_apps_secret_nor_its_token_gets_out() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |_, _| Verdict::Pass);
    let case = Case::on(&hub).at(&proxy);
    let ended = everything(&case);
    assert!(ended.iter().filter(|ended| ended.status == Some(0)).count() > 20, "{ended:?}");
    let answers = proxy.answers();
    let tokens = answers.iter().filter_map(|answer| answer.split_once("\"access_token\":\"")?.1.split('"').next());
    let mut secrets: Vec<String> = tokens.map(ToOwned::to_owned).collect();
    assert!(secrets.len() > 20, "each run signs in");
    secrets.push(hub.running().client_secret.clone());
    assert_nowhere(&secrets, &case, &ended);
}

#[test]
fn nor_does_a_password() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.unset("ANYPOINT_CLIENT_ID");
    case.unset("ANYPOINT_CLIENT_SECRET");
    case.set("ANYPOINT_USERNAME", &hub.running().username);
    case.set("ANYPOINT_PASSWORD", &hub.running().password);
    let ended = everything(&case);
    assert!(ended.iter().filter(|ended| ended.status == Some(0)).count() > 20, "{ended:?}");
    assert_nowhere(&[hub.running().password.clone()], &case, &ended);
}

#[test]
fn a_server_cannot_make_it_talk() {
    let hub = Hub::demo();
    // Whatever it gets, it gives back as an error.
    let proxy = Proxy::before(&hub, |line, body| {
        Verdict::Answer(crate::proxy::answer("400 Bad Request", &format!("{line} {body}")))
    });
    let case = Case::on(&hub).at(&proxy);
    let ended = case.run(&["-vvv", "get", "connections"]).exits(1);
    assert!(ended.stderr.contains("client_credentials"), "the server's words are told: {ended}");
    assert!(!ended.all().contains(&hub.running().client_secret), "{}", ended.all());
}

#[test]
fn an_echoed_bearer_token_is_not_told() {
    let token = "0f1e2d3c-planted-bearer-token";
    let proxy = Proxy::answering(crate::proxy::answer("403 Forbidden", &format!("{{\"message\": \"no {token}\"}}")));
    let mut case = Case::with_token_for(&proxy);
    case.set("ANYPOINT_BEARER", token);
    let ended = case.run(&["-vvv", "get", "connections"]).exits(1);
    assert!(!ended.all().contains(token), "{}", ended.all());
}

#[test]
fn no_type_shows_it_when_it_is_debugged() {
    let secret = "a-planted-client-secret";
    let credential = Credential::connected_app("an-id".to_owned(), secret.to_owned().into(), Origin::Embedded);
    let bearer = Credential::bearer(&secret.to_owned().into(), Origin::Embedded).expect("it can be sent");
    let user = Credential::user("ada".to_owned(), secret.to_owned().into(), Origin::Embedded);
    let host = Host::loopback("127.0.0.1:1".parse().expect("an address")).expect("it is loopback");
    let options = client::Options::new(host, credential.clone());
    let client = Client::new(options.clone()).expect("a client can be made");
    let environment = |name: &str| match name {
        "ANYPOINT_CLIENT_ID" => Some("an-id".to_owned()),
        "ANYPOINT_CLIENT_SECRET" => Some(secret.to_owned()),
        _ => None,
    };
    let flags = CredentialFlags { profile: None, host: None, region: None };
    let resolved = client::resolve(&flags, &environment, None).expect("there is a credential");
    let shown = format!(
        "{credential:?} {credential} {bearer:?} {bearer} {user:?} {user} {options:?} {client:?} {:?} {:?} {:?}",
        client.reader(),
        client.writer(),
        resolved.credential,
    );
    assert!(!shown.contains(secret), "{shown}");
}
