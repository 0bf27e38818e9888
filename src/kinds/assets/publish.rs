//! Publishing: the one window that the API leaves open, since it does not say who sees a new asset at first.
//!
//! So an asset and its audience are one change, batches are small, and what cannot get its audience goes again.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::io::{Fresh, check_fresh, coordinates, key, write_visibility};
use super::spec::AssetSpec;
use crate::client::{self, Operation as Request};
use crate::id::{AssetKey, ChangeId};
use crate::kinds::precondition::Check;
use crate::kinds::session::{Attempt, Session, WriteError, failed};
use crate::plan::{Change, Operation};
use crate::report::Outcome;

/// What became of the request to publish one asset.
enum Publication {
    /// It was there already: interrupted before, or published by somebody else.
    Found,
    /// The server says that it is published.
    Listed,
    /// The server took the request, and does not say what it published.
    Sent,
    /// The server took the others of the batch.
    LeftOut,
    /// Refused, or without an answer that tells.
    Error(WriteError),
}

/// Publishes up to [`BATCH`](super::io::BATCH) assets and gives each its audience.
pub async fn publish(session: &Session, batch: &[(&Change, &AssetSpec)]) -> Vec<Outcome> {
    let checks = join_all(batch.iter().map(|(change, after)| check_new(session, change, after))).await;
    let missing = batch.iter().zip(&checks).filter(|(_, check)| matches!(check, Ok(false)));
    let missing: Vec<&Change> = missing.map(|((change, _), _)| *change).collect();
    let mut publications = send(session, &missing).await;
    let mut open = Vec::with_capacity(batch.len());
    for ((change, after), check) in batch.iter().zip(checks) {
        let publication = check.map(|_| publications.remove(&change.id).unwrap_or(Publication::Found));
        open.push(async move {
            match publication {
                Ok(publication) => give_audience(session, change, after, publication).await,
                Err(outcome) => outcome,
            }
        });
    }
    join_all(open).await
}

/// Whether an asset is published already and lacks nothing but its audience.
async fn check_new(session: &Session, change: &Change, after: &AssetSpec) -> Result<bool, Outcome> {
    let operation = Operation::Create { after: after.clone() };
    let fresh = Fresh::read(session, &key(change)).await.map_err(|error| failed(&error))?;
    check_fresh(session, change, &operation, fresh.as_ref(), None).outcome().map_or(Ok(fresh.is_some()), Err)
}

/// Sends one request for all; one asset that is refused does not keep the others out.
async fn send(session: &Session, changes: &[&Change]) -> BTreeMap<ChangeId, Publication> {
    if changes.is_empty() {
        return BTreeMap::new();
    }
    match request(session, changes).await {
        Ok(published) => changes
            .iter()
            .map(|change| {
                let publication = match (published.contains(&key(change)), published.is_empty()) {
                    (true, _) => Publication::Listed,
                    (false, true) => Publication::Sent,
                    (false, false) => Publication::LeftOut,
                };
                (change.id.clone(), publication)
            })
            .collect(),
        // Whatever came of it, the reads that follow tell; nothing is sent twice.
        Err(error) if changes.len() == 1 || !error.certainly_no_effect() => {
            changes.iter().map(|change| (change.id.clone(), Publication::Error(error.clone()))).collect()
        }
        Err(error) => {
            tracing::info!("a batch of {} assets was refused; publishing them one by one", changes.len());
            tracing::debug!("{error:?}");
            let mut publications = BTreeMap::new();
            for change in changes {
                publications.insert(change.id.clone(), send_alone(session, change).await);
            }
            publications
        }
    }
}

/// Publishes one asset of a batch that was refused, unless it is there after all.
async fn send_alone(session: &Session, change: &Change) -> Publication {
    match Fresh::read(session, &key(change)).await {
        Ok(None) => request(session, &[change]).await.map_or_else(Publication::Error, |_| Publication::Sent),
        Ok(Some(_)) => Publication::Found,
        Err(error) => Publication::Error(WriteError::Sent(error)),
    }
}

async fn request(session: &Session, changes: &[&Change]) -> Result<BTreeSet<AssetKey>, WriteError> {
    let keys: Vec<AssetKey> = changes.iter().map(|change| key(change)).collect();
    let coordinates = coordinates(&keys);
    let request = session.writer.publish_assets(&session.path, &coordinates);
    let published = session.send(Request::AddAssetsToCommunity, changes.iter().copied(), request).await?;
    Ok(published.into_iter().map(|asset| AssetKey::new(asset.group_id, asset.asset_id)).collect())
}

/// Sets the audience of an asset that was just published. If that does not succeed, the asset goes again, but only if
/// it was this change that published it.
async fn give_audience(session: &Session, change: &Change, after: &AssetSpec, publication: Publication) -> Outcome {
    let key = key(change);
    let certainly_not = match &publication {
        Publication::LeftOut => true,
        Publication::Error(error) => error.certainly_no_effect(),
        Publication::Found | Publication::Listed | Publication::Sent => false,
    };
    let reads = if certainly_not { 1 } else { session.patience.reads };
    match (wait_for(session, &key, reads).await, &publication) {
        (Ok(true), _) => {}
        (Ok(false), Publication::Error(error)) if certainly_not => return error.failed(),
        (Ok(false), Publication::Error(error)) => return error.unknown(),
        (Ok(false), Publication::Listed) => {
            let message = "the hub says that it was published, and does not show it".to_owned();
            return Outcome::Unknown { message, hint: None };
        }
        (Ok(false), Publication::Found | Publication::Sent | Publication::LeftOut) => {
            return Outcome::Failed {
                message: "the hub did not publish it".to_owned(),
                hint: Some("check that it exists in Exchange under these coordinates, and that the credential has the Exchange Viewer permission there".to_owned()),
            };
        }
        (Err(error), Publication::Error(sent)) if certainly_not => {
            tracing::debug!("{error}");
            return sent.failed();
        }
        (Err(error), _) => return WriteError::Sent(error).unknown(),
    }
    let is_ours = !matches!(publication, Publication::Found) && !certainly_not;
    let outcome = session.repeatedly(async || set_audience(session, change, after, &key, is_ours).await).await;
    match outcome {
        // There was nothing to set, but there was something to publish.
        Outcome::AlreadyDone if is_ours => Outcome::Applied,
        outcome @ (Outcome::Failed { .. } | Outcome::Unknown { .. }) if is_ours => {
            take_back(session, change, outcome).await
        }
        outcome => outcome,
    }
}

async fn set_audience(session: &Session, change: &Change, after: &AssetSpec, key: &AssetKey, is_ours: bool) -> Attempt {
    let operation = Operation::Create { after: after.clone() };
    let fresh = match Fresh::read(session, key).await {
        Ok(Some(fresh)) => fresh,
        Ok(None) => {
            return Attempt::Ended(Outcome::Failed {
                message: "it was published, and is gone from the portal".to_owned(),
                hint: Some("plan again".to_owned()),
            });
        }
        // It was published, and may be seen by just those who should see it.
        Err(error) if is_ours => return Attempt::Ended(WriteError::Sent(error).unknown()),
        Err(error) => return Attempt::Ended(failed(&error)),
    };
    if check_fresh(session, change, &operation, Some(&fresh), None) == Check::Done {
        return Attempt::Ended(Outcome::AlreadyDone);
    }
    let written = match write_visibility(session, change, &fresh, &fresh.expand(after), true, |_| true).await {
        Ok(written) => written,
        Err(outcome) => return Attempt::Ended(outcome),
    };
    session
        .settle(written, async || {
            let fresh = Fresh::read(session, key).await.map_err(|error| failed(&error))?;
            // Whoever sees a new asset at first was decided by the hub, not by somebody whose change is in the way.
            Ok(match check_fresh(session, change, &operation, fresh.as_ref(), None) {
                Check::Refuse(_) => Check::Write,
                checked => checked,
            })
        })
        .await
}

/// Takes an asset that did not get its audience, for all that is known, out of the portal again: nobody should see what
/// was not shown.
async fn take_back(session: &Session, change: &Change, outcome: Outcome) -> Outcome {
    let coordinates = coordinates(&[key(change)]);
    let request = session.writer.remove_assets(&session.path, &coordinates);
    let removed = session.send(Request::RemoveAssetFromCommunity, [change], request).await;
    let added = match &removed {
        Ok(()) => "the asset was taken out of the portal again".to_owned(),
        Err(WriteError::Sent(error)) => format!("taking the asset out of the portal again failed too: {error}"),
        Err(WriteError::Unrecorded(_)) => "the asset is still in the portal".to_owned(),
    };
    match outcome {
        Outcome::Failed { message, hint } => Outcome::Failed { message: format!("{message}; {added}"), hint },
        Outcome::Unknown { message, .. } if removed.is_ok() => {
            Outcome::Failed { message: format!("{message}; {added}"), hint: None }
        }
        Outcome::Unknown { message, hint } => Outcome::Unknown { message: format!("{message}; {added}"), hint },
        outcome => outcome,
    }
}

/// An asset that was published may take a moment to show.
async fn wait_for(session: &Session, key: &AssetKey, reads: u32) -> Result<bool, client::Error> {
    let mut times = 0;
    while times < reads && session.reads_again(times).await {
        times += 1;
        if Fresh::read(session, key).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
