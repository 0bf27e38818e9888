//! The hub's operations that change something.
//!
//! None is repeated unless it certainly had no effect. After any error, [`Error::outcome_unknown`] says whether only
//! reading can tell what happened.

use std::sync::Arc;

use serde::Serialize;

use super::error::Error;
use super::operation::Operation;
use super::session::Session;
use super::target::{PortalPath, Target};
use super::transport::Call;
use super::wire::lenient::List;
use super::wire::{AssetCoordinates, Created};

/// Changes a portal.
#[derive(Debug)]
pub struct Writer {
    pub(super) session: Arc<Session>,
}

/// A user group to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewUserGroup {
    /// Of at most 95 characters.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The id of the parent; `None` for the top level.
    #[serde(rename = "parentUserGroupId", skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

#[derive(Serialize)]
struct UserGroupUpdate<'a> {
    name: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewGroupMapping<'a> {
    group_mapping_name: &'a str,
    idp_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssetUpdate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    instances_visibility: Option<&'a str>,
    minor_versions: Vec<MinorVersion<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MinorVersion<'a> {
    minor_version: &'a str,
    profile_visibility: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Approval<'a> {
    user_group_ids: &'a [String],
}

impl Writer {
    /// Creates a user group (createUserGroup) and returns its id, if the answer names it; none is documented.
    pub async fn create_user_group(&self, portal: &PortalPath, group: &NewUserGroup) -> Result<Option<String>, Error> {
        let call = Call::new(Operation::CreateUserGroup, &Target::Portal(portal))?.with_json(group);
        let body = self.session.send(&call).await?;
        Ok(serde_json::from_slice(&body).ok().map(|Created { id }| id))
    }

    /// Sets a user group's name and description (updateUserGroup).
    pub async fn update_user_group(
        &self,
        portal: &PortalPath,
        group_id: &str,
        name: &str,
        description: &str,
    ) -> Result<(), Error> {
        let target = Target::UserGroup(portal, group_id);
        self.write(Operation::UpdateUserGroup, &target, &UserGroupUpdate { name, description }).await
    }

    /// Deletes a user group (deleteUserGroup).
    pub async fn delete_user_group(&self, portal: &PortalPath, group_id: &str) -> Result<(), Error> {
        self.act(Operation::DeleteUserGroup, &Target::UserGroup(portal, group_id)).await
    }

    /// Maps an external group to a user group (addAdditionalGroupMapping).
    pub async fn add_group_mapping(
        &self,
        portal: &PortalPath,
        group_id: &str,
        provider_id: &str,
        name: &str,
    ) -> Result<(), Error> {
        let mapping = NewGroupMapping { group_mapping_name: name, idp_id: provider_id };
        self.write(Operation::AddAdditionalGroupMapping, &Target::UserGroup(portal, group_id), &mapping).await
    }

    /// Ends the mapping of an external group to a user group (deleteGroupMappings).
    pub async fn delete_group_mapping(
        &self,
        portal: &PortalPath,
        group_id: &str,
        provider_id: &str,
        name: &str,
    ) -> Result<(), Error> {
        let target = Target::GroupMapping { portal, user_group: group_id, provider: provider_id, name };
        self.act(Operation::DeleteGroupMappings, &target).await
    }

    /// Publishes assets (addAssetsToCommunity) and returns those that the answer says were published: maybe fewer.
    pub async fn publish_assets(
        &self,
        portal: &PortalPath,
        assets: &[AssetCoordinates],
    ) -> Result<Vec<AssetCoordinates>, Error> {
        let call = Call::new(Operation::AddAssetsToCommunity, &Target::Portal(portal))?.with_json(assets);
        let List(published) = self.session.read(&call).await?;
        Ok(published)
    }

    /// Sets who sees an asset (updateCommunityAsset).
    ///
    /// Whether versions that are left out keep their audience is not documented: send all. Without `instances` the
    /// instance visibility is left out as well.
    pub async fn update_asset(
        &self,
        portal: &PortalPath,
        group_id: &str,
        asset_id: &str,
        instances: Option<&str>,
        versions: &[(String, Vec<String>)],
    ) -> Result<(), Error> {
        let minor_versions = versions
            .iter()
            .map(|(minor_version, groups)| MinorVersion { minor_version, profile_visibility: groups })
            .collect();
        let update = AssetUpdate { instances_visibility: instances, minor_versions };
        self.write(Operation::UpdateCommunityAsset, &Target::Asset { portal, group_id, asset_id }, &update).await
    }

    /// Takes assets out of a portal (removeAssetFromCommunity).
    pub async fn remove_assets(&self, portal: &PortalPath, assets: &[AssetCoordinates]) -> Result<(), Error> {
        self.write(Operation::RemoveAssetFromCommunity, &Target::Portal(portal), assets).await
    }

    /// Sets a member's groups (addGroupMappingToUser): the complete set, of at most 20.
    pub async fn set_user_groups(&self, portal: &PortalPath, user_id: &str, groups: &[String]) -> Result<(), Error> {
        self.write(Operation::AddGroupMappingToUser, &Target::User(portal, user_id), groups).await
    }

    /// Lets a member in again (enableCommunityUser).
    pub async fn enable_user(&self, portal: &PortalPath, user_id: &str) -> Result<(), Error> {
        self.act(Operation::EnableCommunityUser, &Target::User(portal, user_id)).await
    }

    /// Keeps a member out (disableCommunityUser).
    pub async fn disable_user(&self, portal: &PortalPath, user_id: &str) -> Result<(), Error> {
        self.act(Operation::DisableCommunityUser, &Target::User(portal, user_id)).await
    }

    /// Makes a prospect a member of these groups (approveProspect); cannot be undone.
    pub async fn approve_prospect(
        &self,
        portal: &PortalPath,
        prospect_id: &str,
        groups: &[String],
    ) -> Result<(), Error> {
        let approval = Approval { user_group_ids: groups };
        self.write(Operation::ApproveProspect, &Target::Prospect(portal, prospect_id), &approval).await
    }

    /// Deletes a prospect's request (rejectProspect); the person may ask again.
    pub async fn reject_prospect(&self, portal: &PortalPath, prospect_id: &str) -> Result<(), Error> {
        self.act(Operation::RejectProspect, &Target::Prospect(portal, prospect_id)).await
    }

    /// Sends a write with a body; what its answer holds does not matter.
    async fn write<B: Serialize + ?Sized + Sync>(
        &self,
        operation: Operation,
        target: &Target<'_>,
        body: &B,
    ) -> Result<(), Error> {
        self.session.send(&Call::new(operation, target)?.with_json(body)).await.map(drop)
    }

    /// Sends a write without a body.
    async fn act(&self, operation: Operation, target: &Target<'_>) -> Result<(), Error> {
        self.session.send(&Call::new(operation, target)?).await.map(drop)
    }
}
