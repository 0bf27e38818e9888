//! Pruning: deletes what its patterns cover, nothing declares and nothing holds.

use insta::assert_snapshot;

use crate::manifest::model::{AssetState, Instances};
use crate::testing::{FINANCE, Shape, manifest, planned, portal};

#[test]
fn assets_are_pruned_by_the_id_or_the_name_of_their_business_group() {
    let live = portal(Shape::SideBySide)
        .asset(&format!("{FINANCE}/a"), Instances::Public, &[("v1", &["Members"])])
        .asset(&format!("{FINANCE}/b"), Instances::Public, &[("v1", &["Members"])])
        .asset(&format!("{FINANCE}/c"), Instances::Public, &[("v1", &["Members"])])
        .asset("com.example/a", Instances::Public, &[("v1", &["Members"])]);
    let base = manifest().asset("Finance/a", &[]).asset_in("Finance/b", AssetState::Unmanaged);
    assert_snapshot!(planned(&base.clone().prune_assets("Finance/*"), &live), @r#"
    1 1 delete assets/0f1d9e2a-0000-4000-8000-000000000001/c (prune: Finance/*)
        instances: "Public" → null
        versions.v1: ["system:members"] → null
    "#);
    assert_snapshot!(planned(&base.prune_assets("com.example/?").prune_assets("*/a"), &live), @r#"
    1 1 delete assets/com.example/a (prune: com.example/?)
        instances: "Public" → null
        versions.v1: ["system:members"] → null
    "#);
}

#[test]
fn groups_that_nothing_holds_go_leaves_first() {
    let live = portal(Shape::SideBySide).group("Old A").child("Old B", "Old A").child("Old C", "Old B").group("New");
    assert_snapshot!(planned(&manifest().group("New").prune_groups("Old *").prune_groups("*"), &live), @r#"
    4 1 delete userGroups/Old%20C (prune: Old *)
        name: "Old C" → null
        parent: "Old B" → null
    4 2 delete userGroups/Old%20B after 1 (prune: Old *)
        name: "Old B" → null
        parent: "Old A" → null
    4 3 delete userGroups/Old%20A after 2 (prune: Old *)
        name: "Old A" → null
    "#);
}

#[test]
fn built_ins_are_never_pruned() {
    assert_eq!(planned(&manifest().prune_groups("*"), &portal(Shape::OneRoot)), "no changes\n");
}

#[test]
fn groups_of_one_name_are_pruned_each() {
    let live = portal(Shape::SideBySide)
        .group_of_id("Old", "g-1")
        .group_of_id("Old", "g-2")
        .member("jane", &[])
        .but(|member| member.user_groups = Some([crate::id::GroupId::from("g-1")].into()));
    assert_snapshot!(planned(&manifest().prune_groups("Old"), &live), @r#"
    4 1 delete userGroups/Old%20%5Bg-2%5D (prune: Old)
        name: "Old" → null
    Note: user group `Old [g-1]` is covered by prune: Old and left alone: it is held by member `jane`; declare it `state: absent` to clear it
    "#);
}

#[test]
fn what_holds_a_group_keeps_it_and_those_above_it() {
    let live = portal(Shape::SideBySide)
        .group("Old A")
        .child("Old B", "Old A")
        .group("Old C")
        .group("Old D")
        .group("Old E")
        .group("Old F")
        .child("Kept", "Old F")
        .group("Old G")
        .mapping("Old C", "idp-okta", "devs")
        .maintainer("Old D", "idp-okta", "leads")
        .asset("com.example/a", Instances::Public, &[("v1", &["Old E"])])
        .member("jane", &["Old B"]);
    assert_snapshot!(planned(&manifest().prune_groups("Old *"), &live), @r#"
    4 1 delete userGroups/Old%20G (prune: Old *)
        name: "Old G" → null
    Note: user group `Old A` is covered by prune: Old * and left alone: it is held by user group `Old B`; declare it `state: absent` to clear it
    Note: user group `Old B` is covered by prune: Old * and left alone: it is held by member `jane`; declare it `state: absent` to clear it
    Note: user group `Old C` is covered by prune: Old * and left alone: it is held by mapping of `devs`; declare it `state: absent` to clear it
    Note: user group `Old D` is covered by prune: Old * and left alone: it is held by mapping of `leads`; declare it `state: absent` to clear it
    Note: user group `Old E` is covered by prune: Old * and left alone: it is held by asset com.example/a; declare it `state: absent` to clear it
    Note: user group `Old F` is covered by prune: Old * and left alone: it is held by user group `Kept`; declare it `state: absent` to clear it
    "#);
}

#[test]
fn what_the_manifest_takes_away_itself_holds_nothing() {
    let live = portal(Shape::SideBySide)
        .group("Old A")
        .group("Old B")
        .asset("com.example/a", Instances::Public, &[("v1", &["Old A"])])
        .asset("com.example/b", Instances::Public, &[("v1", &["Old B"])])
        .member("jane", &["Old A", "Old B"]);
    let manifest = manifest()
        .prune_groups("Old *")
        .asset("com.example/a", &[("v1", &[])])
        .asset_in("com.example/b", AssetState::Absent)
        .member("jane", &[]);
    assert_snapshot!(planned(&manifest, &live), @r#"
    1 1 update assets/com.example/a
        versions.v1: ["Old A"] → []
    1 2 delete assets/com.example/b (state: absent)
        instances: "Public" → null
        versions.v1: ["Old B"] → null
    2 3 update members/jane
        userGroups: ["Old A","Old B"] → []
    4 4 delete userGroups/Old%20A after 1,3 (prune: Old *)
        name: "Old A" → null
    4 5 delete userGroups/Old%20B after 2,3 (prune: Old *)
        name: "Old B" → null
    "#);
}

#[test]
fn an_unlisted_version_of_a_declared_asset_holds_a_group() {
    let live = portal(Shape::SideBySide).group("Old").asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &["Old"]), ("v2", &["Old"])],
    );
    assert_snapshot!(planned(&manifest().prune_groups("Old").asset("com.example/a", &[("v1", &[])]), &live), @r#"
    1 1 update assets/com.example/a
        versions.v1: ["Old"] → []
    Note: user group `Old` is covered by prune: Old and left alone: it is held by asset com.example/a; declare it `state: absent` to clear it
    "#);
}

#[test]
fn a_group_that_the_manifest_names_is_not_pruned() {
    let live = portal(Shape::SideBySide)
        .group("Old A")
        .group("Old B")
        .group("Old C")
        .group("Old D")
        .group("Old E")
        .member("jane", &[])
        .asset("com.example/a", Instances::Public, &[("v1", &[])]);
    let manifest = manifest()
        .prune_groups("Old *")
        .under("New", "Old A")
        .member("jane", &["Old B"])
        .asset("com.example/a", &[("v1", &["Old C"])])
        .approve("nobody.example", &["Old D"])
        .audience("unused", &["Old E"]);
    assert_snapshot!(planned(&manifest, &live), @r#"
    0 1 create userGroups/New
        name: null → "New"
        parent: null → "Old A"
    2 2 update members/jane
        userGroups: [] → ["Old B"]
    3 3 update assets/com.example/a
        versions.v1: [] → ["Old C"]
    Note: user group `Old A` is covered by prune: Old * and left alone: it is held by the manifest, which names it; declare it `state: absent` to clear it
    Note: user group `Old B` is covered by prune: Old * and left alone: it is held by the manifest, which names it; declare it `state: absent` to clear it
    Note: user group `Old C` is covered by prune: Old * and left alone: it is held by the manifest, which names it; declare it `state: absent` to clear it
    Note: user group `Old D` is covered by prune: Old * and left alone: it is held by the manifest, which names it; declare it `state: absent` to clear it
    Note: user group `Old E` is covered by prune: Old * and left alone: it is held by the manifest, which names it; declare it `state: absent` to clear it
    "#);
}

#[test]
fn what_is_not_known_holds_a_group() {
    let live = portal(Shape::SideBySide).group("Old").member("jane", &[]).but(|member| member.user_groups = None);
    assert_snapshot!(planned(&manifest().prune_groups("Old"), &live), @"Note: user group `Old` is covered by prune: Old and left alone: it is held by member `jane`, perhaps; declare it `state: absent` to clear it");
    let mut live = portal(Shape::SideBySide).group("Old");
    live.visible_to.clear();
    live.mappings.clear();
    live.members = None;
    assert_snapshot!(planned(&manifest().prune_groups("Old"), &live), @"
    fault: not-observed: the list of `Old`'s mappings is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    fault: not-observed: the list of assets that `Old` sees is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    fault: not-observed: the list of members is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
}

#[test]
fn a_group_to_be_renamed_is_declared_and_not_pruned() {
    let live = portal(Shape::SideBySide).group("Old");
    assert_snapshot!(planned(&manifest().formerly("New", &["Old"]).prune_groups("*"), &live), @r#"
    0 1 update userGroups/New (formerly Old)
        name: "Old" → "New"
    "#);
}
