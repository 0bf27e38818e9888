//! What is to be written so that what was revoked is not given back.

use std::collections::BTreeSet;

use super::references::References;
use crate::diagnostic::Location;
use crate::directory::Directory;
use crate::id::GroupName;
use crate::manifest::edit::{Editor, ListEdit, Unsupported};
use crate::manifest::model::{AssetState, AudienceItem, GroupReference, Manifest, ProspectDecision, VersionAudience};
use crate::state::{LiveGroup, LiveMember};

/// Disables a member and gives them no group, wherever an entry says otherwise.
pub fn revoked_member(manifest: &Manifest, member: &LiveMember, editor: &mut Editor<'_>) -> Result<(), Unsupported> {
    for entry in manifest.members.iter().flatten().filter(|entry| member.is_called(&entry.user)) {
        let place = entry.user.location;
        if entry.enabled.as_ref().is_none_or(|enabled| enabled.value) {
            editor.set(place, &[], "enabled", "false".to_owned())?;
        }
        if let Some(groups) = entry.user_groups.as_ref().filter(|groups| !groups.is_empty()) {
            let remove = groups.iter().map(|group| group.location).collect();
            editor.list(place, &[], "userGroups", ListEdit { remove, ..ListEdit::default() })?;
        }
    }
    Ok(())
}

/// Takes a group out of every list that gives it something, and what is mapped to it.
pub fn revoked_group(
    manifest: &Manifest,
    group: &GroupName,
    directory: &Directory,
    live: &[LiveGroup],
    editor: &mut Editor<'_>,
) -> Result<(), Unsupported> {
    let references = References { directory, live };
    let is_this = |reference: &GroupReference| references.meant(reference).as_ref() == Some(group);
    for place in places(manifest, &is_this) {
        editor.remove_item(place)?;
    }
    let declared = manifest.user_groups.iter().flatten().filter(|declared| is_this(&declared.name));
    for mapping in declared.flat_map(|declared| declared.idp_groups.iter().flatten()) {
        editor.remove_entry(mapping.group.location)?;
    }
    Ok(())
}

/// Where a group is given something: audiences, joins, versions, members and those who are approved. Each place once,
/// since the defaults of a document are in each of its assets.
pub(super) fn places(manifest: &Manifest, is_this: &dyn Fn(&GroupReference) -> bool) -> BTreeSet<Location> {
    let mut places = BTreeSet::new();
    for audience in manifest.audiences.values() {
        places.extend(audience.groups.iter().filter(|group| is_this(group)).map(|group| group.location));
    }
    for asset in manifest.assets.iter().flatten() {
        let AssetState::Present { versions: Some(versions), .. } = &asset.state else { continue };
        for VersionAudience { items, .. } in versions.listed.values().chain(&versions.others) {
            let groups =
                items.iter().filter(|item| matches!(&item.value, AudienceItem::Group(group) if is_this(group)));
            places.extend(groups.map(|item| item.location));
        }
    }
    let granted = manifest.members.iter().flatten().flat_map(|member| member.user_groups.iter().flatten());
    let approved = manifest.prospects.iter().flatten().flat_map(|rule| match &rule.decision {
        ProspectDecision::Approve { user_groups } => user_groups.as_slice(),
        ProspectDecision::Reject => &[],
    });
    places.extend(granted.chain(approved).filter(|group| is_this(group)).map(|group| group.location));
    places
}
