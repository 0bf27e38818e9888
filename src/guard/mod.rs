//! What a plan may not do without an explicit word. Pure.
//!
//! [`guards`] gathers, while a plan is made, what its guards need to know; [`violations`] looks at the plan alone, so
//! that a saved plan is checked again where it is applied, perhaps with other limits.

mod check;
mod delegation;
mod gather;
mod loosening;
#[cfg(test)]
mod tests;
mod words;

pub use check::violations;
pub use delegation::delegation_loosened;
pub use gather::{guards, unknown};
pub use loosening::tightened;
pub use words::{MissingWord, missing_words};

use crate::address::{Address, AddressWord};
use crate::limit::Limit;
use crate::plan::{Guards, Limits, Plan};

/// What somebody at the command line says in place of the manifest, in either direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    pub max_deletes: Option<Limit>,
    pub max_updates: Option<Limit>,
    pub max_approvals: Option<usize>,
    pub min_administrators: Option<usize>,
    pub unprotected: Vec<AddressWord>,
    /// The flags as they were written, for showing.
    pub flags: Vec<String>,
}

/// Lets an operator's word stand in place of the plan's own limits, and checks the plan anew.
pub fn overrule(plan: &mut Plan, overrides: &Overrides) {
    let Overrides { max_deletes, max_updates, max_approvals, min_administrators, unprotected, flags } = overrides;
    let Guards { limits, protected, unprotected: lifted, overrides: shown, .. } = &mut plan.guards;
    *limits = Limits {
        max_deletes: max_deletes.unwrap_or(limits.max_deletes),
        max_updates: max_updates.unwrap_or(limits.max_updates),
        max_approvals: max_approvals.unwrap_or(limits.max_approvals),
        min_administrators: min_administrators.unwrap_or(limits.min_administrators),
    };
    let target = &plan.target;
    let is_meant = |address: &&Address| {
        let named = target.by_business_group(address);
        unprotected.iter().any(|word| word.means(address) || named.as_ref().is_some_and(|named| word.means(named)))
    };
    lifted.extend(protected.iter().flat_map(|protection| &protection.addresses).filter(is_meant).cloned());
    for flag in flags {
        if !shown.contains(flag) {
            shown.push(flag.clone());
        }
    }
    plan.guards.violations = violations(plan);
}
