use super::*;
use crate::manifest::model::Instances;
use crate::testing::{Shape, group_id, portal};

fn live(shape: Shape) -> LiveState {
    portal(shape)
        .group("Gold Tier")
        .child("Gold Plus", "Gold Tier")
        .group("Silver")
        .mapping("Gold Tier", "okta", "gold")
        .maintainer("Gold Tier", "okta", "heads")
        .mapping("Silver", "okta", "silver")
        .asset("finance/pay", Instances::Public, &[("v1", &["Gold Tier", "Administrators"]), ("v2", &["Gold Plus"])])
        .asset("finance/rates", Instances::Custom, &[("v1", &["Silver"])])
        .member("jane", &["Gold Tier", "Silver", "Members"])
        .member("root", &["Administrators"])
}

fn revoked(live: &LiveState, subject: &Subject) -> Plan {
    plan("portal", live, subject, &model::Guards::default()).expect("the portal is sound")
}

fn told(plan: &Plan) -> String {
    crate::render::plan_human(plan, &crate::render::PlanOptions { color: false, width: None, verbose: false })
}

#[test]
fn a_group_loses_all_that_it_is_given() {
    for shape in Shape::ALL {
        let live = live(shape);
        let plan = revoked(&live, &Subject::Group(group_id("Gold Tier")));
        if shape == Shape::Nested {
            insta::assert_snapshot!(told(&plan), @r"
            Portal portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)
            Warning: `Gold Plus` stands under `Gold Tier`: what it was shown they no longer see, and what is shown to them directly they keep
            Warning: `heads` makes maintainers of `Gold Tier`: the API cannot take this mapping away, do it in the platform

              - idpMappings/Gold Tier/okta/gold

              ~ assets/finance/pay
                  versions.v1: [system:administrators, - Gold Tier]

              ~ members/jane
                  userGroups: [Silver, system:members, - Gold Tier]

            Plan: 0 to add, 2 to change, 1 to delete.
            ");
        }
        assert_eq!(plan.changes.len(), 3, "{shape:?}: {}", told(&plan));
        assert_eq!(plan.guards.violations, []);
    }
}

#[test]
fn a_member_is_disabled_and_leaves_groups_that_are_not_built_in() {
    let live = live(Shape::SideBySide);
    insta::assert_snapshot!(told(&revoked(&live, &Subject::Member("m-jane".into()))), @r"
    Portal portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

      ~ members/jane
          enabled: true → false
          userGroups: [system:members, - Gold Tier, - Silver]

    Plan: 0 to add, 1 to change, 0 to delete.
    ");
}

#[test]
fn the_last_administrator_needs_a_word_and_nothing_else_does() {
    let live = live(Shape::SideBySide);
    let plan = revoked(&live, &Subject::Member("m-root".into()));
    let guards: Vec<Guard> = plan.guards.violations.iter().map(|violation| violation.guard).collect();
    assert_eq!(guards, [Guard::MinAdministrators]);
    // With another one left, a stricter limit is told and holds nothing up.
    let live = live.member("more", &["Administrators"]);
    let guards = model::Guards {
        min_administrators: Some(crate::testing::at(2)),
        max_updates: Some(crate::testing::at(Limit::number(0))),
        protected: vec![crate::testing::at(
            crate::address::AddressPattern::parse("members/*", "portal").expect("it is a pattern"),
        )],
        ..model::Guards::default()
    };
    let plan = super::plan("portal", &live, &Subject::Member("m-root".into()), &guards).expect("the portal is sound");
    assert_eq!(plan.guards.violations, []);
    let warnings = plan.notices.iter().filter(|notice| notice.level == NoticeLevel::Warning);
    let warnings: Vec<&str> = warnings.map(|notice| notice.message.as_str()).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r"
    1 administrator would no longer be one (root), which leaves 1 that is enabled, and minAdministrators asks for 2; revoking does not wait for that
    1 of 3 members would be changed, and maxUpdates allows 0; revoking does not wait for that
    member `root` is protected by `members/*` and would be changed; revoking does not wait for that
    ");
}

#[test]
fn what_the_hub_does_not_say_is_told() {
    let mut live = live(Shape::SideBySide).but(|member| member.user_groups = None);
    let asset = live.assets.as_mut().and_then(|assets| assets.values_mut().next()).expect("there is one");
    asset.detail.as_mut().expect("it was read").versions.insert("v9".to_owned(), None);
    let plan = revoked(&live, &Subject::Group(group_id("Gold Tier")));
    let told = told(&plan);
    assert!(told.contains("who sees every version of asset finance/pay"), "{told}");
    assert!(told.contains("1 member"), "{told}");
    let plan = revoked(&live, &Subject::Member("m-root".into()));
    let told = self::told(&plan);
    assert!(told.contains("enabled: true → false") && told.contains("they are left"), "{told}");
}

#[test]
fn a_second_time_there_is_nothing_left() {
    let mut live = live(Shape::OneRoot);
    let id = group_id("Gold Tier");
    live.mappings.entry(id.clone()).or_default().retain(|row| row.is_maintainer);
    for asset in live.assets.iter_mut().flatten().filter_map(|(_, asset)| asset.detail.as_mut()) {
        for groups in asset.versions.values_mut().flatten() {
            groups.remove(&id);
        }
    }
    for member in live.members.iter_mut().flatten() {
        if let Some(groups) = &mut member.user_groups {
            groups.remove(&id);
        }
    }
    assert_eq!(revoked(&live, &Subject::Group(id)).changes, []);
}

#[test]
fn people_and_groups_are_found_as_elsewhere() {
    let live = live(Shape::SideBySide).member("Jane", &[]);
    let members = live.members.as_deref().expect("they were read");
    let error = |user: &str| find_member(members, user).expect_err("nobody clear is meant");
    assert_eq!(error("janet").to_string(), "the portal has no member `janet`");
    assert!(error("JANE").to_string().starts_with("`JANE` means several members"));
    let groups = &live.user_groups;
    assert_eq!(find_group(groups, "Gold Tier").map(|group| group.id.clone()), Ok(group_id("Gold Tier")));
    assert!(find_group(groups, "system:guests").is_ok());
    for name in ["system:administrators", "Administrators", "gold tier", ""] {
        assert!(find_group(groups, name).is_err(), "{name}");
    }
}
