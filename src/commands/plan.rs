//! `plan`

use std::path::Path;

use anyhow::Result;

use super::fleet::{self, Failed, Folder, Part, Planning};
use super::{again, annotations, block_on, compare, context, guards, output, record, revisions};
use crate::cli::{Format, Global, PlanArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::plan::{self, Plan};
use crate::render;

/// How a plan can be shown.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json, Format::Markdown, Format::Html];

pub(super) fn run(global: &Global, arguments: &PlanArgs) -> Result<Exit> {
    output::require_format(global, "plan", FORMATS)?;
    if let Some(compare) = &arguments.compare {
        return compare::run(global, arguments, compare);
    }
    if arguments.only.is_some() {
        revisions::require(&arguments.revisions)?;
    }
    let files = &arguments.files.files;
    let (manifests, sources) = context::load_fleet(global, files)?;
    if global.format == Format::Html && manifests.len() > 1 {
        let message = format!("a page shows one plan, and there are {} portals", manifests.len());
        return Err(Failure::with_exit(Exit::Usage, message)
            .hint("choose one with --name, or save the plans with --out and show each")
            .into());
    }
    let revisions = revisions::load(global, &arguments.revisions, files)?;
    let planning = Planning {
        global,
        revisions: &revisions,
        accept: &arguments.accept_drift.iter().cloned().collect(),
        allow: arguments.allow.iter().copied().collect(),
        show_unmanaged: arguments.show_unmanaged,
        only: arguments.only,
        access: &arguments.access,
        promotes: None,
        saves: true,
    };
    let mut parts = if arguments.live.is_empty() {
        let parts = block_on(planning.on_hub(&manifests))?;
        parts.into_iter().map(|part| part.map(|(plan, _)| plan)).collect()
    } else {
        block_on(planning.on_snapshots(&manifests, &arguments.live))?
    };
    let commit = arguments.out.as_ref().and_then(|_| record::commit_of(files, &sources));
    for part in &mut parts {
        part.finish(|mut plan| {
            guards::apply_flags(&mut plan, &arguments.guards);
            if let Some(manifest) = manifests.iter().find(|manifest| manifest.name.value == plan.portal) {
                annotations::note_plan(&plan, manifest, &sources);
            }
            plan.commit.clone_from(&commit);
            Ok(plan)
        });
    }
    let out = arguments.out.as_deref().map(|path| fleet::plan_file(path, parts.len())).transpose()?;
    if let Some(out) = &out {
        save(out, &parts)?;
    }
    let has_changes = |plan: &Plan| !plan.is_empty() || !plan.held.is_empty();
    let exit = |plan: &Plan| {
        if !plan.guards.violations.is_empty() {
            Exit::Refused
        } else if arguments.detailed_exitcode && has_changes(plan) {
            Exit::Changes
        } else {
            Exit::Done
        }
    };
    let parts = match <[Part<Plan>; 1]>::try_from(parts) {
        Ok([part]) => {
            let plan = part.result.map_err(|trouble| trouble.alone(global, &sources))?;
            show(global, &plan)?;
            if let Some(out) = &out {
                say_saved(global, &out.of(&plan.portal), &plan);
            }
            guards::refuse(&plan)?;
            return Ok(exit(&plan));
        }
        Err(parts) => parts,
    };
    let judged = fleet::plans(global, parts, &sources)?;
    if let (Some(out), Some(path)) = (&out, &arguments.out)
        && judged.iter().any(Result::is_ok)
    {
        say_saved_all(global, out, path, &judged);
    }
    Ok(fleet::gravest(judged.iter().map(|part| part.as_ref().map_or_else(|failed| failed.exit, exit))))
}

/// Saves each plan in its file. Where there is none, the file of an earlier run goes.
fn save(out: &Folder, parts: &[Part<Plan>]) -> Result<()> {
    let key = context::plan_key()?;
    for Part { name, result } in parts {
        match result {
            Ok(plan) => {
                files::write_private(&out.of(name), &plan::file::seal(plan, &context::now(), key.as_ref()))?;
            }
            Err(_) => out.clear(name)?,
        }
    }
    Ok(())
}

/// Says where the plan is, and how it is applied.
fn say_saved(global: &Global, path: &Path, plan: &Plan) {
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
        output::say(&format!("Its digest, for `apply -f … --expect`, is {}", plan::file::digest(plan)));
    }
}

/// Says where the plans of several portals are, and how they are applied.
fn say_saved_all(global: &Global, out: &Folder, path: &Path, judged: &[Result<Plan, Failed>]) {
    let name = path.display().to_string();
    let shown = render::text::terminal(&name);
    let plans: Vec<&Plan> = judged.iter().flatten().collect();
    if plans.iter().any(|plan| plan.target.pseudonyms) {
        output::say(&format!("The plans are in {shown}, for reading: what holds pseudonyms is not applied."));
        return;
    }
    output::say(&format!(
        "The plans are in {shown}. Apply exactly these with: {} apply {}",
        again::program(global),
        again::word(&name)
    ));
    for plan in plans.iter().filter(|plan| !plan.guards.violations.is_empty()) {
        let file = out.of(&plan.portal).display().to_string();
        output::say(&format!("As it is, apply refuses {} too.", render::text::terminal(&file)));
    }
}

/// Prints a plan in the format that was asked for.
pub(super) fn show(global: &Global, plan: &Plan) -> Result<()> {
    output::data(&match global.format {
        Format::Human => human(global, plan),
        Format::Json => render::plan_json(plan),
        Format::Markdown | Format::Csv => render::plan_markdown(plan),
        Format::Html => render::plan_html(plan),
    })
}

/// A plan as people read it.
pub(super) fn human(global: &Global, plan: &Plan) -> String {
    let options = render::PlanOptions { color: output::colors_data(global), width: None, verbose: global.verbose > 0 };
    render::plan_human(plan, &options)
}
