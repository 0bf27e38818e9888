//! User groups and their mappings.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use crate::emulator::wire::hub::{GroupMapping, UserGroup};

/// A user group as it is stored.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
pub(crate) struct Group {
    pub(crate) key: i64,
    pub(crate) parent: Option<i64>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) is_admin: bool,
    pub(crate) is_auto_generated: bool,
    pub(crate) is_default: bool,
    pub(crate) is_public: bool,
    pub(crate) created_date: Option<String>,
}

impl Group {
    /// Whether the hub made it: any of the four flags.
    pub(crate) fn is_built_in(&self) -> bool {
        self.is_admin || self.is_auto_generated || self.is_default || self.is_public
    }
}

/// All groups of a portal: at most a hundred, so rules are written on them and not in SQL.
#[derive(Debug)]
pub(crate) struct Groups {
    list: Vec<Group>,
    by_key: HashMap<i64, usize>,
    by_id: HashMap<String, usize>,
}

impl Groups {
    pub(crate) fn of(db: &Connection, portal: i64) -> rusqlite::Result<Self> {
        let read = |row: &Row<'_>| {
            Ok(Group {
                key: row.get(0)?,
                parent: row.get(1)?,
                id: row.get(2)?,
                name: row.get(3)?,
                description: row.get(4)?,
                is_admin: row.get(5)?,
                is_auto_generated: row.get(6)?,
                is_default: row.get(7)?,
                is_public: row.get(8)?,
                created_date: row.get(9)?,
            })
        };
        let list: Vec<Group> = db
            .prepare_cached(
                "SELECT key, parent, id, name, description, is_admin, is_auto_generated, is_default, is_public,
                   created_date
                 FROM user_groups WHERE portal = ?1 ORDER BY key",
            )?
            .query_map([portal], read)?
            .collect::<Result<_, _>>()?;
        let by_key = list.iter().enumerate().map(|(index, group)| (group.key, index)).collect();
        let by_id = list.iter().enumerate().map(|(index, group)| (group.id.clone(), index)).collect();
        Ok(Self { list, by_key, by_id })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id).map(|index| &self.list[*index])
    }

    pub(crate) fn by_key(&self, key: i64) -> Option<&Group> {
        self.by_key.get(&key).map(|index| &self.list[*index])
    }

    pub(crate) fn children(&self, parent: Option<i64>) -> impl Iterator<Item = &Group> {
        self.list.iter().filter(move |group| group.parent == parent)
    }

    /// The group itself and all above it.
    pub(crate) fn with_ancestors<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Group> {
        std::iter::successors(Some(group), |group| group.parent.and_then(|parent| self.by_key(parent)))
    }

    /// The group itself and all below it, parents first.
    pub(crate) fn with_descendants<'a>(&'a self, group: &'a Group) -> Vec<&'a Group> {
        let mut found = vec![group];
        let mut next = 0;
        while let Some(parent) = found.get(next).map(|group| group.key) {
            found.extend(self.children(Some(parent)));
            next += 1;
        }
        found
    }

    /// The wire's tree of what stands under `parent`.
    pub(crate) fn tree(&self, parent: Option<i64>) -> Vec<UserGroup> {
        self.children(parent).map(|group| self.wire(group)).collect()
    }

    pub(crate) fn wire(&self, group: &Group) -> UserGroup {
        let Group {
            key,
            parent: _,
            id,
            name,
            description,
            is_admin,
            is_auto_generated,
            is_default,
            is_public,
            created_date,
        } = group.clone();
        UserGroup {
            id,
            name,
            description,
            is_admin,
            is_auto_generated,
            is_default,
            is_public,
            created_date,
            children: self.tree(Some(key)),
        }
    }
}

/// The ids of a portal's groups by key, for those who need no more of them.
pub(crate) fn ids(db: &Connection, portal: i64) -> rusqlite::Result<HashMap<i64, String>> {
    db.prepare_cached("SELECT key, id FROM user_groups WHERE portal = ?1")?
        .query_map([portal], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Adds a group (its `key` is not used) and gives its key.
pub(crate) fn insert(db: &Connection, portal: i64, group: &Group) -> rusqlite::Result<i64> {
    let Group {
        key: _,
        parent,
        id,
        name,
        description,
        is_admin,
        is_auto_generated,
        is_default,
        is_public,
        created_date,
    } = group;
    db.prepare_cached(
        "INSERT INTO user_groups (portal, parent, id, name, description, is_admin, is_auto_generated, is_default,
           is_public, created_date)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .insert((
        portal,
        parent,
        id,
        name,
        description,
        is_admin,
        is_auto_generated,
        is_default,
        is_public,
        created_date,
    ))
}

pub(crate) fn update(db: &Connection, group: &Group) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE user_groups SET name = ?2, description = ?3, parent = ?4 WHERE key = ?1",
        (group.key, &group.name, &group.description, group.parent),
    )?;
    Ok(())
}

/// Deletes a group without children, with all that refers to it.
pub(crate) fn delete(db: &Connection, key: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM user_groups WHERE key = ?1", [key])?;
    Ok(())
}

/// What keeps a group from being deleted, in words.
pub(crate) fn uses(db: &Connection, key: i64) -> rusqlite::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for (what, statement) in [
        ("child groups", "SELECT 1 FROM user_groups WHERE parent = ?1 LIMIT 1"),
        ("members", "SELECT 1 FROM memberships WHERE user_group = ?1 LIMIT 1"),
        ("group mappings", "SELECT 1 FROM group_mappings WHERE user_group = ?1 LIMIT 1"),
        ("visible assets", "SELECT 1 FROM audiences WHERE user_group = ?1 LIMIT 1"),
    ] {
        if db.prepare_cached(statement)?.exists([key])? {
            found.push(what);
        }
    }
    Ok(found)
}

pub(crate) fn mappings(db: &Connection, group: i64) -> rusqlite::Result<Vec<GroupMapping>> {
    let read = |row: &Row<'_>| {
        Ok(GroupMapping { provider_id: row.get(0)?, external_group_name: row.get(1)?, membership_type: row.get(2)? })
    };
    db.prepare_cached(
        "SELECT provider_id, external_group_name, membership_type FROM group_mappings
         WHERE user_group = ?1 ORDER BY key",
    )?
    .query_map([group], read)?
    .collect()
}

/// Adds a mapping; false if the group has one to this external group already.
pub(crate) fn insert_mapping(
    db: &Connection,
    group: i64,
    provider: &str,
    name: &str,
    membership_type: &str,
) -> rusqlite::Result<bool> {
    let there = db
        .prepare_cached(
            "SELECT 1 FROM group_mappings WHERE user_group = ?1 AND provider_id = ?2 AND external_group_name = ?3
             AND membership_type = ?4",
        )?
        .exists((group, provider, name, membership_type))?;
    if !there {
        db.execute(
            "INSERT INTO group_mappings (user_group, provider_id, external_group_name, membership_type)
             VALUES (?1, ?2, ?3, ?4)",
            (group, provider, name, membership_type),
        )?;
    }
    Ok(!there)
}

/// Removes a mapping, whatever its membership type; false if there is none.
pub(crate) fn delete_mapping(db: &Connection, group: i64, provider: &str, name: &str) -> rusqlite::Result<bool> {
    let gone = db.execute(
        "DELETE FROM group_mappings WHERE user_group = ?1 AND provider_id = ?2 AND external_group_name = ?3",
        (group, provider, name),
    )?;
    Ok(gone > 0)
}
