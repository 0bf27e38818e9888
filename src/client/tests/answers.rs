//! Answers of every shape, good and bad.

use super::server::{Reply, Server, answer, json, portal};
use crate::client::{AssetCoordinates, Client, Error, Kind, Options, UserGroup};

async fn groups(reply: Reply) -> Result<Vec<UserGroup>, Error> {
    Server::replying([reply]).await.reader().user_groups(&portal()).await
}

#[tokio::test]
async fn the_contracts_examples_are_read() {
    let tree = groups(json(
        r#"[{"id":"550e8400","name":"Everyone","isDefault":true,"isPublic":true,"isAdmin":null,"createdDate":"2024-01-10T08:00:00Z",
            "children":[{"id":660,"name":"API Developers","description":"d","children":null,"unknown":{"a":[1]}}]}]"#,
    ))
    .await
    .unwrap();
    assert_eq!((tree.len(), tree[0].children.len()), (1, 1));
    assert!(tree[0].is_default && tree[0].is_public && !tree[0].is_admin);
    assert_eq!((tree[0].children[0].id.as_str(), tree[0].children[0].description.as_deref()), ("660", Some("d")));

    let server = Server::replying([json(
        r#"{"assetId":"payment-api","groupId":"com.example","name":"Payment API","instanceVisibility":"All","type":"rest-api",
            "minorVersionProfilesVisibility":[{"minorVersion":"v1","profileVisibility":["550e8400"]},
            {"minorVersion":2,"profileVisibility":[]},{"minorVersion":"1.0"},{"minorVersion":"v4","profileVisibility":null}]}"#,
    )])
    .await;
    let asset = server.reader().asset(&portal(), "com.example", "payment-api").await.unwrap();
    let versions: Vec<_> =
        asset.versions.unwrap().into_iter().map(|version| (version.minor_version, version.groups)).collect();
    assert_eq!(
        versions,
        [
            ("v1".to_owned(), Some(vec!["550e8400".to_owned()])),
            ("2".to_owned(), Some(vec![])),
            ("1.0".to_owned(), None),
            ("v4".to_owned(), None),
        ]
    );
    let server = Server::replying([json(r#"{"assetId":"a","groupId":"g"}"#)]).await;
    assert_eq!(server.reader().asset(&portal(), "g", "a").await.unwrap().versions, None);
}

#[tokio::test]
async fn unknown_memberships_are_not_taken_for_none() {
    let server = Server::replying([json(r#"{"id":"user-001","email":null}"#)]).await;
    let user = server.reader().user(&portal(), "user-001").await.unwrap();
    assert_eq!((user.user_group_ids, user.email), (None, None));
}

#[tokio::test]
async fn lists_come_bare_or_wrapped_whatever_their_declared_type() {
    for body in [
        r#"[{"id":"g","name":"n"}]"#,
        r#"{"profiles":[{"id":"g","name":"n"}]}"#,
        r#" {"data":[{"id":"g","name":"n"}]} "#,
    ] {
        assert_eq!(groups(json(body).with("content-type", "text/plain")).await.unwrap().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_names_the_operation() {
    let deep = format!("{}{}", r#"[{"id":"a","name":"n","children":"#.repeat(200), "[]");
    for (body, message) in [
        ("", "the answer is empty"),
        ("   ", "the answer is empty"),
        ("[{", "the answer is cut short: EOF while parsing an object at line 1 column 2"),
        ("<!doctype html><p>Sign in", "the answer is a web page, not JSON; is a proxy or sign-in page in between?"),
        ("OK", "the answer is not JSON: expected value at line 1 column 1"),
        ("[] []", "the answer is not JSON: trailing characters at line 1 column 4"),
        ("{}", "the answer has an unexpected shape: an object without a list at line 1 column 2"),
        (
            "null",
            "the answer has an unexpected shape: invalid type: null, expected a list, or an object that holds one at line 1 column 4",
        ),
        (r#"[{"name":"n"}]"#, "the answer has an unexpected shape: missing field `id` at line 1 column 13"),
        (
            r#"[{"id":"g","name":{}}]"#,
            "the answer has an unexpected shape: invalid type: map, expected a string at line 1 column 18",
        ),
        (&deep, "the answer is not JSON: recursion limit exceeded at line 1 column 2081"),
        (
            r#"[{"id":"a","name":"n","children":[{"id":"b","name":"n","children":[{"id":"a","name":"n"}]}]}]"#,
            "user group a stands twice in the tree",
        ),
    ] {
        let error = groups(json(body)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation_id(), error.message()),
            (Kind::Decode, "getAllProfilesByPortal", message)
        );
    }
}

#[tokio::test]
async fn hostile_text_in_an_answer_is_harmless_in_the_error() {
    let error =
        groups(json("[{\"id\":\"g\",\"name\":\"n\",\"isAdmin\":\"\\u001b[31m\\u202e\\n\"}]")).await.unwrap_err();
    assert!(error.message().contains(r"\u{202e}"), "{error}");
    assert!(!error.to_string().contains(['\u{1b}', '\u{202e}', '\n']), "{error:?}");
    let error = groups(answer(400, "{\"message\":\"a\\u001b]0;x\\u0007\\r\\nb\"}")).await.unwrap_err();
    assert_eq!(error.message(), r"a\u{1b}]0;x\u{7} b");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_dropped() {
    let server = Server::replying([json(&format!("[{}]", " ".repeat(5000)))]).await;
    let client = Client::new(Options { max_body: 4096, ..server.options() }).unwrap();
    let error = client.reader().connections().await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Decode, "the answer is larger than 4096 bytes"));
    assert_eq!(server.requests().len(), 1);
}

/// `[`, 300,000 blanks and `]`.
const SQUEEZED: &str = "1f8b0800000000000203edc1010d00000c02a02aefe5debf863d1c90030000000000000000000000000000000000000000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000000000000000000000000000000080215fc1dbfbe9e2930400";

fn squeezed() -> Reply {
    let bytes: Vec<u8> =
        (0..SQUEEZED.len()).step_by(2).map(|at| u8::from_str_radix(&SQUEEZED[at..at + 2], 16).unwrap()).collect();
    Reply::Answer { status: 200, headers: vec![("content-encoding", "gzip".into())], body: bytes }
}

#[tokio::test]
async fn the_size_that_counts_is_the_decompressed_one() {
    let server = Server::replying([squeezed()]).await;
    assert_eq!(server.reader().connections().await.unwrap(), []);
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
    let client = Client::new(Options { max_body: 100_000, ..server.options() }).unwrap();
    let error = client.reader().connections().await.unwrap_err();
    assert_eq!(error.message(), "the answer is larger than 100000 bytes");
}

#[tokio::test]
async fn an_error_of_any_size_gives_a_short_message() {
    let error = groups(answer(400, &"x".repeat(1 << 20))).await.unwrap_err();
    assert!(error.message().chars().count() < 500);
}

#[tokio::test]
async fn a_garbled_success_of_a_write_is_an_unknown_outcome() {
    let asset = AssetCoordinates { group_id: "g".into(), asset_id: "a".into() };
    let server = Server::replying([json("<html>")]).await;
    let error = server.writer().publish_assets(&portal(), std::slice::from_ref(&asset)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decode);
    assert!(error.outcome_unknown());
    assert_eq!(server.requests().len(), 1);
    // Where no answer is documented, none matters.
    let server = Server::replying([json("<html>")]).await;
    server.writer().remove_assets(&portal(), &[asset]).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_an_error_and_the_token_stays_here() {
    let elsewhere = Server::replying([json("[]")]).await;
    let target = format!("http://{}/x?token=planted#planted", elsewhere.address);
    for status in [301, 302, 307, 308] {
        let server = Server::replying([answer(status, "").with("location", &target)]).await;
        let error = server.reader().connections().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Redirected);
        let message = format!("it redirects to http://{}/x, and redirects are not followed", elsewhere.address);
        assert_eq!(error.message(), message);
        assert!(error.hint().unwrap().contains("--host"));
    }
    assert!(elsewhere.all_requests().is_empty());
}

#[tokio::test]
async fn a_404_says_what_was_looked_for_and_a_403_what_is_missing() {
    let server = Server::replying([answer(404, "")]).await;
    let error = server.reader().asset(&portal(), "com.example", "payment\u{1b}").await.unwrap_err();
    let hint = format!(
        r"looked for asset com.example/payment\u{{1b}} in portal p1 of connection conn-001 at http://{}",
        server.address
    );
    assert_eq!(error.hint(), Some(hint.as_str()));
    assert!(error.is_not_found());
    let server = Server::replying([answer(403, "")]).await;
    let error = server.writer().publish_assets(&portal(), &[]).await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("Exchange Viewer") && hint.contains("signed in with the connected app"), "{hint}");
}

#[tokio::test]
async fn a_business_group_that_holds_itself_is_an_error() {
    let server = Server::replying([json(
        r#"{"id":"r","name":"Root","isMaster":true,"parentOrganizationIds":[],
            "subOrganizations":[{"id":"f","name":"Finance","parentOrganizationIds":["r"],"subOrganizations":[{"id":"r","name":"Root"}]}]}"#,
    )])
    .await;
    let error = server.reader().hierarchy("r").await.unwrap_err();
    assert_eq!(error.message(), "business group r stands twice in the tree");
}
