//! What a published asset is: which instances it shows, and who sees which minor version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::kinds::GroupSet;
use crate::manifest::model::Instances;
use crate::manifest::version::normalize;
use crate::state::AssetDetail;

/// The key of [`AssetSpec::versions`] that stands for every version that is not listed.
pub const OTHER_VERSIONS: &str = "*";

/// A published asset as the manifest would declare it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetSpec {
    /// `None`: unknown, or left to the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<Instances>,
    /// Audiences by minor version in the server's spelling; `None` is unknown, an empty set is nobody. Only an asset
    /// that is yet to be published has [`OTHER_VERSIONS`]: its versions are known once it is there.
    pub versions: BTreeMap<String, Option<GroupSet>>,
}

impl AssetSpec {
    /// What was read, in the names of the directory.
    pub fn of_live(detail: &AssetDetail, directory: &Directory) -> Self {
        Self {
            instances: detail.instances,
            versions: detail
                .versions
                .iter()
                .map(|(version, groups)| (version.clone(), groups.as_ref().map(|ids| directory.names_of(ids))))
                .collect(),
        }
    }
}

impl Instances {
    /// Showing `self` shows no instance that `other` hides. What `Custom` lists cannot be read, so of `Custom` and
    /// `Public` neither is within the other.
    pub fn is_within(self, other: Self) -> bool {
        self == other || other == Self::All
    }
}

/// The form in which spellings of one minor version are equal: `v1`, `1` and `1.0`, but not `1.1`. What is no version
/// equals itself alone.
pub fn canonical_version(text: &str) -> String {
    normalize(text).unwrap_or_else(|| text.to_owned())
}

/// The spelling in which a version is sent that the server has not spelt yet: `^v?\d+$` by the contract.
pub fn wire_version(text: &str) -> String {
    let digits = text.strip_prefix('v').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    normalize(text).map_or_else(|| text.to_owned(), |version| format!("v{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_version_are_equal() {
        for (a, b) in [("v1", "1"), ("1.0", "v1"), ("v2", "2.0.0")] {
            assert_eq!(canonical_version(a), canonical_version(b));
        }
        for (a, b) in [("v1", "v10"), ("1.1", "1"), ("1.10", "1.1")] {
            assert_ne!(canonical_version(a), canonical_version(b));
        }
    }

    #[test]
    fn versions_are_sent_as_the_contract_spells_them() {
        assert_eq!(["v1", "1", "1.0", "v3.0"].map(wire_version), ["v1", "1", "v1", "v3"]);
    }
}
