//! Looks ahead: the requests of an apply that nothing disturbs, and how long they take.
//!
//! It follows the executor step by step: what one sends for a unit of work, the other counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use super::schedule::{Unit, levels, units};
use crate::address::Kind;
use crate::client::{LIMIT, Latencies, Operation as Request};
use crate::id::{ChangeId, GroupName};
use crate::kinds::assets::io::BATCH;
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::{GroupSet, idp_mappings, members};
use crate::manifest::model::Instances;
use crate::plan::forecast::{Forecast, Requests};
use crate::plan::{Action, Change, Edit, Operation, Phase, Plan};
use crate::state::LiveMember;

/// Counts what applying a plan sends from the first check to the last look, and how long that takes by these latencies.
/// A plan that was saved is compared with the portal before anything is written. All `members` are read before a group
/// is deleted.
pub fn forecast(
    plan: &Plan,
    saved: bool,
    members: &[LiveMember],
    parallelism: usize,
    latencies: &Latencies,
) -> Forecast {
    let disabled = members.iter().filter(|member| member.is_active == Some(false)).count();
    let mut course = Course {
        forecast: Forecast::default(),
        time: Some(Duration::ZERO),
        members: [members.len() - disabled, disabled],
        parallelism: parallelism.max(1),
        latencies,
    };
    // An asset that is changed twice goes in two steps.
    let mut seen = BTreeSet::new();
    let (first, second): (Vec<&Change>, Vec<&Change>) =
        plan.changes.iter().partition(|change| seen.insert(&change.address));
    let second: BTreeSet<&ChangeId> = second.into_iter().map(|change| &change.id).collect();
    if saved {
        if plan.changes.iter().any(is_new_group) {
            course.side_by_side([of(Kind::UserGroups, Request::GetAllProfilesByPortal)]);
        }
        course.side_by_side(looks(plan, first, Moment::Before));
    }
    for phase in Phase::ALL {
        let changes: Vec<&Change> = plan.changes.iter().filter(|change| change.phase == phase).collect();
        for level in levels(&changes) {
            let (groups, others): (Vec<&Change>, Vec<&Change>) =
                level.into_iter().partition(|change| matches!(change.edit, Edit::UserGroup(_)));
            course.side_by_side(units(others).iter().map(|unit| of_unit(unit, &second)));
            course.groups(&groups);
        }
    }
    // What was published has been looked at already.
    let is_published = |change: &Change| matches!(change.edit, Edit::Asset(Operation::Create { .. }));
    let last: BTreeMap<_, &Change> = plan.changes.iter().map(|change| (&change.address, change)).collect();
    let written = last.into_values().filter(|change| !is_published(change)).collect();
    course.side_by_side(looks(plan, written, Moment::After));
    course.finish()
}

/// The requests of one unit of work, one after the other; each as often as it is sent at once.
struct Steps {
    kind: Kind,
    steps: Vec<(Request, usize)>,
}

fn of(kind: Kind, request: Request) -> Steps {
    Steps { kind, steps: vec![(request, 1)] }
}

fn of_unit(unit: &Unit<'_>, second: &BTreeSet<&ChangeId>) -> Steps {
    const ASSET: Request = Request::GetAllVersionsVisibilityByGa;
    let (kind, steps) = match unit {
        Unit::Mappings(_, changes) => {
            let write = |change: &&Change| match change.action() {
                Action::Delete => (Request::DeleteGroupMappings, 1),
                _ => (Request::AddAdditionalGroupMapping, 1),
            };
            (Kind::IdpMappings, [(Request::GetGroupMappings, 1)].into_iter().chain(changes.iter().map(write)).collect())
        }
        Unit::Asset(change, _) => {
            // The second step looks whether the first one is shown.
            let first = second.contains(&change.id).then_some((ASSET, 1));
            (Kind::Assets, first.into_iter().chain([(ASSET, 1), (Request::UpdateCommunityAsset, 1)]).collect())
        }
        Unit::Remove(batch) => (Kind::Assets, vec![(ASSET, batch.len()), (Request::RemoveAssetFromCommunity, 1)]),
        Unit::Publish(assets) => {
            let steps = assets.chunks(BATCH).flat_map(|batch| {
                let count = batch.len();
                let set = batch.iter().filter(|(_, after)| sets_something(after)).count();
                // It is not there; it is published; it is there; its audience is set; it is seen.
                let publish = [(ASSET, count), (Request::AddAssetsToCommunity, 1), (ASSET, count)];
                let set = [(ASSET, count), (Request::UpdateCommunityAsset, set), (ASSET, count)];
                publish.into_iter().chain(set)
            });
            (Kind::Assets, steps.collect())
        }
        Unit::Member(change) => {
            let writes = members::io::operations(change).into_iter();
            (Kind::Members, writes.flat_map(|write| [(Request::GetCommunityUser, 1), (write, 1)]).collect())
        }
        Unit::Prospect(change) => {
            let write = match change.action() {
                Action::Approve => Request::ApproveProspect,
                _ => Request::RejectProspect,
            };
            (Kind::Prospects, vec![(Request::GetProspects, 1), (write, 1)])
        }
    };
    Steps { kind, steps }
}

/// Whether an asset that was just published has to be written: the product's help says that only administrators see it.
fn sets_something(after: &AssetSpec) -> bool {
    let is_seen = |audience: &Option<GroupSet>| audience.as_ref().is_some_and(|groups| !groups.is_empty());
    after.instances.is_some_and(|instances| instances != Instances::Public) || after.versions.values().any(is_seen)
}

/// Whether the portal is looked at before anything is written, or afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

/// One read of each object, or of all that a read shows.
fn looks(plan: &Plan, changes: Vec<&Change>, moment: Moment) -> Vec<Steps> {
    let mut looks = Vec::new();
    let mut of_groups = None;
    let mut mapped: BTreeSet<&GroupName> = BTreeSet::new();
    for change in changes {
        match &change.edit {
            Edit::UserGroup(_) => of_groups = Some(of(Kind::UserGroups, Request::GetAllProfilesByPortal)),
            Edit::IdpMapping(operation) => {
                mapped.insert(&idp_mappings::io::subject(operation).user_group);
            }
            Edit::Asset(_) => looks.push(of(Kind::Assets, Request::GetAllVersionsVisibilityByGa)),
            Edit::Member { .. } => looks.push(of(Kind::Members, Request::GetCommunityUser)),
            Edit::Approve { .. } | Edit::Reject { .. } => {
                let mut look = of(Kind::Prospects, Request::GetProspects);
                if moment == Moment::After {
                    // Nobody waits any more; then members are looked through, whose lists end with an empty page.
                    look.steps.push((Request::GetCommunityUsers, 1));
                    look.steps.push((Request::GetCommunityUsers, 1));
                }
                looks.push(look);
            }
        }
    }
    for group in mapped {
        let is_there = moment == Moment::After || plan.target.user_groups.wire_id(group).is_some();
        let mut look = Steps { kind: Kind::IdpMappings, steps: Vec::new() };
        if is_there {
            look.steps.push((Request::GetGroupMappings, 1));
        }
        if moment == Moment::After && goes(plan, group) {
            // That there are none is believed once the tree does not show the group either.
            look.steps.push((Request::GetAllProfilesByPortal, 1));
        }
        looks.push(look);
    }
    looks.extend(of_groups);
    looks
}

fn is_new_group(change: &Change) -> bool {
    matches!(change.edit, Edit::UserGroup(Operation::Create { .. }))
}

fn goes(plan: &Plan, group: &GroupName) -> bool {
    plan.changes
        .iter()
        .any(|change| matches!(&change.edit, Edit::UserGroup(Operation::Delete { before }) if before.name == *group))
}

/// An apply as it is foreseen.
struct Course<'a> {
    forecast: Forecast,
    /// `None` once a latency is not known.
    time: Option<Duration>,
    /// How many are active, and how many disabled.
    members: [usize; 2],
    parallelism: usize,
    latencies: &'a Latencies,
}

impl Course<'_> {
    /// A level of groups: one read for all, a look at what holds those that go, the writes, and one more read that tells
    /// new ids.
    fn groups(&mut self, changes: &[&Change]) {
        if changes.is_empty() {
            return;
        }
        self.side_by_side([of(Kind::UserGroups, Request::GetAllProfilesByPortal)]);
        let deleted = changes.iter().filter(|change| change.action() == Action::Delete).count();
        if deleted > 0 {
            let holders = [Request::GetGroupMappings, Request::SearchCommunityAssets];
            let holders = (0..deleted).flat_map(|_| holders).map(|look| of(Kind::UserGroups, look));
            // A list ends with an empty page.
            let lists = self.members.map(|count| Steps {
                kind: Kind::UserGroups,
                steps: vec![(Request::GetCommunityUsers, 1); count.div_ceil(LIMIT) + 1],
            });
            self.side_by_side(holders.chain(lists));
        }
        self.side_by_side(changes.iter().map(|change| {
            let write = match change.action() {
                Action::Create => Request::CreateUserGroup,
                Action::Delete => Request::DeleteUserGroup,
                _ => Request::UpdateUserGroup,
            };
            of(Kind::UserGroups, write)
        }));
        if changes.iter().any(|change| is_new_group(change)) {
            self.side_by_side([of(Kind::UserGroups, Request::GetAllProfilesByPortal)]);
        }
    }

    /// Adds units of which as many run at once as may.
    fn side_by_side(&mut self, units: impl IntoIterator<Item = Steps>) {
        let mut ends: BinaryHeap<Reverse<Duration>> = BinaryHeap::new();
        let mut end = Duration::ZERO;
        for Steps { kind, steps } in units {
            for (request, count) in &steps {
                self.count(kind, *request, *count);
            }
            let Some(length) = self.length(&steps) else {
                self.time = None;
                continue;
            };
            // It begins when one ends, or at once while there is room.
            let begin = if ends.len() < self.parallelism { None } else { ends.pop() };
            let over = begin.map_or(Duration::ZERO, |Reverse(begin)| begin).saturating_add(length);
            end = end.max(over);
            ends.push(Reverse(over));
        }
        self.time = self.time.map(|time| time.saturating_add(end));
    }

    fn count(&mut self, kind: Kind, request: Request, count: usize) {
        let Forecast { requests, kinds, operations, seconds: _ } = &mut self.forecast;
        let of_kind = kinds.entry(kind).or_default();
        for Requests { reads, writes } in [requests, of_kind] {
            *if request.is_write() { writes } else { reads } += count;
        }
        *operations.entry(request.id().to_owned()).or_default() += count;
    }

    /// How long requests take one after the other, of which some are sent several times at once.
    fn length(&self, steps: &[(Request, usize)]) -> Option<Duration> {
        steps
            .iter()
            .map(|(request, count)| {
                let rounds = u32::try_from(count.div_ceil(self.parallelism)).unwrap_or(u32::MAX);
                Some(self.latencies.of(*request)?.saturating_mul(rounds))
            })
            .try_fold(Duration::ZERO, |sum, length: Option<Duration>| Some(sum.saturating_add(length?)))
    }

    fn finish(mut self) -> Forecast {
        self.forecast.seconds = self.time.map(|time| rounded(time).max(1));
        self.forecast
    }
}

/// Seconds, of which no more than two digits mean anything.
fn rounded(time: Duration) -> u64 {
    let seconds = time.as_secs() + u64::from(time.subsec_millis() >= 500);
    let digits = seconds.checked_ilog10().unwrap_or_default();
    let unit = 10_u64.pow(digits.saturating_sub(1));
    (seconds + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(parallelism: usize, latencies: &Latencies) -> Course<'_> {
        Course { forecast: Forecast::default(), time: Some(Duration::ZERO), members: [0, 0], parallelism, latencies }
    }

    #[test]
    fn units_run_side_by_side_as_far_as_they_may_and_their_requests_in_turn() {
        let latencies = Latencies::of_microseconds(
            &[("getCommunityUser".to_owned(), 100_000), ("getProspects".to_owned(), 300_000)].into(),
        );
        let mut course = course(2, &latencies);
        let member = || of(Kind::Members, Request::GetCommunityUser);
        course.side_by_side([member(), member(), member(), member(), member()]);
        assert_eq!(course.time, Some(Duration::from_millis(300)));
        // A batch is sent at once, as far as it may; what was never seen takes as long as the average.
        let steps = vec![(Request::GetProspects, 3), (Request::ApproveProspect, 1)];
        course.side_by_side([Steps { kind: Kind::Prospects, steps }, member()]);
        assert_eq!(course.time, Some(Duration::from_millis(300 + 2 * 300 + 200)));
        let forecast = course.finish();
        assert_eq!(forecast.requests, Requests { reads: 9, writes: 1 });
        assert_eq!(forecast.kinds[&Kind::Prospects], Requests { reads: 3, writes: 1 });
        assert_eq!(forecast.operations["getCommunityUser"], 6);
        assert_eq!(forecast.seconds, Some(1));
    }

    #[test]
    fn where_nothing_was_seen_no_time_is_told() {
        let latencies = Latencies::default();
        let mut course = course(16, &latencies);
        course.side_by_side([of(Kind::Members, Request::GetCommunityUser)]);
        assert_eq!(course.finish().seconds, None);
    }

    #[test]
    fn no_more_digits_are_told_than_mean_something() {
        for (milliseconds, seconds) in [(400, 0), (1_600, 2), (12_345, 12), (123_456, 120), (1_999_000, 2_000)] {
            assert_eq!(rounded(Duration::from_millis(milliseconds)), seconds, "{milliseconds} ms");
        }
    }
}
