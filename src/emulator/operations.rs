//! The table of all operations: what the router serves and the `OpenAPI` document lists.

use axum::http::Method;

use super::handlers::{
    access_management, assets, connections, exchange, group_mappings, prospects, user_groups, users,
};
use super::operation::Operation;

macro_rules! hub {
    ($rest:literal) => {
        concat!("/api-experience-hub/api/v1/connections", $rest)
    };
}

macro_rules! portal {
    ($rest:literal) => {
        concat!("/api-experience-hub/api/v1/connections/{connectionId}/apiPortals/{portalId}", $rest)
    };
}

macro_rules! accounts {
    ($rest:literal) => {
        concat!("/accounts/api", $rest)
    };
}

/// Every operation of the emulator.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = access_management_operations();
    all.extend(portal_operations());
    all.extend(asset_operations());
    all.extend(people_operations());
    all.push(
        Operation::new(
            Method::POST,
            "/emulator/logins/{userId}",
            "emulatorLogin",
            "Simulate a member's login",
            users::log_in,
        )
        .own(),
    );
    all
}

fn access_management_operations() -> Vec<Operation> {
    let token = accounts!("/v2/oauth2/token");
    let organization = accounts!("/organizations/{organizationId}");
    let hierarchy = accounts!("/organizations/{organizationId}/hierarchy");
    let providers = accounts!("/organizations/{organizationId}/identityProviders");
    vec![
        Operation::new(Method::POST, token, "createV2Oauth2Token", "Get a token", access_management::token)
            .reading()
            .open(),
        Operation::new(Method::POST, accounts!("/login"), "createLogin", "Log in", access_management::log_in)
            .reading()
            .open(),
        Operation::new(Method::GET, accounts!("/me"), "listMe", "Get the caller", access_management::me),
        Operation::new(
            Method::GET,
            organization,
            "getOrganizations",
            "Get an organization",
            access_management::get_organization,
        ),
        Operation::new(
            Method::GET,
            hierarchy,
            "listHierarchy",
            "Get an organization's hierarchy",
            access_management::hierarchy,
        ),
        Operation::new(
            Method::GET,
            providers,
            "listIdentityProviders",
            "List identity providers",
            access_management::providers,
        ),
    ]
}

fn portal_operations() -> Vec<Operation> {
    let portals = hub!("/{connectionId}/apiPortals");
    let groups = portal!("/userGroups");
    let group = portal!("/userGroups/{userGroupId}");
    let mappings = portal!("/userGroups/{userGroupId}/groupMappings");
    let mapping = portal!("/userGroups/{userGroupId}/groupMappings/{idpId}/{groupMappingName}");
    vec![
        Operation::new(Method::GET, hub!(""), "getConnections", "List connections", connections::list)
            .list("connections"),
        Operation::new(
            Method::GET,
            portals,
            "getAllApiPortalByConnectionId",
            "List portals for connection",
            connections::portals,
        )
        .list("portals"),
        Operation::new(
            Method::GET,
            groups,
            "getAllProfilesByPortal",
            "List profiles and user groups",
            user_groups::list,
        )
        .list("profiles"),
        Operation::new(Method::POST, groups, "createUserGroup", "Create a user group", user_groups::create),
        Operation::new(Method::PATCH, group, "updateUserGroup", "Update a user group", user_groups::update),
        Operation::new(Method::DELETE, group, "deleteUserGroup", "Delete a user group", user_groups::delete),
        Operation::new(Method::GET, mappings, "getGroupMappings", "List group mappings", group_mappings::list)
            .list("mappings"),
        Operation::new(Method::POST, mappings, "addAdditionalGroupMapping", "Add group mapping", group_mappings::add),
        Operation::new(Method::DELETE, mapping, "deleteGroupMappings", "Delete group mapping", group_mappings::delete),
    ]
}

fn asset_operations() -> Vec<Operation> {
    let published = portal!("/assets");
    let search = portal!("/assets/search");
    let search_exchange = portal!("/assets/search/exchange");
    let search_legacy = portal!("/assets/exchange/search");
    let remove = portal!("/assets/remove");
    let asset = portal!("/assets/{groupId}/{assetId}");
    vec![
        Operation::new(Method::POST, published, "addAssetsToCommunity", "Publish assets to portal", assets::publish),
        Operation::new(Method::POST, search, "searchCommunityAssets", "Search published assets", assets::search)
            .reading(),
        Operation::new(
            Method::POST,
            search_exchange,
            "searchExchangeAssets",
            "Search Exchange assets",
            exchange::search,
        )
        .reading(),
        Operation::new(
            Method::POST,
            search_legacy,
            "legacySearchExchangeAssets",
            "Search Exchange assets (legacy)",
            exchange::legacy_search,
        )
        .reading()
        .list("assets"),
        Operation::new(Method::POST, remove, "removeAssetFromCommunity", "Remove assets from portal", assets::remove),
        Operation::new(Method::GET, asset, "getAllVersionsVisibilityByGA", "Get asset version visibility", assets::get),
        Operation::new(Method::PATCH, asset, "updateCommunityAsset", "Update asset visibility", assets::update),
    ]
}

fn people_operations() -> Vec<Operation> {
    let members = portal!("/users");
    let member = portal!("/users/{userId}");
    let enable = portal!("/users/{targetUserId}/enable");
    let disable = portal!("/users/{targetUserId}/disable");
    let memberships = portal!("/users/{targetUserId}/userGroups");
    let requests = portal!("/prospects");
    let count = portal!("/prospects/count");
    let prospect = portal!("/prospects/{prospectId}");
    vec![
        Operation::new(Method::GET, members, "getCommunityUsers", "List users", users::list).list("users"),
        Operation::new(Method::GET, member, "getCommunityUser", "Get user details", users::get),
        Operation::new(Method::PATCH, enable, "enableCommunityUser", "Enable a user", users::enable),
        Operation::new(Method::PATCH, disable, "disableCommunityUser", "Disable a user", users::disable),
        Operation::new(
            Method::PUT,
            memberships,
            "addGroupMappingToUser",
            "Assign user groups to user",
            users::set_groups,
        ),
        Operation::new(Method::GET, requests, "getProspects", "List prospects", prospects::list).list("prospects"),
        Operation::new(Method::GET, count, "getProspectCount", "Get prospect count", prospects::count),
        Operation::new(Method::PATCH, prospect, "approveProspect", "Approve a prospect", prospects::approve),
        Operation::new(Method::DELETE, prospect, "rejectProspect", "Reject a prospect", prospects::reject)
            .list("prospects"),
    ]
}
