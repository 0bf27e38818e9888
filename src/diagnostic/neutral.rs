//! Makes text harmless for a terminal and for the command channels of pipelines.

use std::borrow::Cow;

use crate::text::is_hidden;

/// Replaces what would act instead of being shown: terminal controls, line breaks, marks that reorder or hide text,
/// and the prefixes by which a pipeline's log takes commands. Each character stays one character, so that columns fit.
pub fn neutralize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|character| replacement(character).is_some()) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let shown: String = text.chars().map(|character| replacement(character).unwrap_or(character)).collect();
    Cow::Owned(shown.replace("##[", "#\u{fffd}[").replace("##vso[", "#\u{fffd}vso["))
}

fn replacement(character: char) -> Option<char> {
    match character {
        // Unicode has a picture for each control character of ASCII.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)),
        '\u{7f}' => Some('\u{2421}'),
        _ if is_hidden(character) => Some('\u{fffd}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_borrowed() {
        assert!(matches!(neutralize("Gold Tier, Übung, 日本 # 1"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_acts_is_shown_instead() {
        assert_eq!(neutralize("a\u{1b}[31mb"), "a␛[31mb");
        assert_eq!(neutralize("a\nb\tc\u{7f}"), "a␊b␉c␡");
        assert_eq!(neutralize("a\u{202e}b\u{9b}c\u{2066}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(neutralize("a\u{fffe}b\u{ffff}c\u{ad}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(neutralize("##[add-mask]x ##vso[task]"), "#\u{fffd}[add-mask]x #\u{fffd}vso[task]");
    }

    #[test]
    fn each_character_stays_one() {
        let text = "\u{1b}ü\u{202e}##[x";
        assert_eq!(neutralize(text).chars().count(), text.chars().count());
    }
}
