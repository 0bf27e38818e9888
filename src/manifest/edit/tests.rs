use std::path::Path;

use super::*;

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add(Path::new("portal.yaml"), text);
    sources
}

/// The place of a piece of the text that stands in it once.
fn at(text: &str, piece: &str) -> Location {
    let start = text.find(piece).unwrap_or_else(|| panic!("{piece} is not in {text}"));
    assert_eq!(text.rfind(piece), Some(start), "{piece} is in {text} once");
    let offset = |at: usize| u32::try_from(at).expect("the text is short");
    Location { file: 0, start: offset(start), end: offset(start + piece.len()) }
}

fn edited(text: &str, edit: impl FnOnce(&mut Editor<'_>) -> Edited) -> Result<String, &'static str> {
    let sources = sources(text);
    let mut editor = Editor::new(&sources);
    edit(&mut editor).map_err(|fault| fault.reason)?;
    let mut texts = editor.finish().map_err(|fault| fault.reason)?;
    Ok(texts.remove(&0).unwrap_or_else(|| text.to_owned()))
}

/// The list with items of these texts gone, and others added.
fn listed(text: &str, remove: &[&str], add: &[&str]) -> String {
    let edit = ListEdit {
        remove: remove.iter().map(|piece| at(text, piece)).collect(),
        add: add.iter().map(ToString::to_string).collect(),
        whole: vec!["whole".to_owned()],
    };
    let result = edited(text, |editor| editor.list(at(text, "NAME"), &[], "list", edit));
    result.unwrap_or_else(ToOwned::to_owned)
}

#[test]
fn lists_between_brackets() {
    let text = "- {name: NAME, list: [A1, B1, \"C 1\", D1]} # why\n- next\n";
    for (remove, add, expected) in [
        (&["A1"][..], &[][..], "[B1, \"C 1\", D1]"),
        (&["D1"], &[], "[A1, B1, \"C 1\"]"),
        (&["B1", "\"C 1\""], &[], "[A1, D1]"),
        (&["\"C 1\"", "D1"], &[], "[A1, B1]"),
        (&["A1", "B1", "D1"], &[], "[\"C 1\"]"),
        (&["A1", "B1", "\"C 1\"", "D1"], &[], "[]"),
        (&["A1", "B1", "\"C 1\"", "D1"], &["X", "Y"], "[X, Y]"),
        (&["D1"], &["X", "Y"], "[A1, B1, \"C 1\", X, Y]"),
        (&[], &["X"], "[A1, B1, \"C 1\", D1, X]"),
    ] {
        let expected = format!("- {{name: NAME, list: {expected}}} # why\n- next\n");
        assert_eq!(listed(text, remove, add), expected, "{remove:?} {add:?}");
    }
    assert_eq!(listed("{name: NAME, list: []}", &[], &["X"]), "{name: NAME, list: [X]}");
    let broken = "name: NAME\nlist: [\n  A1, # one\n  B1, # two\n  C1,\n]\n";
    assert_eq!(listed(broken, &["A1"], &[]), "name: NAME\nlist: [\n  B1, # two\n  C1,\n]\n");
    assert_eq!(listed(broken, &["C1"], &["X"]), "name: NAME\nlist: [\n  A1, # one\n  B1, X,\n]\n");
}

#[test]
fn lists_line_by_line() {
    let text = "\
name: NAME
list: # all of them
  # the first
  - A1 # once

  # the second
  - B1
  - C1
after: x
";
    insta::assert_snapshot!(listed(text, &["A1"], &[]), @r"
    name: NAME
    list: # all of them
      # the second
      - B1
      - C1
    after: x
    ");
    insta::assert_snapshot!(listed(text, &["B1"], &["X", "\"Y\""]), @r#"
    name: NAME
    list: # all of them
      # the first
      - A1 # once

      - C1
      - X
      - "Y"
    after: x
    "#);
    insta::assert_snapshot!(listed(text, &["A1", "B1", "C1"], &[]), @r"
    name: NAME
    list: [] # all of them
    after: x
    ");
    insta::assert_snapshot!(listed(text, &["A1", "B1", "C1"], &["X"]), @r"
    name: NAME
    list: [X] # all of them
    after: x
    ");
    // The file may end without a line break, and lines may end as they do elsewhere.
    assert_eq!(listed("name: NAME\nlist:\n- A1", &[], &["X"]), "name: NAME\nlist:\n- A1\n- X");
    assert_eq!(
        listed("name: NAME\r\nlist:\r\n- A1\r\n- B1\r\n", &["A1"], &["X"]),
        "name: NAME\r\nlist:\r\n- B1\r\n- X\r\n"
    );
    assert_eq!(listed("- - A1\n  - B1\n- {name: NAME}\n", &[], &[]), "- - A1\n  - B1\n- {name: NAME, list: [whole]}\n");
}

#[test]
fn a_list_that_is_not_there_is_written_as_a_whole() {
    assert_eq!(listed("name: NAME\n", &[], &[]), "name: NAME\nlist: [whole]\n");
    assert_eq!(listed("- name: NAME # x\n- b\n", &[], &[]), "- name: NAME # x\n  list: [whole]\n- b\n");
    assert_eq!(listed("{name: NAME}", &[], &[]), "{name: NAME, list: [whole]}");
    assert_eq!(listed("name: NAME\nlist: # none\n", &[], &[]), "name: NAME\nlist: [whole] # none\n");
    assert_eq!(listed("name: NAME\nlist: ~\n", &[], &[]), "name: NAME\nlist: [whole]\n");
    assert_eq!(
        listed("a: &a [x]\nb: {name: NAME, list: *a}\n", &[], &[]),
        "a: &a [x]\nb: {name: NAME, list: [whole]}\n"
    );
    assert_eq!(
        listed("- name: NAME\n  children:\n    - name: x\n", &[], &[]),
        "- name: NAME\n  list: [whole]\n  children:\n    - name: x\n"
    );
}

#[test]
fn keys_are_set_where_they_stand() {
    let set = |text: &str, path: &[&str], key: &str, value: &str| {
        let result = edited(text, |editor| editor.set(at(text, "NAME"), path, key, value.to_owned()));
        result.unwrap_or_else(ToOwned::to_owned)
    };
    assert_eq!(set("{name: NAME, enabled: true} # x", &[], "enabled", "false"), "{name: NAME, enabled: false} # x");
    assert_eq!(set("name: NAME\ntext: |\n  a\n  b\n# c\n", &[], "text", "\"\""), "name: NAME\ntext: \"\"\n# c\n");
    assert_eq!(set("name: NAME\ntext: \"a\n  b\"\nc: d\n", &[], "text", "x"), "name: NAME\ntext: x\nc: d\n");
    assert_eq!(set("name: NAME\n", &["versions"], "v1", "[A]"), "name: NAME\nversions: {v1: [A]}\n");
    assert_eq!(
        set("name: NAME\nversions:\n  v1: [A]\n\nother: x\n", &["versions"], "v2", "[B]"),
        "name: NAME\nversions:\n  v1: [A]\n  v2: [B]\n\nother: x\n"
    );
    assert_eq!(set("{name: NAME, versions: {}}", &["versions"], "*", "[]"), "{name: NAME, versions: {\"*\": []}}");
    assert_eq!(
        set("a: &a {v1: []}\nb: {name: NAME, versions: *a}", &["versions"], "v2", "[]"),
        "it stands elsewhere and is only named here"
    );
    let text = "- name: NAME\n  versions:\n    v1: [A]\n- b\n";
    let inner_and_outer = edited(text, |editor| {
        editor.set(at(text, "NAME"), &[], "enabled", "true".to_owned())?;
        editor.set(at(text, "NAME"), &["versions"], "v2", "[B]".to_owned())
    });
    assert_eq!(
        inner_and_outer.as_deref(),
        Ok("- name: NAME\n  versions:\n    v1: [A]\n    v2: [B]\n  enabled: true\n- b\n")
    );
    let text = "name: NAME\n";
    let two = edited(text, |editor| {
        editor.set(at(text, "NAME"), &["versions"], "v1", "[A]".to_owned())?;
        editor.set(at(text, "NAME"), &[], "enabled", "true".to_owned())?;
        editor.set(at(text, "NAME"), &["versions"], "1.0", "[]".to_owned())
    });
    assert_eq!(two.as_deref(), Ok("name: NAME\nenabled: true\nversions: {v1: [A], \"1.0\": []}\n"));
}

#[test]
fn an_entry_goes_with_what_belongs_to_it() {
    let text = "\
list:
  # Ours.
  - name: A1
    list:
      - x
    # more of A

  # Theirs; kept for the audit
  # until spring.
  - name: NAME # soon
    text: |
      # no comment
    # the end of it

  # Last.
  - {name: C1}
";
    let gone = |piece: &str| edited(text, |editor| editor.remove_entry(at(text, piece))).expect("it can be removed");
    insta::assert_snapshot!(gone("NAME"), @r"
    list:
      # Ours.
      - name: A1
        list:
          - x
        # more of A

      # Last.
      - {name: C1}
    ");
    insta::assert_snapshot!(gone("A1"), @r"
    list:
      # Theirs; kept for the audit
      # until spring.
      - name: NAME # soon
        text: |
          # no comment
        # the end of it

      # Last.
      - {name: C1}
    ");
    insta::assert_snapshot!(gone("C1"), @r"
    list:
      # Ours.
      - name: A1
        list:
          - x
        # more of A

      # Theirs; kept for the audit
      # until spring.
      - name: NAME # soon
        text: |
          # no comment
        # the end of it
    ");
    let flow = "list: [{name: A1}, {name: NAME}]\n";
    assert_eq!(edited(flow, |editor| editor.remove_entry(at(flow, "NAME"))).as_deref(), Ok("list: [{name: A1}]\n"));
    let only = "list:\n  - name: NAME\n    more: [x]\nnext: y\n";
    assert_eq!(edited(only, |editor| editor.remove_entry(at(only, "NAME"))).as_deref(), Ok("list: []\nnext: y\n"));
}

#[test]
fn an_edit_within_what_goes_goes_with_it() {
    let text = "list:\n  - {name: NAME, a: x}\n  - {name: B}\n";
    let both = edited(text, |editor| {
        editor.set(at(text, "NAME"), &[], "a", "y".to_owned())?;
        editor.remove_entry(at(text, "NAME"))
    });
    assert_eq!(both.as_deref(), Ok("list:\n  - {name: B}\n"));
}
