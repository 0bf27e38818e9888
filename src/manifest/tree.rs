//! YAML texts as trees of located nodes.
//!
//! Scalars stay text with their quoting, so that a version `1.10` or a group called `1.0` or `yes` is what it looks
//! like; what a scalar means is for the decoder to say. Everything hostile ends here: depth, size and what aliases
//! repeat are bounded, and aliases share their nodes instead of copying them.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag, options};

use super::faults::Faults;
use super::variables::{Environment, expand, unescape};
use crate::diagnostic::{Diagnostic, Located, Location};

/// Far deeper than any manifest (a group in the tree takes two levels), far from the end of any stack.
const DEEPEST: usize = 128;
/// A manifest of 100,000 lines has about half a million nodes.
const MOST_NODES: usize = 4_000_000;
/// Nodes that aliases may repeat: enough for shared lists, too little for a bomb.
const MOST_REPEATED_NODES: usize = 200_000;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) location: Location,
    pub(super) kind: NodeKind,
}

#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    /// `~`, `null`, or nothing at all.
    Null,
    Scalar(Scalar),
    Sequence(Rc<Vec<Node>>),
    Mapping(Rc<Vec<Entry>>),
    /// What stands here has been reported already.
    Faulty,
}

#[derive(Debug, Clone)]
pub(super) struct Scalar {
    /// With escapes resolved and variables replaced.
    pub(super) text: String,
    /// Written without quotes: only then may it be a boolean.
    pub(super) plain: bool,
    /// A variable with a default stands here, whether the default was needed or not.
    pub(super) has_default: bool,
}

/// A key with its value. The keys of a mapping are distinct.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Located<String>,
    pub(super) value: Node,
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let NodeKind::Mapping(entries) = &self.kind else { return None };
        entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }
}

/// Reads every document as [`parse`] does, but leaves variables and dollar signs in values as they are written.
pub(super) fn parse_verbatim(file: u32, text: &str, faults: &mut Faults) -> Vec<Node> {
    read(file, text, None, faults)
}

/// Reads every document of a text; empty ones are left out. A fault of syntax costs its own document only.
pub(super) fn parse(file: u32, text: &str, environment: Environment<'_>, faults: &mut Faults) -> Vec<Node> {
    read(file, text, Some(environment), faults)
}

fn read(file: u32, text: &str, environment: Option<Environment<'_>>, faults: &mut Faults) -> Vec<Node> {
    let mut documents = Vec::new();
    if let Some(fault) = unprintable(file, text) {
        faults.push(fault);
        faults.incomplete = true;
        return documents;
    }
    let mut parser = Parser::new_from_str_with_options(text, options());
    let mut builder = Builder::new(file, text, environment, faults);
    loop {
        match parser.next_event() {
            None => return documents,
            Some(Ok((event, span))) => match builder.accept(event, span) {
                Ok(None) => {}
                Ok(Some(root)) => {
                    if !matches!(root.kind, NodeKind::Null) {
                        documents.push(root);
                    }
                }
                Err(TooLarge) => return documents,
            },
            Some(Err(error)) => {
                builder.abandon(&error);
                if !next_document(&mut parser, &mut builder, &error) {
                    return documents;
                }
            }
        }
    }
}

fn options() -> Options {
    options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    }
}

/// Goes on after a syntax fault, if a further document follows.
fn next_document<'text>(
    parser: &mut Parser<'text, StrInput<'text>>,
    builder: &mut Builder<'text, '_>,
    error: &ScanError,
) -> bool {
    match parser.proceed_next_document() {
        Ok(more) => more,
        Err(another) => {
            if another != *error {
                builder.abandon(&another);
            }
            false
        }
    }
}

/// YAML allows no control characters but tab and line breaks; a parser may take a NUL for the end of the file.
fn unprintable(file: u32, text: &str) -> Option<Diagnostic> {
    let is_bad = |character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{85}');
    let (start, character) = text.char_indices().find(|(_, character)| is_bad(*character))?;
    let location = Location { file, start: offset(start), end: offset(start + character.len_utf8()) };
    let message = format!("the control character U+{:04X} is not allowed in YAML", u32::from(character));
    Some(Diagnostic::error("syntax", location, message).with_help("is this a text file, saved as UTF-8?"))
}

/// Files are far smaller than 4 GiB: the reader refuses them otherwise.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The document has more nodes than any manifest; the fault is reported.
struct TooLarge;

/// A node with what an alias to it would cost.
#[derive(Clone)]
struct Built {
    node: Node,
    nodes: usize,
    height: usize,
}

/// A collection that is still open.
struct Open {
    start: u32,
    anchor: usize,
    nodes: usize,
    height: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, places: HashMap<String, Location>, key: Option<Key>, merged: Vec<Node> },
}

/// A key that waits for its value.
enum Key {
    Text(Located<String>),
    Merge,
    Faulty,
}

struct Builder<'text, 'loading> {
    file: u32,
    text: &'text str,
    /// `None`: variables stay as they are written.
    environment: Option<Environment<'loading>>,
    faults: &'loading mut Faults,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    nodes: usize,
    repeated: usize,
}

impl<'text, 'loading> Builder<'text, 'loading> {
    fn new(
        file: u32,
        text: &'text str,
        environment: Option<Environment<'loading>>,
        faults: &'loading mut Faults,
    ) -> Self {
        Self { file, text, environment, faults, open: Vec::new(), anchors: HashMap::new(), nodes: 0, repeated: 0 }
    }

    /// Takes the next event, and returns the document's root once it is complete.
    fn accept(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, TooLarge> {
        let location = self.locate(&span);
        match event {
            Event::DocumentStart(..) | Event::DocumentEnd => {
                self.anchors.clear();
                Ok(None)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "str", &span);
                let kind = self.scalar(&text, style, tag.is_some(), location);
                self.complete(Built { node: Node { location, kind }, nodes: 1, height: 0 }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "seq", &span);
                self.start(&span, anchor, Content::Sequence(Vec::new()));
                Ok(None)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "map", &span);
                let (entries, places, merged) = (Vec::new(), HashMap::new(), Vec::new());
                self.start(&span, anchor, Content::Mapping { entries, places, key: None, merged });
                Ok(None)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(location),
            Event::Alias(anchor) => self.alias(anchor, location),
            Event::UnresolvedAlias(name) => {
                let message = format!("nothing is anchored as `&{name}` before this place");
                self.report("syntax", location, message, Some("a text that begins with `*` needs quotes"));
                self.complete(faulty(location), 0)
            }
            // Presentation, and the stream's own frame.
            _ => Ok(None),
        }
    }

    /// Reports a syntax fault and forgets the document in which it stands.
    fn abandon(&mut self, error: &ScanError) {
        self.open.clear();
        self.anchors.clear();
        self.faults.incomplete = true;
        let start = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let width = self.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let location = Location { file: self.file, start: offset(start), end: offset(start + width) };
        self.report("syntax", location, error.info(), advice(error.kind()));
    }

    fn report(&mut self, code: &'static str, location: Location, message: String, help: Option<&str>) {
        let fault = Diagnostic::error(code, location, message);
        self.faults.push(match help {
            Some(help) => fault.with_help(help),
            None => fault,
        });
    }

    fn locate(&self, span: &Span) -> Location {
        let range = span.byte_range().unwrap_or(0..0);
        if range.is_empty() {
            // The parser puts what is empty behind the white space that follows; people look at what stands before.
            let before = self.text[..range.start].trim_end();
            let width = before.chars().next_back().map_or(0, char::len_utf8);
            return Location { file: self.file, start: offset(before.len() - width), end: offset(before.len()) };
        }
        let covered = self.text[range.clone()].trim_end();
        Location { file: self.file, start: offset(range.start), end: offset(range.start + covered.len()) }
    }

    /// `!!str`, `!!seq` and `!!map` say what is plain anyway; any other tag asks for what a manifest does not have.
    fn refuse_tag(&mut self, tag: Option<&Tag>, allowed: &str, span: &Span) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(allowed)) {
            let location = self.locate(&span.tag_span().unwrap_or(*span));
            let message = format!("the tag `{}` means nothing in a manifest", tag.original());
            self.report(
                "syntax",
                location,
                message,
                Some("leave the tag out; a text that begins with `!` needs quotes"),
            );
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tagged: bool, location: Location) -> NodeKind {
        let plain = style == ScalarStyle::Plain && !tagged;
        if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return NodeKind::Null;
        }
        let Some(environment) = self.environment.filter(|_| !self.awaits_key()) else {
            return NodeKind::Scalar(Scalar { text: text.to_owned(), plain, has_default: false });
        };
        match expand(text, environment) {
            Ok(expanded) => NodeKind::Scalar(Scalar { text: expanded.text, plain, has_default: expanded.has_default }),
            Err(variable_faults) => {
                for fault in variable_faults {
                    let location = self.within(location, &fault.reference);
                    self.report(fault.code, location, fault.message, Some(&fault.help));
                }
                NodeKind::Faulty
            }
        }
    }

    /// The place of a piece of a scalar, if the source has it as it is.
    fn within(&self, location: Location, piece: &str) -> Location {
        let written = &self.text[location.start as usize..location.end as usize];
        written.find(piece).map_or(location, |at| {
            let start = location.start + offset(at);
            Location { start, end: start + offset(piece.len()), ..location }
        })
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Mapping { key: None, .. }, .. }))
    }

    fn start(&mut self, span: &Span, anchor: usize, content: Content) {
        let start = offset(span.byte_range().map_or(0, |range| range.start));
        self.open.push(Open { start, anchor, nodes: 1, height: 0, content });
    }

    fn end(&mut self, end: Location) -> Result<Option<Node>, TooLarge> {
        let Some(Open { start, anchor, nodes, height, content }) = self.open.pop() else { return Ok(None) };
        let location = Location { start, end: end.end.max(start), ..end };
        let kind = match content {
            Content::Sequence(items) => NodeKind::Sequence(Rc::new(items)),
            Content::Mapping { mut entries, mut places, merged, .. } => {
                for node in merged {
                    self.merge(&node, &mut entries, &mut places);
                }
                NodeKind::Mapping(Rc::new(entries))
            }
        };
        self.complete(Built { node: Node { location, kind }, nodes, height }, anchor)
    }

    /// `<<`: entries of other mappings, for keys that the mapping does not have itself; the first mapping wins.
    fn merge(&mut self, node: &Node, entries: &mut Vec<Entry>, places: &mut HashMap<String, Location>) {
        match &node.kind {
            NodeKind::Mapping(others) => {
                for Entry { key, value } in others.iter() {
                    if !places.contains_key(&key.value) {
                        places.insert(key.value.clone(), key.location);
                        entries.push(Entry { key: key.clone(), value: value.clone() });
                    }
                }
            }
            NodeKind::Sequence(items) if items.iter().all(|item| matches!(item.kind, NodeKind::Mapping(_))) => {
                for item in items.iter() {
                    self.merge(item, entries, places);
                }
            }
            NodeKind::Faulty => {}
            _ => {
                let help = Some("write `<<: *anchor` or `<<: [*one, *other]`");
                self.report("syntax", node.location, "`<<` takes a mapping or a list of mappings".to_owned(), help);
            }
        }
    }

    fn alias(&mut self, anchor: usize, location: Location) -> Result<Option<Node>, TooLarge> {
        let Some(mut built) = self.anchors.get(&anchor).cloned() else {
            let message = "the alias stands inside the node that it names".to_owned();
            self.report("syntax", location, message, None);
            return self.complete(faulty(location), 0);
        };
        self.repeated += built.nodes;
        if self.repeated > MOST_REPEATED_NODES || self.open.len() + built.height > DEEPEST {
            let message = "the aliases of this file repeat too much".to_owned();
            self.report("too-large", location, message, Some("write the values out, or use an audience or a default"));
            self.faults.incomplete = true;
            return Err(TooLarge);
        }
        built.node.location = location;
        self.complete(built, 0)
    }

    /// Hands a complete node to its parent, or returns it if it is the root.
    fn complete(&mut self, built: Built, anchor: usize) -> Result<Option<Node>, TooLarge> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("the file has more than {MOST_NODES} values");
            self.report("too-large", built.node.location, message, Some("split it into fragments"));
            self.faults.incomplete = true;
            return Err(TooLarge);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        let Built { node, nodes, height } = built;
        let Some(parent) = self.open.last_mut() else { return Ok(Some(node)) };
        parent.nodes += nodes;
        parent.height = parent.height.max(height + 1);
        match &mut parent.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { key: slot @ None, places, .. } => {
                let (key, fault) = read_key(node, places);
                *slot = Some(key);
                if let Some(fault) = fault {
                    self.faults.push(fault);
                }
            }
            Content::Mapping { key: slot @ Some(_), entries, merged, .. } => match slot.take() {
                Some(Key::Text(key)) => entries.push(Entry { key, value: node }),
                Some(Key::Merge) => merged.push(node),
                Some(Key::Faulty) | None => {}
            },
        }
        Ok(None)
    }
}

fn faulty(location: Location) -> Built {
    Built { node: Node { location, kind: NodeKind::Faulty }, nodes: 1, height: 0 }
}

fn read_key(node: Node, places: &mut HashMap<String, Location>) -> (Key, Option<Diagnostic>) {
    let location = node.location;
    let text = match node.kind {
        NodeKind::Scalar(Scalar { text, plain: true, .. }) if text == "<<" => return (Key::Merge, None),
        NodeKind::Scalar(Scalar { text, .. }) => text,
        NodeKind::Faulty => return (Key::Faulty, None),
        NodeKind::Null => {
            let fault = Diagnostic::error("syntax", location, "a key is missing before `:`");
            return (Key::Faulty, Some(fault.with_help("`~` and `null` need quotes as keys")));
        }
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            let fault = Diagnostic::error("syntax", location, "a key must be a text");
            return (Key::Faulty, Some(fault.with_help("a text that begins with `[` or `{` needs quotes")));
        }
    };
    let Some(text) = unescape(&text) else {
        let fault = Diagnostic::error("variable-in-key", location, "a variable stands in a key");
        return (Key::Faulty, Some(fault.with_help("variables may stand in values only; `$$` is a dollar sign")));
    };
    if let Some(first) = places.get(&text) {
        let fault = Diagnostic::error("duplicate-key", location, format!("the key `{text}` stands here twice"))
            .with_related(*first, "first here");
        return (Key::Faulty, Some(fault));
    }
    places.insert(text.clone(), location);
    (Key::Text(Located::new(text, location)), None)
}

/// What people usually meant when the parser stumbles.
fn advice(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::MissingAnchorOrAliasName => Some("a text that begins with `*` or `&` needs quotes, as in `\"*\"`"),
        ErrorKind::UnexpectedCharacter { .. } => {
            Some("a text that begins with `@`, a backtick, `%` or another indicator needs quotes")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => {
            Some("a text that holds `: ` needs quotes; otherwise look at the indentation")
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => Some("indent with spaces"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry | ErrorKind::InvalidIndentation => {
            Some("look at the indentation of this line and the one before")
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::ExpectedFlowMappingSeparator => Some("is a `]`, `}` or `,` missing before this place?"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => Some("is a closing quote missing?"),
        ErrorKind::RecursionLimitExceeded => Some("lists and mappings may be nested 128 levels deep"),
        _ => None,
    }
}
