//! What the guards of a plan need to know of the live portal.

use std::collections::{BTreeMap, BTreeSet};

use super::check;
use crate::address::{Address, AddressPattern, Kind};
use crate::diagnostic::{Located, nearest};
use crate::directory::Directory;
use crate::id::{AssetKey, GroupName};
use crate::kinds::members::spec::MemberSpec;
use crate::manifest::model;
use crate::plan::{Change, Edit, Guards, Hidden, HiddenFrom, Limits, Notice, NoticeLevel, Operation, Protection};
use crate::state::{LiveMember, LiveState};

/// The guards of a plan that makes these changes, as the manifest has them; what they refuse is not looked for yet.
pub fn guards(declared: &model::Guards, live: &LiveState, directory: &Directory, changes: &[Change]) -> Guards {
    let model::Guards {
        max_deletes,
        max_updates,
        max_approvals,
        min_administrators,
        max_access_loss,
        max_access_gain,
        never_public,
        never_visible_to,
        protected,
    } = declared;
    let default = Limits::default();
    let limits = Limits {
        max_deletes: max_deletes.as_ref().map_or(default.max_deletes, |limit| limit.value),
        max_updates: max_updates.as_ref().map_or(default.max_updates, |limit| limit.value),
        max_approvals: max_approvals.as_ref().map_or(default.max_approvals, |limit| limit.value),
        min_administrators: min_administrators.as_ref().map_or(default.min_administrators, |limit| limit.value),
        max_access_loss: max_access_loss.as_ref().map_or(default.max_access_loss, |limit| limit.value),
        max_access_gain: max_access_gain.as_ref().map_or(default.max_access_gain, |limit| limit.value),
    };
    let texts =
        |patterns: &[Located<AddressPattern>]| patterns.iter().map(|pattern| pattern.name().to_owned()).collect();
    let public = Hidden { assets: texts(never_public), from: HiddenFrom::Guests };
    let others = never_visible_to.iter().map(|hidden| {
        let model::NeverVisibleTo { assets, user_groups } = hidden;
        Hidden { assets: texts(assets), from: HiddenFrom::UserGroups(texts(user_groups)) }
    });
    let hidden = Some(public).filter(|public| !public.assets.is_empty()).into_iter().chain(others).collect();
    let names = Names { live, directory };
    let mut taken = BTreeSet::new();
    let mut protections = Vec::new();
    for pattern in protected {
        let covered = changes.iter().filter_map(|change| names.protected(&pattern.value, change));
        // What several patterns cover is told once.
        let addresses: BTreeSet<Address> = covered.filter(|address| !taken.contains(address)).collect();
        taken.extend(addresses.iter().cloned());
        if !addresses.is_empty() {
            protections.push(Protection { pattern: pattern.text.clone(), addresses });
        }
    }
    Guards {
        limits,
        protected: protections,
        hidden,
        totals: totals(live),
        administrators: administrators(live, directory),
        ..Guards::default()
    }
}

/// Guarded objects that nobody has heard of: a typo there guards nothing. Told for what was read, and only where one
/// object is named.
pub fn unknown(declared: &model::Guards, live: &LiveState, directory: &Directory, changes: &[Change]) -> Vec<Notice> {
    let names = Names { live, directory };
    let unknown = |pattern: &AddressPattern, text: &str, place: &str, verb: &str| {
        let name = pattern.literal()?;
        let known = names.known(pattern.kind)?;
        let is_this =
            |address: &Address| [pattern.kind, address.kind] == [Kind::Assets; 2] && names.is_asset(pattern, address);
        if changes.iter().any(|change| is_this(&change.address)) {
            return None;
        }
        if known.iter().any(|known| pattern.matches(known)) {
            return None;
        }
        let near = nearest(name, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Some(Notice {
            level: NoticeLevel::Warning,
            message: format!(
                "`{text}` under spec.guards.{place} {verb} nothing: the portal has no such {}{near}",
                pattern.kind.noun(1)
            ),
        })
    };
    let model::Guards { never_public, never_visible_to, protected, .. } = declared;
    let hidden_assets = never_visible_to.iter().flat_map(|hidden| &hidden.assets);
    let hidden_from = never_visible_to.iter().flat_map(|hidden| &hidden.user_groups);
    let protected = protected.iter().filter_map(|pattern| unknown(pattern, &pattern.text, "protected", "protects"));
    let public = never_public.iter().filter_map(|pattern| unknown(pattern, pattern.name(), "neverPublic", "hides"));
    let hidden = hidden_assets.chain(hidden_from);
    let hidden = hidden.filter_map(|pattern| unknown(pattern, pattern.name(), "neverVisibleTo", "hides"));
    protected.chain(public).chain(hidden).collect()
}

pub(super) fn totals(live: &LiveState) -> BTreeMap<Kind, usize> {
    let groups = live.user_groups.iter().filter(|group| !group.flags.is_built_in()).count();
    let mappings = live.mappings.values().flatten().filter(|mapping| !mapping.is_maintainer).count();
    let counts = [
        (Kind::UserGroups, Some(groups)),
        (Kind::IdpMappings, Some(mappings)),
        (Kind::Assets, live.assets.as_ref().map(BTreeMap::len)),
        (Kind::Members, live.members.as_ref().map(Vec::len)),
        (Kind::Prospects, live.prospects.as_ref().map(Vec::len)),
    ];
    counts.into_iter().filter_map(|(kind, count)| Some((kind, count?))).collect()
}

fn administrators(live: &LiveState, directory: &Directory) -> Option<usize> {
    let members = live.members.as_ref()?;
    Some(
        members
            .iter()
            .filter(|member| check::is_administrator(&MemberSpec::of_live(member, directory), directory))
            .count(),
    )
}

/// Everything that people may call an object.
pub(super) struct Names<'a> {
    pub(super) live: &'a LiveState,
    pub(super) directory: &'a Directory,
}

impl Names<'_> {
    /// What objects of a kind may be called; `None` if they were not read, or come and go by themselves.
    fn known(&self, kind: Kind) -> Option<Vec<String>> {
        match kind {
            Kind::UserGroups => {
                let planned = self.directory.iter().map(|entry| entry.name.to_string());
                Some(planned.chain(self.live.user_groups.iter().map(|group| group.name.clone())).collect())
            }
            Kind::Assets => {
                let named = |key: &AssetKey| {
                    let group = self.live.business_groups.as_ref().and_then(|groups| groups.get(&*key.group_id));
                    let by_name = group.map(|group| format!("{group}/{}", key.asset_id));
                    by_name.into_iter().chain([format!("{}/{}", key.group_id, key.asset_id)]).collect::<Vec<_>>()
                };
                Some(self.live.assets.as_ref()?.keys().flat_map(named).collect())
            }
            // Pseudonyms are nobody's names.
            Kind::Members if self.live.pseudonyms.is_some() => None,
            Kind::Members => {
                let names = |member: &LiveMember| {
                    [Some(member.id.to_string()), Some(member.email.clone()), member.username.clone()]
                };
                Some(self.live.members.as_ref()?.iter().flat_map(names).flatten().collect())
            }
            Kind::IdpMappings | Kind::Prospects => None,
        }
    }

    /// The address of what is protected, if the pattern protects it from this change. What does not exist yet is
    /// protected from nothing.
    fn protected(&self, pattern: &AddressPattern, change: &Change) -> Option<Address> {
        let address = &change.address;
        let is_covered = match (&change.edit, pattern.kind) {
            (Edit::UserGroup(operation), Kind::UserGroups) => operation.before().is_some_and(|before| {
                pattern.matches(before.name.as_str()) || self.is_group(pattern, &address.name().into())
            }),
            // Its mappings are part of a group.
            (Edit::IdpMapping(operation), Kind::UserGroups) => {
                let group = &operation.after().or(operation.before())?.user_group;
                let exists = self.directory.id_of(group).is_some();
                let group_address = Address::new(&address.portal, Kind::UserGroups, [group]);
                return (exists && self.is_group(pattern, group)).then_some(group_address);
            }
            (Edit::IdpMapping(Operation::Delete { .. }), Kind::IdpMappings) => pattern.matches(&address.name()),
            (Edit::Asset(operation), Kind::Assets) => operation.before().is_some() && self.is_asset(pattern, address),
            (Edit::Member { .. }, Kind::Members) => {
                let member = self
                    .live
                    .members
                    .iter()
                    .flatten()
                    .find(|member| Some(member.id.as_str()) == change.object_id.as_deref());
                let names = member.map(|member| [Some(member.email.as_str()), member.username.as_deref()]);
                is_person(pattern, change, names)
            }
            (Edit::Approve { before, .. } | Edit::Reject { before }, Kind::Prospects) => {
                is_person(pattern, change, Some([Some(before.email.as_str()), before.username.as_deref()]))
            }
            _ => false,
        };
        is_covered.then(|| address.clone())
    }

    /// By its name in plans, the name that it has in the portal, and the one that it is about to get.
    pub(super) fn is_group(&self, pattern: &AddressPattern, name: &GroupName) -> bool {
        let id = self.directory.id_of(name);
        let live = id.and_then(|id| self.live.user_groups.iter().find(|group| group.id == *id));
        pattern.matches(name.as_str()) || live.is_some_and(|group| pattern.matches(&group.name))
    }

    /// By the id and by the name of its business group.
    pub(super) fn is_asset(&self, pattern: &AddressPattern, address: &Address) -> bool {
        let [group, asset] = &*address.segments else { return false };
        let named = self.live.business_groups.as_ref().and_then(|groups| groups.get(group));
        pattern.matches(&address.name()) || named.is_some_and(|named| pattern.matches(&format!("{named}/{asset}")))
    }
}

fn is_person(pattern: &AddressPattern, change: &Change, names: Option<[Option<&str>; 2]>) -> bool {
    let id = change.object_id.as_deref();
    pattern.matches(&change.address.name())
        || id.into_iter().chain(names.into_iter().flatten().flatten()).any(|name| pattern.matches(name))
}
