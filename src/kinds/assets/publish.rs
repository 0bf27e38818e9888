//! Publishing: the one window that the API leaves open, since it does not say who sees a new asset at first.
//!
//! So an asset and its audience are one change, batches are small, and what cannot get its audience goes again.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::io::{Fresh, check_fresh, coordinates, key, write_visibility};
use super::spec::AssetSpec;
use crate::client;
use crate::id::AssetKey;
use crate::kinds::session::{Session, failed};
use crate::plan::{Change, Operation};
use crate::report::Outcome;

/// What became of the request to publish one asset.
enum Publication {
    /// It was there already: interrupted before, or published by somebody else.
    Found,
    /// The server says so, or does not say otherwise.
    Sent,
    /// The server took the others of the batch.
    LeftOut,
    /// Refused, or without an answer that tells.
    Error(client::Error),
}

/// Publishes up to [`BATCH`](super::io::BATCH) assets and gives each its audience.
pub async fn publish(session: &Session, batch: &[(&Change, &AssetSpec)]) -> Vec<Outcome> {
    let checks = join_all(batch.iter().map(|(change, after)| check_new(session, change, after))).await;
    let keys =
        batch.iter().zip(&checks).filter(|(_, check)| matches!(check, Ok(false))).map(|((change, _), _)| key(change));
    let mut publications = send(session, keys.collect()).await;
    let mut open = Vec::with_capacity(batch.len());
    for ((change, after), check) in batch.iter().zip(checks) {
        let publication = check.map(|_| publications.remove(&key(change)).unwrap_or(Publication::Found));
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
async fn send(session: &Session, keys: Vec<AssetKey>) -> BTreeMap<AssetKey, Publication> {
    if keys.is_empty() {
        return BTreeMap::new();
    }
    match session.writer.publish_assets(&session.path, &coordinates(&keys)).await {
        Ok(published) => {
            let published: BTreeSet<AssetKey> =
                published.into_iter().map(|asset| AssetKey::new(asset.group_id, asset.asset_id)).collect();
            let became = |key: &AssetKey| {
                if published.is_empty() || published.contains(key) { Publication::Sent } else { Publication::LeftOut }
            };
            keys.into_iter().map(|key| (key.clone(), became(&key))).collect()
        }
        // Whatever came of it, the reads that follow tell; nothing is sent twice.
        Err(error) if keys.len() == 1 || error.outcome_unknown() => {
            keys.into_iter().map(|key| (key, Publication::Error(error.clone()))).collect()
        }
        Err(error) => {
            tracing::info!("a batch of {} assets was refused ({error}); publishing them one by one", keys.len());
            let mut publications = BTreeMap::new();
            for key in keys {
                let alone =
                    session.writer.publish_assets(&session.path, &coordinates(std::slice::from_ref(&key))).await;
                publications.insert(key, alone.map_or_else(Publication::Error, |_| Publication::Sent));
            }
            publications
        }
    }
}

/// Sets the audience of an asset that was just published. If that is refused, the asset goes again, but only if it
/// was this change that published it.
async fn give_audience(session: &Session, change: &Change, after: &AssetSpec, publication: Publication) -> Outcome {
    let key = key(change);
    let certainly_not = match &publication {
        Publication::LeftOut => true,
        Publication::Error(error) => error.certainly_no_effect(),
        Publication::Found | Publication::Sent => false,
    };
    let reads = if certainly_not { 1 } else { session.patience.reads };
    let fresh = match (wait_for(session, &key, reads).await, &publication) {
        (Ok(Some(fresh)), _) => fresh,
        (Ok(None), Publication::Error(error)) if certainly_not => return failed(error),
        (Ok(None), Publication::Error(error)) => return Outcome::Unknown { message: error.to_string() },
        (Ok(None), Publication::Found | Publication::Sent | Publication::LeftOut) => {
            return Outcome::Failed {
                message: "the hub did not publish it".to_owned(),
                hint: Some("check that it exists in Exchange under these coordinates, and that the credential has the Exchange Viewer permission there".to_owned()),
            };
        }
        (Err(error), _) => return failed(&error),
    };
    let expanded = fresh.expand(after);
    let operation = Operation::Create { after: after.clone() };
    let outcome = write_visibility(session, change, &operation, &fresh, &expanded, true, |_| true).await;
    let Outcome::Failed { message, hint } = outcome else { return outcome };
    if matches!(publication, Publication::Found) {
        return Outcome::Failed { message, hint };
    }
    let removed = session.writer.remove_assets(&session.path, &coordinates(std::slice::from_ref(&key))).await;
    let message = match removed {
        Ok(()) => format!("{message}; the asset was taken out of the portal again"),
        Err(error) => format!("{message}; taking the asset out of the portal again failed too: {error}"),
    };
    Outcome::Failed { message, hint }
}

/// An asset that was published may take a moment to show.
async fn wait_for(session: &Session, key: &AssetKey, reads: u32) -> Result<Option<Fresh>, client::Error> {
    for read in 0..reads {
        session.patience.before(read).await;
        if let Some(fresh) = Fresh::read(session, key).await? {
            return Ok(Some(fresh));
        }
    }
    Ok(None)
}
