//! Whatever a file holds, a load ends soon, with a diagnostic or with a manifest.

use proptest::prelude::*;

use super::super::format::format;
use super::*;

fn codes(bytes: &[u8]) -> Vec<&'static str> {
    let repository = Repository::new(&[]);
    repository.write("x.yaml", bytes);
    repository.load(&["x.yaml"]).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn odd_files() {
    assert_eq!(codes(b""), ["empty-file"]);
    assert_eq!(codes(b"# only a comment\n---\n---\n"), ["empty-file"]);
    assert_eq!(codes(b"a: \xff\n"), ["not-utf-8"]);
    assert_eq!(codes(b"\xff\xfea\0:\0"), ["not-utf-8"]);
    assert_eq!(codes(b"kind: Portal\0\n"), ["syntax"]);
    assert_eq!(codes(b"kind: \x1b[31m\n"), ["syntax"]);
    assert_eq!(codes(b"- kind: Portal\n"), ["wrong-type"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let text = format!("\u{feff}{}", portal("  userGroups: [{nam: A}]\n")).replace('\n', "\r\n");
    let told = Repository::new(&[("x.yaml", &text)]).faults(&["x.yaml"]);
    assert!(told.starts_with("x.yaml:5:16 error[missing-field]"), "{told}");
    let text = format!("\u{feff}{}", portal("  userGroups: [{name: A}]\n")).replace('\n', "\r\n");
    Repository::new(&[("x.yaml", &text)]).manifest(&["x.yaml"]);
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(laughs, "a{level}: &a{level} [{aliases}]");
    }
    assert_eq!(codes(laughs.as_bytes()), ["too-large"]);

    let mut merges = "a0: &a0 {k0: x}\n".to_owned();
    for level in 1..40 {
        let _ = writeln!(merges, "a{level}: &a{level} {{k{level}: [*a{0}, *a{0}], <<: *a{0}}}", level - 1);
    }
    assert_eq!(codes(merges.as_bytes()), ["too-large"]);

    for nested in ["[", "{a: ", "- ", "? ", "[{"] {
        assert_eq!(codes(nested.repeat(100_000).as_bytes()), ["syntax"], "{nested}");
    }
    assert_eq!(codes(b"a: &a [*a]\n"), ["missing-field", "syntax"]);
    assert_eq!(codes(b"a: &a {<<: *a}\n"), ["missing-field", "syntax"]);
}

#[test]
fn groups_in_a_deep_tree_are_no_bomb() {
    let tree = (0..40).fold(String::new(), |inner, level| {
        let children = if inner.is_empty() { String::new() } else { format!(", children: [{inner}]") };
        format!("{{name: G{level}{children}}}")
    });
    let manifest = manifest_of(&format!("  userGroups: [{tree}]\n"));
    assert_eq!(manifest.user_groups.map(|groups| groups.len()), Some(40));
}

/// Pieces of the examples and of trouble, in any order.
fn mutated() -> impl Strategy<Value = String> {
    let quickstart = include_str!("../../../examples/quickstart/portal.yaml");
    let lines: Vec<&'static str> = quickstart.lines().collect();
    let trouble = vec![
        "---",
        "...",
        "  - ",
        "\t",
        "*a",
        "&a x",
        "<<: *a",
        "? x",
        ": x",
        "!!str x",
        "${AEHCTL_VAR_X",
        "$${",
        "|",
        ">-",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        "# x",
        "spec:",
        "  userGroups:",
        "    - name: A",
        "      children:",
        "\u{85}",
        "\u{feff}",
        "é: ü",
        "%YAML 1.2",
    ];
    let piece = prop_oneof![
        4 => proptest::sample::select(lines.clone()).prop_map(str::to_owned),
        1 => proptest::sample::select(trouble).prop_map(str::to_owned),
    ];
    let shuffled = proptest::collection::vec(piece, 0..30).prop_map(|lines| lines.join("\n"));
    let cut = (0..quickstart.len(), 0..40_usize, "[\\PC\n\t]{0,4}").prop_map(move |(start, length, inserted)| {
        let boundary =
            |at: usize| (0..=at.min(quickstart.len())).rev().find(|at| quickstart.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = (boundary(start), boundary(start + length));
        format!("{}{inserted}{}", &quickstart[..start], &quickstart[end.max(start)..])
    });
    prop_oneof![shuffled, cut]
}

/// Loads a text, renders what is told of it, and lays it out: none of it may panic.
fn exercise(text: &str) {
    let repository = Repository::new(&[("x.yaml", text)]);
    let loaded = repository.load(&["x.yaml"]);
    let rendered = crate::diagnostic::render(&loaded.diagnostics, &loaded.sources, true);
    assert_eq!(rendered.is_empty(), loaded.diagnostics.is_empty());
    let _ = crate::diagnostic::to_json(&loaded.diagnostics, &loaded.sources);
    if let Ok(formatted) = format(text) {
        assert_eq!(format(&formatted), Ok(formatted));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        exercise(&text);
    }

    #[test]
    fn mutated_examples_are_survived(text in mutated()) {
        exercise(&text);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        codes(&bytes);
    }
}
