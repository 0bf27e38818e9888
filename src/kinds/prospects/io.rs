//! Reading pending sign-ups.

use crate::client::{self, PortalPath, Prospect, Reader};
use crate::state::LiveProspect;

/// Reads the pending sign-ups, all of them or those that a text finds. The list holds approved ones too.
pub async fn read(
    reader: &Reader,
    portal: &PortalPath,
    search_term: Option<&str>,
) -> Result<Vec<LiveProspect>, client::Error> {
    let mut prospects: Vec<LiveProspect> = reader
        .prospects(portal, search_term)
        .await?
        .into_iter()
        .filter(|prospect| prospect.status.as_deref().is_none_or(|status| status == "PENDING"))
        .map(of_wire)
        .collect();
    prospects.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(prospects)
}

fn of_wire(prospect: Prospect) -> LiveProspect {
    let Prospect { id, username, email, first_name, last_name, .. } = prospect;
    let name = [first_name, last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
    LiveProspect { id: id.into(), username, email: email.unwrap_or_default(), name: (!name.is_empty()).then_some(name) }
}
