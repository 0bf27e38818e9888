//! By whom a change came about and whether it is held: each kind, in every combination of what was applied, what the
//! manifest is based on, what it says, and what the portal shows.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{Acceptance, Sorted, hold, set};
use crate::address::{Address, Kind};
use crate::diff::{Difference, diff};
use crate::guard::missing_words;
use crate::id::GroupName;
use crate::manifest::model::{AssetState, Instances, Manifest};
use crate::plan::{self, Origin, Plan, Request};
use crate::record;
use crate::resolve::resolve;
use crate::state::LiveState;
use crate::testing::worlds::{World, world};
use crate::testing::{
    FINANCE, Shape, at, earlier, manifest, planned_for, planned_since, portal, references, text, versions,
};

/// Something that is one way or the other.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Thing {
    Audience,
    Membership,
    Mapping,
    Enabled,
    Published,
    Instances,
    Description,
    Group,
}

impl Thing {
    const ALL: [Self; 8] = [
        Self::Audience,
        Self::Membership,
        Self::Mapping,
        Self::Enabled,
        Self::Published,
        Self::Instances,
        Self::Description,
        Self::Group,
    ];

    /// Whether somebody sees more if it is so.
    fn gives(self) -> bool {
        !matches!(self, Self::Description | Self::Group)
    }

    fn wish(self, yes: bool) -> Manifest {
        let gold: &[&str] = if yes { &["Gold"] } else { &[] };
        match self {
            Self::Audience => manifest().asset("com.example/a", &[("v1", gold)]),
            Self::Membership => manifest().member("jane", gold),
            Self::Mapping => manifest().mapped("Gold", if yes { &[("Okta", "devs")] } else { &[] }),
            Self::Enabled => manifest().member_but("jane", |member| member.enabled = Some(at(yes))),
            Self::Published if yes => manifest().asset("com.example/a", &[("v1", &["Gold"])]),
            Self::Published => manifest().asset_in("com.example/a", AssetState::Absent),
            Self::Instances => {
                manifest().instances("com.example/a", if yes { Instances::All } else { Instances::Public })
            }
            Self::Description => manifest()
                .group_but("Gold", |group| group.description = Some(text(if yes { "gold" } else { "silver" }))),
            Self::Group if yes => manifest().group("Silver"),
            Self::Group => manifest().absent("Silver"),
        }
    }

    fn live(self, yes: bool) -> LiveState {
        let live = portal(Shape::SideBySide).group("Gold");
        let gold: &[&str] = if yes { &["Gold"] } else { &[] };
        let asset = |live: LiveState, instances, groups| live.asset("com.example/a", instances, &[("v1", groups)]);
        match self {
            Self::Audience => asset(live, Instances::Public, gold),
            Self::Membership => live.member("jane", gold),
            Self::Mapping if yes => live.mapping("Gold", "idp-okta", "devs"),
            Self::Enabled => live.member("jane", &[]).but(|member| member.is_active = Some(yes)),
            Self::Published if yes => asset(live, Instances::Public, &["Gold"]),
            Self::Instances => asset(live, if yes { Instances::All } else { Instances::Public }, &["Gold"]),
            Self::Description => {
                let mut live = live;
                let gold = live.user_groups.last_mut().expect("it was just added");
                gold.description = Some(if yes { "gold" } else { "silver" }.to_owned());
                live
            }
            Self::Group if yes => live.group("Silver"),
            Self::Mapping | Self::Published | Self::Group => live,
        }
    }
}

const EITHER: [bool; 2] = [false, true];

#[test]
fn each_kind_in_every_combination() {
    let some = [Some(false), Some(true), None];
    for thing in Thing::ALL {
        for (applied, base) in some.into_iter().flat_map(|applied| some.map(|base| (applied, base))) {
            for (wanted, live) in EITHER.into_iter().flat_map(|wanted| EITHER.map(|live| (wanted, live))) {
                let case = format!("{thing:?}: applied {applied:?}, base {base:?}, wanted {wanted}, live {live}");
                let before = applied.map(|yes| earlier("last", thing.wish(yes)));
                let branch = base.map(|yes| earlier("main", thing.wish(yes)));
                let (manifest, live_state) = (thing.wish(wanted), thing.live(live));
                let request =
                    Request { applied: before.as_ref(), base: branch.as_ref(), ..Request::new(&manifest, &live_state) };
                let plan = plan::make(request.clone()).expect("it can be planned");
                let origin = match (applied, base) {
                    (Some(applied), _) if applied == wanted => Some(Origin::Drift),
                    (Some(_), Some(base)) if base == wanted => Some(Origin::Pending),
                    (None, Some(base)) if base == wanted => Some(Origin::Drift),
                    (None, None) => None,
                    _ => Some(Origin::ThisChange),
                };
                let differs = wanted != live;
                let is_held = differs && applied == Some(wanted) && wanted && thing.gives();
                assert_eq!(plan.held.len(), usize::from(is_held), "{case}: {:?}", plan.held);
                assert_eq!(plan.changes.len(), usize::from(differs && !is_held), "{case}: {:?}", plan.changes);
                for change in &plan.changes {
                    assert_eq!(change.origin, origin, "{case}");
                    assert!(change.fields.iter().all(|field| field.origin == origin), "{case}: {:?}", change.fields);
                }
                let accept = Acceptance { all: true, ..Acceptance::default() };
                let accepted = plan::make(Request { accept, ..request }).expect("it can be planned");
                assert_eq!(accepted.changes.len(), usize::from(differs), "{case}");
                assert_eq!((accepted.held.len(), accepted.accepted.len()), (0, usize::from(is_held)), "{case}");
            }
        }
    }
}

#[test]
fn what_is_held_of_a_set_holds_nothing_else_of_it() {
    let live = portal(Shape::SideBySide)
        .group("A")
        .group("B")
        .group("C")
        .group("D")
        .asset("com.example/a", Instances::Public, &[("v1", &["A", "D"]), ("v2", &["D"])])
        .member("jane", &["A", "D"])
        .but(|member| member.is_active = Some(false));
    let wish = |groups: &[&str]| {
        manifest().asset("com.example/a", &[("v1", groups), ("v2", &[])]).member_but("jane", |member| {
            member.user_groups = Some(references(groups));
            member.enabled = Some(at(true));
        })
    };
    // A stays, B was taken away by somebody, C is new, D was added by somebody.
    assert_snapshot!(planned_since(&wish(&["A", "B"]), &wish(&["A", "B", "C"]), &live), @r#"
    2 1 update members/jane [this change]
        userGroups: ["A","D"] → ["A","C"]
    3 2 update assets/com.example/a [this change]
        versions.v1: ["A","D"] → ["A","C"]
        versions.v2: ["D"] → [] [drift]
    held assets/com.example/a versions.v1: ["A","D"] → ["A","B","C"] for B
    held members/jane enabled: false → true for A, B, C
    held members/jane userGroups: ["A","D"] → ["A","B","C"] for B
    "#);
}

#[test]
fn what_somebody_added_goes_at_once() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .mapping("Gold", "idp-okta", "theirs")
        .asset("com.example/a", Instances::All, &[("v1", &["Gold"])])
        .member("jane", &["Gold"]);
    let wish = manifest()
        .mapped("Gold", &[])
        .asset_in(
            "com.example/a",
            AssetState::Present { instances: Some(at(Instances::Public)), versions: Some(versions(&[("v1", &[])])) },
        )
        .member_but("jane", |member| {
            member.user_groups = Some(Vec::new());
            member.enabled = Some(at(false));
        });
    assert_snapshot!(planned_since(&wish, &wish, &live), @r#"
    1 1 update assets/com.example/a [drift]
        instances: "All" → "Public"
        versions.v1: ["Gold"] → []
    2 2 delete idpMappings/Gold/Okta/theirs [drift]
        group: "theirs" → null
        provider: "Okta" → null
        userGroup: "Gold" → null
    2 3 update members/jane [drift]
        enabled: true → false
        userGroups: ["Gold"] → []
    "#);
}

#[test]
fn a_group_that_was_deleted_comes_back_empty() {
    let live = portal(Shape::SideBySide)
        .asset("com.example/a", Instances::Public, &[("v1", &[]), ("v2", &[])])
        .member("jane", &["Members"]);
    let wish = manifest()
        .mapped("Gold", &[("Okta", "devs")])
        .asset("com.example/a", &[("*", &["Gold"])])
        .member("jane", &["Gold"]);
    assert_snapshot!(planned_since(&wish, &wish, &live), @r#"
    0 1 create userGroups/Gold [drift]
        name: null → "Gold"
    held idpMappings/Gold/Okta/devs whole: null → {"group":"devs","provider":"Okta","userGroup":"Gold"} for Gold
    held assets/com.example/a versions.v1: [] → ["Gold"] for Gold
    held assets/com.example/a versions.v2: [] → ["Gold"] for Gold
    held members/jane userGroups: ["system:members"] → ["Gold","system:members"] for Gold
    "#);
}

#[test]
fn groups_are_compared_by_what_they_are() {
    // The same group under its old and its new name, and one that is yet to be created under both.
    let live = portal(Shape::SideBySide).group("Premium").asset("com.example/a", Instances::Public, &[("v1", &[])]);
    let applied =
        manifest().group("Premium").group("Bronze").asset("com.example/a", &[("1.0", &["Premium", "Bronze"])]);
    let now = manifest()
        .formerly("Gold", &["Premium"])
        .formerly("Copper", &["Bronze"])
        .asset("com.example/a", &[("v1", &["Gold", "Copper"])]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    0 1 update userGroups/Gold (formerly Premium) [this change]
        name: "Premium" → "Gold"
    0 2 create userGroups/Copper [drift]
        name: null → "Copper"
    held assets/com.example/a versions.v1: [] → ["Copper","Gold"] for Copper, Gold
    "#);
}

#[test]
fn providers_business_groups_and_people_are_compared_by_what_they_are() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .asset(&format!("{FINANCE}/a"), Instances::Public, &[("v1", &[])])
        .member("jane", &[]);
    let applied = manifest()
        .provider("corporate", "Okta")
        .mapped("Gold", &[("corporate", "devs")])
        .asset("Finance/a", &[("1", &["Gold"])])
        .member("JANE@example.com", &["Gold"]);
    let now = manifest()
        .mapped("Gold", &[("idp-okta", "devs")])
        .audience("all", &["Gold"])
        .asset(&format!("{FINANCE}/a"), &[("v1", &["audience:all"])])
        .member("m-jane", &["Gold"]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    held idpMappings/Gold/Okta/devs whole: null → {"group":"devs","provider":"Okta","userGroup":"Gold"} for Gold
    held assets/0f1d9e2a-0000-4000-8000-000000000001/a versions.v1: [] → ["Gold"] for Gold
    held members/jane userGroups: [] → ["Gold"] for Gold
    "#);
}

#[test]
fn an_asset_that_somebody_took_out_stays_out_whatever_is_wanted_of_it() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver");
    let applied = manifest().asset("com.example/a", &[("v1", &["Gold"])]);
    let now = manifest().asset("com.example/a", &[("v1", &["Gold", "Silver"])]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"held assets/com.example/a whole: null → {"versions":{"*":[],"v1":["Gold","Silver"]}} for Gold, Silver"#);
}

#[test]
fn what_the_hub_does_not_tell_is_taken_for_a_restriction_unless_the_wish_is_new() {
    let live = portal(Shape::SideBySide).group("Gold").asset("com.example/a", Instances::Public, &[("v1", &["?"])]);
    let wish = |groups: &[&str]| manifest().asset("com.example/a", &[("v1", groups)]);
    assert_snapshot!(planned_since(&wish(&["Gold"]), &wish(&["Gold"]), &live), @r#"held assets/com.example/a versions.v1: null → ["Gold"] for Gold"#);
    assert_snapshot!(planned_since(&wish(&[]), &wish(&["Gold"]), &live), @r#"
    3 1 update assets/com.example/a [this change]
        versions.v1: null → ["Gold"]
    "#);
    assert_snapshot!(planned_since(&wish(&[]), &wish(&[]), &live), @"
    1 1 update assets/com.example/a [drift]
        versions.v1: null → []
    ");
}

#[test]
fn a_sign_up_under_a_rule_that_has_not_changed_is_drift_and_never_held() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .prospect("ada", "ada@partner.example")
        .prospect("bob", "bob@spam.example");
    let rules = manifest().approve("partner.example", &["Gold"]).reject("bob@spam.example");
    assert_snapshot!(planned_since(&rules, &rules, &live), @r#"
    2 1 approve prospects/ada (prospects: emailDomain partner.example) [drift]
        userGroups: null → ["Gold"]
    2 2 reject prospects/bob (prospects: email bob@spam.example) [drift]
        email: "bob@spam.example" → null
        username: "bob" → null
    "#);
    let before = manifest().approve("partner.example", &[]).approve("spam.example", &["Gold"]);
    assert_snapshot!(planned_since(&before, &rules, &live), @r#"
    2 1 approve prospects/ada (prospects: emailDomain partner.example) [this change]
        userGroups: null → ["Gold"]
    2 2 reject prospects/bob (prospects: email bob@spam.example) [this change]
        email: "bob@spam.example" → null
        username: "bob" → null
    "#);
}

#[test]
fn each_step_of_an_asset_has_its_own_origin() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver").member("jane", &["Silver"]).asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &["Gold"])],
    );
    let applied = manifest().member("jane", &["Silver"]).asset("com.example/a", &[("v1", &[])]);
    let now = manifest().member("jane", &["Gold"]).asset("com.example/a", &[("v1", &["Silver"])]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    1 1 update assets/com.example/a [drift]
        versions.v1: ["Gold"] → []
    2 2 update members/jane [this change]
        userGroups: ["Silver"] → ["Gold"]
    3 3 update assets/com.example/a after 1 [this change]
        versions.v1: [] → ["Silver"]
    Note: 1 asset changes in two steps because people move at the same time: they may lose sight of what both states show them for moments
    "#);
}

#[test]
fn deletions_are_told_apart_too() {
    let live = portal(Shape::SideBySide).group("Gold").asset("com.example/a", Instances::Public, &[("v1", &[])]);
    let applied = earlier("last", manifest().group("Gold").asset("com.example/a", &[("v1", &[])]));
    let mut now = manifest();
    (now.user_groups, now.assets) = (Some(Vec::new()), Some(Vec::new()));
    let base = earlier("main", now.clone());
    let request = Request { applied: Some(&applied), base: Some(&base), ..Request::new(&now, &live) };
    assert_snapshot!(planned_for(request), @r#"
    1 1 delete assets/com.example/a (declared in last, no longer in the manifest) [pending]
        instances: "Public" → null
        versions.v1: [] → null
    4 2 delete userGroups/Gold (declared in last, no longer in the manifest) [pending]
        name: "Gold" → null
    "#);
    // A base that knows nothing of this portal declares nothing.
    let mut elsewhere = manifest();
    elsewhere.target.portal = Some(text("Another Portal"));
    let base = earlier("main", elsewhere);
    let plan = plan::make(Request { applied: Some(&applied), base: Some(&base), ..Request::new(&now, &live) })
        .expect("it can be planned");
    assert!(plan.changes.iter().all(|change| change.origin == Some(Origin::ThisChange)));
}

#[test]
fn accepting_is_by_address_and_is_the_word_for_enabling() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .asset("com.example/a", Instances::Public, &[("v1", &[])])
        .member("jane", &[])
        .but(|member| member.is_active = Some(false));
    let wish = manifest().asset("com.example/a", &[("v1", &["Gold"])]).member_but("jane", |member| {
        member.user_groups = Some(references(&["Gold"]));
        member.enabled = Some(at(true));
    });
    let applied = earlier("last", wish.clone());
    let jane = Address::new("portal", Kind::Members, ["jane"]);
    let nobody = Address::new("portal", Kind::Members, ["nobody"]);
    let accept = Acceptance { all: false, addresses: [jane.clone(), nobody].into() };
    let request = Request { applied: Some(&applied), accept, ..Request::new(&wish, &live) };
    assert_snapshot!(planned_for(request.clone()), @r#"
    2 1 update members/jane [drift]
        enabled: false → true
        userGroups: [] → ["Gold"]
    held assets/com.example/a versions.v1: [] → ["Gold"] for Gold
    "#);
    let plan = plan::make(request).expect("it can be planned");
    assert_eq!(plan.accepted, [jane].into());
    assert_eq!(missing_words(&plan, &[].into()), []);
    // Where nothing tells drift, or the manifest wants it anew, the word is needed.
    for applied in [None, Some(earlier("last", manifest().member("jane", &["Gold"])))] {
        let request = Request { applied: applied.as_ref(), ..Request::new(&wish, &live) };
        let plan = plan::make(request).expect("it can be planned");
        assert_eq!(missing_words(&plan, &[].into()).len(), 1);
    }
}

/// The same portal with other wishes for its people and assets.
fn other_wishes(world: &World, other: &World) -> World {
    let mut world = world.clone();
    for (person, other) in world.people.iter_mut().zip(&other.people) {
        (person.wants_groups, person.wants_enabled) = (other.wants_groups, other.wants_enabled);
    }
    for (asset, other) in world.assets.iter_mut().zip(&other.assets) {
        let is_custom = |wish: &crate::testing::worlds::Wish| {
            matches!(wish, crate::testing::worlds::Wish::Present { instances: Some(Instances::Custom), .. })
        };
        if !is_custom(&other.wish) {
            asset.wish = other.wish.clone();
        }
    }
    world
}

fn differences(manifest: &Manifest, live: &LiveState) -> Vec<Difference> {
    let resolution = resolve(manifest, live, None).expect("a small world can be planned");
    diff(&manifest.name, &resolution, live)
}

fn without_origins(mut plan: Plan) -> Plan {
    for change in &mut plan.changes {
        change.origin = None;
        for field in &mut change.fields {
            (field.origin, field.undeclared) = (None, [].into());
        }
    }
    (plan.applied, plan.accepted) = (None, [].into());
    plan
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_a_record_nothing_is_held(world in world()) {
        let (manifest, live) = (world.manifest(), world.live());
        let base = earlier("main", manifest.clone());
        let plan = plan::make(Request { base: Some(&base), ..Request::new(&manifest, &live) }).expect("it can be planned");
        prop_assert_eq!(plan.held, vec![]);
    }

    #[test]
    fn accepting_all_is_as_if_nothing_were_held(world in world()) {
        let (manifest, live) = (world.manifest(), world.live());
        let applied = earlier("last", manifest.clone());
        let accept = Acceptance { all: true, ..Acceptance::default() };
        let accepted = plan::make(Request { applied: Some(&applied), accept, ..Request::new(&manifest, &live) });
        let plain = plan::make(Request::new(&manifest, &live)).expect("it can be planned");
        // Without a record, what looks like an interrupted publication is taken for one.
        prop_assume!(!plain.notices.iter().any(|notice| notice.message.starts_with("everyone sees every version")));
        prop_assert_eq!(without_origins(accepted.expect("it can be planned")), plain);
    }

    #[test]
    fn what_is_held_and_what_is_left_are_all_that_differs(world in world(), other in world()) {
        let live = world.live();
        let (manifest, before) = (world.manifest(), other_wishes(&world, &other).manifest());
        let resolution = resolve(&manifest, &live, None).expect("a small world can be planned");
        let record = record::applied(&earlier("last", before), &manifest, &live).expect("it is the same portal");
        let wishes = record.wishes(&resolution, &manifest, &live);
        let all = differences(&manifest, &live);
        let Sorted { differences: left, held, accepted } = hold(all.clone(), &wishes, &Acceptance::default());
        prop_assert!(accepted.is_empty());
        let left: BTreeMap<&Address, &Difference> = left.iter().map(|left| (&left.address, left)).collect();
        let is_one = |address: &Address| all.iter().any(|difference| difference.address == *address);
        let are_known = left.keys().all(|address| is_one(address)) && held.iter().all(|held| is_one(&held.address));
        prop_assert!(are_known, "{:?}", held);
        for difference in &all {
            let of_it: Vec<_> = held.iter().filter(|held| held.address == difference.address).collect();
            if of_it.iter().any(|held| held.path.is_none()) {
                prop_assert!(!left.contains_key(&difference.address) && of_it.len() == 1);
                continue;
            }
            let before = difference.edit.fields_before();
            let reached = left.get(&difference.address).map_or_else(|| before.clone(), |left| left.edit.fields_after());
            for (path, wanted) in difference.edit.fields_after() {
                let part = of_it.iter().find(|held| held.path.as_ref() == Some(&path));
                let reached = reached.get(&path);
                match (part, set(&wanted), reached.map_or(Some([].into()), set)) {
                    (None, ..) => prop_assert_eq!(reached, Some(&wanted)),
                    (Some(part), Some(wanted), Some(reached)) => {
                        prop_assert!(reached.is_disjoint(&part.groups));
                        prop_assert_eq!(&reached | &part.groups, wanted);
                    }
                    (Some(part), ..) => {
                        prop_assert_eq!(&part.after, &wanted);
                        prop_assert_eq!(reached, before.get(&path));
                    }
                }
            }
        }
    }

    #[test]
    fn names_of_the_record_are_those_of_the_plan(world in world(), other in world()) {
        let live = world.live();
        let (manifest, before) = (world.manifest(), other_wishes(&world, &other).manifest());
        let applied = earlier("last", before);
        let plan = plan::make(Request { applied: Some(&applied), ..Request::new(&manifest, &live) }).expect("it can be planned");
        for name in plan.held.iter().flat_map(|held| &held.groups) {
            prop_assert!(plan.target.user_groups.get(&GroupName::from(name.as_str())).is_some(), "{}", name);
        }
    }
}
