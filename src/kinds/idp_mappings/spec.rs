//! What a mapping is.

use serde::{Deserialize, Serialize};

use crate::id::{GroupName, ProviderName};

/// A group of an identity provider whose users get a user group at login. It has no identity but its three parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdpMappingSpec {
    pub user_group: GroupName,
    pub provider: ProviderName,
    /// The group's name in the identity provider: any text, LDAP names among them.
    pub group: String,
}
