//! What of a plan is worked on as one, what side by side, and what in turn.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ChangeId, GroupName};
use crate::kinds::assets::io::{BATCH, Removal};
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::idp_mappings;
use crate::plan::{Action, Change, Edit, Operation};

/// What is worked on as one: the changes of one object, or of one request.
pub(super) enum Unit<'a> {
    Mappings(&'a GroupName, Vec<&'a Change>),
    Asset(&'a Change, &'a Operation<AssetSpec>),
    /// As many as one request takes.
    Remove(Vec<Removal<'a>>),
    /// Batches one after the other: each has its audiences before the next begins.
    Publish(Vec<(&'a Change, &'a AssetSpec)>),
    Member(&'a Change),
    Prospect(&'a Change),
}

/// Puts the changes of a phase together that share a read or a request.
pub(super) fn units(changes: Vec<&Change>) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let mut mappings: BTreeMap<&GroupName, Vec<&Change>> = BTreeMap::new();
    let mut removed = Vec::new();
    let mut published = Vec::new();
    for change in changes {
        match &change.edit {
            // Groups go level by level.
            Edit::UserGroup(_) => {}
            Edit::IdpMapping(operation) => {
                mappings.entry(&idp_mappings::io::subject(operation).user_group).or_default().push(change);
            }
            Edit::Asset(Operation::Create { after }) => published.push((change, after)),
            Edit::Asset(operation @ Operation::Delete { .. }) => removed.push((change, operation)),
            Edit::Asset(operation) => units.push(Unit::Asset(change, operation)),
            Edit::Member { .. } => units.push(Unit::Member(change)),
            Edit::Approve { .. } | Edit::Reject { .. } => units.push(Unit::Prospect(change)),
        }
    }
    units.extend(mappings.into_iter().map(|(group, changes)| Unit::Mappings(group, changes)));
    units.extend(removed.chunks(BATCH).map(|batch| Unit::Remove(batch.to_vec())));
    if !published.is_empty() {
        units.push(Unit::Publish(published));
    }
    units
}

/// Puts each change after those of its phase that it depends on; renames run before groups that are new or go.
pub(super) fn levels<'a>(changes: &[&'a Change]) -> Vec<Vec<&'a Change>> {
    let in_phase: BTreeSet<&ChangeId> = changes.iter().map(|change| &change.id).collect();
    let mut depths: BTreeMap<&ChangeId, usize> = BTreeMap::new();
    let mut open: Vec<&Change> = changes.to_vec();
    // Each round settles the changes whose dependencies are settled; a cycle, which no plan has, ends the rounds.
    while !open.is_empty() {
        let before = open.len();
        open.retain(|change| {
            let needed = change.depends_on.iter().filter(|id| in_phase.contains(id));
            let Some(needed) = needed.map(|id| depths.get(id).copied()).collect::<Option<Vec<usize>>>() else {
                return true;
            };
            let own = usize::from(matches!(change.edit, Edit::UserGroup(_)) && change.action() != Action::Update);
            depths.insert(&change.id, needed.into_iter().map(|depth| depth + 1).max().unwrap_or_default().max(own));
            false
        });
        if open.len() == before {
            let deepest = depths.values().max().copied().unwrap_or_default() + 1;
            depths.extend(open.drain(..).map(|change| (&change.id, deepest)));
        }
    }
    let mut levels: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        levels.entry(depths[&change.id]).or_default().push(change);
    }
    levels.into_values().collect()
}
