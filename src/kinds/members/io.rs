//! Reading and writing members.

use std::collections::BTreeMap;

use super::spec::{MOST_GROUPS, MemberSpec};
use crate::client::{self, Operation, PortalPath, Reader, User, UserQuery};
use crate::id::{GroupName, MemberId};
use crate::kinds::precondition::{Check, check};
use crate::kinds::session::{Attempt, Session, WriteError, failed};
use crate::kinds::{Fields, fields};
use crate::plan::{Change, Edit};
use crate::report::Outcome;
use crate::state::LiveMember;

/// Reads all members, active and disabled: the API does not say whether an unfiltered list holds both.
pub async fn read_all(reader: &Reader, portal: &PortalPath) -> Result<Vec<LiveMember>, client::Error> {
    let list = |active: bool| async move {
        let query = UserQuery { is_active: Some(active), ..UserQuery::default() };
        reader.users(portal, &query).await.map(|users| (active, users))
    };
    let (active, disabled) = tokio::try_join!(list(true), list(false))?;
    let mut members: BTreeMap<MemberId, LiveMember> = BTreeMap::new();
    for (listed_active, users) in [active, disabled] {
        for user in users {
            let stated = user.is_active;
            let mut member = of_wire(user);
            member.is_active = stated.or(Some(listed_active));
            // Whoever stands in both lists without a word about it is in neither for sure.
            members
                .entry(member.id.clone())
                .and_modify(|known| known.is_active = if stated.is_some() { stated } else { None })
                .or_insert(member);
        }
    }
    Ok(members.into_values().collect())
}

/// Reads one member.
pub async fn read(reader: &Reader, portal: &PortalPath, id: &str) -> Result<LiveMember, client::Error> {
    reader.user(portal, id).await.map(of_wire)
}

/// Reads the members whose email is the given one; the disabled ones too, whom an unfiltered list may leave out.
pub async fn find(reader: &Reader, portal: &PortalPath, email: &str) -> Result<Vec<LiveMember>, client::Error> {
    for is_active in [None, Some(false)] {
        let query = UserQuery { search_term: search_term(email), is_active };
        let users = reader.users(portal, &query).await?;
        let mut found: Vec<LiveMember> = users.into_iter().map(of_wire).collect();
        found.retain(|member| member.email.eq_ignore_ascii_case(email));
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// The API searches for at most 128 characters; a longer text is looked for in the whole list.
pub fn search_term(text: &str) -> Option<String> {
    (text.chars().count() <= 128).then(|| text.to_owned())
}

fn of_wire(user: User) -> LiveMember {
    let User { id, username, email, name, is_active, user_group_ids, anypoint_identity_provider_id, .. } = user;
    LiveMember {
        id: id.into(),
        username,
        email: email.unwrap_or_default(),
        name,
        is_active,
        user_groups: user_group_ids.map(|ids| ids.into_iter().map(Into::into).collect()),
        provider: anypoint_identity_provider_id.map(Into::into),
        declared_as: None,
    }
}

/// The member that a change is about; nothing if there is no such member.
pub async fn subject(session: &Session, change: &Change) -> Result<Option<LiveMember>, client::Error> {
    match read(&session.reader, &session.path, change.object_id.as_deref().unwrap_or("-")).await {
        Ok(member) => Ok(Some(member)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Compares the member that a change is about with what the change saw and wants.
///
/// A plan shows a name and writes by id: where the two are no longer one person, nothing is done.
pub fn check_subject(session: &Session, change: &Change, member: Option<&LiveMember>) -> Check {
    let shown = change.address.name();
    match member {
        Some(member) if !is_called(member, &shown) => Check::Impossible {
            message: format!(
                "the member whom the plan calls `{shown}` ({}) is `{}` in the portal",
                member.id,
                member.label()
            ),
            hint: "plan again",
        },
        member => check(change, member.map(|member| of_member(session, member)).as_ref(), None, &session.directory()),
    }
}

/// Whether a member goes by this name: see `LiveState::member_names`.
fn is_called(member: &LiveMember, name: &str) -> bool {
    let label = member.label();
    name == label || name == format!("{label} [{}]", member.id)
}

fn of_member(session: &Session, member: &LiveMember) -> Fields {
    fields(&MemberSpec::of_live(member, &session.directory()))
}

async fn fields_of(session: &Session, change: &Change) -> Result<Option<Fields>, client::Error> {
    Ok(subject(session, change).await?.map(|member| of_member(session, &member)))
}

/// Writes one member: disabled first, enabled last, so that no moment shows more than the old or the new state.
pub async fn write(session: &Session, change: &Change, after: &MemberSpec) -> Outcome {
    let member = match subject(session, change).await {
        Ok(member) => member,
        Err(error) => return failed(&error),
    };
    // Nothing is begun unless all of it may be done.
    if let Some(outcome) = check_subject(session, change, member.as_ref()).outcome() {
        return outcome;
    }
    let mut current = member.map(|member| of_member(session, &member));
    let mut written = None;
    for (step, part) in steps(change, after) {
        let mut first = current.take();
        let outcome = session
            .repeatedly(async || {
                let current = match first.take() {
                    Some(current) => Some(current),
                    None => match fields_of(session, &part).await {
                        Ok(current) => current,
                        // A part is written, and all of it may be as it should.
                        Err(error) if written.is_some() => return Attempt::Ended(WriteError::Sent(error).unknown()),
                        Err(error) => return Attempt::Ended(failed(&error)),
                    },
                };
                let checked = check(&part, current.as_ref(), None, &session.directory());
                match checked.outcome() {
                    Some(outcome) => Attempt::Ended(outcome),
                    None => write_step(session, step, &part, after, &current.unwrap_or_default()).await,
                }
            })
            .await;
        match (outcome, written) {
            (Outcome::Applied, _) => written = Some(step),
            (Outcome::AlreadyDone, _) => {}
            (Outcome::Failed { message, hint }, Some(written)) => {
                return Outcome::Failed { message: format!("{}, but then: {message}", written.done()), hint };
            }
            (outcome, _) => return outcome,
        }
    }
    written.map_or(Outcome::AlreadyDone, |_| Outcome::Applied)
}

/// One request.
#[derive(Debug, Clone, Copy)]
enum Step {
    Disable,
    SetGroups,
    Enable,
}

impl Step {
    const fn done(self) -> &'static str {
        match self {
            Self::Disable => "the member was disabled",
            Self::SetGroups => "the groups were set",
            Self::Enable => "the member was enabled",
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Disable => Operation::DisableCommunityUser,
            Self::SetGroups => Operation::AddGroupMappingToUser,
            Self::Enable => Operation::EnableCommunityUser,
        }
    }
}

/// The writes of a change, in their order.
pub fn operations(change: &Change) -> Vec<Operation> {
    match &change.edit {
        Edit::Member { after, .. } => steps(change, after).into_iter().map(|(step, _)| step.operation()).collect(),
        _ => Vec::new(),
    }
}

/// The requests that a change takes, in their order, each with its part of the change.
fn steps(change: &Change, after: &MemberSpec) -> Vec<(Step, Change)> {
    let toggle = if after.enabled == Some(true) { Step::Enable } else { Step::Disable };
    let mut steps = vec![(Step::SetGroups, "userGroups")];
    steps.insert(usize::from(after.enabled == Some(true)), (toggle, "enabled"));
    steps
        .into_iter()
        .filter_map(|(step, path)| {
            let fields: Vec<_> = change.fields.iter().filter(|field| field.path == path).cloned().collect();
            (!fields.is_empty()).then(|| (step, Change { fields, ..change.clone() }))
        })
        .collect()
}

async fn write_step(session: &Session, step: Step, part: &Change, after: &MemberSpec, current: &Fields) -> Attempt {
    let id = part.object_id.as_deref().unwrap_or("-");
    let (writer, path) = (&session.writer, &session.path);
    let written = match step {
        Step::Disable => session.send(step.operation(), [part], writer.disable_user(path, id)).await,
        Step::Enable => session.send(step.operation(), [part], writer.enable_user(path, id)).await,
        Step::SetGroups => match complete_groups(session, after, current) {
            Ok(groups) => {
                let request = writer.set_user_groups(path, id, &groups);
                session.send(step.operation(), [part], request).await
            }
            Err(outcome) => return Attempt::Ended(outcome),
        },
    };
    session
        .settle(written, async || {
            let current = fields_of(session, part).await.map_err(|error| failed(&error))?;
            Ok(check(part, current.as_ref(), None, &session.directory()))
        })
        .await
}

/// The whole set that is written: what is wanted, and the built-ins that the member is in.
fn complete_groups(session: &Session, after: &MemberSpec, current: &Fields) -> Result<Vec<String>, Outcome> {
    let mut names = after.user_groups.clone().unwrap_or_default();
    {
        let directory = session.directory();
        let live = current.get("userGroups").and_then(|value| value.as_array()).into_iter().flatten();
        let kept = live.filter_map(|name| name.as_str()).map(GroupName::from).filter(|name| {
            let flags = directory.flags_of(name);
            flags.is_admin || flags.is_default || flags.is_public
        });
        names.extend(kept);
    }
    if names.len() > MOST_GROUPS {
        return Err(Outcome::Failed {
            message: format!("the member would be in {} groups, and the API takes at most {MOST_GROUPS}", names.len()),
            hint: Some("built-in groups count; plan again".to_owned()),
        });
    }
    session.group_ids(&names)
}
