//! The plan file: the plan as JSON within an envelope that says when it was made and whether it was edited since.

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Plan;

/// A minor version adds fields, which older readers ignore; a major one is refused.
pub const FORMAT_VERSION: &str = "1.0";

/// The keys that are no part of the plan itself.
const ENVELOPE: [&str; 2] = ["created_at", "digest"];

/// Why a text is no plan that can be applied.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Not a plan file at all, or a damaged one.
    Malformed(String),
    /// Made by a version with another major format.
    Format(String),
    /// Changed since it was made.
    Edited,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(message) => write!(formatter, "not a plan file: {message}"),
            Self::Format(version) => {
                write!(formatter, "the plan file has format {version}, and this version reads {FORMAT_VERSION}")
            }
            Self::Edited => formatter.write_str("the plan file was edited since it was made: its digest does not fit"),
        }
    }
}

impl std::error::Error for Unusable {}

/// The plan's content in its published form, without the envelope: the same bytes for the same plan.
pub fn content(plan: &Plan) -> Value {
    let Value::Object(body) = serde_json::to_value(plan).expect("a plan has text keys and no failing serializer")
    else {
        unreachable!("a plan is a structure")
    };
    let mut content = Map::new();
    content.insert("format_version".to_owned(), FORMAT_VERSION.into());
    content.insert("aehctl_version".to_owned(), env!("CARGO_PKG_VERSION").into());
    content.extend(body);
    Value::Object(content)
}

/// The text of a plan file.
pub fn write(plan: &Plan, created_at: &str) -> String {
    let mut document = content(plan);
    let digest = digest(&document);
    if let Value::Object(members) = &mut document {
        members.insert("created_at".to_owned(), created_at.into());
        members.insert("digest".to_owned(), digest.into());
    }
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value can be written");
    text.push('\n');
    text
}

/// Reads a plan file, whole or not at all.
pub fn read(text: &str) -> Result<Plan, Unusable> {
    let malformed = |error: serde_json::Error| Unusable::Malformed(error.to_string());
    let mut document: Value = serde_json::from_str(text).map_err(malformed)?;
    let Value::Object(members) = &mut document else {
        return Err(Unusable::Malformed("expected a JSON object".to_owned()));
    };
    let Some(Value::String(version)) = members.get("format_version") else {
        return Err(Unusable::Malformed("it has no `format_version`".to_owned()));
    };
    if version.split('.').next() != FORMAT_VERSION.split('.').next() {
        return Err(Unusable::Format(version.clone()));
    }
    let stated = members.get("digest").cloned();
    for key in ENVELOPE {
        members.remove(key);
    }
    if stated != Some(Value::String(digest(&document))) {
        return Err(Unusable::Edited);
    }
    Plan::deserialize(document).map_err(malformed)
}

fn digest(content: &Value) -> String {
    use std::fmt::Write as _;
    let bytes = serde_json::to_vec(content).expect("a JSON value can be written");
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    text
}
