//! What a plan may not do: limits, and patterns of what is protected.

use super::super::faults::{Faults, suggestion};
use super::super::model::Guards;
use super::super::syntax;
use super::text;
use crate::address::{AddressPattern, Kind, NotAPattern};
use crate::diagnostic::Located;

pub(super) fn guards(guards: syntax::Guards, portal: &str, faults: &mut Faults) -> Guards {
    let syntax::Guards { max_deletes, max_updates, max_approvals, min_administrators, protected } = guards;
    let protected: Vec<Located<String>> = protected.unwrap_or_default().into_iter().map(text).collect();
    faults.refuse_repetition(&protected, |pattern| format!("`{pattern}` is listed twice"));
    let count = |count: Located<syntax::Count>| Located::new(count.value.0, count.location);
    Guards {
        max_deletes,
        max_updates,
        max_approvals: max_approvals.map(count),
        min_administrators: min_administrators.map(count),
        protected: protected.iter().filter_map(|pattern| self::protected(pattern, portal, faults)).collect(),
    }
}

fn protected(text: &Located<String>, portal: &str, faults: &mut Faults) -> Option<Located<AddressPattern>> {
    let fault = match AddressPattern::parse(text, portal) {
        Ok(pattern) => return Some(Located::new(pattern, text.location)),
        Err(fault) => fault,
    };
    let kinds = || Kind::ALL.into_iter().map(Kind::as_str);
    let (code, message, help) = match fault {
        NotAPattern::NoKind => (
            "bad-pattern",
            format!("`{}` does not say of which kind the object is", **text),
            format!("write the kind before the name, e.g. `userGroups/{}`", **text),
        ),
        NotAPattern::UnknownKind(word) => (
            "unknown-object-kind",
            format!("`{word}` is no kind of object"),
            suggestion(&word, kinds().collect::<Vec<_>>()),
        ),
        NotAPattern::OtherPortal(other) => (
            "other-portal",
            format!("`{}` is an address of the portal `{other}`, and this one is `{portal}`", **text),
            "leave the portal out: the address is one of this portal then".to_owned(),
        ),
        NotAPattern::NoName => {
            ("bad-pattern", format!("`{}` names no object", **text), format!("write `{}*` for all of the kind", **text))
        }
        NotAPattern::Malformed(message) => (
            "bad-pattern",
            format!("`{}` is not a pattern: {message}", **text),
            "patterns know `*`, `?` and `[…]`; write `[[]` for a bracket".to_owned(),
        ),
    };
    faults.error(code, text.location, message, &help);
    None
}
