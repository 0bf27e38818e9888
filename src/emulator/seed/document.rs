//! The seed document's own types: the wire's field names, every field of a wire schema, and nothing unknown.

use std::fmt;

use serde::de::{self, IgnoredAny, IntoDeserializer as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::emulator::wire::access_management::ProviderType;
use crate::emulator::wire::hub::{Environment, InstanceVisibility, ProspectStatus};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    pub(super) organization: Organization,
    pub(super) identity_providers: Vec<IdentityProvider>,
    pub(super) exchange_assets: Vec<ExchangeAsset>,
    pub(super) connections: Vec<Connection>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) owner_id: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    pub(super) entitlements: Entitlements,
    #[serde(alias = "subOrganizations")]
    pub(super) business_groups: Vec<Organization>,
    // What the wire says as well, and what is not kept: it follows from the rest, or nobody asks for it.
    #[serde(rename = "idprovider_id", skip_serializing)]
    pub(super) identity_provider_id: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) environments: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) environments_count: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) is_federated: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) is_master: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) is_root: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) org_type: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) owner: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) parent_organization_ids: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) properties: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) salesforce: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) session_timeout: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) sub_organization_ids: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) subscription: IgnoredAny,
    #[serde(skip_serializing)]
    pub(super) tenant_organization_ids: IgnoredAny,
}

/// The wire has dozens; one is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entitlements {
    pub(super) api_experience_hub: Entitlement,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entitlement {
    pub(super) enabled: bool,
}

impl Default for Entitlement {
    fn default() -> Self {
        Self { enabled: true }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityProvider {
    pub(super) provider_id: String,
    #[serde(default, skip_serializing)]
    pub(super) org_id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "provider_type")]
    pub(super) kind: Option<ProviderType>,
}

/// A provider's type by its name alone, or as the wire has it: `{name, description}`.
fn provider_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ProviderType>, D::Error> {
    struct Given;

    impl<'de> Visitor<'de> for Given {
        type Value = Option<ProviderType>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("openid, saml or ldap, or a mapping with it as `name`")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
            ProviderType::deserialize(name.into_deserializer()).map(Some)
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Object {
                name: ProviderType,
                #[serde(default, rename = "description")]
                _description: IgnoredAny,
            }

            Object::deserialize(de::value::MapAccessDeserializer::new(map)).map(|object| Some(object.name))
        }
    }

    deserializer.deserialize_any(Given)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExchangeAsset {
    pub(super) group_id: String,
    pub(super) asset_id: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) business_group_id: Option<String>,
    #[serde(default)]
    pub(super) business_group_name: Option<String>,
    #[serde(default)]
    pub(super) created_by_id: Option<String>,
    #[serde(default)]
    pub(super) created_by_name: Option<String>,
    #[serde(default)]
    pub(super) created_at: Option<String>,
    #[serde(default)]
    pub(super) last_updated: Option<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) versions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) latest_version: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Connection {
    pub(super) id: Option<String>,
    pub(super) organization_id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) environment: Option<Environment>,
    #[serde(rename = "defaultIdPId", skip_serializing_if = "Option::is_none")]
    pub(super) default_idp_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sandbox_name: Option<String>,
    pub(super) target_organization_domain: Option<String>,
    pub(super) target_organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    pub(super) created_date: Option<String>,
    pub(super) updated_date: Option<String>,
    pub(super) portals: Vec<Portal>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Portal {
    pub(super) id: Option<String>,
    #[serde(skip_serializing)]
    pub(super) connection_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) target_portal_id: Option<String>,
    pub(super) internal_portal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) builder_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) site_url: Option<String>,
    pub(super) created_date: Option<String>,
    pub(super) updated_date: Option<String>,
    pub(super) finished_at_least_once: Option<bool>,
    pub(super) user_groups: Vec<UserGroup>,
    pub(super) assets: Vec<Asset>,
    pub(super) users: Vec<User>,
    pub(super) prospects: Vec<Prospect>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
pub(super) struct UserGroup {
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) is_admin: bool,
    #[serde(default)]
    pub(super) is_auto_generated: bool,
    #[serde(default)]
    pub(super) is_default: bool,
    #[serde(default)]
    pub(super) is_public: bool,
    #[serde(default)]
    pub(super) created_date: Option<String>,
    #[serde(default)]
    pub(super) group_mappings: Vec<GroupMapping>,
    #[serde(default)]
    pub(super) children: Vec<UserGroup>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupMapping {
    pub(super) provider_id: String,
    pub(super) external_group_name: String,
    #[serde(default)]
    pub(super) membership_type: MembershipType,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MembershipType {
    #[default]
    Member,
    Maintainer,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
pub(super) struct Asset {
    pub(super) group_id: String,
    pub(super) asset_id: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) business_group_id: Option<String>,
    #[serde(default)]
    pub(super) business_group_name: Option<String>,
    #[serde(default)]
    pub(super) created_by_id: Option<String>,
    #[serde(default)]
    pub(super) last_updated: Option<String>,
    #[serde(default)]
    pub(super) added_on: Option<String>,
    #[serde(default)]
    pub(super) categories: Option<Vec<String>>,
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) instance_visibility: Option<InstanceVisibility>,
    #[serde(default)]
    pub(super) minor_version_profiles_visibility: Option<Vec<VersionVisibility>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VersionVisibility {
    pub(super) minor_version: String,
    #[serde(default)]
    pub(super) profile_visibility: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
pub(super) struct User {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) email: String,
    #[serde(default)]
    pub(super) username: Option<String>,
    #[serde(default)]
    pub(super) is_active: Option<bool>,
    #[serde(default)]
    pub(super) is_external: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) anypoint_username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) anypoint_idp_id: Option<String>,
    #[serde(default)]
    pub(super) anypoint_groups: Vec<String>,
    #[serde(default)]
    pub(super) user_group_ids: Option<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Prospect {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_name: Option<String>,
    pub(super) email: String,
    #[serde(default)]
    pub(super) username: Option<String>,
    #[serde(default)]
    pub(super) status: Option<ProspectStatus>,
    #[serde(default, skip_serializing)]
    pub(super) portal_id: Option<String>,
    #[serde(default)]
    pub(super) created_date: Option<String>,
    #[serde(default)]
    pub(super) updated_date: Option<String>,
}
