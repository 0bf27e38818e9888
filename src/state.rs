//! The two states that are compared: what the portal shows, and what the manifest wants of it.
//!
//! Plain data. A live state can be saved as a snapshot and read again; it holds no secret.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::id::{AssetKey, GroupId, GroupName, MemberId, ProspectId, ProviderId};
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::manifest::model::Instances;

/// What was read of a portal. `None` and missing keys mean "not read", never "empty".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveState {
    pub portal: LivePortal,
    /// Every group, parents before children.
    pub user_groups: Vec<LiveGroup>,
    /// Business groups by id.
    pub business_groups: Option<BTreeMap<String, String>>,
    /// Names of the identity providers by id.
    pub identity_providers: Option<BTreeMap<ProviderId, String>>,
    pub mappings: BTreeMap<GroupId, Vec<LiveMapping>>,
    /// Every published asset, in the order of the coordinates; details only where they were needed.
    #[serde(with = "asset_list")]
    pub assets: Option<BTreeMap<AssetKey, LiveAsset>>,
    /// The assets that a group sees by itself, for groups that were asked for.
    #[serde(with = "visible_list")]
    pub visible_to: BTreeMap<GroupId, BTreeSet<AssetKey>>,
    /// Active and disabled ones.
    pub members: Option<Vec<LiveMember>>,
    /// Pending ones only.
    pub prospects: Option<Vec<LiveProspect>>,
    /// Present where people have pseudonyms in the place of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonyms: Option<Pseudonyms>,
}

/// How the people of a state are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pseudonyms {
    /// Tells whether a key is the one that made them.
    pub key_check: String,
}

/// The portal that was found, with every name and id that people may use for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LivePortal {
    pub organization: Option<Named>,
    pub connection: LiveConnection,
    pub name: String,
    pub id: String,
    pub target_portal_id: Option<String>,
    pub internal_portal_id: Option<String>,
    /// The id that the API took as `{portalId}`.
    pub path_id: String,
    /// The region's short name; absent where the host was given.
    pub region: Option<String>,
    /// The portal stands in the emulator.
    pub emulator: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveConnection {
    pub id: String,
    /// `targetOrganizationDomain`
    pub domain: Option<String>,
    pub environment: Option<String>,
    /// `targetOrganizationId`
    #[serde(default)]
    pub organization_id: Option<String>,
    /// The provider that holds the self-registered.
    pub default_provider: Option<ProviderId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveGroup {
    pub id: GroupId,
    pub name: String,
    pub description: Option<String>,
    pub parent: Option<GroupId>,
    pub flags: GroupFlags,
}

/// What marks the built-in groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the hub's own four flags, in any combination")]
pub struct GroupFlags {
    pub is_admin: bool,
    pub is_auto_generated: bool,
    pub is_default: bool,
    pub is_public: bool,
}

impl GroupFlags {
    /// Built-ins are never renamed and never deleted.
    pub fn is_built_in(self) -> bool {
        let Self { is_admin, is_auto_generated, is_default, is_public } = self;
        is_admin || is_auto_generated || is_default || is_public
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LiveMapping {
    pub provider: ProviderId,
    pub group: String,
    /// Makes maintainers, not members: the API cannot write such rows.
    pub is_maintainer: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveAsset {
    pub name: String,
    /// An open set: `rest-api`, `agent`, `mcp` …
    pub asset_type: String,
    /// `None`: not read.
    pub detail: Option<AssetDetail>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetDetail {
    /// `None`: the hub does not say, or says a word that is not known.
    pub instances: Option<Instances>,
    /// By minor version in the server's spelling; `None` is unknown, never nobody.
    pub versions: BTreeMap<String, Option<BTreeSet<GroupId>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveMember {
    pub id: MemberId,
    pub username: Option<String>,
    pub email: String,
    pub name: Option<String>,
    /// `None`: the hub did not say, and both lists hold the member.
    pub is_active: Option<bool>,
    /// `None`: the hub did not say.
    pub user_groups: Option<BTreeSet<GroupId>>,
    /// The provider that signs the member in.
    pub provider: Option<ProviderId>,
    /// The manifest's name for somebody whose own names are pseudonyms; for showing only.
    #[serde(skip)]
    pub declared_as: Option<String>,
}

impl LiveState {
    /// The names under which members are addressed: usernames, with the id where several share one.
    pub fn member_names(&self) -> HashMap<MemberId, String> {
        unique_names(self.members.iter().flatten().map(|member| (&member.id, member.label())))
    }

    /// The names under which pending sign-ups are addressed: usernames, with the id where several share one.
    pub fn prospect_names(&self) -> HashMap<ProspectId, String> {
        unique_names(self.prospects.iter().flatten().map(|prospect| (&prospect.id, prospect.label())))
    }
}

fn unique_names<'a, I: Clone + Eq + Hash + fmt::Display + 'a>(
    labelled: impl Iterator<Item = (&'a I, &'a str)> + Clone,
) -> HashMap<I, String> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for (_, label) in labelled.clone() {
        *uses.entry(label).or_default() += 1;
    }
    labelled
        .map(|(id, label)| {
            let name = if uses[label] > 1 { format!("{label} [{id}]") } else { label.to_owned() };
            (id.clone(), name)
        })
        .collect()
}

impl LiveMember {
    /// What the member is called: the username, or the email where there is none.
    pub fn label(&self) -> &str {
        label(self.declared_as.as_deref(), self.username.as_deref(), &self.email)
    }

    /// Whether a manifest or a command means this member by the text: ids as they are, usernames and emails without
    /// regard to case.
    pub fn is_called(&self, user: &str) -> bool {
        let user_folded = user.to_lowercase();
        self.id.as_str() == user || self.names().any(|name| name.to_lowercase() == user_folded)
    }

    /// Username and email.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [self.username.as_deref(), Some(self.email.as_str())].into_iter().flatten()
    }

    /// The identity provider sets the member's groups at each login.
    pub fn is_federated(&self, connection: &LiveConnection) -> bool {
        match &self.provider {
            None => false,
            Some(provider) => provider.as_str() != "mulesoft" && Some(provider) != connection.default_provider.as_ref(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveProspect {
    pub id: ProspectId,
    pub username: Option<String>,
    pub email: String,
    pub name: Option<String>,
    /// The manifest's name for somebody whose own names are pseudonyms; for showing only.
    #[serde(skip)]
    pub declared_as: Option<String>,
}

impl LiveProspect {
    /// The name under which the sign-up is shown and addressed.
    pub fn label(&self) -> &str {
        label(self.declared_as.as_deref(), self.username.as_deref(), &self.email)
    }
}

fn label<'a>(declared_as: Option<&'a str>, username: Option<&'a str>, email: &'a str) -> &'a str {
    declared_as.or(username.filter(|name| !name.is_empty())).unwrap_or(email)
}

/// What the manifest wants of one portal, with names resolved to identities.
///
/// Whatever the manifest leaves unmanaged is not in here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DesiredState {
    pub user_groups: Vec<DesiredGroup>,
    /// The complete set of mappings of each group that declares any or goes.
    pub mappings: BTreeMap<GroupName, BTreeSet<IdpMappingSpec>>,
    pub assets: BTreeMap<AssetKey, DesiredAsset>,
    pub members: BTreeMap<MemberId, DesiredMember>,
    pub prospects: BTreeMap<ProspectId, DesiredDecision>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DesiredGroup {
    pub name: GroupName,
    pub state: DesiredGroupState,
}

#[derive(Debug, Clone, PartialEq)]
pub enum DesiredGroupState {
    /// Does not exist yet.
    New {
        description: Option<String>,
        parent: Option<GroupName>,
    },
    /// Exists; `new_name` where it still has an earlier one.
    Existing {
        id: GroupId,
        new_name: Option<GroupName>,
        description: Option<String>,
    },
    Gone {
        id: GroupId,
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum DesiredAsset {
    Present(DesiredVisibility),
    Gone { reason: String },
}

#[derive(Debug, Clone, PartialEq)]
pub struct DesiredVisibility {
    /// What is to be: managed fields as declared, the others as they are.
    pub spec: AssetSpec,
    /// Where each version's audience comes from, for showing only.
    pub causes: BTreeMap<String, AudienceCause>,
    pub reason: Option<String>,
}

/// Where the groups of an audience come from.
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceCause {
    /// The named audiences that it uses: `audience:payments`.
    pub named: String,
    /// Groups of which that is not true: some of these audiences have them, or the list itself (`None`).
    pub apart: BTreeMap<GroupName, Option<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DesiredMember {
    /// `None`: not managed.
    pub user_groups: Option<BTreeSet<GroupName>>,
    pub enabled: Option<bool>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum DesiredDecision {
    Approve { user_groups: BTreeSet<GroupName>, reason: String },
    Reject { reason: String },
}

/// A map with structured keys as a list of objects.
mod asset_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{AssetDetail, AssetKey, LiveAsset};

    #[derive(Serialize, Deserialize)]
    struct Row {
        group_id: String,
        asset_id: String,
        name: String,
        asset_type: String,
        detail: Option<AssetDetail>,
    }

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        assets: &Option<BTreeMap<AssetKey, LiveAsset>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let rows = assets.as_ref().map(|assets| {
            assets
                .iter()
                .map(|(key, LiveAsset { name, asset_type, detail })| Row {
                    group_id: key.group_id.to_string(),
                    asset_id: key.asset_id.to_string(),
                    name: name.clone(),
                    asset_type: asset_type.clone(),
                    detail: detail.clone(),
                })
                .collect::<Vec<_>>()
        });
        rows.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<BTreeMap<AssetKey, LiveAsset>>, D::Error> {
        let rows = Option::<Vec<Row>>::deserialize(deserializer)?;
        Ok(rows.map(|rows| {
            rows.into_iter()
                .map(|Row { group_id, asset_id, name, asset_type, detail }| {
                    (AssetKey::new(group_id, asset_id), LiveAsset { name, asset_type, detail })
                })
                .collect()
        }))
    }
}

/// Sets of structured keys as lists of pairs.
mod visible_list {
    use std::collections::{BTreeMap, BTreeSet};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{AssetKey, GroupId};

    pub(super) fn serialize<S: Serializer>(
        visible: &BTreeMap<GroupId, BTreeSet<AssetKey>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let rows: BTreeMap<_, Vec<_>> = visible
            .iter()
            .map(|(group, keys)| (group, keys.iter().map(|key| (&*key.group_id, &*key.asset_id)).collect()))
            .collect();
        rows.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<GroupId, BTreeSet<AssetKey>>, D::Error> {
        let rows = BTreeMap::<GroupId, Vec<(String, String)>>::deserialize(deserializer)?;
        Ok(rows
            .into_iter()
            .map(|(group, keys)| (group, keys.into_iter().map(|(a, b)| AssetKey::new(a, b)).collect()))
            .collect())
    }
}
