//! Reading and writing mappings.

use std::collections::BTreeSet;

use super::spec::IdpMappingSpec;
use crate::client::{self, GroupMapping, Operation as Request, PortalPath, Reader};
use crate::id::{GroupId, GroupName};
use crate::kinds::precondition::check;
use crate::kinds::session::{Attempt, Session, failed};
use crate::kinds::user_groups::io::Tree;
use crate::kinds::{Fields, fields};
use crate::plan::{Change, Operation};
use crate::report::Outcome;
use crate::state::LiveMapping;

/// Reads the mappings of one group, sorted.
pub async fn read(reader: &Reader, portal: &PortalPath, group: &GroupId) -> Result<Vec<LiveMapping>, client::Error> {
    let mut mappings: Vec<LiveMapping> = reader
        .group_mappings(portal, group.as_str())
        .await?
        .into_iter()
        .map(|GroupMapping { provider_id, external_group_name, membership_type, .. }| LiveMapping {
            provider: provider_id.into(),
            group: external_group_name,
            is_maintainer: membership_type.is_some_and(|membership| membership == "maintainer"),
        })
        .collect();
    mappings.sort();
    mappings.dedup();
    Ok(mappings)
}

/// The mappings of one group in the names of the plan; a group that is gone has none.
async fn current(session: &Session, group: &GroupName) -> Result<BTreeSet<IdpMappingSpec>, Outcome> {
    let id = session.group_id(group)?;
    let rows = match read(&session.reader, &session.path, &id).await {
        Ok(rows) => rows,
        // What goes with a group is gone once the group is; a hub may answer 400 for what is not there.
        Err(error) if error.is_not_found() || error.status() == Some(400) => match Tree::read(session).await {
            Ok(tree) if !tree.holds(&id) => Vec::new(),
            _ => return Err(failed(&error)),
        },
        Err(error) => return Err(failed(&error)),
    };
    Ok(rows
        .into_iter()
        .filter(|row| !row.is_maintainer)
        .map(|row| IdpMappingSpec {
            user_group: group.clone(),
            provider: session.provider_name(&row.provider),
            group: row.group,
        })
        .collect())
}

/// The fields of a mapping, by its three parts; nothing if it does not exist.
pub async fn fields_of(
    session: &Session,
    group: &GroupName,
    mappings: &[&IdpMappingSpec],
) -> Result<Vec<Option<Fields>>, Outcome> {
    let current = current(session, group).await?;
    Ok(mappings.iter().map(|mapping| current.contains(*mapping).then(|| fields(*mapping))).collect())
}

/// The mapping that a change creates or deletes.
pub fn subject(operation: &Operation<IdpMappingSpec>) -> &IdpMappingSpec {
    match operation {
        Operation::Create { after: mapping }
        | Operation::Update { after: mapping, .. }
        | Operation::Delete { before: mapping } => mapping,
    }
}

/// Writes one change, given the fields of its mapping as they were just read.
pub async fn write(
    session: &Session,
    change: &Change,
    operation: &Operation<IdpMappingSpec>,
    current: Option<&Fields>,
) -> Outcome {
    let mapping = subject(operation);
    let mut first = Some(current.cloned());
    let mut attempt = async || {
        let current = match first.take() {
            Some(current) => current,
            None => match fields_of(session, &mapping.user_group, &[mapping]).await {
                Ok(mut current) => current.pop().flatten(),
                Err(outcome) => return Attempt::Ended(outcome),
            },
        };
        let checked = check(change, current.as_ref(), None, &session.directory());
        match checked.outcome() {
            Some(outcome) => Attempt::Ended(outcome),
            None => write_once(session, change, operation).await,
        }
    };
    match operation {
        // Whether the hub keeps one row or two of the same mapping is not documented: an addition is sent once.
        Operation::Create { .. } | Operation::Update { .. } => attempt().await.only(),
        Operation::Delete { .. } => session.repeatedly(attempt).await,
    }
}

async fn write_once(session: &Session, change: &Change, operation: &Operation<IdpMappingSpec>) -> Attempt {
    let mapping = subject(operation);
    let group = match session.group_id(&mapping.user_group) {
        Ok(group) => group,
        Err(outcome) => return Attempt::Ended(outcome),
    };
    let provider = session.provider_id(&mapping.provider);
    let (writer, path) = (&session.writer, &session.path);
    let written = match operation {
        Operation::Create { .. } | Operation::Update { .. } => {
            let request = writer.add_group_mapping(path, group.as_str(), provider.as_str(), &mapping.group);
            session.send(Request::AddAdditionalGroupMapping, [change], request).await
        }
        Operation::Delete { .. } => {
            let request = writer.delete_group_mapping(path, group.as_str(), provider.as_str(), &mapping.group);
            session.send(Request::DeleteGroupMappings, [change], request).await
        }
    };
    session
        .settle(written, async || {
            let mut current = fields_of(session, &mapping.user_group, &[mapping]).await?;
            let current = current.pop().flatten();
            Ok(check(change, current.as_ref(), None, &session.directory()))
        })
        .await
}
