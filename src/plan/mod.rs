//! A plan: what would be done, as data. It is rendered, guarded, saved and applied, and never decided upon again.

pub mod access;
mod contradiction;
pub mod file;
pub mod forecast;
mod guards;
mod make;
pub mod naming;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::{Address, Kind};
use crate::directory::Directory;
use crate::id::{ChangeId, CommitId, GroupName, ProviderId, ProviderName};
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::kinds::members::spec::MemberSpec;
use crate::kinds::prospects::spec::{ApprovalSpec, ProspectSpec};
use crate::kinds::user_groups::spec::UserGroupSpec;
use crate::kinds::{Fields, GroupSet, fields};
use crate::state::{AudienceCause, LivePortal};

pub use forecast::Forecast;
pub use guards::{Exposure, Guard, GuardRemark, Guards, Hidden, HiddenFrom, Limits, Protection, Violation};
pub use make::{Promotes, Request, make};

/// Everything that a plan says, the same bytes for the same input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `metadata.name` of the portal's manifest.
    pub portal: String,
    /// The git commit that holds the manifests as they were planned; none if they are not committed so.
    #[serde(default)]
    pub commit: Option<CommitId>,
    pub target: PlanTarget,
    pub changes: Vec<Change>,
    pub summary: Summary,
    /// What lives in the portal and is not declared, by kind; a kind that was not read is missing.
    pub unmanaged: BTreeMap<Kind, Unmanaged>,
    /// Declared members who have not signed up yet.
    pub waiting: Vec<Waiting>,
    pub notices: Vec<Notice>,
    /// Words that were given when the plan was made.
    pub allow: BTreeSet<Allow>,
    /// What was applied last, where it is a record for this portal: it tells what is drift.
    #[serde(default)]
    pub applied: Option<Revision>,
    /// What the manifest is based on: it tells apart what is new and what is pending.
    #[serde(default)]
    pub base: Option<Revision>,
    /// What would undo somebody's restriction, and is left out.
    #[serde(default)]
    pub held: Vec<Held>,
    /// What would have been held, and was accepted when the plan was made.
    #[serde(default)]
    pub accepted: BTreeSet<Address>,
    /// Changes of other origins are not in here: such a plan is for showing alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Origin>,
    /// Who sees what before and after; none where nobody asked, or nothing could change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<access::Access>,
    /// The Portal whose promotion is planned: such a plan is for showing alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotes: Option<String>,
    /// What the plan may not do, and what of that it does.
    #[serde(default)]
    pub guards: Guards,
    /// What applying it will take; in the plan file's envelope, and none for what is not applied.
    #[serde(skip)]
    pub forecast: Option<Forecast>,
}

/// A commit, and what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub name: String,
    pub commit: CommitId,
}

/// By whom a change came about; the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The manifest is as it was when it was applied, and the portal is not
    Drift,
    /// The manifest that this one is based on declares it, and it was never applied
    Pending,
    /// The manifest declares it anew
    ThisChange,
}

impl Origin {
    /// In sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Pending => "pending",
            Self::ThisChange => "this change",
        }
    }
}

/// Drift that gives, of one field or one whole object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub address: Address,
    /// As in [`FieldChange`]; none for an object that is not there.
    pub path: Option<String>,
    pub before: Value,
    /// What it would become.
    pub after: Value,
    /// The groups that would be given something, or that somebody would be in again.
    pub groups: GroupSet,
}

/// The portal that the plan was made for, with the names and ids that its changes use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanTarget {
    pub portal: LivePortal,
    pub user_groups: Directory,
    pub identity_providers: BTreeMap<ProviderName, ProviderId>,
    /// Names by id, so that assets can be shown as people know them.
    pub business_groups: BTreeMap<String, String>,
    /// People have pseudonyms: the plan is for reading, and is not applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pseudonyms: bool,
}

/// How many addresses a plan touches. An approval adds a member, a rejection deletes a sign-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub add: usize,
    pub change: usize,
    pub delete: usize,
}

impl Summary {
    /// How many addresses that are in all.
    pub fn count(self) -> usize {
        let Self { add, change, delete } = self;
        add + change + delete
    }
}

/// Live objects that nothing declares, and that are left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmanaged {
    pub count: usize,
    /// Only on request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
}

/// A declared member whom the portal does not know yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub user: String,
    pub message: String,
}

/// Something that a reviewer should know and that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    pub level: NoticeLevel,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeLevel {
    /// Shown with the headline.
    Warning,
    Note,
}

/// The words that let a plan do what cannot be undone or gives much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Allow {
    /// Make members of pending sign-ups
    Approve,
    /// Delete pending sign-ups
    Reject,
    /// Delete user groups
    Delete,
    /// Enable disabled members
    Enable,
    /// Replace an asset's custom list of instances, which nothing can restore
    LeaveCustom,
}

impl fmt::Display for Allow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Delete => "delete",
            Self::Enable => "enable",
            Self::LeaveCustom => "leave-custom",
        })
    }
}

/// When a change runs: each phase ends before the next begins, so that nobody ever sees what neither state shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Phase {
    /// Renames, then new groups, parents first: an empty group gives no access.
    Groups,
    /// Audiences that narrow, assets that go.
    Narrow,
    /// Everything about people.
    People,
    /// Audiences that widen, new assets.
    Widen,
    /// Groups that go, leaves first.
    Clear,
}

impl Phase {
    pub const ALL: [Self; 5] = [Self::Groups, Self::Narrow, Self::People, Self::Widen, Self::Clear];
}

impl From<Phase> for u8 {
    fn from(phase: Phase) -> Self {
        phase as Self
    }
}

impl TryFrom<u8> for Phase {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        Self::ALL.get(usize::from(number)).copied().ok_or_else(|| format!("there is no phase {number}"))
    }
}

/// One write, or the few writes that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "ChangeDocument", try_from = "ChangeDocument")]
pub struct Change {
    pub id: ChangeId,
    pub address: Address,
    /// The live object's own id; none for what is yet to be created.
    pub object_id: Option<String>,
    pub edit: Edit,
    /// What the change owns: every other field of the object is carried over from the read before the write.
    pub fields: Vec<FieldChange>,
    pub phase: Phase,
    pub depends_on: Vec<ChangeId>,
    /// For showing, never for deciding.
    pub reason: Option<String>,
    /// The gravest of its fields. `None`: nothing earlier is known.
    pub origin: Option<Origin>,
}

/// A field that a change owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// `versions.v1`
    pub path: String,
    pub before: Value,
    pub after: Value,
    /// Where the value comes from, e.g. `audience:payments`; for showing, never for deciding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Added elements of which `cause` is not true: a part of it brings them, or the list itself (null).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub apart: BTreeMap<String, Option<String>>,
    /// `None`: nothing earlier is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Elements of a set that go, and that nobody declared: somebody added them in the portal by hand.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub undeclared: BTreeSet<String>,
}

impl FieldChange {
    /// Says where its value comes from, and of those groups that are added, which come from elsewhere.
    pub fn attribute(&mut self, AudienceCause { named, apart }: AudienceCause) {
        let has = |value: &Value, group: &GroupName| {
            value.as_array().is_some_and(|names| names.iter().any(|name| *name == *group.as_str()))
        };
        let apart = apart.into_iter().filter(|(group, _)| has(&self.after, group) && !has(&self.before, group));
        self.apart = apart.map(|(group, cause)| (group.to_string(), cause)).collect();
        self.cause = Some(named);
    }
}

/// What is done to an object. Specifications are complete and shaped like the manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    UserGroup(Operation<UserGroupSpec>),
    IdpMapping(Operation<IdpMappingSpec>),
    Asset(Operation<AssetSpec>),
    /// Members are neither created nor deleted.
    Member {
        before: MemberSpec,
        after: MemberSpec,
    },
    Approve {
        before: ProspectSpec,
        after: ApprovalSpec,
    },
    Reject {
        before: ProspectSpec,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Operation<S> {
    Create { after: S },
    Update { before: S, after: S },
    Delete { before: S },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Update,
    Delete,
    Approve,
    Reject,
}

impl<S> Operation<S> {
    pub fn action(&self) -> Action {
        match self {
            Self::Create { .. } => Action::Create,
            Self::Update { .. } => Action::Update,
            Self::Delete { .. } => Action::Delete,
        }
    }

    pub fn before(&self) -> Option<&S> {
        match self {
            Self::Create { .. } => None,
            Self::Update { before, .. } | Self::Delete { before } => Some(before),
        }
    }

    pub fn after(&self) -> Option<&S> {
        match self {
            Self::Create { after } | Self::Update { after, .. } => Some(after),
            Self::Delete { .. } => None,
        }
    }
}

impl Edit {
    pub fn action(&self) -> Action {
        match self {
            Self::UserGroup(operation) => operation.action(),
            Self::IdpMapping(operation) => operation.action(),
            Self::Asset(operation) => operation.action(),
            Self::Member { .. } => Action::Update,
            Self::Approve { .. } => Action::Approve,
            Self::Reject { .. } => Action::Reject,
        }
    }

    /// Applying the edit cannot be undone by another plan.
    pub fn is_irreversible(&self) -> bool {
        match self {
            Self::UserGroup(operation) => operation.action() == Action::Delete,
            Self::Approve { .. } | Self::Reject { .. } => true,
            // A custom list of instances is exposed nowhere, so nothing can restore it.
            Self::Asset(_) => self.needed_words().any(|word| word == Allow::LeaveCustom),
            Self::IdpMapping(_) | Self::Member { .. } => false,
        }
    }

    /// The words that must be given before the edit is applied.
    pub fn needed_words(&self) -> impl Iterator<Item = Allow> {
        use crate::manifest::model::Instances;
        let word = match self {
            Self::UserGroup(Operation::Delete { .. }) => Some(Allow::Delete),
            Self::Asset(Operation::Update { before, after })
                if before.instances == Some(Instances::Custom) && after.instances != before.instances =>
            {
                Some(Allow::LeaveCustom)
            }
            Self::Member { before, after } if after.enabled == Some(true) && before.enabled != Some(true) => {
                Some(Allow::Enable)
            }
            Self::Approve { .. } => Some(Allow::Approve),
            Self::Reject { .. } => Some(Allow::Reject),
            Self::UserGroup(_) | Self::IdpMapping(_) | Self::Asset(_) | Self::Member { .. } => None,
        };
        word.into_iter()
    }

    /// The specification before, taken apart; empty for what does not exist yet.
    pub fn fields_before(&self) -> Fields {
        match self {
            Self::UserGroup(operation) => operation.before().map(fields),
            Self::IdpMapping(operation) => operation.before().map(fields),
            Self::Asset(operation) => operation.before().map(fields),
            Self::Member { before, .. } => Some(fields(before)),
            Self::Approve { before, .. } | Self::Reject { before } => Some(fields(before)),
        }
        .unwrap_or_default()
    }

    /// The specification after, taken apart; empty for what goes.
    pub fn fields_after(&self) -> Fields {
        match self {
            Self::UserGroup(operation) => operation.after().map(fields),
            Self::IdpMapping(operation) => operation.after().map(fields),
            Self::Asset(operation) => operation.after().map(fields),
            Self::Member { after, .. } => Some(fields(after)),
            Self::Approve { after, .. } => Some(fields(after)),
            Self::Reject { .. } => None,
        }
        .unwrap_or_default()
    }

    /// The fields that differ, in the order of their paths.
    pub fn changed_fields(&self) -> Vec<FieldChange> {
        let (mut before, mut after) = (self.fields_before(), self.fields_after());
        if matches!(self, Self::Approve { .. }) {
            // Who signed up stays as it is.
            before.clear();
        }
        let paths: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
        paths
            .into_iter()
            .filter_map(|path| {
                let before = before.remove(&path).unwrap_or_default();
                let after = after.remove(&path).unwrap_or_default();
                (before != after).then_some(FieldChange {
                    path,
                    before,
                    after,
                    cause: None,
                    apart: BTreeMap::new(),
                    origin: None,
                    undeclared: BTreeSet::new(),
                })
            })
            .collect()
    }
}

impl Change {
    pub fn action(&self) -> Action {
        self.edit.action()
    }
}

/// A change as it is written in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChangeDocument {
    id: ChangeId,
    address: Address,
    kind: Kind,
    action: Action,
    #[serde(default)]
    object_id: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
    fields: Vec<FieldChange>,
    phase: Phase,
    depends_on: Vec<ChangeId>,
    irreversible: bool,
    reason: Option<String>,
    #[serde(default)]
    origin: Option<Origin>,
}

impl From<Change> for ChangeDocument {
    fn from(change: Change) -> Self {
        fn value<S: Serialize>(spec: &S) -> Value {
            serde_json::to_value(spec).expect("a specification has text keys and no failing serializer")
        }
        fn values<S: Serialize>(operation: &Operation<S>) -> (Option<Value>, Option<Value>) {
            (operation.before().map(value), operation.after().map(value))
        }
        let (action, irreversible) = (change.action(), change.edit.is_irreversible());
        let Change { id, address, object_id, edit, fields, phase, depends_on, reason, origin } = change;
        let (before, after) = match &edit {
            Edit::UserGroup(operation) => values(operation),
            Edit::IdpMapping(operation) => values(operation),
            Edit::Asset(operation) => values(operation),
            Edit::Member { before, after } => (Some(value(before)), Some(value(after))),
            Edit::Approve { before, after } => (Some(value(before)), Some(value(after))),
            Edit::Reject { before } => (Some(value(before)), None),
        };
        let kind = address.kind;
        Self {
            id,
            address,
            kind,
            action,
            object_id,
            before,
            after,
            fields,
            phase,
            depends_on,
            irreversible,
            reason,
            origin,
        }
    }
}

impl TryFrom<ChangeDocument> for Change {
    type Error = String;

    fn try_from(document: ChangeDocument) -> Result<Self, String> {
        fn spec<S: serde::de::DeserializeOwned>(value: Option<Value>, name: &str) -> Result<S, String> {
            let value = value.ok_or_else(|| format!("`{name}` is missing"))?;
            serde_json::from_value(value).map_err(|error| format!("`{name}`: {error}"))
        }
        fn operation<S: serde::de::DeserializeOwned>(
            action: Action,
            before: Option<Value>,
            after: Option<Value>,
        ) -> Result<Operation<S>, String> {
            match action {
                Action::Create => Ok(Operation::Create { after: spec(after, "after")? }),
                Action::Update => {
                    Ok(Operation::Update { before: spec(before, "before")?, after: spec(after, "after")? })
                }
                Action::Delete => Ok(Operation::Delete { before: spec(before, "before")? }),
                Action::Approve | Action::Reject => Err("only prospects are approved and rejected".to_owned()),
            }
        }
        let ChangeDocument {
            id,
            address,
            kind,
            action,
            object_id,
            before,
            after,
            fields,
            phase,
            depends_on,
            irreversible: _,
            reason,
            origin,
        } = document;
        let fault = |message: String| format!("change {id} ({address}): {message}");
        if kind != address.kind {
            return Err(fault(format!("kind {kind} does not fit the address")));
        }
        let edit = match (kind, action) {
            (Kind::UserGroups, action) => operation(action, before, after).map(Edit::UserGroup),
            (Kind::IdpMappings, action) => operation(action, before, after).map(Edit::IdpMapping),
            (Kind::Assets, action) => operation(action, before, after).map(Edit::Asset),
            (Kind::Members, Action::Update) => {
                spec(before, "before").and_then(|before| Ok(Edit::Member { before, after: spec(after, "after")? }))
            }
            (Kind::Prospects, Action::Approve) => {
                spec(before, "before").and_then(|before| Ok(Edit::Approve { before, after: spec(after, "after")? }))
            }
            (Kind::Prospects, Action::Reject) => spec(before, "before").map(|before| Edit::Reject { before }),
            (Kind::Members | Kind::Prospects, _) => Err(format!("{kind} have no such action")),
        }
        .map_err(fault)?;
        Ok(Self { id, address, object_id, edit, fields, phase, depends_on, reason, origin })
    }
}

impl PlanTarget {
    /// The address with the name of a business group in place of its id, if it has one.
    pub fn by_business_group(&self, address: &Address) -> Option<Address> {
        let (Kind::Assets, [group, rest @ ..]) = (address.kind, &*address.segments) else { return None };
        let name = self.business_groups.get(group)?;
        let segments = std::iter::once(name).chain(rest).cloned().collect();
        Some(Address { segments, ..address.clone() })
    }
}

impl Plan {
    /// Nothing would change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The words that a change needs. Enabling that was held and accepted needs none: accepting it was the word.
    pub fn needed_words<'c>(&self, change: &'c Change) -> impl Iterator<Item = Allow> + use<'c> {
        let is_drift =
            |path: &str| change.fields.iter().any(|field| field.path == path && field.origin == Some(Origin::Drift));
        let is_accepted = self.accepted.contains(&change.address) && is_drift("enabled");
        change.edit.needed_words().filter(move |word| !(is_accepted && *word == Allow::Enable))
    }

    /// The plan with nothing in it but what is of this origin.
    #[must_use]
    pub fn only(mut self, origin: Origin) -> Self {
        self.changes.retain(|change| change.origin == Some(origin));
        if origin != Origin::Drift {
            self.held.clear();
        }
        let mut touched: BTreeSet<Address> = self.changes.iter().map(|change| change.address.clone()).collect();
        // Mappings are protected as part of their group.
        touched.extend(self.changes.iter().filter_map(|change| match &change.edit {
            Edit::IdpMapping(operation) => {
                let mapping = operation.after().or(operation.before())?;
                Some(Address::new(&self.portal, Kind::UserGroups, [&mapping.user_group]))
            }
            _ => None,
        }));
        for protection in &mut self.guards.protected {
            protection.addresses.retain(|address| touched.contains(address));
        }
        self.guards.protected.retain(|protection| !protection.addresses.is_empty());
        self.summary = Self::summarise(&self.changes);
        self.only = Some(origin);
        self
    }

    /// Counts addresses, so that an asset that changes in two steps counts once.
    pub fn summarise(changes: &[Change]) -> Summary {
        let mut actions: BTreeMap<&Address, Action> = BTreeMap::new();
        for change in changes {
            actions.entry(&change.address).or_insert_with(|| change.action());
        }
        let mut summary = Summary::default();
        for action in actions.into_values() {
            match action {
                Action::Create | Action::Approve => summary.add += 1,
                Action::Update => summary.change += 1,
                Action::Delete | Action::Reject => summary.delete += 1,
            }
        }
        summary
    }
}
