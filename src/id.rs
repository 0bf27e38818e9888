//! Identifiers and names as types of their own, so that one cannot be taken for another.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Defines a text type that is cheap to clone and opaque.
macro_rules! text_type {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, formatter)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    )*};
}

text_type! {
    /// A user group's id in the hub.
    GroupId;
    /// What a user group is called in manifests and plans: its name, or `system:…` for a built-in.
    GroupName;
    /// An identity provider's id: a UUID, or `mulesoft` for the built-in one.
    ProviderId;
    /// What an identity provider is called in manifests and plans.
    ProviderName;
    /// A portal member's id.
    MemberId;
    /// A pending sign-up's id.
    ProspectId;
    /// The number of a change within its plan.
    ChangeId;
    /// A git commit's full id.
    CommitId;
}

/// The coordinates of an asset in Exchange.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetKey {
    pub group_id: Arc<str>,
    pub asset_id: Arc<str>,
}

impl AssetKey {
    pub fn new(group_id: impl Into<Arc<str>>, asset_id: impl Into<Arc<str>>) -> Self {
        Self { group_id: group_id.into(), asset_id: asset_id.into() }
    }
}

impl fmt::Display for AssetKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.group_id, self.asset_id)
    }
}
