//! Readers for what servers write in more than one way.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Text, or a whole number taken as text.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(text))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// Reads text that must be there.
pub(in crate::client) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Text::deserialize(deserializer).map(|Text(text)| text)
}

/// Reads text that may be null; wants `#[serde(default)]`.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(text)| text))
}

/// Reads a list of texts that may be null; wants `#[serde(default)]`.
pub(super) fn optional_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let texts = Option::<Vec<Text>>::deserialize(deserializer)?;
    Ok(texts.map(|texts| texts.into_iter().map(|Text(text)| text).collect()))
}

/// Reads a list of texts in which null is the same as none; wants `#[serde(default)]`.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(optional_texts(deserializer)?.unwrap_or_default())
}

/// Reads a value in which null is the same as absent; wants `#[serde(default)]`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a number of seconds that may be null, a fraction, or text; wants `#[serde(default)]`.
pub(in crate::client) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        serde_json::Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float to an integer saturates"
)]
fn whole(number: f64) -> Option<u64> {
    (number >= 0.0).then_some(number as u64)
}

/// A list, bare or as the one list that an object holds under one of the names that the hub uses.
pub(in crate::client) struct List<T>(pub(in crate::client) Vec<T>);

const LIST_NAMES: [&str; 13] = [
    "assets",
    "users",
    "prospects",
    "profiles",
    "mappings",
    "groupMappings",
    "userGroups",
    "connections",
    "apiPortals",
    "portals",
    "data",
    "items",
    "results",
];

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list, or an object that holds one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = sequence.next_element()? {
                    list.push(element);
                }
                Ok(List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
                let mut found: Option<Vec<T>> = None;
                while let Some(name) = map.next_key::<String>()? {
                    if !LIST_NAMES.contains(&name.as_str()) {
                        map.next_value::<IgnoredAny>()?;
                    } else if let Some(list) = map.next_value::<Option<Vec<T>>>()?
                        && found.replace(list).is_some()
                    {
                        return Err(de::Error::custom("two lists where one was expected"));
                    }
                }
                // No list is not an empty list: it may be another answer altogether.
                found.map(List).ok_or_else(|| de::Error::custom("an object without a list"))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(json: &str) -> Result<Vec<u8>, String> {
        serde_json::from_str::<List<u8>>(json).map(|List(list)| list).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_come_bare_or_wrapped() {
        assert_eq!(list("[1,2]"), Ok(vec![1, 2]));
        assert_eq!(list(r#"{"total":1,"facets":{"tags":["x"]},"assets":[1]}"#), Ok(vec![1]));
        assert_eq!(list(r#"{"data":[],"total":0}"#), Ok(vec![]));
        assert_eq!(list(r#"{"users":null,"data":[3]}"#), Ok(vec![3]));
    }

    #[test]
    fn what_is_no_list_is_an_error_and_never_empty() {
        for json in
            ["{}", "null", "7", r#""x""#, r#"{"assets":null}"#, r#"{"message":"no"}"#, r#"{"data":[1],"users":[2]}"#]
        {
            assert!(list(json).is_err(), "{json}");
        }
    }

    #[derive(Deserialize)]
    struct Row {
        #[serde(deserialize_with = "text")]
        id: String,
        #[serde(default, deserialize_with = "optional_texts")]
        groups: Option<Vec<String>>,
        #[serde(default, deserialize_with = "seconds")]
        life: Option<u64>,
    }

    #[test]
    fn numbers_are_taken_as_text_but_never_rounded() {
        let row = |json| serde_json::from_str::<Row>(json);
        let read = row(r#"{"id":18446744073709551615,"groups":["a",-2],"life":3599.9,"more":{}}"#).unwrap();
        assert_eq!((read.id.as_str(), read.life), ("18446744073709551615", Some(3599)));
        assert_eq!(read.groups.unwrap(), ["a", "-2"]);
        assert!(row(r#"{"id":1.10}"#).is_err());
        assert!(row(r#"{"id":null}"#).is_err());
        let read = row(r#"{"id":"a","groups":null,"life":"60"}"#).unwrap();
        assert_eq!((read.groups, read.life), (None, Some(60)));
    }
}
