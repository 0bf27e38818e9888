//! `show`

use std::path::Path;

use anyhow::Result;

use super::plan as plan_command;
use crate::cli::{Global, Show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::plan::file::Unusable;
use crate::plan::{self, Plan};

pub(super) fn run(global: &Global, arguments: &Show) -> Result<Exit> {
    let plan = read(&arguments.plan)?;
    plan_command::show(global, &plan)?;
    Ok(Exit::Done)
}

/// Reads a saved plan.
pub(super) fn read(path: &Path) -> Result<Plan> {
    let text = files::read_text(path)?;
    plan::file::read(&text).map_err(|unusable| {
        let hint = match unusable {
            Unusable::Malformed(_) => "write one with `aehctl plan -f … --out FILE`",
            Unusable::Format(_) => "plan again with this version",
            Unusable::Edited => "a plan is applied exactly as it was made: plan again",
        };
        Failure::new(format!("failed to read {}: {unusable}", path.display())).hint(hint).into()
    })
}
