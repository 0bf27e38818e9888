//! The operations by area: what the portal allows, on top of the store.

pub(crate) mod access_management;
pub(crate) mod assets;
pub(crate) mod connections;
pub(crate) mod exchange;
pub(crate) mod group_mappings;
pub(crate) mod prospects;
pub(crate) mod user_groups;
pub(crate) mod users;

use super::failure::{Failure, Outcome};
use super::operation::Call;
use super::store::exchange::Window;
use super::store::portals::{self, PortalRow};
use super::store::user_groups::{Group, Groups};
use super::switches::{FromCounts, Paging};

/// The portal that the path names.
fn portal(call: &Call<'_>) -> Outcome<PortalRow> {
    let connection = call.segment("connectionId");
    let key =
        portals::connection_key(call.db, connection)?.ok_or_else(|| Failure::unknown("Connection", connection))?;
    let portal = call.segment("portalId");
    portals::find(call.db, key, portal, call.switches.portal_path)?.ok_or_else(|| Failure::unknown("Portal", portal))
}

/// The group that the path names.
fn group<'a>(call: &Call<'_>, groups: &'a Groups) -> Outcome<&'a Group> {
    let id = call.segment("userGroupId");
    groups.by_id(id).ok_or_else(|| Failure::unknown("User group", id))
}

/// Groups named in a body: each must exist, one named twice counts once.
fn named_groups<'a>(groups: &'a Groups, ids: &[String]) -> Outcome<Vec<&'a Group>> {
    let mut named: Vec<&Group> = Vec::with_capacity(ids.len());
    for id in ids {
        let group = groups
            .by_id(id)
            .ok_or_else(|| Failure::bad_request(format!("User group {id} does not exist in this portal")))?;
        if !named.iter().any(|known| known.key == group.key) {
            named.push(group);
        }
    }
    Ok(named)
}

/// The rows that the paging headers ask for.
fn window(call: &Call<'_>, limit: Option<i32>, offset: Option<i32>) -> Outcome<Window> {
    if limit.is_some_and(|limit| limit < 1) || offset.is_some_and(|offset| offset < 0) {
        return Err(Failure::invalid("a parameter", "x-limit is at least 1, and nothing is skipped backwards"));
    }
    let (limit, offset) = match call.switches.paging {
        Paging::Honoured => (limit, offset),
        Paging::Ignored => (None, None),
    };
    let limit = limit.map_or(i64::from(call.switches.page_default), i64::from);
    Ok(Window { limit: limit.min(i64::from(call.switches.page_limit)), offset: offset.map_or(0, i64::from) })
}

/// The rows that a search's headers ask for, `x-from` being rows or pages.
fn search_window(call: &Call<'_>, limit: Option<i32>, from: Option<i32>) -> Outcome<Window> {
    let window = window(call, limit, from)?;
    Ok(match call.switches.from_counts {
        FromCounts::Rows => window,
        FromCounts::Pages => Window { offset: window.offset * window.limit, ..window },
    })
}

/// A search term of a query, within the contract's length.
fn search_term(term: Option<String>) -> Outcome<String> {
    let term = term.unwrap_or_default();
    if term.chars().count() > super::wire::hub::SEARCH_TERM_LIMIT {
        return Err(Failure::invalid("a parameter", "searchTerm is longer than 128 characters"));
    }
    Ok(term)
}
