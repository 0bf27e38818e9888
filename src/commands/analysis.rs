//! Who would gain and lose sight of what: reads what that takes, and adds it to a plan.

use anyhow::Result;

use super::connection::Connection;
use crate::access;
use crate::cli::{AccessFlags, AccessScope, Global};
use crate::observe;
use crate::plan::{Change, Edit, Plan};
use crate::state::LiveState;

/// Adds the analysis to a plan, if anything could change or somebody asks. With a connection, what a plan did not need
/// is read for it; a snapshot has what it has.
pub(super) async fn add(
    global: &Global,
    connection: Option<&Connection>,
    flags: &AccessFlags,
    plan: &mut Plan,
    live: &mut LiveState,
) -> Result<()> {
    if flags.access.is_none() && !access::changes_sight(&plan.changes) {
        return Ok(());
    }
    if let Some(connection) = connection {
        read(global, connection, flags.access, &plan.changes, live).await?;
    }
    access::analyse(plan, live, flags.access_names);
    Ok(())
}

/// Reads what the analysis of these changes takes.
pub(super) async fn read(
    global: &Global,
    connection: &Connection,
    scope: Option<AccessScope>,
    changes: &[Change],
    live: &mut LiveState,
) -> Result<()> {
    if scope.is_none() && !access::changes_sight(changes) {
        return Ok(());
    }
    let every_asset = scope.map_or_else(|| moves_people(changes), |scope| scope == AccessScope::All);
    observe::complete(&connection.client.reader(), live, every_asset, usize::from(global.parallelism)).await?;
    connection.log_requests("analysed visibility");
    Ok(())
}

/// Whoever comes into a group also sees what nobody declares.
fn moves_people(changes: &[Change]) -> bool {
    changes.iter().any(|change| !matches!(change.edit, Edit::Asset(_)))
}
