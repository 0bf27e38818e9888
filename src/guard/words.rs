//! The words that must be given for what cannot be undone or gives much.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::plan::{Allow, Plan};

/// A word that the plan needs and nobody gave, with what it is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingWord {
    pub word: Allow,
    pub addresses: Vec<Address>,
}

/// The words that are needed and neither in the plan nor among the given ones. The emulator needs none.
pub fn missing_words(plan: &Plan, given: &BTreeSet<Allow>) -> Vec<MissingWord> {
    if plan.target.portal.emulator {
        return Vec::new();
    }
    let mut needed: BTreeMap<Allow, Vec<Address>> = BTreeMap::new();
    for change in &plan.changes {
        for word in plan.needed_words(change) {
            let addresses = needed.entry(word).or_default();
            if addresses.last() != Some(&change.address) {
                addresses.push(change.address.clone());
            }
        }
    }
    needed
        .into_iter()
        .filter(|(word, _)| !plan.allow.contains(word) && !given.contains(word))
        .map(|(word, addresses)| MissingWord { word, addresses })
        .collect()
}
