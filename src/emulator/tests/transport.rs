//! What holds for every operation: paths, hosts, sizes, the log and lag.

use std::net::SocketAddr;

use super::*;

#[tokio::test]
async fn unknown_things_are_404_or_400_by_switch() {
    let wrong = format!("/api-experience-hub/api/v1/connections/{}/apiPortals/nowhere/userGroups", ids::CONNECTION);
    let hub = demo_hub(&[]).await;
    assert_eq!(hub.get(&wrong).await.refused(404), "Portal nowhere was not found");
    hub.get("/api-experience-hub/api/v1/connections/nowhere/apiPortals").await.refused(404);
    hub.get("/somewhere").await.refused(404);
    hub.put("userGroups", &json!([])).await.refused(405);
    let hub = demo_hub(&["unknown-resource=400"]).await;
    assert_eq!(hub.get(&wrong).await.refused(400), "Portal nowhere was not found");
}

#[tokio::test]
async fn a_portal_answers_to_one_of_its_ids_only() {
    let path = |id: &str| {
        format!("/api-experience-hub/api/v1/connections/{}/apiPortals/{id}/prospects/count", ids::CONNECTION)
    };
    let hub = demo_hub(&[]).await;
    hub.get(&path(ids::TARGET)).await.ok();
    hub.get(&path(ids::PORTAL)).await.refused(404);
    let hub = demo_hub(&["portal-path=id"]).await;
    hub.get(&path(ids::PORTAL)).await.ok();
    hub.get(&path(ids::TARGET)).await.refused(404);
}

#[tokio::test]
async fn lists_are_wrapped_by_switch() {
    let hub = demo_hub(&["lists=wrapped"]).await;
    for (path, name) in [
        ("users", "users"),
        ("prospects", "prospects"),
        ("userGroups", "profiles"),
        ("userGroups/a0000001-0000-4000-8000-000000000004/groupMappings", "mappings"),
    ] {
        let reply = hub.get(path).await.ok();
        assert!(reply[name].is_array(), "{path}: {reply}");
    }
}

#[tokio::test]
async fn foreign_host_names_are_refused() {
    let hub = demo_hub(&[]).await;
    for (host, status) in [
        ("attacker.example", StatusCode::FORBIDDEN),
        ("127.0.0.1.attacker.example:80", StatusCode::FORBIDDEN),
        ("localhost", StatusCode::OK),
        ("LOCALHOST:1234", StatusCode::OK),
        ("[::1]:80", StatusCode::OK),
    ] {
        let request = hub.request(Method::GET, "/accounts/api/me").header("host", host);
        assert_eq!(request.send().await.expect("an answer").status(), status, "{host}");
    }
}

#[tokio::test]
async fn it_listens_on_loopback_alone() {
    let listen: SocketAddr = "0.0.0.0:0".parse().expect("an address");
    let error = start(Options { listen, ..Options::default() }).await.expect_err("refused");
    assert_eq!(error.to_string(), "the emulator listens on loopback addresses only, not on 0.0.0.0:0");
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let hub = demo_hub(&[]).await;
    let body = json!({"name": "x".repeat(3 * 1024 * 1024)});
    // The server may close the connection while the body is still being sent.
    if let Ok(response) = hub.request(Method::POST, &hub.path("userGroups")).json(&body).send().await {
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert!(!hub.running.dump().expect("the world can be written").contains("xxxx"));
}

#[tokio::test]
async fn broken_json_is_refused() {
    let hub = demo_hub(&[]).await;
    for body in ["", "{", "nonsense", "{\"name\": \"a\", \"name\": \"b\"}", "{\"name\": \"a\"} x", "\u{feff}{}"] {
        let request = hub.request(Method::POST, &hub.path("userGroups")).header("content-type", "application/json");
        hub.send(request.body(body)).await.refused(400);
    }
}

#[tokio::test]
async fn every_request_is_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("requests.jsonl");
    let options = Options { seed: Some(demo().to_owned()), request_log: Some(path.clone()), ..Options::default() };
    let hub = running(options).await;
    hub.get("users?searchTerm=x").await.ok();
    hub.get("/nowhere").await.refused(404);
    let text = std::fs::read_to_string(&path).expect("the log");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["method"].as_str(), line["operationId"].as_str(), line["status"].as_u64()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("POST"), Some("createV2Oauth2Token"), Some(200)),
            (Some("GET"), Some("getCommunityUsers"), Some(200)),
            (Some("GET"), None, Some(404)),
        ]
    );
    assert_eq!(lines[1]["path"], format!("{}/users?searchTerm=x", hub.portal));
    assert!(!text.contains(&hub.running.client_secret));
    assert!(!format!("{:?}", hub.running).contains(&hub.running.client_secret));
    assert_eq!(hub.running.requests().len(), 3);
    hub.running.forget_requests();
    assert_eq!(hub.running.requests(), []);
    hub.running.shutdown().await.expect("it stops");
}

#[tokio::test]
async fn reads_are_late_by_switch() {
    let hub = demo_hub(&["lag=2"]).await;
    let path = format!("users/{}", ids::KEN);
    let active = async || hub.get(&path).await.ok()["isActive"].clone();
    assert_eq!(active().await, true);
    hub.send(hub.request(Method::PATCH, &hub.path(&format!("{path}/disable")))).await.ok();
    assert_eq!([active().await, active().await, active().await, active().await], [true, true, false, false]);
    hub.get("prospects/nobody").await.refused(405);
    let asset = "assets/com.example/support-agent";
    hub.get(asset).await.refused(404);
    hub.post("assets", &json!([{"groupId": "com.example", "assetId": "support-agent"}])).await.ok();
    hub.get(asset).await.refused(404);
    hub.get(asset).await.refused(404);
    hub.get(asset).await.ok();
}
