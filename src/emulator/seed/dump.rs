//! From rows to a seed document that says everything.

use anyhow::{Context, Result};
use rusqlite::Connection as Database;

use super::document::{
    Asset, Connection, Document, Entitlement, Entitlements, ExchangeAsset, GroupMapping, IdentityProvider,
    MembershipType, Organization, Portal, Prospect, User, UserGroup, VersionVisibility,
};
use crate::emulator::store::assets::Audience;
use crate::emulator::store::exchange::{Entry, Window};
use crate::emulator::store::organizations::{self, Provider};
use crate::emulator::store::people::Member;
use crate::emulator::store::user_groups::{Group, Groups};
use crate::emulator::store::{Store, assets, exchange, people, portals, user_groups};
use crate::emulator::wire::access_management::ProviderType;
use crate::emulator::wire::hub;

/// The whole world in YAML.
pub(crate) fn dump(store: &Store) -> Result<String> {
    let document = store.read(document).context("failed to read the emulator's database")?;
    super::write(&document)
}

fn document(db: &Database) -> rusqlite::Result<Document> {
    let all = organizations::all(db)?;
    let root = all.iter().find(|row| row.parent.is_none());
    Ok(Document {
        organization: root.map(|root| organization(&all, root)).unwrap_or_default(),
        identity_providers: organizations::providers(db)?.into_iter().map(provider).collect(),
        exchange_assets: exchange::all(db)?.into_iter().map(exchange_asset).collect(),
        connections: portals::connections(db)?
            .into_iter()
            .map(|(key, row)| connection(db, key, row))
            .collect::<Result<_, _>>()?,
    })
}

fn organization(all: &[organizations::Organization], row: &organizations::Organization) -> Organization {
    Organization {
        id: Some(row.id.clone()),
        name: Some(row.name.clone()),
        domain: Some(row.domain.clone()),
        owner_id: Some(row.owner_id.clone()),
        client_id: Some(row.client_id.clone()),
        created_at: Some(row.created_at.clone()),
        updated_at: Some(row.updated_at.clone()),
        entitlements: Entitlements { api_experience_hub: Entitlement { enabled: row.hub_enabled } },
        business_groups: all
            .iter()
            .filter(|child| child.parent == Some(row.key))
            .map(|child| organization(all, child))
            .collect(),
        ..Organization::default()
    }
}

fn provider(row: Provider) -> IdentityProvider {
    let Provider { id: provider_id, name, kind, description: _ } = row;
    let kind = match kind.as_str() {
        "saml" => ProviderType::Saml,
        "ldap" => ProviderType::Ldap,
        _ => ProviderType::Openid,
    };
    IdentityProvider { provider_id, org_id: None, name: Some(name), kind: Some(kind) }
}

fn exchange_asset(Entry { facts, versions }: Entry) -> ExchangeAsset {
    let hub::ExchangeAsset {
        group_id,
        asset_id,
        name,
        kind,
        description,
        latest_version,
        business_group_id,
        business_group_name,
        created_by_id,
        created_by_name,
        created_at,
        last_updated,
        categories,
        tags,
    } = facts;
    ExchangeAsset {
        group_id,
        asset_id,
        name: Some(name),
        kind: Some(kind),
        description,
        business_group_id,
        business_group_name,
        created_by_id,
        created_by_name,
        created_at,
        last_updated,
        categories,
        tags,
        versions: Some(versions),
        latest_version,
    }
}

fn connection(db: &Database, key: i64, row: hub::Connection) -> rusqlite::Result<Connection> {
    let hub::Connection {
        id,
        organization_id,
        kind,
        environment,
        default_idp_id,
        sandbox_name,
        target_organization_domain,
        target_organization_id,
        username,
        created_date,
        updated_date,
    } = row;
    Ok(Connection {
        id: Some(id),
        organization_id: Some(organization_id),
        kind: Some(kind),
        environment,
        default_idp_id,
        sandbox_name,
        target_organization_domain,
        target_organization_id,
        username,
        created_date,
        updated_date,
        portals: portals::portals(db, key)?
            .into_iter()
            .map(|(key, row)| portal(db, key, row))
            .collect::<Result<_, _>>()?,
    })
}

fn portal(db: &Database, key: i64, row: hub::Portal) -> rusqlite::Result<Portal> {
    let hub::Portal {
        id,
        connection_id: _,
        name,
        target_portal_id,
        internal_portal_id,
        builder_url,
        site_url,
        created_date,
        updated_date,
        finished_at_least_once,
    } = row;
    let groups = Groups::of(db, key)?;
    let everyone = Window { offset: 0, limit: -1 };
    Ok(Portal {
        id: Some(id),
        connection_id: None,
        name: Some(name),
        target_portal_id,
        internal_portal_id,
        builder_url,
        site_url,
        created_date,
        updated_date,
        finished_at_least_once,
        user_groups: children(db, &groups, None)?,
        assets: assets::all(db, key)?.into_iter().map(|row| asset(db, &groups, row)).collect::<Result<_, _>>()?,
        users: people::members(db, key, None, None, everyone)?.into_iter().map(user).collect(),
        prospects: people::prospects(db, key, "")?.into_iter().map(prospect).collect(),
    })
}

fn children(db: &Database, groups: &Groups, parent: Option<i64>) -> rusqlite::Result<Vec<UserGroup>> {
    groups.children(parent).map(|group| user_group(db, groups, group)).collect()
}

fn user_group(db: &Database, groups: &Groups, group: &Group) -> rusqlite::Result<UserGroup> {
    let mappings = user_groups::mappings(db, group.key)?.into_iter().map(|mapping| GroupMapping {
        provider_id: mapping.provider_id,
        external_group_name: mapping.external_group_name,
        membership_type: match mapping.membership_type.as_deref() {
            Some("maintainer") => MembershipType::Maintainer,
            _ => MembershipType::Member,
        },
    });
    let Group {
        key,
        parent: _,
        id,
        name,
        description,
        is_admin,
        is_auto_generated,
        is_default,
        is_public,
        created_date,
    } = group.clone();
    Ok(UserGroup {
        id: Some(id),
        name,
        description,
        is_admin,
        is_auto_generated,
        is_default,
        is_public,
        created_date,
        group_mappings: mappings.collect(),
        children: children(db, groups, Some(key))?,
    })
}

fn asset(db: &Database, groups: &Groups, row: assets::Asset) -> rusqlite::Result<Asset> {
    let id = |key: &i64| groups.by_key(*key).map(|group| group.id.clone());
    let audiences = assets::audiences(db, row.key)?.into_iter().map(|Audience { minor_version, groups }| {
        VersionVisibility { minor_version, profile_visibility: groups.iter().filter_map(id).collect() }
    });
    let audiences = audiences.collect();
    let hub::PublishedAsset {
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
    } = row.facts;
    Ok(Asset {
        group_id,
        asset_id,
        name: Some(name),
        kind: Some(kind),
        description,
        business_group_id,
        business_group_name,
        created_by_id,
        last_updated,
        added_on,
        categories: Some(categories),
        tags: Some(tags),
        instance_visibility: Some(row.instance_visibility),
        minor_version_profiles_visibility: Some(audiences),
    })
}

fn user(member: Member) -> User {
    let hub::User {
        id,
        name,
        email,
        username,
        is_active,
        is_external,
        anypoint_username,
        anypoint_idp_id,
        user_group_ids,
        anypoint_groups,
    } = member.user;
    User {
        id: Some(id),
        name,
        email,
        username,
        is_active: Some(is_active),
        is_external: Some(is_external),
        anypoint_username,
        anypoint_idp_id,
        anypoint_groups,
        user_group_ids: Some(user_group_ids),
    }
}

fn prospect(row: hub::Prospect) -> Prospect {
    let hub::Prospect { id, first_name, last_name, email, username, status, portal_id: _, created_date, updated_date } =
        row;
    Prospect {
        id: Some(id),
        first_name,
        last_name,
        email,
        username,
        status,
        portal_id: None,
        created_date,
        updated_date,
    }
}
