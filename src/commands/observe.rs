//! `observe`

use std::path::Path;

use anyhow::Result;

use super::fleet::{self, Part};
use super::{analysis, block_on, connection, context, output, revisions};
use crate::cli::{Global, Observe};
use crate::client::Latencies;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::hold::Acceptance;
use crate::observe::{Scope, Target};
use crate::plan;
use crate::pseudonyms::{self, KEY_VARIABLE, Key};
use crate::render::text;
use crate::snapshot::Snapshot;
use crate::state::LiveState;

pub(super) fn run(global: &Global, arguments: &Observe) -> Result<Exit> {
    if arguments.files.is_empty() && !arguments.all {
        return Err(Failure::with_exit(Exit::Usage, "nothing says what is to be read")
            .hint("give a manifest with -f, or --all")
            .into());
    }
    // Nothing is read for somebody who cannot be given it.
    let key = if arguments.pseudonyms { Some(required_key()?) } else { None };
    if arguments.files.is_empty() {
        let (live, latencies) = block_on(async {
            let connection = connection::connect(global, Target::default(), None).await?;
            let live = connection::observe(global, &connection, Scope::Everything { members: true }).await;
            connection.log_requests("observed");
            Ok::<_, anyhow::Error>((live?, connection.client.latencies()))
        })?;
        save(&arguments.out, live, &latencies, key.as_ref())?;
        output::say(&format!("The live state is in {}.", arguments.out.display()));
        return Ok(Exit::Done);
    }
    let (manifests, sources) = context::load_fleet(global, &arguments.files)?;
    let revisions = revisions::load(global, &arguments.revisions, &arguments.files)?;
    let out = fleet::live_file(&arguments.out, manifests.len())?;
    let is_alone = manifests.len() == 1;
    let mut parts = block_on(fleet::each(global, &manifests, async |manifest, connection| {
        let revisions = revisions.of(manifest);
        let scope =
            if arguments.all { Scope::Everything { members: true } } else { Scope::Plan(revisions.needs(manifest)) };
        let mut live = connection::observe(global, connection, scope).await?;
        if is_alone {
            connection.log_requests("observed");
        }
        if !arguments.all {
            // A plan on the snapshot says who gains and loses sight, as one on the portal does. Where the manifest cannot
            // be planned yet, it says so itself.
            let accept = Acceptance::default();
            if let Ok(plan) = plan::make(revisions.request(manifest, &live, &accept)) {
                analysis::read(global, connection, None, &plan, &mut live).await?;
            }
        }
        let portal = live.portal.clone();
        save(&out.of(&manifest.name), live, &connection.client.latencies(), key.as_ref())?;
        Ok(portal)
    }))?;
    if !is_alone {
        fleet::log_requests(parts.iter().filter_map(|part| Some(&part.result.as_ref().ok()?.1)), "observed");
    }
    fleet::refuse_twins(&mut parts, |(portal, _)| portal);
    match <[Part<_>; 1]>::try_from(parts) {
        Ok([part]) => {
            let path = out.of(&part.name);
            part.result.map_err(|trouble| trouble.alone(global, &sources))?;
            output::say(&format!("The live state is in {}.", path.display()));
            Ok(Exit::Done)
        }
        Err(parts) => {
            let mut exits = Vec::new();
            for Part { name, result } in parts {
                let path = out.of(&name);
                let Err(trouble) = result else {
                    output::say(&text::terminal(&format!("{name}: The live state is in {}.", path.display())));
                    continue;
                };
                out.clear(&name)?;
                let failed = trouble.among(name, &sources);
                fleet::tell(global, &failed, &sources);
                exits.push(failed.exit);
            }
            Ok(fleet::gravest(exits))
        }
    }
}

/// Writes a snapshot, without people's names if there is a key.
fn save(path: &Path, mut live: LiveState, latencies: &Latencies, key: Option<&Key>) -> Result<()> {
    if let Some(key) = key {
        pseudonyms::hide(&mut live, key);
    }
    files::write_private(path, &Snapshot::new(live, context::now(), latencies.microseconds()).write())
}

fn required_key() -> Result<Key> {
    Ok(context::pseudonym_key()?.ok_or_else(|| {
        Failure::new(format!("there is no key for the pseudonyms: {KEY_VARIABLE} is not set")).hint(
            "set it to at least 16 random bytes, for example from `openssl rand -hex 32`, and keep it: planning on \
             the snapshot takes the same key",
        )
    })?)
}
