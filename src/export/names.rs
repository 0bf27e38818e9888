//! Which text means a live object in a manifest: the resolver's rules, read backwards.
//!
//! A text is given only if the resolver would find that very object by it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::notes::{listed, shown};
use crate::id::{AssetKey, GroupId, ProviderId};
use crate::manifest::model::{GroupReference, SystemGroup};
use crate::resolve::is_uuid;
use crate::state::{GroupFlags, LiveGroup};

/// The API's limit on a group's name, in characters; the loader refuses declarations beyond it.
const LONGEST_GROUP_NAME: usize = 95;

/// How each live group can be referred to.
pub(super) struct GroupNames<'a> {
    groups: HashMap<&'a GroupId, Named<'a>>,
}

struct Named<'a> {
    group: &'a LiveGroup,
    /// The reference, or why there is none.
    reference: Result<GroupReference, String>,
}

impl<'a> GroupNames<'a> {
    pub(super) fn new(groups: &'a [LiveGroup]) -> Self {
        let mut holders: HashMap<&str, Vec<&GroupId>> = HashMap::new();
        for group in groups {
            holders.entry(&group.name).or_default().push(&group.id);
        }
        let named = |group: &'a LiveGroup| {
            let reference = match built_in(group.flags, groups) {
                Some(system) => Ok(GroupReference::System(system)),
                None => plain_name(group, &holders[group.name.as_str()]),
            };
            (&group.id, Named { group, reference })
        };
        Self { groups: groups.iter().map(named).collect() }
    }

    pub(super) fn get(&self, id: &GroupId) -> Option<&'a LiveGroup> {
        self.groups.get(id).map(|named| named.group)
    }

    /// Everything that the group may be called.
    pub(super) fn all_of<'g>(&'g self, group: &'g LiveGroup) -> impl Iterator<Item = &'g str> {
        let reference = self.groups.get(&group.id).and_then(|named| named.reference.as_ref().ok());
        [group.name.as_str()].into_iter().chain(reference.map(GroupReference::as_str))
    }

    pub(super) fn flags(&self, id: &GroupId) -> GroupFlags {
        self.get(id).map(|group| group.flags).unwrap_or_default()
    }

    /// How the group is referred to, or why it cannot be, as a clause.
    pub(super) fn reference(&self, id: &GroupId) -> Result<&GroupReference, String> {
        match self.groups.get(id) {
            Some(named) => named.reference.as_ref().map_err(Clone::clone),
            None => Err(format!("the portal's tree does not hold group {id}")),
        }
    }

    /// All of the groups, or why one of them cannot be referred to.
    pub(super) fn references<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i GroupId>,
    ) -> Result<BTreeSet<GroupReference>, String> {
        ids.into_iter().map(|id| self.reference(id).cloned()).collect()
    }

    /// How the group is declared, or why it cannot be: a declaration is stricter than a reference.
    pub(super) fn declaration(&self, id: &GroupId) -> Result<&GroupReference, String> {
        let reference = self.reference(id)?;
        if let GroupReference::Named(name) = reference {
            if name.chars().any(char::is_control) {
                return Err(format!("the name {} holds control characters", shown(name)));
            }
            if name.chars().count() > LONGEST_GROUP_NAME {
                return Err(format!("the name {} has more than {LONGEST_GROUP_NAME} characters", shown(name)));
            }
        }
        Ok(reference)
    }
}

/// The built-in that the flags mark, if they mark no other group and manifests may say so.
fn built_in(flags: GroupFlags, groups: &[LiveGroup]) -> Option<SystemGroup> {
    [SystemGroup::Administrators, SystemGroup::Guests, SystemGroup::Members].into_iter().find(|system| {
        let misleading = *system == SystemGroup::Members && flags.is_public;
        system.marks(flags) && !misleading && groups.iter().filter(|other| system.marks(other.flags)).count() == 1
    })
}

fn plain_name(group: &LiveGroup, holders: &[&GroupId]) -> Result<GroupReference, String> {
    let LiveGroup { id, name, .. } = group;
    if name.trim().is_empty() {
        return Err(format!("group {id} has no name"));
    }
    if name.starts_with("system:") || name.starts_with("audience:") {
        return Err(format!("the name {} of group {id} reads as a built-in or an audience", shown(name)));
    }
    if holders.len() > 1 {
        return Err(format!("{} groups are called {} (ids {})", holders.len(), shown(name), listed(holders)));
    }
    Ok(GroupReference::Named(name.clone()))
}

/// The id of the provider that every organization has, listed or not.
pub(super) const BUILT_IN_PROVIDER: &str = "mulesoft";

/// The text by which an alias finds the provider; `None` if there is none.
pub(super) fn provider<'a>(id: &'a ProviderId, providers: &'a BTreeMap<ProviderId, String>) -> Option<&'a str> {
    if let Some(name) = providers.get(id) {
        let means_another = name != id.as_str() && (name == BUILT_IN_PROVIDER || providers.contains_key(name.as_str()));
        let uses = providers.values().filter(|other| *other == name).count();
        if !name.trim().is_empty() && !means_another && uses == 1 {
            return Some(name);
        }
    }
    let known = id.as_str() == BUILT_IN_PROVIDER || providers.contains_key(id);
    (known && !id.as_str().trim().is_empty()).then(|| id.as_str())
}

/// The coordinates of assets as they are written: with the name of the business group where it is unique.
pub(super) struct AssetNames<'a> {
    business_groups: Option<&'a BTreeMap<String, String>>,
    by_name: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> AssetNames<'a> {
    pub(super) fn new(business_groups: Option<&'a BTreeMap<String, String>>) -> Self {
        let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for (id, name) in business_groups.into_iter().flatten() {
            by_name.entry(name).or_default().push(id);
        }
        Self { business_groups, by_name }
    }

    /// `Finance/payment-api`, or why the asset cannot be named, as a clause.
    pub(super) fn coordinates(&self, key: &AssetKey) -> Result<String, String> {
        let (group, asset) = (&*key.group_id, &*key.asset_id);
        if !well_formed(asset) || asset.contains(char::is_whitespace) || asset.contains('/') {
            return Err(format!("the asset's id {} holds what coordinates may not hold", shown(asset)));
        }
        let name = self.business_group(key);
        if let Some(name) = name.filter(|name| well_formed(name) && !is_uuid(name) && self.finds(name, group)) {
            return Ok(format!("{name}/{asset}"));
        }
        if !well_formed(group) {
            return Err(format!("the group's id {} holds what coordinates may not hold", shown(group)));
        }
        if is_uuid(group) {
            return Ok(format!("{group}/{asset}"));
        }
        match (self.business_groups, self.by_name.get(group)) {
            (None, _) => Err("the business groups were not read, so that its group's id might be a name".to_owned()),
            // A live group's id is taken as it is where no business group has it for a name.
            (Some(_), None) => Ok(format!("{group}/{asset}")),
            (Some(_), Some(_)) if self.finds(group, group) => Ok(format!("{group}/{asset}")),
            (Some(_), Some(_)) => Err(format!("{} is a business group's name, too", shown(group))),
        }
    }

    /// Everything that the asset may be called.
    pub(super) fn all_of(&self, key: &AssetKey) -> Vec<String> {
        let named = self.business_group(key).map(|name| format!("{name}/{}", key.asset_id));
        named.into_iter().chain([key.to_string()]).collect()
    }

    /// The name of the business group that owns the asset.
    pub(super) fn business_group(&self, key: &AssetKey) -> Option<&'a str> {
        self.business_groups.and_then(|groups| groups.get(&*key.group_id)).map(String::as_str)
    }

    fn finds(&self, name: &str, id: &str) -> bool {
        self.by_name.get(name).is_some_and(|ids| ids.as_slice() == [id])
    }
}

/// What the loader takes as a part of coordinates.
fn well_formed(part: &str) -> bool {
    !part.is_empty() && part.trim() == part && !part.chars().any(char::is_control)
}

/// A name as a word for keys: lower case, with dashes for all that is no letter and no digit. May come out empty.
pub(super) fn slug(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut slug = String::new();
    for character in text.to_lowercase().chars().filter(|character| !is_mark(*character)) {
        if slug.chars().count() == LONGEST {
            break;
        }
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A name for a file that no file system takes amiss: lower case letters and digits of ASCII, and dashes; not one of
/// Windows' devices, and not taken.
pub(super) fn file_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let plain: String =
        slug(name).chars().map(|character| if character.is_ascii() { character } else { '-' }).collect();
    let word = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let is_device = |name: &str| {
        let numbered = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
        matches!(name, "con" | "prn" | "aux" | "nul") || numbered.is_some_and(|rest| rest.len() == 1)
    };
    untaken(if word.is_empty() { "business-group" } else { &word }, |name| is_device(name) || is_taken(name))
}

/// Marks that belong to the letter before them, as lower case leaves them behind.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\'' | '’')
}

/// The name, or the name with the first number that nobody took.
pub(super) fn untaken(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let numbered = (2_u64..).map(|number| format!("{name}-{number}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_words_for_keys() {
        for (text, expected) in [
            ("Gold Tier", "gold-tier"),
            ("  Ünïcode & Sons' (EU) ", "ünïcode-sons-eu"),
            ("***", ""),
            ("İ", "i"),
            ("日本", "日本"),
        ] {
            assert_eq!(slug(text), expected);
        }
        assert_eq!(slug(&"abc ".repeat(40)), ["abc"; 10].join("-"));
    }

    #[test]
    fn file_names_are_safe_everywhere() {
        for (name, expected) in [
            ("Finance", "finance"),
            ("../../etc/passwd", "etc-passwd"),
            ("C:\\Windows\\system32", "c-windows-system32"),
            ("日本", "business-group"),
            ("Ünïcode & Söhne", "n-code-s-hne"),
            ("", "business-group"),
            ("...", "business-group"),
            ("CON", "con-2"),
            ("lpt1", "lpt1-2"),
            ("compute", "compute"),
            ("a\n\u{0}\u{202e}b", "a-b"),
        ] {
            assert_eq!(file_name(name, |_| false), expected, "{name:?}");
        }
        assert_eq!(file_name("Finance!", |name| ["finance", "finance-2"].contains(&name)), "finance-3");
    }

    #[test]
    fn taken_names_get_numbers() {
        assert_eq!(untaken("a", |_| false), "a");
        assert_eq!(untaken("a", |name| ["a", "a-2"].contains(&name)), "a-3");
    }

    #[test]
    fn a_providers_text_finds_that_provider() {
        let providers: BTreeMap<ProviderId, String> =
            [("p1", "Okta"), ("p2", "SAML"), ("p3", "SAML"), ("p4", "p1"), ("p5", " "), ("p6", "mulesoft")]
                .map(|(id, name)| (id.into(), name.to_owned()))
                .into();
        let texts: Vec<_> = ["p1", "p2", "p3", "p4", "p5", "p6", "mulesoft", "gone"]
            .map(ProviderId::from)
            .iter()
            .map(|id| provider(id, &providers).map(str::to_owned))
            .collect();
        let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
        let expected =
            [Some("Okta"), Some("p2"), Some("p3"), Some("p4"), Some("p5"), Some("p6"), Some("mulesoft"), None];
        assert_eq!(texts, expected);
    }

    #[test]
    fn coordinates_name_business_groups_where_that_is_clear() {
        const ID: &str = "f1b2c3d4-0000-4000-8000-000000000001";
        let groups: BTreeMap<String, String> =
            [(ID, "Finance"), ("b2", "Twin"), ("b3", "Twin"), ("b4", "com.example"), ("b5", " Padded"), ("b6", ID)]
                .map(|(id, name)| (id.to_owned(), name.to_owned()))
                .into();
        let names = AssetNames::new(Some(&groups));
        let written = |group: &str, asset: &str| names.coordinates(&AssetKey::new(group, asset)).ok();
        assert_eq!(written(ID, "api").as_deref(), Some("Finance/api"));
        assert_eq!(written("b2", "api").as_deref(), Some("b2/api"));
        assert_eq!(written("b4", "api").as_deref(), Some("com.example/api"));
        assert_eq!(written("com.example", "api"), None, "the text means the business group");
        assert_eq!(written("org.other", "api").as_deref(), Some("org.other/api"));
        assert_eq!(written("b5", "api").as_deref(), Some("b5/api"));
        assert_eq!(written("b6", "api").as_deref(), Some("b6/api"), "a name that looks like an id is taken for one");
        for (group, asset) in [(ID, "a/b"), (ID, "a b"), (ID, ""), ("a\nb", "x"), ("", "x")] {
            assert_eq!(written(group, asset), None);
        }
        let unread = AssetNames::new(None);
        assert!(unread.coordinates(&AssetKey::new("com.example", "x")).is_err());
        assert!(unread.coordinates(&AssetKey::new(ID, "x")).is_ok());
    }
}
