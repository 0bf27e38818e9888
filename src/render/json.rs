//! Plans and reports for scripts: complete, with a version of their format.

use std::collections::BTreeMap;

use serde::Serialize;

use super::text;
use crate::plan::file::document;
use crate::plan::naming::Misnomer;
use crate::plan::{Forecast, Held, Plan, Summary};
use crate::report::{ChangeResult, Outcome, Report, Sent};

/// The report's format: a minor version adds fields.
const REPORT_FORMAT_VERSION: &str = "1.0";

/// The plan in its published form; of the plan file's envelope, the forecast alone.
pub fn plan_json(plan: &Plan) -> String {
    pretty(&document(plan))
}

/// The report with the numbers of addresses and of outcomes.
pub fn report_json(report: &Report, plan: &Plan) -> String {
    pretty(&ReportDocument::of(report, plan))
}

/// Why a saved plan is not begun: names that mean something else by now, or the changes that no longer fit.
pub fn stale_json(plan: &Plan, misnomers: &[Misnomer], results: &[ChangeResult]) -> String {
    pretty(&StaleDocument {
        format_version: REPORT_FORMAT_VERSION,
        aehctl_version: env!("CARGO_PKG_VERSION"),
        portal: &plan.portal,
        emulator: plan.target.portal.emulator,
        stale: true,
        misnomers,
        results,
    })
}

/// A document as it is printed, harmless wherever it is shown.
pub fn pretty<S: Serialize>(document: &S) -> String {
    let text =
        serde_json::to_string_pretty(document).expect("published documents have text keys and no failing serializer");
    text::json(&text).into_owned() + "\n"
}

#[derive(Serialize)]
pub(super) struct ReportDocument<'a> {
    format_version: &'static str,
    aehctl_version: &'static str,
    portal: &'a str,
    emulator: bool,
    interrupted: bool,
    /// Addresses of which every change was done.
    summary: Summary,
    /// Changes by outcome, those that did not occur included.
    outcomes: BTreeMap<&'static str, usize>,
    results: &'a [ChangeResult],
    /// What the plan left out.
    held: &'a [Held],
    /// What the plan said that it would take.
    forecast: Option<&'a Forecast>,
    /// What it took.
    sent: Option<&'a Sent>,
}

/// The report of an apply that was not begun.
#[derive(Serialize)]
struct StaleDocument<'a> {
    format_version: &'static str,
    aehctl_version: &'static str,
    portal: &'a str,
    emulator: bool,
    stale: bool,
    misnomers: &'a [Misnomer],
    results: &'a [ChangeResult],
}

impl<'a> ReportDocument<'a> {
    pub(super) fn of(report: &'a Report, plan: &'a Plan) -> Self {
        let Report { portal, emulator, interrupted, results, sent } = report;
        Self {
            format_version: REPORT_FORMAT_VERSION,
            aehctl_version: env!("CARGO_PKG_VERSION"),
            portal,
            emulator: *emulator,
            interrupted: *interrupted,
            summary: report.summarise(&plan.changes),
            outcomes: outcomes(report),
            results,
            held: &plan.held,
            forecast: plan.forecast.as_ref(),
            sent: sent.as_ref(),
        }
    }
}

fn outcomes(report: &Report) -> BTreeMap<&'static str, usize> {
    let names = ["applied", "already-done", "unconfirmed", "failed", "refused", "skipped", "unknown"];
    let mut counts = BTreeMap::from(names.map(|name| (name, 0)));
    for result in &report.results {
        *counts.entry(outcome_name(&result.outcome)).or_default() += 1;
    }
    counts
}

/// As the outcome is tagged in JSON.
fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::AlreadyDone => "already-done",
        Outcome::Unconfirmed => "unconfirmed",
        Outcome::Failed { .. } => "failed",
        Outcome::Refused { .. } => "refused",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Unknown { .. } => "unknown",
    }
}
