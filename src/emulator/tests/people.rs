//! Members and prospects.

use super::*;

async fn groups_of(hub: &Hub, user: &str) -> Value {
    hub.get(&format!("users/{user}")).await.ok()["userGroupIds"].clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|user| user["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn members_are_listed_filtered_and_paged() {
    let hub = demo_hub(&[]).await;
    assert_eq!(hub.get("users").await.ok().as_array().map(Vec::len), Some(8));
    assert_eq!(names(&hub.get("users?isActive=false").await.ok()), ["Dora Departed"]);
    assert_eq!(names(&hub.get("users?isActive=true&searchTerm=ACME").await.ok()), ["Maria Acme", "Paul Acme"]);
    assert_eq!(names(&hub.get("users?searchTerm=jane%40example.com").await.ok()), ["Jane Developer"]);
    assert_eq!(names(&hub.get("users?searchTerm=jane+dev").await.ok()), ["Jane Developer"]);
    let page = |limit, offset| {
        let request = hub.request(Method::GET, &hub.path("users"));
        hub.send(request.header("x-limit", limit).header("x-offset", offset))
    };
    assert_eq!(names(&page("2", "7").await.ok()), ["Dora Departed"]);
    assert_eq!(names(&page("2", "8").await.ok()), [""; 0]);
    page("2", "x").await.refused(400);
    assert!(hub.get("users?isactive=true").await.refused(400).contains("unknown field"));
    hub.get("users?isActive=yes").await.refused(400);
    hub.get(&format!("users?searchTerm={}", "x".repeat(129))).await.refused(400);
    hub.get(&format!("users/{}", ids::NOBODY)).await.refused(404);
}

#[tokio::test]
async fn a_page_has_a_default_and_a_largest_size() {
    let users: Vec<Value> = (0..300).map(|number| json!({"email": format!("user{number}@example.com")})).collect();
    let seed = json!({"connections": [{
        "id": ids::CONNECTION, "portals": [{"targetPortalId": ids::TARGET, "users": users}],
    }]});
    let hub = seeded(&seed.to_string(), &[]).await;
    let size = async |limit: Option<&str>| {
        let mut request = hub.request(Method::GET, &hub.path("users"));
        if let Some(limit) = limit {
            request = request.header("x-limit", limit);
        }
        hub.send(request).await.ok().as_array().map(Vec::len)
    };
    assert_eq!([size(None).await, size(Some("100")).await, size(Some("1000")).await], [Some(25), Some(100), Some(250)]);
}

#[tokio::test]
async fn members_are_disabled_and_enabled() {
    let hub = demo_hub(&[]).await;
    hub.send(hub.request(Method::PATCH, &hub.path(&format!("users/{}/disable", ids::KEN)))).await.ok();
    assert_eq!(names(&hub.get("users?isActive=false").await.ok()), ["Ken Gold", "Dora Departed"]);
    for _ in 0..2 {
        hub.send(hub.request(Method::PATCH, &hub.path(&format!("users/{}/enable", ids::KEN)))).await.ok();
    }
    assert_eq!(hub.get(&format!("users/{}", ids::KEN)).await.ok()["isActive"], true);
    hub.send(hub.request(Method::PATCH, &hub.path(&format!("users/{}/enable", ids::NOBODY)))).await.refused(404);
}

#[tokio::test]
async fn a_members_groups_are_replaced_whole() {
    let hub = demo_hub(&[]).await;
    let path = format!("users/{}/userGroups", ids::KEN);
    hub.put(&path, &json!([ids::ACME, ids::ACME, ids::MEMBERS])).await.ok();
    assert_eq!(groups_of(&hub, ids::KEN).await, json!([ids::ACME, ids::MEMBERS]));
    hub.put(&path, &json!([ids::NOBODY])).await.refused(400);
    hub.put(&path, &json!({"userGroupIds": []})).await.refused(400);
    hub.put(&path, &Value::Null).await.refused(400);
    hub.put(&path, &json!(vec![ids::ACME; 21])).await.refused(400);
    hub.put(&path, &json!(vec![ids::ACME; 20])).await.ok();
    hub.put(&path, &json!([])).await.ok();
    assert_eq!(groups_of(&hub, ids::KEN).await, json!([]));
}

#[tokio::test]
async fn switches_take_the_other_side_of_members() {
    let path = format!("users/{}/userGroups", ids::KEN);
    let adding = demo_hub(&["member-groups=adds", "members-listed=active"]).await;
    adding.put(&path, &json!([ids::ACME])).await.ok();
    assert_eq!(groups_of(&adding, ids::KEN).await, json!([ids::ACME, ids::MEMBERS, ids::DEVELOPERS, ids::GOLD]));
    assert_eq!(adding.get("users").await.ok().as_array().map(Vec::len), Some(7));
    assert_eq!(names(&adding.get("users?isActive=false").await.ok()), ["Dora Departed"]);

    let inherited = demo_hub(&["member-groups-listed=inherited"]).await;
    inherited.put(&path, &json!([ids::GOLD])).await.ok();
    assert_eq!(groups_of(&inherited, ids::KEN).await, json!([ids::GOLD, ids::DEVELOPERS, ids::MEMBERS, ids::GUESTS]));

    let custom = demo_hub(&["member-groups-listed=custom"]).await;
    assert_eq!(groups_of(&custom, ids::KEN).await, json!([ids::DEVELOPERS, ids::GOLD]));
    custom.put(&path, &json!([])).await.ok();
    let world = custom.running.dump().expect("the world can be written");
    let kens = world.split(ids::KEN).nth(1).and_then(|rest| rest.split("userGroupIds:").nth(1)).expect("Ken's groups");
    assert!(kens.trim_start().starts_with(&format!("- {}", ids::MEMBERS)), "{kens}");
}

#[tokio::test]
async fn a_federated_members_mapped_groups_come_back_at_login() {
    let path = format!("users/{}/userGroups", ids::FRED);
    let login = format!("/emulator/logins/{}", ids::FRED);
    let hub = demo_hub(&[]).await;
    hub.put(&path, &json!([ids::MEMBERS, ids::SUPPORT])).await.ok();
    hub.post(&login, &Value::Null).await.ok();
    assert_eq!(groups_of(&hub, ids::FRED).await, json!([ids::MEMBERS, ids::DEVELOPERS, ids::SUPPORT]));
    let mapping = format!("userGroups/{}/groupMappings", ids::SUPPORT);
    hub.post(&mapping, &json!({"idpId": ids::OKTA, "groupMappingName": "support"})).await.ok();
    hub.post(&login, &Value::Null).await.ok();
    assert_eq!(groups_of(&hub, ids::FRED).await, json!([ids::MEMBERS, ids::DEVELOPERS]));

    // A member who registered at the portal is not federated.
    hub.post(&format!("/emulator/logins/{}", ids::KEN), &Value::Null).await.ok();
    assert_eq!(groups_of(&hub, ids::KEN).await, json!([ids::MEMBERS, ids::DEVELOPERS, ids::GOLD]));
    hub.post(&format!("/emulator/logins/{}", ids::DORA), &Value::Null).await.refused(400);
    hub.post(&format!("/emulator/logins/{}", ids::NOBODY), &Value::Null).await.refused(404);

    let keeping = demo_hub(&["federated-login=keeps"]).await;
    keeping.put(&path, &json!([ids::SUPPORT])).await.ok();
    keeping.post(&login, &Value::Null).await.ok();
    assert_eq!(groups_of(&keeping, ids::FRED).await, json!([ids::SUPPORT]));
}

#[tokio::test]
async fn an_approved_prospect_becomes_a_member() {
    let hub = demo_hub(&[]).await;
    assert_eq!(hub.get("prospects/count").await.ok(), json!({"count": 3}));
    let path = format!("prospects/{}", ids::ADA);
    for (body, what) in [
        (json!({}), "userGroupIds"),
        (json!({"userGroups": []}), "unknown field"),
        (json!({"userGroupIds": [ids::NOBODY]}), "does not exist"),
    ] {
        assert!(hub.patch(&path, &body).await.refused(400).contains(what), "{body}");
    }
    assert_eq!(
        hub.patch(&path, &json!({"userGroupIds": [ids::DEVELOPERS]})).await,
        Reply { status: 200, body: Value::Null }
    );
    let ada = &hub.get("users?searchTerm=ada@partner.example").await.ok()[0];
    assert_eq!((&ada["name"], &ada["isActive"]), (&json!("Ada Partner"), &json!(true)));
    assert_eq!(ada["userGroupIds"], json!([ids::DEVELOPERS, ids::MEMBERS]));
    assert_eq!(ada["anypointIdpId"], ids::SELF_REGISTRATION);
    let listed = hub.get("prospects?searchTerm=ADA").await.ok();
    assert_eq!((&listed[0]["status"], &listed[0]["portalId"]), (&json!("APPROVED"), &json!(ids::PORTAL)));
    assert_eq!(hub.get("prospects/count").await.ok(), json!({"count": 2}));
    assert!(hub.patch(&path, &json!({"userGroupIds": []})).await.refused(400).contains("approved already"));
    assert!(hub.delete(&path).await.refused(400).contains("approved already"));
    assert!(hub.delete(&format!("prospects/{}", ids::GINA_REQUEST)).await.refused(400).contains("approved already"));
}

#[tokio::test]
async fn a_rejected_prospect_is_gone() {
    let hub = demo_hub(&[]).await;
    let path = format!("prospects/{}", ids::BOB);
    let left = hub.delete(&path).await.ok();
    assert_eq!(left.as_array().map(Vec::len), Some(3));
    assert_eq!(hub.get("prospects").await.ok(), left);
    assert!(hub.delete(&path).await.refused(400).contains("rejected already"));
    hub.delete(&format!("prospects/{}", ids::NOBODY)).await.refused(404);
    assert!(!hub.running.dump().expect("the world can be written").contains("bob@spam.example"));

    let hub = demo_hub(&["decide-twice=accepted"]).await;
    hub.delete(&path).await.ok();
    hub.delete(&path).await.ok();
    hub.patch(&format!("prospects/{}", ids::GINA_REQUEST), &json!({"userGroupIds": []})).await.ok();
    assert_eq!(hub.get("users?searchTerm=gina").await.ok().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_approval_keeps_to_the_limit_of_groups() {
    let hub = demo_hub(&[]).await;
    let mut many = Vec::new();
    for number in 0..20 {
        hub.post("userGroups", &json!({"name": format!("Team {number}")})).await.ok();
        many.push(hub.group_id(&format!("Team {number}")).await);
    }
    let path = format!("prospects/{}", ids::ADA);
    assert!(hub.patch(&path, &json!({"userGroupIds": many})).await.refused(400).contains("at most 20"));
    assert_eq!(hub.get("prospects/count").await.ok(), json!({"count": 3}), "nothing was decided");
}
