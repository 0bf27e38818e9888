//! `validate`

use anyhow::Result;

use super::{block_on, context, output};
use crate::cli::{Format, Global, Validate};
use crate::exit::Exit;
use crate::manifest::load::{LoadOptions, load};
use crate::observe::Scope;
use crate::{diagnostic, resolve};

pub(super) fn run(global: &Global, arguments: &Validate) -> Result<Exit> {
    if global.format == Format::Json && !arguments.online {
        return json(arguments);
    }
    let loaded = context::load_all(global, &arguments.files.files)?;
    if arguments.online {
        let (manifest, sources) = context::load_one(global, &arguments.files.files)?;
        block_on(async {
            let connection = context::connect_for(global, &manifest).await?;
            let live = context::observe_for(global, &connection, Scope::Manifest(&manifest)).await?;
            resolve::resolve(&manifest, &live).map_err(|failure| context::unresolved(global, failure, &sources))?;
            Ok(())
        })?;
    }
    let portals = loaded.manifests.len();
    output::data(&format!(
        "Valid: {portals} {} in {} {}.\n",
        if portals == 1 { "portal" } else { "portals" },
        loaded.sources.len(),
        if loaded.sources.len() == 1 { "file" } else { "files" },
    ))?;
    Ok(Exit::Done)
}

/// Every fault as data, for editors and scripts.
fn json(arguments: &Validate) -> Result<Exit> {
    let working_directory = std::env::current_dir()?;
    let loaded = load(&arguments.files.files, &LoadOptions { environment: &context::environment, working_directory });
    let diagnostics = diagnostic::to_json(&loaded.diagnostics, &loaded.sources);
    let valid = !loaded.has_errors();
    let document = serde_json::json!({"format_version": "1.0", "valid": valid, "diagnostics": diagnostics});
    output::data(&format!("{document:#}\n"))?;
    Ok(if valid { Exit::Done } else { Exit::Error })
}
