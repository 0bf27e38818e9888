//! Desired and live state → what must change, in no order yet. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind};
use crate::id::{GroupId, GroupName, ProviderId, ProviderName};
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::kinds::members::spec::MemberSpec;
use crate::kinds::prospects::spec::{ApprovalSpec, ProspectSpec};
use crate::kinds::user_groups::spec::UserGroupSpec;
use crate::plan::{Edit, Operation};
use crate::resolve::Resolution;
use crate::state::{
    AudienceCause, DesiredAsset, DesiredDecision, DesiredGroupState, DesiredVisibility, LiveGroup, LiveState,
};

/// A change that has no place in the order yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub address: Address,
    pub object_id: Option<String>,
    pub edit: Edit,
    /// Who signs the member in, and so may add groups to those that the hub knows: mappings of this provider.
    pub provider: Option<ProviderName>,
    /// Where the values of fields come from, by path.
    pub causes: BTreeMap<String, AudienceCause>,
    pub reason: Option<String>,
}

/// Compares what is wanted with what is there.
pub fn diff(portal: &str, resolution: &Resolution, live: &LiveState) -> Vec<Difference> {
    let comparison = Comparison { portal, resolution, live };
    let mut differences = Vec::new();
    differences.extend(comparison.user_groups());
    differences.extend(comparison.mappings());
    differences.extend(comparison.assets());
    differences.extend(comparison.members());
    differences.extend(comparison.prospects());
    differences
}

struct Comparison<'a> {
    portal: &'a str,
    resolution: &'a Resolution,
    live: &'a LiveState,
}

impl Comparison<'_> {
    fn address<S: ToString>(&self, kind: Kind, segments: impl IntoIterator<Item = S>) -> Address {
        Address::new(self.portal, kind, segments)
    }

    fn user_groups(&self) -> Vec<Difference> {
        let by_id: BTreeMap<&GroupId, &LiveGroup> =
            self.live.user_groups.iter().map(|group| (&group.id, group)).collect();
        let mut differences = Vec::new();
        for group in &self.resolution.desired.user_groups {
            let (object_id, edit, reason) = match &group.state {
                DesiredGroupState::New { description, parent } => {
                    let after = UserGroupSpec {
                        name: group.name.clone(),
                        description: description.clone(),
                        parent: parent.clone(),
                    };
                    (None, Edit::UserGroup(Operation::Create { after }), None)
                }
                DesiredGroupState::Existing { id, new_name, description } => {
                    let before = self.live_group(by_id[id]);
                    let after = UserGroupSpec {
                        name: new_name.clone().unwrap_or_else(|| before.name.clone()),
                        // An empty description and none at all are one and the same.
                        description: match description.as_deref() {
                            None => before.description.clone(),
                            Some("") => None,
                            Some(text) => Some(text.to_owned()),
                        },
                        parent: before.parent.clone(),
                    };
                    if before == after {
                        continue;
                    }
                    let reason = (before.name != after.name).then(|| format!("formerly {}", before.name));
                    (Some(id), Edit::UserGroup(Operation::Update { before, after }), reason)
                }
                DesiredGroupState::Gone { id, reason } => {
                    let before = self.live_group(by_id[id]);
                    (Some(id), Edit::UserGroup(Operation::Delete { before }), Some(reason.clone()))
                }
            };
            differences.push(Difference {
                address: self.address(Kind::UserGroups, [&group.name]),
                object_id: object_id.map(ToString::to_string),
                edit,
                provider: None,
                causes: BTreeMap::new(),
                reason,
            });
        }
        differences
    }

    fn live_group(&self, group: &LiveGroup) -> UserGroupSpec {
        UserGroupSpec::of_live(group, &self.resolution.directory)
    }

    fn mappings(&self) -> Vec<Difference> {
        let providers = self.providers();
        let mut differences = Vec::new();
        for (group, wanted) in &self.resolution.desired.mappings {
            let rows = self.resolution.directory.id_of(group).and_then(|id| self.live.mappings.get(id));
            let live: BTreeSet<IdpMappingSpec> = rows
                .into_iter()
                .flatten()
                .filter(|row| !row.is_maintainer)
                .map(|row| IdpMappingSpec {
                    user_group: group.clone(),
                    provider: provider_name(&providers, &row.provider),
                    group: row.group.clone(),
                })
                .collect();
            let gone = live.difference(wanted).map(|before| (before, Operation::Delete { before: before.clone() }));
            let new = wanted.difference(&live).map(|after| (after, Operation::Create { after: after.clone() }));
            for (mapping, operation) in gone.chain(new) {
                differences.push(Difference {
                    address: self.address(
                        Kind::IdpMappings,
                        [mapping.user_group.as_str(), mapping.provider.as_str(), &mapping.group],
                    ),
                    object_id: None,
                    edit: Edit::IdpMapping(operation),
                    provider: None,
                    causes: BTreeMap::new(),
                    reason: self.goes(group),
                });
            }
        }
        differences
    }

    fn providers(&self) -> BTreeMap<&ProviderId, &ProviderName> {
        self.resolution.providers.iter().map(|(name, id)| (id, name)).collect()
    }

    fn goes(&self, group: &GroupName) -> Option<String> {
        let id = self.resolution.directory.id_of(group)?;
        self.resolution
            .desired
            .user_groups
            .iter()
            .any(|desired| matches!(&desired.state, DesiredGroupState::Gone { id: gone, .. } if gone == id))
            .then(|| format!("user group `{group}` goes"))
    }

    fn assets(&self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (key, desired) in &self.resolution.desired.assets {
            let live = self.live.assets.as_ref().and_then(|assets| assets.get(key)).map(|asset| {
                asset.detail.as_ref().map(|detail| AssetSpec::of_live(detail, &self.resolution.directory))
            });
            let (operation, causes, reason) = match (desired, live) {
                (DesiredAsset::Gone { reason }, Some(before)) => {
                    let before = before.unwrap_or_default();
                    (Operation::Delete { before }, BTreeMap::new(), Some(reason.clone()))
                }
                (DesiredAsset::Gone { .. }, None) => continue,
                (DesiredAsset::Present(DesiredVisibility { spec, causes, reason }), None) => {
                    (Operation::Create { after: spec.clone() }, causes.clone(), reason.clone())
                }
                (DesiredAsset::Present(DesiredVisibility { spec, causes, reason }), Some(before)) => {
                    let before = before.unwrap_or_default();
                    if before == *spec {
                        continue;
                    }
                    (Operation::Update { before, after: spec.clone() }, causes.clone(), reason.clone())
                }
            };
            differences.push(Difference {
                address: self.address(Kind::Assets, [&key.group_id, &key.asset_id]),
                object_id: None,
                edit: Edit::Asset(operation),
                provider: None,
                causes: causes.into_iter().map(|(version, cause)| (format!("versions.{version}"), cause)).collect(),
                reason,
            });
        }
        differences
    }

    fn members(&self) -> Vec<Difference> {
        let names = self.live.member_names();
        let providers = self.providers();
        let mut differences = Vec::new();
        for member in self.live.members.iter().flatten() {
            let Some(desired) = self.resolution.desired.members.get(&member.id) else { continue };
            let before = MemberSpec::of_live(member, &self.resolution.directory);
            let after = MemberSpec {
                user_groups: desired.user_groups.clone().or_else(|| before.user_groups.clone()),
                enabled: desired.enabled.or(before.enabled),
            };
            if before != after {
                differences.push(Difference {
                    address: self.address(Kind::Members, [&names[&member.id]]),
                    object_id: Some(member.id.to_string()),
                    edit: Edit::Member { before, after },
                    provider: member.provider.as_ref().map(|id| provider_name(&providers, id)),
                    causes: BTreeMap::new(),
                    reason: desired.reason.clone(),
                });
            }
        }
        differences
    }

    fn prospects(&self) -> Vec<Difference> {
        let names = self.live.prospect_names();
        let mut differences = Vec::new();
        for prospect in self.live.prospects.iter().flatten() {
            let Some(decision) = self.resolution.desired.prospects.get(&prospect.id) else { continue };
            let before = ProspectSpec::of_live(prospect);
            let (edit, reason) = match decision {
                DesiredDecision::Approve { user_groups, reason } => {
                    let user_groups: GroupSet = user_groups.clone();
                    (Edit::Approve { before, after: ApprovalSpec { user_groups } }, reason)
                }
                DesiredDecision::Reject { reason } => (Edit::Reject { before }, reason),
            };
            differences.push(Difference {
                address: self.address(Kind::Prospects, [&names[&prospect.id]]),
                object_id: Some(prospect.id.to_string()),
                edit,
                provider: None,
                causes: BTreeMap::new(),
                reason: Some(reason.clone()),
            });
        }
        differences
    }
}

/// The one name of a provider; an id that the organization does not list is shown as it is.
fn provider_name(providers: &BTreeMap<&ProviderId, &ProviderName>, id: &ProviderId) -> ProviderName {
    providers.get(id).map_or_else(|| id.as_str().into(), |name| (*name).clone())
}
