//! Group mappings: external groups joined to user groups.

use super::super::failure::{Failure, Outcome};
use super::super::operation::{Call, Json, NoParameters, Nothing};
use super::super::store::organizations;
use super::super::store::user_groups::{self, Groups};
use super::super::switches::MappingProviderOmitted;
use super::super::wire::hub::{GroupMapping, GroupMappingRequest};
use super::{group, portal};

/// Characters of an external group's name, as the Teams of Access Management have it.
const EXTERNAL_NAME_LIMIT: usize = 255;

pub(crate) fn list(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Vec<GroupMapping>>> {
    let groups = Groups::of(call.db, portal(call)?.key)?;
    Ok(Json(user_groups::mappings(call.db, group(call, &groups)?.key)?))
}

pub(crate) fn add(call: &Call<'_>, _: NoParameters, Json(request): Json<GroupMappingRequest>) -> Outcome<Nothing> {
    let portal = portal(call)?;
    let groups = Groups::of(call.db, portal.key)?;
    let group = group(call, &groups)?;
    let GroupMappingRequest { group_mapping_name: name, idp_id } = request;
    if name.is_empty() || name.chars().count() > EXTERNAL_NAME_LIMIT {
        let detail = format!("groupMappingName takes 1 to {EXTERNAL_NAME_LIMIT} characters");
        return Err(Failure::invalid("the request body", detail));
    }
    let fallback = match call.switches.mapping_provider_omitted {
        MappingProviderOmitted::Default => portal.default_idp_id,
        MappingProviderOmitted::Refused => None,
    };
    let provider = idp_id
        .or(fallback)
        .ok_or_else(|| Failure::bad_request("idpId is missing, and the connection has no default identity provider"))?;
    if !organizations::has_provider(call.db, &provider)? {
        return Err(Failure::bad_request(format!("Identity provider {provider} does not exist")));
    }
    let there = user_groups::mappings(call.db, group.key)?;
    if there.iter().any(|mapping| mapping.provider_id == provider && mapping.external_group_name == name) {
        return Err(Failure::bad_request(format!("User group {} is mapped to {name:?} already", group.id)));
    }
    user_groups::insert_mapping(call.db, group.key, &provider, &name, "member")?;
    Ok(Nothing)
}

pub(crate) fn delete(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Nothing> {
    let groups = Groups::of(call.db, portal(call)?.key)?;
    let group = group(call, &groups)?;
    let name = call.segment("groupMappingName");
    if user_groups::delete_mapping(call.db, group.key, call.segment("idpId"), name)? {
        Ok(Nothing)
    } else {
        Err(Failure::unknown("Group mapping", name))
    }
}
