//! Portals that nobody would build: random trees and audiences, names that are hostile, equal or alike.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::portal::{Portal, Shape};
use super::{check, planned};
use crate::address::Kind;
use crate::id::GroupId;
use crate::manifest::model::Instances;
use crate::state::{AssetDetail, GroupFlags};

/// Names that something, somewhere, takes for something else.
const HOSTILE: &[&str] = &[
    "", " ", " padded ", "Gold Tier", "gold tier", "Guests", "Members", "Administrators", "Everyone", "system:guests",
    "system:members", "system:administrators", "system:x", "audience:all", "audience:", "null", "~", "true", "no", "1.10",
    "0x1f", "2024-01-01", "12:30", "a: b", "a #b", "#a", "- a", "* a", "&a", "!a", "%a", "@a", "`a`", "'a'", "\"a\"", "[a]",
    "{a}", "a, b", "a\\b", "a\nb: c", "a\r\nb", "a\tb", "\u{1b}[31mred\u{1b}[0m", "\u{0}", "\u{85}", "\u{2028}", "\u{feff}",
    "\u{202e}gpj.exe", "\u{200b}", "\u{fffe}", "$", "$$", "${AEHCTL_VAR_X}", "${HOME}", "$${x}", "---", "...", "<<", "|", ">",
    "? a", "::add-mask::x", "##vso[task.setvariable]x", "##[error]x", "</details>", "@everyone", "=HYPERLINK(\"x\")", "日本",
    "🦀", "é", "e\u{301}", "İ", "ß", "yaml-language-server: $schema=https://example.com/x", "*", "a/b", "Gold Tier [g1]", "[g1]",
    "mulesoft", "provider", "okta",
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

#[derive(Debug, Clone)]
struct Group {
    name: String,
    description: Option<String>,
    /// Under one of the groups before it, at the very top, or in the usual place.
    parent: Option<Option<Index>>,
    flags: Option<GroupFlags>,
    mappings: Vec<(Index, String, bool)>,
}

fn group() -> impl Strategy<Value = Group> {
    let parent = prop_oneof![4 => Just(None), 4 => any::<Index>().prop_map(|index| Some(Some(index))), 1 => Just(Some(None))];
    let flags = prop_oneof![
        12 => Just(None),
        1 => any::<[bool; 4]>().prop_map(|[is_admin, is_auto_generated, is_default, is_public]| {
            Some(GroupFlags { is_admin, is_auto_generated, is_default, is_public })
        }),
    ];
    let mappings = prop::collection::vec((any::<Index>(), name(), prop::bool::weighted(0.2)), 0..3);
    (name(), prop::option::of(name()), parent, flags, mappings).prop_map(|(name, description, parent, flags, mappings)| {
        Group { name, description, parent, flags, mappings }
    })
}

/// Ids of groups by index; those beyond the tree are unknown to it.
fn pick(ids: &[GroupId], picked: &[Index]) -> std::collections::BTreeSet<GroupId> {
    picked.iter().map(|index| index.get(ids).clone()).collect()
}

type Version = (String, Option<Vec<Index>>);
type Asset = (Index, String, Option<Instances>, Vec<Version>);
type Person = (Option<String>, String, Option<Vec<Index>>, Option<bool>, Option<Index>);

fn asset() -> impl Strategy<Value = Asset> {
    let audience = prop_oneof![
        4 => prop::collection::vec(any::<Index>(), 0..4).prop_map(Some),
        3 => select(vec![vec![0], vec![0, 1], vec![0, 1, 2, 3, 4], vec![]]).prop_map(|places: Vec<usize>| {
            Some(places.into_iter().map(|place| Index::from(Small(place).0)).collect())
        }),
        1 => Just(None),
    ];
    let id = prop_oneof![6 => "[a-z]{1,4}-api", 1 => name()];
    (any::<Index>(), id, instances(), prop::collection::vec((version(), audience), 0..6))
}
