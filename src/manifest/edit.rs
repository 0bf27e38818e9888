//! Changes to the texts of manifests that leave every other byte as it is, comments among them.
//!
//! Places are locations of the loaded model. Edits are gathered, and become texts in [`Editor::finish`]; what an edit
//! means is for the caller to check, by loading what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::faults::Faults;
use super::tree::{Entry, Node, NodeKind, parse_verbatim};
use crate::diagnostic::{Location, Sources};

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    pub location: Location,
    pub reason: &'static str,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason)
    }
}

impl std::error::Error for Unsupported {}

/// What becomes of a list of scalars.
#[derive(Debug, Clone, Default)]
pub struct ListEdit {
    /// The items that go.
    pub remove: BTreeSet<Location>,
    /// Those that are new, as texts of YAML.
    pub add: Vec<String>,
    /// The whole list, for where it does not stand yet, or stands elsewhere and is only named here.
    pub whole: Vec<String>,
}

/// Gathers edits of loaded files.
#[derive(Clone)]
pub struct Editor<'s> {
    sources: &'s Sources,
    files: BTreeMap<u32, Vec<Node>>,
    /// By the place of the list.
    lists: BTreeMap<Location, (BTreeSet<usize>, Vec<String>)>,
    /// Keys that are set anew, by the place of the mapping.
    keys: BTreeMap<Location, Vec<(String, String)>>,
    splices: BTreeMap<u32, Vec<Splice>>,
}

/// A part of a text that is replaced.
#[derive(Debug, Clone)]
struct Splice {
    range: Range<usize>,
    text: String,
}

impl Splice {
    fn insert(at: usize, text: String) -> Self {
        Self { range: at..at, text }
    }

    fn delete(range: Range<usize>) -> Self {
        Self { range, text: String::new() }
    }
}

type Edited = Result<(), Unsupported>;

impl<'s> Editor<'s> {
    pub fn new(sources: &'s Sources) -> Self {
        Self {
            sources,
            files: BTreeMap::new(),
            lists: BTreeMap::new(),
            keys: BTreeMap::new(),
            splices: BTreeMap::new(),
        }
    }

    /// Sets a key of the entry in which the value at a place stands, below the keys of a path. `value` is YAML in one
    /// line, as it may stand between brackets.
    pub fn set(&mut self, entry: Location, path: &[&str], key: &str, value: String) -> Edited {
        let mut mapping = self.mapping(entry)?;
        for (depth, step) in path.iter().enumerate() {
            match own_value(&mapping, step) {
                Some(below) if is_mapping(below) && !self.text(below).is_alias() => mapping = below.clone(),
                Some(below) => return Err(unsupported(below, "it stands elsewhere and is only named here")),
                None => {
                    // What is missing is written as a whole; several keys of it come together.
                    let missing = path[depth..].join("\0");
                    let keys = self.keys.entry(mapping.location).or_default();
                    keys.push((format!("{missing}\0{key}"), value));
                    return Ok(());
                }
            }
        }
        match own_entries(&mapping).find(|entry| entry.key.value == key) {
            None => self.keys.entry(mapping.location).or_default().push((key.to_owned(), value)),
            Some(old) => {
                let splice = self.text(&old.value).replacement(&old.key.location, value)?;
                self.splice(old.key.location.file, splice);
            }
        }
        Ok(())
    }

    /// Edits the list that a key of an entry has. Where it does not stand there, all of it is written.
    pub fn list(&mut self, entry: Location, path: &[&str], key: &str, edit: ListEdit) -> Edited {
        let ListEdit { remove, add, whole } = edit;
        let below = |mapping: Node, step: &&str| own_value(&mapping, step).cloned();
        let list = path.iter().try_fold(self.mapping(entry)?, below).and_then(|node| own_value(&node, key).cloned());
        let Some(list) = list.filter(|list| is_list(list) && !self.text(list).is_alias()) else {
            return self.set(entry, path, key, format!("[{}]", whole.join(", ")));
        };
        let removed = items(&list).iter().enumerate().filter(|(_, item)| remove.contains(&item.location));
        let (indices, added) = self.lists.entry(list.location).or_default();
        indices.extend(removed.map(|(index, _)| index));
        added.extend(add);
        Ok(())
    }

    /// Removes an item of a list, wherever that list stands.
    pub fn remove_item(&mut self, item: Location) -> Edited {
        let (list, index) = self.list_with(item.file, |node| node.location == item).ok_or(nowhere(item))?;
        self.lists.entry(list).or_default().0.insert(index);
        Ok(())
    }

    /// Removes the whole entry in which the value at a place stands, with the comments that belong to it.
    pub fn remove_entry(&mut self, entry: Location) -> Edited {
        let mapping = self.mapping(entry)?;
        self.remove_item(mapping.location)
    }

    /// The texts of the files that change.
    pub fn finish(mut self) -> Result<BTreeMap<u32, String>, Unsupported> {
        for (place, (removed, added)) in std::mem::take(&mut self.lists) {
            let (owner, list) = self.owner_of(place).ok_or(nowhere(place))?;
            let splices = self.text(&list).list(owner.as_ref(), &removed, &added)?;
            for splice in splices {
                self.splice(place.file, splice);
            }
        }
        // Where one mapping ends within another, the inner one's keys come first.
        for (place, keys) in std::mem::take(&mut self.keys).into_iter().rev() {
            let mapping = self.find(place.file, |node| node.location == place).ok_or(nowhere(place))?;
            for (key, value) in nested(keys) {
                let splice = self.text(&mapping).new_key(&key, &value)?;
                self.splice(place.file, splice);
            }
        }
        let sources = self.sources;
        let texts = self.splices.into_iter().map(|(file, splices)| {
            let text = spliced(&sources.file(file).text, splices).ok_or(Unsupported {
                location: Location { file, start: 0, end: 0 },
                reason: "two of its changes stand in one place",
            })?;
            Ok((file, text))
        });
        texts.collect()
    }

    fn splice(&mut self, file: u32, splice: Splice) {
        self.splices.entry(file).or_default().push(splice);
    }

    fn roots(&mut self, file: u32) -> &[Node] {
        let text = &self.sources.file(file).text;
        // Whoever loaded the file has been told of its faults.
        self.files.entry(file).or_insert_with(|| parse_verbatim(file, text, &mut Faults::default()))
    }

    fn find(&mut self, file: u32, wanted: impl Fn(&Node) -> bool) -> Option<Node> {
        let mut open: Vec<&Node> = self.roots(file).iter().collect();
        while let Some(node) = open.pop() {
            if wanted(node) {
                return Some(node.clone());
            }
            open.extend(children(node));
        }
        None
    }

    /// The mapping of which the value at this place is one.
    fn mapping(&mut self, value: Location) -> Result<Node, Unsupported> {
        self.find(value.file, |node| own_entries(node).any(|entry| entry.value.location == value)).ok_or(nowhere(value))
    }

    /// The place of a list, and which of its items is wanted.
    fn list_with(&mut self, file: u32, wanted: impl Fn(&Node) -> bool) -> Option<(Location, usize)> {
        let list = self.find(file, |node| items(node).iter().any(&wanted))?;
        let index = items(&list).iter().position(wanted)?;
        Some((list.location, index))
    }

    /// The entry that has the list at this place for its value, if one does.
    fn owner_of(&mut self, list: Location) -> Option<(Option<Location>, Node)> {
        let is_this = |entry: &Entry| entry.value.location == list && is_list(&entry.value);
        if let Some(mapping) = self.find(list.file, |node| own_entries(node).any(is_this)) {
            let entry = own_entries(&mapping).find(|entry| is_this(entry))?;
            return Some((Some(entry.key.location), entry.value.clone()));
        }
        let list = self.find(list.file, |node| node.location == list && is_list(node))?;
        Some((None, list))
    }

    fn text<'n>(&self, node: &'n Node) -> Text<'s, 'n> {
        Text { text: &self.sources.file(node.location.file).text, node }
    }
}

/// Keys below a missing one become a mapping of their own.
fn nested(keys: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut plain: Vec<(String, String)> = Vec::new();
    let mut below: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (key, value) in keys {
        match key.split_once('\0') {
            None => plain.push((key, value)),
            Some((first, rest)) => below.entry(first.to_owned()).or_default().push((rest.to_owned(), value)),
        }
    }
    plain.extend(below.into_iter().map(|(key, keys)| {
        let fields: Vec<String> =
            nested(keys).into_iter().map(|(key, value)| format!("{}: {value}", super::scalar::quote(&key))).collect();
        (key, format!("{{{}}}", fields.join(", ")))
    }));
    plain
}

/// The text with its parts replaced. A part within another that is deleted goes with it.
fn spliced(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    // What is inserted stands before what is deleted behind it.
    splices.sort_by_key(|Splice { range, .. }| (range.start, !range.is_empty(), std::cmp::Reverse(range.end)));
    let mut edited = String::with_capacity(text.len());
    let mut at = 0;
    for Splice { range, text: new } in splices {
        if range.end <= at && range.start < at {
            continue;
        }
        if range.start < at {
            return None;
        }
        edited.push_str(&text[at..range.start]);
        edited.push_str(&new);
        at = range.end;
    }
    edited.push_str(&text[at..]);
    Some(edited)
}

fn nowhere(location: Location) -> Unsupported {
    Unsupported { location, reason: "its place in the file cannot be told" }
}

fn unsupported(node: &Node, reason: &'static str) -> Unsupported {
    Unsupported { location: node.location, reason }
}

fn is_list(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Sequence(_))
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Mapping(_))
}

fn items(node: &Node) -> &[Node] {
    match &node.kind {
        NodeKind::Sequence(items) => items,
        _ => &[],
    }
}

/// The entries that are written in the mapping itself: neither merged into it, nor those of an alias.
fn own_entries(node: &Node) -> impl Iterator<Item = &Entry> {
    let entries: &[Entry] = match &node.kind {
        NodeKind::Mapping(entries) => entries,
        _ => &[],
    };
    let Location { start, end, .. } = node.location;
    entries.iter().filter(move |entry| (start..end.max(start + 1)).contains(&entry.key.location.start))
}

fn own_value<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    own_entries(node).find(|entry| entry.key.value == key).map(|entry| &entry.value)
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        NodeKind::Mapping(entries) => entries.iter().map(|entry| &entry.value).collect(),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Faulty => Vec::new(),
    }
}

/// A node in the text of its file.
struct Text<'t, 'n> {
    text: &'t str,
    node: &'n Node,
}

impl Text<'_, '_> {
    fn range(&self) -> Range<usize> {
        self.node.location.start as usize..self.node.location.end as usize
    }

    fn written(&self) -> &str {
        &self.text[self.range()]
    }

    fn is_alias(&self) -> bool {
        self.written().starts_with('*')
    }

    /// Between brackets.
    fn is_flow(&self) -> bool {
        self.written().starts_with(['[', '{'])
    }

    fn of<'m>(&self, node: &'m Node) -> Text<'_, 'm> {
        Text { text: self.text, node }
    }

    /// Where the node's own text ends: a block's is told by what stands last in it, without comments that follow.
    fn end(&self) -> usize {
        if self.is_alias() || self.is_flow() {
            return self.range().end;
        }
        let last = match &self.node.kind {
            NodeKind::Sequence(items) => items.last(),
            NodeKind::Mapping(_) => own_entries(self.node).last().map(|entry| &entry.value),
            NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Faulty => None,
        };
        last.map_or(self.range().end, |last| self.of(last).end())
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |line_break| line_break + 1)
    }

    /// The end of the line, before its break.
    fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The beginning of the next line.
    fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |length| at + length + 1)
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// How far the line at this offset is indented, if it holds a comment and nothing else.
    fn comment_at(&self, line: usize) -> Option<usize> {
        let text = &self.text[line..self.line_end(line)];
        let indent = text.len() - text.trim_start_matches(' ').len();
        text[indent..].starts_with('#').then_some(indent)
    }

    fn is_blank(&self, line: usize) -> bool {
        line < self.text.len() && self.text[line..self.line_end(line)].trim().is_empty()
    }

    /// Just behind the colon that follows a key.
    fn behind_colon(&self, key: &Location) -> Result<usize, Unsupported> {
        let end = key.end as usize;
        let colon = self.text[end..].find(':').map(|offset| end + offset + 1);
        colon.ok_or_else(|| unsupported(self.node, "its key cannot be told"))
    }

    /// A text in place of the value that a key has.
    fn replacement(&self, key: &Location, value: String) -> Result<Splice, Unsupported> {
        let range = self.range();
        let colon = self.behind_colon(key)?;
        let is_empty = matches!(self.node.kind, NodeKind::Null) && range.start < colon;
        if is_empty {
            return Ok(Splice::insert(colon, format!(" {value}")));
        }
        let between = &self.text[colon..range.start];
        let before = between.trim_start();
        let is_block = matches!(self.node.kind, NodeKind::Sequence(_) | NodeKind::Mapping(_));
        if is_block && !self.is_alias() && !self.is_flow() {
            return Err(unsupported(self.node, "it is written over several lines"));
        }
        match before.chars().next() {
            None => Ok(Splice { range, text: value }),
            // A text of several lines stands behind its sign.
            Some('|' | '>') => Ok(Splice { range: range.start - before.len()..range.end, text: value }),
            Some(_) => Err(unsupported(self.node, "it has an anchor, a tag or a comment before it")),
        }
    }

    /// A new key of a mapping, behind all that it has.
    fn new_key(&self, key: &str, value: &str) -> Result<Splice, Unsupported> {
        let field = format!("{}: {value}", super::scalar::quote(key));
        let last = own_entries(self.node).last();
        if self.is_flow() {
            return Ok(match last {
                Some(last) => Splice::insert(self.of(&last.value).end(), format!(", {field}")),
                None => Splice::insert(self.range().start + 1, field),
            });
        }
        let (Some(first), Some(last)) = (own_entries(self.node).next(), last) else {
            return Err(unsupported(self.node, "it stands elsewhere and is only named here"));
        };
        let start = first.key.location.start as usize;
        let indent = self.text[self.line_start(start)..start].chars().count();
        // Children come last, where somebody reads on.
        let before_children = own_entries(self.node).zip(own_entries(self.node).skip(1));
        let place = before_children.into_iter().find(|(_, next)| next.key.value == "children").map(|(entry, _)| entry);
        let at = self.line_end(self.of(&place.unwrap_or(last).value).end());
        Ok(Splice::insert(at, format!("{}{:indent$}{field}", self.line_break(), "")))
    }

    /// A list with some items gone and others added.
    fn list(
        &self,
        owner: Option<&Location>,
        removed: &BTreeSet<usize>,
        added: &[String],
    ) -> Result<Vec<Splice>, Unsupported> {
        if self.is_alias() {
            return Err(unsupported(self.node, "it stands elsewhere and is only named here"));
        }
        if self.is_flow() { Ok(self.flow_list(removed, added)) } else { self.block_list(owner, removed, added) }
    }

    fn flow_list(&self, removed: &BTreeSet<usize>, added: &[String]) -> Vec<Splice> {
        let ranges: Vec<Range<usize>> =
            items(self.node).iter().map(|item| item.location.start as usize..self.of(item).end()).collect();
        let kept: Vec<usize> = (0..ranges.len()).filter(|index| !removed.contains(index)).collect();
        let (Some(first), Some(last)) = (kept.first(), kept.last()) else {
            let range = self.range();
            let has_comments = self.text[range.clone()].contains('#') && !ranges.is_empty();
            let text = format!("[{}]", added.join(", "));
            // Comments between brackets are worth more than their layout.
            let inside = ranges.first().map_or(range.start + 1, |first| first.start);
            let end = ranges.last().map_or(inside, |last| last.end);
            return if has_comments {
                vec![Splice { range: inside..end, text: added.join(", ") }]
            } else {
                vec![Splice { range, text }]
            };
        };
        let mut splices = Vec::new();
        for (index, range) in ranges.iter().enumerate().filter(|(index, _)| removed.contains(index)) {
            // What follows the last item that stays goes with the comma before it, anything else with the one behind.
            splices.push(Splice::delete(if index > *last {
                ranges[index - 1].end..range.end
            } else {
                range.start..ranges[index + 1].start
            }));
        }
        debug_assert!(first <= last, "kept items are in order");
        if !added.is_empty() {
            splices.push(Splice::insert(ranges[*last].end, format!(", {}", added.join(", "))));
        }
        splices
    }

    fn block_list(
        &self,
        owner: Option<&Location>,
        removed: &BTreeSet<usize>,
        added: &[String],
    ) -> Result<Vec<Splice>, Unsupported> {
        let mut rows = Vec::new();
        for (index, item) in items(self.node).iter().enumerate() {
            rows.push(self.row(item, index == 0)?);
        }
        let stays = rows.iter().enumerate().rfind(|(index, _)| !removed.contains(index)).map(|(_, row)| row);
        let mut splices: Vec<Splice> =
            removed.iter().filter_map(|index| rows.get(*index)).map(|row| Splice::delete(row.lines.clone())).collect();
        if let Some(Row { dash, end, .. }) = stays {
            for text in added {
                let line = format!("{}{:dash$}- {text}", self.line_break(), "");
                splices.push(Splice::insert(*end, line));
            }
            return Ok(splices);
        }
        let key = owner.ok_or_else(|| unsupported(self.node, "a list within a list would be left with nothing"))?;
        splices.push(Splice::insert(self.behind_colon(key)?, format!(" [{}]", added.join(", "))));
        Ok(splices)
    }

    /// The lines of an item behind a dash.
    fn row(&self, item: &Node, is_first: bool) -> Result<Row, Unsupported> {
        let start = item.location.start as usize;
        let first = self.line_start(start);
        let before = &self.text[first..start];
        let dash = before.len() - before.trim_start_matches(' ').len();
        if before.trim() != "-" {
            return Err(unsupported(item, "it shares its line with something else"));
        }
        let end = self.line_end(self.of(item).end());
        let mut from = first;
        while from > 0 {
            let above = self.line_start(from - 1);
            if self.comment_at(above) != Some(dash) {
                break;
            }
            from = above;
        }
        let mut to = self.next_line(end);
        while to < self.text.len() && self.comment_at(to).is_some_and(|indent| indent > dash) {
            to = self.next_line(to);
        }
        // Of two blank lines around it, one is enough.
        let above = if from > 0 { self.line_start(from - 1) } else { from };
        if from > 0 && self.is_blank(above) && (to == self.text.len() || self.is_blank(to)) {
            from = above;
        } else if is_first && self.is_blank(to) {
            to = self.next_line(to);
        }
        Ok(Row { dash, lines: from..to, end })
    }
}

/// An item of a block.
struct Row {
    /// The column of its dash.
    dash: usize,
    /// Whole lines, with the comments that belong to it.
    lines: Range<usize>,
    /// The end of its last line, before the break.
    end: usize,
}

#[cfg(test)]
mod tests;
