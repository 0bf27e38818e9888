//! A portal's assets with the audience of each version.

use rusqlite::{Connection, OptionalExtension, Row};

use super::exchange::{CATEGORY, TAG, json, to_json};
use crate::emulator::wire::hub::{AssetCoordinates, InstanceVisibility, PublishedAsset};

/// A published asset as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) key: i64,
    pub(crate) facts: PublishedAsset,
    pub(crate) instance_visibility: InstanceVisibility,
}

/// The groups (by key) that see one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audience {
    pub(crate) minor_version: String,
    pub(crate) groups: Vec<i64>,
}

fn asset(row: &Row<'_>) -> rusqlite::Result<Asset> {
    let visibility: String = row.get(2)?;
    Ok(Asset {
        key: row.get(0)?,
        facts: json(row, 1)?,
        instance_visibility: match visibility.as_str() {
            "All" => InstanceVisibility::All,
            "Custom" => InstanceVisibility::Custom,
            _ => InstanceVisibility::Public,
        },
    })
}

fn word(visibility: InstanceVisibility) -> &'static str {
    match visibility {
        InstanceVisibility::All => "All",
        InstanceVisibility::Public => "Public",
        InstanceVisibility::Custom => "Custom",
    }
}

pub(crate) fn find(db: &Connection, portal: i64, coordinates: &AssetCoordinates) -> rusqlite::Result<Option<Asset>> {
    db.prepare_cached(
        "SELECT key, facts, instance_visibility FROM portal_assets
         WHERE portal = ?1 AND group_id = ?2 AND asset_id = ?3",
    )?
    .query_row((portal, &coordinates.group_id, &coordinates.asset_id), asset)
    .optional()
}

pub(crate) fn all(db: &Connection, portal: i64) -> rusqlite::Result<Vec<Asset>> {
    db.prepare_cached("SELECT key, facts, instance_visibility FROM portal_assets WHERE portal = ?1 ORDER BY key")?
        .query_map([portal], asset)?
        .collect()
}

pub(crate) fn count(db: &Connection, portal: i64) -> rusqlite::Result<usize> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM portal_assets WHERE portal = ?1")?
        .query_row([portal], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Adds an asset without versions and gives its key.
pub(crate) fn insert(
    db: &Connection,
    portal: i64,
    facts: &PublishedAsset,
    visibility: InstanceVisibility,
) -> rusqlite::Result<i64> {
    let key = db
        .prepare_cached(
            "INSERT INTO portal_assets (portal, group_id, asset_id, name_key, search_key, added, updated,
               instance_visibility, facts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .insert((
            portal,
            &facts.group_id,
            &facts.asset_id,
            facts.name.to_lowercase(),
            super::search_key([Some(facts.name.as_str()), facts.description.as_deref()]),
            facts.added_on.as_deref().unwrap_or_default(),
            facts.last_updated.as_deref().unwrap_or_default(),
            word(visibility),
            to_json(facts)?,
        ))?;
    for (kind, values) in [(CATEGORY, &facts.categories), (TAG, &facts.tags)] {
        for value in values {
            db.prepare_cached(
                "INSERT OR IGNORE INTO asset_labels (portal, kind, value, asset) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((portal, kind, value, key))?;
        }
    }
    Ok(key)
}

pub(crate) fn delete(db: &Connection, key: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM portal_assets WHERE key = ?1")?.execute([key])?;
    Ok(())
}

pub(crate) fn set_instances(db: &Connection, key: i64, visibility: InstanceVisibility) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE portal_assets SET instance_visibility = ?2 WHERE key = ?1")?
        .execute((key, word(visibility)))?;
    Ok(())
}

/// The audiences that were set, in the order of their setting.
pub(crate) fn audiences(db: &Connection, asset: i64) -> rusqlite::Result<Vec<Audience>> {
    let mut statement = db.prepare_cached(
        "SELECT asset_versions.key, minor_version, user_group FROM asset_versions
         LEFT JOIN audiences ON version = asset_versions.key
         WHERE asset = ?1 ORDER BY asset_versions.key, position",
    )?;
    let mut rows = statement.query([asset])?;
    let mut found: Vec<Audience> = Vec::new();
    let mut last: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let version = row.get(0)?;
        if last != Some(version) {
            found.push(Audience { minor_version: row.get(1)?, groups: Vec::new() });
            last = Some(version);
        }
        if let (Some(audience), Some(group)) = (found.last_mut(), row.get(2)?) {
            audience.groups.push(group);
        }
    }
    Ok(found)
}

/// Makes these the asset's audiences, all others gone.
pub(crate) fn set_audiences(db: &Connection, asset: i64, audiences: &[Audience]) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM asset_versions WHERE asset = ?1")?.execute([asset])?;
    for Audience { minor_version, groups } in audiences {
        let version = db
            .prepare_cached("INSERT INTO asset_versions (asset, minor_version) VALUES (?1, ?2)")?
            .insert((asset, minor_version))?;
        for (position, group) in (0_i64..).zip(groups) {
            db.prepare_cached("INSERT OR IGNORE INTO audiences (version, position, user_group) VALUES (?1, ?2, ?3)")?
                .execute((version, position, group))?;
        }
    }
    Ok(())
}
