//! The JSON Schema of a manifest's documents, for editors and other tools.
//!
//! It comes from the types that the decoder reads, so it cannot say anything else than aehctl does; what a shape cannot
//! express (references, limits, duplicates) only `validate` sees.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::syntax::{Portal, PortalFragment};

/// A file's `kind` decides which of the two definitions holds, so that an editor's faults speak of one of them alone.
pub fn schema() -> Value {
    // Draft 7 is what editors know best.
    let mut generator = SchemaSettings::draft07().with_transform(WithoutNull).into_generator();
    let portal = generator.subschema_for::<Portal>();
    let fragment = generator.subschema_for::<PortalFragment>();
    debug_assert!(!Portal::inline_schema(), "the definitions are referred to by name");
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "aehctl manifest",
        "description": "A portal on API Experience Hub, or a part of one, as aehctl keeps it.",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["Portal", "PortalFragment"]}},
        "if": {"properties": {"kind": {"const": "PortalFragment"}}},
        "then": fragment,
        "else": portal,
        "definitions": definitions,
    })
}

/// A key that may be left out has no null either: `members:` with nothing after it is a fault.
#[derive(Debug, Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(words)) = object.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
        if let Some(Value::Array(mut choices)) = object.remove("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            match choices.as_slice() {
                // Draft 7 reads nothing beside a `$ref`, so the description that stands here needs `allOf`.
                [_] => object.insert("allOf".to_owned(), Value::Array(choices)),
                _ => object.insert("anyOf".to_owned(), Value::Array(choices)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const COMMITTED: &str = "schemas/portal.schema.json";

    /// Set `UPDATE_SCHEMA` to write the file anew.
    #[test]
    fn the_committed_schema_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMITTED);
        let current = format!("{:#}\n", schema());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::write(&path, &current).expect("the schema can be written");
        }
        let committed = fs::read_to_string(&path).expect("the schema is committed");
        assert_eq!(committed, current, "run the tests with UPDATE_SCHEMA=1 and commit {COMMITTED}");
    }

    #[test]
    fn nothing_in_the_schema_may_be_null() {
        assert!(!schema().to_string().contains("\"null\""));
    }

    #[test]
    fn only_what_must_be_there_is_required() {
        let definitions = &schema()["definitions"];
        assert_eq!(definitions["Target"]["required"], Value::Null);
        assert_eq!(definitions["UserGroup"]["required"], json!(["name"]));
        assert_eq!(definitions["Portal"]["required"], json!(["apiVersion", "kind", "metadata", "spec"]));
    }

    #[test]
    fn every_field_is_described() {
        let schema = schema();
        for (name, definition) in schema["definitions"].as_object().expect("there are definitions") {
            for (field, property) in definition["properties"].as_object().into_iter().flatten() {
                assert!(property["description"].is_string(), "{name}.{field} has no description");
            }
        }
    }
}
