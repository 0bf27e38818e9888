//! Guards of two manifests: what both allow, and what the newer one allows beyond the older.
//!
//! Whoever may change the manifest must not be able to lift a guard and do what it guards in one and the same change.

use std::collections::BTreeMap;

use crate::address::{AddressPattern, Kind};
use crate::diagnostic::Located;
use crate::limit::{FLOOR, Limit};
use crate::manifest::model::{Guards, Manifest, NeverVisibleTo, Prune};
use crate::plan::{Limits, Notice, NoticeLevel};
use crate::state::LiveState;

/// The manifest with what the earlier ones allow as well, and a warning if it allows more by itself.
pub fn tightened(manifest: &Manifest, earlier: &[&Manifest], live: &LiveState) -> (Manifest, Option<Notice>) {
    let mut tight = manifest.clone();
    let mut phrases: Vec<String> = Vec::new();
    let totals = super::gather::totals(live);
    for before in earlier {
        tight.guards = stricter(&tight.guards, &before.guards);
        tight.prune = tight.prune.narrower(&before.prune);
        let all = loosened(&before.guards, &manifest.guards, &totals).into_iter();
        let all = all.chain(widened(&before.prune, &manifest.prune));
        // Of each limit one comparison is enough; what was applied last comes first.
        let limit =
            |phrase: &str| phrase.split_once(" → ").and_then(|(old, _)| Some(old.split_once(' ')?.0.to_owned()));
        let is_told = |phrase: &String| {
            phrases.iter().any(|told| told == phrase || (limit(phrase).is_some() && limit(told) == limit(phrase)))
        };
        let new: Vec<String> = all.filter(|phrase| !is_told(phrase)).collect();
        phrases.extend(new);
    }
    let notice = (!phrases.is_empty()).then(|| Notice {
        level: NoticeLevel::Warning,
        message: format!("this change loosens the guards: {}; it counts from the next apply on", phrases.join(", ")),
    });
    (tight, notice)
}

/// Patterns under `prune` that are new.
fn widened(before: &Prune, after: &Prune) -> Vec<String> {
    let mut phrases = Vec::new();
    for (key, old, new) in
        [("userGroups", &before.user_groups, &after.user_groups), ("assets", &before.assets, &after.assets)]
    {
        for pattern in new {
            if !old.iter().any(|known| known.value == pattern.value) {
                phrases.push(format!("prune.{key} with `{}`", pattern.value));
            }
        }
    }
    phrases
}

/// Allows what both allow, and protects what either protects.
fn stricter(a: &Guards, b: &Guards) -> Guards {
    let default = Limits::default();
    let Guards {
        max_deletes,
        max_updates,
        max_approvals,
        min_administrators,
        max_access_loss,
        max_access_gain,
        never_public,
        never_visible_to,
        protected,
    } = a;
    let more = b.never_visible_to.iter().filter(|hidden| !pairs(hidden).all(|pair| has(never_visible_to, pair)));
    Guards {
        max_deletes: both(max_deletes.as_ref(), b.max_deletes.as_ref(), default.max_deletes, Limit::stricter),
        max_updates: both(max_updates.as_ref(), b.max_updates.as_ref(), default.max_updates, Limit::stricter),
        max_approvals: both(max_approvals.as_ref(), b.max_approvals.as_ref(), default.max_approvals, usize::min),
        min_administrators: both(
            min_administrators.as_ref(),
            b.min_administrators.as_ref(),
            default.min_administrators,
            usize::max,
        ),
        max_access_loss: both(
            max_access_loss.as_ref(),
            b.max_access_loss.as_ref(),
            default.max_access_loss,
            Limit::stricter,
        ),
        max_access_gain: both(
            max_access_gain.as_ref(),
            b.max_access_gain.as_ref(),
            default.max_access_gain,
            Limit::stricter,
        ),
        never_public: union(never_public, &b.never_public),
        never_visible_to: never_visible_to.iter().chain(more).cloned().collect(),
        protected: union(protected, &b.protected),
    }
}

/// The patterns of both, each once.
fn union(a: &[Located<AddressPattern>], b: &[Located<AddressPattern>]) -> Vec<Located<AddressPattern>> {
    let more = b.iter().filter(|pattern| !a.iter().any(|own| own.text == pattern.text));
    a.iter().chain(more).cloned().collect()
}

/// Each asset of a rule with each group that may not see it.
fn pairs(hidden: &NeverVisibleTo) -> impl Iterator<Item = (&AddressPattern, &AddressPattern)> {
    hidden.assets.iter().flat_map(|asset| hidden.user_groups.iter().map(|group| (&**asset, &**group)))
}

/// Whether any of the rules holds the pair.
fn has(rules: &[NeverVisibleTo], (asset, group): (&AddressPattern, &AddressPattern)) -> bool {
    let same = |pattern: &AddressPattern, other: &AddressPattern| pattern.text == other.text;
    rules.iter().flat_map(pairs).any(|(other, of)| same(other, asset) && same(of, group))
}

/// What is given nowhere stays so; what is given once is put together with the default.
fn both<T: Copy>(
    a: Option<&Located<T>>,
    b: Option<&Located<T>>,
    default: T,
    choose: impl FnOnce(T, T) -> T,
) -> Option<Located<T>> {
    let location = a.or(b)?.location;
    let value = |limit: Option<&Located<T>>| limit.map_or(default, |limit| limit.value);
    Some(Located::new(choose(value(a), value(b)), location))
}

/// What the newer guards allow that the older ones do not, one phrase for each: `maxDeletes 10 → 50`.
///
/// A number and a percentage are compared for as many objects as there are.
fn loosened(before: &Guards, after: &Guards, totals: &BTreeMap<Kind, usize>) -> Vec<String> {
    let default = Limits::default();
    let limit = |limit: &Option<Located<Limit>>, default| limit.as_ref().map_or(default, |limit| limit.value);
    let count = |count: &Option<Located<usize>>, default| count.as_ref().map_or(default, |count| count.value);
    let mut phrases = Vec::new();
    for (key, old, new) in [
        ("maxDeletes", limit(&before.max_deletes, default.max_deletes), limit(&after.max_deletes, default.max_deletes)),
        ("maxUpdates", limit(&before.max_updates, default.max_updates), limit(&after.max_updates, default.max_updates)),
    ] {
        if is_looser(old, new, totals.values().copied()) {
            phrases.push(format!("{key} {old} → {new}"));
        }
    }
    for (key, old, new) in [
        (
            "maxAccessLoss",
            limit(&before.max_access_loss, default.max_access_loss),
            limit(&after.max_access_loss, default.max_access_loss),
        ),
        (
            "maxAccessGain",
            limit(&before.max_access_gain, default.max_access_gain),
            limit(&after.max_access_gain, default.max_access_gain),
        ),
    ] {
        // If nobody counted the members yet, it is looser as soon as there are many or few enough.
        let members = totals.get(&Kind::Members).map_or(vec![FLOOR, FLOOR + 1, usize::MAX / 100], |total| vec![*total]);
        if is_looser(old, new, members.into_iter()) {
            phrases.push(format!("{key} {old} → {new}"));
        }
    }
    let approvals =
        (count(&before.max_approvals, default.max_approvals), count(&after.max_approvals, default.max_approvals));
    if approvals.1 > approvals.0 {
        phrases.push(format!("maxApprovals {} → {}", approvals.0, approvals.1));
    }
    let administrators = (
        count(&before.min_administrators, default.min_administrators),
        count(&after.min_administrators, default.min_administrators),
    );
    if administrators.1 < administrators.0 {
        phrases.push(format!("minAdministrators {} → {}", administrators.0, administrators.1));
    }
    for pattern in &before.protected {
        if !after.protected.iter().any(|kept| kept.text == pattern.text) {
            phrases.push(format!("protected without `{}`", pattern.text));
        }
    }
    for pattern in &before.never_public {
        if !after.never_public.iter().any(|kept| kept.text == pattern.text) {
            phrases.push(format!("neverPublic without `{}`", pattern.name()));
        }
    }
    for (asset, group) in before.never_visible_to.iter().flat_map(pairs) {
        if !has(&after.never_visible_to, (asset, group)) {
            phrases.push(format!("neverVisibleTo without `{}` for `{}`", asset.name(), group.name()));
        }
    }
    phrases
}

fn is_looser(old: Limit, new: Limit, mut totals: impl Iterator<Item = usize>) -> bool {
    if new.stricter(old) == new {
        return false;
    }
    let is_comparable = old.number.is_some() == new.number.is_some() && old.percent.is_some() == new.percent.is_some();
    is_comparable || new == Limit::NONE || totals.any(|total| exceeds(new.most(total), old.most(total)))
}

/// `None` is without end.
fn exceeds(new: Option<usize>, old: Option<usize>) -> bool {
    old.is_some_and(|old| new.is_none_or(|new| new > old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::AddressPattern;
    use crate::testing::at;

    fn guards(max_deletes: Option<Limit>, protected: &[&str]) -> Guards {
        let pattern = |text: &&str| at(AddressPattern::parse(text, "portal").expect("it is a pattern"));
        Guards {
            max_deletes: max_deletes.map(at),
            protected: protected.iter().map(pattern).collect(),
            ..Guards::default()
        }
    }

    fn told(before: &Guards, after: &Guards) -> String {
        loosened(before, after, &BTreeMap::from([(Kind::UserGroups, 20), (Kind::Assets, 4)])).join(", ")
    }

    #[test]
    fn what_gets_looser_is_told() {
        let (five, ten, most) = (Some(Limit::number(5)), Some(Limit::number(10)), Some(Limit::percent(80)));
        for (before, after, phrase) in [
            (ten, Some(Limit::number(50)), "maxDeletes 10 → 50"),
            (None, most, "maxDeletes 50 % → 80 %"),
            (most, None, ""),
            (ten, five, ""),
            (ten, ten, ""),
            // Of 20, half are 10; of 4, there is no half.
            (five, None, "maxDeletes 5 → 50 %"),
            (None, five, ""),
            (None, Some(Limit::number(11)), "maxDeletes 50 % → 11"),
        ] {
            assert_eq!(told(&guards(before, &[]), &guards(after, &[])), phrase, "{before:?} {after:?}");
        }
        let old = Guards {
            max_updates: Some(at(Limit::number(3))),
            max_approvals: Some(at(5)),
            min_administrators: Some(at(2)),
            ..guards(None, &["userGroups/Gold", "assets/*"])
        };
        assert_eq!(
            told(&old, &guards(None, &["assets/*"])),
            "maxUpdates 3 → any number, maxApprovals 5 → 25, minAdministrators 2 → 1, protected without `userGroups/Gold`"
        );
        assert_eq!(told(&guards(None, &["assets/*"]), &old), "");
    }

    #[test]
    fn the_stricter_of_two_is_looser_than_neither() {
        let all = [
            guards(None, &[]),
            guards(Some(Limit::number(5)), &["userGroups/Gold"]),
            guards(Some(Limit::percent(90)), &["assets/*"]),
            Guards { max_updates: Some(at(Limit::percent(5))), max_approvals: Some(at(0)), ..guards(None, &[]) },
            Guards { max_approvals: Some(at(100)), min_administrators: Some(at(0)), ..guards(None, &[]) },
            Guards { min_administrators: Some(at(4)), ..guards(Some(Limit::NONE), &["assets/*", "members/*"]) },
        ];
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
            let both = stricter(a, b);
            assert_eq!(told(a, &both), "", "{a:?} and {b:?}");
            assert_eq!(told(b, &both), "", "{a:?} and {b:?}");
        }
    }
}
