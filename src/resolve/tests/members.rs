//! Members: who is meant, what is kept, who is disabled.

use insta::assert_snapshot;

use crate::plan::Allow;
use crate::testing::{Shape, at, manifest, plan, planned, portal, references};

#[test]
fn a_member_is_named_by_id_username_or_email() {
    let live = portal(Shape::SideBySide).group("Gold").member("jane", &["Gold"]);
    for user in ["m-jane", "jane", "JANE", "Jane@Example.com"] {
        assert_eq!(planned(&manifest().member(user, &["Gold"]), &live), "no changes\n", "{user}");
    }
    assert_snapshot!(planned(&manifest().member("M-JANE", &["Gold"]), &live), @"waiting: M-JANE: has not signed up yet");
}

#[test]
fn a_name_of_several_people_is_a_fault() {
    let live = portal(Shape::SideBySide)
        .member("jane", &[])
        .member("other", &[])
        .but(|member| member.email = "JANE".to_owned())
        .member("third", &[])
        .but(|member| member.id = "jane".into());
    assert_snapshot!(planned(&manifest().disabled("jane"), &live), @"
    fault: ambiguous-member: `jane` means several members: third (id jane), jane (id m-jane), other (id m-other)
      hint: use one of the ids
    ");
    assert_snapshot!(planned(&manifest().disabled("third").disabled("THIRD@example.com"), &live), @"fault: duplicate-member: `THIRD@example.com` is declared twice under different names");
}

#[test]
fn nameless_members_are_nobody_in_particular() {
    let nameless = |member: &mut crate::state::LiveMember| {
        member.username = None;
        member.email = String::new();
    };
    let live = portal(Shape::SideBySide).member("a", &[]).but(nameless).member("b", &[]).but(nameless);
    assert_snapshot!(planned(&manifest().disabled("m-a").disabled(""), &live), @"
    2 1 update members/%20%5Bm-a%5D
        enabled: true → false
    Warning: `` is declared with `enabled: false`, and the portal has no such member: check the spelling, or remove the entry
    ");
}

#[test]
fn groups_of_a_member_are_a_complete_set_and_built_ins_are_kept() {
    let live = portal(Shape::SideBySide)
        .built_in("Robots", None, "g")
        .group("Gold")
        .group("Silver")
        .member("jane", &["Members", "Guests", "Robots", "Gold"]);
    assert_snapshot!(planned(&manifest().member("jane", &["Silver"]), &live), @r#"
    2 1 update members/jane
        userGroups: ["Gold","Robots","system:guests","system:members"] → ["Robots","Silver","system:guests","system:members"]
    "#);
    assert_snapshot!(planned(&manifest().member("jane", &[]), &live), @r#"
    2 1 update members/jane
        userGroups: ["Gold","Robots","system:guests","system:members"] → ["Robots","system:guests","system:members"]
    "#);
    assert_eq!(planned(&manifest().member("jane", &["Gold"]), &live), "no changes\n");
    assert_eq!(planned(&manifest().member_but("jane", |_| {}), &live), "no changes\n");
}

#[test]
fn an_administrator_stays_one() {
    let live = portal(Shape::SideBySide).group("Gold").member("jane", &["Administrators"]);
    assert_snapshot!(planned(&manifest().member("jane", &["Gold"]), &live), @r#"
    2 1 update members/jane
        userGroups: ["system:administrators"] → ["Gold","system:administrators"]
    Note: `jane` stays an administrator: leaving the group out does not end that
    "#);
    assert_eq!(planned(&manifest().member("jane", &["system:administrators"]), &live), "no changes\n");
}

#[test]
fn enabling_needs_a_word_and_disabling_none() {
    let live = portal(Shape::SideBySide).member("jane", &[]).member("john", &[]).but(|member| {
        member.is_active = Some(false);
    });
    let manifest = manifest().disabled("jane").member_but("john", |member| member.enabled = Some(at(true)));
    assert_snapshot!(planned(&manifest, &live), @"
    2 1 update members/jane
        enabled: true → false
    2 2 update members/john
        enabled: false → true
    ");
    let plan = plan(&manifest, &live).expect("it plans");
    let missing = crate::guard::missing_words(&plan, &std::collections::BTreeSet::new());
    assert_eq!(missing.iter().map(|missing| missing.word).collect::<Vec<_>>(), [Allow::Enable]);
}

#[test]
fn a_member_who_is_not_there_is_waiting_and_a_warning_if_disabled() {
    let manifest = manifest().member("jane", &["system:members"]).disabled("johm");
    assert_snapshot!(planned(&manifest, &portal(Shape::SideBySide)), @"
    waiting: jane: has not signed up yet
    Warning: `johm` is declared with `enabled: false`, and the portal has no such member: check the spelling, or remove the entry
    ");
}

#[test]
fn at_most_twenty_groups_can_be_written() {
    let names: Vec<String> = (1..=21).map(|number| format!("Group {number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut live = portal(Shape::SideBySide).member("jane", &["Members"]).member("full", &names);
    for name in &names {
        live = live.group(name);
    }
    let live = live.prospect("bob", "bob@example.com");
    let of = |user: &str, names: &[&str]| manifest().member(user, names);
    assert_eq!(plan(&of("jane", &names[..19]), &live).expect("it plans").changes.len(), 1);
    assert_snapshot!(planned(&of("jane", &names[..20]), &live), @"
    fault: too-many-groups: `jane` would be in 21 groups, and the API takes at most 20
      hint: built-in groups count: what the member has of them is kept
    ");
    assert_eq!(planned(&of("full", &names), &live), "no changes\n", "nothing is written");
    assert_snapshot!(planned(&manifest().approve("bob@example.com", &names), &live), @"
    fault: too-many-groups: `prospects: email bob@example.com` would be in 21 groups, and the API takes at most 20
      hint: built-in groups count: what the member has of them is kept
    ");
    assert_snapshot!(
        planned(&manifest().member_but("bob", |member| {
            member.approve = true;
            member.user_groups = Some(references(&names));
        }), &live), @"
    fault: too-many-groups: `bob` would be in 21 groups, and the API takes at most 20
      hint: built-in groups count: what the member has of them is kept
    ");
}

#[test]
fn groups_of_federated_members_are_left_alone() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .member("federated", &[])
        .but(|member| member.provider = Some("idp-okta".into()))
        .member("registered", &[])
        .but(|member| member.provider = Some("idp-self".into()))
        .member("plain", &[])
        .but(|member| member.provider = Some("mulesoft".into()));
    let gold = manifest().member("federated", &["Gold"]).member("registered", &["Gold"]).member("plain", &["Gold"]);
    assert_snapshot!(planned(&gold, &live), @r#"
    2 1 update members/plain
        userGroups: [] → ["Gold"]
    2 2 update members/registered
        userGroups: [] → ["Gold"]
    Note: the groups of `federated` come from an identity provider at login and are left alone; `federated: manage` overrides that
    "#);
    let managed = |enabled| {
        manifest().member_but("federated", |member| {
            member.user_groups = Some(references(&["Gold"]));
            member.manage_federated = true;
            member.enabled = Some(at(enabled));
        })
    };
    assert_snapshot!(planned(&managed(false), &live), @r#"
    2 1 update members/federated
        enabled: true → false
        userGroups: [] → ["Gold"]
    Warning: `federated` signs in through an identity provider: its mappings may undo the change at the next login
    "#);
    assert_snapshot!(planned(&manifest().disabled("federated"), &live), @"
    2 1 update members/federated
        enabled: true → false
    ");
}

#[test]
fn unknown_groups_of_a_member_are_not_taken_for_none() {
    let live = portal(Shape::SideBySide).member("jane", &[]).but(|member| member.user_groups = None);
    assert_snapshot!(planned(&manifest().member("jane", &[]), &live), @"
    fault: groups-unknown: the hub does not say which groups `jane` is in
      hint: remove `userGroups` from the entry until it does
    ");
    assert_snapshot!(planned(&manifest().disabled("jane"), &live), @"
    2 1 update members/jane
        enabled: true → false
    ");
}

#[test]
fn a_snapshot_without_members_is_not_taken_for_an_empty_one() {
    let mut live = portal(Shape::SideBySide);
    live.prospects = None;
    let manifest = manifest().member_but("jane", |member| member.approve = true);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the list of pending sign-ups is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
    live.members = None;
    assert_snapshot!(planned(&manifest, &live), @"
    fault: not-observed: the list of members is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
}

#[test]
fn members_of_one_username_are_addressed_with_their_ids() {
    let live = portal(Shape::SideBySide)
        .member("a", &[])
        .but(|member| member.username = Some("twin".to_owned()))
        .member("b", &[]);
    let live = live.but(|member| member.username = Some("twin".to_owned()));
    assert_snapshot!(planned(&manifest().disabled("a@example.com").disabled("m-b"), &live), @"
    2 1 update members/twin%20%5Bm-a%5D
        enabled: true → false
    2 2 update members/twin%20%5Bm-b%5D
        enabled: true → false
    ");
}
