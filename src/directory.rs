//! The user groups of a portal by name and by id, with their tree: live ones, and those that a plan will create.
//!
//! Names in plans are unique within their directory: a built-in goes by `system:…` where its flag tells it apart,
//! and groups of one name carry their ids.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, GroupName};
use crate::kinds::GroupSet;
use crate::manifest::model::{GroupReference, SystemGroup};
use crate::state::{GroupFlags, LiveGroup};

/// One group of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: GroupName,
    /// `None`: yet to be created.
    pub id: Option<GroupId>,
    pub parent: Option<GroupName>,
    pub flags: GroupFlags,
}

/// All groups of a portal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Directory {
    entries: BTreeMap<GroupName, Entry>,
    names: HashMap<GroupId, GroupName>,
}

impl TryFrom<Vec<Entry>> for Directory {
    type Error = String;

    /// One group under two names would be shown by one and written by the other.
    fn try_from(entries: Vec<Entry>) -> Result<Self, String> {
        let mut directory = Self::default();
        for entry in entries {
            if directory.entries.contains_key(&entry.name) {
                return Err(format!("there are two user groups called `{}`", entry.name));
            }
            if let Some(name) = entry.id.as_ref().and_then(|id| directory.names.get(id)) {
                return Err(format!("`{name}` and `{}` are the same user group", entry.name));
            }
            directory.insert(entry);
        }
        Ok(directory)
    }
}

impl From<Directory> for Vec<Entry> {
    fn from(directory: Directory) -> Self {
        directory.entries.into_values().collect()
    }
}

impl GroupReference {
    /// As it is written in manifests.
    pub fn as_str(&self) -> &str {
        match self {
            Self::System(system) => system.as_str(),
            Self::Named(name) => name,
        }
    }
}

impl SystemGroup {
    pub const ALL: [Self; 3] = [Self::Administrators, Self::Guests, Self::Members];

    /// As it is written in manifests and plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrators => "system:administrators",
            Self::Guests => "system:guests",
            Self::Members => "system:members",
        }
    }

    /// The name of the flag that marks it.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Administrators => "isAdmin",
            Self::Guests => "isPublic",
            Self::Members => "isDefault",
        }
    }

    /// Whether the flags mark this built-in.
    pub const fn marks(self, flags: GroupFlags) -> bool {
        match self {
            Self::Administrators => flags.is_admin,
            Self::Guests => flags.is_public,
            Self::Members => flags.is_default,
        }
    }
}

impl Directory {
    /// Names every live group. A group that is about to be renamed goes by its new name.
    pub fn of_live(groups: &[LiveGroup], renamed: &BTreeMap<GroupId, String>) -> Self {
        let plain = |group: &'_ LiveGroup| -> String { renamed.get(&group.id).unwrap_or(&group.name).clone() };
        let mut uses: HashMap<String, usize> = HashMap::new();
        for group in groups {
            *uses.entry(plain(group)).or_default() += 1;
        }
        let built_in = |group: &LiveGroup| {
            // A group that is both public and default goes by the wider of its two names.
            [SystemGroup::Administrators, SystemGroup::Guests, SystemGroup::Members].into_iter().find(|system| {
                system.marks(group.flags) && groups.iter().filter(|other| system.marks(other.flags)).count() == 1
            })
        };
        let name = |group: &LiveGroup| -> GroupName {
            if let Some(system) = built_in(group) {
                return system.as_str().into();
            }
            let text = plain(group);
            if uses[&text] > 1 || is_misleading(&text, groups) {
                return format!("{text} [{}]", group.id).into();
            }
            text.into()
        };
        let names: HashMap<&GroupId, GroupName> = groups.iter().map(|group| (&group.id, name(group))).collect();
        let mut directory = Self::default();
        for group in groups {
            directory.insert(Entry {
                name: names[&group.id].clone(),
                id: Some(group.id.clone()),
                parent: group.parent.as_ref().and_then(|parent| names.get(parent)).cloned(),
                flags: group.flags,
            });
        }
        directory
    }

    /// Adds a group or replaces the one of the same name.
    pub fn insert(&mut self, entry: Entry) {
        if let Some(id) = &entry.id {
            self.names.insert(id.clone(), entry.name.clone());
        }
        self.entries.insert(entry.name.clone(), entry);
    }

    pub fn get(&self, name: &GroupName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// All groups in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub fn id_of(&self, name: &GroupName) -> Option<&GroupId> {
        self.entries.get(name)?.id.as_ref()
    }

    /// The id that a name of [`Self::name_of`] stands for, also where the tree does not hold it.
    pub fn wire_id(&self, name: &GroupName) -> Option<GroupId> {
        let shown = || name.as_str().strip_prefix('[')?.strip_suffix(']').map(GroupId::from);
        match self.entries.get(name) {
            Some(entry) => entry.id.clone(),
            None => shown(),
        }
    }

    /// The name of a live group. An id that the tree does not hold is shown as it is.
    pub fn name_of(&self, id: &GroupId) -> GroupName {
        self.names.get(id).cloned().unwrap_or_else(|| format!("[{id}]").into())
    }

    pub fn names_of<'a>(&self, ids: impl IntoIterator<Item = &'a GroupId>) -> GroupSet {
        ids.into_iter().map(|id| self.name_of(id)).collect()
    }

    pub fn flags_of(&self, name: &GroupName) -> GroupFlags {
        self.entries.get(name).map(|entry| entry.flags).unwrap_or_default()
    }

    /// The group and everything above it: whoever is in the group sees what any of these sees.
    pub fn with_ancestors<'a>(&'a self, name: &'a GroupName) -> impl Iterator<Item = &'a GroupName> {
        // A tree that was read can hold no cycle, a plan file that was edited can: no path is longer than the tree.
        std::iter::successors(Some(name), |name| self.entries.get(*name)?.parent.as_ref()).take(self.entries.len() + 1)
    }

    /// How far below the top of the tree the group stands; a group at the top has 1.
    pub fn depth_of(&self, name: &GroupName) -> usize {
        self.with_ancestors(name).count()
    }

    /// The groups whose audiences a visitor sees who has not signed in.
    pub fn guests(&self) -> GroupSet {
        self.closure(self.flagged(|flags| flags.is_public).iter())
    }

    /// The groups whose audiences everyone sees who signs in.
    pub fn everyone(&self) -> GroupSet {
        self.closure(self.flagged(|flags| flags.is_default || flags.is_public).iter())
    }

    /// The groups whose audiences somebody sees who signs in and is in the given ones.
    pub fn effective(&self, groups: &GroupSet) -> GroupSet {
        self.closure(groups.iter().chain(&self.everyone()))
    }

    fn closure<'a>(&'a self, groups: impl Iterator<Item = &'a GroupName>) -> GroupSet {
        groups.flat_map(|group| self.with_ancestors(group)).cloned().collect()
    }

    /// The names that the predicate picks by their flags.
    pub fn flagged(&self, predicate: impl Fn(GroupFlags) -> bool) -> GroupSet {
        self.entries.values().filter(|entry| predicate(entry.flags)).map(|entry| entry.name.clone()).collect()
    }
}

/// A portal's own name that could be taken for one of the names made here.
fn is_misleading(text: &str, groups: &[LiveGroup]) -> bool {
    let bracketed = text.strip_suffix(']');
    text.is_empty()
        || text.starts_with("system:")
        || text.starts_with("audience:")
        || (text.starts_with('[') && bracketed.is_some())
        || bracketed.is_some_and(|text| {
            groups.iter().filter_map(|group| text.strip_suffix(group.id.as_str())).any(|text| text.ends_with(" ["))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_one_name_and_a_name_one_group() {
        let entry = |name: &str, id: Option<&str>| {
            let flags = GroupFlags::default();
            Entry { name: name.into(), id: id.map(Into::into), parent: None, flags }
        };
        let read = |entries: Vec<Entry>| Directory::try_from(entries).map(|directory| directory.entries.len());
        assert_eq!(read(vec![entry("A", Some("1")), entry("B", Some("2")), entry("C", None), entry("D", None)]), Ok(4));
        let twice = read(vec![entry("A", Some("1")), entry("B", Some("1"))]);
        assert_eq!(twice, Err("`A` and `B` are the same user group".to_owned()));
        let twice = read(vec![entry("A", Some("1")), entry("A", None)]);
        assert_eq!(twice, Err("there are two user groups called `A`".to_owned()));
    }
}
