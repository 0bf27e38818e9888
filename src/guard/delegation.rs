//! What a change lets fragments declare beyond what they could before.
//!
//! Unlike a guard, a rule that was loosened counts at once: it is about who may write what, and is for review to hold.

use std::collections::BTreeSet;

use crate::manifest::delegate::Rule;
use crate::manifest::model::Manifest;
use crate::plan::{Notice, NoticeLevel};

/// A warning if fragments may declare what one of the earlier manifests does not let them.
pub fn delegation_loosened(manifest: &Manifest, earlier: &[&Manifest]) -> Option<Notice> {
    let phrases: BTreeSet<String> = earlier.iter().flat_map(|before| loosened(before, manifest)).collect();
    (!phrases.is_empty()).then(|| Notice {
        level: NoticeLevel::Warning,
        message: format!(
            "this change loosens delegation: {}; it counts at once",
            phrases.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// Rules only allow, and add up: what is not there word by word was not allowed before, or by a wider pattern.
fn loosened(before: &Manifest, after: &Manifest) -> Vec<String> {
    let Some(old) = &before.delegation else { return Vec::new() };
    let Some(new) = &after.delegation else {
        return vec!["every fragment may declare anything, without `delegate`".to_owned()];
    };
    let was_allowed = |files: &str, key: &str, pattern: &str| {
        let rules = old.rules.iter().filter(|rule| rule.files.value == files);
        rules.flat_map(Rule::allowed).any(|allowed| allowed == (key, pattern))
    };
    let mut phrases = Vec::new();
    for rule in &new.rules {
        let files = rule.files.value.as_str();
        for (key, pattern) in rule.allowed().filter(|(key, pattern)| !was_allowed(files, key, pattern)) {
            phrases.push(format!("`{files}` gets {key} `{pattern}`"));
        }
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::delegate::{Delegation, NamePattern};
    use crate::testing::{at, manifest, text};

    fn delegating(rules: &[(&str, &[&str], &[&str])]) -> Manifest {
        let names =
            |names: &[&str]| names.iter().map(|name| NamePattern::parse(name).expect("it is a pattern")).collect();
        let rule = |(files, user_groups, joins): &(&str, &[&str], &[&str])| Rule {
            files: text(files),
            user_groups: names(user_groups),
            joins: names(joins),
            idp_groups: Vec::new(),
            audiences: Vec::new(),
            assets: Vec::new(),
        };
        let rules = rules.iter().map(rule).collect();
        Manifest { delegation: Some(Delegation { location: at(()).location, rules }), ..manifest() }
    }

    fn told(before: &Manifest, after: &Manifest) -> String {
        delegation_loosened(after, &[before, before]).map(|notice| notice.message).unwrap_or_default()
    }

    #[test]
    fn what_fragments_may_anew_is_told() {
        let old = delegating(&[("partners/**", &["Partner *"], &["eu"]), ("teams/a.yaml", &["Team A"], &[])]);
        let said = |phrases: &str| format!("this change loosens delegation: {phrases}; it counts at once");
        let anew = delegating(&[("partners/**", &["Partner *", "*"], &["us"]), ("teams/*", &["Team A"], &[])]);
        assert_eq!(
            told(&old, &anew),
            said(
                "`partners/**` gets joins `us`, `partners/**` gets userGroups `*`, `teams/*` gets userGroups `Team A`"
            )
        );
        assert_eq!(told(&old, &manifest()), said("every fragment may declare anything, without `delegate`"));
    }

    #[test]
    fn what_is_the_same_or_less_is_not() {
        let old = delegating(&[("partners/**", &["Partner *"], &["eu"]), ("teams/a.yaml", &["Team A"], &[])]);
        let apart = delegating(&[
            ("teams/a.yaml", &["Team A"], &[]),
            ("partners/**", &[], &["eu"]),
            ("partners/**", &["Partner *"], &[]),
        ]);
        for after in [&old, &apart, &delegating(&[]), &delegating(&[("new/**", &[], &[])])] {
            assert_eq!(told(&old, after), "");
        }
        // Before, every fragment could declare anything.
        assert_eq!(told(&manifest(), &old), "");
    }
}
