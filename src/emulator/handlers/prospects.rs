//! Prospects: requests to join, and the decision on them.

use super::super::failure::{Failure, Outcome};
use super::super::operation::{Call, Json, NoParameters, Nothing};
use super::super::store::people::{self, Decision};
use super::super::store::user_groups::Groups;
use super::super::switches::DecideTwice;
use super::super::wire::hub::{
    MEMBERSHIP_LIMIT, Prospect, ProspectApproval, ProspectCount, ProspectListParameters, User,
};
use super::{named_groups, portal, search_term};

pub(crate) fn list(call: &Call<'_>, parameters: ProspectListParameters, _: Nothing) -> Outcome<Json<Vec<Prospect>>> {
    let portal = portal(call)?;
    let term = search_term(parameters.search_term)?;
    Ok(Json(people::prospects(call.db, portal.key, &term)?))
}

pub(crate) fn count(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<ProspectCount>> {
    let portal = portal(call)?;
    Ok(Json(ProspectCount { count: people::pending(call.db, portal.key)? }))
}

/// Creates the member, active, with the groups named and the default ones.
pub(crate) fn approve(call: &Call<'_>, _: NoParameters, Json(request): Json<ProspectApproval>) -> Outcome<Nothing> {
    let portal = portal(call)?;
    let Some((key, prospect)) = undecided(call, portal.key)? else { return Ok(Nothing) };
    let groups = Groups::of(call.db, portal.key)?;
    let mut given = named_groups(&groups, &request.user_group_ids)?;
    for group in groups.iter().filter(|group| group.is_default) {
        if !given.iter().any(|known| known.key == group.key) {
            given.push(group);
        }
    }
    if given.len() > MEMBERSHIP_LIMIT {
        let message = format!("A user has at most {MEMBERSHIP_LIMIT} user groups, the default one counted");
        return Err(Failure::bad_request(message));
    }
    let Prospect { id: prospect_id, first_name, last_name, email, username, .. } = prospect;
    let names: Vec<String> = [first_name, last_name].into_iter().flatten().collect();
    let is_taken = |id: &str| people::member_by_id(call.db, portal.key, id).is_ok_and(|member| member.is_some());
    let user = User {
        id: call.ids.fresh("member", &prospect_id, is_taken),
        name: (!names.is_empty()).then(|| names.join(" ")),
        username: username.or_else(|| Some(email.clone())),
        email,
        is_active: true,
        is_external: true,
        anypoint_username: None,
        anypoint_idp_id: portal.default_idp_id,
        user_group_ids: Vec::new(),
        anypoint_groups: Vec::new(),
    };
    let member = people::insert_member(call.db, portal.key, &user)?;
    let keys: Vec<i64> = given.iter().map(|group| group.key).collect();
    people::set_groups(call.db, member, &keys)?;
    people::decide(call.db, key, Decision::Approved, call.now)?;
    Ok(Nothing)
}

/// Answers with the requests that are left.
pub(crate) fn reject(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Vec<Prospect>>> {
    let portal = portal(call)?;
    if let Some((key, _)) = undecided(call, portal.key)? {
        people::decide(call.db, key, Decision::Rejected, call.now)?;
    }
    Ok(Json(people::prospects(call.db, portal.key, "")?))
}

/// The request that the path names, if it still waits; what is decided is refused, or by switch left as it is.
fn undecided(call: &Call<'_>, portal: i64) -> Outcome<Option<(i64, Prospect)>> {
    let id = call.segment("prospectId");
    let (key, decision, prospect) =
        people::prospect_by_id(call.db, portal, id)?.ok_or_else(|| Failure::unknown("Prospect", id))?;
    let word = match decision {
        Decision::Pending => return Ok(Some((key, prospect))),
        Decision::Approved => "approved",
        Decision::Rejected => "rejected",
    };
    match call.switches.decide_twice {
        DecideTwice::Refused => Err(Failure::bad_request(format!("Prospect {id} was {word} already"))),
        DecideTwice::Accepted => Ok(None),
    }
}
