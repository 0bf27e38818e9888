//! What a plan may not do: limits, and patterns of what is protected.

use super::super::decode::Name;
use super::super::faults::{Faults, suggestion};
use super::super::model::{Guards, NeverVisibleTo};
use super::super::reference;
use super::super::syntax;
use super::text;
use crate::address::{AddressPattern, Kind, NotAPattern};
use crate::diagnostic::Located;

pub(super) fn guards(guards: syntax::Guards, portal: &str, faults: &mut Faults) -> Guards {
    let syntax::Guards {
        max_deletes,
        max_updates,
        max_approvals,
        min_administrators,
        max_access_loss,
        max_access_gain,
        never_public,
        never_visible_to,
        protected,
    } = guards;
    let protected: Vec<Located<String>> = protected.unwrap_or_default().into_iter().map(text).collect();
    faults.refuse_repetition(&protected, |pattern| format!("`{pattern}` is listed twice"));
    let count = |count: Located<syntax::Count>| Located::new(count.value.0, count.location);
    Guards {
        max_deletes,
        max_updates,
        max_approvals: max_approvals.map(count),
        min_administrators: min_administrators.map(count),
        max_access_loss,
        max_access_gain,
        never_public: coordinates(never_public.unwrap_or_default(), faults),
        never_visible_to: never_visible_to
            .unwrap_or_default()
            .into_iter()
            .map(|hidden| self::never_visible_to(hidden.value, faults))
            .collect(),
        protected: protected.iter().filter_map(|pattern| self::protected(pattern, portal, faults)).collect(),
    }
}

fn never_visible_to(hidden: syntax::NeverVisibleTo, faults: &mut Faults) -> NeverVisibleTo {
    let syntax::NeverVisibleTo { assets, user_groups } = hidden;
    for (list, of) in [(&assets, "asset"), (&user_groups, "group")] {
        if list.value.is_empty() {
            let message = format!("this names no {of}, so it guards nothing");
            faults.error("empty-list", list.location, message, "leave the whole entry out if it is not needed");
        }
    }
    NeverVisibleTo { assets: coordinates(assets.value, faults), user_groups: groups(user_groups.value, faults) }
}

/// Patterns of coordinates.
fn coordinates(names: Vec<Located<Name>>, faults: &mut Faults) -> Vec<Located<AddressPattern>> {
    let fault = |text: &str| {
        if let Some(rest) = text.strip_prefix("assets/").filter(|rest| rest.contains('/')) {
            let message = format!("`{text}` is an address, and coordinates are expected");
            return Some((message, format!("write `{rest}`")));
        }
        let message = || format!("`{text}` is not like the coordinates of an asset, `groupId/assetId`");
        (!text.contains(['/', '*'])).then(|| (message(), format!("write `{text}/*` for all of a business group")))
    };
    patterns(names, Kind::Assets, fault, faults)
}

/// Patterns of the names of groups.
fn groups(names: Vec<Located<Name>>, faults: &mut Faults) -> Vec<Located<AddressPattern>> {
    // What is no pattern is a name, and may be misspelt.
    let names: Vec<Located<Name>> = names
        .into_iter()
        .filter(|name| name.value.0.contains(['*', '?', '[']) || reference::group(name, faults).is_some())
        .collect();
    let fault = |text: &str| {
        let name = text.strip_prefix("userGroups/")?;
        Some((format!("`{text}` is an address, and the name of a group is expected"), format!("write `{name}`")))
    };
    patterns(names, Kind::UserGroups, fault, faults)
}

/// Patterns of objects of one kind, unless there is something wrong with what is written.
fn patterns(
    names: Vec<Located<Name>>,
    kind: Kind,
    fault: impl Fn(&str) -> Option<(String, String)>,
    faults: &mut Faults,
) -> Vec<Located<AddressPattern>> {
    let names: Vec<Located<String>> = names.into_iter().map(text).collect();
    faults.refuse_repetition(&names, |pattern| format!("`{pattern}` is listed twice"));
    let mut patterns = Vec::new();
    for name in names {
        if let Some((message, help)) = fault(&name) {
            faults.error("bad-pattern", name.location, message, &help);
            continue;
        }
        match AddressPattern::of(kind, &name) {
            Ok(pattern) => patterns.push(Located::new(pattern, name.location)),
            Err(NotAPattern::Malformed(message)) => malformed(&name, message, faults),
            // The kind is there, and no name is empty.
            Err(_) => {}
        }
    }
    patterns
}

fn malformed(text: &Located<String>, why: &str, faults: &mut Faults) {
    let message = format!("`{}` is not a pattern: {why}", **text);
    faults.error("bad-pattern", text.location, message, "patterns know `*`, `?` and `[…]`; write `[[]` for a bracket");
}

fn protected(text: &Located<String>, portal: &str, faults: &mut Faults) -> Option<Located<AddressPattern>> {
    let fault = match AddressPattern::parse(text, portal) {
        Ok(pattern) => return Some(Located::new(pattern, text.location)),
        Err(fault) => fault,
    };
    let kinds = || Kind::ALL.into_iter().map(Kind::as_str);
    let (code, message, help) = match fault {
        NotAPattern::NoKind => (
            "bad-pattern",
            format!("`{}` does not say of which kind the object is", **text),
            format!("write the kind before the name, e.g. `userGroups/{}`", **text),
        ),
        NotAPattern::UnknownKind(word) => (
            "unknown-object-kind",
            format!("`{word}` is no kind of object"),
            suggestion(&word, kinds().collect::<Vec<_>>()),
        ),
        NotAPattern::OtherPortal(other) => (
            "other-portal",
            format!("`{}` is an address of the portal `{other}`, and this one is `{portal}`", **text),
            "leave the portal out: the address is one of this portal then".to_owned(),
        ),
        NotAPattern::NoName => {
            ("bad-pattern", format!("`{}` names no object", **text), format!("write `{}*` for all of the kind", **text))
        }
        NotAPattern::Malformed(message) => {
            malformed(text, message, faults);
            return None;
        }
    };
    faults.error(code, text.location, message, &help);
    None
}
