//! Somebody else who changes the portal between two requests: another administrator, or the hub itself.
//!
//! What the editor does depends on the seed, on the request before which it happens, and on the portal at that
//! moment. The administrators' audiences and memberships are left alone, and so are the names of others' groups.

use rusqlite::Connection;
use serde::Serialize;

use super::judge::EditOrder;
use crate::emulator::ids::Ids;
use crate::emulator::store::assets::Audience;
use crate::emulator::store::exchange::Window;
use crate::emulator::store::people::Member;
use crate::emulator::store::user_groups::{Group, Groups};
use crate::emulator::store::{assets, organizations, people, user_groups};
use crate::emulator::wire::hub::{MEMBERSHIP_LIMIT, PublishedAsset, UserGroupRequest};

/// What the editor's groups begin with.
const OWN: &str = "Editor's ";

/// The membership type of mappings that can be made and removed.
const MEMBER: &str = "member";

/// A way to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Widen,
    Narrow,
    Join,
    Leave,
    Disable,
    Enable,
    Create,
    Rename,
    Twin,
    Map,
    Unmap,
}

impl Action {
    const ALL: [Self; 11] = [
        Self::Widen,
        Self::Narrow,
        Self::Join,
        Self::Leave,
        Self::Disable,
        Self::Enable,
        Self::Create,
        Self::Rename,
        Self::Twin,
        Self::Map,
        Self::Unmap,
    ];
}

/// Something that the editor has changed; groups and members by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Edit {
    /// A group was added to the audience of a version.
    Widen {
        group_id: String,
        asset_id: String,
        version: String,
        user_group: String,
    },
    /// A group was taken from the audience of a version.
    Narrow {
        group_id: String,
        asset_id: String,
        version: String,
        user_group: String,
    },
    /// A member was put into a group.
    Join {
        user: String,
        user_group: String,
    },
    /// A member was taken out of a group.
    Leave {
        user: String,
        user_group: String,
    },
    Disable {
        user: String,
    },
    Enable {
        user: String,
    },
    /// A group of the editor's own.
    Create {
        user_group: String,
        name: String,
    },
    Rename {
        user_group: String,
        from: String,
        to: String,
    },
    /// A group that has the name and the parent of one that a request was about to create.
    Twin {
        user_group: String,
        name: String,
    },
    Map {
        user_group: String,
        provider: String,
        name: String,
    },
    Unmap {
        user_group: String,
        provider: String,
        name: String,
    },
}

/// The group that a request is about to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) name: String,
    /// The parent's id.
    pub(crate) parent: Option<String>,
}

/// The operation that creates a group.
pub(crate) const CREATE_GROUP: &str = "createUserGroup";

impl Planned {
    /// What the body of a request to create a group asks for.
    pub(crate) fn of_request(body: &[u8]) -> Option<Self> {
        let UserGroupRequest { name, description: _, parent_user_group_id } = serde_json::from_slice(body).ok()?;
        Some(Self { name, parent: parent_user_group_id })
    }
}

/// Where the editor works.
pub(crate) struct Desk<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) portal: i64,
    pub(crate) ids: &'a Ids,
    pub(crate) planned: Option<&'a Planned>,
    /// How many groups a portal may have.
    pub(crate) groups_limit: usize,
    /// RFC 3339.
    pub(crate) now: &'a str,
}

impl Desk<'_> {
    /// Does what is ordered; nothing if the portal has nothing to do it to. Without an action, the next one that can
    /// be done is.
    pub(crate) fn edit(&self, order: EditOrder) -> rusqlite::Result<Option<Edit>> {
        let EditOrder { action, drawn } = order;
        let Some(action) = action else {
            let first = index(drawn[1], Action::ALL.len());
            for action in Action::ALL.iter().cycle().skip(first).take(Action::ALL.len()) {
                if let Some(edit) = self.act(*action, drawn)? {
                    return Ok(Some(edit));
                }
            }
            return Ok(None);
        };
        self.act(action, drawn)
    }

    fn act(&self, action: Action, drawn: [u64; 4]) -> rusqlite::Result<Option<Edit>> {
        let groups = Groups::of(self.db, self.portal)?;
        let [.., second, third] = drawn;
        match action {
            Action::Widen => self.change_audience(&groups, second, third, true),
            Action::Narrow => self.change_audience(&groups, second, third, false),
            Action::Join => self.change_membership(&groups, second, third, true),
            Action::Leave => self.change_membership(&groups, second, third, false),
            Action::Disable => self.set_active(second, false),
            Action::Enable => self.set_active(second, true),
            Action::Create => {
                let name = free_name(&groups, second);
                let created = self.create(&groups, name.clone(), None)?;
                Ok(created.map(|user_group| Edit::Create { user_group, name }))
            }
            Action::Rename => {
                let own = sorted(groups.iter().filter(|group| group.name.starts_with(OWN)));
                let Some(group) = pick(&own, second) else { return Ok(None) };
                let to = free_name(&groups, third);
                user_groups::update(self.db, &Group { name: to.clone(), ..(*group).clone() })?;
                Ok(Some(Edit::Rename { user_group: group.id.clone(), from: group.name.clone(), to }))
            }
            Action::Twin => {
                let Some(Planned { name, parent }) = self.planned else { return Ok(None) };
                let parent = parent.as_deref().and_then(|id| groups.by_id(id)).map(|group| group.key);
                let created = self.create(&groups, name.clone(), parent)?;
                Ok(created.map(|user_group| Edit::Twin { user_group, name: name.clone() }))
            }
            Action::Map => self.map(&groups, second, third),
            Action::Unmap => self.unmap(&groups, second),
        }
    }

    fn change_audience(
        &self,
        groups: &Groups,
        which: u64,
        whom: u64,
        is_wider: bool,
    ) -> rusqlite::Result<Option<Edit>> {
        let mut choices = Vec::new();
        for asset in assets::all(self.db, self.portal)? {
            for audience in assets::audiences(self.db, asset.key)? {
                let eligible =
                    groups.iter().filter(|group| !group.is_admin && audience.groups.contains(&group.key) != is_wider);
                let eligible = sorted(eligible);
                if !eligible.is_empty() {
                    choices.push((asset.clone(), audience.minor_version, eligible));
                }
            }
        }
        choices.sort_by(|(one, version, _), (other, other_version, _)| {
            let key = |facts: &PublishedAsset| (facts.group_id.clone(), facts.asset_id.clone());
            (key(&one.facts), version).cmp(&(key(&other.facts), other_version))
        });
        let Some((asset, version, eligible)) = pick(&choices, which) else { return Ok(None) };
        let Some(group) = pick(eligible, whom) else { return Ok(None) };
        let mut audiences = assets::audiences(self.db, asset.key)?;
        for Audience { minor_version, groups } in &mut audiences {
            if minor_version == version {
                if is_wider {
                    groups.push(group.key);
                } else {
                    groups.retain(|key| *key != group.key);
                }
            }
        }
        assets::set_audiences(self.db, asset.key, &audiences)?;
        let (group_id, asset_id) = (asset.facts.group_id.clone(), asset.facts.asset_id.clone());
        let (version, user_group) = (version.clone(), group.id.clone());
        Ok(Some(if is_wider {
            Edit::Widen { group_id, asset_id, version, user_group }
        } else {
            Edit::Narrow { group_id, asset_id, version, user_group }
        }))
    }

    fn change_membership(
        &self,
        groups: &Groups,
        which: u64,
        whom: u64,
        is_joining: bool,
    ) -> rusqlite::Result<Option<Edit>> {
        let mut choices = Vec::new();
        for member in self.members()? {
            let is_in = |group: &Group| member.user.user_group_ids.contains(&group.id);
            let eligible = sorted(groups.iter().filter(|group| !group.is_built_in() && is_in(group) != is_joining));
            if !eligible.is_empty() && (!is_joining || member.user.user_group_ids.len() < MEMBERSHIP_LIMIT) {
                choices.push((member, eligible));
            }
        }
        let Some((member, eligible)) = pick(&choices, which) else { return Ok(None) };
        let Some(group) = pick(eligible, whom) else { return Ok(None) };
        let direct = member.user.user_group_ids.iter().filter_map(|id| groups.by_id(id)).map(|group| group.key);
        let keys: Vec<i64> = if is_joining {
            direct.chain([group.key]).collect()
        } else {
            direct.filter(|key| *key != group.key).collect()
        };
        people::set_groups(self.db, member.key, &keys)?;
        let (user, user_group) = (member.user.id.clone(), group.id.clone());
        Ok(Some(if is_joining { Edit::Join { user, user_group } } else { Edit::Leave { user, user_group } }))
    }

    fn set_active(&self, which: u64, active: bool) -> rusqlite::Result<Option<Edit>> {
        let mut choices = self.members()?;
        choices.retain(|member| member.user.is_active != active);
        let Some(member) = pick(&choices, which) else { return Ok(None) };
        people::set_active(self.db, member.key, active)?;
        let user = member.user.id.clone();
        Ok(Some(if active { Edit::Enable { user } } else { Edit::Disable { user } }))
    }

    fn map(&self, groups: &Groups, which: u64, whose: u64) -> rusqlite::Result<Option<Edit>> {
        let custom = sorted(groups.iter().filter(|group| !group.is_built_in()));
        let mut providers: Vec<String> =
            organizations::providers(self.db)?.into_iter().map(|provider| provider.id).collect();
        providers.sort();
        let (Some(group), Some(provider)) = (pick(&custom, which), pick(&providers, whose)) else { return Ok(None) };
        let name = format!("editors-{}", whose % 1000);
        let is_new = user_groups::insert_mapping(self.db, group.key, provider, &name, MEMBER)?;
        let edit = Edit::Map { user_group: group.id.clone(), provider: provider.clone(), name };
        Ok(is_new.then_some(edit))
    }

    fn unmap(&self, groups: &Groups, which: u64) -> rusqlite::Result<Option<Edit>> {
        let mut choices = Vec::new();
        for group in sorted(groups.iter()) {
            let mut mappings = user_groups::mappings(self.db, group.key)?;
            mappings.retain(|mapping| mapping.membership_type.as_deref() == Some(MEMBER));
            mappings.sort_by(|one, other| {
                (&one.provider_id, &one.external_group_name).cmp(&(&other.provider_id, &other.external_group_name))
            });
            choices.extend(mappings.into_iter().map(|mapping| (group, mapping)));
        }
        let Some((group, mapping)) = pick(&choices, which) else { return Ok(None) };
        user_groups::delete_mapping(self.db, group.key, &mapping.provider_id, &mapping.external_group_name)?;
        Ok(Some(Edit::Unmap {
            user_group: group.id.clone(),
            provider: mapping.provider_id.clone(),
            name: mapping.external_group_name.clone(),
        }))
    }

    /// The id of the new group; none if the portal takes no more.
    fn create(&self, groups: &Groups, name: String, parent: Option<i64>) -> rusqlite::Result<Option<String>> {
        if groups.len() >= self.groups_limit {
            return Ok(None);
        }
        let id = self.ids.fresh("editor's group", &name, |id| groups.by_id(id).is_some());
        let group = Group {
            key: 0,
            parent,
            id: id.clone(),
            name,
            description: None,
            is_admin: false,
            is_auto_generated: false,
            is_default: false,
            is_public: false,
            created_date: Some(self.now.to_owned()),
        };
        user_groups::insert(self.db, self.portal, &group)?;
        Ok(Some(id))
    }

    /// Members by their ids.
    fn members(&self) -> rusqlite::Result<Vec<Member>> {
        let mut members = people::members(self.db, self.portal, None, None, Window { offset: 0, limit: i64::MAX })?;
        members.sort_by(|one, other| one.user.id.cmp(&other.user.id));
        Ok(members)
    }
}

/// Groups by name, then id: whatever order they came in, the same seed picks the same.
fn sorted<'a>(groups: impl Iterator<Item = &'a Group>) -> Vec<&'a Group> {
    let mut groups: Vec<&Group> = groups.collect();
    groups.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    groups
}

/// A name for a group of the editor's own that none has.
fn free_name(groups: &Groups, drawn: u64) -> String {
    let first = drawn % 1000;
    (first..=first + groups.len() as u64)
        .map(|number| format!("{OWN}{number}"))
        .find(|name| groups.iter().all(|group| group.name != *name))
        .expect("there are more numbers than groups")
}

fn pick<T>(choices: &[T], drawn: u64) -> Option<&T> {
    choices.get(index(drawn, choices.len()))
}

fn index(drawn: u64, count: usize) -> usize {
    let index = drawn % (count.max(1) as u64);
    usize::try_from(index).expect("it is smaller than a count")
}
