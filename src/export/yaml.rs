//! A document as a tree with comments, and its text: laid out as people lay out manifests.
//!
//! Knows nothing of manifests. Texts are quoted and comments made harmless here, once for all, so that no name can
//! break out of the place where it stands.

use std::fmt::Write as _;

use crate::diagnostic::neutralize;
use crate::manifest::scalar::quote;

/// Lists and mappings stand between brackets while their line is no longer than this. The formatter's width, in bytes
/// as it counts: what is laid out here is in canonical form already.
const WIDTH: usize = 120;
const STEP: usize = 2;

/// A value of the document.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// As it is written, quotes included.
    Scalar(String),
    List(Layout, Vec<Item>),
    Map(Layout, Vec<Field>),
}

/// How a list or a mapping is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Between brackets if that fits into one line.
    Compact,
    /// One line for each entry, however short.
    Spread,
    /// Spread, with a blank line between the entries.
    Sections,
}

/// An item of a list with the comments above it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) comments: Vec<String>,
    pub(super) node: Node,
}

/// A key with its value, and with the comments above it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) comments: Vec<String>,
    pub(super) key: String,
    pub(super) node: Node,
}

impl Node {
    /// A text, quoted where YAML needs it.
    pub(super) fn text(text: &str) -> Self {
        Self::Scalar(quote(text))
    }

    /// A word of YAML's own: `true` and `false`.
    pub(super) fn word(word: &str) -> Self {
        Self::Scalar(word.to_owned())
    }

    pub(super) fn list(nodes: impl IntoIterator<Item = Self>) -> Self {
        Self::List(Layout::Compact, nodes.into_iter().map(|node| Item { comments: Vec::new(), node }).collect())
    }

    pub(super) fn map(layout: Layout, fields: impl IntoIterator<Item = (impl Into<String>, Self)>) -> Self {
        let field = |(key, node): (_, Self)| Field { comments: Vec::new(), key: Into::into(key), node };
        Self::Map(layout, fields.into_iter().map(field).collect())
    }

    /// The node between brackets; `None` if it is to be spread or holds comments.
    fn compact(&self) -> Option<String> {
        match self {
            Self::Scalar(text) => Some(text.clone()),
            Self::List(_, items) if items.is_empty() => Some("[]".to_owned()),
            Self::Map(_, fields) if fields.is_empty() => Some("{}".to_owned()),
            Self::List(Layout::Spread | Layout::Sections, _) | Self::Map(Layout::Spread | Layout::Sections, _) => None,
            Self::List(Layout::Compact, items) => {
                let items: Option<Vec<String>> =
                    items.iter().map(|item| item.node.compact().filter(|_| item.comments.is_empty())).collect();
                items.map(|items| format!("[{}]", items.join(", ")))
            }
            Self::Map(Layout::Compact, fields) => {
                let fields: Option<Vec<String>> = fields
                    .iter()
                    .map(|Field { comments, key, node }| {
                        node.compact().filter(|_| comments.is_empty()).map(|node| format!("{}: {node}", quote(key)))
                    })
                    .collect();
                fields.map(|fields| format!("{{{}}}", fields.join(", ")))
            }
        }
    }
}

/// The text of a document, with comments at its beginning and within its last field.
pub(super) fn render(head: &[String], fields: &[Field], tail: &[String]) -> String {
    let mut lines = Lines { text: String::new() };
    lines.comments(head, 0);
    lines.fields(fields, 0);
    if !tail.is_empty() {
        lines.text.push('\n');
    }
    let last_is_spread = fields.last().is_some_and(|field| field.node.compact().is_none());
    lines.comments(tail, if last_is_spread { STEP } else { 0 });
    lines.text
}

struct Lines {
    text: String,
}

impl Lines {
    fn comments(&mut self, comments: &[String], indent: usize) {
        for comment in comments {
            let comment = neutralize(comment);
            // A pipeline that prints the manifest must find no `##[command]` in it.
            let line = format!("# {}", comment.replace("##", "#\u{fffd}"));
            let _ = writeln!(self.text, "{:indent$}{}", "", line.trim_end());
        }
    }

    fn fields(&mut self, fields: &[Field], indent: usize) {
        for Field { comments, key, node } in fields {
            self.comments(comments, indent);
            let _ = write!(self.text, "{:indent$}", "");
            self.field(key, node, indent);
        }
    }

    /// Writes a key and its value where the line stands.
    fn field(&mut self, key: &str, node: &Node, indent: usize) {
        let key = quote(key);
        if let Some(compact) = node.compact()
            && (matches!(node, Node::Scalar(_)) || indent + key.len() + 2 + compact.len() <= WIDTH)
        {
            let _ = writeln!(self.text, "{key}: {compact}");
            return;
        }
        let _ = writeln!(self.text, "{key}:");
        self.spread(node, indent + STEP);
    }

    fn spread(&mut self, node: &Node, indent: usize) {
        match node {
            Node::Scalar(text) => {
                let _ = writeln!(self.text, "{:indent$}{text}", "");
            }
            Node::Map(Layout::Sections, fields) => {
                for (number, field) in fields.iter().enumerate() {
                    if number > 0 {
                        self.text.push('\n');
                    }
                    self.fields(std::slice::from_ref(field), indent);
                }
            }
            Node::Map(_, fields) => self.fields(fields, indent),
            Node::List(_, items) => {
                for Item { comments, node } in items {
                    self.comments(comments, indent);
                    let _ = write!(self.text, "{:indent$}- ", "");
                    self.item(node, indent + STEP);
                }
            }
        }
    }

    /// Writes an item behind its dash.
    fn item(&mut self, node: &Node, indent: usize) {
        // An entry of one key reads better without brackets.
        let single = matches!(node, Node::Map(_, fields) if fields.len() == 1);
        if let Some(compact) = node.compact().filter(|_| !single)
            && (matches!(node, Node::Scalar(_)) || indent + compact.len() <= WIDTH)
        {
            let _ = writeln!(self.text, "{compact}");
            return;
        }
        match node {
            Node::Map(_, fields) => {
                if let Some((first, rest)) = fields.split_first() {
                    self.field(&first.key, &first.node, indent);
                    self.fields(rest, indent);
                }
            }
            Node::Scalar(_) | Node::List(..) => {
                let _ = writeln!(self.text);
                self.spread(node, indent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(node: Node) -> String {
        render(&[], &[Field { comments: Vec::new(), key: "key".to_owned(), node }], &[])
    }

    #[test]
    fn short_values_stand_between_brackets_and_long_ones_do_not() {
        let list = |count| Node::list((0..count).map(|number| Node::text(&format!("Partner {number}"))));
        assert_eq!(shown(list(2)), "key: [Partner 0, Partner 1]\n");
        assert_eq!(shown(list(0)), "key: []\n");
        assert!(shown(list(12)).starts_with("key:\n  - Partner 0\n"));
    }

    #[test]
    fn entries_of_one_key_need_no_brackets() {
        let map = |keys: &[&str]| Node::map(Layout::Compact, keys.iter().map(|key| (*key, Node::text("x"))));
        assert_eq!(shown(Node::list([map(&["a"])])), "key: [{a: x}]\n");
        let rows = [map(&["a"]), map(&["a", "b"])].map(|node| Item { comments: vec!["why".to_owned()], node });
        assert_eq!(
            shown(Node::List(Layout::Spread, rows.into())),
            "key:\n  # why\n  - a: x\n  # why\n  - {a: x, b: x}\n"
        );
    }

    #[test]
    fn a_comment_stays_in_its_line() {
        let text = render(&["a\nb: c\r\u{2028}\u{85}\u{202e}\u{ffff}".to_owned(), String::new()], &[], &[]);
        assert_eq!(text, "# a␊b: c␍\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n#\n");
    }
}
