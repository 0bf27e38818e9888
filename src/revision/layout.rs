//! The files of a commit in a folder, so that they are found exactly as files on disk are.
//!
//! Only names are there: files are empty, and their contents come from git when they are read. A symbolic link that
//! leads out of the repository leads to a place where nothing is.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::git;
use super::objects::{Entry, Objects};

/// More would be no path.
const LONGEST_LINK: u64 = 4096;

pub(super) struct Layout {
    /// It is removed when it is dropped.
    _folder: TempDir,
    root: PathBuf,
}

impl Layout {
    /// Without symbolic links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn holds(&self, path: &Path) -> bool {
        // A link that leads out of the repository is there: that it does so is another fault.
        self.root.join(path).canonicalize().is_ok()
    }
}

/// Lays out what a load of these paths can ask for: YAML files, symbolic links, and what they or the paths name.
pub(super) fn lay_out(objects: &Objects<'_>, named: &[PathBuf]) -> Result<Layout> {
    let links = links(objects)?;
    let wanted: HashSet<&OsStr> =
        named.iter().chain(links.iter().map(|(_, to)| to)).filter_map(|path| path.file_name()).collect();
    let folder = tempfile::Builder::new().prefix("aehctl-").tempdir().context("failed to make a temporary folder")?;
    let lay_out = || -> io::Result<PathBuf> {
        let outside = folder.path().canonicalize()?;
        let root = outside.join("tree");
        fs::create_dir(&root)?;
        for folder in named.iter().filter(|folder| objects.has_folder(folder)) {
            // Even if it holds nothing that is loaded, it is there.
            fs::create_dir_all(root.join(folder))?;
        }
        for (path, entry) in objects.entries() {
            let name = path.file_name().unwrap_or_default();
            if matches!(entry, Entry::File { .. }) && (is_yaml(path) || wanted.contains(name)) {
                fs::create_dir_all(root.join(path).parent().unwrap_or(&root))?;
                fs::File::create(root.join(path))?;
            }
        }
        for (path, to) in &links {
            fs::create_dir_all(root.join(path).parent().unwrap_or(&root))?;
            link(if leads_out(path, to) { &outside } else { to }, &root.join(path))?;
        }
        Ok(root)
    };
    let root = lay_out().context("failed to lay out the files of a revision in a temporary folder")?;
    Ok(Layout { _folder: folder, root })
}

fn links(objects: &Objects<'_>) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut links = Vec::new();
    for (path, entry) in objects.entries() {
        if matches!(entry, Entry::Link { .. }) {
            let target = match objects.read(path, LONGEST_LINK) {
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => continue,
                target => target.with_context(|| format!("failed to read the symbolic link {}", path.display()))?,
            };
            let leads_somewhere = !target.is_empty() && !target.contains(&0);
            links.extend(git::path(&target).filter(|_| leads_somewhere).map(|target| (path.to_owned(), target)));
        }
    }
    Ok(links)
}

fn leads_out(link: &Path, to: &Path) -> bool {
    let mut depth = link.components().count().saturating_sub(1);
    for component in to.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

/// Where links need a privilege, git itself writes files in their place.
#[cfg(not(unix))]
fn link(_to: &Path, at: &Path) -> io::Result<()> {
    fs::File::create(at).map(drop)
}
