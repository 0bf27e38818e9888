//! What a portal holds, read from a dump of the emulator: by name, so that two runs can be compared although the hub
//! gives new objects ids of its own. It shares no code with what it judges.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portal {
    /// Groups of one name stand side by side.
    pub(crate) groups: BTreeMap<String, Vec<Group>>,
    /// By coordinates.
    pub(crate) assets: BTreeMap<String, Asset>,
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
    pub(crate) is_public: bool,
    pub(crate) is_default: bool,
    pub(crate) is_admin: bool,
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
    pub(crate) groups: BTreeSet<String>,
}

impl Portal {
    /// The first portal of a dump.
    pub(crate) fn of_dump(dump: &str) -> Self {
        let document: Value = serde_saphyr::from_str(dump).expect("a dump is YAML");
        Self::of_document(&document["connections"][0]["portals"][0])
    }

    fn of_document(portal: &Value) -> Self {
        let mut names = BTreeMap::new();
        let mut groups: BTreeMap<String, Vec<Group>> = BTreeMap::new();
        walk(list(&portal["userGroups"]), None, &mut names, &mut groups);
        for mapped in groups.values_mut().flatten() {
            mapped.mappings.sort();
        }
        let named = |ids: &Value| -> BTreeSet<String> {
            list(ids)
                .iter()
                .map(|id| names.get(&text(id)).cloned().unwrap_or_else(|| format!("no group {id}")))
                .collect()
        };
        let assets = list(&portal["assets"])
            .iter()
            .map(|asset| {
                let versions = list(&asset["minorVersionProfilesVisibility"])
                    .iter()
                    .map(|version| (text(&version["minorVersion"]), named(&version["profileVisibility"])))
                    .collect();
                let coordinates = format!("{}/{}", text(&asset["groupId"]), text(&asset["assetId"]));
                (coordinates, Asset { instances: text(&asset["instanceVisibility"]), versions })
            })
            .collect();
        let mut members: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for user in list(&portal["users"]) {
            let is_active = user["isActive"].as_bool().unwrap_or(true);
            let member = Member { is_active, groups: named(&user["userGroupIds"]) };
            members.entry(text(&user["username"])).or_default().push(member);
        }
        let pending = list(&portal["prospects"])
            .iter()
            .filter(|prospect| prospect["status"] == "PENDING")
            .map(|prospect| text(&prospect["username"]))
            .collect();
        Self { groups, assets, members, pending }
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

fn walk(
    tree: &[Value],
    parent: Option<&str>,
    names: &mut BTreeMap<String, String>,
    groups: &mut BTreeMap<String, Vec<Group>>,
) {
    for group in tree {
        let name = text(&group["name"]);
        names.insert(text(&group["id"]), name.clone());
        let flag = |name: &str| group[name].as_bool().unwrap_or(false);
        let mappings = list(&group["groupMappings"])
            .iter()
            .map(|row| (text(&row["provider_id"]), text(&row["external_group_name"])))
            .collect();
        groups.entry(name.clone()).or_default().push(Group {
            parent: parent.map(ToOwned::to_owned),
            description: group["description"].as_str().unwrap_or_default().to_owned(),
            mappings,
            is_public: flag("isPublic"),
            is_default: flag("isDefault"),
            is_admin: flag("isAdmin"),
        });
        walk(list(&group["children"]), Some(&name), names, groups);
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
