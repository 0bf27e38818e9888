//! Folds a Portal and the fragments that it includes into one manifest.
//!
//! Everything adds up, with one exception: an audience of a fragment gives way to the Portal's audience of the same
//! name, and what other fragments join to it does too. `beta: []` in a Portal means nobody, whoever joins elsewhere.

use std::collections::{BTreeMap, HashMap};

use super::check;
use super::faults::{Before, Faults, Seen, similar_names};
use super::lower::{Join, Parts, PortalParts};
use super::model::{Asset, Audience, GroupReference, Manifest, Parent, UserGroup};
use super::reference::describe;
use crate::diagnostic::{Diagnostic, Located, Location};

/// Merges and checks. `faults.incomplete` on entry: some declarations could not be read.
pub(super) fn merge(portal: PortalParts, fragments: &[&Parts], faults: &mut Faults) -> Manifest {
    let PortalParts {
        name,
        target,
        include: _,
        identity_providers,
        parts,
        members,
        prospects,
        prune,
        guards,
        delegation,
    } = portal;
    let all: Vec<&Parts> = std::iter::once(&parts).chain(fragments.iter().copied()).collect();
    let manifest = Manifest {
        name,
        target,
        identity_providers: identity_providers.into_iter().map(|(alias, provider)| (alias.value, provider)).collect(),
        audiences: audiences(&parts, fragments, faults),
        user_groups: user_groups(&parts, fragments, delegation.is_some(), faults),
        assets: assets(&all, faults),
        members,
        prospects,
        prune,
        guards,
        delegation,
        errors: 0,
    };
    check::check(&manifest, faults);
    manifest
}

/// An audience while it is being put together.
struct Gathered {
    audience: Audience,
    places: HashMap<GroupReference, Location>,
}

impl Gathered {
    fn new(location: Location, groups: &[Located<GroupReference>], overrides: bool) -> Self {
        let places = groups.iter().map(|group| (group.value.clone(), group.location)).collect();
        Self { audience: Audience { location, overrides, groups: groups.to_vec() }, places }
    }
}

fn audiences(portal: &Parts, fragments: &[&Parts], faults: &mut Faults) -> BTreeMap<String, Audience> {
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    for (name, groups) in fragments.iter().flat_map(|parts| &parts.audiences) {
        if let Some(first) = gathered.get(&name.value) {
            let message = format!("the audience `{}` is declared twice", **name);
            faults.push(
                Diagnostic::error("duplicate-audience", name.location, message)
                    .with_related(first.audience.location, "first here")
                    .with_help("declare it once; groups elsewhere add themselves by `joins`"),
            );
            continue;
        }
        gathered.insert(name.value.clone(), Gathered::new(name.location, groups, false));
    }
    for (name, groups) in &portal.audiences {
        let overrides = gathered.contains_key(&name.value);
        gathered.insert(name.value.clone(), Gathered::new(name.location, groups, overrides));
    }
    for join in &portal.joins {
        join_audience(join, false, &mut gathered, faults);
    }
    for join in fragments.iter().flat_map(|parts| &parts.joins) {
        join_audience(join, true, &mut gathered, faults);
    }
    gathered.into_iter().map(|(name, gathered)| (name, gathered.audience)).collect()
}

fn join_audience(
    Join { group, audience: name }: &Join,
    from_fragment: bool,
    gathered: &mut BTreeMap<String, Gathered>,
    faults: &mut Faults,
) {
    let Some(Gathered { audience, places }) = gathered.get_mut(&name.value) else {
        if !faults.incomplete {
            let message = format!("nobody declares the audience `{}`", **name);
            let known = gathered.keys().map(String::as_str);
            faults.unknown("unknown-audience", name.location, message, name, known);
        }
        return;
    };
    if audience.overrides && from_fragment {
        return;
    }
    if let Some(listed) = places.insert(group.clone(), name.location) {
        let message = format!("{} is in the audience `{}` already", describe(group), **name);
        faults.push(
            Diagnostic::warning("redundant-join", name.location, message)
                .with_related(listed, "listed here")
                .with_help("keep one of the two"),
        );
        return;
    }
    audience.groups.push(Located::new(group.clone(), name.location));
}

fn user_groups(portal: &Parts, fragments: &[&Parts], delegated: bool, faults: &mut Faults) -> Option<Vec<UserGroup>> {
    let sections: Vec<_> = fragments.iter().filter_map(|parts| parts.user_groups.as_ref()).collect();
    if portal.user_groups.is_none() && sections.is_empty() {
        return None;
    }
    let of_fragments = sections.into_iter().flatten().map(|group| UserGroup { delegated, ..group.clone() });
    let groups: Vec<UserGroup> = portal.user_groups.iter().flatten().cloned().chain(of_fragments).collect();
    let named = groups.iter().map(|group| match &group.name.value {
        GroupReference::Named(name) => (name.clone(), group.name.location),
        system @ GroupReference::System(_) => (describe(system), group.name.location),
    });
    refuse_duplicates(named, "user group", "duplicate-group", faults);
    Some(parents_first(groups))
}

fn assets(all: &[&Parts], faults: &mut Faults) -> Option<Vec<Asset>> {
    let sections: Vec<_> = all.iter().filter_map(|parts| parts.assets.as_ref()).collect();
    if sections.is_empty() {
        return None;
    }
    let assets: Vec<Asset> = sections.into_iter().flatten().cloned().collect();
    let named = assets.iter().map(|asset| (asset.coordinates(), asset.location));
    refuse_duplicates(named, "asset", "duplicate-asset", faults);
    Some(assets)
}

/// Two objects of one name are an error. Names that differ in case alone are told of: the hub may take them for one.
fn refuse_duplicates(
    named: impl Iterator<Item = (String, Location)>,
    what: &str,
    code: &'static str,
    faults: &mut Faults,
) {
    let mut seen = Seen::default();
    for (name, location) in named {
        match seen.add(&name, location) {
            Before::Nothing => {}
            Before::Same(first) => faults.push(
                Diagnostic::error(code, location, format!("the {what} `{name}` is declared twice"))
                    .with_related(first, "first here")
                    .with_help("each object is declared in one place; keep one of the entries"),
            ),
            Before::Similar(other, first) => faults.push(similar_names(&name, location, &other, first)),
        }
    }
}

/// Keeps the order of declaration, but for groups whose declared `parent:` comes later: they follow it.
pub(super) fn parents_first(groups: Vec<UserGroup>) -> Vec<UserGroup> {
    let places: HashMap<GroupReference, usize> =
        groups.iter().enumerate().rev().map(|(at, group)| (group.name.value.clone(), at)).collect();
    let mut order = Vec::with_capacity(groups.len());
    let mut done = vec![false; groups.len()];
    let mut chain = Vec::new();
    for at in 0..groups.len() {
        let mut next = Some(at);
        // A cycle ends at the group that is on the chain already; the checks report it.
        while let Some(at) = next.filter(|at| !done[*at]) {
            done[at] = true;
            chain.push(at);
            next = match &groups[at].parent {
                Parent::Stated(parent) | Parent::Nested(parent) => places.get(&parent.value).copied(),
                Parent::Unstated => None,
            };
        }
        order.extend(chain.drain(..).rev());
    }
    let mut groups: Vec<Option<UserGroup>> = groups.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| groups[at].take()).collect()
}
