//! Every example fits the committed schema for other tools too, and does what it says: planned and applied against
//! its own world, nothing is left to change.

mod pipeline;

use std::fs;
use std::path::{Path, PathBuf};

use aehctl::emulator::{self, Options};
use pipeline::{World, manifests};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of the examples, by name; the pipelines in `ci` are run by `tests/pipelines.rs`.
fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("examples")).expect("the examples are there");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    folders.retain(|folder| !folder.ends_with("ci"));
    folders.sort();
    folders
}

/// Every YAML file below a folder, seeds aside.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let pattern = format!("{}/**/*.yaml", folder.display());
    let files = glob::glob(&pattern).expect("the pattern is one").map(|file| file.expect("the folder can be read"));
    files.filter(|file| !file.ends_with("emulator/seed.yaml")).collect()
}

#[test]
fn every_file_fits_the_committed_schema() {
    let schema = fs::read_to_string(root().join("schemas/portal.schema.json")).expect("the schema is there");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let mut seen = 0;
    for file in examples().iter().flat_map(|folder| files_below(folder)) {
        let text = fs::read_to_string(&file).expect("the example can be read");
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("the example is YAML");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", file.display());
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} files were found");
}

#[tokio::test]
async fn every_portal_is_applied_and_then_nothing_is_left() {
    let mut applied = Vec::new();
    for folder in examples() {
        let seed =
            fs::read_to_string(folder.join("emulator/seed.yaml")).unwrap_or_else(|_| emulator::demo().to_owned());
        let (world, _hub) = World::start(Options { seed: Some(seed), ..Options::default() }, |client| client).await;
        let portals = folder.join("portals");
        let from = if portals.is_dir() { portals } else { folder.clone() };
        for manifest in manifests(&[from], root()) {
            let name = &manifest.name.value;
            let plan = world.plan(&manifest).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!plan.is_empty(), "{name} has nothing to show");
            let report = world.apply(&plan).await;
            assert!(report.is_complete() && !report.has_unconfirmed(), "{name}: {report:#?}");
            let again = world.plan(&manifest).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(again.is_empty(), "{name}: {:#?}", again.changes);
            applied.push(name.clone());
        }
    }
    assert_eq!(applied, ["workforce-portal", "production", "staging", "developer-portal"]);
}
