//! Where words go: data to stdout, all else to stderr; closed pipes, colours, logs.

use std::process::Stdio;

use crate::support::{Case, Hub, QUICKSTART};

/// A pipe that nobody reads any more.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    writer.into()
}

#[test]
fn a_closed_pipe_is_no_error() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    for arguments in [
        &["get", "members"][..],
        &["plan", "-f", "portal.yaml"],
        &["plan", "-f", "portal.yaml", "--format", "json"],
        &["schema"],
        &["man"],
        &["completions", "bash"],
        &["emulator", "openapi"],
        &["--help"],
        &["plan", "--help"],
        &["--version"],
        &["validate", "-f", "portal.yaml"],
    ] {
        let output = case.command(arguments).stdout(closed()).output().expect("the binary can be started");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let both = case.command(&["plan", "-f", "nowhere.yaml"]).stdout(closed()).stderr(closed()).status();
    assert_eq!(both.expect("the binary can be started").code(), Some(1));
}

#[test]
fn a_closed_pipe_stops_no_apply() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    let apply = ["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "approve,reject"];
    let status = case.command(&apply).stdout(closed()).stderr(closed()).status().expect("the binary can be started");
    assert_eq!(status.code(), Some(0));
    case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = Case::new().command(&["schema"]).stdout(full).output().expect("the binary can be started");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"error: failed to write the result: No space left on device (os error 28)");
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    let snapshot = case.run(&["observe", "-f", "portal.yaml", "--out", "/dev/fd/1"]).exits(0).json();
    assert!(snapshot["format_version"].is_string(), "{snapshot}");
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let hub = Hub::demo();
    let mut case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    let escapes = |case: &Case, arguments: &[&str]| case.run(arguments).all().matches('\u{1b}').count();
    assert_eq!(escapes(&case, &["plan", "-f", "portal.yaml"]), 0);
    assert!(escapes(&case, &["plan", "-f", "portal.yaml", "--color", "always"]) > 10);
    case.set("NO_COLOR", "1");
    assert!(escapes(&case, &["plan", "-f", "portal.yaml", "--color", "always"]) > 10);
    assert_eq!(escapes(&case, &["plan", "-f", "portal.yaml", "--color", "never"]), 0);
    assert!(escapes(&case, &["plan", "-f", "nowhere.yaml", "--color", "always"]) > 0);
}

#[test]
fn requests_are_counted_in_the_log() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    insta::assert_snapshot!(case.run(&["-v", "validate", "--online", "-f", "portal.yaml"]), @"
    stdout:
    Valid: 1 portal in 1 file.
    stderr:
     INFO observed: 20 requests (createV2Oauth2Token 1, getAllApiPortalByConnectionId 1, getAllProfilesByPortal 1, getAllVersionsVisibilityByGA 3, getCommunityUsers 4, getConnections 1, getGroupMappings 3, getProspects 1, listHierarchy 1, listIdentityProviders 1, listMe 1, searchCommunityAssets 2)
    exit: 0
    ");
    let logged = case.run(&["-vv", "--log-format", "json", "get", "connections"]).exits(0);
    for line in logged.stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("each line of the log is JSON");
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert!(logged.stderr.contains("getConnections"), "{logged}");
    assert!(logged.stdout.starts_with("ID "), "the log is no data: {logged}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_told_all_the_same() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    let apply = ["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "approve,reject", "--format", "json"];
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = case.command(&apply).stdout(full).output().expect("the binary can be started");
    assert_eq!(output.status.code(), Some(0), "everything is applied");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let end = told.split_once("warning: ").expect("it is told").1;
    insta::assert_snapshot!(end, @"
    failed to write the result: No space left on device (os error 28); this is the report
    Applied: 4 added, 6 changed, 2 deleted.
    Sent 43 requests in less than a second; the forecast was 43 in about 1 s.
    ");
}
