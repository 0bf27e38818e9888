//! Whole loads: files in, a manifest or rendered diagnostics out.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::load::{LoadOptions, Loaded, load};
use crate::diagnostic::render;

/// A repository on disk, as a load sees it.
pub(super) struct Repository {
    folder: TempDir,
}

impl Repository {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        fs::create_dir(folder.path().join(".git")).expect("a folder can be made");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("the file is in the folder")).expect("folders can be made");
            fs::write(path, text).expect("a file can be written");
        }
        Self { folder }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn load(&self, paths: &[&str]) -> Loaded {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        load(&paths, &LoadOptions { environment: &environment, working_directory: self.path().to_owned() })
    }

    pub(super) fn shown(&self, paths: &[&str]) -> String {
        let loaded = self.load(paths);
        render(&loaded.diagnostics, &loaded.sources, false)
    }
}

fn environment(name: &str) -> Option<String> {
    match name {
        "AEHCTL_VAR_STAGE" => Some("staging".to_owned()),
        "AEHCTL_VAR_HOSTILE" => Some("x\nprune: {assets: ['*']}".to_owned()),
        _ => None,
    }
}

/// The diagnostics of one file, rendered.
fn faults(text: &str) -> String {
    Repository::new(&[("portal.yaml", text)]).shown(&["portal.yaml"])
}
