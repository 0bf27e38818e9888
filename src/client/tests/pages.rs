//! Lists in pages against servers that clamp, repeat and ignore.

use futures_util::StreamExt;

use super::server::{Reply, Request, Server, answer, json, portal};
use crate::client::{AssetQuery, ExchangeQuery, Kind, UserQuery};

fn number(request: &Request, name: &str) -> usize {
    request.header(name).unwrap().parse().unwrap()
}

fn users(numbers: impl Iterator<Item = usize>) -> Reply {
    let rows: Vec<String> = numbers.map(|number| format!(r#"{{"id":"u{number}","email":"u{number}@x"}}"#)).collect();
    json(&format!("[{}]", rows.join(",")))
}

fn assets(numbers: impl Iterator<Item = usize>) -> Reply {
    let rows: Vec<String> = numbers.map(|number| format!(r#"{{"groupId":"g","assetId":"a{number}"}}"#)).collect();
    json(&format!(r#"{{"assets":[{}],"facets":{{"categories":[],"tags":[]}}}}"#, rows.join(",")))
}

#[tokio::test]
async fn a_clamped_list_is_read_to_its_end() {
    let server = Server::new(|request| {
        let (limit, offset) = (number(request, "x-limit").min(40), number(request, "x-offset"));
        users((offset..95).take(limit))
    })
    .await;
    let read = server.reader().users(&portal(), &UserQuery::default()).await.unwrap();
    assert_eq!(read.len(), 95);
    assert_eq!(read[94].id, "u94");
    let asked: Vec<_> =
        server.requests().iter().map(|request| (number(request, "x-limit"), number(request, "x-offset"))).collect();
    assert_eq!(asked, [(100, 0), (100, 40), (100, 80), (100, 95)]);
    assert!(server.requests().iter().all(|request| request.header("x-from").is_none()));
}

#[tokio::test]
async fn searches_page_by_another_header_with_the_same_body() {
    let server = Server::new(|request| {
        let offset = number(request, "x-from");
        assets((offset..150).take(100))
    })
    .await;
    let query = AssetQuery {
        user_group_id: Some("g1".into()),
        tags: vec!["payments".into()],
        show_inherited: Some(false),
        ..AssetQuery::default()
    };
    let read = server.reader().search_assets(&portal(), &query).await.unwrap();
    assert_eq!(read.len(), 150);
    assert_eq!(server.requests().len(), 3);
    for request in server.requests() {
        assert_eq!(
            request.body,
            r#"{"userGroupId":"g1","tags":["payments"],"sort":{"criteria":"NAME","direction":"ASC"},"showInherited":false}"#
        );
        assert_eq!((request.header("content-type"), request.header("x-offset")), (Some("application/json"), None));
    }
}

#[tokio::test]
async fn rows_that_move_between_pages_come_once() {
    let server = Server::new(|request| match number(request, "x-offset") {
        0 => users(0..100),
        100 => users(98..120),
        122 => users(std::iter::empty()),
        other => panic!("asked for {other}"),
    })
    .await;
    let read = server.reader().users(&portal(), &UserQuery::default()).await.unwrap();
    let ids: std::collections::BTreeSet<_> = read.iter().map(|user| &user.id).collect();
    assert_eq!((read.len(), ids.len()), (120, 120));
}

#[tokio::test]
async fn ignored_headers_are_a_loud_error() {
    let server = Server::replying([users(0..25)]).await;
    let error = server.reader().users(&portal(), &UserQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation_id()), (Kind::Paging, "getCommunityUsers"));
    assert!(error.message().starts_with("the page at x-offset: 25 brings nothing"), "{error}");
    let server = Server::replying([assets(0..25)]).await;
    let error = server.reader().search_assets(&portal(), &AssetQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation_id()), (Kind::Paging, "searchCommunityAssets"));
}

#[tokio::test]
async fn a_server_that_counts_pages_is_a_loud_error() {
    let server = Server::new(|request| assets((0..250).skip(number(request, "x-from") * 100).take(100))).await;
    let error = server.reader().search_assets(&portal(), &AssetQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation_id()), (Kind::Paging, "searchCommunityAssets"));
    assert!(error.message().contains("does the server count pages?"), "{error}");
    // A list that fills one page exactly takes one request more, and is whole.
    for (rows, requests) in [(99, 2), (100, 3), (101, 3), (200, 3)] {
        let server = Server::new(move |request| assets((number(request, "x-from")..rows).take(100))).await;
        let read = server.reader().search_assets(&portal(), &AssetQuery::default()).await.unwrap();
        assert_eq!((read.len(), server.requests().len()), (rows, requests));
    }
}

#[tokio::test]
async fn the_next_page_is_asked_for_when_it_is_wanted() {
    let server = Server::new(|request| users((number(request, "x-offset")..150).take(100))).await;
    let mut pages = server.reader().user_pages(&portal(), &UserQuery::default());
    assert_eq!(server.requests().len(), 0);
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 100);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 50);
    assert!(pages.next().await.is_none());
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_failing_page_ends_the_stream() {
    let server = Server::replying([users(0..100), answer(403, "")]).await;
    let mut pages = server.reader().user_pages(&portal(), &UserQuery::default());
    assert!(pages.next().await.unwrap().is_ok());
    assert!(pages.next().await.unwrap().is_err());
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn filters_stand_in_the_query() {
    let server = Server::replying([json("[]")]).await;
    let query = UserQuery { search_term: Some("a&b=c/ü".into()), is_active: Some(false) };
    server.reader().users(&portal(), &query).await.unwrap();
    assert!(server.requests()[0].target.ends_with("/users?searchTerm=a%26b%3Dc%2F%C3%BC&isActive=false"));
}

#[tokio::test]
async fn an_old_hub_is_searched_the_old_way() {
    for status in [404, 405] {
        let server = Server::new(move |request| {
            if request.target.ends_with("/search/exchange") {
                return answer(status, "");
            }
            json(if request.header("x-from") == Some("0") {
                r#"[{"groupId":"g","assetId":"a","latestVersion":"1.10"}]"#
            } else {
                "[]"
            })
        })
        .await;
        let query = ExchangeQuery { search_term: Some("order".into()), ..ExchangeQuery::default() };
        let read = server.reader().search_exchange(&portal(), &query).await.unwrap();
        assert_eq!((read.len(), read[0].latest_version.as_deref()), (1, Some("1.10")));
        let requests = server.requests();
        assert!(requests[1].target.ends_with("/assets/exchange/search"));
        assert_eq!(requests[1].body, requests[0].body);
        assert_eq!(requests.len(), 3);
    }
}

#[tokio::test]
async fn other_failures_of_the_search_are_not_papered_over() {
    let server = Server::replying([answer(403, "")]).await;
    let error = server.reader().search_exchange(&portal(), &ExchangeQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation_id()), (Kind::Forbidden, "searchExchangeAssets"));
    assert!(error.hint().unwrap().contains("Exchange Viewer"));
    let server = Server::replying([answer(404, "")]).await;
    let error = server.reader().search_exchange(&portal(), &ExchangeQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation_id()), (Kind::NotFound, "searchExchangeAssets"));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn identity_providers_page_by_query() {
    let server = Server::new(|request| {
        let offset: usize = request.target.rsplit_once("offset=").unwrap().1.parse().unwrap();
        let rows: Vec<String> = (offset..7)
            .take(3)
            .map(|number| format!(r#"{{"provider_id":"p{number}","name":"n","type":{{"name":"saml"}}}}"#))
            .collect();
        json(&format!(r#"{{"data":[{}],"total":7}}"#, rows.join(",")))
    })
    .await;
    assert_eq!(server.reader().identity_providers("o").await.unwrap().len(), 7);
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets.len(), 3);
    assert_eq!(
        targets[2],
        "/accounts/api/organizations/o/identityProviders?include_full_details=false&ascending=true&limit=500&offset=6"
    );
    let server = Server::replying([json(r#"{"data":[{"provider_id":"p","name":"n"}],"total":2}"#)]).await;
    assert_eq!(server.reader().identity_providers("o").await.unwrap_err().kind(), Kind::Paging);
    let server = Server::replying([answer(405, "")]).await;
    let error = server.reader().identity_providers("o").await.unwrap_err();
    assert!(error.hint().unwrap().contains("root organization"));
}
