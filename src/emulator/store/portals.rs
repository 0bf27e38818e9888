//! Connections and their portals.

use rusqlite::{Connection as Database, OptionalExtension, Row};

use crate::emulator::switches::PortalPath;
use crate::emulator::wire::hub::{Connection, Environment, Portal};

/// A portal's place in the store, with what its operations need to know of it.
#[derive(Debug, Clone)]
pub(crate) struct PortalRow {
    pub(crate) key: i64,
    /// The connection's default identity provider.
    pub(crate) default_idp_id: Option<String>,
}

fn connection(row: &Row<'_>) -> rusqlite::Result<(i64, Connection)> {
    let environment: Option<String> = row.get("environment")?;
    let connection = Connection {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        kind: row.get("type")?,
        environment: environment.map(|word| match word.as_str() {
            "SANDBOX" => Environment::Sandbox,
            _ => Environment::Production,
        }),
        default_idp_id: row.get("default_idp_id")?,
        sandbox_name: row.get("sandbox_name")?,
        target_organization_domain: row.get("target_organization_domain")?,
        target_organization_id: row.get("target_organization_id")?,
        username: row.get("username")?,
        created_date: row.get("created_date")?,
        updated_date: row.get("updated_date")?,
    };
    Ok((row.get("key")?, connection))
}

/// All connections with their keys.
pub(crate) fn connections(db: &Database) -> rusqlite::Result<Vec<(i64, Connection)>> {
    db.prepare_cached("SELECT * FROM connections ORDER BY key")?.query_map((), connection)?.collect()
}

pub(crate) fn connection_key(db: &Database, id: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT key FROM connections WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

pub(crate) fn insert_connection(db: &Database, connection: &Connection) -> rusqlite::Result<i64> {
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
    } = connection;
    let environment = environment.map(|environment| match environment {
        Environment::Production => "PRODUCTION",
        Environment::Sandbox => "SANDBOX",
    });
    db.execute(
        "INSERT INTO connections (id, organization_id, type, environment, default_idp_id, sandbox_name,
           target_organization_domain, target_organization_id, username, created_date, updated_date)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        (
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
        ),
    )?;
    Ok(db.last_insert_rowid())
}

/// The portals of a connection with their keys.
pub(crate) fn portals(db: &Database, connection: i64) -> rusqlite::Result<Vec<(i64, Portal)>> {
    let read = |row: &Row<'_>| {
        let portal = Portal {
            id: row.get("id")?,
            connection_id: row.get("connection_id")?,
            name: row.get("name")?,
            target_portal_id: row.get("target_portal_id")?,
            internal_portal_id: row.get("internal_portal_id")?,
            builder_url: row.get("builder_url")?,
            site_url: row.get("site_url")?,
            created_date: row.get("created_date")?,
            updated_date: row.get("updated_date")?,
            finished_at_least_once: row.get("finished_at_least_once")?,
        };
        Ok((row.get("key")?, portal))
    };
    db.prepare_cached(
        "SELECT portals.*, connections.id AS connection_id FROM portals
         JOIN connections ON connections.key = portals.connection
         WHERE connection = ?1 ORDER BY portals.key",
    )?
    .query_map([connection], read)?
    .collect()
}

/// The portal that a path means.
pub(crate) fn find(db: &Database, connection: i64, id: &str, by: PortalPath) -> rusqlite::Result<Option<PortalRow>> {
    let column = match by {
        PortalPath::Target => "target_portal_id",
        PortalPath::Id => "id",
    };
    let read = |row: &Row<'_>| Ok(PortalRow { key: row.get(0)?, default_idp_id: row.get(1)? });
    db.prepare_cached(&format!(
        "SELECT portals.key, connections.default_idp_id FROM portals
         JOIN connections ON connections.key = portals.connection
         WHERE connection = ?1 AND portals.{column} = ?2",
    ))?
    .query_row((connection, id), read)
    .optional()
}

/// The default identity provider of a portal's connection.
pub(crate) fn default_provider(db: &Database, portal: i64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT default_idp_id FROM connections JOIN portals ON portals.connection = connections.key
         WHERE portals.key = ?1",
    )?
    .query_row([portal], |row| row.get(0))
}

pub(crate) fn insert_portal(db: &Database, connection: i64, portal: &Portal) -> rusqlite::Result<i64> {
    let Portal {
        id,
        connection_id: _,
        name,
        target_portal_id,
        internal_portal_id,
        builder_url,
        site_url,
        created_date,
        updated_date,
        finished_at_least_once,
    } = portal;
    db.execute(
        "INSERT INTO portals (connection, id, name, target_portal_id, internal_portal_id, builder_url, site_url,
           created_date, updated_date, finished_at_least_once)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            connection,
            id,
            name,
            target_portal_id,
            internal_portal_id,
            builder_url,
            site_url,
            created_date,
            updated_date,
            finished_at_least_once.unwrap_or(true),
        ),
    )?;
    Ok(db.last_insert_rowid())
}
