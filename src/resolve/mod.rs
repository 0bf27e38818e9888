//! Manifest and live state → desired state: names become identities, audiences sets of groups, wildcards versions.
//!
//! Pure. Every fault is collected, none stops the others from being found.

mod assets;
mod groups;
mod interrupted;
mod people;
mod proof;
mod providers;
mod renames;
#[cfg(test)]
mod tests;

pub(crate) use crate::manifest::model::is_uuid;
pub(crate) use assets::matches_asset;
pub(crate) use people::deciding_rule;
pub use proof::Proof;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind};
use crate::diagnostic::{Diagnostic, Located, Location, nearest};
use crate::directory::Directory;
use crate::id::{AssetKey, GroupId, GroupName, MemberId, ProviderId, ProviderName};
use crate::kinds::GroupSet;
use crate::manifest::model::{GroupReference, Manifest, SystemGroup, UserGroup};
use crate::plan::{Notice, NoticeLevel, Unmanaged, Waiting};
use crate::state::{DesiredState, LiveState};

/// What a manifest means in a portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    pub desired: DesiredState,
    /// The live groups and those that will be created.
    pub directory: Directory,
    pub providers: BTreeMap<ProviderName, ProviderId>,
    pub unmanaged: BTreeMap<Kind, Unmanaged>,
    pub waiting: Vec<Waiting>,
    pub notices: Vec<Notice>,
}

/// Why a manifest means nothing in a portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Names that are not there, contradictions, and what was not read.
    pub faults: Vec<Diagnostic>,
    /// What would be understood, and is refused because it would give more than it seems to.
    pub refusals: Vec<Diagnostic>,
}

/// Resolves a manifest against what was read of its portal. With proof of what was applied last, what the manifest no
/// longer declares goes.
pub fn resolve(manifest: &Manifest, live: &LiveState, proof: Option<&Proof>) -> Result<Resolution, Failure> {
    let mut resolver = Resolver::new(manifest, live, proof);
    resolver.run();
    resolver.finish()
}

/// Resolves the manifest that was applied last, as far as it still means anything: what is gone or no longer clear is
/// left out, and proves nothing. `revision` is how people call it.
pub fn resolve_applied(manifest: &Manifest, live: &LiveState, revision: &str) -> (Resolution, Proof) {
    let mut resolver = Resolver { was_applied: true, ..Resolver::new(manifest, live, None) };
    resolver.run();
    let proof = resolver.prove(revision);
    (resolver.into_resolution(), proof)
}

/// Resolves the manifest that a change is based on, as far as it still means anything.
pub fn resolve_base(manifest: &Manifest, live: &LiveState, proof: Option<&Proof>) -> Resolution {
    let mut resolver = Resolver::new(manifest, live, proof);
    resolver.run();
    resolver.into_resolution()
}

/// A group that goes, and how far its references may be cleared.
#[derive(Debug, Clone)]
struct Going {
    name: GroupName,
    cause: Cause,
}

/// Why a group goes.
#[derive(Debug, Clone)]
enum Cause {
    /// `state: absent`: cleared of members, mappings and audiences. All others go only when nothing holds them.
    Absent { location: Location, disable_members: bool },
    /// By this pattern.
    Pruned(String),
    /// The manifest that was applied last declares it, and this one no longer does.
    Recorded { reason: String },
}

impl Going {
    fn clears(&self) -> bool {
        matches!(self.cause, Cause::Absent { .. })
    }

    fn disables_members(&self) -> bool {
        matches!(self.cause, Cause::Absent { disable_members: true, .. })
    }

    /// Where the manifest says so.
    fn location(&self) -> Option<Location> {
        match self.cause {
            Cause::Absent { location, .. } => Some(location),
            Cause::Pruned(_) | Cause::Recorded { .. } => None,
        }
    }

    fn reason(&self) -> String {
        match &self.cause {
            Cause::Absent { .. } => "state: absent".to_owned(),
            Cause::Pruned(pattern) => format!("prune: {pattern}"),
            Cause::Recorded { reason } => reason.clone(),
        }
    }
}

struct Resolver<'a> {
    manifest: &'a Manifest,
    live: &'a LiveState,
    /// What was applied last.
    proof: Option<&'a Proof>,
    /// This is what was applied last itself.
    was_applied: bool,
    directory: Directory,
    /// Names as people write them → names of the directory.
    by_plain_name: BTreeMap<String, Vec<GroupName>>,
    /// Names under `formerly` whose groups are renamed by this plan.
    former_names: BTreeSet<String>,
    /// Where live groups are declared.
    declared_ids: BTreeMap<GroupId, Location>,
    /// The declared groups that exist or will, with their names in the directory.
    declared_groups: Vec<(&'a UserGroup, GroupName)>,
    /// Live groups that this plan renames.
    renamed: BTreeSet<GroupId>,
    /// The declared assets that are to be published.
    declared_assets: BTreeSet<AssetKey>,
    interrupted: interrupted::Interrupted,
    /// The groups that members are declared to be in, built-ins aside that are kept anyway, and whether these count
    /// although an identity provider sets them at login.
    declared_members: BTreeMap<MemberId, (GroupSet, bool)>,
    going: BTreeMap<GroupId, Going>,
    /// What would be left referring to a pruned group, in words.
    holders: BTreeMap<GroupId, BTreeSet<String>>,
    /// The groups of the declared audiences.
    audiences: BTreeMap<&'a str, GroupSet>,
    /// The administrators' groups, which stay in every audience that has them.
    administrators: GroupSet,
    provider_names: BTreeMap<ProviderId, ProviderName>,
    desired: DesiredState,
    unmanaged: BTreeMap<Kind, Unmanaged>,
    waiting: Vec<Waiting>,
    notices: Vec<Notice>,
    faults: Vec<Diagnostic>,
    refusals: Vec<Diagnostic>,
}

impl<'a> Resolver<'a> {
    fn new(manifest: &'a Manifest, live: &'a LiveState, proof: Option<&'a Proof>) -> Self {
        Self {
            manifest,
            live,
            proof,
            was_applied: false,
            directory: Directory::default(),
            by_plain_name: BTreeMap::new(),
            former_names: BTreeSet::new(),
            declared_ids: BTreeMap::new(),
            declared_groups: Vec::new(),
            renamed: BTreeSet::new(),
            declared_assets: BTreeSet::new(),
            interrupted: interrupted::Interrupted::default(),
            declared_members: BTreeMap::new(),
            going: BTreeMap::new(),
            holders: BTreeMap::new(),
            audiences: BTreeMap::new(),
            administrators: GroupSet::new(),
            provider_names: BTreeMap::new(),
            desired: DesiredState::default(),
            unmanaged: BTreeMap::new(),
            waiting: Vec::new(),
            notices: Vec::new(),
            faults: Vec::new(),
            refusals: Vec::new(),
        }
    }

    fn run(&mut self) {
        if self.groups() {
            self.providers();
            self.mappings();
            self.audiences();
            self.assets();
            self.people();
            self.going_groups();
            self.unmanaged_groups();
        }
    }

    fn into_resolution(self) -> Resolution {
        let Self { directory, provider_names, desired, unmanaged, waiting, mut notices, .. } = self;
        notices.sort();
        notices.dedup();
        let providers = provider_names.into_iter().map(|(id, name)| (name, id)).collect();
        Resolution { desired, directory, providers, unmanaged, waiting, notices }
    }

    fn finish(mut self) -> Result<Resolution, Failure> {
        let mut faults = std::mem::take(&mut self.faults);
        let mut refusals = std::mem::take(&mut self.refusals);
        if faults.is_empty() && refusals.is_empty() {
            return Ok(self.into_resolution());
        }
        for diagnostics in [&mut faults, &mut refusals] {
            diagnostics.sort_by(|a, b| (a.location, &a.message).cmp(&(b.location, &b.message)));
            diagnostics.dedup();
        }
        Err(Failure { faults, refusals })
    }

    fn fault(&mut self, diagnostic: Diagnostic) {
        self.faults.push(diagnostic);
    }

    fn note(&mut self, message: String) {
        self.notices.push(Notice { level: NoticeLevel::Note, message });
    }

    fn warn(&mut self, message: String) {
        self.notices.push(Notice { level: NoticeLevel::Warning, message });
    }

    /// The live state lacks a part: a failed read never gets here, a snapshot made for another manifest does.
    fn not_read(&mut self, location: impl Into<Option<Location>>, what: &str) {
        let same = if self.proof.is_some() { " and the same --applied" } else { "" };
        self.fault(
            Diagnostic::error("not-observed", location, format!("{what} is not part of the snapshot"))
                .with_help(format!("observe the portal with this manifest{same}, or with `observe --all`")),
        );
    }

    fn address<S: ToString>(&self, kind: Kind, segments: impl IntoIterator<Item = S>) -> Address {
        Address::new(&self.manifest.name, kind, segments)
    }

    /// The directory's name for a reference; a fault if it names no group, several, or one that goes.
    fn reference(&mut self, reference: &Located<GroupReference>) -> Option<GroupName> {
        self.reference_at(&reference.value, reference.location)
    }

    fn reference_at(&mut self, reference: &GroupReference, location: Location) -> Option<GroupName> {
        let name = match reference {
            GroupReference::System(system) => self.system_group(*system, location)?,
            GroupReference::Named(name) => self.named_group(name, location)?,
        };
        let Some((id, going)) = self.directory.id_of(&name).and_then(|id| self.going.get_key_value(id)) else {
            return Some(name);
        };
        if going.clears() {
            self.fault(
                Diagnostic::error(
                    "reference-to-absent",
                    location,
                    format!("user group `{name}` is declared `state: absent` and used here"),
                )
                .with_help("remove it here, or keep the group"),
            );
            return None;
        }
        let id = id.clone();
        self.hold(&id, "the manifest, which names it".to_owned());
        Some(name)
    }

    fn references<'r>(&mut self, references: impl IntoIterator<Item = &'r Located<GroupReference>>) -> GroupSet {
        references.into_iter().filter_map(|reference| self.reference(reference)).collect()
    }

    fn system_group(&mut self, system: SystemGroup, location: Location) -> Option<GroupName> {
        let marked: Vec<(GroupName, GroupId)> = self
            .directory
            .iter()
            .filter(|entry| system.marks(entry.flags))
            .filter_map(|entry| Some((entry.name.clone(), entry.id.clone()?)))
            .collect();
        match marked.as_slice() {
            [(name, _)] => {
                if system == SystemGroup::Members && self.directory.flags_of(name).is_public {
                    self.refusals.push(
                        Diagnostic::error(
                            "members-is-public",
                            location,
                            "`system:members` is a public group in this portal: guests see what it sees".to_owned(),
                        )
                        .with_help("write `system:guests` if everyone is meant, else name another group"),
                    );
                    return None;
                }
                Some(name.clone())
            }
            [] => {
                let text = format!("no user group of the portal carries the flag `{}`", system.flag());
                self.fault(
                    Diagnostic::error("no-such-built-in", location, text).with_help(format!(
                        "`{}` cannot be used in this portal; name a group instead",
                        system.as_str()
                    )),
                );
                None
            }
            several => {
                let list =
                    several.iter().map(|(name, id)| format!("`{name}` (id {id})")).collect::<Vec<_>>().join(", ");
                let text = format!("several user groups carry the flag `{}`: {list}", system.flag());
                self.fault(
                    Diagnostic::error("ambiguous-built-in", location, text).with_help("name one of them instead"),
                );
                None
            }
        }
    }

    fn named_group(&mut self, name: &str, location: Location) -> Option<GroupName> {
        match self.by_plain_name.get(name).map(Vec::as_slice) {
            Some([one]) => Some(one.clone()),
            Some(several) if !several.is_empty() => {
                let ids: Vec<String> =
                    several.iter().filter_map(|name| self.directory.id_of(name)).map(ToString::to_string).collect();
                self.fault(duplicate_groups(name, location, &ids));
                None
            }
            _ => {
                let mut fault =
                    Diagnostic::error("unknown-group", location, format!("there is no user group `{name}`"));
                if self.former_names.contains(name) {
                    fault = fault.with_help("that is its former name; use the new one");
                } else if let Some(near) = nearest(name, self.by_plain_name.keys().map(String::as_str)) {
                    fault = fault.with_help(format!("did you mean `{near}`?"));
                } else {
                    fault =
                        fault.with_help("declare it under `userGroups`, or check the portal that the manifest names");
                }
                self.fault(fault);
                None
            }
        }
    }
}

/// Whether one of the patterns fits. Patterns are checked offline; one that does not parse fits nothing.
fn covers(patterns: &[Located<String>], fits: impl Fn(&glob::Pattern) -> bool) -> bool {
    patterns.iter().any(|pattern| glob::Pattern::new(pattern).is_ok_and(|glob| fits(&glob)))
}

fn duplicate_groups(name: &str, location: impl Into<Option<Location>>, ids: &[String]) -> Diagnostic {
    Diagnostic::error(
        "duplicate-groups",
        location,
        format!("the portal has {} user groups named `{name}`: {}", ids.len(), ids.join(", ")),
    )
    .with_help("rename or remove one of them in the portal; aehctl never guesses which is meant")
}
