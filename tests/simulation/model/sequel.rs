//! The same portal later: another manifest, planned with the first one as the record of what was applied.
//!
//! What must come of it is what the manifest says by itself, but for three rules: what left the manifest goes, what is
//! missing although both manifests want it is held, and who has been decided on is pending no more.

use std::collections::BTreeSet;

use super::{Audience, Case, Fate, IDP_GROUPS, OKTA, Random, Wish};
use crate::world::Portal;

impl Case {
    /// The wishes of a later day: some objects have left the manifest, others are wanted otherwise.
    pub(crate) fn sequel(&self, random: &mut Random) -> Self {
        let mut later = self.clone();
        for number in (0..later.groups.len()).rev() {
            let has_children = later.groups.iter().any(|group| group.parent == Some(number) && group.is_declared());
            let group = &mut later.groups[number];
            if group.is_declared() && !has_children && random.percent(25) {
                group.fate = Fate::Undeclared;
            } else if random.percent(25) {
                group.wants_mapped = random.percent(60).then(|| random.some_of(&IDP_GROUPS, 30));
            }
        }
        let may_be = |number: &usize| {
            !matches!(later.groups[*number].fate, Fate::Goes { .. }) && !self.has_left(&later, *number)
        };
        let groups: Vec<usize> = (0..later.groups.len()).filter(may_be).collect();
        let built_ins: Vec<usize> = (0..later.shape.built_ins().len()).collect();
        let audience =
            |random: &mut Random| -> Audience { (random.some_of(&groups, 30), random.some_of(&built_ins, 12)) };
        let keep = |numbers: &mut Vec<usize>| numbers.retain(|number| groups.contains(number));
        for person in &mut later.people {
            person.is_declared = if person.is_declared { random.percent(75) } else { random.percent(15) };
            if random.percent(30) {
                person.wants_groups = random.percent(75).then(|| random.some_of(&groups, 30));
            }
            if random.percent(25) {
                person.wants_enabled = if random.percent(40) { Some(random.percent(60)) } else { None };
            }
            person.wants_groups.iter_mut().for_each(keep);
        }
        for asset in &mut later.assets {
            if random.percent(20) {
                asset.wish = Wish::Undeclared;
            }
            if let Wish::Present { instances, listed, others } = &mut asset.wish {
                for wanted in listed.iter_mut().chain([others]) {
                    if random.percent(20) {
                        *wanted = random.percent(70).then(|| audience(random));
                    }
                    if let Some((numbers, _)) = wanted {
                        keep(numbers);
                    }
                }
                if random.percent(20) {
                    *instances = if random.percent(40) { Some(*random.pick(&["All", "Public"])) } else { None };
                }
            }
        }
        keep(&mut later.approves);
        later
    }

    /// What must come of the later manifest, applied to `before` with this one as the record.
    pub(crate) fn expected_later(&self, later: &Self, before: &Portal) -> Portal {
        let mut after = later.expected(before);
        self.people_later(later, before, &mut after);
        self.assets_later(later, before, &mut after);
        self.mappings_later(later, before, &mut after);
        for number in (0..self.groups.len()).rev().filter(|&number| self.has_left(later, number)) {
            let name = self.new_name(number);
            // Whatever was mapped to it by the manifest goes with it, all else holds it.
            let ours: BTreeSet<&str> = self.groups[number].wants_mapped.iter().flatten().copied().collect();
            let is_ours = |(_, row): &(String, String)| ours.contains(row.as_str());
            let is_mapped = after
                .groups
                .get(name)
                .is_some_and(|groups| !groups.iter().flat_map(|group| &group.mappings).all(is_ours));
            if !is_mapped && !is_used(&after, name) {
                after.groups.remove(name);
            }
        }
        after
    }

    /// Somebody was declared before they signed up, is declared no longer, and is let in by a rule. The record stays the
    /// same until a run has succeeded: one that comes after it takes what it declared, which may be what the rule has just
    /// given.
    pub(crate) fn tolerate_taken(&self, later: &Self, before: &Portal, now: &Portal, expected: &mut Portal) {
        for (number, (first, second)) in self.people.iter().zip(&later.people).enumerate() {
            let username = Self::username(number, first);
            let is_let_in = before.pending.contains(&username) && !second.is_declared;
            let (Some(ours), true) = (first.declared_groups(), is_let_in) else { continue };
            let ours = self.new_names(ours);
            let (Some(expected), Some(now)) = (expected.members.get_mut(&username), now.members.get(&username)) else {
                continue;
            };
            for (expected, now) in expected.iter_mut().zip(now) {
                expected.groups.retain(|group| now.groups.contains(group) || !ours.contains(group));
            }
        }
    }

    /// Declared before, and no longer.
    fn has_left(&self, later: &Self, number: usize) -> bool {
        self.groups[number].is_declared() && later.groups[number].fate == Fate::Undeclared
    }

    fn people_later(&self, later: &Self, before: &Portal, after: &mut Portal) {
        for (number, (first, second)) in self.people.iter().zip(&later.people).enumerate() {
            let username = Self::username(number, first);
            let Some(was) = before.members.get(&username).and_then(|members| members.first()) else {
                if !before.pending.contains(&username) {
                    after.members.remove(&username);
                    after.pending.remove(&username);
                }
                continue;
            };
            let Some(member) = after.members.get_mut(&username).and_then(|members| members.first_mut()) else {
                continue;
            };
            let (ours, wanted) = (first.declared_groups(), second.declared_groups());
            match (ours.map(|ours| self.new_names(ours)), wanted) {
                (Some(ours), None) if !second.is_declared => member.groups.retain(|group| !ours.contains(group)),
                (Some(ours), Some(_)) => {
                    member.groups.retain(|group| was.groups.contains(group) || !ours.contains(group));
                }
                _ => {}
            }
            let enables = |person: &super::Person| person.is_declared && person.wants_enabled == Some(true);
            if enables(first) && enables(second) && !was.is_active {
                member.is_active = false;
            }
        }
    }

    fn assets_later(&self, later: &Self, before: &Portal, after: &mut Portal) {
        for (number, (first, second)) in self.assets.iter().zip(&later.assets).enumerate() {
            let key = Self::coordinates(number);
            let Wish::Present { instances: ours, .. } = &first.wish else { continue };
            let Wish::Present { instances: wanted, .. } = &second.wish else {
                after.assets.remove(&key);
                continue;
            };
            let (Some(was), Some(asset)) = (before.assets.get(&key), after.assets.get_mut(&key)) else {
                // Somebody took it off the portal.
                after.assets.remove(&key);
                continue;
            };
            if ours == wanted && *wanted == Some("All") {
                asset.instances.clone_from(&was.instances);
            }
            let audiences = first.versions.iter().enumerate().map(|(index, version)| {
                let ours = first.wish.audience(index).map(|audience| self.audience_after(audience));
                (*version, ours.unwrap_or_default(), second.wish.audience(index).is_some())
            });
            for (version, ours, is_wanted) in audiences {
                let seen = was.versions.get(version).cloned().unwrap_or_default();
                let names = asset.versions.entry(version.to_owned()).or_default();
                if is_wanted {
                    names.retain(|name| seen.contains(name) || !ours.contains(name));
                } else {
                    // It was applied: whoever opened it since meant it.
                    *names = later.renamed(&seen);
                }
            }
        }
    }

    fn mappings_later(&self, later: &Self, before: &Portal, after: &mut Portal) {
        for (number, (first, second)) in self.groups.iter().zip(&later.groups).enumerate() {
            if !first.is_declared() || !second.is_declared() || second.wants_mapped.is_none() {
                continue;
            }
            let name = self.new_name(number);
            let ours: BTreeSet<&str> = first.wants_mapped.iter().flatten().copied().collect();
            let was: BTreeSet<(String, String)> =
                before.groups.get(name).into_iter().flatten().flat_map(|group| group.mappings.clone()).collect();
            for group in after.groups.get_mut(name).into_iter().flatten() {
                group.mappings.retain(|row| row.0 != OKTA || was.contains(row) || !ours.contains(row.1.as_str()));
            }
        }
    }
}

/// Whether anything that is left needs a group.
fn is_used(portal: &Portal, name: &str) -> bool {
    let is_parent = portal.groups.values().flatten().any(|group| group.parent.as_deref() == Some(name));
    let has_members = portal.members.values().flatten().any(|member| member.groups.contains(name));
    let is_shown = portal.assets.values().flat_map(|asset| asset.versions.values()).any(|names| names.contains(name));
    is_parent || has_members || is_shown
}
