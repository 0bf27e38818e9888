//! The live value of what a manifest declares, written where it is declared.

use std::collections::BTreeSet;

use super::references::References;
use super::revoked::places;
use crate::address::Address;
use crate::diagnostic::{Located, Location};
use crate::directory::Directory;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::{AssetSpec, canonical_version};
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::kinds::user_groups::spec::UserGroupSpec;
use crate::manifest::edit::{Editor, ListEdit, Unsupported};
use crate::manifest::model::{
    Asset, AssetState, AudienceItem, GroupReference, Manifest, Parent, SystemGroup, UserGroup, VersionAudience,
    Versions,
};
use crate::manifest::scalar::quote;
use crate::plan::{Edit, Operation, Plan};
use crate::state::LiveState;

/// Why the live value of an object is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPulled {
    pub reason: String,
    /// The place in a file that stands in the way.
    pub location: Option<Location>,
}

impl From<Unsupported> for NotPulled {
    fn from(fault: Unsupported) -> Self {
        Self { reason: fault.reason.to_owned(), location: Some(fault.location) }
    }
}

fn not_pulled(reason: impl Into<String>) -> NotPulled {
    NotPulled { reason: reason.into(), location: None }
}

type Pulled = Result<(), NotPulled>;

/// Writes live values into a manifest, for the changes that a plan of it makes.
pub struct Puller<'a> {
    pub manifest: &'a Manifest,
    pub live: &'a LiveState,
    pub plan: &'a Plan,
    /// What people should know of what was written.
    pub notices: Vec<String>,
}

impl<'a> Puller<'a> {
    pub fn new(manifest: &'a Manifest, live: &'a LiveState, plan: &'a Plan) -> Self {
        Self { manifest, live, plan, notices: Vec::new() }
    }

    /// Edits the manifest so that the plan would leave this object as it is.
    pub fn pull(&mut self, address: &Address, editor: &mut Editor<'_>) -> Pulled {
        // What changes in two steps is live as the first one finds it.
        let Some(change) = self.plan.changes.iter().find(|change| change.address == *address) else { return Ok(()) };
        let last = self.plan.changes.iter().rfind(|change| change.address == *address).unwrap_or(change);
        match (&change.edit, &last.edit) {
            (Edit::UserGroup(operation), _) => self.group(operation.before(), operation.after(), address, editor),
            (Edit::IdpMapping(operation), _) => self.mapping(operation, editor),
            (Edit::Asset(first), Edit::Asset(last)) => self.asset(first, last, address, editor),
            (Edit::Member { .. }, _) => self.member(change.object_id.as_deref(), &change.edit, editor),
            (Edit::Asset(_) | Edit::Approve { .. } | Edit::Reject { .. }, _) => {
                Err(not_pulled("a pending sign-up is no drift: change the rule, or decide on it"))
            }
        }
    }

    fn directory(&self) -> &'a Directory {
        &self.plan.target.user_groups
    }

    fn meant(&self, reference: &GroupReference) -> Option<GroupName> {
        References { directory: self.directory(), live: &self.live.user_groups }.meant(reference)
    }

    /// What the manifest calls a group, if that is clear.
    fn text(&self, name: &GroupName) -> Result<String, NotPulled> {
        let text = name.as_str();
        let system = SystemGroup::ALL.into_iter().find(|system| system.as_str() == text);
        let reference = system.map_or_else(|| GroupReference::Named(text.to_owned()), GroupReference::System);
        if self.meant(&reference).as_ref() == Some(name) && self.directory().id_of(name).is_some() {
            return Ok(quote(text));
        }
        Err(not_pulled(format!("no text of a manifest means the user group `{name}` alone")))
    }

    fn declared(&self, group: &GroupName) -> Option<&'a UserGroup> {
        let groups = self.manifest.user_groups.iter().flatten();
        groups.into_iter().find(|declared| self.meant(&declared.name).as_ref() == Some(group))
    }

    fn group(
        &mut self,
        before: Option<&UserGroupSpec>,
        after: Option<&UserGroupSpec>,
        address: &Address,
        editor: &mut Editor<'_>,
    ) -> Pulled {
        let name = GroupName::from(address.name());
        let Some(declared) = self.declared(&name) else {
            return Err(not_pulled(
                "the manifest does not declare it, and what is deleted for that stays only if it does",
            ));
        };
        match (before, after) {
            (Some(before), Some(after)) => {
                if before.name != after.name {
                    let advice = "put the old name back where the manifest has the new one";
                    return Err(not_pulled(format!("the manifest renames it: {advice}")));
                }
                let text = before.description.as_deref().unwrap_or_default();
                Ok(editor.set(declared.name.location, &[], "description", quoted(text))?)
            }
            (None, Some(_)) => self.vanished(declared, editor),
            _ => Err(not_pulled("the manifest says that it goes: take `state: absent` out of its entry")),
        }
    }

    /// Somebody deleted the group: its entry goes, and so does all that names it.
    fn vanished(&mut self, declared: &UserGroup, editor: &mut Editor<'_>) -> Pulled {
        let is_this = |reference: &GroupReference| *reference == declared.name.value;
        let below = self.manifest.user_groups.iter().flatten().filter(|other| match &other.parent {
            Parent::Stated(parent) | Parent::Nested(parent) => is_this(parent),
            Parent::Unstated => false,
        });
        // Those that are gone as well go with it.
        let is_live =
            |other: &&UserGroup| self.meant(&other.name).is_some_and(|name| self.directory().id_of(&name).is_some());
        let below: Vec<String> = below.filter(is_live).map(|other| other.name.value.as_str().to_owned()).collect();
        if !below.is_empty() {
            let names = below.join(", ");
            return Err(not_pulled(format!("the manifest has other groups under it ({names}): move them first")));
        }
        let places = places(self.manifest, &is_this);
        // What it joins goes with its own entry.
        let elsewhere = places.len();
        for place in places {
            editor.remove_item(place)?;
        }
        editor.remove_entry(declared.name.location)?;
        if elsewhere > 0 {
            self.notices
                .push(format!("user group `{}` is taken out of all that named it", declared.name.value.as_str()));
        }
        Ok(())
    }

    fn mapping(&mut self, operation: &Operation<IdpMappingSpec>, editor: &mut Editor<'_>) -> Pulled {
        let spec = operation.after().or(operation.before()).ok_or_else(|| not_pulled("it has no value"))?;
        let declared = self.declared(&spec.user_group).filter(|declared| !declared.goes());
        let rows = declared.and_then(|declared| Some((declared, declared.idp_groups.as_ref()?)));
        let Some((declared, rows)) = rows else {
            return Err(not_pulled(format!("the manifest says that `{}` goes", spec.user_group)));
        };
        if operation.after().is_some() {
            let is_this = |provider: &str| self.provider(provider) == Some(spec.provider.as_str());
            let mut found = rows.iter().filter(|row| row.group.value == spec.group && is_this(&row.provider));
            let row = found.next().ok_or_else(|| not_pulled("its entry cannot be told"))?;
            return Ok(editor.remove_entry(row.group.location)?);
        }
        let row = |provider: &str, group: &str| format!("{{provider: {}, group: {}}}", quote(provider), quote(group));
        let add = row(spec.provider.as_str(), &spec.group);
        let whole: Vec<String> =
            rows.iter().map(|row_| row(&row_.provider, &row_.group)).chain([add.clone()]).collect();
        let edit = ListEdit { add: vec![add], whole, ..ListEdit::default() };
        Ok(editor.list(declared.name.location, &[], "idpGroups", edit)?)
    }

    /// The plan's name for what an entry calls a provider.
    fn provider(&self, text: &str) -> Option<&str> {
        let wanted = self.manifest.identity_providers.get(text).map_or(text, |provider| provider.value.as_str());
        let listed = self.live.identity_providers.iter().flatten();
        let by_name = listed.clone().find(|(_, name)| *name == wanted).map(|(id, _)| id.as_str());
        let id = listed.clone().find(|(id, _)| id.as_str() == wanted).map(|(id, _)| id.as_str()).or(by_name);
        let id = id.unwrap_or(wanted);
        let names = &self.plan.target.identity_providers;
        names.iter().find(|(_, known)| known.as_str() == id).map(|(name, _)| name.as_str())
    }

    fn asset(
        &mut self,
        first: &Operation<AssetSpec>,
        last: &Operation<AssetSpec>,
        address: &Address,
        editor: &mut Editor<'_>,
    ) -> Pulled {
        let asset = self.declared_asset(address);
        let (before, after) = match (first, last) {
            (Operation::Create { .. }, _) => {
                let asset = asset.ok_or_else(|| not_pulled("its entry cannot be told"))?;
                return Ok(editor.remove_entry(asset.location)?);
            }
            (Operation::Update { before, .. }, Operation::Update { after, .. }) => (before, after),
            _ => return Err(not_pulled("the manifest says that it goes: take `state: absent` out of its entry")),
        };
        let present = asset.and_then(|asset| match &asset.state {
            AssetState::Present { versions, .. } => Some((asset, versions.as_ref())),
            AssetState::Absent | AssetState::Unmanaged => None,
        });
        let Some((asset, versions)) = present else {
            return Err(not_pulled("the manifest does not declare it: it changes because a user group goes"));
        };
        if before.instances != after.instances {
            let instances = before.instances.ok_or_else(|| not_pulled("the hub does not tell its instances"))?;
            editor.set(asset.location, &[], "instances", quote(instances.as_str()))?;
        }
        for (version, wanted) in &after.versions {
            let live = before.versions.get(version).cloned().flatten();
            if before.versions.get(version) == Some(wanted) {
                continue;
            }
            let live = live.ok_or_else(|| not_pulled(format!("the hub does not tell who sees {version}")))?;
            let versions = versions.ok_or_else(|| not_pulled("its versions are not declared"))?;
            self.version(asset, versions, version, &live, editor)?;
        }
        Ok(())
    }

    fn declared_asset(&self, address: &Address) -> Option<&'a Asset> {
        let [group, id] = &*address.segments else { return None };
        let name = self.live.business_groups.as_ref().and_then(|groups| groups.get(group));
        let mut assets = self.manifest.assets.iter().flatten();
        assets.find(|asset| asset.asset_id == *id && (asset.group == *group || Some(&asset.group) == name))
    }

    fn version(
        &mut self,
        asset: &Asset,
        versions: &Versions,
        version: &str,
        live: &GroupSet,
        editor: &mut Editor<'_>,
    ) -> Pulled {
        let same = |spelt: &&String| canonical_version(spelt) == canonical_version(version);
        let listed = versions.listed.iter().find(|(spelt, _)| same(spelt));
        let is_custom = |name: &GroupName| !self.directory().flags_of(name).is_built_in();
        let (key, declared) = match (&listed, &versions.others) {
            (Some((spelt, audience)), _) => (spelt.as_str(), Some(*audience)),
            (None, Some(others)) => (version, Some(others)),
            // It was taken for open since its publication was interrupted, or else a user group goes.
            (None, None) if live.iter().any(is_custom) => {
                return Err(not_pulled(format!("version {version} is not declared")));
            }
            (None, None) => (version, None),
        };
        let Kept { remove, mut whole, covered } =
            declared.map(|declared| self.kept(declared, live)).unwrap_or_default();
        let is_new = |name: &&GroupName| !covered.contains(*name) && !self.directory().flags_of(name).is_admin;
        let add: Vec<String> =
            live.iter().filter(is_new).map(|name| self.text(name)).collect::<Result<_, NotPulled>>()?;
        whole.extend(add.iter().cloned());
        if listed.is_none() {
            self.notices.push(format!("{} lists {version} by itself now", asset.coordinates()));
        }
        Ok(editor.list(asset.location, &["versions"], key, ListEdit { remove, add, whole })?)
    }

    /// What stays of an audience as it is written: groups that see the version, and named audiences of which all do.
    /// Of other audiences the groups that do are written in their place.
    fn kept(&mut self, declared: &VersionAudience, live: &GroupSet) -> Kept {
        let mut kept = Kept::default();
        for item in &declared.items {
            let (groups, text) = match &item.value {
                AudienceItem::Group(group) => (self.meant(group).into_iter().collect(), group.as_str().to_owned()),
                AudienceItem::Audience(name) => (self.audience(name), format!("audience:{name}")),
            };
            if !groups.is_empty() && groups.is_subset(live) || is_empty_audience(&item.value, &groups) {
                kept.whole.push(quote(&text));
                kept.covered.extend(groups);
                continue;
            }
            if let AudienceItem::Audience(name) = &item.value {
                self.notices.push(format!(
                    "`audience:{name}` is replaced by groups where not all of it sees a version any more"
                ));
            }
            kept.remove.insert(item.location);
        }
        kept
    }

    fn audience(&self, name: &str) -> GroupSet {
        let groups = self.manifest.audiences.get(name).map(|audience| audience.groups.as_slice());
        groups.unwrap_or_default().iter().filter_map(|group| self.meant(group)).collect()
    }

    fn member(&mut self, id: Option<&str>, edit: &Edit, editor: &mut Editor<'_>) -> Pulled {
        let Edit::Member { before, after } = edit else { return Ok(()) };
        let member = self.live.members.iter().flatten().find(|member| Some(member.id.as_str()) == id);
        let entry = member
            .and_then(|member| self.manifest.members.iter().flatten().find(|entry| member.is_called(&entry.user)));
        let Some(entry) = entry else {
            return Err(not_pulled("the manifest does not declare the member: a user group goes, which it is in"));
        };
        let place = entry.user.location;
        if before.enabled != after.enabled {
            let (Some(_), Some(live)) = (&entry.enabled, before.enabled) else {
                return Err(not_pulled("whether the member is enabled follows from a user group that goes"));
            };
            editor.set(place, &[], "enabled", live.to_string())?;
        }
        if before.user_groups != after.user_groups {
            let (Some(declared), Some(live)) = (&entry.user_groups, &before.user_groups) else {
                return Err(not_pulled("the member's groups follow from a user group that goes"));
            };
            let edit = self.memberships(declared, live)?;
            editor.list(place, &[], "userGroups", edit)?;
        }
        Ok(())
    }

    fn memberships(&self, declared: &[Located<GroupReference>], live: &GroupSet) -> Result<ListEdit, NotPulled> {
        let mut edit = ListEdit::default();
        let mut covered = GroupSet::new();
        for item in declared {
            match self.meant(item).filter(|name| live.contains(name)) {
                Some(name) => {
                    covered.insert(name);
                    edit.whole.push(quote(item.value.as_str()));
                }
                None => {
                    edit.remove.insert(item.location);
                }
            }
        }
        // Built-ins are kept by themselves.
        let is_new = |name: &&GroupName| !covered.contains(*name) && !self.directory().flags_of(name).is_built_in();
        edit.add = live.iter().filter(is_new).map(|name| self.text(name)).collect::<Result<_, NotPulled>>()?;
        edit.whole.extend(edit.add.iter().cloned());
        Ok(edit)
    }
}

/// What of a list stays.
#[derive(Default)]
struct Kept {
    remove: BTreeSet<Location>,
    whole: Vec<String>,
    covered: GroupSet,
}

/// An audience of nobody takes nothing and gives nothing.
fn is_empty_audience(item: &AudienceItem, groups: &GroupSet) -> bool {
    matches!(item, AudienceItem::Audience(_)) && groups.is_empty()
}

/// A text, also where it is empty.
fn quoted(text: &str) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { quote(text) }
}
