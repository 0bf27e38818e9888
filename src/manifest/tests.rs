//! Whole loads: files in, a manifest or rendered diagnostics out.

mod delegation;
mod examples;
mod faults;
mod hostile;
mod includes;
mod merging;
mod promotion;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::load::{LoadOptions, Loaded, load};
use super::model::Manifest;
use crate::diagnostic::Diagnostic;

/// A repository on disk, as a load sees it.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self { folder: TempDir::new().expect("a temporary folder can be made") };
        fs::create_dir(repository.path().join(".git")).expect("a folder can be made");
        for (path, text) in files {
            repository.write(path, text.as_bytes());
        }
        repository
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("the file is in the folder")).expect("folders can be made");
        fs::write(path, bytes).expect("a file can be written");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn load(&self, paths: &[&str]) -> Loaded {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        load(&paths, &LoadOptions { environment: &environment, working_directory: self.path().to_owned() })
    }

    /// The diagnostics of a load, each in a line with its advice below.
    fn faults(&self, paths: &[&str]) -> String {
        let Loaded { diagnostics, sources, .. } = self.load(paths);
        let place = |location| {
            let (line, column) = sources.position(location);
            format!("{}:{line}:{column}", sources.file(location.file).path.display())
        };
        let mut told = String::new();
        for Diagnostic { severity, code, message, location, related, help } in &diagnostics {
            let place_of_fault = location.map_or_else(|| "nowhere".to_owned(), place);
            let _ = writeln!(told, "{place_of_fault} {}[{code}]: {message}", severity.as_str());
            for (location, label) in related {
                let _ = writeln!(told, "  {}: {label}", place(*location));
            }
            if let Some(help) = help {
                let _ = writeln!(told, "  help: {help}");
            }
        }
        told
    }

    /// The only manifest of a load without faults.
    fn manifest(&self, paths: &[&str]) -> Manifest {
        assert_eq!(self.faults(paths), "");
        let mut manifests = self.load(paths).manifests;
        assert_eq!(manifests.len(), 1, "there is one Portal");
        manifests.remove(0)
    }
}

fn environment(name: &str) -> Option<String> {
    match name {
        "AEHCTL_VAR_STAGE" => Some("staging".to_owned()),
        "AEHCTL_VAR_STRUCTURE" => Some("x\nprune: {assets: ['*']}".to_owned()),
        _ => None,
    }
}

/// A Portal with this `spec`, whose lines begin at line 5 of the file.
fn portal(spec: &str) -> String {
    format!("apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: developer-portal}}\nspec:\n{spec}")
}

/// A fragment with this `spec`, whose lines begin at line 4 of the file.
fn fragment(spec: &str) -> String {
    format!("apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec:\n{spec}")
}

/// The faults of a Portal alone.
fn faults_of(spec: &str) -> String {
    Repository::new(&[("portal.yaml", &portal(spec))]).faults(&["portal.yaml"])
}

fn manifest_of(spec: &str) -> Manifest {
    Repository::new(&[("portal.yaml", &portal(spec))]).manifest(&["portal.yaml"])
}
