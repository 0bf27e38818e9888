//! A file for each portal of a run, in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::address;
use crate::failure::Failure;
use crate::files;

/// How the name of a plan file ends in a folder of them.
const PLAN: &str = ".plan.json";
/// How the name of a snapshot ends in a folder of them.
pub(super) const SNAPSHOT: &str = ".live.json";

/// Where the results of a run go.
pub(in crate::commands) enum Folder {
    /// One portal's, into a file.
    File(PathBuf),
    /// Each portal's, into a file of its own.
    Folder { path: PathBuf, ending: &'static str },
}

/// The plan files that paths stand for: themselves, or those in a folder.
pub(in crate::commands) fn plan_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    resolved(paths, PLAN)
}

/// Where the plan file of each portal goes.
pub(in crate::commands) fn plan_file(path: &Path, portals: usize) -> Result<Folder> {
    Folder::new(path, portals, PLAN)
}

/// Where the snapshot of each portal goes.
pub(in crate::commands) fn live_file(path: &Path, portals: usize) -> Result<Folder> {
    Folder::new(path, portals, SNAPSHOT)
}

impl Folder {
    /// Several portals need a folder, which is made; one has a file, unless the path is that of a folder.
    fn new(path: &Path, portals: usize, ending: &'static str) -> Result<Self> {
        let names_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if portals < 2 && !names_folder {
            return Ok(Self::File(path.to_owned()));
        }
        if path.exists() && !path.is_dir() {
            let message = format!("{} is a file, and {portals} portals need a folder", path.display());
            return Err(Failure::new(message).hint("name a folder, or choose one portal with --name").into());
        }
        files::make_private_folder(path).with_context(|| format!("failed to make {}", path.display()))?;
        Ok(Self::Folder { path: path.to_owned(), ending })
    }

    /// The file of a portal.
    pub(in crate::commands) fn of(&self, portal: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Folder { path, ending } => path.join(format!("{}{ending}", address::segment(portal))),
        }
    }

    /// Sees to it that nobody takes the result of an earlier run for one of this run.
    pub(in crate::commands) fn clear(&self, portal: &str) -> Result<()> {
        let Self::Folder { .. } = self else { return Ok(()) };
        let path = self.of(portal);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to remove {}, which is of an earlier run", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// The files that paths stand for: themselves, or those in a folder whose names end so.
pub(super) fn resolved(paths: &[PathBuf], ending: &str) -> Result<Vec<PathBuf>> {
    let mut resolved = Vec::new();
    for path in paths {
        if !path.is_dir() {
            resolved.push(path.clone());
            continue;
        }
        let context = || format!("failed to read {}", path.display());
        let mut inside: Vec<PathBuf> = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .with_context(context)?;
        inside.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending)));
        inside.sort();
        if inside.is_empty() {
            return Err(Failure::new(format!("{} holds no file whose name ends with {ending}", path.display()))
                .hint("name the files themselves")
                .into());
        }
        resolved.extend(inside);
    }
    Ok(resolved)
}
