//! What guards refuse, and what they let pass.

mod people;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Overrides, overrule, violations};
use crate::address::AddressPattern;
use crate::limit::Limit;
use crate::manifest::delegate::Delegation;
use crate::manifest::model::{Guards, Instances, Manifest};
use crate::plan::{NoticeLevel, Plan, Request, make};
use crate::state::LiveState;
use crate::testing::worlds::world;
use crate::testing::{FINANCE, Shape, at, earlier, here, manifest, plan, portal};

impl Manifest {
    pub(super) fn guarded(mut self, change: impl FnOnce(&mut Guards)) -> Self {
        change(&mut self.guards);
        self
    }

    fn protecting(self, patterns: &[&str]) -> Self {
        let pattern = |text: &&str| at(AddressPattern::parse(text, "portal").expect("it is a pattern"));
        self.guarded(|guards| guards.protected = patterns.iter().map(pattern).collect())
    }
}

fn groups(count: usize) -> LiveState {
    (0..count).fold(portal(Shape::SideBySide), |live, index| live.group(&format!("G{index}")))
}

fn without(count: usize) -> Manifest {
    (0..count).fold(manifest(), |manifest, index| manifest.absent(&format!("G{index}")))
}

fn made(manifest: &Manifest, live: &LiveState) -> Plan {
    plan(manifest, live).expect("it plans")
}

/// One line for each violation.
fn told(plan: &Plan) -> String {
    plan.guards.violations.iter().fold(String::new(), |mut text, violation| {
        writeln!(text, "{violation}").expect("a string takes all");
        text
    })
}

fn refused(manifest: &Manifest, live: &LiveState) -> String {
    told(&made(manifest, live))
}

#[test]
fn more_than_half_of_the_groups_are_not_deleted() {
    insta::assert_snapshot!(refused(&without(12), &groups(20)), @"12 of 20 user groups would be deleted (60 %), and maxDeletes allows 50 %; if this is meant, add --max-deletes 12 or raise spec.guards.maxDeletes");
    insta::assert_snapshot!(refused(&without(6), &groups(11)), @"6 of 11 user groups would be deleted (54.5 %), and maxDeletes allows 50 %; if this is meant, add --max-deletes 6 or raise spec.guards.maxDeletes");
    assert_eq!(refused(&without(10), &groups(20)), "", "half is not more than half");
    assert_eq!(refused(&without(10), &groups(10)), "", "of ten, all may go");
}

#[test]
fn a_number_binds_at_any_size() {
    let three = |live| refused(&without(3).guarded(|guards| guards.max_deletes = Some(at(Limit::number(2)))), live);
    insta::assert_snapshot!(three(&groups(4)), @"3 of 4 user groups would be deleted, and maxDeletes allows 2; if this is meant, add --max-deletes 3 or raise spec.guards.maxDeletes");
    assert_eq!(
        refused(&without(9).guarded(|guards| guards.max_deletes = Some(at(Limit::percent(100)))), &groups(9)),
        ""
    );
}

#[test]
fn each_kind_is_counted_by_itself_and_one_word_is_enough_for_all() {
    let mut live = groups(20);
    let mut wanted = without(12).reject("spam.example");
    for index in 0..30 {
        let name = format!("s{index}");
        live = live.prospect(&name, &format!("{name}@spam.example"));
        live = live.asset(&format!("com.example/a{index}"), Instances::Public, &[]);
    }
    wanted = wanted.prune_assets("*");
    let mut plan = made(&wanted, &live);
    insta::assert_snapshot!(told(&plan), @r"
    12 of 20 user groups would be deleted (60 %), and maxDeletes allows 50 %; if this is meant, add --max-deletes 30 or raise spec.guards.maxDeletes
    30 of 30 assets would be deleted (100 %), and maxDeletes allows 50 %; if this is meant, add --max-deletes 30 or raise spec.guards.maxDeletes
    30 of 30 pending sign-ups would be deleted (100 %), and maxDeletes allows 50 %; if this is meant, add --max-deletes 30 or raise spec.guards.maxDeletes
    ");
    overrule(&mut plan, &Overrides { max_deletes: Some(Limit::number(30)), ..Overrides::default() });
    assert_eq!(told(&plan), "");
}

#[test]
fn mappings_that_go_are_counted_where_they_were_read() {
    let live = (0..12).fold(groups(1), |live, index| live.mapping("G0", "idp-okta", &format!("g{index}")));
    let wanted = manifest().mapped("G0", &[("Okta", "g0")]);
    insta::assert_snapshot!(refused(&wanted, &live), @"11 of 12 mappings would be deleted (91.6 %), and maxDeletes allows 50 %; if this is meant, add --max-deletes 11 or raise spec.guards.maxDeletes");
}

#[test]
fn members_are_updated_and_never_deleted() {
    let names: Vec<String> = (0..12).map(|index| format!("m{index}")).collect();
    let live = names.iter().fold(groups(1), |live, name| live.member(name, &["G0"]));
    let wanted = names.iter().fold(manifest(), |manifest, name| manifest.disabled(name));
    assert_eq!(refused(&wanted, &live), "", "there is no limit");
    let limited = |limit| refused(&wanted.clone().guarded(|guards| guards.max_updates = Some(at(limit))), &live);
    insta::assert_snapshot!(limited(Limit::percent(25)), @"12 of 12 members would be changed (100 %), and maxUpdates allows 25 %; if this is meant, add --max-updates 12 or raise spec.guards.maxUpdates");
    insta::assert_snapshot!(limited(Limit::number(11)), @"12 of 12 members would be changed, and maxUpdates allows 11; if this is meant, add --max-updates 12 or raise spec.guards.maxUpdates");
    assert_eq!(limited(Limit::number(12)), "");
}

#[test]
fn an_asset_that_changes_in_two_steps_counts_once() {
    let live = groups(2)
        .member("jane", &["G0"])
        .asset("com.example/a", Instances::Public, &[("v1", &["G0"])])
        .member("joe", &["G1"]);
    let wanted = manifest()
        .member("jane", &["G1"])
        .member("joe", &["G0"])
        .asset("com.example/a", &[("v1", &["G1"])])
        .guarded(|guards| guards.max_updates = Some(at(Limit::number(2))));
    let plan = made(&wanted, &live);
    assert_eq!(plan.changes.iter().filter(|change| change.address.kind == crate::address::Kind::Assets).count(), 2);
    assert_eq!(told(&plan), "");
}

#[test]
fn at_most_so_many_are_let_in() {
    let live =
        (0..26).fold(groups(1), |live, index| live.prospect(&format!("p{index}"), &format!("p{index}@a.example")));
    let wanted = manifest().approve("a.example", &["G0"]);
    insta::assert_snapshot!(refused(&wanted, &live), @"26 pending sign-ups would be approved, and maxApprovals allows 25; if this is meant, add --max-approvals 26 or raise spec.guards.maxApprovals");
    assert_eq!(refused(&wanted.clone().guarded(|guards| guards.max_approvals = Some(at(26))), &live), "");
    insta::assert_snapshot!(refused(&manifest().approve("p1@a.example", &["G0"]).guarded(|guards| guards.max_approvals = Some(at(0))), &live), @"1 pending sign-up would be approved, and maxApprovals allows 0; if this is meant, add --max-approvals 1 or raise spec.guards.maxApprovals");
}

#[test]
fn the_last_administrator_stays() {
    let live = portal(Shape::SideBySide)
        .member("ada", &["Administrators"])
        .member("bea", &["Administrators"])
        .but(|bea| bea.is_active = Some(false))
        .member("cid", &["Administrators"])
        .but(|cid| cid.is_active = None)
        .member("joe", &[]);
    insta::assert_snapshot!(refused(&manifest().disabled("ada"), &live), @"1 administrator would no longer be one (ada), which leaves 0 that are enabled, and minAdministrators asks for 1; if this is meant, add --min-administrators 0 or lower spec.guards.minAdministrators");
    assert_eq!(refused(&manifest().disabled("ada").member("joe", &["system:administrators"]), &live), "");
    assert_eq!(refused(&manifest().disabled("bea").disabled("joe"), &live), "", "neither could administer anything");
    let two = |manifest: Manifest| refused(&manifest.guarded(|guards| guards.min_administrators = Some(at(2))), &live);
    assert_eq!(two(manifest().disabled("joe")), "", "this plan takes nobody away");
    insta::assert_snapshot!(two(manifest().disabled("ada").member("joe", &["system:administrators"])), @"1 administrator would no longer be one (ada), which leaves 1 that is enabled, and minAdministrators asks for 2; if this is meant, add --min-administrators 1 or lower spec.guards.minAdministrators");
    assert_eq!(
        refused(&manifest().disabled("ada").guarded(|guards| guards.min_administrators = Some(at(0))), &live),
        ""
    );
}

#[test]
fn what_is_protected_is_neither_changed_nor_deleted() {
    let live = groups(3)
        .mapping("G1", "idp-okta", "g1")
        .member("jane", &["G2"])
        .prospect("zoe", "zoe@spam.example")
        .asset("com.example/a", Instances::Public, &[("v1", &["G2"])])
        .asset(&format!("{FINANCE}/b"), Instances::Public, &[("v1", &[])]);
    let wanted = manifest()
        .absent("G0")
        .mapped("G1", &[])
        .formerly("New", &["G2"])
        .disabled("jane")
        .reject("zoe@spam.example")
        .asset("com.example/a", &[("v1", &[])])
        .prune_assets("Finance/*");
    let all = [
        "userGroups/g0",
        "userGroups/G1",
        "userGroups/G2",
        "members/*@example.com",
        "prospects/zoe",
        "assets/com.example/a",
        "assets/Finance/*",
        "idpMappings/G1/*",
    ];
    insta::assert_snapshot!(refused(&wanted.clone().protecting(&all), &live), @r"
    user group `G0` is protected by `userGroups/g0` and would be deleted; if this is meant, add --unprotect portal/userGroups/G0, or take the pattern out of spec.guards.protected
    user group `G1` is protected by `userGroups/G1` and would be changed; if this is meant, add --unprotect portal/userGroups/G1, or take the pattern out of spec.guards.protected
    user group `New` is protected by `userGroups/G2` and would be changed; if this is meant, add --unprotect portal/userGroups/New, or take the pattern out of spec.guards.protected
    member `jane` is protected by `members/*@example.com` and would be changed; if this is meant, add --unprotect portal/members/jane, or take the pattern out of spec.guards.protected
    pending sign-up `zoe` is protected by `prospects/zoe` and would be deleted; if this is meant, add --unprotect portal/prospects/zoe, or take the pattern out of spec.guards.protected
    asset `com.example/a` is protected by `assets/com.example/a` and would be changed; if this is meant, add --unprotect portal/assets/com.example/a, or take the pattern out of spec.guards.protected
    asset `Finance/b` is protected by `assets/Finance/*` and would be deleted; if this is meant, add --unprotect portal/assets/0f1d9e2a-0000-4000-8000-000000000001/b, or take the pattern out of spec.guards.protected
    mapping `G1/Okta/g1` is protected by `idpMappings/G1/*` and would be deleted; if this is meant, add --unprotect portal/idpMappings/G1/Okta/g1, or take the pattern out of spec.guards.protected
    ");
    assert_eq!(
        refused(&wanted.protecting(&["userGroups/New Tier", "assets/Sales/*", "userGroups/Administrators"]), &live),
        ""
    );
}

#[test]
fn many_protected_objects_are_one_violation() {
    let live = (0..7).fold(portal(Shape::SideBySide), |live, index| {
        live.asset(&format!("com.example/a{index}"), Instances::Public, &[("v1", &[])])
    });
    let wanted = (1..7)
        .fold(manifest().asset_in("com.example/a0", crate::manifest::model::AssetState::Absent), |manifest, index| {
            manifest.asset(&format!("com.example/a{index}"), &[("v1", &["system:guests"])])
        });
    insta::assert_snapshot!(refused(&wanted.protecting(&["assets/com.example/*", "assets/*"]), &live), @"7 assets (com.example/a0, com.example/a1, com.example/a2, com.example/a3, com.example/a4 and 2 more) are protected by `assets/com.example/*` and would be changed, 1 of them deleted; if this is meant, add --unprotect portal/assets/com.example/a0 --unprotect portal/assets/com.example/a1 --unprotect portal/assets/com.example/a2 --unprotect portal/assets/com.example/a3 --unprotect portal/assets/com.example/a4 and so on for each of them, or take the pattern out of spec.guards.protected");
}

#[test]
fn what_does_not_exist_yet_is_protected_from_nothing() {
    let wanted = manifest()
        .mapped("Partner New", &[("Okta", "new")])
        .asset("com.example/new", &[("v1", &["Partner New"])])
        .protecting(&["userGroups/Partner *", "assets/*"]);
    assert_eq!(refused(&wanted, &portal(Shape::SideBySide)), "");
}

#[test]
fn an_audience_and_members_of_a_protected_group_are_changes_of_others() {
    let live = groups(1).member("jane", &["G0"]).asset("com.example/a", Instances::Public, &[("v1", &["G0"])]);
    let wanted = manifest().member("jane", &[]).asset("com.example/a", &[("v1", &[])]).protecting(&["userGroups/G0"]);
    assert_eq!(refused(&wanted, &live), "");
}

#[test]
fn only_an_explicit_word_lifts_protection() {
    let live = groups(2).mapping("G0", "idp-okta", "g0");
    let wanted = manifest().absent("G0").absent("G1").protecting(&["userGroups/*"]);
    let lifted = |words: &[&str]| {
        let mut plan = made(&wanted, &live);
        let unprotected = words.iter().map(|word| word.parse().expect("it is an address")).collect();
        overrule(&mut plan, &Overrides { unprotected, ..Overrides::default() });
        plan.guards.violations.iter().map(|violation| violation.count).sum::<usize>()
    };
    assert_eq!(lifted(&[]), 2);
    assert_eq!(lifted(&["userGroups/*"]), 2, "a pattern is no address");
    assert_eq!(lifted(&["portal/userGroups/G0"]), 1);
    assert_eq!(lifted(&["userGroups/G0", "userGroups/G1"]), 0);
}

#[test]
fn a_typo_in_what_is_protected_is_told() {
    let live = groups(1).member("jane", &[]).asset(&format!("{FINANCE}/pay"), Instances::Public, &[]);
    let wanted = manifest().group("New").protecting(&[
        "userGroups/G1",
        "userGroups/G0",
        "userGroups/New",
        "userGroups/Gone *",
        "userGroups/system:guests",
        "userGroups/Members",
        "assets/Finance/pay",
        "assets/Finance/pey",
        "members/jane@example.com",
        "members/jame",
        "prospects/whoever",
    ]);
    let notices: Vec<String> = made(&wanted, &live).notices.into_iter().map(|notice| notice.message).collect();
    insta::assert_snapshot!(notices.join("\n"), @r"
    `assets/Finance/pey` under spec.guards.protected protects nothing: the portal has no such asset; did you mean `Finance/pay`?
    `members/jame` under spec.guards.protected protects nothing: the portal has no such member; did you mean `jane`?
    `userGroups/G1` under spec.guards.protected protects nothing: the portal has no such user group; did you mean `G0`?
    ");
}

#[test]
fn an_operators_word_counts_in_either_direction() {
    let wanted = without(3).guarded(|guards| guards.max_deletes = Some(at(Limit::number(2))));
    let mut plan = made(&wanted, &groups(4));
    overrule(&mut plan, &Overrides { max_deletes: Some(Limit::number(3)), ..Overrides::default() });
    assert_eq!(told(&plan), "");
    overrule(&mut plan, &Overrides { max_deletes: Some(Limit::number(0)), ..Overrides::default() });
    assert_eq!(plan.guards.violations.len(), 1);
    overrule(&mut plan, &Overrides::default());
    assert_eq!(plan.guards.violations.len(), 1, "no word changes nothing");
}

#[test]
fn a_change_that_loosens_a_guard_does_not_pass_it() {
    let live = groups(4).asset("com.example/a", Instances::Public, &[]).asset("com.example/b", Instances::Public, &[]);
    let guarded = |most, protected: &[&str]| {
        without(2).protecting(protected).guarded(|guards| guards.max_deletes = Some(at(Limit::number(most))))
    };
    let (strict, loose) = (guarded(1, &["userGroups/G0"]), guarded(5, &[]).prune_assets("com.example/*"));
    let since = |applied: Option<&Manifest>, base: Option<&Manifest>, manifest: &Manifest| {
        let (applied, base) =
            (applied.map(|applied| earlier("last", applied.clone())), base.map(|base| earlier("main", base.clone())));
        let request = Request { applied: applied.as_ref(), base: base.as_ref(), ..Request::new(manifest, &live) };
        let plan = make(request).expect("it plans");
        let warnings = plan.notices.iter().filter(|notice| notice.level == NoticeLevel::Warning);
        let goes = plan.changes.iter().filter(|change| change.action() == crate::plan::Action::Delete).count();
        let warnings: Vec<&str> = warnings.map(|notice| notice.message.as_str()).collect();
        format!("{goes} go\n{}\n{}", warnings.join("\n"), told(&plan))
    };
    insta::assert_snapshot!(since(Some(&strict), None, &loose), @"
    2 go
    this change loosens the guards: maxDeletes 1 → 5, protected without `userGroups/G0`, prune.assets with `com.example/*`; it counts from the next apply on
    2 of 4 user groups would be deleted, and maxDeletes allows 1; if this is meant, add --max-deletes 2 or raise spec.guards.maxDeletes
    user group `G0` is protected by `userGroups/G0` and would be deleted; if this is meant, add --unprotect portal/userGroups/G0, or take the pattern out of spec.guards.protected
    ");
    assert_eq!(since(None, Some(&strict), &loose), since(Some(&strict), None, &loose));
    assert_eq!(since(Some(&strict), Some(&loose), &loose), since(Some(&strict), None, &loose));
    assert_eq!(since(Some(&loose), None, &loose), "4 go\n\n");
    let narrow = guarded(5, &[]).prune_assets("com.example/a*").prune_groups("G*");
    let only_what_both_cover =
        "3 go\nthis change loosens the guards: prune.assets with `com.example/*`; it counts from the next apply on\n";
    assert_eq!(since(Some(&narrow), None, &loose), only_what_both_cover);
    let delegating =
        Manifest { delegation: Some(Delegation { location: here(), rules: Vec::new() }), ..guarded(5, &[]) };
    assert_eq!(
        since(Some(&delegating), None, &guarded(5, &[])),
        "2 go\nthis change loosens delegation: every fragment may declare anything, without `delegate`; it counts at once\n"
    );
    insta::assert_snapshot!(since(Some(&loose), None, &strict), @"
    2 go

    2 of 4 user groups would be deleted, and maxDeletes allows 1; if this is meant, add --max-deletes 2 or raise spec.guards.maxDeletes
    user group `G0` is protected by `userGroups/G0` and would be deleted; if this is meant, add --unprotect portal/userGroups/G0, or take the pattern out of spec.guards.protected
    ");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_empty_plan_is_never_refused(world in world()) {
        let world = world.contented();
        let strictest = world.manifest().protecting(&["userGroups/*", "assets/*", "members/*", "prospects/*", "idpMappings/*"]).guarded(|guards| {
            guards.max_deletes = Some(at(Limit::number(0)));
            guards.max_updates = Some(at(Limit::number(0)));
            guards.max_approvals = Some(at(0));
            guards.min_administrators = Some(at(usize::MAX));
        });
        let plan = plan(&strictest, &world.live()).expect("a small world can be planned");
        prop_assert!(plan.is_empty());
        prop_assert_eq!(plan.guards.violations, []);
    }

    #[test]
    fn what_violations_advise_is_enough(world in world(), most in 0..3_usize) {
        let strict = world.manifest().protecting(&["userGroups/*", "assets/*", "members/*", "prospects/*"]).guarded(|guards| {
            guards.max_deletes = Some(at(Limit::number(most)));
            guards.max_updates = Some(at(Limit::percent(most)));
            guards.max_approvals = Some(at(most));
            guards.min_administrators = Some(at(3));
        });
        let mut plan = plan(&strict, &world.live()).expect("a small world can be planned");
        let mut overrides = Overrides::default();
        for violation in &plan.guards.violations {
            let words: Vec<&str> = violation.advice.split([' ', ',']).collect();
            for pair in words.windows(2) {
                match pair {
                    ["--max-deletes", number] => overrides.max_deletes = number.parse().ok(),
                    ["--max-updates", number] => overrides.max_updates = number.parse().ok(),
                    ["--max-approvals", number] => overrides.max_approvals = number.parse().ok(),
                    ["--min-administrators", number] => overrides.min_administrators = number.parse().ok(),
                    ["--unprotect", address] => overrides.unprotected.push(address.parse().expect("it is an address")),
                    _ => {}
                }
            }
        }
        overrule(&mut plan, &overrides);
        // The advice names the first five of many.
        prop_assert!(plan.guards.violations.iter().all(|violation| violation.advice.contains("--unprotect")), "{:?}", plan.guards.violations);
        prop_assert_eq!(violations(&plan), plan.guards.violations.clone());
    }
}
