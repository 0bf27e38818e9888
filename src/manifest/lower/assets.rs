//! Assets, with the defaults of their document folded in.

use std::collections::BTreeMap;

use super::refuse;
use crate::diagnostic::{Diagnostic, Located, Location};
use crate::manifest::faults::Faults;
use crate::manifest::model::{Asset, AssetState, Instances, VersionAudience, Versions};
use crate::manifest::{decode::Name, reference, syntax, version};

/// Stands for every version that is not listed.
const OTHERS: &str = "*";

#[derive(Default)]
pub(super) struct Defaults {
    instances: Option<Located<Instances>>,
    versions: Option<Declared>,
}

/// Audiences by version, reachable by every spelling of the version.
#[derive(Clone, Default)]
struct Declared {
    /// The normalised spelling to the spelling as written and the audience.
    listed: BTreeMap<String, (Located<String>, VersionAudience)>,
    others: Option<VersionAudience>,
}

pub(super) fn defaults(defaults: Option<syntax::AssetDefaults>, faults: &mut Faults) -> Defaults {
    let Some(syntax::AssetDefaults { instances, versions }) = defaults else { return Defaults::default() };
    Defaults { instances, versions: versions.map(|versions| declared(versions, faults)) }
}

pub(super) fn asset(entry: syntax::Asset, defaults: &Defaults, faults: &mut Faults) -> Asset {
    let syntax::Asset { coordinates: written, instances, versions, state } = entry;
    let location = written.location;
    // Bad coordinates hide no other fault of the entry: it goes on under what was written.
    let (group, asset_id) =
        split_coordinates(&written, faults).unwrap_or_else(|| (String::new(), written.value.0.clone()));
    let instances_location = instances.as_ref().map(|instances| instances.location);
    let versions_location =
        versions.as_ref().map(|versions| versions.0.0.first().map_or(location, |(version, _)| version.location));
    let own = versions.map(|versions| declared(versions, faults));
    let state = match state {
        None => AssetState::Present {
            instances: instances.or_else(|| defaults.instances.clone()),
            versions: merged(own, defaults.versions.as_ref()),
        },
        Some(state) => {
            let (owner, state) = match state.value {
                syntax::AssetStateWord::Absent => ("an absent asset takes nothing else", AssetState::Absent),
                syntax::AssetStateWord::Unmanaged => ("an unmanaged asset takes nothing else", AssetState::Unmanaged),
            };
            refuse(instances_location, "instances", owner, faults);
            refuse(versions_location, "versions", owner, faults);
            state
        }
    };
    Asset { location, group, asset_id, state }
}

/// Splits at the last `/`: an asset's id never holds one, a business group's name may.
fn split_coordinates(written: &Located<Name>, faults: &mut Faults) -> Option<(String, String)> {
    let text = written.value.0.as_str();
    let well_formed = |part: &str| !part.is_empty() && part.trim() == part && !part.chars().any(char::is_control);
    match text.rsplit_once('/') {
        Some((group, asset_id))
            if well_formed(group) && well_formed(asset_id) && !asset_id.contains(char::is_whitespace) =>
        {
            Some((group.to_owned(), asset_id.to_owned()))
        }
        _ => {
            let message = format!("`{text}` is not an asset's coordinates");
            let help = "write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`";
            faults.error("bad-coordinates", written.location, message, help);
            None
        }
    }
}

fn declared(versions: syntax::VersionMap, faults: &mut Faults) -> Declared {
    let mut declared = Declared::default();
    for (version, names) in versions.0.0 {
        let audience = audience(&names, faults);
        if version.value == OTHERS {
            declared.others = Some(audience);
            continue;
        }
        let Some(normalized) = version::normalize(&version.value) else {
            refuse_version(&version, faults);
            continue;
        };
        if let Some((first, _)) = declared.listed.get(&normalized) {
            let message = format!("`{}` and `{}` are one version", first.value, version.value);
            faults.push(
                Diagnostic::error("duplicate-version", version.location, message)
                    .with_related(first.location, "first here")
                    .with_help("`v1`, `1` and `1.0` are spellings of one version; keep one of the entries"),
            );
            continue;
        }
        declared.listed.insert(normalized, (version, audience));
    }
    declared
}

fn refuse_version(version: &Located<String>, faults: &mut Faults) {
    let message = format!("`{}` is not a minor version", version.value);
    faults.error(
        "bad-version",
        version.location,
        message,
        "write `v1`, `1` or `1.0`, or `\"*\"` for every other version",
    );
}

fn audience(names: &syntax::Names, faults: &mut Faults) -> VersionAudience {
    let location: Location = names.location;
    let items: Vec<_> = names.value.iter().filter_map(|name| reference::audience_item(name, faults)).collect();
    faults.refuse_repetition(&items, |item| format!("{} is listed twice", reference::describe_item(item)));
    VersionAudience { location, items }
}

/// The entry's own versions win, whatever their spelling.
fn merged(own: Option<Declared>, defaults: Option<&Declared>) -> Option<Versions> {
    if own.is_none() && defaults.is_none() {
        return None;
    }
    let mut declared = own.unwrap_or_default();
    if let Some(defaults) = defaults {
        for (normalized, default) in &defaults.listed {
            declared.listed.entry(normalized.clone()).or_insert_with(|| default.clone());
        }
        declared.others = declared.others.or_else(|| defaults.others.clone());
    }
    let listed = declared.listed.into_values().map(|(version, audience)| (version.value, audience)).collect();
    Some(Versions { listed, others: declared.others })
}
