//! From trees to the syntax types, collecting every fault.
//!
//! A derived `Deserialize` stops at the first fault of a document, and checking against the JSON Schema first would
//! read everything twice. So each syntax type is declared once, by [`record!`] or [`words!`], which give it both its
//! schema and its decoder: the two cannot drift. A decoder returns what it could make sense of and goes on.

use std::fmt;

use schemars::JsonSchema;

use super::faults::Faults;
use super::scalar::quote;
use super::tree::{Node, NodeKind, Scalar};
use crate::diagnostic::{Diagnostic, Located, Location};

/// What is expected at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Boolean,
    Number,
    Limit,
    List,
    Mapping,
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "a text",
            Self::Boolean => "`true` or `false`",
            Self::Number => "a number",
            Self::Limit => "a number or a percentage",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        })
    }
}

/// A value that can be read from a node of the tree.
pub(super) trait Decode: Sized {
    const SHAPE: Shape;
    /// Whether the value declares a name that others refer to, so that losing it makes names unknown.
    const DECLARES: bool = false;

    /// Reads the value. `None`: nothing could be made of the node, which has been reported.
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self>;

    /// The value of a field that is not there, if the field may be left out.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Decode> Decode for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        Some(T::decode(node, faults))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Located<T> {
    const SHAPE: Shape = T::SHAPE;
    const DECLARES: bool = T::DECLARES;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        T::decode(node, faults).map(|value| Located::new(value, node.location))
    }
}

/// A list holds what could be read of it, even if that is nothing, so that one fault does not hide the next.
impl<T: Decode> Decode for Vec<T> {
    const SHAPE: Shape = Shape::List;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let NodeKind::Sequence(items) = &node.kind else {
            wrong_type::<Self>(node, faults);
            faults.incomplete |= T::DECLARES;
            return Some(Self::new());
        };
        let decoded: Self = items.iter().filter_map(|item| T::decode(item, faults)).collect();
        faults.incomplete |= T::DECLARES && decoded.len() < items.len();
        Some(decoded)
    }
}

/// A mapping whose keys the user chooses, in the order as written.
#[derive(Debug)]
pub(super) struct Entries<T>(pub(super) Vec<(Located<String>, T)>);

impl<T: Decode> Decode for Entries<T> {
    const SHAPE: Shape = Shape::Mapping;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let NodeKind::Mapping(entries) = &node.kind else {
            wrong_type::<Self>(node, faults);
            faults.incomplete = true;
            return Some(Self(Vec::new()));
        };
        let decoded = entries
            .iter()
            .filter_map(|entry| decode_value(&entry.key, &entry.value, faults).map(|value| (entry.key.clone(), value)));
        Some(Self(decoded.collect()))
    }
}

/// Any text, the empty one too.
impl Decode for String {
    const SHAPE: Shape = Shape::Text;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let NodeKind::Scalar(Scalar { text, .. }) = &node.kind else {
            wrong_type::<Self>(node, faults);
            return None;
        };
        Some(text.clone())
    }
}

/// A text that is not empty: names, ids, patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(pub(super) String);

impl Decode for Name {
    const SHAPE: Shape = Shape::Text;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = String::decode(node, faults)?;
        if text.trim().is_empty() {
            let message = if text.is_empty() { "the text is empty" } else { "the text is nothing but spaces" };
            faults.error("empty-text", node.location, message, "a name is expected here");
            return None;
        }
        Some(Self(text))
    }
}

/// Only `true` and `false`, and only without quotes: `yes`, `no`, `on` and `off` are texts.
impl Decode for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match &node.kind {
            NodeKind::Scalar(Scalar { text, plain: true, .. }) if text == "true" => Some(true),
            NodeKind::Scalar(Scalar { text, plain: true, .. }) if text == "false" => Some(false),
            _ => {
                wrong_type::<Self>(node, faults);
                None
            }
        }
    }
}

/// Decodes the value of a key, which must be there.
pub(super) fn decode_value<T: Decode>(key: &Located<String>, value: &Node, faults: &mut Faults) -> Option<T> {
    if !matches!(value.kind, NodeKind::Null) {
        return T::decode(value, faults);
    }
    let message = format!("`{}` has no value", key.value);
    let help = match T::SHAPE {
        Shape::List => "leave the key out if it is not to be managed, or write `[]` for none".to_owned(),
        shape => format!("expected {shape}; leave the key out if it is not to be managed"),
    };
    faults.error("missing-value", key.location, message, &help);
    T::decode(&Node { location: key.location, kind: NodeKind::Faulty }, faults)
}

pub(super) fn wrong_type<T: Decode>(node: &Node, faults: &mut Faults) {
    wrong_shape(node, T::SHAPE, faults);
}

pub(super) fn wrong_shape(node: &Node, shape: Shape, faults: &mut Faults) {
    let found = match &node.kind {
        NodeKind::Faulty => return,
        NodeKind::Null => "nothing",
        NodeKind::Sequence(_) => "a list",
        NodeKind::Mapping(_) => "a mapping",
        NodeKind::Scalar(_) => "a text",
    };
    let message = format!("expected {shape}, found {found}");
    let fault = Diagnostic::error("wrong-type", node.location, message);
    faults.push(match (&node.kind, shape) {
        (NodeKind::Scalar(Scalar { text, .. }), Shape::List) if text.len() < 100 => {
            fault.with_help(format!("write `[{}]` for a list of one", quote(text)))
        }
        (NodeKind::Scalar(Scalar { text, plain: false, .. }), Shape::Boolean)
            if matches!(text.as_str(), "true" | "false") =>
        {
            fault.with_help("leave the quotes out")
        }
        (NodeKind::Mapping(_), Shape::Text) => {
            fault.with_help("a text that holds `: ` or begins with `{` needs quotes")
        }
        (NodeKind::Sequence(_), Shape::Text) => fault.with_help("a text that begins with `[` or `- ` needs quotes"),
        _ => fault,
    });
}

/// The fields of a mapping whose keys are given.
pub(super) struct Fields<'tree> {
    node: &'tree Node,
    location: Location,
}

impl<'tree> Fields<'tree> {
    /// Opens a mapping and reports the keys that it may not have.
    pub(super) fn open<T: Record>(node: &'tree Node, faults: &mut Faults) -> Option<Self> {
        let NodeKind::Mapping(entries) = &node.kind else {
            wrong_type::<T>(node, faults);
            return None;
        };
        for entry in entries.iter() {
            let key = entry.key.value.as_str();
            if !T::FIELDS.contains(&key) {
                let (location, message) = (entry.key.location, format!("unknown field `{key}`"));
                match T::advice(key) {
                    Some(advice) => faults.error("unknown-field", location, message, advice),
                    None => faults.unknown("unknown-field", location, message, key, T::FIELDS.iter().copied()),
                }
            }
        }
        Some(Self { node, location: node.location })
    }

    /// Decodes a field, or reports that it is missing.
    pub(super) fn take<T: Decode>(&self, field: &str, faults: &mut Faults) -> Option<T> {
        let NodeKind::Mapping(entries) = &self.node.kind else { return None };
        if let Some(entry) = entries.iter().find(|entry| entry.key.value == field) {
            return decode_value(&entry.key, &entry.value, faults);
        }
        let absent = T::absent();
        if absent.is_none() {
            let help = format!("add `{field}: …`, {}", T::SHAPE);
            faults.error("missing-field", self.location, format!("the field `{field}` is missing"), &help);
        }
        absent
    }
}

/// A mapping with given keys, as [`record!`] declares it.
pub(super) trait Record: Decode + JsonSchema {
    const FIELDS: &'static [&'static str];

    /// Says where a key belongs that people may look for here.
    fn advice(_key: &str) -> Option<&'static str> {
        None
    }
}

/// Declares a mapping: a struct with its JSON Schema and its decoder. Fields of type `Option` may be left out.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident $(declares $declares:literal)? $(advice $advice:path)? {
            $( $(#[$field_attribute:meta])* $key:literal $field:ident: $type:ty, )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        $visibility struct $name {
            $( $(#[$field_attribute])* #[schemars(rename = $key)] pub(super) $field: $type, )*
        }

        impl $crate::manifest::decode::Record for $name {
            const FIELDS: &'static [&'static str] = &[$($key),*];

            $(fn advice(key: &str) -> Option<&'static str> {
                $advice(key)
            })?
        }

        impl $crate::manifest::decode::Decode for $name {
            const SHAPE: $crate::manifest::decode::Shape = $crate::manifest::decode::Shape::Mapping;
            $( const DECLARES: bool = $declares; )?

            fn decode(
                node: &$crate::manifest::tree::Node,
                faults: &mut $crate::manifest::faults::Faults,
            ) -> Option<Self> {
                let fields = $crate::manifest::decode::Fields::open::<Self>(node, faults)?;
                $( let $field = fields.take($key, faults); )*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}

/// Gives an enum its spelling: the decoder and the JSON Schema of a choice of words. `or variable`: what differs between
/// environments comes from a variable at times, which the schema then has to let pass.
macro_rules! words {
    ($name:ty, $schema_name:literal { $( $word:literal => $value:expr, )* }) => {
        $crate::manifest::decode::words!($name, $schema_name, {"type": "string", "enum": [$($word),*]} {
            $( $word => $value, )*
        });
    };
    ($name:ty, $schema_name:literal or variable { $( $word:literal => $value:expr, )* }) => {
        $crate::manifest::decode::words!(
            $name,
            $schema_name,
            {"anyOf": [
                {"type": "string", "enum": [$($word),*]},
                {"type": "string", "pattern": "\\$\\{AEHCTL_VAR_"},
            ]} { $( $word => $value, )* }
        );
    };
    ($name:ty, $schema_name:literal, $schema:tt { $( $word:literal => $value:expr, )* }) => {
        impl $crate::manifest::decode::Decode for $name {
            const SHAPE: $crate::manifest::decode::Shape = $crate::manifest::decode::Shape::Text;

            fn decode(
                node: &$crate::manifest::tree::Node,
                faults: &mut $crate::manifest::faults::Faults,
            ) -> Option<Self> {
                let text = String::decode(node, faults)?;
                match text.as_str() {
                    $( $word => Some($value), )*
                    _ => {
                        let message = format!("`{text}` is not a value that this field takes");
                        faults.unknown("unknown-value", node.location, message, &text, [$($word),*]);
                        None
                    }
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema_name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

pub(super) use {record, words};
