//! The demo's tree of groups in another of the documented shapes.

use std::collections::HashSet;

use anyhow::{Context, Result};

use super::document::{Portal, UserGroup};
use crate::emulator::demo::Shape;

/// Rewrites a document in which Guests hold Members, who hold the rest.
pub(crate) fn reshape(text: &str, shape: Shape) -> Result<String> {
    let mut document = super::parse(text)?;
    for portal in document.connections.iter_mut().flat_map(|connection| &mut connection.portals) {
        reshape_portal(portal, shape)?;
    }
    super::write(&document)
}

fn reshape_portal(portal: &mut Portal, shape: Shape) -> Result<()> {
    let mut guests = take(&mut portal.user_groups, |group| group.is_public).context("no public group")?;
    let mut members = take(&mut guests.children, |group| group.is_default).context("no default group below")?;
    let rest = std::mem::take(&mut members.children);
    match shape {
        Shape::Nested => {
            members.children = rest;
            guests.children.insert(0, members);
            portal.user_groups.insert(0, guests);
        }
        Shape::SideBySide => {
            portal.user_groups.extend([guests, members]);
            portal.user_groups.extend(rest);
        }
        Shape::SingleRoot => {
            let (old, new) = (guests.id.clone(), members.id.clone());
            let root = UserGroup {
                name: "Everyone".to_owned(),
                description: Some("All who see the portal".to_owned()),
                is_public: true,
                children: rest,
                ..members
            };
            portal.user_groups.insert(0, root);
            if let (Some(old), Some(new)) = (old, new) {
                rename(portal, &old, &new);
            }
        }
    }
    Ok(())
}

fn take(groups: &mut Vec<UserGroup>, wanted: fn(&UserGroup) -> bool) -> Option<UserGroup> {
    let index = groups.iter().position(wanted)?;
    Some(groups.remove(index))
}

/// Lets everything that names one group name another.
fn rename(portal: &mut Portal, old: &str, new: &str) {
    let versions =
        portal.assets.iter_mut().flat_map(|asset| asset.minor_version_profiles_visibility.iter_mut()).flatten();
    let audiences = versions.map(|version| &mut version.profile_visibility);
    let memberships = portal.users.iter_mut().filter_map(|user| user.user_group_ids.as_mut());
    for ids in audiences.chain(memberships) {
        for id in ids.iter_mut().filter(|id| *id == old) {
            new.clone_into(id);
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
    }
}
