//! Plans on a terminal and in a comment.

use super::{human, partner, varied};
use crate::address::Kind;
use crate::plan::{NoticeLevel, Phase};
use crate::render::markdown::LIMIT;
use crate::render::samples::{Sample, asset, group, member, report, without_colors};
use crate::render::{PlanOptions, plan_human, plan_markdown, report_markdown};
use crate::report::Outcome;

#[test]
fn a_plan_is_shown_by_kind() {
    insta::assert_snapshot!(human(&varied()), @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)
    Warning: publishing opens a short window

      ~ userGroups/Gold Tier  # formerly Premium
          description:
            - Pays more
            + Pays more.
            + Gets more.
          name: Premium → Gold Tier
      - userGroups/Partner Gone  # state: absent; cannot be undone; allowed by --allow delete
      + userGroups/Partner Zephyr
          parent: system:members

      + idpMappings/Gold Tier/okta/cn=gold,ou=tiers

      ~ assets/Finance/odd-api  # cannot be undone; needs --allow leave-custom
          instances: Custom → Public
          versions.v1: [… 6 unchanged, + G]
          versions.v2: (new) → [A]
      - assets/Finance/old-api  # prune: Finance/*
      + assets/Finance/payment-api
          instances: Public
          versions.*: []  # nobody
          versions.v1: [Gold Tier]  # audience:payments
      ~ assets/Finance/split-api  # in two steps
          versions.v1: [A, + C, - B]

      ~ members/jane@example.com  # needs --allow enable
          enabled: false → true
          userGroups: [API Developers, + Partner Zephyr, - Gold Tier]

      - prospects/bob@spam.example  # email: bob@spam.example; cannot be undone; needs --allow reject
      + prospects/zoe  # emailDomain: partner.example; cannot be undone; needs --allow approve
          email: zoe@partner.example
          userGroups: [Gold Tier]

    Plan: 4 to add, 4 to change, 3 to delete.

    Note: 1 asset changes in two steps
    1 user group not in the manifest is left alone:
      userGroups/Legacy
    14 assets not in the manifest are left alone.
    Waiting:
      new@example.com: has not signed up yet
    ");
}

#[test]
fn a_plan_as_a_comment() {
    insta::assert_snapshot!(plan_markdown(&varied()), @"
    <!-- aehctl plan: developer-portal -->
    ## Plan: 4 to add, 4 to change, 3 to delete.

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

    - **Warning:** publishing opens a short window

    <details open>
    <summary>User groups: 3 changes</summary>

    ```diff
    ! userGroups/Gold Tier  # formerly Premium
          description:
    -       Pays more
    +       Pays more.
    +       Gets more.
          name: Premium → Gold Tier
    - userGroups/Partner Gone  # state: absent; cannot be undone; allowed by --allow delete
    + userGroups/Partner Zephyr
          parent: system:members
    ```

    </details>

    <details open>
    <summary>Mappings: 1 change</summary>

    ```diff
    + idpMappings/Gold Tier/okta/cn=gold,ou=tiers
    ```

    </details>

    <details open>
    <summary>Assets: 4 changes</summary>

    ```diff
    ! assets/Finance/odd-api  # cannot be undone; needs --allow leave-custom
          instances: Custom → Public
          versions.v1: [… 6 unchanged, + G]
          versions.v2: (new) → [A]
    - assets/Finance/old-api  # prune: Finance/*
    + assets/Finance/payment-api
          instances: Public
          versions.*: []  # nobody
          versions.v1: [Gold Tier]  # audience:payments
    ! assets/Finance/split-api  # in two steps
          versions.v1: [A, + C, - B]
    ```

    </details>

    <details open>
    <summary>Members: 1 change</summary>

    ```diff
    ! members/jane@example.com  # needs --allow enable
          enabled: false → true
          userGroups: [API Developers, + Partner Zephyr, - Gold Tier]
    ```

    </details>

    <details open>
    <summary>Pending sign-ups: 2 changes</summary>

    ```diff
    - prospects/bob@spam.example  # email: bob@spam.example; cannot be undone; needs --allow reject
    + prospects/zoe  # emailDomain: partner.example; cannot be undone; needs --allow approve
          email: zoe@partner.example
          userGroups: [Gold Tier]
    ```

    </details>

    <details>
    <summary>1 user group not in the manifest is left alone</summary>

    ```diff
      userGroups/Legacy
    ```

    </details>

    <details>
    <summary>Waiting: 1 member</summary>

    ```diff
      new@example.com: has not signed up yet
    ```

    </details>

    - Note: 1 asset changes in two steps
    - 14 assets not in the manifest are left alone.
    - Digest of these changes: sha256:82cb92599fdbd89ac48458a488c75a12c40211964402d850a980cb4ba12e3736
    ");
}

#[test]
fn colours_change_no_text() {
    let plan = varied();
    let coloured = plan_human(&plan, &PlanOptions { color: true, ..PlanOptions::default() });
    assert_ne!(coloured, human(&plan));
    assert_eq!(without_colors(&coloured), human(&plan));
}

#[test]
fn no_changes_is_said_in_these_words() {
    let plan = Sample::new().unmanaged(Kind::Assets, 1, &[]).plan();
    insta::assert_snapshot!(human(&plan), @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

    No changes. The portal matches the manifest.

    1 asset not in the manifest is left alone.
    ");
    let plan = Sample::new().emulator().plan();
    insta::assert_snapshot!(human(&plan), @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

    [emulator] No changes. The portal matches the manifest.
    ");
    insta::assert_snapshot!(plan_markdown(&plan), @"
    <!-- aehctl plan: developer-portal -->
    ## [emulator] No changes. The portal matches the manifest.

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)
    ");
}

#[test]
fn the_embedded_server_needs_no_word() {
    let shown = human(&Sample::new().emulator().group_deleted("Partner Gone").plan());
    insta::assert_snapshot!(shown, @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

      - userGroups/Partner Gone  # state: absent; cannot be undone

    [emulator] Plan: 0 to add, 0 to change, 1 to delete.
    ");
}

#[test]
fn long_texts_differ_by_their_lines() {
    let lines = |changed: &str| {
        (0..30).map(|n| if n == 15 { changed.to_owned() } else { format!("line {n}") }).collect::<Vec<_>>().join("\n")
    };
    let plan = Sample::new()
        .group_updated(group("Gold", Some(&lines("old")), None), group("Gold", Some(&lines("new")), None), None)
        .plan();
    insta::assert_snapshot!(human(&plan), @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

      ~ userGroups/Gold
          description:
              line 13
              line 14
            - old
            + new
              line 16
              line 17

    Plan: 0 to add, 1 to change, 0 to delete.
    ");
}

#[test]
fn identical_changes_are_grouped_by_their_cause() {
    insta::assert_snapshot!(human(&partner(12)), @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

      ~ audience:payments + Zephyr, - Old → 24 versions of 12 assets
          Finance/api-00: v1, v2
          Finance/api-01: v1, v2
          Finance/api-02: v1, v2
          Finance/api-03: v1, v2
          Finance/api-04: v1, v2
          Finance/api-05: v1, v2
          Finance/api-06: v1, v2
          Finance/api-07: v1, v2
          Finance/api-08: v1, v2
          Finance/api-09: v1, v2
          … and 2 more (--verbose lists them, --format json has all)
      ~ assets/Finance/api-00
          instances: Public → All
      ~ assets/Finance/api-03
          instances: Public → All
      ~ assets/Finance/api-06
          instances: Public → All
      ~ assets/Finance/api-09
          instances: Public → All

    Plan: 0 to add, 12 to change, 0 to delete.
    ");
    let verbose = plan_human(&partner(12), &PlanOptions { verbose: true, ..PlanOptions::default() });
    assert!(verbose.contains("Finance/api-11: v1, v2"), "{verbose}");
    assert!(!verbose.contains("more ("), "{verbose}");
}

#[test]
fn three_identical_changes_are_shown_one_by_one() {
    let one = partner(1);
    assert!(human(&one).contains("~ assets/Finance/api-00\n"), "two versions are few");
    let two = human(&partner(2));
    assert!(two.contains("→ 4 versions of 2 assets"), "{two}");
}

#[test]
fn causes_and_reasons_keep_groups_apart() {
    let mut sample = Sample::new();
    for index in 0..8 {
        sample = sample
            .asset_updated(
                Phase::Widen,
                &format!("api-{index}"),
                asset(None, &[("v1", &[])]),
                asset(None, &[("v1", &["A"])]),
            )
            .caused_by("versions.v1", if index % 2 == 0 { "audience:even" } else { "audience:odd" });
    }
    let shown = human(&sample.plan());
    assert!(shown.contains("~ audience:even + A → 4 versions of 4 assets\n"), "{shown}");
    assert!(shown.contains("~ audience:odd + A → 4 versions of 4 assets\n"), "{shown}");
}

#[test]
fn members_are_grouped_and_the_rest_of_their_changes_is_shown() {
    let mut sample = Sample::new();
    for (index, name) in ["ann", "ben", "cleo", "dan"].into_iter().enumerate() {
        sample = sample.member_updated(name, member(&["Gold"], true), member(&["Silver"], index != 1));
    }
    insta::assert_snapshot!(human(&sample.plan()), @"
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

      ~ userGroups + Silver, - Gold → 4 members
          ann
          ben
          cleo
          dan
      ~ members/ben
          enabled: true → false

    Plan: 0 to add, 4 to change, 0 to delete.
    ");
}

#[test]
fn lines_fit_the_width() {
    let names: Vec<String> = (0..12).map(|index| format!("Partner {index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = Sample::new()
        .asset_updated(Phase::Widen, "api", asset(None, &[("v1", &[])]), asset(None, &[("v1", &names)]))
        .plan();
    let shown = plan_human(&plan, &PlanOptions { width: Some(60), ..PlanOptions::default() });
    assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), human(&plan).split_whitespace().collect::<Vec<_>>());
}

#[test]
fn a_comment_on_a_huge_plan_is_cut_and_says_so() {
    let mut sample = Sample::new();
    for index in 0..5_000 {
        let version = format!("v{index}");
        sample = sample.asset_updated(
            Phase::Widen,
            &format!("api-{index:04}"),
            asset(None, &[(&version, &[])]),
            asset(None, &[(&version, &[&format!("Partner {index}")])]),
        );
    }
    sample = sample.group_created("Only One", None).notice(NoticeLevel::Warning, &"long ".repeat(100_000));
    for index in 0..5_000 {
        sample =
            sample.waiting(&format!("user-{index}@example.com")).notice(NoticeLevel::Note, &format!("note {index}"));
    }
    let plan = sample.plan();
    let comment = plan_markdown(&plan);
    assert!(comment.encode_utf16().count() <= LIMIT);
    assert!(comment.encode_utf16().count() > LIMIT - 2_000, "the room is used");
    assert!(comment.contains("+ userGroups/Only One"), "small sections are whole");
    assert!(comment.contains("entries not shown for want of room"), "{}", &comment[comment.len() - 500..]);
    super::hostile::assert_inert_markdown(&comment, 3);
    let failed = report(&plan, |_| Outcome::Failed { message: "x".repeat(5_000), hint: None });
    assert!(report_markdown(&failed, &plan).encode_utf16().count() <= LIMIT);
}

#[test]
fn one_giant_change_hides_no_other() {
    let giant = "x".repeat(100_000);
    let plan = Sample::new()
        .group_updated(group("A", None, None), group("A", Some(&giant), None), None)
        .group_created("B", None)
        .plan();
    let comment = plan_markdown(&plan);
    assert!(comment.contains("+ userGroups/B"), "{comment}");
    assert!(comment.contains("1 entry not shown"), "{comment}");
}
