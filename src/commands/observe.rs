//! `observe`

use anyhow::Result;

use super::revisions::{self, Revisions};
use super::{analysis, block_on, context, output};
use crate::cli::{Global, Observe};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::hold::Acceptance;
use crate::observe::{Scope, Target};
use crate::plan;
use crate::pseudonyms::{self, KEY_VARIABLE, Key};
use crate::snapshot::Snapshot;

pub(super) fn run(global: &Global, arguments: &Observe) -> Result<Exit> {
    if arguments.files.is_empty() && !arguments.all {
        return Err(Failure::with_exit(Exit::Usage, "nothing says what is to be read")
            .hint("give a manifest with -f, or --all")
            .into());
    }
    // Nothing is read for somebody who cannot be given it.
    let key = if arguments.pseudonyms { Some(required_key()?) } else { None };
    let (manifest, revisions) = match arguments.files.as_slice() {
        [] => (None, Revisions::default()),
        files => {
            let (manifest, _) = context::load_one(global, files)?;
            let revisions = revisions::load(global, &arguments.revisions, files, &manifest)?;
            (Some(manifest), revisions)
        }
    };
    let mut live = block_on(async {
        let connection = match &manifest {
            Some(manifest) => context::connect_for(global, manifest).await?,
            None => context::connect(global, Target::default(), None).await?,
        };
        let scope = match &manifest {
            Some(manifest) if !arguments.all => Scope::Plan(revisions.needs(manifest)),
            _ => Scope::Everything { members: true },
        };
        let mut live = context::observe_for(global, &connection, scope).await?;
        // A plan on the snapshot says who gains and loses sight, as one on the portal does. Where the manifest cannot be
        // planned yet, it says so itself.
        let plan = manifest
            .as_ref()
            .filter(|_| !arguments.all)
            .map(|manifest| plan::make(revisions.request(manifest, &live, &Acceptance::default())));
        if let Some(Ok(plan)) = plan {
            analysis::read(global, &connection, None, &plan.changes, &mut live).await?;
        }
        anyhow::Ok(live)
    })?;
    if let Some(key) = &key {
        pseudonyms::hide(&mut live, key);
    }
    files::write_private(&arguments.out, &Snapshot::new(live, context::now()).write())?;
    output::say(&format!("The live state is in {}.", arguments.out.display()));
    Ok(Exit::Done)
}

fn required_key() -> Result<Key> {
    Ok(context::pseudonym_key()?.ok_or_else(|| {
        Failure::new(format!("there is no key for the pseudonyms: {KEY_VARIABLE} is not set")).hint(
            "set it to at least 16 random bytes, for example from `openssl rand -hex 32`, and keep it: planning on \
             the snapshot takes the same key",
        )
    })?)
}
