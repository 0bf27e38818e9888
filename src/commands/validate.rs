//! `validate`

use anyhow::Result;

use super::context::Names;
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
    let names = if arguments.online { Names::Live } else { Names::Offline };
    let loaded = context::load_all(global, &arguments.files.files, names)?;
    let (portals, files) = (loaded.manifests.len(), loaded.sources.len());
    if arguments.online {
        let (manifest, sources) = context::choose(global, loaded)?;
        block_on(async {
            let connection = context::connect_for(global, &manifest).await?;
            let live = context::observe_for(global, &connection, Scope::Manifest(&manifest)).await?;
            resolve::resolve(&manifest, &live).map_err(|failure| context::unresolved(global, failure, &sources))?;
            Ok(())
        })?;
    }
    output::data(&format!(
        "Valid: {portals} {} in {} {}.\n",
        if portals == 1 { "portal" } else { "portals" },
        files,
        if files == 1 { "file" } else { "files" },
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
