//! The changes of a plan in blocks of lines, the same for every medium.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::fields;
use super::grouping::{Entry, Group, GroupMember, Section};
use super::names;
use super::page::{Block, Line, Style};
use crate::address::Kind;
use crate::plan::{Allow, Origin, Plan};

/// As many objects of a group are listed.
pub(super) const LISTED: usize = 10;

/// The groups of a section first, then each object that is shown on its own.
pub(super) fn blocks<'a>(section: &Section<'a>, plan: &Plan, verbose: bool) -> Vec<Block<'a>> {
    let groups = section.groups.iter().map(|group| group_block(group, section.kind, verbose));
    groups.chain(section.entries.iter().map(|entry| entry_block(entry, plan, verbose))).collect()
}

fn entry_block<'a>(entry: &Entry<'a>, plan: &Plan, verbose: bool) -> Block<'a> {
    let change = entry.last();
    let style = Style::of(change.action());
    let mut heading = Line::marked(0, style).plain(entry.address.kind.as_str()).plain("/").plain(entry.name.clone());
    let remarks = remarks(entry, plan);
    for (index, (style, remark)) in remarks.into_iter().enumerate() {
        heading.push(Style::Dim, if index == 0 { "  # " } else { "; " });
        heading.push(style, remark);
    }
    let mut block = vec![heading];
    block.extend(details(entry, verbose));
    block
}

/// What is under the heading of an entry.
pub(super) fn details<'a>(entry: &Entry<'a>, verbose: bool) -> Block<'a> {
    let mut block = fields::applicant(entry);
    block.extend(entry.fields.iter().flat_map(|field| fields::lines(entry, field, verbose)));
    block
}

/// What is said behind the name of an entry.
pub(super) fn remarks<'a>(entry: &Entry<'a>, plan: &Plan) -> Vec<(Style, Cow<'a, str>)> {
    let mut remarks: Vec<(Style, Cow<'a, str>)> = Vec::new();
    if let Some(reason) = entry.steps.first().and_then(|step| step.reason.as_deref()) {
        remarks.push((Style::Dim, reason.into()));
    }
    if let Some(mark) = origin_mark(entry.origin()) {
        remarks.push((Style::Dim, mark.into()));
    }
    if entry.in_two_steps() {
        remarks.push((Style::Dim, "in two steps".into()));
    }
    if entry.steps.iter().any(|step| step.edit.is_irreversible()) {
        remarks.push((Style::Removed, "cannot be undone".into()));
    }
    let words: BTreeSet<Allow> = entry.steps.iter().flat_map(|step| plan.needed_words(step)).collect();
    // The emulator needs no word.
    for word in words.into_iter().filter(|_| !plan.target.portal.emulator) {
        remarks.push(if plan.allow.contains(&word) {
            (Style::Dim, format!("allowed by --allow {word}").into())
        } else {
            (Style::Changed, format!("needs --allow {word}").into())
        });
    }
    remarks
}

/// What is expected of a change, that it is of this change, goes without saying.
fn origin_mark(origin: Option<Origin>) -> Option<&'static str> {
    origin.filter(|origin| *origin != Origin::ThisChange).map(Origin::as_str)
}

/// `~ audience:payments + Partner Zephyr → 93 versions of 41 assets`
fn group_block<'a>(group: &Group<'a>, kind: Kind, verbose: bool) -> Block<'a> {
    let Group { key, members } = group;
    let mut heading = Line::marked(0, Style::Changed);
    if let Some(subject) = key.cause.or((kind == Kind::Members).then_some("userGroups")) {
        heading.push(Style::Plain, subject);
        heading.push(Style::Plain, " ");
    }
    fields::push_difference(&mut heading, &key.difference);
    heading.push(Style::Plain, " → ");
    if kind == Kind::Assets {
        heading.push(Style::Plain, format!("{} of ", counted(group.size(), "version", "versions")));
    }
    heading.push(Style::Plain, counted(members.len(), kind.noun(1), kind.noun(members.len())));
    for (index, remark) in key.reason.into_iter().chain(origin_mark(key.origin)).enumerate() {
        heading.push(Style::Dim, if index == 0 { "  # " } else { "; " });
        heading.push(Style::Dim, remark);
    }
    let shown = if verbose { members.len() } else { LISTED };
    let mut block = vec![heading];
    block.extend(members.iter().take(shown).map(member_line));
    if let Some(rest) = rest(members.len(), shown) {
        block.push(Line::at(fields::INDENT).styled(Style::Dim, rest));
    }
    block
}

fn member_line<'a>(member: &GroupMember<'a>) -> Line<'a> {
    let GroupMember { name, versions, in_two_steps } = member;
    let mut line = Line::at(fields::INDENT).plain(name.clone());
    for (index, version) in versions.iter().enumerate() {
        line.push(Style::Plain, if index == 0 { ": " } else { ", " });
        line.push(Style::Plain, names::path(version));
    }
    if *in_two_steps {
        line.push(Style::Dim, "  # in two steps");
    }
    line
}

/// Says what a list leaves out, and where it is.
pub(super) fn rest(total: usize, shown: usize) -> Option<String> {
    (total > shown).then(|| format!("… and {} more (--verbose lists them, --format json has all)", total - shown))
}

/// `1 asset`, `2 assets`
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
