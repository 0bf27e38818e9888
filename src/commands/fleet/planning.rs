//! A plan for each portal: observed on the hub or read from snapshots, and made before the next live state is held.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Part, Trouble, each, folder, log_requests, refuse_twins, sound};
use crate::apply::forecast;
use crate::cli::{AccessFlags, Global};
use crate::client::Latencies;
use crate::commands::connection::{Connection, observe};
use crate::commands::revisions::{self, Revisions};
use crate::commands::{analysis, context, output};
use crate::failure::Failure;
use crate::files;
use crate::hold::Acceptance;
use crate::manifest::model::Manifest;
use crate::observe::Scope;
use crate::plan::{self, Allow, Origin, Plan, Promotes};
use crate::pseudonyms;
use crate::record::means;
use crate::render::text;
use crate::snapshot::Snapshot;
use crate::state::{LivePortal, LiveState};

/// What every plan of a run is made of, beside its manifest and its portal.
pub(in crate::commands) struct Planning<'a> {
    pub(in crate::commands) global: &'a Global,
    pub(in crate::commands) revisions: &'a Revisions,
    pub(in crate::commands) accept: &'a Acceptance,
    pub(in crate::commands) allow: BTreeSet<Allow>,
    pub(in crate::commands) show_unmanaged: bool,
    pub(in crate::commands) only: Option<Origin>,
    pub(in crate::commands) access: &'a AccessFlags,
    pub(in crate::commands) promotes: Option<Promotes>,
    /// The plans are for another run, which compares them with their portals first.
    pub(in crate::commands) saves: bool,
}

impl Planning<'_> {
    /// Plans on the hub.
    pub(in crate::commands) async fn on_hub(&self, manifests: &[Manifest]) -> Result<Vec<Part<(Plan, Connection)>>> {
        self.check(manifests)?;
        let is_alone = manifests.len() == 1;
        let mut parts = each(self.global, manifests, async |manifest, connection| {
            let revisions = self.revisions.of(manifest);
            let mut live = observe(self.global, connection, Scope::Plan(revisions.needs(manifest))).await?;
            if is_alone {
                connection.log_requests("observed");
            }
            let mut plan = self.plan(manifest, &revisions, &mut live, Some(connection), is_alone).await?;
            self.foresee(&mut plan, &live, &connection.client.latencies());
            Ok(plan)
        })
        .await?;
        if !is_alone {
            log_requests(parts.iter().filter_map(|part| Some(&part.result.as_ref().ok()?.1)), "observed");
        }
        refuse_twins(&mut parts, |(plan, _)| &plan.target.portal);
        Ok(parts)
    }

    /// Plans on snapshots; needs no credential. One snapshot for one manifest is taken as it is, otherwise each portal
    /// has the one that is about it.
    pub(in crate::commands) async fn on_snapshots(
        &self,
        manifests: &[Manifest],
        paths: &[PathBuf],
    ) -> Result<Vec<Part<Plan>>> {
        self.check(manifests)?;
        if let ([manifest], [path]) = (manifests, paths)
            && !path.is_dir()
        {
            return Ok(vec![self.on_snapshot(manifest, path, true).await]);
        }
        let files = folder::resolved(paths, folder::SNAPSHOT)?;
        let snapshots = files
            .into_iter()
            .map(|path| {
                let text = files::read_text(&path)?;
                let portal = Snapshot::portal(&text).with_context(|| format!("failed to read {}", path.display()))?;
                Ok((path, portal))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut parts: Vec<Part<Plan>> = Vec::with_capacity(manifests.len());
        for manifest in manifests {
            let found = sound(manifest).and_then(|()| matching(manifest, &snapshots));
            parts.push(match found {
                Ok(path) => self.on_snapshot(manifest, path, manifests.len() == 1).await,
                Err(failure) => Part { name: manifest.name.value.clone(), result: Err(failure.into()) },
            });
        }
        refuse_twins(&mut parts, |plan| &plan.target.portal);
        Ok(parts)
    }

    fn check(&self, manifests: &[Manifest]) -> Result<()> {
        if manifests.len() > 1 { revisions::check_portals(self.accept, manifests) } else { Ok(()) }
    }

    async fn on_snapshot(&self, manifest: &Manifest, path: &Path, is_alone: bool) -> Part<Plan> {
        let plan = async {
            let revisions = self.revisions.of(manifest);
            let (mut live, latencies) =
                read(path, &revisions.with(manifest), (!is_alone).then_some(&manifest.name.value))?;
            let mut plan = self.plan(manifest, &revisions, &mut live, None, is_alone).await?;
            self.foresee(&mut plan, &live, &latencies);
            Ok(plan)
        };
        Part { name: manifest.name.value.clone(), result: plan.await }
    }

    async fn plan(
        &self,
        manifest: &Manifest,
        revisions: &Revisions,
        live: &mut LiveState,
        connection: Option<&Connection>,
        is_alone: bool,
    ) -> Result<Plan, Trouble> {
        let accept = if is_alone { self.accept.clone() } else { self.accept.of(&manifest.name) };
        let request = plan::Request {
            allow: self.allow.clone(),
            show_unmanaged: self.show_unmanaged,
            promotes: self.promotes.as_ref(),
            ..revisions.request(manifest, live, &accept)
        };
        let mut plan = plan::make(request).map_err(Trouble::Unresolved)?;
        revisions::check_accepted(&accept, &plan)?;
        if let Some(origin) = self.only {
            plan = revisions::only(plan, origin)?;
        }
        analysis::add(self.global, connection, self.access, &mut plan, live).await?;
        Ok(plan)
    }

    /// Says what applying will take, of what can be applied.
    fn foresee(&self, plan: &mut Plan, live: &LiveState, latencies: &Latencies) {
        if self.only.is_none() && self.promotes.is_none() && !plan.is_empty() {
            let members = live.members.as_deref().unwrap_or_default();
            plan.forecast = Some(forecast(plan, self.saves, members, usize::from(self.global.parallelism), latencies));
        }
    }
}

/// The one snapshot that is about the manifest's portal.
fn matching<'s>(manifest: &Manifest, snapshots: &'s [(PathBuf, LivePortal)]) -> Result<&'s Path, Failure> {
    let matching: Vec<&Path> = snapshots
        .iter()
        .filter(|(_, portal)| means(&manifest.target, portal))
        .map(|(path, _)| path.as_path())
        .collect();
    match matching.as_slice() {
        [one] => Ok(one),
        [] => {
            let there = snapshots
                .iter()
                .map(|(path, portal)| {
                    let connection = portal.connection.domain.as_ref().unwrap_or(&portal.connection.id);
                    format!("`{}` at {connection} in {}", portal.name, path.display())
                })
                .collect::<Vec<_>>()
                .join(", ");
            Err(Failure::new("none of the snapshots is of this portal").hint(format!("there are: {there}")))
        }
        several => {
            let several = several.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            Err(Failure::new(format!("several snapshots may be of this portal: {several}"))
                .hint("say in the manifest's `target` which portal it is"))
        }
    }
}

/// The state of a snapshot, with the names that these manifests declare in the place of their pseudonyms, and how long
/// the hub took to answer when it was made.
pub(in crate::commands) fn read(
    path: &Path,
    manifests: &[&Manifest],
    portal: Option<&String>,
) -> Result<(LiveState, Latencies)> {
    let text = files::read_text(path)?;
    let snapshot = Snapshot::read(&text).with_context(|| format!("failed to read {}", path.display()))?;
    let Snapshot { mut live, latencies_us, observed_at, .. } = snapshot;
    let key = if live.pseudonyms.is_some() { context::pseudonym_key()? } else { None };
    pseudonyms::reveal(&mut live, key.as_ref(), manifests)
        .with_context(|| format!("failed to plan on {}", path.display()))?;
    let whose = portal.map_or_else(String::new, |name| format!("{}: ", text::terminal(name)));
    output::say(&format!(
        "{whose}Planning on the snapshot of {}; the portal may have changed since.",
        text::terminal(&observed_at)
    ));
    if live.pseudonyms.is_some() {
        output::say(&format!("{whose}People whom the manifest does not name have pseudonyms in it."));
    }
    Ok((live, Latencies::of_microseconds(&latencies_us)))
}
