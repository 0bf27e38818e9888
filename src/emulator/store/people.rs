//! Members and prospects.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::exchange::{Window, json, to_json};
use crate::emulator::wire::hub::{Prospect, ProspectStatus, User};

/// A member as stored: the wire's fields, `user_group_ids` being the direct groups.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: i64,
    pub(crate) user: User,
}

const MEMBER: &str = "SELECT key, id, name, email, username, is_active, is_external, anypoint_username, \
     anypoint_idp_id, anypoint_groups, \
     (SELECT json_group_array(id) FROM (SELECT user_groups.id FROM memberships \
       JOIN user_groups ON user_groups.key = memberships.user_group \
       WHERE memberships.user = users.key ORDER BY memberships.position)) \
     FROM users";

fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        key: row.get(0)?,
        user: User {
            id: row.get(1)?,
            name: row.get(2)?,
            email: row.get(3)?,
            username: row.get(4)?,
            is_active: row.get(5)?,
            is_external: row.get(6)?,
            anypoint_username: row.get(7)?,
            anypoint_idp_id: row.get(8)?,
            anypoint_groups: json(row, 9)?,
            user_group_ids: json(row, 10)?,
        },
    })
}

pub(crate) fn member_by_id(db: &Connection, portal: i64, id: &str) -> rusqlite::Result<Option<Member>> {
    db.prepare_cached(&format!("{MEMBER} WHERE portal = ?1 AND id = ?2"))?.query_row((portal, id), member).optional()
}

/// The members of all portals who have this id, as (portal, member).
pub(crate) fn members_by_id(db: &Connection, id: &str) -> rusqlite::Result<Vec<(i64, Member)>> {
    let portals: Vec<i64> = db
        .prepare_cached("SELECT portal FROM users WHERE id = ?1 ORDER BY key")?
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for portal in portals {
        found.extend(member_by_id(db, portal, id)?.map(|member| (portal, member)));
    }
    Ok(found)
}

/// A page of members, in the order in which they joined.
pub(crate) fn members(
    db: &Connection,
    portal: i64,
    search_term: Option<&str>,
    is_active: Option<bool>,
    window: Window,
) -> rusqlite::Result<Vec<Member>> {
    let mut statement = format!("{MEMBER} WHERE portal = ?");
    let mut values = vec![Sql::from(portal)];
    if let Some(active) = is_active {
        statement.push_str(" AND is_active = ?");
        values.push(Sql::from(active));
    }
    if let Some(term) = search_term.filter(|term| !term.is_empty()) {
        statement.push_str(" AND instr(search_key, ?) > 0");
        values.push(Sql::from(term.to_lowercase()));
    }
    statement.push_str(" ORDER BY key LIMIT ? OFFSET ?");
    values.extend([Sql::from(window.limit), Sql::from(window.offset)]);
    db.prepare_cached(&statement)?.query_map(params_from_iter(values), member)?.collect()
}

/// Adds a member without groups and gives its key.
pub(crate) fn insert_member(db: &Connection, portal: i64, user: &User) -> rusqlite::Result<i64> {
    let User {
        id,
        name,
        email,
        username,
        is_active,
        is_external,
        anypoint_username,
        anypoint_idp_id,
        anypoint_groups,
        user_group_ids: _,
    } = user;
    db.prepare_cached(
        "INSERT INTO users (portal, id, name, email, username, is_active, is_external, anypoint_username,
           anypoint_idp_id, anypoint_groups, search_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .insert((
        portal,
        id,
        name,
        email,
        username,
        is_active,
        is_external,
        anypoint_username,
        anypoint_idp_id,
        to_json(anypoint_groups)?,
        super::search_key([name.as_deref(), Some(email.as_str())]),
    ))
}

pub(crate) fn set_active(db: &Connection, key: i64, active: bool) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE users SET is_active = ?2 WHERE key = ?1")?.execute((key, active))?;
    Ok(())
}

/// Makes these (by key) the member's direct groups, all others gone.
pub(crate) fn set_groups(db: &Connection, member: i64, groups: &[i64]) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM memberships WHERE user = ?1")?.execute([member])?;
    for (position, group) in (0_i64..).zip(groups) {
        db.prepare_cached("INSERT OR IGNORE INTO memberships (user, position, user_group) VALUES (?1, ?2, ?3)")?
            .execute((member, position, group))?;
    }
    Ok(())
}

/// What became of a request to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Pending,
    Approved,
    Rejected,
}

fn prospect(row: &Row<'_>) -> rusqlite::Result<(i64, Decision, Prospect)> {
    let status: String = row.get(6)?;
    let (decision, status) = match status.as_str() {
        "PENDING" => (Decision::Pending, Some(ProspectStatus::Pending)),
        "APPROVED" => (Decision::Approved, Some(ProspectStatus::Approved)),
        _ => (Decision::Rejected, None),
    };
    let prospect = Prospect {
        id: row.get(1)?,
        first_name: row.get(2)?,
        last_name: row.get(3)?,
        email: row.get(4)?,
        username: row.get(5)?,
        status,
        portal_id: row.get(7)?,
        created_date: row.get(8)?,
        updated_date: row.get(9)?,
    };
    Ok((row.get(0)?, decision, prospect))
}

const PROSPECT: &str = "SELECT prospects.key, prospects.id, first_name, last_name, email, username, status, \
     portals.id, prospects.created_date, prospects.updated_date \
     FROM prospects JOIN portals ON portals.key = prospects.portal";

/// A request with its key and what became of it.
pub(crate) fn prospect_by_id(
    db: &Connection,
    portal: i64,
    id: &str,
) -> rusqlite::Result<Option<(i64, Decision, Prospect)>> {
    db.prepare_cached(&format!("{PROSPECT} WHERE portal = ?1 AND prospects.id = ?2"))?
        .query_row((portal, id), prospect)
        .optional()
}

/// All requests but the rejected ones.
pub(crate) fn prospects(db: &Connection, portal: i64, search_term: &str) -> rusqlite::Result<Vec<Prospect>> {
    db.prepare_cached(&format!(
        "{PROSPECT} WHERE portal = ?1 AND status <> 'REJECTED' AND (?2 = '' OR instr(search_key, ?2) > 0)
         ORDER BY prospects.key"
    ))?
    .query_map((portal, search_term.to_lowercase()), |row| Ok(prospect(row)?.2))?
    .collect()
}

pub(crate) fn pending(db: &Connection, portal: i64) -> rusqlite::Result<u64> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM prospects WHERE portal = ?1 AND status = 'PENDING'")?
        .query_row([portal], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

pub(crate) fn insert_prospect(db: &Connection, portal: i64, prospect: &Prospect) -> rusqlite::Result<()> {
    let Prospect { id, first_name, last_name, email, username, status, portal_id: _, created_date, updated_date } =
        prospect;
    let status = match status {
        Some(ProspectStatus::Approved) => "APPROVED",
        Some(ProspectStatus::Pending) | None => "PENDING",
    };
    db.prepare_cached(
        "INSERT INTO prospects (portal, id, first_name, last_name, email, username, status, created_date,
           updated_date, search_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        portal,
        id,
        first_name,
        last_name,
        email,
        username,
        status,
        created_date,
        updated_date,
        super::search_key([first_name.as_deref(), last_name.as_deref(), Some(email.as_str())]),
    ))?;
    Ok(())
}

pub(crate) fn decide(db: &Connection, key: i64, decision: Decision, now: &str) -> rusqlite::Result<()> {
    let status = match decision {
        Decision::Pending => "PENDING",
        Decision::Approved => "APPROVED",
        Decision::Rejected => "REJECTED",
    };
    db.execute("UPDATE prospects SET status = ?2, updated_date = ?3 WHERE key = ?1", (key, status, now))?;
    Ok(())
}
