//! What every operation sends.

use super::server::{Server, json, portal};
use crate::client::{AssetCoordinates, AssetQuery, ExchangeQuery, NewUserGroup, UserQuery};

/// Answers with what each operation's reader wants.
fn fitting(request: &super::server::Request) -> super::server::Reply {
    let path = request.target.split('?').next().unwrap();
    json(match path.rsplit('/').next().unwrap() {
        "count" => r#"{"count":5}"#,
        "me" => r#"{"client":{"org_id":"o"}}"#,
        "organizations" | "hierarchy" | "o" => r#"{"id":"o","name":"Example"}"#,
        "identityProviders" => r#"{"data":[],"total":0}"#,
        "u" | "g" if request.method == "GET" => r#"{"id":"u"}"#,
        "api" => r#"{"groupId":"com.example","assetId":"api"}"#,
        _ => "[]",
    })
}

#[tokio::test]
async fn every_operation_sends_what_the_contract_says() {
    let server = Server::new(fitting).await;
    let (reader, writer, portal) = (server.reader(), server.writer(), portal());
    let asset = AssetCoordinates { group_id: "com.example".into(), asset_id: "api".into() };
    let groups = ["g1".to_owned(), "g2".to_owned()];

    reader.connections().await.unwrap();
    reader.portals("conn/1").await.unwrap();
    reader.user_groups(&portal).await.unwrap();
    reader.group_mappings(&portal, "g").await.unwrap();
    reader.users(&portal, &UserQuery::default()).await.unwrap();
    reader.user(&portal, "u").await.unwrap();
    reader.prospects(&portal, None).await.unwrap();
    reader.prospects(&portal, Some("x y")).await.unwrap();
    assert_eq!(reader.prospect_count(&portal).await.unwrap(), 5);
    reader.search_assets(&portal, &AssetQuery::default()).await.unwrap();
    reader.asset(&portal, "com.example", "api").await.unwrap();
    reader.search_exchange_now(&portal, &ExchangeQuery::default()).await.unwrap();
    reader.search_exchange_legacy(&portal, &ExchangeQuery::default()).await.unwrap();
    reader.me().await.unwrap();
    reader.organization("o").await.unwrap();
    reader.hierarchy("o").await.unwrap();
    reader.identity_providers("o").await.unwrap();
    let new = NewUserGroup { name: "A".into(), description: None, parent: Some("g0".into()) };
    writer.create_user_group(&portal, &new).await.unwrap();
    let new = NewUserGroup { name: "B".into(), description: Some(String::new()), parent: None };
    writer.create_user_group(&portal, &new).await.unwrap();
    writer.update_user_group(&portal, "g", "C", "").await.unwrap();
    writer.delete_user_group(&portal, "g").await.unwrap();
    writer.add_group_mapping(&portal, "g", "idp", "CN=a/b").await.unwrap();
    writer.delete_group_mapping(&portal, "g", "idp", "CN=a/b").await.unwrap();
    writer.publish_assets(&portal, std::slice::from_ref(&asset)).await.unwrap();
    let versions = [("v1".to_owned(), groups.to_vec()), ("v2".to_owned(), vec![])];
    writer.update_asset(&portal, "com.example", "api", Some("Public"), &versions).await.unwrap();
    writer.update_asset(&portal, "com.example", "api", None, &[]).await.unwrap();
    writer.remove_assets(&portal, &[asset]).await.unwrap();
    writer.set_user_groups(&portal, "u", &groups).await.unwrap();
    writer.enable_user(&portal, "u").await.unwrap();
    writer.disable_user(&portal, "u").await.unwrap();
    writer.approve_prospect(&portal, "p", &groups).await.unwrap();
    writer.reject_prospect(&portal, "p").await.unwrap();

    let sent: Vec<String> = server
        .requests()
        .iter()
        .map(|request| {
            let target = request
                .target
                .replace("/api-experience-hub/api/v1", "")
                .replace("/connections/conn-001/apiPortals/p1", "…");
            format!("{} {target} {}", request.method, request.body).trim_end().to_owned()
        })
        .collect();
    insta::assert_snapshot!(sent.join("\n"), @r#"
    GET /connections
    GET /connections/conn%2F1/apiPortals
    GET …/userGroups
    GET …/userGroups/g/groupMappings
    GET …/users
    GET …/users/u
    GET …/prospects
    GET …/prospects?searchTerm=x%20y
    GET …/prospects/count
    POST …/assets/search {"sort":{"criteria":"NAME","direction":"ASC"}}
    GET …/assets/com.example/api
    POST …/assets/search/exchange {"sort":{"criteria":"NAME","direction":"ASC"}}
    POST …/assets/exchange/search {"sort":{"criteria":"NAME","direction":"ASC"}}
    GET /accounts/api/me
    GET /accounts/api/organizations/o
    GET /accounts/api/organizations/o/hierarchy
    GET /accounts/api/organizations/o/identityProviders?include_full_details=false&ascending=true&limit=500&offset=0
    POST …/userGroups {"name":"A","parentUserGroupId":"g0"}
    POST …/userGroups {"name":"B","description":""}
    PATCH …/userGroups/g {"name":"C","description":""}
    DELETE …/userGroups/g
    POST …/userGroups/g/groupMappings {"groupMappingName":"CN=a/b","idpId":"idp"}
    DELETE …/userGroups/g/groupMappings/idp/CN%3Da%2Fb
    POST …/assets [{"groupId":"com.example","assetId":"api"}]
    PATCH …/assets/com.example/api {"instancesVisibility":"Public","minorVersions":[{"minorVersion":"v1","profileVisibility":["g1","g2"]},{"minorVersion":"v2","profileVisibility":[]}]}
    PATCH …/assets/com.example/api {"minorVersions":[]}
    POST …/assets/remove [{"groupId":"com.example","assetId":"api"}]
    PUT …/users/u/userGroups ["g1","g2"]
    PATCH …/users/u/enable
    PATCH …/users/u/disable
    PATCH …/prospects/p {"userGroupIds":["g1","g2"]}
    DELETE …/prospects/p
    "#);
    for request in server.requests() {
        let sized = request.header("content-length").is_some();
        assert_eq!(sized, matches!(request.method.as_str(), "POST" | "PUT" | "PATCH"), "{request:?}");
        assert_eq!(request.header("content-type").is_some(), !request.body.is_empty());
        assert!(request.header("user-agent").unwrap().starts_with("aehctl/"));
    }
}

#[tokio::test]
async fn a_new_groups_id_is_taken_if_it_comes() {
    for (body, id) in [
        ("", None),
        (r#"{"id":"g9","name":"A"}"#, Some("g9")),
        (r#"{"id":9}"#, Some("9")),
        (r#"{"name":"A"}"#, None),
        ("OK", None),
    ] {
        let server = Server::replying([json(body)]).await;
        let new = NewUserGroup { name: "A".into(), description: None, parent: None };
        assert_eq!(server.writer().create_user_group(&portal(), &new).await.unwrap().as_deref(), id);
    }
}

#[tokio::test]
async fn what_no_url_can_carry_is_not_sent() {
    let server = Server::replying([json("")]).await;
    for name in ["", ".", ".."] {
        let error = server.writer().delete_group_mapping(&portal(), "g", "idp", name).await.unwrap_err();
        assert_eq!(error.kind(), crate::client::Kind::Unaddressable);
        assert!(error.certainly_no_effect());
    }
    assert!(server.all_requests().is_empty());
}
