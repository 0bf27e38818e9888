//! The root organization, its business groups, and its identity providers.

use rusqlite::{Connection, Row};

/// An organization; the root has no parent.
#[derive(Debug, Clone)]
pub(crate) struct Organization {
    pub(crate) key: i64,
    pub(crate) parent: Option<i64>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) owner_id: String,
    pub(crate) client_id: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) hub_enabled: bool,
}

/// An identity provider as it is stored; `kind` is the wire's word.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) description: Option<String>,
}

/// All organizations, parents before their children.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Organization>> {
    let read = |row: &Row<'_>| {
        Ok(Organization {
            key: row.get("key")?,
            parent: row.get("parent")?,
            id: row.get("id")?,
            name: row.get("name")?,
            domain: row.get("domain")?,
            owner_id: row.get("owner_id")?,
            client_id: row.get("client_id")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            hub_enabled: row.get("hub_enabled")?,
        })
    };
    db.prepare_cached("SELECT * FROM organizations ORDER BY key")?.query_map((), read)?.collect()
}

/// Adds an organization (its `key` is not used) and gives its key.
pub(crate) fn insert(db: &Connection, organization: &Organization) -> rusqlite::Result<i64> {
    let Organization { key: _, parent, id, name, domain, owner_id, client_id, created_at, updated_at, hub_enabled } =
        organization;
    db.prepare_cached(
        "INSERT INTO organizations (parent, id, name, domain, owner_id, client_id, created_at, updated_at, hub_enabled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .insert((parent, id, name, domain, owner_id, client_id, created_at, updated_at, hub_enabled))
}

pub(crate) fn providers(db: &Connection) -> rusqlite::Result<Vec<Provider>> {
    let read = |row: &Row<'_>| {
        Ok(Provider {
            id: row.get("provider_id")?,
            name: row.get("name")?,
            kind: row.get("type")?,
            description: row.get("description")?,
        })
    };
    db.prepare_cached("SELECT * FROM identity_providers ORDER BY key")?.query_map((), read)?.collect()
}

pub(crate) fn has_provider(db: &Connection, provider_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM identity_providers WHERE provider_id = ?1")?.exists([provider_id])
}

pub(crate) fn insert_provider(db: &Connection, provider: &Provider) -> rusqlite::Result<()> {
    let Provider { id, name, kind, description } = provider;
    db.execute(
        "INSERT INTO identity_providers (provider_id, name, type, description) VALUES (?1, ?2, ?3, ?4)",
        (id, name, kind, description),
    )?;
    Ok(())
}
