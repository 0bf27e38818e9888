//! Reading and writing user groups.

use std::collections::BTreeSet;

use crate::client::{self, PortalPath, Reader, UserGroup};
use crate::failure::Failure;
use crate::id::GroupId;
use crate::state::{GroupFlags, LiveGroup};

/// Reads the tree, parents before children.
pub async fn read(reader: &Reader, portal: &PortalPath) -> Result<Vec<LiveGroup>, client::Error> {
    Ok(flatten(reader.user_groups(portal).await?))
}

/// Takes the tree apart.
pub fn flatten(tree: Vec<UserGroup>) -> Vec<LiveGroup> {
    let mut groups = Vec::new();
    let mut open: Vec<(Option<GroupId>, UserGroup)> = tree.into_iter().rev().map(|group| (None, group)).collect();
    while let Some((parent, group)) = open.pop() {
        let UserGroup { id, name, description, is_admin, is_auto_generated, is_default, is_public, children, .. } = group;
        let id = GroupId::from(id);
        open.extend(children.into_iter().rev().map(|child| (Some(id.clone()), child)));
        let flags = GroupFlags { is_admin, is_auto_generated, is_default, is_public };
        groups.push(LiveGroup { id, name, description, parent, flags });
    }
    groups
}

/// Refuses a tree that holds one id twice: names could not be told from each other.
pub fn check(groups: &[LiveGroup]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match groups.iter().find(|group| !seen.insert(&group.id)) {
        None => Ok(()),
        Some(twice) => Err(Failure::new(format!("the portal shows user group {} twice in its tree", twice.id))
            .hint("nothing is planned on an inconsistent read; try again")),
    }
}
