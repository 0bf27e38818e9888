//! Nothing in a portal speaks in our output.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{progress, table};
use crate::plan::Plan;
use crate::render::markdown::LIMIT;
use crate::render::samples::{HOSTILE, hostile, report, without_colors};
use crate::render::{PlanOptions, plan_human, plan_json, plan_markdown, report_human, report_json, report_markdown};
use crate::report::{Mismatch, Outcome};
use crate::text::is_hidden;

#[test]
fn plans_in_json_are_the_plan() {
    for text in HOSTILE {
        let plan = hostile(text);
        let document: Value = serde_json::from_str(&plan_json(&plan)).unwrap();
        assert_eq!(document, crate::plan::file::content(&plan));
    }
}

/// Everything that people read on a terminal or in a log.
fn terminal_outputs(plan: &Plan, text: &str, color: bool) -> Vec<String> {
    let outcome = |index| match index % 6 {
        0 => Outcome::Failed { message: text.to_owned(), hint: Some(text.to_owned()) },
        1 => Outcome::Unknown { message: text.to_owned(), hint: Some(text.to_owned()) },
        2 => Outcome::skipped(text),
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
pub(super) fn assert_inert_markdown(comment: &str, own_sections: usize) {
    // The mark of the comment acts on nothing, whatever the portal is called.
    let (marker, comment) = comment.split_once('\n').unwrap();
    let name = marker.strip_prefix("<!-- aehctl ").and_then(|rest| rest.strip_suffix(" -->")).unwrap();
    assert!(!name.contains("--") && !name.contains(['<', '>', '!']), "{marker}");
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
        assert_inert_markdown(&plan_markdown(&plan), 8);
        let failed = report(&plan, |_| Outcome::Failed { message: text.to_owned(), hint: None });
        assert_inert_markdown(&report_markdown(&failed, &plan), 9);
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
        prop_assert_eq!(comment.matches("</details>").count(), 8);
        prop_assert!(comment.encode_utf16().count() <= LIMIT);
    }
}
