//! How sight changes: exact for every member and version, by sets of people for each group.
//!
//! People are numbers: members first, then one for each group of an identity provider, and last the visitor who has
//! not signed in. A group is the set of those who see what it sees; a version is seen by the union over its audience.
//! Versions of the same two audiences change alike, and are reckoned once.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use fixedbitset::FixedBitSet;

use super::sight::way;
use super::states::is_told;
use crate::address::{Address, Kind};
use crate::directory::Directory;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::access::{
    Access, Both, Cause, CauseEffect, Effect, IdpGroupName, MemberEffect, Path, Person, Reach, Side, Standing,
    VersionEffect, VersionName, VersionReach,
};
use crate::plan::{Change, Edit, FieldChange, Operation, Origin};

/// Whether a plan changes what anybody sees, as far as its changes tell.
pub fn changes_sight(changes: &[Change]) -> bool {
    changes.iter().any(|change| match &change.edit {
        Edit::UserGroup(operation) => matches!(operation, Operation::Delete { .. }),
        Edit::Asset(Operation::Update { before, after }) => before.versions != after.versions,
        Edit::Reject { .. } => false,
        Edit::IdpMapping(_) | Edit::Asset(_) | Edit::Member { .. } | Edit::Approve { .. } => true,
    })
}

/// The difference between the two states, with the names of so many members for each version.
pub fn effect(access: &Access, directory: &Directory, changes: &[Change], names: usize) -> Effect {
    let crowd = Crowd::of(access, directory, changes);
    let fields = AudienceFields::of(changes);
    let mut shifts: HashMap<(&GroupSet, &GroupSet), Rc<Shift>> = HashMap::new();
    let mut tally = Tally::new(&crowd);
    for asset in &access.assets {
        for version in asset.versions.iter().filter(|version| is_told(version)) {
            let (Some(before), Some(after)) = (version.audience.on(Side::Before), version.audience.on(Side::After))
            else {
                continue;
            };
            if before == after && !crowd.moves {
                continue;
            }
            let shift = shifts.entry((before, after)).or_insert_with(|| Rc::new(crowd.shift(before, after)));
            if shift.is_nothing() {
                continue;
            }
            let shift = Rc::clone(shift);
            let field = fields.get(&asset.address, &version.version);
            let declared_losses = crowd.declared_losses(&shift.losses, before, field.map(|field| &field.undeclared));
            tally.declared_losses.union_with(&declared_losses);
            tally.count(&asset.address, &version.version, &shift, field, names);
        }
    }
    tally.finish(access, directory)
}

/// Where the audiences that change come from, and by whom, by asset and version.
struct AudienceFields<'a>(HashMap<(&'a Address, &'a str), AudienceField<'a>>);

/// What is known of one audience that changes.
#[derive(Default)]
struct AudienceField<'a> {
    cause: Option<&'a str>,
    origin: Option<Origin>,
    /// Groups that it loses, and that somebody added in the portal by hand.
    undeclared: GroupSet,
}

impl AudienceField<'_> {
    fn cause(&self) -> Cause {
        self.cause.map_or(Cause::Assets, |name| Cause::Audience(name.to_owned()))
    }
}

impl<'a> AudienceFields<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut fields = HashMap::new();
        for change in changes.iter().filter(|change| matches!(change.edit, Edit::Asset(_))) {
            for field in &change.fields {
                let Some(version) = field.path.strip_prefix("versions.") else { continue };
                let AudienceField { cause, origin, undeclared } = fields.entry((&change.address, version)).or_default();
                *cause = field.cause.as_deref().or(*cause);
                *origin = field.origin.max(*origin);
                undeclared.extend(field.undeclared.iter().map(|group| group.as_str().into()));
            }
        }
        Self(fields)
    }

    fn get(&self, asset: &'a Address, version: &'a str) -> Option<&AudienceField<'a>> {
        self.0.get(&(asset, version))
    }
}

/// What tells one cause from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    gives: bool,
    cause: Cause,
    user_group: Option<GroupName>,
    origin: Option<Origin>,
}

/// Everyone, by the groups whose audiences they see.
struct Crowd<'a> {
    people: &'a [Person],
    idp_groups: usize,
    before: HashMap<GroupName, FixedBitSet>,
    after: HashMap<GroupName, FixedBitSet>,
    /// Who comes to see what a group sees, and who ceases to.
    entering: HashMap<GroupName, FixedBitSet>,
    leaving: HashMap<GroupName, FixedBitSet>,
    /// As before, without those whom somebody put into groups by hand and the plan takes out again; `None` if there are
    /// none.
    declared: Option<HashMap<GroupName, FixedBitSet>>,
    /// Somebody's groups change.
    moves: bool,
    causes: Vec<Move>,
    access: &'a Access,
}

/// A cause that moves people.
struct Move {
    key: Key,
    people: FixedBitSet,
    /// The groups whose audiences they come to see, or cease to; `None`: all that they see at all.
    reaches: Option<GroupSet>,
}

impl Move {
    /// Those of whom it gives sight of an audience, or takes it from, among these people: whoever is in one of its groups
    /// by another way has not moved.
    fn moves(
        &self,
        audience: &GroupSet,
        moving: &HashMap<GroupName, FixedBitSet>,
        among: &FixedBitSet,
    ) -> Option<FixedBitSet> {
        let people = common(&self.people, among)?;
        let Some(reaches) = &self.reaches else { return Some(people) };
        let mut movers = FixedBitSet::with_capacity(people.len());
        for set in audience.intersection(reaches).filter_map(|group| moving.get(group)) {
            movers.union_with(set);
        }
        common(&people, &movers)
    }
}

/// Of each group, those who are in it in one state and not in the other.
fn beyond(
    state: &HashMap<GroupName, FixedBitSet>,
    other: &HashMap<GroupName, FixedBitSet>,
) -> HashMap<GroupName, FixedBitSet> {
    let mut beyond = state.clone();
    for (group, people) in &mut beyond {
        if let Some(others) = other.get(group) {
            people.difference_with(others);
        }
    }
    beyond.retain(|_, people| !people.is_clear());
    beyond
}

/// How versions of one audience before and one after change.
struct Shift {
    gains: FixedBitSet,
    losses: FixedBitSet,
    /// By group of the audience: who gains, or loses, sight through it, and whether the audience itself changes there.
    through: Vec<Route>,
    /// By number of [`Crowd::causes`]: whom it gives, or takes from.
    moved: Vec<(usize, FixedBitSet)>,
}

struct Route {
    gives: bool,
    group: GroupName,
    /// The audience gains or loses the group; otherwise, people do.
    is_of_audience: bool,
    people: FixedBitSet,
}

impl Shift {
    fn is_nothing(&self) -> bool {
        self.gains.is_clear() && self.losses.is_clear()
    }
}

impl<'a> Crowd<'a> {
    fn of(access: &'a Access, directory: &Directory, changes: &[Change]) -> Self {
        let people = access.people.as_deref().unwrap_or_default();
        let size = people.len() + access.idp_groups.len() + 1;
        let nobody = HashMap::new();
        let undeclared = undeclared_standings(people, changes);
        let declared = || sight(access, directory, Side::Before, &undeclared);
        let causes = moves(access, directory, changes, size);
        let before = sight(access, directory, Side::Before, &nobody);
        let after = sight(access, directory, Side::After, &nobody);
        Self {
            people,
            idp_groups: access.idp_groups.len(),
            entering: beyond(&after, &before),
            leaving: beyond(&before, &after),
            before,
            after,
            declared: (!undeclared.is_empty()).then(declared),
            moves: !causes.is_empty(),
            causes,
            access,
        }
    }

    fn size(&self) -> usize {
        self.people.len() + self.idp_groups + 1
    }

    fn union(&self, groups: &HashMap<GroupName, FixedBitSet>, audience: &GroupSet) -> FixedBitSet {
        let mut all = FixedBitSet::with_capacity(self.size());
        for set in audience.iter().filter_map(|group| groups.get(group)) {
            all.union_with(set);
        }
        all
    }

    /// Of those who lose sight, who would have had it without what was opened by hand.
    fn declared_losses(&self, losses: &FixedBitSet, before: &GroupSet, undeclared: Option<&GroupSet>) -> FixedBitSet {
        let undeclared = undeclared.filter(|groups| !groups.is_disjoint(before));
        let mut declared = losses.clone();
        if self.declared.is_some() || undeclared.is_some() {
            let groups = self.declared.as_ref().unwrap_or(&self.before);
            let audience = undeclared.map(|undeclared| before - undeclared);
            declared.intersect_with(&self.union(groups, audience.as_ref().unwrap_or(before)));
        }
        declared
    }

    fn shift(&self, before: &GroupSet, after: &GroupSet) -> Shift {
        let (old, new) = (self.union(&self.before, before), self.union(&self.after, after));
        let (mut gains, mut losses) = (new.clone(), old.clone());
        gains.difference_with(&old);
        losses.difference_with(&new);
        let mut through = Vec::new();
        let mut moved = Vec::new();
        for (gives, who, audience, other, groups) in
            [(true, &gains, after, before, &self.after), (false, &losses, before, after, &self.before)]
        {
            if who.is_clear() {
                continue;
            }
            for group in audience {
                let Some(people) = groups.get(group).and_then(|set| common(set, who)) else { continue };
                through.push(Route { gives, group: group.clone(), is_of_audience: !other.contains(group), people });
            }
            let moving = if gives { &self.entering } else { &self.leaving };
            for (number, cause) in self.causes.iter().enumerate().filter(|(_, cause)| cause.key.gives == gives) {
                moved.extend(cause.moves(audience, moving, who).map(|people| (number, people)));
            }
        }
        Shift { gains, losses, through, moved }
    }
}

/// By group: the numbers of those who see what it sees. Some people may stand otherwise than they do.
fn sight(
    access: &Access,
    directory: &Directory,
    side: Side,
    instead: &HashMap<usize, Standing>,
) -> HashMap<GroupName, FixedBitSet> {
    let people = access.people.as_deref().unwrap_or_default();
    let guests = people.len() + access.idp_groups.len();
    let mut groups: HashMap<GroupName, FixedBitSet> = HashMap::new();
    let mut add = |number: usize, effective: &GroupSet| {
        for group in effective {
            if !groups.contains_key(group) {
                groups.insert(group.clone(), FixedBitSet::with_capacity(guests + 1));
            }
            if let Some(set) = groups.get_mut(group) {
                set.insert(number);
            }
        }
    };
    // Most people are in the same groups as others.
    let mut known: HashMap<&GroupSet, GroupSet> = HashMap::new();
    let nothing = GroupSet::new();
    for (number, person) in people.iter().enumerate() {
        let standing = instead.get(&number).unwrap_or_else(|| person.standing.on(side));
        if standing.is_active {
            let own = standing.user_groups.as_ref().unwrap_or(&nothing);
            add(number, known.entry(own).or_insert_with(|| directory.effective(own)));
        }
    }
    for (index, group) in access.idp_groups.iter().enumerate() {
        add(people.len() + index, &directory.effective(group.user_groups.on(side)));
    }
    add(guests, &directory.guests());
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
    let mut both = a.clone();
    both.intersect_with(b);
    (!both.is_clear()).then_some(both)
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

/// What is counted, over all versions.
struct Tally<'a> {
    crowd: &'a Crowd<'a>,
    gains: Extent,
    losses: Extent,
    declared_losses: FixedBitSet,
    causes: HashMap<Key, (Extent, VersionName)>,
    versions: Vec<VersionEffect>,
    /// How many versions each person gains and loses.
    counts: Vec<(usize, usize)>,
    /// Who gains, and who loses, through each group.
    routes: BTreeMap<(bool, GroupName), FixedBitSet>,
}

/// People and versions, in the making of a [`Reach`].
struct Extent {
    people: FixedBitSet,
    assets: usize,
    last: Option<Address>,
    versions: usize,
    public: usize,
}

impl Extent {
    fn new(size: usize) -> Self {
        Self { people: FixedBitSet::with_capacity(size), assets: 0, last: None, versions: 0, public: 0 }
    }

    /// Versions come asset by asset.
    fn add(&mut self, people: &FixedBitSet, asset: &Address) {
        self.people.union_with(people);
        self.versions += 1;
        self.public += usize::from(people.contains(people.len() - 1));
        if self.last.as_ref() != Some(asset) {
            self.assets += 1;
            self.last = Some(asset.clone());
        }
    }

    fn reach(&self, members: usize) -> Reach {
        let guests = self.people.len() - 1;
        Reach {
            members: self.people.count_ones(..members),
            idp_groups: self.people.count_ones(members..guests),
            assets: self.assets,
            versions: self.versions,
            public: self.public,
        }
    }
}

impl<'a> Tally<'a> {
    fn new(crowd: &'a Crowd<'a>) -> Self {
        let size = crowd.size();
        Self {
            crowd,
            gains: Extent::new(size),
            losses: Extent::new(size),
            declared_losses: FixedBitSet::with_capacity(size),
            causes: HashMap::new(),
            versions: Vec::new(),
            counts: vec![(0, 0); crowd.people.len()],
            routes: BTreeMap::new(),
        }
    }

    fn count(
        &mut self,
        asset: &Address,
        version: &str,
        shift: &Shift,
        field: Option<&AudienceField<'_>>,
        names: usize,
    ) {
        let (cause, origin) = field.map_or((Cause::Assets, None), |field| (field.cause(), field.origin));
        let name = VersionName { asset: asset.clone(), version: version.to_owned() };
        for (extent, people) in [(&mut self.gains, &shift.gains), (&mut self.losses, &shift.losses)] {
            if !people.is_clear() {
                extent.add(people, asset);
            }
        }
        let members = self.crowd.people.len();
        for person in shift.gains.ones().take_while(|person| *person < members) {
            self.counts[person].0 += 1;
        }
        for person in shift.losses.ones().take_while(|person| *person < members) {
            self.counts[person].1 += 1;
        }
        let of_audience = shift.through.iter().filter(|route| route.is_of_audience).map(|route| {
            let (gives, user_group) = (route.gives, Some(route.group.clone()));
            (Key { gives, cause: cause.clone(), user_group, origin }, &route.people)
        });
        let of_people = shift.moved.iter().map(|(number, people)| (self.crowd.causes[*number].key.clone(), people));
        for (key, people) in of_audience.chain(of_people) {
            let size = self.crowd.size();
            let (extent, _) = self.causes.entry(key).or_insert_with(|| (Extent::new(size), name.clone()));
            extent.add(people, asset);
        }
        for Route { gives, group, people, .. } in &shift.through {
            match self.routes.get_mut(&(*gives, group.clone())) {
                Some(all) => all.union_with(people),
                None => _ = self.routes.insert((*gives, group.clone()), people.clone()),
            }
        }
        self.versions.push(VersionEffect {
            name,
            gains: self.crowd.version_reach(&shift.gains, true, &shift.through, names),
            losses: self.crowd.version_reach(&shift.losses, false, &shift.through, names),
        });
    }

    fn finish(self, access: &Access, directory: &Directory) -> Effect {
        let members = self.crowd.people.len();
        let mut causes: Vec<CauseEffect> = self
            .causes
            .into_iter()
            .map(|(Key { gives, cause, user_group, origin }, (extent, first))| CauseEffect {
                gives,
                cause,
                user_group,
                origin,
                reach: extent.reach(members),
                first,
            })
            .collect();
        causes.sort_by(|a, b| {
            let key = |effect: &CauseEffect| (effect.gives, effect.reach.versions, effect.reach.members);
            let rest = |effect: &CauseEffect| (effect.cause.clone(), effect.user_group.clone(), effect.origin);
            key(b).cmp(&key(a)).then_with(|| rest(a).cmp(&rest(b)))
        });
        let ways = |number: usize, gives: bool, groups: &GroupSet| -> Vec<Path> {
            let through = self.routes.iter().filter(|((side, _), people)| *side == gives && people.contains(number));
            through.filter_map(|((_, group), _)| way(directory, groups, group)).collect()
        };
        let is_administrator = |person: &Person| {
            let groups = [Side::Before, Side::After].map(|side| person.standing.on(side).user_groups.as_ref());
            groups.into_iter().flatten().flatten().any(|group| directory.flags_of(group).is_admin)
        };
        let nothing = GroupSet::new();
        let groups =
            |standing: &Both<Standing>, side| standing.on(side).user_groups.as_ref().unwrap_or(&nothing).clone();
        let effects = self.counts.iter().zip(self.crowd.people).enumerate();
        let effects = effects.filter(|(_, ((gains, losses), _))| gains + losses > 0);
        let effects = effects.map(|(number, ((gains, losses), person))| MemberEffect {
            member: person.address.clone(),
            is_administrator: is_administrator(person),
            gains: *gains,
            losses: *losses,
            gains_through: ways(number, true, &groups(&person.standing, Side::After)),
            losses_through: ways(number, false, &groups(&person.standing, Side::Before)),
        });
        debug_assert_eq!(members, access.people.as_ref().map_or(0, Vec::len));
        Effect {
            gains: self.gains.reach(members),
            losses: self.losses.reach(members),
            declared_losses: self.declared_losses.count_ones(..members),
            causes,
            versions: self.versions,
            members: effects.collect(),
        }
    }
}

impl Crowd<'_> {
    fn version_reach(&self, people: &FixedBitSet, gives: bool, through: &[Route], names: usize) -> VersionReach {
        let (members, guests) = (self.people.len(), self.size() - 1);
        let first = people.ones().take_while(|person| *person < members).take(names);
        VersionReach {
            members: people.count_ones(..members),
            through: through.iter().filter(|route| route.gives == gives).map(|route| route.group.clone()).collect(),
            idp_groups: people
                .ones()
                .filter(|person| (members..guests).contains(person))
                .map(|person| self.access.idp_groups[person - members].name.clone())
                .collect(),
            public: people.contains(guests),
            names: first.map(|person| self.people[person].address.name()).collect(),
        }
    }
}
