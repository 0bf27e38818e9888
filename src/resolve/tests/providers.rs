//! Identity providers by alias, name and id, and the mappings that name them.

use insta::assert_snapshot;

use crate::testing::{Shape, manifest, planned, portal};

#[test]
fn a_provider_is_named_by_alias_name_or_id() {
    let live =
        portal(Shape::SideBySide).group("Gold").mapping("Gold", "idp-okta", "devs").mapping("Gold", "mulesoft", "x");
    for provider in ["okta", "Okta", "idp-okta"] {
        let manifest = manifest().provider("okta", "Okta").mapped("Gold", &[(provider, "devs"), ("mulesoft", "x")]);
        assert_eq!(planned(&manifest, &live), "no changes\n", "{provider}");
    }
}

#[test]
fn mappings_are_a_complete_set() {
    let live = portal(Shape::SideBySide).group("Gold").mapping("Gold", "idp-okta", "devs").mapping(
        "Gold",
        "idp-okta",
        "cn=ops,ou=a/b",
    );
    let manifest = |groups: &[(&str, &str)]| manifest().provider("okta", "Okta").mapped("Gold", groups);
    assert_snapshot!(planned(&manifest(&[("okta", "devs"), ("okta", "new")]), &live), @r#"
    2 1 delete idpMappings/Gold/okta/cn%3Dops%2Cou%3Da%2Fb
        group: "cn=ops,ou=a/b" → null
        provider: "okta" → null
        userGroup: "Gold" → null
    2 2 create idpMappings/Gold/okta/new
        group: null → "new"
        provider: null → "okta"
        userGroup: null → "Gold"
    "#);
    assert_snapshot!(planned(&manifest(&[]), &live), @r#"
    2 1 delete idpMappings/Gold/okta/cn%3Dops%2Cou%3Da%2Fb
        group: "cn=ops,ou=a/b" → null
        provider: "okta" → null
        userGroup: "Gold" → null
    2 2 delete idpMappings/Gold/okta/devs
        group: "devs" → null
        provider: "okta" → null
        userGroup: "Gold" → null
    "#);
    assert_eq!(planned(&crate::testing::manifest().group("Gold"), &live), "no changes\n");
}

#[test]
fn a_new_groups_mapping_waits_for_the_group() {
    assert_snapshot!(planned(&manifest().mapped("Gold", &[("Okta", "devs")]), &portal(Shape::SideBySide)), @r#"
    0 1 create userGroups/Gold
        name: null → "Gold"
    2 2 create idpMappings/Gold/Okta/devs after 1
        group: null → "devs"
        provider: null → "Okta"
        userGroup: null → "Gold"
    "#);
}

#[test]
fn an_unknown_provider_is_a_fault_with_the_nearest_name() {
    let live = portal(Shape::SideBySide).group("Gold");
    let manifest = manifest().provider("azure", "Entra").mapped("Gold", &[("Otka", "devs"), ("azure", "devs")]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: unknown-provider: there is no identity provider `Entra`
      hint: the organization has: Okta
    fault: unknown-provider: there is no identity provider `Otka`
      hint: did you mean `Okta`?
    ");
}

#[test]
fn providers_of_one_name_are_told_apart_by_their_ids() {
    let mut live = portal(Shape::SideBySide).group("Gold").mapping("Gold", "idp-2", "devs");
    live.identity_providers.as_mut().expect("it was read").insert("idp-2".into(), "Okta".to_owned());
    assert_snapshot!(planned(&manifest().mapped("Gold", &[("Okta", "devs")]), &live), @"
    fault: ambiguous-provider: several identity providers are named `Okta`: idp-2, idp-okta
      hint: use one of the ids
    ");
    assert_eq!(planned(&manifest().mapped("Gold", &[("idp-2", "devs")]), &live), "no changes\n");
}

#[test]
fn an_alias_that_is_another_providers_name_is_not_taken_for_it() {
    let mut live =
        portal(Shape::SideBySide).group("Gold").mapping("Gold", "idp-okta", "devs").mapping("Gold", "idp-2", "devs");
    live.identity_providers.as_mut().expect("it was read").insert("idp-2".into(), "okta".to_owned());
    let manifest = manifest().provider("okta", "Okta").mapped("Gold", &[("okta", "devs")]);
    assert_snapshot!(planned(&manifest, &live), @r#"
    2 1 delete idpMappings/Gold/idp-2/devs
        group: "devs" → null
        provider: "idp-2" → null
        userGroup: "Gold" → null
    "#);
}

#[test]
fn an_alias_that_is_another_providers_id_is_a_fault() {
    let live = portal(Shape::SideBySide).group("Gold");
    let manifest = manifest().provider("mulesoft", "Okta").mapped("Gold", &[("mulesoft", "devs")]);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: misleading-alias: `mulesoft` is the id of another identity provider
      hint: choose another name
    ");
}

#[test]
fn a_provider_that_calls_itself_mulesoft_is_not_the_built_in_one() {
    let mut live = portal(Shape::SideBySide).group("Gold").mapping("Gold", "idp-okta", "devs");
    live.identity_providers.as_mut().expect("it was read").insert("idp-okta".into(), "mulesoft".to_owned());
    assert_snapshot!(planned(&manifest().mapped("Gold", &[("mulesoft", "devs")]), &live), @r#"
    2 1 delete idpMappings/Gold/idp-okta/devs
        group: "devs" → null
        provider: "idp-okta" → null
        userGroup: "Gold" → null
    2 2 create idpMappings/Gold/mulesoft/devs
        group: null → "devs"
        provider: null → "mulesoft"
        userGroup: null → "Gold"
    "#);
}

#[test]
fn maintainer_rows_are_left_alone() {
    let live = portal(Shape::SideBySide).group("Gold").maintainer("Gold", "idp-okta", "leads");
    assert_eq!(planned(&manifest().mapped("Gold", &[]), &live), "no changes\n");
    assert_snapshot!(planned(&manifest().mapped("Gold", &[("Okta", "leads")]), &live), @"Warning: `leads` makes maintainers of `Gold`: the API cannot write this mapping, and it is left as it is");
}

#[test]
fn a_snapshot_without_providers_or_mappings_is_not_taken_for_an_empty_one() {
    let manifest = manifest().mapped("Gold", &[("Okta", "devs")]);
    let mut live = portal(Shape::SideBySide).group("Gold");
    live.mappings.clear();
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the list of `Gold`'s mappings is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
    live.identity_providers = None;
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the list of identity providers is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
}
