//! `plan`

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{again, analysis, block_on, context, guards, output, record, revisions};
use crate::cli::{Format, Global, PlanArgs};
use crate::exit::Exit;
use crate::files;
use crate::hold::Acceptance;
use crate::manifest::model::Manifest;
use crate::observe::Scope;
use crate::plan::{self, Plan};
use crate::pseudonyms;
use crate::render;
use crate::snapshot::Snapshot;
use crate::state::LiveState;

/// How a plan can be shown.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json, Format::Markdown];

pub(super) fn run(global: &Global, arguments: &PlanArgs) -> Result<Exit> {
    output::require_format(global, "plan", FORMATS)?;
    if arguments.only.is_some() {
        revisions::require(&arguments.revisions)?;
    }
    let files = &arguments.files.files;
    let (manifest, sources) = context::load_one(global, files)?;
    let revisions = revisions::load(global, &arguments.revisions, files, &manifest)?;
    let accept: Acceptance = arguments.accept_drift.iter().cloned().collect();
    let make = |live: &LiveState| -> Result<Plan> {
        let request = plan::Request {
            allow: arguments.allow.iter().copied().collect(),
            show_unmanaged: arguments.show_unmanaged,
            ..revisions.request(&manifest, live, &accept)
        };
        let plan = plan::make(request).map_err(|failure| context::unresolved(global, failure, &sources))?;
        revisions::check_accepted(&accept, &plan)?;
        match arguments.only {
            Some(origin) => revisions::only(plan, origin),
            None => Ok(plan),
        }
    };
    let mut plan = block_on(async {
        let (connection, mut live) = if let Some(snapshot) = &arguments.live {
            (None, from_snapshot(snapshot, &revisions.with(&manifest))?)
        } else {
            let connection = context::connect_for(global, &manifest).await?;
            let live = context::observe_for(global, &connection, Scope::Plan(revisions.needs(&manifest))).await?;
            (Some(connection), live)
        };
        let mut plan = make(&live)?;
        analysis::add(global, connection.as_ref(), &arguments.access, &mut plan, &mut live).await?;
        anyhow::Ok(plan)
    })?;
    guards::apply_flags(&mut plan, &arguments.guards);
    if let Some(path) = &arguments.out {
        plan.commit = record::commit_of(files, &sources);
        let text = plan::file::seal(&plan, &context::now(), context::plan_key()?.as_ref());
        files::write_private(path, &text)?;
    }
    show(global, &plan)?;
    if let Some(path) = &arguments.out {
        let name = path.display().to_string();
        let shown = render::text::terminal(&name);
        output::say(&if plan.target.pseudonyms {
            format!("The plan is in {shown}, for reading: what holds pseudonyms is not applied.")
        } else if plan.guards.violations.is_empty() {
            format!(
                "The plan is in {shown}. Apply exactly this with: {} apply {}",
                again::program(global),
                again::word(&name)
            )
        } else {
            format!("The plan is in {shown}. As it is, apply refuses it too.")
        });
        if !plan.target.pseudonyms {
            output::say(&format!("Its digest, for `apply -f … --expect`, is {}", plan::file::digest(&plan)));
        }
    }
    guards::refuse(&plan)?;
    let has_changes = !plan.is_empty() || !plan.held.is_empty();
    Ok(if arguments.detailed_exitcode && has_changes { Exit::Changes } else { Exit::Done })
}

/// Prints a plan in the format that was asked for.
pub(super) fn show(global: &Global, plan: &Plan) -> Result<()> {
    output::data(&match global.format {
        Format::Human => human(global, plan),
        Format::Json => render::plan_json(plan),
        Format::Markdown | Format::Csv => render::plan_markdown(plan),
    })
}

/// A plan as people read it.
pub(super) fn human(global: &Global, plan: &Plan) -> String {
    let options = render::PlanOptions { color: output::colors_data(global), width: None, verbose: global.verbose > 0 };
    render::plan_human(plan, &options)
}

/// The state of a snapshot, with the names that these manifests declare in the place of their pseudonyms.
pub(super) fn from_snapshot(path: &Path, manifests: &[&Manifest]) -> Result<LiveState> {
    let text = files::read_text(path)?;
    let snapshot = Snapshot::read(&text).with_context(|| format!("failed to read {}", path.display()))?;
    let mut live = snapshot.live;
    let key = if live.pseudonyms.is_some() { context::pseudonym_key()? } else { None };
    pseudonyms::reveal(&mut live, key.as_ref(), manifests)
        .with_context(|| format!("failed to plan on {}", path.display()))?;
    output::say(&format!(
        "Planning on the snapshot of {}; the portal may have changed since.",
        render::text::terminal(&snapshot.observed_at)
    ));
    if live.pseudonyms.is_some() {
        output::say("People whom the manifest does not name have pseudonyms in it.");
    }
    Ok(live)
}
