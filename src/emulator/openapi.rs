//! The emulator's `OpenAPI` document, made from the table of operations and their types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Description, Operation};
use super::operations::operations;
use super::wire::hub::ErrorResponse;

/// The emulator's `OpenAPI` 3.0.1 document.
pub fn openapi() -> Value {
    let mut generator = SchemaSettings::openapi3()
        .with(|settings| {
            settings.meta_schema = None;
            settings.transforms.clear();
        })
        .into_generator();
    let error = generator.subschema_for::<ErrorResponse>().to_value();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let description = (operation.describe)(&mut generator);
        let method = operation.method.as_str().to_lowercase();
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        item[method] = document(&operation, description, &error);
    }
    let schemas = generator.take_definitions(false);
    let mut document = json!({
        "openapi": "3.0.1",
        "info": {
            "title": "aehctl emulator",
            "description": "What the embedded portal server of aehctl serves.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
        },
    });
    to_openapi_3_0(&mut document);
    document
}

fn document(operation: &Operation, description: Description, error: &Value) -> Value {
    let Description { parameters, request, reply } = description;
    let failure = |text: &str| json!({"description": text, "content": {"application/json": {"schema": error}}});
    let mut success = json!({"description": "OK"});
    if let Some(schema) = reply {
        success["content"] = json!({"application/json": {"schema": schema}});
    }
    let mut responses = json!({"200": success, "400": failure("Bad Request"), "404": failure("Not Found")});
    if operation.guarded {
        responses["401"] = failure("Unauthorized");
    }
    let mut all = path_parameters(operation.path);
    all.extend(other_parameters(&parameters));
    let mut document = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": all,
        "responses": responses,
        "security": if operation.guarded { json!([{"bearerAuth": []}]) } else { json!([]) },
    });
    if let Some(schema) = request {
        document["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
        document["responses"]["415"] = failure("Unsupported Media Type");
    }
    if !operation.documented {
        document["description"] = "The emulator's own: no part of the vendor's API.".into();
    }
    document
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect()
}

/// Query and headers: those that begin with `x-` are headers.
fn other_parameters(schema: &Value) -> Vec<Value> {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    properties
        .into_iter()
        .map(|(name, schema)| {
            let place = if name.starts_with("x-") { "header" } else { "query" };
            let mut parameter = json!({"name": name, "in": place, "required": required.contains(&json!(name))});
            if place == "query" && schema.to_string().contains("\"array\"") {
                parameter["style"] = "form".into();
                parameter["explode"] = false.into();
            }
            parameter["schema"] = schema;
            parameter
        })
        .collect()
}

/// Rewrites JSON Schema 2020-12 as `OpenAPI` 3.0 understands it. Nothing here is nullable: what may be left out is
/// optional, so the null that stands for a missing value goes.
fn to_openapi_3_0(node: &mut Value) {
    match node {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if let [single] = types.as_slice() {
                    let single = single.clone();
                    object.insert("type".to_owned(), single);
                }
            }
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                values.retain(|one| !one.is_null());
            }
            if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
                alternatives.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(single)] = alternatives.as_mut_slice() {
                    let single = std::mem::take(single);
                    object.remove("anyOf");
                    object.extend(single);
                }
            }
            object.remove("$schema");
            // In 3.0 nothing may stand beside a reference.
            if let Some(reference) = object.get("$ref").cloned() {
                object.clear();
                object.insert("$ref".to_owned(), reference);
            }
            object.values_mut().for_each(to_openapi_3_0);
        }
        Value::Array(list) => list.iter_mut().for_each(to_openapi_3_0),
        _ => {}
    }
}
