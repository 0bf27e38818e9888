//! Reading and writing published assets.

use std::collections::BTreeMap;

use crate::client::{self, PortalPath, Reader};
use crate::id::AssetKey;
use crate::manifest::model::Instances;
use crate::state::AssetDetail;

impl Instances {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Public => "Public",
            Self::Custom => "Custom",
        }
    }

    /// `None` for a word that this version does not know.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::All, Self::Public, Self::Custom].into_iter().find(|instances| instances.as_str() == word)
    }
}

/// Reads the visibility of one published asset.
pub async fn read(reader: &Reader, portal: &PortalPath, key: &AssetKey) -> Result<AssetDetail, client::Error> {
    reader.asset(portal, &key.group_id, &key.asset_id).await.map(of_wire)
}

fn of_wire(detail: client::AssetDetail) -> AssetDetail {
    let versions: BTreeMap<_, _> = detail
        .versions
        .unwrap_or_default()
        .into_iter()
        .map(|version| {
            let groups = version.groups.map(|ids| ids.into_iter().map(Into::into).collect());
            (version.minor_version, groups)
        })
        .collect();
    AssetDetail { instances: detail.instance_visibility.as_deref().and_then(Instances::from_wire), versions }
}
