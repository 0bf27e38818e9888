//! `--annotations`: what is shown to people is told to the forge as well, once the command ends.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::output;
use crate::cli::Annotations;
use crate::concern::concerns;
use crate::diagnostic::{Diagnostic, Location, Sources};
use crate::files;
use crate::manifest::model::Manifest;
use crate::plan::Plan;
use crate::render::{self, Annotation, Place};

/// A process runs one command. `None`: nobody asked for annotations.
static COLLECTED: Mutex<Option<Vec<Annotation>>> = Mutex::new(None);

/// Variables in which a pipeline says where the repository is, for one that was unpacked without its `.git`.
const ROOTS: [&str; 2] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"];

/// Runs a command, and publishes what was noted meanwhile, however it ends.
pub(super) fn publish<T>(annotations: Option<&Annotations>, command: impl FnOnce() -> Result<T>) -> Result<T> {
    let Some(annotations) = annotations else { return command() };
    *COLLECTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    let ended = command();
    let noted = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    match annotations {
        // GitHub reads commands from both streams, and data is on the other one.
        Annotations::Github => {
            let commands = render::annotations_github(&noted);
            if !commands.is_empty() {
                output::say(commands.trim_end());
            }
        }
        Annotations::Gitlab(path) => {
            let report = render::pretty(&render::annotations_gitlab(&noted));
            let written = files::write_public(path, &report);
            // What the command itself failed of says more.
            if ended.is_ok() {
                written?;
            }
        }
    }
    ended
}

/// Notes diagnostics about files.
pub(super) fn note(diagnostics: &[Diagnostic], sources: &Sources) {
    if let Some(noted) = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        let roots = roots();
        noted.extend(diagnostics.iter().map(|diagnostic| annotation(diagnostic, sources, &roots)));
    }
}

/// Notes what of a plan somebody should look at.
pub(super) fn note_plan(plan: &Plan, manifest: &Manifest, sources: &Sources) {
    note(&concerns(plan, manifest), sources);
}

fn annotation(diagnostic: &Diagnostic, sources: &Sources, roots: &[PathBuf]) -> Annotation {
    let Diagnostic { severity, code, message, location, related: _, help } = diagnostic;
    Annotation {
        severity: *severity,
        code,
        message: message.clone(),
        help: help.clone(),
        place: location.and_then(|location| place(location, sources, roots)),
    }
}

/// A text that is in no file now, such as that of an earlier revision, has no place that a forge could show.
fn place(location: Location, sources: &Sources, roots: &[PathBuf]) -> Option<Place> {
    let file = &sources.file(location.file).place;
    if !file.is_absolute() {
        return None;
    }
    let (line, column) = sources.position(location);
    // A forge shows an annotation below its last line; the first one is where people look.
    let width = sources.text(location).lines().next().unwrap_or_default().chars().count();
    Some(Place { path: in_repository(file, roots), line, column, end_column: column + width })
}

/// The path that a forge knows a file by.
fn in_repository(file: &Path, roots: &[PathBuf]) -> String {
    let repository = file.ancestors().skip(1).find(|folder| folder.join(".git").exists());
    let root = repository.or_else(|| roots.iter().map(PathBuf::as_path).find(|root| file.starts_with(root)));
    let path = root.and_then(|root| file.strip_prefix(root).ok()).unwrap_or(file);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Where the pipeline says that the repository is, and then the working directory.
fn roots() -> Vec<PathBuf> {
    let named = ROOTS.into_iter().filter_map(env::var_os).map(PathBuf::from);
    named.chain(env::current_dir()).filter_map(|root| root.canonicalize().ok()).collect()
}
