//! Where an object stands: `developer-portal/userGroups/Gold%20Tier`.

mod pattern;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use pattern::{AddressPattern, AddressWord, NamePattern, NotAPattern};

/// What stays as it is in a segment; all else is percent-encoded.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'@').remove(b':');

/// The kinds of object that a portal is made of, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    UserGroups,
    IdpMappings,
    Assets,
    Members,
    Prospects,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::UserGroups, Self::IdpMappings, Self::Assets, Self::Members, Self::Prospects];

    /// As it is written in addresses and plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserGroups => "userGroups",
            Self::IdpMappings => "idpMappings",
            Self::Assets => "assets",
            Self::Members => "members",
            Self::Prospects => "prospects",
        }
    }

    /// For sentences, e.g. `14 assets`.
    pub const fn noun(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::UserGroups, 1) => "user group",
            (Self::UserGroups, _) => "user groups",
            (Self::IdpMappings, 1) => "mapping",
            (Self::IdpMappings, _) => "mappings",
            (Self::Assets, 1) => "asset",
            (Self::Assets, _) => "assets",
            (Self::Members, 1) => "member",
            (Self::Members, _) => "members",
            (Self::Prospects, 1) => "pending sign-up",
            (Self::Prospects, _) => "pending sign-ups",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An object of a portal, by the names that people know; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// `metadata.name` of the portal's manifest.
    pub portal: Arc<str>,
    pub kind: Kind,
    /// The object's own name in as many parts as its kind has; unencoded.
    pub segments: Arc<[String]>,
}

/// A text as a segment of an address, which can be the name of a file as well: no two texts give the same one.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

impl Address {
    pub fn new<S: ToString>(portal: &str, kind: Kind, segments: impl IntoIterator<Item = S>) -> Self {
        Self {
            portal: portal.into(),
            kind,
            segments: segments.into_iter().map(|segment| segment.to_string()).collect(),
        }
    }

    /// The object's own name, unencoded.
    pub fn name(&self) -> String {
        self.segments.join("/")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", utf8_percent_encode(&self.portal, SEGMENT), self.kind)?;
        for segment in &*self.segments {
            write!(formatter, "/{}", utf8_percent_encode(segment, SEGMENT))?;
        }
        Ok(())
    }
}

/// A text that is no address.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnAddress(String);

impl fmt::Display for NotAnAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is not an address like `developer-portal/userGroups/Gold%20Tier`", self.0)
    }
}

impl std::error::Error for NotAnAddress {}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let fault = || NotAnAddress(text.to_owned());
        let decode =
            |part: &str| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| fault());
        let mut parts = text.split('/');
        let portal = decode(parts.next().ok_or_else(fault)?)?;
        let kind = parts.next().ok_or_else(fault)?;
        let kind = Kind::ALL.into_iter().find(|candidate| candidate.as_str() == kind).ok_or_else(fault)?;
        let segments: Arc<[String]> = parts.map(decode).collect::<Result<_, _>>()?;
        if segments.is_empty() {
            return Err(fault());
        }
        Ok(Self { portal: portal.into(), kind, segments })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_what_was_displayed_gives_the_address_back(
            portal in ".*",
            kind in prop::sample::select(Kind::ALL.to_vec()),
            segments in prop::collection::vec(".*", 1..4),
        ) {
            let address = Address { portal: portal.into(), kind, segments: segments.into() };
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn a_slash_in_a_name_is_no_separator() {
        let address = Address::new("p", Kind::UserGroups, ["Gold/Tier 🥇"]);
        assert_eq!(address.to_string(), "p/userGroups/Gold%2FTier%20%F0%9F%A5%87");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "p", "p/userGroups", "p/groups/x", "p/userGroups/%FF"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
