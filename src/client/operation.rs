//! The operations of the vendor's contract: name, method, path, and what each does to the portal.

use reqwest::Method;

/// Whether an operation changes something; only then does it matter whether it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Write,
}

/// How requests share the client's permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Few, and others wait for them: pages, trees, writes.
    Main,
    /// One for each object of a portal, so thousands at once.
    Bulk,
}

macro_rules! operations {
    ($($name:ident = $method:ident $effect:ident $lane:ident $id:literal $tail:literal;)*) => {
        /// One operation of the API Experience Hub's management API or of Access Management.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $($name,)* }

        impl Operation {
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the contract's `operationId`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            pub(super) const fn method(self) -> Method {
                match self { $(Self::$name => Method::$method,)* }
            }

            pub(super) const fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)* }
            }

            pub(super) const fn lane(self) -> Lane {
                match self { $(Self::$name => Lane::$lane,)* }
            }

            /// Returns what follows the target's own path.
            pub(super) const fn tail(self) -> &'static str {
                match self { $(Self::$name => $tail,)* }
            }
        }
    };
}

operations! {
    GetConnections = GET Read Main "getConnections" "/connections";
    GetAllApiPortalByConnectionId = GET Read Main "getAllApiPortalByConnectionId" "/apiPortals";
    GetAllProfilesByPortal = GET Read Main "getAllProfilesByPortal" "/userGroups";
    CreateUserGroup = POST Write Main "createUserGroup" "/userGroups";
    UpdateUserGroup = PATCH Write Main "updateUserGroup" "";
    DeleteUserGroup = DELETE Write Main "deleteUserGroup" "";
    GetGroupMappings = GET Read Bulk "getGroupMappings" "/groupMappings";
    AddAdditionalGroupMapping = POST Write Main "addAdditionalGroupMapping" "/groupMappings";
    DeleteGroupMappings = DELETE Write Main "deleteGroupMappings" "";
    AddAssetsToCommunity = POST Write Main "addAssetsToCommunity" "/assets";
    RemoveAssetFromCommunity = POST Write Main "removeAssetFromCommunity" "/assets/remove";
    SearchCommunityAssets = POST Read Main "searchCommunityAssets" "/assets/search";
    SearchExchangeAssets = POST Read Main "searchExchangeAssets" "/assets/search/exchange";
    LegacySearchExchangeAssets = POST Read Main "legacySearchExchangeAssets" "/assets/exchange/search";
    GetAllVersionsVisibilityByGa = GET Read Bulk "getAllVersionsVisibilityByGA" "";
    UpdateCommunityAsset = PATCH Write Main "updateCommunityAsset" "";
    GetCommunityUsers = GET Read Main "getCommunityUsers" "/users";
    GetCommunityUser = GET Read Bulk "getCommunityUser" "";
    AddGroupMappingToUser = PUT Write Main "addGroupMappingToUser" "/userGroups";
    EnableCommunityUser = PATCH Write Main "enableCommunityUser" "/enable";
    DisableCommunityUser = PATCH Write Main "disableCommunityUser" "/disable";
    GetProspects = GET Read Main "getProspects" "/prospects";
    GetProspectCount = GET Read Main "getProspectCount" "/prospects/count";
    ApproveProspect = PATCH Write Main "approveProspect" "";
    RejectProspect = DELETE Write Main "rejectProspect" "";
    // Signing in changes nothing in the portal, so it may be repeated like a read.
    CreateV2Oauth2Token = POST Read Main "createV2Oauth2Token" "/v2/oauth2/token";
    CreateLogin = POST Read Main "createLogin" "/login";
    ListMe = GET Read Main "listMe" "/me";
    GetOrganizations = GET Read Main "getOrganizations" "";
    ListHierarchy = GET Read Main "listHierarchy" "/hierarchy";
    ListIdentityProviders = GET Read Main "listIdentityProviders" "/identityProviders";
}

impl Operation {
    /// Returns whether this changes something in the portal.
    pub const fn is_write(self) -> bool {
        matches!(self.effect(), Effect::Write)
    }

    /// Returns whether this asks for a token; its answers hold secrets.
    pub(super) const fn is_sign_in(self) -> bool {
        matches!(self, Self::CreateV2Oauth2Token | Self::CreateLogin)
    }

    /// Returns the permission that a 403 most probably is about.
    ///
    /// The contract names none; these are the product's own names for them.
    pub(super) const fn permission(self) -> &'static str {
        match self {
            Self::AddAssetsToCommunity => {
                "publishing needs API Experience Hub Administrator, and Exchange Viewer in the business group that owns \
                 each asset"
            }
            Self::SearchExchangeAssets | Self::LegacySearchExchangeAssets => {
                "searching Exchange needs Exchange Viewer in the business groups whose assets are looked for"
            }
            Self::CreateV2Oauth2Token | Self::CreateLogin => "this user or connected app is disabled",
            Self::ListMe => "a connected app needs the scope Profile (View Organization for the organization itself)",
            Self::GetOrganizations | Self::ListHierarchy => "this needs View Organization in the root organization",
            Self::ListIdentityProviders => {
                "reading identity providers needs Organization Administrator, or for a \
                                            connected app the scope that views them, in the root organization"
            }
            _ => "managing a portal needs API Experience Hub Administrator in the organization of its connection",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_a_name_of_its_own_and_its_number_is_its_place() {
        let names: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.id()).collect();
        assert_eq!(names.len(), 25 + 6);
        for (place, operation) in Operation::ALL.iter().enumerate() {
            assert_eq!(*operation as usize, place);
        }
    }

    #[test]
    fn searches_are_reads_although_they_are_posts() {
        assert_eq!(Operation::SearchCommunityAssets.effect(), Effect::Read);
        assert_eq!(Operation::SearchCommunityAssets.method(), Method::POST);
        let writes = Operation::ALL.iter().filter(|operation| operation.effect() == Effect::Write).count();
        assert_eq!(writes, 13);
    }
}
