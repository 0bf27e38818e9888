//! Sign-in, the organizations and the identity providers.

use super::super::failure::{Failure, Outcome, Reason};
use super::super::operation::{Call, Json, NoParameters, Nothing};
use super::super::store::organizations::{self, Organization as Row};
use super::super::store::{Setting, get};
use super::super::tokens::Principal;
use super::super::wire::access_management::{
    CallingClient, CallingUser, Entitlement, Entitlements, Hierarchy, IdentityProvider, LoginRequest, LoginResponse,
    Me, Organization, ProviderKind, ProviderList, ProviderListParameters, ProviderSort, ProviderType, TokenRequest,
    TokenResponse,
};

/// The rows of a page of identity providers, from the contract.
const PROVIDERS_DEFAULT: i64 = 25;
const PROVIDERS_LIMIT: i64 = 500;

pub(crate) fn token(
    call: &Call<'_>,
    _: NoParameters,
    Json(request): Json<TokenRequest>,
) -> Outcome<Json<TokenResponse>> {
    let TokenRequest { grant_type, client_id, client_secret } = request;
    if grant_type != "client_credentials" {
        return Err(Failure::bad_request(format!("grant_type {grant_type:?} is not supported")));
    }
    let (Some(id), Some(secret)) = (client_id, client_secret) else {
        return Err(Failure::invalid("the request body", "client_id and client_secret are required"));
    };
    if id != get(call.db, Setting::ClientId)? || secret != get(call.db, Setting::ClientSecret)? {
        return Err(Failure::new(Reason::Unauthorized, "Invalid client id or secret"));
    }
    Ok(Json(TokenResponse {
        access_token: call.tokens.issue(Principal::ConnectedApp),
        token_type: "bearer".to_owned(),
        expires_in: call.tokens.lifetime().as_secs(),
    }))
}

pub(crate) fn log_in(
    call: &Call<'_>,
    _: NoParameters,
    Json(request): Json<LoginRequest>,
) -> Outcome<Json<LoginResponse>> {
    let LoginRequest { username, password } = request;
    if username != get(call.db, Setting::Username)? || password != get(call.db, Setting::Password)? {
        return Err(Failure::new(Reason::Unauthorized, "Invalid username or password"));
    }
    let access_token = call.tokens.issue(Principal::User);
    Ok(Json(LoginResponse { access_token, token_type: "bearer".to_owned() }))
}

pub(crate) fn me(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Me>> {
    let all = organizations::all(call.db)?;
    let root = all
        .iter()
        .find(|row| row.parent.is_none())
        .ok_or_else(|| Failure::new(Reason::NotFound, "There is no organization: the emulator is not seeded"))?;
    let client_id = get(call.db, Setting::ClientId)?;
    let me = match call.principal {
        Some(Principal::User) => {
            let username = get(call.db, Setting::Username)?;
            let user = CallingUser {
                id: root.owner_id.clone(),
                email: format!("{username}@{}.example", root.domain),
                username,
                first_name: "Portal".to_owned(),
                last_name: "Owner".to_owned(),
                enabled: true,
                organization_id: root.id.clone(),
                identity_provider_id: "mulesoft".to_owned(),
                organization: Organization { sub_organization_ids: None, ..organization(&all, root) },
            };
            Me { client: None, user: Some(user) }
        }
        Some(Principal::ConnectedApp) | None => {
            let client = CallingClient {
                client_id,
                name: "Connected app".to_owned(),
                org_id: root.id.clone(),
                redirect_uris: Vec::new(),
                grant_types: vec!["client_credentials".to_owned()],
            };
            Me { client: Some(client), user: None }
        }
    };
    Ok(Json(me))
}

pub(crate) fn get_organization(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Organization>> {
    let all = organizations::all(call.db)?;
    Ok(Json(organization(&all, named(call, &all)?)))
}

pub(crate) fn hierarchy(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Hierarchy>> {
    let all = organizations::all(call.db)?;
    Ok(Json(tree(&all, named(call, &all)?, true)))
}

pub(crate) fn providers(
    call: &Call<'_>,
    parameters: ProviderListParameters,
    _: Nothing,
) -> Outcome<Json<ProviderList>> {
    let all = organizations::all(call.db)?;
    let organization = named(call, &all)?;
    if organization.parent.is_some() {
        return Err(Failure::new(Reason::MethodNotAllowed, "The organization is not a root organization"));
    }
    let ProviderListParameters {
        include_full_details: _,
        ascending,
        provider_id,
        idp_type,
        sort,
        limit,
        offset,
        search,
    } = parameters;
    let limit = limit.unwrap_or(PROVIDERS_DEFAULT);
    let offset = offset.unwrap_or_default();
    if !(0..=PROVIDERS_LIMIT).contains(&limit) || offset < 0 {
        return Err(Failure::invalid(
            "a parameter",
            format!("limit is from 0 to {PROVIDERS_LIMIT}, offset at least 0"),
        ));
    }
    let search = search.unwrap_or_default().to_lowercase();
    let mut found: Vec<IdentityProvider> = organizations::providers(call.db)?
        .into_iter()
        .map(|row| IdentityProvider {
            provider_id: row.id,
            org_id: organization.id.clone(),
            name: row.name,
            kind: ProviderKind { name: provider_type(&row.kind), description: row.description },
        })
        .filter(|provider| provider.name.to_lowercase().contains(&search))
        .filter(|provider| provider_id.as_ref().is_none_or(|wanted| wanted.contains(&provider.provider_id)))
        .filter(|provider| idp_type.as_ref().is_none_or(|wanted| wanted.contains(&provider.kind.name)))
        .collect();
    match sort {
        Some(ProviderSort::Name) => found.sort_by(|one, other| one.name.cmp(&other.name)),
        Some(ProviderSort::ProviderId) | None => found.sort_by(|one, other| one.provider_id.cmp(&other.provider_id)),
    }
    if !ascending {
        found.reverse();
    }
    let total = found.len();
    let rows = |count: i64| usize::try_from(count).unwrap_or(usize::MAX);
    let data = found.into_iter().skip(rows(offset)).take(rows(limit)).collect();
    Ok(Json(ProviderList { data, total }))
}

fn provider_type(word: &str) -> ProviderType {
    match word {
        "saml" => ProviderType::Saml,
        "ldap" => ProviderType::Ldap,
        _ => ProviderType::Openid,
    }
}

fn named<'a>(call: &Call<'_>, all: &'a [Row]) -> Outcome<&'a Row> {
    let id = call.segment("organizationId");
    all.iter().find(|row| row.id == id).ok_or_else(|| Failure::unknown("Organization", id))
}

/// The organizations above, the root first.
fn parents(all: &[Row], row: &Row) -> Vec<String> {
    let above = |row: &Row| row.parent.and_then(|parent| all.iter().find(|other| other.key == parent));
    let mut ids: Vec<String> = std::iter::successors(above(row), |row| above(row)).map(|row| row.id.clone()).collect();
    ids.reverse();
    ids
}

fn children<'a>(all: &'a [Row], row: &Row) -> impl Iterator<Item = &'a Row> {
    let key = row.key;
    all.iter().filter(move |child| child.parent == Some(key))
}

fn organization(all: &[Row], row: &Row) -> Organization {
    Organization {
        id: row.id.clone(),
        name: row.name.clone(),
        created_at: row.created_at.clone(),
        updated_at: row.updated_at.clone(),
        owner_id: row.owner_id.clone(),
        client_id: row.client_id.clone(),
        domain: row.domain.clone(),
        identity_provider_id: "mulesoft".to_owned(),
        is_federated: false,
        is_master: row.parent.is_none(),
        is_root: true,
        org_type: "anypoint".to_owned(),
        parent_organization_ids: parents(all, row),
        sub_organization_ids: Some(children(all, row).map(|child| child.id.clone()).collect()),
        tenant_organization_ids: Vec::new(),
        entitlements: Entitlements {
            create_sub_orgs: true,
            external_identity: true,
            api_experience_hub: Entitlement { enabled: row.hub_enabled },
        },
    }
}

fn tree(all: &[Row], row: &Row, at_top: bool) -> Hierarchy {
    Hierarchy {
        id: row.id.clone(),
        name: row.name.clone(),
        created_at: row.created_at.clone(),
        updated_at: row.updated_at.clone(),
        owner_id: row.owner_id.clone(),
        client_id: row.client_id.clone(),
        domain: row.domain.clone(),
        identity_provider_id: "mulesoft".to_owned(),
        is_federated: false,
        is_master: row.parent.is_none(),
        is_root: true,
        parent_organization_ids: parents(all, row),
        sub_organization_ids: at_top.then(|| children(all, row).map(|child| child.id.clone()).collect()),
        tenant_organization_ids: Vec::new(),
        sub_organizations: children(all, row).map(|child| tree(all, child, false)).collect(),
    }
}
