//! `plan --compare`: what would change in one portal if it declared what another Portal declares.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::fleet::{Part, Planning};
use super::revisions::Revisions;
use super::{block_on, context, guards, plan as plan_command};
use crate::cli::{Global, PlanArgs};
use crate::diagnostic::Severity;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hold::Acceptance;
use crate::manifest::model::Manifest;
use crate::manifest::promote::{Promotion, promote};
use crate::plan::Promotes;

pub(super) fn run(global: &Global, arguments: &PlanArgs, compare: &Path) -> Result<Exit> {
    let files: Vec<PathBuf> = arguments.files.files.iter().cloned().chain([compare.to_owned()]).collect();
    let (manifests, sources) = context::load_all(global, &files)?;
    let (from, to) = pair(global, manifests, compare)?;
    let Promotion { manifest, diagnostics, kept } = promote(&from, &to);
    let diagnostics: Vec<_> = diagnostics.into_iter().filter(context::stands_online).collect();
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let lead = format!("promoting `{}` to `{}` finds", from.name.value, to.name.value);
        return Err(context::faults(global, Exit::Error, &lead, &diagnostics, &sources).into());
    }
    let revisions = Revisions::based_on(&to);
    let planning = Planning {
        global,
        revisions: &revisions,
        accept: &Acceptance::default(),
        allow: arguments.allow.iter().copied().collect(),
        show_unmanaged: false,
        only: None,
        access: &arguments.access,
        promotes: Some(Promotes { from: from.name.value.clone(), kept }),
        saves: false,
    };
    let manifests = [manifest];
    let mut parts = if arguments.live.is_empty() {
        let parts = block_on(planning.on_hub(&manifests))?;
        parts.into_iter().map(|part| part.map(|(plan, _)| plan)).collect()
    } else {
        block_on(planning.on_snapshots(&manifests, &arguments.live))?
    };
    let Part { result, .. } = parts.remove(0);
    let mut plan = result.map_err(|trouble| trouble.alone(global, &sources))?;
    guards::apply_flags(&mut plan, &arguments.guards);
    plan_command::show(global, &plan)?;
    guards::refuse(&plan)?;
    Ok(if arguments.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}

/// The Portal that is promoted, and the one that it is promoted to.
fn pair(global: &Global, manifests: Vec<Manifest>, compare: &Path) -> Result<(Manifest, Manifest)> {
    let shown = compare.display();
    let named = context::load_quietly(&[compare.to_owned()])?.manifests;
    let name = match named.as_slice() {
        [one] => &one.name.value,
        several => {
            let message = format!("--compare takes one Portal, and there are {} in {shown}", several.len());
            return Err(Failure::new(message).hint("name the file of the Portal that is compared with").into());
        }
    };
    let (to, others): (Vec<Manifest>, Vec<Manifest>) =
        manifests.into_iter().partition(|manifest| manifest.name.value == *name);
    let to = context::only_one(to)?;
    if others.is_empty() {
        return Err(Failure::new(format!("`{name}` is compared with itself"))
            .hint("give the Portal that would be promoted with -f, and the one that it would be promoted to with --compare")
            .into());
    }
    Ok((context::only_one(context::choose(global, others)?)?, to))
}
