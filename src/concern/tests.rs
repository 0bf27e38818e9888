//! What is said at which place.

use std::path::Path;

use super::concerns;
use crate::diagnostic::{Diagnostic, Sources};
use crate::manifest::load::{LoadOptions, load};
use crate::manifest::model::{Instances, Manifest};
use crate::plan::{Plan, Request, make};
use crate::state::LiveState;
use crate::testing::{FINANCE, Shape, earlier, portal};

/// A manifest with real places.
fn written(spec: &str) -> (Manifest, Sources) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let text = format!("apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: portal}}\nspec:\n{spec}");
    std::fs::write(folder.path().join("portal.yaml"), text).expect("a file can be written");
    let options = LoadOptions { environment: &|_| None, working_directory: folder.path().to_owned() };
    let mut loaded = load(&[Path::new("portal.yaml").to_owned()], &options);
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    (loaded.manifests.remove(0), loaded.sources)
}

/// One line for each concern: the line that it is about, and what is said there.
fn told(plan: &Plan, manifest: &Manifest, sources: &Sources) -> String {
    let line = |concern: Diagnostic| {
        let location = concern.location.expect("each has a place");
        let help = concern.help.map(|help| format!("; {help}")).unwrap_or_default();
        let (line, _) = sources.position(location);
        let covered = sources.text(location);
        format!("{line} `{covered}` {} {}: {}{help}\n", concern.severity.as_str(), concern.code, concern.message)
    };
    concerns(plan, manifest).into_iter().map(line).collect()
}

fn plan(request: Request<'_>) -> Plan {
    make(request).expect("it plans")
}

fn live() -> LiveState {
    portal(Shape::SideBySide)
        .group("Gold")
        .group("Old")
        .asset(&format!("{FINANCE}/pay"), Instances::Public, &[("v1", &["Gold"])])
        .member("jane", &["Gold"])
}

#[test]
fn each_stands_where_its_object_is_declared() {
    let (manifest, sources) = written(
        "  guards: {maxDeletes: 0, protected: [userGroups/Old, 'assets/Finance/*', userGroups/Gone]}
  userGroups:
    - {name: New, formerly: [Old]}
    - {name: Gold, state: absent}
  assets:
    - {asset: Finance/pay, versions: {v1: []}}
  members:
    - {user: nobody@example.com, userGroups: []}
    - {user: gone@example.com, enabled: false}
",
    );
    let live = live();
    insta::assert_snapshot!(told(&plan(Request::new(&manifest, &live)), &manifest, &sources), @"
    8 `Gold` error refused: 1 of 2 user groups would be deleted, and maxDeletes allows 0; if this is meant, add --max-deletes 1 or raise spec.guards.maxDeletes
    7 `New` error refused: user group `New` is protected by `userGroups/Old` and would be changed; if this is meant, add --unprotect portal/userGroups/New, or take the pattern out of spec.guards.protected
    10 `Finance/pay` error refused: asset `Finance/pay` is protected by `assets/Finance/*` and would be changed; if this is meant, add --unprotect portal/assets/0f1d9e2a-0000-4000-8000-000000000001/pay, or take the pattern out of spec.guards.protected
    3 `portal` warning plan-warning: `gone@example.com` is declared with `enabled: false`, and the portal has no such member: check the spelling, or remove the entry
    3 `portal` warning plan-warning: `userGroups/Gone` under spec.guards.protected protects nothing: the portal has no such user group
    12 `nobody@example.com` warning waiting: `nobody@example.com` has not signed up yet
    ");
}

#[test]
fn what_is_held_stands_there_too() {
    let (manifest, sources) = written(
        "  userGroups: [{name: Gold}, {name: Old}]
  assets: [{asset: Finance/pay, versions: {v1: [Gold, Old]}}]
  members: [{user: jane, userGroups: [Gold, Old]}]
",
    );
    let live = live();
    let applied = earlier("last", manifest.clone());
    let plan = plan(Request { applied: Some(&applied), ..Request::new(&manifest, &live) });
    insta::assert_snapshot!(told(&plan, &manifest, &sources), @"
    6 `Finance/pay` warning held: somebody took this away in the portal (versions.v1), and it is not given back; --accept-drift portal/assets/0f1d9e2a-0000-4000-8000-000000000001/pay gives it back
    7 `jane` warning held: somebody took this away in the portal (userGroups), and it is not given back; --accept-drift portal/members/jane gives it back
    ");
}
