//! Finds the portal that is meant, by any id or name, and the id of it that the API takes.

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::client::{self, Connection, PortalPath, Reader};
use crate::failure::Failure;
use crate::kinds::user_groups;
use crate::state::{LiveConnection, LiveGroup, LivePortal};

/// Which portal is meant; what is not given must be the only one.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Name or id of the root organization.
    pub organization: Option<String>,
    /// Domain or id.
    pub connection: Option<String>,
    /// `PRODUCTION` or `SANDBOX`; checked, never chosen by.
    pub environment: Option<String>,
    /// Name or any of its ids.
    pub portal: Option<String>,
    /// For the record only.
    pub region: Option<String>,
    /// For the record only.
    pub emulator: bool,
}

/// A portal that was found, with the tree of groups that proves it.
pub struct Found {
    pub portal: LivePortal,
    pub tree: Vec<LiveGroup>,
    pub path: PortalPath,
}

/// Finds the portal by any of its names, and the id by which the API knows it.
pub async fn locate(reader: &Reader, target: &Target) -> Result<Found> {
    let connections = reader.connections().await.context("failed to list the connections")?;
    let candidates = matching_connections(&connections, target)?;
    let mut found: Vec<(&Connection, client::Portal)> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let lists = stream::iter(candidates)
        .map(|connection| async move { reader.portals(&connection.id).await.map(|portals| (connection, portals)) })
        .buffered(8)
        .try_collect::<Vec<_>>()
        .await
        .context("failed to list the portals")?;
    for (connection, portals) in lists {
        for portal in portals {
            seen.push(format!("`{}` ({}) on {}", portal.name, portal.id, connection_name(connection)));
            if target.portal.as_deref().is_none_or(|wanted| is_called(&portal, wanted)) {
                found.push((connection, portal));
            }
        }
    }
    let listed = match seen.as_slice() {
        [] => {
            "no portal is to be seen there at all: check the connection, and whom the credential belongs to".to_owned()
        }
        seen => format!("there are: {}", seen.join(", ")),
    };
    let (connection, portal) = match (found.len(), &target.portal) {
        (1, _) => found.remove(0),
        (0, Some(wanted)) => {
            return Err(Failure::new(format!("there is no portal `{wanted}`")).hint(listed).into());
        }
        (0, None) => {
            return Err(Failure::new("the organization has no portal")
                .hint("create one in API Experience Hub first; the API cannot")
                .into());
        }
        (_, wanted) => {
            let message = match wanted {
                Some(wanted) => format!("several portals are called `{wanted}`"),
                None => "there are several portals, and the target names none".to_owned(),
            };
            return Err(Failure::new(message).hint(format!("name one by its id, or its connection; {listed}")).into());
        }
    };
    if let (Some(wanted), Some(is)) = (&target.environment, &connection.environment)
        && wanted != is
    {
        return Err(Failure::new(format!(
            "connection {} is a {is} environment, and the manifest is for {wanted}",
            connection_name(connection)
        ))
        .hint("correct `target.environment`, or the connection")
        .into());
    }
    probe(reader, target, connection, portal).await
}

/// What else goes by the names by which a manifest would call a portal.
#[derive(Debug, Clone, Copy, Default)]
pub struct SharedNames {
    pub connection: bool,
    pub portal: bool,
}

/// Finds out whether a manifest has to call the portal and its connection by their ids.
pub async fn shared_names(reader: &Reader, live: &LivePortal) -> Result<SharedNames> {
    let (connections, portals) =
        tokio::try_join!(async { reader.connections().await.context("failed to list the connections") }, async {
            reader.portals(&live.connection.id).await.context("failed to list the portals")
        },)?;
    let target = Target { connection: live.connection.domain.clone(), ..Target::default() };
    Ok(SharedNames {
        connection: live.connection.domain.is_some() && matching_connections(&connections, &target)?.len() > 1,
        portal: portals.iter().filter(|portal| is_called(portal, &live.name)).count() > 1,
    })
}

fn matching_connections<'c>(connections: &'c [Connection], target: &Target) -> Result<Vec<&'c Connection>> {
    let Some(wanted) = &target.connection else { return Ok(connections.iter().collect()) };
    let matching: Vec<&Connection> = connections
        .iter()
        .filter(|connection| {
            connection.id == *wanted
                || [&connection.target_organization_domain, &connection.target_organization_id]
                    .into_iter()
                    .flatten()
                    .any(|name| name.eq_ignore_ascii_case(wanted))
        })
        .collect();
    if matching.is_empty() {
        let names = connections.iter().map(connection_name).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!("there is no connection `{wanted}`"))
            .hint(if names.is_empty() { "the organization has none".to_owned() } else { format!("there are: {names}") })
            .into());
    }
    Ok(matching)
}

fn connection_name(connection: &Connection) -> String {
    match &connection.target_organization_domain {
        Some(domain) => format!("{domain} ({})", connection.id),
        None => connection.id.clone(),
    }
}

fn is_called(portal: &client::Portal, wanted: &str) -> bool {
    portal.name == wanted
        || portal.id == wanted
        || portal.target_portal_id.as_deref() == Some(wanted)
        || portal.internal_portal_id.as_deref() == Some(wanted)
}

/// The contract's hints say `targetPortalId`, its guides say `id`: the tree of groups tells which one works.
async fn probe(reader: &Reader, target: &Target, connection: &Connection, portal: client::Portal) -> Result<Found> {
    let path = |id: &str| PortalPath { connection: connection.id.clone(), portal: id.to_owned() };
    let first = path(portal.target_portal_id.as_deref().unwrap_or(&portal.id));
    let (path, tree) = match user_groups::io::read(reader, &first).await {
        Ok(tree) => (first, tree),
        Err(error) if first.portal != portal.id && matches!(error.status(), Some(400 | 404)) => {
            tracing::debug!("the API does not take the portal's targetPortalId; trying its id");
            let second = path(&portal.id);
            let tree = user_groups::io::read(reader, &second).await.context("failed to read the user groups")?;
            (second, tree)
        }
        Err(error) => return Err(error).context("failed to read the user groups"),
    };
    let live = LivePortal {
        organization: None,
        connection: LiveConnection {
            id: connection.id.clone(),
            domain: connection.target_organization_domain.clone(),
            environment: connection.environment.clone(),
            organization_id: connection.target_organization_id.clone(),
            default_provider: connection.default_identity_provider_id.clone().map(Into::into),
        },
        name: portal.name,
        id: portal.id,
        target_portal_id: portal.target_portal_id,
        internal_portal_id: portal.internal_portal_id,
        path_id: path.portal.clone(),
        region: target.region.clone(),
        emulator: target.emulator,
    };
    Ok(Found { portal: live, tree, path })
}
