//! `pull`

use std::collections::BTreeSet;

use anyhow::Result;

use super::{block_on, connection, context, edits, output};
use crate::address::{Address, AddressWord, Kind};
use crate::amend::{NotPulled, Puller};
use crate::cli::{Global, Pull, Pulled};
use crate::diagnostic::Sources;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::edit::Editor;
use crate::manifest::model::Manifest;
use crate::observe::{Needs, Scope};
use crate::plan::{self, Plan};
use crate::render::{self, text};
use crate::state::LiveState;

pub(super) fn run(global: &Global, arguments: &Pull) -> Result<Exit> {
    let paths = &arguments.files.files;
    let (manifests, sources) = context::load_meant(global, paths)?;
    let manifest = context::only_one(manifests)?;
    let live = block_on(async {
        let (target, region) = connection::target_of(&manifest);
        let connection = connection::connect(global, target, region).await?;
        connection::observe(global, &connection, Scope::Plan(Needs::from(&manifest))).await
    })?;
    let request = plan::Request { show_unmanaged: true, ..plan::Request::new(&manifest, &live) };
    let plan = plan::make(request).map_err(|failure| context::unresolved(global, failure, &sources))?;
    let wanted = wanted(&plan, &arguments.objects)?;

    let mut puller = Puller::new(&manifest, &live, &plan);
    let mut editor = Editor::new(&sources);
    let mut done = BTreeSet::new();
    let mut left = Vec::new();
    for address in &wanted {
        // Of an object that cannot be pulled, no half is.
        let mut attempt = editor.clone();
        match puller.pull(address, &mut attempt) {
            Ok(()) => {
                editor = attempt;
                done.insert(address.clone());
            }
            Err(reason) => left.push(explained(&plan, &sources, address, &reason)),
        }
    }
    let is_everything = arguments.objects.contains(&Pulled::All);
    for reason in &left {
        output::say(&format!("not pulled: {}", text::terminal(reason)));
    }
    if !left.is_empty() && !is_everything {
        return Err(Failure::new("not everything that was named can be pulled; nothing was written").into());
    }
    let notices = puller.notices;
    let texts = editor.finish().map_err(|fault| {
        let place = edits::line(&sources, fault.location);
        Failure::new(format!("{place}: {fault}; nothing was written")).hint("pull fewer objects at once")
    })?;
    let changes = edits::of(&sources, &texts)?;
    if changes.is_empty() {
        output::say("There is nothing to write.");
        return Ok(Exit::Done);
    }
    let loaded = edits::load(paths, &sources, &texts)?;
    if loaded.has_errors() {
        let lead = "nothing was written, since the manifest would have";
        return Err(context::faults(global, Exit::Error, lead, &loaded.diagnostics, &loaded.sources).into());
    }
    let again = loaded.manifests.into_iter().find(|again| again.name.value == manifest.name.value);
    refuse_what_means_something_else(&plan, again.as_ref(), &live, &done)?;
    for notice in notices.into_iter().collect::<BTreeSet<_>>() {
        output::say(&format!("note: {}", text::terminal(&notice)));
    }
    for (file, _) in texts.iter().filter(|(file, _)| **file != manifest.name.location.file) {
        let path = sources.file(*file).path.display().to_string();
        output::say(&format!("note: every Portal that includes {} gets this", text::terminal(&path)));
    }
    output::data(&edits::shown(&edits::patch(&changes)?))?;
    let files = if changes.len() == 1 { "1 file".to_owned() } else { format!("{} files", changes.len()) };
    if arguments.check {
        return Err(Failure::new(format!("{files} would be written")).hint("run `aehctl pull` without --check").into());
    }
    edits::write(&changes)?;
    output::say(&format!("Wrote {files}."));
    Ok(Exit::Done)
}

/// The addresses of the changes that are meant.
fn wanted(plan: &Plan, objects: &[Pulled]) -> Result<BTreeSet<Address>> {
    let mut wanted = BTreeSet::new();
    let changed = || plan.changes.iter().map(|change| &change.address);
    for object in objects {
        match object {
            // What becomes of sign-ups is decided, and drifts nowhere.
            Pulled::All => wanted.extend(changed().filter(|address| address.kind != Kind::Prospects).cloned()),
            Pulled::Object(word) => {
                let meant: Vec<&Address> = changed().filter(|address| means(plan, word, address)).collect();
                if meant.is_empty() {
                    return Err(not_there(plan, word).into());
                }
                wanted.extend(meant.into_iter().cloned());
            }
        }
    }
    Ok(wanted)
}

/// By the name of a business group too, as plans show it.
fn means(plan: &Plan, word: &AddressWord, address: &Address) -> bool {
    word.means(address) || plan.target.by_business_group(address).is_some_and(|named| word.means(&named))
}

fn not_there(plan: &Plan, word: &AddressWord) -> Failure {
    let mut unmanaged = plan.unmanaged.values().flat_map(|unmanaged| &unmanaged.addresses);
    if let Some(address) = unmanaged.find(|address| means(plan, word, address)) {
        let part = match address.kind {
            Kind::UserGroups | Kind::IdpMappings => "user-groups",
            Kind::Assets => "assets",
            Kind::Members => "members",
            Kind::Prospects => return Failure::new(format!("{word} waits for a decision: that is no drift")),
        };
        let filter = crate::text::shell_word(&render::name(plan, address));
        return Failure::new(format!("the manifest does not declare {word}, and so nothing of it differs"))
            .hint(format!("`aehctl export --only {part} --filter {filter}` prints an entry for it"));
    }
    Failure::new(format!("{word} is as the manifest declares it, or is not there"))
        .hint("`aehctl plan` shows the addresses of what differs; all of them are meant by `all`")
}

fn explained(plan: &Plan, sources: &Sources, address: &Address, reason: &NotPulled) -> String {
    let NotPulled { reason, location } = reason;
    let place = location.map(|location| format!(" ({})", edits::line(sources, location)));
    format!("{} {}: {reason}{}", address.kind, render::name(plan, address), place.unwrap_or_default())
}

/// What is written has to leave these objects alone in the next plan, and every other as it was: an anchor, a default
/// or an audience may be shared in ways that no single edit sees.
fn refuse_what_means_something_else(
    before: &Plan,
    manifest: Option<&Manifest>,
    live: &LiveState,
    pulled: &BTreeSet<Address>,
) -> Result<()> {
    let refusal = |what: &str| {
        Failure::new(format!("{what}; nothing was written")).hint("change the manifest by hand, and look at the plan")
    };
    let manifest = manifest.ok_or_else(|| refusal("the manifest would lose its Portal"))?;
    let after = plan::make(plan::Request::new(manifest, live)).map_err(|failure| {
        let faults: Vec<String> =
            failure.faults.into_iter().chain(failure.refusals).map(|fault| fault.message).collect();
        refusal(&format!("the manifest could not be planned any more: {}", faults.join("; ")))
    })?;
    // A group that is gone leaves its audiences too.
    let takes_groups = pulled.iter().any(|address| address.kind == Kind::UserGroups);
    for change in &after.changes {
        let was = before.changes.iter().find(|was| was.address == change.address);
        let is_as_it_was = was.is_some_and(|was| takes_groups || was.edit == change.edit);
        if pulled.contains(&change.address) || !is_as_it_was {
            let name = render::name(before, &change.address);
            let what = format!("{} {name} would not be as it is in the portal", change.address.kind);
            return Err(refusal(&what).into());
        }
    }
    Ok(())
}
