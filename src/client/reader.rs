//! The hub's operations that read.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::error::{Error, Kind};
use super::operation::Operation;
use super::paging::{Pages, X_FROM, X_OFFSET, collect, pages};
use super::session::Session;
use super::target::{PortalPath, Target, push_query};
use super::transport::Call;
use super::wire::lenient::List;
use super::wire::{
    AssetDetail, CommunityAsset, Connection, ExchangeAsset, GroupMapping, Portal, Prospect, ProspectCount, User,
    UserGroup,
};

/// Reads a portal and what is around it; changes nothing.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) session: Arc<Session>,
}

impl Reader {
    /// Returns whether somebody wants it to end: see [`Client::hurry`](super::Client::hurry).
    pub fn is_hurried(&self) -> bool {
        self.session.is_hurried()
    }
}

/// Which members to list; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Part of a name or email, of at most 128 characters.
    pub search_term: Option<String>,
    pub is_active: Option<bool>,
}

/// Which published assets to list; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_term: Option<String>,
    /// Only what this group sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_group_id: Option<String>,
    /// `key:value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub sort: Sort,
    /// Whether a group's ancestors count too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_inherited: Option<bool>,
}

/// Which assets of Exchange to list; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_term: Option<String>,
    /// `key:value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub sort: Sort,
}

/// An order of assets; by name unless something else is said.
///
/// It is always sent: in a server's own order, which may be by time, assets would move between pages while somebody
/// works on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sort {
    pub criteria: Criteria,
    pub direction: Direction,
}

impl Default for Sort {
    fn default() -> Self {
        Self { criteria: Criteria::Name, direction: Direction::Ascending }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Criteria {
    LastUpdated,
    Name,
    CreatedAt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Direction {
    #[serde(rename = "ASC")]
    Ascending,
    #[serde(rename = "DESC")]
    Descending,
}

impl Reader {
    /// Lists the organization's connections (getConnections).
    pub async fn connections(&self) -> Result<Vec<Connection>, Error> {
        self.list(Operation::GetConnections, &Target::Hub).await
    }

    /// Lists the portals of a connection (getAllApiPortalByConnectionId).
    pub async fn portals(&self, connection_id: &str) -> Result<Vec<Portal>, Error> {
        self.list(Operation::GetAllApiPortalByConnectionId, &Target::Connection(connection_id)).await
    }

    /// Reads the tree of user groups (getAllProfilesByPortal).
    ///
    /// An id that occurs twice is an error: a tree in which a group has two places cannot be reasoned about.
    pub async fn user_groups(&self, portal: &PortalPath) -> Result<Vec<UserGroup>, Error> {
        let call = Call::new(Operation::GetAllProfilesByPortal, &Target::Portal(portal))?;
        let List(groups) = self.session.read(&call).await?;
        match repeated(&groups, |group: &UserGroup| (&group.id, &group.children)) {
            None => Ok(groups),
            Some(id) => {
                let message = format!("user group {id} stands twice in the tree");
                Err(self.session.senseless(&call, Kind::Decode, &message))
            }
        }
    }

    /// Lists the external groups that are mapped to a user group (getGroupMappings).
    pub async fn group_mappings(&self, portal: &PortalPath, group_id: &str) -> Result<Vec<GroupMapping>, Error> {
        self.list(Operation::GetGroupMappings, &Target::UserGroup(portal, group_id)).await
    }

    /// Lists members (getCommunityUsers, all pages).
    pub async fn users(&self, portal: &PortalPath, query: &UserQuery) -> Result<Vec<User>, Error> {
        collect(self.user_pages(portal, query)).await
    }

    /// Lists members page by page (getCommunityUsers).
    pub fn user_pages(&self, portal: &PortalPath, query: &UserQuery) -> Pages<User> {
        let UserQuery { search_term, is_active } = query;
        let call = Call::new(Operation::GetCommunityUsers, &Target::Portal(portal)).map(|mut call| {
            if let Some(search_term) = search_term {
                push_query(&mut call.query, "searchTerm", search_term);
            }
            if let Some(is_active) = is_active {
                push_query(&mut call.query, "isActive", if *is_active { "true" } else { "false" });
            }
            call
        });
        pages(Arc::clone(&self.session), call, &X_OFFSET, |user: &User| user.id.clone())
    }

    /// Reads one member (getCommunityUser).
    pub async fn user(&self, portal: &PortalPath, user_id: &str) -> Result<User, Error> {
        let call = Call::new(Operation::GetCommunityUser, &Target::User(portal, user_id))?;
        self.session.read(&call).await
    }

    /// Lists prospects, pending and approved (getProspects).
    pub async fn prospects(&self, portal: &PortalPath, search_term: Option<&str>) -> Result<Vec<Prospect>, Error> {
        let mut call = Call::new(Operation::GetProspects, &Target::Portal(portal))?;
        if let Some(search_term) = search_term {
            push_query(&mut call.query, "searchTerm", search_term);
        }
        let List(prospects) = self.session.read(&call).await?;
        Ok(prospects)
    }

    /// Counts pending prospects (getProspectCount).
    pub async fn prospect_count(&self, portal: &PortalPath) -> Result<u64, Error> {
        let call = Call::new(Operation::GetProspectCount, &Target::Portal(portal))?;
        let ProspectCount { count } = self.session.read(&call).await?;
        Ok(count)
    }

    /// Lists published assets (searchCommunityAssets, all pages).
    pub async fn search_assets(&self, portal: &PortalPath, query: &AssetQuery) -> Result<Vec<CommunityAsset>, Error> {
        collect(self.asset_pages(portal, query)).await
    }

    /// Lists published assets page by page (searchCommunityAssets).
    pub fn asset_pages(&self, portal: &PortalPath, query: &AssetQuery) -> Pages<CommunityAsset> {
        self.search(Operation::SearchCommunityAssets, portal, query, |asset: &CommunityAsset| {
            (asset.group_id.clone(), asset.asset_id.clone())
        })
    }

    /// Reads who sees an asset (getAllVersionsVisibilityByGA).
    pub async fn asset(&self, portal: &PortalPath, group_id: &str, asset_id: &str) -> Result<AssetDetail, Error> {
        let target = Target::Asset { portal, group_id, asset_id };
        let call = Call::new(Operation::GetAllVersionsVisibilityByGa, &target)?;
        self.session.read(&call).await
    }

    /// Lists assets of Exchange, by the new search or, where a hub does not have it, by the legacy one.
    pub async fn search_exchange(
        &self,
        portal: &PortalPath,
        query: &ExchangeQuery,
    ) -> Result<Vec<ExchangeAsset>, Error> {
        let missing = match self.search_exchange_now(portal, query).await {
            Err(error) if error.is_missing_operation() => error,
            result => return result,
        };
        tracing::debug!("{missing}; taking the legacy search");
        match self.search_exchange_legacy(portal, query).await {
            // Neither is there: then it is the portal that is missing, which the first error says as well.
            Err(error) if error.is_missing_operation() => Err(missing),
            result => result,
        }
    }

    /// Lists assets of Exchange (searchExchangeAssets, all pages).
    pub async fn search_exchange_now(
        &self,
        portal: &PortalPath,
        query: &ExchangeQuery,
    ) -> Result<Vec<ExchangeAsset>, Error> {
        collect(self.search(Operation::SearchExchangeAssets, portal, query, coordinates)).await
    }

    /// Lists assets of Exchange (legacySearchExchangeAssets, all pages).
    pub async fn search_exchange_legacy(
        &self,
        portal: &PortalPath,
        query: &ExchangeQuery,
    ) -> Result<Vec<ExchangeAsset>, Error> {
        collect(self.search(Operation::LegacySearchExchangeAssets, portal, query, coordinates)).await
    }

    fn search<T, Q>(
        &self,
        operation: Operation,
        portal: &PortalPath,
        query: &Q,
        key: impl Fn(&T) -> (String, String) + Send + Sync + 'static,
    ) -> Pages<T>
    where
        T: serde::de::DeserializeOwned + Send + 'static,
        Q: Serialize,
    {
        let call = Call::new(operation, &Target::Portal(portal)).map(|call| call.with_json(query));
        pages(Arc::clone(&self.session), call, &X_FROM, key)
    }

    async fn list<T: serde::de::DeserializeOwned>(
        &self,
        operation: Operation,
        target: &Target<'_>,
    ) -> Result<Vec<T>, Error> {
        let List(rows) = self.session.read(&Call::new(operation, target)?).await?;
        Ok(rows)
    }
}

fn coordinates(asset: &ExchangeAsset) -> (String, String) {
    (asset.group_id.clone(), asset.asset_id.clone())
}

/// Returns an id that stands twice in a tree.
pub(super) fn repeated<T>(roots: &[T], look: impl Fn(&T) -> (&String, &Vec<T>)) -> Option<String> {
    let mut seen = HashSet::new();
    let mut open: Vec<&T> = roots.iter().collect();
    while let Some(node) = open.pop() {
        let (id, children) = look(node);
        if !seen.insert(id) {
            return Some(id.clone());
        }
        open.extend(children);
    }
    None
}
