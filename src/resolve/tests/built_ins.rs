//! Built-in groups are known by their flags, in all three shapes of the tree.

use insta::assert_snapshot;

use crate::manifest::model::{Instances, Parent};
use crate::testing::{Shape, manifest, planned, portal, reference};

#[test]
fn built_ins_are_known_by_their_flags_in_every_shape() {
    let manifest = manifest().asset("com.example/a", &[("v1", &["system:administrators", "system:guests"])]);
    for shape in [Shape::SideBySide, Shape::Nested] {
        let live = portal(shape).asset("com.example/a", Instances::Public, &[("v1", &["Administrators", "Guests"])]);
        assert_eq!(planned(&manifest, &live), "no changes\n", "{shape:?}");
    }
    let live =
        portal(Shape::OneRoot).asset("com.example/a", Instances::Public, &[("v1", &["Administrators", "Everyone"])]);
    assert_eq!(planned(&manifest, &live), "no changes\n");
}

#[test]
fn todays_names_of_built_ins_mean_nothing() {
    let live = portal(Shape::SideBySide).group("Everybody").asset("com.example/a", Instances::Public, &[("v1", &[])]);
    let mut live = live;
    for group in &mut live.user_groups {
        group.name = group.name.replace("Members", "Alle").replace("Guests", "Gäste");
    }
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &["system:members"])]), &live), @r#"
    3 1 update assets/com.example/a
        versions.v1: [] → ["system:members"]
    "#);
}

#[test]
fn a_flag_that_nobody_carries_is_a_fault() {
    let mut live = portal(Shape::SideBySide);
    live.user_groups.retain(|group| !group.flags.is_default);
    let manifest = manifest().member("jane", &["system:members"]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: no-such-built-in: no user group of the portal carries the flag `isDefault`
      hint: `system:members` cannot be used in this portal; name a group instead
    ");
}

#[test]
fn a_flag_that_several_carry_is_a_fault_that_lists_them() {
    let live = portal(Shape::SideBySide).built_in("Partners", None, "d");
    let manifest = manifest().member("jane", &["system:members"]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: ambiguous-built-in: several user groups carry the flag `isDefault`: `Members` (id g-members), `Partners` (id g-partners)
      hint: name one of them instead
    ");
}

#[test]
fn a_delegated_fragment_does_not_mean_a_built_in_by_its_own_name() {
    let mine = |name: &str, parent: &str| {
        manifest().group_but(name, |group| {
            group.delegated = true;
            if !parent.is_empty() {
                group.parent = Parent::Stated(reference(parent));
            }
        })
    };
    let live = portal(Shape::SideBySide).group("Gold");
    assert_snapshot!(planned(&mine("Administrators", ""), &live), @"
    fault: not-delegated: `Administrators` is a built-in in this portal
      hint: where `delegate` says who may declare what, a fragment means built-ins by `system:…` alone
    ");
    assert_snapshot!(planned(&mine("New", "Administrators"), &live), @"
    fault: not-delegated: `Administrators` is a built-in in this portal
      hint: where `delegate` says who may declare what, a fragment means built-ins by `system:…` alone
    ");
    assert_eq!(planned(&mine("system:administrators", ""), &live), "no changes\n");
    assert_eq!(planned(&mine("Gold", ""), &live), "no changes\n");
    // What the Portal itself declares is not held to any rule.
    assert_eq!(planned(&manifest().group("Administrators"), &live), "no changes\n");
}

#[test]
fn members_that_are_public_are_refused() {
    let live = portal(Shape::OneRoot).asset("com.example/a", Instances::Public, &[("v1", &[])]);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &["system:members"])]), &live), @"
    refused: members-is-public: `system:members` is a public group in this portal: guests see what it sees
      hint: write `system:guests` if everyone is meant, else name another group
    ");
    assert_snapshot!(planned(&manifest().mapped("system:members", &[]), &live), @"
    refused: members-is-public: `system:members` is a public group in this portal: guests see what it sees
      hint: write `system:guests` if everyone is meant, else name another group
    ");
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &["system:guests"])]), &live), @r#"
    3 1 update assets/com.example/a
        versions.v1: [] → ["system:guests"]
    "#);
}

#[test]
fn built_ins_are_never_renamed_deleted_or_edited() {
    let live = portal(Shape::SideBySide);
    let manifest = manifest()
        .formerly("Visitors", &["Guests"])
        .absent("Members")
        .group_but("Administrators", |group| group.description = Some(crate::testing::text("all-powerful")));
    assert_snapshot!(planned(&manifest, &live), @"
    fault: built-in: `Guests` is a built-in: it is never renamed
      hint: remove it from `formerly`
    fault: built-in: `Members` is a built-in: it is never deleted
      hint: remove `state: absent`
    fault: built-in: `Administrators` is a built-in: it is never edited
      hint: keep only `idpGroups` and `children`
    ");
}

#[test]
fn built_ins_can_be_declared_for_their_mappings_and_children() {
    let live = portal(Shape::Nested).child("Gold", "Members");
    let manifest = manifest()
        .mapped("system:members", &[("Okta", "everybody")])
        .child("Gold", "system:members")
        .child("Silver", "system:members");
    assert_snapshot!(planned(&manifest, &live), @r#"
    0 1 create userGroups/Silver
        name: null → "Silver"
        parent: null → "system:members"
    2 2 create idpMappings/system:members/Okta/everybody
        group: null → "everybody"
        provider: null → "Okta"
        userGroup: null → "system:members"
    "#);
}

#[test]
fn nothing_is_planned_on_an_empty_or_contradictory_tree() {
    let manifest = manifest().member("jane", &["Gold"]);
    let mut live = portal(Shape::SideBySide);
    live.user_groups.clear();
    assert_snapshot!(planned(&manifest, &live), @"
    fault: empty-portal: the portal shows no user group at all, not even a built-in
      hint: check that the credential may administer this portal; nothing is planned on an empty read
    ");
    let live = portal(Shape::SideBySide).child("Gold", "Silver").child("Silver", "Gold");
    assert_snapshot!(planned(&manifest, &live), @"
    fault: inconsistent-portal: the user groups that were read are no tree
      hint: nothing is planned on a contradictory read; observe the portal again
    ");
    assert_eq!(planned(&manifest, &portal(Shape::SideBySide).child("Gold", "Nowhere")), planned(&manifest, &live));
    assert_eq!(planned(&manifest, &portal(Shape::SideBySide).group("Gold").group("Gold")), planned(&manifest, &live));
}
