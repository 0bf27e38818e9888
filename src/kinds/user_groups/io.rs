//! Reading and writing user groups.

use std::collections::BTreeSet;

use super::spec::UserGroupSpec;
use crate::client::{self, NewUserGroup, Operation as Request, PortalPath, Reader, UserGroup};
use crate::failure::Failure;
use crate::id::{GroupId, GroupName};
use crate::kinds::fields;
use crate::kinds::precondition::{Check, check};
use crate::kinds::session::{Attempt, Session, WriteError, failed};
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

    /// The groups right below, in words.
    pub fn children(&self, id: &GroupId) -> impl Iterator<Item = String> {
        let children = self.0.iter().filter(move |group| group.parent.as_ref() == Some(id));
        children.map(|group| format!("user group `{}`", group.name))
    }

    /// The group that a change is about: by its id, or by the name that it is to be created with.
    fn find(&self, change: &Change, name: &GroupName) -> Result<Option<&LiveGroup>, Check> {
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
                Err(Check::Impossible {
                    message: format!("the portal has {} user groups named `{name}`: {ids}", several.len()),
                    hint: "remove or rename all but one of them in the portal, then plan again",
                })
            }
        }
    }

    /// Compares the group that a change is about with what the change saw and wants.
    pub fn check(&self, session: &Session, change: &Change, operation: &Operation<UserGroupSpec>) -> Check {
        match self.find(change, name(operation)) {
            Ok(found) => {
                let directory = session.directory();
                let current = found.map(|group| fields(&UserGroupSpec::of_live(group, &directory)));
                check(change, current.as_ref(), None, &directory)
            }
            Err(impossible) => impossible,
        }
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

/// Writes one change whose group the tree shows as the plan saw it.
pub async fn write(session: &Session, tree: &Tree, change: &Change, operation: &Operation<UserGroupSpec>) -> Outcome {
    match operation {
        // A second group of the name could not be told from the first: a creation is sent once.
        Operation::Create { after } => create(session, tree, change, operation, after).await,
        Operation::Update { .. } | Operation::Delete { .. } => {
            let mut first = Some(tree);
            session
                .repeatedly(async || match first.take() {
                    Some(tree) => attempt(session, tree, change, operation).await,
                    None => match Tree::read(session).await {
                        Ok(tree) => attempt(session, &tree, change, operation).await,
                        Err(error) => Attempt::Ended(failed(&error)),
                    },
                })
                .await
        }
    }
}

async fn create(
    session: &Session,
    tree: &Tree,
    change: &Change,
    operation: &Operation<UserGroupSpec>,
    after: &UserGroupSpec,
) -> Outcome {
    if let Some(outcome) = tree.check(session, change, operation).outcome() {
        if outcome == Outcome::AlreadyDone {
            tree.learn(session, change, operation);
        }
        return outcome;
    }
    let parent = match after.parent.as_ref().map(|parent| session.group_id(parent)).transpose() {
        Ok(parent) => parent.map(|id| id.to_string()),
        Err(outcome) => return outcome,
    };
    let group = NewUserGroup { name: after.name.to_string(), description: after.description.clone(), parent };
    let request = session.writer.create_user_group(&session.path, &group);
    let written = session.send(Request::CreateUserGroup, [change], request).await.map(|id| {
        if let Some(id) = id {
            session.learn(&after.name, id.into());
        }
    });
    settle(session, change, operation, written).await.only()
}

/// Renames, describes or deletes the group.
async fn attempt(session: &Session, tree: &Tree, change: &Change, operation: &Operation<UserGroupSpec>) -> Attempt {
    if let Some(outcome) = tree.check(session, change, operation).outcome() {
        return Attempt::Ended(outcome);
    }
    let id = object_id(change);
    let written = if let Some(after) = operation.after() {
        // The description is written together with the name: one that the change does not own is carried over.
        let owned = change.fields.iter().any(|field| field.path == "description");
        let live = tree.0.iter().find(|group| group.id.as_str() == id).and_then(|group| group.description.as_deref());
        let description = if owned { after.description.as_deref() } else { live }.unwrap_or_default();
        let request = session.writer.update_user_group(&session.path, id, after.name.as_str(), description);
        session.send(Request::UpdateUserGroup, [change], request).await
    } else {
        let request = session.writer.delete_user_group(&session.path, id);
        session.send(Request::DeleteUserGroup, [change], request).await
    };
    settle(session, change, operation, written).await
}

async fn settle(
    session: &Session,
    change: &Change,
    operation: &Operation<UserGroupSpec>,
    written: Result<(), WriteError>,
) -> Attempt {
    session
        .settle(written, async || {
            let tree = Tree::read(session).await.map_err(|error| failed(&error))?;
            Ok(tree.check(session, change, operation))
        })
        .await
}

/// Changes of existing groups always carry the id; an edited plan file that does not, finds nothing.
fn object_id(change: &Change) -> &str {
    change.object_id.as_deref().unwrap_or("-")
}
