//! Foreign text made safe and short enough for one line of an error message.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::{PoisonError, RwLock};

use crate::text::is_hidden;

/// The longest piece of foreign text that an error repeats, in characters.
const LONGEST: usize = 400;

/// Puts text on one line: white space collapsed, control characters and bidi marks shown as escapes, the rest cut.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        for character in word.chars() {
            if length == LONGEST {
                line.push('…');
                return line;
            }
            length += 1;
            if is_hidden(character) {
                line.extend(character.escape_unicode());
            } else {
                line.push(character);
            }
        }
    }
    line
}

/// Returns what a server's error body says: the vendor's envelope, its relatives, plain text, or a page's text.
pub(super) fn server_message(body: &[u8]) -> String {
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(body) {
        let message = envelope.into_message();
        if !message.is_empty() {
            return message;
        }
    }
    let text = String::from_utf8_lossy(body);
    if text.trim_start().starts_with('<') { page_text(&text) } else { text.into_owned() }
}

/// `{name, status, message, details}`, and OAuth's `{error, error_description}`.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Envelope {
    name: serde_json::Value,
    message: serde_json::Value,
    error: serde_json::Value,
    error_description: serde_json::Value,
    details: serde_json::Value,
}

impl Envelope {
    fn into_message(self) -> String {
        let Self { name, message, error, error_description, details } = self;
        let mut text = [message, error_description, error, name]
            .iter()
            .find_map(|value| value.as_str().filter(|text| !text.is_empty()))
            .unwrap_or_default()
            .to_owned();
        let details: Vec<&str> = details
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|detail| detail.get("message").unwrap_or(detail).as_str())
            .filter(|detail| !detail.is_empty() && *detail != text)
            .collect();
        if !details.is_empty() {
            if text.is_empty() {
                return details.join("; ");
            }
            text = format!("{text} ({})", details.join("; "));
        }
        text
    }
}

/// Returns the title of an HTML page, or else its text without tags.
fn page_text(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        lower[start..].find("</title>").map(|length| &page[start..start + length])
    });
    if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
        return format!("a web page titled `{}`", title.trim());
    }
    let mut text = String::new();
    let mut inside = false;
    for character in page.chars() {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(character),
            _ => {}
        }
    }
    text
}

/// The secrets that this client knows, so that no message repeats one that a server or library echoes.
#[derive(Default)]
pub(super) struct Secrets {
    known: RwLock<Vec<SecretString>>,
}

/// Anything shorter is in every other word: taking it out would garble messages and so give it away.
const SHORTEST_SECRET: usize = 4;

/// How many tokens are remembered beside the credential itself.
const REMEMBERED: usize = 16;

impl Secrets {
    pub(super) fn add(&self, secret: SecretString) {
        if secret.expose_secret().len() < SHORTEST_SECRET {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() > REMEMBERED {
            // The first one is the credential; the oldest token goes.
            known.remove(1);
        }
        known.push(secret);
    }

    pub(super) fn redact(&self, text: String) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .map(ExposeSecret::expose_secret)
            .fold(text, |text, secret| if text.contains(secret) { text.replace(secret, "[redacted]") } else { text })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_envelope_and_its_relatives_are_read() {
        let message = |body: &str| server_message(body.as_bytes());
        assert_eq!(
            message(
                r#"{"name":"BadRequest","status":400,"message":"Invalid","details":[{"message":"a"},{"message":"b","code":"x"}]}"#
            ),
            "Invalid (a; b)"
        );
        assert_eq!(message(r#"{"name":"BadRequest","status":400,"message":null}"#), "BadRequest");
        assert_eq!(message(r#"{"error":"invalid_client","error_description":"no such app"}"#), "no such app");
        assert_eq!(message("Unauthorized"), "Unauthorized");
        assert_eq!(
            message("<html><TITLE>502 Bad Gateway</TITLE><body>x</body>"),
            "a web page titled `502 Bad Gateway`"
        );
        assert_eq!(message("<p>Try <b>later</b>").trim(), "Try  later");
        assert_eq!(message("[1, 2]"), "[1, 2]");
        assert_eq!(message(""), "");
    }

    #[test]
    fn hostile_text_does_nothing_on_one_line() {
        assert_eq!(one_line("a\r\n\u{1b}[31mred\u{202e} \t b\0"), r"a \u{1b}[31mred\u{202e} b\u{0}");
        let long = one_line(&"x".repeat(5000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn known_secrets_are_taken_out() {
        let secrets = Secrets::default();
        secrets.add("".into());
        secrets.add("and".into());
        secrets.add("hunter2".into());
        for token in 0..100 {
            secrets.add(format!("<token-{token}>").into());
        }
        assert_eq!(
            secrets.redact("hunter2 and <token-99>, not <token-1>".into()),
            "[redacted] and [redacted], not <token-1>"
        );
    }

    proptest! {
        #[test]
        fn any_answer_becomes_one_harmless_line(body in any::<Vec<u8>>(), text in "<?[<>a-z\\PC\\p{C}]*") {
            for line in [one_line(&server_message(&body)), one_line(&server_message(text.as_bytes()))] {
                prop_assert!(!line.contains(is_hidden) && !line.contains('\n'));
            }
        }
    }

    #[test]
    fn lower_casing_a_page_keeps_its_offsets() {
        // `İ` grows when it is lower-cased by Unicode's rules; only ASCII is touched here.
        assert_eq!(server_message("<p>İİİ<title>İ</title>".as_bytes()), "a web page titled `İ`");
    }
}
