//! Pending sign-ups: which rule or entry decides on them.

use insta::assert_snapshot;

use crate::testing::{Shape, at, manifest, planned, portal, references};

#[test]
fn the_first_rule_that_matches_wins() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .prospect("bob", "Bob@Partner.example")
        .prospect("eve", "eve@partner.example")
        .prospect("sub", "sub@mail.partner.example")
        .prospect("odd", "not-an-address");
    let manifest = manifest()
        .reject("EVE@partner.example")
        .approve("Partner.Example", &["Gold"])
        .reject("partner.example")
        .reject("bob@partner.example");
    assert_snapshot!(planned(&manifest, &live), @r#"
    2 1 approve prospects/bob (prospects: emailDomain Partner.Example)
        userGroups: null → ["Gold"]
    2 2 reject prospects/eve (prospects: email EVE@partner.example)
        email: "eve@partner.example" → null
        username: "eve" → null
    "#);
}

#[test]
fn a_member_entry_beats_the_rules() {
    let live = portal(Shape::SideBySide)
        .group("Gold")
        .prospect("bob", "bob@partner.example")
        .prospect("eve", "eve@partner.example")
        .prospect("ann", "ann@partner.example")
        .member("again", &[])
        .prospect("again-by-mail", "again@example.com");
    let manifest = manifest()
        .member_but("bob", |member| {
            member.approve = true;
            member.user_groups = Some(references(&["Gold"]));
        })
        .member_but("eve@partner.example", |member| {
            member.enabled = Some(at(false));
            member.approve = true;
        })
        .member("ann", &[])
        .member("again", &[])
        .reject("partner.example")
        .reject("example.com");
    assert_snapshot!(planned(&manifest, &live), @r#"
    2 1 approve prospects/bob (members: bob)
        userGroups: null → ["Gold"]
    waiting: ann: the sign-up is pending; `approve: true` lets them in
    Warning: `eve@partner.example` is declared with `enabled: false` and has a pending sign-up: it is not approved, and not rejected either
    "#);
}

#[test]
fn two_pending_requests_of_one_declared_member_are_a_fault() {
    let live = portal(Shape::SideBySide).prospect("bob", "bob@partner.example").prospect("bob2", "BOB@partner.example");
    let manifest = manifest().member_but("bob@partner.example", |member| member.approve = true);
    assert_snapshot!(planned(&manifest, &live), @"
    fault: ambiguous-prospect: `bob@partner.example` has several pending sign-ups: bob (id p-bob), bob2 (id p-bob2)
      hint: reject all but one in the portal, or name one by its id
    ");
}

#[test]
fn two_pending_requests_under_one_name_are_not_approved_by_a_rule() {
    let live = portal(Shape::SideBySide)
        .prospect("bob", "bob@partner.example")
        .prospect("bob2", "BOB@partner.example")
        .prospect("ann", "ann@partner.example");
    assert_snapshot!(planned(&manifest().approve("partner.example", &[]), &live), @"
    2 1 approve prospects/ann (prospects: emailDomain partner.example)
        userGroups: null → []
    Warning: the pending sign-up of `bob2` is left alone: another one goes by the same name or email
    Warning: the pending sign-up of `bob` is left alone: another one goes by the same name or email
    ");
    assert_snapshot!(planned(&manifest().reject("partner.example"), &live), @r#"
    2 1 reject prospects/ann (prospects: emailDomain partner.example)
        email: "ann@partner.example" → null
        username: "ann" → null
    2 2 reject prospects/bob (prospects: emailDomain partner.example)
        email: "bob@partner.example" → null
        username: "bob" → null
    2 3 reject prospects/bob2 (prospects: emailDomain partner.example)
        email: "BOB@partner.example" → null
        username: "bob2" → null
    "#);
}

#[test]
fn whoever_is_a_member_already_is_not_approved_again() {
    let live = portal(Shape::SideBySide)
        .member("bob", &[])
        .prospect("bob", "other@partner.example")
        .prospect("second", "BOB@example.com");
    let rules = manifest().approve("partner.example", &[]).approve("example.com", &[]);
    assert_snapshot!(planned(&rules, &live), @"
    Note: the pending sign-up of `bob` is left alone: there is a member of that name
    Note: the pending sign-up of `second` is left alone: there is a member of that name
    ");
    assert_snapshot!(planned(&manifest().member_but("bob", |member| member.approve = true), &live), @"Note: the pending sign-up of `bob` is left alone: there is a member of that name");
}

#[test]
fn entries_that_mean_one_request_are_a_fault() {
    let live = portal(Shape::SideBySide).prospect("bob", "bob@partner.example");
    assert_snapshot!(planned(&manifest().disabled("bob").disabled("bob@partner.example"), &live), @"fault: duplicate-member: `bob@partner.example` is declared twice under different names");
}

#[test]
fn a_snapshot_without_sign_ups_is_not_taken_for_an_empty_one() {
    let mut live = portal(Shape::SideBySide);
    live.prospects = None;
    assert_snapshot!(planned(&manifest().reject("partner.example"), &live), @"
    fault: not-observed: the list of pending sign-ups is not part of the snapshot
      hint: observe the portal with this manifest, or with `observe --all`
    ");
}

#[test]
fn a_request_under_the_names_of_two_people_stops_nothing() {
    let live = portal(Shape::SideBySide)
        .member("jane", &[])
        .member("john", &[])
        .prospect("jane", "john@example.com")
        .prospect("john", "bob@partner.example");
    let both = manifest().member("jane", &[]).member("john@example.com", &[]).reject("example.com");
    assert_eq!(planned(&both, &live), "no changes\n");
    let new = both.member_but("bob@partner.example", |member| member.approve = true);
    assert_snapshot!(planned(&new, &live), @"Note: the pending sign-up of `john` is left alone: there is a member of that name");
}
