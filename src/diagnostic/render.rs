//! Diagnostics for people: the message, the source line with a caret, related places and advice.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Location, Severity, SourceFile, Sources, neutralize};

/// A source line longer than this many bytes is not shown; its position is.
const LONGEST_SHOWN_LINE: usize = 2_000;

/// Renders the diagnostics one below the other, each followed by an empty line.
///
/// Whatever the messages, paths and source lines hold, nothing in the result acts on a terminal.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, colored: bool) -> String {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    text
}

fn group(diagnostic: &Diagnostic, sources: &Sources) -> Group<'static> {
    let Diagnostic { severity, code, message, location, related, help } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(neutralize(message).into_owned()).id(*code));
    if let Some(location) = location {
        group = group.element(place(sources, *location, AnnotationKind::Primary, None));
    }
    for (location, label) in related {
        group = group.element(place(sources, *location, AnnotationKind::Context, Some(label)));
    }
    if let Some(help) = help {
        group = group.element(Level::HELP.message(neutralize(help).into_owned()));
    }
    group
}

fn place(sources: &Sources, location: Location, kind: AnnotationKind, label: Option<&str>) -> Element<'static> {
    let file = sources.file(location.file);
    let path = neutralize(&file.path.to_string_lossy()).into_owned();
    let (number, start) = file.line_at(location.start);
    let line = file.line_from(start);
    if line.len() > LONGEST_SHOWN_LINE {
        let (_, column) = sources.position(location);
        return Origin::path(path).line(number).char_column(column).into();
    }
    let (line, span) = shown(file, line, start, location);
    let annotation: Annotation<'static> = kind.span(span).label(label.map(|label| neutralize(label).into_owned()));
    Snippet::source(line).line_start(number).path(path).annotation(annotation).into()
}

/// The line as it is shown and the part of it that the location covers; what follows on further lines is left out.
fn shown(file: &SourceFile, line: &str, start: usize, location: Location) -> (String, Range<usize>) {
    let within = |offset: u32| (offset as usize).saturating_sub(start).min(line.len());
    let (from, to) = (within(location.start), within(location.end).max(within(location.start)));
    let (Some(before), Some(covered), Some(after)) = (line.get(..from), line.get(from..to), line.get(to..)) else {
        unreachable!("locations in {} lie on character boundaries", file.path.display());
    };
    let mut text = tabs_kept(before);
    let from = text.len();
    text.push_str(&tabs_kept(covered));
    let to = text.len();
    text.push_str(&tabs_kept(after));
    (text, from..to)
}

/// Tabs are harmless in a source line, and the renderer knows their width.
fn tabs_kept(text: &str) -> String {
    neutralize(text).replace('\u{2409}', "\t")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> (Sources, u32) {
        let mut sources = Sources::default();
        let file = sources.add(Path::new("portals/production.yaml"), text);
        (sources, file)
    }

    #[test]
    fn shows_line_caret_related_place_and_help() {
        let (sources, file) = one("kind: Portal\nspec:\n  target: {regon: us}\n");
        let diagnostic =
            Diagnostic::error("unknown-field", Location { file, start: 30, end: 35 }, "unknown field `regon`")
                .with_related(Location { file, start: 0, end: 4 }, "in this document")
                .with_help("did you mean `region`?");
        insta::assert_snapshot!(render(&[diagnostic], &sources, false), @r#"
        error[unknown-field]: unknown field `regon`
         --> portals/production.yaml:3:12
          |
        3 |   target: {regon: us}
          |            ^^^^^
          |
         ::: portals/production.yaml:1:1
          |
        1 | kind: Portal
          | ---- in this document
          |
          = help: did you mean `region`?
        "#);
    }

    #[test]
    fn a_place_at_the_end_of_the_file_and_one_over_several_lines() {
        let (sources, file) = one("a:\n  b: 1\n  c: 2\n");
        let diagnostics = [
            Diagnostic::warning("empty-document", Location { file, start: 17, end: 17 }, "ends here"),
            Diagnostic::error("missing-field", Location { file, start: 5, end: 16 }, "a field is missing"),
            Diagnostic::error("unreadable", None, "cannot read it"),
        ];
        insta::assert_snapshot!(render(&diagnostics, &sources, false), @r#"
        warning[empty-document]: ends here
         --> portals/production.yaml:4:1
          |
        4 |
          | ^

        error[missing-field]: a field is missing
         --> portals/production.yaml:2:3
          |
        2 |   b: 1
          |   ^^^^

        error[unreadable]: cannot read it
        "#);
    }

    #[test]
    fn hostile_text_does_nothing() {
        let (sources, file) = one("na\u{1b}[2Jme: \u{202e}x\u{9b}\n::add-mask::x\n");
        let place = Location { file, start: 0, end: 2 };
        let diagnostic = Diagnostic::error("unknown-field", place, "bad\u{1b}]0;x\u{7}\n::error::x")
            .with_help("\u{2066}##[group]")
            .with_related(Location { file, start: 22, end: 24 }, "\u{1b}[31m");
        let text = render(&[diagnostic], &sources, false);
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{2066}']) && !text.contains("##["), "{text:?}");
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::a")), "{text}");
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}(\n.{0,40}){0,3}", start in 0_u32..200, length in 0_u32..200, message in ".*") {
            let boundary = |offset: u32| {
                let offset = (offset as usize).min(text.len());
                u32::try_from((0..=offset).rev().find(|offset| text.is_char_boundary(*offset)).unwrap_or(0)).unwrap()
            };
            let (start, end) = (boundary(start), boundary(start + length));
            let (sources, file) = one(&text);
            let diagnostic = Diagnostic::error("syntax", Location { file, start, end }, message);
            let shown = render(&[diagnostic], &sources, false);
            prop_assert!(shown.contains("portals/production.yaml"));
        }
    }
}
