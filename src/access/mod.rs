//! Who sees which version of which asset: before a plan, after it, and the difference. Pure.
//!
//! A group sees what its own audiences and those of its ancestors show. An active member is in the groups that they
//! were put in, and in the default and public ones; a visitor in the public ones alone; whoever is in a group of an
//! identity provider, also in the groups that it is mapped to. Administrators are reckoned like everyone else.
//!
//! This is sight in the portal. Contracts and client credentials are another matter, and stay as they are.

mod effect;
mod sight;
mod states;
#[cfg(test)]
mod tests;
mod view;

pub use effect::{changes_sight, effect};
pub use sight::way;
pub use states::{of_live, states};
pub use view::{Cell, Missing, Verdict, View};

use crate::plan::Plan;
use crate::state::LiveState;

/// Analyses a plan on what was read of its portal, with the names of so many members for each version.
pub fn analyse(plan: &mut Plan, live: &LiveState, names: usize) {
    if plan.target.business_groups.is_empty() {
        plan.target.business_groups = live.business_groups.clone().unwrap_or_default();
    }
    let mut access = states(&plan.portal, live, &plan.target, &plan.changes);
    access.effect = effect(&access, &plan.target.user_groups, &plan.changes, names);
    plan.access = Some(access);
}

/// Names so many members for each version of a plan that was analysed.
pub fn name_members(plan: &mut Plan, names: usize) {
    if let Some(access) = &mut plan.access {
        access.effect = effect(access, &plan.target.user_groups, &plan.changes, names);
    }
}
