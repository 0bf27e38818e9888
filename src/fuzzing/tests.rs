//! The corpus as plain tests.

use std::path::Path;

/// Runs every file of a corpus through its door.
fn run(corpus: &str, at_least: usize, door: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let files = std::fs::read_dir(&folder).expect("the corpus is there");
    let mut count = 0;
    for file in files {
        let path = file.expect("the corpus can be read").path();
        let input = std::fs::read(&path).expect("the corpus can be read");
        // The test's output, which is shown if it fails, ends with the file that did it.
        println!("{}", path.display());
        door(&input);
        count += 1;
    }
    assert!(count >= at_least, "only {count} files");
}

#[test]
fn no_manifest_of_the_corpus_is_too_much() {
    run("manifest", 10, super::manifest);
}

#[test]
fn no_plan_file_of_the_corpus_is_too_much() {
    run("plan", 5, super::plan_file);
}

#[test]
fn no_snapshot_of_the_corpus_is_too_much() {
    run("snapshot", 5, super::snapshot);
}

#[test]
fn no_response_of_the_corpus_is_too_much() {
    run("response", 10, super::response);
}

#[test]
fn no_seed_of_the_corpus_is_too_much() {
    run("seed", 5, super::seed);
}
