//! What stands around a portal: its organization, and what Access Management knows by name.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::locate::Target;
use super::scope::Scope;
use crate::client::{self, Reader};
use crate::failure::Failure;
use crate::id::ProviderId;
use crate::state::Named;

/// What stands around the portal: the organization, and what Access Management knows by name.
pub(super) struct Surroundings {
    pub(super) organization: Option<Named>,
    /// By id.
    pub(super) business_groups: Option<BTreeMap<String, String>>,
    pub(super) identity_providers: Option<BTreeMap<ProviderId, String>>,
}

pub(super) async fn surroundings(reader: &Reader, target: &Target, scope: Scope<'_>) -> Result<Surroundings> {
    let (needs_business_groups, needs_providers) = (scope.needs_business_groups(), scope.needs_providers());
    let needs_organization = target.organization.is_some() || scope.names_organization();
    if !needs_organization && !needs_business_groups && !needs_providers {
        return Ok(Surroundings { organization: None, business_groups: None, identity_providers: None });
    }
    let mut organization = find_organization(reader).await?;
    // A connected app learns its organization's id alone; the name is asked for only where somebody wrote one, and only
    // if the hierarchy does not tell it anyway.
    let asked_by_name = target.organization.as_ref().is_some_and(|wanted| *wanted != organization.id);
    if organization.name.is_empty() && (asked_by_name || scope.names_organization()) && !needs_business_groups {
        let named = reader.organization(&organization.id).await.context("failed to read the organization's name")?;
        organization.name = named.name;
    }
    let OrganizationNames { business_groups, identity_providers } =
        organization_names(reader, &organization.id, needs_business_groups, needs_providers).await?;
    if organization.name.is_empty()
        && let Some(name) = business_groups.as_ref().and_then(|groups| groups.get(&organization.id))
    {
        organization.name.clone_from(name);
    }
    check_organization(&organization, target)?;
    Ok(Surroundings { organization: Some(organization), business_groups, identity_providers })
}

/// What an organization calls its parts, by id; `None` where it was not asked.
pub struct OrganizationNames {
    pub business_groups: Option<BTreeMap<String, String>>,
    pub identity_providers: Option<BTreeMap<ProviderId, String>>,
}

/// Asks for what is needed, side by side.
pub async fn organization_names(
    reader: &Reader,
    organization: &str,
    needs_business_groups: bool,
    needs_providers: bool,
) -> Result<OrganizationNames> {
    let business_groups = async {
        if needs_business_groups { read_business_groups(reader, organization).await.map(Some) } else { Ok(None) }
    };
    let identity_providers = async {
        if needs_providers { read_identity_providers(reader, organization).await.map(Some) } else { Ok(None) }
    };
    let (business_groups, identity_providers) = tokio::try_join!(business_groups, identity_providers)?;
    Ok(OrganizationNames { business_groups, identity_providers })
}

pub(super) async fn read_business_groups(reader: &Reader, organization: &str) -> Result<BTreeMap<String, String>> {
    let root = reader
        .hierarchy(organization)
        .await
        .context("failed to read the business groups, which the assets are named by")?;
    let mut groups = BTreeMap::new();
    let mut open = vec![root];
    while let Some(group) = open.pop() {
        groups.insert(group.id, group.name);
        open.extend(group.sub_organizations);
    }
    Ok(groups)
}

pub(super) async fn read_identity_providers(
    reader: &Reader,
    organization: &str,
) -> Result<BTreeMap<ProviderId, String>> {
    let providers = reader
        .identity_providers(organization)
        .await
        .context("failed to list the identity providers, which the mappings are named by")?;
    Ok(providers.into_iter().map(|provider| (provider.provider_id.into(), provider.name)).collect())
}

/// The organization, for the record: ids tell portals apart within one alone. Whoever may not ask for it can still plan
/// what needs none.
pub(super) async fn owner(reader: &Reader, known: Option<Named>) -> Result<Option<Named>> {
    if known.is_some() {
        return Ok(known);
    }
    match find_organization(reader).await {
        Err(error) if is_forbidden(&error) => Ok(None),
        found => found.map(Some),
    }
}

/// The hub does not let this credential read it.
pub(super) fn is_forbidden(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<client::Error>())
        .any(|error| matches!(error.status(), Some(400 | 401 | 403 | 404)))
}

/// The root organization that the credential belongs to; its name only if the hub tells it unasked.
pub async fn find_organization(reader: &Reader) -> Result<Named> {
    let me = reader.me().await.context("failed to find out the organization")?;
    Ok(Named { name: me.organization_name.unwrap_or_default(), id: me.organization_id })
}

fn check_organization(organization: &Named, target: &Target) -> Result<()> {
    if let Some(wanted) = &target.organization
        && *wanted != organization.id
        && *wanted != organization.name
    {
        return Err(Failure::new(format!(
            "the credential belongs to organization `{}` ({}), and `{wanted}` is asked for",
            organization.name, organization.id
        ))
        .hint("use a credential of that organization, or correct `target.organization`, ANYPOINT_ORG or the profile")
        .into());
    }
    Ok(())
}
