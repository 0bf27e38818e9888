//! Which user group sees which version before and after: data that the page's script makes cells of.
//!
//! A portal has millions of cells and few different audiences. So the page has each audience once, and a row names two.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use serde::Serialize;

use super::written::{Written, of_line};
use crate::directory::Directory;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::access::{Access, Side, VersionEffect, VersionName, VersionReach};
use crate::plan::{Action, Change, Edit, Plan};
use crate::render::names::Names;
use crate::render::{access, text};

/// All that the matrix shows.
#[derive(Debug, Serialize)]
pub(super) struct Matrix {
    pub groups: Vec<Column>,
    /// Each a list of positions in `groups`.
    pub audiences: Vec<Vec<usize>>,
    pub effects: Vec<Effect>,
    /// Those whose sight changes first, then by name.
    pub versions: Vec<Row>,
}

/// A user group.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    pub name: String,
    /// The positions of its ancestors: what they see, it sees.
    pub above: Vec<usize>,
    /// What is special about it, e.g. `public`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<&'static str>,
    /// It gains or loses sight of something.
    pub changes: bool,
}

/// What becomes of the people who see a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Effect {
    /// Members who gain and members who lose.
    pub people: [usize; 2],
    /// In words.
    pub lines: Vec<Written>,
}

/// A version: its name, its audiences before and after, and its effect; no audience where the hub does not tell.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row(pub String, pub Option<usize>, pub Option<usize>, pub Option<usize>, pub u8);

/// What comes first: audiences that change, before people who do, before what stays.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_same: bool,
    is_of_people: bool,
}

/// What a row's number says, added up.
pub(super) mod sort {
    pub(in crate::render::html) const CHANGED: u8 = 1;
    pub(in crate::render::html) const GAINED: u8 = 2;
    pub(in crate::render::html) const LOST: u8 = 4;
}

impl Matrix {
    pub(super) fn of(plan: &Plan, access: &Access, names: &Names) -> Self {
        let columns = Columns::of(plan, access);
        let effects: BTreeMap<&VersionName, &VersionEffect> =
            access.effect.versions.iter().map(|effect| (&effect.name, effect)).collect();
        let mut audiences = Table::default();
        let mut told = Table::default();
        let mut shifts: HashMap<(usize, usize), Shift> = HashMap::new();
        let mut changing: BTreeSet<usize> = BTreeSet::new();
        let mut versions = Vec::new();
        for asset in &access.assets {
            for version in &asset.versions {
                let mut audience = |side| {
                    let groups = version.audience.on(side).as_ref()?;
                    Some(audiences.place(columns.places(groups)))
                };
                let (before, after) = (audience(Side::Before), audience(Side::After));
                let name = VersionName { asset: asset.address.clone(), version: version.version.clone() };
                let effect = effects.get(&name).copied();
                let is_of_audience = before != after;
                let mut sort = if is_of_audience { sort::CHANGED } else { 0 };
                if let (Some(before), Some(after)) = (before, after) {
                    let shift = shifts
                        .entry((before, after))
                        .or_insert_with(|| Shift::between(&columns.all, &audiences.all[before], &audiences.all[after]));
                    sort |= shift.sort();
                    changing.extend(shift.gained.iter().chain(&shift.lost));
                }
                sort |= effect.map_or(0, |effect| {
                    let direction =
                        |reach: &VersionReach, sort| if *reach == VersionReach::default() { 0 } else { sort };
                    sort::CHANGED | direction(&effect.gains, sort::GAINED) | direction(&effect.losses, sort::LOST)
                });
                let effect = effect.map(|effect| told.place(self::effect(effect)));
                let name = text::terminal(&access::version_name(&name, names)).into_owned();
                versions.push((
                    Rank { is_same: sort == 0, is_of_people: !is_of_audience },
                    Row(name, before, after, effect, sort),
                ));
            }
        }
        versions.sort_by(|(a_rank, Row(a, ..)), (b_rank, Row(b, ..))| (a_rank, a).cmp(&(b_rank, b)));
        let versions = versions.into_iter().map(|(_, row)| row).collect();
        let mut groups = columns.all;
        for place in changing {
            groups[place].changes = true;
        }
        Self { groups, audiences: audiences.all, effects: told.all, versions }
    }

    /// How many rows have changes; they come first.
    pub(super) fn changed(&self) -> usize {
        self.versions.iter().take_while(|Row(.., sort)| *sort != 0).count()
    }
}

fn effect(effect: &VersionEffect) -> Effect {
    let VersionEffect { name: _, gains, losses } = effect;
    let lines = access::reach_lines(effect).iter().map(of_line).collect();
    Effect { people: [gains.members, losses.members], lines }
}

/// The columns and where each is.
struct Columns {
    all: Vec<Column>,
    places: HashMap<GroupName, usize>,
}

impl Columns {
    /// Parents before their children; what an audience names and the tree does not hold comes last.
    fn of(plan: &Plan, access: &Access) -> Self {
        let directory = &plan.target.user_groups;
        let mut names: Vec<&GroupName> = directory.iter().map(|entry| &entry.name).collect();
        names.sort_by_cached_key(|name| way_from_the_top(directory, name));
        let audiences = access.assets.iter().flat_map(|asset| &asset.versions).map(|version| &version.audience);
        let mentioned: BTreeSet<&GroupName> = audiences
            .flat_map(|audience| [audience.on(Side::Before), audience.on(Side::After)])
            .flatten()
            .flatten()
            .filter(|name| directory.get(name).is_none())
            .collect();
        names.extend(mentioned);
        let places: HashMap<GroupName, usize> =
            names.iter().enumerate().map(|(place, name)| ((*name).clone(), place)).collect();
        let fates = fates(&plan.changes);
        let column = |name: &&GroupName| {
            let flags = directory.flags_of(name);
            let marks = [
                flags.is_public.then_some("public"),
                flags.is_default.then_some("everyone who signs in"),
                flags.is_admin.then_some("administrators"),
                fates.get(name.as_str()).copied(),
            ];
            Column {
                name: text::terminal(name.as_str()).into_owned(),
                above: directory.with_ancestors(name).skip(1).filter_map(|above| places.get(above)).copied().collect(),
                marks: marks.into_iter().flatten().collect(),
                changes: false,
            }
        };
        Self { all: names.iter().map(column).collect(), places }
    }

    fn places(&self, groups: &GroupSet) -> Vec<usize> {
        let mut places: Vec<usize> = groups.iter().filter_map(|group| self.places.get(group)).copied().collect();
        places.sort_unstable();
        places
    }
}

/// The names above a group and its own; what everyone sees comes first of all.
fn way_from_the_top<'a>(directory: &'a Directory, name: &'a GroupName) -> Vec<(bool, bool, &'a GroupName)> {
    let step = |name: &'a GroupName| {
        let flags = directory.flags_of(name);
        (!flags.is_public, !flags.is_default, name)
    };
    let mut way: Vec<_> = directory.with_ancestors(name).map(step).collect();
    way.reverse();
    way
}

/// The groups that come and go.
fn fates(changes: &[Change]) -> BTreeMap<String, &'static str> {
    let fate = |change: &Change| {
        let Edit::UserGroup(operation) = &change.edit else { return None };
        let fate = match operation.action() {
            Action::Create => "new",
            Action::Delete => "goes",
            _ => return None,
        };
        Some((change.address.name(), fate))
    };
    changes.iter().filter_map(fate).collect()
}

/// The groups that see a version of two audiences before or after alone.
#[derive(Debug)]
struct Shift {
    gained: Vec<usize>,
    lost: Vec<usize>,
}

impl Shift {
    fn between(columns: &[Column], before: &[usize], after: &[usize]) -> Self {
        let sees = |audience: &[usize], place: usize| {
            audience.contains(&place) || columns[place].above.iter().any(|above| audience.contains(above))
        };
        let only = |one: &[usize], other: &[usize]| -> Vec<usize> {
            (0..columns.len()).filter(|place| sees(one, *place) && !sees(other, *place)).collect()
        };
        Self { gained: only(after, before), lost: only(before, after) }
    }

    fn sort(&self) -> u8 {
        (if self.gained.is_empty() { 0 } else { sort::GAINED }) | (if self.lost.is_empty() { 0 } else { sort::LOST })
    }
}

/// Values that are kept once.
struct Table<T> {
    all: Vec<T>,
    places: HashMap<T, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { all: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn place(&mut self, value: T) -> usize {
        *self.places.entry(value).or_insert_with_key(|value| {
            self.all.push(value.clone());
            self.all.len() - 1
        })
    }
}
