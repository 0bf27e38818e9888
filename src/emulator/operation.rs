//! One operation as data: its route, its documentation and its handler, all from the same types.
//!
//! The router and the `OpenAPI` document are both made from a list of these, so they cannot drift apart.

use std::collections::BTreeMap;

use axum::http::Method;
use rusqlite::Connection;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::failure::{Failure, Outcome, Reason};
use super::ids::Ids;
use super::switches::{Lists, Switches};
use super::tokens::{Principal, Tokens};

/// What a handler works with, beside its own parameters and body.
pub(crate) struct Call<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) switches: &'a Switches,
    pub(crate) tokens: &'a Tokens,
    pub(crate) ids: &'a Ids,
    /// Absent for the operations that need no sign-in.
    pub(crate) principal: Option<Principal>,
    /// The path's parameters, decoded.
    pub(crate) path: &'a BTreeMap<String, String>,
    /// The time of the request, RFC 3339.
    pub(crate) now: &'a str,
}

impl Call<'_> {
    /// A parameter of the operation's own path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).expect("a handler asks for parameters of its own path only")
    }
}

/// A request as it arrived, once it is known to be for an operation.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: Vec<(String, String)>,
    /// The headers that begin with `x-`, in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Whether an operation changes the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Writes,
}

/// What reads a body of type `B`.
type Reader<B> = Box<dyn Fn(&Arrival) -> Outcome<B> + Send + Sync>;

/// A body type of a request.
pub(crate) trait RequestBody: Sized {
    fn reader() -> Reader<Self>;
    fn schema(generator: &mut SchemaGenerator) -> Option<Value>;
}

/// A body type of an answer.
pub(crate) trait ReplyBody {
    /// The body as JSON, if there is one.
    fn encode(self) -> Outcome<Option<Vec<u8>>>;
    fn schema(generator: &mut SchemaGenerator) -> Option<Value>;
}

/// No query, no headers.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParameters {}

/// No body.
#[derive(Debug)]
pub(crate) struct Nothing;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A body that the contract does not document, and that a switch may add.
#[derive(Debug)]
pub(crate) struct Undocumented<T>(pub(crate) Option<T>);

impl RequestBody for Nothing {
    fn reader() -> Reader<Self> {
        Box::new(|_| Ok(Self))
    }

    fn schema(_: &mut SchemaGenerator) -> Option<Value> {
        None
    }
}

impl<T: DeserializeOwned + JsonSchema> RequestBody for Json<T> {
    fn reader() -> Reader<Self> {
        let schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
        Box::new(move |arrival| {
            check_media_type(arrival)?;
            let invalid = |error: serde_json::Error| Failure::invalid("the request body", error.to_string());
            let body: Value = serde_json::from_slice(&arrival.body).map_err(invalid)?;
            no_tuples(&body, &schema, &schema).map_err(|error| Failure::invalid("the request body", error))?;
            // From the text once more, since a value has forgotten which fields stood there twice.
            serde_json::from_slice(&arrival.body).map(Self).map_err(invalid)
        })
    }

    fn schema(generator: &mut SchemaGenerator) -> Option<Value> {
        Some(generator.subschema_for::<T>().to_value())
    }
}

impl ReplyBody for Nothing {
    fn encode(self) -> Outcome<Option<Vec<u8>>> {
        Ok(None)
    }

    fn schema(_: &mut SchemaGenerator) -> Option<Value> {
        None
    }
}

impl<T: Serialize + JsonSchema> ReplyBody for Json<T> {
    fn encode(self) -> Outcome<Option<Vec<u8>>> {
        Ok(Some(serde_json::to_vec(&self.0)?))
    }

    fn schema(generator: &mut SchemaGenerator) -> Option<Value> {
        Some(generator.subschema_for::<T>().to_value())
    }
}

impl<T: Serialize> ReplyBody for Undocumented<T> {
    fn encode(self) -> Outcome<Option<Vec<u8>>> {
        Ok(self.0.as_ref().map(serde_json::to_vec).transpose()?)
    }

    fn schema(_: &mut SchemaGenerator) -> Option<Value> {
        None
    }
}

/// The schemas of an operation, for its document.
pub(crate) struct Description {
    /// The object whose properties are the parameters of query and header.
    pub(crate) parameters: Value,
    pub(crate) request: Option<Value>,
    pub(crate) reply: Option<Value>,
}

type Run = Box<dyn Fn(&Call<'_>, &Arrival) -> Outcome<Option<Vec<u8>>> + Send + Sync>;

/// An operation that the emulator serves.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// With the server's base path; parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) effect: Effect,
    /// Whether a bearer token is asked for.
    pub(crate) guarded: bool,
    /// Whether the vendor documents it; the others let a test do what the vendor's world does.
    pub(crate) documented: bool,
    /// The name of the array if lists are wrapped.
    list: Option<&'static str>,
    pub(crate) describe: fn(&mut SchemaGenerator) -> Description,
    run: Run,
}

impl Operation {
    /// An operation whose parameters, body and answer are what its handler takes and gives.
    pub(crate) fn new<P, B, R>(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: fn(&Call<'_>, P, B) -> Outcome<R>,
    ) -> Self
    where
        P: DeserializeOwned + JsonSchema + 'static,
        B: RequestBody + 'static,
        R: ReplyBody + 'static,
    {
        let schema = schemars::SchemaGenerator::default().into_root_schema_for::<P>().to_value();
        let types = parameter_types(&schema);
        let read = B::reader();
        Self {
            effect: if method == Method::GET { Effect::Reads } else { Effect::Writes },
            method,
            path,
            id,
            summary,
            guarded: true,
            documented: true,
            list: None,
            describe: |generator| Description {
                parameters: P::json_schema(generator).to_value(),
                request: B::schema(generator),
                reply: R::schema(generator),
            },
            run: Box::new(move |call, arrival| {
                let parameters = serde_json::from_value(Value::Object(parameters(&types, arrival)?))
                    .map_err(|error| Failure::invalid("a parameter", error.to_string()))?;
                handler(call, parameters, read(arrival)?)?.encode()
            }),
        }
    }

    /// A POST that changes nothing.
    pub(crate) fn reading(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// Needs no sign-in.
    pub(crate) fn open(mut self) -> Self {
        self.guarded = false;
        self
    }

    /// Answers with a list, which a switch wraps in an object under this name.
    pub(crate) fn list(mut self, name: &'static str) -> Self {
        self.list = Some(name);
        self
    }

    /// The emulator's own, no part of the vendor's API.
    pub(crate) fn own(mut self) -> Self {
        self.documented = false;
        self
    }

    /// Handles a request and gives the JSON of its answer, if it has one.
    pub(crate) fn run(&self, call: &Call<'_>, arrival: &Arrival) -> Outcome<Option<Vec<u8>>> {
        let reply = (self.run)(call, arrival)?;
        Ok(match (reply, self.list) {
            (Some(list), Some(name)) if call.switches.lists == Lists::Wrapped => {
                Some([format!("{{\"{name}\":").as_bytes(), &list, b"}"].concat())
            }
            (reply, _) => reply,
        })
    }
}

fn check_media_type(arrival: &Arrival) -> Outcome<()> {
    let given = arrival.content_type.as_deref().unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = format!("Content type '{given}' is not supported, application/json is");
    Err(Failure::new(Reason::UnsupportedMediaType, message))
}

/// Refuses a list where the schema has an object: serde would take it as the object's fields in their order.
fn no_tuples(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    let schema = reference.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema);
    let properties = schema.get("properties");
    match value {
        Value::Array(_) if properties.is_some() => Err(format!("{value} stands where an object is expected")),
        Value::Array(items) => {
            let schema = schema.get("items").unwrap_or(&Value::Null);
            items.iter().try_for_each(|item| no_tuples(item, schema, root))
        }
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            let schema = properties.and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
            let alternatives = schema.get("anyOf").and_then(Value::as_array);
            let schema = alternatives.and_then(|alternatives| alternatives.first()).unwrap_or(schema);
            no_tuples(field, schema, root)
        }),
        _ => Ok(()),
    }
}

/// How the text of a parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParameterType {
    Text,
    Integer,
    Boolean,
    /// Separated by commas.
    List,
}

fn parameter_types(schema: &Value) -> BTreeMap<String, ParameterType> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let has = |word: &str| match property.get("type") {
                Some(Value::String(single)) => single == word,
                Some(Value::Array(several)) => several.iter().any(|one| one == word),
                _ => false,
            };
            let kind = if has("integer") {
                ParameterType::Integer
            } else if has("boolean") {
                ParameterType::Boolean
            } else if has("array") {
                ParameterType::List
            } else {
                ParameterType::Text
            };
            (name.clone(), kind)
        })
        .collect()
}

/// Collects an arrival's parameters by their types. Unknown headers are nobody's business, unknown queries are kept,
/// so that they are refused.
fn parameters(types: &BTreeMap<String, ParameterType>, arrival: &Arrival) -> Outcome<Map<String, Value>> {
    let headers = arrival.headers.iter().filter(|(name, _)| types.contains_key(name));
    let mut collected = Map::new();
    for (name, text) in arrival.query.iter().chain(headers) {
        let wrong = |what: &str| Failure::invalid("a parameter", format!("{name} takes {what}, not {text:?}"));
        let value = match types.get(name).copied().unwrap_or(ParameterType::Text) {
            ParameterType::Text => Value::String(text.clone()),
            ParameterType::Integer => Value::from(text.trim().parse::<i64>().map_err(|_| wrong("a whole number"))?),
            ParameterType::Boolean => Value::Bool(text.parse().map_err(|_| wrong("true or false"))?),
            ParameterType::List => text.split(',').map(str::to_owned).map(Value::String).collect(),
        };
        if collected.insert(name.clone(), value).is_some() {
            return Err(Failure::invalid("a parameter", format!("{name} is given twice")));
        }
    }
    Ok(collected)
}
