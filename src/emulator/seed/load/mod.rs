//! From a seed document to rows: defaults for what is left out, and every fault named by its place.

mod portal;

use std::collections::HashSet;
use std::fmt;

use anyhow::{Result, bail};
use jiff::Timestamp;
use rusqlite::Connection as Database;
use uuid::Uuid;

use super::document::{Connection, Document, ExchangeAsset, IdentityProvider, Organization};
use crate::emulator::store::exchange::{self, Entry};
use crate::emulator::store::organizations::{self, Provider};
use crate::emulator::store::portals;
use crate::emulator::wire::access_management::ProviderType;
use crate::emulator::wire::hub::{self, Environment};

/// The date of everything that is given none: a seed means the same world whenever it is read.
const DATE: &str = "2026-01-05T09:00:00Z";

/// Faults that are shown at once.
const FAULTS_SHOWN: usize = 20;

/// Puts a document's world into an empty store.
pub(super) fn load(db: &Database, document: Document) -> Result<()> {
    let mut loader = Loader { db, faults: Vec::new(), organizations: Vec::new(), owner: String::new() };
    loader.document(document)?;
    let Loader { faults, .. } = loader;
    if faults.is_empty() {
        return Ok(());
    }
    let mut text = faults[..faults.len().min(FAULTS_SHOWN)].join("\n  ");
    if faults.len() > FAULTS_SHOWN {
        text = format!("{text}\n  and {} more", faults.len() - FAULTS_SHOWN);
    }
    bail!("the seed document is not valid:\n  {text}")
}

/// A place in the document, such as `connections[0].portals[0].users[3]`.
#[derive(Debug, Clone)]
struct Place(String);

impl Place {
    fn field(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The same id for the same place, in every world.
    fn id(&self) -> String {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("aehctl:emulator/{}", self.0).as_bytes()).to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

struct Loader<'a> {
    db: &'a Database,
    faults: Vec<String>,
    /// Id and name of the root and of all business groups.
    organizations: Vec<(String, String)>,
    owner: String,
}

impl Loader<'_> {
    fn document(&mut self, document: Document) -> Result<()> {
        let Document { organization, identity_providers, exchange_assets, connections } = document;
        let root = Place(String::new());
        self.organization(&root.field("organization"), organization, None)?;
        self.providers(&root.field("identityProviders"), identity_providers)?;
        self.exchange(&root.field("exchangeAssets"), exchange_assets)?;
        let mut ids = HashSet::new();
        for (index, connection) in connections.into_iter().enumerate() {
            self.connection(&root.field("connections").item(index), connection, index, &mut ids)?;
        }
        Ok(())
    }

    fn fault(&mut self, place: &Place, what: impl fmt::Display) {
        self.faults.push(format!("{place}: {what}"));
    }

    /// A date that was given, which must be one, or the default.
    fn date(&mut self, place: &Place, given: Option<String>) -> String {
        let date = given.unwrap_or_else(|| DATE.to_owned());
        if date.parse::<Timestamp>().is_err() {
            self.fault(place, format!("{date:?} is not a date in RFC 3339"));
        }
        date
    }

    /// Notes an identity that must not come twice; false if it does.
    fn unique<T: std::hash::Hash + Eq + fmt::Debug>(&mut self, place: &Place, seen: &mut HashSet<T>, id: T) -> bool {
        if seen.contains(&id) {
            self.fault(place, format!("{id:?} stands here a second time"));
            return false;
        }
        seen.insert(id);
        true
    }

    fn organization(&mut self, place: &Place, organization: Organization, parent: Option<i64>) -> Result<()> {
        let Organization {
            id,
            name,
            domain,
            owner_id,
            client_id,
            created_at,
            updated_at,
            entitlements,
            business_groups,
            ..
        } = organization;
        let id = id.unwrap_or_else(|| place.id());
        let name = name.unwrap_or_else(|| "Organization".to_owned());
        if self.organizations.iter().any(|(known, _)| *known == id) {
            self.fault(&place.field("id"), format!("{id:?} stands here a second time"));
            return Ok(());
        }
        let row = organizations::Organization {
            key: 0,
            parent,
            domain: domain.unwrap_or_else(|| slug(&name)),
            owner_id: owner_id.unwrap_or_else(|| match parent {
                None => place.field("ownerId").id(),
                Some(_) => self.owner.clone(),
            }),
            client_id: client_id.unwrap_or_else(|| place.field("clientId").id().replace('-', "")),
            created_at: self.date(&place.field("createdAt"), created_at),
            updated_at: self.date(&place.field("updatedAt"), updated_at),
            hub_enabled: entitlements.api_experience_hub.enabled,
            id: id.clone(),
            name: name.clone(),
        };
        let key = organizations::insert(self.db, &row)?;
        if parent.is_none() {
            self.owner = row.owner_id;
        }
        self.organizations.push((id, name));
        for (index, child) in business_groups.into_iter().enumerate() {
            self.organization(&place.field("businessGroups").item(index), child, Some(key))?;
        }
        Ok(())
    }

    fn providers(&mut self, place: &Place, providers: Vec<IdentityProvider>) -> Result<()> {
        let mut seen = HashSet::new();
        for (index, provider) in providers.into_iter().enumerate() {
            let IdentityProvider { provider_id, org_id, name, kind } = provider;
            if org_id.is_some_and(|given| given != self.business_group("").0) {
                self.fault(&place.item(index).field("org_id"), "identity providers are the root organization's");
            }
            if !self.unique(&place.item(index).field("provider_id"), &mut seen, provider_id.clone()) {
                continue;
            }
            let (kind, description) = match kind.unwrap_or(ProviderType::Openid) {
                ProviderType::Openid => ("openid", "OpenID Connect"),
                ProviderType::Saml => ("saml", "SAML 2.0"),
                ProviderType::Ldap => ("ldap", "LDAP"),
            };
            let row = Provider {
                name: name.unwrap_or_else(|| provider_id.clone()),
                id: provider_id,
                kind: kind.to_owned(),
                description: Some(description.to_owned()),
            };
            organizations::insert_provider(self.db, &row)?;
        }
        Ok(())
    }

    fn exchange(&mut self, place: &Place, entries: Vec<ExchangeAsset>) -> Result<()> {
        let mut seen = HashSet::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let place = place.item(index);
            if !self.unique(&place, &mut seen, (entry.group_id.clone(), entry.asset_id.clone())) {
                continue;
            }
            let entry = self.exchange_entry(&place, entry);
            exchange::insert(self.db, &entry)?;
        }
        Ok(())
    }

    fn exchange_entry(&mut self, place: &Place, entry: ExchangeAsset) -> Entry {
        let ExchangeAsset {
            group_id,
            asset_id,
            name,
            kind,
            description,
            business_group_id,
            business_group_name,
            created_by_id,
            created_by_name,
            created_at,
            last_updated,
            categories,
            tags,
            versions,
            latest_version,
        } = entry;
        let versions = versions.unwrap_or_else(|| vec!["v1".to_owned()]);
        let mut seen = HashSet::new();
        let listed = place.field("versions");
        for (index, version) in versions.iter().enumerate() {
            self.unique(&listed.item(index), &mut seen, version.as_str());
        }
        let owner = self.business_group(&group_id);
        let latest_version = latest_version.or_else(|| {
            let major = versions.last()?.trim_start_matches('v');
            Some(if major.contains('.') { major.to_owned() } else { format!("{major}.0.0") })
        });
        let facts = hub::ExchangeAsset {
            name: name.unwrap_or_else(|| asset_id.clone()),
            kind: kind.unwrap_or_else(|| "rest-api".to_owned()),
            group_id,
            asset_id,
            description,
            latest_version,
            business_group_id: business_group_id.or(Some(owner.0)),
            business_group_name: business_group_name.or(Some(owner.1)),
            created_by_id: created_by_id.or_else(|| Some(self.owner.clone())),
            created_by_name: created_by_name.or_else(|| Some("Portal Owner".to_owned())),
            created_at: Some(self.date(&place.field("createdAt"), created_at)),
            last_updated: Some(self.date(&place.field("lastUpdated"), last_updated)),
            categories: without_repetition(categories),
            tags: without_repetition(tags),
        };
        Entry { facts, versions: without_repetition(versions) }
    }

    /// The organization that an Exchange group is, or the root.
    fn business_group(&self, group_id: &str) -> (String, String) {
        let found = self.organizations.iter().find(|(id, _)| id == group_id).or(self.organizations.first());
        found.cloned().unwrap_or_default()
    }

    fn connection(
        &mut self,
        place: &Place,
        connection: Connection,
        index: usize,
        seen: &mut HashSet<String>,
    ) -> Result<()> {
        let Connection {
            id,
            organization_id,
            kind,
            environment,
            default_idp_id,
            sandbox_name,
            target_organization_domain,
            target_organization_id,
            username,
            created_date,
            updated_date,
            portals,
        } = connection;
        let id = id.unwrap_or_else(|| place.id());
        if !self.unique(&place.field("id"), seen, id.clone()) {
            return Ok(());
        }
        let row = hub::Connection {
            id: id.clone(),
            organization_id: organization_id.unwrap_or_else(|| self.business_group("").0),
            kind: kind.unwrap_or_else(|| "SALESFORCE".to_owned()),
            environment: environment.or(Some(Environment::Production)),
            default_idp_id,
            sandbox_name,
            target_organization_domain: target_organization_domain.or_else(|| {
                let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
                Some(format!("example{number}.my.salesforce.com"))
            }),
            target_organization_id: target_organization_id.or_else(|| Some(place.field("targetOrganizationId").id())),
            username,
            created_date: Some(self.date(&place.field("createdDate"), created_date)),
            updated_date: Some(self.date(&place.field("updatedDate"), updated_date)),
        };
        let key = portals::insert_connection(self.db, &row)?;
        let (mut ids, mut targets) = (HashSet::new(), HashSet::new());
        for (index, portal) in portals.into_iter().enumerate() {
            let place = place.field("portals").item(index);
            if portal.connection_id.as_ref().is_some_and(|given| *given != id) {
                self.fault(&place.field("connectionId"), format!("the portal stands under connection {id:?}"));
            }
            let id = portal.id.clone().unwrap_or_else(|| place.id());
            let target = portal.target_portal_id.clone().unwrap_or_else(|| place.field("targetPortalId").id());
            if self.unique(&place.field("id"), &mut ids, id.clone())
                && self.unique(&place.field("targetPortalId"), &mut targets, target.clone())
            {
                self.portal(&place, portal, key, &id, &target)?;
            }
        }
        Ok(())
    }
}

fn without_repetition(labels: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    labels.into_iter().filter(|label| seen.insert(label.clone())).collect()
}

/// A name as a domain's label.
fn slug(name: &str) -> String {
    let dashed: String =
        name.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    dashed.trim_matches('-').to_owned()
}
