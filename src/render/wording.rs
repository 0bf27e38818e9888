//! The sentences around the changes of a plan, the same for every medium.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::body::counted;
use super::held;
use super::names;
use super::page::{Line, Style};
use super::text;
use crate::address::Address;
use crate::plan::{Forecast, Notice, NoticeLevel, Origin, Plan, Summary};
use crate::report::{Report, Sent};

/// What stands before every summary of a portal in the emulator.
pub(super) const fn emulator_mark(emulator: bool) -> &'static str {
    if emulator { "[emulator] " } else { "" }
}

/// `Plan: 2 to add, 1 to change, 0 to delete.`
pub(super) fn summary(plan: &Plan) -> String {
    let Summary { add, change, delete } = plan.summary;
    if let Some(promoted) = &plan.promotes {
        let promoting = format!("Promoting {}", names::value(&text::shortened(promoted, 100)));
        return if plan.is_empty() {
            format!("No changes. {promoting} would change nothing.")
        } else {
            format!("{promoting}: {add} to add, {change} to change, {delete} to delete.")
        };
    }
    let held = held::sentence(plan);
    let first = match (plan.only, plan.is_empty()) {
        (Some(origin), true) => format!("No changes of origin {}.", origin.as_str()),
        (Some(origin), false) => {
            format!("Plan, {} alone: {add} to add, {change} to change, {delete} to delete.", origin.as_str())
        }
        (None, true) if held.is_some() => "No changes.".to_owned(),
        (None, true) => "No changes. The portal matches the manifest.".to_owned(),
        (None, false) => format!("Plan: {add} to add, {change} to change, {delete} to delete."),
    };
    held.map_or_else(|| first.clone(), |held| format!("{first} {held}"))
}

/// `By origin: 1 this change, 2 drift.` Nothing where no earlier revision tells, or only one origin is shown.
pub(super) fn origins(plan: &Plan) -> Option<String> {
    let mut origins: BTreeMap<&Address, Origin> = BTreeMap::new();
    for change in &plan.changes {
        if let Some(origin) = change.origin {
            let gravest = origins.entry(&change.address).or_insert(origin);
            *gravest = origin.max(*gravest);
        }
    }
    let count = |origin| origins.values().filter(|other| **other == origin).count();
    let counts: Vec<String> = [Origin::ThisChange, Origin::Pending, Origin::Drift]
        .into_iter()
        .map(|origin| (count(origin), origin))
        .filter(|(count, _)| *count > 0)
        .map(|(count, origin)| format!("{count} {}", origin.as_str()))
        .collect();
    let shows_all = plan.only.is_none() && plan.promotes.is_none();
    (shows_all && !counts.is_empty()).then(|| format!("By origin: {}.", counts.join(", ")))
}

/// `Forecast: apply sends 46 requests (18 writes) in about 3 s: 9 for user groups, 37 for assets.`
pub(super) fn forecast(plan: &Plan) -> Option<String> {
    let Forecast { requests, kinds, operations: _, seconds } = plan.forecast.as_ref()?;
    let time = seconds.map_or_else(String::new, |seconds| format!(" in {}", about(seconds)));
    let kinds: Vec<String> =
        kinds.iter().map(|(kind, requests)| format!("{} for {}", requests.count(), kind.noun(2))).collect();
    Some(format!(
        "Forecast: apply sends {} ({}){time}: {}.",
        counted(requests.count(), "request", "requests"),
        counted(requests.writes, "write", "writes"),
        kinds.join(", ")
    ))
}

/// `Sent 47 requests in 3.4 s; the forecast was 46 in about 3 s.`
pub(super) fn sent(report: &Report, plan: &Plan) -> Option<String> {
    let Sent { requests, operations: _, seconds } = report.sent.as_ref().filter(|_| !report.results.is_empty())?;
    let noun = if *requests == 1 { "request" } else { "requests" };
    let time = if *seconds < 1.0 { "less than a second".to_owned() } else { format!("{seconds:.1} s") };
    let sent = format!("Sent {requests} {noun} in {time}");
    Some(match &plan.forecast {
        None => format!("{sent}."),
        Some(Forecast { requests, seconds, .. }) => {
            let time = seconds.map_or_else(String::new, |seconds| format!(" in {}", about(seconds)));
            format!("{sent}; the forecast was {}{time}.", requests.count())
        }
    })
}

fn about(seconds: u64) -> String {
    match seconds {
        0..=120 => format!("about {seconds} s"),
        _ => format!("about {} min", seconds.div_ceil(60)),
    }
}

/// Which portal it is about, by all its names. Long ones are shortened: none is longer in a real hub.
pub(super) fn portal(plan: &Plan) -> Line<'_> {
    let name = |text| names::value(&text::shortened(text, 100)).into_owned();
    let portal = &plan.target.portal;
    let mut line = Line::at(0).plain("Portal ").styled(Style::Strong, name(&plan.portal));
    line.push(Style::Plain, format!(" ({}", name(&portal.name)));
    if let Some(environment) = &portal.connection.environment {
        line.push(Style::Plain, format!(", {}", name(environment)));
    }
    line.push(
        Style::Plain,
        format!(" at {}", name(portal.connection.domain.as_ref().unwrap_or(&portal.connection.id))),
    );
    if let Some(region) = &portal.region {
        line.push(Style::Plain, format!(", region {}", name(region)));
    }
    line.plain(")")
}

pub(super) fn notices(plan: &Plan, level: NoticeLevel) -> impl Iterator<Item = &str> {
    plan.notices.iter().filter(move |notice| notice.level == level).map(|Notice { message, .. }| message.as_str())
}

/// Says which guards an operator has overruled, as warnings.
fn overrides(plan: &Plan) -> Option<String> {
    let flags = &plan.guards.overrides;
    (!flags.is_empty()).then(|| format!("guards are overruled at the command line: {}", flags.join(" ")))
}

/// What stands at the top as warnings: which guards an operator has overruled, what is to be known of the others, and what
/// the plan warns of.
pub(super) fn warnings(plan: &Plan) -> Vec<Cow<'_, str>> {
    let remarks = plan.guards.remarks.iter().map(|remark| remark.message.as_str().into());
    let notices = notices(plan, NoticeLevel::Warning).map(Cow::from);
    overrides(plan).map(Cow::from).into_iter().chain(remarks).chain(notices).collect()
}

/// `14 assets not in the manifest are left alone`, with the addresses if there are any.
pub(super) fn spared<'a>(plan: &'a Plan, names: &names::Names) -> Vec<(String, Vec<Line<'a>>)> {
    plan.unmanaged
        .iter()
        .filter(|(_, unmanaged)| unmanaged.count > 0)
        .map(|(kind, unmanaged)| {
            let verb = if unmanaged.count == 1 { "is" } else { "are" };
            let things = counted(unmanaged.count, kind.noun(1), kind.noun(unmanaged.count));
            let addresses = unmanaged.addresses.iter().map(|address| Line::at(0).plain(names.label(address)));
            (format!("{things} not in the manifest {verb} left alone"), addresses.collect())
        })
        .collect()
}

/// Who is waited for, and why.
pub(super) fn waiting(plan: &Plan) -> impl ExactSizeIterator<Item = Line<'_>> {
    plan.waiting.iter().map(|waiting| {
        let user: Cow<'_, str> = names::value(&waiting.user);
        Line::at(0).plain(user).plain(": ").plain(waiting.message.as_str())
    })
}
