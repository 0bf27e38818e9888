//! Objects of the API Experience Hub's management API.

use serde::{Deserialize, Serialize};

use super::lenient;

/// A Salesforce org that is registered in the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub organization_id: Option<String>,
    /// `example.my.salesforce.com`: how people know it.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub target_organization_domain: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub target_organization_id: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient::optional_text")]
    pub connection_type: Option<String>,
    /// `PRODUCTION` or `SANDBOX`.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub environment: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub sandbox_name: Option<String>,
    /// The provider of those who registered themselves.
    #[serde(rename = "defaultIdPId", default, deserialize_with = "lenient::optional_text")]
    pub default_identity_provider_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub username: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub updated_date: Option<String>,
}

/// A portal; any of its three ids may be the one that the API's paths take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Portal {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    pub name: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub connection_id: Option<String>,
    /// The id of the Salesforce site.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub target_portal_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub internal_portal_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub builder_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub site_url: Option<String>,
    #[serde(default)]
    pub finished_at_least_once: Option<bool>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub updated_date: Option<String>,
}

/// A user group with those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the contract's four flags, which are independent of each other")]
pub struct UserGroup {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    pub name: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_admin: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_auto_generated: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_default: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_public: bool,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub children: Vec<UserGroup>,
}

/// An external group whose people join a user group at login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMapping {
    #[serde(deserialize_with = "lenient::text")]
    pub provider_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub external_group_name: String,
    /// `member` or `maintainer`; the latter cannot be written.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub membership_type: Option<String>,
}

/// A member of a portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub username: Option<String>,
    #[serde(default)]
    pub is_active: Option<bool>,
    #[serde(default)]
    pub is_external: Option<bool>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub anypoint_username: Option<String>,
    #[serde(rename = "anypointIdpId", default, deserialize_with = "lenient::optional_text")]
    pub anypoint_identity_provider_id: Option<String>,
    /// `None` is unknown, never none: the write replaces the whole set.
    #[serde(default, deserialize_with = "lenient::optional_texts")]
    pub user_group_ids: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub anypoint_groups: Vec<String>,
}

/// Somebody who asked to become a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prospect {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub username: Option<String>,
    /// `PENDING` or `APPROVED`; the list holds both.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub portal_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub updated_date: Option<String>,
}

/// What identifies an asset in Exchange.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetCoordinates {
    #[serde(deserialize_with = "lenient::text")]
    pub group_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub asset_id: String,
}

/// An asset that is published in a portal, as its search shows it: without visibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommunityAsset {
    #[serde(deserialize_with = "lenient::text")]
    pub group_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub asset_id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// An open set: `rest-api`, `agent`, `mcp` …
    #[serde(rename = "type", default, deserialize_with = "lenient::optional_text")]
    pub asset_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub business_group_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub business_group_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_by_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub last_updated: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub added_on: Option<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub categories: Vec<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub tags: Vec<String>,
}

/// An asset of Exchange that may be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeAsset {
    #[serde(deserialize_with = "lenient::text")]
    pub group_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub asset_id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// An open set: `rest-api`, `agent`, `mcp` …
    #[serde(rename = "type", default, deserialize_with = "lenient::optional_text")]
    pub asset_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub business_group_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub business_group_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_by_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_by_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub last_updated: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub latest_version: Option<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub categories: Vec<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub tags: Vec<String>,
}

/// Who sees a published asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetDetail {
    #[serde(deserialize_with = "lenient::text")]
    pub group_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub asset_id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient::optional_text")]
    pub asset_type: Option<String>,
    /// `All`, `Public` or `Custom`; reading says `instance…`, writing `instances…`.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub instance_visibility: Option<String>,
    /// `None` is unknown, never nobody.
    #[serde(rename = "minorVersionProfilesVisibility", default)]
    pub versions: Option<Vec<VersionVisibility>>,
}

/// Who sees one minor version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionVisibility {
    /// In the server's spelling: `v1`, `1`, `1.0`.
    #[serde(deserialize_with = "lenient::text")]
    pub minor_version: String,
    /// Ids of user groups; `None` is unknown, and an empty list is nobody.
    #[serde(rename = "profileVisibility", default, deserialize_with = "lenient::optional_texts")]
    pub groups: Option<Vec<String>>,
}

/// The id of something new, if the answer names one.
#[derive(Deserialize)]
pub(in crate::client) struct Created {
    #[serde(deserialize_with = "lenient::text")]
    pub(in crate::client) id: String,
}

#[derive(Deserialize)]
pub(in crate::client) struct ProspectCount {
    pub(in crate::client) count: u64,
}
