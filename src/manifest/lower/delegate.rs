//! The rules of `delegate`.

use super::super::decode::Name;
use super::super::delegate::{Delegation, NamePattern, NotAPair, PairPattern, Rule};
use super::super::faults::Faults;
use super::super::syntax;
use super::text;
use crate::diagnostic::Located;

pub(super) fn delegation(rules: Located<Vec<syntax::DelegateRule>>, faults: &mut Faults) -> Delegation {
    Delegation { location: rules.location, rules: rules.value.into_iter().map(|entry| rule(entry, faults)).collect() }
}

fn rule(entry: syntax::DelegateRule, faults: &mut Faults) -> Rule {
    let syntax::DelegateRule { files, user_groups, idp_groups, joins, audiences, assets } = entry;
    let mut names = |names: Option<Vec<Located<Name>>>| {
        patterns(names, |text| NamePattern::parse(text).map_err(NotAPair::Malformed), "", faults)
    };
    Rule {
        files: text(files),
        user_groups: names(user_groups),
        joins: names(joins),
        audiences: names(audiences),
        idp_groups: patterns(idp_groups, PairPattern::of_idp_groups, "write `provider/group`, or `*` for all", faults),
        assets: patterns(assets, PairPattern::of_assets, "write `Finance/*`, or `*` for all", faults),
    }
}

fn patterns<T>(
    names: Option<Vec<Located<Name>>>,
    parse: impl Fn(&str) -> Result<T, NotAPair>,
    shape: &str,
    faults: &mut Faults,
) -> Vec<T> {
    let mut patterns = Vec::new();
    for name in names.unwrap_or_default() {
        let written = &name.value.0;
        match parse(written) {
            Ok(pattern) => patterns.push(pattern),
            Err(NotAPair::OnePart) => {
                faults.error("bad-pattern", name.location, format!("`{written}` has no two parts"), shape);
            }
            Err(NotAPair::Malformed(error)) => {
                let message = format!("`{written}` is not a pattern: {}", error.msg);
                let help = "patterns know `*`, `?` and `[…]`; write `[[]` for a bracket";
                faults.error("bad-pattern", name.location, message, help);
            }
        }
    }
    patterns
}
