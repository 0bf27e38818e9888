//! Differences → changes in phases, split where one step would show somebody what neither state shows. Pure.
//!
//! While people move (phase 2), every audience stands at what its old and its new state share, or at the one of the
//! two that nobody's move meets. So each person, whose own write is atomic, sees at any moment only what the old or
//! the new state shows them. `tests::nobody_sees_what_neither_state_shows` walks every interleaving.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::Difference;
use crate::directory::Directory;
use crate::id::{ChangeId, GroupName};
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::members::spec::MemberSpec;
use crate::plan::{Change, Edit, Operation, Phase};

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
        let all = || directory.iter().map(|entry| entry.name.clone()).collect::<GroupSet>();
        match edit {
            Edit::UserGroup(_) | Edit::Reject { .. } => Self::default(),
            Edit::IdpMapping(operation) => {
                // Everyone who signs in is in the default and public groups, mapped or not.
                let moved = |group: &GroupName| {
                    let everyone = everyone(directory);
                    directory.with_ancestors(group).filter(|name| !everyone.contains(*name)).cloned().collect()
                };
                let gains = operation.after().map(|mapping| moved(&mapping.user_group)).unwrap_or_default();
                let losses = operation.before().map(|mapping| moved(&mapping.user_group)).unwrap_or_default();
                Self { gains, losses, ..Self::default() }
            }
            Edit::Member { before, after } => {
                let sees = |spec: &MemberSpec| match (spec.enabled, &spec.user_groups) {
                    (Some(false), _) => GroupSet::new(),
                    (_, None) => all(),
                    (_, Some(groups)) => effective(groups, directory),
                };
                let (before, after) = (sees(before), sees(after));
                Self { gains: &after - &before, losses: &before - &after, ..Self::default() }
            }
            Edit::Approve { after, .. } => Self { gains: effective(&after.user_groups, directory), ..Self::default() },
            Edit::Asset(operation) => {
                let nothing = AssetSpec::default();
                let before = operation.before().unwrap_or(&nothing);
                let after = operation.after().unwrap_or(&nothing);
                let mut effects = Self::default();
                for version in before.versions.keys().chain(after.versions.keys()).collect::<BTreeSet<_>>() {
                    // An audience that is unknown may hold anyone.
                    let sees = |spec: &AssetSpec| match spec.versions.get(version) {
                        None => GroupSet::new(),
                        Some(None) => all(),
                        Some(Some(groups)) => groups.clone(),
                    };
                    let (before, after) = (sees(before), sees(after));
                    effects.gives.extend(&after - &before);
                    effects.takes.extend(&before - &after);
                }
                effects
            }
        }
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

/// The groups whose audiences someone sees who is in the given ones.
pub fn effective(groups: &GroupSet, directory: &Directory) -> GroupSet {
    let mut effective = everyone(directory);
    for group in groups {
        effective.extend(directory.with_ancestors(group).cloned());
    }
    effective
}

/// The groups that everyone is in who signs in.
fn everyone(directory: &Directory) -> GroupSet {
    directory
        .iter()
        .filter(|entry| entry.flags.is_default || entry.flags.is_public)
        .flat_map(|entry| directory.with_ancestors(&entry.name).cloned())
        .collect()
}

/// Puts differences into phases, splits what has to be split, and links what depends on each other.
pub fn order(differences: Vec<Difference>, directory: &Directory) -> Vec<Change> {
    let mut people = Effects::default();
    for difference in &differences {
        if matches!(difference.edit, Edit::IdpMapping(_) | Edit::Member { .. } | Edit::Approve { .. }) {
            people.merge(Effects::of(&difference.edit, directory));
        }
    }
    let mut steps: Vec<(Phase, Difference)> = Vec::with_capacity(differences.len());
    for difference in differences {
        match &difference.edit {
            Edit::UserGroup(Operation::Delete { .. }) => steps.push((Phase::Clear, difference)),
            Edit::UserGroup(_) => steps.push((Phase::Groups, difference)),
            Edit::IdpMapping(_) | Edit::Member { .. } | Edit::Approve { .. } | Edit::Reject { .. } => {
                steps.push((Phase::People, difference));
            }
            Edit::Asset(Operation::Create { .. }) => steps.push((Phase::Widen, difference)),
            Edit::Asset(Operation::Delete { .. }) => steps.push((Phase::Narrow, difference)),
            Edit::Asset(Operation::Update { before, after }) => {
                let parts = asset_steps(before, after, &Effects::of(&difference.edit, directory), &people);
                for (phase, before, after) in parts {
                    let edit = Edit::Asset(Operation::Update { before, after });
                    steps.push((phase, Difference { edit, ..difference.clone() }));
                }
            }
        }
    }
    steps.sort_by(|(phase_a, a), (phase_b, b)| {
        (phase_a, &a.address, a.edit.action()).cmp(&(phase_b, &b.address, b.edit.action()))
    });
    let mut changes: Vec<Change> = steps
        .into_iter()
        .enumerate()
        .map(|(index, (phase, difference))| {
            let Difference { address, object_id, edit, mut causes, reason } = difference;
            let mut fields = edit.changed_fields();
            for field in &mut fields {
                field.cause = causes.remove(&field.path);
            }
            let id = ChangeId::from((index + 1).to_string());
            Change { id, address, object_id, edit, fields, phase, depends_on: Vec::new(), reason }
        })
        .collect();
    link(&mut changes, directory);
    changes
}

/// The one or two steps in which an asset goes from `before` to `after`.
fn asset_steps(
    before: &AssetSpec,
    after: &AssetSpec,
    effects: &Effects,
    people: &Effects,
) -> Vec<(Phase, AssetSpec, AssetSpec)> {
    let whole = |phase| vec![(phase, before.clone(), after.clone())];
    let narrows_instances = after.instances.zip(before.instances).is_none_or(|(after, before)| after.is_within(before));
    match (effects.takes.is_empty(), effects.gives.is_empty()) {
        (true, true) => whole(if narrows_instances { Phase::Narrow } else { Phase::Widen }),
        (false, true) if narrows_instances => whole(Phase::Narrow),
        (true, false) => whole(Phase::Widen),
        _ if effects.takes.is_disjoint(&people.gains) => whole(Phase::Widen),
        _ if effects.gives.is_disjoint(&people.losses) && narrows_instances => whole(Phase::Narrow),
        _ => {
            let shared = shared(before, after);
            vec![(Phase::Narrow, before.clone(), shared.clone()), (Phase::Widen, shared, after.clone())]
        }
    }
}

/// What both states show.
fn shared(before: &AssetSpec, after: &AssetSpec) -> AssetSpec {
    let versions = before
        .versions
        .iter()
        .map(|(version, groups)| {
            let shared = match (groups, after.versions.get(version)) {
                (Some(before), Some(Some(after))) => Some(before & after),
                // An audience that is not known is closed first, unless it stays as it is.
                (None, Some(Some(_))) => Some(GroupSet::new()),
                (groups, _) => groups.clone(),
            };
            (version.clone(), shared)
        })
        .collect();
    let instances = match (before.instances, after.instances) {
        (Some(before), Some(after)) if after.is_within(before) => Some(after),
        (before, _) => before,
    };
    AssetSpec { instances, versions }
}

/// Links each change to those that must have succeeded before it.
fn link(changes: &mut [Change], directory: &Directory) {
    let mut creates: BTreeMap<GroupName, ChangeId> = BTreeMap::new();
    // By group: what clears it.
    let mut clears: BTreeMap<GroupName, Vec<ChangeId>> = BTreeMap::new();
    let deleted: BTreeSet<GroupName> = changes
        .iter()
        .filter_map(|change| match &change.edit {
            Edit::UserGroup(Operation::Delete { before }) => Some(before.name.clone()),
            _ => None,
        })
        .collect();
    let mut first_of: BTreeMap<String, ChangeId> = BTreeMap::new();
    for change in changes.iter_mut() {
        if let Edit::UserGroup(Operation::Create { after }) = &change.edit {
            creates.insert(after.name.clone(), change.id.clone());
        }
    }
    for change in changes.iter_mut() {
        let mut depends_on: BTreeSet<ChangeId> = mentioned(&change.edit)
            .into_iter()
            .filter(|name| directory.id_of(name).is_none())
            .filter_map(|name| creates.get(&name).cloned())
            .filter(|id| *id != change.id)
            .collect();
        if matches!(change.edit, Edit::Asset(_)) {
            match first_of.get(&change.address.name()) {
                Some(first) => {
                    depends_on.insert(first.clone());
                }
                None => {
                    first_of.insert(change.address.name(), change.id.clone());
                }
            }
        }
        for name in released(&change.edit) {
            if deleted.contains(&name) {
                clears.entry(name).or_default().push(change.id.clone());
            }
        }
        change.depends_on = depends_on.into_iter().collect();
    }
    for change in changes {
        if let Edit::UserGroup(Operation::Delete { before }) = &change.edit {
            change.depends_on.extend(clears.remove(&before.name).unwrap_or_default());
        }
        change.depends_on.sort_by_key(|id| id.as_str().parse::<usize>().unwrap_or(usize::MAX));
        change.depends_on.dedup();
    }
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
