//! Foreign text where it could act: which characters do so on whoever reads a line instead of being shown, the one list
//! that everything which prints foreign text goes by; words of a command that people are told to run; and long lists.
//!
//! What becomes of such a character is for its medium to say: an escape in results and errors, a picture that keeps
//! columns in a fault's source line, an escape sequence in YAML.

/// Returns whether a character steers a terminal, reorders or hides what stands beside it, or cannot be seen itself:
/// controls, marks of direction, what has no width of its own, and what is no character at all.
///
/// Variation selectors up to 16 stay, since common emoji are spelt with them.
pub(crate) fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// A word as a POSIX shell takes it.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// "a, b, c and 2 more".
pub(crate) fn few<'w, W: ToString + 'w>(
    most: usize,
    words: impl IntoIterator<Item = &'w W, IntoIter: ExactSizeIterator>,
) -> String {
    let words = words.into_iter();
    let more = words.len().saturating_sub(most);
    let shown = words.take(most).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_in_a_shell() {
        assert_eq!(shell_word("plans/today.json"), "plans/today.json");
        assert_eq!(shell_word("$(rm) it.json"), "'$(rm) it.json'");
        assert_eq!(shell_word("night's watch"), "'night'\\''s watch'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("é"), "'é'");
    }

    #[test]
    fn what_people_write_is_not_hidden() {
        let names = "Gold Tier, Zoë 🥇❤️ Übung 日本語 (100 %) 'x' \u{fffd}";
        assert_eq!(names.chars().find(|character| is_hidden(*character)), None);
    }

    #[test]
    fn what_acts_is_hidden() {
        for character in
            "\0\t\n\r\u{1b}\u{7f}\u{9b}\u{ad}\u{200b}\u{200d}\u{2028}\u{202e}\u{2066}\u{feff}\u{fffe}\u{ffff}\u{e0041}"
                .chars()
        {
            assert!(is_hidden(character), "{character:?}");
        }
    }
}
