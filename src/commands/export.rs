//! `export`

use anyhow::Result;

use super::{block_on, context, output};
use crate::cli::{Export, Global};
use crate::exit::Exit;
use crate::export::{Options, export};
use crate::files;
use crate::observe::{Scope, SharedNames, Target, shared_names};

pub(super) fn run(global: &Global, arguments: &Export) -> Result<Exit> {
    let (live, shared) = block_on(async {
        let connection = context::connect(global, Target::default(), None).await?;
        let scope = Scope::Everything { members: arguments.members };
        let live = context::observe_for(global, &connection, scope).await?;
        // Where nothing had to be said to find the portal, nothing else goes by its names.
        let shared = if global.portal.is_some() || global.connection.is_some() {
            shared_names(&connection.client.reader(), &live.portal).await?
        } else {
            SharedNames::default()
        };
        anyhow::Ok((live, shared))
    })?;
    let options = Options {
        name: global.name.clone(),
        members: arguments.members,
        connection_by_id: shared.connection,
        portal_by_id: shared.portal,
    };
    let exported = export(&live, &options);
    for notice in &exported.notices {
        output::say(&format!("note: {}", crate::render::text::terminal(notice)));
    }
    match &arguments.out {
        Some(path) => {
            // With people in it the manifest is personal data until somebody decides otherwise.
            let write = if arguments.members { files::write_private } else { files::write_public };
            write(path, &exported.manifest)?;
            output::say(&format!("The manifest is in {}.", path.display()));
        }
        None => output::data(&exported.manifest)?,
    }
    Ok(Exit::Done)
}
