//! Assets whose publication was cut off before they got their audience.
//!
//! Some hubs show what was just published to everyone, until the next write says who is to see it. If that write never
//! comes, nothing in the portal tells the asset from one that somebody opened to everyone by hand. So what looks like
//! it, and was never applied for all that is known, is finished as it was begun: what the manifest does not list is
//! closed, which is the safer side, and the plan says how to keep it open.

use std::collections::BTreeSet;

use super::Resolver;
use crate::id::AssetKey;
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::AssetSpec;
use crate::text::few;

/// How many assets a notice names.
const NAMED: usize = 3;

/// Assets that everyone sees in every version.
#[derive(Default)]
pub(super) struct Interrupted {
    closed: Vec<AssetKey>,
    left: Vec<AssetKey>,
}

impl Resolver<'_> {
    /// Closes the versions that are not `listed`, if the asset looks like that. `before` is what is live, `spec` what is
    /// wanted so far. Returns the reason for the change.
    ///
    /// A listed version that is as it should be says that the audience was set, and then the open ones are somebody's
    /// will. Otherwise an apply that opens a version to everyone could be followed by a plan that closes another one.
    pub(super) fn finish_publication(
        &mut self,
        key: &AssetKey,
        listed: &BTreeSet<String>,
        before: &AssetSpec,
        spec: &mut AssetSpec,
    ) -> Option<String> {
        let was_applied = self.was_applied || self.proof.is_some_and(|proof| proof.has_asset(key));
        let others: Vec<&String> = before.versions.keys().filter(|version| !listed.contains(*version)).collect();
        if was_applied || others.is_empty() || !self.is_for_everyone(before) {
            return None;
        }
        if listed.iter().any(|version| spec.versions.get(version) == before.versions.get(version)) {
            self.interrupted.left.push(key.clone());
            return None;
        }
        for version in others {
            let audience = before.versions[version].iter().flatten();
            let kept = audience.filter(|group| self.administrators.contains(*group)).cloned().collect();
            spec.versions.insert(version.clone(), Some(kept));
        }
        self.interrupted.closed.push(key.clone());
        Some("everyone sees every version, as after a publication that was interrupted".to_owned())
    }

    /// All versions have one and the same audience, of built-in groups with a public one among them.
    fn is_for_everyone(&self, spec: &AssetSpec) -> bool {
        let audience = |groups: &Option<GroupSet>| -> GroupSet {
            groups.iter().flatten().filter(|group| !self.administrators.contains(*group)).cloned().collect()
        };
        let mut audiences = spec.versions.values().map(audience);
        let Some(groups) = audiences.next() else { return false };
        let flags = |group| self.directory.flags_of(group);
        groups.iter().all(|group| flags(group).is_built_in())
            && groups.iter().any(|group| flags(group).is_public)
            && audiences.all(|other| other == groups)
    }

    /// Assets by the names of their business groups, where these are known.
    fn called(&self, keys: &[AssetKey]) -> Vec<String> {
        let name = |key: &AssetKey| self.live.business_groups.as_ref().and_then(|groups| groups.get(&*key.group_id));
        keys.iter()
            .map(|key| format!("{}/{}", name(key).map_or(&*key.group_id, String::as_str), key.asset_id))
            .collect()
    }

    /// Says once for all assets what was made of them.
    pub(super) fn note_interrupted(&mut self) {
        let Interrupted { closed, left } = std::mem::take(&mut self.interrupted);
        let keep = "list them, or write `\"*\": [system:guests]`";
        if !closed.is_empty() {
            self.warn(format!(
                "everyone sees every version of {}, as after a publication that was interrupted: those that the manifest does not list are closed; to keep them open, {keep}",
                few(NAMED, &self.called(&closed))
            ));
        }
        if !left.is_empty() {
            self.note(format!(
                "everyone sees every version of {}, also those that the manifest does not list, which are left alone: {keep} if that is meant, `\"*\": []` if nobody should see them",
                few(NAMED, &self.called(&left))
            ));
        }
    }
}
