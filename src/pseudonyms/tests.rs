use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::address::Kind;
use crate::testing::{Shape, manifest, plan, planned, portal};

const KEY: &str = "a key of more than sixteen bytes";

fn key() -> Key {
    Key::new(KEY).expect("it is long enough")
}

fn hidden(live: &LiveState) -> LiveState {
    let mut live = live.clone();
    hide(&mut live, &key());
    live
}

fn revealed(live: &LiveState, manifest: &Manifest) -> Result<LiveState, Failure> {
    let mut live = hidden(live);
    reveal(&mut live, Some(&key()), &[manifest]).map(|()| live)
}

#[test]
fn who_is_declared_is_shown_so_and_nobody_else() {
    let live = portal(Shape::SideBySide)
        .group("A")
        .member("jane", &["Members"])
        .member("ken", &["Members", "A"])
        .member("lea", &["Members", "A"])
        .prospect("ada", "Ada@Partner.example")
        .prospect("bob", "bob@spam.example")
        .prospect("cleo", "cleo@curious.example");
    let wanted = manifest()
        .absent("A")
        .member("JANE@example.com", &["system:members"])
        .disabled("m-ken")
        .approve("partner.example", &[])
        .reject("Bob@Spam.example");
    let live = revealed(&live, &wanted).expect("the key fits");
    insta::assert_snapshot!(planned(&wanted, &live), @r#"
    2 1 update members/m-ken
        enabled: true → false
        userGroups: ["A","system:members"] → ["system:members"]
    2 2 update members/p-51da49beb1540ce38b73e6a1 (user group `A` goes)
        userGroups: ["A","system:members"] → ["system:members"]
    2 3 reject prospects/Bob@Spam.example (prospects: email Bob@Spam.example)
        email: "Bob@Spam.example" → null
        username: "p-200abcb6355b32928883c2ef" → null
    2 4 approve prospects/p-bca7de65cc6b12eb06d0baf6 (prospects: emailDomain partner.example)
        userGroups: null → []
    4 5 delete userGroups/A after 1,2 (state: absent)
        name: "A" → null
    "#);
}

#[test]
fn no_name_is_left_in_a_hidden_state() {
    let names = ["jane.roe", "Jane@Example.com", "Roe, Jane", "ada", "ada+x@partner.example", "Ada Partner"];
    let mut live = portal(Shape::SideBySide).member("x", &[]).prospect("y", "z");
    let member = &mut live.members.as_mut().expect("there is one")[0];
    member.username = Some(names[0].to_owned());
    names[1].clone_into(&mut member.email);
    member.name = Some(names[2].to_owned());
    let prospect = &mut live.prospects.as_mut().expect("there is one")[0];
    prospect.username = Some(names[3].to_owned());
    names[4].clone_into(&mut prospect.email);
    prospect.name = Some(names[5].to_owned());
    let text = serde_json::to_string(&hidden(&live)).expect("it can be written").to_lowercase();
    for part in ["jane", "roe", "example.com\"", "partner", KEY] {
        assert!(!text.contains(part), "{part} is in {text}");
    }
}

#[test]
fn a_key_is_long_and_shows_nothing() {
    assert_eq!(
        Key::new("  fifteen bytes..\n").map(|_| ()).unwrap_err().to_string(),
        "the key in AEHCTL_PSEUDONYM_KEY has 15 bytes, and must have at least 16"
    );
    assert!(Key::new(" sixteen bytes... ").is_ok());
    assert!(!format!("{:?}", key()).contains("sixteen"));
}

#[test]
fn another_key_is_no_key_and_no_key_does_where_nobody_is_declared() {
    let live = portal(Shape::SideBySide).group("A").member("jane", &["A"]);
    let somebody = manifest().member("jane", &[]);
    let other = Key::new("another key of more than sixteen bytes").expect("it is long enough");
    let tried = |key: Option<&Key>, manifests: &[&Manifest]| {
        let mut live = hidden(&live);
        reveal(&mut live, key, manifests).map_err(|failure| failure.to_string())
    };
    insta::assert_snapshot!(tried(Some(&other), &[&somebody]).unwrap_err(), @"AEHCTL_PSEUDONYM_KEY is not the key that the snapshot's pseudonyms were made with");
    insta::assert_snapshot!(tried(None, &[&somebody]).unwrap_err(), @"the people in the snapshot have pseudonyms, and without the key nobody can tell whom the manifest means");
    assert_eq!(tried(None, &[&manifest().group("A")]), Ok(()));
    // The record of what was applied names people too.
    assert!(tried(None, &[&manifest(), &somebody]).is_err());
}

#[test]
fn what_is_protected_is_so_on_a_snapshot_with_pseudonyms_too() {
    let live = portal(Shape::SideBySide).group("A").member("jane", &["A"]).member("ken", &["A"]).member("lea", &["A"]);
    let protecting = |patterns: &[&str]| {
        let mut wanted = manifest().absent("A");
        let pattern = |text: &&str| crate::testing::at(AddressPattern::parse(text, "portal").expect("it is a pattern"));
        wanted.guards.protected = patterns.iter().map(pattern).collect();
        let live = revealed(&live, &wanted).expect("the key fits");
        let plan = plan(&wanted, &live).expect("it can be planned");
        let protections = plan.guards.protected.into_iter();
        protections.map(|protection| protection.addresses.len()).collect::<Vec<usize>>()
    };
    assert_eq!(protecting(&["members/JANE", "members/ken@example.com", "members/nobody"]), [1, 1]);
    assert_eq!(protecting(&["members/*@Example.com", "members/*@other.example"]), [3]);
}

#[test]
fn a_pseudonym_is_no_name() {
    let live = portal(Shape::SideBySide).member("jane", &["Members"]).prospect("ada", "ada@partner.example");
    let whole = key().person("ada@partner.example");
    let (local, domain) = whole.split_once('@').expect("it is an email's");
    let declared = [
        manifest().disabled(&key().person("jane")),
        manifest().reject(&whole),
        manifest().reject(domain),
        manifest().reject("partner.example").reject(&format!("{local}@Partner.example")),
    ];
    for manifest in declared {
        let refused = revealed(&live, &manifest).unwrap_err().to_string();
        assert!(refused.ends_with(", which is a pseudonym"), "{refused}");
    }
}

/// Names that are alike to the resolver, or nearly, or odd.
fn name() -> impl Strategy<Value = String> {
    let names = [
        "jane",
        "Jane",
        "jane@example.com",
        "JANE@Example.COM",
        "jane+x@example.com",
        "example.com",
        "ΣΑΣ@ΟΔΟΣ.example",
        "σας@οδος.example",
        "σασ@οδοσ.example",
        "İ@İ.example",
        "straße@köln.example",
        "STRASSE@KÖLN.example",
        "a@b@example.com",
        "o'neil@example.com",
        "@",
        "x@",
        "@example.com",
        "",
        " jane",
        "d-0.invalid",
        "p-0@example.com",
        "💥@example.com",
    ];
    prop::sample::select(names.to_vec())
        .prop_flat_map(|name| prop_oneof![Just(name.to_owned()), Just(name.to_lowercase()), Just(name.to_uppercase())])
}

fn people() -> impl Strategy<Value = LiveState> {
    let member = (prop::option::of(name()), name(), any::<bool>());
    let prospect = (prop::option::of(name()), name());
    (prop::collection::vec(member, 0..5), prop::collection::vec(prospect, 0..4)).prop_map(|(members, prospects)| {
        let mut live = portal(Shape::SideBySide).group("A");
        (live.members, live.prospects) = (Some(Vec::new()), Some(Vec::new()));
        for (number, (username, email, is_in_group)) in members.into_iter().enumerate() {
            let groups: &[&str] = if is_in_group { &["Members", "A"] } else { &["Members"] };
            live = live.member(&number.to_string(), groups).but(|member| {
                member.username = username;
                member.email = email;
                member.name = Some("Somebody".to_owned());
            });
        }
        for (number, (username, email)) in prospects.into_iter().enumerate() {
            live = live.prospect(&number.to_string(), &email);
            live.prospects.as_mut().and_then(|prospects| prospects.last_mut()).expect("it was just added").username =
                username;
        }
        live
    })
}

fn declared() -> impl Strategy<Value = Manifest> {
    let user = prop_oneof![9 => name(), 1 => Just("m-0".to_owned())];
    let member = (user, any::<bool>(), prop::option::of(any::<bool>()));
    let rule = (name(), any::<bool>());
    let parts = (prop::collection::vec(member, 0..4), prop::collection::vec(rule, 0..3), any::<bool>());
    parts.prop_map(|(members, rules, clears)| {
        let mut manifest = if clears { manifest().absent("A") } else { manifest() };
        for (user, approve, enabled) in members {
            manifest = manifest.member_but(&user, |member| {
                member.approve = approve;
                member.enabled = enabled.map(crate::testing::at);
                member.user_groups = Some(Vec::new());
            });
        }
        for (whom, rejects) in rules {
            manifest = if rejects { manifest.reject(&whom) } else { manifest.approve(&whom, &[]) };
        }
        manifest
    })
}

/// What a plan does, by ids: what people are called is for reading.
fn deeds(manifest: &Manifest, live: &LiveState) -> Result<impl PartialEq + std::fmt::Debug, BTreeSet<&'static str>> {
    match plan(manifest, live) {
        Err(failure) => Err(failure.faults.iter().chain(&failure.refusals).map(|fault| fault.code).collect()),
        Ok(plan) => {
            let changes: BTreeSet<String> = plan
                .changes
                .iter()
                .map(|change| {
                    format!(
                        "{:?} {:?} {:?} {:?}",
                        change.object_id,
                        change.action(),
                        change.edit.fields_after(),
                        change.phase
                    )
                })
                .collect();
            let unmanaged: Vec<usize> = [Kind::Members, Kind::Prospects]
                .iter()
                .map(|kind| plan.unmanaged.get(kind).map_or(0, |left| left.count))
                .collect();
            let waiting: Vec<String> = plan.waiting.into_iter().map(|waiting| waiting.user).collect();
            Ok((changes, unmanaged, waiting, plan.notices.is_empty()))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_does_the_same_with_pseudonyms_as_without(live in people(), manifest in declared()) {
        let with = revealed(&live, &manifest).expect("the key fits");
        prop_assert_eq!(deeds(&manifest, &with), deeds(&manifest, &live));
    }

    #[test]
    fn pseudonyms_are_alike_where_the_names_are(one in ".{0,8}@?.{0,8}", other in name()) {
        for (one, other) in [(one.as_str(), &*one.to_uppercase()), (&one, &one.to_lowercase()), (&one, &other)] {
            let alike = one.to_lowercase() == other.to_lowercase();
            prop_assert_eq!(key().person(one) == key().person(other), alike, "{:?} and {:?}", one, other);
        }
    }
}
