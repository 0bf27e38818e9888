//! Reading and writing user groups.

use std::collections::BTreeSet;

use super::spec::UserGroupSpec;
use crate::client::{self, NewUserGroup, PortalPath, Reader, UserGroup};
use crate::failure::Failure;
use crate::id::{GroupId, GroupName};
use crate::kinds::precondition::check;
use crate::kinds::session::Session;
use crate::kinds::{Fields, fields};
use crate::plan::{Change, Operation};
use crate::report::Outcome;
use crate::state::{GroupFlags, LiveGroup};

/// Reads the tree, parents before children.
pub async fn read(reader: &Reader, portal: &PortalPath) -> Result<Vec<LiveGroup>, client::Error> {
    Ok(flatten(reader.user_groups(portal).await?))
}

/// Takes the tree apart.
pub fn flatten(tree: Vec<UserGroup>) -> Vec<LiveGroup> {
    let mut groups = Vec::new();
    let mut open: Vec<(Option<GroupId>, UserGroup)> = tree.into_iter().rev().map(|group| (None, group)).collect();
    while let Some((parent, group)) = open.pop() {
        let UserGroup { id, name, description, is_admin, is_auto_generated, is_default, is_public, children, .. } =
            group;
        let id = GroupId::from(id);
        open.extend(children.into_iter().rev().map(|child| (Some(id.clone()), child)));
        let flags = GroupFlags { is_admin, is_auto_generated, is_default, is_public };
        groups.push(LiveGroup { id, name, description, parent, flags });
    }
    groups
}

/// Refuses a tree that holds one id twice: names could not be told from each other.
pub fn check_tree(groups: &[LiveGroup]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match groups.iter().find(|group| !seen.insert(&group.id)) {
        None => Ok(()),
        Some(twice) => Err(Failure::new(format!("the portal shows user group {} twice in its tree", twice.id))
            .hint("nothing is planned on an inconsistent read; try again")),
    }
}

/// The groups that a change of phase 0 or 4 is compared with, read once for a whole level.
pub struct Tree(Vec<LiveGroup>);

impl Tree {
    pub async fn read(session: &Session) -> Result<Self, client::Error> {
        read(&session.reader, &session.path).await.map(Self)
    }

    pub fn holds(&self, id: &GroupId) -> bool {
        self.0.iter().any(|group| group.id == *id)
    }

    /// The group that a change is about: by its id, or by the name that it is to be created with.
    fn find(&self, change: &Change, name: &GroupName) -> Result<Option<&LiveGroup>, Outcome> {
        let matches = |group: &&LiveGroup| match &change.object_id {
            Some(id) => group.id.as_str() == id,
            None => group.name == name.as_str(),
        };
        let found: Vec<&LiveGroup> = self.0.iter().filter(matches).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => {
                let ids = several.iter().map(|group| group.id.as_str()).collect::<Vec<_>>().join(", ");
                Err(Outcome::Failed {
                    message: format!("the portal has {} user groups named `{name}`: {ids}", several.len()),
                    hint: Some("remove or rename all but one of them in the portal, then plan again".to_owned()),
                })
            }
        }
    }

    /// The fields of the group that a change is about; nothing if it does not exist.
    pub fn fields(
        &self,
        session: &Session,
        change: &Change,
        operation: &Operation<UserGroupSpec>,
    ) -> Result<Option<Fields>, Outcome> {
        let found = self.find(change, name(operation))?;
        Ok(found.map(|group| fields(&UserGroupSpec::of_live(group, &session.directory()))))
    }

    /// Remembers the id of a group that a change has created, now or before. Tells whether it was there.
    pub fn learn(&self, session: &Session, change: &Change, operation: &Operation<UserGroupSpec>) -> bool {
        match self.find(change, name(operation)) {
            Ok(Some(group)) => {
                session.learn(name(operation), group.id.clone());
                true
            }
            _ => false,
        }
    }
}

fn name(operation: &Operation<UserGroupSpec>) -> &GroupName {
    match operation {
        Operation::Create { after } | Operation::Update { after, .. } => &after.name,
        Operation::Delete { before } => &before.name,
    }
}

/// Writes one change whose group was found in the tree as the plan saw it.
pub async fn write(session: &Session, tree: &Tree, change: &Change, operation: &Operation<UserGroupSpec>) -> Outcome {
    let current = match tree.fields(session, change, operation) {
        Ok(current) => current,
        Err(outcome) => return outcome,
    };
    let checked = check(change, current.as_ref(), None, &session.directory());
    if let Some(outcome) = checked.outcome() {
        if matches!(operation, Operation::Create { .. }) && outcome == Outcome::AlreadyDone {
            tree.learn(session, change, operation);
        }
        return outcome;
    }
    let written = match operation {
        Operation::Create { after } => match create(session, after).await {
            Ok(written) => written,
            Err(outcome) => return outcome,
        },
        Operation::Update { after, .. } => {
            // The description is written together with the name: one that the change does not own is carried over.
            let owned = change.fields.iter().any(|field| field.path == "description");
            let live = current.as_ref().and_then(|fields| fields.get("description")).and_then(|text| text.as_str());
            let description = if owned { after.description.as_deref() } else { live }.unwrap_or_default();
            session.writer.update_user_group(&session.path, object_id(change), after.name.as_str(), description).await
        }
        Operation::Delete { .. } => {
            let deleted = session.writer.delete_user_group(&session.path, object_id(change)).await;
            // Deleting what is gone succeeds; the read that follows tells.
            match deleted {
                Err(error) if error.is_not_found() => Ok(()),
                deleted => deleted,
            }
        }
    };
    session
        .settle(written, async || {
            let tree = Tree::read(session).await?;
            let current = tree.fields(session, change, operation).unwrap_or_default();
            Ok(check(change, current.as_ref(), None, &session.directory()))
        })
        .await
}

async fn create(session: &Session, after: &UserGroupSpec) -> Result<Result<(), client::Error>, Outcome> {
    let parent = match &after.parent {
        Some(parent) => Some(session.group_id(parent)?.to_string()),
        None => None,
    };
    let group = NewUserGroup { name: after.name.to_string(), description: after.description.clone(), parent };
    Ok(session.writer.create_user_group(&session.path, &group).await.map(|id| {
        if let Some(id) = id {
            session.learn(&after.name, id.into());
        }
    }))
}

/// Changes of existing groups always carry the id; an edited plan file that does not, finds nothing.
fn object_id(change: &Change) -> &str {
    change.object_id.as_deref().unwrap_or("-")
}
