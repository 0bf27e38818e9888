//! Foreign text made safe and short enough for one line of an error message.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
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
    known: RwLock<Vec<Spellings>>,
}

/// A secret as it is, and as servers and proxies write what they repeat. The longest comes first.
struct Spellings(Vec<SecretString>);

impl Spellings {
    fn of(secret: &str) -> Self {
        let unquoted = |text: String| text[1..text.len() - 1].to_owned();
        let json = unquoted(serde_json::to_string(secret).expect("a text can be written as JSON"));
        let ascii_json = |unit: fn(u16) -> String| -> String {
            let character = |number: u16| match u8::try_from(number) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => unit(number),
            };
            json.encode_utf16().map(character).collect()
        };
        let lower = ascii_json(|number| format!("\\u{number:04x}"));
        let upper = ascii_json(|number| format!("\\u{number:04X}"));
        let mut spellings = encoded(secret);
        // A request's body is JSON: that is what somebody may encode as a whole.
        spellings.extend(encoded(&json));
        spellings.extend([
            secret.to_owned(),
            unquoted(format!("{secret:?}")),
            json.replace('/', "\\/"),
            json.clone(),
            lower,
            upper,
        ]);
        spellings.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        spellings.dedup();
        Self(spellings.into_iter().map(SecretString::from).collect())
    }
}

/// A text as URLs, pages and Base64 have it.
fn encoded(text: &str) -> Vec<String> {
    let percent = percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
    let unreserved = percent.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~");
    let lower = |text: &str| -> String {
        let mut pieces = text.split('%');
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| {
            let (hexadecimal, rest) = piece.split_at(2);
            format!("{text}%{}{rest}", hexadecimal.to_lowercase())
        })
    };
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut encoded = vec![
        unreserved.replace("%20", "+"),
        lower(&unreserved),
        unreserved,
        lower(&percent),
        percent,
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        html.replace('"', "&quot;"),
        html,
    ];
    encoded.extend([STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().flat_map(|alphabet| within_base64(text, alphabet)));
    encoded
}

/// What of an encoded text tells the secret, wherever in that text the secret stands.
fn within_base64(secret: &str, alphabet: &GeneralPurpose) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let encoded = alphabet.encode([&b"  "[..before], secret.as_bytes()].concat());
        // A character holds six bits: those of what stands before, and of what may follow, are not the secret's.
        let (first, end) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        encoded[first..end].to_owned()
    })
}

/// Anything shorter is in every other word: taking it out would garble messages and so give it away.
const SHORTEST_SECRET: usize = 4;

/// How many tokens are remembered beside the credential itself.
const REMEMBERED: usize = 16;

impl Secrets {
    pub(super) fn add(&self, secret: &SecretString) {
        if secret.expose_secret().len() < SHORTEST_SECRET {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() > REMEMBERED {
            // The first one is the credential; the oldest token goes.
            known.remove(1);
        }
        known.push(Spellings::of(secret.expose_secret()));
    }

    pub(super) fn redact(&self, text: String) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .flat_map(|Spellings(spellings)| spellings.iter().map(ExposeSecret::expose_secret))
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
        secrets.add(&"".into());
        secrets.add(&"and".into());
        secrets.add(&"hunter2".into());
        for token in 0..100 {
            secrets.add(&format!("<token-{token}>").into());
        }
        assert_eq!(
            secrets.redact("hunter2 and <token-99>, not <token-1>".into()),
            "[redacted] and [redacted], not <token-1>"
        );
    }

    #[test]
    fn encoding_a_secret_does_not_hide_it() {
        let secret = r#"a"b\c/d e&f<g>é💥'h-i_j.k~l"#;
        let secrets = Secrets::default();
        secrets.add(&secret.into());
        for spelling in [
            secret,
            r#"a\"b\\c/d e&f<g>é💥'h-i_j.k~l"#,
            r#"a\"b\\c\/d e&f<g>é💥'h-i_j.k~l"#,
            r#"a\"b\\c/d e&f<g>\u00e9\ud83d\udca5'h-i_j.k~l"#,
            r#"a\"b\\c/d e&f<g>\u00E9\uD83D\uDCA5'h-i_j.k~l"#,
            "a%22b%5Cc%2Fd%20e%26f%3Cg%3E%C3%A9%F0%9F%92%A5%27h-i_j.k~l",
            "a%22b%5cc%2fd%20e%26f%3cg%3e%c3%a9%f0%9f%92%a5%27h-i_j.k~l",
            "a%22b%5Cc%2Fd+e%26f%3Cg%3E%C3%A9%F0%9F%92%A5%27h-i_j.k~l",
            "a%22b%5Cc%2Fd%20e%26f%3Cg%3E%C3%A9%F0%9F%92%A5%27h%2Di%5Fj%2Ek%7El",
            r#"a"b\c/d e&amp;f&lt;g&gt;é💥'h-i_j.k~l"#,
            r"a&quot;b\c/d e&amp;f&lt;g&gt;é💥&#39;h-i_j.k~l",
            "YSJiXGMvZCBlJmY8Zz7DqfCfkqUnaC1pX2oua35s",
            r#"a\"b\\c/d e&amp;f&lt;g&gt;é💥'h-i_j.k~l"#,
        ] {
            assert_eq!(secrets.redact(format!("<{spelling}>")), "<[redacted]>", "{spelling}");
        }
        for around in ["user:", "Bearer ", "x", r#""secret":"#] {
            let encoded = STANDARD_NO_PAD.encode(format!("{around}{secret}{around}"));
            let redacted = secrets.redact(encoded.clone());
            assert!(redacted.contains("[redacted]") && redacted.len() < 40, "{encoded}: {redacted}");
        }
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
