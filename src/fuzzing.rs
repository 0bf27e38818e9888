//! The doors for fuzzing: whatever bytes come from outside, in one function for each way in.
//!
//! None may panic, and what one half of the program accepts the other halves have to bear. The targets are in
//! `fuzz/`; the corpus that is kept there runs through the same functions as plain tests.

#[cfg(test)]
mod tests;

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::fs;
use std::str;

use tempfile::TempDir;

use crate::client;
use crate::diagnostic::{self, Diagnostic, Sources};
use crate::emulator;
use crate::export::{self, export};
use crate::guard;
use crate::kinds::user_groups::io::{check_tree, flatten};
use crate::manifest::format::format;
use crate::manifest::load::{LoadOptions, Loaded, load};
use crate::manifest::model::Manifest;
use crate::plan::file::{PlanKey, Unusable};
use crate::plan::{self, Plan, Revision};
use crate::pseudonyms::{self, Key};
use crate::record::Earlier;
use crate::render;
use crate::resolve;
use crate::snapshot::Snapshot;
use crate::state::LiveState;

/// The line between a Portal and the fragment that it may include.
const NEXT_FILE: &str = "\n%%%\n";

/// When plans are written.
const WHEN: &str = "2026-01-01T00:00:00Z";

/// A portal with everything in it.
const PORTAL: &str = include_str!("../fuzz/corpus/snapshot/everything.json");

/// A manifest with everything in it.
const MANIFEST: &str = include_str!("../fuzz/corpus/manifest/everything.yaml");

thread_local! {
    static FOLDER: LazyCell<TempDir> = LazyCell::new(|| TempDir::new().expect("a temporary folder can be made"));
    static LIVE: LazyCell<LiveState> =
        LazyCell::new(|| Snapshot::read(PORTAL).expect("the portal of the corpus can be read").live);
    static WANTED: LazyCell<(Manifest, Sources)> = LazyCell::new(|| {
        let Loaded { mut manifests, sources, .. } = loaded(MANIFEST);
        (manifests.pop().expect("the manifest of the corpus has a Portal"), sources)
    });
}

/// A manifest: loaded, shown with its faults, laid out, and planned.
pub fn manifest(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let loaded = loaded(text);
    show(&loaded.diagnostics, &loaded.sources);
    if !loaded.has_errors() {
        for manifest in &loaded.manifests {
            LIVE.with(|live| planned(manifest, live, &loaded.sources));
        }
    }
    let portal = text.split(NEXT_FILE).next().unwrap_or_default();
    if let Ok(formatted) = format(portal) {
        assert_eq!(format(&formatted).as_deref(), Ok(formatted.as_str()), "formatting settles");
    }
}

fn loaded(text: &str) -> Loaded {
    FOLDER.with(|folder| {
        let mut files = text.split(NEXT_FILE);
        let portal = folder.path().join("portal.yaml");
        fs::write(&portal, files.next().unwrap_or_default()).expect("a temporary file can be written");
        fs::write(folder.path().join("fragment.yaml"), files.next().unwrap_or_default())
            .expect("a temporary file can be written");
        let environment = |name: &str| (name == "AEHCTL_VAR_NAME").then(|| "value".to_owned());
        load(&[portal], &LoadOptions { environment: &environment, working_directory: folder.path().to_owned() })
    })
}

fn show(diagnostics: &[Diagnostic], sources: &Sources) {
    diagnostic::render(diagnostics, sources, false);
    diagnostic::to_json(diagnostics, sources);
}

fn planned(manifest: &Manifest, live: &LiveState, sources: &Sources) {
    // Once by itself, and once after another manifest was applied.
    let applied = WANTED.with(|wanted| Earlier {
        revision: Revision { name: "applied".to_owned(), commit: "0".repeat(40).into() },
        manifests: vec![wanted.0.clone()],
    });
    for applied in [None, Some(&applied)] {
        let request = plan::Request { applied, show_unmanaged: true, ..plan::Request::new(manifest, live) };
        match plan::make(request) {
            Ok(plan) => bear(&plan),
            Err(resolve::Failure { faults, refusals }) => {
                show(&faults, sources);
                show(&refusals, sources);
            }
        }
    }
}

/// A plan file: as it is, and as one that somebody has given the right digest.
pub fn plan_file(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(plan) = plan::file::read(text) {
        bear(&plan);
    }
    if let Ok(plan) = serde_json::from_str::<Plan>(text) {
        match plan::file::read(&plan::file::write(&plan, WHEN)) {
            Err(Unusable::Contradictory(_)) => show_plan(&plan),
            _ => bear(&plan),
        }
    }
}

/// What can be done with any plan, its application aside.
fn bear(plan: &Plan) {
    let written = plan::file::write(plan, WHEN);
    assert_eq!(plan::file::read(&written).as_ref(), Ok(plan), "a plan survives its file");
    let key = |text: &str| PlanKey::new(&text.to_owned().into()).expect("it is long enough");
    let signed = plan::file::seal(plan, WHEN, Some(&key("a key for the corpus")));
    assert!(plan::file::open(&signed, Some(&key("a key for the corpus"))).is_ok_and(|saved| saved.plan == *plan));
    assert!(plan::file::open(&signed, Some(&key("another key of the corpus"))).is_err(), "a signature is its key's");
    show_plan(plan);
}

fn show_plan(plan: &Plan) {
    render::plan_human(plan, &render::PlanOptions { color: true, width: Some(80), verbose: true });
    render::plan_markdown(plan);
    render::plan_html(plan);
    render::plan_json(plan);
    guard::missing_words(plan, &BTreeSet::new());
    guard::judge(&mut plan.clone());
}

/// A snapshot: saved again, planned on with and without pseudonyms, exported.
pub fn snapshot(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let Ok(snapshot) = Snapshot::read(text) else { return };
    assert_eq!(Snapshot::read(&snapshot.write()).as_ref(), Ok(&snapshot), "a snapshot survives its file");
    let mut live = snapshot.live;
    let options = export::Options {
        name: Some("portal".to_owned()),
        members: true,
        portal_by_id: true,
        ..export::Options::default()
    };
    export(&live, &options);
    WANTED.with(|wanted| {
        let (wanted, sources) = &**wanted;
        planned(wanted, &live, sources);
        let key = Key::new("a key for the corpus").expect("it is long enough");
        if live.pseudonyms.is_none() {
            pseudonyms::hide(&mut live, &key);
        }
        if pseudonyms::reveal(&mut live, Some(&key), &[wanted]).is_ok() {
            planned(wanted, &live, sources);
        }
    });
}

/// The body of an answer, as whatever it may be the answer to.
pub fn response(input: &[u8]) {
    if let Some(tree) = client::fuzzing::decode(input) {
        let groups = flatten(tree);
        // A tree that is taken has every parent before its children, once.
        if check_tree(&groups).is_ok() {
            let mut seen = BTreeSet::new();
            for group in &groups {
                assert!(group.parent.as_ref().is_none_or(|parent| seen.contains(parent)));
                assert!(seen.insert(&group.id));
            }
        }
    }
}

/// A seed document.
pub fn seed(input: &[u8]) {
    if let Ok(document) = str::from_utf8(input) {
        emulator::fuzzing::fill(document);
    }
}
