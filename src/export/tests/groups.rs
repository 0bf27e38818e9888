//! User groups, their places and their mappings.

use super::portal::{DEFAULT, PUBLIC, Portal, Shape};
use super::{complete, partial, section};
use crate::manifest::model::Instances;
use crate::state::GroupFlags;

/// A portal that shows a version to each group.
fn visible_to_each(portal: &mut Portal) {
    let ids: Vec<String> = portal.live.user_groups.iter().map(|group| group.id.to_string()).collect();
    for (number, id) in ids.iter().enumerate() {
        portal.asset("com.example", &format!("api-{number}"), Instances::Public, &[("v1", &[id])]);
    }
}

#[test]
fn names_are_quoted_where_yaml_needs_it() {
    let mut portal = Portal::new(Shape::Nested);
    let names = [
        "yes",
        "1.10",
        "~",
        "a: b",
        "a #b",
        "- a",
        "* a",
        " padded ",
        "[a]",
        "{a}",
        "'a'",
        "\"a\"",
        "a\\b",
        "$5 ${HOME}",
        "日本 🦀",
        "\u{202e}gpj.exe",
        "CN=a,OU=b",
        "2024-01-01",
        "@all",
        "---",
    ];
    for (number, name) in names.iter().enumerate() {
        portal.group(&format!("g{number}"), name, None).describe(name).map("p1", name);
    }
    portal.provider("p1", "null");
    visible_to_each(&mut portal);
    let text = complete(&portal.live);
    for quoted in [r#"- name: "yes""#, r#"- name: "$$5 $${HOME}""#, r#"- name: "\u202egpj.exe""#, r#"- name: "a: b""#] {
        assert!(text.contains(quoted), "{quoted}:\n{text}");
    }
    assert!(text.contains(r#"identityProviders: {null-2: "null"}"#) || text.contains(r#"{"null": "null"}"#), "{text}");
}

#[test]
fn built_in_groups_go_by_their_flags() {
    for shape in Shape::ALL {
        let mut portal = Portal::new(shape);
        visible_to_each(&mut portal);
        let assets = section(&complete(&portal.live), "assets");
        assert!(assets.contains("[system:guests]") && !assets.contains("Everyone"), "{assets}");
        assert_eq!(assets.contains("[system:members]"), shape != Shape::OneRoot, "{assets}");
    }
}

#[test]
fn built_in_groups_of_one_flag_go_by_their_names() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.built_in("everyone", "Everyone", None, PUBLIC);
    portal.built_in("more", "More Members", Some("everyone"), DEFAULT);
    portal.provider("p1", "Okta").map_group("everyone", "p1", "all", false);
    visible_to_each(&mut portal);
    let text = complete(&portal.live);
    for name in ["Everyone", "Guests", "Members", "More Members"] {
        assert!(text.contains(&format!("versions: {{v1: [{name}]}}")), "{name}:\n{text}");
    }
    assert!(text.contains("    - name: Everyone\n      idpGroups: [{provider: okta, group: all}]\n"), "{text}");
    assert!(!text.contains("made by the hub"), "a built-in is never edited:\n{text}");
}

#[test]
fn built_in_groups_are_listed_for_their_mappings_alone() {
    let mut portal = Portal::new(Shape::Nested);
    portal.provider("p1", "Okta").group("g1", "Gold", None);
    assert_eq!(section(&complete(&portal.live), "userGroups"), "  userGroups:\n    - name: Gold");
    portal.map_group("members", "p1", "staff", false);
    let expected = "  userGroups:\n    - name: system:members\n      idpGroups: [{provider: okta, group: staff}]\n    - name: Gold";
    assert_eq!(section(&complete(&portal.live), "userGroups"), expected);
}

#[test]
fn places_that_differ_are_stated() {
    let mut portal = Portal::new(Shape::Nested);
    portal.group("g1", "Usual", None).group_at("g2", "Wide", Some("guests")).group_at("g3", "Below", Some("g2"));
    let expected = "  userGroups:\n    - name: Usual\n    - name: Wide\n      parent: system:guests\n      children:\n        - name: Below";
    assert_eq!(section(&complete(&portal.live), "userGroups"), expected);
}

#[test]
fn groups_of_one_name_are_left_out_with_what_needs_them() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal
        .group("g1", "Beta", None)
        .group("g2", "Beta", None)
        .group("g3", "Under Beta", Some("g1"))
        .group("g4", "Gold", None);
    portal.asset(
        "com.example",
        "a",
        Instances::Public,
        &[("v1", &["g1", "g4"]), ("v2", &["g3", "g4"]), ("v3", &["gone"])],
    );
    portal.member("m1", "jane", "jane@example.com", &["g2"]);
    let (text, notices) = partial(&portal.live);
    insta::assert_snapshot!(text.split_once("  userGroups:").map_or("", |(before, _)| before.rsplit("\n\n").next().unwrap_or_default()), @"
    # Left out: user group `Beta` (id g1): 2 groups are called `Beta` (ids g1, g2).
    # Left out: user group `Beta` (id g2): 2 groups are called `Beta` (ids g1, g2).
    # Left out: user group `Under Beta` (id g3): it stands under a group that cannot be named: 2 groups are called `Beta` (ids g1, g2).
    ");
    insta::assert_snapshot!(section(&text, "assets"), @"
    assets:
      # Left out: version `v1`: who sees it cannot be named: 2 groups are called `Beta` (ids g1, g2).
      # Left out: version `v3`: who sees it cannot be named: the portal's tree does not hold group gone.
      - {asset: com.example/a, instances: Public, versions: {v2: [Gold, Under Beta]}}
    ");
    insta::assert_snapshot!(section(&text, "members"), @"
    members:
      # Left out: the groups: 2 groups are called `Beta` (ids g1, g2).
      - user: jane
    ");
    insta::assert_snapshot!(notices, @"
    user group `Beta` (id g1) is left out: 2 groups are called `Beta` (ids g1, g2)
    user group `Beta` (id g2) is left out: 2 groups are called `Beta` (ids g1, g2)
    user group `Under Beta` (id g3) is left out: it stands under a group that cannot be named: 2 groups are called `Beta` (ids g1, g2)
    asset `com.example/a`: left out: version `v1`: who sees it cannot be named: 2 groups are called `Beta` (ids g1, g2)
    asset `com.example/a`: left out: version `v3`: who sees it cannot be named: the portal's tree does not hold group gone
    the groups of member `jane` are left out: 2 groups are called `Beta` (ids g1, g2)
    ");
}

#[test]
fn names_that_cannot_be_declared_can_be_referred_to() {
    let mut portal = Portal::new(Shape::SideBySide);
    let long = "x".repeat(96);
    portal.group("g1", &long, None).group("g2", "Below Long", Some("g1")).group("g3", "Below Below", Some("g2"));
    portal.group("g4", "a\tb", None).group("g5", "Below Tab", Some("g4"));
    visible_to_each(&mut portal);
    let (text, notices) = partial(&portal.live);
    assert!(
        text.contains(&format!(
            "    - name: Below Long\n      parent: {long}\n      children:\n        - name: Below Below\n"
        )),
        "{text}"
    );
    assert!(text.contains("    - name: Below Tab\n      parent: \"a\\tb\"\n"), "{text}");
    assert!(text.contains("versions: {v1: [\"a\\tb\"]}"), "{text}");
    assert_eq!(notices.lines().count(), 2, "{notices}");
}

#[test]
fn names_that_read_as_something_else_are_left_out() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal
        .group("g1", "system:guests", None)
        .group("g2", "audience:all", None)
        .group("g3", "", None)
        .group("g4", "  ", None);
    visible_to_each(&mut portal);
    let (text, notices) = partial(&portal.live);
    assert_eq!(section(&text, "userGroups"), "");
    for id in ["g1", "g2", "g3", "g4"] {
        assert!(
            text.contains(&format!("(id {id})")) && notices.contains(&format!("(id {id})")),
            "{id}:\n{text}\n{notices}"
        );
    }
}

#[test]
fn more_groups_than_a_manifest_takes_are_left_out() {
    let mut portal = Portal::new(Shape::SideBySide);
    for number in 0..103 {
        portal.group(&format!("g{number}"), &format!("Group {number}"), None);
    }
    let (text, notices) = partial(&portal.live);
    assert_eq!(text.matches("- name:").count(), 100);
    assert_eq!(notices.lines().count(), 3, "{notices}");
}

#[test]
fn deep_trees_state_their_parents_from_some_depth_on() {
    let mut portal = Portal::new(Shape::OneRoot);
    portal.group("g0", "Level 0", None);
    for number in 1..90 {
        portal.group(&format!("g{number}"), &format!("Level {number}"), Some(&format!("g{}", number - 1)));
    }
    let text = complete(&portal.live);
    assert!(text.contains("    - name: Level 13\n      parent: Level 12\n"), "{text}");
}

#[test]
fn generated_groups_below_custom_ones_keep_their_place() {
    let mut portal = Portal::new(Shape::SideBySide);
    let generated = GroupFlags { is_auto_generated: true, ..GroupFlags::default() };
    portal.provider("p1", "Okta").group("g1", "Custom", None);
    portal.built_in("b1", "Generated", Some("g1"), generated);
    portal.map_group("b1", "p1", "x", false);
    portal.group("g2", "Below", Some("b1"));
    let expected = "  userGroups:\n    - name: Below\n      parent: Generated\n    - name: Custom\n      children:\n        - name: Generated\n          idpGroups: [{provider: okta, group: x}]";
    assert_eq!(section(&complete(&portal.live), "userGroups"), expected);
}

#[test]
fn aliases_mean_one_provider() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal
        .provider("p1", "Okta")
        .provider("p2", "okta")
        .provider("p3", "SAML")
        .provider("p4", "SAML")
        .provider("p5", "***");
    portal.provider("p6", "Unused").provider("p7", "p1").provider("p8", "MuleSoft");
    portal.group("g1", "Gold", None);
    for provider in ["p1", "p2", "p3", "p4", "p5", "p7", "p8", "mulesoft"] {
        portal.map_group("g1", provider, "x", false);
    }
    let text = section(&complete(&portal.live), "identityProviders");
    insta::assert_snapshot!(text, @r#"
    identityProviders:
      mulesoft: mulesoft
      mulesoft-2: MuleSoft
      okta: okta
      okta-2: Okta
      p3: p3
      p4: p4
      p7: p7
      provider: "***"
    "#);
}

#[test]
fn maintainers_and_what_cannot_be_named_are_left_out() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal
        .provider("p1", "Okta")
        .group("g1", "Gold", None)
        .map("p1", "staff")
        .group("g2", "Silver", None)
        .group("g3", "Tin", None);
    portal.map_group("g1", "p1", "bosses", true);
    portal.map_group("g2", "p-gone", "x", false);
    portal.map_group("g2", "p1", "y", false);
    portal.map_group("g3", "p1", " ", false);
    let (text, notices) = partial(&portal.live);
    insta::assert_snapshot!(section(&text, "userGroups"), @"
    userGroups:
      # Left out: the maintainers that it has from `bosses`, whom the API cannot write.
      - name: Gold
        idpGroups: [{provider: okta, group: staff}]
      # Left out: its mappings, because the organization has no identity provider `p-gone`.
      - name: Silver
      # Left out: its mappings, because one of them names no group of the identity provider.
      - name: Tin
    ");
    assert_eq!(notices.lines().count(), 3, "{notices}");
}
