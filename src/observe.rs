//! What a manifest needs of its portal, read concurrently and with the fewest requests that the API allows.
//!
//! Holds a [`Reader`] alone: nothing here can change a portal.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::{OnceCell, mpsc};

use crate::client::{self, AssetQuery, Connection, PortalPath, Reader};
use crate::failure::Failure;
use crate::id::{AssetKey, GroupId, ProviderId};
use crate::kinds::{assets, idp_mappings, members, prospects, user_groups};
use crate::manifest::model::{Asset, AssetState, GroupReference, GroupState, Manifest};
use crate::resolve::{is_uuid, matches_asset};
use crate::state::{AssetDetail, LiveAsset, LiveConnection, LiveGroup, LiveMapping, LivePortal, LiveState, Named};

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

/// How much of the portal is read.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'m> {
    /// What planning this manifest takes.
    Manifest(&'m Manifest),
    /// Everything, so that any manifest can be planned on it.
    Everything { members: bool },
}

/// Reads the portal.
pub async fn observe(reader: &Reader, target: &Target, scope: Scope<'_>, parallelism: usize) -> Result<LiveState> {
    let needs_organization = target.organization.is_some() || scope.needs_business_groups() || scope.needs_providers();
    let (portal, organization) = tokio::try_join!(locate(reader, target), async {
        if needs_organization { find_organization(reader, target).await.map(Some) } else { Ok(None) }
    })?;
    let Found { mut portal, tree, path } = portal;
    portal.organization.clone_from(&organization);
    user_groups::io::check_tree(&tree)?;
    let organization_id = organization.map(|organization| organization.id);
    let observer = Observer {
        reader,
        path: &path,
        scope,
        tree: &tree,
        parallelism,
        organization: organization_id.as_deref(),
        business_groups: OnceCell::new(),
    };
    let (business_groups, identity_providers, mappings, (assets, visible_to), members, prospects) = tokio::try_join!(
        observer.business_groups(),
        observer.identity_providers(),
        observer.mappings(),
        observer.assets(),
        observer.members(),
        observer.prospects(),
    )?;
    let business_groups = business_groups.cloned();
    // A connected app is not told its organization's name; the hierarchy has it.
    if let (Some(organization), Some(groups)) = (&mut portal.organization, &business_groups)
        && organization.name.is_empty()
        && let Some(name) = groups.get(&organization.id)
    {
        organization.name.clone_from(name);
    }
    Ok(LiveState {
        portal,
        user_groups: tree,
        business_groups,
        identity_providers,
        mappings,
        assets,
        visible_to,
        members,
        prospects,
        pseudonyms: None,
    })
}

impl Scope<'_> {
    fn needs_business_groups(&self) -> bool {
        match self {
            Self::Manifest(manifest) => {
                !manifest.prune.assets.is_empty()
                    || manifest.assets.iter().flatten().any(|asset| !is_uuid(&asset.group))
            }
            Self::Everything { .. } => true,
        }
    }

    fn needs_providers(&self) -> bool {
        match self {
            Self::Manifest(manifest) => {
                !manifest.prune.user_groups.is_empty()
                    || manifest
                        .user_groups
                        .iter()
                        .flatten()
                        .any(|group| group.idp_groups.is_some() || matches!(group.state, GroupState::Absent { .. }))
            }
            Self::Everything { .. } => true,
        }
    }

    fn needs_members(&self) -> bool {
        match self {
            Self::Manifest(manifest) => {
                manifest.members.is_some()
                    || manifest.prospects.is_some()
                    || !manifest.prune.user_groups.is_empty()
                    || manifest
                        .user_groups
                        .iter()
                        .flatten()
                        .any(|group| matches!(group.state, GroupState::Absent { .. }))
            }
            Self::Everything { members } => *members,
        }
    }

    fn needs_prospects(&self) -> bool {
        match self {
            Self::Manifest(manifest) => manifest.members.is_some() || manifest.prospects.is_some(),
            Self::Everything { members } => *members,
        }
    }

    fn needs_assets(&self) -> bool {
        match self {
            Self::Manifest(manifest) => manifest.assets.is_some() || !manifest.prune.assets.is_empty(),
            Self::Everything { .. } => true,
        }
    }
}

/// A portal that was found, with the tree of groups that proves it.
pub struct Found {
    pub portal: LivePortal,
    pub tree: Vec<LiveGroup>,
    pub path: PortalPath,
}

async fn find_organization(reader: &Reader, target: &Target) -> Result<Named> {
    let me = reader.me().await.context("failed to find out the organization")?;
    let mut organization = Named { name: me.organization_name.unwrap_or_default(), id: me.organization_id };
    // A connected app learns its organization's id alone; the name is asked for only where somebody wrote one.
    if organization.name.is_empty() && target.organization.as_ref().is_some_and(|wanted| *wanted != organization.id) {
        let named = reader.organization(&organization.id).await.context("failed to read the organization's name")?;
        organization.name = named.name;
    }
    if let Some(wanted) = &target.organization
        && *wanted != organization.id
        && *wanted != organization.name
    {
        return Err(Failure::new(format!(
            "the credential belongs to organization `{}` ({}), and `{wanted}` is asked for",
            organization.name, organization.id
        ))
        .hint("use a credential of that organization, or correct `target.organization`, ANYPOINT_ORG or the profile")
        .into());
    }
    Ok(organization)
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
    let listed = if seen.is_empty() { "there is none".to_owned() } else { format!("there are: {}", seen.join(", ")) };
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

/// The published assets, and which of them a group that goes sees.
type Catalog = (Option<BTreeMap<AssetKey, LiveAsset>>, BTreeMap<GroupId, BTreeSet<AssetKey>>);

struct Observer<'a> {
    reader: &'a Reader,
    path: &'a PortalPath,
    scope: Scope<'a>,
    tree: &'a [LiveGroup],
    parallelism: usize,
    organization: Option<&'a str>,
    /// Read once: the assets wait for it, and it is part of the state itself.
    business_groups: OnceCell<BTreeMap<String, String>>,
}

impl Observer<'_> {
    async fn business_groups(&self) -> Result<Option<&BTreeMap<String, String>>> {
        let Some(organization) = self.organization.filter(|_| self.scope.needs_business_groups()) else {
            return Ok(None);
        };
        let read = || async {
            let root = self
                .reader
                .hierarchy(organization)
                .await
                .context("failed to read the business groups, which the assets are named by")?;
            let mut groups = BTreeMap::new();
            let mut open = vec![root];
            while let Some(group) = open.pop() {
                groups.insert(group.id, group.name);
                open.extend(group.sub_organizations);
            }
            anyhow::Ok(groups)
        };
        self.business_groups.get_or_try_init(read).await.map(Some)
    }

    async fn identity_providers(&self) -> Result<Option<BTreeMap<ProviderId, String>>> {
        match self.organization {
            Some(organization) if self.scope.needs_providers() => {
                let providers = self
                    .reader
                    .identity_providers(organization)
                    .await
                    .context("failed to list the identity providers, which the mappings are named by")?;
                Ok(Some(providers.into_iter().map(|provider| (provider.provider_id.into(), provider.name)).collect()))
            }
            _ => Ok(None),
        }
    }

    async fn mappings(&self) -> Result<BTreeMap<GroupId, Vec<LiveMapping>>> {
        let groups: Vec<&LiveGroup> = self.tree.iter().filter(|group| self.needs_mappings(group)).collect();
        stream::iter(groups)
            .map(|group| async move {
                let mappings = idp_mappings::io::read(self.reader, self.path, &group.id)
                    .await
                    .with_context(|| format!("failed to read the mappings of user group `{}`", group.name))?;
                anyhow::Ok((group.id.clone(), mappings))
            })
            .buffer_unordered(self.parallelism)
            .try_collect()
            .await
    }

    fn needs_mappings(&self, group: &LiveGroup) -> bool {
        let Scope::Manifest(manifest) = self.scope else { return true };
        self.is_going(group)
            || manifest.user_groups.iter().flatten().any(|declared| {
                declared.idp_groups.is_some()
                    && match &declared.name.value {
                        GroupReference::System(system) => system.marks(group.flags),
                        GroupReference::Named(name) => {
                            *name == group.name || declared.formerly.iter().any(|former| former.value == group.name)
                        }
                    }
            })
    }

    /// The manifest may delete this group.
    fn is_going(&self, group: &LiveGroup) -> bool {
        let Scope::Manifest(manifest) = self.scope else { return true };
        if group.flags.is_built_in() {
            return false;
        }
        let declared = manifest
            .user_groups
            .iter()
            .flatten()
            .find(|declared| matches!(&declared.name.value, GroupReference::Named(name) if *name == group.name));
        match declared {
            Some(declared) => matches!(declared.state, GroupState::Absent { .. }),
            None => manifest
                .prune
                .user_groups
                .iter()
                .any(|pattern| glob::Pattern::new(pattern).is_ok_and(|glob| glob.matches(&group.name))),
        }
    }

    async fn assets(&self) -> Result<Catalog> {
        let going: Vec<&LiveGroup> = match self.scope {
            // Whoever reads every asset knows what each group sees.
            Scope::Everything { .. } => Vec::new(),
            Scope::Manifest(_) => self.tree.iter().filter(|group| self.is_going(group)).collect(),
        };
        if !self.scope.needs_assets() && going.is_empty() {
            return Ok((None, BTreeMap::new()));
        }
        let visible_to: BTreeMap<GroupId, BTreeSet<AssetKey>> = stream::iter(going)
            .map(|group| async move {
                let query = AssetQuery {
                    user_group_id: Some(group.id.to_string()),
                    show_inherited: Some(false),
                    ..AssetQuery::default()
                };
                let found = self
                    .reader
                    .search_assets(self.path, &query)
                    .await
                    .with_context(|| format!("failed to search for the assets that `{}` sees", group.name))?;
                let keys = found.into_iter().map(|asset| AssetKey::new(asset.group_id, asset.asset_id)).collect();
                anyhow::Ok((group.id.clone(), keys))
            })
            .buffer_unordered(self.parallelism)
            .try_collect()
            .await?;
        // Coordinates may be written with business groups' names: those are known before the assets are.
        let business_groups = match self.scope {
            Scope::Manifest(_) => self.business_groups().await?,
            Scope::Everything { .. } => None,
        };
        let wanted = Wanted::new(self.scope, business_groups, &visible_to);
        let assets = self.listed_assets(&wanted).await?;
        let visible_to = match self.scope {
            Scope::Manifest(_) => visible_to,
            Scope::Everything { .. } => visible_by_details(self.tree, &assets),
        };
        Ok((Some(assets), visible_to))
    }

    /// Lists the assets page by page, and reads the details that are wanted while later pages still load.
    async fn listed_assets(&self, wanted: &Wanted<'_>) -> Result<BTreeMap<AssetKey, LiveAsset>> {
        let (sender, receiver) = mpsc::unbounded_channel::<AssetKey>();
        let list = async move {
            let mut assets = BTreeMap::new();
            let query = AssetQuery::default();
            let mut pages = std::pin::pin!(self.reader.asset_pages(self.path, &query));
            while let Some(page) = pages.try_next().await.context("failed to list the portal's assets")? {
                for asset in page {
                    let key = AssetKey::new(asset.group_id, asset.asset_id);
                    if wanted.contains(&key) {
                        // The receiver ends early only when a detail failed, and that error is the one reported.
                        let _ = sender.send(key.clone());
                    }
                    assets.insert(
                        key,
                        LiveAsset {
                            name: asset.name.unwrap_or_default(),
                            asset_type: asset.asset_type.unwrap_or_default(),
                            detail: None,
                        },
                    );
                }
            }
            drop(sender);
            anyhow::Ok(assets)
        };
        let keys =
            stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|key| (key, receiver)) });
        let details = keys
            .map(|key| async move {
                let detail = assets::io::read(self.reader, self.path, &key)
                    .await
                    .with_context(|| format!("failed to read who sees asset {key}"))?;
                anyhow::Ok((key, detail))
            })
            .buffer_unordered(self.parallelism * 2)
            .try_collect::<Vec<(AssetKey, AssetDetail)>>();
        let (mut assets, details) = tokio::try_join!(list, details)?;
        for (key, detail) in details {
            if let Some(asset) = assets.get_mut(&key) {
                asset.detail = Some(detail);
            }
        }
        Ok(assets)
    }

    async fn members(&self) -> Result<Option<Vec<crate::state::LiveMember>>> {
        if !self.scope.needs_members() {
            return Ok(None);
        }
        members::io::read_all(self.reader, self.path).await.context("failed to list the members").map(Some)
    }

    async fn prospects(&self) -> Result<Option<Vec<crate::state::LiveProspect>>> {
        if !self.scope.needs_prospects() {
            return Ok(None);
        }
        prospects::io::read(self.reader, self.path, None).await.context("failed to list the pending sign-ups").map(Some)
    }
}

/// Whose details are needed.
struct Wanted<'a> {
    everything: bool,
    keys: BTreeSet<AssetKey>,
    patterns: Vec<glob::Pattern>,
    business_groups: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Wanted<'a> {
    fn new(
        scope: Scope<'_>,
        business_groups: Option<&'a BTreeMap<String, String>>,
        visible_to: &BTreeMap<GroupId, BTreeSet<AssetKey>>,
    ) -> Self {
        let Scope::Manifest(manifest) = scope else {
            return Self { everything: true, keys: BTreeSet::new(), patterns: Vec::new(), business_groups };
        };
        let ids: BTreeMap<&str, Vec<&str>> =
            business_groups.into_iter().flatten().fold(BTreeMap::new(), |mut ids, (id, name)| {
                ids.entry(name.as_str()).or_insert_with(Vec::new).push(id.as_str());
                ids
            });
        let mut keys: BTreeSet<AssetKey> = visible_to.values().flatten().cloned().collect();
        let managed = |asset: &&Asset| asset.state != AssetState::Unmanaged;
        for asset in manifest.assets.iter().flatten().filter(managed) {
            keys.insert(AssetKey::new(asset.group.as_str(), asset.asset_id.as_str()));
            for id in ids.get(asset.group.as_str()).into_iter().flatten() {
                keys.insert(AssetKey::new(*id, asset.asset_id.as_str()));
            }
        }
        let patterns = manifest.prune.assets.iter().filter_map(|pattern| glob::Pattern::new(pattern).ok()).collect();
        Self { everything: false, keys, patterns, business_groups }
    }

    fn contains(&self, key: &AssetKey) -> bool {
        self.everything
            || self.keys.contains(key)
            || self.patterns.iter().any(|pattern| matches_asset(pattern, key, self.business_groups))
    }
}

/// Which assets each group sees by itself, when every detail is known.
fn visible_by_details(
    tree: &[LiveGroup],
    assets: &BTreeMap<AssetKey, LiveAsset>,
) -> BTreeMap<GroupId, BTreeSet<AssetKey>> {
    let mut visible: BTreeMap<GroupId, BTreeSet<AssetKey>> =
        tree.iter().map(|group| (group.id.clone(), BTreeSet::new())).collect();
    for (key, asset) in assets {
        for groups in asset.detail.iter().flat_map(|detail| detail.versions.values().flatten()) {
            for group in groups {
                visible.entry(group.clone()).or_default().insert(key.clone());
            }
        }
    }
    visible
}
