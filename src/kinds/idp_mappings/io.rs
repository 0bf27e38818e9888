//! Reading mappings.

use crate::client::{self, GroupMapping, PortalPath, Reader};
use crate::id::GroupId;
use crate::state::LiveMapping;

/// Reads the mappings of one group, sorted.
pub async fn read(reader: &Reader, portal: &PortalPath, group: &GroupId) -> Result<Vec<LiveMapping>, client::Error> {
    let mut mappings: Vec<LiveMapping> = reader
        .group_mappings(portal, group.as_str())
        .await?
        .into_iter()
        .map(|GroupMapping { provider_id, external_group_name, membership_type, .. }| LiveMapping {
            provider: provider_id.into(),
            group: external_group_name,
            is_maintainer: membership_type.is_some_and(|membership| membership == "maintainer"),
        })
        .collect();
    mappings.sort();
    mappings.dedup();
    Ok(mappings)
}
