//! Sign-in, organizations and identity providers.

use std::time::Duration;

use super::*;

const PROVIDERS: &str = "/accounts/api/organizations/0e000001-0000-4000-8000-000000000001/identityProviders";

#[tokio::test]
async fn a_token_is_asked_for_checked_and_expires() {
    let mut hub = demo_hub(&[]).await;
    let connections = "/api-experience-hub/api/v1/connections";
    assert_eq!(hub.get(connections).await.ok()[0]["id"], ids::CONNECTION);
    hub.running.expire_tokens();
    assert!(hub.get(connections).await.refused(401).contains("has expired"));
    hub.token = "made-up".to_owned();
    hub.get(connections).await.refused(401);
    let without = hub.client.get(format!("{}{connections}", hub.running.url));
    assert_eq!(hub.send(without).await.refused(401), "A bearer token is required");
}

#[tokio::test]
async fn a_token_lives_as_long_as_the_options_say() {
    let options = Options { token_lifetime: Duration::ZERO, seed: Some(demo().to_owned()), ..Options::default() };
    let hub = running(options).await;
    hub.get("/accounts/api/me").await.refused(401);
}

#[tokio::test]
async fn sign_in_checks_its_credentials_and_its_body() {
    let hub = demo_hub(&[]).await;
    let token = "/accounts/api/v2/oauth2/token";
    let (id, secret) = (&hub.running.client_id, &hub.running.client_secret);
    let good = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let reply = hub.post(token, &good).await.ok();
    assert_eq!((&reply["token_type"], &reply["expires_in"]), (&json!("bearer"), &json!(3600)));
    let wrong = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": "x"});
    hub.post(token, &wrong).await.refused(401);
    hub.post(token, &json!({"grant_type": "password", "client_id": id, "client_secret": secret})).await.refused(400);
    hub.post(token, &json!({"grant_type": "client_credentials", "client_id": id})).await.refused(400);
    hub.post(token, &json!({"grantType": "client_credentials"})).await.refused(400);
}

#[tokio::test]
async fn a_connected_app_and_a_user_are_told_apart() {
    let mut hub = demo_hub(&[]).await;
    let me = hub.get("/accounts/api/me").await.ok();
    assert_eq!(me["client"]["org_id"], ids::ROOT);
    assert_eq!(me["user"], Value::Null);
    let (username, password) = (hub.running.username.clone(), hub.running.password.clone());
    let login = "/accounts/api/login";
    hub.post(login, &json!({"username": username, "password": "guess"})).await.refused(401);
    let session = hub.post(login, &json!({"username": username, "password": password})).await.ok();
    session["access_token"].as_str().expect("a token").clone_into(&mut hub.token);
    let me = hub.get("/accounts/api/me").await.ok();
    assert_eq!(me["user"]["organization"]["id"], ids::ROOT);
    assert_eq!(me["user"]["username"], username);
}

#[tokio::test]
async fn organizations_form_a_tree_with_one_master() {
    let hub = demo_hub(&[]).await;
    let root = hub.get(&format!("/accounts/api/organizations/{}", ids::ROOT)).await.ok();
    assert_eq!(root["entitlements"]["apiExperienceHub"]["enabled"], true);
    assert_eq!(root["parentOrganizationIds"], json!([]));
    let tree = hub.get(&format!("/accounts/api/organizations/{}/hierarchy", ids::ROOT)).await.ok();
    assert_eq!(tree["isMaster"], true);
    let logistics = &tree["subOrganizations"][1];
    assert_eq!(logistics["name"], "Logistics");
    assert_eq!(logistics["isMaster"], false);
    let nested = &logistics["subOrganizations"][0];
    assert_eq!((&nested["id"], &nested["name"]), (&json!(ids::WAREHOUSING), &json!("Warehousing")));
    assert_eq!(nested["parentOrganizationIds"], json!([ids::ROOT, logistics["id"]]));
    hub.get(&format!("/accounts/api/organizations/{}", ids::NOBODY)).await.refused(404);
}

#[tokio::test]
async fn identity_providers_are_the_root_organizations_alone() {
    let hub = demo_hub(&[]).await;
    let list = |query: &str| format!("{PROVIDERS}?{query}");
    let all = hub.get(&list("include_full_details=true&ascending=true&limit=500")).await.ok();
    assert_eq!(all["total"], 4);
    let names = |list: &Value| -> Vec<String> {
        list["data"].as_array().into_iter().flatten().map(|row| row["name"].to_string()).collect()
    };
    assert_eq!(all["data"][3]["provider_id"], "mulesoft");
    let page = hub.get(&list("include_full_details=true&ascending=false&sort=name&limit=2&offset=1")).await.ok();
    assert_eq!((names(&page), &page["total"]), (vec!["\"Okta\"".into(), "\"Corporate SAML\"".into()], &json!(4)));
    let saml = hub.get(&list("include_full_details=true&ascending=true&idp_type=saml,ldap")).await.ok();
    assert_eq!(saml["data"][0]["provider_id"], ids::SAML);
    assert_eq!(saml["total"], 1);
    let found = hub.get(&list("include_full_details=true&ascending=true&search=OKT")).await.ok();
    assert_eq!(names(&found), ["\"Okta\""]);

    hub.get(&list("include_full_details=true&ascending=true&limit=501")).await.refused(400);
    assert!(hub.get(&list("include_full_details=true")).await.refused(400).contains("ascending"));
    let business_group = format!(
        "/accounts/api/organizations/{}/identityProviders?include_full_details=true&ascending=true",
        ids::FINANCE
    );
    hub.get(&business_group).await.refused(405);
}
