//! The plan file: the plan as JSON within an envelope that says when it was made, whether it was edited since, and
//! perhaps that somebody with a key made it.

#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Plan;
use super::contradiction::contradiction;

/// A minor version adds fields, which older readers ignore; a major one is refused.
pub const FORMAT_VERSION: &str = "1.0";

/// Of everything but itself and the signature.
const CHECKSUM: &str = "checksum";
/// Of the same, by somebody who has the key.
const SIGNATURE: &str = "signature";
const CREATED_AT: &str = "created_at";
const FORECAST: &str = "forecast";
/// Of the portal and the changes alone.
const DIGEST: &str = "digest";

/// Why a text is no plan that can be applied.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Not a plan file at all, or a damaged one.
    Malformed(String),
    /// Made by a version with another major format.
    Format(String),
    /// Changed since it was made.
    Edited,
    /// There is a key, and nobody signed the plan.
    Unsigned,
    /// Signed with another key, or signed and then changed.
    Forged,
    /// It shows one thing and would do another.
    Contradictory(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(message) => write!(formatter, "not a plan file: {message}"),
            Self::Format(version) => {
                write!(formatter, "the plan file has format {version}, and this version reads {FORMAT_VERSION}")
            }
            Self::Edited => {
                formatter.write_str("the plan file was edited since it was made: its checksum does not fit")
            }
            Self::Unsigned => formatter.write_str("the plan is not signed, and AEHCTL_PLAN_KEY is set"),
            Self::Forged => formatter.write_str("the plan was not signed with this AEHCTL_PLAN_KEY"),
            Self::Contradictory(how) => write!(formatter, "the plan file contradicts itself: {how}"),
        }
    }
}

impl std::error::Error for Unusable {}

/// The key that plans are signed with. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct PlanKey(SecretString);

/// A key that anybody could guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeakKey;

impl std::fmt::Display for WeakKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AEHCTL_PLAN_KEY holds less than {} bytes", PlanKey::FEWEST_BYTES)
    }
}

impl std::error::Error for WeakKey {}

impl PlanKey {
    const FEWEST_BYTES: usize = 16;

    /// Takes a key; spaces and line ends around it are none of it.
    pub fn new(text: &SecretString) -> Result<Self, WeakKey> {
        let key = text.expose_secret().trim();
        if key.len() < Self::FEWEST_BYTES { Err(WeakKey) } else { Ok(Self(key.into())) }
    }

    fn mac(&self, document: &Value) -> Hmac<Sha256> {
        let key = self.0.expose_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
        mac.update(&bytes(document));
        mac
    }

    fn sign(&self, document: &Value) -> String {
        format!("hmac-sha256:{}", hexadecimal(&self.mac(document).finalize().into_bytes()))
    }

    /// Takes as long whether much or little of the signature is right.
    fn has_signed(&self, document: &Value, signature: &str) -> bool {
        let signature = signature.strip_prefix("hmac-sha256:").and_then(from_hexadecimal);
        signature.is_some_and(|signature| self.mac(document).verify_slice(&signature).is_ok())
    }
}

/// Whether somebody with the key has signed a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    None,
    Checked,
    /// There is one, and no key to check it with.
    Unchecked,
}

/// What a plan file holds.
#[derive(Debug, PartialEq)]
pub struct Saved {
    pub plan: Plan,
    pub signature: Signature,
}

/// The plan's content in its published form, without the envelope: the same bytes for the same plan.
pub fn content(plan: &Plan) -> Value {
    let Value::Object(body) = serde_json::to_value(plan).expect("a plan has text keys and no failing serializer")
    else {
        unreachable!("a plan is a structure")
    };
    let mut content = Map::new();
    content.insert("format_version".to_owned(), FORMAT_VERSION.into());
    content.insert("aehctl_version".to_owned(), env!("CARGO_PKG_VERSION").into());
    content.insert(DIGEST.to_owned(), digest(plan).into());
    content.extend(body);
    Value::Object(content)
}

/// The same with the forecast, which says something else at each run.
pub fn document(plan: &Plan) -> Value {
    let mut document = content(plan);
    if let Some(forecast) = &plan.forecast {
        document[FORECAST] = serde_json::to_value(forecast).expect("a forecast has text keys");
    }
    document
}

/// What tells the changes of one plan from those of any other: the portal, each change with the values before and
/// after, and the ids of what they name.
///
/// What else stands in a plan (notices, what is left alone, words, limits, reasons) is no part of it: it may be another
/// at each run, and changes nothing of what is done.
pub fn digest(plan: &Plan) -> String {
    let portal = &plan.target.portal;
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|change| {
            let whole = serde_json::to_value(change).expect("a change has text keys and no failing serializer");
            let fields: Vec<Value> = change
                .fields
                .iter()
                .map(|field| json!({"path": field.path, "before": field.before, "after": field.after}))
                .collect();
            let mut kept = Map::new();
            for key in ["id", "address", "action", "object_id", "before", "after", "phase", "depends_on"] {
                kept.insert(key.to_owned(), whole[key].clone());
            }
            kept.insert("fields".to_owned(), fields.into());
            Value::Object(kept)
        })
        .collect();
    let changes = Value::Array(changes);
    let groups: Map<String, Value> = plan
        .target
        .user_groups
        .iter()
        .filter(|entry| mentions(&changes, entry.name.as_str()))
        .map(|entry| (entry.name.to_string(), json!(entry.id)))
        .collect();
    let providers: Map<String, Value> = plan
        .target
        .identity_providers
        .iter()
        .filter(|(name, _)| mentions(&changes, name.as_str()))
        .map(|(name, id)| (name.to_string(), json!(id)))
        .collect();
    let document = json!({
        "portal": {"connection": portal.connection.id, "id": portal.id, "emulator": portal.emulator},
        "changes": changes,
        "user_groups": groups,
        "identity_providers": providers,
    });
    sha256(&document)
}

/// Whether one of the texts in a value is this one.
fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(members) => members.values().any(|member| mentions(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The text of a plan file that nobody signs.
pub fn write(plan: &Plan, created_at: &str) -> String {
    seal(plan, created_at, None)
}

/// The text of a plan file, signed if there is a key.
pub fn seal(plan: &Plan, created_at: &str, key: Option<&PlanKey>) -> String {
    let mut document = document(plan);
    document[CREATED_AT] = created_at.into();
    let checksum = sha256(&document);
    let signature = key.map(|key| key.sign(&document));
    document[CHECKSUM] = checksum.into();
    if let Some(signature) = signature {
        document[SIGNATURE] = signature.into();
    }
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value can be written");
    text.push('\n');
    text
}

/// Reads a plan file, whole or not at all, and whoever made it.
pub fn read(text: &str) -> Result<Plan, Unusable> {
    open(text, None).map(|saved| saved.plan)
}

/// Reads a plan file, whole or not at all. With a key, only what was signed with it.
pub fn open(text: &str, key: Option<&PlanKey>) -> Result<Saved, Unusable> {
    let malformed = |error: serde_json::Error| Unusable::Malformed(error.to_string());
    let mut document: Value = serde_json::from_str(text).map_err(malformed)?;
    let is_plain = is_written_as(text, &document);
    let Value::Object(members) = &mut document else {
        return Err(Unusable::Malformed("expected a JSON object".to_owned()));
    };
    let Some(Value::String(version)) = members.get("format_version") else {
        return Err(Unusable::Malformed("it has no `format_version`".to_owned()));
    };
    if version.split('.').next() != FORMAT_VERSION.split('.').next() {
        return Err(Unusable::Format(version.clone()));
    }
    let signature = members.remove(SIGNATURE);
    let is_intact = match members.remove(CHECKSUM) {
        Some(stated) => stated == sha256(&document),
        None => is_intact_by_its_digest(&document),
    };
    if !is_intact || !is_plain {
        return Err(Unusable::Edited);
    }
    let signature = match (key, signature) {
        (None, None) => Signature::None,
        (None, Some(_)) => Signature::Unchecked,
        (Some(_), None) => return Err(Unusable::Unsigned),
        (Some(key), Some(Value::String(signature))) if key.has_signed(&document, &signature) => Signature::Checked,
        (Some(_), Some(_)) => return Err(Unusable::Forged),
    };
    let forecast = document.as_object_mut().and_then(|members| members.remove(FORECAST));
    let mut plan = Plan::deserialize(document).map_err(malformed)?;
    plan.forecast = forecast.map(serde_json::from_value).transpose().map_err(malformed)?;
    match contradiction(&plan) {
        None => Ok(Saved { plan, signature }),
        Some(how) => Err(Unusable::Contradictory(how)),
    }
}

/// Whether a text is how a document is written, white space aside. If a key stands in it twice, or in another spelling,
/// who reviews it with another program may see something else than this one.
fn is_written_as(text: &str, document: &Value) -> bool {
    let visible = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    visible(text) == visible(&document.to_string())
}

/// The first plan files had no checksum: their digest was of the whole content.
fn is_intact_by_its_digest(document: &Value) -> bool {
    let mut content = document.clone();
    let Value::Object(members) = &mut content else { return false };
    members.remove(CREATED_AT);
    members.remove(FORECAST);
    members.remove(DIGEST).is_some_and(|stated| stated == sha256(&content))
}

fn bytes(document: &Value) -> Vec<u8> {
    serde_json::to_vec(document).expect("a JSON value can be written")
}

fn sha256(document: &Value) -> String {
    format!("sha256:{}", hexadecimal(&Sha256::digest(bytes(document))))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
