//! A secret goes to its host, and nowhere else.

use aehctl::client::{self, Client, Credential, CredentialFlags, Host, Origin};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::proxy::{Proxy, Verdict, answer};
use crate::support::{Case, Ended, Hub, QUICKSTART};

/// Keys that no command may tell, whether it uses them or not.
const PLAN_KEY: &str = "planted/plan-key+of some \"length\"";
const PSEUDONYM_KEY: &str = "planted/pseudonym-key+of some \"length\"";

/// What asks the hub, and fails if that gives nothing.
const ASKING: [&[&str]; 9] = [
    &["validate", "-f", "portal.yaml", "--online"],
    &["export", "--members", "--out", "exported.yaml"],
    &["observe", "-f", "portal.yaml", "--out", "live.json"],
    &["observe", "--all", "--pseudonyms", "--out", "all.json"],
    &["plan", "-f", "portal.yaml", "--out", "plan.json"],
    &["get", "connections"],
    &["get", "members"],
    &["get", "exchange", "--format", "json"],
    &["apply", "-f", "portal.yaml", "--auto-approve"],
];

/// What comes after.
const MORE: [&[&str]; 14] = [
    &["plan", "-f", "portal.yaml", "--live", "live.json"],
    &["plan", "-f", "portal.yaml", "--live", "all.json"],
    &["show", "plan.json", "--format", "json"],
    &["get", "member", "nobody"],
    &["get", "portals"],
    &["get", "prospects"],
    &["get", "identity-providers"],
    &["apply", "plan.json", "--auto-approve", "--allow", "approve,reject,delete,enable,leave-custom"],
    &["apply", "plan.json", "--auto-approve", "--allow", "approve,reject,delete,enable,leave-custom"],
    &["plan", "-f", "portal.yaml", "--format", "markdown"],
    &["fmt", "-f", "portal.yaml", "--check"],
    &["plan", "-f", "nothing.yaml"],
    &["init", "new"],
    &["--emulator", "get", "members"],
];

/// Runs commands with all that they have to say, in both forms of logs.
fn run_all(case: &Case, commands: &[&[&str]]) -> Vec<Ended> {
    let run = |format| move |command: &&[&str]| case.run(&[&["-vvv", "--log-format", format], *command].concat());
    ["text", "json"].into_iter().flat_map(|format| commands.iter().map(run(format))).collect()
}

/// Runs everything that a pipeline runs, and gives all that came out of it.
fn everything(case: &mut Case) -> Vec<Ended> {
    plant_keys(case);
    run_all(case, &[&ASKING[..], &MORE].concat())
}

fn plant_keys(case: &mut Case) {
    case.write("portal.yaml", QUICKSTART);
    case.set("AEHCTL_PLAN_KEY", PLAN_KEY);
    case.set("AEHCTL_PSEUDONYM_KEY", PSEUDONYM_KEY);
}

/// A secret as it is, and as what is encoded holds it.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).expect("a text can be written as JSON");
    let json = &json[1..json.len() - 1];
    let mut spellings = vec![secret.to_owned(), json.to_owned()];
    for text in [secret, json] {
        spellings.push(percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string());
        for before in 0..3 {
            // The characters that no neighbour has a part in.
            let encoded = STANDARD.encode([&b"xx"[..before], text.as_bytes()].concat());
            spellings.push(encoded[(before * 8).div_ceil(6)..(before + text.len()) * 8 / 6].to_owned());
        }
    }
    spellings
}

/// Looks through all that was said, and through every file that is there now.
#[track_caller]
fn assert_nowhere(secrets: &[String], case: &Case, ended: &[Ended]) {
    let keys = [PLAN_KEY.to_owned(), PSEUDONYM_KEY.to_owned()];
    let files: Vec<(String, Vec<u8>)> = case
        .files()
        .into_iter()
        .filter(|name| !name.ends_with(".anypoint/credentials"))
        .map(|name| (name.clone(), std::fs::read(case.path(&name)).expect("the file can be read")))
        .collect();
    for secret in secrets.iter().chain(&keys) {
        assert!(secret.len() > 7, "a secret worth the name: {secret}");
        for spelling in spellings(secret) {
            for ended in ended {
                assert!(!ended.all().contains(&spelling), "{secret} is, as {spelling}, in:\n{}", ended.all());
            }
            for (name, content) in &files {
                let is_there = content.windows(spelling.len()).any(|window| window == spelling.as_bytes());
                assert!(!is_there, "{secret} is, as {spelling}, in {name}");
            }
        }
    }
}

#[test]
fn neither_a_connected_apps_secret_nor_its_token_gets_out() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |_, _| Verdict::Pass);
    let mut case = Case::on(&hub).at(&proxy);
    let ended = everything(&mut case);
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
    let ended = everything(&mut case);
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

/// What a server may make of a request that it gives back: five ways, each with the secret at its beginning, since the
/// rest of a long message is cut off.
fn echo(way: usize, head: &str, body: &str) -> Verdict {
    let header = head.split("authorization: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let sent = if header.is_empty() { body } else { header };
    let told = match way {
        0 => serde_json::json!({"message": sent, "details": [{"message": head}]}).to_string(),
        1 => sent.to_owned(),
        2 => STANDARD.encode(sent),
        3 => percent_encode(sent.as_bytes(), NON_ALPHANUMERIC).to_string(),
        _ => format!(
            "<html><body>{}</body></html>",
            sent.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        ),
    };
    Verdict::Answer(answer("400 Bad Request", &told))
}

#[test]
fn what_a_server_gives_back_is_told_without_it() {
    // With all that has another spelling somewhere; a token has to fit a header.
    let (secret, token) = (r#"planted "s3cret"/with+all\of&it <é>"#, "planted.bearer-token/with+some=of~it");
    let variables: [&[(&str, &str)]; 4] = [
        &[("ANYPOINT_CLIENT_ID", "app"), ("ANYPOINT_CLIENT_SECRET", secret)],
        &[("ANYPOINT_USERNAME", "jane"), ("ANYPOINT_PASSWORD", secret)],
        &[("ANYPOINT_BEARER", token)],
        &[("ANYPOINT_PROFILE", "planted")],
    ];
    for (way, signs_in) in (0..5).flat_map(|way| [(way, true), (way, false)]) {
        let proxy = Proxy::in_place(move |head, body| {
            let is_sign_in = head.starts_with("POST ") && (head.contains("/token ") || head.contains("/login "));
            if signs_in && is_sign_in {
                let token = serde_json::json!({"access_token": token, "expires_in": 3600});
                return Verdict::Answer(answer("200 OK", &token.to_string()));
            }
            echo(way, head, body)
        });
        for variables in variables {
            let mut case = Case::new().at(&proxy);
            let profile = serde_json::json!({"planted": {"client_id": "app", "client_secret": secret}});
            case.write("home/.anypoint/credentials", profile.to_string());
            for (name, value) in variables {
                case.set(name, value);
            }
            plant_keys(&mut case);
            let asked = if way == 0 { &ASKING[..] } else { &ASKING[5..6] };
            let ended = run_all(&case, asked);
            for ended in &ended {
                assert_eq!(ended.status, Some(1), "{ended}");
                assert!(ended.stderr.contains("[redacted]"), "way {way} gave back nothing: {ended}");
            }
            assert_nowhere(&[secret.to_owned(), token.to_owned()], &case, &ended);
        }
    }
}

#[test]
fn a_proxys_password_stays_between_it_and_us() {
    let proxy = Proxy::in_place(|head, _| {
        assert!(head.starts_with("CONNECT "), "{head}");
        Verdict::Answer(answer("407 Proxy Authentication Required", head))
    });
    let password = "planted-proxy-password";
    let mut case = Case::new();
    case.set("HTTPS_PROXY", &format!("http://proxy-user:{password}@{}", proxy.url.trim_start_matches("http://")));
    case.set("ANYPOINT_BEARER", "a-token-of-some-length");
    plant_keys(&mut case);
    // One command: a proxy that refuses is asked again, with pauses.
    let ended = case.run(&["-vvv", "get", "connections"]).exits(1);
    assert!(ended.stderr.contains("cannot connect to https://anypoint.mulesoft.com"), "{ended}");
    assert_nowhere(&[password.to_owned()], &case, &[ended]);
}

#[test]
fn the_emulator_tells_its_credential_only_to_who_starts_it() {
    let mut case = Case::new();
    let serve = ["emulator", "serve", "--db", ".aehctl/emulator.db", "--request-log", "requests.jsonl"];
    let serving = case.spawn(&serve);
    let told: serde_json::Value = serde_json::from_str(&serving.line()).expect("it says where it is");
    let text = |name: &str| told[name].as_str().expect("it is a text").to_owned();
    let secret = text("client_secret");
    let mut client = Case::new();
    client.set("ANYPOINT_CLIENT_ID", &text("client_id"));
    client.set("ANYPOINT_CLIENT_SECRET", &secret);
    client.run(&["-vvv", "--host", &text("url"), "get", "connections"]).exits(0);
    drop(serving);
    plant_keys(&mut case);
    let ended = run_all(
        &case,
        &[
            &["--emulator", "apply", "-f", "portal.yaml", "--auto-approve"],
            &["emulator", "dump"],
            &["emulator", "seed"],
            &["emulator", "openapi"],
        ],
    );
    let log = case.read("requests.jsonl");
    assert!(log.lines().count() >= 2, "{log}");
    // Its database has to hold it.
    for name in case.files().iter().filter(|name| name.starts_with(".aehctl/emulator.db")) {
        let content = std::fs::read(case.path(name)).expect("the file can be read");
        assert!(name.contains('-') || content.windows(secret.len()).any(|window| window == secret.as_bytes()));
        std::fs::remove_file(case.path(name)).expect("it is there");
    }
    assert_nowhere(&[secret], &case, &ended);
}

#[test]
fn no_flag_takes_a_secret() {
    let commands: [&[&str]; 10] = [
        &[],
        &["plan"],
        &["apply"],
        &["observe"],
        &["export"],
        &["validate"],
        &["show"],
        &["get"],
        &["emulator", "serve"],
        &["fmt"],
    ];
    for command in commands {
        let help = Case::new().run(&[command, &["--help"]].concat()).exits(0).stdout;
        let flags: Vec<&str> = help.split_whitespace().filter(|word| word.starts_with("--")).collect();
        assert!(flags.len() > 5, "{help}");
        for flag in flags {
            for word in ["secret", "password", "token=", "bearer", "key", "credential"] {
                assert!(!flag.contains(word), "any process of the machine can read {flag}");
            }
        }
    }
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
