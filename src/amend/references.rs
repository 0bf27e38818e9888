//! Which groups of a portal the names in a manifest mean.

use crate::directory::Directory;
use crate::id::GroupName;
use crate::manifest::model::GroupReference;
use crate::state::LiveGroup;

pub(super) struct References<'a> {
    pub(super) directory: &'a Directory,
    pub(super) live: &'a [LiveGroup],
}

impl References<'_> {
    /// The directory's name for what a manifest calls a group; none if that is not clear.
    pub(super) fn meant(&self, reference: &GroupReference) -> Option<GroupName> {
        match reference {
            GroupReference::System(system) => {
                let mut marked = self.directory.iter().filter(|entry| system.marks(entry.flags));
                let first = marked.next()?;
                marked.next().is_none().then(|| first.name.clone())
            }
            GroupReference::Named(name) => {
                let known = GroupName::from(name.as_str());
                if self.directory.get(&known).is_some() {
                    return Some(known);
                }
                let mut called = self.live.iter().filter(|group| group.name == *name);
                let first = called.next()?;
                called.next().is_none().then(|| self.directory.name_of(&first.id))
            }
        }
    }
}
