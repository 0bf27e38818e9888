//! The house: imports run downwards only.
//!
//! Every module may use what stands in its row and nothing else of the crate; a module without a row is a fault, so
//! that a newcomer has to find its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules that it may use, in layers from the ground up.
const HOUSE: &[(&str, &[&str])] = &[
    // The ground: nothing of the crate is below it. The emulator shares no type with the client.
    ("id", &[]),
    ("exit", &[]),
    ("files", &[]),
    ("text", &[]),
    ("diagnostic", &["text"]),
    ("client", &["text"]),
    ("emulator", &[]),
    ("address", &[]),
    ("limit", &[]),
    ("failure", &["exit"]),
    // What people write.
    ("manifest", &["address", "diagnostic", "limit", "text"]),
    ("revision", &["diagnostic", "exit", "failure", "id", "manifest", "text"]),
    // The kinds' specifications and what is known of a portal: pure.
    ("kinds/spec", &["directory", "id", "manifest", "state"]),
    ("directory", &["id", "kinds/spec", "manifest", "state"]),
    ("state", &["id", "kinds/spec", "manifest"]),
    ("snapshot", &["failure", "state"]),
    ("pseudonyms", &["address", "diagnostic", "failure", "id", "manifest", "state"]),
    // From both to a plan: pure.
    ("plan", &["address", "directory", "id", "kinds/spec", "limit", "manifest", "state"]),
    ("resolve", &["address", "diagnostic", "directory", "id", "kinds/spec", "manifest", "plan", "state", "text"]),
    ("diff", &["address", "id", "kinds/spec", "plan", "resolve", "state"]),
    ("order", &["address", "diff", "directory", "id", "kinds/spec", "plan"]),
    ("record", &["address", "diagnostic", "diff", "id", "kinds/spec", "manifest", "plan", "resolve", "state"]),
    ("hold", &["address", "diff", "id", "kinds/spec", "plan", "record"]),
    ("origin", &["address", "kinds/spec", "plan", "record"]),
    ("access", &["address", "directory", "id", "kinds/spec", "plan", "state"]),
    (
        "guard",
        &["access", "address", "diagnostic", "directory", "id", "kinds/spec", "limit", "manifest", "plan", "state"],
    ),
    (
        "plan/make",
        &["address", "diff", "guard", "hold", "manifest", "order", "origin", "plan", "record", "resolve", "state"],
    ),
    (
        "revoke",
        &[
            "diagnostic",
            "diff",
            "directory",
            "failure",
            "guard",
            "id",
            "kinds/spec",
            "limit",
            "manifest",
            "order",
            "plan",
            "resolve",
            "state",
        ],
    ),
    ("amend", &["address", "diagnostic", "directory", "id", "kinds/spec", "manifest", "plan", "state"]),
    ("concern", &["address", "diagnostic", "manifest", "plan"]),
    ("export", &["address", "diagnostic", "directory", "id", "kinds/spec", "manifest", "plan", "resolve", "state"]),
    ("report", &["address", "id", "plan"]),
    (
        "render",
        &[
            "access",
            "address",
            "diagnostic",
            "directory",
            "id",
            "kinds/spec",
            "manifest",
            "plan",
            "report",
            "state",
            "text",
        ],
    ),
    ("journal", &["address", "files", "id", "plan", "render", "report"]),
    // What talks to the hub.
    (
        "kinds/io",
        &["client", "directory", "failure", "id", "journal", "kinds/spec", "manifest", "plan", "report", "state"],
    ),
    ("observe", &["address", "client", "failure", "id", "kinds/io", "kinds/spec", "manifest", "resolve", "state"]),
    ("verify", &["client", "id", "kinds/io", "kinds/spec", "plan", "report"]),
    (
        "apply",
        &[
            "address",
            "client",
            "id",
            "kinds/io",
            "kinds/spec",
            "manifest",
            "order",
            "plan",
            "report",
            "state",
            "text",
            "verify",
        ],
    ),
    // The roof: arguments know words. Above it, commands wire everything, and nothing knows them.
    ("cli", &["address", "export", "hold", "limit", "plan"]),
];

/// What describes a portal: these three know each other.
const ONE_FLOOR: [&str; 3] = ["kinds/spec", "directory", "state"];

/// Modules that are the same for the same input: no clock, no network, no runtime.
const PURE: &[&str] = &[
    "kinds/spec",
    "directory",
    "state",
    "pseudonyms",
    "plan",
    "resolve",
    "diff",
    "order",
    "record",
    "hold",
    "origin",
    "plan/make",
    "access",
    "guard",
    "report",
    "concern",
    "export",
    "revoke",
    "amend",
];

/// What only impure code needs.
const IMPURE: &[&str] =
    &["tokio::", "reqwest::", "std::net", "std::fs", "std::env", "SystemTime", "Instant::now", "jiff::"];

#[test]
fn imports_run_downwards_only() {
    let house: BTreeMap<&str, BTreeSet<&str>> =
        HOUSE.iter().map(|(module, below)| (*module, below.iter().copied().collect())).collect();
    let mut faults = Vec::new();
    // These two wire everything, and nothing knows them.
    let is_roof = |source: &Source| matches!(source.module.as_str(), "commands" | "fuzzing");
    for Source { path, module, code } in sources().into_iter().filter(|source| !is_roof(source)) {
        let Some(below) = house.get(module.as_str()) else {
            faults.push(format!("{path}: module {module} has no row in the house"));
            continue;
        };
        for used in used(&code) {
            if used != module && !below.contains(used.as_str()) {
                faults.push(format!("{path}: {module} may not use {used}"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_house_has_floors() {
    for (level, (module, below)) in HOUSE.iter().enumerate() {
        for used in *below {
            let is_below = HOUSE[..level].iter().any(|(lower, _)| lower == used);
            let is_beside = ONE_FLOOR.contains(module) && ONE_FLOOR.contains(used);
            assert!(is_below || is_beside, "{used} does not stand below {module}");
        }
    }
}

#[test]
fn the_middle_of_the_pipeline_is_pure() {
    let mut faults = Vec::new();
    for Source { path, module, code } in sources().into_iter().filter(|source| PURE.contains(&source.module.as_str())) {
        for word in IMPURE.iter().filter(|word| code.contains(**word)) {
            faults.push(format!("{path}: {module} is pure and may not use {word}"));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn only_apply_and_its_wiring_can_write() {
    let allowed = ["client", "kinds/io", "commands"];
    for Source { path, module, code } in sources() {
        assert!(!code.contains("Writer") || allowed.contains(&module.as_str()), "{path} names the Writer");
        assert!(!code.contains("dry_run") || module == "commands", "{path} knows of dry runs");
    }
}

struct Source {
    path: String,
    module: String,
    /// Without its tests and comments.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let pattern = format!("{}/**/*.rs", root.display());
    let sources: Vec<Source> = glob::glob(&pattern)
        .expect("the pattern is one")
        .map(|path| path.expect("the sources can be read"))
        .filter_map(|path| source(&root, &path))
        .collect();
    assert!(sources.len() > 100, "only {} sources were found", sources.len());
    sources
}

/// `None` for tests, and for the two files that hold no module of the house.
fn source(root: &Path, path: &PathBuf) -> Option<Source> {
    let below = path.strip_prefix(root).expect("it is below");
    let parts: Vec<&str> = below.iter().map(|part| part.to_str().expect("sources have plain names")).collect();
    let is_test = |part: &&str| matches!(part.trim_end_matches(".rs"), "tests" | "samples" | "testing");
    if parts.iter().any(is_test) || matches!(parts.as_slice(), ["lib.rs" | "main.rs"]) {
        return None;
    }
    let text = fs::read_to_string(path).expect("the source can be read");
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let module = match parts.as_slice() {
        ["kinds", .., "io.rs" | "publish.rs" | "holders.rs"] | ["kinds", "session.rs" | "precondition.rs"] => {
            "kinds/io"
        }
        ["kinds", ..] => "kinds/spec",
        ["plan", "make.rs"] => "plan/make",
        [first, ..] => first.trim_end_matches(".rs"),
        [] => return None,
    };
    Some(Source { path: below.display().to_string(), module: module.to_owned(), code })
}

/// The modules of the crate that some code names.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (start, _) in code.match_indices("crate::") {
        // Macros' `$crate` is no path of this crate's own.
        if code[..start].ends_with(|before: char| before == '$' || before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[start + "crate::".len()..];
        let tree = match rest.strip_prefix('{') {
            Some(list) => list.split_once('}').map_or(list, |(list, _)| list),
            None => rest.split([';', ')', '>', '(', '.']).next().unwrap_or_default(),
        };
        let paths: Vec<&str> = if rest.starts_with('{') { tree.split(',').collect() } else { vec![tree] };
        used.extend(paths.into_iter().filter_map(|path| module_of(path.trim())));
    }
    used
}

/// `kinds::assets::io::read` → `kinds/io`.
fn module_of(path: &str) -> Option<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
    };
    let first = name(path);
    if first.is_empty() {
        return None;
    }
    if first != "kinds" {
        return Some(first);
    }
    let io =
        ["::io", "::publish", "::holders", "kinds::session", "kinds::precondition"].iter().any(|io| path.contains(io));
    Some(if io { "kinds/io".to_owned() } else { "kinds/spec".to_owned() })
}
