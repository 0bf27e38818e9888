//! Texts as YAML scalars, for manifests that are written by `export`.

use std::fmt::Write as _;

use crate::text::is_hidden;

/// Writes a text as a scalar that reads as that text, in a block or between brackets, in YAML 1.1 and 1.2 alike.
///
/// Dollar signs are doubled: a single one might begin a variable.
pub fn quote(text: &str) -> String {
    let text = text.replace('$', "$$");
    if is_plain(&text) { text } else { double_quoted(&text) }
}

/// Whether a text needs no quotes. Careful: what is in doubt is quoted.
fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '_' | '/' | '$'));
    let ends_well = text.ends_with(|last: char| is_plain_character(last) && !matches!(last, ' ' | ':'));
    starts_well
        && ends_well
        && text.chars().all(is_plain_character)
        && !text.contains(": ")
        && !is_reserved(text)
        && !looks_like_a_number(text)
}

fn is_plain_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, ' ' | '_' | '-' | '.' | '/' | '@' | '+' | '(' | ')' | '$' | ':')
}

/// Words that some version of YAML reads as something else than a text.
fn is_reserved(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n")
}

/// Numbers, dates, times and versions: anything that begins with a digit and has few letters.
fn looks_like_a_number(text: &str) -> bool {
    let digits_or_signs = text.chars().all(|character| {
        character.is_numeric() || matches!(character, '.' | '-' | '+' | '_' | ':' | 'e' | 'E' | 'T' | 'Z' | ' ')
    });
    let prefixed = ["0x", "0X", "0o", "0b"].iter().any(|prefix| text.starts_with(prefix));
    text.starts_with(char::is_numeric) && (digits_or_signs || prefixed)
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // A pipeline that prints the manifest must find no `##[command]` in it.
            '#' if quoted.ends_with('#') => quoted.push_str("\\x23"),
            _ if is_invisible(character) => {
                let code = u32::from(character);
                let _ = match code {
                    0..=0xff => write!(quoted, "\\x{code:02x}"),
                    0x100..=0xffff => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// What cannot stand in YAML as it is, and what a reader of the file would not see: it is written as an escape.
fn is_invisible(character: char) -> bool {
    is_hidden(character)
        || matches!(character, '\u{fffc}'..='\u{fffd}')
        || (character.is_whitespace() && character != ' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::faults::Faults;
    use crate::manifest::tree::{Node, NodeKind, parse};

    fn read(yaml: &str) -> Node {
        let mut faults = Faults::default();
        let mut roots = parse(0, yaml, &|_| None, &mut faults);
        assert_eq!(faults.diagnostics, [], "{yaml}");
        roots.pop().expect("there is a document")
    }

    fn text(node: &Node) -> &str {
        let NodeKind::Scalar(scalar) = &node.kind else { panic!("{node:?} is no scalar") };
        &scalar.text
    }

    /// Reads the scalar back as a value, as an item between brackets, and as a key.
    fn round_trips(original: &str) {
        let quoted = quote(original);
        let document = read(&format!("value: {quoted}\nlist: [{quoted}, {quoted}]\nmap: {{? {quoted} : {quoted}}}\n"));
        assert_eq!(text(document.get("value").expect("the value is there")), original, "{quoted}");
        let list = document.get("list").expect("the list is there");
        let NodeKind::Sequence(items) = &list.kind else { panic!("{list:?} is no list") };
        assert!(items.len() == 2 && items.iter().all(|item| text(item) == original), "{quoted}");
        let map = document.get("map").expect("the mapping is there");
        assert_eq!(text(map.get(original).expect("the key is there")), original, "{quoted}");
    }

    #[test]
    fn names_that_people_give_need_no_quotes() {
        for name in
            ["Gold Tier", "system:members", "audience:payments", "Finance/payment-api", "jane@example.com", "v1"]
        {
            assert_eq!(quote(name), name);
        }
    }

    #[test]
    fn what_reads_as_something_else_is_quoted() {
        for name in [
            "",
            "*",
            "1.10",
            "1",
            "2024-01-01",
            "0x1f",
            "1e3",
            "12:30",
            "yes",
            "NO",
            "null",
            "~",
            "True",
            "a: b",
            "a #b",
        ] {
            assert!(quote(name).starts_with('"'), "{name}");
            round_trips(name);
        }
    }

    #[test]
    fn awkward_texts_come_back() {
        for name in [
            " a",
            "a ",
            "a:",
            "- a",
            "? a",
            "[a]",
            "{a}",
            "a, b",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "'a'",
            "\"a\"",
            "a\\b",
            "a\nb",
            "a\tb",
            "\u{feff}a",
            "\u{85}",
            "\u{2028}",
            "\u{202e}",
            "\u{1b}[31m",
            "\u{0}",
            "$",
            "$$",
            "${AEHCTL_VAR_X}",
            "a$",
            "CN=Gold,OU=Groups",
            "---",
            "...",
            "=HYPERLINK()",
            "日本",
            "🦀",
            "\u{a0}",
            "\u{10ffff}",
            "\u{e000}",
            "<<",
            "|",
            ">",
        ] {
            round_trips(name);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(quote("a\u{202e}b\u{1b}"), r#""a\u202eb\x1b""#);
    }

    #[test]
    fn pipelines_are_not_commanded() {
        assert_eq!(quote("##vso[x]"), r##""#\x23vso[x]""##);
        assert_eq!(quote("a #b###"), r#""a #b#\x23#""#);
        round_trips("##vso[x] ###");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            round_trips(&text);
        }

        #[test]
        fn any_text_of_awkward_characters_comes_back(text in "[-?:,\\[\\]{}#&*!|>'\"%@` a1$\\\\\n~<=.+éT]{0,8}") {
            round_trips(&text);
        }
    }
}
