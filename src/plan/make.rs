//! Manifest and live state → plan: the pure middle of the pipeline.

use std::collections::{BTreeMap, BTreeSet};

use super::{Allow, Change, Edit, Notice, NoticeLevel, Operation, Origin, Plan, PlanTarget};
use crate::address::{Address, Kind};
use crate::diff::diff;
use crate::guard;
use crate::hold::{Acceptance, Sorted, hold};
use crate::manifest::model::Manifest;
use crate::order::order;
use crate::origin;
use crate::record::{self, Earlier};
use crate::resolve::{Failure, Resolution, resolve};
use crate::state::LiveState;

/// What a plan is made of.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub manifest: &'a Manifest,
    pub live: &'a LiveState,
    /// The commit that was applied last: what it declares and the manifest no longer does goes, and drift that gives
    /// is held.
    pub applied: Option<&'a Earlier>,
    /// The commit that the manifest is based on, for telling what is pending.
    pub base: Option<&'a Earlier>,
    pub allow: BTreeSet<Allow>,
    pub accept: Acceptance,
    /// Lists the addresses of what is left alone, which are otherwise only counted.
    pub show_unmanaged: bool,
    /// What is known beforehand and worth telling with the plan.
    pub notices: Vec<Notice>,
    /// The manifest is what a promotion would make of the base: nothing but what that brings about is planned.
    pub promotes: Option<&'a Promotes>,
}

/// A promotion whose effects are planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Promotes {
    /// The Portal that is promoted.
    pub from: String,
    /// How many objects the manifest declares that the promoted one does not.
    pub kept: BTreeMap<Kind, usize>,
}

impl<'a> Request<'a> {
    /// A plan for which nothing but the manifest and the portal counts.
    pub fn new(manifest: &'a Manifest, live: &'a LiveState) -> Self {
        Self {
            manifest,
            live,
            applied: None,
            base: None,
            allow: BTreeSet::new(),
            accept: Acceptance::default(),
            show_unmanaged: false,
            notices: Vec::new(),
            promotes: None,
        }
    }
}

/// Makes the plan that brings the portal to what the manifest declares.
pub fn make(request: Request<'_>) -> Result<Plan, Failure> {
    let Request { manifest, live, applied, base, allow, accept, show_unmanaged, notices: told_before, promotes } =
        request;
    // A change that loosens the guards does not pass the ones that it loosens.
    let before: Vec<&Manifest> =
        [applied, base].into_iter().flatten().filter_map(|earlier| earlier.of(manifest, live)).collect();
    let delegation = guard::delegation_loosened(manifest, &before);
    let tightened = (!before.is_empty()).then(|| guard::tightened(manifest, &before, live));
    let (manifest, loosening) = match &tightened {
        Some((tight, notice)) => (tight, notice.clone()),
        None => (manifest, None),
    };
    let (record, told) = match applied.map(|applied| record::applied(applied, manifest, live)) {
        None => (None, None),
        Some(Ok(record)) => (Some(record), None),
        Some(Err(notice)) => (None, Some(notice)),
    };
    let proof = record.as_ref().map(|record| &record.proof);
    let resolution = resolve(manifest, live, proof)?;
    let based_on = base.map(|base| record::base(base, proof, &resolution, manifest, live));
    let is_recorded = record.is_some();
    let wishes = record.as_ref().map(|record| record.wishes(&resolution, manifest, live));
    let differences = diff(&manifest.name, &resolution, live);
    let Sorted { differences, held, accepted } = match &wishes {
        Some(wishes) => hold(differences, wishes, &accept),
        None => Sorted { differences, ..Sorted::default() },
    };
    let mut changes = order(differences, &resolution.directory);
    origin::label(&mut changes, origin::Earlier { applied: wishes.as_ref(), base: based_on.as_ref() });
    let promotion = promotes.map(|promotes| promotion(promotes, &mut changes, &manifest.name));
    let guards = guard::guards(&manifest.guards, live, &resolution.directory, &changes);
    let Resolution { desired: _, directory, providers, mut unmanaged, waiting, mut notices } = resolution;
    if promotes.is_some() {
        unmanaged.clear();
    }
    if !show_unmanaged {
        for kind in unmanaged.values_mut() {
            kind.addresses.clear();
        }
    }
    notices.extend(told_before);
    notices.extend(told);
    notices.extend(loosening);
    notices.extend(delegation);
    notices.extend(promotion.into_iter().flatten());
    notices.extend(publishing_notice(&changes));
    notices.extend(split_notice(&changes));
    notices.extend(guard::unknown(&manifest.guards, live, &directory, &changes));
    notices.sort();
    let mut plan = Plan {
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
        applied: applied.filter(|_| is_recorded).map(|applied| applied.revision.clone()),
        base: base.filter(|_| promotes.is_none()).map(|base| base.revision.clone()),
        held,
        accepted,
        only: None,
        access: None,
        promotes: promotes.map(|promotes| promotes.from.clone()),
        guards,
        forecast: None,
    };
    guard::survey(&mut plan, live);
    Ok(plan)
}

/// Leaves nothing but what a promotion brings about; says what else there is.
fn promotion(promotes: &Promotes, changes: &mut Vec<Change>, portal: &str) -> Vec<Notice> {
    let note = |message| Notice { level: NoticeLevel::Note, message };
    let before = Plan::summarise(changes).count();
    changes.retain(|change| change.origin == Some(Origin::ThisChange));
    let others = before - Plan::summarise(changes).count();
    let kept: Vec<String> =
        promotes.kept.iter().map(|(kind, count)| format!("{count} {}", kind.noun(*count))).collect();
    let mut notices = Vec::new();
    if !kept.is_empty() {
        notices
            .push(note(format!("`{portal}` alone declares {}, which a promotion leaves as they are", kept.join(", "))));
    }
    if others > 0 {
        let changes = if others == 1 { "change is" } else { "changes are" };
        notices.push(note(format!(
            "{others} more {changes} due without any promotion: the portal is not as `{portal}` declares it"
        )));
    }
    notices
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
