//! Wire types of the part of Access Management that the emulator serves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::given;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    pub(crate) grant_type: String,
    #[serde(default, deserialize_with = "given")]
    pub(crate) client_id: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) client_secret: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    /// Seconds.
    pub(crate) expires_in: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    pub(crate) username: String,
    pub(crate) password: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LoginResponse {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
}

/// Who calls: a connected app has no `user`, and names its organization in `client`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Me {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<CallingClient>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<CallingUser>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CallingClient {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) org_id: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) grant_types: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallingUser {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
    pub(crate) enabled: bool,
    pub(crate) organization_id: String,
    #[serde(rename = "idprovider_id")]
    pub(crate) identity_provider_id: String,
    pub(crate) organization: Organization,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) owner_id: String,
    pub(crate) client_id: String,
    pub(crate) domain: String,
    #[serde(rename = "idprovider_id")]
    pub(crate) identity_provider_id: String,
    pub(crate) is_federated: bool,
    pub(crate) is_master: bool,
    pub(crate) is_root: bool,
    pub(crate) org_type: String,
    pub(crate) parent_organization_ids: Vec<String>,
    /// Not as a part of [`CallingUser`]: there the vendor's schema, made from an example without any, takes no ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub_organization_ids: Option<Vec<String>>,
    pub(crate) tenant_organization_ids: Vec<String>,
    pub(crate) entitlements: Entitlements,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entitlements {
    pub(crate) create_sub_orgs: bool,
    pub(crate) external_identity: bool,
    pub(crate) api_experience_hub: Entitlement,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Entitlement {
    pub(crate) enabled: bool,
}

/// An organization with those under it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hierarchy {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) owner_id: String,
    pub(crate) client_id: String,
    pub(crate) domain: String,
    #[serde(rename = "idprovider_id")]
    pub(crate) identity_provider_id: String,
    pub(crate) is_federated: bool,
    pub(crate) is_master: bool,
    pub(crate) is_root: bool,
    pub(crate) parent_organization_ids: Vec<String>,
    /// At the top only: further down the vendor's schema contradicts its own example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub_organization_ids: Option<Vec<String>>,
    pub(crate) tenant_organization_ids: Vec<String>,
    pub(crate) sub_organizations: Vec<Hierarchy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum ProviderType {
    Saml,
    Openid,
    Ldap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ProviderSort {
    ProviderId,
    Name,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderListParameters {
    /// Accepted and without effect: the emulator knows no further details.
    #[expect(dead_code, reason = "the contract requires it, the answer does not depend on it")]
    pub(crate) include_full_details: bool,
    pub(crate) ascending: bool,
    pub(crate) provider_id: Option<Vec<String>>,
    pub(crate) idp_type: Option<Vec<ProviderType>>,
    pub(crate) sort: Option<ProviderSort>,
    #[schemars(range(min = 0, max = 500))]
    pub(crate) limit: Option<i64>,
    #[schemars(range(min = 0))]
    pub(crate) offset: Option<i64>,
    pub(crate) search: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProviderList {
    pub(crate) data: Vec<IdentityProvider>,
    #[schemars(with = "f64")]
    pub(crate) total: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct IdentityProvider {
    pub(crate) provider_id: String,
    pub(crate) org_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: ProviderKind,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProviderKind {
    pub(crate) name: ProviderType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}
