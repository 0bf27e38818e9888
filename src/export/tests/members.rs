//! Members and what is said of sign-ups.

use super::portal::{ADMIN, Portal, Shape};
use super::{complete, partial, section, whole};

#[test]
fn members_are_exported_on_request_alone_and_sign_ups_never() {
    let mut portal = Portal::new(Shape::Nested);
    portal.member("m1", "jane", "jane@example.com", &["members"]).prospect("x1", "eve@nowhere.example");
    let without = crate::export::export(&portal.live, &whole(false)).manifest;
    assert!(!without.contains("jane") && !without.contains("members:"), "{without}");
    let with = complete(&portal.live);
    assert!(with.contains("    - {user: jane, userGroups: []}\n"), "{with}");
    for text in [without, with] {
        assert!(
            text.ends_with("  # 1 pending sign-up waits for a decision: rules for them go under `prospects`.\n"),
            "{text}"
        );
        assert!(!text.contains("nowhere") && !text.contains("eve@"), "{text}");
    }
}

#[test]
fn a_member_goes_by_a_text_that_means_nobody_else() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.member("m1", "jane", "shared@example.com", &[]);
    portal.member("m2", "JANE", "second@example.com", &[]);
    portal.member("m3", "Jane", "SHARED@example.com", &[]);
    portal.member("m4", "", "m1", &[]);
    portal.member("m5", "m5", "last@example.com", &[]);
    portal.member("M5", "other", "m5", &[]);
    insta::assert_snapshot!(section(&partial(&portal.live).0, "members"), @"
    # Left out: the member with the id `m1`: no text means this member alone.
    members:
      - {user: last@example.com, userGroups: []}
      - {user: m3, userGroups: []}
      - {user: m4, userGroups: []}
      - {user: other, userGroups: []}
      - {user: second@example.com, userGroups: []}
    ");
}

#[test]
fn a_strangers_sign_up_changes_no_entry() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.member("m1", "a", "one@example.com", &[]).member("m2", "b", "two@example.com", &[]);
    let before = section(&complete(&portal.live), "members");
    portal.prospect("x1", "a").last_prospect().username = Some("b".to_owned());
    assert_eq!(section(&complete(&portal.live), "members"), before);
}

#[test]
fn a_member_whom_no_text_means_is_left_out() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.member("a", "b", "b", &[]).member("b", "a", "a", &[]).member("c\n", "", " ", &[]);
    let (text, notices) = partial(&portal.live);
    assert_eq!(section(&text, "members"), "");
    assert_eq!(notices.lines().count(), 3, "{notices}");
    assert!(text.contains("the member with the id `c␊`"), "{text}");
}

#[test]
fn groups_that_are_kept_anyway_are_not_listed_but_administration_is() {
    for shape in Shape::ALL {
        let mut portal = Portal::new(shape);
        portal.group("g1", "Gold", None);
        let everyone = shape.holder().unwrap_or("members");
        portal.member("m1", "root", "root@example.com", &["admins", everyone, "g1"]);
        let text = section(&complete(&portal.live), "members");
        assert!(text.ends_with("- {user: root, userGroups: [system:administrators, Gold]}"), "{text}");
    }
    let mut portal = Portal::new(Shape::SideBySide);
    portal.built_in("admins2", "Administrators", None, ADMIN);
    portal.member("m1", "root", "root@example.com", &["admins", "admins2"]);
    assert!(complete(&portal.live).contains("- {user: root, userGroups: []}"), "neither has a name, and both are kept");
}

#[test]
fn groups_that_cannot_be_written_are_left_alone() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.provider("p-okta", "Okta\nWorkforce");
    let ids: Vec<String> = (0..21).map(|number| format!("g{number}")).collect();
    for id in &ids {
        portal.group(id, id, None);
    }
    let many: Vec<&str> = ids.iter().map(String::as_str).collect();
    portal.member("m1", "federated", "f@example.com", &["g1"]).last_member().provider = Some("p-okta".into());
    portal.member("m2", "many", "many@example.com", &many);
    portal.member("m3", "stranger", "s@example.com", &["gone"]).disable();
    portal.member("m4", "unknown", "u@example.com", &[]).last_member().user_groups = None;
    portal.member("m5", "unsaid", "n@example.com", &["g1"]).last_member().is_active = None;
    portal.member("m6", "self", "self@example.com", &["g1"]).last_member().provider = Some("p-self".into());
    let (text, notices) = partial(&portal.live);
    insta::assert_snapshot!(section(&text, "members"), @"
    members:
      # Groups come from `Okta␊Workforce` at login.
      - user: federated
      # Left out: the groups: there are 21, and a manifest gives at most 20.
      - user: many
      - {user: self, userGroups: [g1]}
      # Left out: the groups: the portal's tree does not hold group gone.
      - {user: stranger, enabled: false}
      # Left out: the groups: the hub does not say them.
      - user: unknown
      # Left out: whether the member is enabled, which the hub does not say.
      - {user: unsaid, userGroups: [g1]}
    ");
    insta::assert_snapshot!(notices, @"
    the groups of member `many` are left out: there are 21, and a manifest gives at most 20
    the groups of member `stranger` are left out: the portal's tree does not hold group gone
    the groups of member `unknown` are left out: the hub does not say them
    member `unsaid`: left out: whether the member is enabled, which the hub does not say
    the groups of 1 member are left out: an identity provider sets them at login
    ");
}
