//! Several portals in one report: each as it is alone, in order, and a summary that names every one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::json;
use super::markdown::{self, LIMIT, plan_markdown_within, shares, units};
use super::names;
use super::page::{Line, Page, Style};
use super::report::{self, report_human, report_markdown_within};
use super::text;
use super::wording::{self, emulator_mark};
use crate::plan::file::document;
use crate::plan::{NoticeLevel, Plan};
use crate::report::Report;

/// The format of what is told of several portals at once: a minor version adds fields.
const FORMAT_VERSION: &str = "1.0";

/// As many faults of a portal's manifest are listed in a comment.
const LISTED: usize = 20;

/// What the comment on several portals is marked with in place of a portal's name.
const MARK: &str = "several_portals";

/// Where a comment says that the rest is.
const ELSEWHERE: &str = "all of it is in the output of the job, and in `--format json`";

/// Why a portal was not planned, or not applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    pub portal: String,
    /// What the command would end with for this portal alone.
    #[serde(rename = "exit_code")]
    pub exit: u8,
    pub message: String,
    pub hint: Option<String>,
    /// What is wrong with its manifest there, as [`crate::diagnostic::to_json`] has it.
    pub diagnostics: Value,
}

/// What is known of one portal of a run; at least one of the three.
#[derive(Debug, Clone, Copy, Default)]
pub struct Member<'a> {
    pub plan: Option<&'a Plan>,
    pub report: Option<&'a Report>,
    pub failed: Option<&'a Failed>,
}

/// How many portals came to what, and each with its numbers.
pub fn fleet_human(members: &[Member<'_>], color: bool) -> String {
    let mut page = Page::new(color, None);
    let mark = emulator_mark(members.iter().any(Member::in_emulator));
    page.line(0, &Line::at(0).styled(Style::Strong, format!("{mark}{}", headline(members))));
    for member in members {
        let (style, sentence) = member.sentence();
        page.line(2, &Line::at(0).plain(member.name()).plain(": ").styled(style, sentence));
    }
    page.finish()
}

/// The report on one portal, which says whose it is.
pub fn report_among(report: &Report, plan: &Plan, color: bool) -> String {
    let mut page = Page::new(color, None);
    page.line(0, &wording::portal(plan));
    format!("{}\n{}", page.finish(), report_human(report, plan, color))
}

/// The plans, each in its own published form, and what is wrong with the portals that have none.
pub fn plans_json(members: &[Member<'_>]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        aehctl_version: &'static str,
        plans: Vec<Value>,
        errors: Vec<&'a Failed>,
    }
    json::pretty(&Document {
        format_version: FORMAT_VERSION,
        aehctl_version: env!("CARGO_PKG_VERSION"),
        plans: members.iter().filter_map(|member| member.plan).map(document).collect(),
        errors: members.iter().filter_map(|member| member.failed).collect(),
    })
}

/// The reports, each in its own published form, and why the other portals were left alone.
pub fn reports_json(members: &[Member<'_>]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        aehctl_version: &'static str,
        reports: Vec<json::ReportDocument<'a>>,
        errors: Vec<&'a Failed>,
    }
    json::pretty(&Document {
        format_version: FORMAT_VERSION,
        aehctl_version: env!("CARGO_PKG_VERSION"),
        reports: members
            .iter()
            .filter_map(|member| Some(json::ReportDocument::of(member.report?, member.plan?)))
            .collect(),
        errors: members.iter().filter_map(|member| member.failed).collect(),
    })
}

/// One comment for all: the summary, then each portal that has something to show, as long as there is room.
pub fn fleet_markdown(members: &[Member<'_>]) -> String {
    let mark = emulator_mark(members.iter().any(Member::in_emulator));
    let what = if members.iter().any(|member| member.report.is_some()) { "apply" } else { "plan" };
    let mut head = format!("{}## {mark}{}\n\n", markdown::mark(what, MARK), text::markdown(&headline(members)));
    for member in members {
        let item = member.item();
        if units(&head) + units(&item) > LIMIT / 2 {
            head.push_str("- … and more\n");
            break;
        }
        head.push_str(&item);
    }
    let sections: Vec<(&Member<'_>, String)> = members
        .iter()
        .filter(|member| member.has_something_to_show())
        .filter_map(|member| Some((member, member.section(LIMIT)?)))
        .collect();
    let sizes: Vec<usize> = sections.iter().map(|(_, section)| units(section) + 1).collect();
    let mut room = LIMIT - units(&head);
    let mut left_out = 0;
    // What is left out is told in a line that always has room.
    room = room.saturating_sub(200);
    for ((member, section), share) in sections.iter().zip(shares(&sizes, room)) {
        let section = if units(section) < share { Some(section.clone()) } else { member.section(share) };
        match section.filter(|section| units(section) < share) {
            Some(section) => head.extend(["\n", &section]),
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        let portals = if left_out == 1 { " portal is" } else { " portals are" };
        let count = left_out.to_string();
        head.extend(["\n*", &count, portals, " not shown for want of room: ", ELSEWHERE, ".*\n"]);
    }
    head
}

/// `3 portals: 1 with changes, 1 without changes, 1 failed.`
fn headline(members: &[Member<'_>]) -> String {
    let mut counts: BTreeMap<Fate, usize> = BTreeMap::new();
    for member in members {
        *counts.entry(member.fate()).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(fate, count)| format!("{count} {}", fate.word()));
    format!("{} portals: {}.", members.len(), counts.collect::<Vec<_>>().join(", "))
}

/// What a portal came to, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Applied,
    InPart,
    Unconfirmed,
    Interrupted,
    Changes,
    Matches,
    Refused,
    Stale,
    Failed,
}

impl Fate {
    const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::InPart => "applied in part",
            Self::Unconfirmed => "unconfirmed",
            Self::Interrupted => "interrupted",
            Self::Changes => "with changes",
            Self::Matches => "without changes",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Failed => "failed",
        }
    }
}

impl Member<'_> {
    fn name(&self) -> String {
        let name = match self {
            Self { failed: Some(failed), .. } => &failed.portal,
            Self { plan: Some(plan), .. } => &plan.portal,
            Self { report: Some(report), .. } => &report.portal,
            Self { plan: None, report: None, failed: None } => "",
        };
        names::value(&text::shortened(name, 100)).into_owned()
    }

    fn in_emulator(&self) -> bool {
        self.plan.is_some_and(|plan| plan.target.portal.emulator)
    }

    fn fate(&self) -> Fate {
        match self {
            Self { failed: Some(Failed { exit: 3, .. }), .. } => Fate::Refused,
            Self { failed: Some(Failed { exit: 4, .. }), .. } => Fate::Stale,
            Self { failed: Some(_), .. } => Fate::Failed,
            Self { report: Some(report), .. } if report.interrupted => Fate::Interrupted,
            Self { report: Some(report), .. } if !report.is_complete() => Fate::InPart,
            Self { report: Some(report), .. } if report.has_unconfirmed() => Fate::Unconfirmed,
            Self { report: Some(report), .. } if !report.results.is_empty() => Fate::Applied,
            Self { report: None, plan: Some(plan), .. } if !plan.guards.violations.is_empty() => Fate::Refused,
            Self { plan: Some(plan), .. } if !plan.is_empty() || !plan.held.is_empty() => Fate::Changes,
            Self { .. } => Fate::Matches,
        }
    }

    fn sentence(&self) -> (Style, String) {
        let fate = self.fate();
        match self {
            Self { failed: Some(failed), .. } => {
                (Style::Removed, format!("{}: {}", fate.word(), text::shortened(&failed.message, 1_000)))
            }
            Self { report: Some(report), plan: Some(plan), .. } => {
                let style =
                    if matches!(fate, Fate::InPart | Fate::Interrupted) { Style::Removed } else { Style::Plain };
                (style, report::summary(report, plan))
            }
            Self { plan: Some(plan), .. } if fate == Fate::Refused => {
                let mut guards: Vec<String> =
                    plan.guards.violations.iter().map(|violation| violation.guard.to_string()).collect();
                guards.dedup();
                (Style::Removed, format!("{} Refused by {}.", wording::summary(plan), guards.join(", ")))
            }
            Self { plan: Some(plan), .. } => (Style::Plain, wording::summary(plan)),
            Self { plan: None, .. } => (Style::Plain, String::new()),
        }
    }

    /// Its line in the list of a comment, with what is wrong with its manifest.
    fn item(&self) -> String {
        let (_, sentence) = self.sentence();
        let mut item = format!("- **{}**: {}\n", text::markdown(&self.name()), text::markdown(&sentence));
        let Some(Failed { hint, diagnostics, .. }) = self.failed else { return item };
        let faults = diagnostics.as_array().map(Vec::as_slice).unwrap_or_default();
        let faults = faults.iter().take(LISTED).map(|fault| {
            let message = fault["message"].as_str().unwrap_or_default();
            match (fault["file"].as_str(), fault["line"].as_u64()) {
                (Some(file), Some(line)) => format!("{file}:{line}: {message}"),
                _ => message.to_owned(),
            }
        });
        for line in faults.chain(hint.as_ref().map(|hint| format!("hint: {hint}"))) {
            item.extend(["  - ", &text::markdown(&text::shortened(&line, 1_000)), "\n"]);
        }
        item
    }

    /// The list tells the rest.
    fn has_something_to_show(&self) -> bool {
        let warns = |plan: &Plan| wording::notices(plan, NoticeLevel::Warning).next().is_some();
        self.fate() != Fate::Matches || self.plan.is_some_and(warns)
    }

    fn section(&self, limit: usize) -> Option<String> {
        let plan = self.plan?;
        Some(match self.report {
            None => plan_markdown_within(plan, limit),
            Some(report) => report_markdown_within(report, plan, limit),
        })
    }
}
