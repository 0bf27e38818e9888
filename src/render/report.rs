//! What came of a plan, for people: whatever is not plainly applied, the numbers, and what to do next.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::body::{LISTED, counted, rest};
use super::fields::{INDENT, whole};
use super::held;
use super::markdown::{Comment, LIMIT, mark, units};
use super::names::{self, Names};
use super::page::{Block, Line, Page, Style};
use super::text;
use super::wording::{self, emulator_mark};
use crate::address::Address;
use crate::id::ChangeId;
use crate::plan::{Plan, Summary};
use crate::report::{ChangeResult, Mismatch, Outcome, Report};

/// As much of a server's answer is shown.
const MESSAGE: usize = 2_000;

/// Shows each change that is not plainly applied, the numbers, and what to do next. What is held stands in the plan.
pub fn report_human(report: &Report, plan: &Plan, color: bool) -> String {
    let Findings { blocks, advice } = findings(report, plan);
    let mut page = Page::new(color, None);
    if report.interrupted {
        page.line(0, &Line::at(0).styled(Style::Changed, interrupted(report)));
    }
    page.gap();
    for block in blocks {
        page.block(2, &block);
    }
    page.gap();
    page.line(
        0,
        &Line::at(0).styled(Style::Strong, format!("{}{}", emulator_mark(report.emulator), summary(report, plan))),
    );
    if let Some(sent) = wording::sent(report, plan) {
        page.line(0, &Line::at(0).plain(sent));
    }
    for advice in advice {
        page.line(0, &Line::at(0).plain(advice));
    }
    page.finish()
}

/// The same as a comment on a pull request, with the plan that was applied.
pub fn report_markdown(report: &Report, plan: &Plan) -> String {
    let mark = mark("apply", &report.portal);
    let body = report_markdown_within(report, plan, LIMIT - units(&mark));
    mark + &body
}

/// The same in less room, where there is more to show beside it.
pub(super) fn report_markdown_within(report: &Report, plan: &Plan, limit: usize) -> String {
    let names = Names::of(plan);
    let Findings { blocks, advice } = findings(report, plan);
    let mut comment = Comment::new(report.emulator, &summary(report, plan)).within(limit);
    if report.interrupted {
        comment.paragraph(&Line::at(0).styled(Style::Strong, interrupted(report)));
    }
    comment.paragraph(&wording::portal(plan));
    if !report.results.is_empty() {
        comment.paragraph(&Line::at(0).plain(format!("What was planned: {}", wording::summary(plan))));
        comment.headline(plan, &names);
    }
    comment.list("", wording::sent(report, plan).as_deref());
    comment.list("", advice);
    comment.lead(plan);
    if !blocks.is_empty() {
        comment.section("Not plainly applied", true, &blocks);
    }
    comment.parts(plan, &names);
    comment.end(plan);
    comment.finish("the whole report is in the output of the job, and in `--format json`")
}

fn interrupted(report: &Report) -> &'static str {
    if report.results.iter().any(|result| matches!(result.outcome, Outcome::Unknown { .. })) {
        "Interrupted: nothing else was started, and what was begun was finished as far as the hub answered in time."
    } else {
        "Interrupted: what was begun was finished, and nothing else was started."
    }
}

/// What is told one by one, and what follows from it.
struct Findings<'a> {
    blocks: Vec<Block<'a>>,
    advice: Vec<&'static str>,
}

fn findings<'a>(report: &'a Report, plan: &Plan) -> Findings<'a> {
    let labels = Labels::of(report, plan);
    let mut failed = Vec::new();
    let mut refused = Vec::new();
    let mut unknown = Vec::new();
    let mut unconfirmed = Vec::new();
    let mut skipped: Skipped<'a> = Skipped::default();
    for result in &report.results {
        match &result.outcome {
            Outcome::Applied | Outcome::AlreadyDone => {}
            Outcome::Unconfirmed => {
                unconfirmed.push(vec![heading(result, &labels, "unconfirmed", Style::Changed)]);
            }
            Outcome::Failed { message, hint } => {
                let mut block = vec![heading(result, &labels, "failed", Style::Removed), sentence(message)];
                block.extend(hint.as_deref().map(advised));
                failed.push(block);
            }
            Outcome::Refused { mismatches } => {
                let mut block =
                    vec![heading(result, &labels, "refused, since it is not what the plan saw", Style::Removed)];
                block.extend(mismatches.iter().flat_map(mismatch_lines));
                refused.push(block);
            }
            Outcome::Unknown { message, hint } => {
                let mut block =
                    vec![heading(result, &labels, "unknown whether it was written", Style::Changed), sentence(message)];
                block.extend(hint.as_deref().map(advised));
                unknown.push(block);
            }
            Outcome::Skipped { because, undone } => {
                let because = match undone {
                    Some(undone) => because.replacen(&undone.to_string(), &labels.names.label(undone), 1).into(),
                    None => Cow::Borrowed(because.as_str()),
                };
                skipped.add(because, result);
            }
        }
    }
    let mut advice = Vec::new();
    if !refused.is_empty() {
        advice.push("The portal has changed since the plan was made: plan again, and review what is different.");
    }
    if !unknown.is_empty() {
        advice.push("What is unknown was not repeated: the next plan reads the portal and tells.");
    }
    if !failed.is_empty() {
        advice.push("Once the cause of a failure is gone, plan and apply again: what is done stays done.");
    } else if !skipped.is_empty() {
        advice.push("Plan and apply again to do what was skipped: what is done stays done.");
    }
    if !unconfirmed.is_empty() {
        advice
            .push("The hub may be slow to show what was written: plan again in a few minutes, and expect no changes.");
    }
    let blocks = [failed, refused, unknown, skipped.blocks(&labels), unconfirmed].concat();
    Findings { blocks, advice }
}

/// What changes are called here: where an address has two, with the step.
struct Labels<'a> {
    names: Names,
    /// By address: its changes, in their order.
    steps: HashMap<&'a Address, Vec<&'a ChangeId>>,
}

impl<'a> Labels<'a> {
    fn of(report: &'a Report, plan: &Plan) -> Self {
        let mut steps: HashMap<&Address, Vec<&ChangeId>> = HashMap::new();
        for result in &report.results {
            steps.entry(&result.address).or_default().push(&result.id);
        }
        Self { names: Names::of(plan), steps }
    }

    fn of_result(&self, result: &ChangeResult) -> String {
        let label = self.names.label(&result.address);
        match self.steps.get(&result.address).map(Vec::as_slice) {
            Some([first, second]) if **first == result.id || **second == result.id => {
                format!("{label} ({} of two steps)", if **first == result.id { "first" } else { "second" })
            }
            _ => label,
        }
    }
}

fn heading<'a>(result: &ChangeResult, labels: &Labels<'_>, word: &'static str, style: Style) -> Line<'a> {
    Line::marked(0, Style::of(result.action)).plain(labels.of_result(result)).plain(": ").styled(style, word)
}

fn sentence(message: &str) -> Line<'_> {
    Line::at(INDENT).plain(text::shortened(message, MESSAGE))
}

fn advised(hint: &str) -> Line<'_> {
    Line::at(INDENT).styled(Style::Dim, "hint: ").plain(text::shortened(hint, MESSAGE))
}

fn mismatch_lines(mismatch: &Mismatch) -> [Line<'_>; 4] {
    let Mismatch { path, before, after, live } = mismatch;
    let value = |name, value| Line::at(INDENT + 2).styled(Style::Dim, name).plain(whole(value));
    [
        Line::at(INDENT).plain(names::path(path)),
        value("before: ", before),
        value("after:  ", after),
        value("live:   ", live),
    ]
}

/// Skipped changes by what they were skipped for: one failure can hold back hundreds.
#[derive(Default)]
struct Skipped<'a> {
    causes: Vec<(Cow<'a, str>, Vec<&'a ChangeResult>)>,
    positions: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Skipped<'a> {
    fn add(&mut self, because: Cow<'a, str>, result: &'a ChangeResult) {
        let position = *self.positions.entry(because.clone()).or_insert_with(|| {
            self.causes.push((because, Vec::new()));
            self.causes.len() - 1
        });
        self.causes[position].1.push(result);
    }

    fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    fn blocks(self, labels: &Labels<'_>) -> Vec<Block<'a>> {
        let block = |(because, results): (Cow<'a, str>, Vec<&ChangeResult>)| {
            if let [result] = results.as_slice() {
                return vec![heading(result, labels, "skipped, because ", Style::Changed).plain(because)];
            }
            let count = counted(results.len(), "change", "changes");
            let mut block =
                vec![Line::at(0).styled(Style::Changed, format!("{count} skipped, because ")).plain(because)];
            block.extend(
                results
                    .iter()
                    .take(LISTED)
                    .map(|result| Line::marked(INDENT, Style::of(result.action)).plain(labels.of_result(result))),
            );
            block.extend(rest(results.len(), LISTED).map(|rest| Line::at(INDENT).styled(Style::Dim, rest)));
            block
        };
        self.causes.into_iter().map(block).collect()
    }
}

/// `Applied in part: 12 added, 3 changed, 1 deleted; 2 failed, 3 skipped.`
pub(super) fn summary(report: &Report, plan: &Plan) -> String {
    if report.results.is_empty() {
        // With what is held, the portal does not match.
        return wording::summary(plan);
    }
    let Summary { add, change, delete } = report.summarise(&plan.changes);
    let mut counts: BTreeMap<u8, (usize, &str)> = BTreeMap::new();
    for result in &report.results {
        let (order, word) = match &result.outcome {
            Outcome::Applied => continue,
            Outcome::Failed { .. } => (0, "failed"),
            Outcome::Refused { .. } => (1, "refused"),
            Outcome::Unknown { .. } => (2, "unknown"),
            Outcome::Skipped { .. } => (3, "skipped"),
            Outcome::Unconfirmed => (4, "unconfirmed"),
            Outcome::AlreadyDone => (5, "done already"),
        };
        counts.entry(order).or_insert((0, word)).0 += 1;
    }
    let counts: Vec<String> = counts.into_values().map(|(count, word)| format!("{count} {word}")).collect();
    let part = if report.is_complete() { "" } else { " in part" };
    let rest = if counts.is_empty() { String::new() } else { format!("; {}", counts.join(", ")) };
    let applied = if report.results.iter().all(|result| result.outcome == Outcome::AlreadyDone) {
        "Nothing had to be written: the portal showed every change already.".to_owned()
    } else {
        format!("Applied{part}: {add} added, {change} changed, {delete} deleted{rest}.")
    };
    held::sentence(plan).map_or_else(|| applied.clone(), |held| format!("{applied} {held}"))
}

/// Shows why a saved plan is not begun: what each of these changes meets in the portal.
pub fn stale_human(results: Vec<ChangeResult>, plan: &Plan, color: bool) -> String {
    let report = Report { portal: plan.portal.clone(), emulator: false, interrupted: false, results, sent: None };
    let mut page = Page::new(color, None);
    for block in findings(&report, plan).blocks {
        page.block(2, &block);
    }
    page.finish()
}
