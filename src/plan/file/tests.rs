//! A plan file is read whole or not at all.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Unusable, content, digest, read, write};
use crate::hold::Accepted;
use crate::manifest::model::Instances;
use crate::plan::{Plan, Request, make};
use crate::testing::worlds::world;
use crate::testing::{Shape, earlier, manifest, plan, portal};

const WHEN: &str = "2026-01-01T00:00:00Z";

fn small_plan() -> Plan {
    let live = portal(Shape::SideBySide).member("jane", &[]).asset("com.example/a", Instances::Public, &[("v1", &[])]);
    let manifest = manifest()
        .group("Gold \"Tier\"")
        .member("jane", &["Gold \"Tier\""])
        .asset("com.example/a", &[("v1", &["system:guests"])]);
    plan(&manifest, &live).expect("it plans")
}

/// The plan file with other content and the digest that fits it.
fn sealed(change: impl FnOnce(&mut Value)) -> String {
    let mut document = content(&small_plan());
    change(&mut document);
    document["digest"] = digest(&document).into();
    document["created_at"] = WHEN.into();
    document.to_string()
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot of a whole file")]
fn the_format_is_what_was_published() {
    let mut document = content(&small_plan());
    document["aehctl_version"] = "0.0.0".into();
    let target = document["target"].take();
    assert_snapshot!(serde_json::to_string_pretty(&document).expect("it is JSON"), @r#"
    {
      "accepted": [],
      "aehctl_version": "0.0.0",
      "allow": [],
      "applied": null,
      "base": null,
      "changes": [
        {
          "action": "create",
          "address": "portal/userGroups/Gold%20%22Tier%22",
          "after": {
            "name": "Gold \"Tier\""
          },
          "before": null,
          "depends_on": [],
          "fields": [
            {
              "after": "Gold \"Tier\"",
              "before": null,
              "path": "name"
            }
          ],
          "id": "1",
          "irreversible": false,
          "kind": "userGroups",
          "object_id": null,
          "origin": null,
          "phase": 0,
          "reason": null
        },
        {
          "action": "update",
          "address": "portal/members/jane",
          "after": {
            "enabled": true,
            "userGroups": [
              "Gold \"Tier\""
            ]
          },
          "before": {
            "enabled": true,
            "userGroups": []
          },
          "depends_on": [
            "1"
          ],
          "fields": [
            {
              "after": [
                "Gold \"Tier\""
              ],
              "before": [],
              "path": "userGroups"
            }
          ],
          "id": "2",
          "irreversible": false,
          "kind": "members",
          "object_id": "m-jane",
          "origin": null,
          "phase": 2,
          "reason": null
        },
        {
          "action": "update",
          "address": "portal/assets/com.example/a",
          "after": {
            "instances": "Public",
            "versions": {
              "v1": [
                "system:guests"
              ]
            }
          },
          "before": {
            "instances": "Public",
            "versions": {
              "v1": []
            }
          },
          "depends_on": [],
          "fields": [
            {
              "after": [
                "system:guests"
              ],
              "before": [],
              "path": "versions.v1"
            }
          ],
          "id": "3",
          "irreversible": false,
          "kind": "assets",
          "object_id": null,
          "origin": null,
          "phase": 3,
          "reason": null
        }
      ],
      "commit": null,
      "format_version": "1.0",
      "held": [],
      "notices": [],
      "portal": "portal",
      "summary": {
        "add": 1,
        "change": 2,
        "delete": 0
      },
      "target": null,
      "unmanaged": {
        "assets": {
          "count": 0
        },
        "members": {
          "count": 0
        },
        "prospects": {
          "count": 0
        },
        "userGroups": {
          "count": 0
        }
      },
      "waiting": []
    }
    "#);
    let keys: Vec<&String> = target.as_object().expect("a target is an object").keys().collect();
    assert_eq!(keys, ["business_groups", "identity_providers", "portal", "user_groups"]);
}

/// A plan that tells origins, holds something and has accepted something else.
fn plan_since() -> Plan {
    let live = portal(Shape::SideBySide).group("Gold").member("jane", &[]).member("ken", &[]);
    let manifest = manifest().member("jane", &["Gold"]).member("ken", &["Gold"]);
    let before = earlier("last", manifest.clone());
    let accept = ["portal/members/ken"].into_iter().filter_map(|word| word.parse::<Accepted>().ok()).collect();
    let request = Request { applied: Some(&before), base: Some(&before), accept, ..Request::new(&manifest, &live) };
    make(request).expect("it plans")
}

#[test]
fn what_a_record_tells_is_in_the_file() {
    let plan = plan_since();
    assert_eq!((plan.changes.len(), plan.held.len(), plan.accepted.len()), (1, 1, 1));
    assert_eq!(read(&write(&plan, WHEN)), Ok(plan));
}

#[test]
fn a_file_from_before_there_were_records_is_read() {
    let mut plan = plan_since();
    let mut document = content(&plan);
    let members = document.as_object_mut().expect("it is an object");
    for key in ["accepted", "applied", "base", "held"] {
        assert!(members.remove(key).is_some(), "{key}");
    }
    for change in members["changes"].as_array_mut().expect("it is a list") {
        let change = change.as_object_mut().expect("it is an object");
        assert!(change.remove("origin").is_some());
        for field in change["fields"].as_array_mut().expect("it is a list") {
            assert!(field.as_object_mut().expect("it is an object").remove("origin").is_some());
        }
    }
    document["digest"] = digest(&document).into();
    for change in &mut plan.changes {
        change.origin = None;
        change.fields.iter_mut().for_each(|field| field.origin = None);
    }
    (plan.applied, plan.base, plan.held, plan.accepted) = (None, None, Vec::new(), [].into());
    assert_eq!(read(&document.to_string()), Ok(plan));
}

#[test]
fn another_major_format_is_refused_and_a_minor_one_is_read() {
    for version in ["2.0", "0.9", "2", "10.0", "one", ""] {
        let text = sealed(|document| document["format_version"] = version.into());
        assert_eq!(read(&text), Err(Unusable::Format(version.to_owned())));
    }
    let newer = sealed(|document| {
        document["format_version"] = "1.7".into();
        document["weather"] = json!({"of": "the day"});
        document["changes"][0]["mood"] = "good".into();
        document["target"]["portal"]["colour"] = "red".into();
    });
    assert_eq!(read(&newer), Ok(small_plan()));
}

#[test]
fn what_does_not_fit_together_is_malformed() {
    type Spoil = fn(&mut Value);
    let spoilt: [Spoil; 8] = [
        |document| document["changes"][0]["kind"] = "assets".into(),
        |document| document["changes"][0]["action"] = "approve".into(),
        |document| document["changes"][0]["after"] = Value::Null,
        |document| document["changes"][0]["phase"] = 5.into(),
        |document| document["changes"][0]["address"] = "nowhere".into(),
        |document| document["changes"][1]["action"] = "delete".into(),
        |document| document["changes"] = json!({}),
        |document| document["format_version"] = 1.into(),
    ];
    for spoil in spoilt {
        let text = sealed(spoil);
        assert!(matches!(read(&text), Err(Unusable::Malformed(_))), "{text}");
    }
    for text in ["", "null", "[]", "{}", "{", "\u{0}", &"[".repeat(100_000)] {
        assert!(matches!(read(text), Err(Unusable::Malformed(_))));
    }
}

#[test]
fn a_plan_without_digest_or_with_anothers_was_edited() {
    let text = write(&small_plan(), WHEN);
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["digest"] = Value::Null;
    assert_eq!(read(&document.to_string()), Err(Unusable::Edited));
    document["digest"] = digest(&json!({})).into();
    assert_eq!(read(&document.to_string()), Err(Unusable::Edited));
}

#[test]
fn layout_and_the_time_of_making_are_no_content() {
    let text = write(&small_plan(), WHEN);
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(read(&document.to_string()), Ok(small_plan()));
    assert_eq!(read(&text.replace(WHEN, "yesterday")), Ok(small_plan()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_what_was_written_gives_the_plan_back(world in world()) {
        let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
        prop_assert_eq!(read(&write(&plan, WHEN)), Ok(plan));
    }

    #[test]
    fn no_single_character_of_the_content_can_be_edited(
        at in any::<prop::sample::Index>(),
        new in prop_oneof![any::<char>(), prop::sample::select("0123456789-+.eE\"\\{}[],:ntu".chars().collect::<Vec<_>>())],
        kind in 0..3u8,
    ) {
        let mut characters: Vec<char> = write(&small_plan(), WHEN).chars().collect();
        let at = at.index(characters.len());
        let old = characters[at];
        match kind {
            0 => characters[at] = new,
            1 => characters.insert(at, new),
            _ => drop(characters.remove(at)),
        }
        let text: String = characters.iter().collect();
        match read(&text) {
            Err(_) => {}
            Ok(plan) => {
                // Only layout and the envelope's time are no content.
                prop_assert_eq!(plan, small_plan());
                let line = characters[..at].iter().rev().take_while(|character| **character != '\n').collect::<Vec<_>>();
                let line: String = line.into_iter().rev().collect();
                let is_layout = |character: char| character.is_ascii_whitespace();
                let touched = match kind { 0 => is_layout(old) && is_layout(new), 1 => is_layout(new), _ => is_layout(old) };
                prop_assert!(touched || old == new || line.trim_start().starts_with("\"created_at\""), "{} at {}", new, line);
            }
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in ".*", from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        prop_assert!(read(&text).is_err());
        let characters: Vec<char> = write(&small_plan(), WHEN).chars().collect();
        let (from, to) = (from.index(characters.len()), to.index(characters.len()));
        let spliced: String = characters[..from].iter().chain(&text.chars().collect::<Vec<_>>()).chain(&characters[to..]).collect();
        if let Ok(plan) = read(&spliced) {
            prop_assert_eq!(plan, small_plan());
        }
    }
}
