//! A plan as a page: inert whatever the portal holds, and the data of its matrix.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::varied;
use crate::access::effect;
use crate::address::{Address, Kind};
use crate::directory::{Directory, Entry};
use crate::kinds::GroupSet;
use crate::plan::Plan;
use crate::plan::access::{Access, Both, Person, SeenAsset, SeenVersion, Standing};
use crate::render::plan_html;
use crate::render::samples::{HOSTILE, Sample, hostile};
use crate::state::GroupFlags;
use crate::text::is_hidden;

fn set(names: &[&str]) -> GroupSet {
    names.iter().map(|name| (*name).into()).collect()
}

/// A group with its parent, and the first letter of its flag.
fn entry(name: &str, parent: Option<&str>, flag: char) -> Entry {
    let flags = GroupFlags { is_default: flag == 'd', is_public: flag == 'p', ..GroupFlags::default() };
    Entry { name: name.into(), id: None, parent: parent.map(Into::into), flags }
}

/// Two versions of one asset, groups in two generations, and one member; all under the text's name where it can be.
fn seen(plan: &mut Plan, text: &str) {
    let entries = [
        entry("system:guests", None, 'p'),
        entry("system:members", None, 'd'),
        entry("Gold", Some("system:members"), '-'),
        entry(text, Some("Gold"), '-'),
    ];
    plan.target.user_groups = Directory::try_from(entries.to_vec()).unwrap();
    let version = |version: &str, before: &[&str], after: &[&str]| SeenVersion {
        version: version.to_owned(),
        audience: Both::new(Some(set(before)), Some(set(after))),
    };
    let standing = Standing { user_groups: Some(set(&[text])), is_active: true };
    let mut access = Access {
        assets: vec![SeenAsset {
            address: Address::new("developer-portal", Kind::Assets, ["bg-1", text]),
            is_published: Both::same(true),
            versions: vec![
                version("v1", &["Gold"], &["Gold"]),
                version("v2", &["Gold"], &["system:guests", text]),
                SeenVersion { version: text.to_owned(), audience: Both::new(None, Some(set(&[]))) },
            ],
        }],
        people: Some(vec![Person {
            address: Address::new("developer-portal", Kind::Members, [text]),
            standing: Both::new(Standing { is_active: false, ..standing.clone() }, standing),
        }]),
        ..Access::default()
    };
    access.effect = effect(&access, &plan.target.user_groups, &plan.changes, 9);
    plan.access = Some(access);
}

fn seen_plan(mut plan: Plan, text: &str) -> Plan {
    seen(&mut plan, text);
    plan
}

/// The data that the script reads.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

/// What stands between tags, and the tags, of what is ours neither by style nor by script.
fn assert_inert_page(page: &str) {
    assert!(!page.chars().any(|character| character != '\n' && is_hidden(character)), "{page:?}");
    assert_eq!(page.matches("<script").count(), 2, "{page}");
    assert_eq!(page.matches("</script").count(), 2, "{page}");
    assert_eq!(page.matches("<!--").count(), 0, "{page}");
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, _) = rest.split_once("<script").unwrap();
    let mut tags: Vec<&str> = Vec::new();
    for (part, open) in [before, body].into_iter().flat_map(|html| html.match_indices('<').map(move |at| (html, at.0)))
    {
        let tag = part[open..].split_inclusive('>').next().unwrap();
        let name = tag[1..].trim_start_matches('/').split([' ', '>']).next().unwrap();
        assert!(OWN.contains(&name), "{tag} is not ours");
        assert!(!tag.contains(" on") && !tag.contains("style="), "{tag}");
        tags.push(name);
    }
    let opened = body.matches("<details>").count();
    assert_eq!(body.matches("</details>").count(), opened, "{page}");
}

const OWN: [&str; 41] = [
    "!doctype", "html", "head", "meta", "title", "body", "a", "header", "main", "section", "article", "h1", "h2", "h3",
    "h4", "p", "ul", "li", "strong", "span", "div", "code", "details", "summary", "table", "caption", "thead", "tbody",
    "label", "input", "fieldset", "legend", "select", "option", "button", "tr", "th", "td", "style", "script", "br",
];

#[test]
fn nothing_in_a_portal_speaks_in_a_page() {
    for text in HOSTILE {
        let page = plan_html(&seen_plan(hostile(text), text));
        assert_inert_page(&page);
        data(&page);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_text_speaks_in_a_page(text in "[^\\u{0}]+", part in prop::sample::select(HOSTILE.to_vec())) {
        let text = format!("{text}{part}");
        assert_inert_page(&plan_html(&seen_plan(hostile(&text), &text)));
    }
}

#[test]
fn the_policy_lets_in_what_is_ours_and_nothing_else() {
    let page = plan_html(&varied());
    let digest = |open: &str, close: &str| {
        let (_, rest) = page.split_once(open).unwrap();
        STANDARD.encode(Sha256::digest(rest.split_once(close).unwrap().0))
    };
    let policy = format!(
        "content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\"",
        digest("<style>", "</style>"),
        digest("<script>", "</script>"),
    );
    assert!(page.contains(&policy), "{policy}\n{page}");
    for foreign in ["src=", "url(", "@import", "http:", "https:", "fetch(", "innerHTML"] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
}

#[test]
fn the_matrix_tells_who_sees_what_before_and_after() {
    let matrix = data(&plan_html(&seen_plan(Sample::new().group_created("Zephyr", Some("Gold")).plan(), "Zephyr")));
    let groups = &matrix["matrix"]["groups"];
    assert_eq!(
        *groups,
        json!([
            {"name": "system:guests", "above": [], "marks": ["public"], "changes": true},
            {"name": "system:members", "above": [], "marks": ["everyone who signs in"], "changes": false},
            {"name": "Gold", "above": [1], "changes": true},
            {"name": "Zephyr", "above": [2, 1], "marks": ["new"], "changes": false},
        ]),
    );
    assert_eq!(matrix["matrix"]["audiences"], json!([[2], [0, 3], []]));
    // What the hub does not tell changes; then who is enabled, through the same audience as before.
    assert_eq!(
        matrix["matrix"]["versions"],
        json!([
            ["Finance/Zephyr Zephyr", null, 2, null, 1],
            ["Finance/Zephyr v2", 0, 1, 1, 7],
            ["Finance/Zephyr v1", 0, 0, 0, 3],
        ]),
    );
    assert_eq!(matrix["matrix"]["effects"][0]["people"], json!([1, 0]));
}

#[test]
fn a_page_lists_every_change_with_its_fields() {
    let page = plan_html(&varied());
    let changes = data(&page)["changes"].clone();
    let changes = changes.as_array().unwrap();
    assert_eq!(changes.len(), varied().changes.len());
    let of = |name: &str| changes.iter().find(|change| change["name"] == name).unwrap();
    assert_eq!(
        *of("jane@example.com"),
        json!({
            "phase": 2, "kind": "members", "action": "update", "sign": "~", "style": "changed",
            "name": "jane@example.com",
            "remarks": [["changed", "needs --allow enable"]],
            "lines": [
                [4, "", [["plain", "enabled: false → true"]]],
                [4, "", [
                    ["plain", "userGroups: [API Developers, "], ["added", "+ Partner Zephyr"], ["plain", ", "],
                    ["removed", "- Gold Tier"], ["plain", "]"],
                ]],
            ],
        }),
    );
    let steps: Vec<&Value> = changes.iter().filter(|change| change["name"] == "Finance/split-api").collect();
    assert_eq!(steps[0]["remarks"], json!([["dim", "first of two steps"]]));
    assert_eq!(steps[1]["remarks"], json!([["dim", "second of two steps"]]));
    assert!(page.contains("This plan holds no analysis of who sees what"), "{page}");
    assert!(page.contains("<span class=\"name\">jane@example.com</span>"), "without a script, too: {page}");
}

#[test]
fn a_page_of_no_changes_says_so() {
    let page = plan_html(&Sample::new().emulator().plan());
    assert!(page.contains("<h1 class=\"headline\">No changes. The portal matches the manifest.</h1>"), "{page}");
    assert!(page.contains("<p class=\"badge\">[emulator]</p>"), "{page}");
    assert!(page.contains("Nothing would be changed."), "{page}");
}
