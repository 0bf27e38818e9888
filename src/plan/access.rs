//! Who sees which version of which asset, before a plan and after it, and what that changes: data.
//!
//! Both states are complete for what was read, so that any question can be answered from a saved plan. What was not
//! read is counted, never left out in silence.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::address::Address;
use crate::id::{GroupName, ProviderName};
use crate::kinds::GroupSet;

/// The sight of everyone, and how a plan changes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// In the order of their addresses.
    pub assets: Vec<SeenAsset>,
    /// Members and those who become members, in the order of their addresses; `None`: not read.
    pub people: Option<Vec<Person>>,
    /// Groups of identity providers that are mapped to user groups before or after.
    pub idp_groups: Vec<IdpGroup>,
    pub gaps: Gaps,
    pub effect: Effect,
}

impl Access {
    /// Somebody's groups change, or what a group of an identity provider is mapped to.
    pub fn moves_people(&self) -> bool {
        self.people.iter().flatten().any(|person| person.standing.differs())
            || self.idp_groups.iter().any(|group| group.user_groups.differs())
    }
}

/// One of the two states that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Before,
    After,
}

/// Something before a plan and after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Both<T> {
    pub before: T,
    /// `None`: as before.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub after: Option<T>,
}

impl<T: PartialEq> Both<T> {
    pub fn new(before: T, after: T) -> Self {
        let after = (before != after).then_some(after);
        Self { before, after }
    }

    pub fn same(value: T) -> Self {
        Self { before: value, after: None }
    }

    pub fn on(&self, side: Side) -> &T {
        match (side, &self.after) {
            (Side::After, Some(after)) => after,
            _ => &self.before,
        }
    }

    pub fn differs(&self) -> bool {
        self.after.is_some()
    }
}

/// An asset whose audiences are known, published before or after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAsset {
    pub address: Address,
    pub is_published: Both<bool>,
    pub versions: Vec<SeenVersion>,
}

/// A minor version and the groups of its audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenVersion {
    /// In the server's spelling; `*` for the versions of an asset that is yet to be published.
    pub version: String,
    /// `None`: the hub does not tell.
    pub audience: Both<Option<GroupSet>>,
}

/// A member, or somebody whose sign-up is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub address: Address,
    pub standing: Both<Standing>,
}

/// What decides on a person's sight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The groups that they are in themselves; `None`: the hub does not tell.
    pub user_groups: Option<GroupSet>,
    /// Whoever is disabled, or not yet a member, sees nothing.
    pub is_active: bool,
}

/// Members of such a group are known to the identity provider alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpGroup {
    pub name: IdpGroupName,
    /// The user groups that whoever is in it is in from the next login on.
    pub user_groups: Both<GroupSet>,
}

/// A group as its identity provider calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IdpGroupName {
    pub provider: ProviderName,
    pub group: String,
}

/// What was not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// Published assets whose audiences were not read; `None`: not even how many there are.
    pub assets: Option<usize>,
    /// Versions of which the hub does not tell who sees them.
    pub versions: usize,
    /// Members of whom the hub does not tell which groups they are in.
    pub members: usize,
    /// User groups whose mappings were not read.
    pub mappings: usize,
}

/// How sight changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    pub gains: Reach,
    pub losses: Reach,
    /// Members who lose sight of something that somebody declared: what was opened in the portal by hand, and is closed
    /// again, is not among it. Guards count these.
    pub declared_losses: usize,
    /// By what brings it about, those with most versions first.
    pub causes: Vec<CauseEffect>,
    /// The versions that somebody gains or loses sight of, in the order of their addresses.
    pub versions: Vec<VersionEffect>,
    /// The members who gain or lose sight of something, in the order of their addresses.
    pub members: Vec<MemberEffect>,
}

/// How far a change of sight goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    pub members: usize,
    /// Groups of identity providers whose members, who are not counted, are concerned.
    pub idp_groups: usize,
    pub assets: usize,
    pub versions: usize,
    /// Versions that guests, who have not signed in, gain or lose.
    pub public: usize,
}

/// What one cause gives or takes. What takes two causes counts under both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseEffect {
    pub gives: bool,
    pub cause: Cause,
    /// The group that an audience or somebody's groups gain or lose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_group: Option<GroupName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    pub reach: Reach,
    /// The first of the versions.
    pub first: VersionName,
}

/// A version of an asset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VersionName {
    pub asset: Address,
    pub version: String,
}

/// Why sight changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// A named audience: `audience:payments`.
    Audience(String),
    /// The entries of assets themselves.
    Assets,
    /// The groups of members.
    Members,
    /// Sign-ups become members.
    Approval,
    /// Members are enabled or disabled.
    Enabled,
    /// A group of an identity provider is mapped to the user group, or no longer.
    Mapping(IdpGroupName),
}

/// Who gains and who loses sight of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionEffect {
    pub name: VersionName,
    /// The same for all versions that change alike.
    pub gains: Arc<VersionReach>,
    pub losses: Arc<VersionReach>,
}

/// One direction of a version's change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionReach {
    pub members: usize,
    /// The groups of the audience through which they see it.
    pub through: GroupSet,
    /// Groups of identity providers whose members are concerned, whom the provider alone knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idp_groups: Vec<IdpGroupName>,
    /// Guests, who have not signed in, are among them: the version becomes public, or ceases to be.
    pub public: bool,
    /// Names of members, as many as were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// How many versions a member gains and loses, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberEffect {
    pub member: Address,
    /// The member is in an administrators' group, before or after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_administrator: bool,
    pub gains: usize,
    pub losses: usize,
    /// The groups of audiences through which they see what they gain, each with the way that leads there: from a group
    /// that they are in to the one of the audience.
    pub gains_through: Vec<Path>,
    pub losses_through: Vec<Path>,
}

/// From a group that somebody is in, over its parents, to one that an audience names.
pub type Path = Vec<GroupName>;
