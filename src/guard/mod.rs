//! What a plan may not do without an explicit word. Pure.
//!
//! [`guards`] gathers, while a plan is made, what its guards need to know; [`violations`] looks at the plan alone, so
//! that a saved plan is checked again where it is applied, perhaps with other limits.

mod check;
mod delegation;
mod gather;
mod hidden;
mod loosening;
mod people;
#[cfg(test)]
mod tests;
mod words;

pub use check::violations;
pub use delegation::delegation_loosened;
pub use gather::{guards, unknown};
pub use hidden::{needs_sight, survey};
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
    pub max_access_loss: Option<Limit>,
    pub max_access_gain: Option<Limit>,
    pub exposed: Vec<AddressWord>,
    /// The flags as they were written, for showing.
    pub flags: Vec<String>,
}

/// Lets an operator's word stand in place of the plan's own limits, and checks the plan anew.
pub fn overrule(plan: &mut Plan, overrides: &Overrides) {
    let Overrides {
        max_deletes,
        max_updates,
        max_approvals,
        min_administrators,
        unprotected,
        max_access_loss,
        max_access_gain,
        exposed,
        flags,
    } = overrides;
    let Guards { limits, protected, unprotected: lifted, exposures, exposed: shown_anyway, overrides: shown, .. } =
        &mut plan.guards;
    *limits = Limits {
        max_deletes: max_deletes.unwrap_or(limits.max_deletes),
        max_updates: max_updates.unwrap_or(limits.max_updates),
        max_approvals: max_approvals.unwrap_or(limits.max_approvals),
        min_administrators: min_administrators.unwrap_or(limits.min_administrators),
        max_access_loss: max_access_loss.unwrap_or(limits.max_access_loss),
        max_access_gain: max_access_gain.unwrap_or(limits.max_access_gain),
    };
    let target = &plan.target;
    let is_meant = |words: &[AddressWord], address: &Address| {
        let named = target.by_business_group(address);
        words.iter().any(|word| word.means(address) || named.as_ref().is_some_and(|named| word.means(named)))
    };
    let touched = protected.iter().flat_map(|protection| &protection.addresses);
    lifted.extend(touched.filter(|address| is_meant(unprotected, address)).cloned());
    let assets = exposures.iter().map(|exposure| &exposure.asset);
    shown_anyway.extend(assets.filter(|address| is_meant(exposed, address)).cloned());
    for flag in flags {
        if !shown.contains(flag) {
            shown.push(flag.clone());
        }
    }
    judge(plan);
}

/// Compares what the plan does with what its guards allow.
pub fn judge(plan: &mut Plan) {
    plan.guards.violations = violations(plan);
    plan.guards.remarks = people::remarks(plan);
}
