//! `revoke`

use std::path::Path;

use anyhow::Result;

use super::apply::{Prepared, alone};
use super::connection::{self, Connection};
use super::{apply, block_on, context, edits, guards, output};
use crate::amend::{revoked_group, revoked_member};
use crate::apply::forecast;
use crate::cli::{AccessFlags, Apply, Format, Global, GuardFlags, Revisions, RevokeHow, Revoked};
use crate::diagnostic::Sources;
use crate::exit::Exit;
use crate::export::metadata_name;
use crate::failure::Failure;
use crate::files;
use crate::manifest::edit::Editor;
use crate::manifest::model::{Guards, Manifest};
use crate::observe::{Needs, Scope, locate};
use crate::plan::Plan;
use crate::render::text;
use crate::resolve;
use crate::revoke::{self, Subject, find_group, find_member};
use crate::state::LiveState;

pub(super) fn run(global: &Global, whose: &Revoked) -> Result<Exit> {
    output::require_format(global, "revoke", apply::FORMATS)?;
    let (Revoked::Member { how, .. } | Revoked::Group { how, .. }) = whose;
    let load = || {
        context::load_meant(global, &how.files)
            .and_then(|(manifests, sources)| Ok((context::only_one(manifests)?, sources)))
            .inspect_err(|_| output::say("revoke needs no manifest: leave -f out, and say --connection and --portal"))
    };
    let manifest = if how.files.is_empty() { None } else { Some(load()?) };
    block_on(async {
        let (target, region) =
            manifest.as_ref().map_or_else(Default::default, |(manifest, _)| connection::target_of(manifest));
        let connection = connection::connect(global, target, region).await?;
        let (live, subject) = observe(global, &connection, whose).await?;
        let name = match &manifest {
            Some((manifest, _)) => manifest.name.value.clone(),
            None => metadata_name(global.name.first().map(String::as_str).unwrap_or_default(), &live.portal.name),
        };
        let guards = manifest.as_ref().map_or_else(Guards::default, |(manifest, _)| manifest.guards.clone());
        let mut plan = revoke::plan(&name, &live, &subject, &guards).map_err(unresolved)?;
        let members = live.members.as_deref().unwrap_or_default();
        let latencies = connection.client.latencies();
        plan.forecast = Some(forecast(&plan, false, members, usize::from(global.parallelism), &latencies));
        let mut prepared = Prepared { plan, connection, file: None };
        let exit = carry_out(global, &mut prepared, whose).await?;
        let Prepared { plan, connection, file: _ } = prepared;
        if let Subject::Member(_) = subject {
            warn_of_logins(global, &connection, &live, &subject).await;
        }
        match &manifest {
            Some((manifest, sources)) => {
                // The portal is what counts: nothing about the manifest makes a failure of what was done there.
                if let Err(error) = last(global, how, manifest, sources, &plan, &live, &subject) {
                    let error = format!("{error:#}");
                    output::say(&format!("warning: the manifest is to be changed by hand: {}", text::terminal(&error)));
                    advise(whose);
                }
            }
            None => advise(whose),
        }
        Ok(exit)
    })
}

/// Reads what the member or the group has.
async fn observe(global: &Global, connection: &Connection, whose: &Revoked) -> Result<(LiveState, Subject)> {
    match whose {
        Revoked::Member { user, .. } => {
            let needs = revoke::needs_of_member();
            let live = connection::observe(global, connection, Scope::Plan(Needs::from(&needs))).await?;
            let member = find_member(live.members.as_deref().unwrap_or_default(), user)?;
            let subject = Subject::Member(member.id.clone());
            Ok((live, subject))
        }
        Revoked::Group { group: name, .. } => {
            let found = locate(&connection.client.reader(), &connection.target).await?;
            let group = find_group(&found.tree, name)?;
            let needs = revoke::needs_of_group(group);
            let scope = needs.as_ref().map_or(Scope::Everything { members: false }, |needs| Scope::Plan(needs.into()));
            let live = connection::observe(global, connection, scope).await?;
            Ok((live, Subject::Group(group.id.clone())))
        }
    }
}

/// Shows the plan, asks, applies and verifies, as `apply` does.
async fn carry_out(global: &Global, prepared: &mut Prepared, whose: &Revoked) -> Result<Exit> {
    let (Revoked::Member { how, .. } | Revoked::Group { how, .. }) = whose;
    let RevokeHow { files: _, patch: _, auto_approve, journal, min_administrators } = how;
    let plan = &mut prepared.plan;
    let flags = GuardFlags { min_administrators: *min_administrators, ..GuardFlags::default() };
    guards::apply_flags(plan, &flags);
    if plan.is_empty() && global.format != Format::Json {
        let emulator = if plan.target.portal.emulator { "[emulator] " } else { "" };
        output::data(&format!("{emulator}Nothing is left to take away from {}.\n", shown(whose)))?;
        return Ok(Exit::Done);
    }
    let arguments = Apply {
        plans: Vec::new(),
        files: Vec::new(),
        revisions: Revisions::default(),
        accept_drift: Vec::new(),
        auto_approve: *auto_approve,
        journal: journal.clone(),
        record: None,
        allow: Vec::new(),
        expect: None,
        access: AccessFlags::default(),
        guards: flags,
    };
    alone(global, &arguments, prepared).await
}

/// Which mappings give groups back to a member whom an identity provider signs in. Nothing depends on it, so what
/// cannot be read is only told.
async fn warn_of_logins(global: &Global, connection: &Connection, live: &LiveState, subject: &Subject) {
    let Some(provider) = revoke::provider_of(live, subject) else { return };
    let needs = revoke::needs_of_mappings(live);
    match connection::observe(global, connection, Scope::Plan(Needs::from(&needs))).await {
        Ok(live) => {
            for given in revoke::given_by(&live, &provider) {
                output::say(&format!("warning: the next login may give back {}", text::terminal(&given)));
            }
        }
        Err(error) => {
            let error = format!("{error:#}");
            let error = text::terminal(&error);
            output::say(&format!("warning: what the next login gives back cannot be told: {error}"));
        }
    }
}

/// Shows what is to be changed in the manifest, so that no later apply gives back what was taken.
fn last(
    global: &Global,
    how: &RevokeHow,
    manifest: &Manifest,
    sources: &Sources,
    plan: &Plan,
    live: &LiveState,
    subject: &Subject,
) -> Result<()> {
    let mut editor = Editor::new(sources);
    let edited = match subject {
        Subject::Member(id) => {
            let mut members = live.members.iter().flatten().filter(|member| member.id == *id);
            members.try_for_each(|member| revoked_member(manifest, member, &mut editor))
        }
        Subject::Group(id) => {
            let directory = &plan.target.user_groups;
            revoked_group(manifest, &directory.name_of(id), directory, &live.user_groups, &mut editor)
        }
    };
    let texts = edited
        .and_then(|()| editor.finish())
        .map_err(|fault| Failure::new(format!("{}: {fault}", edits::line(sources, fault.location))))?;
    let changes = edits::of(sources, &texts)?;
    if changes.is_empty() {
        output::say("The manifest gives nothing of it back: it can stay as it is.");
        return Ok(());
    }
    let loaded = edits::load(&how.files, sources, &texts)?;
    if loaded.has_errors() {
        let lead = "without what is revoked it would have";
        return Err(context::faults(global, Exit::Error, lead, &loaded.diagnostics, &loaded.sources).into());
    }
    let patch = edits::patch(&changes)?;
    if let Some(path) = &how.patch {
        files::write_public(path, &patch)?;
        output::say(&format!("The change that makes it last is in {}: apply it with git apply", shown_path(path)));
    } else {
        output::say("\nTo make it last, change the manifest too; `git apply` takes this:");
    }
    let shown = edits::shown(&patch);
    if global.format == Format::Human {
        return output::data(&shown);
    }
    // What scripts read is the report alone.
    output::say(shown.trim_end());
    Ok(())
}

/// Without the manifest at hand.
fn advise(whose: &Revoked) {
    output::say(&match whose {
        Revoked::Member { .. } => format!(
            "If a manifest declares {}, write `enabled: false` and `userGroups: []` there, or it comes back with the next apply; -f shows the change.",
            shown(whose)
        ),
        Revoked::Group { .. } => format!(
            "If a manifest names {}, take it out of audiences, `joins`, versions, members and sign-ups there, and its `idpGroups`, or it comes back with the next apply; -f shows the change.",
            shown(whose)
        ),
    });
}

fn shown(whose: &Revoked) -> String {
    let (Revoked::Member { user: name, .. } | Revoked::Group { group: name, .. }) = whose;
    format!("`{}`", text::terminal(name))
}

fn shown_path(path: &Path) -> String {
    text::terminal(&path.display().to_string()).into_owned()
}

/// The portal itself contradicts itself: no manifest is to blame.
fn unresolved(failure: resolve::Failure) -> Failure {
    let resolve::Failure { faults, refusals } = failure;
    let messages: Vec<String> = faults.into_iter().chain(refusals).map(|fault| fault.message).collect();
    Failure::new(messages.join("; "))
}
