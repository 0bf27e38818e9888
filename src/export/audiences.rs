//! Sets of groups that several versions share become named audiences.

use std::collections::{BTreeMap, BTreeSet};

use super::Section;
use super::names::slug;
use super::yaml::{Layout, Node};
use crate::manifest::model::GroupReference;

/// The groups that see a version, administrators aside.
pub(super) type Audience = BTreeSet<GroupReference>;

/// The audiences that got a name.
pub(super) struct Audiences {
    names: BTreeMap<Audience, String>,
}

impl Audiences {
    /// Names what is worth a name, from every place where an audience is to be written.
    pub(super) fn fold<'a>(written: impl IntoIterator<Item = &'a Audience>) -> Self {
        let mut uses: BTreeMap<&Audience, usize> = BTreeMap::new();
        for audience in written {
            *uses.entry(audience).or_default() += 1;
        }
        uses.retain(|audience, uses| is_worth_a_name(audience, *uses));
        let mut by_name: BTreeMap<String, Vec<&Audience>> = BTreeMap::new();
        for audience in uses.into_keys() {
            by_name.entry(name_of(audience)).or_default().push(audience);
        }
        let mut names: BTreeMap<Audience, String> = BTreeMap::new();
        for (name, audiences) in &by_name {
            if let [only] = audiences.as_slice() {
                names.insert((*only).clone(), name.clone());
                continue;
            }
            // Several of one name are all numbered; a number must not meet a name that ends in one.
            let numbered =
                (1_u64..).map(|number| format!("{name}-{number}")).filter(|name| !by_name.contains_key(name));
            names.extend(audiences.iter().map(|audience| (*audience).clone()).zip(numbered));
        }
        Self { names }
    }

    /// The audience as it is written at a version: its name, or its groups.
    pub(super) fn node(&self, audience: &Audience) -> Node {
        match self.names.get(audience) {
            Some(name) => Node::list([Node::text(&format!("audience:{name}"))]),
            None => groups(audience),
        }
    }

    pub(super) fn section(self) -> Section {
        let named: BTreeMap<String, Audience> =
            self.names.into_iter().map(|(audience, name)| (name, audience)).collect();
        let about = vec!["Sets of groups that several versions share, named after their groups.".to_owned()];
        let node = Node::map(Layout::Spread, named.iter().map(|(name, audience)| (name.as_str(), groups(audience))));
        Section { key: "audiences", about, left_out: Vec::new(), node: (!named.is_empty()).then_some(node) }
    }
}

/// A name pays when it saves more reading than the look at its declaration costs.
fn is_worth_a_name(audience: &Audience, uses: usize) -> bool {
    match audience.len() {
        0 | 1 => false,
        2 | 3 => uses >= 3,
        _ => uses >= 2,
    }
}

fn groups(audience: &Audience) -> Node {
    Node::list(audience.iter().map(|group| Node::text(group.as_str())))
}

/// What the groups have in common, or else their names.
fn name_of(audience: &Audience) -> String {
    /// Longer names are not read any more.
    const LONGEST: usize = 40;
    let words: Vec<String> = audience.iter().map(word).filter(|word| !word.is_empty()).collect();
    let Some((first, rest)) = words.split_first() else { return "audience".to_owned() };
    let common = rest.iter().fold(first.as_str(), |common, word| common_words(common, word));
    if !common.is_empty() {
        return common.to_owned();
    }
    let joined = words.join("-and-");
    if words.len() <= 3 && joined.chars().count() <= LONGEST {
        return joined;
    }
    format!("{first}-and-{}-more", audience.len() - 1)
}

fn word(group: &GroupReference) -> String {
    match group {
        GroupReference::System(system) => slug(system.as_str().trim_start_matches("system:")),
        GroupReference::Named(name) => slug(name),
    }
}

/// The words at the start of both.
fn common_words<'t>(one: &'t str, other: &str) -> &'t str {
    let mut end = 0;
    let mut at = 0;
    for (mine, theirs) in one.split('-').zip(other.split('-')) {
        if mine != theirs {
            break;
        }
        end = at + mine.len();
        at = end + 1;
    }
    &one[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::model::SystemGroup;

    fn audience(names: &[&str]) -> Audience {
        names.iter().map(|name| GroupReference::Named((*name).to_owned())).collect()
    }

    #[test]
    fn audiences_are_named_after_their_groups() {
        for (names, expected) in [
            (&["Partner Acme", "Partner Zephyr"][..], "partner"),
            (&["Gold Tier", "Silver Tier"], "gold-tier-and-silver-tier"),
            (&["Partner One", "Partners Two"], "partner-one-and-partners-two"),
            (&["A", "B", "C", "D"], "a-and-3-more"),
            (&["***", "!!!"], "audience"),
            (&["***", "Gold"], "gold"),
        ] {
            assert_eq!(name_of(&audience(names)), expected);
        }
        let mut with_built_in = audience(&["Partner Acme"]);
        with_built_in.insert(GroupReference::System(SystemGroup::Guests));
        assert_eq!(name_of(&with_built_in), "guests-and-partner-acme");
    }

    #[test]
    fn names_are_distinct() {
        let sets = [
            audience(&["P a", "P b"]),
            audience(&["P a", "P c"]),
            audience(&["P 1 a", "P 1 b"]),
            audience(&["P b", "P c"]),
        ];
        let folded = Audiences::fold(sets.iter().flat_map(|set| [set; 3]));
        let names: Vec<&str> = sets.iter().map(|set| folded.names[set].as_str()).collect();
        assert_eq!(names, ["p-2", "p-3", "p-1", "p-4"]);
    }

    #[test]
    fn what_occurs_seldom_gets_no_name() {
        let (one, pair, crowd) = (audience(&["A"]), audience(&["A", "B"]), audience(&["A", "B", "C", "D"]));
        let folded = Audiences::fold([&one, &one, &one, &one, &pair, &pair, &crowd, &crowd]);
        assert_eq!(folded.names.keys().collect::<Vec<_>>(), [&crowd]);
    }
}
