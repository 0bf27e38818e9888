//! From the syntax of one document to the parts of a model, with the checks that need no other document.

mod assets;
mod delegate;
mod groups;
mod guards;
mod people;

use super::decode::{Entries, Name};
use super::delegate::Delegation;
use super::faults::Faults;
use super::model::{Asset, GroupReference, Guards, Member, ProspectRule, Prune, Target, UserGroup};
use super::reference;
use super::syntax;
use crate::diagnostic::{Located, Location};

/// What a Portal or a fragment declares of groups, audiences and assets.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) audiences: Vec<(Located<String>, Vec<Located<GroupReference>>)>,
    pub(super) user_groups: Option<Vec<UserGroup>>,
    pub(super) joins: Vec<Join>,
    pub(super) assets: Option<Vec<Asset>>,
}

/// A group that adds itself to an audience.
#[derive(Debug, Clone)]
pub(super) struct Join {
    pub(super) group: GroupReference,
    pub(super) audience: Located<String>,
}

/// What a Portal declares, its fragments aside.
#[derive(Debug, Clone)]
pub(super) struct PortalParts {
    pub(super) name: Located<String>,
    pub(super) target: Target,
    pub(super) include: Vec<Located<String>>,
    pub(super) identity_providers: Vec<(Located<String>, Located<String>)>,
    pub(super) parts: Parts,
    pub(super) members: Option<Vec<Member>>,
    pub(super) prospects: Option<Vec<ProspectRule>>,
    pub(super) prune: Prune,
    pub(super) guards: Guards,
    pub(super) delegation: Option<Delegation>,
}

pub(super) fn fragment(fragment: syntax::PortalFragment, faults: &mut Faults) -> Parts {
    let syntax::PortalFragment { api_version: _, kind: _, metadata: _, spec } = fragment;
    let syntax::FragmentSpec { audiences, defaults, user_groups, assets } = spec;
    parts(audiences, defaults, user_groups, assets, faults)
}

pub(super) fn portal(portal: syntax::Portal, faults: &mut Faults) -> PortalParts {
    let syntax::Portal { api_version: _, kind: _, metadata: syntax::Metadata { name }, spec } = portal;
    let syntax::PortalSpec {
        target,
        include,
        identity_providers,
        audiences,
        defaults,
        user_groups,
        assets,
        members,
        prospects,
        prune,
        guards,
        delegate,
    } = spec;
    refuse_controls(&name, faults);
    let name = text(name);
    PortalParts {
        target: target.map(lower_target).unwrap_or_default(),
        include: texts(include.unwrap_or_default()),
        identity_providers: identity_providers.map_or_else(Vec::new, |providers| {
            providers.0.into_iter().map(|(alias, provider)| (alias, text(provider))).collect()
        }),
        parts: parts(audiences, defaults, user_groups, assets, faults),
        members: members.map(|members| people::members(members, faults)),
        prospects: prospects.map(|rules| people::prospects(rules, faults)),
        prune: prune.map(|prune| lower_prune(prune, faults)).unwrap_or_default(),
        guards: guards.map(|guards| guards::guards(guards, &name.value, faults)).unwrap_or_default(),
        delegation: delegate.map(|rules| delegate::delegation(rules, faults)),
        name,
    }
}

fn parts(
    audiences: Option<Entries<syntax::Names>>,
    defaults: Option<syntax::Defaults>,
    user_groups: Option<Vec<Located<syntax::UserGroup>>>,
    assets: Option<Vec<Located<syntax::Asset>>>,
    faults: &mut Faults,
) -> Parts {
    let mut parts = Parts::default();
    for (name, groups) in audiences.map(|audiences| audiences.0).unwrap_or_default() {
        if name.value.trim().is_empty() {
            faults.error("empty-text", name.location, "the name of the audience is empty", "a name is expected here");
        }
        parts.audiences.push((name, reference::groups(&groups.value, faults)));
    }
    if let Some(entries) = user_groups {
        let mut groups = groups::Groups::new(faults);
        groups.add_top_level(entries);
        parts.user_groups = Some(groups.declared);
        parts.joins = groups.joins;
    }
    let defaults = assets::defaults(defaults.and_then(|defaults| defaults.assets), faults);
    parts.assets =
        assets.map(|entries| entries.into_iter().map(|entry| assets::asset(entry.value, &defaults, faults)).collect());
    parts
}

fn lower_target(target: syntax::Target) -> Target {
    let syntax::Target { region, organization, connection, environment, portal } = target;
    Target {
        region: region.map(|region| Located::new(region.value.0.to_owned(), region.location)),
        organization: organization.map(text),
        connection: connection.map(text),
        environment: environment.map(|environment| Located::new(environment.value.0.to_owned(), environment.location)),
        portal: portal.map(text),
    }
}

fn lower_prune(prune: syntax::Prune, faults: &mut Faults) -> Prune {
    let syntax::Prune { user_groups, assets } = prune;
    let mut patterns = |patterns: Option<Vec<Located<Name>>>| {
        let patterns = texts(patterns.unwrap_or_default());
        for pattern in &patterns {
            if let Err(error) = glob::Pattern::new(&pattern.value) {
                let message = format!("`{}` is not a pattern: {}", pattern.value, error.msg);
                faults.error("bad-pattern", pattern.location, message, "patterns know `*`, `?` and `[…]`");
            }
        }
        patterns
    };
    Prune { user_groups: patterns(user_groups), assets: patterns(assets), within: Vec::new() }
}

fn text(name: Located<Name>) -> Located<String> {
    Located::new(name.value.0, name.location)
}

fn texts(names: Vec<Located<Name>>) -> Vec<Located<String>> {
    names.into_iter().map(text).collect()
}

/// Control characters in a name are an accident or an attack; no portal shows them.
fn refuse_controls(name: &Located<Name>, faults: &mut Faults) {
    if let Some(control) = name.value.0.chars().find(|character| character.is_control()) {
        let message = format!("the name holds the control character U+{:04X}", u32::from(control));
        faults.error("bad-name", name.location, message, "leave it out");
    }
}

/// Reports a key that may not stand beside another one.
fn refuse(present: Option<Location>, key: &str, owner: &str, faults: &mut Faults) {
    if let Some(location) = present {
        let message = format!("`{key}` may not stand here: {owner}");
        faults.error("misplaced-field", location, message, &format!("leave `{key}` out"));
    }
}
