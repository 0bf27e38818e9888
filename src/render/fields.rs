//! A field of a change in lines: `old → new`, the difference of two sets, or of two texts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::grouping::{Entry, Field, SetDifference, as_set};
use super::names;
use super::page::{Line, Style};
use crate::kinds::prospects::spec::ProspectSpec;
use crate::plan::{Action, Edit, Operation, Origin};

/// Where fields stand within a change.
pub(super) const INDENT: usize = 4;

/// As many names that stay are written out before they are counted.
const FEW: usize = 5;

/// Longer texts are shown whole, before and after: finding their difference takes too long.
const LONG: usize = 1_000;

/// Who is let in by an approval, as far as the address does not say it.
pub(super) fn applicant<'a>(entry: &Entry<'a>) -> Vec<Line<'a>> {
    let Edit::Approve { before: ProspectSpec { email, username, name }, .. } = &entry.last().edit else {
        return Vec::new();
    };
    [("email", Some(email)), ("username", username.as_ref()), ("name", name.as_ref())]
        .into_iter()
        .filter_map(|(path, text)| Some((path, text.filter(|text| !is_in_address(entry, text))?)))
        .map(|(path, text)| Line::at(INDENT).plain(path).plain(": ").plain(names::value(text)))
        .collect()
}

fn is_in_address(entry: &Entry<'_>, text: &str) -> bool {
    entry.address.segments.iter().any(|segment| segment == text)
}

/// A field of an entry; no line where the address says it already.
pub(super) fn lines<'a>(entry: &Entry<'a>, field: &Field<'a>, verbose: bool) -> Vec<Line<'a>> {
    let Field { path, before, after, cause, origin } = *field;
    let origin = own_origin(entry, origin);
    let (style, shown) = match entry.last().action() {
        Action::Update => return update(entry, field, verbose),
        Action::Create | Action::Approve => (Style::Added, after),
        Action::Reject => (Style::Removed, before),
        // What goes is told by its name; what it was is for those who want to know.
        Action::Delete if verbose => (Style::Removed, before),
        Action::Delete => return Vec::new(),
    };
    let is_told = matches!(entry.last().edit, Edit::IdpMapping(_))
        || matches!(path, "name" | "username" | "email")
            && shown.as_str().is_some_and(|text| is_in_address(entry, text));
    if is_told {
        return Vec::new();
    }
    if let Some(text) = shown.as_str().filter(|text| text.contains('\n')) {
        let mut lines = vec![Line::at(INDENT).plain(names::path(path)).plain(":")];
        lines.extend(text.lines().map(|line| Line::marked(INDENT + 2, style).plain(line)));
        return lines;
    }
    let line = Line::at(INDENT).plain(names::path(path)).plain(": ").plain(whole(shown));
    vec![with_remark(line, path, shown, cause, origin)]
}

fn update<'a>(entry: &Entry<'a>, field: &Field<'a>, verbose: bool) -> Vec<Line<'a>> {
    let Field { path, before, after, cause, origin } = *field;
    let mut line = Line::at(INDENT).plain(names::path(path)).plain(": ");
    if let (Some(before), Some(names)) = (as_set(before), as_set(after)) {
        push_sets(&mut line, &before, &names, verbose);
    } else if let Some((before, after)) = texts(before, after) {
        let mut lines = vec![Line::at(INDENT).plain(names::path(path)).plain(":")];
        lines.extend(text_difference(before, after));
        return lines;
    } else {
        match before {
            Value::Null => line.push(Style::Dim, absent(entry, path)),
            before => line.push(Style::Plain, whole(before)),
        }
        line.push(Style::Plain, " → ");
        match after {
            Value::Null => line.push(Style::Dim, "(none)"),
            after => line.push(Style::Plain, whole(after)),
        }
    }
    vec![with_remark(line, path, after, cause, own_origin(entry, origin))]
}

/// `[API Developers, + Partner Zephyr, - Gold Tier]`
fn push_sets<'a>(line: &mut Line<'a>, before: &BTreeSet<&'a str>, after: &BTreeSet<&'a str>, verbose: bool) {
    let kept: Vec<&str> = before.intersection(after).copied().collect();
    let mut separator = "[";
    if kept.len() > FEW && !verbose {
        line.push(Style::Plain, separator);
        line.push(Style::Dim, format!("… {} unchanged", kept.len()));
        separator = ", ";
    } else {
        for name in kept {
            line.push(Style::Plain, separator);
            line.push(Style::Plain, names::value(name));
            separator = ", ";
        }
    }
    line.push(Style::Plain, separator);
    push_difference(line, &SetDifference::between(before, after));
    line.push(Style::Plain, "]");
}

/// `+ Partner Zephyr, - Gold Tier`
pub(super) fn push_difference<'a>(line: &mut Line<'a>, difference: &SetDifference<'a>) {
    let SetDifference { added, removed } = difference;
    let names = added.iter().map(|name| (Style::Added, "+ ", name));
    for (index, (style, sign, name)) in names.chain(removed.iter().map(|name| (Style::Removed, "- ", name))).enumerate()
    {
        if index > 0 {
            line.push(Style::Plain, ", ");
        }
        line.push(style, sign);
        line.push(style, names::value(name));
    }
}

/// A value by itself.
pub(super) fn whole(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "(none)".into(),
        Value::String(text) => names::value(text),
        Value::Array(elements) => {
            let elements: Vec<Cow<'_, str>> = elements.iter().map(whole).collect();
            format!("[{}]", elements.join(", ")).into()
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string().into(),
    }
}

/// Adds where a value comes from, and says an empty audience in words.
fn with_remark<'a>(
    mut line: Line<'a>,
    path: &str,
    after: &Value,
    cause: Option<&'a str>,
    origin: Option<Origin>,
) -> Line<'a> {
    let is_nobody = path.starts_with("versions.") && after.as_array().is_some_and(Vec::is_empty);
    let remarks = is_nobody.then_some("nobody").into_iter().chain(cause).chain(origin.map(Origin::as_str));
    for (index, remark) in remarks.enumerate() {
        line.push(Style::Dim, if index == 0 { "  # " } else { ", " });
        line.push(Style::Dim, remark);
    }
    line
}

/// The origin of a field where it is another than that of the whole.
fn own_origin(entry: &Entry<'_>, origin: Option<Origin>) -> Option<Origin> {
    origin.filter(|_| origin != entry.origin())
}

/// What stands before the arrow where nothing was.
fn absent(entry: &Entry<'_>, path: &str) -> &'static str {
    let first = entry.steps.first().map(|step| &step.edit);
    match (first, path.strip_prefix("versions.")) {
        (Some(Edit::Asset(Operation::Update { before, .. })), Some(version))
            if !before.versions.contains_key(version) =>
        {
            "(new)"
        }
        (Some(Edit::UserGroup(_)), _) => "(none)",
        _ => "(unknown)",
    }
}

/// Two texts of which one has several lines.
fn texts<'a>(before: &'a Value, after: &'a Value) -> Option<(&'a str, &'a str)> {
    let text = |value: &'a Value| if value.is_null() { Some("") } else { value.as_str() };
    let (before, after) = (text(before)?, text(after)?);
    (before.contains('\n') || after.contains('\n')).then_some((before, after))
}

fn text_difference<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let changed = |style, line: &'a str| Line::marked(INDENT + 2, style).styled(style, line);
    let (old, new): (Vec<&str>, Vec<&str>) = (split(before), split(after));
    if old.len() + new.len() > LONG {
        let old = old.into_iter().map(|line| changed(Style::Removed, line));
        return old.chain(new.into_iter().map(|line| changed(Style::Added, line))).collect();
    }
    let difference = TextDiff::from_slices(&old, &new);
    let mut lines = Vec::new();
    for (index, hunk) in difference.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            lines.push(Line::at(INDENT + 4).styled(Style::Dim, "…"));
        }
        for change in hunk.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let place = |index: Option<usize>| index.expect("a line stands in the text that it comes from");
            lines.push(match change.tag() {
                ChangeTag::Equal => Line::at(INDENT + 4).plain(new[place(change.new_index())]),
                ChangeTag::Delete => changed(Style::Removed, old[place(change.old_index())]),
                ChangeTag::Insert => changed(Style::Added, new[place(change.new_index())]),
            });
        }
    }
    lines
}

/// Lines with their ends told apart, so that a last newline is a difference that can be seen.
fn split(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('\n').collect() }
}
