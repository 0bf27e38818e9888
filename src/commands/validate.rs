//! `validate`

use anyhow::Result;

use super::{block_on, context, output};
use crate::cli::{Format, Global, Validate};
use crate::exit::Exit;
use crate::manifest::load::Loaded;
use crate::observe::Scope;
use crate::{diagnostic, render, resolve};

pub(super) fn run(global: &Global, arguments: &Validate) -> Result<Exit> {
    let mut loaded = context::load_quietly(&arguments.files.files)?;
    let mut exit = if loaded.has_errors() { Exit::Error } else { Exit::Done };
    let mut lead = "the manifest has";
    if arguments.online && exit == Exit::Done {
        exit = resolve_online(global, &mut loaded)?;
        lead = context::UNRESOLVED;
    }
    let Loaded { manifests, sources, diagnostics } = loaded;
    if global.format == Format::Json {
        let valid = exit == Exit::Done;
        let diagnostics = diagnostic::to_json(&diagnostics, &sources);
        let document = serde_json::json!({"format_version": "1.0", "valid": valid, "diagnostics": diagnostics});
        output::data(&render::pretty(&document))?;
        return Ok(exit);
    }
    if exit != Exit::Done {
        return Err(context::faults(global, exit, lead, &diagnostics, &sources).into());
    }
    context::show(global, &diagnostics, &sources);
    output::data(&format!(
        "Valid: {} {} in {} {}.\n",
        manifests.len(),
        if manifests.len() == 1 { "portal" } else { "portals" },
        sources.len(),
        if sources.len() == 1 { "file" } else { "files" },
    ))?;
    Ok(Exit::Done)
}

/// Adds what the live portal has to say; nothing that it answers is an open question any more.
fn resolve_online(global: &Global, loaded: &mut Loaded) -> Result<Exit> {
    let manifest = context::choose(global, loaded.manifests.clone())?;
    let live = block_on(async {
        let connection = context::connect_for(global, &manifest).await?;
        context::observe_for(global, &connection, Scope::Plan((&manifest).into())).await
    })?;
    loaded.diagnostics.retain(context::stands_online);
    let Err(resolve::Failure { faults, refusals }) = resolve::resolve(&manifest, &live, None) else {
        return Ok(Exit::Done);
    };
    let exit = if faults.is_empty() { Exit::Refused } else { Exit::Error };
    loaded.diagnostics.extend(faults.into_iter().chain(refusals));
    Ok(exit)
}
