//! What was applied last and is no longer declared: it goes, by identity, and only what was declared of it.

use insta::assert_snapshot;

use crate::manifest::model::{AssetState, GroupState, Instances};
use crate::testing::{FINANCE, Shape, manifest, planned_since, portal, reference};

#[test]
fn what_is_no_longer_declared_goes_where_the_section_is_still_there() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .asset(&format!("{FINANCE}/a"), Instances::Public, &[("v1", &["Gold"])])
        .member("jane", &["Members", "Gold"]);
    let applied = manifest().group("Gold").asset("Finance/a", &[("v1", &["Gold"])]).member("jane", &["Gold"]);
    let mut empty = manifest();
    assert_eq!(planned_since(&applied, &empty, &live), "no changes\n");
    (empty.user_groups, empty.assets, empty.members) = (Some(Vec::new()), Some(Vec::new()), Some(Vec::new()));
    assert_snapshot!(planned_since(&applied, &empty, &live), @r#"
    1 1 delete assets/0f1d9e2a-0000-4000-8000-000000000001/a (declared in last, no longer in the manifest) [this change]
        instances: "Public" → null
        versions.v1: ["Gold"] → null
    2 2 update members/jane (declared in last, no longer in the manifest) [this change]
        userGroups: ["Gold","system:members"] → ["system:members"]
    4 3 delete userGroups/Gold after 1,2 (declared in last, no longer in the manifest) [this change]
        name: "Gold" → null
    "#);
    // What was never declared is nobody's.
    assert_eq!(planned_since(&manifest(), &empty, &live), "no changes\n");
}

#[test]
fn a_group_that_something_else_holds_stays_with_its_mappings() {
    let live = portal(Shape::SideBySide)
        .group("A")
        .mapping("A", "idp-okta", "devs")
        .group("B")
        .mapping("B", "idp-okta", "devs")
        .mapping("B", "idp-okta", "theirs")
        .group("C")
        .child("Theirs", "C")
        .group("D")
        .member("ken", &["D"])
        .group("E")
        .asset("com.example/theirs", Instances::Public, &[("v1", &["E"])]);
    let applied =
        manifest().mapped("A", &[("Okta", "devs")]).mapped("B", &[("Okta", "devs")]).group("C").group("D").group("E");
    let mut now = manifest();
    now.user_groups = Some(Vec::new());
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    2 1 delete idpMappings/A/Okta/devs (user group `A` goes) [this change]
        group: "devs" → null
        provider: "Okta" → null
        userGroup: "A" → null
    4 2 delete userGroups/A after 1 (declared in last, no longer in the manifest) [this change]
        name: "A" → null
    Note: user group `B` is declared in last, no longer in the manifest, and left alone: it is held by mapping of `theirs`; declare it `state: absent` to clear it
    Note: user group `C` is declared in last, no longer in the manifest, and left alone: it is held by user group `Theirs`; declare it `state: absent` to clear it
    Note: user group `D` is declared in last, no longer in the manifest, and left alone: it is held by member `ken`; declare it `state: absent` to clear it
    Note: user group `E` is declared in last, no longer in the manifest, and left alone: it is held by asset com.example/theirs; declare it `state: absent` to clear it
    "#);
}

#[test]
fn identity_counts_and_not_spelling() {
    let live = portal(Shape::SideBySide)
        .group("Premium")
        .asset(&format!("{FINANCE}/a"), Instances::Public, &[("v1", &["Premium"])])
        .member("jane", &["Premium"]);
    let applied = manifest().group("Premium").asset("Finance/a", &[("1.0", &["Premium"])]).member("jane", &["Premium"]);
    let now = manifest()
        .formerly("Gold", &["Premium"])
        .asset(&format!("{FINANCE}/a"), &[("v1", &["Gold"])])
        .member("m-jane", &["Gold"]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    0 1 update userGroups/Gold (formerly Premium) [this change]
        name: "Premium" → "Gold"
    "#);
}

#[test]
fn a_group_whose_name_stands_under_formerly_stays() {
    let live = portal(Shape::SideBySide).group("Premium").group("Gold");
    let applied = manifest().group("Premium").group("Gold");
    let now = manifest().group("Gold").formerly("Silver", &["Bronze", "Premium"]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    0 1 update userGroups/Silver (formerly Premium) [this change]
        name: "Premium" → "Silver"
    "#);
    // A rename that was undone in the portal: the group is not the one that the record calls by this name.
    let live = portal(Shape::SideBySide).group("Premium");
    let mut now = manifest();
    now.user_groups = Some(Vec::new());
    assert_eq!(planned_since(&manifest().formerly("Gold", &["Premium"]), &now, &live), "no changes\n");
}

#[test]
fn built_ins_and_what_is_unmanaged_stay() {
    let live = portal(Shape::OneRoot).asset("com.example/a", Instances::Public, &[("v1", &[])]);
    let applied = manifest().group("system:guests").asset("com.example/a", &[("v1", &[])]);
    let mut now = manifest().asset_in("com.example/a", AssetState::Unmanaged);
    now.user_groups = Some(Vec::new());
    assert_eq!(planned_since(&applied, &now, &live), "no changes\n");
    // What was unmanaged before proves nothing.
    let mut empty = manifest();
    empty.assets = Some(Vec::new());
    let applied = manifest().asset_in("com.example/a", AssetState::Unmanaged);
    assert_eq!(planned_since(&applied, &empty, &live), "no changes\n");
}

#[test]
fn a_key_that_is_gone_is_no_longer_managed() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .mapping("Gold", "idp-okta", "devs")
        .asset("com.example/a", Instances::All, &[("v1", &["Gold"]), ("v2", &["Gold"])])
        .member("jane", &["Gold"]);
    let applied = manifest()
        .mapped("Gold", &[("Okta", "devs")])
        .asset("com.example/a", &[("v1", &["Gold"]), ("v2", &["Gold"])])
        .member("jane", &["Gold"]);
    let now = manifest().group("Gold").asset("com.example/a", &[("v1", &["Gold"])]).disabled("jane");
    assert_snapshot!(planned_since(&applied, &now, &live), @"
    2 1 update members/jane [this change]
        enabled: true → false
    ");
}

#[test]
fn members_leave_what_was_declared_for_them_and_are_not_disabled() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .group("Theirs")
        .member("jane", &["Members", "Gold", "Theirs"])
        .member("fred", &["Gold"])
        .but(|member| member.provider = Some("idp-okta".into()))
        .member("fran", &["Gold"])
        .but(|member| member.provider = Some("idp-okta".into()))
        .member("root", &["Administrators", "Gold"]);
    let applied = manifest()
        .member("jane", &["Gold", "system:members"])
        .member("fred", &["Gold"])
        .member_but("fran", |member| {
            member.user_groups = Some(vec![reference("Gold")]);
            member.manage_federated = true;
        })
        .member("root", &["Gold"]);
    let mut now = manifest();
    now.members = Some(Vec::new());
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    2 1 update members/fran (declared in last, no longer in the manifest) [this change]
        userGroups: ["Gold"] → []
    2 2 update members/jane (declared in last, no longer in the manifest) [this change]
        userGroups: ["Gold","Theirs","system:members"] → ["Theirs","system:members"]
    2 3 update members/root (declared in last, no longer in the manifest) [this change]
        userGroups: ["Gold","system:administrators"] → ["system:administrators"]
    Warning: `fran` signs in through an identity provider: its mappings may undo the change at the next login
    "#);
}

#[test]
fn administration_ends_where_it_was_declared_and_no_longer_is() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .member("jane", &["Administrators"])
        .member("ken", &["Administrators"])
        .member("theirs", &["Administrators"]);
    let applied = manifest()
        .member("jane", &["system:administrators", "Gold"])
        .member("ken", &["system:administrators"])
        .member("theirs", &["Gold"]);
    let now = manifest().member("jane", &[]).member("theirs", &[]);
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    2 1 update members/jane [this change]
        userGroups: ["system:administrators"] → []
    2 2 update members/ken (declared in last, no longer in the manifest) [this change]
        userGroups: ["system:administrators"] → []
    Note: `theirs` stays an administrator: leaving the group out does not end that
    "#);
}

#[test]
fn what_no_longer_resolves_proves_nothing_and_blocks_nothing() {
    let live = portal(Shape::SideBySide)
        .group_of_id("Twin", "g-1")
        .group_of_id("Twin", "g-2")
        .asset("com.example/a", Instances::Public, &[("v1", &[])])
        .member("jane", &[])
        .member("ken", &[])
        .but(|member| member.email = "jane".to_owned());
    let applied = manifest()
        .group("Twin")
        .group_but("Gone", |group| group.state = GroupState::Absent { disable_members: false })
        .member("jane", &["Twin", "Never There"])
        .asset("Nowhere/a", &[("v1", &["Never There"])])
        .asset("com.example/a", &[("v1", &["audience:lost"])]);
    let mut now = manifest();
    (now.user_groups, now.assets, now.members) = (Some(Vec::new()), Some(Vec::new()), Some(Vec::new()));
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    1 1 delete assets/com.example/a (declared in last, no longer in the manifest) [this change]
        instances: "Public" → null
        versions.v1: [] → null
    "#);
}

#[test]
fn a_member_who_leaves_a_group_that_is_cleared_meanwhile_leaves_both() {
    let live = portal(Shape::SideBySide).group("Gold").group("Silver").member("jane", &["Gold", "Silver"]);
    let applied = manifest().group("Gold").group("Silver").member("jane", &["Silver"]);
    let mut now = manifest().absent("Gold").group("Silver");
    now.members = Some(Vec::new());
    assert_snapshot!(planned_since(&applied, &now, &live), @r#"
    2 1 update members/jane (user group `Gold` goes) [this change]
        userGroups: ["Gold","Silver"] → []
    4 2 delete userGroups/Gold after 1 (state: absent) [this change]
        name: "Gold" → null
    "#);
}

#[test]
fn a_snapshot_that_was_made_without_the_record_says_how_to_make_another() {
    let mut live = portal(Shape::SideBySide).group("Gold").asset("com.example/a", Instances::Public, &[("v1", &[])]);
    live.mappings.clear();
    live.visible_to.clear();
    live.members = None;
    for asset in live.assets.iter_mut().flat_map(|assets| assets.values_mut()) {
        asset.detail = None;
    }
    let applied = manifest().group("Gold").asset("com.example/a", &[("v1", &[])]);
    let mut now = manifest();
    (now.user_groups, now.assets) = (Some(Vec::new()), Some(Vec::new()));
    assert_snapshot!(planned_since(&applied, &now, &live), @"
    fault: not-observed: the list of `Gold`'s mappings is not part of the snapshot
      hint: observe the portal with this manifest and the same --applied, or with `observe --all`
    fault: not-observed: the list of assets that `Gold` sees is not part of the snapshot
      hint: observe the portal with this manifest and the same --applied, or with `observe --all`
    fault: not-observed: the list of members is not part of the snapshot
      hint: observe the portal with this manifest and the same --applied, or with `observe --all`
    fault: not-observed: the visibility of com.example/a is not part of the snapshot
      hint: observe the portal with this manifest and the same --applied, or with `observe --all`
    ");
}

#[test]
fn what_was_applied_was_not_interrupted() {
    let everyone: &[(&str, &[&str])] = &[("v1", &["Guests"]), ("v2", &["Guests"])];
    let live = portal(Shape::SideBySide).group("Gold").asset("com.example/a", Instances::Public, everyone);
    let wanted = manifest().group("Gold").asset("com.example/a", &[("v1", &["Gold"])]);
    // Somebody has opened it since.
    assert_snapshot!(planned_since(&wanted, &wanted, &live), @r#"
    1 1 update assets/com.example/a [drift]
        versions.v1: ["system:guests"] → []
    held assets/com.example/a versions.v1: ["system:guests"] → ["Gold"] for Gold
    "#);
    // It is new.
    assert_snapshot!(planned_since(&manifest().group("Gold"), &wanted, &live), @r#"
    3 1 update assets/com.example/a (everyone sees every version, as after a publication that was interrupted) [this change]
        versions.v1: ["system:guests"] → ["Gold"]
        versions.v2: ["system:guests"] → []
    Warning: everyone sees every version of com.example/a, as after a publication that was interrupted: those that the manifest does not list are closed; to keep them open, list them, or write `"*": [system:guests]`
    "#);
    // The record leaves open what the manifest closes: that is of this change.
    let closed = manifest().group("Gold").asset("com.example/a", &[("v1", &["Gold"]), ("*", &[])]);
    assert_snapshot!(planned_since(&wanted, &closed, &live), @r#"
    1 1 update assets/com.example/a [this change]
        versions.v1: ["system:guests"] → [] [drift]
        versions.v2: ["system:guests"] → []
    held assets/com.example/a versions.v1: ["system:guests"] → ["Gold"] for Gold
    "#);
}
