//! Questions about one of the two states: who sees what, and why.

use std::collections::BTreeSet;

use serde::Serialize;

use super::sight::way;
use crate::directory::{Directory, Entry};
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::access::{Access, Path, Person, SeenAsset, SeenVersion, Side, Standing};

/// One state of a portal.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub access: &'a Access,
    pub directory: &'a Directory,
    pub side: Side,
}

/// How a group sees a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// The audience names the group.
    Direct,
    /// The audience names a group above it, or one that everyone is in.
    Inherited,
    Hidden,
    /// The hub does not tell.
    Unknown,
}

/// Whether somebody sees a version, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// `None`: the hub does not tell enough.
    pub sees: Option<bool>,
    /// Every way that grants it: from a group that the person is in to one of the audience.
    pub ways: Vec<Path>,
    /// What stands in the way, if it is not seen.
    pub missing: Vec<Missing>,
    /// The version's audience; `None`: not told.
    pub audience: Option<GroupSet>,
    /// The groups that the person is in themselves.
    pub user_groups: Option<GroupSet>,
}

/// Why somebody does not see a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    /// Disabled, or not a member yet.
    Inactive,
    Unpublished,
    /// None of the person's groups, nor any above them, is in the audience.
    Group,
    /// The audience is empty, administrators aside.
    Nobody,
}

impl<'a> View<'a> {
    /// The groups, parents before their children.
    pub fn groups(&self) -> Vec<&'a Entry> {
        let mut groups: Vec<&Entry> = self.directory.iter().collect();
        let place = |entry: &Entry| -> Vec<GroupName> {
            let mut way: Vec<GroupName> = self.directory.with_ancestors(&entry.name).cloned().collect();
            way.reverse();
            way
        };
        groups.sort_by_cached_key(|entry| place(entry));
        groups
    }

    /// The published assets with their versions.
    pub fn assets(&self) -> impl Iterator<Item = &'a SeenAsset> + use<'a> {
        let Self { access, side, .. } = *self;
        access.assets.iter().filter(move |asset| *asset.is_published.on(side))
    }

    /// How whoever is in a group sees a version.
    pub fn cell(&self, group: &GroupName, version: &SeenVersion) -> Cell {
        let Some(audience) = version.audience.on(self.side) else { return Cell::Unknown };
        if audience.contains(group) {
            return Cell::Direct;
        }
        let is_signed_in = !self.directory.flags_of(group).is_public;
        let everyone = if is_signed_in { self.directory.everyone() } else { self.directory.guests() };
        let inherits = self.directory.with_ancestors(group).any(|name| audience.contains(name));
        if inherits || !everyone.is_disjoint(audience) { Cell::Inherited } else { Cell::Hidden }
    }

    /// Guests see it, who have not signed in.
    pub fn is_public(&self, version: &SeenVersion) -> bool {
        version.audience.on(self.side).as_ref().is_some_and(|audience| !self.directory.guests().is_disjoint(audience))
    }

    /// Whether a person sees a version, and why.
    pub fn why(&self, person: &Person, asset: &SeenAsset, version: &SeenVersion) -> Verdict {
        let Standing { user_groups, is_active } = person.standing.on(self.side);
        let audience = version.audience.on(self.side);
        let mut verdict = Verdict {
            sees: None,
            ways: Vec::new(),
            missing: Vec::new(),
            audience: audience.clone(),
            user_groups: user_groups.clone(),
        };
        let Some(audience) = audience else { return verdict };
        let nothing = GroupSet::new();
        let own = user_groups.as_ref().unwrap_or(&nothing);
        verdict.ways = audience.iter().filter_map(|group| way(self.directory, own, group)).collect();
        if !is_active {
            verdict.missing.push(Missing::Inactive);
        }
        if !asset.is_published.on(self.side) {
            verdict.missing.push(Missing::Unpublished);
        } else if verdict.ways.is_empty() {
            let is_nobody = audience.iter().all(|group| self.directory.flags_of(group).is_admin);
            verdict.missing.push(if is_nobody { Missing::Nobody } else { Missing::Group });
        }
        verdict.sees = match verdict.missing.as_slice() {
            [] => Some(true),
            // Who is in which groups is not told, and one of them could do.
            [Missing::Group | Missing::Nobody] if user_groups.is_none() => None,
            _ => Some(false),
        };
        verdict
    }

    /// The people who see a version.
    pub fn viewers(&self, asset: &'a SeenAsset, version: &'a SeenVersion) -> Vec<&'a Person> {
        let people = self.access.people.iter().flatten();
        people.filter(|person| self.why(person, asset, version).sees == Some(true)).collect()
    }

    /// The groups that could be joined to see a version: those of its audience, and all below them, but for the
    /// administrators'.
    pub fn doors(&self, version: &SeenVersion) -> BTreeSet<&'a GroupName> {
        let Some(audience) = version.audience.on(self.side) else { return BTreeSet::new() };
        let leads = |entry: &&Entry| {
            !entry.flags.is_admin && self.directory.with_ancestors(&entry.name).any(|name| audience.contains(name))
        };
        self.directory.iter().filter(leads).map(|entry| &entry.name).collect()
    }
}
