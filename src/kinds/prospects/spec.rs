//! What a pending sign-up is, and what approving it gives.

use serde::{Deserialize, Serialize};

use crate::kinds::GroupSet;
use crate::state::LiveProspect;

/// A pending sign-up as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProspectSpec {
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What an approval gives. It makes the sign-up a member, which cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalSpec {
    pub user_groups: GroupSet,
}

impl ProspectSpec {
    /// What was read.
    pub fn of_live(prospect: &LiveProspect) -> Self {
        Self { email: prospect.email.clone(), username: prospect.username.clone(), name: prospect.name.clone() }
    }
}
