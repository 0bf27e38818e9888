//! Edits of manifests' files: checked by loading them, shown as a patch, written all or none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use similar::TextDiff;

use super::context;
use crate::diagnostic::{Location, Sources};
use crate::failure::Failure;
use crate::files;
use crate::manifest::load::{Archive, Loaded, load_archived};
use crate::render::text;

/// One file as it is and as it will be, whole.
pub(super) struct Edit {
    place: PathBuf,
    old: String,
    new: String,
}

/// What is to be done to the files that were loaded; fails if one of them is another by now.
pub(super) fn of(sources: &Sources, texts: &BTreeMap<u32, String>) -> Result<Vec<Edit>> {
    const MARK: &str = "\u{feff}";
    let edit = |(file, new): (&u32, &String)| {
        let source = sources.file(*file);
        let old = files::read_text(&source.place)?;
        let mark = if old.starts_with(MARK) { MARK } else { "" };
        if old[mark.len()..] != *source.text {
            let shown = source.path.display();
            return Err(Failure::new(format!("{shown} was changed while it was worked on; nothing was written"))
                .hint("try again")
                .into());
        }
        Ok(Edit { place: source.place.clone(), new: format!("{mark}{new}"), old })
    };
    texts.iter().filter(|(file, new)| *sources.file(**file).text != ***new).map(edit).collect()
}

/// Loads the same files with other texts in place of their own.
pub(super) fn load(paths: &[PathBuf], sources: &Sources, texts: &BTreeMap<u32, String>) -> Result<Loaded> {
    let working_directory = context::working_directory()?;
    let working_directory = working_directory.canonicalize().unwrap_or(working_directory);
    let places = sources.iter().filter_map(|source| source.place.parent());
    let root = places.fold(working_directory.clone(), |root, place| common(&root, place));
    let edited: BTreeMap<&Path, &String> =
        texts.iter().map(|(file, text)| (sources.file(*file).place.as_path(), text)).collect();
    let read = |below: &Path, _| {
        let place = root.join(below);
        edited.get(place.as_path()).map_or_else(|| std::fs::read(&place), |text| Ok(text.as_bytes().to_vec()))
    };
    let paths: Vec<PathBuf> = paths.iter().map(|path| working_directory.join(path)).collect();
    Ok(load_archived(&paths, &context::environment, &Archive { root: &root, label: "", read: &read }))
}

fn common(one: &Path, other: &Path) -> PathBuf {
    one.components().zip(other.components()).take_while(|(one, other)| one == other).map(|(part, _)| part).collect()
}

/// The edits as a unified diff, with paths from the top of the repository, or else from the working directory.
pub(super) fn patch(edits: &[Edit]) -> Result<String> {
    let working_directory = context::working_directory()?;
    let working_directory = working_directory.canonicalize().unwrap_or(working_directory);
    let mut patch = String::new();
    for Edit { place, old, new } in edits {
        let repository = place.ancestors().skip(1).find(|folder| folder.join(".git").exists());
        let below = place.strip_prefix(repository.unwrap_or(&working_directory)).unwrap_or(place);
        let name = below.to_string_lossy();
        let diff = TextDiff::from_lines(old, new);
        let _ = write!(patch, "{}", diff.unified_diff().header(&side("a", &name), &side("b", &name)));
    }
    Ok(patch)
}

/// The line of a file, for messages.
pub(super) fn line(sources: &Sources, location: Location) -> String {
    format!("{}:{}", sources.file(location.file).path.display(), sources.position(location).0)
}

/// A path in a header of a diff, as `git` and `patch` read it: what acts is escaped, and spaces are fenced by a tab.
fn side(side: &str, path: &str) -> String {
    let path = format!("{side}/{path}");
    if path.chars().any(|character| character.is_control() || matches!(character, '"' | '\\')) {
        let bytes = path.bytes().map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\{byte:03o}"),
        });
        return format!("\"{}\"", bytes.collect::<String>());
    }
    let tab = if path.contains(' ') { "\t" } else { "" };
    format!("{path}{tab}")
}

/// A patch line by line; what would act on a terminal is shown instead.
pub(super) fn shown(patch: &str) -> String {
    let lines = patch.split_inclusive('\n').map(|line| {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        // A tab is a fence in headers and layout elsewhere.
        let shown: Vec<_> = line.split('\t').map(text::terminal).collect();
        format!("{}{end}", shown.join("\t"))
    });
    lines.collect()
}

/// Writes the files.
pub(super) fn write(edits: &[Edit]) -> Result<()> {
    files::replace_all(edits.iter().map(|Edit { place, new, .. }| (place.as_path(), new.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_what_git_reads() {
        for (path, expected) in [
            ("portal.yaml", "a/portal.yaml"),
            ("my portal.yaml", "a/my portal.yaml\t"),
            ("é.yaml", "a/é.yaml"),
            ("a\"b\n\u{1b}.yaml", "\"a/a\\\"b\\012\\033.yaml\""),
        ] {
            assert_eq!(side("a", path), expected);
        }
    }

    #[test]
    fn the_common_folder_of_paths() {
        assert_eq!(common(Path::new("/a/b/c"), Path::new("/a/b/d")), Path::new("/a/b"));
        assert_eq!(common(Path::new("/a"), Path::new("/b")), Path::new("/"));
        assert_eq!(common(Path::new("/a/b"), Path::new("/a/bc")), Path::new("/a"));
    }
}
