//! `export`

use anyhow::Result;

use super::{block_on, connection, output};
use crate::cli::{Export, Global};
use crate::exit::Exit;
use crate::export::{Exported, Options, Part, Selection, export};
use crate::failure::Failure;
use crate::files;
use crate::observe::{Scope, SharedNames, Target, shared_names};

pub(super) fn run(global: &Global, arguments: &Export) -> Result<Exit> {
    let Export { members, only, filters, split, out } = arguments;
    let members = *members || only.contains(&Part::Members);
    if let (Some(folder), Some(_)) = (out, split) {
        files::refuse_taken(folder)
            .map_err(|error| Failure::new(error.to_string()).hint("name a folder that is not there yet"))?;
    }
    if let [_, second, ..] = global.name.as_slice() {
        let message = format!("one portal is exported at a time, and --name gives it a second name, `{second}`");
        return Err(Failure::with_exit(Exit::Usage, message).hint("give --name once").into());
    }
    let (live, shared) = block_on(async {
        let connection = connection::connect(global, Target::default(), None).await?;
        let scope = Scope::Everything { members };
        let live = connection::observe(global, &connection, scope).await?;
        connection.log_requests("observed");
        // Where nothing had to be said to find the portal, nothing else goes by its names.
        let shared = if global.portal.is_some() || global.connection.is_some() {
            shared_names(&connection.client.reader(), &live.portal).await?
        } else {
            SharedNames::default()
        };
        anyhow::Ok((live, shared))
    })?;
    let options = Options {
        name: global.name.first().cloned(),
        members,
        connection_by_id: shared.connection,
        portal_by_id: shared.portal,
        selection: Selection { only: only.iter().copied().collect(), filters: filters.clone() },
        split: *split,
    };
    let Exported { manifest, fragments, count, notices } = export(&live, &options);
    if count == 0 && !filters.is_empty() {
        return Err(Failure::new("nothing in the portal goes by such a name; nothing was written")
            .hint("filters are compared with whole names: 'Finance/*' for assets, 'Partner *' for user groups")
            .into());
    }
    for notice in &notices {
        output::say(&format!("note: {}", crate::render::text::terminal(notice)));
    }
    // With people in it the manifest is personal data until somebody decides otherwise.
    let private = members;
    match out {
        Some(folder) if split.is_some() => {
            let fragments = fragments.iter().map(|(path, text)| (path.as_str(), text.as_str()));
            let files: Vec<_> = std::iter::once((PORTAL, manifest.as_str())).chain(fragments).collect();
            files::write_folder(folder, files.iter().copied(), private)?;
            let portal = crate::render::text::terminal(&folder.join(PORTAL).display().to_string()).into_owned();
            output::say(&format!(
                "The Portal is in {portal}, with {} that it includes.",
                fragments_noun(files.len() - 1)
            ));
        }
        Some(path) => {
            let write = if private { files::write_private } else { files::write_public };
            write(path, &manifest)?;
            output::say(&format!("The manifest is in {}.", path.display()));
        }
        None => output::data(&manifest)?,
    }
    Ok(Exit::Done)
}

/// The Portal's own file in a folder.
const PORTAL: &str = "portal.yaml";

fn fragments_noun(count: usize) -> String {
    format!("{count} {}", if count == 1 { "fragment" } else { "fragments" })
}
