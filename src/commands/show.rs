//! `show`

use std::path::Path;

use anyhow::Result;

use super::{context, guards, output, plan as plan_command};
use crate::access;
use crate::cli::{Global, Show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::plan::file::{Signature, Unusable};
use crate::plan::{self, Plan};
use crate::render::text;

pub(super) fn run(global: &Global, arguments: &Show) -> Result<Exit> {
    output::require_format(global, "show", plan_command::FORMATS)?;
    let mut plan = read(&arguments.plan)?;
    if arguments.access_names > 0 {
        access::name_members(&mut plan, arguments.access_names);
    }
    plan_command::show(global, &plan)?;
    guards::say_violations(&plan);
    Ok(Exit::Done)
}

/// Reads a saved plan.
pub(super) fn read(path: &Path) -> Result<Plan> {
    let key = context::plan_key()?;
    let text = files::read_text(path)?;
    let saved = plan::file::open(&text, key.as_ref()).map_err(|unusable| {
        let hint = match unusable {
            Unusable::Malformed(_) => "write one with `aehctl plan -f … --out FILE`",
            Unusable::Format(_) => "plan again with this version",
            Unusable::Edited | Unusable::Contradictory(_) => "a plan is applied exactly as it was made: plan again",
            Unusable::Unsigned | Unusable::Forged => {
                "only a plan that was made where this key is set can be used: plan again there"
            }
        };
        Failure::new(format!("failed to read {}: {unusable}", path.display())).hint(hint)
    })?;
    if saved.signature == Signature::Unchecked {
        let path = path.display().to_string();
        output::say(&text::terminal(&format!(
            "Warning: {path} is signed, and nobody checked the signature: AEHCTL_PLAN_KEY is not set."
        )));
    }
    Ok(saved.plan)
}
