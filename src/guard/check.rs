//! Compares what a plan does with what its guards allow.

use std::collections::{BTreeMap, BTreeSet};

use super::people;
use crate::address::{Address, Kind};
use crate::directory::Directory;
use crate::kinds::members::spec::MemberSpec;
use crate::limit::Limit;
use crate::plan::{Action, Change, Edit, Guard, Plan, Protection, Violation};

/// So many objects are named in a message.
pub(super) const NAMED: usize = 5;

/// Everything that the plan does beyond its guards, all of it at once.
pub fn violations(plan: &Plan) -> Vec<Violation> {
    let limits = &plan.guards.limits;
    let mut violations = Vec::new();
    violations.extend(counted(plan, Guard::MaxDeletes, limits.max_deletes));
    violations.extend(counted(plan, Guard::MaxUpdates, limits.max_updates));
    violations.extend(approvals(plan));
    violations.extend(administrators(plan));
    violations.extend(plan.guards.protected.iter().filter_map(|protection| protected(plan, protection)));
    violations.extend(people::violations(plan));
    violations
}

/// A rejected sign-up is deleted. A member never is: being disabled or leaving every group is an update.
fn is_counted(guard: Guard, action: Action) -> bool {
    match guard {
        Guard::MaxDeletes => matches!(action, Action::Delete | Action::Reject),
        Guard::MaxUpdates => action == Action::Update,
        Guard::MaxApprovals => action == Action::Approve,
        Guard::MinAdministrators
        | Guard::Protected
        | Guard::MaxAccessLoss
        | Guard::MaxAccessGain
        | Guard::NeverPublic
        | Guard::NeverVisibleTo => false,
    }
}

/// The addresses by kind, so that an asset that changes in two steps counts once.
fn by_kind(plan: &Plan, guard: Guard) -> BTreeMap<Kind, BTreeSet<&Address>> {
    let mut addresses: BTreeMap<Kind, BTreeSet<&Address>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| is_counted(guard, change.action())) {
        addresses.entry(change.address.kind).or_default().insert(&change.address);
    }
    addresses
}

fn counted(plan: &Plan, guard: Guard, limit: Limit) -> Vec<Violation> {
    let addresses = by_kind(plan, guard);
    // The flag holds for every kind, so it has to be enough for the kind that needs most.
    let enough = addresses.values().map(BTreeSet::len).max().unwrap_or_default();
    let (flag, done) = match guard {
        Guard::MaxUpdates => ("--max-updates", "changed"),
        _ => ("--max-deletes", "deleted"),
    };
    let violation = |(kind, addresses): (Kind, BTreeSet<&Address>)| {
        let (count, total) = (addresses.len(), plan.guards.totals.get(&kind).copied());
        if limit.allows(count, total) {
            return None;
        }
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let share = match (limit.percent, total) {
            (Some(_), Some(total)) if total > 0 => format!(" ({})", percentage(count, total)),
            _ => String::new(),
        };
        let things = kind.noun(total.unwrap_or(count));
        Some(Violation {
            guard,
            kind: Some(kind),
            count,
            total,
            limit: Some(limit),
            addresses: addresses.into_iter().cloned().collect(),
            message: format!("{count}{of} {things} would be {done}{share}, and {guard} allows {limit}"),
            advice: format!("add {flag} {enough} or raise spec.guards.{guard}"),
        })
    };
    addresses.into_iter().filter_map(violation).collect()
}

/// With one decimal, cut off, where it is no whole number.
pub(super) fn percentage(count: usize, total: usize) -> String {
    let tenths = count.saturating_mul(1_000) / total;
    match tenths % 10 {
        0 if (count * 100).is_multiple_of(total) => format!("{} %", tenths / 10),
        tenth => format!("{}.{tenth} %", tenths / 10),
    }
}

fn approvals(plan: &Plan) -> Option<Violation> {
    let guard = Guard::MaxApprovals;
    let addresses = by_kind(plan, guard).remove(&Kind::Prospects)?;
    let (count, limit) = (addresses.len(), plan.guards.limits.max_approvals);
    (count > limit).then(|| Violation {
        guard,
        kind: Some(Kind::Prospects),
        count,
        total: plan.guards.totals.get(&Kind::Prospects).copied(),
        limit: Some(Limit::number(limit)),
        addresses: addresses.into_iter().cloned().collect(),
        message: format!("{count} {} would be approved, and {guard} allows {limit}", Kind::Prospects.noun(count)),
        advice: format!("add --max-approvals {count} or raise spec.guards.{guard}"),
    })
}

/// Whether the member may sign in and is in the administrators' group itself. What is not known is no.
pub(super) fn is_administrator(member: &MemberSpec, directory: &Directory) -> bool {
    let MemberSpec { user_groups, enabled } = member;
    *enabled == Some(true) && user_groups.iter().flatten().any(|group| directory.flags_of(group).is_admin)
}

/// Only what the plan itself takes away is held against it.
fn administrators(plan: &Plan) -> Option<Violation> {
    let guard = Guard::MinAdministrators;
    let limit = plan.guards.limits.min_administrators;
    let before = plan.guards.administrators?;
    let directory = &plan.target.user_groups;
    let (mut taken, mut given) = (BTreeSet::new(), 0);
    for change in &plan.changes {
        let Edit::Member { before, after } = &change.edit else { continue };
        match (is_administrator(before, directory), is_administrator(after, directory)) {
            (true, false) => {
                taken.insert(&change.address);
            }
            (false, true) => given += 1,
            _ => {}
        }
    }
    let left = (before + given).saturating_sub(taken.len());
    if taken.is_empty() || left >= limit {
        return None;
    }
    let (count, would) = match taken.len() {
        1 => ("1 administrator".to_owned(), "would no longer be one"),
        count => (format!("{count} administrators"), "would no longer be ones"),
    };
    let enabled = if left == 1 { "1 that is enabled" } else { &format!("{left} that are enabled") };
    Some(Violation {
        guard,
        kind: Some(Kind::Members),
        count: left,
        total: Some(before),
        limit: Some(Limit::number(limit)),
        message: format!(
            "{count} {would} ({}), which leaves {enabled}, and {guard} asks for {limit}",
            listed(taken.iter().map(|address| address.name()))
        ),
        addresses: taken.into_iter().cloned().collect(),
        advice: format!("add --min-administrators {left} or lower spec.guards.{guard}"),
    })
}

fn protected(plan: &Plan, protection: &Protection) -> Option<Violation> {
    let Protection { pattern, addresses } = protection;
    let guarded: Vec<&Address> =
        addresses.iter().filter(|address| !plan.guards.unprotected.contains(*address)).collect();
    let kind = guarded.first()?.kind;
    let is_deleted = |address: &&&Address| {
        let is_this = |change: &&Change| change.address == ***address;
        plan.changes.iter().filter(is_this).any(|change| matches!(change.action(), Action::Delete | Action::Reject))
    };
    let deleted = guarded.iter().filter(is_deleted).count();
    let count = guarded.len();
    let done = match deleted {
        0 => "changed".to_owned(),
        _ if deleted == count => "deleted".to_owned(),
        _ => format!("changed, {deleted} of them deleted"),
    };
    let name = |address: &Address| plan.target.by_business_group(address).unwrap_or_else(|| address.clone()).name();
    let what = match guarded.as_slice() {
        [one] => format!("{} `{}` is", kind.noun(1), name(one)),
        several => {
            format!("{count} {} ({}) are", kind.noun(count), listed(several.iter().map(|address| name(address))))
        }
    };
    let flags: Vec<String> = guarded.iter().take(NAMED).map(|address| format!("--unprotect {address}")).collect();
    let more = if count > NAMED { " and so on for each of them" } else { "" };
    Some(Violation {
        guard: Guard::Protected,
        kind: Some(kind),
        count,
        total: None,
        limit: None,
        message: format!("{what} protected by `{pattern}` and would be {done}"),
        addresses: guarded.into_iter().cloned().collect(),
        advice: format!("add {}{more}, or take the pattern out of spec.guards.protected", flags.join(" ")),
    })
}

pub(super) fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let names: Vec<String> = names.take(NAMED).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}
