//! Everyone, by the groups whose audiences they see, before and after; and by what they come and go.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;

use crate::address::{Address, Kind};
use crate::directory::Directory;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::access::{Access, Cause, IdpGroupName, Person, Side, Standing};
use crate::plan::{Change, Edit, FieldChange, Origin};

/// The groups of an audience by their numbers.
pub(super) type Audience = Box<[usize]>;

/// By number of the group: those who see what it sees.
type ByGroup = Vec<FixedBitSet>;

pub(super) struct Crowd<'a> {
    pub(super) access: &'a Access,
    pub(super) people: &'a [Person],
    pub(super) groups: Groups,
    before: ByGroup,
    after: ByGroup,
    /// As before, without those whom somebody put into groups by hand and the plan takes out again; `None` if there are
    /// none.
    declared: Option<ByGroup>,
    pub(super) causes: Vec<Move>,
    pub(super) movers: Movers,
}

/// Numbers for groups.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) names: Vec<GroupName>,
    numbers: HashMap<GroupName, usize>,
}

impl Groups {
    fn number(&mut self, name: &GroupName) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.numbers.insert(name.clone(), self.names.len());
        self.names.push(name.clone());
        self.names.len() - 1
    }
}

/// What tells one cause from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) gives: bool,
    pub(super) cause: Cause,
    pub(super) user_group: Option<GroupName>,
    pub(super) origin: Option<Origin>,
}

/// A cause that moves people.
pub(super) struct Move {
    pub(super) key: Key,
    pub(super) people: FixedBitSet,
    /// The groups whose audiences they come to see, or cease to; `None`: all that they see at all.
    reaches: Option<GroupSet>,
}

/// Whom each cause that moves people gives, or takes from, by the groups whose audiences it reaches: whoever is in one of
/// them by another way has not moved.
pub(super) struct Movers {
    /// By direction and number of the group: causes by number.
    of: [Vec<Vec<(usize, FixedBitSet)>>; 2],
    /// Causes that reach everything.
    anywhere: [Vec<usize>; 2],
}

impl Movers {
    /// The causes that reach this group, each with those whom it moves there.
    pub(super) fn of(&self, gives: bool, group: usize) -> &[(usize, FixedBitSet)] {
        self.of[usize::from(gives)].get(group).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn anywhere(&self, gives: bool) -> &[usize] {
        &self.anywhere[usize::from(gives)]
    }
}

/// How versions of one audience before and one after change.
pub(super) struct Shift {
    pub(super) gains: FixedBitSet,
    pub(super) losses: FixedBitSet,
    /// Who gains, or loses, sight through each group of the audience.
    pub(super) routes: Vec<Route>,
}

pub(super) struct Route {
    pub(super) gives: bool,
    pub(super) group: usize,
    /// The audience gains or loses the group; otherwise, people do.
    pub(super) is_of_audience: bool,
    pub(super) people: FixedBitSet,
}

impl Shift {
    pub(super) fn is_nothing(&self) -> bool {
        self.gains.is_clear() && self.losses.is_clear()
    }

    /// Who gains sight, or loses it.
    pub(super) fn who(&self, gives: bool) -> &FixedBitSet {
        if gives { &self.gains } else { &self.losses }
    }
}

impl<'a> Crowd<'a> {
    pub(super) fn of(access: &'a Access, directory: &Directory, changes: &[Change]) -> Self {
        let people = access.people.as_deref().unwrap_or_default();
        let causes = moves(access, directory, changes, people.len() + access.idp_groups.len() + 1);
        let mut groups = Groups::default();
        let mut sight = |side, instead: &HashMap<usize, Standing>| sight(access, directory, &mut groups, side, instead);
        let undeclared = undeclared_standings(people, changes);
        let (before, after) = (sight(Side::Before, &HashMap::new()), sight(Side::After, &HashMap::new()));
        let declared = (!undeclared.is_empty()).then(|| sight(Side::Before, &undeclared));
        let moving = |one: &ByGroup, other: &ByGroup, group: usize| {
            let mut moving = one.get(group)?.clone();
            if let Some(others) = other.get(group) {
                moving.difference_with(others);
            }
            Some(moving)
        };
        let mut movers = Movers { of: [Vec::new(), Vec::new()], anywhere: [Vec::new(), Vec::new()] };
        for (number, Move { key, people, reaches }) in causes.iter().enumerate() {
            let side = usize::from(key.gives);
            let Some(reaches) = reaches else {
                movers.anywhere[side].push(number);
                continue;
            };
            for group in reaches.iter().map(|group| groups.number(group)) {
                let moving = if key.gives { moving(&after, &before, group) } else { moving(&before, &after, group) };
                if let Some(people) = moving.and_then(|moving| common(people, &moving)) {
                    let of_side = &mut movers.of[side];
                    of_side.resize_with(of_side.len().max(group + 1), Vec::new);
                    of_side[group].push((number, people));
                }
            }
        }
        Self { access, people, groups, before, after, declared, causes, movers }
    }

    /// Members, groups of identity providers, and the visitor.
    pub(super) fn size(&self) -> usize {
        self.people.len() + self.access.idp_groups.len() + 1
    }

    /// Somebody's groups change.
    pub(super) fn moves(&self) -> bool {
        !self.causes.is_empty()
    }

    pub(super) fn audience(&mut self, groups: &GroupSet) -> Audience {
        groups.iter().map(|group| self.groups.number(group)).collect()
    }

    fn union(&self, groups: &ByGroup, audience: &[usize]) -> FixedBitSet {
        let mut all = FixedBitSet::with_capacity(self.size());
        for set in audience.iter().filter_map(|group| groups.get(*group)) {
            all.union_with(set);
        }
        all
    }

    /// Of those who lose sight, who would have had it without what was opened by hand.
    pub(super) fn declared_losses(&self, losses: &FixedBitSet, before: &[usize], undeclared: &GroupSet) -> FixedBitSet {
        let is_declared = |group: &&usize| !undeclared.contains(&self.groups.names[**group]);
        let audience: Vec<usize> = before.iter().filter(is_declared).copied().collect();
        let mut declared = losses.clone();
        if self.declared.is_some() || audience.len() < before.len() {
            declared.intersect_with(&self.union(self.declared.as_ref().unwrap_or(&self.before), &audience));
        }
        declared
    }

    pub(super) fn shift(&self, before: &[usize], after: &[usize]) -> Shift {
        let (mut losses, mut gains) = (self.union(&self.before, before), self.union(&self.after, after));
        let seen = losses.clone();
        losses.difference_with(&gains);
        gains.difference_with(&seen);
        let mut routes = Vec::new();
        for (gives, who, audience, other, groups) in
            [(true, &gains, after, before, &self.after), (false, &losses, before, after, &self.before)]
        {
            if who.is_clear() {
                continue;
            }
            for &group in audience {
                if let Some(people) = groups.get(group).and_then(|set| common(set, who)) {
                    routes.push(Route { gives, group, is_of_audience: !other.contains(&group), people });
                }
            }
        }
        Shift { gains, losses, routes }
    }
}

/// By group: the numbers of those who see what it sees. Some people may stand otherwise than they do.
fn sight(
    access: &Access,
    directory: &Directory,
    numbers: &mut Groups,
    side: Side,
    instead: &HashMap<usize, Standing>,
) -> ByGroup {
    let people = access.people.as_deref().unwrap_or_default();
    let guests = people.len() + access.idp_groups.len();
    let mut groups = ByGroup::new();
    let mut put = |people: &[usize], group: &GroupName| {
        let number = numbers.number(group);
        groups.resize_with(groups.len().max(number + 1), || FixedBitSet::with_capacity(guests + 1));
        groups[number].extend(people.iter().copied());
    };
    let everyone = directory.everyone();
    let mut put_in = |people: &[usize], own: &GroupSet| {
        let effective = own.iter().flat_map(|group| directory.with_ancestors(group)).chain(&everyone);
        effective.for_each(|group| put(people, group));
    };
    // Many people are in the same groups.
    let mut alike: HashMap<&GroupSet, Vec<usize>> = HashMap::new();
    let nothing = GroupSet::new();
    for (number, person) in people.iter().enumerate() {
        let standing = instead.get(&number).unwrap_or_else(|| person.standing.on(side));
        if standing.is_active {
            alike.entry(standing.user_groups.as_ref().unwrap_or(&nothing)).or_default().push(number);
        }
    }
    for (own, people) in alike {
        put_in(&people, own);
    }
    for (index, group) in access.idp_groups.iter().enumerate() {
        put_in(&[people.len() + index], group.user_groups.on(side));
    }
    directory.guests().iter().for_each(|group| put(&[guests], group));
    groups
}

/// How those stood, by their numbers, whom somebody put into groups or enabled by hand, before that was done to them.
fn undeclared_standings(people: &[Person], changes: &[Change]) -> HashMap<usize, Standing> {
    let mut standings = HashMap::new();
    for change in changes {
        let Edit::Member { before, .. } = &change.edit else { continue };
        let undeclared: GroupSet =
            change.fields.iter().flat_map(|field| &field.undeclared).map(|group| group.as_str().into()).collect();
        let is_enabled_by_hand = |field: &FieldChange| field.path == "enabled" && field.origin == Some(Origin::Drift);
        let is_active = before.enabled != Some(false) && !change.fields.iter().any(is_enabled_by_hand);
        if undeclared.is_empty() && is_active == (before.enabled != Some(false)) {
            continue;
        }
        if let Ok(number) = people.binary_search_by(|person| person.address.cmp(&change.address)) {
            let user_groups = before.user_groups.as_ref().map(|groups| groups - &undeclared);
            standings.insert(number, Standing { user_groups, is_active });
        }
    }
    standings
}

/// What two sets share, if anything.
fn common(a: &FixedBitSet, b: &FixedBitSet) -> Option<FixedBitSet> {
    (!a.is_disjoint(b)).then(|| {
        let mut both = a.clone();
        both.intersect_with(b);
        both
    })
}

/// Whose groups change, by what changes them.
fn moves(access: &Access, directory: &Directory, changes: &[Change], size: usize) -> Vec<Move> {
    let origins: HashMap<&Address, Option<Origin>> =
        changes.iter().map(|change| (&change.address, change.origin)).collect();
    let mut moves: Moves<'_> = Moves { directory, size, of: HashMap::new(), all: Vec::new() };
    let people = access.people.as_deref().unwrap_or_default();
    for (number, person) in people.iter().enumerate().filter(|(_, person)| person.standing.differs()) {
        let origin = origins.get(&person.address).copied().flatten();
        let (before, after) = (person.standing.on(Side::Before), person.standing.on(Side::After));
        let nothing = GroupSet::new();
        let (old, new) =
            (before.user_groups.as_ref().unwrap_or(&nothing), after.user_groups.as_ref().unwrap_or(&nothing));
        match (before.is_active, after.is_active) {
            (false, false) => {}
            (true, true) => {
                for group in new.difference(old) {
                    moves.add(number, true, Cause::Members, Some(group), origin);
                }
                for group in old.difference(new) {
                    moves.add(number, false, Cause::Members, Some(group), origin);
                }
            }
            (false, true) if person.address.kind == Kind::Prospects => {
                moves.add(number, true, Cause::Approval, None, origin);
            }
            (false, true) => moves.add(number, true, Cause::Enabled, None, origin),
            (true, false) => moves.add(number, false, Cause::Enabled, None, origin),
        }
    }
    for change in changes {
        let Edit::IdpMapping(operation) = &change.edit else { continue };
        let Some(mapping) = operation.after().or(operation.before()) else { continue };
        let is_it = |name: &IdpGroupName| name.provider == mapping.provider && name.group == mapping.group;
        let Some(index) = access.idp_groups.iter().position(|group| is_it(&group.name)) else { continue };
        let cause = Cause::Mapping(access.idp_groups[index].name.clone());
        let gives = operation.after().is_some();
        moves.add(people.len() + index, gives, cause, Some(&mapping.user_group), change.origin);
    }
    moves.all
}

struct Moves<'a> {
    directory: &'a Directory,
    size: usize,
    of: HashMap<Key, usize>,
    all: Vec<Move>,
}

impl Moves<'_> {
    fn add(&mut self, number: usize, gives: bool, cause: Cause, group: Option<&GroupName>, origin: Option<Origin>) {
        let key = Key { gives, cause, user_group: group.cloned(), origin };
        let index = *self.of.entry(key.clone()).or_insert_with(|| {
            let reaches = group.map(|group| self.directory.with_ancestors(group).cloned().collect());
            self.all.push(Move { key, people: FixedBitSet::with_capacity(self.size), reaches });
            self.all.len() - 1
        });
        self.all[index].people.insert(number);
    }
}
