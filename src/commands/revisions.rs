//! What was declared before: `--applied`, `--base`, `--accept-drift`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::context;
use crate::address::Address;
use crate::cli::{self, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hold::Acceptance;
use crate::id::CommitId;
use crate::manifest::load::Loaded;
use crate::manifest::model::Manifest;
use crate::observe::Needs;
use crate::plan::{Notice, NoticeLevel, Origin, Plan, Request, Revision};
use crate::record::{Earlier, candidates};
use crate::revision::{Absence, Commit, Repository};
use crate::state::LiveState;

/// The manifests of the earlier revisions that were asked for.
#[derive(Default)]
pub(super) struct Revisions {
    applied: Option<Earlier>,
    base: Option<Earlier>,
    notices: Vec<Notice>,
}

impl Revisions {
    /// Another manifest of the same portal in place of what git knows.
    pub(super) fn based_on(manifest: &Manifest) -> Self {
        let revision = Revision { name: manifest.name.value.clone(), commit: CommitId::from("") };
        Self { base: Some(Earlier { revision, manifests: vec![manifest.clone()] }), ..Self::default() }
    }

    /// What may be about one portal.
    pub(super) fn of(&self, manifest: &Manifest) -> Self {
        let of = |Earlier { revision, manifests }: &Earlier| Earlier {
            revision: revision.clone(),
            manifests: candidates(manifests, &manifest.name),
        };
        let notices = self.notices.clone();
        Self { applied: self.applied.as_ref().map(of), base: self.base.as_ref().map(of), notices }
    }

    /// What has to be read for a plan.
    pub(super) fn needs<'m>(&'m self, manifest: &'m Manifest) -> Needs<'m> {
        Needs { manifest, applied: manifests(self.applied.as_ref()), base: manifests(self.base.as_ref()) }
    }

    /// All manifests, the one that is planned among them.
    pub(super) fn with<'m>(&'m self, manifest: &'m Manifest) -> Vec<&'m Manifest> {
        let earlier = [&self.applied, &self.base].into_iter().flat_map(|earlier| manifests(earlier.as_ref()));
        std::iter::once(manifest).chain(earlier).collect()
    }

    pub(super) fn request<'m>(
        &'m self,
        manifest: &'m Manifest,
        live: &'m LiveState,
        accept: &Acceptance,
    ) -> Request<'m> {
        Request {
            applied: self.applied.as_ref(),
            base: self.base.as_ref(),
            accept: accept.clone(),
            notices: self.notices.clone(),
            ..Request::new(manifest, live)
        }
    }
}

fn manifests(earlier: Option<&Earlier>) -> &[Manifest] {
    earlier.map(|earlier| earlier.manifests.as_slice()).unwrap_or_default()
}

/// Loads the same files as they were then.
pub(super) fn load(global: &Global, arguments: &cli::Revisions, files: &[PathBuf]) -> Result<Revisions> {
    let cli::Revisions { applied, base } = arguments;
    if applied.is_none() && base.is_none() {
        return Ok(Revisions::default());
    }
    let repository = Repository::open(&context::working_directory()?)?;
    let load = |flag: &str, commit: &Commit, absence| -> Result<Loaded> {
        repository
            .load(commit, files, &context::environment, absence)
            .with_context(|| format!("failed to load what {flag} names"))
    };
    let mut revisions = Revisions::default();
    if let Some(name) = applied {
        let commit = repository.commit(name).context("failed to find what --applied names")?;
        let loaded = load("--applied", &commit, Absence::Fault)?;
        refuse_faults(global, &commit, &loaded)?;
        revisions.applied = Some(earlier(global, &commit, loaded));
    }
    if let Some(name) = base {
        let commit = repository.merge_base(name).context("failed to find what --base names")?;
        // The first change that declares a portal begins where there was none yet.
        let loaded = load("--base", &commit, Absence::Beginning)?;
        if loaded.has_errors() {
            revisions.notices.push(faulty_base(&commit));
        } else {
            revisions.base = Some(earlier(global, &commit, loaded));
        }
    }
    Ok(revisions)
}

/// What was applied decides on what is deleted and held: half of it is no record.
fn refuse_faults(global: &Global, commit: &Commit, loaded: &Loaded) -> Result<()> {
    if !loaded.has_errors() {
        return Ok(());
    }
    let lead = format!("the manifest of --applied `{}` has", commit.spelled);
    let failure = context::faults(global, Exit::Error, &lead, &loaded.diagnostics, &loaded.sources);
    Err(failure.hint("it cannot be mended any more: name another revision, or plan without --applied").into())
}

/// A base only tells apart what is new: without it the plan is the same, but for the guards that it may loosen.
fn faulty_base(commit: &Commit) -> Notice {
    Notice {
        level: NoticeLevel::Warning,
        message: format!(
            "the manifest at {} (--base) has faults: nothing is told pending, and its guards do not count",
            commit.spelled
        ),
    }
}

fn earlier(global: &Global, commit: &Commit, loaded: Loaded) -> Earlier {
    let Commit { id, spelled } = commit;
    let Loaded { manifests, sources, mut diagnostics, .. } = loaded;
    // What was once accepted is not argued about again.
    diagnostics.retain(|diagnostic| diagnostic.code == "not-in-revision");
    context::show(global, &diagnostics, &sources);
    let revision = Revision { name: spelled.clone(), commit: id.clone() };
    Earlier { revision, manifests }
}

/// Nothing tells origins apart without an earlier revision.
pub(super) fn require(arguments: &cli::Revisions) -> Result<()> {
    if arguments.applied.is_some() || arguments.base.is_some() {
        return Ok(());
    }
    Err(Failure::with_exit(Exit::Usage, "--only needs to know what was declared before")
        .hint("add --applied with the revision that was applied last, or --base with the one that this is based on")
        .into())
}

/// The changes of one origin alone.
pub(super) fn only(plan: Plan, origin: Origin) -> Result<Plan> {
    if plan.applied.is_none() && plan.base.is_none() {
        return Err(Failure::with_exit(
            Exit::Usage,
            "--only needs to know what was declared before, and nothing is recorded for this portal there",
        )
        .hint("plan without --only, or name another revision with --applied")
        .into());
    }
    Ok(plan.only(origin))
}

/// Of several portals each is given what is said about it: what is about none of them is a mistake.
pub(super) fn check_portals(accept: &Acceptance, manifests: &[Manifest]) -> Result<()> {
    let is_there = |address: &Address| manifests.iter().any(|manifest| *manifest.name.value == *address.portal);
    let Some(wrong) = accept.addresses.iter().find(|address| !is_there(address)) else { return Ok(()) };
    Err(Failure::new(format!("--accept-drift {wrong}: no Portal of this run is called `{}`", wrong.portal))
        .hint("an address begins with the name of its Portal")
        .into())
}

/// Whoever accepts something must mean something that is there.
pub(super) fn check_accepted(accept: &Acceptance, plan: &Plan) -> Result<()> {
    let Some(wrong) = accept.addresses.iter().find(|address| !plan.accepted.contains(address)) else { return Ok(()) };
    let mut held: Vec<String> =
        plan.held.iter().map(|held| &held.address).chain(&plan.accepted).map(ToString::to_string).collect();
    held.sort();
    held.dedup();
    let hint = if plan.applied.is_none() {
        "nothing is held without a record of what was applied: see --applied".to_owned()
    } else if held.is_empty() {
        "nothing is held at all: leave the flag out".to_owned()
    } else {
        format!("held: {}", held.join(", "))
    };
    Err(Failure::new(format!("--accept-drift {wrong}: nothing is held for this address")).hint(hint).into())
}
