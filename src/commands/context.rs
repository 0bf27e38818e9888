//! What commands share: the environment, manifests, and telling what is wrong with them.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::cli::Global;
use crate::commands::{annotations, output};
use crate::diagnostic::{self, Diagnostic, Sources};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::load::{LoadOptions, Loaded, load};
use crate::manifest::model::Manifest;
use crate::plan::file::PlanKey;
use crate::{pseudonyms, resolve};

/// The key of the pseudonyms, if there is one. It is no flag: any process of the machine can read those.
pub(super) fn pseudonym_key() -> Result<Option<pseudonyms::Key>> {
    refuse_garbled(|name| name == pseudonyms::KEY_VARIABLE)?;
    let text = environment(pseudonyms::KEY_VARIABLE).filter(|text| !text.trim().is_empty());
    Ok(text.map(|text| pseudonyms::Key::new(&text)).transpose()?)
}

/// The variable that holds the key of plan files.
const PLAN_KEY: &str = "AEHCTL_PLAN_KEY";

/// Looks up an environment variable; [`refuse_garbled`] tells of those that are no text.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(super) fn working_directory() -> Result<PathBuf> {
    std::env::current_dir().context("failed to find out the working directory")
}

/// Refuses variables that are set to something else than text: to take them for unset would mislead.
pub(super) fn refuse_garbled(is_ours: impl Fn(&str) -> bool) -> Result<()> {
    let garbled = std::env::vars_os()
        .filter(|(_, value)| value.to_str().is_none())
        .find_map(|(name, _)| name.into_string().ok().filter(|name| is_ours(name)));
    match garbled {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!("the environment variable {name} is set, but not to text in UTF-8"))
            .hint("set it again, or unset it")
            .into()),
    }
}

/// Loads manifests and shows nothing yet.
pub(super) fn load_quietly(files: &[PathBuf]) -> Result<Loaded> {
    refuse_garbled(|name| name.starts_with("AEHCTL_VAR_"))?;
    let working_directory = working_directory()?;
    Ok(load(files, &LoadOptions { environment: &environment, working_directory }))
}

/// The Portals that are meant, at least one, with the sources for showing faults in them.
pub(super) fn load_meant(global: &Global, files: &[PathBuf]) -> Result<(Vec<Manifest>, Sources)> {
    let (manifests, sources) = load_all(global, files)?;
    Ok((choose(global, manifests)?, sources))
}

/// All Portals. Faults are shown all at once.
pub(super) fn load_all(global: &Global, files: &[PathBuf]) -> Result<(Vec<Manifest>, Sources)> {
    let loaded = load_quietly(files)?;
    if loaded.has_errors() {
        return Err(faults(global, Exit::Error, "the manifest has", &loaded.diagnostics, &loaded.sources).into());
    }
    Ok(shown(global, loaded))
}

/// The Portals that are meant, at least one. Where there are several, one whose files have faults is among them, to be told
/// in its place, and the others go on; so is a file of which no Portal could be made.
pub(super) fn load_fleet(global: &Global, files: &[PathBuf]) -> Result<(Vec<Manifest>, Sources)> {
    let mut loaded = load_quietly(files)?;
    if loaded.has_errors() && global.name.is_empty() {
        let unread = std::mem::take(&mut loaded.unread);
        loaded.manifests.extend(unread.into_iter().map(|(path, errors)| Manifest { errors, ..Manifest::bare(&path) }));
    }
    let is_meant = |manifest: &&Manifest| global.name.is_empty() || global.name.contains(&manifest.name.value);
    let goes_on = loaded.manifests.iter().filter(is_meant).any(|manifest| manifest.errors == 0);
    if loaded.has_errors() && (loaded.has_common_error || !goes_on) {
        return Err(faults(global, Exit::Error, "the manifest has", &loaded.diagnostics, &loaded.sources).into());
    }
    let (manifests, sources) = shown(global, loaded);
    Ok((choose(global, manifests)?, sources))
}

fn shown(global: &Global, loaded: Loaded) -> (Vec<Manifest>, Sources) {
    let Loaded { manifests, sources, mut diagnostics, .. } = loaded;
    diagnostics.retain(stands_online);
    show(global, &diagnostics, &sources);
    (manifests, sources)
}

/// Whether a fault still counts where a live portal is asked: names that are not declared may live there, and
/// resolving says so if they do not.
pub(super) fn stands_online(diagnostic: &Diagnostic) -> bool {
    !matches!(diagnostic.code, "undeclared-group" | "undeclared-provider")
}

/// The Portals that `--name` means, or all of them: at least one.
pub(super) fn choose(global: &Global, mut manifests: Vec<Manifest>) -> Result<Vec<Manifest>> {
    if manifests.is_empty() {
        return Err(Failure::new("there is no Portal in these files")
            .hint("a fragment takes effect through a Portal that includes it: give that file with -f")
            .into());
    }
    let is_called = |manifest: &Manifest, name: &String| manifest.name.value == *name;
    let unknown = global.name.iter().find(|name| !manifests.iter().any(|manifest| is_called(manifest, name)));
    if let Some(unknown) = unknown {
        let hint = format!("there are: {}", names(&manifests));
        return Err(Failure::new(format!("no Portal is named `{unknown}`")).hint(hint).into());
    }
    if !global.name.is_empty() {
        manifests.retain(|manifest| global.name.iter().any(|name| is_called(manifest, name)));
    }
    let flags = [("--portal", &global.portal), ("--connection", &global.connection)];
    if let Some((flag, _)) = flags.into_iter().find(|(_, given)| given.is_some())
        && manifests.len() > 1
    {
        let message = format!("{flag} is about one portal, and there are several: {}", names(&manifests));
        return Err(Failure::with_exit(Exit::Usage, message)
            .hint("choose one with --name, or let each Portal's `target` say where it is")
            .into());
    }
    Ok(manifests)
}

/// Refuses several Portals where one is asked for.
pub(super) fn only_one(manifests: Vec<Manifest>) -> Result<Manifest> {
    let told = names(&manifests);
    match <[Manifest; 1]>::try_from(manifests) {
        Ok([one]) => Ok(one),
        Err(_) => Err(Failure::new(format!("there are several Portals: {told}")).hint("choose one with --name").into()),
    }
}

fn names(manifests: &[Manifest]) -> String {
    manifests.iter().map(|manifest| manifest.name.value.as_str()).collect::<Vec<_>>().join(", ")
}

/// What leads in faults that a live portal has shown.
pub(super) const UNRESOLVED: &str = "planning the manifest against this portal found";

/// Shows diagnostics on stderr, and to the forge that asks for them.
pub(super) fn show(global: &Global, diagnostics: &[Diagnostic], sources: &Sources) {
    annotations::note(diagnostics, sources);
    if !diagnostics.is_empty() {
        output::say(diagnostic::render(diagnostics, sources, output::colors_talk(global)).trim_end());
    }
}

/// Shows diagnostics and says how many errors they are.
pub(super) fn faults(
    global: &Global,
    exit: Exit,
    lead: &str,
    diagnostics: &[Diagnostic],
    sources: &Sources,
) -> Failure {
    show(global, diagnostics, sources);
    Failure::with_exit(exit, counted(lead, diagnostics))
}

/// `the manifest has 2 faults`
pub(super) fn counted(lead: &str, diagnostics: &[Diagnostic]) -> String {
    let count = diagnostics.iter().filter(|diagnostic| diagnostic.severity == diagnostic::Severity::Error).count();
    number_of_faults(lead, count)
}

pub(super) fn number_of_faults(lead: &str, count: usize) -> String {
    format!("{lead} {count} {}", if count == 1 { "fault" } else { "faults" })
}

/// Says why a manifest cannot be planned.
pub(super) fn unresolved(global: &Global, failure: resolve::Failure, sources: &Sources) -> Failure {
    let (exit, all) = found(failure);
    faults(global, exit, UNRESOLVED, &all, sources)
}

/// What a portal has shown of a manifest, and how a command ends for it.
pub(super) fn found(failure: resolve::Failure) -> (Exit, Vec<Diagnostic>) {
    let resolve::Failure { faults: mut all, refusals } = failure;
    let exit = if all.is_empty() { Exit::Refused } else { Exit::Error };
    all.extend(refusals);
    (exit, all)
}

/// The key that plans are signed with, if there is one.
pub(super) fn plan_key() -> Result<Option<PlanKey>> {
    refuse_garbled(|name| name == PLAN_KEY)?;
    let Some(text) = environment(PLAN_KEY) else { return Ok(None) };
    PlanKey::new(&text.into()).map(Some).map_err(|weak| {
        Failure::new(weak.to_string())
            .hint(format!("make one with `openssl rand -hex 32`, or unset {PLAN_KEY} to go without signatures"))
            .into()
    })
}

/// The time, for envelopes and never for decisions.
pub(super) fn now() -> String {
    jiff::Timestamp::now().round(jiff::Unit::Second).map_or_else(|_| String::new(), |now| now.to_string())
}
