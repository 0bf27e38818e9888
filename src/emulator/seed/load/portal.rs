//! A portal of the seed document: its groups, assets, members and prospects.

use std::collections::HashSet;

use anyhow::Result;

use super::{Loader, Place, without_repetition};
use crate::emulator::handlers::assets::first_audiences;
use crate::emulator::seed::document::{Asset, MembershipType, Portal, Prospect, User, UserGroup, VersionVisibility};
use crate::emulator::store::assets::Audience;
use crate::emulator::store::user_groups::{Group, Groups};
use crate::emulator::store::{assets, exchange, people, portals, user_groups};
use crate::emulator::switches::{PublishAudience, Switches};
use crate::emulator::wire::hub::{self, AssetCoordinates, GROUP_NAME_LIMIT, InstanceVisibility, ProspectStatus};

/// Pending requests of a portal at most.
const PROSPECTS_LIMIT: usize = 500;

impl Loader<'_> {
    pub(super) fn portal(
        &mut self,
        place: &Place,
        portal: Portal,
        connection: i64,
        id: &str,
        target: &str,
    ) -> Result<()> {
        let Portal {
            id: _,
            connection_id: _,
            name,
            target_portal_id: _,
            internal_portal_id,
            builder_url,
            site_url,
            created_date,
            updated_date,
            finished_at_least_once,
            user_groups,
            assets,
            users,
            prospects,
        } = portal;
        let row = hub::Portal {
            id: id.to_owned(),
            connection_id: None,
            name: name.unwrap_or_else(|| "Developer Portal".to_owned()),
            target_portal_id: Some(target.to_owned()),
            internal_portal_id: internal_portal_id.or_else(|| Some(place.field("internalPortalId").id())),
            builder_url,
            site_url,
            created_date: Some(self.date(&place.field("createdDate"), created_date)),
            updated_date: Some(self.date(&place.field("updatedDate"), updated_date)),
            finished_at_least_once: finished_at_least_once.or(Some(true)),
        };
        let key = portals::insert_portal(self.db, connection, &row)?;
        self.groups(&place.field("userGroups"), key, user_groups, None, &mut HashSet::new())?;
        let groups = Groups::of(self.db, key)?;
        let limits = Switches::default();
        self.limit(&place.field("userGroups"), groups.len(), limits.groups_limit as usize, "user groups");
        self.limit(&place.field("assets"), assets.len(), limits.assets_limit as usize, "assets");
        let mut seen = HashSet::new();
        for (index, asset) in assets.into_iter().enumerate() {
            let place = place.field("assets").item(index);
            if self.unique(&place, &mut seen, (asset.group_id.clone(), asset.asset_id.clone())) {
                self.asset(&place, key, asset, &groups)?;
            }
        }
        self.users(&place.field("users"), key, users, &groups)?;
        self.prospects(&place.field("prospects"), key, prospects, id)
    }

    fn limit(&mut self, place: &Place, count: usize, limit: usize, what: &str) {
        if count > limit {
            self.fault(place, format!("a portal has at most {limit} {what}, these are {count}"));
        }
    }

    fn groups(
        &mut self,
        place: &Place,
        portal: i64,
        groups: Vec<UserGroup>,
        parent: Option<i64>,
        seen: &mut HashSet<String>,
    ) -> Result<()> {
        for (index, group) in groups.into_iter().enumerate() {
            let place = place.item(index);
            let UserGroup {
                id,
                name,
                description,
                is_admin,
                is_auto_generated,
                is_default,
                is_public,
                created_date,
                group_mappings,
                children,
            } = group;
            let id = id.unwrap_or_else(|| place.id());
            if name.trim().is_empty() || name.chars().count() > GROUP_NAME_LIMIT {
                self.fault(&place.field("name"), format!("a name has 1 to {GROUP_NAME_LIMIT} characters"));
            }
            if !self.unique(&place.field("id"), seen, id.clone()) {
                continue;
            }
            let row = Group {
                key: 0,
                parent,
                id,
                name,
                description,
                is_admin,
                is_auto_generated,
                is_default,
                is_public,
                created_date: Some(self.date(&place.field("createdDate"), created_date)),
            };
            let key = user_groups::insert(self.db, portal, &row)?;
            for (index, mapping) in group_mappings.into_iter().enumerate() {
                let kind = match mapping.membership_type {
                    MembershipType::Member => "member",
                    MembershipType::Maintainer => "maintainer",
                };
                let name = &mapping.external_group_name;
                if !user_groups::insert_mapping(self.db, key, &mapping.provider_id, name, kind)? {
                    self.fault(&place.field("groupMappings").item(index), "this mapping stands here a second time");
                }
            }
            self.groups(&place.field("children"), portal, children, Some(key), seen)?;
        }
        Ok(())
    }

    fn asset(&mut self, place: &Place, portal: i64, asset: Asset, groups: &Groups) -> Result<()> {
        let Asset {
            group_id,
            asset_id,
            name,
            kind,
            description,
            business_group_id,
            business_group_name,
            created_by_id,
            last_updated,
            added_on,
            categories,
            tags,
            instance_visibility,
            minor_version_profiles_visibility,
        } = asset;
        let coordinates = AssetCoordinates { group_id, asset_id };
        let entry = exchange::find(self.db, &coordinates)?;
        let known = entry.as_ref().map(|entry| entry.facts.clone());
        let (Some(name), Some(kind)) = (
            name.or_else(|| known.as_ref().map(|facts| facts.name.clone())),
            kind.or_else(|| known.as_ref().map(|facts| facts.kind.clone())),
        ) else {
            self.fault(place, "the asset is not in exchangeAssets: list it there, or give its name and type here");
            return Ok(());
        };
        let owner = self.business_group(&coordinates.group_id);
        let facts = hub::PublishedAsset {
            name,
            kind,
            description: description.or_else(|| known.as_ref()?.description.clone()),
            business_group_id: business_group_id
                .or_else(|| known.as_ref()?.business_group_id.clone())
                .or(Some(owner.0)),
            business_group_name: business_group_name
                .or_else(|| known.as_ref()?.business_group_name.clone())
                .or(Some(owner.1)),
            created_by_id: created_by_id
                .or_else(|| known.as_ref()?.created_by_id.clone())
                .or_else(|| Some(self.owner.clone())),
            last_updated: Some(
                self.date(&place.field("lastUpdated"), last_updated.or_else(|| known.as_ref()?.last_updated.clone())),
            ),
            added_on: Some(self.date(&place.field("addedOn"), added_on)),
            categories: categories.map_or_else(
                || known.as_ref().map(|facts| facts.categories.clone()).unwrap_or_default(),
                without_repetition,
            ),
            tags: tags
                .map_or_else(|| known.as_ref().map(|facts| facts.tags.clone()).unwrap_or_default(), without_repetition),
            group_id: coordinates.group_id,
            asset_id: coordinates.asset_id,
        };
        let visibility = instance_visibility.unwrap_or(InstanceVisibility::Public);
        let key = assets::insert(self.db, portal, &facts, visibility)?;
        let audiences = match (minor_version_profiles_visibility, entry) {
            (Some(given), _) => self.audiences(&place.field("minorVersionProfilesVisibility"), given, groups),
            (None, Some(entry)) => first_audiences(PublishAudience::Administrators, &entry, groups),
            (None, None) => Vec::new(),
        };
        assets::set_audiences(self.db, key, &audiences)?;
        Ok(())
    }

    fn audiences(&mut self, place: &Place, given: Vec<VersionVisibility>, groups: &Groups) -> Vec<Audience> {
        let mut seen = HashSet::new();
        let mut audiences = Vec::with_capacity(given.len());
        for (index, VersionVisibility { minor_version, profile_visibility }) in given.into_iter().enumerate() {
            let place = place.item(index);
            if self.unique(&place.field("minorVersion"), &mut seen, minor_version.clone()) {
                let groups = self.named_groups(&place.field("profileVisibility"), &profile_visibility, groups);
                audiences.push(Audience { minor_version, groups });
            }
        }
        audiences
    }

    fn named_groups(&mut self, place: &Place, ids: &[String], groups: &Groups) -> Vec<i64> {
        let mut keys = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            match groups.by_id(id) {
                Some(group) => keys.push(group.key),
                None => self.fault(&place.item(index), format!("no user group of this portal has the id {id:?}")),
            }
        }
        keys
    }

    fn users(&mut self, place: &Place, portal: i64, users: Vec<User>, groups: &Groups) -> Result<()> {
        let default: Vec<i64> = groups.iter().filter(|group| group.is_default).map(|group| group.key).collect();
        let mut seen = HashSet::new();
        for (index, user) in users.into_iter().enumerate() {
            let place = place.item(index);
            let User {
                id,
                name,
                email,
                username,
                is_active,
                is_external,
                anypoint_username,
                anypoint_idp_id,
                anypoint_groups,
                user_group_ids,
            } = user;
            let id = id.unwrap_or_else(|| place.id());
            if !self.unique(&place.field("id"), &mut seen, id.clone()) {
                continue;
            }
            let row = hub::User {
                id,
                name,
                username: username.or_else(|| Some(email.clone())),
                email,
                is_active: is_active.unwrap_or(true),
                is_external: is_external.unwrap_or(true),
                anypoint_username,
                anypoint_idp_id,
                anypoint_groups,
                user_group_ids: Vec::new(),
            };
            let key = people::insert_member(self.db, portal, &row)?;
            let keys = match user_group_ids {
                Some(ids) => self.named_groups(&place.field("userGroupIds"), &ids, groups),
                None => default.clone(),
            };
            people::set_groups(self.db, key, &keys)?;
        }
        Ok(())
    }

    fn prospects(&mut self, place: &Place, portal: i64, prospects: Vec<Prospect>, portal_id: &str) -> Result<()> {
        let waits = |prospect: &&Prospect| prospect.status != Some(ProspectStatus::Approved);
        self.limit(place, prospects.iter().filter(waits).count(), PROSPECTS_LIMIT, "pending prospects");
        let mut seen = HashSet::new();
        for (index, prospect) in prospects.into_iter().enumerate() {
            let place = place.item(index);
            let Prospect {
                id,
                first_name,
                last_name,
                email,
                username,
                status,
                portal_id: given,
                created_date,
                updated_date,
            } = prospect;
            if given.is_some_and(|given| given != portal_id) {
                self.fault(&place.field("portalId"), format!("the prospect stands under portal {portal_id:?}"));
            }
            let id = id.unwrap_or_else(|| place.id());
            if !self.unique(&place.field("id"), &mut seen, id.clone()) {
                continue;
            }
            let row = hub::Prospect {
                id,
                first_name,
                last_name,
                username: username.or_else(|| Some(email.clone())),
                email,
                status: status.or(Some(ProspectStatus::Pending)),
                portal_id: None,
                created_date: Some(self.date(&place.field("createdDate"), created_date)),
                updated_date: Some(self.date(&place.field("updatedDate"), updated_date)),
            };
            people::insert_prospect(self.db, portal, &row)?;
        }
        Ok(())
    }
}
