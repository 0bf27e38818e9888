//! Which groups exist, are renamed, are new, or go, and where new ones are put.

use std::collections::{BTreeMap, BTreeSet};

use super::{Going, Resolver, duplicate_groups};
use crate::address::Kind;
use crate::diagnostic::{Diagnostic, Located};
use crate::directory::{Directory, Entry};
use crate::id::{GroupId, GroupName};
use crate::manifest::model::{GroupReference, GroupState, Parent, UserGroup};
use crate::plan::Unmanaged;
use crate::state::{DesiredGroup, DesiredGroupState, GroupFlags, LiveGroup};

impl<'a> Resolver<'a> {
    pub(super) fn groups(&mut self) {
        let live = self.live;
        if live.user_groups.is_empty() {
            self.fault(
                Diagnostic::error("empty-portal", None, "the portal shows no user group at all, not even a built-in")
                    .with_help(
                        "check that the credential may administer this portal; nothing is planned on an empty read",
                    ),
            );
            return;
        }
        let declared: &'a [UserGroup] = self.manifest.user_groups.as_deref().unwrap_or_default();
        let mut by_name: BTreeMap<&str, Vec<&LiveGroup>> = BTreeMap::new();
        for group in &live.user_groups {
            by_name.entry(&group.name).or_default().push(group);
        }
        let renamed = self.renames(declared, &by_name);
        self.directory = Directory::of_live(&live.user_groups, &renamed);
        for group in &live.user_groups {
            let plain = renamed.get(&group.id).unwrap_or(&group.name).clone();
            self.by_plain_name.entry(plain).or_default().push(self.directory.name_of(&group.id));
        }
        let mut declared_ids = BTreeSet::new();
        for group in declared {
            self.declared_group(group, &renamed, &mut declared_ids);
        }
        self.pruned_groups(&declared_ids);
        self.children_of_going();
        let count = live.user_groups.iter().filter(|group| !group.flags.is_built_in()).count();
        let undeclared = live
            .user_groups
            .iter()
            .filter(|group| !group.flags.is_built_in() && !declared_ids.contains(&group.id))
            .map(|group| self.address(Kind::UserGroups, [&group.name]))
            .collect::<Vec<_>>();
        debug_assert!(undeclared.len() <= count);
        self.unmanaged.insert(Kind::UserGroups, Unmanaged { count: undeclared.len(), addresses: undeclared });
    }

    /// Groups that live under a name of `formerly`, by id, with their new names.
    fn renames(
        &mut self,
        declared: &[UserGroup],
        by_name: &BTreeMap<&str, Vec<&LiveGroup>>,
    ) -> BTreeMap<GroupId, String> {
        let mut renamed = BTreeMap::new();
        for group in declared {
            let GroupReference::Named(name) = &group.name.value else { continue };
            let former: Vec<(&Located<String>, &LiveGroup)> = group
                .formerly
                .iter()
                .flat_map(|former| by_name.get(former.as_str()).into_iter().flatten().map(move |live| (former, *live)))
                .collect();
            let Some((at, old)) = former.first() else { continue };
            if let Some([current, ..]) = by_name.get(name.as_str()).map(Vec::as_slice) {
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
            } else {
                self.former_names.insert(old.name.clone());
                renamed.insert(old.id.clone(), name.clone());
            }
        }
        renamed
    }

    fn declared_group(
        &mut self,
        group: &UserGroup,
        renamed: &BTreeMap<GroupId, String>,
        declared_ids: &mut BTreeSet<GroupId>,
    ) {
        let location = group.name.location;
        let name = match &group.name.value {
            GroupReference::System(system) => {
                let Some(name) = self.system_group(*system, location) else { return };
                if let Some(id) = self.directory.id_of(&name) {
                    declared_ids.insert(id.clone());
                }
                return;
            }
            GroupReference::Named(name) => name,
        };
        let found: Vec<LiveGroup> = self
            .live
            .user_groups
            .iter()
            .filter(|live| renamed.get(&live.id).unwrap_or(&live.name) == name)
            .cloned()
            .collect();
        match found.as_slice() {
            [] => self.absent_from_portal(group, name),
            [live] => {
                declared_ids.insert(live.id.clone());
                self.existing_group(group, live);
            }
            several => {
                declared_ids.extend(several.iter().map(|live| live.id.clone()));
                let ids: Vec<String> = several.iter().map(|live| live.id.to_string()).collect();
                self.fault(duplicate_groups(name, location, &ids));
            }
        }
    }

    fn absent_from_portal(&mut self, group: &UserGroup, name: &str) {
        if matches!(group.state, GroupState::Absent { .. }) {
            return;
        }
        let lower = name.to_lowercase();
        let same_but_case = self.by_plain_name.keys().find(|other| other.to_lowercase() == lower).cloned();
        if let Some(other) = same_but_case {
            self.fault(
                Diagnostic::error(
                    "differs-in-case",
                    group.name.location,
                    format!("the portal has `{other}`, which differs from `{name}` in case alone"),
                )
                .with_help(format!("write `{other}`, or add `formerly: [{other}]` to rename it")),
            );
            return;
        }
        let Some(parent) = self.parent_of_new(group) else { return };
        let name = GroupName::from(name);
        self.directory.insert(Entry {
            name: name.clone(),
            id: None,
            parent: parent.clone(),
            flags: GroupFlags::default(),
        });
        self.by_plain_name.entry(name.to_string()).or_default().push(name.clone());
        let description = group.description.as_ref().map(|text| text.value.clone());
        self.desired.user_groups.push(DesiredGroup { name, state: DesiredGroupState::New { description, parent } });
    }

    fn existing_group(&mut self, group: &UserGroup, live: &LiveGroup) {
        let name = self.directory.name_of(&live.id);
        let location = group.name.location;
        if let GroupState::Absent { disable_members } = group.state {
            if live.flags.is_built_in() {
                self.fault(
                    Diagnostic::error(
                        "built-in",
                        location,
                        format!("`{}` is a built-in: it is never deleted", live.name),
                    )
                    .with_help("remove `state: absent`"),
                );
                return;
            }
            let reason = "state: absent".to_owned();
            self.going.insert(
                live.id.clone(),
                Going { name: name.clone(), reason: reason.clone(), clear: true, disable_members },
            );
            self.desired
                .user_groups
                .push(DesiredGroup { name, state: DesiredGroupState::Gone { id: live.id.clone(), reason } });
            return;
        }
        let description = group.description.as_ref().map(|text| text.value.clone());
        if live.flags.is_built_in() && description.is_some() {
            self.fault(
                Diagnostic::error("built-in", location, format!("`{}` is a built-in: it is never edited", live.name))
                    .with_help("keep only `idpGroups` and `children`"),
            );
            return;
        }
        self.check_parent(group, live);
        if !live.flags.is_built_in() {
            self.desired
                .user_groups
                .push(DesiredGroup { name, state: DesiredGroupState::Existing { id: live.id.clone(), description } });
        }
    }

    /// The API documents no move, so a parent that differs is a fault.
    fn check_parent(&mut self, group: &UserGroup, live: &LiveGroup) {
        let live_parent = live.parent.as_ref().map(|id| self.directory.name_of(id));
        let (wanted, location) = match &group.parent {
            Parent::Unstated => {
                let name = self.directory.name_of(&live.id);
                let under_custom = self
                    .directory
                    .with_ancestors(&name)
                    .skip(1)
                    .find(|ancestor| !self.directory.flags_of(ancestor).is_built_in())
                    .cloned();
                if let Some(parent) = under_custom {
                    self.fault(
                        Diagnostic::error(
                            "moved-group",
                            group.name.location,
                            format!("`{name}` lives under `{parent}` in the portal, and the manifest has it at the top"),
                        )
                        .with_help(format!(
                            "the API cannot move a group: declare it among the `children` of `{parent}`, or write `parent: {parent}`"
                        )),
                    );
                }
                return;
            }
            Parent::Stated(reference) | Parent::Nested(reference) => (self.reference(reference), reference.location),
        };
        let Some(wanted) = wanted else { return };
        if live_parent.as_ref() != Some(&wanted) {
            let place = live_parent.map_or("at the top of the tree".to_owned(), |parent| format!("under `{parent}`"));
            self.fault(
                Diagnostic::error(
                    "moved-group",
                    location,
                    format!("`{}` lives {place} in the portal, and the manifest has it under `{wanted}`", live.name),
                )
                .with_help(
                    "the API cannot move a group: declare it where it lives, or give the new place a new group and move its members and audiences",
                ),
            );
        }
    }

    /// `None` inside is the top of the tree; `None` outside is a fault that was reported.
    #[expect(clippy::option_option, reason = "two different absences, named above")]
    fn parent_of_new(&mut self, group: &UserGroup) -> Option<Option<GroupName>> {
        match &group.parent {
            Parent::Stated(reference) | Parent::Nested(reference) => self.reference(reference).map(Some),
            Parent::Unstated => {
                let places: BTreeSet<Option<GroupName>> = self
                    .live
                    .user_groups
                    .iter()
                    .filter(|live| !live.flags.is_built_in())
                    .map(|live| self.directory.name_of(&live.id))
                    .filter(|name| {
                        self.directory
                            .with_ancestors(name)
                            .skip(1)
                            .all(|ancestor| self.directory.flags_of(ancestor).is_built_in())
                    })
                    .map(|name| self.directory.get(&name).and_then(|entry| entry.parent.clone()))
                    .collect();
                let mut places = places.into_iter();
                match (places.next(), places.next()) {
                    (None, _) => self.parent_without_example(group),
                    (Some(place), None) => Some(place),
                    (Some(first), Some(second)) => {
                        let list = [first, second]
                            .into_iter()
                            .chain(places)
                            .map(|place| place.map_or("the top of the tree".to_owned(), |name| format!("`{name}`")))
                            .collect::<Vec<_>>()
                            .join(", ");
                        self.fault(
                            Diagnostic::error(
                                "parent-needed",
                                group.name.location,
                                format!(
                                    "it is not clear where `{}` belongs: groups live under {list}",
                                    group_name(group)
                                ),
                            )
                            .with_help("say it with `parent:`"),
                        );
                        None
                    }
                }
            }
        }
    }

    /// In a portal that has no groups but built-ins, a new one goes under the default group if the tree nests.
    #[expect(clippy::option_option, reason = "as in `parent_of_new`")]
    fn parent_without_example(&mut self, group: &UserGroup) -> Option<Option<GroupName>> {
        let defaults: Vec<GroupName> =
            self.directory.iter().filter(|entry| entry.flags.is_default).map(|entry| entry.name.clone()).collect();
        let nests = self
            .live
            .user_groups
            .iter()
            .any(|live| live.parent.is_some() || (live.flags.is_default && live.flags.is_public));
        match (nests, defaults.as_slice()) {
            (false, _) => Some(None),
            (true, [default]) => Some(Some(default.clone())),
            (true, _) => {
                self.fault(
                    Diagnostic::error(
                        "parent-needed",
                        group.name.location,
                        format!(
                            "it is not clear where `{}` belongs: the portal has no single default group",
                            group_name(group)
                        ),
                    )
                    .with_help("say it with `parent:`"),
                );
                None
            }
        }
    }

    fn pruned_groups(&mut self, declared_ids: &BTreeSet<GroupId>) {
        for pattern in &self.manifest.prune.user_groups {
            // Patterns are checked offline; one that does not parse matches nothing.
            let Ok(glob) = glob::Pattern::new(pattern) else { continue };
            for live in &self.live.user_groups {
                if live.flags.is_built_in() || declared_ids.contains(&live.id) || self.going.contains_key(&live.id) {
                    continue;
                }
                if !glob.matches(&live.name) {
                    continue;
                }
                let name = self.directory.name_of(&live.id);
                let reason = format!("prune: {}", pattern.value);
                self.going.insert(
                    live.id.clone(),
                    Going { name: name.clone(), reason: reason.clone(), clear: false, disable_members: false },
                );
                self.desired
                    .user_groups
                    .push(DesiredGroup { name, state: DesiredGroupState::Gone { id: live.id.clone(), reason } });
            }
        }
    }

    /// A child that stays keeps its parent from going.
    fn children_of_going(&mut self) {
        let mut faults = Vec::new();
        for live in &self.live.user_groups {
            let Some(parent) = &live.parent else { continue };
            if self.going.contains_key(&live.id) {
                continue;
            }
            let Some(going) = self.going.get(parent) else { continue };
            if going.clear {
                let location = self.declared_location(&going.name);
                faults.push(
                    Diagnostic::error(
                        "held-by-child",
                        location,
                        format!("`{}` cannot be deleted while `{}` lives under it", going.name, live.name),
                    )
                    .with_help(format!("declare `{}` with `state: absent` too", live.name)),
                );
            } else {
                self.holders.entry(parent.clone()).or_default().insert(format!("user group `{}`", live.name));
            }
        }
        self.faults.extend(faults);
    }

    fn declared_location(&self, name: &GroupName) -> Option<crate::diagnostic::Location> {
        let groups = self.manifest.user_groups.as_deref().unwrap_or_default();
        groups
            .iter()
            .find(|group| matches!(&group.name.value, GroupReference::Named(declared) if declared == name.as_str()))
            .map(|group| group.name.location)
    }

    /// Pruned groups that something else still refers to stay, and so do the groups above them.
    pub(super) fn drop_held_groups(&mut self) {
        let mut kept: BTreeMap<GroupId, BTreeSet<String>> = std::mem::take(&mut self.holders);
        // Parents come before children in the live tree: going backwards, a kept child keeps its parent.
        for live in self.live.user_groups.iter().rev() {
            let Some(parent) = &live.parent else { continue };
            if kept.contains_key(&live.id) && self.going.contains_key(parent) {
                kept.entry(parent.clone()).or_default().insert(format!("user group `{}`", live.name));
            }
        }
        for (id, holders) in kept {
            let Some(going) = self.going.remove(&id) else { continue };
            self.desired
                .user_groups
                .retain(|group| !matches!(&group.state, DesiredGroupState::Gone { id: gone, .. } if *gone == id));
            let shown: Vec<&str> = holders.iter().take(5).map(String::as_str).collect();
            let more = holders.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.note(format!(
                "user group `{}` is covered by {} and left alone: it is held by {}{more}; declare it `state: absent` to clear it",
                going.name,
                going.reason,
                shown.join(", "),
            ));
        }
    }

    /// Groups that go are declared in their way: they do not count as left alone.
    pub(super) fn unmanaged_groups(&mut self) {
        let going: BTreeSet<String> = self
            .live
            .user_groups
            .iter()
            .filter(|live| self.going.contains_key(&live.id))
            .map(|live| self.address(Kind::UserGroups, [&live.name]).to_string())
            .collect();
        if let Some(unmanaged) = self.unmanaged.get_mut(&Kind::UserGroups) {
            unmanaged.addresses.retain(|address| !going.contains(&address.to_string()));
            unmanaged.addresses.sort();
            unmanaged.count = unmanaged.addresses.len();
        }
    }
}

fn group_name(group: &UserGroup) -> &str {
    match &group.name.value {
        GroupReference::Named(name) => name,
        GroupReference::System(system) => system.as_str(),
    }
}
