//! Exchange: what could be published, and the search that it shares with the portal's own assets.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::de::DeserializeOwned;

use crate::emulator::wire::hub::{AssetCoordinates, Criteria, Direction, ExchangeAsset, Facets, SearchSort};

/// The kinds of labels.
pub(super) const CATEGORY: &str = "category";
pub(super) const TAG: &str = "tag";

/// An entry of Exchange with its minor versions, in Exchange's order.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) facts: ExchangeAsset,
    pub(crate) versions: Vec<String>,
}

impl Entry {
    /// The minor version that the latest version belongs to: by its major number, else the last one listed.
    pub(crate) fn latest_minor_version(&self) -> Option<&str> {
        let digits = |version: &str| -> Option<u64> {
            version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok())
        };
        let latest = self.facts.latest_version.as_deref().and_then(digits);
        let matching = latest.and_then(|latest| self.versions.iter().find(|version| digits(version) == Some(latest)));
        matching.or(self.versions.last()).map(String::as_str)
    }
}

pub(crate) fn find(db: &Connection, asset: &AssetCoordinates) -> rusqlite::Result<Option<Entry>> {
    let found: Option<(i64, ExchangeAsset)> = db
        .prepare_cached("SELECT key, facts FROM exchange_assets WHERE group_id = ?1 AND asset_id = ?2")?
        .query_row((&asset.group_id, &asset.asset_id), |row| Ok((row.get(0)?, json(row, 1)?)))
        .optional()?;
    found.map(|(key, facts)| Ok(Entry { facts, versions: versions(db, key)? })).transpose()
}

/// All entries.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let rows: Vec<(i64, ExchangeAsset)> = db
        .prepare_cached("SELECT key, facts FROM exchange_assets ORDER BY key")?
        .query_map((), |row| Ok((row.get(0)?, json(row, 1)?)))?
        .collect::<Result<_, _>>()?;
    rows.into_iter().map(|(key, facts)| Ok(Entry { facts, versions: versions(db, key)? })).collect()
}

fn versions(db: &Connection, key: i64) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT minor_version FROM exchange_versions WHERE asset = ?1 ORDER BY position")?
        .query_map([key], |row| row.get(0))?
        .collect()
}

pub(crate) fn insert(db: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let facts = &entry.facts;
    let key = db
        .prepare_cached(
            "INSERT INTO exchange_assets (group_id, asset_id, name_key, search_key, created, updated, facts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .insert((
            &facts.group_id,
            &facts.asset_id,
            facts.name.to_lowercase(),
            super::search_key([Some(facts.name.as_str()), facts.description.as_deref()]),
            facts.created_at.as_deref().unwrap_or_default(),
            facts.last_updated.as_deref().unwrap_or_default(),
            to_json(facts)?,
        ))?;
    for (position, version) in (0_i64..).zip(&entry.versions) {
        db.prepare_cached("INSERT INTO exchange_versions (asset, position, minor_version) VALUES (?1, ?2, ?3)")?
            .execute((key, position, version))?;
    }
    for (kind, values) in [(CATEGORY, &facts.categories), (TAG, &facts.tags)] {
        for value in values {
            db.prepare_cached("INSERT OR IGNORE INTO exchange_labels (kind, value, asset) VALUES (?1, ?2, ?3)")?
                .execute((kind, value, key))?;
        }
    }
    Ok(())
}

/// A page of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) offset: i64,
    pub(crate) limit: i64,
}

/// What both kinds of search can ask for.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    pub(crate) search_term: Option<&'a str>,
    pub(crate) categories: &'a [String],
    pub(crate) tags: &'a [String],
    pub(crate) sort: Option<SearchSort>,
}

/// A search put together: the tables it looks into and the conditions collected so far.
pub(crate) struct Search<'a> {
    assets: &'static str,
    labels: &'static str,
    created: &'static str,
    filter: &'a Filter<'a>,
    conditions: Vec<String>,
    values: Vec<Sql>,
}

impl<'a> Search<'a> {
    pub(crate) fn exchange(filter: &'a Filter<'a>) -> Self {
        Self::new("exchange_assets", "exchange_labels", "created", filter, None)
    }

    pub(crate) fn portal(filter: &'a Filter<'a>, portal: i64) -> Self {
        Self::new("portal_assets", "asset_labels", "added", filter, Some(portal))
    }

    fn new(
        assets: &'static str,
        labels: &'static str,
        created: &'static str,
        filter: &'a Filter<'a>,
        portal: Option<i64>,
    ) -> Self {
        let mut search = Self { assets, labels, created, filter, conditions: Vec::new(), values: Vec::new() };
        if let Some(portal) = portal {
            search.conditions.push("assets.portal = ?".to_owned());
            search.values.push(Sql::from(portal));
        }
        if let Some(term) = filter.search_term.filter(|term| !term.is_empty()) {
            search.conditions.push("instr(assets.search_key, ?) > 0".to_owned());
            search.values.push(Sql::from(term.to_lowercase()));
        }
        for (kind, wanted) in [(CATEGORY, filter.categories), (TAG, filter.tags)] {
            for value in wanted {
                search.conditions.push(format!(
                    "assets.key IN (SELECT asset FROM {labels} WHERE {} kind = '{kind}' AND value = ?)",
                    if portal.is_some() { "portal = ? AND" } else { "" }
                ));
                search.values.extend(portal.map(Sql::from));
                search.values.push(Sql::from(value.clone()));
            }
        }
        search
    }

    /// Only what one of these groups may see in some version.
    pub(crate) fn visible_to(&mut self, groups: impl IntoIterator<Item = i64>) {
        let keys: Vec<String> = groups.into_iter().map(|key| key.to_string()).collect();
        self.conditions.push(format!(
            "assets.key IN (SELECT asset FROM asset_versions JOIN audiences ON version = asset_versions.key
             WHERE user_group IN ({}))",
            keys.join(", ")
        ));
    }

    fn condition(&self) -> String {
        if self.conditions.is_empty() { "TRUE".to_owned() } else { self.conditions.join(" AND ") }
    }

    pub(crate) fn page<T: DeserializeOwned>(&self, db: &Connection, window: Window) -> rusqlite::Result<Vec<T>> {
        let (column, direction) = match self.filter.sort {
            None => ("name_key", "ASC"),
            Some(SearchSort { criteria, direction }) => (
                match criteria {
                    Criteria::Name => "name_key",
                    Criteria::LastUpdated => "updated",
                    Criteria::CreatedAt => self.created,
                },
                match direction {
                    Direction::Asc => "ASC",
                    Direction::Desc => "DESC",
                },
            ),
        };
        let statement = format!(
            "SELECT facts FROM {} AS assets WHERE {} ORDER BY {column} {direction}, key {direction} LIMIT ? OFFSET ?",
            self.assets,
            self.condition()
        );
        let values = self.values.iter().cloned().chain([Sql::from(window.limit), Sql::from(window.offset)]);
        db.prepare_cached(&statement)?.query_map(params_from_iter(values), |row| json(row, 0))?.collect()
    }

    /// The categories and tags of all that is found, not of one page alone.
    pub(crate) fn facets(&self, db: &Connection) -> rusqlite::Result<Facets> {
        // Without a filter the index of the labels answers alone.
        let narrowed = match (self.labels, self.conditions.len()) {
            ("asset_labels", 1) => "labels.portal = ?".to_owned(),
            ("exchange_labels", 0) => "TRUE".to_owned(),
            _ => format!("labels.asset IN (SELECT key FROM {} AS assets WHERE {})", self.assets, self.condition()),
        };
        let statement =
            format!("SELECT DISTINCT kind, value FROM {} AS labels WHERE {narrowed} ORDER BY kind, value", self.labels);
        let mut facets = Facets { categories: Vec::new(), tags: Vec::new() };
        let mut statement = db.prepare_cached(&statement)?;
        let mut rows = statement.query(params_from_iter(self.values.iter().cloned()))?;
        while let Some(row) = rows.next()? {
            let list = if row.get_ref(0)?.as_str()? == CATEGORY { &mut facets.categories } else { &mut facets.tags };
            list.push(row.get(1)?);
        }
        Ok(facets)
    }
}

/// A column that holds JSON of the emulator's own making.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
