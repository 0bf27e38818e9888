//! Groups: parents, renames, names that meet, and groups that go.

use insta::assert_snapshot;

use crate::manifest::model::{Instances, Parent};
use crate::testing::{Shape, at, group_id, manifest, planned, portal, reference, references, text};

#[test]
fn a_new_group_goes_where_the_shape_of_the_tree_has_its_groups() {
    let manifest =
        manifest().group_but("Gold", |group| group.description = Some(text("Payers"))).child("Gold+", "Gold");
    assert_snapshot!(planned(&manifest, &portal(Shape::SideBySide)), @r#"
    0 1 create userGroups/Gold
        description: null → "Payers"
        name: null → "Gold"
    0 2 create userGroups/Gold%2B after 1
        name: null → "Gold+"
        parent: null → "Gold"
    "#);
    assert_snapshot!(planned(&manifest, &portal(Shape::Nested)), @r#"
    0 1 create userGroups/Gold
        description: null → "Payers"
        name: null → "Gold"
        parent: null → "system:members"
    0 2 create userGroups/Gold%2B after 1
        name: null → "Gold+"
        parent: null → "Gold"
    "#);
    assert_snapshot!(planned(&manifest, &portal(Shape::OneRoot)), @r#"
    0 1 create userGroups/Gold
        description: null → "Payers"
        name: null → "Gold"
        parent: null → "system:guests"
    0 2 create userGroups/Gold%2B after 1
        name: null → "Gold+"
        parent: null → "Gold"
    "#);
}

#[test]
fn a_new_group_goes_beside_the_live_custom_groups() {
    let live = portal(Shape::Nested).child("Silver", "Guests").child("Bronze", "Silver");
    assert_snapshot!(planned(&manifest().group("Gold"), &live), @r#"
    0 1 create userGroups/Gold
        name: null → "Gold"
        parent: null → "system:guests"
    "#);
}

#[test]
fn parent_is_asked_for_when_live_groups_disagree() {
    let live = portal(Shape::Nested).child("Silver", "Guests").child("Bronze", "Members").group("Tin");
    assert_snapshot!(planned(&manifest().group("Gold"), &live), @"
    fault: parent-needed: it is not clear where `Gold` belongs: groups live under the top of the tree, `system:guests`, `system:members`
      hint: say it with `parent:`
    ");
    assert_snapshot!(planned(&manifest().under("Gold", "system:guests"), &live), @r#"
    0 1 create userGroups/Gold
        name: null → "Gold"
        parent: null → "system:guests"
    "#);
}

#[test]
fn parent_is_asked_for_when_nothing_tells_where_a_nested_tree_has_its_groups() {
    let mut live = portal(Shape::Nested);
    live.user_groups[2].flags = crate::testing::flags("g");
    assert_snapshot!(planned(&manifest().group("Gold"), &live), @"
    fault: parent-needed: it is not clear where `Gold` belongs: the portal has no single default group
      hint: say it with `parent:`
    ");
}

#[test]
fn a_group_without_parent_may_live_at_the_top_or_under_built_ins() {
    for live in [
        portal(Shape::Nested).group("Gold"),
        portal(Shape::Nested).child("Gold", "Guests"),
        portal(Shape::Nested).child("Gold", "Members"),
        portal(Shape::OneRoot).child("Gold", "Everyone"),
    ] {
        assert_eq!(planned(&manifest().group("Gold"), &live), "no changes\n");
    }
}

#[test]
fn a_group_under_another_parent_is_a_fault_with_advice() {
    let live = portal(Shape::SideBySide).group("Silver").child("Gold", "Silver").group("Tin");
    assert_snapshot!(planned(&manifest().group("Gold"), &live), @"
    fault: moved-group: `Gold` lives under `Silver` in the portal, and the manifest has it at the top
      hint: the API cannot move a group: declare it among the `children` of `Silver`, or write `parent: Silver`
    ");
    assert_snapshot!(planned(&manifest().under("Gold", "Tin"), &live), @"
    fault: moved-group: `Gold` lives under `Silver` in the portal, and the manifest has it under `Tin`
      hint: the API cannot move a group: declare it where it lives, or give the new place a new group and move its members and audiences
    ");
    assert_snapshot!(planned(&manifest().group("Silver").child("Tin", "Silver"), &live), @"
    fault: moved-group: `Tin` lives at the top of the tree in the portal, and the manifest has it under `Silver`
      hint: the API cannot move a group: declare it where it lives, or give the new place a new group and move its members and audiences
    ");
    assert_eq!(planned(&manifest().group("Silver").child("Gold", "Silver"), &live), "no changes\n");
    assert_eq!(planned(&manifest().under("Gold", "Silver"), &live), "no changes\n");
}

#[test]
fn a_parent_may_be_new_and_declared_later() {
    let manifest = manifest().under("Alpha", "Zulu").group("Zulu");
    assert_snapshot!(planned(&manifest, &portal(Shape::SideBySide)), @r#"
    0 1 create userGroups/Zulu
        name: null → "Zulu"
    0 2 create userGroups/Alpha after 1
        name: null → "Alpha"
        parent: null → "Zulu"
    "#);
}

#[test]
fn new_groups_cannot_be_each_others_parents() {
    let manifest = manifest().under("Alpha", "Zulu").under("Zulu", "Alpha");
    assert_snapshot!(planned(&manifest, &portal(Shape::SideBySide)), @"
    fault: parent-circle: `Alpha` would be its own ancestor
    fault: parent-circle: `Zulu` would be its own ancestor
    ");
}

#[test]
fn a_description_is_managed_if_it_is_given() {
    let mut live = portal(Shape::SideBySide).group("Gold").group("Silver");
    live.user_groups[3].description = Some("Payers".to_owned());
    live.user_groups[4].description = Some(String::new());
    let describe = |description: &str| {
        let description = description.to_owned();
        manifest().group_but("Gold", |group| group.description = Some(at(description)))
    };
    assert_eq!(planned(&manifest().group("Gold"), &live), "no changes\n");
    assert_eq!(planned(&describe("Payers"), &live), "no changes\n");
    assert_snapshot!(planned(&describe(""), &live), @r#"
    0 1 update userGroups/Gold
        description: "Payers" → null
    "#);
    assert_eq!(
        planned(&manifest().group_but("Silver", |group| group.description = Some(text(""))), &live),
        "no changes\n"
    );
}

#[test]
fn a_former_name_is_a_rename() {
    let live = portal(Shape::SideBySide)
        .group("Premium")
        .child("Premium+", "Premium")
        .member("jane", &["Premium"])
        .asset("com.example/a", Instances::Public, &[("v1", &["Premium"])]);
    let manifest = manifest()
        .formerly("Gold", &["Platinum", "Premium"])
        .child("Premium+", "Gold")
        .member("jane", &["Gold"])
        .asset("com.example/a", &[("v1", &["Gold"])]);
    assert_snapshot!(planned(&manifest, &live), @r#"
    0 1 update userGroups/Gold (formerly Premium)
        name: "Premium" → "Gold"
    "#);
}

#[test]
fn a_former_name_that_nothing_has_any_more_is_no_difference() {
    let live = portal(Shape::SideBySide).group("Gold");
    assert_eq!(planned(&manifest().formerly("Gold", &["Premium"]), &live), "no changes\n");
}

#[test]
fn a_former_name_is_a_fault_wherever_it_is_used() {
    let live = portal(Shape::SideBySide).group("Premium").member("jane", &[]);
    let manifest = manifest().formerly("Gold", &["Premium"]).member("jane", &["Premium"]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: unknown-group: there is no user group `Premium`
      hint: that is its former name; use the new one
    ");
}

#[test]
fn a_rename_is_a_fault_if_both_names_are_live() {
    let live = portal(Shape::SideBySide).group("Premium").group("Gold");
    assert_snapshot!(planned(&manifest().formerly("Gold", &["Premium"]), &live), @"
    fault: both-names-live: both `Premium` and `Gold` exist in the portal
      hint: ids g-premium and g-gold: remove one in the portal, or declare the old one by itself
    ");
}

#[test]
fn a_rename_is_a_fault_if_several_groups_could_be_meant() {
    let live = portal(Shape::SideBySide).group("Premium").group("Platinum");
    assert_snapshot!(planned(&manifest().formerly("Gold", &["Premium", "Platinum"]), &live), @"
    fault: ambiguous-rename: several groups could become `Gold`: Premium (g-premium), Platinum (g-platinum)
      hint: leave only the name in `formerly` that is meant
    ");
    assert_snapshot!(
        planned(&manifest().formerly("Gold", &["Premium"]).formerly("Silver", &["Premium"]), &live), @"
    fault: ambiguous-rename: `Premium` could become `Gold` and `Silver`
      hint: leave the name in one `formerly` alone
    ");
}

#[test]
fn a_chain_of_renames_runs_from_its_free_end() {
    let live = portal(Shape::SideBySide).group("B").group("C").group("D");
    let chain = manifest().formerly("C", &["D"]).formerly("B", &["C"]).formerly("A", &["B"]);
    assert_snapshot!(planned(&chain, &live), @r#"
    0 1 update userGroups/A (formerly B)
        name: "B" → "A"
    0 2 update userGroups/B after 1 (formerly C)
        name: "C" → "B"
    0 3 update userGroups/C after 2 (formerly D)
        name: "D" → "C"
    "#);
    let renamed = portal(Shape::SideBySide).group("A").group("B").group("C");
    assert_eq!(planned(&chain, &renamed), "no changes\n");
    let interrupted = portal(Shape::SideBySide).group("A").group("C").group("D");
    assert_snapshot!(planned(&chain, &interrupted), @r#"
    0 1 update userGroups/B (formerly C)
        name: "C" → "B"
    0 2 update userGroups/C after 1 (formerly D)
        name: "D" → "C"
    "#);
}

#[test]
fn a_new_group_may_take_a_name_that_a_rename_gives_free() {
    let live = portal(Shape::SideBySide).group("Gold");
    let manifest = manifest().group("Gold").formerly("Classic", &["Gold"]);
    assert_snapshot!(planned(&manifest, &live), @r#"
    0 1 update userGroups/Classic (formerly Gold)
        name: "Gold" → "Classic"
    0 2 create userGroups/Gold after 1
        name: null → "Gold"
    "#);
    let renamed = portal(Shape::SideBySide).group("Gold").group("Classic");
    assert_eq!(planned(&manifest, &renamed), "no changes\n");
}

#[test]
fn swapped_names_are_a_fault() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver");
    assert_snapshot!(planned(&manifest().formerly("Gold", &["Silver"]).formerly("Silver", &["Gold"]), &live), @"
    fault: rename-circle: `Gold` would get the name of `Silver`, which gets another's in turn
      hint: names cannot be swapped in one plan: rename one group to a name that nobody has first
    fault: rename-circle: `Silver` would get the name of `Gold`, which gets another's in turn
      hint: names cannot be swapped in one plan: rename one group to a name that nobody has first
    ");
    assert_snapshot!(planned(&manifest().formerly("Gold", &["Gold"]), &live), @"
    fault: rename-circle: `Gold` would get the name of `Gold`, which gets another's in turn
      hint: names cannot be swapped in one plan: rename one group to a name that nobody has first
    ");
}

#[test]
fn names_that_differ_in_case_alone_are_a_fault() {
    let live = portal(Shape::SideBySide).group("Gold Tier").group("Premium");
    assert_snapshot!(planned(&manifest().group("gold tier"), &live), @"
    fault: differs-in-case: there is `Gold Tier`, which differs from `gold tier` in case alone
      hint: write `Gold Tier`, or add `formerly: [Gold Tier]` to rename it
    ");
    assert_snapshot!(planned(&manifest().absent("gold tier"), &live), @"
    fault: differs-in-case: there is `Gold Tier`, which differs from `gold tier` in case alone
      hint: write `Gold Tier`, or remove the entry
    ");
    assert_snapshot!(planned(&manifest().formerly("Classic", &["gold tier"]), &live), @"
    fault: differs-in-case: the portal has `Gold Tier`, which differs from `gold tier` in case alone
      hint: write `Gold Tier`
    ");
    assert_snapshot!(planned(&manifest().formerly("GOLD TIER", &["Premium"]), &live), @"
    fault: differs-in-case: the portal has `Gold Tier`, which differs from `GOLD TIER` in case alone
      hint: the hub compares names without regard to case: choose another name
    ");
    assert_snapshot!(planned(&manifest().group("New").group("NEW"), &live), @"
    fault: differs-in-case: there is `New`, which differs from `NEW` in case alone
      hint: write `New`, or add `formerly: [New]` to rename it
    ");
    assert_snapshot!(planned(&manifest().formerly("gold tier", &["Gold Tier"]), &live), @r#"
    0 1 update userGroups/gold%20tier (formerly Gold Tier)
        name: "Gold Tier" → "gold tier"
    "#);
}

#[test]
fn duplicates_in_the_portal_are_a_fault_that_names_both_ids() {
    let live = portal(Shape::SideBySide).group("Gold").group_of_id("Gold", "g-other").member("jane", &[]);
    assert_snapshot!(planned(&manifest().group("Gold"), &live), @"
    fault: duplicate-groups: the portal has 2 user groups named `Gold`: g-gold, g-other
      hint: rename or remove one of them in the portal; aehctl never guesses which is meant
    ");
    assert_snapshot!(planned(&manifest().member("jane", &["Gold"]), &live), @"
    fault: duplicate-groups: the portal has 2 user groups named `Gold`: g-gold, g-other
      hint: rename or remove one of them in the portal; aehctl never guesses which is meant
    ");
    assert_eq!(planned(&manifest().member("jane", &[]), &live), "no changes\n");
}

#[test]
fn a_group_that_is_declared_twice_is_a_fault() {
    let live = portal(Shape::Nested).child("Gold", "Members");
    let manifest = manifest().group("system:members").mapped("Members", &[]).group("Gold").group("Gold");
    assert_snapshot!(planned(&manifest, &live), @"
    fault: duplicate-group: user group `Members` is declared twice
    fault: duplicate-group: user group `Gold` is declared twice
    ");
}

#[test]
fn a_name_that_plans_use_for_another_group_is_a_fault() {
    let live = portal(Shape::SideBySide).group("Gold").group_of_id("Gold", "g-other");
    assert_snapshot!(planned(&manifest().group("Gold [g-other]"), &live), @"
    fault: misleading-name: plans already call another group `Gold [g-other]`, by its name and its id
      hint: choose another name
    ");
}

#[test]
fn an_unknown_group_is_a_fault_with_the_nearest_name() {
    let live = portal(Shape::SideBySide).group("Gold Tier").member("jane", &[]);
    let manifest = manifest()
        .audience("unused", &["Gold Teir"])
        .under("Silver", "Nowhere")
        .member("jane", &["Gold tier"])
        .approve("example.com", &["gold"]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: unknown-group: there is no user group `Gold Teir`
      hint: did you mean `Gold Tier`?
    fault: unknown-group: there is no user group `Nowhere`
      hint: declare it under `userGroups`, or check the portal that the manifest names
    fault: unknown-group: there is no user group `Gold tier`
      hint: did you mean `Gold Tier`?
    fault: unknown-group: there is no user group `gold`
      hint: declare it under `userGroups`, or check the portal that the manifest names
    ");
}

#[test]
fn an_absent_group_is_cleared_and_deleted() {
    let live = portal(Shape::SideBySide)
        .group("Acme")
        .child("Acme Dev", "Acme")
        .group("Gold")
        .mapping("Acme", "idp-okta", "acme")
        .member("jane", &["Members", "Acme Dev"])
        .member("john", &["Acme", "Gold"])
        .asset("com.example/a", Instances::Public, &[("v1", &["Acme", "Gold"]), ("v2", &["Acme Dev"])])
        .asset("com.example/b", Instances::Public, &[("v1", &["Gold"])]);
    let both = |manifest: crate::manifest::model::Manifest| {
        manifest.group_but("Acme Dev", |group| {
            group.parent = Parent::Nested(reference("Acme"));
            group.state = crate::manifest::model::GroupState::Absent { disable_members: false };
        })
    };
    assert_snapshot!(planned(&both(manifest().offboarded("Acme")), &live), @r#"
    1 1 update assets/com.example/a (user group `Acme` goes)
        versions.v1: ["Acme","Gold"] → ["Gold"]
        versions.v2: ["Acme Dev"] → []
    2 2 delete idpMappings/Acme/Okta/acme (user group `Acme` goes)
        group: "acme" → null
        provider: "Okta" → null
        userGroup: "Acme" → null
    2 3 update members/jane (user group `Acme Dev` goes)
        userGroups: ["Acme Dev","system:members"] → ["system:members"]
    2 4 update members/john (user group `Acme` goes)
        userGroups: ["Acme","Gold"] → ["Gold"]
    4 5 delete userGroups/Acme%20Dev after 1,3 (state: absent)
        name: "Acme Dev" → null
        parent: "Acme" → null
    4 6 delete userGroups/Acme after 1,2,4,5 (state: absent)
        name: "Acme" → null
    "#);
    assert_snapshot!(planned(&both(manifest().absent("Acme")).asset("com.example/a", &[("v2", &["Gold"])]), &live), @r#"
    2 1 delete idpMappings/Acme/Okta/acme (user group `Acme` goes)
        group: "acme" → null
        provider: "Okta" → null
        userGroup: "Acme" → null
    2 2 update members/jane (user group `Acme Dev` goes)
        userGroups: ["Acme Dev","system:members"] → ["system:members"]
    2 3 update members/john (user group `Acme` goes)
        userGroups: ["Acme","Gold"] → ["Gold"]
    3 4 update assets/com.example/a
        versions.v1: ["Acme","Gold"] → ["Gold"]
        versions.v2: ["Acme Dev"] → ["Gold"]
    4 5 delete userGroups/Acme%20Dev after 2,4 (state: absent)
        name: "Acme Dev" → null
        parent: "Acme" → null
    4 6 delete userGroups/Acme after 1,3,4,5 (state: absent)
        name: "Acme" → null
    "#);
    let gone = portal(Shape::SideBySide).group("Gold").member("jane", &["Members"]);
    assert_eq!(planned(&both(manifest().offboarded("Acme")), &gone), "no changes\n");
}

#[test]
fn offboarding_disables_those_who_are_left_with_built_ins_alone() {
    let live = portal(Shape::SideBySide)
        .group("Acme")
        .group("Gold")
        .member("left", &["Members", "Acme"])
        .member("other", &["Acme", "Gold"])
        .member("admin", &["Administrators", "Acme"])
        .member("kept", &["Acme"])
        .member("moved", &["Acme"])
        .member("never", &["Gold"]);
    let manifest = manifest()
        .offboarded("Acme")
        .member_but("kept", |member| member.enabled = Some(at(true)))
        .member("moved", &["Gold"]);
    assert_snapshot!(planned(&manifest, &live), @r#"
    2 1 update members/admin (user group `Acme` goes)
        userGroups: ["Acme","system:administrators"] → ["system:administrators"]
    2 2 update members/kept
        userGroups: ["Acme"] → []
    2 3 update members/left (user group `Acme` goes)
        enabled: true → false
        userGroups: ["Acme","system:members"] → ["system:members"]
    2 4 update members/moved
        userGroups: ["Acme"] → ["Gold"]
    2 5 update members/other (user group `Acme` goes)
        userGroups: ["Acme","Gold"] → ["Gold"]
    4 6 delete userGroups/Acme after 1,2,3,4,5 (state: absent)
        name: "Acme" → null
    Warning: `admin` is an administrator and stays enabled; `enabled: false` on the member disables them
    "#);
}

#[test]
fn a_child_that_stays_keeps_an_absent_group_from_going() {
    let live = portal(Shape::SideBySide).group("Acme").child("Acme Dev", "Acme");
    assert_snapshot!(planned(&manifest().absent("Acme"), &live), @"
    fault: held-by-child: `Acme` cannot be deleted while `Acme Dev` lives under it
      hint: declare `Acme Dev` with `state: absent` too
    ");
    let manifest = manifest().absent("Acme").prune_groups("Acme *").member("jane", &["Acme Dev"]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: held-by-child: `Acme` cannot be deleted while `Acme Dev` lives under it
      hint: declare `Acme Dev` with `state: absent` too
    ");
}

#[test]
fn an_absent_group_may_not_be_used() {
    let live = portal(Shape::SideBySide).group("Acme").member("jane", &[]).asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &[])],
    );
    let manifest = manifest()
        .under("Acme Dev", "Acme")
        .absent("Acme")
        .audience("partners", &["Acme"])
        .asset("com.example/a", &[("v1", &["Acme"])])
        .member("jane", &["Acme"]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: reference-to-absent: user group `Acme` is declared `state: absent` and used here
      hint: remove it here, or keep the group
    fault: reference-to-absent: user group `Acme` is declared `state: absent` and used here
      hint: remove it here, or keep the group
    fault: reference-to-absent: user group `Acme` is declared `state: absent` and used here
      hint: remove it here, or keep the group
    fault: reference-to-absent: user group `Acme` is declared `state: absent` and used here
      hint: remove it here, or keep the group
    ");
}

#[test]
fn maintainers_and_unknowns_keep_an_absent_group_from_being_cleared() {
    let live = portal(Shape::SideBySide)
        .group("Acme")
        .maintainer("Acme", "idp-okta", "acme-leads")
        .asset("com.example/a", Instances::Public, &[("v1", &["Acme"]), ("v2", &["?"])])
        .member("jane", &[])
        .but(|member| member.user_groups = None);
    assert_snapshot!(planned(&manifest().absent("Acme"), &live), @"
    fault: maintainer-mapping: `Acme` cannot be cleared: `acme-leads` makes maintainers of it
      hint: remove this mapping in the platform first: the API cannot write it
    ");
    let mut live = live;
    live.mappings.insert(group_id("Acme"), Vec::new());
    assert_snapshot!(planned(&manifest().absent("Acme"), &live), @r#"
    1 1 update assets/com.example/a (user group `Acme` goes)
        versions.v1: ["Acme"] → []
    4 2 delete userGroups/Acme after 1 (state: absent)
        name: "Acme" → null
    Warning: the hub does not say which groups `jane` is in: if `Acme` is one of them, it cannot be deleted
    Warning: the hub does not say who sees each version of com.example/a: if one of them still names `Acme`, the group cannot be deleted
    "#);
}

#[test]
fn what_is_not_declared_is_counted_and_left_alone() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .group_of_id("Twin", "g-1")
        .group_of_id("Twin", "g-2")
        .member("jane", &["Gold"])
        .prospect("bob", "bob@example.com")
        .asset("com.example/a", Instances::Public, &[]);
    let plan = crate::testing::plan(&manifest().group("Gold"), &live).expect("it plans");
    assert!(plan.is_empty());
    assert_snapshot!(serde_json::to_string_pretty(&plan.unmanaged).expect("it is JSON"), @r#"
    {
      "userGroups": {
        "count": 2,
        "addresses": [
          "portal/userGroups/Twin%20%5Bg-1%5D",
          "portal/userGroups/Twin%20%5Bg-2%5D"
        ]
      },
      "assets": {
        "count": 1,
        "addresses": [
          "portal/assets/com.example/a"
        ]
      },
      "members": {
        "count": 1,
        "addresses": [
          "portal/members/jane"
        ]
      },
      "prospects": {
        "count": 1,
        "addresses": [
          "portal/prospects/bob"
        ]
      }
    }
    "#);
    let counted = crate::plan::make(crate::plan::Request::new(&manifest(), &live)).expect("it plans");
    assert!(counted.unmanaged.values().all(|unmanaged| unmanaged.count > 0 && unmanaged.addresses.is_empty()));
}

#[test]
fn the_hubs_limit_of_groups_is_a_warning() {
    let mut live = portal(Shape::SideBySide);
    for number in 0..97 {
        live = live.group(&format!("Group {number}"));
    }
    assert_eq!(planned(&manifest(), &live), "no changes\n");
    assert_snapshot!(planned(&manifest().group("One more"), &live), @r#"
    0 1 create userGroups/One%20more
        name: null → "One more"
    Warning: the portal would have 101 user groups before any goes, and the hub takes at most 100
    "#);
}

#[test]
fn references_keep_their_order_out_of_sight() {
    let live = portal(Shape::SideBySide).group("A").group("B").member("jane", &["A", "B"]);
    let manifest = manifest().member_but("jane", |member| member.user_groups = Some(references(&["B", "A", "B"])));
    assert_eq!(planned(&manifest, &live), "no changes\n");
}
