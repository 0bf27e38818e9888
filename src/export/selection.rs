//! What is exported, where that is not everything: of which kinds, and under which names.

use std::collections::BTreeSet;

use crate::address::NamePattern;

/// Objects that can be exported by themselves. Mappings go with their groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Part {
    /// User groups, with their mappings
    UserGroups,
    /// Published assets, and who sees which version
    Assets,
    /// Members and their groups, which are personal data
    Members,
}

/// Everything, unless it is narrowed down.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Empty: of every kind.
    pub only: BTreeSet<Part>,
    /// Empty: under any name.
    pub filters: Vec<NamePattern>,
}

impl Selection {
    pub(super) fn is_everything(&self) -> bool {
        let Self { only, filters } = self;
        only.is_empty() && filters.is_empty()
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Whether an object is meant, by any of its names.
    pub(super) fn takes<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        self.filters.is_empty() || names.into_iter().any(|name| self.filters.iter().any(|filter| filter.matches(name)))
    }
}
