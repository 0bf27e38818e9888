//! Assets: coordinates, versions, audiences and instances.

use insta::{allow_duplicates, assert_snapshot};

use crate::manifest::model::{AssetState, Instances};
use crate::testing::{FINANCE, Shape, at, manifest, planned, portal, versions};

#[test]
fn coordinates_may_name_a_business_group() {
    let live = portal(Shape::SideBySide).asset(&format!("{FINANCE}/a"), Instances::Public, &[("v1", &[])]);
    for coordinates in ["Finance/a".to_owned(), format!("{FINANCE}/a")] {
        let manifest = manifest().asset(&coordinates, &[("v1", &["system:members"])]);
        allow_duplicates! { assert_snapshot!(planned(&manifest, &live), @r#"
        3 1 update assets/0f1d9e2a-0000-4000-8000-000000000001/a
            versions.v1: [] → ["system:members"]
        "#) };
    }
}

#[test]
fn an_unknown_or_ambiguous_business_group_is_a_fault() {
    let mut live = portal(Shape::SideBySide);
    let groups = live.business_groups.as_mut().expect("they were read");
    groups.insert("bg-1".to_owned(), "Sales".to_owned());
    groups.insert("bg-2".to_owned(), "Sales".to_owned());
    groups.insert("bg-3".to_owned(), "Acme Inc.".to_owned());
    let manifest = manifest()
        .asset("Finanec/a", &[("*", &[])])
        .asset("Sales/a", &[("*", &[])])
        .asset("Acme Icn./a", &[("*", &[])])
        .asset("com.example/a", &[("*", &[])])
        .asset("Zebra/a", &[("*", &[])]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: unknown-business-group: there is no business group `Finanec`
      hint: did you mean `Finance`?
    fault: ambiguous-business-group: several business groups are named `Sales`: bg-1, bg-2
      hint: use one of the ids
    fault: unknown-business-group: there is no business group `Acme Icn.`
      hint: did you mean `Acme Inc.`?
    fault: unknown-business-group: there is no business group `Zebra`
      hint: write a business group's name or id, or an Exchange group like `com.example`
    ");
}

#[test]
fn an_asset_that_is_declared_under_two_names_is_a_fault() {
    let manifest = manifest().asset("Finance/a", &[("*", &[])]).asset(&format!("{FINANCE}/a"), &[("*", &[])]);
    assert_snapshot!(planned(&manifest, &portal(Shape::SideBySide)), @"fault: duplicate-asset: `0f1d9e2a-0000-4000-8000-000000000001/a` is declared twice: both are 0f1d9e2a-0000-4000-8000-000000000001/a");
}

#[test]
fn versions_are_matched_in_any_spelling_and_sent_in_the_servers() {
    let live = portal(Shape::SideBySide)
        .asset("com.example/a", Instances::Public, &[("v1", &["Members"])])
        .asset("com.example/b", Instances::Public, &[("1", &["Members"])])
        .asset("com.example/c", Instances::Public, &[("1.0", &["Members"])]);
    for spelling in ["v1", "1", "1.0"] {
        let mut same = manifest();
        let mut other = manifest();
        for asset in ["com.example/a", "com.example/b", "com.example/c"] {
            same = same.asset(asset, &[(spelling, &["system:members"])]);
            other = other.asset(asset, &[(spelling, &[])]);
        }
        assert_eq!(planned(&same, &live), "no changes\n", "{spelling}");
        allow_duplicates! { assert_snapshot!(planned(&other, &live), @r#"
        1 1 update assets/com.example/a
            versions.v1: ["system:members"] → []
        1 2 update assets/com.example/b
            versions.1: ["system:members"] → []
        1 3 update assets/com.example/c
            versions.1.0: ["system:members"] → []
        "#) };
    }
}

#[test]
fn spellings_that_could_be_two_versions_are_a_fault() {
    let live = portal(Shape::SideBySide).asset("com.example/a", Instances::Public, &[("v1", &[]), ("1.0", &[])]);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("1", &[])]), &live), @"
    fault: ambiguous-version: `1` of `com.example/a` could be any of 1.0, v1
      hint: write the version as the portal spells it
    ");
    assert_eq!(planned(&manifest().asset("com.example/a", &[("v1", &[]), ("1.0", &[])]), &live), "no changes\n");
    let manifest = manifest()
        .asset("com.example/b", &[("v1", &[]), ("1", &["system:members"])])
        .asset("com.example/c", &[("v1", &[]), ("1", &["system:members"])]);
    let live = live.asset("com.example/c", Instances::Public, &[("v1", &[])]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: duplicate-version: `v1` of `com.example/b` is listed twice, in different spellings
    fault: duplicate-version: `v1` of `com.example/c` is listed twice, in different spellings
    ");
}

#[test]
fn a_star_stands_for_every_version_that_is_not_listed() {
    let live = portal(Shape::SideBySide).group("Gold").asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &[]), ("v2", &[]), ("v3", &["?"]), ("v4", &["Gold"])],
    );
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &[]), ("*", &["Gold"])]), &live), @r#"
    3 1 update assets/com.example/a
        versions.v2: [] → ["Gold"]
        versions.v3: null → ["Gold"]
    "#);
}

#[test]
fn a_version_that_is_not_listed_stays_as_it_is() {
    let live = portal(Shape::SideBySide).group("Gold").asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &[]), ("v2", &["Gold"]), ("v3", &["?"])],
    );
    assert_eq!(planned(&manifest().asset("com.example/a", &[("v1", &[])]), &live), "no changes\n");
    assert_eq!(planned(&manifest().instances("com.example/a", Instances::Public), &live), "no changes\n");
}

#[test]
fn an_audience_that_the_hub_does_not_tell_is_not_nobody() {
    let live = portal(Shape::SideBySide).asset("com.example/a", Instances::Public, &[("v1", &["?"])]);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &[])]), &live), @"
    1 1 update assets/com.example/a
        versions.v1: null → []
    ");
}

#[test]
fn a_version_that_the_read_did_not_show_is_sent_in_the_contracts_spelling() {
    let live = portal(Shape::SideBySide).asset("com.example/a", Instances::Public, &[("v1", &[])]);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("2.0", &["system:members"])]), &live), @r#"
    3 1 update assets/com.example/a
        versions.v2: null → ["system:members"]
    "#);
}

#[test]
fn audiences_are_sets_of_groups_and_say_where_a_value_comes_from() {
    let live = portal(Shape::SideBySide).group("Gold").group("Acme").asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &["Acme", "Gold"]), ("v2", &[])],
    );
    let manifest = manifest().audience("payments", &["Gold", "Acme"]).audience("beta", &[]).asset(
        "com.example/a",
        &[("v1", &["audience:payments"]), ("v2", &["audience:beta", "audience:payments", "system:guests"])],
    );
    assert_snapshot!(planned(&manifest, &live), @r#"
    3 1 update assets/com.example/a
        versions.v2: [] → ["Acme","Gold","system:guests"] [audience:beta + audience:payments]
    "#);
}

#[test]
fn an_audience_that_nothing_declares_is_a_fault() {
    let manifest = manifest().asset("com.example/a", &[("v1", &["audience:payments"])]);
    assert_snapshot!(planned(&manifest, &portal(Shape::SideBySide)), @"fault: unknown-audience: nothing declares the audience `payments`");
}

#[test]
fn administrators_are_kept_in_an_audience_and_added_only_if_declared() {
    let live = portal(Shape::SideBySide).asset(
        "com.example/a",
        Instances::Public,
        &[("v1", &["Administrators", "Members"]), ("v2", &["Members"])],
    );
    assert_eq!(planned(&manifest().asset("com.example/a", &[("*", &["system:members"])]), &live), "no changes\n");
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &[]), ("v2", &["system:administrators"])]), &live), @r#"
    3 1 update assets/com.example/a
        versions.v1: ["system:administrators","system:members"] → ["system:administrators"]
        versions.v2: ["system:members"] → ["system:administrators"]
    "#);
}

#[test]
fn custom_instances_can_be_kept_and_left_but_not_entered() {
    let live = portal(Shape::SideBySide).asset("com.example/a", Instances::Custom, &[("v1", &[])]).asset(
        "com.example/b",
        Instances::Public,
        &[("v1", &[])],
    );
    assert_eq!(planned(&manifest().instances("com.example/a", Instances::Custom), &live), "no changes\n");
    let leaving = manifest().instances("com.example/a", Instances::Public);
    assert_snapshot!(planned(&leaving, &live), @r#"
    1 1 update assets/com.example/a
        instances: "Custom" → "Public"
    "#);
    let plan = crate::testing::plan(&leaving, &live).expect("it plans");
    assert_eq!(plan.changes[0].edit.needed_words().collect::<Vec<_>>(), [crate::plan::Allow::LeaveCustom]);
    assert!(plan.changes[0].edit.is_irreversible());
    let entering = manifest().instances("com.example/b", Instances::Custom).asset_in(
        "com.example/c",
        AssetState::Present { instances: Some(at(Instances::Custom)), versions: Some(versions(&[("*", &[])])) },
    );
    assert_snapshot!(planned(&entering, &live), @"
    fault: custom-entered: `com.example/b` does not have custom instances, and the API cannot set them
      hint: `Custom` can be kept, not entered: choose the instances in the portal's settings, or write All or Public
    fault: custom-entered: `com.example/c` does not have custom instances, and the API cannot set them
      hint: `Custom` can be kept, not entered: choose the instances in the portal's settings, or write All or Public
    ");
}

#[test]
fn publishing_needs_versions_and_gives_the_others_to_nobody() {
    let live = portal(Shape::SideBySide);
    assert_snapshot!(planned(&manifest().instances("com.example/a", Instances::All), &live), @r#"
    fault: versions-needed: `com.example/a` is not published yet, and nothing says who may see its versions
      hint: give it `versions` (`"*": [API Developers]`, or `"*": []` for nobody), here or in `defaults`
    "#);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("1.0", &["system:members"])]), &live), @r#"
    3 1 create assets/com.example/a
        versions.*: null → []
        versions.v1: null → ["system:members"]
    Warning: publishing opens a short window: until its audience is set, moments later, the hub decides who sees the new asset
    "#);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("*", &["system:members"])]), &live), @r#"
    3 1 create assets/com.example/a
        versions.*: null → ["system:members"]
    Warning: publishing opens a short window: until its audience is set, moments later, the hub decides who sees the new asset
    "#);
}

#[test]
fn assets_that_are_absent_go_and_unmanaged_ones_stay() {
    let live = portal(Shape::SideBySide).asset("com.example/a", Instances::Public, &[("v1", &["Members"])]).asset(
        "com.example/b",
        Instances::Public,
        &[("v1", &["Members"])],
    );
    let manifest = manifest()
        .asset_in("com.example/a", AssetState::Absent)
        .asset_in("com.example/b", AssetState::Unmanaged)
        .asset_in("com.example/c", AssetState::Absent)
        .asset_in("com.example/d", AssetState::Unmanaged);
    assert_snapshot!(planned(&manifest, &live), @r#"
    1 1 delete assets/com.example/a (state: absent)
        instances: "Public" → null
        versions.v1: ["system:members"] → null
    "#);
}

#[test]
fn a_snapshot_without_the_parts_that_are_needed_is_not_taken_for_an_empty_one() {
    let manifest = manifest().asset("Finance/a", &[("v1", &[])]).prune_assets("com.example/*");
    let mut live = portal(Shape::SideBySide).asset(&format!("{FINANCE}/a"), Instances::Public, &[("v1", &[])]).asset(
        "com.example/b",
        Instances::Public,
        &[("v1", &[])],
    );
    for asset in live.assets.iter_mut().flat_map(|assets| assets.values_mut()) {
        asset.detail = None;
    }
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the visibility of 0f1d9e2a-0000-4000-8000-000000000001/a is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    fault: not-observed: the visibility of com.example/b is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
    live.business_groups = None;
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the list of business groups is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    fault: not-observed: the visibility of com.example/b is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
    live.assets = None;
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the list of assets is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
}

/// As a hub that shows new assets to everyone leaves them when a run ends before their audience is set.
#[test]
fn what_looks_like_an_interrupted_publication_is_finished() {
    let everyone: &[(&str, &[&str])] =
        &[("v1", &["Guests"]), ("v2", &["Administrators", "Guests"]), ("v3", &["Guests"])];
    let live = portal(Shape::SideBySide).group("Gold").asset("com.example/a", Instances::Public, everyone);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[("v1", &["Gold"])]), &live), @r#"
    3 1 update assets/com.example/a (everyone sees every version, as after a publication that was interrupted)
        versions.v1: ["system:guests"] → ["Gold"]
        versions.v2: ["system:administrators","system:guests"] → ["system:administrators"]
        versions.v3: ["system:guests"] → []
    Warning: everyone sees every version of com.example/a, as after a publication that was interrupted: those that the manifest does not list are closed; to keep them open, list them, or write `"*": [system:guests]`
    "#);
    assert_snapshot!(planned(&manifest().asset("com.example/a", &[]), &live), @r#"
    1 1 update assets/com.example/a (everyone sees every version, as after a publication that was interrupted)
        versions.v1: ["system:guests"] → []
        versions.v2: ["system:administrators","system:guests"] → ["system:administrators"]
        versions.v3: ["system:guests"] → []
    Warning: everyone sees every version of com.example/a, as after a publication that was interrupted: those that the manifest does not list are closed; to keep them open, list them, or write `"*": [system:guests]`
    "#);
}

#[test]
fn what_is_open_is_left_alone_unless_it_looks_like_an_interrupted_publication() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .asset("com.example/listed", Instances::Public, &[("v1", &["Guests"]), ("v2", &["Guests"])])
        .asset("com.example/some", Instances::Public, &[("v1", &["Guests"]), ("v2", &["Gold"]), ("v3", &["Guests"])])
        .asset("com.example/members", Instances::Public, &[("v1", &["Members"]), ("v2", &["Members"])])
        .asset("com.example/gold", Instances::Public, &[("v1", &["Gold", "Guests"]), ("v2", &["Gold", "Guests"])])
        .asset("com.example/nobody", Instances::Public, &[("v1", &[]), ("v2", &[])])
        .asset("com.example/undeclared", Instances::Public, &[("v1", &["Guests"]), ("v2", &["Guests"])]);
    let wanted = manifest()
        .asset("com.example/listed", &[("v1", &["system:guests"])])
        .asset("com.example/some", &[("v1", &["Gold"])])
        .asset("com.example/members", &[("v1", &["Gold"])])
        .asset("com.example/gold", &[("v1", &["Gold"])])
        .asset("com.example/nobody", &[("v1", &["Gold"])]);
    assert_snapshot!(planned(&wanted, &live), @r#"
    1 1 update assets/com.example/gold
        versions.v1: ["Gold","system:guests"] → ["Gold"]
    3 2 update assets/com.example/members
        versions.v1: ["system:members"] → ["Gold"]
    3 3 update assets/com.example/nobody
        versions.v1: [] → ["Gold"]
    3 4 update assets/com.example/some
        versions.v1: ["system:guests"] → ["Gold"]
    Note: everyone sees every version of com.example/listed, also those that the manifest does not list, which are left alone: list them, or write `"*": [system:guests]` if that is meant, `"*": []` if nobody should see them
    "#);
}
