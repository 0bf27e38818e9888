//! What somebody else does to the portal meanwhile, done again to a portal that nobody else touches: what the manifest
//! does not own must stay as they left it.

use std::collections::{BTreeMap, BTreeSet};

use aehctl::emulator::{self, Edit, LoggedRequest};

use crate::model::{Case, Eyes, Seen};
use crate::portal_of;
use crate::race::is_raced;
use crate::world::{Group, Portal};

/// What was seen on the way.
#[derive(Default)]
pub(crate) struct Watched {
    /// What others did to the portal, with nothing of ours.
    pub(crate) others: Portal,
    /// What they did to people and groups that were not there at first: the name, and the group that it is about.
    pub(crate) late: Vec<(String, Edit, Option<String>)>,
    /// The hub shows what was done late.
    pub(crate) is_late: bool,
    /// Versions whose audience they changed: whoever has read the asset before, carries over what was.
    pub(crate) versions: Vec<(Edit, Seen)>,
    /// Members whom they put into a group or took out of it, and the group: a member's groups are written as a whole.
    pub(crate) memberships: Vec<(Edit, String, String)>,
    pub(crate) edits: usize,
    pub(crate) faults: Vec<String>,
    /// What everyone may see, and of which assets that counts: those that are there at first.
    pub(crate) allowed: BTreeMap<String, BTreeSet<Seen>>,
    pub(crate) published: BTreeSet<(String, String)>,
}

impl Watched {
    /// From now on everyone sees what one of these two shows them.
    pub(crate) fn begin(&mut self, eyes: &Eyes, first: &Portal, last: &Portal) {
        self.allowed = eyes.seen(first);
        for (name, seen) in eyes.seen(last) {
            self.allowed.entry(name).or_default().extend(seen);
        }
        self.published = first.assets.keys().cloned().collect();
        self.edits = 0;
    }
}

/// What must have come of it, with all that others did. What they changed after it was read for a write, or on a hub that
/// shows things late, may have been carried over: there it counts as it is now.
pub(crate) fn expected(case: &Case, watched: &Watched, now: &Portal, log: &[LoggedRequest]) -> Portal {
    let is_raced = |edit: &Edit| watched.is_late || is_raced(log, edit);
    let mut expected = case.expected(&watched.others);
    case.tolerate_open(&watched.others, now, &mut expected);
    let versions = watched.versions.iter().filter(|(edit, seen)| case.carries_over(seen) && is_raced(edit));
    for (_, (group_id, asset_id, version)) in versions {
        let key = (group_id.clone(), asset_id.clone());
        if let (Some(asset), Some(now)) = (expected.assets.get_mut(&key), now.assets.get(&key)) {
            let audience = now.versions.get(version).cloned().unwrap_or_default();
            asset.versions.insert(version.clone(), audience);
        }
    }
    for (username, edit, group) in &watched.late {
        let (manages_groups, manages_enabled) = case.manages(username);
        for member in expected.members.get_mut(username).into_iter().flatten() {
            match (edit, group) {
                (Edit::Join { .. }, Some(group)) if !manages_groups => drop(member.groups.insert(group.clone())),
                // Whoever was let in meanwhile has groups by the names of after.
                (Edit::Leave { .. }, Some(group)) if !manages_groups => {
                    let left = case.standing(&BTreeSet::from([group.clone()]));
                    member.groups.retain(|other| other != group && !left.contains(other));
                }
                (Edit::Disable { .. }, _) if !manages_enabled => member.is_active = false,
                (Edit::Enable { .. }, _) if !manages_enabled => member.is_active = true,
                _ => {}
            }
        }
    }
    for (name, edit, _) in &watched.late {
        let (Edit::Map { provider, name: row, .. } | Edit::Unmap { provider, name: row, .. }) = edit else { continue };
        if !case.manages_mappings(name) {
            edit_mappings(expected.groups.get_mut(name), &(provider.clone(), row.clone()), edit);
        }
    }
    for member in expected.members.values_mut().flatten() {
        member.groups = case.standing(&member.groups);
    }
    let memberships = watched.memberships.iter();
    for (_, username, group) in memberships.filter(|(edit, user, _)| !case.manages(user).0 && is_raced(edit)) {
        let group = case.standing(&BTreeSet::from([group.clone()]));
        let members = expected.members.get_mut(username).into_iter().flatten();
        for (member, now) in members.zip(now.members.get(username).into_iter().flatten()) {
            member.groups.retain(|name| !group.contains(name));
            member.groups.extend(now.groups.intersection(&group).cloned());
        }
    }
    expected
}

/// Does to a portal that nobody else changes what the editor has done to the real one.
pub(crate) fn redo(edit: &Edit, world: &emulator::World, watched: &mut Watched) {
    let Watched { others, late, versions, memberships, .. } = watched;
    let portal = &world.portals[0];
    let name = |id: &String| portal.groups.iter().find(|group| group.id == *id).map(|group| group.name.clone());
    let member =
        |id: &String| portal.members.iter().find(|member| member.id == *id).and_then(|member| member.username.clone());
    let mut audience = |group_id: &String, asset_id: &String, version: &String, user_group: &String, is_given: bool| {
        versions.push((edit.clone(), (group_id.clone(), asset_id.clone(), version.clone())));
        let asset = others.assets.get_mut(&(group_id.clone(), asset_id.clone()));
        let (Some(asset), Some(name)) = (asset, name(user_group).map(|name| known(&others.groups, name))) else {
            return;
        };
        let names = asset.versions.entry(version.clone()).or_default();
        if is_given {
            names.insert(name)
        } else {
            names.remove(&name)
        };
    };
    match edit {
        Edit::Widen { group_id, asset_id, version, user_group } => {
            audience(group_id, asset_id, version, user_group, true);
        }
        Edit::Narrow { group_id, asset_id, version, user_group } => {
            audience(group_id, asset_id, version, user_group, false);
        }
        Edit::Join { user, user_group } | Edit::Leave { user, user_group } => {
            let joins = matches!(edit, Edit::Join { .. });
            let (Some(username), Some(name)) = (member(user), name(user_group)) else { return };
            let name = known(&others.groups, name);
            memberships.push((edit.clone(), username.clone(), name.clone()));
            if !others.members.contains_key(&username) {
                late.push((username.clone(), edit.clone(), Some(name.clone())));
            }
            if let Some(members) = others.members.get_mut(&username) {
                for member in members {
                    if joins {
                        member.groups.insert(name.clone())
                    } else {
                        member.groups.remove(&name)
                    };
                }
            }
        }
        Edit::Disable { user } | Edit::Enable { user } => {
            let is_active = matches!(edit, Edit::Enable { .. });
            let Some(username) = member(user) else { return };
            if !others.members.contains_key(&username) {
                late.push((username.clone(), edit.clone(), None));
            }
            for member in others.members.get_mut(&username).into_iter().flatten() {
                member.is_active = is_active;
            }
        }
        Edit::Create { user_group, name } | Edit::Twin { user_group, name } => {
            let now = portal_of(world);
            if let Some(groups) =
                now.groups.get(name).filter(|_| portal.groups.iter().any(|group| group.id == *user_group))
            {
                others.groups.insert(name.clone(), groups.clone());
            }
        }
        Edit::Rename { from, to, .. } => {
            if let Some(groups) = others.groups.remove(from) {
                others.groups.insert(to.clone(), groups);
            }
            for (_, _, group) in late.iter_mut().filter(|(_, _, group)| group.as_ref() == Some(from)) {
                *group = Some(to.clone());
            }
            for (_, _, group) in memberships.iter_mut().filter(|(_, _, group)| group == from) {
                group.clone_from(to);
            }
            for names in others.assets.values_mut().flat_map(|asset| asset.versions.values_mut()) {
                if names.remove(from) {
                    names.insert(to.clone());
                }
            }
            for member in others.members.values_mut().flatten() {
                if member.groups.remove(from) {
                    member.groups.insert(to.clone());
                }
            }
        }
        Edit::Map { user_group, provider, name: row } | Edit::Unmap { user_group, provider, name: row } => {
            let Some(name) = name(user_group).map(|name| known(&others.groups, name)) else { return };
            if !others.groups.contains_key(&name) {
                late.push((name.clone(), edit.clone(), None));
            }
            edit_mappings(others.groups.get_mut(&name), &(provider.clone(), row.clone()), edit);
        }
    }
}

fn edit_mappings(groups: Option<&mut Vec<Group>>, row: &(String, String), edit: &Edit) {
    for group in groups.into_iter().flatten() {
        group.mappings.retain(|other| other != row);
        if matches!(edit, Edit::Map { .. }) {
            group.mappings.push(row.clone());
            group.mappings.sort();
        }
    }
}

/// The name that a group had at first, where a rename has come in between.
fn known(groups: &BTreeMap<String, Vec<Group>>, name: String) -> String {
    let old = format!("Old {name}");
    if groups.contains_key(&old) { old } else { name }
}
