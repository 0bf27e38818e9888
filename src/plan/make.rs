//! Manifest and live state → plan: the pure middle of the pipeline.

use std::collections::{BTreeMap, BTreeSet};

use super::{Allow, Edit, Notice, NoticeLevel, Operation, Plan, PlanTarget};
use crate::address::Address;
use crate::diff::diff;
use crate::manifest::model::Manifest;
use crate::order::order;
use crate::resolve::{Failure, Resolution, resolve};
use crate::state::LiveState;

/// Makes the plan that brings the portal to what the manifest declares.
///
/// `show_unmanaged` lists the addresses of what is left alone, which are otherwise only counted.
pub fn make(
    manifest: &Manifest,
    live: &LiveState,
    allow: BTreeSet<Allow>,
    show_unmanaged: bool,
) -> Result<Plan, Failure> {
    let resolution = resolve(manifest, live)?;
    let differences = diff(&manifest.name, &resolution, live);
    let changes = order(differences, &resolution.directory);
    let Resolution { desired: _, directory, providers, mut unmanaged, waiting, mut notices } = resolution;
    if !show_unmanaged {
        for kind in unmanaged.values_mut() {
            kind.addresses.clear();
        }
    }
    notices.extend(publishing_notice(&changes));
    notices.extend(split_notice(&changes));
    notices.sort();
    Ok(Plan {
        portal: manifest.name.value.clone(),
        commit: None,
        target: PlanTarget {
            portal: live.portal.clone(),
            user_groups: directory,
            identity_providers: providers,
            business_groups: live.business_groups.clone().unwrap_or_default(),
            pseudonyms: live.pseudonyms.is_some(),
        },
        summary: Plan::summarise(&changes),
        changes,
        unmanaged,
        waiting,
        notices,
        allow,
    })
}

/// Publishing is the one window that the API leaves open.
fn publishing_notice(changes: &[super::Change]) -> Option<Notice> {
    let count = changes.iter().filter(|change| matches!(change.edit, Edit::Asset(Operation::Create { .. }))).count();
    (count > 0).then(|| Notice {
        level: NoticeLevel::Warning,
        message: format!(
            "publishing opens a short window: until its audience is set, moments later, the hub decides who sees {}",
            if count == 1 { "the new asset".to_owned() } else { format!("each of the {count} new assets") }
        ),
    })
}

/// What both states grant may be gone for moments where an audience changes in two steps.
fn split_notice(changes: &[super::Change]) -> Option<Notice> {
    let mut steps: BTreeMap<&Address, usize> = BTreeMap::new();
    for change in changes {
        *steps.entry(&change.address).or_default() += 1;
    }
    let count = steps.values().filter(|steps| **steps > 1).count();
    (count > 0).then(|| Notice {
        level: NoticeLevel::Note,
        message: format!(
            "{count} {} in two steps because people move at the same time: they may lose sight of what both states show them for moments",
            if count == 1 { "asset changes" } else { "assets change" }
        ),
    })
}
