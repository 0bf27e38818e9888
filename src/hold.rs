//! What a plan leaves out until somebody accepts it: drift that gives. Pure.
//!
//! Somebody took something away in the portal, perhaps to protect it; the manifest, which has not changed since it was
//! applied, would give it back. Element by element, so that whatever else the same object needs goes on. Drift that
//! takes is put right at once.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde_json::Value;

use crate::address::{Address, NotAnAddress};
use crate::diff::Difference;
use crate::id::GroupName;
use crate::kinds::assets::spec::{AssetSpec, canonical_version};
use crate::kinds::members::spec::MemberSpec;
use crate::kinds::{Fields, GroupSet, fields};
use crate::plan::{Edit, Held, Operation};
use crate::record::Wishes;

#[cfg(test)]
mod tests;

/// A word of the command line that accepts what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    All,
    Of(Address),
}

impl FromStr for Accepted {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::Of) }
    }
}

/// What somebody accepts of what would be held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acceptance {
    pub all: bool,
    pub addresses: BTreeSet<Address>,
}

impl FromIterator<Accepted> for Acceptance {
    fn from_iter<I: IntoIterator<Item = Accepted>>(words: I) -> Self {
        let mut acceptance = Self::default();
        for word in words {
            match word {
                Accepted::All => acceptance.all = true,
                Accepted::Of(address) => {
                    acceptance.addresses.insert(address);
                }
            }
        }
        acceptance
    }
}

impl Acceptance {
    /// What of it is about this portal.
    #[must_use]
    pub fn of(&self, portal: &str) -> Self {
        let Self { all, addresses } = self;
        let is_of = |address: &&Address| *address.portal == *portal;
        Self { all: *all, addresses: addresses.iter().filter(is_of).cloned().collect() }
    }

    fn covers(&self, address: &Address) -> bool {
        self.all || self.addresses.contains(address)
    }
}

/// What may be done, what is held, and what would be held if it were not accepted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sorted {
    pub differences: Vec<Difference>,
    pub held: Vec<Held>,
    pub accepted: BTreeSet<Address>,
}

/// Takes out of the differences what would give back what the manifest that was applied last gave already.
pub fn hold(differences: Vec<Difference>, applied: &Wishes, acceptance: &Acceptance) -> Sorted {
    let mut sorted = Sorted::default();
    for difference in differences {
        let Some((edit, held)) = applied.of(&difference.address).and_then(|wish| split(&difference, wish)) else {
            sorted.differences.push(difference);
            continue;
        };
        if acceptance.covers(&difference.address) {
            sorted.accepted.insert(difference.address.clone());
            sorted.differences.push(difference);
            continue;
        }
        sorted.held.extend(held);
        sorted.differences.extend(edit.map(|edit| Difference { edit, ..difference }));
    }
    sorted.held.sort_by(|a, b| (&a.address, &a.path).cmp(&(&b.address, &b.path)));
    sorted
}

/// What is left of the difference, and what is held of it; `None` if that is nothing.
fn split(difference: &Difference, wish: &Edit) -> Option<(Option<Edit>, Vec<Held>)> {
    let address = &difference.address;
    let (left, held) = match (&difference.edit, wish) {
        (Edit::IdpMapping(Operation::Create { after }), Edit::IdpMapping(Operation::Create { .. })) => {
            (None, vec![whole(address, after, GroupSet::from([after.user_group.clone()]))])
        }
        (Edit::Asset(Operation::Create { after }), Edit::Asset(Operation::Create { .. })) => {
            (None, vec![whole(address, after, after.versions.values().flatten().flatten().cloned().collect())])
        }
        (Edit::Asset(Operation::Update { before, after }), Edit::Asset(wish)) => {
            let left = restrained_asset(before, after, wish.after()?);
            let held = held_fields(address, before, &left, after);
            let edit = update(before, left).map(|(before, after)| Edit::Asset(Operation::Update { before, after }));
            (edit, held)
        }
        (Edit::Member { before, after }, Edit::Member { after: wish, .. }) => {
            let left = restrained_member(before, after, wish);
            let held = held_fields(address, before, &left, after);
            (update(before, left).map(|(before, after)| Edit::Member { before, after }), held)
        }
        _ => return None,
    };
    (!held.is_empty()).then_some((left, held))
}

/// An object that is not there and would come back.
fn whole<S: serde::Serialize>(address: &Address, after: &S, groups: GroupSet) -> Held {
    let after = serde_json::to_value(after).expect("a specification has text keys and no failing serializer");
    Held { address: address.clone(), path: None, before: Value::Null, after, groups }
}

/// The fields in which what is left falls short of what is wanted.
fn held_fields<S: serde::Serialize>(address: &Address, before: &S, left: &S, after: &S) -> Vec<Held> {
    let (mut before, left, after) = (fields(before), fields(left), fields(after));
    let everyone = groups_of(&after);
    after
        .into_iter()
        .filter(|(path, wanted)| left.get(path) != Some(wanted))
        .map(|(path, wanted)| {
            let groups = match (set(&wanted), left.get(&path).map(set)) {
                (Some(wanted), Some(Some(left))) => &wanted - &left,
                (Some(wanted), _) => wanted,
                // Whoever is enabled, and whatever shows more instances, gives to every group that is concerned.
                (None, _) => everyone.clone(),
            };
            let before = before.remove(&path).unwrap_or_default();
            Held { address: address.clone(), path: Some(path), before, after: wanted, groups }
        })
        .collect()
}

fn set(value: &Value) -> Option<GroupSet> {
    value.as_array()?.iter().map(|element| element.as_str().map(Into::into)).collect()
}

fn groups_of(fields: &Fields) -> GroupSet {
    fields.values().filter_map(set).flatten().collect()
}

fn update<S: PartialEq + Clone>(before: &S, left: S) -> Option<(S, S)> {
    (*before != left).then(|| (before.clone(), left))
}

/// What may become of a published asset.
fn restrained_asset(before: &AssetSpec, after: &AssetSpec, wish: &AssetSpec) -> AssetSpec {
    let by_number: BTreeMap<String, &Option<GroupSet>> =
        wish.versions.iter().map(|(version, groups)| (canonical_version(version), groups)).collect();
    let wished = |version: &str| {
        wish.versions
            .get(version)
            .or_else(|| by_number.get(&canonical_version(version)).copied())
            .and_then(Option::as_ref)
    };
    let mut versions = BTreeMap::new();
    for (version, wanted) in &after.versions {
        let live = before.versions.get(version);
        let shown = live.map_or(LiveSet::Missing, |groups| groups.as_ref().into());
        let left = restrained(shown, wanted.as_ref(), wished(version));
        // A version that is not there, and of which nothing may be given, is not mentioned at all.
        if live.is_some() || left.is_some() || wanted.is_none() {
            versions.insert(version.clone(), left);
        }
    }
    let gives = match (before.instances, after.instances) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => !after.is_within(before),
    };
    let instances = if gives && wish.instances == after.instances { before.instances } else { after.instances };
    AssetSpec { instances, versions }
}

/// What may become of a member.
fn restrained_member(before: &MemberSpec, after: &MemberSpec, wish: &MemberSpec) -> MemberSpec {
    let enables = after.enabled == Some(true) && before.enabled != after.enabled;
    MemberSpec {
        user_groups: restrained(
            before.user_groups.as_ref().into(),
            after.user_groups.as_ref(),
            wish.user_groups.as_ref(),
        ),
        enabled: if enables && wish.enabled == after.enabled { before.enabled } else { after.enabled },
    }
}

/// A set as the portal shows it.
#[derive(Clone, Copy)]
enum LiveSet<'a> {
    /// There is no such set yet.
    Missing,
    /// The hub does not tell.
    Unknown,
    Known(&'a GroupSet),
}

impl<'a> From<Option<&'a GroupSet>> for LiveSet<'a> {
    fn from(known: Option<&'a GroupSet>) -> Self {
        known.map_or(Self::Unknown, Self::Known)
    }
}

/// What may become of a set: all that is wanted but for what is missing and was wanted before. What is not known may
/// have been taken away, and stays as it is unless the wish is new.
fn restrained(live: LiveSet<'_>, wanted: Option<&GroupSet>, wished: Option<&GroupSet>) -> Option<GroupSet> {
    let wanted = wanted?;
    let Some(wished) = wished else { return Some(wanted.clone()) };
    match live {
        LiveSet::Unknown => (wanted.is_empty() || wanted != wished).then(|| wanted.clone()),
        LiveSet::Known(live) => {
            let may_be = |name: &&GroupName| live.contains(*name) || !wished.contains(*name);
            Some(wanted.iter().filter(may_be).cloned().collect())
        }
        LiveSet::Missing => {
            let left = wanted - wished;
            (wanted.is_empty() || !left.is_empty()).then_some(left)
        }
    }
}
