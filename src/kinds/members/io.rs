//! Reading members.

use std::collections::BTreeMap;

use crate::client::{self, PortalPath, Reader, User, UserQuery};
use crate::id::MemberId;
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

/// Reads the members whose email or username is one of the given ones.
pub async fn find(reader: &Reader, portal: &PortalPath, email: &str) -> Result<Vec<LiveMember>, client::Error> {
    let term = search_term(email);
    let users = reader.users(portal, &UserQuery { search_term: term, ..UserQuery::default() }).await?;
    Ok(users.into_iter().map(of_wire).filter(|member| member.email.eq_ignore_ascii_case(email)).collect())
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
    }
}
