//! What a portal's files declare, merged into one value and located.
//!
//! The loader makes it from the syntax of the files; the resolver reads it. References between the parts are still
//! names here: nothing in this module knows a live portal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::delegate::Delegation;
use crate::address::{AddressPattern, Kind};
use crate::diagnostic::{Located, Location};
use crate::limit::Limit;

/// One portal with everything that its fragments add: joins, defaults and overrides are already folded in.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// `metadata.name`: the first segment of every address.
    pub name: Located<String>,
    pub target: Target,
    /// Our name for a provider → theirs (a name or an id).
    pub identity_providers: BTreeMap<String, Located<String>>,
    /// Declared audiences, complete: the groups that `joins` add are part of them.
    pub audiences: BTreeMap<String, Audience>,
    /// All declared groups in the order of declaration, parents before children. `None`: no such section anywhere.
    pub user_groups: Option<Vec<UserGroup>>,
    pub assets: Option<Vec<Asset>>,
    pub members: Option<Vec<Member>>,
    pub prospects: Option<Vec<ProspectRule>>,
    pub prune: Prune,
    pub guards: Guards,
    /// Which fragments may declare what. `None`: each of them anything.
    pub delegation: Option<Delegation>,
    /// How many errors its files have. One that has any says less than it should, and is not to be planned.
    pub errors: usize,
}

impl Manifest {
    /// One that declares nothing and stands in no file.
    pub fn bare(name: &str) -> Self {
        Self {
            name: Located::new(name.to_owned(), Location { file: 0, start: 0, end: 0 }),
            target: Target::default(),
            identity_providers: BTreeMap::new(),
            audiences: BTreeMap::new(),
            user_groups: None,
            assets: None,
            members: None,
            prospects: None,
            prune: Prune::default(),
            guards: Guards::default(),
            delegation: None,
            errors: 0,
        }
    }
}

/// Where the portal is. Every part is optional; the resolver asks for what it cannot find out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    pub region: Option<Located<String>>,
    pub organization: Option<Located<String>>,
    pub connection: Option<Located<String>>,
    pub environment: Option<Located<String>>,
    pub portal: Option<Located<String>>,
}

/// A named set of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    pub location: Location,
    /// The Portal's own list, which stands in place of a fragment's.
    pub overrides: bool,
    pub groups: Vec<Located<GroupReference>>,
}

/// A reference to a group: one of the built-ins by its flag, or any group by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupReference {
    System(SystemGroup),
    Named(String),
}

/// The built-in groups, named by the flag that marks them; their own names have changed over the years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SystemGroup {
    /// `system:administrators`, `isAdmin`.
    Administrators,
    /// `system:guests`, `isPublic`.
    Guests,
    /// `system:members`, `isDefault`.
    Members,
}

/// One declared user group, taken out of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct UserGroup {
    /// A built-in may be declared for its `idpGroups` and `children` alone.
    pub name: Located<GroupReference>,
    pub parent: Parent,
    pub description: Option<Located<String>>,
    /// Earlier names, newest first as written.
    pub formerly: Vec<Located<String>>,
    /// Complete when given: an empty list means no mapping.
    pub idp_groups: Option<Vec<IdpGroup>>,
    pub state: GroupState,
    /// Declared by a fragment that may not declare everything. Whether its names are those of built-ins, only the
    /// portal tells.
    pub delegated: bool,
}

impl UserGroup {
    /// Declared with `state: absent`.
    pub fn goes(&self) -> bool {
        matches!(self.state, GroupState::Absent { .. })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Parent {
    /// A top-level entry without `parent:`.
    Unstated,
    /// A top-level entry with `parent:`.
    Stated(Located<GroupReference>),
    /// An entry under another one's `children`.
    Nested(Located<GroupReference>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    Present,
    /// Cleared, then deleted. `disable_members` disables those left with no group but built-ins.
    Absent {
        disable_members: bool,
    },
}

/// A group of an identity provider that a user group is mapped to.
#[derive(Debug, Clone, PartialEq)]
pub struct IdpGroup {
    /// An alias of `identityProviders`, or the provider's name or id.
    pub provider: Located<String>,
    pub group: Located<String>,
}

/// One declared asset, with the defaults of its document folded in.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    pub location: Location,
    /// The part before the last `/`: a `groupId` or a business group's name.
    pub group: String,
    pub asset_id: String,
    pub state: AssetState,
}

impl Asset {
    /// The coordinates as they are written in the manifest.
    pub fn coordinates(&self) -> String {
        format!("{}/{}", self.group, self.asset_id)
    }
}

/// The shape of a business group's id.
pub(crate) fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok() && text.len() == 36
}

#[derive(Debug, Clone, PartialEq)]
pub enum AssetState {
    Present {
        instances: Option<Located<Instances>>,
        /// `None`: neither the entry nor the defaults say anything about versions.
        versions: Option<Versions>,
    },
    Absent,
    Unmanaged,
}

/// Which API instances an asset shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Instances {
    All,
    Public,
    Custom,
}

/// Audiences by minor version, as it is written (`v1`, `1`, `1.0`), and for every other version that the asset has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Versions {
    pub listed: BTreeMap<String, VersionAudience>,
    pub others: Option<VersionAudience>,
}

/// The value of one version: named audiences and groups, in the order as written.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionAudience {
    pub location: Location,
    pub items: Vec<Located<AudienceItem>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AudienceItem {
    /// `audience:payments`
    Audience(String),
    Group(GroupReference),
}

/// What is declared of a portal member.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// An id, username or email.
    pub user: Located<String>,
    pub user_groups: Option<Vec<Located<GroupReference>>>,
    pub enabled: Option<Located<bool>>,
    /// Approve the pending sign-up if there is one.
    pub approve: bool,
    /// `federated: manage`: manage the groups although the identity provider sets them at login.
    pub manage_federated: bool,
}

/// What to do with a pending sign-up; the first rule that matches wins.
#[derive(Debug, Clone, PartialEq)]
pub struct ProspectRule {
    pub location: Location,
    pub matches: ProspectMatch,
    pub decision: ProspectDecision,
}

/// Without regard to case.
#[derive(Debug, Clone, PartialEq)]
pub enum ProspectMatch {
    Email(String),
    EmailDomain(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum ProspectDecision {
    Approve { user_groups: Vec<Located<GroupReference>> },
    Reject,
}

/// Patterns (`*`, `?`, `[...]`) of live objects that are deleted when nothing declares them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prune {
    pub user_groups: Vec<Located<String>>,
    /// Matched against `groupId/assetId` and against `business group name/assetId`.
    pub assets: Vec<Located<String>>,
    /// Each of these has to cover what is deleted as well: the patterns of earlier manifests.
    pub within: Vec<Prune>,
}

impl Prune {
    /// Covers what both cover.
    #[must_use]
    pub fn narrower(mut self, other: &Self) -> Self {
        let Self { user_groups, assets, within: _ } = &self;
        // Patterns that both have need no second look.
        let texts = |patterns: &[Located<String>]| patterns.iter().map(|text| text.value.clone()).collect::<Vec<_>>();
        let is_same = texts(user_groups) == texts(&other.user_groups) && texts(assets) == texts(&other.assets);
        if !is_same {
            self.within.push(other.clone());
        }
        self
    }
}

/// What a plan may not do. What is not given has its default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guards {
    pub max_deletes: Option<Located<Limit>>,
    pub max_updates: Option<Located<Limit>>,
    pub max_approvals: Option<Located<usize>>,
    pub min_administrators: Option<Located<usize>>,
    pub max_access_loss: Option<Located<Limit>>,
    pub max_access_gain: Option<Located<Limit>>,
    /// Assets that no plan shows to guests.
    pub never_public: Vec<Located<AddressPattern>>,
    pub never_visible_to: Vec<NeverVisibleTo>,
    /// Objects that no plan changes or deletes.
    pub protected: Vec<Located<AddressPattern>>,
}

impl Guards {
    /// Patterns of assets, wherever they stand.
    pub fn asset_patterns(&self) -> impl Iterator<Item = &Located<AddressPattern>> {
        let hidden = self.never_visible_to.iter().flat_map(|hidden| &hidden.assets);
        let protected = self.protected.iter().filter(|pattern| pattern.kind == Kind::Assets);
        protected.chain(&self.never_public).chain(hidden)
    }
}

/// Assets that no plan shows to those who are in one of these groups.
#[derive(Debug, Clone, PartialEq)]
pub struct NeverVisibleTo {
    pub assets: Vec<Located<AddressPattern>>,
    pub user_groups: Vec<Located<AddressPattern>>,
}
