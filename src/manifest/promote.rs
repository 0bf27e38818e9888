//! What a Portal would declare if another one were promoted to it: two manifests in, one out.
//!
//! Objects go by name. What both declare is taken from the one that is promoted; what only one declares stays as that
//! one has it. Where the portal is, what its providers are called, what may be done to it, and which audiences it keeps
//! to itself are no matter of a promotion.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::Faults;
use super::model::{
    Asset, AssetState, Audience, AudienceItem, GroupReference, Manifest, Member, Parent, ProspectDecision,
    ProspectMatch, ProspectRule, UserGroup, VersionAudience, Versions,
};
use super::version::normalize;
use super::{check, merge};
use crate::address::Kind;
use crate::diagnostic::{Diagnostic, Located};

/// What comes of a promotion.
#[derive(Debug)]
pub struct Promotion {
    /// What would be declared. With an error among the diagnostics it is not to be used.
    pub manifest: Manifest,
    /// What the two together say that neither says alone.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects the Portal that is promoted to declares alone. They stay as it declares them.
    pub kept: BTreeMap<Kind, usize>,
}

/// Declares in `to` what `from` declares.
pub fn promote(from: &Manifest, to: &Manifest) -> Promotion {
    let promoter = Promoter::new(from, to);
    let mut kept = BTreeMap::new();
    let user_groups = promoter.user_groups(&mut kept).map(merge::parents_first);
    let manifest = Manifest {
        name: to.name.clone(),
        target: to.target.clone(),
        identity_providers: to.identity_providers.clone(),
        audiences: promoter.audiences(),
        user_groups,
        assets: promoter.assets(&mut kept),
        members: promoter.members(&mut kept),
        prospects: promoter.prospects(),
        prune: to.prune.clone(),
        guards: to.guards.clone(),
        delegation: to.delegation.clone(),
        errors: 0,
    };
    let mut faults = Faults::default();
    check::check(&manifest, &mut faults);
    kept.retain(|_, count| *count > 0);
    Promotion { manifest, diagnostics: faults.in_order(), kept }
}

struct Promoter<'m> {
    from: &'m Manifest,
    to: &'m Manifest,
    /// The groups that `to` declares alone: `from` cannot have left them out of a list.
    own: BTreeSet<&'m GroupReference>,
    /// The names that `from` has for groups of former names.
    renamed: BTreeMap<&'m str, &'m str>,
}

impl<'m> Promoter<'m> {
    fn new(from: &'m Manifest, to: &'m Manifest) -> Self {
        let mut renamed = BTreeMap::new();
        for group in from.user_groups.iter().flatten() {
            if let GroupReference::Named(name) = &group.name.value {
                renamed.extend(group.formerly.iter().map(|former| (former.as_str(), name.as_str())));
            }
        }
        let declared: BTreeSet<&GroupReference> = from.user_groups.iter().flatten().map(|group| &*group.name).collect();
        let is_renamed = |group: &GroupReference| match group {
            GroupReference::Named(name) => renamed.contains_key(name.as_str()),
            GroupReference::System(_) => false,
        };
        let own = to
            .user_groups
            .iter()
            .flatten()
            .map(|group| &*group.name)
            .filter(|name| !declared.contains(name) && !is_renamed(name))
            .collect();
        Self { from, to, own, renamed }
    }

    /// A reference of `to` under the name that the group is given.
    fn now(&self, reference: &Located<GroupReference>) -> Located<GroupReference> {
        let name = match &reference.value {
            GroupReference::Named(name) => self.renamed.get(name.as_str()),
            GroupReference::System(_) => None,
        };
        match name {
            Some(name) => Located::new(GroupReference::Named((*name).to_owned()), reference.location),
            None => reference.clone(),
        }
    }

    fn all_now(&self, references: &[Located<GroupReference>]) -> Vec<Located<GroupReference>> {
        references.iter().map(|reference| self.now(reference)).collect()
    }

    /// The list of `from`, with those groups of the other list that only `to` declares.
    fn list(&self, from: &[Located<GroupReference>], to: &[Located<GroupReference>]) -> Vec<Located<GroupReference>> {
        let kept = to.iter().filter(|group| self.own.contains(&group.value) && !from.contains(group));
        from.iter().chain(kept).cloned().collect()
    }

    fn audiences(&self) -> BTreeMap<String, Audience> {
        let mut audiences = self.from.audiences.clone();
        for (name, own) in &self.to.audiences {
            let groups = match audiences.get(name) {
                Some(promoted) if !own.overrides && !promoted.overrides => self.list(&promoted.groups, &own.groups),
                _ => self.all_now(&own.groups),
            };
            audiences.insert(name.clone(), Audience { groups, ..own.clone() });
        }
        audiences
    }

    fn user_groups(&self, kept: &mut BTreeMap<Kind, usize>) -> Option<Vec<UserGroup>> {
        let own = self.to.user_groups.as_ref().map(|groups| {
            let own = groups.iter().filter(|group| self.own.contains(&group.name.value));
            let own: Vec<UserGroup> = own.map(|group| self.user_group(group)).collect();
            kept.insert(Kind::UserGroups, own.len());
            own
        });
        joined(self.from.user_groups.clone(), own)
    }

    fn user_group(&self, group: &UserGroup) -> UserGroup {
        let parent = match &group.parent {
            Parent::Unstated => Parent::Unstated,
            Parent::Stated(parent) => Parent::Stated(self.now(parent)),
            Parent::Nested(parent) => Parent::Nested(self.now(parent)),
        };
        UserGroup { parent, ..group.clone() }
    }

    fn assets(&self, kept: &mut BTreeMap<Kind, usize>) -> Option<Vec<Asset>> {
        let of_to: BTreeMap<String, &Asset> =
            self.to.assets.iter().flatten().map(|asset| (asset.coordinates(), asset)).collect();
        let promoted = self.from.assets.as_ref().map(|assets| {
            let promote = |asset: &Asset| match of_to.get(&asset.coordinates()) {
                Some(own) => Asset { state: self.asset_state(&asset.state, &own.state), ..asset.clone() },
                None => asset.clone(),
            };
            assets.iter().map(promote).collect()
        });
        let declared: BTreeSet<String> = self.from.assets.iter().flatten().map(Asset::coordinates).collect();
        let own = self.to.assets.as_ref().map(|assets| {
            let own = assets.iter().filter(|asset| !declared.contains(&asset.coordinates()));
            let own: Vec<Asset> = own.map(|asset| self.own_asset(asset)).collect();
            kept.insert(Kind::Assets, own.len());
            own
        });
        joined(promoted, own)
    }

    /// An asset that both declare: what `from` says nothing about stays as `to` has it.
    fn asset_state(&self, from: &AssetState, to: &AssetState) -> AssetState {
        let (
            AssetState::Present { instances, versions },
            AssetState::Present { instances: own_instances, versions: own_versions },
        ) = (from, to)
        else {
            return from.clone();
        };
        let versions = match (versions, own_versions) {
            (Some(versions), Some(own)) => Some(self.versions(versions, own)),
            (Some(versions), None) => Some(versions.clone()),
            (None, own) => own.as_ref().map(|own| self.own_versions(own)),
        };
        AssetState::Present { instances: instances.clone().or_else(|| own_instances.clone()), versions }
    }

    fn versions(&self, from: &Versions, to: &Versions) -> Versions {
        let own = |version: &str| {
            let is_same = |other: &str| {
                other == version || normalize(other).is_some_and(|other| Some(other) == normalize(version))
            };
            to.listed.iter().find(|(other, _)| is_same(other)).map(|(_, audience)| audience).or(to.others.as_ref())
        };
        Versions {
            listed: from
                .listed
                .iter()
                .map(|(version, audience)| (version.clone(), self.version(audience, own(version))))
                .collect(),
            others: from.others.as_ref().map(|audience| self.version(audience, to.others.as_ref())),
        }
    }

    fn version(&self, from: &VersionAudience, to: Option<&VersionAudience>) -> VersionAudience {
        let is_own = |item: &AudienceItem| matches!(item, AudienceItem::Group(group) if self.own.contains(group));
        let kept = to.into_iter().flat_map(|to| &to.items).filter(|item| is_own(item) && !from.items.contains(item));
        VersionAudience { location: from.location, items: from.items.iter().chain(kept).cloned().collect() }
    }

    /// An asset of `to` alone, with its groups under the names that they are given.
    fn own_asset(&self, asset: &Asset) -> Asset {
        let state = match &asset.state {
            AssetState::Present { instances, versions } => AssetState::Present {
                instances: instances.clone(),
                versions: versions.as_ref().map(|versions| self.own_versions(versions)),
            },
            state @ (AssetState::Absent | AssetState::Unmanaged) => state.clone(),
        };
        Asset { state, ..asset.clone() }
    }

    fn own_versions(&self, versions: &Versions) -> Versions {
        let now = |audience: &VersionAudience| VersionAudience {
            location: audience.location,
            items: audience
                .items
                .iter()
                .map(|item| match &item.value {
                    AudienceItem::Group(group) => {
                        let Located { value, location } = self.now(&Located::new(group.clone(), item.location));
                        Located::new(AudienceItem::Group(value), location)
                    }
                    AudienceItem::Audience(_) => item.clone(),
                })
                .collect(),
        };
        Versions {
            listed: versions.listed.iter().map(|(version, audience)| (version.clone(), now(audience))).collect(),
            others: versions.others.as_ref().map(now),
        }
    }

    fn members(&self, kept: &mut BTreeMap<Kind, usize>) -> Option<Vec<Member>> {
        let key = |member: &Member| member.user.to_lowercase();
        let of_to: BTreeMap<String, &Member> =
            self.to.members.iter().flatten().map(|member| (key(member), member)).collect();
        let promoted = self.from.members.as_ref().map(|members| {
            members
                .iter()
                .map(|member| of_to.get(&key(member)).map_or_else(|| member.clone(), |own| self.member(member, own)))
                .collect()
        });
        let declared: BTreeSet<String> = self.from.members.iter().flatten().map(key).collect();
        let own = self.to.members.as_ref().map(|members| {
            let own = members.iter().filter(|member| !declared.contains(&key(member)));
            let own: Vec<Member> = own
                .map(|member| Member {
                    user_groups: member.user_groups.as_ref().map(|groups| self.all_now(groups)),
                    ..member.clone()
                })
                .collect();
            kept.insert(Kind::Members, own.len());
            own
        });
        joined(promoted, own)
    }

    /// A member whom both declare: what `from` says nothing about stays as `to` has it.
    fn member(&self, from: &Member, to: &Member) -> Member {
        let user_groups = match (&from.user_groups, &to.user_groups) {
            (Some(groups), Some(own)) => Some(self.list(groups, own)),
            (Some(groups), None) => Some(groups.clone()),
            (None, own) => own.as_ref().map(|own| self.all_now(own)),
        };
        Member { user_groups, enabled: from.enabled.clone().or_else(|| to.enabled.clone()), ..from.clone() }
    }

    /// The first rule that matches wins, so those that are promoted come first.
    fn prospects(&self) -> Option<Vec<ProspectRule>> {
        let key = |rule: &ProspectRule| match &rule.matches {
            ProspectMatch::Email(email) => (false, email.to_lowercase()),
            ProspectMatch::EmailDomain(domain) => (true, domain.to_lowercase()),
        };
        let declared: BTreeSet<(bool, String)> = self.from.prospects.iter().flatten().map(key).collect();
        let own = self.to.prospects.as_ref().map(|rules| {
            let own = rules.iter().filter(|rule| !declared.contains(&key(rule)));
            own.map(|rule| {
                let decision = match &rule.decision {
                    ProspectDecision::Approve { user_groups } => {
                        ProspectDecision::Approve { user_groups: self.all_now(user_groups) }
                    }
                    ProspectDecision::Reject => ProspectDecision::Reject,
                };
                ProspectRule { decision, ..rule.clone() }
            })
            .collect()
        });
        joined(self.from.prospects.clone(), own)
    }
}

/// Both sections as one; a section that neither has stays absent.
fn joined<T>(promoted: Option<Vec<T>>, own: Option<Vec<T>>) -> Option<Vec<T>> {
    match (promoted, own) {
        (None, None) => None,
        (promoted, own) => Some(promoted.into_iter().chain(own).flatten().collect()),
    }
}
