//! A plan file is read whole or not at all.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PlanKey, Saved, Signature, Unusable, WeakKey, content, digest, open, read, seal, sha256, write};
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

/// The plan file with other content and the checksum that fits it.
fn sealed(change: impl FnOnce(&mut Value)) -> String {
    let mut document = content(&small_plan());
    change(&mut document);
    document["created_at"] = WHEN.into();
    document["checksum"] = sha256(&document).into();
    document.to_string()
}

fn key(text: &str) -> PlanKey {
    PlanKey::new(&text.to_owned().into()).expect("the key is long enough")
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot of a whole file")]
fn the_format_is_what_was_published() {
    let mut document = content(&small_plan());
    document["aehctl_version"] = "0.0.0".into();
    assert_eq!(document["digest"].take(), digest(&small_plan()));
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
      "digest": null,
      "format_version": "1.0",
      "guards": {
        "administrators": 0,
        "limits": {
          "max_access_gain": {},
          "max_access_loss": {
            "percent": 50
          },
          "max_approvals": 25,
          "max_deletes": {
            "percent": 50
          },
          "max_updates": {},
          "min_administrators": 1
        },
        "overrides": [],
        "protected": [],
        "remarks": [
          {
            "guard": "maxAccessLoss",
            "message": "maxAccessLoss could not be judged: the plan holds no analysis of who sees what"
          }
        ],
        "totals": {
          "assets": 1,
          "idpMappings": 0,
          "members": 1,
          "prospects": 0,
          "userGroups": 0
        },
        "unprotected": [],
        "violations": []
      },
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
    for key in ["accepted", "applied", "base", "digest", "held"] {
        assert!(members.remove(key).is_some(), "{key}");
    }
    for change in members["changes"].as_array_mut().expect("it is a list") {
        let change = change.as_object_mut().expect("it is an object");
        assert!(change.remove("origin").is_some());
        for field in change["fields"].as_array_mut().expect("it is a list") {
            assert!(field.as_object_mut().expect("it is an object").remove("origin").is_some());
        }
    }
    document["digest"] = sha256(&document).into();
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
fn what_other_programs_may_read_otherwise_was_edited() {
    let file = write(&small_plan(), WHEN);
    assert!(read(&file.replace('\n', "\r\n")).is_ok(), "white space is nothing to read");
    // Of two keys this program takes the last, and others the first.
    for edited in [file.replacen('{', r#"{"allow": ["delete"],"#, 1), file.replacen("allow", r"\u0061llow", 1)] {
        assert!(serde_json::from_str::<Value>(&edited).is_ok());
        assert_eq!(read(&edited), Err(Unusable::Edited));
    }
}

#[test]
fn a_plan_without_checksum_or_with_anothers_was_edited() {
    for forged in [Value::Null, sha256(&json!({})).into(), digest(&small_plan()).into(), "sha256:".into()] {
        let mut document: Value = serde_json::from_str(&write(&small_plan(), WHEN)).expect("it is JSON");
        document["checksum"] = forged;
        assert_eq!(read(&document.to_string()), Err(Unusable::Edited));
        document.as_object_mut().expect("it is an object").remove("checksum");
        assert_eq!(read(&document.to_string()), Err(Unusable::Edited), "the digest is of the changes alone");
    }
}

#[test]
fn layout_is_no_content_and_the_time_of_making_is() {
    let text = write(&small_plan(), WHEN);
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(read(&document.to_string()), Ok(small_plan()));
    assert_eq!(read(&text.replace(WHEN, "yesterday")), Err(Unusable::Edited));
}

#[test]
fn the_first_plan_files_are_read() {
    let mut document = content(&small_plan());
    let members = document.as_object_mut().expect("it is an object");
    members.remove("digest");
    members.remove("guards");
    document["digest"] = sha256(&document).into();
    document["created_at"] = WHEN.into();
    let plan = read(&document.to_string()).expect("it is a plan file");
    assert_eq!(plan.changes, small_plan().changes);
    document["summary"]["add"] = 7.into();
    assert_eq!(read(&document.to_string()), Err(Unusable::Edited));
}

#[test]
fn with_a_key_only_what_it_signed_is_read() {
    let (ours, theirs) = (key("sixteen bytes or more"), key("a key of somebody else"));
    let signed = seal(&small_plan(), WHEN, Some(&ours));
    let checked = Saved { plan: small_plan(), signature: Signature::Checked };
    assert_eq!(open(&signed, Some(&ours)), Ok(checked));
    assert_eq!(
        open(&signed, Some(&key(" sixteen bytes or more\n"))).map(|saved| saved.signature),
        Ok(Signature::Checked)
    );
    assert_eq!(open(&signed, Some(&theirs)), Err(Unusable::Forged));
    assert_eq!(open(&signed, None).map(|saved| saved.signature), Ok(Signature::Unchecked));
    let unsigned = seal(&small_plan(), WHEN, None);
    assert_eq!(open(&unsigned, Some(&ours)), Err(Unusable::Unsigned));
    assert_eq!(open(&unsigned, None).map(|saved| saved.signature), Ok(Signature::None));
    // Whoever edits a plan can make its checksum fit, but not its signature.
    let mut document: Value = serde_json::from_str(&signed).expect("it is JSON");
    let signature = document["signature"].take();
    document.as_object_mut().expect("it is an object").retain(|name, _| name != "signature" && name != "checksum");
    document["changes"][1]["address"] = "portal/members/mallory".into();
    document["checksum"] = sha256(&document).into();
    for forged in [signature.clone(), Value::Null, json!(7), json!(""), json!("hmac-sha256:"), json!("hmac-sha256:é0")]
    {
        document["signature"] = forged;
        assert_eq!(open(&document.to_string(), Some(&ours)), Err(Unusable::Forged));
    }
    assert!(!format!("{ours:?}").contains("sixteen"));
}

#[test]
fn a_key_that_anybody_could_guess_is_none() {
    for text in ["", " ", "fifteen bytes..", "               a"] {
        assert_eq!(PlanKey::new(&text.to_owned().into()).map(|_| ()), Err(WeakKey), "{text:?}");
    }
    assert!(PlanKey::new(&"sixteen bytes...".to_owned().into()).is_ok());
}

#[test]
fn the_digest_is_of_the_portal_and_the_changes_alone() {
    type Spoil = fn(&mut Plan);
    let plan = small_plan();
    let whole = digest(&plan);
    let harmless: [Spoil; 6] = [
        |plan| plan.notices.clear(),
        |plan| plan.unmanaged.clear(),
        |plan| plan.allow = [crate::plan::Allow::Delete].into(),
        |plan| plan.guards.limits.max_approvals = 1_000,
        |plan| plan.changes[0].reason = Some("for showing only".to_owned()),
        |plan| plan.changes[2].fields[0].cause = Some("audience:x".to_owned()),
    ];
    for spoil in harmless {
        let mut other = plan.clone();
        spoil(&mut other);
        assert_eq!(digest(&other), whole);
    }
    let grave: [Spoil; 8] = [
        |plan| plan.target.portal.id = "another".to_owned(),
        |plan| plan.target.portal.connection.id = "another".to_owned(),
        |plan| plan.target.portal.emulator = true,
        |plan| drop(plan.changes.pop()),
        |plan| plan.changes[1].object_id = Some("m-mallory".to_owned()),
        |plan| plan.changes[2].fields.clear(),
        |plan| plan.changes[1].depends_on.clear(),
        |plan| {
            // The group of this name is another one now.
            let mut entry = plan.target.user_groups.get(&"system:guests".into()).expect("it is there").clone();
            entry.id = Some("another".into());
            plan.target.user_groups.insert(entry);
        },
    ];
    for (index, spoil) in grave.into_iter().enumerate() {
        let mut other = plan.clone();
        spoil(&mut other);
        assert_ne!(digest(&other), whole, "{index}");
    }
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
                // Only layout is no content.
                prop_assert_eq!(plan, small_plan());
                let is_layout = |character: char| character.is_ascii_whitespace();
                let touched = match kind { 0 => is_layout(old) && is_layout(new), 1 => is_layout(new), _ => is_layout(old) };
                prop_assert!(touched || old == new, "{} at {}", new, at);
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
