//! The kinds of object: for each one its specification (`spec`, pure) and its reading and writing (`io`).
//!
//! A specification is shaped like the manifest. The stages treat all of them alike, as named fields, so that a new
//! kind needs no comparison of its own.

pub mod assets;
pub mod idp_mappings;
pub mod members;
pub mod precondition;
pub mod prospects;
pub mod session;
pub mod user_groups;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::id::GroupName;

/// The groups that may see a version, or that a member is in.
pub type GroupSet = BTreeSet<GroupName>;

/// A specification taken apart: `versions.v1` → `["Gold Tier"]`. What is unknown or unset is left out.
pub type Fields = BTreeMap<String, Value>;

/// Takes a specification apart into its fields; one level of nesting becomes a dotted path.
pub fn fields<S: Serialize>(spec: &S) -> Fields {
    let mut fields = Fields::new();
    let value = serde_json::to_value(spec).expect("a specification has text keys and no failing serializer");
    let Value::Object(members) = value else { return fields };
    for (name, value) in members {
        match value {
            Value::Null => {}
            Value::Object(nested) => {
                fields.extend(
                    nested
                        .into_iter()
                        .filter(|(_, value)| !value.is_null())
                        .map(|(key, value)| (format!("{name}.{key}"), value)),
                );
            }
            value => {
                fields.insert(name, value);
            }
        }
    }
    fields
}
