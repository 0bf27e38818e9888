//! Wire types of the hub's management API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::given;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(crate) enum Environment {
    Production,
    Sandbox,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum InstanceVisibility {
    All,
    Public,
    Custom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(crate) enum ProspectStatus {
    Approved,
    Pending,
}

/// A Salesforce org registered in the hub.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    pub(crate) id: String,
    #[schemars(extend("format" = "uuid"))]
    pub(crate) organization_id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<Environment>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "defaultIdPId")]
    pub(crate) default_idp_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sandbox_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_organization_domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) target_organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) updated_date: Option<String>,
}

/// A portal under a connection.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Portal {
    #[schemars(extend("format" = "uuid"))]
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) connection_id: Option<String>,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) target_portal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) internal_portal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    pub(crate) builder_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    pub(crate) site_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) updated_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finished_at_least_once: Option<bool>,
}

/// A user group with those under it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
pub(crate) struct UserGroup {
    #[schemars(extend("format" = "uuid"))]
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) is_admin: bool,
    #[serde(default)]
    pub(crate) is_auto_generated: bool,
    #[serde(default)]
    pub(crate) is_default: bool,
    #[serde(default)]
    pub(crate) is_public: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_date: Option<String>,
    #[serde(default)]
    pub(crate) children: Vec<UserGroup>,
}

/// What creates or changes a user group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserGroupRequest {
    #[schemars(length(max = 95))]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "given")]
    pub(crate) description: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) parent_user_group_id: Option<String>,
}

/// An external group joined to a user group, as it is read.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GroupMapping {
    pub(crate) provider_id: String,
    pub(crate) external_group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership_type: Option<String>,
}

/// An external group to join to a user group, as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GroupMappingRequest {
    pub(crate) group_mapping_name: String,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) idp_id: Option<String>,
}

/// The Exchange coordinates of an asset to publish, or of one that was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssetCoordinates {
    pub(crate) group_id: String,
    pub(crate) asset_id: String,
}

/// An asset's visibility, as it is read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssetDetail {
    pub(crate) group_id: String,
    pub(crate) asset_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_visibility: Option<InstanceVisibility>,
    #[serde(default)]
    pub(crate) minor_version_profiles_visibility: Vec<VersionVisibility>,
}

/// An asset's visibility, as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssetUpdate {
    #[serde(default, deserialize_with = "given")]
    pub(crate) instances_visibility: Option<InstanceVisibility>,
    pub(crate) minor_versions: Vec<VersionVisibility>,
}

/// The groups that see one minor version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VersionVisibility {
    #[schemars(regex(pattern = r"^v?\d+$"))]
    pub(crate) minor_version: String,
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "format": "uuid"}))]
    pub(crate) profile_visibility: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(crate) enum Direction {
    Asc,
    Desc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(inline)]
pub(crate) enum Criteria {
    LastUpdated,
    Name,
    CreatedAt,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchSort {
    pub(crate) direction: Direction,
    pub(crate) criteria: Criteria,
}

/// What to look for among the published assets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssetSearchRequest {
    #[serde(default, deserialize_with = "given")]
    pub(crate) search_term: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) user_group_id: Option<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) sort: Option<SearchSort>,
    #[serde(default)]
    pub(crate) show_inherited: bool,
}

/// What to look for in Exchange.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExchangeSearchRequest {
    #[serde(default, deserialize_with = "given")]
    pub(crate) search_term: Option<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) sort: Option<SearchSort>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Facets {
    pub(crate) categories: Vec<String>,
    pub(crate) tags: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AssetSearchResult {
    pub(crate) assets: Vec<PublishedAsset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facets: Option<Facets>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExchangeSearchResult {
    pub(crate) assets: Vec<ExchangeAsset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facets: Option<Facets>,
}

/// A published asset, as the search shows it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedAsset {
    pub(crate) group_id: String,
    pub(crate) asset_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) business_group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) business_group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) created_by_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) last_updated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) added_on: Option<String>,
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) categories: Vec<String>,
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) tags: Vec<String>,
}

/// An Exchange asset, as the searches show it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExchangeAsset {
    pub(crate) group_id: String,
    pub(crate) asset_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latest_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) business_group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) business_group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) created_by_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_by_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) last_updated: Option<String>,
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) categories: Vec<String>,
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) tags: Vec<String>,
}

/// A member of a portal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
pub(crate) struct User {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[schemars(extend("format" = "email"))]
    pub(crate) email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) is_active: bool,
    #[serde(default)]
    pub(crate) is_external: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anypoint_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) anypoint_idp_id: Option<String>,
    #[serde(default)]
    pub(crate) user_group_ids: Vec<String>,
    #[serde(default)]
    pub(crate) anypoint_groups: Vec<String>,
}

/// The groups that a member shall have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("maxItems" = MEMBERSHIP_LIMIT), inline)]
pub(crate) struct MembershipRequest(
    #[schemars(extend("items" = {"type": "string", "format": "uuid"}))] pub(crate) Vec<String>,
);

/// Group ids that one membership write may name, from the contract.
pub(crate) const MEMBERSHIP_LIMIT: usize = 20;

/// Characters of a group's name, from the contract.
pub(crate) const GROUP_NAME_LIMIT: usize = 95;

/// Characters of a `searchTerm` in a query, from the contract.
pub(crate) const SEARCH_TERM_LIMIT: usize = 128;

/// A request to join a portal.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Prospect {
    #[schemars(extend("format" = "uuid"))]
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    #[schemars(extend("format" = "email"))]
    pub(crate) email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<ProspectStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    pub(crate) portal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) updated_date: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProspectCount {
    #[schemars(extend("format" = "int64"))]
    pub(crate) count: u64,
}

/// The groups that an approved prospect gets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProspectApproval {
    #[schemars(extend("items" = {"type": "string", "format": "uuid"}))]
    pub(crate) user_group_ids: Vec<String>,
}

/// The vendor's error envelope.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only its schema is used; Failure writes it")]
pub(crate) struct ErrorResponse {
    name: String,
    status: u16,
    message: String,
    #[serde(default)]
    details: Vec<ErrorDetail>,
}

#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only its schema is used; Failure writes it")]
pub(crate) struct ErrorDetail {
    message: String,
    code: Option<String>,
}

/// How to list members: `x-limit` and `x-offset` are headers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserListParameters {
    #[serde(rename = "searchTerm")]
    #[schemars(length(max = SEARCH_TERM_LIMIT))]
    pub(crate) search_term: Option<String>,
    #[serde(rename = "isActive")]
    pub(crate) is_active: Option<bool>,
    #[serde(rename = "x-limit")]
    pub(crate) limit: Option<i32>,
    #[serde(rename = "x-offset")]
    pub(crate) offset: Option<i32>,
}

/// How to page through a search: both are headers.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchParameters {
    #[serde(rename = "x-limit")]
    pub(crate) limit: Option<i32>,
    #[serde(rename = "x-from")]
    pub(crate) from: Option<i32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProspectListParameters {
    #[serde(rename = "searchTerm")]
    #[schemars(length(max = SEARCH_TERM_LIMIT))]
    pub(crate) search_term: Option<String>,
}
