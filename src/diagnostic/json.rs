//! Diagnostics for scripts.

use serde_json::{Value, json};

use super::{Diagnostic, Location, Sources};

/// A JSON array of `{severity, code, message, file, line, column, help, related}`; what is not known is null.
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    diagnostics.iter().map(|diagnostic| diagnostic_to_json(diagnostic, sources)).collect()
}

fn diagnostic_to_json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let Diagnostic { severity, code, message, location, related, help } = diagnostic;
    let [file, line, column] = location.map(|location| place(location, sources)).unwrap_or_default();
    let related: Vec<Value> = related
        .iter()
        .map(|(location, message)| {
            let [file, line, column] = place(*location, sources);
            json!({"message": message, "file": file, "line": line, "column": column})
        })
        .collect();
    json!({
        "severity": severity.as_str(),
        "code": code,
        "message": message,
        "file": file,
        "line": line,
        "column": column,
        "help": help,
        "related": related,
    })
}

fn place(location: Location, sources: &Sources) -> [Value; 3] {
    let (line, column) = sources.position(location);
    [sources.file(location.file).path.to_string_lossy().into(), line.into(), column.into()]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_part_is_there_or_null() {
        let mut sources = Sources::default();
        let file = sources.add(Path::new("a.yaml"), "x: 1\ny: 2\n");
        let diagnostics = [
            Diagnostic::error("unknown-field", Location { file, start: 5, end: 6 }, "unknown field `y`")
                .with_help("leave it out")
                .with_related(Location { file, start: 0, end: 1 }, "first here"),
            Diagnostic::warning("empty-document", None, "nothing"),
        ];
        insta::assert_json_snapshot!(to_json(&diagnostics, &sources), @r#"
        [
          {
            "code": "unknown-field",
            "column": 1,
            "file": "a.yaml",
            "help": "leave it out",
            "line": 2,
            "message": "unknown field `y`",
            "related": [
              {
                "column": 1,
                "file": "a.yaml",
                "line": 1,
                "message": "first here"
              }
            ],
            "severity": "error"
          },
          {
            "code": "empty-document",
            "column": null,
            "file": null,
            "help": null,
            "line": null,
            "message": "nothing",
            "related": [],
            "severity": "warning"
          }
        ]
        "#);
    }
}
