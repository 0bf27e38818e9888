//! Publishing, visibility, and the three searches.

use super::*;

const PAYMENT: &str = "0e000001-0000-4000-8000-000000000002/payment-api";
const STOCK: &str = "0e000001-0000-4000-8000-000000000004/stock-api";

fn coordinates(group: &str, asset: &str) -> Value {
    json!({"groupId": group, "assetId": asset})
}

fn version(name: &str, groups: &[&str]) -> Value {
    json!({"minorVersion": name, "profileVisibility": groups})
}

fn asset_ids(reply: &Value) -> Vec<&str> {
    let list = reply.get("assets").unwrap_or(reply).as_array().expect("a list of assets");
    list.iter().map(|asset| asset["assetId"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn reading_and_writing_name_visibility_differently() {
    let hub = demo_hub(&[]).await;
    let detail = hub.get(&format!("assets/{PAYMENT}")).await.ok();
    assert_eq!((&detail["instanceVisibility"], &detail["type"]), (&json!("Public"), &json!("rest-api")));
    let path = format!("assets/{PAYMENT}");
    let body = json!({"instancesVisibility": "All", "minorVersions": [version("v2", &[ids::GOLD, ids::GOLD])]});
    assert_eq!(hub.patch(&path, &body).await, Reply { status: 200, body: Value::Null });
    assert_eq!(hub.get(&path).await.ok()["instanceVisibility"], "All");
    assert_eq!(hub.audiences(PAYMENT).await, json!({"v1": [], "v2": [ids::GOLD], "v3": []}));
    hub.patch(&path, &json!({"minorVersions": []})).await.ok();
    assert_eq!(hub.get(&path).await.ok()["instanceVisibility"], "All");
}

#[tokio::test]
async fn a_careless_update_is_refused_and_changes_nothing() {
    let hub = demo_hub(&[]).await;
    let path = format!("assets/{PAYMENT}");
    let before = hub.running.dump().expect("the world can be written");
    for (body, what) in [
        (json!({"instanceVisibility": "All", "minorVersions": []}), "unknown field `instanceVisibility`"),
        (json!({"minorVersionProfilesVisibility": []}), "unknown field"),
        (json!({"minorVersions": [["v1", []]]}), "where an object is expected"),
        (json!({"instancesVisibility": "All"}), "missing field `minorVersions`"),
        (json!({"instancesVisibility": "all", "minorVersions": []}), "unknown variant"),
        (json!({"instancesVisibility": "All", "minorVersions": [version("1.0", &[])]}), "does not match"),
        (json!({"instancesVisibility": "All", "minorVersions": [version("v4", &[])]}), "no version v4"),
        (json!({"instancesVisibility": "All", "minorVersions": [version("1", &[])]}), "no version 1"),
        (json!({"instancesVisibility": "All", "minorVersions": [version("v1", &[ids::NOBODY])]}), "does not exist"),
        (json!({"instancesVisibility": "All", "minorVersions": [version("v1", &[]), version("v1", &[])]}), "twice"),
    ] {
        let message = hub.patch(&path, &body).await.refused(400);
        assert!(message.contains(what), "{body}: {message}");
    }
    hub.patch("assets/com.example/support-agent", &json!({"minorVersions": []})).await.refused(404);
    assert_eq!(hub.running.dump().expect("the world can be written"), before);
}

#[tokio::test]
async fn publishing_shows_the_latest_version_to_administrators() {
    let hub = demo_hub(&[]).await;
    let wanted = json!([
        coordinates("com.example", "support-agent"),
        coordinates("com.example", "no-such-api"),
        coordinates(ids::WAREHOUSING, "picking-service"),
        coordinates(ids::FINANCE, "payment-api"),
    ]);
    let published = hub.post("assets", &wanted).await.ok();
    assert_eq!(asset_ids(&published), ["support-agent", "picking-service", "payment-api"]);
    assert_eq!(hub.audiences("com.example/support-agent").await, json!({"v1": [ids::ADMINISTRATORS]}));
    assert_eq!(hub.audiences(PAYMENT).await["v3"], json!([ids::ADMINISTRATORS, ids::BETA]), "it was published before");
    hub.post("assets/remove", &json!([coordinates(ids::WAREHOUSING, "stock-api")])).await.ok();
    hub.get(&format!("assets/{STOCK}")).await.refused(404);
    hub.post("assets/remove", &json!([coordinates(ids::WAREHOUSING, "stock-api")])).await.refused(400);
    hub.post("assets", &json!([coordinates(ids::WAREHOUSING, "stock-api")])).await.ok();
    assert_eq!(hub.audiences(STOCK).await, json!({"v1": [], "v2": [], "v3": [], "v4": [ids::ADMINISTRATORS]}));
    assert_eq!(hub.get(&format!("assets/{STOCK}")).await.ok()["instanceVisibility"], "Public");
    hub.post("assets", &json!([{"groupId": "com.example", "assetId": "order-api", "version": "v1"}]))
        .await
        .refused(400);
    hub.post("assets", &json!({"assets": []})).await.refused(400);
}

#[tokio::test]
async fn switches_take_the_other_side_of_publishing() {
    let everyone = demo_hub(&["publish-audience=everyone", "republish=reset"]).await;
    everyone.post("assets", &json!([coordinates(ids::FINANCE, "payment-api")])).await.ok();
    let guests = json!([ids::GUESTS]);
    assert_eq!(everyone.audiences(PAYMENT).await, json!({"v1": guests, "v2": guests, "v3": guests}));

    let strict = demo_hub(&["publish-batch=refuses", "republish=refused"]).await;
    let batch = json!([coordinates("com.example", "support-agent"), coordinates("com.example", "no-such-api")]);
    assert!(strict.post("assets", &batch).await.refused(400).contains("not found in Exchange"));
    strict.get("assets/com.example/support-agent").await.refused(404);
    let again = json!([coordinates("com.example", "order-api")]);
    assert!(strict.post("assets", &again).await.refused(400).contains("published already"));
    let lenient = demo_hub(&["republish=refused"]).await;
    assert_eq!(lenient.post("assets", &again).await.ok(), json!([]));
}

#[tokio::test]
async fn a_portal_has_a_limit_of_assets() {
    let hub = demo_hub(&["assets-limit=9"]).await;
    hub.post("assets", &json!([coordinates("com.example", "support-agent")])).await.ok();
    let more = json!([coordinates(ids::FINANCE, "ledger-events")]);
    assert!(hub.post("assets", &more).await.refused(400).contains("at most 9"));
    assert_eq!(Switches::default().assets_limit, 7000);
}

#[tokio::test]
async fn switches_take_the_other_side_of_an_update() {
    let path = format!("assets/{PAYMENT}");
    let merging = demo_hub(&["asset-patch=merges", "instances-omitted=public", "unknown-version=taken"]).await;
    let body = json!({"instancesVisibility": "All", "minorVersions": [version("v9", &[ids::GOLD])]});
    merging.patch(&path, &body).await.ok();
    let audiences = merging.audiences(PAYMENT).await;
    assert_eq!(audiences["v1"], json!([ids::ADMINISTRATORS, ids::MEMBERS]));
    assert_eq!(audiences["v9"], json!([ids::GOLD]));
    merging.patch(&path, &json!({"minorVersions": []})).await.ok();
    assert_eq!(merging.get(&path).await.ok()["instanceVisibility"], "Public");

    let required = demo_hub(&["admin-audience=required"]).await;
    let without = json!({"minorVersions": [version("v1", &[ids::GOLD])]});
    assert!(required.patch(&path, &without).await.refused(400).contains("administrators"));
    required.patch(&path, &json!({"minorVersions": [version("v1", &[ids::ADMINISTRATORS])]})).await.ok();
}

#[tokio::test]
async fn versions_that_are_spelt_otherwise_are_taken_by_switch_alone() {
    let seed = demo()
        .replace("minorVersion: v1, profileVisibility: [a0000001-0000-4000-8000-000000000002]", "minorVersion: 1.0");
    let asset = format!("{}/exchange-rates", ids::FINANCE);
    let body = json!({"minorVersions": [version("1.0", &[ids::GOLD])]});
    let strict = seeded(&seed, &[]).await;
    assert_eq!(strict.audiences(&asset).await, json!({"v1": [], "v2": [], "1.0": []}));
    strict.patch(&format!("assets/{asset}"), &body).await.refused(400);
    let lenient = seeded(&seed, &["version-pattern=any"]).await;
    lenient.patch(&format!("assets/{asset}"), &body).await.ok();
    assert_eq!(lenient.audiences(&asset).await["1.0"], json!([ids::GOLD]));
}

#[tokio::test]
async fn a_version_that_came_later_is_seen_by_nobody() {
    let asset = format!("{}/exchange-rates", ids::FINANCE);
    let hub = demo_hub(&[]).await;
    assert_eq!(hub.audiences(&asset).await, json!({"v1": [ids::GUESTS], "v2": []}));
    let hub = demo_hub(&["later-version=unlisted"]).await;
    assert_eq!(hub.audiences(&asset).await, json!({"v1": [ids::GUESTS]}));
    let body = json!({"minorVersions": [version("v1", &[]), version("v2", &[ids::GUESTS])]});
    hub.patch(&format!("assets/{asset}"), &body).await.ok();
    assert_eq!(hub.audiences(&asset).await, json!({"v1": [], "v2": [ids::GUESTS]}));
}

#[tokio::test]
async fn published_assets_are_found() {
    let hub = demo_hub(&[]).await;
    let found = async |body: Value| hub.post("assets/search", &body).await.ok();
    let all = found(json!({})).await;
    assert_eq!(
        asset_ids(&all),
        [
            "customer-api",
            "exchange-rates",
            "invoice-api",
            "legacy-orders",
            "order-api",
            "payment-api",
            "shipment-api",
            "stock-api"
        ]
    );
    assert_eq!(all["facets"]["categories"], json!(["Department:Finance", "Department:Logistics", "Department:Sales"]));
    assert_eq!(asset_ids(&found(json!({"searchTerm": "ORDER"})).await), ["legacy-orders", "order-api"]);
    let tagged = found(json!({"categories": ["Department:Sales"], "tags": ["deprecated"]})).await;
    assert_eq!(asset_ids(&tagged), ["legacy-orders"]);
    assert_eq!(tagged["facets"]["tags"], json!(["deprecated", "orders"]));
    let sorted = json!({"sort": {"criteria": "NAME", "direction": "DESC"}, "tags": ["orders"]});
    assert_eq!(asset_ids(&found(sorted).await), ["order-api", "legacy-orders"]);
    for careless in [
        json!({"sort": {"criteria": "NAME"}}),
        json!({"sort": ["ASC", "NAME"]}),
        json!({"categories": ["Sales"]}),
        json!({"term": "x"}),
        json!({"userGroupId": ids::NOBODY}),
        json!({"tags": null}),
    ] {
        hub.post("assets/search", &careless).await.refused(400);
    }
}

#[tokio::test]
async fn a_group_sees_what_the_groups_above_it_see() {
    let hub = demo_hub(&[]).await;
    let seen = async |inherited: Value| {
        let mut body = json!({"userGroupId": ids::GOLD});
        body["showInherited"] = inherited;
        hub.post("assets/search", &body).await.ok()
    };
    assert_eq!(asset_ids(&seen(json!(false)).await), ["invoice-api", "order-api", "payment-api"]);
    assert_eq!(
        asset_ids(&seen(json!(true)).await),
        ["customer-api", "exchange-rates", "invoice-api", "legacy-orders", "order-api", "payment-api", "shipment-api"]
    );
    let direct = hub.post("assets/search", &json!({"userGroupId": ids::GOLD})).await.ok();
    assert_eq!(asset_ids(&direct).len(), 3);
}

#[tokio::test]
async fn both_searches_of_exchange_find_what_could_be_published() {
    let hub = demo_hub(&[]).await;
    let body = json!({"searchTerm": "stock", "sort": {"criteria": "NAME", "direction": "ASC"}});
    let new = hub.post("assets/search/exchange", &body).await.ok();
    assert_eq!(asset_ids(&new), ["stock-api"]);
    assert_eq!(new["assets"][0]["latestVersion"], "4.0.0");
    assert_eq!(new["assets"][0]["businessGroupName"], "Warehousing");
    assert_eq!(new["facets"]["tags"], json!(["stock"]));
    let old = hub.post("assets/exchange/search", &body).await.ok();
    assert_eq!(old, new["assets"]);
    hub.post("assets/search/exchange", &json!({"userGroupId": ids::GOLD})).await.refused(400);

    let legacy = demo_hub(&["exchange-search=legacy"]).await;
    legacy.post("assets/search/exchange", &body).await.refused(404);
    assert_eq!(legacy.post("assets/exchange/search", &body).await.ok(), old);
}

#[tokio::test]
async fn searches_page_by_their_own_headers() {
    let page = async |hub: &Hub, limit: &str, from: &str| {
        let request = hub.request(Method::POST, &hub.path("assets/search")).json(&json!({}));
        hub.send(request.header("x-limit", limit).header("x-from", from)).await
    };
    let hub = demo_hub(&["page-limit=3"]).await;
    assert_eq!(asset_ids(&page(&hub, "2", "1").await.ok()), ["exchange-rates", "invoice-api"]);
    assert_eq!(asset_ids(&page(&hub, "100", "6").await.ok()), ["shipment-api", "stock-api"]);
    assert_eq!(asset_ids(&page(&hub, "100", "0").await.ok()).len(), 3);
    assert_eq!(asset_ids(&page(&hub, "100", "8").await.ok()), [""; 0]);
    page(&hub, "0", "0").await.refused(400);
    page(&hub, "2", "-1").await.refused(400);
    assert!(page(&hub, "2", "first").await.refused(400).contains("a whole number"));
    let pages = demo_hub(&["x-from=pages"]).await;
    assert_eq!(asset_ids(&page(&pages, "3", "2").await.ok()), ["shipment-api", "stock-api"]);
    let ignored = demo_hub(&["paging=ignored", "page-default=5"]).await;
    assert_eq!(page(&ignored, "2", "4").await, page(&ignored, "3", "0").await);
    assert_eq!(asset_ids(&page(&ignored, "2", "4").await.ok()).len(), 5);
}

#[tokio::test]
async fn coordinates_are_decoded_after_the_path_is_split() {
    let seed = "
exchangeAssets: [{groupId: a/b, assetId: 'c d/%2F+é', versions: [v1]}]
connections:
- id: c0000001-0000-4000-8000-000000000001
  portals:
  - targetPortalId: b0000002-0000-4000-8000-000000000001
    assets: [{groupId: a/b, assetId: 'c d/%2F+é'}]
";
    let hub = seeded(seed, &[]).await;
    let detail = hub.get("assets/a%2Fb/c%20d%2F%252F+%C3%A9").await.ok();
    assert_eq!((&detail["groupId"], &detail["assetId"]), (&json!("a/b"), &json!("c d/%2F+é")));
    hub.get("assets/a/b/c").await.refused(404);
    hub.get("assets/a%2Fb/%FF").await.refused(400);
}
