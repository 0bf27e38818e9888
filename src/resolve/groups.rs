//! Which groups exist, are renamed, are new, or go, and where new ones are put.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Cause, Going, Resolver, covers, duplicate_groups};
use crate::address::Kind;
use crate::diagnostic::{Diagnostic, Located, Location};
use crate::directory::{Directory, Entry};
use crate::id::{GroupId, GroupName};
use crate::manifest::model::{GroupReference, GroupState, Parent, Prune, UserGroup};
use crate::plan::Unmanaged;
use crate::state::{DesiredGroup, DesiredGroupState, GroupFlags, LiveGroup};
use crate::text::few;

/// The most groups of a portal (the product's documented limit).
const MOST_GROUPS_OF_A_PORTAL: usize = 100;

/// What a declared group is in the portal.
enum Match<'a> {
    Live(&'a LiveGroup),
    New(GroupName),
    /// Neither there nor wanted, or faulty.
    Nothing,
}

impl<'a> Resolver<'a> {
    /// Whether anything else can be resolved.
    pub(super) fn groups(&mut self) -> bool {
        if !self.tree_is_sound() {
            return false;
        }
        let live = self.live;
        let declared: &'a [UserGroup] = self.manifest.user_groups.as_deref().unwrap_or_default();
        let renamed = self.renames(declared);
        self.directory = Directory::of_live(&live.user_groups, &renamed);
        self.renamed = renamed.keys().cloned().collect();
        for group in &live.user_groups {
            let plain = renamed.get(&group.id).unwrap_or(&group.name).clone();
            self.by_plain_name.entry(plain).or_default().push(self.directory.name_of(&group.id));
        }
        let matches: Vec<Match<'a>> = declared.iter().map(|group| self.match_group(group, &renamed)).collect();
        self.recorded_groups();
        self.pruned_groups();
        // Only now is it known which groups go and which are new: a parent may be any of them.
        for (group, found) in declared.iter().zip(&matches) {
            match found {
                Match::Live(live) => self.existing_group(group, live, renamed.get(&live.id).map(String::as_str)),
                Match::New(name) => self.new_group(group, name),
                Match::Nothing => {}
            }
        }
        self.circles_of_new(declared, &matches);
        self.children_of_going();
        self.declared_groups = declared
            .iter()
            .zip(matches)
            .filter_map(|(group, found)| match found {
                Match::Live(live) => Some((group, self.directory.name_of(&live.id))),
                Match::New(name) => Some((group, name)),
                Match::Nothing => None,
            })
            .collect();
        let count = self.directory.iter().count();
        if count > MOST_GROUPS_OF_A_PORTAL && self.directory.iter().any(|entry| entry.id.is_none()) {
            self.warn(format!(
                "the portal would have {count} user groups before any goes, and the hub takes at most {MOST_GROUPS_OF_A_PORTAL}"
            ));
        }
        true
    }

    /// Nothing is planned on an empty or contradictory read.
    fn tree_is_sound(&mut self) -> bool {
        let groups = &self.live.user_groups;
        if groups.is_empty() {
            self.fault(
                Diagnostic::error("empty-portal", None, "the portal shows no user group at all, not even a built-in")
                    .with_help(
                        "check that the credential may administer this portal; nothing is planned on an empty read",
                    ),
            );
            return false;
        }
        let parents: HashMap<&GroupId, Option<&GroupId>> =
            groups.iter().map(|group| (&group.id, group.parent.as_ref())).collect();
        let reaches_the_top = |group: &LiveGroup| {
            let mut place = Some(&group.id);
            for _ in 0..=groups.len() {
                match place {
                    None => return true,
                    Some(id) => match parents.get(id) {
                        None => return false,
                        Some(parent) => place = *parent,
                    },
                }
            }
            false
        };
        if parents.len() == groups.len() && groups.iter().all(reaches_the_top) {
            return true;
        }
        self.fault(
            Diagnostic::error("inconsistent-portal", None, "the user groups that were read are no tree")
                .with_help("nothing is planned on a contradictory read; observe the portal again"),
        );
        false
    }

    fn match_group(&mut self, group: &'a UserGroup, renamed: &BTreeMap<GroupId, String>) -> Match<'a> {
        let location = group.name.location;
        let live = match &group.name.value {
            GroupReference::System(system) => {
                let Some(name) = self.system_group(*system, location) else { return Match::Nothing };
                let id = self.directory.id_of(&name);
                self.live.user_groups.iter().find(|live| Some(&live.id) == id)
            }
            GroupReference::Named(name) => {
                let found: Vec<&'a LiveGroup> = self
                    .live
                    .user_groups
                    .iter()
                    .filter(|live| renamed.get(&live.id).unwrap_or(&live.name) == name)
                    .collect();
                if let [_, _, ..] = found.as_slice() {
                    self.declared_ids.extend(found.iter().map(|live| (live.id.clone(), location)));
                    let ids: Vec<String> = found.iter().map(|live| live.id.to_string()).collect();
                    self.fault(duplicate_groups(name, location, &ids));
                    return Match::Nothing;
                }
                found.first().copied()
            }
        };
        if group.delegated
            && let Some(live) = live
            && !self.may_mean(&group.name, live.flags)
        {
            return Match::Nothing;
        }
        let Some(live) = live else { return self.group_not_there(group) };
        if let Some(first) = self.declared_ids.insert(live.id.clone(), location) {
            self.fault(
                Diagnostic::error("duplicate-group", location, format!("user group `{}` is declared twice", live.name))
                    .with_related(first, "declared first here"),
            );
            return Match::Nothing;
        }
        if let GroupState::Absent { disable_members } = group.state {
            self.goes(live, location, disable_members);
            return Match::Nothing;
        }
        Match::Live(live)
    }

    /// A fragment that may not declare everything means a built-in by `system:` alone: the rules about it are checked
    /// where nobody knows what the portal calls its built-ins.
    fn may_mean(&mut self, group: &Located<GroupReference>, flags: GroupFlags) -> bool {
        let GroupReference::Named(name) = &group.value else { return true };
        if !flags.is_built_in() {
            return true;
        }
        self.fault(
            Diagnostic::error("not-delegated", group.location, format!("`{name}` is a built-in in this portal"))
                .with_help(
                    "where `delegate` says who may declare what, a fragment means built-ins by `system:…` alone",
                ),
        );
        false
    }

    fn goes(&mut self, live: &LiveGroup, location: Location, disable_members: bool) {
        if live.flags.is_built_in() {
            self.fault(
                Diagnostic::error("built-in", location, format!("`{}` is a built-in: it is never deleted", live.name))
                    .with_help("remove `state: absent`"),
            );
            return;
        }
        self.goes_for(live, Cause::Absent { location, disable_members });
    }

    pub(super) fn goes_for(&mut self, live: &LiveGroup, cause: Cause) {
        let name = self.directory.name_of(&live.id);
        self.going.insert(live.id.clone(), Going { name, cause });
    }

    /// A declared group that the portal does not have: known by its name from here on, whatever its parent will be.
    fn group_not_there(&mut self, group: &UserGroup) -> Match<'a> {
        let GroupReference::Named(name) = &group.name.value else { return Match::Nothing };
        let location = group.name.location;
        let folded = name.to_lowercase();
        let same_but_case = self.by_plain_name.keys().find(|other| other.to_lowercase() == folded).cloned();
        let is_absent = matches!(group.state, GroupState::Absent { .. });
        if let Some(other) = same_but_case {
            let help = if is_absent {
                format!("write `{other}`, or remove the entry")
            } else {
                format!("write `{other}`, or add `formerly: [{other}]` to rename it")
            };
            self.fault(
                Diagnostic::error(
                    "differs-in-case",
                    location,
                    format!("there is `{other}`, which differs from `{name}` in case alone"),
                )
                .with_help(help),
            );
            return Match::Nothing;
        }
        if is_absent {
            return Match::Nothing;
        }
        let name = GroupName::from(name.as_str());
        if self.directory.get(&name).is_some() {
            self.fault(
                Diagnostic::error(
                    "misleading-name",
                    location,
                    format!("plans already call another group `{name}`, by its name and its id"),
                )
                .with_help("choose another name"),
            );
            return Match::Nothing;
        }
        self.directory.insert(Entry { name: name.clone(), id: None, parent: None, flags: GroupFlags::default() });
        self.by_plain_name.entry(name.to_string()).or_default().push(name.clone());
        Match::New(name)
    }

    fn new_group(&mut self, group: &UserGroup, name: &GroupName) {
        let Some(parent) = self.parent_of_new(group) else { return };
        let flags = GroupFlags::default();
        self.directory.insert(Entry { name: name.clone(), id: None, parent: parent.clone(), flags });
        let description = group.description.as_ref().map(|text| text.value.clone());
        let state = DesiredGroupState::New { description, parent };
        self.desired.user_groups.push(DesiredGroup { name: name.clone(), state });
    }

    /// New groups that are each other's parents would never come to be.
    fn circles_of_new(&mut self, declared: &[UserGroup], matches: &[Match<'a>]) {
        for (group, found) in declared.iter().zip(matches) {
            let Match::New(name) = found else { continue };
            if self.directory.with_ancestors(name).skip(1).any(|ancestor| ancestor == name) {
                self.fault(Diagnostic::error(
                    "parent-circle",
                    group.name.location,
                    format!("`{name}` would be its own ancestor"),
                ));
            }
        }
    }

    fn existing_group(&mut self, group: &UserGroup, live: &LiveGroup, new_name: Option<&str>) {
        let location = group.name.location;
        self.check_parent(group, live);
        if !live.flags.is_built_in() {
            self.desired.user_groups.push(DesiredGroup {
                name: self.directory.name_of(&live.id),
                state: DesiredGroupState::Existing {
                    id: live.id.clone(),
                    new_name: new_name.map(GroupName::from),
                    description: group.description.as_ref().map(|text| text.value.clone()),
                },
            });
        } else if group.description.is_some() {
            self.fault(
                Diagnostic::error("built-in", location, format!("`{}` is a built-in: it is never edited", live.name))
                    .with_help("keep only `idpGroups` and `children`"),
            );
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
            Parent::Stated(reference) | Parent::Nested(reference) => {
                let parent = self.reference(reference)?;
                let flags = self.directory.flags_of(&parent);
                (!group.delegated || self.may_mean(reference, flags)).then_some(Some(parent))
            }
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

    fn pruned_groups(&mut self) {
        for pattern in &self.manifest.prune.user_groups {
            // Patterns are checked offline; one that does not parse matches nothing.
            let Ok(glob) = glob::Pattern::new(pattern) else { continue };
            for live in &self.live.user_groups {
                let is_owned_otherwise = live.flags.is_built_in() || self.declared_ids.contains_key(&live.id);
                if is_owned_otherwise || self.going.contains_key(&live.id) || !glob.matches(&live.name) {
                    continue;
                }
                let covers = |earlier: &Prune| covers(&earlier.user_groups, |glob| glob.matches(&live.name));
                if !self.manifest.prune.within.iter().all(covers) {
                    continue;
                }
                self.goes_for(live, Cause::Pruned(pattern.value.clone()));
            }
        }
    }

    /// A child that stays keeps its parent from going.
    fn children_of_going(&mut self) {
        let live = self.live;
        for child in &live.user_groups {
            if let Some(parent) = &child.parent
                && !self.going.contains_key(&child.id)
            {
                self.held_by_child(parent, &child.name);
            }
        }
    }

    fn held_by_child(&mut self, id: &GroupId, child: &str) {
        let Some(going) = self.going.get(id) else { return };
        if going.clears() {
            let fault = Diagnostic::error(
                "held-by-child",
                going.location(),
                format!("`{}` cannot be deleted while `{child}` lives under it", going.name),
            );
            self.fault(fault.with_help(format!("declare `{child}` with `state: absent` too")));
        } else {
            self.hold(id, format!("user group `{child}`"));
        }
    }

    /// Something refers to a group that is not to be cleared, and keeps it from going.
    pub(super) fn hold(&mut self, id: &GroupId, holder: String) {
        self.holders.entry(id.clone()).or_default().insert(holder);
    }

    /// Groups that are not to be cleared and that something else still refers to stay, and so do the groups above
    /// them; the others go.
    pub(super) fn going_groups(&mut self) {
        let mut held: Vec<GroupId> = self.holders.keys().cloned().collect();
        while let Some(id) = held.pop() {
            let Some(going) = self.going.remove(&id) else { continue };
            let holders = self.holders.remove(&id).unwrap_or_default();
            // What was declared of its mappings goes with the group, or not at all.
            self.desired.mappings.remove(&going.name);
            let covered = match &going.cause {
                Cause::Recorded { reason } => format!("{reason},"),
                Cause::Absent { .. } | Cause::Pruned(_) => format!("covered by {}", going.reason()),
            };
            self.note(format!(
                "user group `{}` is {covered} and left alone: it is held by {}; declare it `state: absent` to clear it",
                going.name,
                few(5, &holders),
            ));
            let child = self.live.user_groups.iter().find(|live| live.id == id);
            if let Some((parent, name)) = child.and_then(|child| Some((child.parent.as_ref()?, &child.name))) {
                self.held_by_child(parent, name);
                held.push(parent.clone());
            }
        }
        for (id, going) in &self.going {
            let state = DesiredGroupState::Gone { id: id.clone(), reason: going.reason() };
            self.desired.user_groups.push(DesiredGroup { name: going.name.clone(), state });
        }
    }

    /// Counts the groups that are neither declared nor go.
    pub(super) fn unmanaged_groups(&mut self) {
        let mut addresses: Vec<_> = self
            .live
            .user_groups
            .iter()
            .filter(|live| !live.flags.is_built_in())
            .filter(|live| !self.declared_ids.contains_key(&live.id) && !self.going.contains_key(&live.id))
            .map(|live| self.address(Kind::UserGroups, [self.directory.name_of(&live.id)]))
            .collect();
        addresses.sort();
        self.unmanaged.insert(Kind::UserGroups, Unmanaged { count: addresses.len(), addresses });
    }
}

fn group_name(group: &UserGroup) -> &str {
    match &group.name.value {
        GroupReference::Named(name) => name,
        GroupReference::System(system) => system.as_str(),
    }
}
