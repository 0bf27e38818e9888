//! What drifts after an export is pulled back into its files, and nothing is left to plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;

use super::nice;
use super::portal::Portal;
use super::random::HOSTILE;
use crate::amend::Puller;
use crate::diagnostic::{Sources, render};
use crate::export::{Options, Split, export};
use crate::id::GroupId;
use crate::manifest::edit::Editor;
use crate::manifest::load::{LoadOptions, load};
use crate::manifest::model::{Instances, Manifest};
use crate::plan::{Request, make};
use crate::state::LiveState;

/// What somebody does to a portal by hand; numbers pick one of several.
#[derive(Debug, Clone)]
enum Drift {
    Describe(usize, String),
    Map(usize, bool, String),
    Unmap(usize),
    Show(usize, usize, Vec<usize>),
    Instances(usize, Instances),
    Unpublish(usize),
    Join(usize, Vec<usize>),
    Enable(usize, bool),
    DeleteGroup(usize),
}

fn drift() -> impl Strategy<Value = Drift> {
    let text = || select(HOSTILE).prop_map(str::to_owned);
    let external = "[a-z=, ]{1,8}x";
    let groups = || prop::collection::vec(0_usize..20, 0..4);
    let instances = select(vec![Instances::All, Instances::Public]);
    prop_oneof![
        2 => (0_usize..9, text()).prop_map(|(group, text)| Drift::Describe(group, text)),
        2 => (0_usize..9, any::<bool>(), external).prop_map(|(group, okta, name)| Drift::Map(group, okta, name)),
        1 => (0_usize..9).prop_map(Drift::Unmap),
        4 => (0_usize..9, 0_usize..5, groups()).prop_map(|(asset, version, groups)| Drift::Show(asset, version, groups)),
        1 => (0_usize..9, instances).prop_map(|(asset, instances)| Drift::Instances(asset, instances)),
        1 => (0_usize..9).prop_map(Drift::Unpublish),
        2 => (0_usize..9, groups()).prop_map(|(member, groups)| Drift::Join(member, groups)),
        1 => (0_usize..9, any::<bool>()).prop_map(|(member, enabled)| Drift::Enable(member, enabled)),
        1 => (0_usize..9).prop_map(Drift::DeleteGroup),
    ]
}

fn apply(portal: &mut Portal, drift: Drift) {
    let live = &mut portal.live;
    let all: Vec<GroupId> = live.user_groups.iter().map(|group| group.id.clone()).collect();
    let picked = |picks: Vec<usize>| -> BTreeSet<GroupId> {
        picks.into_iter().map(|pick| all[pick % all.len()].clone()).collect()
    };
    let custom: Vec<usize> = (0..all.len()).filter(|at| !live.user_groups[*at].flags.is_built_in()).collect();
    let group = |pick: usize| custom[pick % custom.len()];
    let keys: Vec<_> = live.assets.iter().flatten().map(|(key, _)| key.clone()).collect();
    match drift {
        Drift::Describe(pick, text) => live.user_groups[group(pick)].description = Some(text),
        Drift::Map(pick, is_okta, name) => {
            let provider = if is_okta { "p-okta" } else { "p-saml" };
            portal.map_group(all[group(pick)].as_str(), provider, &name, false);
        }
        Drift::Unmap(pick) => live.mappings.entry(all[group(pick)].clone()).or_default().clear(),
        Drift::Show(pick, version, groups) => {
            let Some(key) = keys.get(pick % keys.len().max(1)) else { return };
            let detail = live.assets.as_mut().and_then(|assets| assets.get_mut(key)?.detail.as_mut());
            let versions = &mut detail.expect("it was read").versions;
            let names: Vec<String> = versions.keys().cloned().collect();
            versions.insert(names[version % names.len()].clone(), Some(picked(groups)));
        }
        Drift::Instances(pick, instances) => {
            let Some(key) = keys.get(pick % keys.len().max(1)) else { return };
            let detail = live.assets.as_mut().and_then(|assets| assets.get_mut(key)?.detail.as_mut());
            detail.expect("it was read").instances = Some(instances);
        }
        Drift::Unpublish(pick) => {
            let key = keys.get(pick % keys.len().max(1));
            live.assets.as_mut().zip(key).and_then(|(assets, key)| assets.remove(key));
        }
        Drift::Join(pick, groups) => {
            let members = live.members.get_or_insert_default();
            let count = members.len();
            members[pick % count].user_groups = Some(picked(groups));
        }
        Drift::Enable(pick, enabled) => {
            let members = live.members.get_or_insert_default();
            let count = members.len();
            members[pick % count].is_active = Some(enabled);
        }
        Drift::DeleteGroup(pick) => delete(live, &all[group(pick)]),
    }
}

/// Deletes a group with all that refers to it, if none is under it.
fn delete(live: &mut LiveState, id: &GroupId) {
    let others = live.user_groups.iter().filter(|group| !group.flags.is_built_in()).count();
    if others < 2 || live.user_groups.iter().any(|group| group.parent.as_ref() == Some(id)) {
        return;
    }
    live.user_groups.retain(|group| group.id != *id);
    live.mappings.remove(id);
    for asset in live.assets.iter_mut().flatten().filter_map(|(_, asset)| asset.detail.as_mut()) {
        for groups in asset.versions.values_mut().flatten() {
            groups.remove(id);
        }
    }
    for groups in live.members.iter_mut().flatten().filter_map(|member| member.user_groups.as_mut()) {
        groups.remove(id);
    }
}

fn loaded(folder: &std::path::Path) -> Result<(Manifest, Sources), String> {
    let options = LoadOptions { environment: &|_| None, working_directory: folder.to_owned() };
    let mut loaded = load(&["exported/portal.yaml".into()], &options);
    if loaded.has_errors() {
        return Err(render(&loaded.diagnostics, &loaded.sources, false));
    }
    Ok((loaded.manifests.remove(0), loaded.sources))
}

/// A portal without custom instances: what is declared so and is no longer there cannot even be planned.
fn portal() -> Portal {
    let mut portal = nice();
    let assets = portal.live.assets.get_or_insert_default();
    assets.retain(|_, asset| asset.detail.as_ref().is_some_and(|detail| detail.instances != Some(Instances::Custom)));
    portal
}

/// Exports a portal, lets it drift, and pulls everything: what the files are then.
fn pulled(split: Option<Split>, drifts: Vec<Drift>) -> Result<BTreeMap<String, String>, String> {
    let mut portal = portal();
    let exported = export(&portal.live, &Options { members: true, split, ..Options::default() });
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let files = exported.fragments.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let files = files.chain([("portal.yaml", exported.manifest.as_str())]);
    crate::files::write_folder(&folder.path().join("exported"), files, false).expect("files can be written");
    for drift in drifts {
        apply(&mut portal, drift);
    }
    let (manifest, sources) = loaded(folder.path())?;
    let plan = make(Request::new(&manifest, &portal.live)).map_err(|failure| format!("{failure:?}"))?;
    let mut puller = Puller::new(&manifest, &portal.live, &plan);
    let mut editor = Editor::new(&sources);
    // An asset that changes in two steps is pulled once.
    for address in plan.changes.iter().map(|change| &change.address).collect::<BTreeSet<_>>() {
        puller.pull(address, &mut editor).map_err(|fault| format!("{address}: {fault:?}"))?;
    }
    let texts = editor.finish().map_err(|fault| format!("{fault:?}"))?;
    for (file, text) in &texts {
        crate::files::write_public(&sources.file(*file).place, text).expect("files can be written");
    }
    let (manifest, again) = loaded(folder.path()).map_err(|faults| format!("{texts:?}\n{faults}"))?;
    let left = make(Request::new(&manifest, &portal.live)).map_err(|failure| format!("{texts:?}\n{failure:?}"))?;
    if !left.changes.is_empty() {
        return Err(format!("{texts:?}\nleaves {:#?}", left.changes));
    }
    Ok(again.iter().map(|source| (source.path.display().to_string(), source.text.to_string())).collect())
}

#[test]
fn what_does_not_drift_stays_byte_for_byte() {
    let before = pulled(Some(Split::BusinessGroup), Vec::new()).expect("there is nothing to pull");
    let drifts = vec![Drift::Show(2, 0, vec![3]), Drift::Enable(0, false)];
    let after = pulled(Some(Split::BusinessGroup), drifts).expect("it can be pulled");
    let changed: Vec<String> = before
        .iter()
        .flat_map(|(path, text)| {
            let diff = similar::TextDiff::from_lines(text, &after[path]);
            diff.iter_all_changes()
                .filter(|change| change.tag() != similar::ChangeTag::Equal)
                .map(|change| format!("{}{change}", change.tag()))
                .collect::<Vec<_>>()
        })
        .collect();
    insta::assert_snapshot!(changed.concat(), @r#"
    -    - {asset: Finance/ledger-api, versions: {v3: [audience:gold-tier-and-2-more], "*": []}}
    +    - {asset: Finance/ledger-api, versions: {v3: [audience:gold-tier-and-2-more], "*": [], v1: [API Developers]}}
    "#);
}

proptest! {
    #![proptest_config(super::random::config())]

    #[test]
    fn whatever_drifts_can_be_pulled(
        split in prop::option::of(select(vec![Split::BusinessGroup, Split::Kind])),
        drifts in prop::collection::vec(drift(), 0..8),
    ) {
        pulled(split, drifts).map_err(TestCaseError::fail)?;
    }
}
