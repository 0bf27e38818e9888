//! What a plan may not do, with the numbers that tell whether it does: data, so that a saved plan is checked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::kinds::GroupSet;
use crate::limit::Limit;

/// The limits of a plan and what they are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guards {
    pub limits: Limits,
    /// What is protected of the objects that the plan touches.
    pub protected: Vec<Protection>,
    /// Protected objects that may be touched all the same, since somebody said so of each.
    pub unprotected: BTreeSet<Address>,
    /// What must stay hidden, and from whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<Hidden>,
    /// What is hidden no longer after the plan, or was not before it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exposures: BTreeSet<Exposure>,
    /// What was not read of what is hidden and a new group may see; for showing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
    /// Assets that may be shown although they are to be hidden, since somebody said so of each.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exposed: BTreeSet<Address>,
    /// Flags that were given in place of what the manifest says, as they were written.
    pub overrides: Vec<String>,
    /// How many live objects of each kind were read; built-in groups do not count, since nothing deletes them.
    pub totals: BTreeMap<Kind, usize>,
    /// Enabled administrators before the plan; unknown if the members were not read.
    pub administrators: Option<usize>,
    /// What the plan does beyond its limits.
    pub violations: Vec<Violation>,
    /// What a reviewer should know of the guards, although nothing of it is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<GuardRemark>,
}

/// Numbers that a plan must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Of each kind.
    pub max_deletes: Limit,
    /// Of each kind.
    pub max_updates: Limit,
    pub max_approvals: usize,
    pub min_administrators: usize,
    /// Of members that are enabled.
    pub max_access_loss: Limit,
    /// Of members that are enabled.
    pub max_access_gain: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_deletes: Limit::percent(50),
            max_updates: Limit::NONE,
            max_approvals: 25,
            min_administrators: 1,
            max_access_loss: Limit::percent(50),
            max_access_gain: Limit::NONE,
        }
    }
}

/// A pattern of the manifest, with the changed objects that it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    pub pattern: String,
    /// Mappings are part of their group and stand here by its address.
    pub addresses: BTreeSet<Address>,
}

/// Assets that some may not come to see, by patterns as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    pub assets: Vec<String>,
    pub from: HiddenFrom,
}

/// From whom assets are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HiddenFrom {
    /// Whoever has not signed in: `neverPublic`.
    Guests,
    /// Whoever is in a group of such a name: `neverVisibleTo`.
    UserGroups(Vec<String>),
}

/// Versions of an asset that those see after the plan from whom they are to be hidden.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exposure {
    pub guard: Guard,
    /// The patterns that forbid it, for showing.
    pub rule: String,
    pub asset: Address,
    /// They saw it before, so it is not the plan that shows it to them.
    pub stands: bool,
    pub versions: BTreeSet<String>,
    /// Whose members see it; none where it is guests.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub user_groups: GroupSet,
    /// The groups of audiences that show it to them.
    pub through: GroupSet,
}

/// A guard that is not kept already, or of which nobody can tell whether it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardRemark {
    pub guard: Guard,
    /// For showing, never for deciding.
    pub message: String,
}

impl Default for Guards {
    /// The defaults, with nothing to compare them with.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            protected: Vec::new(),
            unprotected: BTreeSet::new(),
            hidden: Vec::new(),
            exposures: BTreeSet::new(),
            unseen: None,
            exposed: BTreeSet::new(),
            overrides: Vec::new(),
            totals: BTreeMap::new(),
            administrators: None,
            violations: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// The guards by the keys of `spec.guards`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Guard {
    MaxDeletes,
    MaxUpdates,
    MaxApprovals,
    MinAdministrators,
    Protected,
    MaxAccessLoss,
    MaxAccessGain,
    NeverPublic,
    NeverVisibleTo,
}

impl fmt::Display for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MaxDeletes => "maxDeletes",
            Self::MaxUpdates => "maxUpdates",
            Self::MaxApprovals => "maxApprovals",
            Self::MinAdministrators => "minAdministrators",
            Self::Protected => "protected",
            Self::MaxAccessLoss => "maxAccessLoss",
            Self::MaxAccessGain => "maxAccessGain",
            Self::NeverPublic => "neverPublic",
            Self::NeverVisibleTo => "neverVisibleTo",
        })
    }
}

/// What a plan does that a guard refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub guard: Guard,
    /// The kind that it is about, where a guard counts each by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What was counted: deletions, updates, approvals, administrators left, protected objects touched, members who lose
    /// or gain sight, assets that are shown.
    pub count: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// The objects that it is about.
    pub addresses: Vec<Address>,
    /// For showing, never for deciding.
    pub message: String,
    /// How to go on if it is meant.
    pub advice: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; if this is meant, {}", self.message, self.advice)
    }
}
