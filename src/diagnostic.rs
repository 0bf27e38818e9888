//! Faults in what people wrote: located, collected, and shown all at once.
//!
//! Knows files and text only; the manifest's modules and the resolver make the diagnostics.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in one of the loaded files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Index into [`Sources`].
    pub file: u32,
    /// Byte offsets.
    pub start: u32,
    pub end: u32,
}

/// A value with the place where it stands.
///
/// Two located values are equal if the values are: where something stands decides nothing.
#[derive(Clone)]
pub struct Located<T> {
    pub value: T,
    pub location: Location,
}

impl<T> Located<T> {
    pub fn new(value: T, location: Location) -> Self {
        Self { value, location }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// One fault with everything that a renderer needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A stable word for scripts, e.g. `unknown-group`.
    pub code: &'static str,
    /// A lowercase fragment.
    pub message: String,
    pub location: Option<Location>,
    /// Other places that belong to the fault, e.g. where a name was declared first.
    pub related: Vec<(Location, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, location: impl Into<Option<Location>>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: location.into(),
            related: Vec::new(),
            help: None,
        }
    }

    pub fn warning(code: &'static str, location: impl Into<Option<Location>>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, location, message) }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn with_related(mut self, location: Location, message: impl Into<String>) -> Self {
        self.related.push((location, message.into()));
        self
    }
}

/// The text of a loaded file, for showing source lines.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// As it is shown: relative to the working directory where possible.
    pub path: PathBuf,
    pub text: Arc<str>,
}

/// All files that were loaded, in the order of loading.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and returns its index for [`Location::file`].
    pub fn add(&mut self, path: &Path, text: impl Into<Arc<str>>) -> u32 {
        let index = u32::try_from(self.files.len()).expect("fewer than 2^32 files are loaded");
        self.files.push(SourceFile { path: path.to_owned(), text: text.into() });
        index
    }

    pub fn file(&self, index: u32) -> &SourceFile {
        &self.files[index as usize]
    }

    /// The text that a location covers.
    pub fn text(&self, location: Location) -> &str {
        let Range { start, end } = location.start as usize..location.end as usize;
        &self.file(location.file).text[start..end]
    }
}
