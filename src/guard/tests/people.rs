//! Guards on people: what is counted, and what is walked up the tree of groups again by a model that shares no code.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Overrides, overrule, told};
use crate::access::analyse;
use crate::address::{AddressPattern, Kind};
use crate::guard::{needs_sight, survey};
use crate::limit::Limit;
use crate::manifest::model::{AssetState, Instances, Manifest, NeverVisibleTo};
use crate::plan::{Edit, Exposure, Guard, Operation, Plan, Request, make};
use crate::state::LiveState;
use crate::testing::worlds::world;
use crate::testing::{FINANCE, Shape, at, earlier, manifest, plan, portal};

const ONE: &str = "com.example/one";

impl Manifest {
    fn never_public(self, patterns: &[&str]) -> Self {
        let pattern = |text: &&str| at(AddressPattern::of(Kind::Assets, text).expect("it is a pattern"));
        self.guarded(|guards| guards.never_public = patterns.iter().map(pattern).collect())
    }

    fn never_visible_to(self, asset: &str, groups: &[&str]) -> Self {
        let pattern = |text: &&str| at(AddressPattern::of(Kind::UserGroups, text).expect("it is a pattern"));
        let assets = vec![at(AddressPattern::of(Kind::Assets, asset).expect("it is a pattern"))];
        let hidden = NeverVisibleTo { assets, user_groups: groups.iter().map(pattern).collect() };
        self.guarded(|guards| guards.never_visible_to.push(hidden))
    }
}

/// A plan with the analysis that commands add.
fn analysed(request: Request<'_>) -> Plan {
    let live = request.live;
    let mut plan = make(request).expect("it plans");
    analyse(&mut plan, live, 0);
    survey(&mut plan, live);
    plan
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// What is refused, and what is to be known.
fn judged(plan: &Plan) -> String {
    let remarks = plan.guards.remarks.iter().map(|remark| format!("({})", remark.message));
    told(plan) + &lines(remarks)
}

fn refused(manifest: &Manifest, live: &LiveState) -> String {
    judged(&analysed(Request::new(manifest, live)))
}

/// So many members of one group that sees the asset, and so many others, enabled and disabled.
fn crowd(in_group: usize, others: usize, disabled: usize) -> LiveState {
    let mut live = portal(Shape::SideBySide).group("G").group("H");
    live = live.asset(ONE, Instances::Public, &[("v1", &["G"])]);
    live = (0..in_group).fold(live, |live, number| live.member(&format!("in{number}"), &["G"]));
    live = (0..others).fold(live, |live, number| live.member(&format!("other{number}"), &["H"]));
    (0..disabled).fold(live, |live, number| {
        live.member(&format!("out{number}"), &["G"]).but(|member| member.is_active = Some(false))
    })
}

#[test]
fn more_than_half_of_the_members_do_not_lose_sight() {
    let closed = manifest().asset(ONE, &[("v1", &[])]);
    insta::assert_snapshot!(refused(&closed, &crowd(7, 5, 0)), @"7 of 12 enabled members would lose sight of something (58.3 %), and maxAccessLoss allows 50 %; if this is meant, add --max-access-loss 7 or raise spec.guards.maxAccessLoss");
    assert_eq!(refused(&closed, &crowd(6, 6, 0)), "", "half is not more than half");
    assert_eq!(refused(&closed, &crowd(10, 0, 50)), "", "of ten, all may");
    // Whoever is disabled sees nothing, and is no reason for others to lose more.
    assert!(refused(&closed, &crowd(7, 5, 50)).starts_with("7 of 12 enabled members"));
    let limited = |limit| closed.clone().guarded(|guards| guards.max_access_loss = Some(at(limit)));
    insta::assert_snapshot!(refused(&limited(Limit::number(0)), &crowd(1, 0, 0)), @"1 of 1 enabled member would lose sight of something, and maxAccessLoss allows 0; if this is meant, add --max-access-loss 1 or raise spec.guards.maxAccessLoss");
    assert_eq!(refused(&limited(Limit::percent(60)), &crowd(7, 5, 0)), "");
    let gone = manifest().absent("G");
    assert!(refused(&gone, &crowd(7, 5, 0)).starts_with("7 of 12 enabled members would lose"));
}

#[test]
fn as_many_gain_sight_as_a_limit_allows() {
    let live = crowd(3, 10, 0).prospect("new", "new@a.example");
    let opened = manifest().asset(ONE, &[("v1", &["G", "H"])]).approve("a.example", &["G"]);
    assert_eq!(refused(&opened, &live), "", "there is no limit");
    let limited = |limit| refused(&opened.clone().guarded(|guards| guards.max_access_gain = Some(at(limit))), &live);
    insta::assert_snapshot!(limited(Limit::number(10)), @"11 of 14 enabled members would gain sight of something, and maxAccessGain allows 10; if this is meant, add --max-access-gain 11 or raise spec.guards.maxAccessGain");
    insta::assert_snapshot!(limited(Limit::percent(75)), @"11 of 14 enabled members would gain sight of something (78.5 %), and maxAccessGain allows 75 %; if this is meant, add --max-access-gain 11 or raise spec.guards.maxAccessGain");
    assert_eq!(limited(Limit::number(11)), "");
}

#[test]
fn closing_what_nobody_declared_counts_for_nothing() {
    // Somebody has opened the asset to everyone by hand.
    let mut live = crowd(2, 18, 0);
    live = live.asset(ONE, Instances::Public, &[("v1", &["G", "Members"])]);
    let wanted = manifest().asset(ONE, &[("v1", &["G"])]);
    let since = |applied: &Manifest, wanted: &Manifest| {
        let applied = earlier("last", applied.clone());
        judged(&analysed(Request { applied: Some(&applied), ..Request::new(wanted, &live) }))
    };
    assert_eq!(since(&wanted, &wanted), "");
    // Nobody knows without a record, and what was declared counts also where the same change closes what was not.
    assert!(refused(&wanted, &live).starts_with("18 of 20 enabled members"));
    let strict = |manifest: Manifest| manifest.guarded(|guards| guards.max_access_loss = Some(at(Limit::number(1))));
    let closed = strict(manifest().asset(ONE, &[("v1", &[])]));
    assert!(since(&strict(wanted.clone()), &closed).starts_with("2 of 20 enabled members would lose"));
    let everyone = manifest().asset(ONE, &[("v1", &["G", "system:members"])]);
    assert!(since(&everyone, &wanted).starts_with("18 of 20 enabled members"));
}

#[test]
fn no_asset_becomes_public_against_the_word_of_the_manifest() {
    let pay = format!("{FINANCE}/pay");
    let live = portal(Shape::Nested)
        .child("Partner", "Members")
        .asset(&pay, Instances::Public, &[("v1", &["Partner"]), ("v2", &["Partner"])])
        .asset("com.example/open", Instances::Public, &[("v1", &["Guests"]), ("v2", &["Partner"])])
        .asset("com.example/dark", Instances::Public, &[("v1", &["?"])]);
    let guarded = |manifest: Manifest| manifest.never_public(&["finance/*", "com.example/*", "Finance/p?y"]);
    let wanted = guarded(manifest())
        .asset(&pay, &[("v1", &["system:guests"]), ("v2", &["system:guests", "Partner"])])
        .asset("com.example/open", &[("v1", &["Partner", "system:guests"]), ("v2", &["system:guests"])])
        .asset("com.example/dark", &[("v1", &["system:guests"])])
        .asset("com.example/new", &[("*", &["system:guests"])])
        .asset("org.example/other", &[("*", &["system:guests"])]);
    insta::assert_snapshot!(refused(&wanted, &live), @"
    3 assets (com.example/dark v1, com.example/new *, com.example/open v2) would become public, and neverPublic has `com.example/*`; if this is meant, add --expose portal/assets/com.example/dark --expose portal/assets/com.example/new --expose portal/assets/com.example/open, or take the pattern out of spec.guards.neverPublic
    asset `Finance/pay` (v1, v2) would become public, and neverPublic has `finance/*`; if this is meant, add --expose portal/assets/0f1d9e2a-0000-4000-8000-000000000001/pay, or take the pattern out of spec.guards.neverPublic
    (asset `com.example/open` (v1) is public already and stays so, although neverPublic has `com.example/*`)
    ");
    // A limit's word is no word for this, and what is named alone is lifted.
    let mut plan = analysed(Request::new(&wanted, &live));
    let exposed = |words: &[&str]| words.iter().map(|word| word.parse().expect("it is an address")).collect();
    overrule(
        &mut plan,
        &Overrides { max_access_gain: Some(Limit::NONE), exposed: exposed(&["assets/*"]), ..Overrides::default() },
    );
    assert_eq!(plan.guards.violations.len(), 2);
    overrule(&mut plan, &Overrides { exposed: exposed(&["portal/assets/Finance/pay"]), ..Overrides::default() });
    assert_eq!(plan.guards.violations.len(), 1);
    let others = ["assets/com.example/open", "assets/com.example/dark", "assets/com.example/new"];
    overrule(&mut plan, &Overrides { exposed: exposed(&others), ..Overrides::default() });
    assert_eq!(told(&plan), "");
    // Members are no guests, unless one group is both.
    let to_members = guarded(manifest()).asset(&pay, &[("v1", &["system:members"])]);
    assert!(told(&analysed(Request::new(&to_members, &live))).is_empty());
    let one_root = portal(Shape::OneRoot).asset(&pay, Instances::Public, &[("v1", &[])]);
    let to_everyone = guarded(manifest()).asset(&pay, &[("v1", &["Everyone"])]);
    assert_eq!(analysed(Request::new(&to_everyone, &one_root)).guards.violations.len(), 1);
}

#[test]
fn what_is_public_already_is_a_warning() {
    let live = portal(Shape::SideBySide).asset("com.example/a", Instances::Public, &[("v1", &["Guests"])]).asset(
        "com.example/b",
        Instances::Public,
        &[("v1", &["Guests"])],
    );
    let unchanged = manifest().asset("com.example/a", &[("v1", &["system:guests"])]).never_public(&["*"]);
    insta::assert_snapshot!(refused(&unchanged, &live), @"(2 assets (com.example/a v1, com.example/b v1) are public already and stay so, although neverPublic has `*`)");
    let closed = manifest().asset("com.example/a", &[("v1", &[])]).asset_in("com.example/b", AssetState::Absent);
    assert_eq!(refused(&closed.never_public(&["*"]), &live), "");
}

#[test]
fn no_group_comes_to_see_what_is_hidden_from_it() {
    let live = portal(Shape::SideBySide)
        .group("Developers")
        .child("Partner Acme", "Developers")
        .group("Partner Globex")
        .group("Employees")
        .asset(ONE, Instances::Public, &[("v1", &["Employees"]), ("v2", &["Partner Globex"])])
        .member("jane", &["Partner Acme", "Employees"]);
    let guarded = |manifest: Manifest| manifest.never_visible_to("com.example/*", &["Partner *"]);
    let shown = |groups: &[&str]| refused(&guarded(manifest()).asset(ONE, &[("v1", groups)]), &live);
    insta::assert_snapshot!(shown(&["Partner Acme"]), @"
    asset `com.example/one` (v1) would be seen by members of Partner Acme, and neverVisibleTo has `com.example/*` for `Partner *`; if this is meant, add --expose portal/assets/com.example/one, or take the pattern out of spec.guards.neverVisibleTo
    (asset `com.example/one` (v2) is seen by members of Partner Globex already and stays so, although neverVisibleTo has `com.example/*` for `Partner *`)
    ");
    insta::assert_snapshot!(shown(&["Developers"]), @"
    asset `com.example/one` (v1) would be seen by members of Partner Acme (through Developers), and neverVisibleTo has `com.example/*` for `Partner *`; if this is meant, add --expose portal/assets/com.example/one, or take the pattern out of spec.guards.neverVisibleTo
    (asset `com.example/one` (v2) is seen by members of Partner Globex already and stays so, although neverVisibleTo has `com.example/*` for `Partner *`)
    ");
    insta::assert_snapshot!(shown(&["system:members"]), @"
    asset `com.example/one` (v1) would be seen by members of Partner Acme, Partner Globex (through system:members), and neverVisibleTo has `com.example/*` for `Partner *`; if this is meant, add --expose portal/assets/com.example/one, or take the pattern out of spec.guards.neverVisibleTo
    (asset `com.example/one` (v2) is seen by members of Partner Globex already and stays so, although neverVisibleTo has `com.example/*` for `Partner *`)
    ");
    insta::assert_snapshot!(shown(&["system:guests", "Partner Globex"]), @"
    asset `com.example/one` (v1) would be seen by members of Partner Acme, Partner Globex (through Partner Globex, system:guests), and neverVisibleTo has `com.example/*` for `Partner *`; if this is meant, add --expose portal/assets/com.example/one, or take the pattern out of spec.guards.neverVisibleTo
    (asset `com.example/one` (v2) is seen by members of Partner Globex already and stays so, although neverVisibleTo has `com.example/*` for `Partner *`)
    ");
    // It is a rule about groups: whoever is in another one too sees what that one shows.
    let only_standing = shown(&["system:administrators", "Employees"]);
    assert!(only_standing.starts_with("(asset `com.example/one` (v2) is seen by"), "{only_standing}");
    // Publishing counts, and a group that goes does not.
    let published = guarded(manifest()).absent("Partner Globex").asset("com.example/new", &[("*", &["Developers"])]);
    insta::assert_snapshot!(refused(&published, &live), @"asset `com.example/new` (*) would be seen by members of Partner Acme (through Developers), and neverVisibleTo has `com.example/*` for `Partner *`; if this is meant, add --expose portal/assets/com.example/new, or take the pattern out of spec.guards.neverVisibleTo");
}

#[test]
fn a_new_group_may_see_nothing_that_is_hidden_from_it() {
    let mut live = portal(Shape::Nested)
        .child("Developers", "Members")
        .asset(ONE, Instances::Public, &[("v1", &["Developers"])])
        .asset("com.example/two", Instances::Public, &[("v1", &["Members"])]);
    let guarded = |manifest: Manifest| manifest.never_visible_to("com.example/*", &["Partner *"]);
    let wanted = guarded(manifest()).child("Partner New", "Developers");
    insta::assert_snapshot!(refused(&wanted, &live), @"2 assets (com.example/one v1, com.example/two v1) would be seen by members of Partner New (through Developers, system:members), and neverVisibleTo has `com.example/*` for `Partner *`; if this is meant, add --expose portal/assets/com.example/one --expose portal/assets/com.example/two, or take the pattern out of spec.guards.neverVisibleTo");
    assert!(needs_sight(&plan(&wanted, &live).expect("it plans")));
    let elsewhere = guarded(manifest()).child("Employees", "Developers");
    assert!(!needs_sight(&plan(&elsewhere, &live).expect("it plans")));
    assert_eq!(refused(&elsewhere, &live), "");
    // What was not read is told.
    for asset in live.assets.iter_mut().flatten().map(|(_, asset)| asset) {
        asset.detail = None;
    }
    assert_eq!(refused(&wanted, &live), "(neverVisibleTo could be judged in part alone: 2 assets were not read)\n");
    live.assets = None;
    assert_eq!(
        refused(&wanted, &live),
        "(neverVisibleTo could be judged in part alone: the portal's assets were not read)\n"
    );
    assert_eq!(refused(&elsewhere, &live), "");
}

#[test]
fn built_in_groups_are_meant_by_their_names_alone() {
    let live = portal(Shape::SideBySide).group("Mates").asset(ONE, Instances::Public, &[("v1", &[])]);
    let groups = |patterns: &[&str], group: &str| -> Vec<String> {
        let wanted = manifest().never_visible_to("*", patterns).asset(ONE, &[("v1", &[group])]);
        let plan = analysed(Request::new(&wanted, &live));
        plan.guards.exposures.iter().flat_map(|exposure| &exposure.user_groups).map(ToString::to_string).collect()
    };
    assert_eq!(groups(&["M*", "*"], "system:guests"), ["Mates"]);
    assert_eq!(groups(&["members"], "system:guests"), ["system:members"]);
    assert_eq!(groups(&["system:members"], "system:members"), ["system:members"]);
    assert_eq!(groups(&["system:guests"], "system:members"), [""; 0], "who has not signed in is no member");
}

#[test]
fn what_was_not_read_is_told_where_a_limit_needs_it() {
    let limited = manifest().guarded(|guards| guards.max_access_loss = Some(at(Limit::number(3))));
    let moved = limited.clone().member("in0", &[]);
    let closed = limited.asset(ONE, &[("v1", &[])]);
    let mut live = crowd(3, 0, 0)
        .asset("com.example/two", Instances::Public, &[("v1", &["?"])])
        .asset("com.example/three", Instances::Public, &[("v1", &[])])
        .member("dark", &[])
        .but(|member| member.user_groups = None);
    for asset in live.assets.iter_mut().flatten().filter(|(key, _)| *key.asset_id == *"three").map(|(_, asset)| asset) {
        asset.detail = None;
    }
    assert_eq!(
        refused(&moved, &live),
        "(maxAccessLoss could be judged in part alone: 1 asset was not read, and the hub does not tell who sees 1 version, and the hub does not tell the groups of 1 member)\n"
    );
    // Nobody moves, so the others of the assets do not matter.
    assert_eq!(
        refused(&closed, &live),
        "(maxAccessLoss could be judged in part alone: the hub does not tell the groups of 1 member)\n"
    );
    // What all of them together do not exceed is kept in any case.
    let generous = closed.clone().guarded(|guards| guards.max_access_loss = Some(at(Limit::percent(10))));
    assert_eq!(refused(&generous, &live), "");
    live.members = None;
    assert_eq!(refused(&closed, &live), "(maxAccessLoss could not be judged: the members were not read)\n");
    let unlimited = closed.guarded(|guards| guards.max_access_loss = Some(at(Limit::NONE)));
    assert_eq!(refused(&unlimited, &live), "");
    assert_eq!(refused(&manifest().group("New"), &live), "", "nobody gains or loses anything");
}

#[test]
fn a_typo_in_what_is_hidden_is_told() {
    let live = portal(Shape::SideBySide).group("Partner Acme").asset(
        &format!("{FINANCE}/pay"),
        Instances::Public,
        &[("v1", &[])],
    );
    let wanted = manifest()
        .group("Partner New")
        .asset("com.example/new", &[("*", &[])])
        .never_public(&["Finance/pey", "Finance/pay", "com.example/new", "Nowhere/*"])
        .never_visible_to("Finance/poy", &["Partner Acne", "Partner New", "Nobody *", "Guests"]);
    let notices: Vec<String> =
        plan(&wanted, &live).expect("it plans").notices.into_iter().map(|notice| notice.message).collect();
    insta::assert_snapshot!(notices.join("\n"), @"
    `Finance/pey` under spec.guards.neverPublic hides nothing: the portal has no such asset; did you mean `Finance/pay`?
    `Finance/poy` under spec.guards.neverVisibleTo hides nothing: the portal has no such asset; did you mean `Finance/pay`?
    `Partner Acne` under spec.guards.neverVisibleTo hides nothing: the portal has no such user group; did you mean `Partner Acme`?
    publishing opens a short window: until its audience is set, moments later, the hub decides who sees the new asset
    ");
}

#[test]
fn a_change_that_loosens_guards_on_people_does_not_pass_them() {
    let live = portal(Shape::SideBySide)
        .group("Partner Acme")
        .asset(ONE, Instances::Public, &[("v1", &["Partner Acme"])])
        .asset("com.example/two", Instances::Public, &[("v1", &[])])
        .member("jane", &["Partner Acme"])
        .member("joe", &[]);
    let strict = manifest()
        .never_public(&["com.example/*"])
        .never_visible_to("com.example/t*", &["Partner *", "Guest *"])
        .guarded(|guards| {
            guards.max_access_loss = Some(at(Limit::number(0)));
            guards.max_access_gain = Some(at(Limit::number(0)));
        });
    let loose = manifest()
        .never_visible_to("com.example/t*", &["Guest *"])
        .asset(ONE, &[("v1", &[])])
        .asset("com.example/two", &[("v1", &["system:guests"])])
        .guarded(|guards| guards.max_access_gain = Some(at(Limit::number(1))));
    let since = |applied: &Manifest, wanted: &Manifest| {
        let applied = earlier("last", applied.clone());
        let plan = analysed(Request { applied: Some(&applied), ..Request::new(wanted, &live) });
        lines(plan.notices.iter().map(|notice| notice.message.clone())) + &judged(&plan)
    };
    insta::assert_snapshot!(since(&strict, &loose), @"
    this change loosens the guards: maxAccessLoss 0 → 50 %, maxAccessGain 0 → 1, neverPublic without `com.example/*`, neverVisibleTo without `com.example/t*` for `Partner *`; it counts from the next apply on
    1 of 2 enabled members would lose sight of something (50 %), and maxAccessLoss allows 0 and 50 %; if this is meant, add --max-access-loss 1 or raise spec.guards.maxAccessLoss
    2 of 2 enabled members would gain sight of something, and maxAccessGain allows 0; if this is meant, add --max-access-gain 2 or raise spec.guards.maxAccessGain
    asset `com.example/two` (v1) would become public, and neverPublic has `com.example/*`; if this is meant, add --expose portal/assets/com.example/two, or take the pattern out of spec.guards.neverPublic
    asset `com.example/two` (v1) would be seen by members of Partner Acme (through system:guests), and neverVisibleTo has `com.example/t*` for `Partner *`, `Guest *`; if this is meant, add --expose portal/assets/com.example/two, or take the pattern out of spec.guards.neverVisibleTo
    ");
    assert!(!since(&loose, &strict).contains("loosens"));
}

/// The groups of a portal, walked one by one.
struct Walk {
    parents: BTreeMap<String, Option<String>>,
    signed_in: BTreeSet<String>,
    visitors: BTreeSet<String>,
}

impl Walk {
    /// `None` has not signed in.
    fn sees(&self, from: Option<&str>, audience: &BTreeSet<String>) -> bool {
        let mut starts: BTreeSet<&str> = match from {
            Some(group) if !self.visitors.contains(group) => self.signed_in.iter().map(String::as_str).collect(),
            _ => self.visitors.iter().map(String::as_str).collect(),
        };
        starts.extend(from);
        starts.into_iter().any(|start| {
            let mut at = Some(start);
            while let Some(group) = at {
                if audience.contains(group) {
                    return true;
                }
                at = self.parents[group].as_deref();
            }
            false
        })
    }
}

/// Each audience before and after, by asset and version, as names; `None` is not told.
type Audiences = BTreeMap<(String, String), [Option<BTreeSet<String>>; 2]>;

fn audiences(plan: &Plan, live: &LiveState) -> Audiences {
    let names: BTreeMap<String, String> = plan
        .target
        .user_groups
        .iter()
        .filter_map(|entry| Some((entry.id.as_ref()?.to_string(), entry.name.to_string())))
        .collect();
    let mut audiences = Audiences::new();
    for (key, asset) in live.assets.iter().flatten() {
        for (version, groups) in &asset.detail.as_ref().expect("all are read").versions {
            let groups: Option<BTreeSet<String>> =
                groups.as_ref().map(|ids| ids.iter().map(|id| names[id.as_str()].clone()).collect());
            audiences.insert((format!("portal/assets/{key}"), version.clone()), [groups.clone(), groups]);
        }
    }
    for change in &plan.changes {
        let Edit::Asset(operation) = &change.edit else { continue };
        let address = change.address.to_string();
        for (_, [_, after]) in audiences.iter_mut().filter(|((asset, _), _)| *asset == address) {
            *after = Some(BTreeSet::new());
        }
        for (version, groups) in operation.after().iter().flat_map(|spec| &spec.versions) {
            let nobody = [Some(BTreeSet::new()), None];
            let [_, after] = audiences.entry((address.clone(), version.clone())).or_insert(nobody);
            *after = groups.as_ref().map(|groups| groups.iter().map(ToString::to_string).collect());
        }
    }
    audiences
}

/// Patterns with what they mean: of a group's name in plans, of its name in the portal, and whether it is built in.
type Means = fn(&str, &str, bool) -> bool;

const PATTERNS: [(&str, Means); 7] = [
    ("*", |_, _, is_built_in| !is_built_in),
    ("group 0", |name, _, _| name == "Group 0"),
    ("Group [12]", |name, _, _| name == "Group 1" || name == "Group 2"),
    ("Old *", |_, live, _| live.starts_with("Old ")),
    ("system:members", |name, _, _| name == "system:members"),
    ("system:guests", |name, _, _| name == "system:guests"),
    ("Members", |_, live, _| live == "Members"),
];

/// Exposures taken apart: whether they stand, the asset, and a version or a group that is concerned.
fn parts<'a>(exposures: impl Iterator<Item = &'a Exposure>) -> BTreeSet<(bool, String, String)> {
    exposures
        .flat_map(|exposure| {
            let versions = exposure.versions.iter().cloned();
            let groups = exposure.user_groups.iter().map(ToString::to_string);
            versions.chain(groups).map(|part| (exposure.stands, exposure.asset.to_string(), part))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exposed_is_what_a_walk_finds(world in world(), patterns in prop::collection::vec(0..PATTERNS.len(), 1..3)) {
        let texts: Vec<&str> = patterns.iter().map(|number| PATTERNS[*number].0).collect();
        let wanted = world.manifest().never_public(&["com.example/asset[01]"]).never_visible_to("*/asset1", &texts);
        let live = world.live();
        let mut plan = plan(&wanted, &live).expect("a small world can be planned");
        let entries: Vec<_> = plan.target.user_groups.iter().cloned().collect();
        let flagged = |is: fn(&crate::state::GroupFlags) -> bool| -> BTreeSet<String> {
            entries.iter().filter(|entry| is(&entry.flags)).map(|entry| entry.name.to_string()).collect()
        };
        let walk = Walk {
            parents: entries
                .iter()
                .map(|entry| (entry.name.to_string(), entry.parent.as_ref().map(ToString::to_string)))
                .collect(),
            signed_in: flagged(|flags| flags.is_default || flags.is_public),
            visitors: flagged(|flags| flags.is_public),
        };
        let is_deleted = |name: &str| {
            let is_it = |change: &&crate::plan::Change| change.address.name() == name;
            plan.changes.iter().filter(is_it).any(|change| matches!(change.edit, Edit::UserGroup(Operation::Delete { .. })))
        };
        let mut public = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for ((asset, version), [before, after]) in &audiences(&plan, &live) {
            let Some(after) = after else { continue };
            let add = |found: &mut BTreeSet<(bool, String, String)>, group: Option<&str>, is_new: bool| {
                if walk.sees(group, after) {
                    let stands = !is_new && before.as_ref().is_some_and(|before| walk.sees(group, before));
                    found.insert((stands, asset.clone(), version.clone()));
                    found.extend(group.map(|group| (stands, asset.clone(), group.to_owned())));
                }
            };
            if asset.ends_with("/asset0") || asset.ends_with("/asset1") {
                add(&mut public, None, false);
            }
            for entry in entries.iter().filter(|entry| asset.ends_with("/asset1") && !is_deleted(entry.name.as_str())) {
                let group = entry.id.as_ref().and_then(|id| live.user_groups.iter().find(|group| group.id == *id));
                let own = group.map_or("", |group| group.name.as_str());
                let is_built_in = group.is_some_and(|group| group.flags.is_built_in());
                if patterns.iter().any(|number| PATTERNS[*number].1(entry.name.as_str(), own, is_built_in)) {
                    add(&mut seen, Some(entry.name.as_str()), group.is_none());
                }
            }
        }
        let of = |guard: Guard| parts(plan.guards.exposures.iter().filter(|exposure| exposure.guard == guard));
        prop_assert_eq!(of(Guard::NeverPublic), public);
        prop_assert_eq!(of(Guard::NeverVisibleTo), seen);
        // An analysis adds nothing where all was read, and what the refusals advise is enough.
        let before = plan.guards.exposures.clone();
        analyse(&mut plan, &live, 0);
        survey(&mut plan, &live);
        prop_assert_eq!(&plan.guards.exposures, &before);
        let hidden = |guard: Guard| matches!(guard, Guard::NeverPublic | Guard::NeverVisibleTo);
        let words = plan.guards.violations.iter().filter(|violation| hidden(violation.guard));
        let words = words.flat_map(|violation| violation.advice.split([' ', ',']));
        let exposed = words.filter_map(|word| word.parse().ok()).collect();
        overrule(&mut plan, &Overrides { exposed, ..Overrides::default() });
        prop_assert!(!plan.guards.violations.iter().any(|violation| hidden(violation.guard)), "{}", told(&plan));
    }

    #[test]
    fn a_plan_without_changes_shows_nothing_to_anybody(world in world()) {
        let world = world.contented();
        let strictest = world.manifest().never_public(&["*"]).never_visible_to("*", &["*", "system:members"]).guarded(|guards| {
            guards.max_access_loss = Some(at(Limit::number(0)));
            guards.max_access_gain = Some(at(Limit::number(0)));
        });
        let live = world.live();
        let plan = analysed(Request::new(&strictest, &live));
        prop_assert!(plan.is_empty());
        prop_assert_eq!(told(&plan), "");
    }
}
