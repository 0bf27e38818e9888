//! Members: listing, enabling, disabling, and their groups.

use super::super::failure::{Failure, Outcome};
use super::super::operation::{Call, Json, NoParameters, Nothing};
use super::super::store::people::{self, Member};
use super::super::store::portals::{self, PortalRow};
use super::super::store::user_groups::{self, Group, Groups};
use super::super::switches::{FederatedLogin, MemberGroups, MemberGroupsListed, MembersListed};
use super::super::wire::hub::{MEMBERSHIP_LIMIT, MembershipRequest, User, UserListParameters};
use super::{named_groups, portal, search_term, window};

/// The identity provider that every organization has.
const BUILT_IN_PROVIDER: &str = "mulesoft";

pub(crate) fn list(call: &Call<'_>, parameters: UserListParameters, _: Nothing) -> Outcome<Json<Vec<User>>> {
    let portal = portal(call)?;
    let UserListParameters { search_term: term, is_active, limit, offset } = parameters;
    let window = window(call, limit, offset)?;
    let is_active = is_active.or(match call.switches.members_listed {
        MembersListed::All => None,
        MembersListed::Active => Some(true),
    });
    let term = search_term(term)?;
    let groups = Groups::of(call.db, portal.key)?;
    let members = people::members(call.db, portal.key, Some(&term), is_active, window)?;
    Ok(Json(members.into_iter().map(|member| shown(call, &groups, member)).collect()))
}

pub(crate) fn get(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<User>> {
    let portal = portal(call)?;
    let groups = Groups::of(call.db, portal.key)?;
    Ok(Json(shown(call, &groups, named(call, &portal, "userId")?)))
}

pub(crate) fn enable(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Nothing> {
    people::set_active(call.db, named(call, &portal(call)?, "targetUserId")?.key, true)?;
    Ok(Nothing)
}

pub(crate) fn disable(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Nothing> {
    people::set_active(call.db, named(call, &portal(call)?, "targetUserId")?.key, false)?;
    Ok(Nothing)
}

pub(crate) fn set_groups(
    call: &Call<'_>,
    _: NoParameters,
    Json(MembershipRequest(ids)): Json<MembershipRequest>,
) -> Outcome<Nothing> {
    let portal = portal(call)?;
    let member = named(call, &portal, "targetUserId")?;
    if ids.len() > MEMBERSHIP_LIMIT {
        return Err(too_many());
    }
    let groups = Groups::of(call.db, portal.key)?;
    let mut wanted = named_groups(&groups, &ids)?;
    let kept = |group: &Group| match (call.switches.member_groups, call.switches.member_groups_listed) {
        (MemberGroups::Adds, _) => true,
        // What reading does not show, writing does not take away.
        (MemberGroups::Replaces, MemberGroupsListed::Custom) => group.is_built_in(),
        (MemberGroups::Replaces, MemberGroupsListed::Direct | MemberGroupsListed::Inherited) => false,
    };
    let direct = member.user.user_group_ids.iter().filter_map(|id| groups.by_id(id));
    for group in direct.filter(|group| kept(group)) {
        if !wanted.iter().any(|known| known.key == group.key) {
            wanted.push(group);
        }
    }
    if wanted.len() > MEMBERSHIP_LIMIT {
        return Err(too_many());
    }
    let keys: Vec<i64> = wanted.iter().map(|group| group.key).collect();
    people::set_groups(call.db, member.key, &keys)?;
    Ok(Nothing)
}

/// The emulator's own: a member logs in, and a federated one's groups follow the identity provider.
///
/// A mapped group comes if the provider names it, and goes if it does not; groups without a mapping stay.
pub(crate) fn log_in(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Nothing> {
    let id = call.segment("userId");
    let members = people::members_by_id(call.db, id)?;
    if members.is_empty() {
        return Err(Failure::unknown("User", id));
    }
    for (portal, member) in members {
        if !member.user.is_active {
            return Err(Failure::bad_request(format!("User {id} is disabled")));
        }
        follow_provider(call, portal, &member)?;
    }
    Ok(Nothing)
}

fn follow_provider(call: &Call<'_>, portal: i64, member: &Member) -> Outcome<()> {
    let default = portals::default_provider(call.db, portal)?;
    let provider = match (&member.user.anypoint_idp_id, call.switches.federated_login) {
        (Some(provider), FederatedLogin::Restores)
            if provider != BUILT_IN_PROVIDER && default.as_ref() != Some(provider) =>
        {
            provider
        }
        _ => return Ok(()),
    };
    let groups = Groups::of(call.db, portal)?;
    let mut keys = Vec::new();
    for group in groups.iter() {
        let mapped: Vec<String> = user_groups::mappings(call.db, group.key)?
            .into_iter()
            .filter(|mapping| mapping.provider_id == *provider)
            .map(|mapping| mapping.external_group_name)
            .collect();
        let given = mapped.iter().any(|name| member.user.anypoint_groups.contains(name));
        if given || (mapped.is_empty() && member.user.user_group_ids.contains(&group.id)) {
            keys.push(group.key);
        }
    }
    people::set_groups(call.db, member.key, &keys)?;
    Ok(())
}

fn named(call: &Call<'_>, portal: &PortalRow, parameter: &str) -> Outcome<Member> {
    let id = call.segment(parameter);
    people::member_by_id(call.db, portal.key, id)?.ok_or_else(|| Failure::unknown("User", id))
}

fn too_many() -> Failure {
    Failure::bad_request(format!("A user has at most {MEMBERSHIP_LIMIT} user groups"))
}

/// A member as reading shows it.
fn shown(call: &Call<'_>, groups: &Groups, member: Member) -> User {
    let direct: Vec<&Group> = member.user.user_group_ids.iter().filter_map(|id| groups.by_id(id)).collect();
    let mut listed: Vec<&Group> = Vec::new();
    match call.switches.member_groups_listed {
        MemberGroupsListed::Direct => listed = direct,
        MemberGroupsListed::Custom => listed.extend(direct.iter().filter(|group| !group.is_built_in())),
        MemberGroupsListed::Inherited => {
            for group in direct.iter().flat_map(|group| groups.with_ancestors(group)) {
                if !listed.iter().any(|known| known.key == group.key) {
                    listed.push(group);
                }
            }
        }
    }
    User { user_group_ids: listed.iter().map(|group| group.id.clone()).collect(), ..member.user }
}
