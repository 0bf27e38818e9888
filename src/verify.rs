//! Whether the portal shows what a plan saw, or what was written: the same reads, before and after.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

use crate::id::{ChangeId, GroupName};
use crate::kinds::precondition::{Check, check};
use crate::kinds::session::{Session, failed};
use crate::kinds::{Fields, assets, idp_mappings, members, prospects, user_groups};
use crate::plan::{Change, Edit, Operation};
use crate::report::Outcome;

/// What a read says of each change; an outcome where reading failed or says more than a comparison can.
pub type Checks = BTreeMap<ChangeId, Result<Check, Outcome>>;

/// Reads every object that the changes are about, side by side, and compares.
///
/// `later` gives what a later change of the same object wants.
pub async fn check_all<'c>(
    session: &Session,
    changes: &[&'c Change],
    later: impl Fn(&Change) -> Option<&'c Fields>,
    parallelism: usize,
) -> Checks {
    let mut reads: Vec<Read<'c>> = Vec::new();
    let mut groups: Vec<&Change> = Vec::new();
    let mut mappings: BTreeMap<&GroupName, Vec<&Change>> = BTreeMap::new();
    for &change in changes {
        match &change.edit {
            Edit::UserGroup(_) => groups.push(change),
            Edit::IdpMapping(operation) => {
                mappings.entry(&idp_mappings::io::subject(operation).user_group).or_default().push(change);
            }
            Edit::Asset(_) => reads.push(Read::Asset(change, later(change))),
            Edit::Member { .. } => reads.push(Read::Member(change)),
            Edit::Approve { .. } | Edit::Reject { .. } => reads.push(Read::Prospect(change)),
        }
    }
    if !groups.is_empty() {
        reads.push(Read::Groups(groups));
    }
    reads.extend(mappings.into_iter().map(|(group, changes)| Read::Mappings(group, changes)));
    stream::iter(reads)
        .map(|read| read.run(session))
        .buffer_unordered(parallelism.max(1))
        .concat()
        .await
        .into_iter()
        .collect()
}

enum Read<'c> {
    Groups(Vec<&'c Change>),
    Mappings(&'c GroupName, Vec<&'c Change>),
    Asset(&'c Change, Option<&'c Fields>),
    Member(&'c Change),
    Prospect(&'c Change),
}

impl Read<'_> {
    async fn run(self, session: &Session) -> Vec<(ChangeId, Result<Check, Outcome>)> {
        let one = |change: &Change, result: Result<Check, Outcome>| vec![(change.id.clone(), result)];
        match self {
            Self::Groups(changes) => check_groups(session, &changes).await,
            Self::Mappings(group, changes) => check_mappings(session, group, &changes).await,
            Self::Asset(change, later) => {
                let Edit::Asset(operation) = &change.edit else { return Vec::new() };
                let fresh = assets::io::Fresh::read(session, &assets::io::key(change)).await;
                one(
                    change,
                    fresh
                        .map(|fresh| assets::io::check_fresh(session, change, operation, fresh.as_ref(), later))
                        .map_err(|error| failed(&error)),
                )
            }
            Self::Member(change) => {
                let member = members::io::subject(session, change).await;
                let result = member
                    .map(|member| members::io::check_subject(session, change, member.as_ref()))
                    .map_err(|error| failed(&error));
                one(change, result)
            }
            Self::Prospect(change) => {
                let (Edit::Approve { before, .. } | Edit::Reject { before }) = &change.edit else { return Vec::new() };
                let standing = prospects::io::standing(session, change, before).await;
                let result = standing
                    .map(|standing| prospects::io::check_standing(session, change, &standing))
                    .map_err(|error| failed(&error));
                one(change, result)
            }
        }
    }
}

async fn check_groups(session: &Session, changes: &[&Change]) -> Vec<(ChangeId, Result<Check, Outcome>)> {
    let tree = user_groups::io::Tree::read(session).await;
    let result = |change: &Change| {
        let Edit::UserGroup(operation) = &change.edit else { return Ok(Check::Done) };
        tree.as_ref().map(|tree| tree.check(session, change, operation)).map_err(failed)
    };
    changes.iter().map(|change| (change.id.clone(), result(change))).collect()
}

async fn check_mappings(
    session: &Session,
    group: &GroupName,
    changes: &[&Change],
) -> Vec<(ChangeId, Result<Check, Outcome>)> {
    // A group that is yet to be created has no mapping yet.
    let planned = session.directory().wire_id(group).is_none();
    let subjects: Vec<_> = changes
        .iter()
        .filter_map(|change| match &change.edit {
            Edit::IdpMapping(operation) => Some(idp_mappings::io::subject(operation)),
            _ => None,
        })
        .collect();
    let current = if planned {
        Ok(vec![None; subjects.len()])
    } else {
        idp_mappings::io::fields_of(session, group, &subjects).await
    };
    match current {
        Ok(current) => changes
            .iter()
            .zip(current)
            .map(|(change, current)| {
                (change.id.clone(), Ok(check(change, current.as_ref(), None, &session.directory())))
            })
            .collect(),
        Err(outcome) => changes.iter().map(|change| (change.id.clone(), Err(outcome.clone()))).collect(),
    }
}

/// Re-reads what was written until the portal shows it, or patience ends. Gives the outcomes that are final.
///
/// A portal that shows what is written late may show something older first: only the last read decides.
pub async fn verify(session: &Session, written: Vec<&Change>, parallelism: usize) -> BTreeMap<ChangeId, Outcome> {
    let mut outcomes = BTreeMap::new();
    let mut open = written;
    let mut times = 0;
    while !open.is_empty() && session.reads_again(times).await {
        times += 1;
        let mut checks = check_all(session, &open, |_| None, parallelism).await;
        open.retain(|change| {
            let outcome = match checks.remove(&change.id) {
                Some(Ok(check)) => verified(change, check),
                Some(Err(_)) | None => Outcome::Unconfirmed,
            };
            let is_seen = outcome == Outcome::Applied;
            outcomes.insert(change.id.clone(), outcome);
            !is_seen
        });
    }
    outcomes
}

/// What a read says of a change that was written.
fn verified(change: &Change, check: Check) -> Outcome {
    let failed = |message: String, hint: &str| Outcome::Failed { message, hint: Some(hint.to_owned()) };
    match check {
        Check::Done => Outcome::Applied,
        Check::Write => Outcome::Unconfirmed,
        Check::Refuse(mismatches) => {
            let fields: Vec<String> = mismatches
                .iter()
                .map(|mismatch| format!("{} is {} instead of {}", mismatch.path, mismatch.live, mismatch.after))
                .collect();
            let message = format!("it was written, and the portal shows something else: {}", fields.join("; "));
            match &change.edit {
                // It may still show whom the hub let see the asset when it was published.
                Edit::Asset(Operation::Create { .. }) => Outcome::Unknown { message, hint: None },
                _ => failed(message, "somebody else may have changed it at the same time; plan again"),
            }
        }
        Check::Gone => failed("it was written, and is gone from the portal".to_owned(), "plan again"),
        Check::Impossible { message, hint } => failed(format!("it was written, and {message}"), hint),
    }
}
