//! Lines of styled text as HTML, and as data that the page's script makes the same HTML of.

use serde::Serialize;

use crate::render::page::{Line, Style, marker};
use crate::render::text;

/// A line as data: how far it stands in, its sign, and its pieces. Harmless to look at, and text alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Written(usize, &'static str, Vec<(&'static str, String)>);

/// Pieces of one style are one.
pub(super) fn of_line(line: &Line<'_>) -> Written {
    let mut pieces: Vec<(&'static str, String)> = Vec::new();
    for span in &line.spans {
        let class = class(span.style);
        let shown = text::terminal(&span.text);
        match pieces.last_mut() {
            Some((last, piece)) if *last == class => piece.push_str(&shown),
            _ => pieces.push((class, shown.into_owned())),
        }
    }
    Written(line.indent, line.marker.map_or("", marker), pieces)
}

/// The name by which the style sheet knows it.
pub(super) const fn class(style: Style) -> &'static str {
    match style {
        Style::Plain => "plain",
        Style::Strong => "strong",
        Style::Added => "added",
        Style::Changed => "changed",
        Style::Removed => "removed",
        Style::Dim => "dim",
    }
}

/// A line as an element of its own.
pub(super) fn push_line(html: &mut String, line: &Line<'_>) {
    html.extend(["<div class=\"line in-", &line.indent.to_string(), "\">"]);
    if let Some(style) = line.marker {
        html.extend(["<span class=\"sign ", class(style), "\">", marker(style), "</span> "]);
    }
    push_spans(html, line);
    html.push_str("</div>\n");
}

/// The pieces of a line within another element.
pub(super) fn push_spans(html: &mut String, line: &Line<'_>) {
    let Written(_, _, pieces) = of_line(line);
    for (class, piece) in pieces {
        html.extend(["<span class=\"", class, "\">", &text::html(&piece), "</span>"]);
    }
}
