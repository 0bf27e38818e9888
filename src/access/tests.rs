//! Counted by sets, and again by asking for each person and each version: the two share no code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::analyse;
use crate::id::{GroupId, GroupName};
use crate::kinds::GroupSet;
use crate::manifest::model::{AssetState, Instances, Manifest};
use crate::plan::access::{Access, Effect, IdpGroupName, MemberEffect, Reach, VersionReach};
use crate::plan::{self, Edit, Operation, Plan, Request};
use crate::state::LiveState;
use crate::testing::worlds::world;
use crate::testing::{Shape, at, earlier, manifest, plan, portal, references, versions};

/// Everything by name, asked one by one.
#[derive(Debug, Default)]
struct Naive {
    parents: BTreeMap<String, Option<String>>,
    public: BTreeSet<String>,
    default: BTreeSet<String>,
    /// By address: the groups before and after; whoever is out has none.
    people: BTreeMap<String, [Option<BTreeSet<String>>; 2]>,
    /// By provider and group.
    idp_groups: BTreeMap<(String, String), [BTreeSet<String>; 2]>,
    /// By asset and version; `None` is not told.
    audiences: BTreeMap<(String, String), [Option<BTreeSet<String>>; 2]>,
}

impl Naive {
    fn of(plan: &Plan, live: &LiveState) -> Self {
        let mut naive = Self::default();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for entry in plan.target.user_groups.iter() {
            let name = entry.name.to_string();
            naive.parents.insert(name.clone(), entry.parent.as_ref().map(ToString::to_string));
            if entry.flags.is_public {
                naive.public.insert(name.clone());
            }
            if entry.flags.is_default {
                naive.default.insert(name.clone());
            }
            names.extend(entry.id.as_ref().map(|id| (id.to_string(), name)));
        }
        let in_words = |ids: &BTreeSet<GroupId>| ids.iter().map(|id| names[id.as_str()].clone()).collect();
        for member in live.members.iter().flatten() {
            let address = format!("portal/members/{}", member.username.clone().expect("they have usernames"));
            let groups: Option<BTreeSet<String>> =
                (member.is_active == Some(true)).then(|| in_words(member.user_groups.as_ref().expect("told")));
            naive.people.insert(address, [groups.clone(), groups]);
        }
        let providers: BTreeMap<String, String> =
            plan.target.identity_providers.iter().map(|(name, id)| (id.to_string(), name.to_string())).collect();
        for (group, rows) in &live.mappings {
            for row in rows {
                let provider =
                    providers.get(row.provider.as_str()).cloned().unwrap_or_else(|| row.provider.to_string());
                let [before, after] = naive.idp_groups.entry((provider, row.group.clone())).or_default();
                before.insert(names[group.as_str()].clone());
                after.insert(names[group.as_str()].clone());
            }
        }
        for (key, asset) in live.assets.iter().flatten() {
            for (version, groups) in &asset.detail.as_ref().expect("all are read").versions {
                let groups: Option<BTreeSet<String>> = groups.as_ref().map(in_words);
                let asset = format!("portal/assets/{key}");
                naive.audiences.insert((asset, version.clone()), [groups.clone(), groups]);
            }
        }
        let text = |groups: &GroupSet| groups.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        for change in &plan.changes {
            let address = change.address.to_string();
            match &change.edit {
                Edit::UserGroup(_) | Edit::Reject { .. } => {}
                Edit::IdpMapping(operation) => {
                    let mapping = operation.before().or(operation.after()).expect("there is one");
                    let key = (mapping.provider.to_string(), mapping.group.clone());
                    let [_, after] = naive.idp_groups.entry(key).or_default();
                    match operation {
                        Operation::Create { .. } => after.insert(mapping.user_group.to_string()),
                        _ => after.remove(mapping.user_group.as_str()),
                    };
                }
                Edit::Member { after, .. } => {
                    let person = naive.people.get_mut(&address).expect("members are known");
                    person[1] = (after.enabled != Some(false))
                        .then(|| text(after.user_groups.as_ref().expect("they are told")));
                }
                Edit::Approve { after, .. } => {
                    naive.people.insert(address, [None, Some(text(&after.user_groups))]);
                }
                Edit::Asset(operation) => {
                    for ((_, _), [_, after]) in naive.audiences.iter_mut().filter(|((asset, _), _)| *asset == address) {
                        *after = Some(BTreeSet::new());
                    }
                    for (version, groups) in operation.after().iter().flat_map(|spec| &spec.versions) {
                        let key = (address.clone(), version.clone());
                        let [_, after] = naive.audiences.entry(key).or_insert([Some(BTreeSet::new()), None]);
                        *after = groups.as_ref().map(text);
                    }
                }
            }
        }
        naive
    }

    /// Walks up from a group, asking each on the way.
    fn leads_to(&self, from: &str, to: &str) -> bool {
        from == to || self.parents[from].as_deref().is_some_and(|parent| self.leads_to(parent, to))
    }

    fn sees(
        &self,
        groups: Option<&BTreeSet<String>>,
        is_signed_in: bool,
        audience: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let Some(groups) = groups else { return BTreeSet::new() };
        let own = groups.iter().chain(&self.public).chain(self.default.iter().filter(|_| is_signed_in));
        let own: Vec<&String> = own.collect();
        audience.iter().filter(|to| own.iter().any(|from| self.leads_to(from, to))).cloned().collect()
    }
}

/// What one side of a version's effect should be.
fn expected(naive: &Naive, [seen, other]: [usize; 2], audiences: &[Option<BTreeSet<String>>; 2]) -> VersionReach {
    let [Some(audience), Some(rest)] = [&audiences[seen], &audiences[other]] else { return VersionReach::default() };
    let mut reach = VersionReach::default();
    let mut through = BTreeSet::new();
    let mut shifts = |before: Option<&BTreeSet<String>>, after: Option<&BTreeSet<String>>, is_signed_in| {
        let groups = naive.sees(after, is_signed_in, audience);
        let gains = !groups.is_empty() && naive.sees(before, is_signed_in, rest).is_empty();
        if gains {
            through.extend(groups);
        }
        gains
    };
    for person in naive.people.values() {
        reach.members += usize::from(shifts(person[other].as_ref(), person[seen].as_ref(), true));
    }
    for ((provider, group), sides) in &naive.idp_groups {
        if shifts(Some(&sides[other]), Some(&sides[seen]), true) {
            let name = IdpGroupName { provider: provider.as_str().into(), group: group.clone() };
            reach.idp_groups.push(name);
        }
    }
    let nobody = BTreeSet::new();
    reach.public = shifts(Some(&nobody), Some(&nobody), false);
    reach.through = through.into_iter().map(GroupName::from).collect();
    reach
}

/// The effect of a manifest on a portal, one line for each cause, version and member.
fn told(manifest: &Manifest, live: &LiveState) -> String {
    let mut plan = plan(manifest, live).expect("the manifest means something");
    analyse(&mut plan, live, 1);
    let Access { gaps, effect, .. } = plan.access.expect("it was analysed");
    let mut out = format!("{gaps:?}\n");
    for cause in &effect.causes {
        let sign = if cause.gives { '+' } else { '-' };
        let group = cause.user_group.as_ref().map_or("everyone", |group| group.as_str());
        let Reach { members, idp_groups, assets, versions, public } = cause.reach;
        let reach =
            format!("{versions} versions of {assets} assets, {members} members, {idp_groups} idp, {public} public");
        writeln!(out, "{sign} {:?} {group}: {reach}", cause.cause).expect("a string takes all");
    }
    for version in &effect.versions {
        writeln!(out, "{}: {}", version.name.asset.name(), version.name.version).expect("a string takes all");
        for (sign, reach) in [('+', &version.gains), ('-', &version.losses)] {
            if **reach != VersionReach::default() {
                writeln!(out, "  {sign} {reach:?}").expect("a string takes all");
            }
        }
    }
    for member in &effect.members {
        let MemberEffect { member, is_administrator, gains, losses, gains_through, losses_through } = member;
        let mark = if *is_administrator { " (administrator)" } else { "" };
        writeln!(out, "{}{mark}: +{gains} {gains_through:?} -{losses} {losses_through:?}", member.name())
            .expect("a string takes all");
    }
    out
}

#[test]
fn causes_come_before_versions_and_members() {
    let live = portal(Shape::Nested)
        .child("API Developers", "Members")
        .child("Gold Tier", "API Developers")
        .child("Partner Acme", "Members")
        .mapping("Partner Acme", "idp-okta", "acme")
        .asset("com.example/pay", Instances::Public, &[("v1", &["Gold Tier"]), ("v2", &["API Developers"])])
        .asset("com.example/open", Instances::Public, &[("v1", &["Members"])])
        .asset("com.example/dark", Instances::Public, &[("v1", &["?"])])
        .member("jane", &["Members", "Gold Tier"])
        .member("ken", &["Partner Acme", "Administrators"])
        .member("lea", &["API Developers"])
        .prospect("new", "new@example.com");
    let wanted = manifest()
        .asset_in(
            "com.example/pay",
            AssetState::Present {
                instances: None,
                versions: Some(versions(&[("v1", &["system:guests"]), ("v2", &["Partner Acme"])])),
            },
        )
        .member_but("jane", |member| member.enabled = Some(at(false)))
        .member_but("new", |member| {
            member.approve = true;
            member.user_groups = Some(references(&["Partner Acme"]));
        });
    assert_snapshot!(told(&wanted, &live), @r#"
    Gaps { assets: Some(0), versions: 1, members: 0, mappings: 0 }
    + Approval everyone: 3 versions of 2 assets, 1 members, 0 idp, 0 public
    + Assets system:guests: 1 versions of 1 assets, 3 members, 1 idp, 1 public
    + Assets Partner Acme: 1 versions of 1 assets, 2 members, 1 idp, 0 public
    - Enabled everyone: 3 versions of 2 assets, 1 members, 0 idp, 0 public
    - Assets API Developers: 1 versions of 1 assets, 2 members, 0 idp, 0 public
    - Assets Gold Tier: 1 versions of 1 assets, 1 members, 0 idp, 0 public
    com.example/open: v1
      + VersionReach { members: 1, through: {"system:members"}, idp_groups: [], public: false, names: ["new"] }
      - VersionReach { members: 1, through: {"system:members"}, idp_groups: [], public: false, names: ["jane"] }
    com.example/pay: v1
      + VersionReach { members: 3, through: {"system:guests"}, idp_groups: [IdpGroupName { provider: "Okta", group: "acme" }], public: true, names: ["ken"] }
      - VersionReach { members: 1, through: {"Gold Tier"}, idp_groups: [], public: false, names: ["jane"] }
    com.example/pay: v2
      + VersionReach { members: 2, through: {"Partner Acme"}, idp_groups: [IdpGroupName { provider: "Okta", group: "acme" }], public: false, names: ["ken"] }
      - VersionReach { members: 2, through: {"API Developers"}, idp_groups: [], public: false, names: ["jane"] }
    jane: +0 [] -3 [["Gold Tier", "API Developers"], ["Gold Tier"], ["system:members"]]
    ken (administrator): +2 [["Partner Acme"], ["Partner Acme", "system:members", "system:guests"]] -0 []
    lea: +1 [["API Developers", "system:members", "system:guests"]] -1 [["API Developers"]]
    new: +3 [["Partner Acme"], ["Partner Acme", "system:members", "system:guests"], ["Partner Acme", "system:members"]] -0 []
    "#);
}

#[test]
fn a_group_is_told_under_the_audiences_that_have_it() {
    let live = portal(Shape::Nested)
        .group("Gold")
        .group("Silver")
        .group("Bronze")
        .group("Gone")
        .asset("com.example/one", Instances::Public, &[("v1", &["Gone"])])
        .asset("com.example/two", Instances::Public, &[("v1", &[])])
        .member("jane", &["Gold", "Silver", "Bronze"])
        .member("ken", &["Gone"]);
    let wanted = manifest()
        .audience("metals", &["Gold", "Silver"])
        .audience("precious", &["Gold"])
        .asset("com.example/one", &[("v1", &["audience:metals", "audience:precious", "Bronze"])])
        .asset("com.example/two", &[("v1", &["audience:metals"])]);
    let told = told(&wanted, &live);
    let causes: Vec<&str> = told.lines().filter(|line| line.starts_with(['+', '-'])).collect();
    assert_snapshot!(causes.join("\n"), @r#"
    + Audience("audience:metals") Silver: 2 versions of 2 assets, 1 members, 0 idp, 0 public
    + Audience("audience:metals") Gold: 1 versions of 1 assets, 1 members, 0 idp, 0 public
    + Audience("audience:metals + audience:precious") Gold: 1 versions of 1 assets, 1 members, 0 idp, 0 public
    + Assets Bronze: 1 versions of 1 assets, 1 members, 0 idp, 0 public
    - Audience("audience:metals + audience:precious") Gone: 1 versions of 1 assets, 1 members, 0 idp, 0 public
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn sets_count_what_asking_one_by_one_counts(world in world()) {
        let live = world.live();
        let Ok(mut plan) = plan::make(Request::new(&world.manifest(), &live)) else { return Ok(()) };
        analyse(&mut plan, &live, 0);
        let naive = Naive::of(&plan, &live);
        let access = plan.access.as_ref().expect("it was analysed");
        let mut effects = BTreeMap::new();
        for effect in &access.effect.versions {
            let key = (effect.name.asset.to_string(), effect.name.version.clone());
            effects.insert(key, ((*effect.gains).clone(), (*effect.losses).clone()));
        }
        let nothing = VersionReach::default();
        let mut counted: BTreeMap<&String, (usize, usize)> = BTreeMap::new();
        let mut untold = 0;
        for (key, audiences) in &naive.audiences {
            let gains = expected(&naive, [1, 0], audiences);
            let losses = expected(&naive, [0, 1], audiences);
            let is_nothing = gains == nothing && losses == nothing;
            prop_assert_eq!(effects.remove(key), (!is_nothing).then_some((gains, losses)), "{:?}", key);
            let [Some(before), Some(after)] = audiences else {
                untold += 1;
                continue;
            };
            for (address, person) in &naive.people {
                let saw = !naive.sees(person[0].as_ref(), true, before).is_empty();
                let sees = !naive.sees(person[1].as_ref(), true, after).is_empty();
                let (gains, losses) = counted.entry(address).or_default();
                *gains += usize::from(!saw && sees);
                *losses += usize::from(saw && !sees);
            }
        }
        prop_assert!(effects.is_empty(), "{:?}", effects);
        prop_assert_eq!(access.gaps.versions, untold);
        counted.retain(|_, counts| *counts != (0, 0));
        let effect = &access.effect;
        let members: Vec<(String, (usize, usize))> =
            effect.members.iter().map(|member| (member.member.to_string(), (member.gains, member.losses))).collect();
        let expected: Vec<(String, (usize, usize))> =
            counted.into_iter().map(|(address, counts)| (address.clone(), counts)).collect();
        prop_assert_eq!(&members, &expected);
        prop_assert_eq!(effect.gains.members, members.iter().filter(|(_, (gains, _))| *gains > 0).count());
        prop_assert_eq!(effect.losses.members, members.iter().filter(|(_, (_, losses))| *losses > 0).count());
        // Nobody gains or loses without a cause, and a cause reaches no further than all of them.
        for (gives, reach) in [(true, &effect.gains), (false, &effect.losses)] {
            let of_side: Vec<_> = effect.causes.iter().filter(|cause| cause.gives == gives).collect();
            let sum = |count: fn(&Reach) -> usize| -> usize {
                of_side.iter().map(|cause| count(&cause.reach)).sum()
            };
            for count in [
                (|reach| reach.members) as fn(&Reach) -> usize,
                |reach| reach.versions,
                |reach| reach.public,
                |reach| reach.idp_groups,
            ] {
                prop_assert!(sum(count) >= count(reach), "{effect:#?}");
                prop_assert!(of_side.iter().all(|cause| count(&cause.reach) <= count(reach)), "{effect:#?}");
            }
        }
        // There is no record, so nothing is known to be drift.
        prop_assert_eq!(effect.declared_losses, effect.losses.members);
        for member in &effect.members {
            prop_assert_eq!(member.gains > 0, !member.gains_through.is_empty());
            prop_assert_eq!(member.losses > 0, !member.losses_through.is_empty());
        }
    }

    #[test]
    fn a_plan_without_changes_changes_no_sight(world in world()) {
        let world = world.contented();
        let live = world.live();
        let Ok(mut plan) = plan::make(Request::new(&world.manifest(), &live)) else { return Ok(()) };
        plan.changes.clear();
        analyse(&mut plan, &live, 0);
        let effect = plan.access.expect("it was analysed").effect;
        prop_assert_eq!(effect, Effect::default());
    }
}

/// How many lose sight, and how many of something that was declared, since a manifest was applied.
fn losses(applied: &Manifest, wanted: &Manifest, live: &LiveState) -> (usize, usize) {
    let applied = earlier("last", applied.clone());
    let mut plan = plan::make(Request { applied: Some(&applied), ..Request::new(wanted, live) }).expect("it plans");
    analyse(&mut plan, live, 0);
    let effect = plan.access.expect("it was analysed").effect;
    (effect.losses.members, effect.declared_losses)
}

#[test]
fn an_audience_that_was_opened_by_hand_is_closed_without_a_declared_loss() {
    let live = portal(Shape::SideBySide)
        .group("G")
        .group("H")
        .asset("com.example/a", Instances::Public, &[("v1", &["G", "H"])])
        .member("gil", &["G"])
        .member("hal", &["H"])
        .member("both", &["G", "H"]);
    let shown = |groups: &[&str]| manifest().asset("com.example/a", &[("v1", groups)]);
    assert_eq!(losses(&shown(&["G"]), &shown(&["G"]), &live), (1, 0), "hal saw it by hand alone");
    assert_eq!(losses(&shown(&["G"]), &shown(&[]), &live), (3, 2), "what is of this change counts");
    assert_eq!(losses(&shown(&["G", "H"]), &shown(&["G"]), &live), (1, 1));
    assert_eq!(losses(&shown(&[]), &shown(&[]), &live), (3, 0));
    let gone = manifest().asset_in("com.example/a", AssetState::Absent);
    assert_eq!(losses(&gone, &gone, &live), (3, 0), "somebody has published it again");
    assert_eq!(losses(&shown(&["G"]), &gone, &live), (3, 3), "it goes as a whole, by this change");
}

#[test]
fn a_membership_that_was_given_by_hand_is_taken_without_a_declared_loss() {
    let live = portal(Shape::SideBySide)
        .group("G")
        .group("H")
        .child("Sub", "H")
        .asset("com.example/g", Instances::Public, &[("v1", &["G"])])
        .asset("com.example/h", Instances::Public, &[("v1", &["H"])])
        .member("joe", &["G", "Sub"])
        .member("hal", &["H"]);
    let joe = |groups: &[&str]| manifest().member("joe", groups);
    assert_eq!(losses(&joe(&["G"]), &joe(&["G"]), &live), (1, 0));
    assert_eq!(losses(&joe(&["G", "Sub"]), &joe(&["G"]), &live), (1, 1));
    // Both at once: what is seen through G was declared.
    assert_eq!(losses(&joe(&["G"]), &joe(&[]), &live), (1, 1));
    // The audience closes by this change, and joe saw it by hand alone.
    let closed = |manifest: Manifest| manifest.asset("com.example/h", &[("v1", &[])]);
    let open = |manifest: Manifest| manifest.asset("com.example/h", &[("v1", &["H"])]);
    assert_eq!(losses(&open(joe(&["G"])), &closed(joe(&["G"])), &live), (2, 1));
    let enabled = |is_enabled| manifest().member_but("hal", |member| member.enabled = Some(at(is_enabled)));
    assert_eq!(losses(&enabled(false), &enabled(false), &live), (1, 0), "somebody has enabled hal");
    assert_eq!(losses(&enabled(true), &enabled(false), &live), (1, 1));
}

#[test]
fn what_one_step_takes_and_the_next_gives_back_was_not_opened_by_hand() {
    let mut live = portal(Shape::SideBySide)
        .group("G")
        .asset("com.example/a", Instances::Public, &[("v1", &["G"])])
        .member("joe", &["G"])
        .member("ann", &[]);
    // Nobody knows whether `All` shows more or less than that: nobody sees the asset while people move.
    for detail in live.assets.iter_mut().flatten().filter_map(|(_, asset)| asset.detail.as_mut()) {
        detail.instances = None;
    }
    let versions = Some(versions(&[("v1", &["G"])]));
    let wanted = manifest()
        .asset_in("com.example/a", AssetState::Present { instances: Some(at(Instances::All)), versions })
        .member("joe", &[])
        .member("ann", &["G"]);
    assert_eq!(losses(&manifest(), &wanted, &live), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What is drift alone was opened by hand, and what nobody ever declared is this change's alone.
    #[test]
    fn drift_alone_is_no_declared_loss(world in world()) {
        let (wanted, live) = (world.manifest(), world.live());
        prop_assert_eq!(losses(&wanted, &wanted, &live).1, 0);
        let (all, declared) = losses(&manifest(), &wanted, &live);
        prop_assert_eq!(all, declared);
    }
}
