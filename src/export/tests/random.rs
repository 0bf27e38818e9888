//! Portals that nobody would build: random trees and audiences, names that are hostile, equal or alike.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::portal::{Portal, Shape};
use super::{check, whole};
use crate::address::Kind;
use crate::export::{Options, Part, Selection, Split};
use crate::id::GroupId;
use crate::manifest::model::Instances;
use crate::state::{AssetDetail, GroupFlags};

/// Names that something, somewhere, takes for something else.
pub(super) const HOSTILE: &[&str] = &[
    "",
    " ",
    " padded ",
    "Gold Tier",
    "gold tier",
    "Guests",
    "Members",
    "Administrators",
    "Everyone",
    "system:guests",
    "system:members",
    "system:administrators",
    "system:x",
    "audience:all",
    "audience:",
    "null",
    "~",
    "true",
    "no",
    "1.10",
    "0x1f",
    "2024-01-01",
    "12:30",
    "a: b",
    "a #b",
    "#a",
    "- a",
    "* a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a`",
    "'a'",
    "\"a\"",
    "[a]",
    "{a}",
    "a, b",
    "a\\b",
    "a\nb: c",
    "a\r\nb",
    "a\tb",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{0}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{202e}gpj.exe",
    "\u{200b}",
    "\u{fffe}",
    "$",
    "$$",
    "${AEHCTL_VAR_X}",
    "${HOME}",
    "$${x}",
    "---",
    "...",
    "<<",
    "|",
    ">",
    "? a",
    "::add-mask::x",
    "##vso[task.setvariable]x",
    "##[error]x",
    "</details>",
    "@everyone",
    "=HYPERLINK(\"x\")",
    "日本",
    "🦀",
    "é",
    "e\u{301}",
    "İ",
    "ß",
    "yaml-language-server: $schema=https://example.com/x",
    "*",
    "a/b",
    "Gold Tier [g1]",
    "[g1]",
    "mulesoft",
    "provider",
    "okta",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(HOSTILE).prop_map(str::to_owned),
        3 => "[A-D] ?[0-9]{0,2}",
        1 => any::<String>(),
        1 => "[a-c ]{90,140}",
    ]
}

fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "v?[0-9]{1,2}",
        3 => "v?[0-3](\\.[0-2]){0,2}",
        1 => select(vec!["V1", "latest", "01", "", "*", "1.x"]).prop_map(str::to_owned),
    ]
}

fn instances() -> impl Strategy<Value = Option<Instances>> {
    prop_oneof![
        4 => Just(Some(Instances::Public)),
        1 => Just(Some(Instances::All)),
        1 => Just(Some(Instances::Custom)),
        1 => Just(None),
    ]
}

/// A number that picks one of several, whatever their count is.
type Pick = usize;

fn pick() -> impl Strategy<Value = Pick> {
    0_usize..1_000
}

fn picked<T: Clone>(from: &[T], picks: &[Pick]) -> Vec<T> {
    picks.iter().map(|pick| from[pick % from.len()].clone()).collect()
}

#[derive(Debug, Clone)]
enum Parent {
    /// Where the shape has its groups.
    Usual,
    Top,
    /// One of the groups before it.
    Under(Pick),
}

#[derive(Debug, Clone)]
struct Group {
    name: String,
    description: Option<String>,
    parent: Parent,
    flags: Option<GroupFlags>,
    mappings: Vec<(Pick, String, bool)>,
}

fn group() -> impl Strategy<Value = Group> {
    let parent = prop_oneof![4 => Just(Parent::Usual), 4 => pick().prop_map(Parent::Under), 1 => Just(Parent::Top)];
    let flags = prop_oneof![
        12 => Just(None),
        1 => any::<[bool; 4]>().prop_map(|[is_admin, is_auto_generated, is_default, is_public]| {
            Some(GroupFlags { is_admin, is_auto_generated, is_default, is_public })
        }),
    ];
    let mappings = prop::collection::vec((pick(), name(), prop::bool::weighted(0.2)), 0..3);
    (name(), prop::option::of(name()), parent, flags, mappings)
        .prop_map(|(name, description, parent, flags, mappings)| Group { name, description, parent, flags, mappings })
}

#[derive(Debug, Clone)]
struct Asset {
    group: Pick,
    id: String,
    instances: Option<Instances>,
    versions: BTreeMap<String, Option<Vec<Pick>>>,
}

fn asset() -> impl Strategy<Value = Asset> {
    let audience = prop_oneof![
        4 => prop::collection::vec(pick(), 0..4).prop_map(Some),
        4 => select(vec![vec![], vec![4], vec![3, 4], vec![2, 3, 4, 5, 6]]).prop_map(Some),
        1 => Just(None),
    ];
    let id = prop_oneof![6 => "[a-z]{1,4}-api", 1 => name()];
    (pick(), id, instances(), prop::collection::btree_map(version(), audience, 0..6))
        .prop_map(|(group, id, instances, versions)| Asset { group, id, instances, versions })
}

#[derive(Debug, Clone)]
struct Member {
    username: Option<String>,
    email: String,
    groups: Option<Vec<Pick>>,
    is_active: Option<bool>,
    provider: Option<Pick>,
}

fn person() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-d]", 3 => "[A-Da-d]@x", 1 => "m[0-3]", 2 => name()]
}

fn member() -> impl Strategy<Value = Member> {
    let groups = prop_oneof![6 => prop::collection::vec(pick(), 0..4), 1 => prop::collection::vec(pick(), 15..30)];
    let active = prop_oneof![4 => Just(Some(true)), 2 => Just(Some(false)), 1 => Just(None)];
    (
        prop::option::of(person()),
        person(),
        prop::option::weighted(0.9, groups),
        active,
        prop::option::weighted(0.3, pick()),
    )
        .prop_map(|(username, email, groups, is_active, provider)| Member {
            username,
            email,
            groups,
            is_active,
            provider,
        })
}

const UUIDS: [&str; 2] = ["f1b2c3d4-0000-4000-8000-000000000001", "f1b2c3d4-0000-4000-8000-000000000002"];

fn portal() -> impl Strategy<Value = Portal> {
    let providers = prop::collection::btree_map(select(vec!["p1", "p2", "okta", "mulesoft", " "]), name(), 0..4);
    let business_groups =
        prop::collection::btree_map(select(vec![UUIDS[0], UUIDS[1], "bg", "com.example"]), name(), 0..4);
    (
        (select(Shape::ALL.to_vec()), name(), providers, business_groups),
        prop::collection::vec(group(), 0..12),
        prop::collection::vec(asset(), 0..12),
        prop::collection::vec(member(), 0..8),
        prop::collection::vec((prop::option::of(person()), person()), 0..3),
    )
        .prop_map(|((shape, name, providers, business_groups), groups, assets, members, prospects)| {
            let mut portal = Portal::new(shape);
            portal.live.portal.name = name;
            for (id, name) in &providers {
                portal.provider(id, name);
            }
            for (id, name) in &business_groups {
                portal.business_group(id, name);
            }
            add_groups(&mut portal, groups);
            add_assets(&mut portal, assets);
            add_members(&mut portal, members);
            for (number, (username, email)) in prospects.into_iter().enumerate() {
                portal.prospect(&format!("m{}", number + 2), &email);
                portal.last_prospect().username = username;
            }
            portal
        })
}

fn add_groups(portal: &mut Portal, groups: Vec<Group>) {
    let providers: Vec<&str> = vec!["p1", "p2", "okta", "mulesoft", " ", "unlisted"];
    for (number, Group { name, description, parent, flags, mappings }) in groups.into_iter().enumerate() {
        let id = format!("g{number}");
        let before: Vec<GroupId> = portal.live.user_groups.iter().map(|group| group.id.clone()).collect();
        match parent {
            Parent::Usual => portal.group(&id, &name, None),
            Parent::Top => portal.group_at(&id, &name, None),
            Parent::Under(pick) => portal.group_at(&id, &name, Some(before[pick % before.len()].as_str())),
        };
        let group = portal.last_group();
        group.description = description;
        group.flags = flags.unwrap_or_default();
        for (provider, group, is_maintainer) in mappings {
            portal.map_group(&id, providers[provider % providers.len()], &group, is_maintainer);
        }
    }
}

fn add_assets(portal: &mut Portal, assets: Vec<Asset>) {
    let mut ids: Vec<GroupId> = portal.live.user_groups.iter().map(|group| group.id.clone()).collect();
    ids.push("gone".into());
    let groups = [UUIDS[0], UUIDS[1], "bg", "com.example", "Gold Tier", "a/b", "$x"];
    for Asset { group, id, instances, versions } in assets {
        let versions = versions
            .into_iter()
            .map(|(version, picks)| (version, picks.map(|picks| picked(&ids, &picks).into_iter().collect())))
            .collect();
        portal.asset_with(groups[group % groups.len()], &id, AssetDetail { instances, versions });
    }
}

fn add_members(portal: &mut Portal, members: Vec<Member>) {
    let mut ids: Vec<GroupId> = portal.live.user_groups.iter().map(|group| group.id.clone()).collect();
    ids.push("gone".into());
    for (number, Member { username, email, groups, is_active, provider }) in members.into_iter().enumerate() {
        portal.member(&format!("m{number}"), "", &email, &[]);
        let member = portal.last_member();
        member.username = username;
        member.user_groups = groups.map(|picks| picked(&ids, &picks).into_iter().collect());
        member.is_active = is_active;
        member.provider = provider.map(|pick| ["p1", "p-self", "mulesoft", "unlisted"][pick % 4].into());
    }
}

/// Each case is a whole load and plan; `PROPTEST_CASES` asks for more of them.
pub(super) fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.div_ceil(4), ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn planning_an_export_at_once_changes_nothing(portal in portal(), members in any::<bool>()) {
        let (exported, plan) = check(&portal.live, &whole(members)).map_err(TestCaseError::fail)?;
        for kind in [Kind::UserGroups, Kind::Assets, Kind::Members] {
            let count = plan.unmanaged.get(&kind).map_or(0, |unmanaged| unmanaged.count);
            let told = exported.notices.iter().any(|notice| notice.contains("left out"));
            prop_assert!(count == 0 || told || (kind == Kind::Members && !members), "{count} {kind} are left out in silence");
        }
    }

    #[test]
    fn parts_of_an_export_change_nothing_either(
        portal in portal(),
        split in prop::option::of(select(vec![Split::BusinessGroup, Split::Kind])),
        only in prop::collection::btree_set(select(vec![Part::UserGroups, Part::Assets, Part::Members]), 0..3),
        filters in prop::collection::vec(select(vec!["*", "g*", "*[0-9]*", "Gold Tier", "bg/*", "*@x", "*-api"]), 0..3),
    ) {
        let filters: Vec<_> = filters.into_iter().map(|text| text.parse().expect("it is a pattern")).collect();
        let is_everything = only.is_empty() && filters.is_empty();
        let options = Options { selection: Selection { only, filters }, split, ..whole(true) };
        let (exported, plan) = check(&portal.live, &options).map_err(TestCaseError::fail)?;
        prop_assert!(split.is_some() || exported.fragments.is_empty());
        if is_everything {
            let (one, whole) = check(&portal.live, &whole(true)).map_err(TestCaseError::fail)?;
            prop_assert_eq!((exported.count, exported.notices), (one.count, one.notices));
            prop_assert_eq!(plan.unmanaged, whole.unmanaged);
        }
    }
}
