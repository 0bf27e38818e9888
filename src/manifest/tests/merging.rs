//! What a manifest says once everything is folded in.

use super::super::model::{AssetState, AudienceItem, GroupReference, GroupState, Parent, SystemGroup};
use super::*;

fn names(groups: &[crate::diagnostic::Located<GroupReference>]) -> Vec<&str> {
    groups
        .iter()
        .map(|group| match &group.value {
            GroupReference::Named(name) => name.as_str(),
            GroupReference::System(SystemGroup::Administrators) => "<administrators>",
            GroupReference::System(SystemGroup::Guests) => "<guests>",
            GroupReference::System(SystemGroup::Members) => "<members>",
        })
        .collect()
}

/// The versions of an asset as text: `v1=[a b] *=[c]`.
fn versions(manifest: &Manifest, coordinates: &str) -> String {
    let asset = manifest.assets.iter().flatten().find(|asset| asset.coordinates() == coordinates);
    let AssetState::Present { versions: Some(versions), .. } = &asset.expect("the asset is declared").state else {
        return "nothing".to_owned();
    };
    let others = versions.others.as_ref().map(|audience| ("*", audience));
    let listed = versions.listed.iter().map(|(version, audience)| (version.as_str(), audience));
    let text = listed.chain(others).map(|(version, audience)| {
        let items: Vec<&str> = audience
            .items
            .iter()
            .map(|item| match &item.value {
                AudienceItem::Audience(name) | AudienceItem::Group(GroupReference::Named(name)) => name.as_str(),
                AudienceItem::Group(GroupReference::System(_)) => "<system>",
            })
            .collect();
        format!("{version}=[{}]", items.join(" "))
    });
    text.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_empty_portal_manages_nothing() {
    let manifest = manifest_of("  target: {}\n");
    assert_eq!(manifest.name.value, "developer-portal");
    assert!(manifest.user_groups.is_none() && manifest.assets.is_none());
    assert!(manifest.members.is_none() && manifest.prospects.is_none());
}

#[test]
fn texts_stay_what_they_look_like() {
    let manifest = manifest_of(
        "  target: {portal: 007, organization: yes}
  userGroups: [{name: 1.0}, {name: true}, {name: 0x1f}, {name: 'null'}, {name: 2024-01-01}]
  assets: [{asset: a/b, versions: {1.10: [1.0], v2: [true]}}]
",
    );
    assert_eq!(manifest.target.portal.as_ref().map(|portal| portal.value.as_str()), Some("007"));
    assert_eq!(manifest.target.organization.as_ref().map(|name| name.value.as_str()), Some("yes"));
    let groups = manifest.user_groups.as_deref().unwrap_or_default();
    let groups: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    assert_eq!(names(&groups), ["1.0", "true", "0x1f", "null", "2024-01-01"]);
    assert_eq!(versions(&manifest, "a/b"), "1.10=[1.0] v2=[true]");
}

#[test]
fn the_tree_is_taken_apart_parents_first() {
    let manifest = manifest_of(
        "  userGroups:
    - {name: Late, parent: Top}
    - name: Top
      children:
        - name: Middle
          children: [{name: Bottom}]
    - {name: Elsewhere, parent: system:guests}
    - {name: Gone, state: absent, disableMembers: true, children: [{name: Gone too, state: absent}]}
",
    );
    let groups = manifest.user_groups.unwrap_or_default();
    let order: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    assert_eq!(names(&order), ["Top", "Late", "Middle", "Bottom", "Elsewhere", "Gone", "Gone too"]);
    let parent = |name: &str| {
        let named = |reference: &GroupReference| matches!(reference, GroupReference::Named(other) if other == name);
        &groups.iter().find(|group| named(&group.name.value)).expect("the group is declared").parent
    };
    assert_eq!(*parent("Top"), Parent::Unstated);
    assert!(matches!(parent("Late"), Parent::Stated(_)));
    assert!(
        matches!(parent("Elsewhere"), Parent::Stated(group) if **group == GroupReference::System(SystemGroup::Guests))
    );
    assert!(matches!(parent("Bottom"), Parent::Nested(group) if **group == GroupReference::Named("Middle".to_owned())));
    assert_eq!(groups[5].state, GroupState::Absent { disable_members: true });
    assert_eq!(groups[6].state, GroupState::Absent { disable_members: false });
}

#[test]
fn defaults_fill_in_what_an_entry_does_not_say() {
    let manifest = manifest_of(
        "  defaults:
    assets: {instances: Public, versions: {v1: [A], v2: [B], '*': [C]}}
  userGroups: [{name: A}, {name: B}, {name: C}, {name: D}]
  assets:
    - asset: x/bare
    - {asset: x/own, instances: All, versions: {1.0: [D], v3: []}}
    - {asset: x/others, versions: {'*': []}}
    - {asset: x/gone, state: absent}
    - {asset: x/free, state: unmanaged}
    - asset: 'a/group with/slashes/asset'
",
    );
    assert_eq!(versions(&manifest, "x/bare"), "v1=[A] v2=[B] *=[C]");
    assert_eq!(versions(&manifest, "x/own"), "1.0=[D] v2=[B] v3=[] *=[C]", "another spelling is the same version");
    assert_eq!(versions(&manifest, "x/others"), "v1=[A] v2=[B] *=[]");
    let assets = manifest.assets.unwrap_or_default();
    assert_eq!(assets[3].state, AssetState::Absent);
    assert_eq!(assets[4].state, AssetState::Unmanaged);
    assert_eq!((assets[5].group.as_str(), assets[5].asset_id.as_str()), ("a/group with/slashes", "asset"));
}

#[test]
fn defaults_stay_in_their_document() {
    let repository = Repository::new(&[
        ("portal.yaml", &portal("  include: [shared.yaml]\n  assets: [{asset: x/mine}]\n")),
        ("shared.yaml", &fragment("  defaults: {assets: {versions: {'*': []}}}\n  assets: [{asset: x/shared}]\n")),
    ]);
    let manifest = repository.manifest(&["portal.yaml"]);
    assert_eq!(versions(&manifest, "x/mine"), "nothing");
    assert_eq!(versions(&manifest, "x/shared"), "*=[]");
}

#[test]
fn groups_join_audiences_from_anywhere() {
    let repository = Repository::new(&[
        (
            "portal.yaml",
            &portal(
                "  include: [a.yaml, b.yaml]\n  audiences: {mine: [system:members]}\n  userGroups: [{name: P, joins: [shared]}]\n",
            ),
        ),
        ("a.yaml", &fragment("  audiences: {shared: [A]}\n  userGroups: [{name: A, joins: [mine]}]\n")),
        ("b.yaml", &fragment("  userGroups: [{name: B, joins: [mine, shared]}]\n")),
    ]);
    let manifest = repository.manifest(&["portal.yaml"]);
    assert_eq!(names(&manifest.audiences["mine"].groups), ["<members>", "A", "B"]);
    assert_eq!(names(&manifest.audiences["shared"].groups), ["A", "P", "B"]);
}

#[test]
fn an_override_is_final_for_fragments() {
    let repository = Repository::new(&[
        (
            "production.yaml",
            &portal("  include: [a.yaml]\n  audiences: {beta: []}\n").replace("developer-portal", "production"),
        ),
        ("staging.yaml", &portal("  include: [a.yaml]\n").replace("developer-portal", "staging")),
        (
            "pilot.yaml",
            &portal("  include: [a.yaml]\n  audiences: {beta: []}\n  userGroups: [{name: Pilot, joins: [beta]}]\n"),
        ),
        ("a.yaml", &fragment("  audiences: {beta: [A]}\n  userGroups: [{name: A}, {name: B, joins: [beta]}]\n")),
    ]);
    let beta = |path: &str| {
        let manifest = repository.manifest(&[path]);
        names(&manifest.audiences["beta"].groups).join(" ")
    };
    assert_eq!(beta("production.yaml"), "", "nobody means nobody");
    assert_eq!(beta("staging.yaml"), "A B");
    assert_eq!(beta("pilot.yaml"), "Pilot", "the Portal's own groups join its own audience");
}

#[test]
fn the_same_thing_in_two_files_names_both_places() {
    let repository = Repository::new(&[
        ("portal.yaml", &portal("  include: [teams]\n  userGroups: [{name: A}]\n")),
        ("teams/one.yaml", &fragment("  audiences: {x: []}\n  userGroups: [{name: A}]\n  assets: [{asset: a/b}]\n")),
        (
            "teams/two.yaml",
            &fragment("  audiences: {x: []}\n  userGroups: [{name: B, joins: [x, x2]}]\n  assets: [{asset: a/b}]\n"),
        ),
    ]);
    insta::assert_snapshot!(repository.faults(&["portal.yaml"]), @r#"
    teams/one.yaml:5:23 error[duplicate-group]: the user group `A` is declared twice
      portal.yaml:6:23: first here
      help: each object is declared in one place; keep one of the entries
    teams/two.yaml:4:15 error[duplicate-audience]: the audience `x` is declared twice
      teams/one.yaml:4:15: first here
      help: declare it once; groups elsewhere add themselves by `joins`
    teams/two.yaml:5:37 error[unknown-audience]: nobody declares the audience `x2`
      help: did you mean `x`?
    teams/two.yaml:6:20 error[duplicate-asset]: the asset `a/b` is declared twice
      teams/one.yaml:6:20: first here
      help: each object is declared in one place; keep one of the entries
    "#);
}

#[test]
fn a_fault_that_two_portals_share_is_told_once() {
    let repository = Repository::new(&[
        ("a.yaml", &portal("  include: [shared.yaml]\n").replace("developer-portal", "a")),
        ("b.yaml", &portal("  include: [shared.yaml]\n  userGroups: [{name: G}]\n").replace("developer-portal", "b")),
        ("shared.yaml", &fragment("  assets: [{asset: a/b, versions: {v1: [audience:x], v2: [G]}}]\n")),
    ]);
    insta::assert_snapshot!(repository.faults(&["a.yaml", "b.yaml"]), @r#"
    shared.yaml:4:41 error[unknown-audience]: nobody declares the audience `x`
      help: none is declared here
    shared.yaml:4:59 warning[undeclared-group]: no group `G` is declared here
      a.yaml:3:18: in this Portal
      help: if the portal has such a group, all is well; a plan fails if it has not
    "#);
}

#[test]
fn anchors_aliases_and_merge_keys_work() {
    let manifest = manifest_of(
        "  userGroups: [{name: A}, {name: B}]
  assets:
    - &one {asset: x/one, instances: All, versions: &both {v1: &list [A, B], v2: *list}}
    - {<<: *one, asset: x/two, versions: {<<: *both, v2: []}}
    - {asset: x/three, <<: [{instances: Public}, *one]}
",
    );
    assert_eq!(versions(&manifest, "x/one"), "v1=[A B] v2=[A B]");
    assert_eq!(versions(&manifest, "x/two"), "v1=[A B] v2=[]");
    assert_eq!(versions(&manifest, "x/three"), "v1=[A B] v2=[A B]");
}
