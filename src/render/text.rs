//! The one place where text from a manifest or a portal is made harmless for the medium that shows it.
//!
//! Whatever a name holds, it can neither steer a terminal, nor reorder or hide what stands beside it, nor command the
//! CI that prints it, nor format, link or notify in Markdown, nor calculate in a spreadsheet. What is taken out stays
//! visible: an override mark reads `\u{202e}`.
//!
//! Each function is safe wherever its result is placed, at the start of a line too.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::text::is_hidden;

/// Text for a terminal or a log, on one line.
///
/// GitHub obeys `::command::` at the start of a line, after any white space, and `##[command]` anywhere in it; Azure
/// obeys `##vso[…]` and `TeamCity` `##teamcity[…]`.
pub fn terminal(text: &str) -> Cow<'_, str> {
    rewrite(text, |before, character, after| {
        let begins_command = character == ':' && after == Some(':') && before.is_none_or(char::is_whitespace);
        let continues_command = character == '#' && before == Some('#');
        (is_hidden(character) || begins_command || continues_command).then(|| visible(character))
    })
}

/// Text for the inside of a fenced block in Markdown, on one line.
///
/// A fence of three backticks around it holds, and whoever reads the source, such as a bot that forwards comments,
/// finds neither tags nor mentions.
pub fn fenced(text: &str) -> Cow<'_, str> {
    chain(terminal(text), |text| {
        rewrite(text, |before, character, after| {
            let is_active = match character {
                '`' => before == Some('`'),
                '<' => after.is_some_and(|after| after.is_ascii_alphabetic() || matches!(after, '/' | '!' | '?')),
                '@' => !before.is_some_and(char::is_alphanumeric),
                _ => false,
            };
            is_active.then(|| visible(character))
        })
    })
}

/// Text for a paragraph, a heading, a list item or a table's cell in Markdown, on one line.
///
/// Active characters become character references, which by `CommonMark` never form syntax. Forges look for mentions
/// and references in what was rendered: there, a zero-width space parts the mark from the name.
pub fn markdown(text: &str) -> Cow<'_, str> {
    chain(terminal(text), |text| {
        rewrite(text, |before, character, after| {
            let precedes_name = after.is_some_and(|after| after.is_alphanumeric() || matches!(after, '"' | '_' | '*'));
            let is_first = before.is_none();
            let ends_word = after.is_none_or(char::is_whitespace);
            let reference = match character {
                '@' => "&#64;",
                '#' => "&#35;",
                '~' => "&#126;",
                '$' => "&#36;",
                '^' => "&#94;",
                '%' if precedes_name => "&#37;",
                '!' if precedes_name || after == Some('[') => "&#33;",
                '&' => "&amp;",
                '<' => return Some("&lt;".into()),
                '>' => return Some("&gt;".into()),
                '"' => return Some("&quot;".into()),
                '*' => return Some("&#42;".into()),
                '_' => return Some("&#95;".into()),
                '`' => return Some("&#96;".into()),
                '[' => return Some("&#91;".into()),
                ']' => return Some("&#93;".into()),
                '\\' => return Some("&#92;".into()),
                '|' => return Some("&#124;".into()),
                // Lists and underlines of headings.
                '+' if is_first => return Some("&#43;".into()),
                '-' if is_first => return Some("&#45;".into()),
                '=' if is_first => return Some("&#61;".into()),
                ' ' if is_first => return Some("&#32;".into()),
                // Numbered lists, and links that forges make of bare addresses.
                '.' if before.is_some_and(|before| before.is_ascii_digit()) && ends_word => {
                    return Some("&#46;".into());
                }
                ')' if before.is_some_and(|before| before.is_ascii_digit()) && ends_word => {
                    return Some("&#41;".into());
                }
                '.' if before.is_some_and(|before| before.eq_ignore_ascii_case(&'w')) && !ends_word => {
                    return Some("&#46;&#8203;".into());
                }
                ':' if after == Some('/') => return Some("&#58;&#8203;".into()),
                // `GH-1`, and the prefixes that a repository links to its tracker.
                '-' if before.is_some_and(|before| before.is_ascii_alphabetic())
                    && after.is_some_and(|after| after.is_ascii_digit()) =>
                {
                    return Some("&#45;&#8203;".into());
                }
                _ => return None,
            };
            Some(if precedes_name { format!("{reference}&#8203;").into() } else { reference.into() })
        })
    })
}

/// Text for HTML, between tags or in a quoted attribute.
pub fn html(text: &str) -> Cow<'_, str> {
    chain(terminal(text), |text| {
        rewrite(text, |_, character, _| {
            let reference = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                _ => return None,
            };
            Some(reference.into())
        })
    })
}

/// A whole field of a CSV record, quotes included where it needs them.
///
/// Spreadsheets take what begins with one of a few characters for a formula; an apostrophe makes it text.
pub fn csv(text: &str) -> Cow<'_, str> {
    let is_formula =
        text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let field = terminal(text);
    let needs_quotes = field.contains([',', ';', '"']) || field.starts_with(' ') || field.ends_with(' ');
    if !is_formula && !needs_quotes {
        return field;
    }
    let apostrophe = if is_formula { "'" } else { "" };
    if needs_quotes {
        format!("\"{apostrophe}{}\"", field.replace('"', "\"\"")).into()
    } else {
        format!("{apostrophe}{field}").into()
    }
}

/// The message of a workflow command of GitHub Actions: text for a terminal, with the one escape that is left.
pub fn workflow_message(text: &str) -> Cow<'_, str> {
    chain(terminal(text), |text| rewrite(text, |_, character, _| (character == '%').then(|| "%25".into())))
}

/// A property of a workflow command, where colons and commas mean something too.
pub fn workflow_property(text: &str) -> Cow<'_, str> {
    chain(workflow_message(text), |text| {
        rewrite(text, |_, character, _| match character {
            ':' => Some("%3A".into()),
            ',' => Some("%2C".into()),
            _ => None,
        })
    })
}

/// A JSON document as it is shown: the same data, with escapes where strings hold what a terminal or a CI obeys.
pub fn json(document: &str) -> Cow<'_, str> {
    rewrite(document, |before, character, _| {
        let is_structure = matches!(character, '\n' | '\r' | '\t');
        let continues_command = character == '#' && before == Some('#');
        ((is_hidden(character) && !is_structure) || continues_command).then(|| {
            let mut escapes = String::new();
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escapes, "\\u{unit:04x}").expect("writing to a string does not fail");
            }
            escapes.into()
        })
    })
}

/// A JSON document for the inside of a `script` element: the same data, with nothing in it that HTML could take for a tag.
pub fn script(document: &str) -> Cow<'_, str> {
    chain(json(document), |document| {
        rewrite(document, |_, character, _| {
            // None of them is structure in JSON: they stand in strings, where an escape is the same.
            matches!(character, '<' | '>' | '&').then(|| format!("\\u{:04x}", u32::from(character)).into())
        })
    })
}

/// The text without the parts that exceed a number of characters.
pub(super) fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

fn visible(character: char) -> Cow<'static, str> {
    match character {
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        other => other.escape_unicode().to_string().into(),
    }
}

/// Replaces characters that are told by what stands around them; copies only if there is any.
fn rewrite(
    text: &str,
    replacement: impl Fn(Option<char>, char, Option<char>) -> Option<Cow<'static, str>>,
) -> Cow<'_, str> {
    let mut rewritten = String::new();
    let mut copied = 0;
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let after = characters.peek().map(|(_, after)| *after);
        if let Some(replacement) = replacement(before, character, after) {
            rewritten.push_str(&text[copied..start]);
            rewritten.push_str(&replacement);
            copied = start + character.len_utf8();
        }
        before = Some(character);
    }
    if copied == 0 {
        return text.into();
    }
    rewritten.push_str(&text[copied..]);
    rewritten.into()
}

fn chain(text: Cow<'_, str>, next: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => next(text),
        Cow::Owned(text) => Cow::Owned(next(&text).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Anything, with what is dangerous more often than chance would have it.
    fn hostile() -> impl Strategy<Value = String> {
        let parts = prop::sample::select(vec![
            "::",
            "#",
            "##[",
            "##vso[",
            "\u{1b}[31m",
            "\n",
            "\r",
            "\u{202e}",
            "\u{200b}",
            "`",
            "```",
            "</details>",
            "@all",
            " ",
            "a",
            "1",
            "=",
            ".",
            "-",
            "|",
            "\\",
            "[x](y)",
            "https://x.example",
            "www.",
            "&lt;",
            "GH-1",
            "!",
            "é",
        ]);
        prop_oneof![".*".prop_map(String::from), prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat())]
    }

    fn assert_inert_line(line: &str) {
        assert!(!line.chars().any(is_hidden), "{line:?}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##"), "{line:?}");
    }

    proptest! {
        #[test]
        fn every_medium_shows_one_harmless_line(text in hostile()) {
            let commanded = [workflow_message(&text), workflow_property(&text)];
            for line in [terminal(&text), fenced(&text), markdown(&text), html(&text), csv(&text)].into_iter().chain(commanded) {
                assert_inert_line(&line);
            }
        }

        #[test]
        fn no_fence_is_closed_and_no_tag_is_left_in_fenced_text(text in hostile()) {
            let text = fenced(&text);
            prop_assert!(!text.contains("``"), "{}", text);
            prop_assert!(!text.contains("</"), "{}", text);
        }

        #[test]
        fn markdown_has_no_active_character_left(text in hostile()) {
            let text = markdown(&text);
            let entities = text.split('&').skip(1).all(|part| {
                let name = part.split(';').next().unwrap_or_default();
                matches!(name, "amp" | "lt" | "gt" | "quot") || name.starts_with('#')
            });
            prop_assert!(entities, "{}", text);
            prop_assert!(!text.contains(['@', '<', '>', '*', '_', '`', '[', ']', '\\', '|', '~', '$', '^', '"']), "{}", text);
            prop_assert!(!text.contains("://"), "{}", text);
            prop_assert!(!text.starts_with(['#', '+', '-', '=', ' ']), "{}", text);
        }

        #[test]
        fn html_has_no_tag(text in hostile()) {
            prop_assert!(!html(&text).contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn data_in_a_script_is_the_same_and_ends_no_element(text in hostile(), key in hostile()) {
            let value = serde_json::json!({ key: [text, "</script><!-- <script> ]]> \u{2028}"] });
            let document = serde_json::to_string(&value).unwrap();
            let shown = script(&document);
            assert_inert_line(&shown);
            prop_assert!(!shown.contains(['<', '>', '&']), "{}", shown);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }

        #[test]
        fn shown_json_is_the_same_data(text in hostile(), key in hostile()) {
            let value = serde_json::json!({ key: [text] });
            let document = serde_json::to_string_pretty(&value).unwrap();
            let shown = json(&document);
            for line in shown.lines() {
                assert_inert_line(line);
            }
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["Gold Tier", "jane@example.com", "audience:payments", "Zoë 🥇❤️", "C# & Co", "a::b", "日本語"]
        {
            assert_eq!(terminal(name), name);
            assert_eq!(fenced(name), name);
        }
        assert_eq!(markdown("Gold Tier (EU), 2 of 3"), "Gold Tier (EU), 2 of 3");
    }

    #[test]
    fn what_is_neutralised_stays_visible() {
        assert_eq!(terminal("a\u{202e}b\u{1b}[31m\n"), r"a\u{202e}b\u{1b}[31m\n");
        assert_eq!(terminal("::add-mask::x"), r"\u{3a}:add-mask::x");
        assert_eq!(terminal("x\n::error::y"), r"x\n\u{3a}:error::y");
        assert_eq!(terminal("##[group]x ##vso[task]"), r"#\u{23}[group]x #\u{23}vso[task]");
        assert_eq!(fenced("```</details>@everyone"), r"`\u{60}\u{60}\u{3c}/details>\u{40}everyone");
    }

    #[test]
    fn markdown_parts_mentions_and_references() {
        assert_eq!(markdown("@everyone #1 !2"), "&#64;&#8203;everyone &#35;&#8203;1 &#33;&#8203;2");
        assert_eq!(markdown("</details>"), "&lt;/details&gt;");
        assert_eq!(markdown("[a](https://b)|`"), "&#91;a&#93;(https&#58;&#8203;//b)&#124;&#96;");
        assert_eq!(markdown("GH-1 www.x 1. a"), "GH&#45;&#8203;1 www&#46;&#8203;x 1&#46; a");
    }

    #[test]
    fn formulas_become_text() {
        assert_eq!(csv("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(csv("+1"), "'+1");
        assert_eq!(csv("-1"), "'-1");
        assert_eq!(csv("@x"), "'@x");
        assert_eq!(csv("\t=1"), "'\\t=1");
        assert_eq!(csv("\r=1"), "'\\r=1");
        assert_eq!(csv("a,b"), "\"a,b\"");
        assert_eq!(csv("a"), "a");
        assert_eq!(csv(" =1"), "\"' =1\"");
        assert_eq!(csv("Gold Tier"), "Gold Tier");
        assert_eq!(csv(""), "");
    }
}
