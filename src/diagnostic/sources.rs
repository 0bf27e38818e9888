//! The texts of the loaded files, and where in them a byte offset stands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Location;

/// The text of a loaded file, for showing source lines.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// As it is shown: relative to the working directory where possible.
    pub path: PathBuf,
    /// Where it lies, without symbolic links; the same as `path` for a text that is in no file.
    pub place: PathBuf,
    pub text: Arc<str>,
    /// The byte offset at which each line starts, so that finding a line needs no walk through the text.
    line_starts: Vec<u32>,
}

/// All files that were loaded, in the order of loading.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and returns its index for [`Location::file`].
    pub fn add(&mut self, path: &Path, text: impl Into<Arc<str>>) -> u32 {
        self.add_from(path, path, text)
    }

    /// The same for a file that lies elsewhere than it is shown.
    pub fn add_from(&mut self, path: &Path, place: &Path, text: impl Into<Arc<str>>) -> u32 {
        let index = u32::try_from(self.files.len()).expect("fewer than 2^32 files are loaded");
        let text = text.into();
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts =
            std::iter::once(0).chain(after_breaks).map_while(|offset| u32::try_from(offset).ok()).collect();
        self.files.push(SourceFile { path: path.to_owned(), place: place.to_owned(), text, line_starts });
        index
    }

    /// How many files were loaded.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    pub fn file(&self, index: u32) -> &SourceFile {
        &self.files[index as usize]
    }

    /// The text that a location covers.
    pub fn text(&self, location: Location) -> &str {
        &self.file(location.file).text[location.start as usize..location.end as usize]
    }

    /// Where a location starts: line and column, both from 1, the column in characters.
    pub fn position(&self, location: Location) -> (usize, usize) {
        let file = self.file(location.file);
        let (line, start) = file.line_at(location.start);
        let column = file.text.get(start..location.start as usize).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }
}

impl SourceFile {
    /// The number (from 1) and the starting offset of the line that holds a byte offset.
    pub(super) fn line_at(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        (line, self.line_starts[line - 1] as usize)
    }

    /// The line that starts at a byte offset, without its line break.
    pub(super) fn line_from(&self, start: usize) -> &str {
        let rest = &self.text[start..];
        let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
        line.strip_suffix('\r').unwrap_or(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add(Path::new("portal.yaml"), text);
        sources
    }

    fn at(start: u32) -> Location {
        Location { file: 0, start, end: start }
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let sources = sources("a\r\nübung: x\n");
        assert_eq!(sources.position(at(0)), (1, 1));
        assert_eq!(sources.position(at(3)), (2, 1));
        assert_eq!(sources.position(at(5)), (2, 2), "a character of two bytes is one column");
        assert_eq!(sources.position(at(13)), (3, 1), "the end of the file");
    }

    #[test]
    fn an_empty_file_has_a_first_line() {
        assert_eq!(sources("").position(at(0)), (1, 1));
    }

    #[test]
    fn a_line_comes_without_its_break() {
        let sources = sources("a\r\nb");
        assert_eq!(sources.file(0).line_from(0), "a");
        assert_eq!(sources.file(0).line_from(3), "b");
    }
}
