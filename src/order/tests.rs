//! Nobody sees what neither state shows: every interleaving of small plans, walked by a model of its own.
//!
//! The model knows groups as bits and reckons sight from the vendor's rules alone. It shares nothing with the code
//! that orders: of a plan it takes phases, dependencies and edits, and of [`Effects`] only the one answer that an
//! executor asks for.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::Effects;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::manifest::model::{AssetState, Instances};
use crate::plan::{self, Change, Edit, Operation, Phase, Plan, Request};
use crate::testing::worlds::{ALL_GROUPS, GROUPS, GUESTS, IDP_GROUPS, MEMBERS, Set, Standing, VERSIONS, World, world};
use crate::testing::{Shape, at, earlier, manifest, plan, planned, portal, versions};

/// What somebody sees: a bit for each kind of instance of each version of each asset.
type Sight = u32;

/// The kinds of instance: public ones, those of a custom list, the rest.
const LAYERS: usize = 3;

#[derive(Debug, Clone, PartialEq)]
struct Model {
    /// By group: itself and everything above it.
    closures: [Set; ALL_GROUPS],
    /// The groups of whoever signs in, and of whoever does not.
    everyone: Set,
    guests: Set,
    people: Vec<Person>,
    /// By identity provider group: the groups that are mapped to it.
    mapped: [Set; IDP_GROUPS.len()],
    assets: Vec<Option<Asset>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Person {
    is_active: bool,
    groups: Set,
    idp: u8,
}

#[derive(Debug, Clone, PartialEq)]
struct Asset {
    layers: u8,
    versions: [Set; VERSIONS.len()],
}

fn layers(instances: Instances) -> u8 {
    match instances {
        Instances::Public => 0b001,
        Instances::Custom => 0b010,
        Instances::All => 0b111,
    }
}

impl Model {
    fn of(world: &World) -> Self {
        let mut closures = [0; ALL_GROUPS];
        let home = match world.shape {
            Shape::SideBySide => 0,
            Shape::Nested => 1 << MEMBERS | 1 << GUESTS,
            Shape::OneRoot => 1 << GUESTS,
        };
        for (number, group) in world.groups.iter().enumerate() {
            closures[number] = 1 << number | group.parent.map_or(home, |parent| closures[parent]);
        }
        // In the third shape all built-ins but the root are below it, and its two flags are one group.
        for (built_in, closure) in closures.iter_mut().enumerate().skip(GROUPS) {
            *closure = 1 << built_in
                | match world.shape {
                    Shape::Nested if built_in == MEMBERS => 1 << GUESTS,
                    Shape::SideBySide | Shape::Nested => 0,
                    Shape::OneRoot => 1 << GUESTS,
                };
        }
        if world.shape == Shape::OneRoot {
            closures[MEMBERS] = 1 << GUESTS;
        }
        let mut mapped = [0; IDP_GROUPS.len()];
        for (number, group) in world.groups.iter().enumerate().filter(|(number, _)| world.was(*number)) {
            for (bit, groups) in mapped.iter_mut().enumerate() {
                *groups |= (group.mapped >> bit & 1) << number;
            }
        }
        let was = |set: Set| {
            Self::one_root(
                (0..ALL_GROUPS).filter(|group| world.was(*group)).fold(0, |all, group| all | (set & 1 << group)),
                world,
            )
        };
        let people = world
            .people
            .iter()
            .map(|person| Person {
                is_active: person.standing == Standing::Active,
                groups: if person.standing == Standing::Pending { 0 } else { was(person.groups) },
                idp: person.idp,
            })
            .collect();
        let assets = world
            .assets
            .iter()
            .map(|asset| {
                asset.before.as_ref().map(|before| Asset {
                    layers: layers(before.instances),
                    versions: before.versions.map(|told| told.map_or(0, |(set, _)| was(set))),
                })
            })
            .collect();
        Self {
            closures,
            everyone: closures[GUESTS] | closures[MEMBERS],
            guests: closures[GUESTS],
            people,
            mapped,
            assets,
        }
    }

    /// Where guests and members are one group, it goes by the former's bit.
    fn one_root(set: Set, world: &World) -> Set {
        if world.shape == Shape::OneRoot && set >> MEMBERS & 1 == 1 { set & !(1 << MEMBERS) | 1 << GUESTS } else { set }
    }

    /// What each person sees, and last a visitor who is not signed in.
    fn sights(&self) -> Vec<Sight> {
        let of_person = |person: &Person| {
            let mapped = (0..IDP_GROUPS.len()).filter(|bit| person.idp >> bit & 1 == 1);
            let groups = mapped.fold(person.groups, |all, bit| all | self.mapped[bit]);
            let with_ancestors = (0..ALL_GROUPS)
                .filter(|group| groups >> group & 1 == 1)
                .fold(self.everyone, |all, group| all | self.closures[group]);
            if person.is_active { self.sight(with_ancestors) } else { 0 }
        };
        self.people.iter().map(of_person).chain([self.sight(self.guests)]).collect()
    }

    fn sight(&self, groups: Set) -> Sight {
        let mut sight = 0;
        for (number, asset) in self.assets.iter().enumerate() {
            let Some(asset) = asset else { continue };
            for (version, audience) in asset.versions.iter().enumerate() {
                if audience & groups != 0 {
                    sight |= Sight::from(asset.layers) << ((number * VERSIONS.len() + version) * LAYERS);
                }
            }
        }
        sight
    }
}

/// One write of a change.
#[derive(Debug, Clone)]
enum Step {
    SetActive(usize, bool),
    SetGroups(usize, Set),
    Map(usize, usize, bool),
    /// What is published is there, and nobody sees it yet.
    Publish(usize),
    /// Instances and audiences that the change owns.
    Show(usize, Option<u8>, [Option<Set>; VERSIONS.len()]),
    Unpublish(usize),
}

impl Step {
    fn run(&self, model: &mut Model) {
        match self {
            Self::SetActive(person, is_active) => model.people[*person].is_active = *is_active,
            Self::SetGroups(person, groups) => model.people[*person].groups = *groups,
            Self::Map(idp, group, is_mapped) => {
                let bit = 1 << group;
                if *is_mapped { model.mapped[*idp] |= bit } else { model.mapped[*idp] &= !bit }
            }
            Self::Publish(asset) => model.assets[*asset] = Some(Asset { layers: 0, versions: [0; VERSIONS.len()] }),
            Self::Show(number, instances, versions) => {
                let asset = model.assets[*number].as_mut().expect("it is published");
                if let Some(instances) = instances {
                    asset.layers = *instances;
                }
                for (audience, wanted) in asset.versions.iter_mut().zip(versions) {
                    *audience = wanted.unwrap_or(*audience);
                }
            }
            Self::Unpublish(asset) => model.assets[*asset] = None,
        }
    }
}

/// The writes of a change, in their order.
fn steps(change: &Change, world: &World) -> Vec<Step> {
    let number = |name: &str| -> usize {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        digits.parse().expect("people and assets carry their numbers")
    };
    let set = |names: &GroupSet| names.iter().fold(0, |all, name| all | 1 << group_of(name, world));
    match &change.edit {
        Edit::UserGroup(_) | Edit::Reject { .. } => Vec::new(),
        Edit::IdpMapping(operation) => {
            let mapping = operation.before().or(operation.after()).expect("a mapping has a before or an after");
            let idp = IDP_GROUPS.iter().position(|name| *name == mapping.group).expect("it is one of them");
            let is_mapped = matches!(operation, Operation::Create { .. });
            vec![Step::Map(idp, group_of(&mapping.user_group, world), is_mapped)]
        }
        Edit::Member { before, after } => {
            let person = number(&change.address.name());
            let mut steps = Vec::new();
            if after.enabled == Some(false) && before.enabled != after.enabled {
                steps.push(Step::SetActive(person, false));
            }
            if let Some(groups) = after.user_groups.as_ref().filter(|_| before.user_groups != after.user_groups) {
                steps.push(Step::SetGroups(person, set(groups)));
            }
            if after.enabled == Some(true) && before.enabled != after.enabled {
                steps.push(Step::SetActive(person, true));
            }
            steps
        }
        Edit::Approve { after, .. } => {
            let person = number(&change.address.name());
            // One write; whoever has no standing yet sees nothing in between.
            vec![Step::SetGroups(person, set(&after.user_groups)), Step::SetActive(person, true)]
        }
        Edit::Asset(operation) => {
            let asset = number(&change.address.segments[1]);
            let nothing = crate::kinds::assets::spec::AssetSpec::default();
            let (before, Some(after)) = (operation.before().unwrap_or(&nothing), operation.after()) else {
                return vec![Step::Unpublish(asset)];
            };
            let is_new = operation.before().is_none();
            let others = after.versions.get("*").cloned().flatten();
            let audiences = VERSIONS.map(|version| {
                let wanted =
                    after.versions.get(version).cloned().flatten().or(if is_new { others.clone() } else { None });
                wanted
                    .filter(|_| before.versions.get(version) != after.versions.get(version) || is_new)
                    .map(|names| set(&names))
            });
            // What the hub chooses for a new asset is what it shows in the end: publishing is no matter of order.
            let instances = match after.instances {
                Some(instances) if before.instances != after.instances => Some(layers(instances)),
                None if is_new => Some(layers(Instances::Public)),
                _ => None,
            };
            let show = Step::Show(asset, instances, audiences);
            if is_new { vec![Step::Publish(asset), show] } else { vec![show] }
        }
    }
}

fn group_of(name: &GroupName, world: &World) -> usize {
    let found = (0..ALL_GROUPS).find(|group| {
        let is_known = *group >= GROUPS || *group < world.groups.len();
        is_known && world.new_name(*group) == name.as_str()
    });
    found.unwrap_or_else(|| panic!("the plan speaks of {name}"))
}

/// One run of a plan: the steps of each change, how many of them will be taken, and what was shown before and after.
struct Walk<'a> {
    plan: &'a Plan,
    steps: Vec<Vec<Step>>,
    effects: Vec<Effects>,
    /// By change: the number of steps after which it fails.
    fails_after: BTreeMap<usize, usize>,
    allowed: Vec<Sight>,
}

impl Walk<'_> {
    fn run(&self, mut model: Model) -> Result<Model, TestCaseError> {
        let mut done: BTreeSet<usize> = BTreeSet::new();
        for phase in Phase::ALL {
            let of_phase: Vec<usize> =
                (0..self.plan.changes.len()).filter(|index| self.plan.changes[*index].phase == phase).collect();
            let mut running: Vec<(usize, usize)> = Vec::new();
            // As the executor does: what was to be done in earlier phases and was not.
            let mut undone = Effects::default();
            for (index, change) in self.plan.changes.iter().enumerate() {
                if change.phase < phase && !done.contains(&index) {
                    undone.merge(self.effects[index].clone());
                }
            }
            let mut stays_undone: BTreeSet<usize> = BTreeSet::new();
            for index in &of_phase {
                let change = &self.plan.changes[*index];
                let needs = |id| self.plan.changes.iter().position(|other| other.id == id).expect("it is in the plan");
                let is_ready = change.depends_on.iter().all(|id| {
                    let needed = needs(id.clone());
                    done.contains(&needed) || (of_phase.contains(&needed) && !stays_undone.contains(&needed))
                });
                let may_run = is_ready && !self.effects[*index].meets_undone(&undone);
                let fails_after = self.fails_after.get(index).copied();
                if !may_run || fails_after.is_some() {
                    stays_undone.insert(*index);
                }
                if may_run {
                    let all = self.steps[*index].len();
                    running.push((*index, fails_after.unwrap_or(all).min(all)));
                }
            }
            self.every_interleaving(&model, &running)?;
            for (index, count) in running {
                self.steps[index][..count].iter().for_each(|step| step.run(&mut model));
            }
            done.extend(of_phase.into_iter().filter(|index| !stays_undone.contains(index)));
        }
        Ok(model)
    }

    /// Looks at every moment that any order of the steps can bring about: changes are about different objects, so a
    /// moment is how far each of them is.
    fn every_interleaving(&self, start: &Model, running: &[(usize, usize)]) -> Result<(), TestCaseError> {
        let waits: Vec<Vec<usize>> = running.iter().map(|(index, _)| self.needed_among(*index, running)).collect();
        let mut progress = vec![0; running.len()];
        loop {
            let is_whole = |other: &usize| {
                let (index, _) = running[*other];
                progress[*other] == self.steps[index].len() && !self.fails_after.contains_key(&index)
            };
            let is_possible =
                progress.iter().zip(&waits).all(|(count, waits)| *count == 0 || waits.iter().all(is_whole));
            if is_possible {
                self.look(start, running, &progress)?;
            }
            let Some(next) = progress.iter().zip(running).position(|(count, (_, most))| count < most) else {
                return Ok(());
            };
            progress[next] += 1;
            progress[..next].fill(0);
        }
    }

    /// Which of the running changes a change waits for.
    fn needed_among(&self, index: usize, running: &[(usize, usize)]) -> Vec<usize> {
        let needed = &self.plan.changes[index].depends_on;
        (0..running.len()).filter(|other| needed.contains(&self.plan.changes[running[*other].0].id)).collect()
    }

    fn look(&self, start: &Model, running: &[(usize, usize)], progress: &[usize]) -> Result<(), TestCaseError> {
        let mut model = start.clone();
        for ((index, _), count) in running.iter().zip(progress) {
            self.steps[*index][..*count].iter().for_each(|step| step.run(&mut model));
        }
        for (who, (sight, allowed)) in model.sights().into_iter().zip(&self.allowed).enumerate() {
            let at = || {
                running
                    .iter()
                    .zip(progress)
                    .map(|((index, _), count)| (&self.plan.changes[*index].id, count))
                    .collect::<Vec<_>>()
            };
            prop_assert_eq!(
                sight & !allowed,
                0,
                "viewer {} sees too much at {:?} of {:#?}",
                who,
                at(),
                self.plan.changes
            );
        }
        Ok(())
    }
}

fn walk<'a>(world: &World, plan: &'a Plan) -> Walk<'a> {
    let steps: Vec<Vec<Step>> = plan.changes.iter().map(|change| steps(change, world)).collect();
    let before = Model::of(world);
    let mut after = before.clone();
    steps.iter().flatten().for_each(|step| step.run(&mut after));
    let allowed = before.sights().into_iter().zip(after.sights()).map(|(before, after)| before | after).collect();
    let directory = &plan.target.user_groups;
    let effects = plan.changes.iter().map(|change| Effects::of(&change.edit, directory)).collect();
    Walk { plan, steps, effects, fails_after: BTreeMap::new(), allowed }
}

#[test]
fn an_asset_changes_at_once_where_nobody_is_in_between() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver").member("jane", &["Gold"]).asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &["Gold"])],
    );
    let swapped = manifest().asset("com.example/a", &[("v1", &["Silver"])]);
    assert_snapshot!(planned(&swapped, &live), @r#"
    3 1 update assets/com.example/a
        versions.v1: ["Gold"] → ["Silver"]
    "#);
    assert_snapshot!(planned(&swapped.clone().member("jane", &["Gold", "Silver"]), &live), @r#"
    2 1 update members/jane
        userGroups: ["Gold"] → ["Gold","Silver"]
    3 2 update assets/com.example/a
        versions.v1: ["Gold"] → ["Silver"]
    "#);
    assert_snapshot!(planned(&swapped.member("jane", &[]), &live), @r#"
    2 1 update members/jane
        userGroups: ["Gold"] → []
    3 2 update assets/com.example/a
        versions.v1: ["Gold"] → ["Silver"]
    "#);
}

#[test]
fn an_asset_changes_in_two_steps_where_people_move_both_ways() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver").member("jane", &["Silver"]).asset(
        "com.example/a",
        Instances::All,
        &[("v1", &["Gold", "Guests"]), ("v2", &["Gold"])],
    );
    let manifest = manifest().member("jane", &["Gold"]).asset_in(
        "com.example/a",
        AssetState::Present {
            instances: Some(at(Instances::Public)),
            versions: Some(versions(&[("v1", &["Silver", "system:guests"]), ("v2", &["Gold"])])),
        },
    );
    assert_snapshot!(planned(&manifest, &live), @r#"
    1 1 update assets/com.example/a
        instances: "All" → "Public"
        versions.v1: ["Gold","system:guests"] → ["system:guests"]
    2 2 update members/jane
        userGroups: ["Silver"] → ["Gold"]
    3 3 update assets/com.example/a after 1
        versions.v1: ["system:guests"] → ["Silver","system:guests"]
    Note: 1 asset changes in two steps because people move at the same time: they may lose sight of what both states show them for moments
    "#);
}

#[test]
fn leaving_custom_instances_closes_the_asset_where_people_move_both_ways() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver").member("jane", &["Silver"]).asset(
        "com.example/a",
        Instances::Custom,
        &[("v1", &["Gold", "Silver"])],
    );
    let manifest = manifest().member("jane", &["Gold"]).instances("com.example/a", Instances::Public);
    assert_snapshot!(planned(&manifest, &live), @r#"
    1 1 update assets/com.example/a
        versions.v1: ["Gold","Silver"] → []
    2 2 update members/jane
        userGroups: ["Silver"] → ["Gold"]
    3 3 update assets/com.example/a after 1
        instances: "Custom" → "Public"
        versions.v1: [] → ["Gold","Silver"]
    Note: 1 asset changes in two steps because people move at the same time: they may lose sight of what both states show them for moments
    "#);
}

#[test]
fn members_are_shut_out_and_mappings_go_before_others_come() {
    let federated = |member: &mut crate::state::LiveMember| member.provider = Some("idp-okta".into());
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .mapping("Gold", "idp-okta", "old")
        .member("in", &[])
        .but(|member| member.is_active = Some(false))
        .but(federated)
        .member("out", &[])
        .but(federated)
        .member("plain", &[])
        .but(|member| member.is_active = Some(false));
    let manifest = manifest()
        .mapped("Gold", &[("Okta", "new")])
        .member_but("in", |member| member.enabled = Some(at(true)))
        .disabled("out")
        .member_but("plain", |member| member.enabled = Some(at(true)));
    assert_snapshot!(planned(&manifest, &live), @r#"
    2 1 delete idpMappings/Gold/Okta/old
        group: "old" → null
        provider: "Okta" → null
        userGroup: "Gold" → null
    2 2 update members/out
        enabled: true → false
    2 3 create idpMappings/Gold/Okta/new after 2
        group: null → "new"
        provider: null → "Okta"
        userGroup: null → "Gold"
    2 4 update members/in after 1
        enabled: false → true
    2 5 update members/plain
        enabled: false → true
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_sees_what_neither_state_shows(world in world()) {
        let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
        let walk = walk(&world, &plan);
        let end = walk.run(Model::of(&world))?;
        let mut all = Model::of(&world);
        walk.steps.iter().flatten().for_each(|step| step.run(&mut all));
        prop_assert_eq!(end, all, "nothing is held back where nothing fails");
    }

    #[test]
    fn nobody_is_given_anything_where_the_manifest_has_not_changed(world in world()) {
        let (manifest, live) = (world.manifest(), world.live());
        let applied = earlier("last", manifest.clone());
        let request = Request { applied: Some(&applied), ..Request::new(&manifest, &live) };
        let plan = plan::make(request).expect("a small world can be planned");
        let before = Model::of(&world);
        let after = walk(&world, &plan).run(before.clone())?;
        let standings = world.people.iter().map(|person| Some(person.standing)).chain([None]);
        for ((before, after), standing) in before.sights().into_iter().zip(after.sights()).zip(standings) {
            // Whoever signs up under a rule is let in by it.
            prop_assert!(standing == Some(Standing::Pending) || after & !before == 0, "{:#?}", plan.changes);
        }
    }

    #[test]
    fn nobody_sees_what_neither_state_shows_when_changes_fail(
        world in world(),
        failures in prop::collection::vec((any::<prop::sample::Index>(), 0..3usize), 1..4),
    ) {
        let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
        prop_assume!(!plan.is_empty());
        let mut walk = walk(&world, &plan);
        walk.fails_after = failures.into_iter().map(|(which, after)| (which.index(plan.changes.len()), after)).collect();
        walk.run(Model::of(&world))?;
    }

    #[test]
    fn nobody_sees_what_neither_state_shows_when_any_one_change_fails(world in world()) {
        let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
        let mut walk = walk(&world, &plan);
        for index in 0..plan.changes.len() {
            for after in 0..=walk.steps[index].len() {
                walk.fails_after = BTreeMap::from([(index, after)]);
                walk.run(Model::of(&world))?;
            }
        }
    }
}
