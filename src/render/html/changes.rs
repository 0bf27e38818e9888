//! Every change in the order in which it is made, once as data for the page's script and once as HTML without it.

use std::collections::HashMap;

use serde::Serialize;

use super::written::{Written, class, of_line, push_line};
use crate::address::{Address, Kind};
use crate::plan::{Action, Change, Phase, Plan};
use crate::render::grouping::{Entry, entry_of};
use crate::render::names::Names;
use crate::render::page::{Style, marker};
use crate::render::{body, text};

/// A change as data: its sign, what it is about, what is special about it, and its fields.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    phase: Phase,
    kind: Kind,
    action: Action,
    sign: &'static str,
    style: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<(&'static str, String)>,
    lines: Vec<Written>,
}

/// What a change shows.
struct Shown<'a> {
    change: &'a Change,
    entry: Entry<'a>,
    remarks: Vec<(Style, String)>,
}

/// All of them.
pub(super) fn items(plan: &Plan, names: &Names) -> Vec<Item> {
    shown(plan, names)
        .map(|Shown { change, entry, remarks }| {
            let style = Style::of(change.action());
            Item {
                phase: change.phase,
                kind: change.address.kind,
                action: change.action(),
                sign: marker(style),
                style: class(style),
                name: text::terminal(&entry.name).into_owned(),
                remarks: remarks
                    .into_iter()
                    .map(|(style, remark)| (class(style), text::terminal(&remark).into_owned()))
                    .collect(),
                lines: body::details(&entry, true).iter().map(of_line).collect(),
            }
        })
        .collect()
}

/// The first ones, for whoever has no script.
pub(super) fn push_first(html: &mut String, plan: &Plan, names: &Names, count: usize) {
    let mut last = None;
    for Shown { change, entry, remarks } in shown(plan, names).take(count) {
        if last != Some(change.phase) {
            html.extend(["<h3>", phase_title(change.phase), "</h3>\n"]);
            last = Some(change.phase);
        }
        let style = Style::of(change.action());
        html.extend([
            "<article class=\"change\">\n<h4><span class=\"sign ",
            class(style),
            "\">",
            marker(style),
            "</span> <span class=\"kind\">",
            change.address.kind.as_str(),
            "/</span><span class=\"name\">",
            &text::html(&entry.name),
            "</span>",
        ]);
        for (style, remark) in &remarks {
            html.extend([" <span class=\"remark ", class(*style), "\">", &text::html(remark), "</span>"]);
        }
        html.push_str("</h4>\n");
        for line in body::details(&entry, true) {
            push_line(html, &line);
        }
        html.push_str("</article>\n");
    }
}

pub(super) const fn phase_title(phase: Phase) -> &'static str {
    match phase {
        Phase::Groups => "Phase 0: groups",
        Phase::Narrow => "Phase 1: what narrows",
        Phase::People => "Phase 2: people",
        Phase::Widen => "Phase 3: what widens",
        Phase::Clear => "Phase 4: groups that go",
    }
}

fn shown<'a>(plan: &'a Plan, names: &Names) -> impl Iterator<Item = Shown<'a>> {
    let mut steps: HashMap<&Address, usize> = HashMap::new();
    for change in &plan.changes {
        *steps.entry(&change.address).or_default() += 1;
    }
    let mut done: HashMap<&Address, usize> = HashMap::new();
    plan.changes.iter().map(move |change| {
        let entry = entry_of(change, names);
        let mut remarks: Vec<(Style, String)> =
            body::remarks(&entry, plan).into_iter().map(|(style, remark)| (style, remark.into_owned())).collect();
        let step = done.entry(&change.address).or_default();
        *step += 1;
        if steps[&change.address] == 2 {
            let which = if *step == 1 { "first of two steps" } else { "second of two steps" };
            remarks.push((Style::Dim, which.to_owned()));
        }
        Shown { change, entry, remarks }
    })
}
