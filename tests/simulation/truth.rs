//! Whether a report tells the truth: what it says of each change, held against the portal.

use std::collections::{BTreeMap, BTreeSet};

use aehctl::kinds::GroupSet;
use aehctl::plan::{Action, Change, Edit, Operation, Plan};
use aehctl::report::{Outcome, Report};

use crate::model::is_administrators;
use crate::world::Portal;

/// What a report says that is not so. Nobody else has changed anything meanwhile.
pub(crate) fn lies(plan: &Plan, report: &Report, before: &Portal, after: &Portal) -> Result<(), String> {
    let last: BTreeMap<_, &Change> = plan.changes.iter().map(|change| (&change.address, change)).collect();
    for result in &report.results {
        let change = last[&result.address];
        if change.id != result.id {
            continue;
        }
        let (was, is) = match &change.edit {
            Edit::UserGroup(_) => (shows(change, before), shows(change, after)),
            // A group is itself whether it has its new name yet or not.
            _ => (shows(change, &renamed(before)), shows(change, &renamed(after))),
        };
        let lie = match &result.outcome {
            Outcome::Applied | Outcome::AlreadyDone | Outcome::Unconfirmed => !is,
            Outcome::Failed { .. } | Outcome::Refused { .. } | Outcome::Skipped { .. } => is && !was,
            Outcome::Unknown { .. } => false,
        };
        if lie {
            return Err(format!("the report lies: {result:?}\n{change:?}\nbefore: {before:?}\nafter: {after:?}"));
        }
    }
    Ok(())
}

/// The portal with the names that its groups are to have.
fn renamed(portal: &Portal) -> Portal {
    let new = |name: &String| name.strip_prefix("Old ").unwrap_or(name).to_owned();
    let all = |names: &BTreeSet<String>| names.iter().map(new).collect();
    let mut renamed = portal.clone();
    renamed.groups = portal.groups.iter().map(|(name, groups)| (new(name), groups.clone())).collect();
    for names in renamed.assets.values_mut().flat_map(|asset| asset.versions.values_mut()) {
        *names = all(names);
    }
    for member in renamed.members.values_mut().flatten() {
        member.groups = all(&member.groups);
    }
    renamed
}

/// Whether a portal is as a change wants it.
fn shows(change: &Change, portal: &Portal) -> bool {
    let owned = |path: &str| change.fields.iter().any(|field| field.path == path);
    // Plans call built-ins by their flags, and keep them.
    let custom = |groups: &GroupSet| -> BTreeSet<String> {
        groups.iter().map(ToString::to_string).filter(|name| !name.starts_with("system:")).collect()
    };
    match &change.edit {
        Edit::UserGroup(operation) => match operation {
            Operation::Create { after } | Operation::Update { after, .. } => {
                portal.groups.get(after.name.as_str()).is_some_and(|groups| {
                    let description = after.description.as_deref().unwrap_or_default();
                    groups.iter().any(|group| !owned("description") || group.description == description)
                })
            }
            Operation::Delete { before } => !portal.groups.contains_key(before.name.as_str()),
        },
        Edit::IdpMapping(operation) => {
            let (Some(mapping), is_wanted) = (operation.after().or(operation.before()), operation.after().is_some())
            else {
                return false;
            };
            let groups = portal.groups.get(mapping.user_group.as_str());
            let is_there =
                groups.into_iter().flatten().any(|group| group.mappings.iter().any(|(_, name)| *name == mapping.group));
            is_there == is_wanted
        }
        Edit::Asset(operation) => {
            let [group_id, asset_id] = &*change.address.segments else { return false };
            let live = portal.assets.get(&(group_id.clone(), asset_id.clone()));
            let Some(after) = operation.after() else { return live.is_none() };
            let Some(live) = live else { return false };
            let is_update = change.action() == Action::Update;
            let listed = after.versions.iter().filter(|(version, _)| *version != "*");
            let mut listed = listed.filter(|(version, _)| !is_update || owned(&format!("versions.{version}")));
            let instances = after.instances.filter(|_| !is_update || owned("instances"));
            listed.all(|(version, wanted)| {
                let none = BTreeSet::new();
                let mut wanted: BTreeSet<String> =
                    wanted.iter().flatten().map(|name| in_portal(name.as_str()).to_owned()).collect();
                wanted.retain(|name| !is_administrators(name));
                let seen = live.versions.get(version).unwrap_or(&none);
                // One root is guests and members in one; a plan calls it by either flag.
                *seen == wanted || *seen == wanted.iter().map(|name| as_one_root(name).to_owned()).collect()
            }) && instances.is_none_or(|instances| instances.as_str() == live.instances)
        }
        Edit::Member { after, .. } => {
            let live = portal.members.get(&change.address.segments[0]).and_then(|members| members.first());
            live.is_some_and(|live| {
                let wanted: Option<BTreeSet<String>> = after.user_groups.as_ref().map(custom);
                (!owned("userGroups") || wanted.is_none_or(|wanted| wanted == live.groups))
                    && (!owned("enabled") || after.enabled == Some(live.is_active))
            })
        }
        Edit::Approve { after, .. } => {
            let username = &change.address.segments[0];
            let wanted: BTreeSet<String> = custom(&after.user_groups);
            let members = portal.members.get(username);
            !portal.pending.contains(username)
                && members.is_some_and(|members| members.iter().any(|member| wanted.is_subset(&member.groups)))
        }
        Edit::Reject { .. } => !portal.pending.contains(&change.address.segments[0]),
    }
}

/// A group by the name that the portal has for it.
fn in_portal(name: &str) -> &str {
    match name {
        "system:administrators" => "Administrators",
        "system:guests" => "Guests",
        "system:members" => "Members",
        name => name,
    }
}

fn as_one_root(name: &str) -> &str {
    match name {
        "Guests" | "Members" => "Everyone",
        name => name,
    }
}
