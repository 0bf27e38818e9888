//! The guards at the command line: flags in place of the manifest's, and what is said when a guard refuses.

use super::output;
use crate::cli::GuardFlags;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::guard::{Overrides, overrule};
use crate::limit::Limit;
use crate::plan::{Plan, Violation};
use crate::render::text;

/// Puts an operator's word in place of what the plan was made with.
pub(super) fn apply_flags(plan: &mut Plan, flags: &GuardFlags) {
    let GuardFlags {
        max_deletes,
        max_updates,
        max_approvals,
        min_administrators,
        max_access_loss,
        max_access_gain,
        expose,
        unprotect,
    } = flags;
    let limit = |name: &str, limit: &Option<Limit>| match limit.as_ref()? {
        Limit { number: Some(number), .. } => Some(format!("--{name} {number}")),
        Limit { percent: Some(percent), .. } => Some(format!("--{name} {percent}%")),
        Limit { number: None, percent: None } => None,
    };
    let count = |name: &str, count: &Option<usize>| count.map(|count| format!("--{name} {count}"));
    let limits = [
        limit("max-deletes", max_deletes),
        limit("max-updates", max_updates),
        count("max-approvals", max_approvals),
        count("min-administrators", min_administrators),
        limit("max-access-loss", max_access_loss),
        limit("max-access-gain", max_access_gain),
    ];
    let exposed = expose.iter().map(|address| format!("--expose {address}"));
    let unprotected = unprotect.iter().map(|address| format!("--unprotect {address}"));
    let overrides = Overrides {
        max_deletes: *max_deletes,
        max_updates: *max_updates,
        max_approvals: *max_approvals,
        min_administrators: *min_administrators,
        unprotected: unprotect.clone(),
        max_access_loss: *max_access_loss,
        max_access_gain: *max_access_gain,
        exposed: expose.clone(),
        flags: limits.into_iter().flatten().chain(exposed).chain(unprotected).collect(),
    };
    overrule(plan, &overrides);
}

/// Says which guards refuse the plan, each with its numbers and the way to override it.
pub(super) fn say_violations(plan: &Plan) {
    for violation in &plan.guards.violations {
        output::say(&text::terminal(&format!("refused: {violation}")));
    }
}

/// The same of one plan among others.
pub(super) fn say_violations_of(plan: &Plan) {
    for violation in &plan.guards.violations {
        output::say(&text::terminal(&format!("refused: {}: {violation}", plan.portal)));
    }
}

/// Ends the command before anything is written if a guard refuses the plan.
pub(super) fn refuse(plan: &Plan) -> Result<(), Failure> {
    say_violations(plan);
    check(plan)
}

/// Whether no guard refuses the plan.
pub(super) fn check(plan: &Plan) -> Result<(), Failure> {
    let mut guards: Vec<String> =
        plan.guards.violations.iter().map(|Violation { guard, .. }| guard.to_string()).collect();
    guards.dedup();
    if guards.is_empty() {
        return Ok(());
    }
    let verb = if guards.len() == 1 { "refuses" } else { "refuse" };
    Err(Failure::with_exit(Exit::Refused, format!("{} {verb} this plan; nothing was changed", guards.join(", "))))
}
