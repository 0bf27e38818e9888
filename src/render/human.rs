//! A plan for people at a terminal, or reading a log.

use super::access;
use super::body::{self, LISTED};
use super::grouping::sections;
use super::held;
use super::names::Names;
use super::page::{Line, Page, Style};
use super::wording;
use crate::plan::file::digest;
use crate::plan::{NoticeLevel, Plan};

/// How a plan is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    pub color: bool,
    /// Lines are wrapped there; `None` for anything but a terminal.
    pub width: Option<usize>,
    /// Lists are complete.
    pub verbose: bool,
}

/// Shows which portal it is, the changes by kind, their number, and what is left alone.
pub fn plan_human(plan: &Plan, options: &PlanOptions) -> String {
    let PlanOptions { color, width, verbose } = *options;
    let names = Names::of(plan);
    let mut page = Page::new(color, width);
    page.line(0, &wording::portal(plan));
    for warning in wording::warnings(plan) {
        page.line(0, &Line::at(0).styled(Style::Changed, "Warning: ").plain(warning));
    }
    if let Some(headline) = access::headline(plan, &names) {
        page.gap();
        page.line(0, &Line::at(0).styled(Style::Strong, headline));
        for block in access::causes(plan, &names, verbose) {
            page.block(2, &block);
        }
        if verbose || access::names_members(plan) {
            for block in access::by_version(plan, &names) {
                page.block(2, &block);
            }
        }
        if verbose {
            for block in access::by_member(plan, &names) {
                page.block(2, &block);
            }
        }
        for remark in access::remarks(plan) {
            page.line(0, &Line::at(0).styled(Style::Dim, remark));
        }
    }
    for section in sections(plan, &names) {
        page.gap();
        for block in body::blocks(&section, plan, verbose) {
            page.block(2, &block);
        }
    }
    page.gap();
    let mark = wording::emulator_mark(plan.target.portal.emulator);
    page.line(0, &Line::at(0).styled(Style::Strong, format!("{mark}{}", wording::summary(plan))));
    if let Some(origins) = wording::origins(plan) {
        page.line(0, &Line::at(0).plain(origins));
    }
    if let Some(forecast) = wording::forecast(plan) {
        page.line(0, &Line::at(0).plain(forecast));
    }
    page.gap();
    for note in wording::notices(plan, NoticeLevel::Note) {
        page.line(0, &Line::at(0).styled(Style::Dim, "Note: ").plain(note));
    }
    for (sentence, addresses) in wording::spared(plan, &names) {
        page.line(0, &Line::at(0).plain(sentence).plain(if addresses.is_empty() { "." } else { ":" }));
        for address in addresses {
            page.line(2, &address);
        }
    }
    let waiting = wording::waiting(plan);
    let (total, shown) = (waiting.len(), if verbose { waiting.len() } else { LISTED });
    for (index, line) in waiting.take(shown).enumerate() {
        if index == 0 {
            page.line(0, &Line::at(0).plain("Waiting:"));
        }
        page.line(2, &line);
    }
    if let Some(rest) = body::rest(total, shown) {
        page.line(2, &Line::at(0).styled(Style::Dim, rest));
    }
    held(&mut page, plan, verbose);
    if verbose && !plan.is_empty() && plan.promotes.is_none() {
        page.line(0, &Line::at(0).styled(Style::Dim, format!("Digest: {}", digest(plan))));
    }
    page.finish().trim_end().to_owned() + "\n"
}

/// Lists what is left out.
pub(super) fn held(page: &mut Page, plan: &Plan, verbose: bool) {
    let blocks = held::blocks(plan, verbose);
    if blocks.is_empty() {
        return;
    }
    page.gap();
    page.line(0, &Line::at(0).styled(Style::Changed, held::LEAD));
    let (total, shown) = (blocks.len(), if verbose { blocks.len() } else { LISTED });
    for block in blocks.iter().take(shown) {
        page.block(2, block);
    }
    if let Some(rest) = body::rest(total, shown) {
        page.line(2, &Line::at(0).styled(Style::Dim, rest));
    }
}
