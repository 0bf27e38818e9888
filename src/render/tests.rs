//! What plans and reports look like, and that nothing in a portal speaks in them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::progress::Progress;
use super::samples::{HOSTILE, Sample, asset, group, hostile, member, report, without_colors};
use super::table::Table;
use super::text::is_hidden;
use super::*;
use crate::address::Kind;
use crate::manifest::model::Instances;
use crate::plan::{Allow, NoticeLevel, Phase, Plan};
use crate::report::{Mismatch, Outcome, Report};

fn human(plan: &Plan) -> String {
    plan_human(plan, &PlanOptions::default())
}

/// One change of each sort.
fn varied() -> Plan {
    let public = Some(Instances::Public);
    Sample::new()
        .group_created("Partner Zephyr", Some("system:members"))
        .group_updated(
            group("Premium", Some("Pays more"), None),
            group("Gold Tier", Some("Pays more.\nGets more."), None),
            Some("formerly Premium"),
        )
        .asset_deleted("old-api")
        .asset_updated(
            Phase::Narrow,
            "split-api",
            asset(public, &[("v1", &["A", "B"])]),
            asset(public, &[("v1", &["A"])]),
        )
        .mapping_created("Gold Tier", "okta", "cn=gold,ou=tiers")
        .member_updated(
            "jane@example.com",
            member(&["API Developers", "Gold Tier"], false),
            member(&["API Developers", "Partner Zephyr"], true),
        )
        .approved("zoe", "zoe@partner.example", &["Gold Tier"])
        .rejected("bob@spam.example", "bob@spam.example")
        .asset_created("payment-api", &[("*", &[]), ("v1", &["Gold Tier"])])
        .caused_by("versions.v1", "audience:payments")
        .asset_updated(
            Phase::Widen,
            "odd-api",
            asset(Some(Instances::Custom), &[("v1", &["A", "B", "C", "D", "E", "F"])]),
            asset(public, &[("v1", &["A", "B", "C", "D", "E", "F", "G"]), ("v2", &["A"])]),
        )
        .asset_updated(
            Phase::Widen,
            "split-api",
            asset(public, &[("v1", &["A"])]),
            asset(public, &[("v1", &["A", "C"])]),
        )
        .group_deleted("Partner Gone")
        .notice(NoticeLevel::Warning, "publishing opens a short window")
        .notice(NoticeLevel::Note, "1 asset changes in two steps")
        .unmanaged(Kind::Assets, 14, &[])
        .unmanaged(Kind::UserGroups, 1, &[&["Legacy"]])
        .unmanaged(Kind::Members, 0, &[])
        .waiting("new@example.com")
        .with(|plan| plan.allow = [Allow::Delete].into())
        .plan()
}

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

      ~ members/jane@example.com  # cannot be undone; needs --allow enable
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
    ! members/jane@example.com  # cannot be undone; needs --allow enable
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
    ## &#91;emulator&#93; No changes. The portal matches the manifest.

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

/// Assets whose two versions get a partner, of which every third changes in other ways too.
fn partner(count: usize) -> Plan {
    let mut sample = Sample::new();
    for index in 0..count {
        let name = format!("api-{index:02}");
        let instances = if index % 3 == 0 { Instances::All } else { Instances::Public };
        let before: [(&str, &[&str]); 3] = [("v1", &["Gold", "Old"]), ("v2", &["Old"]), ("v3", &["Gold"])];
        let after: [(&str, &[&str]); 3] = [("v1", &["Gold", "Zephyr"]), ("v2", &["Zephyr"]), ("v3", &["Gold"])];
        sample = sample
            .asset_updated(Phase::Widen, &name, asset(Some(Instances::Public), &before), asset(Some(instances), &after))
            .caused_by("versions.v1", "audience:payments")
            .caused_by("versions.v2", "audience:payments");
    }
    sample.plan()
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

fn troubled() -> (Plan, Report) {
    let plan = varied();
    let report = report(&plan, |index| match index {
        2 => Outcome::Failed {
            message: "DELETE assets: 403: no\nway".to_owned(),
            hint: Some("the connected app needs Exchange Viewer".to_owned()),
        },
        3 | 10 => Outcome::Skipped { because: "change 3 failed".to_owned() },
        5 => Outcome::Refused {
            mismatches: vec![Mismatch {
                path: "userGroups".to_owned(),
                before: json!(["API Developers", "Gold Tier"]),
                after: json!(["API Developers"]),
                live: json!([]),
            }],
        },
        6 => Outcome::Unknown { message: "the connection ended before an answer came".to_owned() },
        7 => Outcome::AlreadyDone,
        8 => Outcome::Unconfirmed,
        9 => Outcome::Skipped { because: "the apply was interrupted".to_owned() },
        _ => Outcome::Applied,
    });
    (plan, report)
}

#[test]
fn a_report_tells_what_is_not_plainly_applied() {
    let (plan, mut report) = troubled();
    report.interrupted = true;
    insta::assert_snapshot!(report_human(&report, &plan, false), @r"
    Interrupted: what was begun was finished, and nothing else was started.

      - assets/Finance/old-api: failed
          DELETE assets: 403: no\nway
          hint: the connected app needs Exchange Viewer
      ~ members/jane@example.com: refused, since it is not what the plan saw
          userGroups
            before: [API Developers, Gold Tier]
            after:  [API Developers]
            live:   []
      + prospects/zoe: unknown whether it was written
          the connection ended before an answer came
      2 changes skipped, because change 3 failed
          ~ assets/Finance/split-api (first of two steps)
          ~ assets/Finance/split-api (second of two steps)
      ~ assets/Finance/odd-api: skipped, because the apply was interrupted
      + assets/Finance/payment-api: unconfirmed

    Applied in part: 3 added, 1 changed, 2 deleted; 1 failed, 1 refused, 1 unknown, 3 skipped, 1 unconfirmed, 1 done already.
    The portal has changed since the plan was made: plan again, and review what is different.
    What is unknown was not repeated: the next plan reads the portal and tells.
    Once the cause of a failure is gone, plan and apply again: what is done stays done.
    The hub may be slow to show what was written: plan again in a few minutes, and expect no changes.
    ");
    insta::assert_snapshot!(report_markdown(&report, &plan), @r"
    ## Applied in part: 3 added, 1 changed, 2 deleted; 1 failed, 1 refused, 1 unknown, 3 skipped, 1 unconfirmed, 1 done already.

    **Interrupted: what was begun was finished, and nothing else was started.**

    Portal **developer-portal**

    - The portal has changed since the plan was made: plan again, and review what is different.
    - What is unknown was not repeated: the next plan reads the portal and tells.
    - Once the cause of a failure is gone, plan and apply again: what is done stays done.
    - The hub may be slow to show what was written: plan again in a few minutes, and expect no changes.

    <details open>
    <summary>Not plainly applied</summary>

    ```diff
    - assets/Finance/old-api: failed
          DELETE assets: 403: no\nway
          hint: the connected app needs Exchange Viewer
    ! members/jane@example.com: refused, since it is not what the plan saw
          userGroups
            before: [API Developers, Gold Tier]
            after:  [API Developers]
            live:   []
    + prospects/zoe: unknown whether it was written
          the connection ended before an answer came
      2 changes skipped, because change 3 failed
    !     assets/Finance/split-api (first of two steps)
    !     assets/Finance/split-api (second of two steps)
    ! assets/Finance/odd-api: skipped, because the apply was interrupted
    + assets/Finance/payment-api: unconfirmed
    ```

    </details>
    ");
    assert_eq!(without_colors(&report_human(&report, &plan, true)), report_human(&report, &plan, false));
}

#[test]
fn a_report_of_success_is_a_line() {
    let plan = Sample::new().emulator().group_created("A", None).group_deleted("B").plan();
    let done = report(&plan, |_| Outcome::Applied);
    assert_eq!(report_human(&done, &plan, false), "[emulator] Applied: 1 added, 0 changed, 1 deleted.\n");
}

#[test]
fn reports_in_json_count_outcomes() {
    let (plan, report) = troubled();
    let document: Value = serde_json::from_str(&report_json(&report, &plan)).unwrap();
    insta::assert_snapshot!(
        serde_json::to_string(&[&document["format_version"], &document["summary"], &document["outcomes"]]).unwrap(),
        @r#"["1.0",{"add":3,"change":1,"delete":2},{"already-done":1,"applied":4,"failed":1,"refused":1,"skipped":3,"unconfirmed":1,"unknown":1}]"#
    );
    assert_eq!(document["results"][2]["outcome"], "failed");
    assert_eq!(document["results"].as_array().unwrap().len(), plan.changes.len());
}

#[test]
fn plans_in_json_are_the_plan() {
    for text in HOSTILE {
        let plan = hostile(text);
        let document: Value = serde_json::from_str(&plan_json(&plan)).unwrap();
        assert_eq!(document, crate::plan::file::content(&plan));
    }
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn progress(plan: &Plan, color: bool) -> String {
    let output = Output::default();
    let progress = Progress::lines_to(plan, color, Box::new(output.clone()));
    for change in &plan.changes {
        progress.started(change);
        progress.finished(change, &Outcome::Applied);
    }
    progress.end();
    let bytes = output.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn progress_without_a_terminal_is_lines() {
    let plan = Sample::new().group_created("A", None).asset_deleted("old-api").plan();
    insta::assert_snapshot!(progress(&plan, false), @"
    [1/2] + userGroups/A: applied
    [2/2] - assets/Finance/old-api: applied
    ");
}

#[test]
fn progress_counts_each_change_once_from_several_threads() {
    let plan = partner(40);
    let output = Output::default();
    let progress = Progress::lines_to(&plan, false, Box::new(output.clone()));
    std::thread::scope(|scope| {
        for changes in plan.changes.chunks(10) {
            let progress = &progress;
            scope.spawn(move || changes.iter().for_each(|change| progress.finished(change, &Outcome::Applied)));
        }
    });
    let lines = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    for (index, line) in lines.lines().enumerate() {
        assert!(line.starts_with(&format!("[{}/40] ~ assets/Finance/api-", index + 1)), "{line}");
    }
    assert_eq!(lines.lines().count(), 40);
}

fn table(text: &str) -> Table {
    let mut table = Table::new(["NAME", "ID"]);
    table.row([text, "1"]).row(["Gold Tier", text]);
    table
}

#[test]
fn tables_are_plain_columns() {
    insta::assert_snapshot!(table("Zoë 日本").render(None), @"
    NAME       ID
    Zoë 日本   1
    Gold Tier  Zoë 日本
    ");
    insta::assert_snapshot!(table("a rather long name that does not fit").render(Some(30)), @"
    NAME           ID
    a rather long  1
    name that
    does not fit
    Gold Tier      a rather long
                   name that
                   does not fit
    ");
    insta::assert_snapshot!(Table::new(["NAME"]).render(None), @"NAME");
    insta::assert_snapshot!(table("=1+1, \"x\"").csv(), @r#"
    NAME,ID
    "'=1+1, ""x""",1
    "Gold Tier","'=1+1, ""x"""
    "#);
}

/// Everything that people read on a terminal or in a log.
fn terminal_outputs(plan: &Plan, text: &str, color: bool) -> Vec<String> {
    let outcome = |index| match index % 6 {
        0 => Outcome::Failed { message: text.to_owned(), hint: Some(text.to_owned()) },
        1 => Outcome::Unknown { message: text.to_owned() },
        2 => Outcome::Skipped { because: text.to_owned() },
        3 => Outcome::Refused {
            mismatches: vec![Mismatch {
                path: text.to_owned(),
                before: json!([text]),
                after: json!(text),
                live: json!({text: text}),
            }],
        },
        _ => Outcome::Unconfirmed,
    };
    let report = report(plan, outcome);
    vec![
        plan_human(plan, &PlanOptions { color, width: None, verbose: true }),
        plan_human(plan, &PlanOptions { color, width: Some(40), verbose: false }),
        report_human(&report, plan, color),
        progress(plan, color),
        table(text).render(None),
        table(text).render(Some(40)),
        table(text).csv().replace("\r\n", "\n"),
        plan_json(plan),
        report_json(&report, plan),
        plan_markdown(plan),
        report_markdown(&report, plan),
    ]
}

fn assert_inert(output: &str) {
    assert!(!output.chars().any(|character| character != '\n' && is_hidden(character)), "{output:?}");
    for line in output.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
    }
}

#[test]
fn nothing_in_a_portal_speaks_in_a_terminal_or_a_log() {
    for text in HOSTILE {
        for output in terminal_outputs(&hostile(text), text, false) {
            assert_inert(&output);
        }
        for output in terminal_outputs(&hostile(text), text, true) {
            assert_inert(&without_colors(&output));
        }
    }
}

/// Reads a comment as a forge does: what stands outside of fences, and how often sections open and close.
fn assert_inert_markdown(comment: &str, own_sections: usize) {
    let mut outside = String::new();
    let mut fenced = false;
    for line in comment.lines() {
        if line.trim_start().starts_with("```") {
            assert!(matches!(line, "```" | "```diff"), "{line:?}");
            assert_eq!(line == "```diff", !fenced, "fences alternate: {comment}");
            fenced = !fenced;
        } else if !fenced {
            outside.push_str(line);
            outside.push('\n');
        }
    }
    assert!(!fenced, "{comment}");
    assert_eq!(outside.matches("<details").count(), own_sections, "{outside}");
    assert_eq!(outside.matches('<').count(), own_sections * 4, "{outside}");
    assert_eq!(comment.matches("</details>").count(), own_sections, "{comment}");
    assert!(!comment.contains("@everyone"), "{comment}");
    assert!(!outside.contains(['@', '[', '|']), "{outside}");
    assert!(!outside.contains("://"), "{outside}");
    let references = outside.replace("&#", "").replace("## ", "");
    assert!(!references.contains('#'), "{outside}");
}

#[test]
fn nothing_in_a_portal_speaks_in_a_comment() {
    for text in HOSTILE {
        let plan = hostile(text);
        assert_inert_markdown(&plan_markdown(&plan), 7);
        let failed = report(&plan, |_| Outcome::Failed { message: text.to_owned(), hint: None });
        assert_inert_markdown(&report_markdown(&failed, &plan), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_speaks(text in ".*", part in prop::sample::select(HOSTILE.to_vec())) {
        let text = format!("{text}{part}");
        let plan = hostile(&text);
        for output in terminal_outputs(&plan, &text, true) {
            assert_inert(&without_colors(&output));
        }
        let comment = plan_markdown(&plan);
        prop_assert_eq!(comment.matches("</details>").count(), 7);
        prop_assert!(comment.encode_utf16().count() <= markdown::LIMIT);
    }
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
    assert!(comment.encode_utf16().count() <= markdown::LIMIT);
    assert!(comment.encode_utf16().count() > markdown::LIMIT - 2_000, "the room is used");
    assert!(comment.contains("+ userGroups/Only One"), "small sections are whole");
    assert!(comment.contains("entries not shown for want of room"), "{}", &comment[comment.len() - 500..]);
    assert_inert_markdown(&comment, 3);
    let failed = report(&plan, |_| Outcome::Failed { message: "x".repeat(5_000), hint: None });
    assert!(report_markdown(&failed, &plan).encode_utf16().count() <= markdown::LIMIT);
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
