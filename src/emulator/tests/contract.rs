//! The `OpenAPI` document says what is served.

use std::collections::BTreeSet;

use super::super::openapi;
use super::super::operations::operations;
use super::*;

#[test]
fn the_document_lists_every_operation_once() {
    let document = openapi();
    assert_eq!(document["openapi"], "3.0.1");
    let mut listed = BTreeSet::new();
    for item in document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("operations").values() {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(listed.insert(id.to_owned()), "{id} is there twice");
        }
    }
    let served: BTreeSet<String> = operations().iter().map(|operation| operation.id.to_owned()).collect();
    assert_eq!(listed, served);
    let hub = operations().iter().filter(|operation| operation.path.starts_with("/api-experience-hub/")).count();
    assert_eq!(hub, 25);
}

#[test]
fn the_document_holds_no_dangling_reference_and_no_null() {
    fn walk(node: &Value, document: &Value) {
        match node {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').expect("a reference into the document");
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                assert_ne!(object.get("type"), Some(&json!("null")), "{node}");
                assert!(object.get("type").is_none_or(|kind| !kind.is_array()), "{node}");
                object.values().for_each(|value| walk(value, document));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, document)),
            _ => {}
        }
    }
    let document = openapi();
    walk(&document, &document);
}

#[test]
fn limits_of_the_contract_are_documented() {
    let document = openapi();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    assert_eq!(schema("UserGroupRequest")["properties"]["name"]["maxLength"], 95);
    assert_eq!(schema("VersionVisibility")["properties"]["minorVersion"]["pattern"], r"^v?\d+$");
    let memberships =
        "/api-experience-hub/api/v1/connections/{connectionId}/apiPortals/{portalId}/users/{targetUserId}/userGroups";
    let body = &document["paths"][memberships]["put"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!((&body["type"], &body["maxItems"]), (&json!("array"), &json!(20)));
}

/// Each path and method of the document reaches an operation: without a token it is 401, never 404 or 405.
#[tokio::test]
async fn every_documented_operation_is_served() {
    let hub = demo_hub(&[]).await;
    for operation in operations() {
        let path = operation.path.replace(['{', '}'], "");
        let request = hub.client.request(operation.method.clone(), format!("{}{path}", hub.running.url));
        let status = request.send().await.expect("an answer").status();
        let expected = if operation.guarded { StatusCode::UNAUTHORIZED } else { StatusCode::UNSUPPORTED_MEDIA_TYPE };
        assert_eq!(status, expected, "{} {path}", operation.method);
        let logged = hub.running.requests().pop().expect("the request was logged");
        assert_eq!(logged.operation_id.as_deref(), Some(operation.id), "{path}");
    }
}
