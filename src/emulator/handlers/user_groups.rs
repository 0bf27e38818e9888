//! User groups: the tree, and what may be made of it.

use super::super::failure::{Failure, Outcome};
use super::super::operation::{Call, Json, NoParameters, Nothing, Undocumented};
use super::super::store::user_groups::{self, Group, Groups};
use super::super::switches::{
    BuiltIns, DescriptionOmitted, DuplicateNames, GroupCreation, GroupDelete, GroupParentPatch, ParentOmitted,
};
use super::super::wire::hub::{GROUP_NAME_LIMIT, UserGroup, UserGroupRequest};
use super::{group, portal};

pub(crate) fn list(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Vec<UserGroup>>> {
    Ok(Json(Groups::of(call.db, portal(call)?.key)?.tree(None)))
}

pub(crate) fn create(
    call: &Call<'_>,
    _: NoParameters,
    Json(request): Json<UserGroupRequest>,
) -> Outcome<Undocumented<UserGroup>> {
    let portal = portal(call)?;
    let groups = Groups::of(call.db, portal.key)?;
    let limit = call.switches.groups_limit as usize;
    if groups.len() >= limit {
        return Err(Failure::bad_request(format!("A portal has at most {limit} user groups")));
    }
    let UserGroupRequest { name, description, parent_user_group_id } = request;
    check_name(call, &groups, &name, None)?;
    let parent = match parent_user_group_id {
        Some(id) => Some(parent(&groups, &id)?.key),
        None => match call.switches.parent_omitted {
            ParentOmitted::Top => None,
            ParentOmitted::Default => groups.iter().find(|group| group.is_default).map(|group| group.key),
        },
    };
    let mut created = Group {
        key: 0,
        parent,
        id: call.ids.fresh("user group", &name, |id| groups.by_id(id).is_some()),
        name,
        description,
        is_admin: false,
        is_auto_generated: false,
        is_default: false,
        is_public: false,
        created_date: Some(call.now.to_owned()),
    };
    created.key = user_groups::insert(call.db, portal.key, &created)?;
    Ok(Undocumented(match call.switches.group_creation {
        GroupCreation::Empty => None,
        GroupCreation::Group => Some(groups.wire(&created)),
    }))
}

pub(crate) fn update(
    call: &Call<'_>,
    _: NoParameters,
    Json(request): Json<UserGroupRequest>,
) -> Outcome<Json<UserGroup>> {
    let portal = portal(call)?;
    let groups = Groups::of(call.db, portal.key)?;
    let group = group(call, &groups)?;
    check_editable(call, group)?;
    let UserGroupRequest { name, description, parent_user_group_id } = request;
    check_name(call, &groups, &name, Some(group))?;
    let mut updated = Group { name, ..group.clone() };
    match (description, call.switches.description_omitted) {
        (None, DescriptionOmitted::Unchanged) => {}
        (description, _) => updated.description = description,
    }
    if let (Some(id), GroupParentPatch::Honoured) = (parent_user_group_id, call.switches.group_parent_patch) {
        let parent = parent(&groups, &id)?;
        if groups.with_ancestors(parent).any(|above| above.key == group.key) {
            return Err(Failure::bad_request("A user group cannot be moved under itself"));
        }
        updated.parent = Some(parent.key);
    }
    user_groups::update(call.db, &updated)?;
    Ok(Json(groups.wire(&updated)))
}

pub(crate) fn delete(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Nothing> {
    let portal = portal(call)?;
    let groups = Groups::of(call.db, portal.key)?;
    let group = group(call, &groups)?;
    check_editable(call, group)?;
    let doomed = groups.with_descendants(group);
    match call.switches.group_delete {
        GroupDelete::Refused => {
            let uses = user_groups::uses(call.db, group.key)?;
            if !uses.is_empty() {
                return Err(Failure::bad_request(format!("User group {} still has {}", group.id, uses.join(", "))));
            }
        }
        GroupDelete::Cascades => doomed.iter().try_for_each(|group| check_editable(call, group))?,
    }
    for group in doomed.iter().rev() {
        user_groups::delete(call.db, group.key)?;
    }
    Ok(Nothing)
}

fn parent<'a>(groups: &'a Groups, id: &str) -> Outcome<&'a Group> {
    groups.by_id(id).ok_or_else(|| Failure::bad_request(format!("The parent user group {id} does not exist")))
}

fn check_editable(call: &Call<'_>, group: &Group) -> Outcome<()> {
    if group.is_built_in() && call.switches.built_ins == BuiltIns::Protected {
        return Err(Failure::bad_request(format!("User group {} is built in and cannot be changed", group.id)));
    }
    Ok(())
}

fn check_name(call: &Call<'_>, groups: &Groups, name: &str, own: Option<&Group>) -> Outcome<()> {
    if name.trim().is_empty() {
        return Err(Failure::invalid("the request body", "name is empty"));
    }
    if name.chars().count() > GROUP_NAME_LIMIT {
        let detail = format!("name is longer than {GROUP_NAME_LIMIT} characters");
        return Err(Failure::invalid("the request body", detail));
    }
    let same = |other: &str| match call.switches.duplicate_names {
        DuplicateNames::Refused => other.to_lowercase() == name.to_lowercase(),
        DuplicateNames::CaseSensitive => other == name,
        DuplicateNames::Allowed => false,
    };
    let own = own.map(|group| group.key);
    if groups.iter().any(|group| Some(group.key) != own && same(&group.name)) {
        return Err(Failure::bad_request(format!("A user group named {name:?} exists already")));
    }
    Ok(())
}
