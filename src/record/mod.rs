//! What earlier revisions declare of a portal: the commit that was applied last, and the one that a change is based on.
//!
//! Pure. Such a manifest is resolved against the same observation as the one that is planned, and then said in the
//! same words, so that the two can be compared by what they mean.

#[cfg(test)]
mod tests;
mod translate;

use std::collections::BTreeMap;

use crate::address::Address;
use crate::diagnostic::Located;
use crate::diff::diff;
use crate::manifest::model::{Manifest, Target};
use crate::plan::{Edit, Notice, NoticeLevel, Revision};
use crate::resolve::{Proof, Resolution, resolve_applied, resolve_base};
use crate::state::{LivePortal, LiveState};

use translate::translate;

/// The Portals that the files declare as of a revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    pub revision: Revision,
    /// Those that may be about the portal in question: see [`candidates`].
    pub manifests: Vec<Manifest>,
}

/// Of the Portals of an earlier revision the one of this name; if there is none, the portal may have had another one,
/// and any of them may be meant.
pub fn candidates(manifests: &[Manifest], name: &str) -> Vec<Manifest> {
    match manifests.iter().find(|manifest| manifest.name.value == name) {
        Some(same_name) => vec![same_name.clone()],
        None => manifests.to_vec(),
    }
}

/// What an earlier revision says of a portal.
pub(crate) enum Found<'m> {
    /// It is about the very same portal.
    Same(&'m Manifest),
    /// The Portal of that name was about another one.
    Elsewhere,
    Nothing,
}

impl Earlier {
    /// The manifest that is about the same portal, if there is one.
    pub fn of(&self, manifest: &Manifest, live: &LiveState) -> Option<&Manifest> {
        match self.find(manifest, &live.portal) {
            Found::Same(same) => Some(same),
            Found::Elsewhere | Found::Nothing => None,
        }
    }

    /// The manifest that is about this live portal.
    pub(crate) fn find(&self, manifest: &Manifest, live: &LivePortal) -> Found<'_> {
        if let Some(same_name) = self.manifests.iter().find(|earlier| earlier.name.value == manifest.name.value) {
            return if means(&same_name.target, live) { Found::Same(same_name) } else { Found::Elsewhere };
        }
        let mut meant = self.manifests.iter().filter(|earlier| means(&earlier.target, live));
        match (meant.next(), meant.next()) {
            (Some(one), None) => Found::Same(one),
            _ => Found::Nothing,
        }
    }
}

/// Whether each part that the target states is true of the portal, by any of its names.
pub fn means(target: &Target, live: &LivePortal) -> bool {
    let Target { region, organization, connection, environment, portal } = target;
    let is_any = |wanted: &Option<Located<String>>, names: &[Option<&str>]| {
        wanted.as_ref().is_none_or(|wanted| names.iter().flatten().any(|name| *name == wanted.value))
    };
    // A host that was given has no region, and not every connection tells its environment.
    let is_region = live.region.is_none() || is_any(region, &[live.region.as_deref()]);
    let is_environment =
        live.connection.environment.is_none() || is_any(environment, &[live.connection.environment.as_deref()]);
    let is_organization = is_any(
        organization,
        &[
            live.organization.as_ref().map(|organization| organization.id.as_str()),
            live.organization.as_ref().map(|organization| organization.name.as_str()),
        ],
    );
    let is_connection = connection.as_ref().is_none_or(|wanted| {
        live.connection.id == wanted.value
            || [&live.connection.domain, &live.connection.organization_id]
                .into_iter()
                .flatten()
                .any(|name| name.eq_ignore_ascii_case(wanted))
    });
    let is_portal = is_any(
        portal,
        &[Some(&live.name), Some(&live.id), live.target_portal_id.as_deref(), live.internal_portal_id.as_deref()],
    );
    is_region && is_environment && is_organization && is_connection && is_portal
}

/// What was applied last, where it is a record for this portal.
pub(crate) struct Record {
    resolution: Resolution,
    pub(crate) proof: Proof,
}

/// Looks up what was applied last. Where that tells nothing of this portal, a notice says so.
pub(crate) fn applied(earlier: &Earlier, manifest: &Manifest, live: &LiveState) -> Result<Record, Notice> {
    let name = &manifest.name.value;
    let revision = &earlier.revision.name;
    match earlier.find(manifest, &live.portal) {
        Found::Same(same) => {
            let (resolution, proof) = resolve_applied(same, live, revision);
            Ok(Record { resolution, proof })
        }
        Found::Elsewhere => Err(Notice {
            level: NoticeLevel::Warning,
            message: format!(
                "{revision} is no record for this portal: there, `{name}` names another one. Nothing is deleted or held on its account"
            ),
        }),
        Found::Nothing => Err(Notice {
            level: NoticeLevel::Note,
            message: format!("{revision} declares no Portal `{name}`: nothing is recorded for this portal yet"),
        }),
    }
}

/// What a manifest would change in the portal, by address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes(BTreeMap<Address, Edit>);

impl Wishes {
    /// The edit that would make the object what it was declared to be; none where it is that already.
    pub fn of(&self, address: &Address) -> Option<&Edit> {
        self.0.get(address)
    }

    fn new(earlier: &Resolution, now: &Resolution, manifest: &Manifest, live: &LiveState) -> Self {
        let said = translate(earlier, now, manifest);
        let differences = diff(&manifest.name, &said, live);
        Self(differences.into_iter().map(|difference| (difference.address, difference.edit)).collect())
    }
}

impl Record {
    /// What the manifest that was applied last would change, in the words of the one that is planned.
    pub(crate) fn wishes(&self, now: &Resolution, manifest: &Manifest, live: &LiveState) -> Wishes {
        Wishes::new(&self.resolution, now, manifest, live)
    }
}

/// What the manifest that a change is based on would change. One that declares no such portal wants nothing of it.
pub(crate) fn base(
    earlier: &Earlier,
    proof: Option<&Proof>,
    now: &Resolution,
    manifest: &Manifest,
    live: &LiveState,
) -> Wishes {
    match earlier.find(manifest, &live.portal) {
        Found::Same(same) => Wishes::new(&resolve_base(same, live, proof), now, manifest, live),
        Found::Elsewhere | Found::Nothing => Wishes::default(),
    }
}
