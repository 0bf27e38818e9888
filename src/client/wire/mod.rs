//! What the API answers, read leniently: unknown fields are ignored, nulls are absent, ids are opaque.
//!
//! Shares no type with the emulator: a field misspelt on one side must fail.

mod access_management;
mod hub;
pub(super) mod lenient;

pub use access_management::{BusinessGroup, IdentityProvider, Me, Organization};
pub(super) use access_management::{IdentityProviderPage, MeAnswer, OrganizationAnswer};
pub use hub::{
    AssetCoordinates, AssetDetail, CommunityAsset, Connection, ExchangeAsset, GroupMapping, Portal, Prospect, User,
    UserGroup, VersionVisibility,
};
pub(super) use hub::{Created, ProspectCount};
