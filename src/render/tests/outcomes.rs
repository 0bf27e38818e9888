//! Reports, progress and tables.

use serde_json::{Value, json};

use super::{Output, partner, progress, table, varied};
use crate::plan::Plan;
use crate::render::progress::Progress;
use crate::render::samples::{Sample, report, without_colors};
use crate::render::table::Table;
use crate::render::{report_human, report_json, report_markdown};
use crate::report::{Mismatch, Outcome, Report};

fn troubled() -> (Plan, Report) {
    let plan = varied();
    let report = report(&plan, |index| match index {
        2 => Outcome::Failed {
            message: "DELETE assets: 403: no\nway".to_owned(),
            hint: Some("the connected app needs Exchange Viewer".to_owned()),
        },
        3 | 10 => Outcome::skipped_after(&plan.changes[2].address, ""),
        5 => Outcome::Refused {
            mismatches: vec![Mismatch {
                path: "userGroups".to_owned(),
                before: json!(["API Developers", "Gold Tier"]),
                after: json!(["API Developers"]),
                live: json!([]),
            }],
        },
        6 => Outcome::Unknown {
            message: "the connection ended before an answer came".to_owned(),
            hint: Some("`aehctl get user-groups` tells".to_owned()),
        },
        7 => Outcome::AlreadyDone,
        8 => Outcome::Unconfirmed,
        9 => Outcome::skipped("the apply was interrupted"),
        _ => Outcome::Applied,
    });
    (plan, report)
}

#[test]
fn a_report_tells_what_is_not_plainly_applied() {
    let (plan, mut report) = troubled();
    report.interrupted = true;
    insta::assert_snapshot!(report_human(&report, &plan, false), @r"
    Interrupted: nothing else was started, and what was begun was finished as far as the hub answered in time.

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
          hint: `aehctl get user-groups` tells
      2 changes skipped, because assets/Finance/old-api was not done
          ~ assets/Finance/split-api (first of two steps)
          ~ assets/Finance/split-api (second of two steps)
      ~ assets/Finance/odd-api: skipped, because the apply was interrupted
      + assets/Finance/payment-api: unconfirmed

    Applied in part: 3 added, 1 changed, 1 deleted; 1 failed, 1 refused, 1 unknown, 3 skipped, 1 unconfirmed, 1 done already.
    The portal has changed since the plan was made: plan again, and review what is different.
    What is unknown was not repeated: the next plan reads the portal and tells.
    Once the cause of a failure is gone, plan and apply again: what is done stays done.
    The hub may be slow to show what was written: plan again in a few minutes, and expect no changes.
    ");
    insta::assert_snapshot!(report_markdown(&report, &plan), @r"
    <!-- aehctl apply: developer-portal -->
    ## Applied in part: 3 added, 1 changed, 1 deleted; 1 failed, 1 refused, 1 unknown, 3 skipped, 1 unconfirmed, 1 done already.

    **Interrupted: nothing else was started, and what was begun was finished as far as the hub answered in time.**

    Portal **developer-portal** (Developer Portal, PRODUCTION at example.my.salesforce.com, region us)

    What was planned: Plan: 4 to add, 4 to change, 3 to delete.

    - The portal has changed since the plan was made: plan again, and review what is different.
    - What is unknown was not repeated: the next plan reads the portal and tells.
    - Once the cause of a failure is gone, plan and apply again: what is done stays done.
    - The hub may be slow to show what was written: plan again in a few minutes, and expect no changes.

    - **Warning:** publishing opens a short window

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
          hint: `aehctl get user-groups` tells
      2 changes skipped, because assets/Finance/old-api was not done
    !     assets/Finance/split-api (first of two steps)
    !     assets/Finance/split-api (second of two steps)
    ! assets/Finance/odd-api: skipped, because the apply was interrupted
    + assets/Finance/payment-api: unconfirmed
    ```

    </details>

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
        @r#"["1.0",{"add":3,"change":1,"delete":1},{"already-done":1,"applied":4,"failed":1,"refused":1,"skipped":3,"unconfirmed":1,"unknown":1}]"#
    );
    assert_eq!(document["results"][2]["outcome"], "failed");
    assert_eq!(document["results"].as_array().unwrap().len(), plan.changes.len());
}

#[test]
fn progress_without_a_terminal_is_lines() {
    let plan = Sample::new().group_created("A", None).asset_deleted("old-api").plan();
    insta::assert_snapshot!(progress(&plan, false), @"
    [1/2] + userGroups/A: written
    [2/2] - assets/Finance/old-api: written
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
    Gold Tier,"'=1+1, ""x"""
    "#);
}
