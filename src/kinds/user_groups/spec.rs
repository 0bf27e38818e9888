//! What a user group is.

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::id::GroupName;
use crate::state::LiveGroup;

/// A user group as the manifest would declare it; its children and mappings are objects of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserGroupSpec {
    /// At most 95 characters (the contract's `UserGroupRequestDTO`).
    pub name: GroupName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `None`: at the top of the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<GroupName>,
}

impl UserGroupSpec {
    /// What was read. A group whose new name is still to be given goes by the name that it has.
    pub fn of_live(group: &LiveGroup, directory: &Directory) -> Self {
        let known = directory.name_of(&group.id);
        let is_system = group.flags.is_built_in();
        Self {
            name: if is_system { known } else { group.name.as_str().into() },
            description: group.description.clone().filter(|text| !text.is_empty()),
            parent: group.parent.as_ref().map(|id| directory.name_of(id)),
        }
    }
}
