//! Who would gain and lose sight of what: reads what that takes, and adds it to a plan.

use anyhow::Result;

use super::context::Connection;
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
        let every_asset = flags.access.map_or_else(|| moves_people(&plan.changes), |scope| scope == AccessScope::All);
        observe::complete(&connection.client.reader(), live, every_asset, usize::from(global.parallelism)).await?;
        connection.log_requests("analysed visibility");
    }
    access::analyse(plan, live, flags.access_names);
    Ok(())
}

/// Whoever comes into a group also sees what nobody declares.
fn moves_people(changes: &[Change]) -> bool {
    changes.iter().any(|change| !matches!(change.edit, Edit::Asset(_)))
}
