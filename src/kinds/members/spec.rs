//! What is managed of a portal member.

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::kinds::GroupSet;
use crate::state::LiveMember;

/// The most groups that a member can be written with (the contract's `addGroupMappingToUser`).
pub const MOST_GROUPS: usize = 20;

/// A member as the manifest would declare it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberSpec {
    /// At most 20 in a write (the contract's `addGroupMappingToUser`). `None`: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_groups: Option<GroupSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl MemberSpec {
    /// What was read, in the names of the directory.
    pub fn of_live(member: &LiveMember, directory: &Directory) -> Self {
        Self { user_groups: member.user_groups.as_ref().map(|ids| directory.names_of(ids)), enabled: member.is_active }
    }
}
