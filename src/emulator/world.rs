//! What a portal holds and who sees what in it, as plain data: for tests that watch every change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;

use super::faults::editor::Edit;
use super::store::exchange::Window;
use super::store::user_groups::{Group as Row, Groups};
use super::store::{assets, people, portals, user_groups};
use super::wire::hub::{AssetCoordinates, InstanceVisibility, ProspectStatus};

/// All portals at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    pub portals: Vec<Portal>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    pub id: String,
    pub name: String,
    /// Parents need not stand before their children.
    pub groups: Vec<Group>,
    /// By groupId and assetId.
    pub assets: BTreeMap<(String, String), Asset>,
    pub members: Vec<Member>,
    /// The requests to join that still wait.
    pub prospects: Vec<Prospect>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
pub struct Group {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    /// The id of the group above.
    pub parent: Option<String>,
    pub is_admin: bool,
    pub is_auto_generated: bool,
    pub is_default: bool,
    pub is_public: bool,
    /// Provider, external name, membership type.
    pub mappings: BTreeSet<(String, String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// `All`, `Public` or `Custom`.
    pub instances: &'static str,
    /// The ids of the groups that see each minor version whose audience was set.
    pub versions: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub email: String,
    pub username: Option<String>,
    pub is_active: bool,
    /// The ids of the groups that the member is in directly.
    pub groups: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    pub id: String,
    pub email: String,
}

/// A minor version of an asset: groupId, assetId, version.
pub type Seen = (String, String, String);

impl Portal {
    /// What a member sees: through their groups, the default and the public ones, and all above these; nothing if
    /// they are disabled.
    pub fn seen_by(&self, member: &Member) -> BTreeSet<Seen> {
        if !member.is_active {
            return BTreeSet::new();
        }
        self.seen_through(|group| group.is_default || group.is_public || member.groups.contains(&group.id))
    }

    /// What anybody sees without an account.
    pub fn seen_by_guests(&self) -> BTreeSet<Seen> {
        self.seen_through(|group| group.is_public)
    }

    fn seen_through(&self, is_direct: impl Fn(&Group) -> bool) -> BTreeSet<Seen> {
        let by_id: BTreeMap<&str, &Group> = self.groups.iter().map(|group| (group.id.as_str(), group)).collect();
        let mut groups: BTreeSet<&str> = BTreeSet::new();
        for group in self.groups.iter().filter(|group| is_direct(group)) {
            let above = |group: &&Group| group.parent.as_deref().and_then(|parent| by_id.get(parent).copied());
            groups.extend(std::iter::successors(Some(group), above).map(|group| group.id.as_str()));
        }
        let versions = self.assets.iter().flat_map(|((group_id, asset_id), asset)| {
            asset.versions.iter().map(move |(version, audience)| (group_id, asset_id, version, audience))
        });
        versions
            .filter(|(.., audience)| audience.iter().any(|id| groups.contains(id.as_str())))
            .map(|(group_id, asset_id, version, _)| (group_id.clone(), asset_id.clone(), version.clone()))
            .collect()
    }
}

/// A change that was committed, and the world right after it.
#[derive(Debug, Clone)]
pub struct Event {
    /// The request's place in the order of arrival; an edit happens just before it.
    pub request: u64,
    pub cause: Cause,
    pub world: World,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A request was carried out; whether its answer arrives is another matter.
    Request {
        operation_id: &'static str,
    },
    Edit(Edit),
}

/// Is told every change of the world, in the order in which they are committed and before the next one.
#[derive(Clone)]
pub struct Witness(Arc<dyn Fn(&Event) + Send + Sync>);

impl Witness {
    pub fn new(told: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(crate) fn tell(&self, event: &Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Witness")
    }
}

/// Everything that a store holds of its portals.
pub(crate) fn world(db: &Connection) -> rusqlite::Result<World> {
    let mut found = Vec::new();
    for (connection, _) in portals::connections(db)? {
        for (key, portal) in portals::portals(db, connection)? {
            found.push(self::portal(db, key, portal.id, portal.name)?);
        }
    }
    Ok(World { portals: found })
}

fn portal(db: &Connection, key: i64, id: String, name: String) -> rusqlite::Result<Portal> {
    let rows = Groups::of(db, key)?;
    let ids = user_groups::ids(db, key)?;
    let groups = rows.iter().map(|row| group(db, &rows, row)).collect::<Result<_, _>>()?;
    let mut shown = BTreeMap::new();
    for asset in assets::all(db, key)? {
        let AssetCoordinates { group_id, asset_id } =
            AssetCoordinates { group_id: asset.facts.group_id.clone(), asset_id: asset.facts.asset_id.clone() };
        let versions = assets::audiences(db, asset.key)?
            .into_iter()
            .map(|audience| {
                (audience.minor_version, audience.groups.iter().filter_map(|key| ids.get(key).cloned()).collect())
            })
            .collect();
        let instances = match asset.instance_visibility {
            InstanceVisibility::All => "All",
            InstanceVisibility::Public => "Public",
            InstanceVisibility::Custom => "Custom",
        };
        shown.insert((group_id, asset_id), Asset { instances, versions });
    }
    let members = people::members(db, key, None, None, Window { offset: 0, limit: i64::MAX })?
        .into_iter()
        .map(|member| Member {
            id: member.user.id,
            email: member.user.email,
            username: member.user.username,
            is_active: member.user.is_active,
            groups: member.user.user_group_ids.into_iter().collect(),
        })
        .collect();
    let prospects = people::prospects(db, key, "")?
        .into_iter()
        .filter(|prospect| prospect.status == Some(ProspectStatus::Pending))
        .map(|prospect| Prospect { id: prospect.id, email: prospect.email })
        .collect();
    Ok(Portal { id, name, groups, assets: shown, members, prospects })
}

fn group(db: &Connection, rows: &Groups, row: &Row) -> rusqlite::Result<Group> {
    let mappings = user_groups::mappings(db, row.key)?
        .into_iter()
        .map(|mapping| (mapping.provider_id, mapping.external_group_name, mapping.membership_type.unwrap_or_default()))
        .collect();
    Ok(Group {
        id: row.id.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        parent: row.parent.and_then(|parent| rows.by_key(parent)).map(|parent| parent.id.clone()),
        is_admin: row.is_admin,
        is_auto_generated: row.is_auto_generated,
        is_default: row.is_default,
        is_public: row.is_public,
        mappings,
    })
}
