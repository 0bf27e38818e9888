//! The journal of an apply: what was intended and what came back.

use serde_json::Value;

use crate::proxy::{Proxy, Verdict, answer};
use crate::support::{Case, Hub, portal};

const APPLY: [&str; 4] = ["apply", "-f", "portal.yaml", "--auto-approve"];

const SPEC: &str = "  userGroups: [{name: Partner Initech, idpGroups: [{provider: Okta, group: initech}]}]
  members: [{user: jane@example.com, userGroups: [Partner Initech]}, {user: ken@example.com, enabled: false}]
";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// The journals in the default folder, by name.
fn journals(case: &Case) -> Vec<String> {
    case.files().into_iter().filter(|file| file.starts_with(".aehctl/journal/")).collect()
}

#[test]
fn every_write_is_announced_and_answered() {
    let hub = Hub::demo();
    let case = Case::on(&hub).with(&["--parallelism", "1"]);
    case.write("portal.yaml", portal(SPEC));
    case.run(&APPLY).exits(0);
    let journals = journals(&case);
    let [journal] = journals.as_slice() else { panic!("one apply, one journal: {journals:?}") };
    let lines = lines(&case.read(journal));
    let told: Vec<String> = lines
        .iter()
        .map(|line| {
            assert!(line["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
            let part = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            match part("event").as_str() {
                "begun" => format!("begun {} {}", part("portal"), line["changes"]),
                "intended" => {
                    let change = &line["changes"][0];
                    let path = change["fields"][0]["path"].as_str().unwrap_or_default();
                    format!("{} {} {} {path}", line["write"], part("operation"), change["address"])
                }
                "answered" => format!("{} {}", line["write"], part("answer")),
                "outcome" => format!("{} {}", part("address"), part("outcome")),
                _ => line["event"].to_string(),
            }
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    begun developer-portal 4
    1 createUserGroup "developer-portal/userGroups/Partner%20Initech" name
    1 done
    2 addGroupMappingToUser "developer-portal/members/jane@example.com" userGroups
    2 done
    3 disableCommunityUser "developer-portal/members/ken@example.com" enabled
    3 done
    4 addAdditionalGroupMapping "developer-portal/idpMappings/Partner%20Initech/Okta/initech" group
    4 done
    developer-portal/userGroups/Partner%20Initech applied
    developer-portal/members/jane@example.com applied
    developer-portal/members/ken@example.com applied
    developer-portal/idpMappings/Partner%20Initech/Okta/initech applied
    "ended"
    "#);
}

#[test]
fn what_did_not_go_well_is_told_as_it_was() {
    let hub = Hub::demo();
    let proxy = Proxy::before(&hub, |line, _| match line.split(' ').next() {
        Some("PUT") => Verdict::Lose,
        Some("PATCH") => Verdict::Answer(answer("403 Forbidden", r#"{"message": "no \u202e way"}"#)),
        _ => Verdict::Pass,
    });
    let case = Case::on(&hub).at(&proxy).with(&["--parallelism", "1"]);
    case.write("portal.yaml", portal(SPEC));
    case.run(&[&APPLY[..], &["--journal", "logs/of/apply.jsonl"]].concat()).exits(5);
    let text = case.read("logs/of/apply.jsonl");
    assert!(!text.contains('\u{202e}'), "{text}");
    let lines = lines(&text);
    let answer_of = |operation: &str| {
        let intended = lines.iter().find(|line| line["operation"] == operation).expect("it was announced");
        let write = &intended["write"];
        lines.iter().find(|line| line["event"] == "answered" && line["write"] == *write).expect("it was answered")
    };
    assert_eq!(answer_of("addGroupMappingToUser")["answer"], "unknown");
    assert_eq!(answer_of("disableCommunityUser")["answer"], "refused");
    assert!(answer_of("disableCommunityUser")["message"].as_str().is_some_and(|text| text.contains("403")));
    let outcome = |end: &str| {
        let is_of = |line: &&Value| {
            line["event"] == "outcome" && line["address"].as_str().is_some_and(|address| address.ends_with(end))
        };
        lines.iter().find(is_of).map(|line| line["outcome"].clone()).expect("each change has an outcome")
    };
    // Its answer was lost, and reading told what had become of it.
    assert_eq!(outcome("jane@example.com"), "applied");
    assert_eq!(outcome("ken@example.com"), "failed");
}

#[test]
fn a_plan_without_changes_has_none() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  userGroups: [{name: API Developers}]\n"));
    case.run(&APPLY).exits(0);
    assert_eq!(journals(&case), Vec::<String>::new());
}

#[test]
fn without_a_journal_nothing_is_written() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(SPEC));
    case.write("a-file", "");
    let refused = case.run(&[&APPLY[..], &["--journal", "a-file/journal.jsonl"]].concat()).exits(1);
    insta::assert_snapshot!(refused.stderr, @"
    error: failed to open the journal a-file/journal.jsonl: File exists (os error 17)
     hint: nothing was changed; name another place with --journal
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn it_is_its_owners_alone_and_no_link_leads_away_from_it() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(SPEC));
    case.write("open.jsonl", "");
    symlink(case.path("open.jsonl"), case.path("link.jsonl")).expect("a link can be made");
    case.run(&[&APPLY[..], &["--journal", "link.jsonl"]].concat()).exits(1);
    assert_eq!(case.read("open.jsonl"), "");
    case.run(&APPLY).exits(0);
    let mode = |path: &str| case.path(path).metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(".aehctl/journal"), 0o700);
    for journal in journals(&case) {
        assert_eq!(mode(&journal), 0o600, "{journal}");
    }
    case.write("portal.yaml", portal("  members: [{user: ken@example.com, enabled: true}]\n"));
    case.run(&[&APPLY[..], &["--allow", "enable", "--journal", "open.jsonl"]].concat()).exits(0);
    assert_eq!(mode("open.jsonl"), 0o600);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_announced_is_not_sent() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(SPEC));
    let refused = case.run(&[&APPLY[..], &["--journal", "/dev/full"]].concat()).exits(1);
    assert!(refused.stderr.starts_with("error: failed to open the journal /dev/full: No space left"), "{refused}");
    assert_eq!(hub.writes(), Vec::<String>::new());
}
