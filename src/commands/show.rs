//! `show`

use std::path::Path;

use anyhow::{Context as _, Result};

use super::plan as plan_command;
use crate::cli::{Global, Show};
use crate::exit::Exit;
use crate::files;
use crate::plan::{self, Plan};

pub(super) fn run(global: &Global, arguments: &Show) -> Result<Exit> {
    let plan = read(&arguments.plan)?;
    plan_command::show(global, &plan)?;
    Ok(Exit::Done)
}

/// Reads a saved plan.
pub(super) fn read(path: &Path) -> Result<Plan> {
    let text = files::read_text(path)?;
    plan::file::read(&text).with_context(|| format!("failed to read {}", path.display()))
}
