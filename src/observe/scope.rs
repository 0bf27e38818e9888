//! What is read for whom: a manifest needs no more than its sections say.

use crate::manifest::model::{GroupReference, Manifest, ProspectDecision, UserGroup};
use crate::resolve::{deciding_rule, is_uuid};
use crate::state::{LiveGroup, LiveProspect};

/// How much of the portal is read.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'m> {
    /// What planning takes.
    Plan(Needs<'m>),
    /// Everything, so that any manifest can be planned on it.
    Everything { members: bool },
}

/// What a plan is made of, as far as it says what is read.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'m> {
    pub manifest: &'m Manifest,
    /// What may have been declared of the portal when it was applied last.
    pub applied: &'m [Manifest],
    /// What may be declared of it where the manifest is based on.
    pub base: &'m [Manifest],
}

impl<'m> From<&'m Manifest> for Needs<'m> {
    fn from(manifest: &'m Manifest) -> Self {
        Self { manifest, applied: &[], base: &[] }
    }
}

impl Needs<'_> {
    pub(super) fn earlier(&self) -> impl Iterator<Item = &Manifest> {
        self.applied.iter().chain(self.base)
    }

    /// The manifest that was applied last declares this group, and this one no longer does.
    pub(super) fn is_recorded(&self, group: &LiveGroup) -> bool {
        let Some(declared) = &self.manifest.user_groups else { return false };
        let is_named =
            |declared: &UserGroup| matches!(&declared.name.value, GroupReference::Named(name) if *name == group.name);
        let is_former = declared.iter().flat_map(|group| &group.formerly).any(|former| former.value == group.name);
        let mut earlier = self.applied.iter().flat_map(|manifest| manifest.user_groups.iter().flatten());
        !is_former && !declared.iter().any(is_named) && earlier.any(is_named)
    }
}

impl Scope<'_> {
    /// An earlier revision says whose portal it is about, which is then compared.
    pub(super) fn names_organization(&self) -> bool {
        match self {
            Self::Plan(needs) => needs.earlier().any(|manifest| manifest.target.organization.is_some()),
            Self::Everything { .. } => false,
        }
    }

    pub(super) fn needs_business_groups(&self) -> bool {
        let names = |manifest: &Manifest| manifest.assets.iter().flatten().any(|asset| !is_uuid(&asset.group));
        match self {
            Self::Plan(needs) => {
                let Needs { manifest, .. } = needs;
                !manifest.prune.assets.is_empty()
                    || guards_assets(manifest)
                    || needs.earlier().any(guards_assets)
                    || names(manifest)
                    || (manifest.assets.is_some() && needs.earlier().any(names))
            }
            Self::Everything { .. } => true,
        }
    }

    pub(super) fn needs_providers(&self) -> bool {
        let maps = |manifest: &Manifest| manifest.user_groups.iter().flatten().any(|group| group.idp_groups.is_some());
        match self {
            Self::Plan(needs) => {
                let Needs { manifest, .. } = needs;
                !manifest.prune.user_groups.is_empty()
                    || maps(manifest)
                    || manifest.user_groups.iter().flatten().any(UserGroup::goes)
                    || (manifest.user_groups.is_some() && needs.earlier().any(maps))
            }
            Self::Everything { .. } => true,
        }
    }

    pub(super) fn needs_members(&self) -> bool {
        match self {
            Self::Plan(Needs { manifest, .. }) => {
                manifest.members.is_some()
                    || !manifest.prune.user_groups.is_empty()
                    || manifest.user_groups.iter().flatten().any(UserGroup::goes)
            }
            Self::Everything { members } => *members,
        }
    }

    /// Rules alone ask for the members only where one lets somebody in: it may be a member who signs up again.
    pub(super) fn lets_in(&self, prospects: &[LiveProspect]) -> bool {
        match self {
            Self::Plan(Needs { manifest, .. }) => {
                let rules = manifest.prospects.as_deref().unwrap_or_default();
                prospects.iter().any(|prospect| {
                    deciding_rule(rules, prospect)
                        .is_some_and(|rule| matches!(rule.decision, ProspectDecision::Approve { .. }))
                })
            }
            Self::Everything { .. } => false,
        }
    }

    pub(super) fn needs_prospects(&self) -> bool {
        match self {
            Self::Plan(Needs { manifest, .. }) => manifest.members.is_some() || manifest.prospects.is_some(),
            Self::Everything { members } => *members,
        }
    }

    pub(super) fn needs_assets(&self) -> bool {
        match self {
            Self::Plan(Needs { manifest, .. }) => manifest.assets.is_some() || !manifest.prune.assets.is_empty(),
            Self::Everything { .. } => true,
        }
    }
}

/// Guards know assets by the names of their business groups too.
fn guards_assets(manifest: &Manifest) -> bool {
    manifest.guards.asset_patterns().next().is_some()
}
