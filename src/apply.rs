//! Executes a plan: phase by phase, what is independent side by side, each write on a fresh read, then verifies.
//!
//! What is applied is what was shown: only ids that did not exist yet are filled in, and fields that a change does
//! not own are carried over.

mod forecast;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};

use self::schedule::{Unit, levels, units};
use crate::id::{ChangeId, GroupId, GroupName};
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::precondition::Check;
use crate::kinds::session::{Session, failed};
use crate::kinds::user_groups::holders::holders;
use crate::kinds::{Fields, assets, idp_mappings, members, prospects, user_groups};
use crate::order::Effects;
use crate::plan::{Action, Change, Edit, Operation, Phase, Plan};
use crate::report::{ChangeResult, Outcome, Report};
use crate::text::{few, shell_word};
use crate::verify::{check_all, verify};

pub use self::forecast::forecast;

/// Is told how an apply gets on.
pub trait Watch: Sync {
    fn started(&self, change: &Change);
    /// The change was written, or came out otherwise; verification may still change the outcome.
    fn finished(&self, change: &Change, outcome: &Outcome);
}

/// How an apply runs.
pub struct Options<'a> {
    /// How many objects are worked on at once.
    pub parallelism: usize,
    /// How the program is called for this portal, in the command that tells what is unknown.
    pub program: &'a str,
    /// Set from outside to stop: what was begun is finished, nothing else is begun.
    pub interrupt: &'a AtomicBool,
    pub watch: &'a dyn Watch,
}

/// A change whose object no longer is what the plan saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Stale<'p> {
    pub change: &'p Change,
    pub outcome: Outcome,
}

impl Stale<'_> {
    pub fn into_result(self) -> ChangeResult {
        let Change { id, address, .. } = self.change;
        let action = self.change.action();
        ChangeResult { id: id.clone(), address: address.clone(), action, outcome: self.outcome }
    }
}

/// Checks every precondition of a plan without writing anything.
pub async fn stale<'p>(session: &Session, plan: &'p Plan, parallelism: usize) -> Vec<Stale<'p>> {
    learn_planned(session, plan).await;
    let later = later_fields(plan);
    let mut seen = BTreeSet::new();
    // The second step of an asset compares with what the first one leaves.
    let first: Vec<&Change> = plan.changes.iter().filter(|change| seen.insert(&change.address)).collect();
    let checks = check_all(session, &first, |change| later.get(&change.id), parallelism).await;
    first
        .into_iter()
        .filter_map(|change| {
            let outcome = match checks.get(&change.id)?.clone() {
                Ok(Check::Write | Check::Done) => return None,
                Ok(checked) => checked.outcome()?,
                Err(outcome) => outcome,
            };
            Some(Stale { change, outcome })
        })
        .collect()
}

/// Learns the ids of groups that the plan creates and that are there already: the plan was applied before, in part or
/// whole. What is wrong with the tree is told by the checks that follow.
async fn learn_planned(session: &Session, plan: &Plan) {
    let creates: Vec<(&Change, &Operation<_>)> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.edit {
            Edit::UserGroup(operation @ Operation::Create { .. }) => Some((change, operation)),
            _ => None,
        })
        .collect();
    if creates.is_empty() {
        return;
    }
    if let Ok(tree) = user_groups::io::Tree::read(session).await {
        for (change, operation) in creates {
            tree.learn(session, change, operation);
        }
    }
}

/// For the first of two changes of an asset: what the second one wants.
fn later_fields(plan: &Plan) -> BTreeMap<ChangeId, Fields> {
    let mut last: BTreeMap<_, &Change> = BTreeMap::new();
    for change in &plan.changes {
        last.insert(&change.address, change);
    }
    plan.changes
        .iter()
        .filter_map(|change| {
            let last = last.get(&change.address).filter(|last| last.id != change.id)?;
            Some((change.id.clone(), last.edit.fields_after()))
        })
        .collect()
}

/// Applies a plan. Every change gets an outcome; nothing is repeated blindly.
pub async fn apply(session: &Session, plan: &Plan, options: &Options<'_>) -> Report {
    let executor = Executor {
        session,
        plan,
        options,
        later: later_fields(plan),
        by_id: plan.changes.iter().map(|change| (&change.id, change)).collect(),
        progress: Mutex::default(),
    };
    for phase in Phase::ALL {
        executor.run(phase).await;
    }
    executor.verify().await;
    executor.report()
}

struct Executor<'a> {
    session: &'a Session,
    plan: &'a Plan,
    options: &'a Options<'a>,
    later: BTreeMap<ChangeId, Fields>,
    by_id: BTreeMap<&'a ChangeId, &'a Change>,
    progress: Mutex<Progress<'a>>,
}

/// What has come of the changes so far.
#[derive(Default)]
struct Progress<'a> {
    outcomes: BTreeMap<ChangeId, Outcome>,
    /// What was not done, with what it would have done to groups.
    undone: Vec<(&'a Change, Effects)>,
    /// What need not be verified at the end.
    verified: BTreeSet<ChangeId>,
}

impl<'a> Executor<'a> {
    /// What depends on each other runs in turn, all else side by side.
    async fn run(&self, phase: Phase) {
        let changes: Vec<&'a Change> = self.plan.changes.iter().filter(|change| change.phase == phase).collect();
        for level in levels(&changes) {
            let (groups, others): (Vec<&Change>, Vec<&Change>) =
                level.into_iter().partition(|change| matches!(change.edit, Edit::UserGroup(_)));
            stream::iter(units(others))
                .map(|unit| self.unit(unit))
                .buffer_unordered(self.options.parallelism.max(1))
                .collect::<Vec<()>>()
                .await;
            self.groups(groups).await;
        }
    }

    /// One level of groups: one read of the tree for all, not one for each.
    async fn groups(&self, level: Vec<&'a Change>) {
        let ready: Vec<&Change> = level.into_iter().filter(|change| self.may_begin(change)).collect();
        if ready.is_empty() {
            return;
        }
        let mut tree = match user_groups::io::Tree::read(self.session).await {
            Ok(tree) => tree,
            Err(error) => {
                for change in ready {
                    self.finish(change, failed(&error));
                }
                return;
            }
        };
        let ready = self.not_held(&mut tree, ready).await;
        let tree = &tree;
        stream::iter(ready.clone())
            .map(|change| async move {
                let Edit::UserGroup(operation) = &change.edit else { return };
                self.options.watch.started(change);
                let outcome = user_groups::io::write(self.session, tree, change, operation).await;
                self.finish(change, outcome);
            })
            .buffer_unordered(self.options.parallelism.max(1))
            .collect::<Vec<()>>()
            .await;
        self.learn_ids(&ready).await;
    }

    /// Leaves out groups that are to be deleted and that something refers to by now: it would go along, unseen. What the
    /// plan has just taken from them may be shown for a while.
    async fn not_held(&self, tree: &mut user_groups::io::Tree, changes: Vec<&'a Change>) -> Vec<&'a Change> {
        let id = |change: &Change| change.object_id.as_deref().map(GroupId::from);
        let (mut open, mut ready): (Vec<&Change>, Vec<&Change>) = changes
            .into_iter()
            .partition(|change| change.action() == Action::Delete && id(change).is_some_and(|id| tree.holds(&id)));
        let (mut reason, mut times) = (None, 0);
        while !open.is_empty() && self.session.reads_again(times).await {
            if times > 0
                && let Ok(newer) = user_groups::io::Tree::read(self.session).await
            {
                *tree = newer;
            }
            times += 1;
            let ids = open.iter().filter_map(|change| id(change)).collect();
            let found = holders(self.session, tree, &ids).await;
            if let Ok(held) = &found {
                let is_held = |change: &&Change| id(change).is_some_and(|id| held.contains_key(&id));
                let (still, free): (Vec<&Change>, Vec<&Change>) = open.into_iter().partition(is_held);
                ready.extend(free);
                open = still;
            }
            reason = Some(found);
        }
        for change in open {
            let outcome = match &reason {
                Some(Err(error)) => failed(error),
                Some(Ok(held)) => {
                    let holders = id(change).and_then(|id| held.get(&id)).map(|holders| few(5, holders));
                    Outcome::skipped(format!("it is held by {}; plan again", holders.unwrap_or_default()))
                }
                None => Outcome::skipped("it is not known whether anything holds it"),
            };
            self.finish(change, outcome);
        }
        ready
    }

    /// Creating answers with no documented body: the tree tells the new ids.
    async fn learn_ids(&self, changes: &[&'a Change]) {
        let unknown: Vec<(&Change, &Operation<_>)> = changes
            .iter()
            .filter(|change| self.outcome(&change.id).is_some_and(|outcome| outcome.is_done()))
            .filter_map(|change| match &change.edit {
                Edit::UserGroup(operation @ Operation::Create { after })
                    if self.session.directory().wire_id(&after.name).is_none() =>
                {
                    Some((*change, operation))
                }
                _ => None,
            })
            .collect();
        let (mut open, mut times) = (unknown, 0);
        while !open.is_empty() && self.session.reads_again(times).await {
            times += 1;
            if let Ok(tree) = user_groups::io::Tree::read(self.session).await {
                open.retain(|(change, operation)| !tree.learn(self.session, change, operation));
            }
        }
    }

    async fn unit(&self, unit: Unit<'a>) {
        let (session, watch) = (self.session, self.options.watch);
        match unit {
            Unit::Mappings(group, changes) => {
                let ready: Vec<&Change> = changes.into_iter().filter(|change| self.may_begin(change)).collect();
                self.mappings(group, ready).await;
            }
            Unit::Asset(change, operation) => {
                if self.may_begin(change) {
                    watch.started(change);
                    let outcome = match self.first_step(change) {
                        // What a late read carried over would undo the first step.
                        Some((first, of_first))
                            if !assets::io::shows(session, first, of_first, self.later.get(&first.id)).await =>
                        {
                            Outcome::skipped("the portal does not show the first step yet")
                        }
                        _ => assets::io::update(session, change, operation, self.later.get(&change.id)).await,
                    };
                    self.finish(change, outcome);
                }
            }
            Unit::Remove(batch) => {
                let ready: Vec<_> = batch.into_iter().filter(|(change, _)| self.may_begin(change)).collect();
                for (change, _) in &ready {
                    watch.started(change);
                }
                let outcomes = assets::io::remove(session, &ready).await;
                self.finish_all(ready.iter().map(|(change, _)| *change), outcomes);
            }
            Unit::Publish(assets) => {
                for batch in assets.chunks(assets::io::BATCH) {
                    let ready: Vec<_> = batch.iter().copied().filter(|(change, _)| self.may_begin(change)).collect();
                    for (change, _) in &ready {
                        watch.started(change);
                    }
                    let outcomes = assets::publish::publish(session, &ready).await;
                    let changes: Vec<&Change> = ready.iter().map(|(change, _)| *change).collect();
                    let outcomes = self.verify_batch(&changes, outcomes).await;
                    self.finish_all(changes.into_iter(), outcomes);
                }
            }
            Unit::Member(change) => {
                let Edit::Member { after, .. } = &change.edit else { return };
                if self.may_begin(change) {
                    watch.started(change);
                    self.finish(change, members::io::write(session, change, after).await);
                }
            }
            Unit::Prospect(change) => {
                let (Edit::Approve { before, .. } | Edit::Reject { before }) = &change.edit else { return };
                if self.may_begin(change) {
                    watch.started(change);
                    self.finish(change, prospects::io::write(session, change, before).await);
                }
            }
        }
    }

    /// The first of two changes of an asset, for the second.
    fn first_step(&self, change: &Change) -> Option<(&'a Change, &'a Operation<AssetSpec>)> {
        let is_first = |other: &&Change| other.address == change.address && other.phase < change.phase;
        let first = change.depends_on.iter().filter_map(|id| self.by_id.get(id).copied()).find(is_first)?;
        match &first.edit {
            Edit::Asset(operation) => Some((first, operation)),
            _ => None,
        }
    }

    /// One read serves all mappings of a group.
    async fn mappings(&self, group: &GroupName, changes: Vec<&'a Change>) {
        let operations: Vec<(&'a Change, &Operation<_>)> = changes
            .into_iter()
            .filter_map(|change| match &change.edit {
                Edit::IdpMapping(operation) => Some((change, operation)),
                _ => None,
            })
            .collect();
        if operations.is_empty() {
            return;
        }
        for (change, _) in &operations {
            self.options.watch.started(change);
        }
        let subjects: Vec<_> = operations.iter().map(|(_, operation)| idp_mappings::io::subject(operation)).collect();
        match idp_mappings::io::fields_of(self.session, group, &subjects).await {
            Err(outcome) => {
                for (change, _) in operations {
                    self.finish(change, outcome.clone());
                }
            }
            Ok(current) => {
                for ((change, operation), current) in operations.into_iter().zip(current) {
                    let outcome = idp_mappings::io::write(self.session, change, operation, current.as_ref()).await;
                    self.finish(change, outcome);
                }
            }
        }
    }

    /// Whether a change may begin; records why not.
    fn may_begin(&self, change: &'a Change) -> bool {
        let skipped = if self.options.interrupt.load(Ordering::SeqCst) {
            Some(Outcome::skipped("the apply was interrupted"))
        } else {
            self.held_back_by(change).map(|(undone, how)| Outcome::skipped_after(&undone.address, how))
        };
        match skipped {
            None => true,
            Some(skipped) => {
                self.finish(change, skipped);
                false
            }
        }
    }

    /// The change that was not done and that this one depends on or meets, and what to add where it only meets it.
    fn held_back_by(&self, change: &'a Change) -> Option<(&'a Change, &'static str)> {
        let progress = self.progress();
        let is_undone = |id: &ChangeId| progress.outcomes.get(id).is_none_or(|outcome| !outcome.is_done());
        if let Some(id) = change.depends_on.iter().find(|id| is_undone(id)) {
            return self.by_id.get(id).map(|undone| (*undone, ""));
        }
        if progress.undone.is_empty() {
            return None;
        }
        let effects = Effects::of(&change.edit, &self.session.directory());
        progress
            .undone
            .iter()
            .find(|(undone, of_undone)| undone.phase < change.phase && effects.meets_undone(of_undone))
            .map(|(undone, _)| (*undone, ", and touches the same groups"))
    }

    fn finish(&self, change: &'a Change, mut outcome: Outcome) {
        if let Outcome::Unknown { hint, .. } = &mut outcome {
            hint.get_or_insert_with(|| format!("`{} get {}` tells", self.options.program, look(change)));
        }
        self.options.watch.finished(change, &outcome);
        let mut progress = self.progress();
        if !outcome.is_done() {
            let effects = Effects::of(&change.edit, &self.session.directory());
            progress.undone.push((change, effects));
        }
        progress.outcomes.insert(change.id.clone(), outcome);
    }

    fn finish_all(&self, changes: impl Iterator<Item = &'a Change>, outcomes: Vec<Outcome>) {
        for (change, outcome) in changes.zip(outcomes) {
            self.finish(change, outcome);
        }
    }

    fn outcome(&self, id: &ChangeId) -> Option<Outcome> {
        self.progress().outcomes.get(id).cloned()
    }

    /// How far the apply is; never held across an await.
    fn progress(&self) -> MutexGuard<'_, Progress<'a>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees that each audience of a batch stands before anything else is published.
    async fn verify_batch(&self, changes: &[&'a Change], mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
        let written = changes.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Outcome::Applied);
        let written: Vec<&Change> = written.map(|(change, _)| *change).collect();
        let mut seen = verify(self.session, written, self.options.parallelism).await;
        for (change, outcome) in changes.iter().zip(&mut outcomes) {
            if let Some(verified) = seen.remove(&change.id) {
                self.progress().verified.insert(change.id.clone());
                *outcome = verified;
            }
        }
        outcomes
    }

    /// Re-reads what was written. The first of two steps was verified by the precondition of the second.
    async fn verify(&self) {
        let mut last: BTreeMap<_, &Change> = BTreeMap::new();
        for change in &self.plan.changes {
            let progress = self.progress();
            if progress.outcomes.get(&change.id) == Some(&Outcome::Applied) && !progress.verified.contains(&change.id) {
                last.insert(&change.address, change);
            }
        }
        let outcomes = verify(self.session, last.into_values().collect(), self.options.parallelism).await;
        self.progress().outcomes.extend(outcomes);
    }

    fn report(self) -> Report {
        let Progress { mut outcomes, .. } = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let results = self
            .plan
            .changes
            .iter()
            .map(|change| ChangeResult {
                id: change.id.clone(),
                address: change.address.clone(),
                action: change.action(),
                outcome: outcomes.remove(&change.id).unwrap_or_else(|| Outcome::skipped("nothing came of it")),
            })
            .collect();
        Report {
            portal: self.plan.portal.clone(),
            emulator: self.plan.target.portal.emulator,
            interrupted: self.options.interrupt.load(Ordering::SeqCst),
            results,
            sent: None,
        }
    }
}

/// What `get` shows of what became of a change.
fn look(change: &Change) -> String {
    match &change.edit {
        Edit::UserGroup(_) => "user-groups".to_owned(),
        Edit::IdpMapping(_) => "idp-mappings".to_owned(),
        Edit::Asset(_) => {
            let key = assets::io::key(change);
            format!("asset {}", shell_word(&format!("{}/{}", key.group_id, key.asset_id)))
        }
        Edit::Member { .. } => format!("member {}", shell_word(change.object_id.as_deref().unwrap_or_default())),
        Edit::Approve { .. } | Edit::Reject { .. } => "prospects".to_owned(),
    }
}
