//! `export`

use anyhow::Result;

use super::{block_on, context, output};
use crate::cli::{Export, Global};
use crate::exit::Exit;
use crate::export::{Options, export};
use crate::files;
use crate::observe::{Scope, Target};

pub(super) fn run(global: &Global, arguments: &Export) -> Result<Exit> {
    let live = block_on(async {
        let connection = context::connect(global, Target::default(), None).await?;
        context::observe_for(global, &connection, Scope::Everything { members: arguments.members }).await
    })?;
    let name = global.name.clone().unwrap_or_else(|| slug(&live.portal.name));
    let exported = export(&live, &Options { name, members: arguments.members });
    for notice in &exported.notices {
        output::say(&format!("note: {}", crate::render::text::terminal(notice)));
    }
    match &arguments.out {
        Some(path) => {
            files::write_public(path, &exported.manifest)?;
            output::say(&format!("The manifest is in {}.", path.display()));
        }
        None => output::data(&exported.manifest)?,
    }
    Ok(Exit::Done)
}

/// A portal's name as a name for its manifest.
fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() { "portal".to_owned() } else { words.join("-") }
}
