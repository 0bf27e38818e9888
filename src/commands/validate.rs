//! `validate`

use anyhow::Result;

use super::fleet::{self, Part, Trouble};
use super::{annotations, block_on, connection, context, output};
use crate::cli::{Format, Global, Validate};
use crate::diagnostic::Severity;
use crate::exit::Exit;
use crate::manifest::load::Loaded;
use crate::observe::Scope;
use crate::{diagnostic, render, resolve};

pub(super) fn run(global: &Global, arguments: &Validate) -> Result<Exit> {
    let mut loaded = context::load_quietly(&arguments.files.files)?;
    let mut exit = if loaded.has_errors() { Exit::Error } else { Exit::Done };
    let mut lead = "the manifest has";
    let mut failed = Vec::new();
    if arguments.online && exit == Exit::Done {
        Online { exit, failed } = resolve_online(global, &mut loaded)?;
        lead = context::UNRESOLVED;
    }
    let Loaded { manifests, sources, diagnostics, .. } = loaded;
    if global.format == Format::Json {
        annotations::note(&diagnostics, &sources);
        let valid = exit == Exit::Done;
        let diagnostics = diagnostic::to_json(&diagnostics, &sources);
        let mut document = serde_json::json!({"format_version": "1.0", "valid": valid, "diagnostics": diagnostics});
        if !failed.is_empty() {
            document["errors"] = serde_json::to_value(&failed)?;
        }
        output::data(&render::pretty(&document))?;
        return Ok(exit);
    }
    if exit != Exit::Done && diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error) {
        context::show(global, &diagnostics, &sources);
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

/// What the live portals have to say, beside what is added to the faults of the manifests.
struct Online {
    exit: Exit,
    /// Portals that could not be asked.
    failed: Vec<render::Failed>,
}

/// Adds what the live portals have to say; nothing that they answer is an open question any more.
fn resolve_online(global: &Global, loaded: &mut Loaded) -> Result<Online> {
    let manifests = context::choose(global, loaded.manifests.clone())?;
    let mut parts = block_on(fleet::each(global, &manifests, async |manifest, connection| {
        let live = connection::observe(global, connection, Scope::Plan(manifest.into())).await?;
        resolve::resolve(manifest, &live, None).map_err(Trouble::Unresolved)?;
        Ok(live.portal)
    }))?;
    fleet::log_requests(parts.iter().filter_map(|part| Some(&part.result.as_ref().ok()?.1)), "observed");
    fleet::refuse_twins(&mut parts, |(portal, _)| portal);
    loaded.diagnostics.retain(context::stands_online);
    let is_alone = parts.len() == 1;
    let mut online = Online { exit: Exit::Done, failed: Vec::new() };
    for Part { name, result } in parts {
        let exit = match result {
            Ok(_) => continue,
            Err(Trouble::Unresolved(failure)) => {
                let (exit, found) = context::found(failure);
                // A fault of a fragment shows in every Portal that includes it.
                let anew = found.into_iter().filter(|fault| !loaded.diagnostics.contains(fault)).collect::<Vec<_>>();
                loaded.diagnostics.extend(anew);
                exit
            }
            Err(Trouble::Other(error)) if is_alone => return Err(error),
            Err(trouble @ Trouble::Other(_)) => {
                let failed = trouble.among(name, &loaded.sources);
                fleet::tell(global, &failed, &loaded.sources);
                online.failed.push(*failed.told);
                failed.exit
            }
        };
        online.exit = fleet::gravest([online.exit, exit]);
    }
    Ok(online)
}
