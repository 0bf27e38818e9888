//! What is counted, over all versions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::Version;
use super::crowd::{Crowd, Key, Move, Route, Shift};
use crate::access::sight::way;
use crate::directory::Directory;
use crate::kinds::GroupSet;
use crate::plan::Origin;
use crate::plan::access::{
    Both, Cause, CauseEffect, Effect, MemberEffect, Path, Person, Reach, Side, Standing, VersionEffect, VersionName,
    VersionReach,
};

pub(super) struct Tally<'a> {
    crowd: &'a Crowd<'a>,
    /// As many members are named for each version.
    names: usize,
    gains: Extent,
    losses: Extent,
    declared_losses: FixedBitSet,
    /// What audiences bring about, by what they are told apart by; a group by its number.
    of_audiences: HashMap<(bool, Cause, Option<Origin>), HashMap<usize, Extent>>,
    /// What is brought about by each of [`Crowd::causes`]; whom it concerns is known at the end.
    of_people: Vec<Extent>,
    /// With their places.
    versions: Vec<((usize, usize), VersionEffect)>,
    /// How many versions each person gains, and loses.
    counts: [Counter; 2],
    /// By direction and number of the group: who gains, and who loses, through it.
    routes: [Vec<FixedBitSet>; 2],
}

impl<'a> Tally<'a> {
    pub(super) fn new(crowd: &'a Crowd<'a>, names: usize) -> Self {
        let (people, assets) = (crowd.size(), crowd.access.assets.len());
        let routes = || vec![FixedBitSet::with_capacity(people); crowd.groups.names.len()];
        Self {
            crowd,
            names,
            gains: Extent::new(people, assets),
            losses: Extent::new(people, assets),
            declared_losses: FixedBitSet::with_capacity(people),
            of_audiences: HashMap::new(),
            of_people: crowd.causes.iter().map(|_| Extent::new(people, assets)).collect(),
            versions: Vec::new(),
            counts: [Counter::default(), Counter::default()],
            routes: [routes(), routes()],
        }
    }

    /// Counts what becomes of versions that had one audience and get another.
    pub(super) fn count(&mut self, shift: &Shift, before: &[usize], versions: &[Version<'_>]) {
        for (extent, people) in [(&mut self.gains, &shift.gains), (&mut self.losses, &shift.losses)] {
            if !people.is_clear() {
                extent.add(people, versions);
            }
        }
        self.counts[usize::from(true)].add(&shift.gains, versions.len());
        self.counts[usize::from(false)].add(&shift.losses, versions.len());
        for cause in self.moving(shift) {
            self.of_people[cause].add_versions(versions);
        }
        for Route { gives, group, people, .. } in &shift.routes {
            self.routes[usize::from(*gives)][*group].union_with(people);
        }
        let gains = Arc::new(self.version_reach(shift, true));
        let losses = Arc::new(self.version_reach(shift, false));
        // Of what was opened by hand, few versions have the same, and most have nothing.
        let mut reckoned: BTreeSet<&GroupSet> = BTreeSet::new();
        let nothing = GroupSet::new();
        for version in versions {
            self.count_audience(shift, version);
            let undeclared = version.field.map_or(&nothing, |field| &field.undeclared);
            if reckoned.insert(undeclared) {
                let declared = self.crowd.declared_losses(&shift.losses, before, undeclared);
                self.declared_losses.union_with(&declared);
            }
            let effect = VersionEffect {
                name: self.name_of(version.place),
                gains: Arc::clone(&gains),
                losses: Arc::clone(&losses),
            };
            self.versions.push((version.place, effect));
        }
    }

    /// The numbers of the causes that move somebody who gains or loses sight.
    fn moving(&self, shift: &Shift) -> BTreeSet<usize> {
        let Crowd { movers, causes, .. } = self.crowd;
        let mut moving = BTreeSet::new();
        for gives in [true, false] {
            let who = shift.who(gives);
            let anywhere = movers.anywhere(gives).iter().copied();
            moving.extend(anywhere.filter(|cause| !causes[*cause].people.is_disjoint(who)));
            for Route { group, .. } in shift.routes.iter().filter(|route| route.gives == gives) {
                for (cause, people) in movers.of(gives, *group) {
                    if !people.is_disjoint(who) {
                        moving.insert(*cause);
                    }
                }
            }
        }
        moving
    }

    /// Counts what a version's own audience brings about.
    fn count_audience(&mut self, shift: &Shift, version: &Version<'_>) {
        let (people, assets) = (self.crowd.size(), self.crowd.access.assets.len());
        let names = &self.crowd.groups.names;
        for Route { gives, group, people: moved, .. } in shift.routes.iter().filter(|route| route.is_of_audience) {
            let field = version.field;
            let cause = field.map_or(Cause::Assets, |field| field.cause(*gives, &names[*group]));
            let groups = self.of_audiences.entry((*gives, cause, field.and_then(|field| field.origin))).or_default();
            let extent = groups.entry(*group).or_insert_with(|| Extent::new(people, assets));
            extent.add(moved, std::slice::from_ref(version));
        }
    }

    fn version_reach(&self, shift: &Shift, gives: bool) -> VersionReach {
        let (members, guests) = (self.crowd.people.len(), self.crowd.size() - 1);
        let people = shift.who(gives);
        let first = people.ones().take_while(|person| *person < members).take(self.names);
        let routes = shift.routes.iter().filter(|route| route.gives == gives);
        VersionReach {
            members: people.count_ones(..members),
            through: routes.map(|route| self.crowd.groups.names[route.group].clone()).collect(),
            idp_groups: (members..guests)
                .filter(|person| people.contains(*person))
                .map(|person| self.crowd.access.idp_groups[person - members].name.clone())
                .collect(),
            public: people.contains(guests),
            names: first.map(|person| self.crowd.people[person].address.name()).collect(),
        }
    }

    /// The version of this place.
    fn name_of(&self, (asset, version): (usize, usize)) -> VersionName {
        let asset = &self.crowd.access.assets[asset];
        VersionName { asset: asset.address.clone(), version: asset.versions[version].version.clone() }
    }

    pub(super) fn finish(mut self, directory: &Directory) -> Effect {
        self.versions.sort_by_key(|(place, _)| *place);
        let (causes, members) = (self.causes(), self.members(directory));
        let count = self.crowd.people.len();
        Effect {
            gains: self.gains.reach(count),
            losses: self.losses.reach(count),
            declared_losses: self.declared_losses.count_ones(..count),
            causes,
            versions: self.versions.into_iter().map(|(_, effect)| effect).collect(),
            members,
        }
    }

    fn causes(&mut self) -> Vec<CauseEffect> {
        let crowd = self.crowd;
        let members = crowd.people.len();
        for (number, Move { key, people, .. }) in crowd.causes.iter().enumerate() {
            // Whoever gains or loses anything at all, where the cause reaches all that they see.
            let all = if key.gives { &self.gains.people } else { &self.losses.people };
            if crowd.movers.anywhere(key.gives).contains(&number) {
                self.of_people[number].people.union_with(people);
                self.of_people[number].people.intersect_with(all);
            }
        }
        for gives in [true, false] {
            for (group, through) in self.routes[usize::from(gives)].iter().enumerate() {
                for (cause, people) in crowd.movers.of(gives, group) {
                    let mut people = people.clone();
                    people.intersect_with(through);
                    self.of_people[*cause].people.union_with(&people);
                }
            }
        }
        let of_audiences = std::mem::take(&mut self.of_audiences).into_iter().flat_map(|(key, groups)| {
            let (gives, cause, origin) = key;
            groups.into_iter().map(move |(group, extent)| {
                let user_group = Some(crowd.groups.names[group].clone());
                (Key { gives, cause: cause.clone(), user_group, origin }, extent)
            })
        });
        let of_people = std::mem::take(&mut self.of_people).into_iter().zip(&crowd.causes);
        let of_people = of_people.map(|(extent, cause)| (cause.key.clone(), extent));
        let mut causes: Vec<CauseEffect> = of_audiences
            .chain(of_people)
            .filter(|(_, extent)| extent.versions > 0)
            .map(|(Key { gives, cause, user_group, origin }, extent)| {
                let first = self.name_of(extent.first);
                CauseEffect { gives, cause, user_group, origin, reach: extent.reach(members), first }
            })
            .collect();
        causes.sort_by(|a, b| {
            let key = |effect: &CauseEffect| (effect.gives, effect.reach.versions, effect.reach.members);
            let rest = |effect: &CauseEffect| (effect.cause.clone(), effect.user_group.clone(), effect.origin);
            key(b).cmp(&key(a)).then_with(|| rest(a).cmp(&rest(b)))
        });
        causes
    }

    fn members(&self, directory: &Directory) -> Vec<MemberEffect> {
        let ways = |number: usize, gives: bool, groups: &GroupSet| -> Vec<Path> {
            let through = self.routes[usize::from(gives)].iter().zip(&self.crowd.groups.names);
            let through = through.filter(|(people, _)| people.contains(number));
            let mut through: Vec<_> = through.map(|(_, group)| group).collect();
            through.sort();
            through.into_iter().filter_map(|group| way(directory, groups, group)).collect()
        };
        let is_administrator = |person: &Person| {
            let groups = [Side::Before, Side::After].map(|side| person.standing.on(side).user_groups.as_ref());
            groups.into_iter().flatten().flatten().any(|group| directory.flags_of(group).is_admin)
        };
        let nothing = GroupSet::new();
        let effect = |(number, person): (usize, &Person)| {
            let [losses, gains] = &self.counts;
            let (gains, losses) = (gains.of(number), losses.of(number));
            let groups =
                |standing: &Both<Standing>, side| standing.on(side).user_groups.as_ref().unwrap_or(&nothing).clone();
            (gains + losses > 0).then(|| MemberEffect {
                member: person.address.clone(),
                is_administrator: is_administrator(person),
                gains,
                losses,
                gains_through: ways(number, true, &groups(&person.standing, Side::After)),
                losses_through: ways(number, false, &groups(&person.standing, Side::Before)),
            })
        };
        self.crowd.people.iter().enumerate().filter_map(effect).collect()
    }
}

/// People and versions, in the making of a [`Reach`].
struct Extent {
    people: FixedBitSet,
    assets: FixedBitSet,
    versions: usize,
    public: usize,
    /// The place of the first of the versions.
    first: (usize, usize),
}

impl Extent {
    fn new(people: usize, assets: usize) -> Self {
        Self {
            people: FixedBitSet::with_capacity(people),
            assets: FixedBitSet::with_capacity(assets),
            versions: 0,
            public: 0,
            first: (usize::MAX, usize::MAX),
        }
    }

    fn add(&mut self, people: &FixedBitSet, versions: &[Version<'_>]) {
        self.people.union_with(people);
        if people.contains(people.len() - 1) {
            self.public += versions.len();
        }
        self.add_versions(versions);
    }

    fn add_versions(&mut self, versions: &[Version<'_>]) {
        self.versions += versions.len();
        for Version { place, .. } in versions {
            self.assets.insert(place.0);
            self.first = self.first.min(*place);
        }
    }

    fn reach(&self, members: usize) -> Reach {
        let guests = self.people.len() - 1;
        Reach {
            members: self.people.count_ones(..members),
            idp_groups: self.people.count_ones(members..guests),
            assets: self.assets.count_ones(..),
            versions: self.versions,
            public: self.public,
        }
    }
}

/// A number for each person. They are kept digit by digit, so that a whole set of people is counted at once.
#[derive(Default)]
struct Counter {
    /// The binary digits, the lowest first.
    digits: Vec<FixedBitSet>,
}

impl Counter {
    /// Adds a number for each of these people.
    fn add(&mut self, people: &FixedBitSet, number: usize) {
        let places = (0..usize::BITS as usize).filter(|place| number >> place & 1 == 1);
        for place in places {
            let mut carry = people.clone();
            for place in place.. {
                if carry.is_clear() {
                    break;
                }
                if self.digits.len() <= place {
                    self.digits.resize_with(place + 1, || FixedBitSet::with_capacity(people.len()));
                }
                let both = &self.digits[place] & &carry;
                self.digits[place].symmetric_difference_with(&carry);
                carry = both;
            }
        }
    }

    fn of(&self, person: usize) -> usize {
        let digits = self.digits.iter().enumerate();
        digits.map(|(place, people)| usize::from(people.contains(person)) << place).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_adds_numbers_for_some() {
        let mut counter = Counter::default();
        let mut expected = [0; 5];
        for (people, number) in [(&[0, 1][..], 1), (&[1, 2], 3), (&[1, 4], 6), (&[], 9), (&[0, 1, 2, 4], 7)] {
            let mut set = FixedBitSet::with_capacity(5);
            set.extend(people.iter().copied());
            counter.add(&set, number);
            for person in people {
                expected[*person] += number;
            }
        }
        assert_eq!([0, 1, 2, 3, 4].map(|person| counter.of(person)), expected);
    }
}
