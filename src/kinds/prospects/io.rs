//! Reading and deciding pending sign-ups.

use super::spec::ProspectSpec;
use crate::client::{self, Operation, PortalPath, Prospect, Reader};
use crate::kinds::members::io::{find, search_term};
use crate::kinds::precondition::{Check, check};
use crate::kinds::session::{Attempt, Session, failed};
use crate::kinds::{Fields, GroupSet, fields};
use crate::plan::{Change, Edit};
use crate::report::{Mismatch, Outcome};
use crate::state::{LiveMember, LiveProspect};

/// Reads the pending sign-ups, all of them or those that a text finds. The list holds approved ones too.
pub async fn read(
    reader: &Reader,
    portal: &PortalPath,
    search_term: Option<&str>,
) -> Result<Vec<LiveProspect>, client::Error> {
    let mut prospects: Vec<LiveProspect> = reader
        .prospects(portal, search_term)
        .await?
        .into_iter()
        .filter(|prospect| prospect.status.as_deref().is_none_or(|status| status == "PENDING"))
        .map(of_wire)
        .collect();
    prospects.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(prospects)
}

fn of_wire(prospect: Prospect) -> LiveProspect {
    let Prospect { id, username, email, first_name, last_name, .. } = prospect;
    let name = [first_name, last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
    LiveProspect {
        id: id.into(),
        username,
        email: email.unwrap_or_default(),
        name: (!name.is_empty()).then_some(name),
        declared_as: None,
    }
}

/// What has become of a sign-up.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    Pending(Fields),
    /// No longer pending, and nobody of that name is a member.
    Gone,
    /// A member now, in these groups if the hub says so.
    Member(Option<GroupSet>),
}

/// Looks where a sign-up stands.
pub async fn standing(session: &Session, change: &Change, before: &ProspectSpec) -> Result<Standing, client::Error> {
    let term = search_term(&before.email);
    let pending = read(&session.reader, &session.path, term.as_deref()).await?;
    if let Some(prospect) =
        pending.into_iter().find(|prospect| Some(prospect.id.as_str()) == change.object_id.as_deref())
    {
        return Ok(Standing::Pending(fields(&ProspectSpec::of_live(&prospect))));
    }
    let found = find(&session.reader, &session.path, &before.email).await?;
    Ok(match found.iter().find(|member| is_of(member, before)) {
        None => Standing::Gone,
        Some(member) => Standing::Member(member.user_groups.as_ref().map(|ids| session.directory().names_of(ids))),
    })
}

/// Whether a member of the same email came of the sign-up: usernames tell, where both have one.
fn is_of(member: &LiveMember, before: &ProspectSpec) -> bool {
    match (&member.username, &before.username) {
        (Some(member), Some(before)) => member.eq_ignore_ascii_case(before),
        _ => true,
    }
}

/// What a sign-up's standing says about the change that approves or rejects it.
pub fn check_standing(session: &Session, change: &Change, standing: &Standing) -> Check {
    let impossible = |message: &str| Check::Impossible { message: message.to_owned(), hint: "plan again" };
    match (&change.edit, standing) {
        (_, Standing::Pending(current)) => check(change, Some(current), None, &session.directory()),
        (Edit::Approve { after, .. }, Standing::Member(groups)) => match groups {
            Some(groups) if !after.user_groups.is_subset(groups) => Check::Refuse(vec![Mismatch {
                path: "userGroups".to_owned(),
                before: serde_json::Value::Null,
                after: serde_json::json!(after.user_groups),
                live: serde_json::json!(groups),
            }]),
            _ => Check::Done,
        },
        (Edit::Approve { .. }, Standing::Gone) => {
            impossible("the sign-up is gone from the portal, and nobody was let in")
        }
        (_, Standing::Gone) => Check::Done,
        (_, Standing::Member(_)) => impossible("the sign-up was approved since the plan was made"),
    }
}

/// Approves or rejects a sign-up that is still pending as the plan saw it.
pub async fn write(session: &Session, change: &Change, before: &ProspectSpec) -> Outcome {
    let look = async || match standing(session, change, before).await {
        Ok(standing) => Ok(check_standing(session, change, &standing)),
        Err(error) => Err(failed(&error)),
    };
    let attempt = async || {
        match look().await.map(Check::outcome) {
            Err(outcome) | Ok(Some(outcome)) => return Attempt::Ended(outcome),
            Ok(None) => {}
        }
        let id = change.object_id.as_deref().unwrap_or("-");
        let (writer, path) = (&session.writer, &session.path);
        let written = if let Edit::Approve { after, .. } = &change.edit {
            match session.group_ids(&after.user_groups) {
                Ok(groups) => {
                    let request = writer.approve_prospect(path, id, &groups);
                    session.send(Operation::ApproveProspect, [change], request).await
                }
                Err(outcome) => return Attempt::Ended(outcome),
            }
        } else {
            session.send(Operation::RejectProspect, [change], writer.reject_prospect(path, id)).await
        };
        session.settle(written, look).await
    };
    match &change.edit {
        // Whom an approval lets in twice, nothing tells: it is sent once.
        Edit::Approve { .. } => attempt().await.only(),
        _ => session.repeatedly(attempt).await,
    }
}
