//! What the manifest that was applied last declares, by identity: proof for what goes once it is no longer declared.
//!
//! A name that means nothing any more, or several things, proves nothing. Nothing goes where the manifest has no such
//! section.

use std::collections::{BTreeMap, BTreeSet};

use super::people::Entries;
use super::{Cause, Resolver};
use crate::diagnostic::Location;
use crate::id::{AssetKey, GroupId, GroupName, MemberId, ProviderId};
use crate::kinds::members::spec::MOST_GROUPS;
use crate::state::{DesiredAsset, DesiredMember, LiveMapping, LiveMember};

/// What was applied last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proof {
    /// The revision as people call it.
    revision: String,
    /// Live groups that were declared by the names that they have.
    user_groups: BTreeSet<GroupId>,
    mappings: BTreeMap<GroupId, BTreeSet<(ProviderId, String)>>,
    assets: BTreeSet<AssetKey>,
    members: BTreeMap<MemberId, DeclaredMember>,
}

/// The groups that somebody was declared to be in.
#[derive(Debug, Clone, PartialEq)]
struct DeclaredMember {
    user_groups: BTreeSet<GroupId>,
    /// Although an identity provider sets them at login.
    manages_federated: bool,
}

impl Proof {
    pub(super) fn has_asset(&self, key: &AssetKey) -> bool {
        self.assets.contains(key)
    }

    fn reason(&self) -> String {
        format!("declared in {}, no longer in the manifest", self.revision)
    }
}

impl Resolver<'_> {
    /// What this manifest proves, once it is resolved.
    pub(super) fn prove(&self, revision: &str) -> Proof {
        let providers: BTreeMap<_, _> = self.provider_names.iter().map(|(id, name)| (name, id)).collect();
        let live_groups = || {
            self.declared_groups
                .iter()
                .filter_map(|(declared, name)| Some((declared, name, self.directory.id_of(name)?)))
        };
        let mappings = live_groups().filter(|(declared, ..)| declared.idp_groups.is_some()).map(|(_, name, id)| {
            let declared = self.desired.mappings.get(name).into_iter().flatten();
            let rows = declared.filter_map(|row| Some(((*providers.get(&row.provider)?).clone(), row.group.clone())));
            (id.clone(), rows.collect())
        });
        let members = self.declared_members.iter().map(|(id, (groups, manages_federated))| {
            let user_groups = groups.iter().filter_map(|name| self.directory.id_of(name)).cloned().collect();
            (id.clone(), DeclaredMember { user_groups, manages_federated: *manages_federated })
        });
        Proof {
            revision: revision.to_owned(),
            user_groups: live_groups().map(|(.., id)| id).filter(|id| !self.renamed.contains(*id)).cloned().collect(),
            mappings: mappings.collect(),
            assets: self.declared_assets.clone(),
            members: members.collect(),
        }
    }

    /// Groups that the manifest no longer declares. One whose name stands under `formerly` stays.
    pub(super) fn recorded_groups(&mut self) {
        let (Some(proof), Some(declared)) = (self.proof, &self.manifest.user_groups) else { return };
        let former: BTreeSet<&str> =
            declared.iter().flat_map(|group| &group.formerly).map(|name| name.as_str()).collect();
        for live in &self.live.user_groups {
            let goes = proof.user_groups.contains(&live.id)
                && !live.flags.is_built_in()
                && !self.declared_ids.contains_key(&live.id)
                && !former.contains(live.name.as_str());
            if goes {
                self.goes_for(live, Cause::Recorded { reason: proof.reason() });
            }
        }
    }

    pub(super) fn is_recorded_mapping(&self, group: &GroupId, row: &LiveMapping) -> bool {
        let declared = self.proof.and_then(|proof| proof.mappings.get(group));
        declared.is_some_and(|rows| rows.contains(&(row.provider.clone(), row.group.clone())))
    }

    /// Assets that the manifest no longer declares.
    pub(super) fn recorded_assets(&mut self, declared: &BTreeMap<AssetKey, Location>) {
        let (Some(proof), Some(_), Some(live)) = (self.proof, &self.manifest.assets, &self.live.assets) else { return };
        for key in proof.assets.iter().filter(|key| live.contains_key(key) && !declared.contains_key(key)) {
            if self.detail(key, None).is_some() {
                self.desired.assets.insert(key.clone(), DesiredAsset::Gone { reason: proof.reason() });
            }
        }
    }

    pub(super) fn has_recorded_members(&self) -> bool {
        self.manifest.members.is_some() && self.proof.is_some_and(|proof| !proof.members.is_empty())
    }

    /// Members whom the manifest no longer declares leave the groups that were declared for them, and no others.
    pub(super) fn recorded_members(&mut self, entries: &Entries) {
        let (Some(proof), Some(_)) = (self.proof, &self.manifest.members) else { return };
        for member in self.live.members.iter().flatten() {
            let Some(declared) = proof.members.get(&member.id) else { continue };
            let is_federated = member.is_federated(&self.live.portal.connection);
            if entries.members.contains_key(&member.id) || (is_federated && !declared.manages_federated) {
                continue;
            }
            let Some(live) = &member.user_groups else {
                self.note(format!(
                    "`{}` is {}, and left alone: the hub does not say which groups that member is in",
                    member.label(),
                    proof.reason()
                ));
                continue;
            };
            let stays =
                |id: &&GroupId| !declared.user_groups.contains(*id) || self.is_kept(&self.directory.name_of(id));
            let groups = self.directory.names_of(live.iter().filter(stays));
            if groups.len() == live.len() {
                continue;
            }
            self.leave(
                member,
                DesiredMember { user_groups: Some(groups), enabled: None, reason: Some(proof.reason()) },
            );
            if is_federated {
                self.warn(format!(
                    "`{}` signs in through an identity provider: its mappings may undo the change at the next login",
                    member.label()
                ));
            }
        }
    }

    fn leave(&mut self, member: &LiveMember, desired: DesiredMember) {
        let count = desired.user_groups.as_ref().map_or(0, BTreeSet::len);
        if count > MOST_GROUPS {
            self.warn(format!(
                "`{}` is left alone: {count} groups would be left, and the API takes at most {MOST_GROUPS}",
                member.label()
            ));
            return;
        }
        self.desired.members.insert(member.id.clone(), desired);
    }

    /// Whoever is in a default or public group stays there; administration alone can end.
    fn is_kept(&self, group: &GroupName) -> bool {
        let flags = self.directory.flags_of(group);
        flags.is_built_in() && (!flags.is_admin || flags.is_default || flags.is_public)
    }

    /// The manifest that was applied last made the member an administrator by this group.
    pub(super) fn ends_administration(&self, member: &MemberId, group: &GroupName) -> bool {
        let declared = self.proof.and_then(|proof| proof.members.get(member));
        let was_declared =
            declared.zip(self.directory.id_of(group)).is_some_and(|(declared, id)| declared.user_groups.contains(id));
        was_declared && self.directory.flags_of(group).is_admin && !self.is_kept(group)
    }
}
