//! The documents hold what they say: every console block of the README is run, and every link between the documents
//! leads somewhere.
//!
//! A section (a heading of the second level) is a folder of its own, with the examples in it, and its blocks run in
//! their order, as a reader would run them. A code block whose info string names a file after the language is written
//! to that file. A line `...` in the expected output stands for any lines.
//!
//! `UPDATE_README=1 cargo test --test readme` writes what the commands say now into the README; blocks with a `...`
//! are left to be edited by hand.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const APPLY: &str = "cargo run --release -- --emulator apply -f examples/quickstart --auto-approve";

/// What stands between two fences.
struct Block {
    /// The heading of the second level above it.
    section: String,
    /// `console`, or `yaml portal.yaml`.
    info: String,
    /// The number of its first line, counted from 0.
    start: usize,
    lines: Vec<String>,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut section = String::new();
    let mut open: Option<&str> = None;
    for (number, line) in markdown.lines().enumerate() {
        let info = line.trim_start_matches('`');
        let fence = &line[..line.len() - info.len()];
        match open {
            // Only as long a fence ends a block: a shorter one is part of it.
            Some(opening) if info.is_empty() && fence.len() >= opening.len() => open = None,
            Some(_) => blocks.last_mut().expect("a fence was opened").lines.push(line.to_owned()),
            None if fence.len() >= 3 => {
                let (section, info) = (section.clone(), info.to_owned());
                blocks.push(Block { section, info, start: number + 1, lines: Vec::new() });
                open = Some(fence);
            }
            None => {
                if let Some(heading) = line.strip_prefix("## ") {
                    heading.clone_into(&mut section);
                }
            }
        }
    }
    assert!(open.is_none(), "a code block has no end");
    blocks
}

/// One command of a console block, with the lines of output that follow it.
struct Step {
    command: String,
    /// The number of the first line of output in the README.
    start: usize,
    expected: Vec<String>,
}

fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in block.lines.iter().enumerate() {
        let start = block.start + number + 1;
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), start, expected: Vec::new() }),
            (None, Some(step)) if step.expected.is_empty() && step.command.ends_with('\\') => {
                step.command.push('\n');
                step.command.push_str(line);
                step.start = start;
            }
            (None, Some(step)) => step.expected.push(line.clone()),
            (None, None) => panic!("line {start} of the README: a console block begins with `$ `"),
        }
    }
    steps
}

/// What a shell runs for a command: cargo's own work is done already.
fn runnable(command: &str) -> Option<String> {
    match command.strip_prefix("cargo run --release -- ") {
        Some(arguments) => Some(format!("aehctl {arguments}")),
        None if command.starts_with("cargo ") => None,
        None => Some(command.to_owned()),
    }
}

/// Runs a command in a folder and gives its lines, of standard output and standard error as they come, and its status.
fn run(command: &str, previous_status: i32, folder: &Path) -> (Vec<String>, i32) {
    let binaries = Path::new(env!("CARGO_BIN_EXE_aehctl")).parent().expect("a binary is in a folder");
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap_or_default());
    let script = format!("exec 2>&1\n(exit {previous_status})\n{command}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", "/nonexistent"), ("RUST_BACKTRACE", "0")])
        .output()
        .expect("there is a shell");
    let text = String::from_utf8(output.stdout).expect("the output is text");
    // Where there is no terminal, progress is a line for each change; its order is the network's.
    let lines = text.lines().filter(|line| !is_progress(line)).map(str::to_owned).collect();
    (lines, output.status.code().unwrap_or(-1))
}

/// `[3/12] ~ members/jane@example.com: written`
fn is_progress(line: &str) -> bool {
    line.strip_prefix('[')
        .and_then(|line| line.split_once("] "))
        .and_then(|(numbers, _)| numbers.split_once('/'))
        .is_some_and(|(number, total)| number.parse::<u32>().is_ok() && total.parse::<u32>().is_ok())
}

/// Replaces what is another at each run by its shape: ids, times and digests.
fn masked(line: &str) -> String {
    const SHAPES: [&str; 3] = [
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "9999-99-99T99:99:99Z",
        "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    let has = |text: &[u8], shape: &str| {
        text.len() >= shape.len()
            && text.iter().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'9' => byte.is_ascii_digit(),
                b'f' => byte.is_ascii_hexdigit(),
                shape => *byte == shape,
            })
    };
    let mut masked = line.to_owned();
    for start in (0..line.len()).filter(|start| line.is_char_boundary(*start)) {
        if let Some(shape) = SHAPES.into_iter().find(|shape| has(&line.as_bytes()[start..], shape)) {
            masked.replace_range(start..start + shape.len(), shape);
        }
    }
    without_times(&masked)
}

/// A line without how long an apply took, or was forecast to take.
fn without_times(line: &str) -> String {
    if !line.contains("Forecast: ") && !line.contains("Sent ") {
        return line.to_owned();
    }
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let timeless = |part: &str| part.trim_start_matches("about ").trim_start_matches(is_number).to_owned();
    line.split(" in ").map(timeless).collect::<Vec<_>>().join(" in ")
}

/// Whether lines are as expected, where `...` stands for any lines.
fn fits(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "..." => (0..=actual.len()).any(|skipped| fits(rest, &actual[skipped..])),
        Some((first, rest)) => {
            actual.split_first().is_some_and(|(line, others)| masked(first) == masked(line) && fits(rest, others))
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).expect("the document can be read")
}

#[test]
fn the_console_blocks_of_the_readme_say_what_the_commands_say() {
    let markdown = read("README.md");
    let mut lines: Vec<String> = markdown.lines().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    let mut updates = Vec::new();
    let mut commands = Vec::new();
    let mut place: Option<(String, tempfile::TempDir)> = None;
    let mut status = 0;
    for block in blocks(&markdown) {
        if place.as_ref().is_none_or(|(section, _)| *section != block.section) {
            let folder = tempfile::tempdir().expect("a folder can be made");
            for name in ["examples", "schemas"] {
                copy(&Path::new(ROOT).join(name), &folder.path().join(name));
            }
            place = Some((block.section.clone(), folder));
            status = 0;
        }
        let folder = place.as_ref().expect("the section has a folder").1.path();
        if let Some((_, file)) = block.info.split_once(' ') {
            fs::write(folder.join(file), block.lines.join("\n") + "\n").expect("a file can be written");
        }
        if block.info != "console" {
            continue;
        }
        for step in steps(&block) {
            commands.push(step.command.clone());
            let Some(command) = runnable(&step.command) else { continue };
            let (actual, ended) = run(&command, status, folder);
            status = ended;
            if !fits(&step.expected, &actual) {
                wrong.push(format!("$ {}\n{}\n(status {status})\n", step.command, actual.join("\n")));
                if !step.expected.iter().any(|line| line == "...") {
                    updates.push((step.start..step.start + step.expected.len(), actual));
                }
            }
        }
    }
    assert!(commands.iter().filter(|command| *command == APPLY).count() >= 2, "the first command runs twice");
    assert!(commands.iter().any(|command| command == "cargo test"), "the tests are run");
    if std::env::var_os("UPDATE_README").is_some() {
        for (range, actual) in updates.into_iter().rev() {
            lines.splice(range, actual);
        }
        fs::write(Path::new(ROOT).join("README.md"), lines.join("\n") + "\n").expect("the README can be written");
    }
    assert!(wrong.is_empty(), "the README says otherwise than these commands:\n\n{}", wrong.join("\n"));
}

/// The targets of `[text](target)`, code blocks aside.
fn links(markdown: &str) -> Vec<String> {
    let code = blocks(markdown);
    let is_code =
        |number: &usize| code.iter().any(|block| (block.start..block.start + block.lines.len()).contains(number));
    let lines = markdown.lines().enumerate().filter(|(number, _)| !is_code(number));
    let text = lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    let ends = text.match_indices("](").map(|(start, opening)| &text[start + opening.len()..]);
    ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let root = Path::new(ROOT);
    let mut documents: Vec<PathBuf> = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(PathBuf::from).into();
    for entry in fs::read_dir(root.join("docs")).expect("there are documents") {
        documents.push(Path::new("docs").join(entry.expect("the folder can be read").file_name()));
    }
    let mut broken = Vec::new();
    let mut count = 0;
    for document in documents.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        for link in links(&read(document)) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                document.clone()
            } else {
                document.parent().expect("a document is in a folder").join(file)
            };
            let has_heading = |text: String| {
                text.lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line.trim_start_matches('#').trim_start()) == heading)
            };
            if !root.join(&target).exists() || (!heading.is_empty() && !has_heading(read(&target))) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(count > 10, "the documents point to each other");
    assert!(broken.is_empty(), "these lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let document = read("docs/dependencies.md");
    let explained: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|names| names.split(", "))
        .collect();
    let sections = manifest
        .split("\n[")
        .filter(|section| section.starts_with("dependencies]") || section.starts_with("dev-dependencies]"));
    let names: Vec<&str> =
        sections.flat_map(str::lines).filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    assert!(names.len() > 20, "only {names:?} were found");
    let unexplained: Vec<&&str> = names.iter().filter(|name| !explained.contains(name)).collect();
    assert!(unexplained.is_empty(), "docs/dependencies.md does not say what these are for: {unexplained:?}");
}
