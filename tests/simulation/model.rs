//! Random portals with random wishes, what they look like to the hub and to the program, and what must come of them.
//!
//! The model says what a manifest means in a dozen plain rules over names. It shares no code with the program.

mod sequel;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::world::{Asset, Group, Member, Portal};

/// Numbers that follow from a seed, by `SplitMix64`.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(crate) fn some_of<T: Clone>(&mut self, from: &[T], chance: usize) -> Vec<T> {
        from.iter().filter(|_| self.percent(chance)).cloned().collect()
    }
}

/// How the built-in groups stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    SideBySide,
    Nested,
    OneRoot,
}

impl Shape {
    /// The built-ins that people may be given and shown things, as the manifest and the portal call them.
    fn built_ins(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OneRoot => &[("system:guests", "Everyone")],
            _ => &[("system:guests", "Guests"), ("system:members", "Members")],
        }
    }
}

const ADMINISTRATORS: &str = "Administrators";
const BUILT_IN: [&str; 4] = [ADMINISTRATORS, "Guests", "Members", "Everyone"];

/// Names that a careless client stumbles over.
const NAMES: [&str; 8] =
    ["Gold", "Partner / Süd", "100 % 🚀", "a=b,c", "yes", "\"quoted\" 'twice'", "# not a comment", "-dash: colon"];
const IDP_GROUPS: [&str; 4] = ["developers", "CN=Gold,OU=Partners", "a/b", "ä ö"];
const OKTA: &str = "1d000001-0000-4000-8000-000000000001";
const DOMAINS: [&str; 3] = ["partner.example", "spam.example", "other.example"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Undeclared,
    Stays,
    Renamed,
    New,
    Goes { disables: bool },
}

#[derive(Debug, Clone)]
struct GroupWish {
    /// One of those before it.
    parent: Option<usize>,
    fate: Fate,
    description: Option<&'static str>,
    mapped: Vec<&'static str>,
    wants_mapped: Option<Vec<&'static str>>,
}

impl GroupWish {
    /// The manifest says something of it, and not that it goes.
    fn is_declared(&self) -> bool {
        matches!(self.fate, Fate::Stays | Fate::Renamed | Fate::New)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Pending,
    Active,
    Disabled,
}

#[derive(Debug, Clone)]
struct Person {
    standing: Standing,
    /// Groups by their numbers.
    groups: Vec<usize>,
    is_administrator: bool,
    domain: &'static str,
    is_declared: bool,
    wants_groups: Option<Vec<usize>>,
    wants_enabled: Option<bool>,
}

impl Person {
    /// The groups that the manifest decides on.
    fn declared_groups(&self) -> Option<&[usize]> {
        self.wants_groups.as_deref().filter(|_| self.is_declared)
    }
}

/// Groups by their numbers, and built-ins by theirs.
type Audience = (Vec<usize>, Vec<usize>);

#[derive(Debug, Clone)]
struct AssetWish {
    versions: Vec<&'static str>,
    /// Instances, and the audience of each version.
    before: Option<(&'static str, Vec<Audience>)>,
    wish: Wish,
}

#[derive(Debug, Clone)]
enum Wish {
    Undeclared,
    Absent,
    Present { instances: Option<&'static str>, listed: Vec<Option<Audience>>, others: Option<Audience> },
}

impl Wish {
    /// Who is to see the version of this place in the list; none if that is left open.
    fn audience(&self, version: usize) -> Option<&Audience> {
        match self {
            Self::Present { listed, others, .. } => listed[version].as_ref().or(others.as_ref()),
            Self::Undeclared | Self::Absent => None,
        }
    }
}

/// A portal, and what somebody wants of it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    shape: Shape,
    groups: Vec<GroupWish>,
    people: Vec<Person>,
    assets: Vec<AssetWish>,
    approves: Vec<usize>,
    is_edited: bool,
}

impl Case {
    /// `is_edited`: somebody else will change things meanwhile, and the wishes leave nothing of an asset open that
    /// would then depend on when.
    pub(crate) fn random(random: &mut Random, is_edited: bool) -> Self {
        let shape = *random.pick(&[Shape::SideBySide, Shape::Nested, Shape::OneRoot]);
        let mut groups: Vec<GroupWish> = Vec::new();
        for number in 0..3 + random.below(5) {
            let parent = (number > 0 && random.percent(40)).then(|| random.below(number));
            let mut fate = match random.below(8) {
                0 => Fate::Undeclared,
                1 => Fate::Renamed,
                2 | 3 => Fate::New,
                4 => Fate::Goes { disables: !is_edited && random.percent(50) },
                _ => Fate::Stays,
            };
            // Under a group that is new or goes, everything is new or goes.
            match parent.map(|parent| groups[parent].fate) {
                Some(Fate::New) => fate = Fate::New,
                Some(Fate::Goes { .. }) => fate = Fate::Goes { disables: false },
                _ => {}
            }
            groups.push(GroupWish {
                parent,
                fate,
                description: random.percent(40).then_some("Described"),
                mapped: if fate == Fate::New { Vec::new() } else { random.some_of(&IDP_GROUPS, 25) },
                wants_mapped: random.percent(60).then(|| random.some_of(&IDP_GROUPS, 30)),
            });
        }
        let was: Vec<usize> = (0..groups.len()).filter(|&number| groups[number].fate != Fate::New).collect();
        let will: Vec<usize> =
            (0..groups.len()).filter(|&number| !matches!(groups[number].fate, Fate::Goes { .. })).collect();
        let declared_or_live = will.clone();
        let built_ins: Vec<usize> = (0..shape.built_ins().len()).collect();
        let people = (0..=random.below(5))
            .map(|_| {
                let standing = match random.below(100) {
                    0..30 => Standing::Pending,
                    30..48 => Standing::Disabled,
                    _ => Standing::Active,
                };
                Person {
                    standing,
                    groups: random.some_of(&was, 30),
                    is_administrator: standing != Standing::Pending && random.percent(15),
                    domain: random.pick::<&'static str>(&DOMAINS),
                    is_declared: random.percent(70),
                    wants_groups: random.percent(75).then(|| random.some_of(&declared_or_live, 30)),
                    wants_enabled: if random.percent(40) { Some(random.percent(60)) } else { None },
                }
            })
            .collect();
        let audience = |random: &mut Random, from: &[usize]| -> Audience {
            (random.some_of(from, 30), random.some_of(&built_ins, 12))
        };
        let assets = (0..=random.below(5))
            .map(|_| {
                let versions = ["v1", "v2", "v3"][..=random.below(3)].to_vec();
                let before = random.percent(75).then(|| {
                    let instances = *random.pick(&["All", "Public"]);
                    (instances, versions.iter().map(|_| audience(random, &was)).collect())
                });
                let wish = match random.below(10) {
                    0 => Wish::Undeclared,
                    1 => Wish::Absent,
                    _ => {
                        let instances = if random.percent(40) { Some(*random.pick(&["All", "Public"])) } else { None };
                        let listed: Vec<Option<Audience>> = versions
                            .iter()
                            .map(|_| random.percent(70).then(|| audience(random, &declared_or_live)))
                            .collect();
                        let others = (is_edited || random.percent(40)).then(|| audience(random, &declared_or_live));
                        Wish::Present { instances, listed, others }
                    }
                };
                AssetWish { versions, before, wish }
            })
            .collect();
        Self { shape, groups, people, assets, approves: random.some_of(&will, 30), is_edited }
    }

    fn new_name(&self, group: usize) -> &'static str {
        debug_assert!(group < self.groups.len());
        NAMES[group]
    }

    fn old_name(&self, group: usize) -> String {
        match self.groups[group].fate {
            Fate::Renamed => format!("Old {}", NAMES[group]),
            _ => NAMES[group].to_owned(),
        }
    }

    fn new_names(&self, groups: &[usize]) -> BTreeSet<String> {
        groups.iter().map(|&group| self.new_name(group).to_owned()).collect()
    }

    fn old_names(&self, groups: &[usize]) -> BTreeSet<String> {
        groups.iter().map(|&group| self.old_name(group)).collect()
    }

    fn goes(&self) -> BTreeSet<String> {
        let goes = |group: &usize| matches!(self.groups[*group].fate, Fate::Goes { .. });
        (0..self.groups.len()).filter(goes).map(|group| self.old_name(group)).collect()
    }

    fn username(number: usize, person: &Person) -> String {
        format!("Person{number}@{}", person.domain)
    }

    fn coordinates(number: usize) -> (String, String) {
        let group = if number.is_multiple_of(2) { "com.example" } else { "0e000001-0000-4000-8000-000000000002" };
        (group.to_owned(), format!("asset-{number}"))
    }

    /// The world as a seed document.
    pub(crate) fn seed(&self) -> String {
        let id = |kind: char, number: usize| format!("{kind}0000001-0000-4000-8000-{number:012}");
        let group = |name: &str, number: usize, flag: &str| {
            let mut group = json!({"id": id('a', number), "name": name, "isAutoGenerated": true, "children": []});
            for letter in flag.chars() {
                let flag = if letter == 'a' {
                    "isAdmin"
                } else if letter == 'd' {
                    "isDefault"
                } else {
                    "isPublic"
                };
                group[flag] = true.into();
            }
            group
        };
        let (everyone, guests, members) =
            (group("Everyone", 901, "dp"), group("Guests", 902, "p"), group("Members", 903, "d"));
        let administrators = group(ADMINISTRATORS, 900, "a");
        let mut ids: BTreeMap<String, String> = BUILT_IN
            .iter()
            .zip([900, 902, 903, 901])
            .map(|(name, number)| (name.to_string(), id('a', number)))
            .collect();
        for number in 0..self.groups.len() {
            ids.insert(self.old_name(number), id('a', number));
        }
        let custom = Value::Array(self.seeded_groups(None, &id));
        let tree = match self.shape {
            Shape::SideBySide => {
                let mut tree = vec![administrators, guests, members];
                tree.extend(custom.as_array().into_iter().flatten().cloned());
                tree
            }
            Shape::Nested => {
                let mut members = members;
                members["children"] = custom;
                let mut guests = guests;
                guests["children"] = json!([members]);
                vec![administrators, guests]
            }
            Shape::OneRoot => {
                let mut everyone = everyone;
                everyone["children"] = custom;
                everyone["children"].as_array_mut().expect("it is a list").insert(0, administrators);
                vec![everyone]
            }
        };
        let portal = self.initial();
        let id_of = |name: &String| ids[name].clone();
        let assets: Vec<Value> = portal
            .assets
            .iter()
            .map(|((group_id, asset_id), asset)| {
                let versions: Vec<Value> = asset
                    .versions
                    .iter()
                    .map(|(version, names)| {
                        let seen: Vec<String> = names.iter().map(id_of).chain([id('a', 900)]).collect();
                        json!({"minorVersion": version, "profileVisibility": seen})
                    })
                    .collect();
                json!({"groupId": group_id, "assetId": asset_id, "instanceVisibility": asset.instances,
                    "minorVersionProfilesVisibility": versions})
            })
            .collect();
        let default = ids[if self.shape == Shape::OneRoot { "Everyone" } else { "Members" }].clone();
        let (mut users, mut prospects) = (Vec::new(), Vec::new());
        for (number, person) in self.people.iter().enumerate() {
            let username = Self::username(number, person);
            if person.standing == Standing::Pending {
                prospects.push(json!({"id": id('f', number), "firstName": "Some", "lastName": "Body",
                    "email": username, "username": username, "status": "PENDING"}));
                continue;
            }
            let mut groups: Vec<String> = self.old_names(&person.groups).iter().map(id_of).collect();
            groups.push(default.clone());
            groups.extend(person.is_administrator.then(|| id('a', 900)));
            users.push(json!({"id": id('e', number), "name": "Some Body", "email": username, "username": username,
                "isActive": person.standing == Standing::Active, "userGroupIds": groups}));
        }
        json!({
            "organization": {"id": "0e000001-0000-4000-8000-000000000001", "name": "Example Corp",
                "businessGroups": [{"id": "0e000001-0000-4000-8000-000000000002", "name": "Finance"}]},
            "identityProviders": [{"provider_id": OKTA, "name": "Okta", "type": "openid"}],
            "exchangeAssets": self.exchange(),
            "connections": [{"id": "c0000001-0000-4000-8000-000000000001", "environment": "PRODUCTION",
                "targetOrganizationDomain": "example.my.salesforce.com",
                "portals": [{"id": "b0000001-0000-4000-8000-000000000001", "name": "Developer Portal",
                    "targetPortalId": "b0000002-0000-4000-8000-000000000001",
                    "userGroups": tree, "assets": assets, "users": users, "prospects": prospects}]}],
        })
        .to_string()
    }

    fn exchange(&self) -> Vec<Value> {
        self.assets
            .iter()
            .enumerate()
            .map(|(number, asset)| {
                let (group_id, asset_id) = Self::coordinates(number);
                json!({"groupId": group_id, "assetId": asset_id, "name": format!("Asset {number}"), "type": "rest-api",
                    "versions": asset.versions, "latestVersion": "9.0.0"})
            })
            .collect()
    }

    fn seeded_groups(&self, parent: Option<usize>, id: &impl Fn(char, usize) -> String) -> Vec<Value> {
        let children = (0..self.groups.len())
            .filter(|&number| self.groups[number].parent == parent && self.groups[number].fate != Fate::New);
        children
            .map(|number| {
                let mappings: Vec<Value> = self.groups[number]
                    .mapped
                    .iter()
                    .map(|name| json!({"provider_id": OKTA, "external_group_name": name, "membership_type": "member"}))
                    .collect();
                json!({"id": id('a', number), "name": self.old_name(number), "groupMappings": mappings,
                    "children": self.seeded_groups(Some(number), id)})
            })
            .collect()
    }

    /// The wishes as a manifest. JSON is YAML.
    pub(crate) fn manifest(&self) -> String {
        let audience = |(groups, built_ins): &Audience| -> Vec<String> {
            let mut names: Vec<String> = self.new_names(groups).into_iter().collect();
            names.extend(built_ins.iter().map(|&number| self.shape.built_ins()[number].0.to_owned()));
            names
        };
        let mut groups = Vec::new();
        for (number, group) in self.groups.iter().enumerate() {
            let mut entry = json!({"name": self.new_name(number)});
            match (group.parent, self.shape) {
                (Some(parent), _) => entry["parent"] = self.new_name(parent).into(),
                // Others may put groups of theirs elsewhere, and then it has to be said.
                (None, Shape::Nested) if self.is_edited => entry["parent"] = "system:members".into(),
                (None, Shape::OneRoot) if self.is_edited => entry["parent"] = "system:guests".into(),
                (None, _) => {}
            }
            match group.fate {
                Fate::Undeclared => continue,
                Fate::Goes { disables } => {
                    groups.push(json!({"name": self.new_name(number), "state": "absent", "disableMembers": disables}));
                    continue;
                }
                Fate::Renamed => entry["formerly"] = json!([self.old_name(number)]),
                Fate::Stays | Fate::New => {}
            }
            if let Some(description) = group.description {
                entry["description"] = description.into();
            }
            if let Some(mapped) = &group.wants_mapped {
                let row = |name: &&str| json!({"provider": "Okta", "group": name});
                entry["idpGroups"] = mapped.iter().map(row).collect();
            }
            groups.push(entry);
        }
        let mut members = Vec::new();
        for (number, person) in self.people.iter().enumerate().filter(|(_, person)| person.is_declared) {
            let mut entry = json!({"user": Self::username(number, person).to_uppercase()});
            if person.standing == Standing::Pending {
                entry["approve"] = true.into();
            }
            if let Some(groups) = &person.wants_groups {
                entry["userGroups"] = self.new_names(groups).into_iter().collect();
            }
            if let Some(enabled) = person.wants_enabled {
                entry["enabled"] = enabled.into();
            }
            members.push(entry);
        }
        let mut assets = Vec::new();
        for (number, asset) in self.assets.iter().enumerate() {
            let (group_id, asset_id) = Self::coordinates(number);
            let group = if group_id.starts_with("com.") { group_id } else { "Finance".to_owned() };
            let mut entry = json!({"asset": format!("{group}/{asset_id}")});
            match &asset.wish {
                Wish::Undeclared => continue,
                Wish::Absent => entry["state"] = "absent".into(),
                Wish::Present { instances, listed, others } => {
                    let mut versions = json!({});
                    for (version, wanted) in asset.versions.iter().zip(listed) {
                        if let Some(wanted) = wanted {
                            versions[*version] = audience(wanted).into();
                        }
                    }
                    if let Some(others) = others {
                        versions["*"] = audience(others).into();
                    }
                    entry["versions"] = versions;
                    if let Some(instances) = instances {
                        entry["instances"] = (*instances).into();
                    }
                }
            }
            assets.push(entry);
        }
        let approved: Vec<String> = self.new_names(&self.approves).into_iter().collect();
        json!({
            "apiVersion": "aehctl.io/v1alpha1", "kind": "Portal", "metadata": {"name": "developer-portal"},
            "spec": {
                "userGroups": groups, "members": members, "assets": assets,
                "prospects": [
                    {"emailDomain": "partner.example", "approve": {"userGroups": approved}},
                    {"emailDomain": "spam.example", "reject": true},
                ],
            },
        })
        .to_string()
    }

    fn audience_before(&self, (groups, built_ins): &Audience) -> BTreeSet<String> {
        let mut names = self.old_names(groups);
        names.extend(built_ins.iter().map(|&number| self.shape.built_ins()[number].1.to_owned()));
        names
    }

    fn audience_after(&self, (groups, built_ins): &Audience) -> BTreeSet<String> {
        let mut names = self.new_names(groups);
        names.extend(built_ins.iter().map(|&number| self.shape.built_ins()[number].1.to_owned()));
        names
    }

    /// The portal before anything is done.
    pub(crate) fn initial(&self) -> Portal {
        let mut portal = Portal {
            groups: BTreeMap::new(),
            assets: BTreeMap::new(),
            members: BTreeMap::new(),
            pending: BTreeSet::new(),
        };
        for (number, group) in self.groups.iter().enumerate().filter(|(_, group)| group.fate != Fate::New) {
            let mut mappings: Vec<(String, String)> =
                group.mapped.iter().map(|name| (OKTA.to_owned(), (*name).to_owned())).collect();
            mappings.sort();
            let parent = group.parent.map(|parent| self.old_name(parent));
            portal.groups.insert(self.old_name(number), vec![Group { parent, description: String::new(), mappings }]);
        }
        for (number, asset) in self.assets.iter().enumerate() {
            let Some((instances, audiences)) = &asset.before else { continue };
            let audiences = audiences.iter().map(|audience| self.audience_before(audience));
            let versions = asset.versions.iter().map(ToString::to_string).zip(audiences).collect();
            portal.assets.insert(Self::coordinates(number), Asset { instances: (*instances).to_owned(), versions });
        }
        for (number, person) in self.people.iter().enumerate() {
            let username = Self::username(number, person);
            if person.standing == Standing::Pending {
                portal.pending.insert(username);
            } else {
                let member = Member {
                    is_active: person.standing == Standing::Active,
                    is_administrator: person.is_administrator,
                    groups: self.old_names(&person.groups),
                };
                portal.members.insert(username, vec![member]);
            }
        }
        portal
    }

    /// The groups that are declared or renamed, from the names of before to those of after.
    fn renamed(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let goes = self.goes();
        let rename = |name: &String| {
            let group = (0..self.groups.len()).find(|&group| self.old_name(group) == *name);
            group.map_or_else(|| name.clone(), |group| self.new_name(group).to_owned())
        };
        names.iter().filter(|name| !goes.contains(*name)).map(rename).collect()
    }

    /// What must come of it, where `before` is the portal with everything that others have done to it meanwhile.
    pub(crate) fn expected(&self, before: &Portal) -> Portal {
        let mut after = Portal {
            groups: BTreeMap::new(),
            assets: BTreeMap::new(),
            members: BTreeMap::new(),
            pending: BTreeSet::new(),
        };
        let goes = self.goes();
        for (name, groups) in before.groups.iter().filter(|(name, _)| !goes.contains(*name)) {
            let name = self.renamed(&BTreeSet::from([name.clone()])).pop_first().expect("it does not go");
            let mut groups = groups.clone();
            for group in &mut groups {
                group.parent =
                    group.parent.iter().flat_map(|parent| self.renamed(&BTreeSet::from([parent.clone()]))).next();
            }
            after.groups.insert(name, groups);
        }
        for (number, wish) in self.groups.iter().enumerate() {
            if matches!(wish.fate, Fate::Undeclared | Fate::Goes { .. }) {
                continue;
            }
            let parent = wish.parent.map(|parent| self.new_name(parent).to_owned());
            let new = Group { parent, description: String::new(), mappings: Vec::new() };
            for group in after.groups.entry(self.new_name(number).to_owned()).or_insert_with(|| vec![new]) {
                if let Some(description) = wish.description {
                    description.clone_into(&mut group.description);
                }
                if let Some(mapped) = &wish.wants_mapped {
                    group.mappings = mapped.iter().map(|name| (OKTA.to_owned(), (*name).to_owned())).collect();
                    group.mappings.sort();
                }
            }
        }
        for (number, asset) in self.assets.iter().enumerate() {
            let key = Self::coordinates(number);
            let live = before.assets.get(&key);
            let looks_interrupted = live.is_some_and(|live| self.looks_interrupted(asset, live));
            let kept = |version: &str| {
                let live = live.filter(|_| !looks_interrupted)?;
                live.versions.get(version).map(|names| self.renamed(names))
            };
            let expected = match (&asset.wish, live) {
                (Wish::Absent, _) | (Wish::Undeclared, None) => None,
                (Wish::Undeclared, Some(live)) => Some(Asset {
                    instances: live.instances.clone(),
                    versions: live
                        .versions
                        .iter()
                        .map(|(version, names)| (version.clone(), self.renamed(names)))
                        .collect(),
                }),
                (Wish::Present { instances, listed, others }, _) => {
                    let instances = instances.or(live.map(|live| live.instances.as_str())).unwrap_or("Public");
                    let versions = asset.versions.iter().zip(listed).map(|(version, listed)| {
                        let wanted = listed.as_ref().or(others.as_ref()).map(|wanted| self.audience_after(wanted));
                        (version.to_string(), wanted.or_else(|| kept(version)).unwrap_or_default())
                    });
                    Some(Asset { instances: instances.to_owned(), versions: versions.collect() })
                }
            };
            after.assets.extend(expected.map(|expected| (key, expected)));
        }
        for (number, person) in self.people.iter().enumerate() {
            let username = Self::username(number, person);
            if let Some(members) = before.members.get(&username) {
                let members = members.iter().map(|member| self.expected_member(person, member)).collect();
                after.members.insert(username, members);
            } else if let Some(groups) = self.approved(person) {
                let member = Member { is_active: true, is_administrator: false, groups };
                after.members.insert(username, vec![member]);
            } else if person.is_declared || person.domain != "spam.example" {
                after.pending.insert(username);
            }
        }
        after
    }

    /// Everyone sees every version, and none of those that are listed is as it should be: what is not listed is closed.
    fn looks_interrupted(&self, asset: &AssetWish, live: &Asset) -> bool {
        let audiences: BTreeSet<BTreeSet<String>> = live.versions.values().map(|names| self.renamed(names)).collect();
        let public = self.shape.built_ins()[0].1;
        let is_for_everyone = |names: &BTreeSet<String>| {
            names.contains(public) && names.iter().all(|name| BUILT_IN.contains(&name.as_str()))
        };
        let is_listed_so = asset.versions.iter().enumerate().any(|(index, version)| {
            let wanted = asset.wish.audience(index).map(|wanted| self.audience_after(wanted));
            wanted.is_some() && wanted.as_ref() == live.versions.get(*version)
        });
        audiences.len() == 1 && audiences.iter().all(is_for_everyone) && !is_listed_so
    }

    /// A publication that was interrupted cannot be told from what somebody wants, where the manifest shows a version to
    /// everyone as well. Then what is not listed is as it is.
    pub(crate) fn tolerate_open(&self, others: &Portal, now: &Portal, expected: &mut Portal) {
        for (number, asset) in self.assets.iter().enumerate() {
            let key = Self::coordinates(number);
            let (None, Some(now), Some(expected)) =
                (others.assets.get(&key), now.assets.get(&key), expected.assets.get_mut(&key))
            else {
                continue;
            };
            let public = BTreeSet::from([self.shape.built_ins()[0].1.to_owned()]);
            let wanted = |index: usize| asset.wish.audience(index).map(|wanted| self.audience_after(wanted));
            if (0..asset.versions.len()).any(|index| wanted(index).as_ref() == Some(&public)) {
                let open = (0..asset.versions.len()).filter(|index| wanted(*index).is_none());
                for version in open.map(|index| asset.versions[index]) {
                    let audience = now.versions.get(version).cloned().unwrap_or_default();
                    if audience == public {
                        expected.versions.insert(version.to_owned(), audience);
                    }
                }
            }
        }
    }

    fn expected_member(&self, person: &Person, member: &Member) -> Member {
        let wanted = person.wants_groups.as_ref().filter(|_| person.is_declared);
        let groups = wanted.map_or_else(|| self.renamed(&member.groups), |wanted| self.new_names(wanted));
        let is_disabled_with = |number: usize| {
            matches!(self.groups[number].fate, Fate::Goes { disables: true })
                && member.groups.contains(&self.old_name(number))
        };
        let is_left_alone =
            groups.is_empty() && !member.is_administrator && (0..self.groups.len()).any(is_disabled_with);
        let is_active = match person.wants_enabled.filter(|_| person.is_declared) {
            Some(wanted) => wanted,
            None => member.is_active && !is_left_alone,
        };
        Member { is_active, is_administrator: member.is_administrator, groups }
    }

    /// Whether the manifest decides a member's groups, and whether they are enabled.
    pub(crate) fn manages(&self, username: &str) -> (bool, bool) {
        let of = |(number, person): &(usize, &Person)| Self::username(*number, person) == username;
        let person =
            self.people.iter().enumerate().find(of).map(|(_, person)| person).filter(|person| person.is_declared);
        person.map_or((false, false), |person| (person.wants_groups.is_some(), person.wants_enabled.is_some()))
    }

    /// Whether a write of an asset has to carry this version over, which the manifest leaves open. What is not declared is
    /// written too, where a group goes that sees it.
    pub(crate) fn carries_over(&self, (group_id, asset_id, version): &Seen) -> bool {
        let of = |(number, _): &(usize, &AssetWish)| Self::coordinates(*number) == (group_id.clone(), asset_id.clone());
        self.assets.iter().enumerate().find(of).is_some_and(|(_, asset)| {
            let place = asset.versions.iter().position(|other| other == version);
            !matches!(asset.wish, Wish::Absent) && place.is_none_or(|place| asset.wish.audience(place).is_none())
        })
    }

    pub(crate) fn has_administrators(&self) -> bool {
        self.people.iter().any(|person| person.is_administrator)
    }

    /// Whether the manifest decides a group's mappings.
    pub(crate) fn manages_mappings(&self, name: &str) -> bool {
        let of = |number: &usize| self.new_name(*number) == name;
        (0..self.groups.len()).find(of).is_some_and(|number| {
            self.groups[number].fate != Fate::Undeclared && self.groups[number].wants_mapped.is_some()
        })
    }

    /// Groups by their names of after, without those that go.
    pub(crate) fn standing(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        self.renamed(names)
    }

    /// The groups with which a sign-up is let in.
    fn approved(&self, person: &Person) -> Option<BTreeSet<String>> {
        if person.is_declared {
            let groups = person.wants_groups.as_deref().unwrap_or_default();
            return (person.wants_enabled != Some(false)).then(|| self.new_names(groups));
        }
        (person.domain == "partner.example").then(|| self.new_names(&self.approves))
    }

    /// Who looks at this portal.
    pub(crate) fn eyes(&self) -> Eyes {
        let (public, signed_in): (&'static [&str], &'static [&str]) = match self.shape {
            Shape::OneRoot => (&["Everyone"], &["Everyone"]),
            Shape::SideBySide | Shape::Nested => (&["Guests"], &["Guests", "Members"]),
        };
        Eyes { public, signed_in }
    }
}

/// What people see: by their groups, those above them, and the built-ins that everyone is in.
pub(crate) struct Eyes {
    public: &'static [&'static str],
    signed_in: &'static [&'static str],
}

/// groupId, assetId, version.
pub(crate) type Seen = (String, String, String);

impl Eyes {
    /// What everyone sees, by username; guests under an empty one.
    pub(crate) fn seen(&self, portal: &Portal) -> BTreeMap<String, BTreeSet<Seen>> {
        let above = |name: &String| {
            let parent = |name: &String| portal.groups.get(name).and_then(|groups| groups[0].parent.clone());
            std::iter::successors(Some(name.clone()), parent).collect::<Vec<_>>()
        };
        let seen = |groups: &BTreeSet<String>| {
            let versions = portal.assets.iter().flat_map(|(key, asset)| {
                let shown = asset.versions.iter().filter(|(_, names)| !names.is_disjoint(groups));
                shown.map(move |(version, _)| (key.0.clone(), key.1.clone(), version.clone()))
            });
            versions.collect::<BTreeSet<_>>()
        };
        let of_member = |member: &Member| {
            let mut groups: BTreeSet<String> = member.groups.iter().flat_map(above).collect();
            groups.extend(self.signed_in.iter().map(ToString::to_string));
            if member.is_active { seen(&groups) } else { BTreeSet::new() }
        };
        let mut everyone: BTreeMap<String, BTreeSet<_>> = portal
            .members
            .iter()
            .map(|(name, members)| (name.clone(), members.iter().flat_map(of_member).collect()))
            .collect();
        everyone.insert(String::new(), seen(&self.public.iter().map(ToString::to_string).collect()));
        everyone
    }
}

/// Whether a group is one of those that every portal has.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

pub(crate) fn is_administrators(name: &str) -> bool {
    name == ADMINISTRATORS
}
