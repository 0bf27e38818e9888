//! The two states: what was read, and what the changes of a plan make of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind};
use crate::directory::Directory;
use crate::id::{GroupName, ProviderId, ProviderName};
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::members::spec::MemberSpec;
use crate::plan::access::{
    Access, Both, Effect, Gaps, IdpGroup, IdpGroupName, Person, SeenAsset, SeenVersion, Standing,
};
use crate::plan::{Change, Edit, Operation, PlanTarget};
use crate::state::LiveState;

/// Takes together what was read and what the changes do; without changes, both states are the one that was read.
pub fn states(portal: &str, live: &LiveState, target: &PlanTarget, changes: &[Change]) -> Access {
    let reader = States { portal, live, target, changes, gone: gone(changes) };
    let mut gaps = Gaps { assets: live.assets.as_ref().map(|_| 0), ..Gaps::default() };
    let assets = reader.assets(&mut gaps);
    let people = reader.people(&mut gaps);
    let idp_groups = reader.idp_groups(&mut gaps);
    Access { assets, people, idp_groups, gaps, effect: Effect::default() }
}

/// The portal as it was read, and the names that its objects go by.
pub fn of_live(live: &LiveState) -> (Access, PlanTarget) {
    let providers = live.identity_providers.iter().flatten();
    let target = PlanTarget {
        portal: live.portal.clone(),
        user_groups: Directory::of_live(&live.user_groups, &BTreeMap::new()),
        identity_providers: providers.map(|(id, name)| (name.as_str().into(), id.clone())).collect(),
        business_groups: live.business_groups.clone().unwrap_or_default(),
        pseudonyms: live.pseudonyms.is_some(),
    };
    (states(&live.portal.name, live, &target, &[]), target)
}

/// The groups that the plan deletes.
fn gone(changes: &[Change]) -> GroupSet {
    let deleted = |change: &Change| match &change.edit {
        Edit::UserGroup(Operation::Delete { .. }) => Some(GroupName::from(change.address.name())),
        _ => None,
    };
    changes.iter().filter_map(deleted).collect()
}

struct States<'a> {
    portal: &'a str,
    live: &'a LiveState,
    target: &'a PlanTarget,
    changes: &'a [Change],
    gone: GroupSet,
}

impl States<'_> {
    /// What is left of a set once the groups are deleted that go.
    fn left(&self, groups: &GroupSet) -> GroupSet {
        groups.difference(&self.gone).cloned().collect()
    }

    fn assets(&self, gaps: &mut Gaps) -> Vec<SeenAsset> {
        // An asset may change in two steps: the first has what is before, the last what is after.
        let mut edits: BTreeMap<&Address, (Option<&AssetSpec>, Option<&AssetSpec>)> = BTreeMap::new();
        for change in self.changes {
            let Edit::Asset(operation) = &change.edit else { continue };
            let (_, after) = edits.entry(&change.address).or_insert((operation.before(), None));
            *after = operation.after();
        }
        let mut assets = Vec::new();
        let listed = self.live.assets.iter().flatten();
        for (key, asset) in listed {
            let address = Address::new(self.portal, Kind::Assets, [&key.group_id, &key.asset_id]);
            let edit = edits.remove(&address);
            let Some(detail) = &asset.detail else {
                gaps.assets = gaps.assets.map(|count| count + 1);
                continue;
            };
            let before = AssetSpec::of_live(detail, &self.target.user_groups);
            assets.push(match edit {
                None if self.gone.is_empty() => unchanged(address, before, gaps),
                None => self.asset(address, Some(&before), Some(&before), gaps),
                Some((_, after)) => self.asset(address, Some(&before), after, gaps),
            });
        }
        for (address, (before, after)) in edits {
            assets.push(self.asset(address.clone(), before, after, gaps));
        }
        assets.sort_by(|a, b| a.address.cmp(&b.address));
        assets
    }

    /// An asset before and after; `None` is not published.
    fn asset(
        &self,
        address: Address,
        before: Option<&AssetSpec>,
        after: Option<&AssetSpec>,
        gaps: &mut Gaps,
    ) -> SeenAsset {
        let versions: BTreeSet<&String> =
            [before, after].into_iter().flatten().flat_map(|spec| spec.versions.keys()).collect();
        let audience = |spec: Option<&AssetSpec>, version: &str| match spec.and_then(|spec| spec.versions.get(version))
        {
            None => Some(GroupSet::new()),
            Some(groups) => groups.clone(),
        };
        let versions: Vec<SeenVersion> = versions
            .into_iter()
            .map(|version| {
                let after = audience(after, version).map(|groups| self.left(&groups));
                SeenVersion { version: version.clone(), audience: Both::new(audience(before, version), after) }
            })
            .collect();
        gaps.versions += versions.iter().filter(|version| !is_told(version)).count();
        SeenAsset { address, is_published: Both::new(before.is_some(), after.is_some()), versions }
    }

    fn people(&self, gaps: &mut Gaps) -> Option<Vec<Person>> {
        let mut after: BTreeMap<&Address, Standing> = BTreeMap::new();
        let mut approved = Vec::new();
        for change in self.changes {
            match &change.edit {
                Edit::Member { after: spec, .. } => {
                    after.insert(&change.address, self.standing(spec));
                }
                Edit::Approve { after, .. } => approved.push(Person {
                    address: change.address.clone(),
                    standing: Both::new(
                        Standing { user_groups: Some(GroupSet::new()), is_active: false },
                        Standing { user_groups: Some(self.left(&after.user_groups)), is_active: true },
                    ),
                }),
                _ => {}
            }
        }
        let names = self.live.member_names();
        let mut people: Vec<Person> = self
            .live
            .members
            .as_ref()?
            .iter()
            .map(|member| {
                let address = Address::new(self.portal, Kind::Members, [&names[&member.id]]);
                let spec = MemberSpec::of_live(member, &self.target.user_groups);
                let is_active = spec.enabled != Some(false);
                let before = Standing { user_groups: spec.user_groups.clone(), is_active };
                let after = after.remove(&address).unwrap_or_else(|| self.standing(&spec));
                Person { address, standing: Both::new(before, after) }
            })
            .collect();
        people.extend(approved);
        people.sort_by(|a, b| a.address.cmp(&b.address));
        let is_told = |person: &&Person| person.standing.before.user_groups.is_some();
        gaps.members = people.len() - people.iter().filter(is_told).count();
        Some(people)
    }

    fn standing(&self, spec: &MemberSpec) -> Standing {
        Standing {
            user_groups: spec.user_groups.as_ref().map(|groups| self.left(groups)),
            is_active: spec.enabled != Some(false),
        }
    }

    fn idp_groups(&self, gaps: &mut Gaps) -> Vec<IdpGroup> {
        let mut before: BTreeMap<IdpGroupName, GroupSet> = BTreeMap::new();
        // The manifest's own names go first.
        let theirs = self.live.identity_providers.iter().flatten().map(|(id, name)| (id, name.as_str().into()));
        let ours = self.target.identity_providers.iter().map(|(name, id)| (id, name.clone()));
        let names: BTreeMap<&ProviderId, ProviderName> = theirs.chain(ours).collect();
        for group in &self.live.user_groups {
            let Some(rows) = self.live.mappings.get(&group.id) else {
                gaps.mappings += 1;
                continue;
            };
            for row in rows {
                let provider = names.get(&row.provider).cloned().unwrap_or_else(|| row.provider.as_str().into());
                let name = IdpGroupName { provider, group: row.group.clone() };
                before.entry(name).or_default().insert(self.target.user_groups.name_of(&group.id));
            }
        }
        let mut after = before.clone();
        for change in self.changes {
            let Edit::IdpMapping(operation) = &change.edit else { continue };
            let Some(mapping) = operation.after().or(operation.before()) else { continue };
            let name = IdpGroupName { provider: mapping.provider.clone(), group: mapping.group.clone() };
            before.entry(name.clone()).or_default();
            let groups = after.entry(name).or_default();
            match operation {
                Operation::Delete { .. } => groups.remove(&mapping.user_group),
                _ => groups.insert(mapping.user_group.clone()),
            };
        }
        before
            .into_iter()
            .map(|(name, before)| {
                let after = self.left(&after[&name]);
                IdpGroup { name, user_groups: Both::new(before, after) }
            })
            .collect()
    }
}

/// A published asset that stays as it is: most are.
fn unchanged(address: Address, spec: AssetSpec, gaps: &mut Gaps) -> SeenAsset {
    let version = |(version, audience)| SeenVersion { version, audience: Both::same(audience) };
    let versions: Vec<SeenVersion> = spec.versions.into_iter().map(version).collect();
    gaps.versions += versions.iter().filter(|version| !is_told(version)).count();
    SeenAsset { address, is_published: Both::same(true), versions }
}

/// The hub tells who sees the version, in both states.
pub(super) fn is_told(version: &SeenVersion) -> bool {
    version.audience.before.is_some() && version.audience.after != Some(None)
}
