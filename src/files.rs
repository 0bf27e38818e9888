//! Files that are never left half-written: written beside, then renamed. Private ones are their owner's alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
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

/// Replaces files that are there, all of them or none as far as that can be had: all are written beside before the
/// first is renamed. They keep their permissions.
pub fn replace_all<'f>(files: impl IntoIterator<Item = (&'f Path, &'f str)>) -> Result<()> {
    let mut written = Vec::new();
    for (path, text) in files {
        let failed = || format!("failed to write {}; nothing was changed", path.display());
        let permissions = fs::metadata(path).with_context(failed)?.permissions();
        let file = write_beside(path, text, Some(permissions)).map_err(without_path).with_context(failed)?;
        written.push((file, path));
    }
    let mut done: Vec<&Path> = Vec::new();
    for (file, path) in written {
        let named = done.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let failed = || match named.as_str() {
            "" => format!("failed to write {}; nothing was changed", path.display()),
            done => format!("failed to write {}; already written: {done}", path.display()),
        };
        file.persist(path).map_err(|error| without_path(error.error)).with_context(failed)?;
        done.push(path);
    }
    Ok(())
}

fn replace(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> Result<()> {
    if is_device(path) {
        let write = || OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
        return write().with_context(|| format!("failed to write {}", path.display()));
    }
    let directory = folder_of(path);
    if !directory.is_dir() {
        anyhow::bail!("failed to write {}: there is no folder {}", path.display(), directory.display());
    }
    let write = || -> std::io::Result<()> {
        write_beside(path, text, permissions)?.persist(path)?;
        Ok(())
    };
    write().map_err(without_path).with_context(|| format!("failed to write {}", path.display()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes what is to become a file, beside its place.
fn write_beside(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<tempfile::NamedTempFile> {
    // A file of this kind is made readable for its owner alone.
    let mut file = tempfile::Builder::new().prefix(".aehctl-").tempfile_in(folder_of(path))?;
    file.write_all(text.as_bytes())?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Fails if something is at this place already; an empty folder is nothing.
pub fn refuse_taken(folder: &Path) -> Result<()> {
    let is_empty_folder = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.symlink_metadata().is_ok() && !is_empty_folder() {
        anyhow::bail!("there is something at {} already, and nothing is written over it", folder.display());
    }
    Ok(())
}

/// Makes a folder with these files, whose paths are relative to it: all of it or nothing. It is written beside and
/// renamed. If it is private, its owner alone can enter it.
pub fn write_folder<'f>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
    private: bool,
) -> Result<()> {
    refuse_taken(folder)?;
    let parent = folder_of(folder);
    if !parent.is_dir() {
        anyhow::bail!("failed to write {}: there is no folder {}", folder.display(), parent.display());
    }
    let failed = || format!("failed to write {}", folder.display());
    let beside = beside(parent).map_err(without_path).with_context(failed)?;
    for (path, text) in files {
        let file = beside.path().join(path);
        let inside = file.parent().unwrap_or(beside.path());
        fs::create_dir_all(inside).with_context(failed)?;
        let write = if private { write_private } else { write_public };
        write(&file, text).map_err(|error| anyhow::anyhow!("{}", error.root_cause())).with_context(failed)?;
    }
    if !private {
        open_folder(beside.path()).with_context(failed)?;
    }
    // Where renaming does not replace an empty folder, it makes room.
    #[cfg(not(unix))]
    let _ = fs::remove_dir(folder);
    fs::rename(beside.path(), folder).with_context(failed)?;
    // It goes by its own name now.
    let _ = beside.keep();
    Ok(())
}

/// What stands in `/dev` by itself, such as `/dev/stdout`, is written to. Whoever may do so, as in a container, would
/// otherwise put a file in its place, and break what else uses it.
fn is_device(path: &Path) -> bool {
    path.starts_with("/dev") && path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
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

/// A temporary folder that its owner alone can enter.
fn beside(parent: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".aehctl-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(parent)
}

/// Lets others enter a folder.
fn open_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    let _ = folder;
    Ok(())
}

/// Makes a folder and those that it is in. What is new can be entered by its owner alone.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Opens a file for adding to it, which its owner alone may read, and that no link leads away from.
pub fn append_private(path: &Path) -> io::Result<File> {
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a symbolic link is in its place"));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        let file = options.mode(0o600).open(path)?;
        // One that was there may be open to others, and a device keeps what it has.
        if file.metadata()?.is_file() {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
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
