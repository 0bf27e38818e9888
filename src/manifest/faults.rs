//! Collects what is wrong while reading goes on, and finds the name that was probably meant.

use std::collections::{BTreeMap, HashMap, btree_map, hash_map};
use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, Located, Location, Severity, nearest};

/// So many errors, and so many warnings, are told of; nobody reads more.
const MOST_DIAGNOSTICS: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many of each severity are among the diagnostics, and how many were dropped for their number.
    kept: BTreeMap<Severity, usize>,
    dropped: BTreeMap<Severity, usize>,
    /// Something was left out that may have declared names: a name that seems unknown may be known after all.
    pub(super) incomplete: bool,
}

impl Faults {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full(diagnostic.severity) {
            *self.dropped.entry(diagnostic.severity).or_default() += 1;
        } else {
            *self.kept.entry(diagnostic.severity).or_default() += 1;
            self.diagnostics.push(diagnostic);
        }
    }

    /// How many errors there are.
    pub(super) fn errors(&self) -> usize {
        [&self.kept, &self.dropped].into_iter().filter_map(|counts| counts.get(&Severity::Error)).sum()
    }

    /// Whether further diagnostics of this severity are dropped.
    pub(super) fn is_full(&self, severity: Severity) -> bool {
        self.kept.get(&severity).is_some_and(|count| *count >= MOST_DIAGNOSTICS)
    }

    /// Takes over what another collection holds.
    pub(super) fn absorb(&mut self, other: Self) {
        for diagnostic in other.diagnostics {
            self.push(diagnostic);
        }
        for (severity, count) in other.dropped {
            *self.dropped.entry(severity).or_default() += count;
        }
    }

    /// The diagnostics by file and place, with a word on those that were dropped.
    pub(super) fn in_order(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.location, diagnostic.severity));
        let dropped = self.dropped.into_iter().map(|(severity, count)| {
            let message = format!("{count} more {}s are not shown", severity.as_str());
            Diagnostic { severity, ..Diagnostic::error("not-shown", None, message) }
        });
        self.diagnostics.extend(dropped);
        self.diagnostics
    }

    pub(super) fn error(&mut self, code: &'static str, location: Location, message: impl Into<String>, help: &str) {
        self.push(Diagnostic::error(code, location, message).with_help(help));
    }

    /// Reports a word that is none of the candidates, unless so much was reported that looking for the nearest one is
    /// idle work.
    pub(super) fn unknown<'a>(
        &mut self,
        code: &'static str,
        location: Location,
        message: impl Into<String>,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str> + Clone,
    ) {
        let help = if self.is_full(Severity::Error) { String::new() } else { suggestion(word, candidates) };
        self.error(code, location, message, &help);
    }

    pub(super) fn warning(&mut self, code: &'static str, location: Location, message: impl Into<String>, help: &str) {
        self.push(Diagnostic::warning(code, location, message).with_help(help));
    }

    /// Reports the items of a list that stand in it before already.
    pub(super) fn refuse_repetition<T: Ord>(&mut self, items: &[Located<T>], message: impl Fn(&T) -> String) {
        let mut places = BTreeMap::new();
        for item in items {
            match places.entry(&item.value) {
                btree_map::Entry::Vacant(place) => {
                    place.insert(item.location);
                }
                btree_map::Entry::Occupied(first) => self.push(
                    Diagnostic::error("duplicate-entry", item.location, message(item))
                        .with_related(*first.get(), "first here"),
                ),
            }
        }
    }
}

/// Names that were seen so far, to tell repeated ones from those that only look alike.
#[derive(Debug, Default)]
pub(super) struct Seen {
    exact: HashMap<String, Location>,
    /// The first spelling of each name, by its lower case.
    folded: HashMap<String, (String, Location)>,
}

/// What was seen before under a name.
#[derive(Debug, PartialEq)]
pub(super) enum Before {
    Nothing,
    Same(Location),
    /// A spelling that differs in case alone.
    Similar(String, Location),
}

impl Seen {
    pub(super) fn add(&mut self, name: &str, location: Location) -> Before {
        if let Some(first) = self.exact.get(name) {
            return Before::Same(*first);
        }
        self.exact.insert(name.to_owned(), location);
        match self.folded.entry(name.to_lowercase()) {
            hash_map::Entry::Vacant(place) => {
                place.insert((name.to_owned(), location));
                Before::Nothing
            }
            hash_map::Entry::Occupied(first) => Before::Similar(first.get().0.clone(), first.get().1),
        }
    }
}

/// Two spellings that the hub may take for one name.
pub(super) fn similar_names(name: &str, location: Location, other: &str, first: Location) -> Diagnostic {
    Diagnostic::warning("similar-name", location, format!("`{name}` and `{other}` differ in case alone"))
        .with_related(first, "the other one")
        .with_help("is one of them misspelt?")
}

/// "did you mean `x`?", or else what there is to choose from.
pub(super) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if candidates.clone().into_iter().next().is_none() => "none is declared here".to_owned(),
        None => format!("known here: {}", enumeration(candidates)),
    }
}

/// "`a`, `b`, `c`", cut after a dozen.
pub(super) fn enumeration<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let mut text = String::new();
    let mut words = words.into_iter();
    for word in words.by_ref().take(MOST) {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}`{word}`");
    }
    match words.count() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins_and_a_far_one_is_none() {
        let names = ["userGroups", "assets", "members"];
        assert_eq!(nearest("usergroup", names), Some("userGroups"));
        assert_eq!(nearest("memebrs", names), Some("members"), "swapped letters are one slip");
        assert_eq!(nearest("prospects", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn repeated_names_are_told_from_similar_ones() {
        let at = |start| Location { file: 0, start, end: start };
        let mut seen = Seen::default();
        assert_eq!(seen.add("Gold", at(1)), Before::Nothing);
        assert_eq!(seen.add("gold", at(2)), Before::Similar("Gold".to_owned(), at(1)));
        assert_eq!(seen.add("gold", at(3)), Before::Same(at(2)));
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (1..=14).map(|number| format!("n{number}")).collect();
        let text = enumeration(names.iter().map(String::as_str));
        assert!(text.starts_with("`n1`, ") && text.ends_with("`n12` and 2 more"), "{text}");
    }
}
