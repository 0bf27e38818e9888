//! Break glass: a plan that takes a member's or a group's visibility away, from what is live alone. Pure.
//!
//! It only takes. So it waits for no word and no limit; only the last administrator does not go without one.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Located, nearest};
use crate::diff::diff;
use crate::directory::{Directory, Entry};
use crate::failure::Failure;
use crate::guard;
use crate::id::{GroupId, GroupName, MemberId, ProviderId};
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::AssetSpec;
use crate::limit::Limit;
use crate::manifest::model::{self, GroupState, Manifest, Parent, SystemGroup, UserGroup};
use crate::order::order;
use crate::plan::{Guard, Notice, NoticeLevel, Plan, Request, make};
use crate::resolve::{self, Resolution};
use crate::state::{DesiredAsset, DesiredMember, DesiredState, DesiredVisibility, LiveGroup, LiveMember, LiveState};

/// Whose visibility is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Member(MemberId),
    Group(GroupId),
}

/// The member that a text means: an id, a username or an email.
pub fn find_member<'l>(members: &'l [LiveMember], user: &str) -> Result<&'l LiveMember, Failure> {
    let found: Vec<&LiveMember> = members.iter().filter(|member| member.is_called(user)).collect();
    match found.as_slice() {
        [member] => Ok(member),
        [] => {
            let near = nearest(user, members.iter().flat_map(LiveMember::names));
            let failure = Failure::new(format!("the portal has no member `{user}`"));
            Err(match near {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("give a username, an email or an id; `aehctl get members` lists them"),
            })
        }
        several => {
            let people: Vec<String> =
                several.iter().map(|member| format!("{} (id {})", member.label(), member.id)).collect();
            Err(Failure::new(format!("`{user}` means several members: {}", people.join(", ")))
                .hint("use one of the ids"))
        }
    }
}

/// The group that a text means: an id, a name, or a built-in by its flag.
pub fn find_group<'l>(groups: &'l [LiveGroup], name: &str) -> Result<&'l LiveGroup, Failure> {
    let system = SystemGroup::ALL.into_iter().find(|system| system.as_str() == name);
    let is_meant = |group: &&LiveGroup| match system {
        Some(system) => system.marks(group.flags),
        None => group.id.as_str() == name || group.name == name,
    };
    let found: Vec<&LiveGroup> = groups.iter().filter(is_meant).collect();
    match found.as_slice() {
        [group] if group.flags.is_admin => {
            Err(Failure::new(format!("`{}` is the administrators' group: it keeps what it sees", group.name))
                .hint("revoke its members one by one: `aehctl revoke member USER`"))
        }
        [group] => Ok(group),
        [] => {
            let failure = Failure::new(format!("the portal has no user group `{name}`"));
            Err(match nearest(name, groups.iter().map(|group| group.name.as_str())) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("give a name or an id; `aehctl get user-groups` lists them"),
            })
        }
        several => {
            let ids: Vec<String> = several.iter().map(|group| group.id.to_string()).collect();
            Err(Failure::new(format!("the portal has {} user groups named `{name}`: {}", ids.len(), ids.join(", ")))
                .hint("use one of the ids"))
        }
    }
}

/// The name of manifests that are only asked what is to be read.
const ASKING: &str = "portal";

/// A manifest that asks for what is read before a member is revoked.
pub fn needs_of_member() -> Manifest {
    Manifest { members: Some(Vec::new()), ..Manifest::bare(ASKING) }
}

/// A manifest that asks for what is read before a group is revoked: all that refers to it. `None`: everything.
pub fn needs_of_group(group: &LiveGroup) -> Option<Manifest> {
    let is_custom = !group.flags.is_built_in();
    let going = || Manifest { user_groups: Some(vec![declared(group)]), ..Manifest::bare(ASKING) };
    is_custom.then(going)
}

/// The provider that signs the member in and sets their groups, if one does.
pub fn provider_of(live: &LiveState, subject: &Subject) -> Option<ProviderId> {
    let Subject::Member(id) = subject else { return None };
    let member = live.members.iter().flatten().find(|member| member.id == *id)?;
    member.provider.clone().filter(|_| member.is_federated(&live.portal.connection))
}

/// A manifest that asks for all mappings of a portal.
pub fn needs_of_mappings(live: &LiveState) -> Manifest {
    let mapped =
        |group: &LiveGroup| UserGroup { idp_groups: Some(Vec::new()), state: GroupState::Present, ..declared(group) };
    Manifest { user_groups: Some(live.user_groups.iter().map(mapped).collect()), ..Manifest::bare(ASKING) }
}

/// What the mappings of a provider give to those whom it signs in, as clauses.
pub fn given_by(live: &LiveState, provider: &ProviderId) -> Vec<String> {
    let name = live.identity_providers.iter().flatten().find(|(id, _)| *id == provider).map(|(_, name)| name.as_str());
    let name = name.filter(|name| !name.is_empty()).unwrap_or(provider.as_str());
    let rows = live
        .user_groups
        .iter()
        .flat_map(|group| live.mappings.get(&group.id).into_iter().flatten().map(move |row| (group, row)));
    rows.filter(|(_, row)| row.provider == *provider)
        .map(|(group, row)| format!("`{}`, which is mapped to `{}` of `{name}`", group.name, row.group))
        .collect()
}

fn declared(group: &LiveGroup) -> UserGroup {
    let location = Manifest::bare(ASKING).name.location;
    UserGroup {
        name: Located::new(model::GroupReference::Named(group.name.clone()), location),
        parent: Parent::Unstated,
        description: None,
        formerly: Vec::new(),
        idp_groups: None,
        state: GroupState::Absent { disable_members: false },
        delegated: false,
    }
}

/// The plan that takes all away. `guards` are the manifest's own, if there is one.
pub fn plan(
    portal: &str,
    live: &LiveState,
    subject: &Subject,
    guards: &model::Guards,
) -> Result<Plan, resolve::Failure> {
    let manifest = Manifest { guards: guards.clone(), ..Manifest::bare(portal) };
    // It has nothing to do yet, and knows the portal and everything in it by name.
    let mut plan = make(Request::new(&manifest, live))?;
    let directory = plan.target.user_groups.clone();
    let taking = Taking { live, directory: &directory };
    let (desired, notices) = match subject {
        Subject::Member(id) => taking.member(id),
        Subject::Group(id) => taking.group(id),
    };
    let resolution = Resolution {
        desired,
        directory: directory.clone(),
        providers: plan.target.identity_providers.clone(),
        unmanaged: BTreeMap::new(),
        waiting: Vec::new(),
        notices: Vec::new(),
    };
    plan.changes = order(diff(portal, &resolution, live), &directory);
    plan.summary = Plan::summarise(&plan.changes);
    plan.unmanaged.clear();
    plan.guards = guard::guards(guards, live, &directory, &plan.changes);
    plan.guards.violations = guard::violations(&plan);
    plan.notices.extend(notices);
    plan.notices.extend(overruled(&plan));
    let limits = &mut plan.guards.limits;
    (limits.max_deletes, limits.max_updates, limits.max_access_loss) = (Limit::NONE, Limit::NONE, Limit::NONE);
    limits.min_administrators = limits.min_administrators.min(1);
    let protected = plan.guards.protected.iter().flat_map(|protection| protection.addresses.clone());
    plan.guards.unprotected = protected.collect();
    plan.guards.violations = guard::violations(&plan);
    plan.notices.sort();
    Ok(plan)
}

/// What guards say is told, and holds nothing up; but for an administrator who would be the last.
fn overruled(plan: &Plan) -> Vec<Notice> {
    let is_last = |guard: Guard, left: usize| guard == Guard::MinAdministrators && left == 0;
    let violations = plan.guards.violations.iter().filter(|violation| !is_last(violation.guard, violation.count));
    let message = |message: &str| format!("{message}; revoking does not wait for that");
    violations.map(|violation| warning(message(&violation.message))).collect()
}

fn warning(message: String) -> Notice {
    Notice { level: NoticeLevel::Warning, message }
}

fn note(message: String) -> Notice {
    Notice { level: NoticeLevel::Note, message }
}

struct Taking<'a> {
    live: &'a LiveState,
    directory: &'a Directory,
}

impl Taking<'_> {
    /// Disabled, and in no group but those that everyone is in.
    fn member(&self, id: &MemberId) -> (DesiredState, Vec<Notice>) {
        let (mut desired, mut notices) = (DesiredState::default(), Vec::new());
        for member in self.live.members.iter().flatten().filter(|member| member.id == *id) {
            let user = member.label();
            let groups = member.user_groups.as_ref().map(|ids| self.directory.names_of(ids));
            if groups.is_none() {
                notices.push(warning(format!("the hub does not say which groups `{user}` is in: they are left")));
            }
            let is_kept = |name: &GroupName| self.directory.flags_of(name).is_built_in();
            let (kept, taken): (GroupSet, GroupSet) = groups.iter().flatten().cloned().partition(is_kept);
            if kept.iter().any(|name| self.directory.flags_of(name).is_admin) {
                let what = "stays in the administrators' group, which is built in; disabled, that is worth nothing";
                notices.push(note(format!("`{user}` {what}")));
            }
            if member.is_federated(&self.live.portal.connection) {
                let what =
                    "signs in through an identity provider: once enabled again, the next login gives groups back";
                notices.push(warning(format!("`{user}` {what}")));
            }
            let user_groups = groups.filter(|_| !taken.is_empty()).map(|_| kept);
            let wanted = DesiredMember { user_groups, enabled: Some(false), reason: None };
            desired.members.insert(id.clone(), wanted);
        }
        (desired, notices)
    }

    /// In no audience, mapped to nothing, with nobody in it.
    fn group(&self, id: &GroupId) -> (DesiredState, Vec<Notice>) {
        let (mut desired, mut notices) = (DesiredState::default(), Vec::new());
        let name = self.directory.name_of(id);
        for (key, asset) in self.live.assets.iter().flatten() {
            let Some(detail) = &asset.detail else { continue };
            let before = AssetSpec::of_live(detail, self.directory);
            if before.versions.values().any(Option::is_none) {
                notices.push(warning(format!("the hub does not say who sees every version of asset {key}")));
            }
            let mut spec = before.clone();
            for groups in spec.versions.values_mut().flatten() {
                groups.remove(&name);
            }
            if spec != before {
                let visibility = DesiredVisibility { spec, causes: BTreeMap::new(), reason: None };
                desired.assets.insert(key.clone(), DesiredAsset::Present(visibility));
            }
        }
        let rows = self.live.mappings.get(id).map(Vec::as_slice).unwrap_or_default();
        for row in rows.iter().filter(|row| row.is_maintainer) {
            notices.push(warning(format!(
                "`{}` makes maintainers of `{name}`: the API cannot take this mapping away, do it in the platform",
                row.group
            )));
        }
        desired.mappings.insert(name.clone(), BTreeSet::new());
        notices.extend(self.members_of(id, &name, &mut desired));
        notices.extend(self.below(id, &name));
        (desired, notices)
    }

    fn members_of(&self, id: &GroupId, name: &GroupName, desired: &mut DesiredState) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.directory.flags_of(name).is_built_in() {
            notices.push(note(format!("everyone stays in `{name}`, which is built in")));
            return notices;
        }
        let mut unknown = 0;
        for member in self.live.members.iter().flatten() {
            match &member.user_groups {
                None => unknown += 1,
                Some(groups) if groups.contains(id) => {
                    let mut left = self.directory.names_of(groups);
                    left.remove(name);
                    let wanted = DesiredMember { user_groups: Some(left), enabled: None, reason: None };
                    desired.members.insert(member.id.clone(), wanted);
                }
                Some(_) => {}
            }
        }
        if unknown > 0 {
            notices.push(warning(format!("of {unknown} members the hub does not say which groups they are in")));
        }
        notices
    }

    /// What a group is shown, those below it see too.
    fn below(&self, id: &GroupId, name: &GroupName) -> Option<Notice> {
        let is_below = |entry: &&Entry| {
            entry.id.as_ref() != Some(id) && self.directory.with_ancestors(&entry.name).any(|above| above == name)
        };
        let below: Vec<String> =
            self.directory.iter().filter(is_below).map(|entry| format!("`{}`", entry.name)).collect();
        let what = "what it was shown they no longer see, and what is shown to them directly they keep";
        let stand = if below.len() == 1 { "stands" } else { "stand" };
        (!below.is_empty()).then(|| warning(format!("{} {stand} under `{name}`: {what}", below.join(", "))))
    }
}

#[cfg(test)]
mod tests;
