//! The portal's assets: publishing, removing, and who sees which version.

use std::collections::{BTreeSet, HashMap};

use super::super::failure::{Failure, Outcome};
use super::super::operation::{Call, Json, NoParameters, Nothing};
use super::super::store::assets::{self, Asset, Audience};
use super::super::store::exchange::{self, Entry, Filter, Search};
use super::super::store::user_groups::{self, Group, Groups};
use super::super::switches::{
    AdminAudience, AssetPatch, InstancesOmitted, LaterVersion, PublishAudience, PublishBatch, Republish,
    UnknownVersion, VersionPattern,
};
use super::super::wire::hub::{
    AssetCoordinates, AssetDetail, AssetSearchRequest, AssetSearchResult, AssetUpdate, ExchangeAsset,
    InstanceVisibility, PublishedAsset, SearchParameters, VersionVisibility,
};
use super::exchange::check_categories;
use super::{named_groups, portal, search_window};

pub(crate) fn search(
    call: &Call<'_>,
    parameters: SearchParameters,
    Json(request): Json<AssetSearchRequest>,
) -> Outcome<Json<AssetSearchResult>> {
    let portal = portal(call)?;
    let window = search_window(call, parameters.limit, parameters.from)?;
    let AssetSearchRequest { search_term, user_group_id, categories, tags, sort, show_inherited } = request;
    check_categories(&categories)?;
    let filter = Filter { search_term: search_term.as_deref(), categories: &categories, tags: &tags, sort };
    let mut search = Search::portal(&filter, portal.key);
    if let Some(id) = user_group_id {
        let groups = Groups::of(call.db, portal.key)?;
        let group = groups
            .by_id(&id)
            .ok_or_else(|| Failure::bad_request(format!("User group {id} does not exist in this portal")))?;
        let seen_through = if show_inherited { usize::MAX } else { 1 };
        search.visible_to(groups.with_ancestors(group).take(seen_through).map(|group| group.key));
    }
    Ok(Json(AssetSearchResult { assets: search.page(call.db, window)?, facets: Some(search.facets(call.db)?) }))
}

pub(crate) fn publish(
    call: &Call<'_>,
    _: NoParameters,
    Json(request): Json<Vec<AssetCoordinates>>,
) -> Outcome<Json<Vec<AssetCoordinates>>> {
    let portal = portal(call)?;
    let groups = Groups::of(call.db, portal.key)?;
    let mut count = assets::count(call.db, portal.key)?;
    let limit = call.switches.assets_limit as usize;
    let mut published = Vec::new();
    for coordinates in without_repetition(request) {
        let name = format!("{}/{}", coordinates.group_id, coordinates.asset_id);
        let there = assets::find(call.db, portal.key, &coordinates)?;
        let entry = exchange::find(call.db, &coordinates)?;
        match (there, entry) {
            (Some(_), _) if call.switches.republish == Republish::Kept => published.push(coordinates),
            (Some(there), Some(entry)) if call.switches.republish == Republish::Reset => {
                assets::set_instances(call.db, there.key, InstanceVisibility::Public)?;
                assets::set_audiences(
                    call.db,
                    there.key,
                    &first_audiences(call.switches.publish_audience, &entry, &groups),
                )?;
                published.push(coordinates);
            }
            (None, Some(entry)) => {
                count += 1;
                if count > limit {
                    return Err(Failure::bad_request(format!("A portal has at most {limit} assets")));
                }
                let facts = as_published(&entry.facts, call.now);
                let key = assets::insert(call.db, portal.key, &facts, InstanceVisibility::Public)?;
                assets::set_audiences(call.db, key, &first_audiences(call.switches.publish_audience, &entry, &groups))?;
                published.push(coordinates);
            }
            (there, _) if call.switches.publish_batch == PublishBatch::Refuses => {
                let why = if there.is_some() { "is published already" } else { "was not found in Exchange" };
                return Err(Failure::bad_request(format!("Asset {name} {why}")));
            }
            _ => {}
        }
    }
    Ok(Json(published))
}

pub(crate) fn remove(call: &Call<'_>, _: NoParameters, Json(request): Json<Vec<AssetCoordinates>>) -> Outcome<Nothing> {
    let portal = portal(call)?;
    for coordinates in without_repetition(request) {
        let asset = assets::find(call.db, portal.key, &coordinates)?.ok_or_else(|| not_published(&coordinates))?;
        assets::delete(call.db, asset.key)?;
    }
    Ok(Nothing)
}

pub(crate) fn get(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<AssetDetail>> {
    let portal = portal(call)?;
    let asset = named(call, portal.key)?;
    let ids = user_groups::ids(call.db, portal.key)?;
    let visibility = listed(call, &asset)?.into_iter().map(|audience| on_wire(audience, &ids)).collect();
    let PublishedAsset { group_id, asset_id, name, kind, .. } = asset.facts;
    Ok(Json(AssetDetail {
        group_id,
        asset_id,
        name,
        kind,
        instance_visibility: Some(asset.instance_visibility),
        minor_version_profiles_visibility: visibility,
    }))
}

pub(crate) fn update(call: &Call<'_>, _: NoParameters, Json(request): Json<AssetUpdate>) -> Outcome<Nothing> {
    let portal = portal(call)?;
    let asset = named(call, portal.key)?;
    let groups = Groups::of(call.db, portal.key)?;
    let AssetUpdate { instances_visibility, minor_versions } = request;
    let mut audiences: Vec<Audience> = Vec::new();
    for version in &minor_versions {
        let audience = wanted(call, &asset, &groups, version)?;
        if audiences.iter().any(|known| known.minor_version == audience.minor_version) {
            return Err(Failure::bad_request(format!("Version {} is given twice", audience.minor_version)));
        }
        audiences.push(audience);
    }
    match (instances_visibility, call.switches.instances_omitted) {
        (Some(visibility), _) => assets::set_instances(call.db, asset.key, visibility)?,
        (None, InstancesOmitted::Public) => {
            assets::set_instances(call.db, asset.key, InstanceVisibility::Public)?;
        }
        (None, InstancesOmitted::Unchanged) => {}
    }
    let stored = assets::audiences(call.db, asset.key)?;
    let merged = match call.switches.asset_patch {
        // A version that is not named is still there, and nobody sees it.
        AssetPatch::Replaces => {
            merge(stored.into_iter().map(|audience| Audience { groups: Vec::new(), ..audience }), audiences)
        }
        AssetPatch::Merges => merge(stored, audiences),
    };
    assets::set_audiences(call.db, asset.key, &merged)?;
    Ok(Nothing)
}

/// A copy of Exchange's facts as the portal keeps them from now on.
pub(crate) fn as_published(facts: &ExchangeAsset, now: &str) -> PublishedAsset {
    let ExchangeAsset {
        group_id,
        asset_id,
        name,
        kind,
        description,
        latest_version: _,
        business_group_id,
        business_group_name,
        created_by_id,
        created_by_name: _,
        created_at: _,
        last_updated,
        categories,
        tags,
    } = facts.clone();
    PublishedAsset {
        group_id,
        asset_id,
        name,
        kind,
        description,
        business_group_id,
        business_group_name,
        created_by_id,
        last_updated,
        added_on: Some(now.to_owned()),
        categories,
        tags,
    }
}

/// Who sees the versions of an asset right after it was published.
pub(crate) fn first_audiences(shown_to: PublishAudience, entry: &Entry, groups: &Groups) -> Vec<Audience> {
    let keys =
        |wanted: fn(&Group) -> bool| groups.iter().filter(|group| wanted(group)).map(|group| group.key).collect();
    let everyone: Vec<i64> = keys(|group| group.is_public);
    let administrators: Vec<i64> = keys(|group| group.is_admin);
    let latest = entry.latest_minor_version();
    let audience = |version: &String| match shown_to {
        PublishAudience::Everyone => everyone.clone(),
        PublishAudience::Administrators if latest == Some(version) => administrators.clone(),
        PublishAudience::Administrators => Vec::new(),
    };
    entry
        .versions
        .iter()
        .map(|version| Audience { minor_version: version.clone(), groups: audience(version) })
        .collect()
}

/// The versions that a read lists: Exchange's in its order, then any that only the portal knows.
fn listed(call: &Call<'_>, asset: &Asset) -> Outcome<Vec<Audience>> {
    let stored = assets::audiences(call.db, asset.key)?;
    let offered = offered_versions(call, asset)?;
    let of = |version: &String| stored.iter().find(|audience| audience.minor_version == *version).cloned();
    let mut listed: Vec<Audience> = Vec::with_capacity(offered.len());
    for version in &offered {
        match (of(version), call.switches.later_version) {
            (Some(audience), _) => listed.push(audience),
            (None, LaterVersion::Nobody) => {
                listed.push(Audience { minor_version: version.clone(), groups: Vec::new() });
            }
            (None, LaterVersion::Unlisted) => {}
        }
    }
    listed.extend(stored.into_iter().filter(|audience| !offered.contains(&audience.minor_version)));
    Ok(listed)
}

fn offered_versions(call: &Call<'_>, asset: &Asset) -> Outcome<Vec<String>> {
    let entry = exchange::find(call.db, &coordinates(asset))?;
    Ok(entry.map(|entry| entry.versions).unwrap_or_default())
}

fn wanted(call: &Call<'_>, asset: &Asset, groups: &Groups, version: &VersionVisibility) -> Outcome<Audience> {
    let VersionVisibility { minor_version, profile_visibility } = version;
    if call.switches.version_pattern == VersionPattern::Strict && !is_minor_version(minor_version) {
        let detail = format!(r"minorVersion {minor_version:?} does not match ^v?\d+$");
        return Err(Failure::invalid("the request body", detail));
    }
    if call.switches.unknown_version == UnknownVersion::Refused
        && !listed(call, asset)?.iter().any(|known| known.minor_version == *minor_version)
        && !offered_versions(call, asset)?.contains(minor_version)
    {
        return Err(Failure::bad_request(format!("The asset has no version {minor_version}")));
    }
    let named = named_groups(groups, profile_visibility)?;
    if call.switches.admin_audience == AdminAudience::Required && !named.iter().any(|group| group.is_admin) {
        return Err(Failure::bad_request(format!("Version {minor_version} must be visible to administrators")));
    }
    Ok(Audience { minor_version: minor_version.clone(), groups: named.iter().map(|group| group.key).collect() })
}

/// The contract's `^v?\d+$`.
fn is_minor_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `new` over `old`, in the order of `old`.
fn merge(old: impl IntoIterator<Item = Audience>, new: Vec<Audience>) -> Vec<Audience> {
    let mut merged: Vec<Audience> = old.into_iter().collect();
    for audience in new {
        match merged.iter_mut().find(|known| known.minor_version == audience.minor_version) {
            Some(known) => *known = audience,
            None => merged.push(audience),
        }
    }
    merged
}

fn on_wire(audience: Audience, ids: &HashMap<i64, String>) -> VersionVisibility {
    let groups = audience.groups.iter().filter_map(|key| ids.get(key).cloned()).collect();
    VersionVisibility { minor_version: audience.minor_version, profile_visibility: groups }
}

fn named(call: &Call<'_>, portal: i64) -> Outcome<Asset> {
    let coordinates =
        AssetCoordinates { group_id: call.segment("groupId").to_owned(), asset_id: call.segment("assetId").to_owned() };
    assets::find(call.db, portal, &coordinates)?
        .ok_or_else(|| Failure::unknown("Asset", &format!("{}/{}", coordinates.group_id, coordinates.asset_id)))
}

fn coordinates(asset: &Asset) -> AssetCoordinates {
    AssetCoordinates { group_id: asset.facts.group_id.clone(), asset_id: asset.facts.asset_id.clone() }
}

fn not_published(AssetCoordinates { group_id, asset_id }: &AssetCoordinates) -> Failure {
    Failure::bad_request(format!("Asset {group_id}/{asset_id} is not published in this portal"))
}

fn without_repetition(named: Vec<AssetCoordinates>) -> Vec<AssetCoordinates> {
    let mut seen = BTreeSet::new();
    named.into_iter().filter(|coordinates| seen.insert(coordinates.clone())).collect()
}
