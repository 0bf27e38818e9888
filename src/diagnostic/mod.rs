//! Faults in what people wrote: located, collected, and shown all at once.
//!
//! Knows files and text only; the manifest's modules and the resolver make the diagnostics.

mod json;
mod nearest;
mod neutral;
mod render;
mod sources;

use std::fmt;
use std::ops::Deref;

pub use json::to_json;
pub use nearest::nearest;
pub use neutral::neutralize;
pub use render::render;
pub use sources::{SourceFile, Sources};

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

impl Severity {
    /// The word that people and scripts see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
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
