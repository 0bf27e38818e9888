//! What refers to a user group. A hub may refuse to delete a group that something refers to, or clear it all away.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::io::Tree;
use crate::client;
use crate::id::GroupId;
use crate::kinds::session::Session;
use crate::kinds::{assets, idp_mappings, members};
use crate::state::LiveMember;

/// What each of the groups is held by, in words; one that nothing holds has no entry. One read of all members serves all
/// groups.
pub async fn holders(
    session: &Session,
    tree: &Tree,
    groups: &BTreeSet<GroupId>,
) -> Result<BTreeMap<GroupId, Vec<String>>, client::Error> {
    let (members, of_each) = tokio::try_join!(
        members::io::read_all(&session.reader, &session.path),
        try_join_all(groups.iter().map(|group| async move {
            let (mappings, assets) = tokio::try_join!(mappings_of(session, group), assets_of(session, group))?;
            Ok((group, tree.children(group).chain(mappings).chain(assets).collect::<Vec<String>>()))
        }))
    )?;
    let of_each = of_each.into_iter().map(|(group, mut holders)| {
        let is_in = |member: &&LiveMember| member.user_groups.as_ref().is_some_and(|groups| groups.contains(group));
        holders.extend(members.iter().filter(is_in).map(|member| format!("member `{}`", member.label())));
        (group.clone(), holders)
    });
    Ok(of_each.filter(|(_, holders)| !holders.is_empty()).collect())
}

async fn mappings_of(session: &Session, group: &GroupId) -> Result<Vec<String>, client::Error> {
    let mappings = idp_mappings::io::read(&session.reader, &session.path, group).await?;
    Ok(mappings.into_iter().map(|mapping| format!("mapping of `{}`", mapping.group)).collect())
}

async fn assets_of(session: &Session, group: &GroupId) -> Result<Vec<String>, client::Error> {
    let assets = assets::io::visible_to(&session.reader, &session.path, group).await?;
    Ok(assets.into_iter().map(|asset| format!("asset {asset}")).collect())
}
