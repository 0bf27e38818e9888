//! Which live groups get another name, chains of renames included.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use crate::diagnostic::{Diagnostic, Located};
use crate::id::GroupId;
use crate::manifest::model::{GroupReference, UserGroup};
use crate::state::LiveGroup;

impl<'a> Resolver<'a> {
    /// Groups that live under a name of `formerly`, by id, with their new names.
    pub(super) fn renames(&mut self, declared: &'a [UserGroup]) -> BTreeMap<GroupId, String> {
        let mut by_name: BTreeMap<&str, Vec<&'a LiveGroup>> = BTreeMap::new();
        for group in &self.live.user_groups {
            by_name.entry(&group.name).or_default().push(group);
        }
        let groups = by_current_name(declared);
        let mut renamed = BTreeMap::new();
        for group in self.free_ends_first(&groups) {
            self.rename(group, &groups, &by_name, &mut renamed);
        }
        self.names_that_meet(declared, &renamed);
        renamed
    }

    /// The declared groups, whoever takes a name away before whoever gets that name; circles are faults.
    fn free_ends_first(&mut self, groups: &BTreeMap<&'a str, &'a UserGroup>) -> Vec<&'a UserGroup> {
        // By name: how many groups have it under `formerly`, and so take it away before another gets it.
        let mut waits: BTreeMap<&str, usize> = groups.keys().map(|name| (*name, 0)).collect();
        for former in groups.values().flat_map(|group| &group.formerly) {
            if let Some(count) = waits.get_mut(former.as_str()) {
                *count += 1;
            }
        }
        let mut ready: Vec<&str> =
            waits.iter().filter(|(_, waits)| **waits == 0).map(|(name, _)| *name).rev().collect();
        let mut ordered = Vec::with_capacity(groups.len());
        while let Some(name) = ready.pop() {
            waits.remove(name);
            ordered.push(groups[name]);
            for former in &groups[name].formerly {
                let Some(count) = waits.get_mut(former.as_str()) else { continue };
                *count -= 1;
                if *count == 0 {
                    ready.push(former.as_str());
                }
            }
        }
        for name in waits.keys() {
            let group = groups[name];
            for former in group.formerly.iter().filter(|former| waits.contains_key(former.as_str())) {
                self.fault(
                    Diagnostic::error(
                        "rename-circle",
                        former.location,
                        format!("`{name}` would get the name of `{}`, which gets another's in turn", former.value),
                    )
                    .with_help("names cannot be swapped in one plan: rename one group to a name that nobody has first"),
                );
            }
        }
        ordered
    }

    fn rename(
        &mut self,
        group: &'a UserGroup,
        groups: &BTreeMap<&str, &UserGroup>,
        by_name: &BTreeMap<&str, Vec<&'a LiveGroup>>,
        renamed: &mut BTreeMap<GroupId, String>,
    ) {
        let GroupReference::Named(name) = &group.name.value else { return };
        let live = |name: &str, renamed: &BTreeMap<GroupId, String>| -> Option<&'a LiveGroup> {
            by_name.get(name).into_iter().flatten().find(|live| !renamed.contains_key(&live.id)).copied()
        };
        let current = live(name, renamed);
        let former: Vec<(&Located<String>, &LiveGroup)> = group
            .formerly
            .iter()
            // Once the new name is there, a former one that is declared itself belongs to that declaration.
            .filter(|former| current.is_none() || !groups.contains_key(former.as_str()))
            .flat_map(|former| by_name.get(former.as_str()).into_iter().flatten().map(move |live| (former, *live)))
            .collect();
        let Some((at, old)) = former.first() else {
            if current.is_none() {
                self.former_name_in_other_case(group, groups, renamed);
            }
            return;
        };
        if let Some(current) = current {
            self.fault(
                Diagnostic::error(
                    "both-names-live",
                    at.location,
                    format!("both `{}` and `{name}` exist in the portal", old.name),
                )
                .with_help(format!(
                    "ids {} and {}: remove one in the portal, or declare the old one by itself",
                    old.id, current.id
                )),
            );
        } else if let [_, _, ..] = former.as_slice() {
            let ids: Vec<String> = former.iter().map(|(_, live)| format!("{} ({})", live.name, live.id)).collect();
            self.fault(
                Diagnostic::error(
                    "ambiguous-rename",
                    at.location,
                    format!("several groups could become `{name}`: {}", ids.join(", ")),
                )
                .with_help("leave only the name in `formerly` that is meant"),
            );
        } else if old.flags.is_built_in() {
            self.fault(
                Diagnostic::error(
                    "built-in",
                    at.location,
                    format!("`{}` is a built-in: it is never renamed", old.name),
                )
                .with_help("remove it from `formerly`"),
            );
        } else if let Some(other) = renamed.get(&old.id) {
            self.fault(
                Diagnostic::error(
                    "ambiguous-rename",
                    at.location,
                    format!("`{}` could become `{other}` and `{name}`", old.name),
                )
                .with_help("leave the name in one `formerly` alone"),
            );
        } else {
            self.former_names.insert(old.name.clone());
            renamed.insert(old.id.clone(), name.clone());
        }
    }

    /// A former name that is written in another case would make a new group beside the one that is meant.
    fn former_name_in_other_case(
        &mut self,
        group: &UserGroup,
        groups: &BTreeMap<&str, &UserGroup>,
        renamed: &BTreeMap<GroupId, String>,
    ) {
        for former in &group.formerly {
            let folded = former.to_lowercase();
            let live = self.live.user_groups.iter().find(|live| {
                live.name.to_lowercase() == folded
                    && !renamed.contains_key(&live.id)
                    && !groups.contains_key(live.name.as_str())
            });
            if let Some(live) = live {
                self.fault(
                    Diagnostic::error(
                        "differs-in-case",
                        former.location,
                        format!("the portal has `{}`, which differs from `{}` in case alone", live.name, former.value),
                    )
                    .with_help(format!("write `{}`", live.name)),
                );
            }
        }
    }

    /// The hub compares names without regard to case: a new name may not meet another group's.
    fn names_that_meet(&mut self, declared: &[UserGroup], renamed: &BTreeMap<GroupId, String>) {
        if renamed.is_empty() {
            return;
        }
        let new_names: BTreeSet<&str> = renamed.values().map(String::as_str).collect();
        for group in declared {
            let GroupReference::Named(name) = &group.name.value else { continue };
            if !new_names.contains(name.as_str()) {
                continue;
            }
            let folded = name.to_lowercase();
            let holder = self
                .live
                .user_groups
                .iter()
                .filter(|live| !renamed.contains_key(&live.id))
                .find(|live| live.name.to_lowercase() == folded);
            if let Some(holder) = holder {
                self.fault(
                    Diagnostic::error(
                        "differs-in-case",
                        group.name.location,
                        format!("the portal has `{}`, which differs from `{name}` in case alone", holder.name),
                    )
                    .with_help("the hub compares names without regard to case: choose another name"),
                );
            }
        }
    }
}

/// The declared groups by their names; of several with one name, which is a fault elsewhere, the first.
fn by_current_name(declared: &[UserGroup]) -> BTreeMap<&str, &UserGroup> {
    let mut groups = BTreeMap::new();
    for group in declared {
        if let GroupReference::Named(name) = &group.name.value {
            groups.entry(name.as_str()).or_insert(group);
        }
    }
    groups
}
