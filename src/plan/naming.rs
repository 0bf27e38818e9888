//! Whether a plan still calls things what the hub calls them. Pure.
//!
//! A plan shows names and is carried out by ids. Where the two have come apart, since somebody renamed a group or since
//! somebody edited the plan file and its checksum, what was reviewed is not what would be done. Only names that the
//! changes use count, and the groups above those: what else happens in the portal is no obstacle.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Change, Edit, Operation, Plan};
use crate::address::Kind;
use crate::directory::{Directory, Entry};
use crate::id::{GroupId, GroupName, ProviderId, ProviderName};
use crate::kinds::GroupSet;
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::state::{GroupFlags, LiveGroup, LivePortal};

/// What the hub calls the things that a plan names.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    pub portal: &'a LivePortal,
    pub user_groups: &'a [LiveGroup],
    /// By id; read where [`needs_identity_providers`] says so.
    pub identity_providers: Option<&'a BTreeMap<ProviderId, String>>,
    /// By id; read where [`needs_business_groups`] says so.
    pub business_groups: Option<&'a BTreeMap<String, String>>,
}

/// Something that the plan calls by another name than the hub does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misnomer {
    /// What the plan calls it.
    pub name: String,
    /// A sentence without its full stop.
    pub message: String,
}

/// What of the plan's names no longer stands for what it did.
pub fn misnomers(plan: &Plan, names: Names<'_>) -> Vec<Misnomer> {
    let Names { portal, user_groups, identity_providers, business_groups } = names;
    let mut misnomers = of_portal(plan, portal);
    misnomers.extend(of_user_groups(plan, user_groups));
    misnomers.extend(of_providers(plan, identity_providers));
    misnomers.extend(of_business_groups(plan, business_groups));
    misnomers
}

/// Whether identity providers are named otherwise than by their ids.
pub fn needs_identity_providers(plan: &Plan) -> bool {
    named_providers(plan).next().is_some()
}

/// Whether assets are shown under a business group's name.
pub fn needs_business_groups(plan: &Plan) -> bool {
    !shown_business_groups(plan).is_empty()
}

fn of_portal(plan: &Plan, live: &LivePortal) -> Vec<Misnomer> {
    let planned = &plan.target.portal;
    let connection = (&planned.connection, &live.connection);
    let parts = [
        ("name", Some(&planned.name), Some(&live.name)),
        ("domain", connection.0.domain.as_ref(), connection.1.domain.as_ref()),
        ("environment", connection.0.environment.as_ref(), connection.1.environment.as_ref()),
    ];
    let or_none = |text: Option<&String>| text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    parts
        .into_iter()
        .filter(|(_, planned, live)| planned != live)
        .map(|(part, planned, live)| Misnomer {
            name: plan.target.portal.name.clone(),
            message: format!("the portal's {part} is {}, and the plan says {}", or_none(live), or_none(planned)),
        })
        .collect()
}

fn of_user_groups(plan: &Plan, tree: &[LiveGroup]) -> Vec<Misnomer> {
    let planned = &plan.target.user_groups;
    let (mut renamed, mut deleted) = (BTreeMap::new(), BTreeSet::new());
    for change in &plan.changes {
        let (Edit::UserGroup(operation), Some(id)) = (&change.edit, &change.object_id) else { continue };
        match operation {
            Operation::Update { before, after } if before.name != after.name => {
                renamed.insert(GroupId::from(id.as_str()), after.name.to_string());
            }
            Operation::Delete { .. } => _ = deleted.insert(GroupId::from(id.as_str())),
            Operation::Create { .. } | Operation::Update { .. } => {}
        }
    }
    let live = Directory::of_live(tree, &renamed);
    let mentioned: GroupSet = plan.changes.iter().flat_map(mentioned_groups).collect();
    let mentioned: BTreeSet<&GroupName> = mentioned.iter().flat_map(|name| planned.with_ancestors(name)).collect();
    let check = |name: &GroupName| -> Option<String> {
        let Some(entry) = planned.get(name) else { return of_unlisted(planned, &live, name) };
        let Some(id) = &entry.id else {
            return (entry.flags != GroupFlags::default())
                .then(|| format!("`{name}` is yet to be created, and is marked as a built-in group"));
        };
        match live.get(&live.name_of(id)) {
            None if deleted.contains(id) => None,
            None => Some(format!("user group `{name}` ({id}) is gone from the portal")),
            Some(found) => differs(entry, planned, found, &live),
        }
    };
    mentioned.into_iter().filter_map(|name| Some(Misnomer { name: name.to_string(), message: check(name)? })).collect()
}

/// Groups that stand side by side are told apart by name, the groups above them by id: each tells its own name.
fn differs(planned: &Entry, plan: &Directory, found: &Entry, live: &Directory) -> Option<String> {
    let Entry { name, id, parent, flags } = planned;
    let id = id.as_ref()?;
    let above =
        |parent: &Option<GroupName>, directory: &Directory| parent.as_ref().map(|name| directory.id_of(name).cloned());
    if *name != found.name {
        Some(format!("what the plan calls `{name}` ({id}) is `{}` in the portal", found.name))
    } else if *flags != found.flags {
        Some(format!("user group `{name}` ({id}) has other flags in the portal than in the plan"))
    } else if above(parent, plan) != above(&found.parent, live) {
        Some(format!("user group `{name}` ({id}) stands elsewhere in the portal than in the plan"))
    } else {
        None
    }
}

/// An id stands for itself where the tree does not hold it; any other name has to be listed.
fn of_unlisted(planned: &Directory, live: &Directory, name: &GroupName) -> Option<String> {
    let Some(id) = planned.wire_id(name) else {
        return Some(format!("the plan does not say which user group `{name}` is"));
    };
    let found = live.get(&live.name_of(&id))?;
    Some(format!("what the plan calls `{name}` is `{}` in the portal", found.name))
}

/// The groups that a change uses, by their names in the directory.
fn mentioned_groups(change: &Change) -> GroupSet {
    let mut groups = GroupSet::new();
    match &change.edit {
        Edit::UserGroup(operation) => {
            groups.extend(change.address.segments.first().map(|name| GroupName::from(name.as_str())));
            let parent = operation.after().or(operation.before()).and_then(|group| group.parent.clone());
            groups.extend(parent);
        }
        Edit::IdpMapping(operation) => groups.extend(mapping(operation).map(|mapping| mapping.user_group.clone())),
        Edit::Asset(operation) => {
            for spec in operation.before().into_iter().chain(operation.after()) {
                groups.extend(spec.versions.values().flatten().flatten().cloned());
            }
        }
        Edit::Member { before, after } => {
            for spec in [before, after] {
                groups.extend(spec.user_groups.iter().flatten().cloned());
            }
        }
        Edit::Approve { after, .. } => groups.extend(after.user_groups.iter().cloned()),
        Edit::Reject { .. } => {}
    }
    groups
}

fn mapping(operation: &Operation<IdpMappingSpec>) -> Option<&IdpMappingSpec> {
    operation.after().or(operation.before())
}

/// The providers of the changed mappings that have another name than their id.
fn named_providers(plan: &Plan) -> impl Iterator<Item = (&ProviderName, &ProviderId)> {
    let used: BTreeSet<&ProviderName> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.edit {
            Edit::IdpMapping(operation) => mapping(operation).map(|mapping| &mapping.provider),
            _ => None,
        })
        .collect();
    let providers = plan.target.identity_providers.iter();
    providers.filter(move |(name, id)| used.contains(name) && name.as_str() != id.as_str())
}

/// A name of the manifest's own is no name of the hub's: it must only not be that of another provider.
fn of_providers(plan: &Plan, live: Option<&BTreeMap<ProviderId, String>>) -> Vec<Misnomer> {
    let Some(live) = live else { return Vec::new() };
    let check = |name: &ProviderName, id: &ProviderId| -> Option<String> {
        if !live.contains_key(id) && id.as_str() != BUILT_IN_PROVIDER {
            return Some(format!("identity provider `{name}` ({id}) is gone from the organization"));
        }
        let is_other = |(other, known): &(&ProviderId, &String)| {
            *other != id && (known.as_str() == name.as_str() || other.as_str() == name.as_str())
        };
        let (other, _) = live.iter().find(is_other)?;
        // Where several have the name, the manifest says by an id which one it means.
        (live.get(id).map(String::as_str) != Some(name.as_str()))
            .then(|| format!("the plan calls identity provider {id} `{name}`, which is the name of {other}"))
    };
    named_providers(plan)
        .filter_map(|(name, id)| Some(Misnomer { name: name.to_string(), message: check(name, id)? }))
        .collect()
}

/// The id of the built-in identity provider, which not every organization lists.
const BUILT_IN_PROVIDER: &str = "mulesoft";

/// The business groups under whose names changed assets are shown.
fn shown_business_groups(plan: &Plan) -> BTreeMap<&str, &str> {
    let assets = plan.changes.iter().filter(|change| change.address.kind == Kind::Assets);
    assets
        .filter_map(|change| change.address.segments.first())
        .filter_map(|id| Some((id.as_str(), plan.target.business_groups.get(id)?.as_str())))
        .collect()
}

fn of_business_groups(plan: &Plan, live: Option<&BTreeMap<String, String>>) -> Vec<Misnomer> {
    let Some(live) = live else { return Vec::new() };
    let check = |id: &str, name: &str| match live.get(id) {
        None => Some(format!("business group `{name}` ({id}) is gone from the organization")),
        Some(known) if known == name => None,
        Some(known) => Some(format!("what the plan calls business group `{name}` ({id}) is `{known}`")),
    };
    shown_business_groups(plan)
        .into_iter()
        .filter_map(|(id, name)| Some(Misnomer { name: name.to_owned(), message: check(id, name)? }))
        .collect()
}
