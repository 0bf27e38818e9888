//! `observe`

use anyhow::Result;

use super::{block_on, context, output};
use crate::cli::{Global, Observe};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::observe::{Scope, Target};
use crate::snapshot::Snapshot;

pub(super) fn run(global: &Global, arguments: &Observe) -> Result<Exit> {
    if arguments.files.is_empty() && !arguments.all {
        return Err(Failure::with_exit(Exit::Usage, "nothing says what is to be read")
            .hint("give a manifest with -f, or --all")
            .into());
    }
    let manifest = match arguments.files.as_slice() {
        [] => None,
        files => Some(context::load_one(global, files)?.0),
    };
    let live = block_on(async {
        let connection = match &manifest {
            Some(manifest) => context::connect_for(global, manifest).await?,
            None => context::connect(global, Target::default(), None).await?,
        };
        let scope = match &manifest {
            Some(manifest) if !arguments.all => Scope::Manifest(manifest),
            _ => Scope::Everything { members: true },
        };
        context::observe_for(global, &connection, scope).await
    })?;
    files::write_private(&arguments.out, &Snapshot::new(live, context::now()).write())?;
    output::say(&format!("The live state is in {}.", arguments.out.display()));
    Ok(Exit::Done)
}
