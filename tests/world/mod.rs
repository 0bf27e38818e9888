//! What a portal holds, by name, so that two runs can be compared although the hub gives new objects ids of its own.
//! It shares no code with what it judges.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// One portal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Portal {
    /// Groups of one name stand side by side.
    pub(crate) groups: BTreeMap<String, Vec<Group>>,
    /// By groupId and assetId.
    pub(crate) assets: BTreeMap<(String, String), Asset>,
    /// By username.
    pub(crate) members: BTreeMap<String, Vec<Member>>,
    /// The usernames of pending sign-ups.
    pub(crate) pending: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) parent: Option<String>,
    pub(crate) description: String,
    /// Provider and external name, once for each row.
    pub(crate) mappings: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    pub(crate) instances: String,
    /// The names of the groups that see each version.
    pub(crate) versions: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) is_active: bool,
    pub(crate) is_administrator: bool,
    pub(crate) groups: BTreeSet<String>,
}

impl Portal {
    /// What two portals do not share, in short.
    pub(crate) fn differences(&self, expected: &Self) -> Vec<String> {
        fn of<K: Ord + Debug, T: PartialEq + Debug>(what: &str, a: &BTreeMap<K, T>, b: &BTreeMap<K, T>) -> Vec<String> {
            let keys: BTreeSet<&K> = a.keys().chain(b.keys()).collect();
            let differing = keys.into_iter().filter(|key| a.get(*key) != b.get(*key));
            differing.map(|key| format!("{what} {key:?}: {:?} instead of {:?}", a.get(key), b.get(key))).collect()
        }
        let Self { groups, assets, members, pending } = self;
        let mut differences = of("group", groups, &expected.groups);
        differences.extend(of("asset", assets, &expected.assets));
        differences.extend(of("member", members, &expected.members));
        if *pending != expected.pending {
            differences.push(format!("pending {pending:?} instead of {:?}", expected.pending));
        }
        differences
    }

    /// What stands twice although it should not: groups of one name, members of one username, rows of one mapping.
    pub(crate) fn duplicates(&self) -> Vec<String> {
        let groups = self.groups.iter().filter(|(_, groups)| groups.len() > 1).map(|(name, _)| format!("group {name}"));
        let members =
            self.members.iter().filter(|(_, members)| members.len() > 1).map(|(name, _)| format!("member {name}"));
        let mappings =
            self.groups.iter().flat_map(|(name, groups)| groups.iter().map(move |group| (name, group))).flat_map(
                |(name, group)| {
                    let rows = group.mappings.windows(2).filter(|rows| rows[0] == rows[1]);
                    rows.map(move |rows| format!("mapping {name} {:?}", rows[0]))
                },
            );
        groups.chain(members).chain(mappings).collect()
    }
}
