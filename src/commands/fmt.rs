//! `fmt`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use similar::TextDiff;

use super::{context, output};
use crate::cli::{Fmt, Global};
use crate::diagnostic::Sources;
use crate::exit::Exit;
use crate::files;
use crate::manifest::format::format;
use crate::render::text::terminal;

pub(super) fn run(global: &Global, arguments: &Fmt) -> Result<Exit> {
    let mut differing = 0_usize;
    let mut faulty = 0_usize;
    for path in manifests(&arguments.files.files)? {
        let text = files::read_text(&path)?;
        let formatted = match format(&text) {
            Ok(formatted) => formatted,
            Err(diagnostics) => {
                let mut sources = Sources::default();
                sources.add(&path, text);
                context::show(global, &diagnostics, &sources);
                faulty += 1;
                continue;
            }
        };
        if formatted == text {
            continue;
        }
        differing += 1;
        if arguments.check {
            let name = path.display().to_string();
            let diff = TextDiff::from_lines(&text, &formatted);
            let unified = diff.unified_diff().header(&name, &name).to_string();
            for line in unified.lines() {
                output::data(&format!("{}\n", terminal(line)))?;
            }
        } else {
            // A link stays one: what it leads to is formatted.
            files::write_public(&path.canonicalize().unwrap_or_else(|_| path.clone()), &formatted)?;
            output::data(&format!("{}\n", terminal(&path.display().to_string())))?;
        }
    }
    if faulty > 0 {
        anyhow::bail!("{faulty} {} cannot be formatted", if faulty == 1 { "file" } else { "files" });
    }
    if arguments.check && differing > 0 {
        return Err(crate::failure::Failure::new(format!(
            "{differing} {} not in canonical form",
            if differing == 1 { "file is" } else { "files are" }
        ))
        .hint("run `aehctl fmt` without --check")
        .into());
    }
    Ok(Exit::Done)
}

/// Files as given, and the YAML files directly in folders; links in there may lead anywhere, and are left alone.
fn manifests(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| format!("failed to read {}", path.display()))?;
        let mut inside: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .with_context(|| format!("failed to read {}", path.display()))?;
        let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        inside.retain(|path| is_yaml(path) && is_file(path));
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}
