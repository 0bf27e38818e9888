//! `get`

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::{block_on, connection, output};
use crate::cli::{Format, Get, GetKind, Global, Search};
use crate::client::{self, AssetQuery, BusinessGroup, ExchangeQuery, PortalPath, Reader, UserGroup, UserQuery};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::members;
use crate::observe::{Target, locate};
use crate::render;
use crate::render::table::Table;
use crate::resolve::is_uuid;

pub(super) fn run(global: &Global, arguments: &Get) -> Result<Exit> {
    output::require_format(global, "get", &[Format::Human, Format::Json, Format::Csv])?;
    let (table, json) = block_on(async {
        let connection = connection::connect(global, Target::default(), None).await?;
        let getter = Getter { reader: connection.client.reader(), target: connection.target.clone() };
        let found = getter.get(&arguments.kind, usize::from(global.parallelism)).await;
        connection.log_requests("got");
        found
    })?;
    output::data(&match global.format {
        Format::Json => render::pretty(&json),
        Format::Csv => table.csv(),
        Format::Human | Format::Markdown | Format::Html => table.render(None),
    })?;
    Ok(Exit::Done)
}

/// The same answer for people and for scripts.
type Found = (Table, serde_json::Value);

struct Getter {
    reader: Reader,
    target: Target,
}

impl Getter {
    async fn get(&self, kind: &GetKind, parallelism: usize) -> Result<Found> {
        match kind {
            GetKind::Connections => self.connections().await,
            GetKind::Portals => self.portals().await,
            GetKind::UserGroups => self.user_groups().await,
            GetKind::IdpMappings { user_group } => self.idp_mappings(user_group.as_deref(), parallelism).await,
            GetKind::Assets { search, user_group, inherited } => {
                self.assets(search, user_group.as_deref(), *inherited).await
            }
            GetKind::Asset { coordinates } => self.asset(coordinates).await,
            GetKind::Exchange { search } => self.exchange(search).await,
            GetKind::Members { search, disabled, active } => {
                self.members(search.clone(), active.then_some(true).or(disabled.then_some(false))).await
            }
            GetKind::Member { user } => self.member(user).await,
            GetKind::Prospects { search, count } => self.prospects(search.as_deref(), *count).await,
            GetKind::IdentityProviders => self.identity_providers().await,
            GetKind::BusinessGroups => self.business_groups().await,
        }
    }

    async fn portal(&self) -> Result<(PortalPath, Vec<crate::state::LiveGroup>)> {
        let found = locate(&self.reader, &self.target).await?;
        Ok((found.path, found.tree))
    }

    async fn connections(&self) -> Result<Found> {
        let connections = self.reader.connections().await?;
        let mut table = Table::new(["ID", "DOMAIN", "ENVIRONMENT", "TYPE"]);
        for connection in &connections {
            table.row([
                connection.id.clone(),
                text(connection.target_organization_domain.as_ref()),
                text(connection.environment.as_ref()),
                text(connection.connection_type.as_ref()),
            ]);
        }
        found(table, &connections)
    }

    async fn portals(&self) -> Result<Found> {
        let connections = self.reader.connections().await?;
        let wanted = self.target.connection.as_deref();
        let mut portals = Vec::new();
        for connection in &connections {
            let domain = connection.target_organization_domain.as_deref();
            if wanted.is_none_or(|wanted| connection.id == wanted || domain == Some(wanted)) {
                let listed = self.reader.portals(&connection.id).await?;
                portals.extend(listed.into_iter().map(|portal| (domain.unwrap_or(&connection.id), portal)));
            }
        }
        let mut table = Table::new(["NAME", "ID", "TARGET ID", "CONNECTION", "SITE"]);
        for (connection, portal) in &portals {
            table.row([
                portal.name.clone(),
                portal.id.clone(),
                text(portal.target_portal_id.as_ref()),
                (*connection).to_owned(),
                text(portal.site_url.as_ref()),
            ]);
        }
        found(table, &portals.into_iter().map(|(_, portal)| portal).collect::<Vec<_>>())
    }

    async fn user_groups(&self) -> Result<Found> {
        let (path, _) = self.portal().await?;
        let tree = self.reader.user_groups(&path).await?;
        let mut table = Table::new(["NAME", "FLAGS", "ID", "DESCRIPTION"]);
        let mut open: Vec<(usize, &UserGroup)> = tree.iter().rev().map(|group| (0, group)).collect();
        while let Some((depth, group)) = open.pop() {
            let flags = [
                (group.is_admin, "admin"),
                (group.is_default, "default"),
                (group.is_public, "public"),
                (group.is_auto_generated, "auto-generated"),
            ];
            let flags: Vec<&str> = flags.into_iter().filter_map(|(set, name)| set.then_some(name)).collect();
            table.row([
                format!("{}{}", "  ".repeat(depth), group.name),
                flags.join(","),
                group.id.clone(),
                text(group.description.as_ref()),
            ]);
            open.extend(group.children.iter().rev().map(|child| (depth + 1, child)));
        }
        found(table, &tree)
    }

    async fn idp_mappings(&self, user_group: Option<&str>, parallelism: usize) -> Result<Found> {
        #[derive(Serialize)]
        struct Row {
            user_group: String,
            user_group_id: String,
            #[serde(flatten)]
            mapping: client::GroupMapping,
        }
        let (path, tree) = self.portal().await?;
        let wanted: Vec<_> = match user_group {
            None => tree,
            Some(name) => vec![group_named(tree, name)?],
        };
        let rows: Vec<Row> = stream::iter(wanted)
            .map(|group| {
                let path = &path;
                async move {
                    let mappings = self.reader.group_mappings(path, group.id.as_str()).await?;
                    anyhow::Ok(mappings.into_iter().map(move |mapping| Row {
                        user_group: group.name.clone(),
                        user_group_id: group.id.to_string(),
                        mapping,
                    }))
                }
            })
            .buffered(parallelism)
            .try_collect::<Vec<_>>()
            .await?
            .into_iter()
            .flatten()
            .collect();
        let mut table = Table::new(["USER GROUP", "PROVIDER", "EXTERNAL GROUP", "MEMBERSHIP"]);
        for row in &rows {
            table.row([
                row.user_group.clone(),
                row.mapping.provider_id.clone(),
                row.mapping.external_group_name.clone(),
                text(row.mapping.membership_type.as_ref()),
            ]);
        }
        found(table, &rows)
    }

    async fn assets(&self, search: &Search, user_group: Option<&str>, inherited: bool) -> Result<Found> {
        let (path, tree) = self.portal().await?;
        let user_group_id = match user_group {
            Some(name) => Some(group_named(tree, name)?.id.to_string()),
            None => None,
        };
        let query = AssetQuery {
            search_term: search.search.clone(),
            show_inherited: user_group_id.is_some().then_some(inherited),
            user_group_id,
            categories: search.categories.clone(),
            tags: search.tags.clone(),
            ..AssetQuery::default()
        };
        let assets = self.reader.search_assets(&path, &query).await?;
        let mut table = Table::new(["GROUP", "ASSET", "TYPE", "NAME", "BUSINESS GROUP"]);
        for asset in &assets {
            table.row([
                asset.group_id.clone(),
                asset.asset_id.clone(),
                text(asset.asset_type.as_ref()),
                text(asset.name.as_ref()),
                text(asset.business_group_name.as_ref()),
            ]);
        }
        found(table, &assets)
    }

    async fn asset(&self, coordinates: &str) -> Result<Found> {
        let Some((group, asset_id)) =
            coordinates.rsplit_once('/').filter(|(group, id)| !group.is_empty() && !id.is_empty())
        else {
            return Err(Failure::with_exit(Exit::Usage, format!("`{coordinates}` is not an asset's coordinates"))
                .hint("write groupId/assetId, or business group/assetId")
                .into());
        };
        let (path, tree) = self.portal().await?;
        let group_id = self.group_id(group).await?;
        let asset = self.reader.asset(&path, &group_id, asset_id).await?;
        let names: BTreeMap<&str, &str> = tree.iter().map(|group| (group.id.as_str(), group.name.as_str())).collect();
        let mut table = Table::new(["VERSION", "VISIBLE TO"]);
        for version in asset.versions.iter().flatten() {
            let groups = match &version.groups {
                None => "(unknown)".to_owned(),
                Some(ids) if ids.is_empty() => "(nobody)".to_owned(),
                Some(ids) => names_of(ids, &names),
            };
            table.row([version.minor_version.clone(), groups]);
        }
        table.row(["instances".to_owned(), text(asset.instance_visibility.as_ref())]);
        found(table, &asset)
    }

    /// A business group's name stands for its id.
    async fn group_id(&self, group: &str) -> Result<String> {
        if is_uuid(group) {
            return Ok(group.to_owned());
        }
        let me = self.reader.me().await?;
        let mut open = vec![self.reader.hierarchy(&me.organization_id).await?];
        let mut ids = Vec::new();
        while let Some(business_group) = open.pop() {
            if business_group.name == group {
                ids.push(business_group.id);
            }
            open.extend(business_group.sub_organizations);
        }
        match ids.as_slice() {
            [] => Ok(group.to_owned()),
            [id] => Ok(id.clone()),
            _ => Err(Failure::new(format!("several business groups are named `{group}`: {}", ids.join(", ")))
                .hint("use one of the ids")
                .into()),
        }
    }

    async fn exchange(&self, search: &Search) -> Result<Found> {
        let (path, _) = self.portal().await?;
        let query = ExchangeQuery {
            search_term: search.search.clone(),
            categories: search.categories.clone(),
            tags: search.tags.clone(),
            ..ExchangeQuery::default()
        };
        let assets = self.reader.search_exchange(&path, &query).await?;
        let mut table = Table::new(["GROUP", "ASSET", "LATEST", "TYPE", "NAME", "BUSINESS GROUP"]);
        for asset in &assets {
            table.row([
                asset.group_id.clone(),
                asset.asset_id.clone(),
                text(asset.latest_version.as_ref()),
                text(asset.asset_type.as_ref()),
                text(asset.name.as_ref()),
                text(asset.business_group_name.as_ref()),
            ]);
        }
        found(table, &assets)
    }

    async fn members(&self, search: Option<String>, active: Option<bool>) -> Result<Found> {
        let (path, tree) = self.portal().await?;
        let list = |is_active| {
            let query = UserQuery { search_term: search.clone(), is_active: Some(is_active) };
            let path = &path;
            async move { self.reader.users(path, &query).await }
        };
        // The API does not say whether an unfiltered list holds the disabled ones.
        let mut users = if let Some(active) = active {
            list(active).await?
        } else {
            let (mut active, disabled) = tokio::try_join!(list(true), list(false))?;
            active.extend(disabled);
            active
        };
        users.sort_by(|a, b| a.id.cmp(&b.id));
        users.dedup_by(|a, b| a.id == b.id);
        users.sort_by(|a, b| (&a.username, &a.email, &a.id).cmp(&(&b.username, &b.email, &b.id)));
        found(users_table(&users, &tree), &users)
    }

    async fn member(&self, user: &str) -> Result<Found> {
        let (path, tree) = self.portal().await?;
        let mut matching = Vec::new();
        // The contract's ids are UUIDs; whatever else they may be, they are no email addresses.
        if !user.contains('@') {
            match self.reader.user(&path, user).await {
                Ok(found) => matching.push(found),
                // An id that the hub does not like is no id: it may be a name.
                Err(error) if error.is_not_found() || error.status() == Some(400) => {}
                Err(error) => return Err(error).context("failed to look for a member of that id"),
            }
        }
        if matching.is_empty() {
            for is_active in [true, false] {
                let query = UserQuery { search_term: members::io::search_term(user), is_active: Some(is_active) };
                matching.extend(self.reader.users(&path, &query).await?);
            }
            let is_meant =
                |name: &Option<String>| name.as_ref().is_some_and(|name| name.to_lowercase() == user.to_lowercase());
            matching.retain(|found| is_meant(&found.username) || is_meant(&found.email));
            matching.sort_by(|a, b| a.id.cmp(&b.id));
            matching.dedup_by(|a, b| a.id == b.id);
        }
        match matching.as_slice() {
            [] => Err(Failure::new(format!("there is no member `{user}`"))
                .hint("give an id, username or email; `aehctl get members --search TEXT` looks for parts of names")
                .into()),
            [one] => found(users_table(&matching, &tree), one),
            several => {
                let ids = several.iter().map(|user| user.id.as_str()).collect::<Vec<_>>().join(", ");
                Err(Failure::new(format!("`{user}` means several members: {ids}")).hint("use one of the ids").into())
            }
        }
    }

    async fn prospects(&self, search: Option<&str>, count: bool) -> Result<Found> {
        let (path, _) = self.portal().await?;
        if count {
            let count = self.reader.prospect_count(&path).await?;
            let mut table = Table::new(["PENDING"]);
            table.row([count.to_string()]);
            return found(table, &serde_json::json!({ "count": count }));
        }
        let mut prospects = self.reader.prospects(&path, search).await?;
        prospects.retain(|prospect| prospect.status.as_deref().is_none_or(|status| status == "PENDING"));
        let mut table = Table::new(["USERNAME", "EMAIL", "NAME", "SINCE", "ID"]);
        for prospect in &prospects {
            let name = [&prospect.first_name, &prospect.last_name].into_iter().flatten().cloned().collect::<Vec<_>>();
            table.row([
                text(prospect.username.as_ref()),
                text(prospect.email.as_ref()),
                name.join(" "),
                text(prospect.created_date.as_ref()),
                prospect.id.clone(),
            ]);
        }
        found(table, &prospects)
    }

    async fn identity_providers(&self) -> Result<Found> {
        let me = self.reader.me().await?;
        let providers = self.reader.identity_providers(&me.organization_id).await?;
        let mut table = Table::new(["NAME", "ID", "TYPE"]);
        for provider in &providers {
            table.row([provider.name.clone(), provider.provider_id.clone(), text(provider.provider_type.as_ref())]);
        }
        found(table, &providers)
    }

    async fn business_groups(&self) -> Result<Found> {
        let me = self.reader.me().await?;
        let root = self.reader.hierarchy(&me.organization_id).await?;
        let mut table = Table::new(["NAME", "ID"]);
        let mut open: Vec<(usize, &BusinessGroup)> = vec![(0, &root)];
        while let Some((depth, group)) = open.pop() {
            table.row([format!("{}{}", "  ".repeat(depth), group.name), group.id.clone()]);
            open.extend(group.sub_organizations.iter().rev().map(|child| (depth + 1, child)));
        }
        found(table, &root)
    }
}

fn found<S: Serialize>(table: Table, data: &S) -> Result<Found> {
    Ok((table, serde_json::to_value(data).context("failed to write the result as JSON")?))
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn group_named(tree: Vec<crate::state::LiveGroup>, name: &str) -> Result<crate::state::LiveGroup> {
    let mut matching: Vec<_> =
        tree.into_iter().filter(|group| group.id.as_str() == name || group.name == name).collect();
    match matching.len() {
        1 => Ok(matching.remove(0)),
        0 => Err(Failure::new(format!("there is no user group `{name}`"))
            .hint("`aehctl get user-groups` lists them")
            .into()),
        _ => Err(Failure::new(format!("several user groups are named `{name}`")).hint("use one of the ids").into()),
    }
}

/// Groups by name, in the order of the names; an id that the tree does not hold is shown as it is.
fn names_of(ids: &[String], names: &BTreeMap<&str, &str>) -> String {
    let mut found: Vec<&str> = ids.iter().map(|id| *names.get(id.as_str()).unwrap_or(&id.as_str())).collect();
    found.sort_unstable();
    found.join(", ")
}

fn users_table(users: &[client::User], tree: &[crate::state::LiveGroup]) -> Table {
    let names: BTreeMap<&str, &str> = tree.iter().map(|group| (group.id.as_str(), group.name.as_str())).collect();
    let mut table = Table::new(["USERNAME", "EMAIL", "NAME", "STATE", "USER GROUPS", "ID"]);
    for user in users {
        let groups = user.user_group_ids.as_ref().map(|ids| names_of(ids, &names)).unwrap_or_default();
        let state = match user.is_active {
            Some(true) => "active",
            Some(false) => "disabled",
            None => "",
        };
        table.row([
            text(user.username.as_ref()),
            text(user.email.as_ref()),
            text(user.name.as_ref()),
            state.to_owned(),
            groups,
            user.id.clone(),
        ]);
    }
    table
}
