//! What a merged manifest says that cannot be: the offline checks that need all of its documents.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::faults::{Before, Faults, Seen, similar_names};
use super::model::{
    Asset, AssetState, AudienceItem, GroupReference, GroupState, Manifest, Parent, ProspectDecision, UserGroup,
};
use super::reference::describe;
use crate::diagnostic::{Diagnostic, Located, Location, Severity, nearest};

/// The API's limit on the user groups of a portal.
const MOST_GROUPS: usize = 100;
/// The hub's limit on the assets of a portal; portals that were made before mid-2025 may take 350 only.
const MOST_ASSETS: usize = 7_000;

pub(super) fn check(manifest: &Manifest, faults: &mut Faults) {
    let names = Names::of(manifest.user_groups.as_deref().unwrap_or_default());
    let references = references(manifest);
    check_former_names(manifest, &names, &references, faults);
    check_references(&names, &references, faults);
    check_audiences(manifest, faults);
    check_parents(manifest, &names, faults);
    check_mappings(manifest, faults);
    check_limits(manifest, faults);
}

/// The groups that are declared by name.
struct Names<'manifest> {
    declared: BTreeMap<&'manifest str, &'manifest UserGroup>,
}

impl<'manifest> Names<'manifest> {
    fn of(groups: &'manifest [UserGroup]) -> Self {
        let mut declared = BTreeMap::new();
        for group in groups {
            if let GroupReference::Named(name) = &group.name.value {
                declared.entry(name.as_str()).or_insert(group);
            }
        }
        Self { declared }
    }

    fn is_absent(&self, name: &str) -> bool {
        self.declared.get(name).is_some_and(|group| group.state != GroupState::Present)
    }
}

/// Every place where a group is referred to by name, in the order of the manifest's sections.
fn references(manifest: &Manifest) -> Vec<(&str, Location)> {
    let audiences = manifest.audiences.values().flat_map(|audience| &audience.groups);
    let parents = manifest.user_groups.iter().flatten().filter_map(|group| match &group.parent {
        Parent::Stated(parent) => Some(parent),
        Parent::Unstated | Parent::Nested(_) => None,
    });
    let members = manifest.members.iter().flatten().flat_map(|member| member.user_groups.iter().flatten());
    let prospects = manifest.prospects.iter().flatten().flat_map(|rule| match &rule.decision {
        ProspectDecision::Approve { user_groups } => user_groups.as_slice(),
        ProspectDecision::Reject => &[],
    });
    let versions = audience_items(manifest).filter_map(|item| match &item.value {
        AudienceItem::Group(GroupReference::Named(name)) => Some((name.as_str(), item.location)),
        AudienceItem::Group(GroupReference::System(_)) | AudienceItem::Audience(_) => None,
    });
    let groups = audiences.chain(parents).chain(members).chain(prospects);
    let named = groups.filter_map(|group: &Located<GroupReference>| match &group.value {
        GroupReference::Named(name) => Some((name.as_str(), group.location)),
        GroupReference::System(_) => None,
    });
    named.chain(versions).collect()
}

/// What the versions of all assets list. Defaults repeat for each asset; the places tell them apart.
fn audience_items(manifest: &Manifest) -> impl Iterator<Item = &Located<AudienceItem>> {
    let versions = manifest.assets.iter().flatten().filter_map(|asset| match &asset.state {
        AssetState::Present { versions, .. } => versions.as_ref(),
        AssetState::Absent | AssetState::Unmanaged => None,
    });
    versions.flat_map(|versions| versions.listed.values().chain(&versions.others)).flat_map(|audience| &audience.items)
}

fn check_former_names(manifest: &Manifest, names: &Names<'_>, references: &[(&str, Location)], faults: &mut Faults) {
    let mut former: HashMap<&str, Location> = HashMap::new();
    let takers: HashMap<&str, &str> = (names.declared.iter())
        .flat_map(|(name, group)| group.formerly.iter().map(|former| (former.as_str(), *name)))
        .collect();
    for name in manifest.user_groups.iter().flatten().flat_map(|group| &group.formerly) {
        if let Some(first) = former.get(name.value.as_str()) {
            let message = format!("`{}` became two groups", **name);
            faults.push(
                Diagnostic::error("ambiguous-rename", name.location, message).with_related(*first, "the other rename"),
            );
            continue;
        }
        former.insert(&name.value, name.location);
        if is_in_circle(&name.value, &takers) {
            let message = format!("`{}` is given away and comes back: its renames go round in a circle", **name);
            faults
                .push(Diagnostic::error("rename-circle", name.location, message).with_help(
                    "names cannot be swapped in one plan: rename one group to a name that nobody has first",
                ));
        } else if let Some(declared) = names.declared.get(name.value.as_str()).filter(|group| group.formerly.is_empty())
        {
            // One that has a former name itself gets this name in turn: a chain, which runs from its free end.
            let message = format!("`{}` is a former name, and is declared still", **name);
            faults.push(
                Diagnostic::error("former-name-in-use", name.location, message)
                    .with_related(declared.name.location, "declared here")
                    .with_help(
                        "a rename leaves the old name behind: remove the old entry, or the name under `formerly`",
                    ),
            );
        }
    }
    let mut seen = HashSet::new();
    for (name, location) in references {
        if let Some(rename) = former.get(name)
            && !names.declared.contains_key(name)
            && seen.insert(*location)
        {
            faults.push(
                Diagnostic::error("former-name-in-use", *location, format!("`{name}` is a group's former name"))
                    .with_related(*rename, "renamed here")
                    .with_help("use the new name"),
            );
        }
    }
}

/// Whether the group that takes a name over gives its own to another, and so on, until one gets the name again.
fn is_in_circle(name: &str, takers: &HashMap<&str, &str>) -> bool {
    let chain = std::iter::successors(takers.get(name), |next| takers.get(**next));
    chain.take(MOST_GROUPS).any(|next| *next == name)
}

fn check_references(names: &Names<'_>, references: &[(&str, Location)], faults: &mut Faults) {
    let former: HashSet<&str> =
        names.declared.values().flat_map(|group| &group.formerly).map(|name| name.value.as_str()).collect();
    let mut seen = HashSet::new();
    let mut unknown = HashSet::new();
    for (name, location) in references {
        if let Some(group) = names.declared.get(name) {
            if names.is_absent(name) && seen.insert(*location) {
                faults.push(
                    Diagnostic::error("absent-group", *location, format!("the group `{name}` is to be absent"))
                        .with_related(group.name.location, "declared absent")
                        .with_help("a group that is deleted can see nothing and have no members; remove its name here"),
                );
            }
        } else if !faults.incomplete && !former.contains(name) && unknown.insert(*name) {
            let message = format!("no group `{name}` is declared here");
            // Looking for the nearest name is idle work once nobody reads the answer.
            let candidates = names.declared.keys().copied().take_while(|_| !faults.is_full(Severity::Warning));
            let help = match nearest(name, candidates) {
                Some(near) => format!("did you mean `{near}`? If the portal has a group `{name}`, all is well"),
                None => "if the portal has such a group, all is well; a plan fails if it has not".to_owned(),
            };
            faults.warning("undeclared-group", *location, message, &help);
        }
    }
}

fn check_audiences(manifest: &Manifest, faults: &mut Faults) {
    if faults.incomplete {
        return;
    }
    let mut seen = HashSet::new();
    for item in audience_items(manifest) {
        let AudienceItem::Audience(name) = &item.value else { continue };
        if manifest.audiences.contains_key(name) || !seen.insert(item.location) {
            continue;
        }
        let message = format!("nobody declares the audience `{name}`");
        faults.unknown("unknown-audience", item.location, message, name, manifest.audiences.keys().map(String::as_str));
    }
}

/// A group under itself, by however many steps.
fn check_parents(manifest: &Manifest, names: &Names<'_>, faults: &mut Faults) {
    let parent_of = |group: &UserGroup| match &group.parent {
        Parent::Stated(parent) | Parent::Nested(parent) => match &parent.value {
            GroupReference::Named(name) => names.declared.get(name.as_str()).copied(),
            GroupReference::System(_) => None,
        },
        Parent::Unstated => None,
    };
    let mut harmless: HashSet<&GroupReference> = HashSet::new();
    for group in manifest.user_groups.iter().flatten() {
        let mut path: Vec<&UserGroup> = Vec::new();
        let mut on_path = HashSet::new();
        let mut next = Some(group);
        while let Some(group) = next.filter(|group| !harmless.contains(&group.name.value)) {
            if !on_path.insert(&group.name.value) {
                report_cycle(&path, group, faults);
                break;
            }
            path.push(group);
            next = parent_of(group);
        }
        harmless.extend(on_path);
    }
}

fn report_cycle(path: &[&UserGroup], entry: &UserGroup, faults: &mut Faults) {
    let start = path.iter().position(|group| group.name == entry.name).unwrap_or(0);
    let cycle = &path[start..];
    let Some((stated, group)) = cycle.iter().find_map(|group| match &group.parent {
        Parent::Stated(parent) => Some((parent, group)),
        Parent::Unstated | Parent::Nested(_) => None,
    }) else {
        return;
    };
    let message = if let [_] = cycle {
        format!("{} cannot be its own parent", describe(&group.name.value))
    } else {
        let steps: Vec<String> = cycle.iter().map(|group| describe(&group.name.value)).collect();
        format!("these groups stand under one another in a circle: {}", steps.join(" under "))
    };
    let mut fault = Diagnostic::error("cyclic-parent", stated.location, message);
    for other in cycle.iter().filter(|other| other.name != group.name) {
        fault = fault.with_related(other.name.location, "in the circle");
    }
    faults.push(fault.with_help("remove the `parent` of one of them"));
}

fn check_mappings(manifest: &Manifest, faults: &mut Faults) {
    let providers = &manifest.identity_providers;
    let known: HashSet<&str> =
        providers.iter().flat_map(|(alias, provider)| [alias.as_str(), provider.value.as_str()]).collect();
    let mut doubted = HashSet::new();
    for group in manifest.user_groups.iter().flatten() {
        let mut seen: HashMap<&str, Seen> = HashMap::new();
        for mapping in group.idp_groups.iter().flatten() {
            let written = mapping.provider.value.as_str();
            let provider = providers.get(written).map_or(written, |provider| provider.value.as_str());
            let name = &mapping.group;
            match seen.entry(provider).or_default().add(name, name.location) {
                Before::Nothing => {}
                Before::Same(first) => faults.push(
                    Diagnostic::error("duplicate-entry", name.location, format!("`{}` is listed twice", **name))
                        .with_related(first, "first here"),
                ),
                Before::Similar(other, first) => faults.push(similar_names(name, name.location, &other, first)),
            }
            if !known.contains(written)
                && doubted.insert(written)
                && let Some(near) = nearest(written, providers.keys().map(String::as_str))
            {
                let message = format!("`{written}` is no alias of `identityProviders`");
                let help = format!("did you mean `{near}`? If a provider has the name or id `{written}`, all is well");
                faults.warning("undeclared-provider", mapping.provider.location, message, &help);
            }
        }
    }
}

fn check_limits(manifest: &Manifest, faults: &mut Faults) {
    let groups: Vec<&UserGroup> = manifest
        .user_groups
        .iter()
        .flatten()
        .filter(|group| group.state == GroupState::Present && matches!(group.name.value, GroupReference::Named(_)))
        .collect();
    if let Some(beyond) = groups.get(MOST_GROUPS) {
        let message = format!("{} user groups are declared", groups.len());
        let help = format!("a portal takes at most {MOST_GROUPS}");
        faults.error("too-many-groups", beyond.name.location, message, &help);
    }
    let published = |asset: &&Asset| matches!(asset.state, AssetState::Present { .. });
    let mut assets = manifest.assets.iter().flatten().filter(published);
    if let Some(beyond) = assets.nth(MOST_ASSETS) {
        let message = format!("{} assets are declared", MOST_ASSETS + 1 + assets.count());
        let help = format!("a portal takes at most {MOST_ASSETS}, and older ones 350");
        faults.warning("too-many-assets", beyond.location, message, &help);
    }
}
