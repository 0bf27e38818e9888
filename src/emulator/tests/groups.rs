//! User groups and their mappings.

use super::*;

#[tokio::test]
async fn the_tree_shows_the_built_in_groups_and_the_others() {
    let hub = demo_hub(&[]).await;
    insta::assert_json_snapshot!(hub.tree().await, @r#"
    [
      {
        "Guests": [
          {
            "Members": [
              "Administrators",
              {
                "API Developers": [
                  "Gold Tier",
                  "Beta Testers"
                ]
              },
              "Partner Acme",
              "Partner Globex",
              "Support"
            ]
          }
        ]
      }
    ]
    "#);
}

#[tokio::test]
async fn a_group_is_created_renamed_and_deleted() {
    let hub = demo_hub(&[]).await;
    let body = json!({"name": "Silver Tier", "description": "New", "parentUserGroupId": ids::DEVELOPERS});
    assert_eq!(hub.post("userGroups", &body).await, Reply { status: 200, body: Value::Null });
    let id = hub.group_id("Silver Tier").await;
    let path = format!("userGroups/{id}");
    let renamed = hub.patch(&path, &json!({"name": "Bronze Tier"})).await.ok();
    assert_eq!((&renamed["name"], &renamed["description"]), (&json!("Bronze Tier"), &json!("New")));
    assert_eq!(renamed["children"], json!([]));
    assert_eq!(hub.delete(&path).await, Reply { status: 200, body: Value::Null });
    hub.delete(&path).await.refused(404);
    hub.patch(&path, &json!({"name": "Back"})).await.refused(404);
}

#[tokio::test]
async fn a_careless_body_is_refused() {
    let hub = demo_hub(&[]).await;
    for (body, what) in [
        (json!({"description": "no name"}), "missing field `name`"),
        (json!({"name": "A", "parentId": ids::GOLD}), "unknown field `parentId`"),
        (json!({"name": "A", "description": null}), "invalid type: null"),
        (json!({"name": 7}), "invalid type"),
        (json!(["A", "B"]), "where an object is expected"),
        (json!({"name": "  "}), "name is empty"),
        (json!({"name": "é".repeat(96)}), "longer than 95"),
        (json!({"name": "A", "parentUserGroupId": ids::NOBODY}), "parent user group"),
        (json!({"name": "gOLD tier"}), "exists already"),
    ] {
        let message = hub.post("userGroups", &body).await.refused(400);
        assert!(message.contains(what), "{body}: {message}");
    }
    assert_eq!(hub.post("userGroups", &json!({"name": "é".repeat(95)})).await.status, 200);
    let text = hub.request(Method::POST, &hub.path("userGroups")).body(r#"{"name": "A"}"#);
    hub.send(text).await.refused(415);
    let text =
        hub.request(Method::POST, &hub.path("userGroups")).header("content-type", "application/json; charset=utf-8");
    assert_eq!(hub.send(text.body(r#"{"name": "A"}"#)).await.status, 200);
}

#[tokio::test]
async fn built_in_groups_are_protected_unless_switched() {
    for group in [ids::ADMINISTRATORS, ids::GUESTS, ids::MEMBERS] {
        let hub = demo_hub(&[]).await;
        let path = format!("userGroups/{group}");
        assert!(hub.patch(&path, &json!({"name": "Mine"})).await.refused(400).contains("built in"));
        assert!(hub.delete(&path).await.refused(400).contains("built in"));
    }
    let hub = demo_hub(&["built-ins=editable", "group-delete=cascades"]).await;
    hub.patch(&format!("userGroups/{}", ids::GUESTS), &json!({"name": "Visitors"})).await.ok();
    hub.delete(&format!("userGroups/{}", ids::MEMBERS)).await.ok();
    assert_eq!(hub.tree().await, json!(["Visitors"]));
}

#[tokio::test]
async fn a_group_in_use_is_not_deleted_unless_switched() {
    let hub = demo_hub(&[]).await;
    let refusal = |group| hub.delete_group(group);
    assert!(
        refusal(ids::DEVELOPERS).await.refused(400).ends_with("child groups, members, group mappings, visible assets")
    );
    assert!(refusal(ids::BETA).await.refused(400).ends_with("still has visible assets"));
    assert!(refusal(ids::SUPPORT).await.refused(400).ends_with("still has members, visible assets"));

    let hub = demo_hub(&["group-delete=cascades"]).await;
    hub.delete_group(ids::DEVELOPERS).await.ok();
    let gone = [ids::DEVELOPERS, ids::GOLD, ids::BETA];
    let world = hub.running.dump().expect("the world can be written");
    assert!(gone.iter().all(|id| !world.contains(id)), "{world}");
    assert_eq!(hub.get(&format!("users/{}", ids::KEN)).await.ok()["userGroupIds"], json!([ids::MEMBERS]));
}

#[tokio::test]
async fn a_portal_has_at_most_a_hundred_groups() {
    let hub = demo_hub(&["groups-limit=10"]).await;
    hub.post("userGroups", &json!({"name": "Tenth"})).await.ok();
    assert!(hub.post("userGroups", &json!({"name": "Eleventh"})).await.refused(400).contains("at most 10"));
    assert_eq!(Switches::default().groups_limit, 100);
}

#[tokio::test]
async fn switches_take_the_other_side_of_groups() {
    let hub = demo_hub(&[
        "parent-omitted=default-group",
        "group-creation=group",
        "description-omitted=cleared",
        "group-parent-patch=honoured",
        "duplicate-names=allowed",
    ])
    .await;
    let created = hub.post("userGroups", &json!({"name": "Gold Tier", "description": "Second"})).await.ok();
    let path = format!("userGroups/{}", created["id"].as_str().expect("an id"));
    assert_eq!(hub.get("userGroups").await.ok()[0]["children"][0]["children"][5]["id"], created["id"]);
    let moved = json!({"name": "Gold Tier", "parentUserGroupId": ids::GOLD});
    assert_eq!(hub.patch(&path, &moved).await.ok().get("description"), None);
    assert_eq!(
        hub.get("userGroups").await.ok()[0]["children"][0]["children"][1]["children"][0]["children"][0]["id"],
        created["id"]
    );
    let circle = json!({"name": "Gold Tier", "parentUserGroupId": created["id"]});
    assert!(hub.patch(&format!("userGroups/{}", ids::GOLD), &circle).await.refused(400).contains("under itself"));

    let hub = demo_hub(&["duplicate-names=case-sensitive"]).await;
    hub.post("userGroups", &json!({"name": "GOLD TIER"})).await.ok();
    hub.post("userGroups", &json!({"name": "Gold Tier"})).await.refused(400);

    let hub = demo_hub(&[]).await;
    let moved = json!({"name": "Gold Tier", "parentUserGroupId": ids::ACME});
    hub.patch(&format!("userGroups/{}", ids::GOLD), &moved).await.ok();
    assert_eq!(hub.get("userGroups").await.ok()[0]["children"][0]["children"][1]["children"][0]["id"], ids::GOLD);
    hub.patch(&format!("userGroups/{}", ids::GOLD), &json!({"name": "gold tier"})).await.ok();
}

#[tokio::test]
async fn mappings_are_read_and_written_with_different_names() {
    let hub = demo_hub(&[]).await;
    let path = format!("userGroups/{}/groupMappings", ids::GLOBEX);
    let name = "CN=A/B,OU=Ü \"x\" %2F+?#,DC=example";
    hub.post(&path, &json!({"idpId": ids::OKTA, "groupMappingName": name})).await.ok();
    let read = hub.get(&path).await.ok();
    assert_eq!(read, json!([{"provider_id": ids::OKTA, "external_group_name": name, "membership_type": "member"}]));
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let one = format!("{path}/{}/{encoded}", ids::OKTA);
    hub.delete(&format!("{path}/{}/{encoded}", ids::SAML)).await.refused(404);
    hub.delete(&one).await.ok();
    hub.delete(&one).await.refused(404);
    assert_eq!(hub.get(&path).await.ok(), json!([]));
}

#[tokio::test]
async fn a_careless_mapping_is_refused() {
    let hub = demo_hub(&[]).await;
    let path = format!("userGroups/{}/groupMappings", ids::DEVELOPERS);
    for (body, what) in [
        (json!({"provider_id": ids::OKTA, "external_group_name": "x"}), "unknown field"),
        (json!({"idpId": ids::OKTA}), "groupMappingName"),
        (json!({"idpId": ids::OKTA, "groupMappingName": ""}), "1 to 255"),
        (json!({"idpId": "okta", "groupMappingName": "x"}), "does not exist"),
        (json!({"idpId": ids::OKTA, "groupMappingName": "api-developers"}), "already"),
    ] {
        let message = hub.post(&path, &body).await.refused(400);
        assert!(message.contains(what), "{body}: {message}");
    }
    hub.get(&format!("userGroups/{}/groupMappings", ids::NOBODY)).await.refused(404);
}

#[tokio::test]
async fn a_mapping_without_provider_is_the_connections_or_refused() {
    let body = json!({"groupMappingName": "x"});
    let path = format!("userGroups/{}/groupMappings", ids::GLOBEX);
    let hub = demo_hub(&[]).await;
    hub.post(&path, &body).await.ok();
    assert_eq!(hub.get(&path).await.ok()[0]["provider_id"], ids::SELF_REGISTRATION);
    demo_hub(&["mapping-provider-omitted=refused"]).await.post(&path, &body).await.refused(400);
    let orphan = demo().replace("defaultIdPId", "sandboxName");
    seeded(&orphan, &[]).await.post(&path, &body).await.refused(400);
}

impl Hub {
    async fn delete_group(&self, id: &str) -> Reply {
        self.delete(&format!("userGroups/{id}")).await
    }
}
