//! Which files a path or an `include` stands for, and their texts.
//!
//! What a manifest names by itself stays inside its repository: symbolic links are resolved before that is checked, so
//! that a manifest from a pull request cannot show what else lies on the machine.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};

use super::load::Archive;

/// Some five times the largest manifest that a portal at its limits needs.
const LARGEST_FILE: u64 = 32 * 1024 * 1024;
/// An `include` that matches more is a slip, such as `**` at the top of a file system.
const MOST_FILES: usize = 10_000;

/// `*` stays within a folder, and hidden files are not matched.
const WITHOUT_DOTS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A file that is to be loaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File {
    /// Absolute, without symbolic links: each file has one.
    pub(super) canonical: PathBuf,
    /// As it is shown.
    pub(super) shown: PathBuf,
}

/// Why a path stands for no files.
#[derive(Debug)]
pub(super) enum PathFault {
    Unreadable {
        shown: PathBuf,
        error: io::Error,
    },
    /// It is, or leads to, something outside of the repository.
    Outside {
        root: PathBuf,
    },
    /// No YAML file is there.
    Nothing,
    TooMany,
    BadPattern {
        message: &'static str,
    },
}

/// The text of a file, or why it cannot be read. A byte order mark is left out.
pub(super) enum Text {
    Read(String),
    /// The text with its bad bytes replaced, and the offset of the first of them.
    NotUtf8 {
        text: String,
        valid_up_to: usize,
    },
    TooLarge,
    Unreadable(io::Error),
}

fn from_disk(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Taking one byte more than allowed tells a file that is too large from one that just fits, and ends a device.
    fs::File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: io::Result<Vec<u8>>) -> Text {
    let mut bytes = match bytes {
        Ok(bytes) if bytes.len() as u64 > LARGEST_FILE => return Text::TooLarge,
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Text::TooLarge,
        Err(error) => return Text::Unreadable(error),
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Text::Read(text),
        Err(error) => {
            let valid_up_to = error.utf8_error().valid_up_to();
            Text::NotUtf8 { text: String::from_utf8_lossy(error.as_bytes()).into_owned(), valid_up_to }
        }
    }
}

/// Which files somebody means, by where they really lie.
pub(super) enum Scope {
    /// A file, or a folder with the files directly in it.
    Place(PathBuf),
    Pattern(Pattern),
}

impl Scope {
    pub(super) fn holds(&self, file: &File) -> bool {
        match self {
            Self::Place(place) => file.canonical == *place || file.canonical.parent() == Some(place),
            Self::Pattern(pattern) => pattern.matches_path_with(&file.canonical, WITHOUT_DOTS),
        }
    }
}

/// Where a file really lies, seen from the folder of another one, as one would write it there.
pub(super) fn seen_from(from: &File, file: &File) -> String {
    let folder = from.canonical.parent().unwrap_or(&from.canonical);
    let shared = folder.components().zip(file.canonical.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(file.canonical.components().skip(shared)).collect();
    path.to_string_lossy().into_owned()
}

/// Turns paths into files, seen from a working directory.
pub(super) struct Finder<'a> {
    /// Without symbolic links.
    working_directory: PathBuf,
    archive: Option<&'a Archive<'a>>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(working_directory: &Path, archive: Option<&'a Archive<'a>>) -> Self {
        let working_directory = working_directory.canonicalize().unwrap_or_else(|_| working_directory.to_owned());
        Self { working_directory, archive }
    }

    pub(super) fn read(&self, file: &File) -> Text {
        let Some(archive) = self.archive else { return text(from_disk(&file.canonical)) };
        let read = |below| (archive.read)(below, LARGEST_FILE);
        text(file.canonical.strip_prefix(archive.root).map_err(|_| io::ErrorKind::NotFound.into()).and_then(read))
    }

    /// Where a file lies: in an archive, below its root.
    pub(super) fn place<'file>(&self, file: &'file File) -> &'file Path {
        let below = self.archive.and_then(|archive| file.canonical.strip_prefix(archive.root).ok());
        below.unwrap_or(&file.canonical)
    }

    /// A path as the command line or an archive calls it.
    pub(super) fn told(&self, path: &Path) -> PathBuf {
        let Some(archive) = self.archive else { return path.to_owned() };
        let below = path.strip_prefix(archive.root).unwrap_or(path);
        let mut told = std::ffi::OsString::from(archive.label);
        told.push(below);
        told.into()
    }

    /// The files that a path from the command line stands for: itself, or the YAML files in a folder.
    pub(super) fn named(&self, path: &Path) -> Result<Vec<File>, PathFault> {
        let full = self.working_directory.join(path);
        let canonical = full.canonicalize().map_err(|error| PathFault::Unreadable { shown: self.told(path), error })?;
        if self.archive.is_some_and(|archive| !canonical.starts_with(archive.root)) {
            return Err(PathFault::Outside { root: self.told(Path::new("")) });
        }
        if !canonical.is_dir() {
            return Ok(vec![File { shown: self.shown(&canonical, path), canonical }]);
        }
        let root = self.root_of(&canonical);
        let files = self.in_folder(&canonical, path, &root)?;
        if files.is_empty() { Err(PathFault::Nothing) } else { Ok(files) }
    }

    /// The files that an entry of a file's `include` stands for, sorted.
    pub(super) fn included(&self, from: &File, entry: &str) -> Result<Vec<File>, PathFault> {
        let folder = from.canonical.parent().unwrap_or(&from.canonical);
        let root = self.root_of(folder);
        let outside = || PathFault::Outside { root: self.shown(&root, &root) };
        let is_pattern = is_pattern(entry);
        let place = lexically_inside(&root, folder, entry).ok_or_else(outside)?;
        let matches = if is_pattern { self.matching(&place, &root)? } else { vec![place] };
        let mut files = Vec::new();
        for path in matches {
            let canonical = path
                .canonicalize()
                .map_err(|error| PathFault::Unreadable { shown: self.shown(&path, &path), error })?;
            if !canonical.starts_with(&root) {
                return Err(outside());
            }
            if canonical.is_dir() {
                files.extend(self.in_folder(&canonical, &path, &root)?);
            } else if !is_pattern || is_yaml(&path) {
                files.push(File { shown: self.shown(&canonical, &path), canonical });
            }
        }
        files.sort();
        files.dedup();
        if files.is_empty() { Err(PathFault::Nothing) } else { Ok(files) }
    }

    /// The files that an entry under `delegate` means: a file, those directly in a folder, or those that a pattern
    /// matches. No link is followed on the way, so that nobody who may make one chooses what is meant.
    pub(super) fn scope(&self, from: &File, entry: &str) -> Result<Scope, PathFault> {
        let folder = from.canonical.parent().unwrap_or(&from.canonical);
        let root = self.root_of(folder);
        let place = lexically_inside(&root, folder, entry)
            .ok_or_else(|| PathFault::Outside { root: self.shown(&root, &root) })?;
        if !is_pattern(entry) {
            return Ok(Scope::Place(place));
        }
        let text = place.to_str().ok_or(PathFault::BadPattern { message: "the folder's name is not UTF-8" })?;
        Pattern::new(text).map(Scope::Pattern).map_err(|error| PathFault::BadPattern { message: error.msg })
    }

    fn matching(&self, place: &Path, root: &Path) -> Result<Vec<PathBuf>, PathFault> {
        let with_dots = MatchOptions { require_literal_leading_dot: false, ..WITHOUT_DOTS };
        let text = place.to_str().ok_or(PathFault::BadPattern { message: "the folder's name is not UTF-8" })?;
        let bad = |error: PatternError| PathFault::BadPattern { message: error.msg };
        let pattern = Pattern::new(text).map_err(bad)?;
        // Walking without hidden files does not survive a name that is not UTF-8; so they are left out afterwards.
        let is_meant = |path: &Path| pattern.matches_path_with(path, WITHOUT_DOTS);
        let is_hidden = |path: &Path| {
            let below = path.strip_prefix(root).unwrap_or(path);
            below.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
        };
        let mut matches = Vec::new();
        for path in glob::glob_with(text, with_dots).map_err(bad)? {
            match path {
                Ok(path) if is_meant(&path) => matches.push(path),
                Ok(_) => {}
                Err(error) if is_hidden(error.path()) => {}
                Err(error) => {
                    let shown = self.shown(error.path(), error.path());
                    return Err(PathFault::Unreadable { shown, error: error.into() });
                }
            }
            if matches.len() > MOST_FILES {
                break;
            }
        }
        if matches.len() > MOST_FILES { Err(PathFault::TooMany) } else { Ok(matches) }
    }

    /// The YAML files that lie directly in a folder, sorted by name; hidden ones are left out.
    fn in_folder(&self, folder: &Path, named: &Path, root: &Path) -> Result<Vec<File>, PathFault> {
        let unreadable = |error| PathFault::Unreadable { shown: self.told(named), error };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let path = folder.join(&name);
            if !is_yaml(&path) || name.to_string_lossy().starts_with('.') {
                continue;
            }
            let shown = named.join(&name);
            let canonical =
                path.canonicalize().map_err(|error| PathFault::Unreadable { shown: self.told(&shown), error })?;
            if !canonical.starts_with(root) {
                return Err(PathFault::Outside { root: self.shown(root, root) });
            }
            if !canonical.is_dir() {
                files.push(File { shown: self.shown(&canonical, &shown), canonical });
            }
        }
        files.sort_by(|one, other| one.shown.cmp(&other.shown));
        Ok(files)
    }

    /// What a manifest in this folder may reach: its repository; outside of one, the working directory if that holds
    /// the folder, or else the folder alone.
    fn root_of(&self, folder: &Path) -> PathBuf {
        if let Some(archive) = self.archive {
            return archive.root.to_owned();
        }
        if let Some(repository) = folder.ancestors().find(|ancestor| ancestor.join(".git").exists()) {
            return repository.to_owned();
        }
        let is_whole_system = self.working_directory.parent().is_none();
        if folder.starts_with(&self.working_directory) && !is_whole_system {
            return self.working_directory.clone();
        }
        folder.to_owned()
    }

    /// Relative to the working directory, or else as it was named.
    fn shown(&self, path: &Path, named: &Path) -> PathBuf {
        if self.archive.is_some() {
            return self.told(path);
        }
        match path.strip_prefix(&self.working_directory) {
            Ok(relative) if relative.as_os_str().is_empty() => PathBuf::from("."),
            Ok(relative) => relative.to_owned(),
            Err(_) => named.to_owned(),
        }
    }
}

/// Joins an entry to its folder without looking at the file system, so that nothing outside is even looked for.
/// The folder's own characters stand for themselves in a pattern.
fn lexically_inside(root: &Path, folder: &Path, entry: &str) -> Option<PathBuf> {
    let mut place = folder.to_owned();
    let mut patterns: Vec<&str> = Vec::new();
    for component in Path::new(entry).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if patterns.is_empty() => {
                place.pop();
            }
            Component::ParentDir => return None,
            Component::Normal(name) => {
                let name = name.to_str()?;
                if patterns.is_empty() && !is_pattern(name) {
                    place.push(name);
                } else {
                    patterns.push(name);
                }
            }
            Component::RootDir | Component::Prefix(_) => place = PathBuf::from(component.as_os_str()),
        }
        // On the way up to a common ancestor a path may leave the root and come back: that is not worth allowing.
        if !place.starts_with(root) && !root.starts_with(&place) {
            return None;
        }
    }
    if !place.starts_with(root) {
        return None;
    }
    if patterns.is_empty() {
        return Some(place);
    }
    let mut pattern = PathBuf::from(Pattern::escape(place.to_str()?));
    pattern.extend(patterns);
    Some(pattern)
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
}
