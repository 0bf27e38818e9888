//! The examples load without a word, fit the schema for other tools too, and are in canonical form.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::format::format;
use super::super::schema::schema;
use super::*;

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut files: Vec<PathBuf> = glob::glob(&format!("{}/**/*.yaml", root.display()))
        .expect("the pattern is one")
        .map(|path| path.expect("the examples can be read"))
        .filter(|path| !path.ends_with("emulator/seed.yaml") && !path.starts_with(root.join("ci")))
        .collect();
    files.sort();
    assert!(files.len() >= 12, "the examples are there");
    files
}

fn loaded(paths: &[&str]) -> Vec<Manifest> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join("examples").join(path)).collect();
    let loaded = load(&paths, &LoadOptions { environment: &|_| None, working_directory: root });
    let told = crate::diagnostic::render(&loaded.diagnostics, &loaded.sources, false);
    assert_eq!(told, "");
    loaded.manifests
}

#[test]
fn each_loads_without_a_word() {
    for (paths, names) in [
        (["quickstart"].as_slice(), ["developer-portal"].as_slice()),
        (&["identity-provider"], &["workforce-portal"]),
        (&["partners/portals"], &["production", "staging"]),
        (&["partners/portals", "partners/portals/staging.yaml"], &["production", "staging"]),
    ] {
        let manifests = loaded(paths);
        assert_eq!(manifests.iter().map(|manifest| manifest.name.value.as_str()).collect::<Vec<_>>(), names);
    }
}

#[test]
fn the_quickstart_touches_every_kind() {
    let manifest = loaded(&["quickstart"]).remove(0);
    assert!(manifest.user_groups.iter().flatten().any(|group| group.idp_groups.is_some()));
    assert!(manifest.user_groups.iter().flatten().any(|group| !group.formerly.is_empty()));
    assert!(manifest.assets.is_some_and(|assets| assets.len() > 3));
    assert!(manifest.members.is_some_and(|members| !members.is_empty()));
    assert_eq!(manifest.prospects.map(|rules| rules.len()), Some(2));
}

#[test]
fn one_catalogue_serves_two_environments() {
    let [production, staging] = loaded(&["partners/portals"]).try_into().expect("there are two");
    assert_eq!(production.assets, staging.assets);
    assert!(production.audiences["beta"].groups.is_empty());
    assert_eq!(staging.audiences["beta"].groups.len(), 3);
}

#[test]
fn each_fits_the_schema_for_other_tools() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    for path in examples() {
        let text = fs::read_to_string(&path).expect("the example can be read");
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("the example is YAML");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    for spec in [
        "  target: {regon: us}\n",
        "  target: {region: mars}\n",
        "  members: [{userGroups: []}]\n",
        "  members: [{user: jane, enabled: 'true'}]\n",
        "  assets: [{asset: a/b, versions: {latest: []}}]\n",
        "  assets: [{asset: a/b, state: gone}]\n",
        "  assets:\n",
    ] {
        let text = portal(spec);
        assert_ne!(faults_of(spec), "", "{spec}");
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("the text is YAML");
        assert!(!validator.is_valid(&value), "{spec}");
    }
}

#[test]
fn each_is_in_canonical_form() {
    for path in examples() {
        let text = fs::read_to_string(&path).expect("the example can be read");
        let formatted = format(&text).expect("the example can be laid out");
        if std::env::var_os("UPDATE_EXAMPLES").is_some() {
            fs::write(&path, &formatted).expect("the example can be written");
        }
        assert_eq!(formatted, text, "{}: run the tests with UPDATE_EXAMPLES=1", path.display());
    }
}
