//! Lines of styled text, and the page of a terminal that they are written on.
//!
//! Every piece of a line is escaped when it is written, ours as well as theirs: no renderer can forget it.

use std::borrow::Cow;

use owo_colors::Style as Paint;
use unicode_width::UnicodeWidthStr;

use super::text;
use crate::plan::Action;

/// What a piece of text says, which a terminal shows by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Style {
    #[default]
    Plain,
    Strong,
    Added,
    Changed,
    Removed,
    Dim,
}

impl Style {
    pub(super) fn of(action: Action) -> Self {
        match action {
            Action::Create | Action::Approve => Self::Added,
            Action::Update => Self::Changed,
            Action::Delete | Action::Reject => Self::Removed,
        }
    }

    /// The text in its colour, which must have been escaped.
    pub(super) fn paint(self, escaped: &str, color: bool) -> String {
        let paint = match self {
            Self::Plain => return escaped.to_owned(),
            Self::Strong => Paint::new().bold(),
            Self::Added => Paint::new().green(),
            Self::Changed => Paint::new().yellow(),
            Self::Removed => Paint::new().red(),
            Self::Dim => Paint::new().dimmed(),
        };
        if color { paint.style(escaped).to_string() } else { escaped.to_owned() }
    }
}

/// The sign before a change or a line of text.
pub(super) const fn marker(style: Style) -> &'static str {
    match style {
        Style::Added => "+",
        Style::Removed => "-",
        Style::Plain | Style::Strong | Style::Changed | Style::Dim => "~",
    }
}

/// A piece of a line, as it is: it is escaped when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub style: Style,
    pub text: Cow<'a, str>,
}

/// One line of a change's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Columns that the line stands within its block.
    pub indent: usize,
    /// The sign that the line begins with.
    pub marker: Option<Style>,
    pub spans: Vec<Span<'a>>,
}

impl<'a> Line<'a> {
    pub(super) fn at(indent: usize) -> Self {
        Self { indent, ..Self::default() }
    }

    pub(super) fn marked(indent: usize, marker: Style) -> Self {
        Self { indent, marker: Some(marker), spans: Vec::new() }
    }

    pub(super) fn push(&mut self, style: Style, text: impl Into<Cow<'a, str>>) {
        self.spans.push(Span { style, text: text.into() });
    }

    #[must_use]
    pub(super) fn plain(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.styled(Style::Plain, text)
    }

    #[must_use]
    pub(super) fn styled(mut self, style: Style, text: impl Into<Cow<'a, str>>) -> Self {
        self.push(style, text);
        self
    }
}

/// What belongs together and is never torn apart: a change with its fields, a group with its objects.
pub(super) type Block<'a> = Vec<Line<'a>>;

/// A text in the making for a terminal or a log.
#[derive(Debug)]
pub(super) struct Page {
    color: bool,
    width: Option<usize>,
    text: String,
}

impl Page {
    /// Lines are wrapped at the width if there is one; fewer than 20 columns are none.
    pub(super) fn new(color: bool, width: Option<usize>) -> Self {
        Self { color, width: width.filter(|width| *width >= 20), text: String::new() }
    }

    /// An empty line between what was written and what follows.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub(super) fn block(&mut self, indent: usize, block: &Block<'_>) {
        for line in block {
            self.line(indent, line);
        }
    }

    pub(super) fn line(&mut self, base: usize, line: &Line<'_>) {
        let indent = base + line.indent;
        let mut runs: Vec<(Style, String)> = vec![(Style::Plain, " ".repeat(indent))];
        let mut column = indent;
        if let Some(style) = line.marker {
            runs.push((style, marker(style).to_owned()));
            runs.push((Style::Plain, " ".to_owned()));
            column += 2;
        }
        let escaped: Vec<(Style, Cow<'_, str>)> =
            line.spans.iter().map(|span| (span.style, text::terminal(&span.text))).collect();
        let Some(width) = self.width else {
            runs.extend(escaped.into_iter().map(|(style, text)| (style, text.into_owned())));
            return self.write(runs);
        };
        let hanging = (indent + 4).min(width / 2);
        let mut at_start = true;
        for word in words(&escaped) {
            let breadth: usize = word.iter().map(|(_, text)| text.width()).sum();
            let trailing = usize::from(word.last().is_some_and(|(_, text)| text.ends_with(' ')));
            let is_blank = word.iter().all(|(_, text)| text.trim_matches(' ').is_empty());
            if column + breadth - trailing > width && !at_start && !is_blank {
                self.write(std::mem::replace(&mut runs, vec![(Style::Plain, " ".repeat(hanging))]));
                column = hanging;
            }
            at_start = false;
            column += breadth;
            for (style, text) in word {
                match runs.last_mut() {
                    Some((last, run)) if *last == style => run.push_str(text),
                    _ => runs.push((style, text.to_owned())),
                }
            }
        }
        self.write(runs);
    }

    fn write(&mut self, mut runs: Vec<(Style, String)>) {
        while let Some((_, text)) = runs.last_mut() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
            runs.pop();
        }
        for (style, text) in runs {
            self.text.push_str(&style.paint(&text, self.color));
        }
        self.text.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Cuts a line after each space; a word may change its style.
fn words<'a>(spans: &'a [(Style, Cow<'a, str>)]) -> Vec<Vec<(Style, &'a str)>> {
    let mut words = Vec::new();
    let mut word: Vec<(Style, &str)> = Vec::new();
    for (style, text) in spans {
        for piece in text.split_inclusive(' ') {
            word.push((*style, piece));
            if piece.ends_with(' ') {
                words.push(std::mem::take(&mut word));
            }
        }
    }
    words.push(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Line<'static> {
        Line::marked(0, Style::Added)
            .plain("audience: [")
            .styled(Style::Added, "+ Partner Zephyr")
            .plain(", ")
            .styled(Style::Removed, "- \u{1b}Gold Tier")
            .plain("]")
    }

    fn page(color: bool, width: Option<usize>) -> String {
        let mut page = Page::new(color, width);
        page.line(2, &sample());
        page.finish()
    }

    #[test]
    fn lines_break_between_words_where_there_is_a_width() {
        insta::assert_snapshot!(page(false, None), @r"  + audience: [+ Partner Zephyr, - \u{1b}Gold Tier]");
        insta::assert_snapshot!(page(false, Some(30)), @r"
          + audience: [+ Partner
              Zephyr, - \u{1b}Gold
              Tier]
        ");
    }

    #[test]
    fn colours_are_ours_alone_and_change_no_text() {
        let coloured = page(true, Some(30));
        assert!(coloured.contains("\u{1b}[32m+\u{1b}[0m"), "{coloured:?}");
        assert_eq!(crate::render::samples::without_colors(&coloured), page(false, Some(30)));
    }
}
