//! One manifest's wishes in the words of another: groups and identity providers by what they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{GroupName, ProviderName};
use crate::kinds::GroupSet;
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::manifest::model::{GroupReference, Manifest};
use crate::resolve::Resolution;
use crate::state::{DesiredAsset, DesiredDecision, DesiredGroup, DesiredGroupState, DesiredState};

/// Says what an earlier manifest wants in the names that `now` has for it. What has no name there is left out.
pub(super) fn translate(earlier: &Resolution, now: &Resolution, manifest: &Manifest) -> Resolution {
    let words = Words { earlier, now, renamed: renamed(manifest) };
    let DesiredState { user_groups, mappings, assets, members, prospects } = &earlier.desired;
    let desired = DesiredState {
        user_groups: user_groups.iter().filter_map(|group| words.desired_group(group)).collect(),
        mappings: mappings.iter().filter_map(|(group, rows)| words.mappings(group, rows)).collect(),
        assets: assets.iter().map(|(key, asset)| (key.clone(), words.asset(asset))).collect(),
        members: members
            .iter()
            .map(|(id, member)| {
                let mut member = member.clone();
                member.user_groups = member.user_groups.map(|groups| words.groups(&groups));
                (id.clone(), member)
            })
            .collect(),
        prospects: prospects.iter().map(|(id, decision)| (id.clone(), words.decision(decision))).collect(),
    };
    Resolution {
        desired,
        directory: now.directory.clone(),
        providers: now.providers.clone(),
        unmanaged: BTreeMap::new(),
        waiting: Vec::new(),
        notices: Vec::new(),
    }
}

/// Former names of declared groups, with the names that they have now.
fn renamed(manifest: &Manifest) -> BTreeMap<&str, &str> {
    let mut renamed = BTreeMap::new();
    for group in manifest.user_groups.iter().flatten() {
        if let GroupReference::Named(name) = &group.name.value {
            renamed.extend(group.formerly.iter().map(|former| (former.as_str(), name.as_str())));
        }
    }
    renamed
}

struct Words<'a> {
    earlier: &'a Resolution,
    now: &'a Resolution,
    renamed: BTreeMap<&'a str, &'a str>,
}

impl Words<'_> {
    /// A live group goes by its id, one that is yet to be created by its name.
    fn group(&self, name: &GroupName) -> Option<GroupName> {
        let Some(entry) = self.earlier.directory.get(name) else { return Some(name.clone()) };
        if let Some(id) = &entry.id {
            return Some(self.now.directory.name_of(id));
        }
        let known = |name: &str| self.now.directory.get(&name.into()).map(|entry| entry.name.clone());
        known(name.as_str()).or_else(|| known(self.renamed.get(name.as_str())?))
    }

    fn groups(&self, groups: &GroupSet) -> GroupSet {
        groups.iter().filter_map(|name| self.group(name)).collect()
    }

    fn provider(&self, name: &ProviderName) -> ProviderName {
        let Some(id) = self.earlier.providers.get(name) else { return name.clone() };
        let same = self.now.providers.iter().find(|(_, other)| *other == id);
        same.map_or_else(|| id.as_str().into(), |(name, _)| name.clone())
    }

    fn desired_group(&self, group: &DesiredGroup) -> Option<DesiredGroup> {
        let state = match &group.state {
            DesiredGroupState::New { description, parent } => DesiredGroupState::New {
                description: description.clone(),
                parent: parent.as_ref().and_then(|parent| self.group(parent)),
            },
            existing @ (DesiredGroupState::Existing { .. } | DesiredGroupState::Gone { .. }) => existing.clone(),
        };
        Some(DesiredGroup { name: self.group(&group.name)?, state })
    }

    fn mappings(
        &self,
        group: &GroupName,
        rows: &BTreeSet<IdpMappingSpec>,
    ) -> Option<(GroupName, BTreeSet<IdpMappingSpec>)> {
        let group = self.group(group)?;
        let rows = rows
            .iter()
            .map(|row| IdpMappingSpec {
                user_group: group.clone(),
                provider: self.provider(&row.provider),
                group: row.group.clone(),
            })
            .collect();
        Some((group, rows))
    }

    fn asset(&self, asset: &DesiredAsset) -> DesiredAsset {
        let mut asset = asset.clone();
        if let DesiredAsset::Present(visibility) = &mut asset {
            for groups in visibility.spec.versions.values_mut().flatten() {
                *groups = self.groups(groups);
            }
        }
        asset
    }

    fn decision(&self, decision: &DesiredDecision) -> DesiredDecision {
        match decision {
            DesiredDecision::Approve { user_groups, reason } => {
                DesiredDecision::Approve { user_groups: self.groups(user_groups), reason: reason.clone() }
            }
            reject @ DesiredDecision::Reject { .. } => reject.clone(),
        }
    }
}
