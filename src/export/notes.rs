//! What the export could not say, told twice: as a comment where it would stand, and as a notice.

use std::fmt::{Display, Write as _};

use crate::diagnostic::neutralize;

/// So many notices of one section are told; the comments hold the rest.
const MOST: usize = 20;
/// So many characters of a name are shown.
const LONGEST: usize = 100;
/// So many items of a list are shown.
const MOST_LISTED: usize = 5;

/// The notices of an export, section by section.
#[derive(Debug, Default)]
pub(super) struct Notices {
    told: Vec<String>,
}

impl Notices {
    pub(super) fn push(&mut self, notice: impl Into<String>) {
        self.told.push(notice.into());
    }

    /// Tells of what a section leaves out.
    pub(super) fn section(&mut self, section: &str, mut notices: Vec<String>) {
        if notices.len() > MOST {
            let more = notices.len() - (MOST - 1);
            notices.truncate(MOST - 1);
            notices.push(format!("{more} more remarks on `{section}` stand as comments in the manifest"));
        }
        self.told.append(&mut notices);
    }

    pub(super) fn finish(self) -> Vec<String> {
        self.told.into_iter().map(|notice| neutralize(&notice).into_owned()).collect()
    }
}

/// A name in a sentence, harmless and of bounded length.
pub(super) fn shown(name: &str) -> String {
    let mut characters = name.chars();
    let start: String = characters.by_ref().take(LONGEST).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("`{}{more}`", neutralize(&start))
}

/// `a, b, c`, cut after a few.
pub(super) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    let mut items = items.into_iter();
    let mut text = items.by_ref().take(MOST_LISTED).map(|item| item.to_string()).collect::<Vec<_>>().join(", ");
    let more = items.count();
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_short() {
        assert_eq!(shown("a\u{1b}\nb"), "`a␛␊b`");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), LONGEST + 3);
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed([1, 2]), "1, 2");
        assert_eq!(listed(1..=7), "1, 2, 3, 4, 5 and 2 more");
    }

    #[test]
    fn a_flood_of_notices_is_counted() {
        let mut notices = Notices::default();
        notices.section("assets", (0..30).map(|number| number.to_string()).collect());
        let told = notices.finish();
        assert_eq!(told.len(), MOST);
        assert_eq!(told[MOST - 1], "11 more remarks on `assets` stand as comments in the manifest");
    }
}
