//! The canonical form of a manifest's text: layout and quotes, with comments and the order of keys kept.

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};

use super::faults::Faults;
use super::tree::{Node, NodeKind, Scalar, parse_verbatim};
use crate::diagnostic::{Diagnostic, Location, Severity};

/// The width at which lists and mappings between brackets are broken.
const WIDTH: usize = 120;

/// Formats a text. Formatting the result changes nothing.
///
/// The locations of the diagnostics are in file 0 of the [`Sources`](crate::diagnostic::Sources) that holds this text.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let documents = documents(&text)?;
    let mut formatted = format_once(&text)?;
    // Moving a comment may let the line beside it fit; a second pass then settles the layout.
    for _ in 0..3 {
        let again = format_once(&formatted)?;
        if again == formatted {
            return same_documents(&documents, &formatted).map(|()| formatted);
        }
        formatted = again;
    }
    Err(vec![refusal("the layout of this file does not settle")])
}

/// The formatter takes exponential time for some texts that are not YAML: only what was parsed goes to it.
fn documents(text: &str) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let mut faults = Faults::default();
    let documents = parse_verbatim(0, text, &mut faults);
    if faults.diagnostics.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(faults.diagnostics);
    }
    Ok(documents)
}

fn format_once(text: &str) -> Result<String, Vec<Diagnostic>> {
    let options = FormatOptions {
        layout: LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() },
        language: LanguageOptions { trailing_comma: false, brace_spacing: false, ..LanguageOptions::default() },
    };
    pretty_yaml::format_text(text, &options).map_err(|error| {
        vec![refusal("this file cannot be laid out").with_help(format!("the formatter says: {error}"))]
    })
}

/// A formatter that changes what a manifest says would be worse than none.
fn same_documents(before: &[Node], formatted: &str) -> Result<(), Vec<Diagnostic>> {
    let after = documents(formatted)?;
    if before.len() == after.len() && before.iter().zip(&after).all(|(before, after)| same(before, after)) {
        return Ok(());
    }
    Err(vec![refusal("this file cannot be laid out without changing what it says")])
}

fn same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (NodeKind::Null, NodeKind::Null) => true,
        (NodeKind::Scalar(Scalar { text: one, .. }), NodeKind::Scalar(Scalar { text: other, .. })) => one == other,
        (NodeKind::Sequence(one), NodeKind::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same(one, other))
        }
        (NodeKind::Mapping(one), NodeKind::Mapping(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other.iter())
                    .all(|(one, other)| one.key == other.key && same(&one.value, &other.value))
        }
        _ => false,
    }
}

fn refusal(message: &str) -> Diagnostic {
    Diagnostic::error("unformattable", Location { file: 0, start: 0, end: 0 }, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lays_out_and_keeps_comments() {
        let text = "\u{feff}# Top\r\nkind:   Portal # what it is\r\nspec:\r\n    userGroups:\r\n    -   { name: 'Gold Tier' , joins: [ payments,beta ] }\r\n\r\n\r\n\r\n    # Last\r\n    -   name: \"1.0\"\r\n---\r\nkind: PortalFragment\r\n";
        let formatted = format(text).expect("the text is YAML");
        insta::assert_snapshot!(formatted, @r#"
        # Top
        kind: Portal # what it is
        spec:
          userGroups:
            - {name: "Gold Tier", joins: [payments, beta]}

            # Last
            - name: "1.0"
        ---
        kind: PortalFragment
        "#);
        assert_eq!(format(&formatted).as_deref(), Ok(formatted.as_str()));
    }

    #[test]
    fn variables_stay_as_they_are() {
        let text = "portal: ${AEHCTL_VAR_NONE}\nname: $$5 ${AEHCTL_VAR_X:-x}\n";
        assert_eq!(format(text).as_deref(), Ok(text));
    }

    #[test]
    fn what_is_no_yaml_is_told_at_once() {
        let faults = format(&format!("a: {}", "[".repeat(60))).unwrap_err();
        assert_eq!(faults[0].code, "syntax");
        let faults = format(&"[".repeat(10_000)).unwrap_err();
        assert_eq!(faults[0].code, "syntax");
    }

    #[test]
    fn deep_nesting_takes_no_time() {
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("[{a: ", "}]"), ("\"x\", [", "]")] {
            let text = format!("a: [{}1{}]\n", open.repeat(60), close.repeat(60));
            assert!(format(&text).is_ok(), "{open}");
        }
    }

    proptest! {
        #[test]
        fn formatting_is_idempotent(text in "([ -]{0,4}[a-c]{0,2}(:|: |- |#|\\[|\\]|\\{|\\}|,|'|\"|\n|&a|\\*a|\\||>){1,3}){0,8}") {
            if let Ok(once) = format(&text) {
                prop_assert_eq!(format(&once), Ok(once));
            }
        }
    }
}
