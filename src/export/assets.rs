//! Published assets, with what they show and who sees which version.

use std::collections::{BTreeMap, BTreeSet};

use super::audiences::{Audience, Audiences};
use super::names::{AssetNames, GroupNames};
use super::notes::shown;
use super::yaml::{Item, Layout, Node};
use super::{Section, Selection};
use crate::id::{AssetKey, GroupId};
use crate::kinds::assets::spec::OTHER_VERSIONS;
use crate::manifest::model::Instances;
use crate::manifest::version::normalize;
use crate::state::{AssetDetail, LiveAsset, LiveState};

/// `"*"` gives what appears later the same audience, so it must replace a good many versions to be worth that.
const FEWEST_FOLDED: usize = 3;
/// `"*": []` gives nobody anything.
const FEWEST_FOLDED_TO_NOBODY: usize = 2;

/// Fewer entries are as short with their own word.
const FEWEST_DEFAULTED: usize = 3;

pub(super) struct Assets {
    pub(super) audiences: Section,
    /// By the business groups that own them, or one for all.
    pub(super) documents: Vec<Document>,
    /// What stands in none of several documents.
    pub(super) left_out: Vec<String>,
    pub(super) notices: Vec<String>,
    pub(super) count: usize,
}

/// Assets that are written into one document.
pub(super) struct Document {
    /// The business group's name, or its id where it has none. `None`: everybody's.
    pub(super) owner: Option<String>,
    pub(super) defaults: Section,
    pub(super) entries: Section,
}

/// An asset as it will be written.
struct Entry {
    coordinates: String,
    /// The business group's name, or else its id; and the id.
    owner: (String, String),
    /// An administrators' group is left out of an audience.
    administered: bool,
    instances: Option<Instances>,
    versions: Vec<(String, Audience)>,
    others: Option<Audience>,
    /// What is left out of it, as sentences.
    remarks: Vec<String>,
}

pub(super) fn export(live: &LiveState, groups: &GroupNames<'_>, selection: &Selection, by_owner: bool) -> Assets {
    let mut exporter = Exporter { groups, left_out: Vec::new(), notices: Vec::new() };
    if live.assets.is_none() {
        exporter.notices.push("the assets were not read and are left out".to_owned());
    }
    let mut entries = exporter.entries(live, selection);
    entries.sort_by(|a, b| a.coordinates.cmp(&b.coordinates));
    let audiences = Audiences::fold(
        entries.iter().flat_map(|entry| entry.versions.iter().map(|(_, audience)| audience).chain(&entry.others)),
    );
    let Exporter { left_out, notices, .. } = exporter;
    let count = entries.len();
    if !by_owner {
        let documents = vec![document(None, &entries, left_out, &audiences)];
        return Assets { audiences: audiences.section(), documents, left_out: Vec::new(), notices, count };
    }
    let mut owners: BTreeMap<(String, String), Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        owners.entry(entry.owner.clone()).or_default().push(entry);
    }
    let one = |((name, _), entries): (_, Vec<Entry>)| document(Some(name), &entries, Vec::new(), &audiences);
    let documents = owners.into_iter().map(one).collect();
    Assets { audiences: audiences.section(), documents, left_out, notices, count }
}

fn document(owner: Option<String>, entries: &[Entry], left_out: Vec<String>, audiences: &Audiences) -> Document {
    let default = default_instances(entries);
    let mut about = Vec::new();
    if entries.iter().any(|entry| entry.administered) {
        about.push("Administrators keep what they see: their group stays where it is, and is not listed here.");
    }
    let others = || entries.iter().filter_map(|entry| entry.others.as_ref());
    if others().any(Audience::is_empty) {
        about.push("\"*\": [] shows the versions that are not listed to nobody, and those that appear later neither.");
    }
    if others().any(|audience| !audience.is_empty()) {
        about.push(
            "\"*\" with groups shows them every other version, and those that appear later: where that is too much,",
        );
        about.push("list the versions one by one.");
    }
    let items: Vec<Item> = entries.iter().map(|entry| item(entry, default, audiences)).collect();
    let defaults = default.map(|instances| {
        Node::map(
            Layout::Compact,
            [("assets", Node::map(Layout::Compact, [("instances", Node::text(instances.as_str()))]))],
        )
    });
    Document {
        owner,
        defaults: Section {
            key: "defaults",
            about: vec!["What an asset shows if its entry does not say so.".to_owned()],
            left_out: Vec::new(),
            node: defaults,
        },
        entries: Section {
            key: "assets",
            about: about.into_iter().map(str::to_owned).collect(),
            left_out,
            node: (!items.is_empty()).then_some(Node::List(Layout::Spread, items)),
        },
    }
}

/// Whether the audience of a version can be written, and under which name.
enum Visibility {
    Listed(Audience),
    /// The audience is known and the version's name cannot be written: `"*"` may cover it.
    Unnamed(Audience, String),
    Unknown(String),
}

struct Exporter<'a> {
    groups: &'a GroupNames<'a>,
    left_out: Vec<String>,
    notices: Vec<String>,
}

impl Exporter<'_> {
    fn entries(&mut self, live: &LiveState, selection: &Selection) -> Vec<Entry> {
        let names = AssetNames::new(live.business_groups.as_ref());
        let mut entries = Vec::new();
        for (key, LiveAsset { name: _, asset_type: _, detail }) in live.assets.iter().flatten() {
            if !selection.takes(names.all_of(key).iter().map(String::as_str)) {
                continue;
            }
            let Some(detail) = detail else {
                self.leave_out(key, "its visibility was not read");
                continue;
            };
            match names.coordinates(key) {
                Ok(coordinates) => {
                    let id = key.group_id.to_string();
                    let owner = names.business_group(key).filter(|name| !name.trim().is_empty());
                    let owner = (owner.map_or_else(|| id.clone(), str::to_owned), id);
                    entries.push(self.entry(coordinates, owner, detail));
                }
                Err(reason) => self.leave_out(key, &reason),
            }
        }
        entries
    }

    fn leave_out(&mut self, key: &AssetKey, reason: &str) {
        let name = shown(&key.to_string());
        self.left_out.push(format!("Left out: asset {name}: {reason}."));
        self.notices.push(format!("asset {name} is left out: {reason}"));
    }

    fn entry(&mut self, coordinates: String, owner: (String, String), detail: &AssetDetail) -> Entry {
        let AssetDetail { instances, versions } = detail;
        let mut remarks = Vec::new();
        if instances.is_none() {
            remarks.push("its instances, which the hub does not tell in a word that is known".to_owned());
        }
        let administered = versions.values().flatten().flatten().any(|id| self.groups.flags(id).is_admin);
        let visibilities = self.visibilities(versions);
        let others = folded(&visibilities);
        let mut listed = Vec::new();
        for (version, visibility) in visibilities {
            match visibility {
                Visibility::Listed(audience) | Visibility::Unnamed(audience, _)
                    if Some(&audience) == others.as_ref() => {}
                Visibility::Listed(audience) => listed.push((version.to_owned(), audience)),
                Visibility::Unnamed(_, reason) | Visibility::Unknown(reason) => {
                    remarks.push(format!("version {}: {reason}", shown(version)));
                }
            }
        }
        for remark in &remarks {
            self.notices.push(format!("asset {}: left out: {remark}", shown(&coordinates)));
        }
        Entry { coordinates, owner, administered, instances: *instances, versions: listed, others, remarks }
    }

    /// The versions, oldest first.
    fn visibilities<'v>(
        &self,
        versions: &'v BTreeMap<String, Option<BTreeSet<GroupId>>>,
    ) -> Vec<(&'v str, Visibility)> {
        let mut ordered: Vec<_> = versions.iter().map(|(version, groups)| (rank(version), version, groups)).collect();
        ordered.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let mut spelt: BTreeMap<String, &str> = BTreeMap::new();
        ordered
            .into_iter()
            .map(|(_, version, groups)| {
                let Some(groups) = groups else {
                    return (version.as_str(), Visibility::Unknown("the hub does not say who sees it".to_owned()));
                };
                let others = groups.iter().filter(|id| !self.groups.flags(id).is_admin);
                let visibility = match self.groups.references(others) {
                    Ok(audience) => named(version, audience, &mut spelt),
                    Err(reason) => Visibility::Unknown(format!("who sees it cannot be named: {reason}")),
                };
                (version.as_str(), visibility)
            })
            .collect()
    }
}

/// Whether the version can be listed beside those that are. `v1`, `1` and `1.0` are one version in a manifest.
fn named<'v>(version: &'v str, audience: Audience, spelt: &mut BTreeMap<String, &'v str>) -> Visibility {
    let Some(normalized) = normalize(version) else {
        return Visibility::Unnamed(audience, "it is not written as a minor version".to_owned());
    };
    if let Some(other) = spelt.get(&normalized) {
        return Visibility::Unnamed(audience, format!("{other} is taken for the same version"));
    }
    spelt.insert(normalized, version);
    Visibility::Listed(audience)
}

/// The audience that `"*"` stands for, if it says the same as a list of the versions and is clearly shorter.
///
/// It must not cover what is unknown, and what it gives to versions that appear later should be what the newest one
/// has: otherwise those are better left to another look.
fn folded(visibilities: &[(&str, Visibility)]) -> Option<Audience> {
    let mut uses: BTreeMap<&Audience, usize> = BTreeMap::new();
    for (_, visibility) in visibilities {
        match visibility {
            Visibility::Listed(audience) | Visibility::Unnamed(audience, _) => *uses.entry(audience).or_default() += 1,
            Visibility::Unknown(_) => return None,
        }
    }
    let newest = visibilities.iter().rev().find_map(|(_, visibility)| match visibility {
        Visibility::Listed(audience) => Some(audience),
        Visibility::Unnamed(..) | Visibility::Unknown(_) => None,
    });
    let covers_unnamed = |audience: &Audience| {
        visibilities
            .iter()
            .all(|(_, visibility)| !matches!(visibility, Visibility::Unnamed(other, _) if other != audience))
    };
    let worthwhile = |audience: &&Audience, uses: usize| {
        covers_unnamed(audience)
            && if audience.is_empty() {
                uses >= FEWEST_FOLDED_TO_NOBODY
            } else {
                uses >= FEWEST_FOLDED && newest == Some(*audience)
            }
    };
    // The empty audience comes first: nobody is the safer one of two.
    uses.into_iter().find(|(audience, uses)| worthwhile(audience, *uses)).map(|(audience, _)| audience.clone())
}

/// Sorts versions by their numbers.
fn rank(version: &str) -> Option<Vec<(usize, String)>> {
    let normalized = normalize(version)?;
    Some(normalized.split('.').map(|part| (part.len(), part.to_owned())).collect())
}

/// What most assets show. An asset whose instances are unknown could not set a default aside.
fn default_instances(entries: &[Entry]) -> Option<Instances> {
    let mut uses: BTreeMap<Instances, usize> = BTreeMap::new();
    for entry in entries {
        *uses.entry(entry.instances?).or_default() += 1;
    }
    // Custom can be kept, not entered: as a default it would be a fault in every new entry.
    let (instances, uses) =
        uses.into_iter().filter(|(instances, _)| *instances != Instances::Custom).max_by_key(|(_, uses)| *uses)?;
    (uses >= FEWEST_DEFAULTED && uses * 2 > entries.len()).then_some(instances)
}

fn item(entry: &Entry, default: Option<Instances>, audiences: &Audiences) -> Item {
    let Entry { coordinates, owner: _, administered: _, instances, versions, others, remarks } = entry;
    let mut fields = vec![("asset", Node::text(coordinates))];
    if let Some(instances) = instances.filter(|instances| default != Some(*instances)) {
        fields.push(("instances", Node::text(instances.as_str())));
    }
    let listed = versions.iter().map(|(version, audience)| (version.as_str(), audiences.node(audience)));
    let others = others.iter().map(|audience| (OTHER_VERSIONS, audiences.node(audience)));
    let versions: Vec<_> = listed.chain(others).collect();
    if !versions.is_empty() {
        fields.push(("versions", Node::map(Layout::Compact, versions)));
    }
    let comments = remarks.iter().map(|remark| format!("Left out: {remark}.")).collect();
    Item { comments, node: Node::map(Layout::Compact, fields) }
}
