//! What a manifest needs of its portal, read concurrently and with the fewest requests that the API allows.
//!
//! Holds a [`Reader`] alone: nothing here can change a portal.

mod locate;
mod organization;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;

use crate::client::{self, AssetQuery, PortalPath, Reader};
use crate::failure::Failure;
use crate::id::{AssetKey, GroupId};
use crate::kinds::{assets, idp_mappings, members, prospects, user_groups};
use crate::manifest::model::{Asset, AssetState, GroupReference};
use crate::resolve::matches_asset;
use crate::state::{AssetDetail, LiveAsset, LiveGroup, LiveMapping, LiveMember, LiveProspect, LiveState};

use organization::{Surroundings, is_forbidden, owner, read_business_groups, read_identity_providers, surroundings};

pub use locate::{Found, SharedNames, Target, locate, shared_names};
pub use organization::{OrganizationNames, find_organization, organization_names};
pub use scope::{Needs, Scope};

/// Reads the portal.
pub async fn observe(reader: &Reader, target: &Target, scope: Scope<'_>, parallelism: usize) -> Result<LiveState> {
    // Both take several round trips one after the other, and neither needs the other.
    let (found, surroundings) = tokio::try_join!(locate(reader, target), surroundings(reader, target, scope))?;
    let Found { mut portal, tree, path } = found;
    let Surroundings { organization, business_groups, identity_providers } = surroundings;
    user_groups::io::check_tree(&tree)?;
    let business_groups_by_id = business_groups.as_ref();
    let observer = Observer { reader, path: &path, scope, tree: &tree, parallelism, business_groups_by_id };
    let (organization, mappings, (assets, visible_to), (members, prospects)) =
        tokio::try_join!(owner(reader, organization), observer.mappings(), observer.assets(), observer.people(),)?;
    portal.organization = organization;
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

/// Reads what an analysis of who sees what needs and a plan did not: members, all mappings, and on request who sees each
/// asset. What may not be read stays unread, and the analysis says so.
pub async fn complete(reader: &Reader, live: &mut LiveState, every_asset: bool, parallelism: usize) -> Result<()> {
    let path = PortalPath { connection: live.portal.connection.id.clone(), portal: live.portal.path_id.clone() };
    let tree = live.user_groups.clone();
    let business_groups = live.business_groups.clone();
    let observer = Observer {
        reader,
        path: &path,
        scope: Scope::Everything { members: true },
        tree: &tree,
        parallelism,
        business_groups_by_id: business_groups.as_ref(),
    };
    let unmapped: Vec<&LiveGroup> = tree.iter().filter(|group| !live.mappings.contains_key(&group.id)).collect();
    let members =
        async { if live.members.is_some() { Ok(None) } else { if_allowed("members", observer.members().await) } };
    let mappings = async { if_allowed("mappings", observer.mappings_of(unmapped).await) };
    let assets = async {
        if !every_asset {
            return Ok(None);
        }
        if_allowed("assets", observer.all_assets(live.assets.as_ref()).await)
    };
    // What assets and mappings are called by people.
    let organization = live.portal.organization.as_ref().map(|organization| organization.id.clone());
    let groups_by_name = async {
        match &organization {
            Some(id) if live.business_groups.is_none() => {
                if_allowed("names of business groups", read_business_groups(reader, id).await)
            }
            _ => Ok(None),
        }
    };
    let providers = async {
        match &organization {
            Some(id) if live.identity_providers.is_none() => {
                if_allowed("names of identity providers", read_identity_providers(reader, id).await)
            }
            _ => Ok(None),
        }
    };
    let (members, mappings, assets, groups_by_name, providers) =
        tokio::try_join!(members, mappings, assets, groups_by_name, providers)?;
    live.business_groups = groups_by_name.or(live.business_groups.take());
    live.identity_providers = providers.or(live.identity_providers.take());
    live.members = members.or(live.members.take());
    live.mappings.extend(mappings.into_iter().flatten());
    live.assets = assets.or(live.assets.take());
    Ok(())
}

/// What was read, or nothing where the credential may not read it.
fn if_allowed<T>(what: &str, result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if is_forbidden(&error) => {
            tracing::warn!("the visibility analysis goes without the {what}: {error:#}");
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// The published assets, and which of them a group that goes sees.
type Catalog = (Option<BTreeMap<AssetKey, LiveAsset>>, BTreeMap<GroupId, BTreeSet<AssetKey>>);

struct Observer<'a> {
    reader: &'a Reader,
    path: &'a PortalPath,
    scope: Scope<'a>,
    tree: &'a [LiveGroup],
    parallelism: usize,
    /// Coordinates may be written with business groups' names.
    business_groups_by_id: Option<&'a BTreeMap<String, String>>,
}

impl Observer<'_> {
    async fn mappings(&self) -> Result<BTreeMap<GroupId, Vec<LiveMapping>>> {
        self.mappings_of(self.tree.iter().filter(|group| self.needs_mappings(group)).collect()).await
    }

    async fn mappings_of(&self, groups: Vec<&LiveGroup>) -> Result<BTreeMap<GroupId, Vec<LiveMapping>>> {
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
        let Scope::Plan(Needs { manifest, .. }) = self.scope else { return true };
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

    /// The plan may delete this group.
    fn is_going(&self, group: &LiveGroup) -> bool {
        let Scope::Plan(needs) = self.scope else { return true };
        let Needs { manifest, .. } = needs;
        if group.flags.is_built_in() {
            return false;
        }
        let declared = manifest
            .user_groups
            .iter()
            .flatten()
            .find(|declared| matches!(&declared.name.value, GroupReference::Named(name) if *name == group.name));
        match declared {
            Some(declared) => declared.goes(),
            None if needs.is_recorded(group) => true,
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
            Scope::Plan(_) => self.tree.iter().filter(|group| self.is_going(group)).collect(),
        };
        if !self.scope.needs_assets() && going.is_empty() {
            return Ok((None, BTreeMap::new()));
        }
        let visible_to: BTreeMap<GroupId, BTreeSet<AssetKey>> = stream::iter(going)
            .map(|group| async move {
                let keys = assets::io::visible_to(self.reader, self.path, &group.id)
                    .await
                    .with_context(|| format!("failed to search for the assets that `{}` sees", group.name))?;
                anyhow::Ok((group.id.clone(), keys))
            })
            .buffer_unordered(self.parallelism)
            .try_collect()
            .await?;
        let wanted = Wanted::new(self.scope, self.business_groups_by_id, &visible_to);
        let Listed { mut assets, vanished } = self.listed_assets(&wanted).await?;
        let gone: BTreeSet<AssetKey> = vanished.keys().cloned().collect();
        self.forget(&mut assets, vanished).await?;
        let visible_to = match self.scope {
            Scope::Plan(_) => {
                let is_there = |key: &AssetKey| !gone.contains(key);
                visible_to
                    .into_iter()
                    .map(|(group, keys)| (group, keys.into_iter().filter(is_there).collect()))
                    .collect()
            }
            Scope::Everything { .. } => visible_by_details(self.tree, &assets),
        };
        Ok((Some(assets), visible_to))
    }

    /// Every asset with its details, as far as they are not known already.
    async fn all_assets(&self, known: Option<&BTreeMap<AssetKey, LiveAsset>>) -> Result<BTreeMap<AssetKey, LiveAsset>> {
        let Some(known) = known else { return self.assets().await.map(|(assets, _)| assets.unwrap_or_default()) };
        stream::iter(known)
            .map(|(key, asset)| async move {
                let detail = match &asset.detail {
                    Some(detail) => Some(detail.clone()),
                    None => match assets::io::read(self.reader, self.path, key).await {
                        Ok(detail) => Some(detail),
                        // It has gone since it was listed; nothing is decided on it.
                        Err(error) if matches!(error.status(), Some(400 | 404)) => None,
                        Err(error) => return Err(unreadable(key, error)),
                    },
                };
                Ok((key.clone(), LiveAsset { detail, ..asset.clone() }))
            })
            .buffer_unordered(self.parallelism * 2)
            .try_collect()
            .await
    }

    /// Lists the assets page by page, and reads the details that are wanted while later pages still load.
    async fn listed_assets(&self, wanted: &Wanted<'_>) -> Result<Listed> {
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
                match assets::io::read(self.reader, self.path, &key).await {
                    Ok(detail) => Ok((key, Ok(detail))),
                    // It was listed: whether it has gone since is for the list to say.
                    Err(error) if matches!(error.status(), Some(400 | 404)) => Ok((key, Err(error))),
                    Err(error) => Err(unreadable(&key, error)),
                }
            })
            .buffer_unordered(self.parallelism * 2)
            .try_collect::<Vec<(AssetKey, Result<AssetDetail, client::Error>)>>();
        let (mut assets, details) = tokio::try_join!(list, details)?;
        let mut vanished = BTreeMap::new();
        for (key, detail) in details {
            match detail {
                Ok(detail) => {
                    if let Some(asset) = assets.get_mut(&key) {
                        asset.detail = Some(detail);
                    }
                }
                Err(error) => _ = vanished.insert(key, error),
            }
        }
        Ok(Listed { assets, vanished })
    }

    /// Takes out assets that were listed and then could not be found, if a second list agrees that they have gone.
    ///
    /// A list that still has them, or that lacks others as well, is no ground to plan on.
    async fn forget(
        &self,
        assets: &mut BTreeMap<AssetKey, LiveAsset>,
        mut vanished: BTreeMap<AssetKey, client::Error>,
    ) -> Result<()> {
        if vanished.is_empty() {
            return Ok(());
        }
        let again = self
            .reader
            .search_assets(self.path, &AssetQuery::default())
            .await
            .context("failed to list the portal's assets once more")?;
        let again: BTreeSet<AssetKey> =
            again.into_iter().map(|asset| AssetKey::new(asset.group_id, asset.asset_id)).collect();
        if let Some(key) = vanished.keys().find(|key| again.contains(*key)).cloned()
            && let Some(error) = vanished.remove(&key)
        {
            return Err(unreadable(&key, error));
        }
        assets.retain(|key, _| !vanished.contains_key(key));
        if let Some(lost) = assets.keys().find(|key| !again.contains(*key)) {
            return Err(Failure::new(format!(
                "the portal's assets change while they are read: {lost} was listed, and a moment later it was not"
            ))
            .hint("nothing is planned on such a read; try again when whoever changes the portal is done")
            .into());
        }
        for key in vanished.keys() {
            tracing::warn!("asset {key} was taken off the portal while it was read");
        }
        Ok(())
    }

    async fn people(&self) -> Result<(Option<Vec<LiveMember>>, Option<Vec<LiveProspect>>)> {
        let is_recorded = |group| matches!(self.scope, Scope::Plan(needs) if needs.is_recorded(group));
        if self.scope.needs_members() || self.tree.iter().any(is_recorded) {
            return tokio::try_join!(self.members(), self.prospects())
                .map(|(members, prospects)| (Some(members), prospects));
        }
        let prospects = self.prospects().await?;
        let members = match &prospects {
            Some(prospects) if self.scope.lets_in(prospects) => Some(self.members().await?),
            _ => None,
        };
        Ok((members, prospects))
    }

    async fn members(&self) -> Result<Vec<LiveMember>> {
        members::io::read_all(self.reader, self.path).await.context("failed to list the members")
    }

    async fn prospects(&self) -> Result<Option<Vec<LiveProspect>>> {
        if !self.scope.needs_prospects() {
            return Ok(None);
        }
        prospects::io::read(self.reader, self.path, None).await.context("failed to list the pending sign-ups").map(Some)
    }
}

/// The portal's assets, and those that were listed and could not be found a moment later.
struct Listed {
    assets: BTreeMap<AssetKey, LiveAsset>,
    vanished: BTreeMap<AssetKey, client::Error>,
}

fn unreadable(key: &AssetKey, error: client::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("failed to read who sees asset {key}"))
}

/// Whose details are needed.
struct Wanted<'a> {
    everything: bool,
    keys: BTreeSet<AssetKey>,
    patterns: Vec<glob::Pattern>,
    /// Whatever a pattern says of them.
    unmanaged: BTreeSet<AssetKey>,
    business_groups: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Wanted<'a> {
    fn new(
        scope: Scope<'_>,
        business_groups: Option<&'a BTreeMap<String, String>>,
        visible_to: &BTreeMap<GroupId, BTreeSet<AssetKey>>,
    ) -> Self {
        let Scope::Plan(Needs { manifest, applied, .. }) = scope else {
            return Self {
                everything: true,
                keys: BTreeSet::new(),
                patterns: Vec::new(),
                unmanaged: BTreeSet::new(),
                business_groups,
            };
        };
        let ids: BTreeMap<&str, Vec<&str>> =
            business_groups.into_iter().flatten().fold(BTreeMap::new(), |mut ids, (id, name)| {
                ids.entry(name.as_str()).or_insert_with(Vec::new).push(id.as_str());
                ids
            });
        let mut keys: BTreeSet<AssetKey> = visible_to.values().flatten().cloned().collect();
        let mut unmanaged = BTreeSet::new();
        let known_as = |asset: &Asset| -> Vec<AssetKey> {
            let named = ids.get(asset.group.as_str()).into_iter().flatten().copied();
            let groups = std::iter::once(asset.group.as_str()).chain(named);
            groups.map(|group| AssetKey::new(group, asset.asset_id.as_str())).collect()
        };
        for asset in manifest.assets.iter().flatten() {
            let keys = if asset.state == AssetState::Unmanaged { &mut unmanaged } else { &mut keys };
            keys.extend(known_as(asset));
        }
        // What was applied last may go, if assets are still declared at all.
        let recorded = applied.iter().filter(|_| manifest.assets.is_some()).flat_map(|earlier| &earlier.assets);
        for asset in recorded.flatten().filter(|asset| asset.state != AssetState::Unmanaged) {
            keys.extend(known_as(asset).into_iter().filter(|key| !unmanaged.contains(key)));
        }
        let patterns = manifest.prune.assets.iter().filter_map(|pattern| glob::Pattern::new(pattern).ok()).collect();
        Self { everything: false, keys, patterns, unmanaged, business_groups }
    }

    fn contains(&self, key: &AssetKey) -> bool {
        self.everything
            || self.keys.contains(key)
            || (!self.unmanaged.contains(key)
                && self.patterns.iter().any(|pattern| matches_asset(pattern, key, self.business_groups)))
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
