//! Files that are never left half-written: written beside, then renamed.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes a file that only its owner may read, and replaces one of that name as a whole.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    replace(path, text, None)
}

/// Writes a file that others may read; one that is there keeps its permissions.
pub fn write_public(path: &Path, text: &str) -> Result<()> {
    let permissions = fs::metadata(path).ok().map(|metadata| metadata.permissions());
    replace(path, text, Some(permissions.unwrap_or_else(public)))
}

fn replace(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        anyhow::bail!("failed to write {}: there is no folder {}", path.display(), directory.display());
    }
    let write = || -> std::io::Result<()> {
        // A file of this kind is made readable for its owner alone.
        let mut file = tempfile::Builder::new().prefix(".aehctl-").tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        if let Some(permissions) = permissions {
            file.as_file().set_permissions(permissions)?;
        }
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(without_path).with_context(|| format!("failed to write {}", path.display()))
}

/// The reason alone: the path that a temporary file would have had tells nobody anything.
fn without_path(error: std::io::Error) -> std::io::Error {
    // Only the system's own errors come without one.
    if error.raw_os_error().is_some() { error } else { error.kind().into() }
}

#[cfg(unix)]
fn public() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(0o644)
}

#[cfg(not(unix))]
fn public() -> fs::Permissions {
    fs::metadata(".").map(|metadata| metadata.permissions()).expect("the working directory has permissions")
}

/// Reads a file of at most 256 MiB that holds text.
pub fn read_text(path: &Path) -> Result<String> {
    const MOST: u64 = 256 << 20;
    let metadata = fs::metadata(path).with_context(|| format!("failed to read {}", path.display()))?;
    if metadata.is_dir() {
        anyhow::bail!("failed to read {}: it is a directory", path.display());
    }
    if metadata.len() > MOST {
        anyhow::bail!("failed to read {}: it is larger than 256 MiB", path.display());
    }
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}
