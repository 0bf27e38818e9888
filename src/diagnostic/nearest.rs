//! The name that a typo most likely meant.

/// The candidate that a misspelt word most probably means, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Comparing takes the product of the lengths; nobody misspells a page of text.
    const LONGEST: usize = 200;
    /// More than a portal has of anything that is told apart by name alone.
    const MOST_CANDIDATES: usize = 500;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let furthest = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= furthest)
        .min()
        .map(|(_, candidate)| candidate)
}
