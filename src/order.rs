//! Differences → changes in phases, split where one step would show somebody what neither state shows. Pure.
//!
//! While people move (phase 2), every audience stands at what its old and its new state share, or at the one of the
//! two that nobody's move meets. So each person, whose own write is atomic, sees at any moment only what the old or
//! the new state shows them. `tests::nobody_sees_what_neither_state_shows` walks every interleaving.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use crate::address::Address;
use crate::diff::Difference;
use crate::directory::Directory;
use crate::id::{ChangeId, GroupName, ProviderName};
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::members::spec::MemberSpec;
use crate::plan::{Action, Change, Edit, Operation, Phase};

/// What a change does to groups: whose sight and whose audiences it touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Groups, ancestors counted, that somebody comes to be in.
    pub gains: GroupSet,
    /// Groups, ancestors counted, that somebody ceases to be in.
    pub losses: GroupSet,
    /// Groups that an audience gives something to.
    pub gives: GroupSet,
    /// Groups that an audience takes something from.
    pub takes: GroupSet,
}

impl Effects {
    pub fn of(edit: &Edit, directory: &Directory) -> Self {
        match edit {
            Edit::UserGroup(_) | Edit::Reject { .. } => Self::default(),
            Edit::IdpMapping(operation) => {
                // Everyone who signs in is in the default and public groups, mapped or not.
                let everyone = directory.everyone();
                let moved = |group: &GroupName| {
                    directory.with_ancestors(group).filter(|name| !everyone.contains(*name)).cloned().collect()
                };
                let gains = operation.after().map(|mapping| moved(&mapping.user_group)).unwrap_or_default();
                let losses = operation.before().map(|mapping| moved(&mapping.user_group)).unwrap_or_default();
                Self { gains, losses, ..Self::default() }
            }
            Edit::Member { before, after } => Self::of_member(before, after, directory),
            Edit::Approve { after, .. } => Self { gains: directory.effective(&after.user_groups), ..Self::default() },
            Edit::Asset(operation) => Self::of_asset(operation, directory),
        }
    }

    fn of_member(before: &MemberSpec, after: &MemberSpec, directory: &Directory) -> Self {
        let groups = |spec: &MemberSpec| match &spec.user_groups {
            None => every_group(directory),
            Some(groups) => directory.effective(groups),
        };
        let (is_out_before, is_out_after) = (before.enabled == Some(false), after.enabled == Some(false));
        let (old, new) = (groups(before), groups(after));
        // What is taken from a member whom an identity provider signs in may come back with the next login.
        let both = || &old | &new;
        let gains = match before.enabled == after.enabled || before.enabled == Some(true) {
            _ if is_out_after => GroupSet::new(),
            true => &new - &old,
            false => both(),
        };
        let losses = match is_out_after {
            _ if is_out_before => GroupSet::new(),
            false => &old - &new,
            true => both(),
        };
        Self { gains, losses, ..Self::default() }
    }

    fn of_asset(operation: &Operation<AssetSpec>, directory: &Directory) -> Self {
        let nothing = AssetSpec::default();
        let before = operation.before().unwrap_or(&nothing);
        let after = operation.after().unwrap_or(&nothing);
        let takes_instances = !shows_within(before, after);
        let gives_instances = !shows_within(after, before);
        let mut effects = Self::default();
        for version in before.versions.keys().chain(after.versions.keys()).collect::<BTreeSet<_>>() {
            let (before, after) = (before.versions.get(version), after.versions.get(version));
            let is_same = before == after;
            if is_same && after == Some(&None) && takes_instances && gives_instances {
                // Neither known nor declared, and of its instances the two states share none: no order would help.
                continue;
            }
            // An audience that is unknown may hold anyone or nobody.
            let least = |groups: Option<&Option<GroupSet>>| groups.cloned().flatten().unwrap_or_default();
            let most = |groups: Option<&Option<GroupSet>>| match groups {
                Some(None) => every_group(directory),
                known => least(known),
            };
            if takes_instances || !is_same {
                let after = least(after);
                let taken = most(before).into_iter().filter(|name| takes_instances || !after.contains(name));
                effects.takes.extend(taken);
            }
            if gives_instances || !is_same {
                let before = least(before);
                let given = most(after).into_iter().filter(|name| gives_instances || !before.contains(name));
                effects.gives.extend(given);
            }
        }
        effects
    }

    fn merge(&mut self, other: Self) {
        let Self { gains, losses, gives, takes } = other;
        self.gains.extend(gains);
        self.losses.extend(losses);
        self.gives.extend(gives);
        self.takes.extend(takes);
    }

    /// Running a change with these effects although one with the others did not run would show somebody what neither
    /// state shows: people who gain a group that an audience should have lost first, or an audience that gives to a
    /// group that somebody should have left first.
    pub fn meets_undone(&self, undone: &Self) -> bool {
        !self.gains.is_disjoint(&undone.takes) || !self.gives.is_disjoint(&undone.losses)
    }
}

/// What an asset shows of its instances is no more than another state of it shows.
fn shows_within(inner: &AssetSpec, outer: &AssetSpec) -> bool {
    match (inner.instances, outer.instances) {
        (Some(inner), Some(outer)) => inner.is_within(outer),
        (inner, outer) => inner == outer,
    }
}

fn every_group(directory: &Directory) -> GroupSet {
    directory.iter().map(|entry| entry.name.clone()).collect()
}

/// Puts differences into phases, splits what has to be split, and links what depends on each other.
pub fn order(differences: Vec<Difference>, directory: &Directory) -> Vec<Change> {
    let mut people = Effects::default();
    for difference in &differences {
        if matches!(difference.edit, Edit::IdpMapping(_) | Edit::Member { .. } | Edit::Approve { .. }) {
            people.merge(Effects::of(&difference.edit, directory));
        }
    }
    let freed = FreedNames::of(&differences);
    let mut steps: Vec<Step> = Vec::with_capacity(differences.len());
    for difference in differences {
        let (phase, rank) = match &difference.edit {
            Edit::UserGroup(Operation::Update { .. }) => (Phase::Groups, freed.distance(&difference.edit)),
            // New groups come after all renames, parents first; groups that go, leaves first.
            Edit::UserGroup(Operation::Create { after }) => {
                (Phase::Groups, freed.len() + directory.depth_of(&after.name))
            }
            Edit::UserGroup(Operation::Delete { .. }) => {
                (Phase::Clear, usize::MAX - directory.depth_of(&own_name(&difference.address)))
            }
            Edit::IdpMapping(_) | Edit::Member { .. } | Edit::Approve { .. } | Edit::Reject { .. } => {
                (Phase::People, usize::from(comes_late(&difference.edit)))
            }
            Edit::Asset(operation) => {
                let (first, second) = asset_phases(operation, &people, directory);
                if let (Some(second), Operation::Update { before, after }) = (second, operation) {
                    let shared = shared(before, after);
                    let widening = Operation::Update { before: shared.clone(), after: after.clone() };
                    let narrowing = Operation::Update { before: before.clone(), after: shared };
                    let widening = Difference { edit: Edit::Asset(widening), ..difference.clone() };
                    steps.push(Step { phase: second, rank: 0, difference: widening });
                    let narrowing = Difference { edit: Edit::Asset(narrowing), ..difference };
                    steps.push(Step { phase: first, rank: 0, difference: narrowing });
                    continue;
                }
                (first, 0)
            }
        };
        steps.push(Step { phase, rank, difference });
    }
    steps.sort_by(|a, b| a.key().cmp(&b.key()));
    let depends_on = link(&steps, directory);
    let id = |index: usize| ChangeId::from((index + 1).to_string());
    steps
        .into_iter()
        .zip(depends_on)
        .enumerate()
        .map(|(index, (Step { phase, rank: _, difference }, depends_on))| {
            let Difference { address, object_id, edit, provider: _, mut causes, reason } = difference;
            let mut fields = edit.changed_fields();
            for field in &mut fields {
                if let Some(cause) = causes.remove(&field.path) {
                    field.attribute(cause);
                }
            }
            let depends_on = depends_on.into_iter().map(id).collect();
            Change { id: id(index), address, object_id, edit, fields, phase, depends_on, reason, origin: None }
        })
        .collect()
}

/// A mapping that goes could still add a group to a member who is let in, and one that is new to a member who is shut
/// out: members are shut out and mappings go first. Whoever signs up is in no identity provider's groups.
fn comes_late(edit: &Edit) -> bool {
    lets_in(edit) || matches!(edit, Edit::IdpMapping(Operation::Create { .. }))
}

fn lets_in(edit: &Edit) -> bool {
    matches!(edit, Edit::Member { before, after } if after.enabled == Some(true) && before.enabled != after.enabled)
}

fn shuts_out(edit: &Edit) -> bool {
    matches!(edit, Edit::Member { before, after } if after.enabled == Some(false) && before.enabled != after.enabled)
}

/// By provider: members who are shut out, which new mappings wait for, and mappings that go, which members who are let
/// in wait for.
#[derive(Default)]
struct Doors<'a> {
    shut: HashMap<&'a ProviderName, Vec<usize>>,
    unmapped: HashMap<&'a ProviderName, Vec<usize>>,
}

impl<'a> Doors<'a> {
    fn of(steps: &'a [Step]) -> Self {
        let mut doors = Self::default();
        for (index, Step { difference, .. }) in steps.iter().enumerate() {
            if let Edit::IdpMapping(Operation::Delete { before }) = &difference.edit {
                doors.unmapped.entry(&before.provider).or_default().push(index);
            }
            if let (true, Some(provider)) = (shuts_out(&difference.edit), &difference.provider) {
                doors.shut.entry(provider).or_default().push(index);
            }
        }
        doors
    }

    fn before(&self, difference: &Difference) -> Vec<usize> {
        let needed = match &difference.edit {
            Edit::IdpMapping(Operation::Create { after }) => self.shut.get(&after.provider),
            edit if lets_in(edit) => difference.provider.as_ref().and_then(|provider| self.unmapped.get(provider)),
            _ => None,
        };
        needed.cloned().unwrap_or_default()
    }
}

/// A difference in its place.
struct Step {
    phase: Phase,
    /// The place among those of its phase that cannot run side by side.
    rank: usize,
    difference: Difference,
}

impl Step {
    fn key(&self) -> (Phase, usize, &Address, Action) {
        (self.phase, self.rank, &self.difference.address, self.difference.edit.action())
    }
}

/// The names that renames give free, without regard to case, as the hub compares them.
struct FreedNames(HashMap<String, String>);

impl FreedNames {
    fn of(differences: &[Difference]) -> Self {
        let renames = differences.iter().filter_map(|difference| match &difference.edit {
            Edit::UserGroup(Operation::Update { before, after }) if before.name != after.name => {
                Some((folded(&before.name), folded(&after.name)))
            }
            _ => None,
        });
        Self(renames.filter(|(before, after)| before != after).collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// How many renames must have run before the new name is free.
    fn distance(&self, edit: &Edit) -> usize {
        let Edit::UserGroup(Operation::Update { before, after }) = edit else { return 0 };
        if before.name == after.name {
            return 0;
        }
        let first = folded(&after.name);
        std::iter::successors(self.0.get(&first), |name| self.0.get(*name)).take(self.0.len()).count()
    }
}

fn folded(name: &GroupName) -> String {
    name.as_str().to_lowercase()
}

/// The name of a group in its directory.
fn own_name(address: &Address) -> GroupName {
    address.name().into()
}

/// The phase in which an asset goes from its old to its new state; two where it has to stand at what both show while
/// people move.
fn asset_phases(operation: &Operation<AssetSpec>, people: &Effects, directory: &Directory) -> (Phase, Option<Phase>) {
    let effects = match operation {
        Operation::Create { .. } => return (Phase::Widen, None),
        Operation::Delete { .. } => return (Phase::Narrow, None),
        Operation::Update { .. } => Effects::of_asset(operation, directory),
    };
    if effects.gives.is_empty() {
        (Phase::Narrow, None)
    } else if effects.takes.is_disjoint(&people.gains) {
        (Phase::Widen, None)
    } else if effects.gives.is_disjoint(&people.losses) {
        (Phase::Narrow, None)
    } else {
        (Phase::Narrow, Some(Phase::Widen))
    }
}

/// What both states show.
fn shared(before: &AssetSpec, after: &AssetSpec) -> AssetSpec {
    let instances = if shows_within(after, before) { after.instances } else { before.instances };
    // Of instances that are not comparable both states show none.
    let is_closed = !shows_within(before, after) && !shows_within(after, before);
    let versions = before
        .versions
        .iter()
        .map(|(version, groups)| {
            let shared = match (groups, after.versions.get(version)) {
                (Some(_), _) if is_closed => Some(GroupSet::new()),
                (Some(before), Some(Some(after))) => Some(before & after),
                // An audience that is not known is closed first, unless it stays as it is.
                (None, Some(Some(_))) => Some(GroupSet::new()),
                (groups, _) => groups.clone(),
            };
            (version.clone(), shared)
        })
        .collect();
    AssetSpec { instances, versions }
}

/// For each step the earlier ones that must have succeeded before it.
fn link(steps: &[Step], directory: &Directory) -> Vec<BTreeSet<usize>> {
    let mut creates: HashMap<&GroupName, usize> = HashMap::new();
    let mut frees: HashMap<String, usize> = HashMap::new();
    let mut deletes: HashMap<GroupName, usize> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        match &step.difference.edit {
            Edit::UserGroup(Operation::Create { after }) => {
                creates.insert(&after.name, index);
            }
            Edit::UserGroup(Operation::Update { before, .. }) => {
                frees.insert(folded(&before.name), index);
            }
            Edit::UserGroup(Operation::Delete { .. }) => {
                deletes.insert(own_name(&step.difference.address), index);
            }
            _ => {}
        }
    }
    let mut depends_on: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); steps.len()];
    let mut narrowed: HashMap<&Address, usize> = HashMap::new();
    let doors = Doors::of(steps);
    for (index, step) in steps.iter().enumerate() {
        let edit = &step.difference.edit;
        let needed = mentioned(edit).into_iter().filter(|name| directory.id_of(name).is_none());
        depends_on[index].extend(needed.filter_map(|name| creates.get(&name)).filter(|other| **other < index));
        depends_on[index].extend(doors.before(&step.difference));
        match edit {
            Edit::UserGroup(operation) => {
                let name = operation.after().map(|after| folded(&after.name));
                let rename = name.and_then(|name| frees.get(&name));
                depends_on[index].extend(rename.filter(|other| **other < index));
            }
            Edit::Asset(_) => depends_on[index].extend(narrowed.insert(&step.difference.address, index)),
            _ => {}
        }
        for name in released(edit) {
            if let Some(delete) = deletes.get(&name).filter(|delete| **delete > index) {
                depends_on[*delete].insert(index);
            }
        }
    }
    depends_on
}

/// Every group that must exist before the edit.
fn mentioned(edit: &Edit) -> GroupSet {
    match edit {
        Edit::UserGroup(operation) => operation.after().and_then(|after| after.parent.clone()).into_iter().collect(),
        Edit::IdpMapping(operation) => operation.after().map(|after| after.user_group.clone()).into_iter().collect(),
        Edit::Asset(operation) => operation
            .after()
            .into_iter()
            .flat_map(|after| after.versions.values().flatten().flatten().cloned())
            .collect(),
        Edit::Member { after, .. } => after.user_groups.iter().flatten().cloned().collect(),
        Edit::Approve { after, .. } => after.user_groups.clone(),
        Edit::Reject { .. } => GroupSet::new(),
    }
}

/// The groups that something refers to before the edit and no longer after it.
fn released(edit: &Edit) -> GroupSet {
    match edit {
        Edit::UserGroup(Operation::Delete { before }) => before.parent.iter().cloned().collect(),
        Edit::IdpMapping(Operation::Delete { before }) => GroupSet::from([before.user_group.clone()]),
        Edit::Asset(operation) => {
            let all = |spec: Option<&AssetSpec>| -> GroupSet {
                spec.into_iter().flat_map(|spec| spec.versions.values().flatten().flatten().cloned()).collect()
            };
            &all(operation.before()) - &all(operation.after())
        }
        Edit::Member { before, after } => {
            let after: GroupSet = after.user_groups.iter().flatten().cloned().collect();
            before.user_groups.iter().flatten().filter(|name| !after.contains(*name)).cloned().collect()
        }
        Edit::UserGroup(_) | Edit::IdpMapping(_) | Edit::Approve { .. } | Edit::Reject { .. } => GroupSet::new(),
    }
}
