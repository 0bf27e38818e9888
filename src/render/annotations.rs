//! Faults and concerns for the places where a forge shows them beside the lines of a change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::text;
use crate::diagnostic::Severity;
use crate::plan::file::hexadecimal;

/// Something to be shown at a line of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    pub severity: Severity,
    /// A stable word.
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    /// None: it is about no file.
    pub place: Option<Place>,
}

/// A part of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// From 1, as the columns are.
    pub line: usize,
    pub column: usize,
    /// Behind the last column.
    pub end_column: usize,
}

/// Workflow commands of GitHub Actions, one for each line. GitHub shows the first ten of each severity of a step, so
/// errors come first.
pub fn github(annotations: &[Annotation]) -> String {
    let mut commands = String::new();
    for annotation in by_severity(annotations) {
        let Annotation { severity, code, message, help, place } = annotation;
        let mut properties = Vec::new();
        if let Some(Place { path, line, column, end_column }) = place {
            properties.push(format!("file={}", text::workflow_property(path)));
            properties.push(format!("line={line},endLine={line},col={column},endColumn={end_column}"));
        }
        properties.push(format!("title={}", text::workflow_property(&format!("aehctl {code}"))));
        let mut message = text::workflow_message(message).into_owned();
        if let Some(help) = help {
            // A line break, as the data of a command spells it.
            let _ = write!(message, "%0Ahelp: {}", text::workflow_message(help));
        }
        let _ = writeln!(commands, "::{} {}::{message}", severity.as_str(), properties.join(","));
    }
    commands
}

/// A report of GitLab's Code Quality. What is about no file is about the repository.
pub fn gitlab(annotations: &[Annotation]) -> Value {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let entry = |annotation: &Annotation| {
        let Annotation { severity, code, message, help, place } = annotation;
        let (path, line) = place.as_ref().map_or((".", 1), |place| (place.path.as_str(), place.line));
        // The line is no part of it: a fault stays the same when lines are added above it.
        let same = format!("{code}\n{path}\n{message}");
        let number = seen.entry(same.clone()).or_default();
        *number += 1;
        let fingerprint = Sha256::digest(format!("{same}\n{number}"));
        let description = match help {
            Some(help) => format!("{}; {}", text::terminal(message), text::terminal(help)),
            None => text::terminal(message).into_owned(),
        };
        json!({
            "description": description,
            "check_name": code,
            "fingerprint": hexadecimal(&fingerprint),
            "severity": match severity {
                Severity::Error => "blocker",
                Severity::Warning => "minor",
            },
            "location": {"path": path, "lines": {"begin": line}},
        })
    };
    by_severity(annotations).into_iter().map(entry).collect()
}

fn by_severity(annotations: &[Annotation]) -> Vec<&Annotation> {
    let mut sorted: Vec<&Annotation> = annotations.iter().collect();
    sorted.sort_by_key(|annotation| annotation.severity);
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn annotation(severity: Severity, message: &str) -> Annotation {
        let place = Place { path: "portals/a.yaml".to_owned(), line: 5, column: 7, end_column: 12 };
        Annotation { severity, code: "unknown-field", message: message.to_owned(), help: None, place: Some(place) }
    }

    #[test]
    fn commands_name_the_place_and_errors_come_first() {
        let helpful =
            Annotation { help: Some("did you mean `a`?".to_owned()), ..annotation(Severity::Error, "no `b`") };
        let nowhere = Annotation { place: None, ..annotation(Severity::Error, "no file") };
        insta::assert_snapshot!(github(&[annotation(Severity::Warning, "odd: 100 %, really"), helpful, nowhere]), @r"
        ::error file=portals/a.yaml,line=5,endLine=5,col=7,endColumn=12,title=aehctl unknown-field::no `b`%0Ahelp: did you mean `a`?
        ::error title=aehctl unknown-field::no file
        ::warning file=portals/a.yaml,line=5,endLine=5,col=7,endColumn=12,title=aehctl unknown-field::odd: 100 %25, really
        ");
    }

    #[test]
    fn a_report_is_as_gitlab_reads_it() {
        let nowhere = Annotation { place: None, ..annotation(Severity::Error, "no file") };
        let twice = annotation(Severity::Warning, "odd");
        let report = gitlab(&[twice.clone(), nowhere, twice]);
        let mut expected = json!([
            {
                "description": "no file",
                "check_name": "unknown-field",
                "severity": "blocker",
                "location": {"path": ".", "lines": {"begin": 1}},
            },
            {
                "description": "odd",
                "check_name": "unknown-field",
                "severity": "minor",
                "location": {"path": "portals/a.yaml", "lines": {"begin": 5}},
            },
        ]);
        let again = expected[1].clone();
        expected.as_array_mut().expect("it is a list").push(again);
        for (entry, expected) in report.as_array().expect("it is a list").iter().zip(expected.as_array_mut().unwrap()) {
            let fingerprint = entry["fingerprint"].clone();
            assert_eq!(fingerprint.as_str().map(str::len), Some(64));
            expected["fingerprint"] = fingerprint;
        }
        assert_eq!(report, expected);
        assert_ne!(report[1]["fingerprint"], report[2]["fingerprint"], "one of them is not the other");
    }

    #[test]
    fn a_fingerprint_outlives_the_lines_above() {
        let moved = |line| {
            let mut annotation = annotation(Severity::Error, "odd");
            annotation.place.as_mut().expect("it has a place").line = line;
            gitlab(&[annotation])[0]["fingerprint"].clone()
        };
        assert_eq!(moved(1), moved(100));
        assert_ne!(gitlab(&[annotation(Severity::Error, "other")])[0]["fingerprint"], moved(1));
    }

    proptest! {
        #[test]
        fn every_command_is_one_line_whose_parts_are_what_was_given(
            path in "[a:,%\r\n@é\u{202e}=]{1,8}",
            message in "(::|##\\[|%0A|\r|\n|\u{1b}|\u{202e}|,|x){0,8}",
        ) {
            let mut hostile = annotation(Severity::Error, &message);
            hostile.help = Some(message.clone());
            hostile.place.as_mut().expect("it has a place").path.clone_from(&path);
            let commands = github(&[hostile]);
            let line = commands.strip_suffix('\n').expect("a line ends");
            prop_assert!(!line.contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{}", line);
            prop_assert!(!line.contains("##"), "{}", line);
            // Read as GitHub's runner reads it.
            let (properties, data) = line.strip_prefix("::error ").expect("it is a command").split_once("::").expect("it has data");
            let keys: Vec<&str> = properties.split(',').map(|property| property.split_once('=').expect("it has a value").0).collect();
            prop_assert_eq!(keys, ["file", "line", "endLine", "col", "endColumn", "title"]);
            let given = properties.split(',').next().expect("there are some").trim_start_matches("file=");
            let read = given.replace("%2C", ",").replace("%3A", ":").replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
            let shown = text::terminal(&path);
            prop_assert_eq!(read.as_str(), shown.as_ref());
            prop_assert_eq!(data.matches("%0Ahelp: ").count(), 1);
        }
    }
}
