//! A portal of the simplest kind: it takes a plan's changes one by one, and refuses what the hub would refuse.

use std::collections::{BTreeMap, BTreeSet};

use super::worlds::VERSIONS;
use crate::id::{AssetKey, GroupId, GroupName};
use crate::kinds::assets::spec::AssetSpec;
use crate::plan::{Change, Edit, Operation, Plan};
use crate::state::{AssetDetail, GroupFlags, LiveAsset, LiveGroup, LiveMapping, LiveMember, LiveState};

/// The portal after the plan.
pub(crate) fn after(live: &LiveState, plan: &Plan) -> LiveState {
    let mut live = live.clone();
    let mut done = BTreeSet::new();
    for change in &plan.changes {
        assert!(change.depends_on.iter().all(|id| done.contains(id)), "{change:?} comes before what it depends on");
        apply(&mut live, change);
        done.insert(change.id.clone());
    }
    live
}

fn apply(live: &mut LiveState, change: &Change) {
    match &change.edit {
        Edit::UserGroup(operation) => user_group(live, change, operation),
        Edit::IdpMapping(operation) => {
            let Some(mapping) = operation.before().or(operation.after()) else { return };
            assert_eq!(mapping.provider.as_str(), "Okta", "the only provider");
            let row = LiveMapping { provider: "idp-okta".into(), group: mapping.group.clone(), is_maintainer: false };
            let rows = live.mappings.entry(id_of(live, &mapping.user_group)).or_default();
            let at = rows.iter().position(|other| *other == row);
            match (operation, at) {
                (Operation::Create { .. }, None) => rows.push(row),
                (Operation::Delete { .. }, Some(at)) => drop(rows.remove(at)),
                _ => panic!("{change:?} does not fit {rows:?}"),
            }
        }
        Edit::Asset(operation) => asset(live, change, operation),
        Edit::Member { before, after } => {
            let groups = after.user_groups.as_ref().map(|names| ids_of(live, names));
            let members = live.members.as_mut().expect("there are members");
            let member = members
                .iter_mut()
                .find(|member| Some(member.id.as_str()) == change.object_id.as_deref())
                .expect("the member is there");
            assert!(groups.as_ref().is_none_or(|groups| groups.len() <= 20));
            if before.user_groups != after.user_groups {
                member.user_groups = groups;
            }
            if before.enabled != after.enabled {
                member.is_active = after.enabled;
            }
        }
        Edit::Approve { after, .. } => {
            let user_groups = Some(ids_of(live, &after.user_groups));
            let prospect = take_prospect(live, change);
            live.members.get_or_insert_default().push(LiveMember {
                id: format!("m-{}", prospect.id).into(),
                username: prospect.username,
                email: prospect.email,
                name: None,
                is_active: Some(true),
                user_groups,
                provider: None,
                declared_as: None,
            });
        }
        Edit::Reject { .. } => drop(take_prospect(live, change)),
    }
}

fn take_prospect(live: &mut LiveState, change: &Change) -> crate::state::LiveProspect {
    let prospects = live.prospects.as_mut().expect("there are sign-ups");
    let at = prospects.iter().position(|prospect| Some(prospect.id.as_str()) == change.object_id.as_deref());
    prospects.remove(at.expect("the sign-up is pending"))
}

fn user_group(
    live: &mut LiveState,
    change: &Change,
    operation: &Operation<crate::kinds::user_groups::spec::UserGroupSpec>,
) {
    let is_free = |live: &LiveState, name: &str, own: Option<&str>| {
        live.user_groups
            .iter()
            .all(|group| Some(group.id.as_str()) == own || group.name.to_lowercase() != name.to_lowercase())
    };
    match operation {
        Operation::Create { after } => {
            let name = after.name.as_str();
            assert!(is_free(live, name, None), "{name} is taken");
            let id = GroupId::from(format!("new-{name}"));
            let parent = after.parent.as_ref().map(|parent| id_of(live, parent));
            let (name, flags) = (name.to_owned(), GroupFlags::default());
            live.user_groups.push(LiveGroup {
                id: id.clone(),
                name,
                description: after.description.clone(),
                parent,
                flags,
            });
            live.mappings.insert(id.clone(), Vec::new());
            live.visible_to.insert(id, BTreeSet::new());
        }
        Operation::Update { before, after } => {
            let own = change.object_id.as_deref();
            assert!(is_free(live, after.name.as_str(), own), "{} is taken", after.name);
            let group = live.user_groups.iter_mut().find(|group| Some(group.id.as_str()) == own);
            let group = group.expect("the group is there");
            assert_eq!(group.name, before.name.as_str());
            group.name = after.name.to_string();
            group.description.clone_from(&after.description);
        }
        Operation::Delete { .. } => {
            let id = GroupId::from(change.object_id.as_deref().expect("it exists"));
            let group = live.user_groups.iter().find(|group| group.id == id).expect("the group is there");
            assert!(!group.flags.is_built_in());
            assert!(live.user_groups.iter().all(|group| group.parent.as_ref() != Some(&id)), "{id} has children");
            assert!(live.mappings[&id].is_empty(), "{id} has mappings");
            assert!(
                live.members.iter().flatten().all(|member| !member.user_groups.iter().flatten().any(|of| *of == id))
            );
            let audiences = live.assets.iter().flatten().filter_map(|(_, asset)| asset.detail.as_ref());
            let mut groups = audiences.flat_map(|detail| detail.versions.values().flatten().flatten());
            assert!(groups.all(|of| *of != id), "{id} is in an audience");
            live.user_groups.retain(|group| group.id != id);
            live.mappings.remove(&id);
            live.visible_to.remove(&id);
        }
    }
}

fn asset(live: &mut LiveState, change: &Change, operation: &Operation<AssetSpec>) {
    let key = super::asset_key(&change.address.name());
    let ids = |live: &LiveState, spec: &AssetSpec| -> BTreeMap<String, BTreeSet<GroupId>> {
        let told = spec.versions.iter().filter_map(|(version, names)| Some((version, names.as_ref()?)));
        told.map(|(version, names)| (version.clone(), ids_of(live, names))).collect()
    };
    match operation {
        Operation::Create { after } => {
            let mut audiences = ids(live, after);
            let others = audiences.remove("*").expect("a new asset says who sees its other versions");
            let mut versions: BTreeMap<String, Option<BTreeSet<GroupId>>> =
                VERSIONS.into_iter().map(|version| (version.to_owned(), Some(others.clone()))).collect();
            versions.extend(audiences.into_iter().map(|(version, groups)| (version, Some(groups))));
            let detail = Some(AssetDetail { instances: after.instances, versions });
            let asset = LiveAsset { name: String::new(), asset_type: String::new(), detail };
            assert!(live.assets.get_or_insert_default().insert(key, asset).is_none(), "it was not there");
        }
        Operation::Update { before, after } => {
            let audiences = ids(live, after);
            let asset = live.assets.as_mut().and_then(|assets| assets.get_mut(&key)).expect("it is there");
            let detail = asset.detail.as_mut().expect("it was read");
            if before.instances != after.instances {
                detail.instances = after.instances;
            }
            for (version, groups) in audiences {
                if before.versions.get(&version) != after.versions.get(&version) {
                    detail.versions.insert(version, Some(groups));
                }
            }
        }
        Operation::Delete { .. } => {
            live.assets.as_mut().and_then(|assets| assets.remove(&key)).expect("it is there");
        }
    }
    // Who sees a version of which the hub does not tell is known from the search alone.
    let is_hazy = |asset: &LiveAsset| asset.detail.iter().any(|detail| detail.versions.values().any(Option::is_none));
    let hazy: BTreeSet<AssetKey> =
        live.assets.iter().flatten().filter(|(_, asset)| is_hazy(asset)).map(|(key, _)| key.clone()).collect();
    for keys in live.visible_to.values_mut() {
        keys.retain(|key| hazy.contains(key));
    }
    for (key, asset) in live.assets.iter().flatten() {
        for group in asset.detail.iter().flat_map(|detail| detail.versions.values().flatten().flatten()) {
            live.visible_to.entry(group.clone()).or_default().insert(key.clone());
        }
    }
}

fn ids_of(live: &LiveState, names: &BTreeSet<GroupName>) -> BTreeSet<GroupId> {
    names.iter().map(|name| id_of(live, name)).collect()
}

fn id_of(live: &LiveState, name: &GroupName) -> GroupId {
    let group = live.user_groups.iter().find(|group| match name.as_str() {
        "system:administrators" => group.flags.is_admin,
        "system:guests" => group.flags.is_public,
        "system:members" => group.flags.is_default,
        name => group.name == name,
    });
    group.unwrap_or_else(|| panic!("there is no group {name}")).id.clone()
}
