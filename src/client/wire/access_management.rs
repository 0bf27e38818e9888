//! Objects of Access Management.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient;

/// The caller's root organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Me {
    pub organization_id: String,
    /// Not known of a connected app.
    pub organization_name: Option<String>,
}

/// `user.organization.id` for a user, `client.org_id` for a connected app.
#[derive(Deserialize)]
pub(in crate::client) struct MeAnswer {
    #[serde(default)]
    user: Option<MeUser>,
    #[serde(default)]
    client: Option<MeClient>,
}

#[derive(Deserialize)]
struct MeUser {
    #[serde(default)]
    organization: Option<MeOrganization>,
    #[serde(rename = "organizationId", default, deserialize_with = "lenient::optional_text")]
    organization_id: Option<String>,
}

#[derive(Deserialize)]
struct MeOrganization {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    name: Option<String>,
}

#[derive(Deserialize)]
struct MeClient {
    #[serde(default, deserialize_with = "lenient::optional_text")]
    org_id: Option<String>,
}

impl MeAnswer {
    pub(in crate::client) fn into_me(self) -> Option<Me> {
        let Self { user, client } = self;
        let (organization, organization_id) =
            user.map_or((None, None), |MeUser { organization, organization_id }| (organization, organization_id));
        if let Some(MeOrganization { id, name }) = organization {
            return Some(Me { organization_id: id, organization_name: name });
        }
        let organization_id = organization_id.or_else(|| client?.org_id)?;
        Some(Me { organization_id, organization_name: None })
    }
}

/// An organization and what it is entitled to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Organization {
    pub id: String,
    pub name: String,
    pub is_master: bool,
    /// Ancestors; none for the root.
    pub parent_ids: Vec<String>,
    /// `None` if the answer does not say.
    pub api_experience_hub_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::client) struct OrganizationAnswer {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    is_master: bool,
    #[serde(default, deserialize_with = "lenient::texts")]
    parent_organization_ids: Vec<String>,
    // Some hundred values of every shape, one of which matters.
    #[serde(default)]
    entitlements: Value,
}

impl From<OrganizationAnswer> for Organization {
    fn from(answer: OrganizationAnswer) -> Self {
        let OrganizationAnswer { id, name, is_master, parent_organization_ids, entitlements } = answer;
        let api_experience_hub_enabled = entitlements.pointer("/apiExperienceHub/enabled").and_then(Value::as_bool);
        Self { id, name, is_master, parent_ids: parent_organization_ids, api_experience_hub_enabled }
    }
}

/// A business group with those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BusinessGroup {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    pub name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_master: bool,
    /// Ancestors; none for the root.
    #[serde(rename = "parentOrganizationIds", default, deserialize_with = "lenient::texts")]
    pub parent_ids: Vec<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sub_organizations: Vec<BusinessGroup>,
}

/// Where an organization's people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// `mulesoft` for the built-in one.
    #[serde(deserialize_with = "lenient::text")]
    pub provider_id: String,
    pub name: String,
    /// `openid`, `saml`, `ldap`.
    #[serde(rename = "type", default, deserialize_with = "provider_type")]
    pub provider_type: Option<String>,
}

/// Reads `{name, description}`, or the name alone.
fn provider_type<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.get("name").unwrap_or(&value).as_str().map(str::to_owned))
}

#[derive(Deserialize)]
pub(in crate::client) struct IdentityProviderPage {
    pub(in crate::client) data: Vec<IdentityProvider>,
    #[serde(default, deserialize_with = "lenient::seconds")]
    pub(in crate::client) total: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_connected_apps_have_an_organization() {
        let me = |json| serde_json::from_str::<MeAnswer>(json).unwrap().into_me();
        let user = me(r#"{"user":{"organizationId":"x","organization":{"id":"o","name":"Example"}},"client":{}}"#);
        assert_eq!(user, Some(Me { organization_id: "o".into(), organization_name: Some("Example".into()) }));
        let app = me(r#"{"user":null,"client":{"client_id":"c","org_id":"o"}}"#);
        assert_eq!(app, Some(Me { organization_id: "o".into(), organization_name: None }));
        assert_eq!(me(r#"{"client":{"client_id":"c"}}"#), None);
    }

    #[test]
    fn the_entitlement_is_found_whatever_stands_beside_it() {
        let organization = |entitlements: &str| {
            let json = format!(r#"{{"id":"o","name":"Example","isMaster":true,"entitlements":{entitlements}}}"#);
            Organization::from(serde_json::from_str::<OrganizationAnswer>(&json).unwrap())
        };
        assert_eq!(
            organization(r#"{"pcf":false,"apiExperienceHub":{"enabled":true}}"#).api_experience_hub_enabled,
            Some(true)
        );
        assert_eq!(organization("null").api_experience_hub_enabled, None);
    }

    #[test]
    fn a_providers_type_comes_as_object_or_name() {
        let provider_type = |json| serde_json::from_str::<IdentityProvider>(json).unwrap().provider_type;
        assert_eq!(
            provider_type(r#"{"provider_id":"p","name":"Okta","type":{"name":"openid","description":"OpenID"}}"#),
            Some("openid".to_owned())
        );
        assert_eq!(provider_type(r#"{"provider_id":"p","name":"Okta","type":"saml"}"#), Some("saml".to_owned()));
        assert_eq!(provider_type(r#"{"provider_id":"p","name":"Okta"}"#), None);
    }
}
