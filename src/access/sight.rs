//! How a group is reached: the way from a group that somebody is in to one that an audience names.

use crate::directory::Directory;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::access::Path;

/// The shortest way to a group, from the groups that somebody is in, or else from those that everyone is in.
pub fn way(directory: &Directory, groups: &GroupSet, to: &GroupName) -> Option<Path> {
    let up = |from: &GroupName| -> Option<Path> {
        let way: Path = directory.with_ancestors(from).cloned().collect();
        let end = way.iter().position(|name| name == to)?;
        Some(way.into_iter().take(end + 1).collect())
    };
    let shortest = |groups: &GroupSet| groups.iter().filter_map(up).min_by_key(Vec::len);
    shortest(groups).or_else(|| shortest(&directory.flagged(|flags| flags.is_default || flags.is_public)))
}
