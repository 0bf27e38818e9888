//! Who would gain and lose sight of what: reads what that takes, and adds it to a plan.

use anyhow::Result;

use super::connection::Connection;
use crate::access;
use crate::cli::{AccessFlags, AccessScope, Global};
use crate::guard;
use crate::observe;
use crate::plan::{Change, Edit, Plan};
use crate::state::LiveState;

/// Adds the analysis to a plan, if anything could change or somebody asks. With a connection, what a plan did not need
/// is read for it; a snapshot has what it has. What its guards need of it is judged anew.
pub(super) async fn add(
    global: &Global,
    connection: Option<&Connection>,
    flags: &AccessFlags,
    plan: &mut Plan,
    live: &mut LiveState,
) -> Result<()> {
    if let Some(connection) = connection {
        read(global, connection, flags.access, plan, live).await?;
    }
    if is_wanted(flags.access, plan) {
        access::analyse(plan, live, flags.access_names);
    }
    guard::survey(plan, live);
    Ok(())
}

fn is_wanted(scope: Option<AccessScope>, plan: &Plan) -> bool {
    scope.is_some() || access::changes_sight(&plan.changes) || guard::needs_sight(plan)
}

/// Reads what the analysis of a plan takes.
pub(super) async fn read(
    global: &Global,
    connection: &Connection,
    scope: Option<AccessScope>,
    plan: &Plan,
    live: &mut LiveState,
) -> Result<()> {
    if !is_wanted(scope, plan) {
        return Ok(());
    }
    let every_asset = scope.map_or_else(|| moves_people(&plan.changes), |scope| scope == AccessScope::All);
    observe::complete(&connection.client.reader(), live, every_asset, usize::from(global.parallelism)).await?;
    connection.log_requests("analysed visibility");
    Ok(())
}

/// Whoever comes into a group also sees what nobody declares.
fn moves_people(changes: &[Change]) -> bool {
    changes.iter().any(|change| !matches!(change.edit, Edit::Asset(_)))
}
