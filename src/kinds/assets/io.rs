//! Reading and writing published assets.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::spec::{AssetSpec, OTHER_VERSIONS};
use crate::client::{self, AssetCoordinates, AssetQuery, Operation as Request, PortalPath, Reader};
use crate::id::{AssetKey, ChangeId, GroupId};
use crate::kinds::precondition::{Check, check};
use crate::kinds::session::{ATTEMPTS, Attempt, Session, WriteError, failed};
use crate::kinds::{Fields, fields};
use crate::manifest::model::Instances;
use crate::plan::{Change, Edit, Operation};
use crate::report::Outcome;
use crate::state::AssetDetail;

impl Instances {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Public => "Public",
            Self::Custom => "Custom",
        }
    }

    /// `None` for a word that this version does not know.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::All, Self::Public, Self::Custom].into_iter().find(|instances| instances.as_str() == word)
    }
}

/// Reads the visibility of one published asset.
pub async fn read(reader: &Reader, portal: &PortalPath, key: &AssetKey) -> Result<AssetDetail, client::Error> {
    reader.asset(portal, &key.group_id, &key.asset_id).await.map(of_wire)
}

/// Which assets a group sees by itself, without those that it inherits.
pub async fn visible_to(
    reader: &Reader,
    portal: &PortalPath,
    group: &GroupId,
) -> Result<BTreeSet<AssetKey>, client::Error> {
    let query =
        AssetQuery { user_group_id: Some(group.to_string()), show_inherited: Some(false), ..AssetQuery::default() };
    let found = reader.search_assets(portal, &query).await?;
    Ok(found.into_iter().map(|asset| AssetKey::new(asset.group_id, asset.asset_id)).collect())
}

fn of_wire(detail: client::AssetDetail) -> AssetDetail {
    let versions: BTreeMap<_, _> = detail
        .versions
        .unwrap_or_default()
        .into_iter()
        .map(|version| {
            let groups = version.groups.map(|ids| ids.into_iter().map(Into::into).collect());
            (version.minor_version, groups)
        })
        .collect();
    AssetDetail { instances: detail.instance_visibility.as_deref().and_then(Instances::from_wire), versions }
}

/// The most assets of one publishing or removing request: the window that publishing opens stays short.
pub const BATCH: usize = 20;

/// A fresh read of one asset.
pub struct Fresh {
    detail: client::AssetDetail,
    live: AssetDetail,
}

impl Fresh {
    /// Reads the asset; nothing if it is not published.
    pub async fn read(session: &Session, key: &AssetKey) -> Result<Option<Self>, client::Error> {
        match session.reader.asset(&session.path, &key.group_id, &key.asset_id).await {
            Ok(detail) => Ok(Some(Self { live: of_wire(detail.clone()), detail })),
            // A hub may answer 400 for what is not there.
            Err(error) if error.is_not_found() || error.status() == Some(400) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn fields(&self, session: &Session) -> Fields {
        fields(&AssetSpec::of_live(&self.live, &session.directory()))
    }

    /// What a publishing change comes to, now that the versions are known.
    pub(super) fn expand(&self, after: &AssetSpec) -> AssetSpec {
        let mut versions = after.versions.clone();
        if let Some(others) = versions.remove(OTHER_VERSIONS) {
            for version in self.live.versions.keys() {
                versions.entry(version.clone()).or_insert_with(|| others.clone());
            }
        }
        AssetSpec { instances: after.instances, versions }
    }
}

/// The coordinates in a change's address.
pub fn key(change: &Change) -> AssetKey {
    let mut segments = change.address.segments.iter();
    let mut next = || segments.next().map_or("", String::as_str);
    let group = next();
    AssetKey::new(group, next())
}

/// Compares a fresh read with what a change saw and wants.
pub fn check_fresh(
    session: &Session,
    change: &Change,
    operation: &Operation<AssetSpec>,
    fresh: Option<&Fresh>,
    later: Option<&Fields>,
) -> Check {
    let directory = session.directory();
    match (operation, fresh) {
        (Operation::Create { after }, Some(fresh)) => {
            let expanded =
                Change { edit: Edit::Asset(Operation::Create { after: fresh.expand(after) }), ..change.clone() };
            let checked =
                check(&expanded, Some(&fields(&AssetSpec::of_live(&fresh.live, &directory))), None, &directory);
            // Published and not given its audience yet: what an interruption leaves behind.
            let seen_by_administrators_alone = fresh
                .live
                .versions
                .values()
                .flatten()
                .flatten()
                .all(|id| directory.flags_of(&directory.name_of(id)).is_admin);
            match checked {
                Check::Refuse(_) if seen_by_administrators_alone => Check::Write,
                checked => checked,
            }
        }
        (_, fresh) => {
            let current = fresh.map(|fresh| fields(&AssetSpec::of_live(&fresh.live, &directory)));
            check(change, current.as_ref(), later, &directory)
        }
    }
}

/// Whether the portal shows what a change has written, given some patience.
pub async fn shows(
    session: &Session,
    change: &Change,
    operation: &Operation<AssetSpec>,
    later: Option<&Fields>,
) -> bool {
    let mut times = 0;
    while session.reads_again(times).await {
        times += 1;
        if let Ok(fresh) = Fresh::read(session, &key(change)).await
            && check_fresh(session, change, operation, fresh.as_ref(), later) == Check::Done
        {
            return true;
        }
    }
    false
}

/// Writes who sees a published asset, carrying over what the change does not own.
pub async fn update(
    session: &Session,
    change: &Change,
    operation: &Operation<AssetSpec>,
    later: Option<&Fields>,
) -> Outcome {
    let key = key(change);
    let owned = |version: &str| change.fields.iter().any(|field| field.path == format!("versions.{version}"));
    let owns_instances = change.fields.iter().any(|field| field.path == "instances");
    session
        .repeatedly(async || {
            let fresh = match Fresh::read(session, &key).await {
                Ok(fresh) => fresh,
                Err(error) => return Attempt::Ended(failed(&error)),
            };
            let checked = check_fresh(session, change, operation, fresh.as_ref(), later);
            let (Check::Write, Some(fresh), Some(after)) = (&checked, &fresh, operation.after()) else {
                return Attempt::Ended(checked.outcome().unwrap_or(Outcome::AlreadyDone));
            };
            let written = match write_visibility(session, change, fresh, after, owns_instances, owned).await {
                Ok(written) => written,
                Err(outcome) => return Attempt::Ended(outcome),
            };
            session
                .settle(written, async || {
                    let fresh = Fresh::read(session, &key).await.map_err(|error| failed(&error))?;
                    Ok(check_fresh(session, change, operation, fresh.as_ref(), None))
                })
                .await
        })
        .await
}

pub(super) async fn write_visibility(
    session: &Session,
    change: &Change,
    fresh: &Fresh,
    after: &AssetSpec,
    owns_instances: bool,
    owned: impl Fn(&str) -> bool,
) -> Result<Result<(), WriteError>, Outcome> {
    let key = key(change);
    let versions = complete_versions(session, fresh, after, owned)?;
    let current = fresh.detail.instance_visibility.as_deref();
    let instances = match after.instances {
        Some(instances) if owns_instances => Some(instances.as_str()),
        _ => current,
    };
    let request = session.writer.update_asset(&session.path, &key.group_id, &key.asset_id, instances, &versions);
    Ok(session.send(Request::UpdateCommunityAsset, [change], request).await)
}

/// Every version with its audience: the API does not say what becomes of versions that are left out.
fn complete_versions(
    session: &Session,
    fresh: &Fresh,
    after: &AssetSpec,
    owned: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Vec<String>)>, Outcome> {
    let unknown = |what: &str| Outcome::Failed {
        message: format!("the hub does not say who sees {what}, and writing the asset would change that"),
        hint: Some("look at the asset in the portal's settings, then plan again".to_owned()),
    };
    if fresh.detail.versions.is_none() {
        return Err(unknown("its versions"));
    }
    let mut versions = Vec::new();
    for (version, live) in &fresh.live.versions {
        let ids = match after.versions.get(version) {
            Some(Some(names)) if owned(version) => {
                let administrators = live.iter().flatten().filter(|id| {
                    let directory = session.directory();
                    directory.flags_of(&directory.name_of(id)).is_admin
                });
                let mut ids = session.group_ids(names)?;
                ids.extend(administrators.map(ToString::to_string));
                ids.sort();
                ids.dedup();
                ids
            }
            _ => match live {
                Some(live) => live.iter().map(ToString::to_string).collect(),
                None => return Err(unknown(&format!("version {version}"))),
            },
        };
        versions.push((version.clone(), ids));
    }
    for (version, names) in &after.versions {
        if let Some(names) = names
            && owned(version)
            && !fresh.live.versions.contains_key(version)
        {
            versions.push((version.clone(), session.group_ids(names)?));
        }
    }
    Ok(versions)
}

pub(super) fn coordinates(keys: &[AssetKey]) -> Vec<AssetCoordinates> {
    keys.iter()
        .map(|key| AssetCoordinates { group_id: key.group_id.to_string(), asset_id: key.asset_id.to_string() })
        .collect()
}

/// A change that takes an asset out of the portal.
pub type Removal<'a> = (&'a Change, &'a Operation<AssetSpec>);

/// Takes up to [`BATCH`] assets out of the portal, each of which still is as the plan saw it.
///
/// What a request without a telling answer has left there is asked for again, after reading it anew.
pub async fn remove(session: &Session, batch: &[Removal<'_>]) -> Vec<Outcome> {
    let mut attempts: Vec<Option<Attempt>> = Vec::new();
    attempts.resize_with(batch.len(), || None);
    for attempt in 0..ATTEMPTS {
        let open: Vec<usize> =
            (0..batch.len()).filter(|&index| !matches!(attempts[index], Some(Attempt::Ended(_)))).collect();
        if open.is_empty() || (attempt > 0 && session.reader.is_hurried()) {
            break;
        }
        let removals: Vec<Removal<'_>> = open.iter().map(|&index| batch[index]).collect();
        for (index, attempt) in open.into_iter().zip(remove_once(session, &removals).await) {
            attempts[index] = Some(match attempts[index].take() {
                Some(before) => before.then(attempt),
                None => attempt,
            });
        }
    }
    attempts.into_iter().map(|attempt| attempt.map_or(Outcome::AlreadyDone, Attempt::only)).collect()
}

async fn remove_once(session: &Session, batch: &[Removal<'_>]) -> Vec<Attempt> {
    let checks = join_all(batch.iter().map(async |(change, operation)| {
        let fresh = Fresh::read(session, &key(change)).await.map_err(|error| failed(&error))?;
        check_fresh(session, change, operation, fresh.as_ref(), None).outcome().map_or(Ok(()), Err)
    }))
    .await;
    let ready: Vec<&Change> =
        batch.iter().zip(&checks).filter(|(_, check)| check.is_ok()).map(|((change, _), _)| *change).collect();
    let mut errors = errors_of_removal(session, &ready).await;
    join_all(batch.iter().zip(checks).map(|((change, operation), check)| {
        let written = errors.remove(&change.id).map_or(Ok(()), Err);
        async move {
            if let Err(outcome) = check {
                return Attempt::Ended(outcome);
            }
            session
                .settle(written, async || {
                    let fresh = Fresh::read(session, &key(change)).await.map_err(|error| failed(&error))?;
                    Ok(check_fresh(session, change, operation, fresh.as_ref(), None))
                })
                .await
        }
    }))
    .await
}

/// Sends one request for all; an asset that is refused does not keep the others in.
async fn errors_of_removal(session: &Session, changes: &[&Change]) -> BTreeMap<ChangeId, WriteError> {
    let send = async |changes: &[&Change]| {
        let keys: Vec<AssetKey> = changes.iter().map(|change| key(change)).collect();
        let coordinates = coordinates(&keys);
        let request = session.writer.remove_assets(&session.path, &coordinates);
        session.send(Request::RemoveAssetFromCommunity, changes.iter().copied(), request).await
    };
    if changes.is_empty() {
        return BTreeMap::new();
    }
    let Err(error) = send(changes).await else { return BTreeMap::new() };
    if changes.len() == 1 || !error.certainly_no_effect() {
        return changes.iter().map(|change| (change.id.clone(), error.clone())).collect();
    }
    let mut errors = BTreeMap::new();
    for change in changes {
        errors.extend(send(&[change]).await.err().map(|error| (change.id.clone(), error)));
    }
    errors
}
