//! Guards on people: how many gain and lose sight, and what some of them may not come to see.

use std::collections::BTreeMap;

use super::check::{NAMED, listed, percentage};
use crate::access;
use crate::address::Kind;
use crate::kinds::GroupSet;
use crate::limit::Limit;
use crate::plan::access::{Access, Both, Person, SeenVersion, Side};
use crate::plan::{Change, Edit, Exposure, Guard, GuardRemark, Operation, Plan, Violation};

pub(super) fn violations(plan: &Plan) -> impl Iterator<Item = Violation> {
    let limited = [Guard::MaxAccessLoss, Guard::MaxAccessGain].into_iter().filter_map(|guard| sight(plan, guard));
    limited.chain(exposures(plan, false).into_iter().map(|exposed| exposed.violation(plan)))
}

fn limit(plan: &Plan, guard: Guard) -> Limit {
    match guard {
        Guard::MaxAccessGain => plan.guards.limits.max_access_gain,
        _ => plan.guards.limits.max_access_loss,
    }
}

/// Of how many it is: whoever sees nothing anyway would make the share smaller. Unknown if the members were not read.
fn enabled(access: &Access, guard: Guard) -> Option<usize> {
    let side = if guard == Guard::MaxAccessGain { Side::After } else { Side::Before };
    let is_active = |person: &&Person| person.standing.on(side).is_active;
    Some(access.people.as_ref()?.iter().filter(is_active).count())
}

/// How many members gain or lose sight of anything. Losing what nobody declared does not count.
fn sight(plan: &Plan, guard: Guard) -> Option<Violation> {
    let access = plan.access.as_ref()?;
    let (count, verb, flag) = match guard {
        Guard::MaxAccessGain => (access.effect.gains.members, "gain", "--max-access-gain"),
        _ => (access.effect.declared_losses, "lose", "--max-access-loss"),
    };
    let (limit, total) = (limit(plan, guard), enabled(access, guard)?);
    if limit.allows(count, Some(total)) {
        return None;
    }
    let share = match limit.percent {
        Some(_) if total > 0 => format!(" ({})", percentage(count, total)),
        _ => String::new(),
    };
    let members = Kind::Members.noun(total);
    Some(Violation {
        guard,
        kind: Some(Kind::Members),
        count,
        total: Some(total),
        limit: Some(limit),
        // Who they are is told on request alone.
        addresses: Vec::new(),
        message: format!(
            "{count} of {total} enabled {members} would {verb} sight of something{share}, and {guard} allows {limit}"
        ),
        advice: format!("add {flag} {count} or raise spec.guards.{guard}"),
    })
}

/// Hidden assets that are seen, of one rule.
struct Exposed<'a> {
    guard: Guard,
    rule: &'a str,
    all: Vec<&'a Exposure>,
}

/// What is seen after the plan although it is to be hidden: by its doing, or as it was before.
fn exposures(plan: &Plan, stands: bool) -> Vec<Exposed<'_>> {
    let mut rules: BTreeMap<(Guard, &str), Vec<&Exposure>> = BTreeMap::new();
    for exposure in &plan.guards.exposures {
        let is_lifted = plan.guards.exposed.contains(&exposure.asset);
        if exposure.stands == stands && (stands || !is_lifted) {
            rules.entry((exposure.guard, &exposure.rule)).or_default().push(exposure);
        }
    }
    rules.into_iter().map(|((guard, rule), all)| Exposed { guard, rule, all }).collect()
}

impl Exposed<'_> {
    /// `asset `Finance/payment-api` (v2)`
    fn what(&self, plan: &Plan) -> String {
        let name = |exposure: &Exposure| {
            let address = &exposure.asset;
            let name = plan.target.by_business_group(address).unwrap_or_else(|| address.clone()).name();
            let versions = listed(exposure.versions.iter().cloned());
            (name, versions)
        };
        match self.all.as_slice() {
            [one] => {
                let (name, versions) = name(one);
                format!("asset `{name}` ({versions})")
            }
            several => {
                let names = several.iter().map(|exposure| {
                    let (name, versions) = name(exposure);
                    format!("{name} {versions}")
                });
                format!("{} assets ({})", several.len(), listed(names))
            }
        }
    }

    /// `members of Partner Acme (through system:members)`
    fn whom(&self) -> String {
        let all = |groups: fn(&Exposure) -> &GroupSet| -> GroupSet {
            self.all.iter().flat_map(|exposure| groups(exposure)).cloned().collect()
        };
        let (groups, through) = (all(|exposure| &exposure.user_groups), all(|exposure| &exposure.through));
        let named = |groups: &GroupSet| listed(groups.iter().map(ToString::to_string));
        let through_others = if through == groups { String::new() } else { format!(" (through {})", named(&through)) };
        format!("members of {}{through_others}", named(&groups))
    }

    fn violation(&self, plan: &Plan) -> Violation {
        let Self { guard, rule, all } = self;
        let what = self.what(plan);
        let done = match guard {
            Guard::NeverVisibleTo => format!("would be seen by {}", self.whom()),
            _ => "would become public".to_owned(),
        };
        let flags: Vec<String> =
            all.iter().take(NAMED).map(|exposure| format!("--expose {}", exposure.asset)).collect();
        let more = if all.len() > NAMED { " and so on for each of them" } else { "" };
        Violation {
            guard: *guard,
            kind: Some(Kind::Assets),
            count: all.len(),
            total: None,
            limit: None,
            addresses: all.iter().map(|exposure| exposure.asset.clone()).collect(),
            message: format!("{what} {done}, and {guard} has {rule}"),
            advice: format!("add {}{more}, or take the pattern out of spec.guards.{guard}", flags.join(" ")),
        }
    }

    fn remark(&self, plan: &Plan) -> GuardRemark {
        let Self { guard, rule, all } = self;
        let (are, stay) = if all.len() == 1 { ("is", "stays") } else { ("are", "stay") };
        let how = match guard {
            Guard::NeverVisibleTo => format!("seen by {}", self.whom()),
            _ => "public".to_owned(),
        };
        let message = format!("{} {are} {how} already and {stay} so, although {guard} has {rule}", self.what(plan));
        GuardRemark { guard: *guard, message }
    }
}

/// What is not kept already, and which guards could not be judged, or in part alone.
pub(super) fn remarks(plan: &Plan) -> Vec<GuardRemark> {
    let unjudged = [Guard::MaxAccessLoss, Guard::MaxAccessGain]
        .into_iter()
        .filter_map(|guard| Some(GuardRemark { guard, message: unjudged(plan, guard)? }));
    let unseen = plan.guards.unseen.as_ref().map(|unseen| GuardRemark {
        guard: Guard::NeverVisibleTo,
        message: format!("neverVisibleTo could be judged in part alone: {unseen}"),
    });
    let standing = exposures(plan, true).into_iter().map(|exposed| exposed.remark(plan));
    unjudged.chain(unseen).chain(standing).collect()
}

/// Why nobody can tell how many gain or lose sight, or only of how many at least.
fn unjudged(plan: &Plan, guard: Guard) -> Option<String> {
    let limit = limit(plan, guard);
    if limit == Limit::NONE || !access::changes_sight(&plan.changes) {
        return None;
    }
    let Some(access) = &plan.access else {
        return Some(format!("{guard} could not be judged: the plan holds no analysis of who sees what"));
    };
    let Some(total) = enabled(access, guard) else {
        return Some(format!("{guard} could not be judged: the members were not read"));
    };
    // All of them together are within the limit.
    if limit.allows(total, Some(total)) {
        return None;
    }
    let moves_members = |change: &Change| {
        matches!(change.edit, Edit::Member { .. } | Edit::Approve { .. } | Edit::UserGroup(Operation::Delete { .. }))
    };
    let moves = plan.changes.iter().any(moves_members);
    let mut missing = Vec::new();
    match access.gaps.assets {
        // Without anybody who moves, nobody gains or loses sight of what the plan leaves alone.
        _ if !moves => {}
        None => missing.push("the portal's assets were not read".to_owned()),
        Some(0) => {}
        Some(assets) => missing.push(format!("{} not read", counted(assets, "asset was", "assets were"))),
    }
    let is_untold = |version: &&SeenVersion| {
        let Both { before, after } = &version.audience;
        (before.is_none() || *after == Some(None)) && (moves || version.audience.differs())
    };
    let untold = access.assets.iter().flat_map(|asset| &asset.versions).filter(is_untold).count();
    if untold > 0 {
        missing.push(format!("the hub does not tell who sees {}", counted(untold, "version", "versions")));
    }
    if access.gaps.members > 0 {
        missing
            .push(format!("the hub does not tell the groups of {}", counted(access.gaps.members, "member", "members")));
    }
    (!missing.is_empty()).then(|| format!("{guard} could be judged in part alone: {}", missing.join(", and ")))
}

/// `1 asset was`, `2 assets were`
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
