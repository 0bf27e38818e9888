//! `${AEHCTL_VAR_NAME}`: values from the environment, and only from variables that were meant for manifests.
//!
//! They are replaced in scalars that are parsed already, so that a value can never change a document's structure.

/// Looks an environment variable up.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Only variables of this prefix are read: a manifest cannot ask for credentials.
const PREFIX: &str = "AEHCTL_VAR_";

#[derive(Debug, PartialEq)]
pub(super) struct Expanded {
    pub(super) text: String,
    pub(super) has_default: bool,
}

#[derive(Debug, PartialEq)]
pub(super) struct VariableFault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: String,
    /// The reference as it is written, to point at.
    pub(super) reference: String,
}

enum Piece<'text> {
    Text(&'text str),
    /// What stands between `${` and `}`.
    Reference(&'text str),
    /// `${` that nothing closes.
    Unclosed(&'text str),
}

/// Replaces the variables of a text. `$$` is a dollar sign, and so is a `$` that nothing special follows.
pub(super) fn expand(text: &str, environment: Environment<'_>) -> Result<Expanded, Vec<VariableFault>> {
    let mut expanded = Expanded { text: String::with_capacity(text.len()), has_default: false };
    let mut faults = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => expanded.text.push_str(text),
            Piece::Unclosed(reference) => faults.push(VariableFault {
                code: "bad-variable",
                message: "a variable is not closed".to_owned(),
                help: "write `${AEHCTL_VAR_NAME}`, or `$${` for the text".to_owned(),
                reference: reference.to_owned(),
            }),
            Piece::Reference(inner) => match look_up(inner, environment) {
                Ok(value) => {
                    expanded.has_default |= value.has_default;
                    expanded.text.push_str(&value.text);
                }
                Err(fault) => faults.push(fault),
            },
        }
    }
    if faults.is_empty() { Ok(expanded) } else { Err(faults) }
}

/// Resolves `$$` in a text that may hold no variables; `None` if it holds one.
pub(super) fn unescape(text: &str) -> Option<String> {
    pieces(text)
        .map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Reference(_) | Piece::Unclosed(_) => None,
        })
        .collect()
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inner) = rest.strip_prefix("${") {
            let Some(end) = inner.find('}') else { return Some(Piece::Unclosed(std::mem::take(&mut rest))) };
            rest = &inner[end + 1..];
            return Some(Piece::Reference(&inner[..end]));
        }
        if let Some(after) = rest.strip_prefix("$$") {
            rest = after;
            return Some(Piece::Text("$"));
        }
        // A lone dollar sign belongs to the text that follows it.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find('$').map_or(rest.len(), |at| first + at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(piece))
    })
}

fn look_up(inner: &str, environment: Environment<'_>) -> Result<Expanded, VariableFault> {
    let reference = || format!("${{{inner}}}");
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
    let named_well = name
        .strip_prefix(PREFIX)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    if !named_well {
        return Err(VariableFault {
            code: "bad-variable",
            message: format!("`{name}` is not the name of a manifest's variable"),
            help: format!("variables are called `{PREFIX}…`; for the text itself write `$${{{inner}}}`"),
            reference: reference(),
        });
    }
    match (environment(name), default) {
        (Some(text), None) => Ok(Expanded { text, has_default: false }),
        (Some(text), Some(_)) if !text.is_empty() => Ok(Expanded { text, has_default: true }),
        (_, Some(default)) => Ok(Expanded { text: default.to_owned(), has_default: true }),
        (None, None) => Err(VariableFault {
            code: "unset-variable",
            message: format!("the environment variable `{name}` is not set"),
            help: format!("set it, or give a default where one is allowed: `${{{name}:-…}}`"),
            reference: reference(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "AEHCTL_VAR_STAGE" => Some("staging".to_owned()),
            "AEHCTL_VAR_EMPTY" => Some(String::new()),
            "AEHCTL_VAR_DOLLARS" => Some("$$ ${AEHCTL_VAR_STAGE}".to_owned()),
            "HOME" => Some("/home/jane".to_owned()),
            _ => None,
        }
    }

    fn text(input: &str) -> String {
        expand(input, &environment).expect("the variables are set").text
    }

    #[test]
    fn values_defaults_and_dollars() {
        assert_eq!(text("portal-${AEHCTL_VAR_STAGE}!"), "portal-staging!");
        assert_eq!(text("${AEHCTL_VAR_STAGE}${AEHCTL_VAR_STAGE}"), "stagingstaging");
        assert_eq!(text("${AEHCTL_VAR_NONE:-a:-b}"), "a:-b");
        assert_eq!(text("${AEHCTL_VAR_EMPTY:-x}"), "x", "as in a shell, `:-` covers the empty value");
        assert_eq!(text("${AEHCTL_VAR_EMPTY}"), "");
        assert_eq!(text("$ 5$ $$5 $$${AEHCTL_VAR_STAGE} $${X}"), "$ 5$ $5 $staging ${X}");
        assert_eq!(text("é$é$"), "é$é$");
    }

    #[test]
    fn a_value_is_not_expanded_again() {
        assert_eq!(text("${AEHCTL_VAR_DOLLARS}"), "$$ ${AEHCTL_VAR_STAGE}");
    }

    #[test]
    fn a_default_is_told_whether_it_is_used_or_not() {
        assert!(expand("${AEHCTL_VAR_NONE:-x}", &environment).is_ok_and(|expanded| expanded.has_default));
        assert!(expand("${AEHCTL_VAR_STAGE:-x}", &environment).is_ok_and(|expanded| expanded.has_default));
        assert!(expand("${AEHCTL_VAR_STAGE}", &environment).is_ok_and(|expanded| !expanded.has_default));
    }

    #[test]
    fn every_fault_of_a_text_is_told() {
        let faults = expand("${HOME} ${AEHCTL_VAR_NONE} ${AEHCTL_VAR_} ${AEHCTL_VAR_X", &environment).unwrap_err();
        let codes: Vec<_> = faults.iter().map(|fault| (fault.code, fault.reference.as_str())).collect();
        assert_eq!(
            codes,
            [
                ("bad-variable", "${HOME}"),
                ("unset-variable", "${AEHCTL_VAR_NONE}"),
                ("bad-variable", "${AEHCTL_VAR_}"),
                ("bad-variable", "${AEHCTL_VAR_X"),
            ]
        );
    }

    #[test]
    fn keys_know_dollars_but_no_variables() {
        assert_eq!(unescape("a$$b$"), Some("a$b$".to_owned()));
        assert_eq!(unescape("${AEHCTL_VAR_STAGE}"), None);
    }

    proptest! {
        #[test]
        fn doubled_dollars_give_the_text_back(input in "[$a{}é:-]*") {
            prop_assert_eq!(text(&input.replace('$', "$$")), input);
        }

        #[test]
        fn never_panics(input in ".*") {
            let _ = expand(&input, &environment);
        }
    }
}
