//! Names of groups and audiences as they stand in a manifest.

use super::decode::Name;
use super::faults::Faults;
use super::model::{AudienceItem, GroupReference, SystemGroup};
use crate::diagnostic::Located;

pub(super) const SYSTEM: &str = "system:";
const AUDIENCE: &str = "audience:";
const SYSTEM_GROUPS: [(&str, SystemGroup); 3] = [
    ("system:administrators", SystemGroup::Administrators),
    ("system:guests", SystemGroup::Guests),
    ("system:members", SystemGroup::Members),
];

/// Reads what may stand in an asset's versions: a group or an audience.
pub(super) fn audience_item(name: &Located<Name>, faults: &mut Faults) -> Option<Located<AudienceItem>> {
    let text = name.value.0.as_str();
    if let Some(audience) = text.strip_prefix(AUDIENCE) {
        if audience.is_empty() {
            faults.error("empty-text", name.location, "the name of the audience is missing", "write `audience:name`");
            return None;
        }
        return Some(Located::new(AudienceItem::Audience(audience.to_owned()), name.location));
    }
    group(name, faults).map(|group| Located::new(AudienceItem::Group(group.value), group.location))
}

/// Reads the name of a group, the declared or the referred to.
pub(super) fn group(name: &Located<Name>, faults: &mut Faults) -> Option<Located<GroupReference>> {
    let text = name.value.0.as_str();
    if text.starts_with(AUDIENCE) {
        let help = "audiences may stand in the versions of assets only; name the groups here";
        faults.error("misplaced-audience", name.location, format!("`{text}` is an audience, not a group"), help);
        return None;
    }
    if !text.starts_with(SYSTEM) {
        return Some(Located::new(GroupReference::Named(text.to_owned()), name.location));
    }
    if let Some((_, system)) = SYSTEM_GROUPS.iter().find(|(word, _)| *word == text) {
        return Some(Located::new(GroupReference::System(*system), name.location));
    }
    let message = format!("there is no built-in group `{text}`");
    let known = SYSTEM_GROUPS.iter().map(|(word, _)| *word);
    faults.unknown("unknown-system-group", name.location, message, text, known);
    None
}

/// Reads a list of groups, each of which may stand in it once.
pub(super) fn groups(names: &[Located<Name>], faults: &mut Faults) -> Vec<Located<GroupReference>> {
    let groups: Vec<_> = names.iter().filter_map(|name| group(name, faults)).collect();
    faults.refuse_repetition(&groups, |group| format!("{} is listed twice", describe(group)));
    groups
}

/// The reference as it is written, in quotes.
pub(super) fn describe(group: &GroupReference) -> String {
    match group {
        GroupReference::Named(name) => format!("`{name}`"),
        GroupReference::System(system) => format!("`{}`", system.as_str()),
    }
}

pub(super) fn describe_item(item: &AudienceItem) -> String {
    match item {
        AudienceItem::Audience(name) => format!("`{AUDIENCE}{name}`"),
        AudienceItem::Group(group) => describe(group),
    }
}
