//! Texts that people write to mean objects of a portal: `userGroups/Gold Tier`, `assets/Finance/*`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use glob::{MatchOptions, Pattern};
use percent_encoding::percent_decode_str;

use super::{Address, Kind, NotAnAddress};

/// Names are compared without regard to case, as the hub compares them; `*` crosses `/`.
const HOW: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: false, require_literal_leading_dot: false };

/// Objects by the names that match.
#[derive(Debug, Clone, PartialEq)]
pub struct NamePattern {
    /// In lower case: a name that is written out is meant even if it looks like a pattern.
    name: String,
    /// As it is written, and with its percent-encoding undone, so that a name can be copied from a plan.
    globs: Vec<Pattern>,
}

impl NamePattern {
    pub fn matches(&self, name: &str) -> bool {
        self.globs.iter().any(|glob| glob.matches_with(name, HOW)) || self.name == name.to_lowercase()
    }
}

impl FromStr for NamePattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("an empty pattern matches nothing");
        }
        let mut globs = Vec::new();
        for form in [Cow::Borrowed(text), unescaped(text)] {
            let glob = Pattern::new(&form).map_err(|error| error.msg)?;
            if !globs.contains(&glob) {
                globs.push(glob);
            }
        }
        Ok(Self { name: text.to_lowercase(), globs })
    }
}

/// Objects of one kind, by the names that match.
#[derive(Debug, Clone, PartialEq)]
pub struct AddressPattern {
    /// As it was written.
    pub text: String,
    pub kind: Kind,
    name: NamePattern,
}

/// Why a text is no pattern of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAPattern {
    /// Nothing says of which kind the objects are.
    NoKind,
    UnknownKind(String),
    /// It begins with the name of a portal that is not this one.
    OtherPortal(String),
    NoName,
    Malformed(&'static str),
}

impl AddressPattern {
    /// Reads `kind/name`, or an address of this portal.
    pub fn parse(text: &str, portal: &str) -> Result<Self, NotAPattern> {
        let Some((of, kind, name)) = parts(text) else {
            let first = text.split_once('/').map(|(first, _)| first.to_owned());
            return Err(first.map_or(NotAPattern::NoKind, NotAPattern::UnknownKind));
        };
        if let Some(other) = of.filter(|of| of != portal) {
            return Err(NotAPattern::OtherPortal(other));
        }
        if name.is_empty() {
            return Err(NotAPattern::NoName);
        }
        let name = name.parse().map_err(NotAPattern::Malformed)?;
        Ok(Self { text: text.to_owned(), kind, name })
    }

    /// Reads the names of objects of a kind that goes without saying.
    pub fn of(kind: Kind, name: &str) -> Result<Self, NotAPattern> {
        Self::parse(&format!("{kind}/{name}"), "")
    }

    pub fn matches(&self, name: &str) -> bool {
        self.name.matches(name)
    }

    /// The domain that is meant, if it is everybody of one: `*@example.com`.
    pub fn whole_domain(&self) -> Option<&str> {
        let domain = self.text.split_once(&format!("{}/*@", self.kind))?.1;
        (!domain.contains(['*', '?', '[', '%'])).then_some(domain)
    }

    /// The one name that is meant, if it holds no wildcard.
    pub fn literal(&self) -> Option<&str> {
        let name = self.name();
        (!name.contains(['*', '?', '[', '%'])).then_some(name)
    }

    /// The names' part, as it was written.
    pub fn name(&self) -> &str {
        self.text.split_once(&format!("{}/", self.kind)).map_or(&self.text, |(_, name)| name)
    }
}

/// The percent-encoding undone; what comes of it is no wildcard.
fn unescaped(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('%') else { return text.into() };
    let mut plain = text[..first].to_owned();
    let mut rest = &text[first..];
    while !rest.is_empty() {
        let length = escapes(rest);
        if length > 0 {
            plain.push_str(&Pattern::escape(&percent_decode_str(&rest[..length]).decode_utf8_lossy()));
            rest = &rest[length..];
        } else {
            let next = rest.char_indices().skip(1).find(|(_, character)| *character == '%');
            let end = next.map_or(rest.len(), |(index, _)| index);
            plain.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    plain.into()
}

/// How many bytes at the beginning are `%` with two hexadecimal digits, repeated.
fn escapes(text: &str) -> usize {
    let is_escape =
        |chunk: &&[u8]| matches!(chunk, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    text.as_bytes().chunks(3).take_while(is_escape).count() * 3
}

/// One object by its address, which may go without its portal and without percent-encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressWord {
    text: String,
    portal: Option<String>,
    kind: Kind,
    name: String,
}

impl AddressWord {
    pub fn means(&self, address: &Address) -> bool {
        let Self { text, portal, kind, name } = self;
        *text == address.to_string()
            || (*kind == address.kind
                && portal.as_ref().is_none_or(|portal| **portal == *address.portal)
                && (*name == address.name() || percent_decode_str(name).decode_utf8_lossy() == address.name()))
    }
}

impl fmt::Display for AddressWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for AddressWord {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (portal, kind, name) =
            parts(text).filter(|(_, _, name)| !name.is_empty()).ok_or_else(|| NotAnAddress(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), portal, kind, name: name.to_owned() })
    }
}

/// The portal, if it is named first, the kind and the name. The name of a kind is never taken for a portal's.
fn parts(text: &str) -> Option<(Option<String>, Kind, &str)> {
    let kind_named = |word: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
    let (first, rest) = text.split_once('/')?;
    if let Some(kind) = kind_named(first) {
        return Some((None, kind, rest));
    }
    let (second, name) = rest.split_once('/')?;
    let portal = percent_decode_str(first).decode_utf8_lossy().into_owned();
    Some((Some(portal), kind_named(second)?, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> AddressPattern {
        AddressPattern::parse(text, "portal").expect("it is a pattern")
    }

    #[test]
    fn names_are_matched_as_people_write_them() {
        for (text, name) in [
            ("userGroups/Gold Tier", "Gold Tier"),
            ("userGroups/gold tier", "Gold Tier"),
            ("userGroups/Gold%20Tier", "Gold Tier"),
            ("portal/userGroups/Gold%20Tier", "Gold Tier"),
            ("userGroups/Gold/Tier 🥇", "Gold/Tier 🥇"),
            ("userGroups/Gold%2FTier%20%F0%9F%A5%87", "Gold/Tier 🥇"),
            ("userGroups/100% ours", "100% ours"),
            ("userGroups/%47oldé %F% %C3%A9€%", "Goldé %F% é€%"),
            ("userGroups/Partner [EU]", "Partner [EU]"),
            ("userGroups/system:administrators", "system:administrators"),
            ("members/*@example.com", "jane@example.com"),
            ("members/*@example.com", "Jane@Example.COM"),
            ("assets/Finance/*", "Finance/payment-api"),
            ("assets/Finance%2A/a", "Finance*/a"),
            ("idpMappings/Gold/*", "Gold/okta/cn=gold,ou=tiers"),
        ] {
            assert!(pattern(text).matches(name), "{text}");
        }
        for (text, name) in [
            ("userGroups/Gold", "Gold Tier"),
            ("assets/Finance/*", "Finances/a"),
            ("assets/Finance%2A/a", "Finances/a"),
            ("members/?@example.com", "jane@example.com"),
        ] {
            assert!(!pattern(text).matches(name), "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, fault) in [
            ("", NotAPattern::NoKind),
            ("Gold Tier", NotAPattern::NoKind),
            ("userGroup/Gold", NotAPattern::UnknownKind("userGroup".to_owned())),
            ("groups/a/b", NotAPattern::UnknownKind("groups".to_owned())),
            ("staging/userGroups/Gold", NotAPattern::OtherPortal("staging".to_owned())),
            ("userGroups/", NotAPattern::NoName),
            ("portal/userGroups/", NotAPattern::NoName),
        ] {
            assert_eq!(AddressPattern::parse(text, "portal"), Err(fault), "{text}");
        }
        assert!(matches!(AddressPattern::parse("assets/[", "portal"), Err(NotAPattern::Malformed(_))));
        assert!(matches!(AddressPattern::parse("assets/a**", "portal"), Err(NotAPattern::Malformed(_))));
    }

    #[test]
    fn a_name_without_wildcards_is_literal() {
        assert_eq!(pattern("userGroups/Gold Tier").literal(), Some("Gold Tier"));
        assert_eq!(pattern("portal/userGroups/Gold").literal(), Some("Gold"));
        assert_eq!(pattern("userGroups/Gold*").literal(), None);
    }

    #[test]
    fn one_object_is_meant_with_or_without_its_portal() {
        let address = Address::new("portal", Kind::UserGroups, ["Gold Tier"]);
        for text in ["portal/userGroups/Gold%20Tier", "userGroups/Gold%20Tier", "userGroups/Gold Tier"] {
            assert!(text.parse::<AddressWord>().expect("it is an address").means(&address), "{text}");
        }
        for text in ["other/userGroups/Gold%20Tier", "userGroups/Gold", "userGroups/*", "assets/Gold Tier"] {
            assert!(!text.parse::<AddressWord>().expect("it is an address").means(&address), "{text}");
        }
        for text in ["", "Gold Tier", "userGroup/Gold Tier", "userGroups/", "a/b/c"] {
            assert!(text.parse::<AddressWord>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_address_is_a_pattern_and_a_word_of_its_own(
            portal in "[a-z*% é]{1,5}",
            kind in prop::sample::select(Kind::ALL.to_vec()),
            segments in prop::collection::vec(".{1,8}", 1..4),
        ) {
            let address = Address { portal: portal.as_str().into(), kind, segments: segments.into() };
            let text = address.to_string();
            let pattern = AddressPattern::parse(&text, &portal).expect("an address is a pattern");
            prop_assert!(pattern.matches(&address.name()), "{}", text);
            prop_assert!(text.parse::<AddressWord>().expect("an address is one").means(&address), "{}", text);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "(userGroups/)?[a%0-9F\\[\\]*?é/]{0,12}|.*") {
            let _ = text.parse::<AddressWord>();
            if let Ok(pattern) = AddressPattern::parse(&text, "portal") {
                pattern.matches(&text);
            }
        }
    }
}
