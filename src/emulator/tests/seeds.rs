//! Seed documents and databases.

use super::super::{Database, Shape, demo_with, dump, is_seeded, seed};
use super::*;

fn database() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("below").join("emulator.db");
    (folder, path)
}

/// The world that a document means.
fn world(document: &str) -> anyhow::Result<String> {
    let (_folder, path) = database();
    seed(&path, document, false)?;
    dump(&path)
}

#[test]
fn a_dump_is_a_seed_of_the_same_world() {
    for shape in Shape::ALL {
        let first = world(&demo_with(shape)).expect("the demo is valid");
        assert_eq!(world(&first).expect("a dump is valid"), first);
    }
}

#[test]
fn an_empty_document_is_a_world_of_defaults() {
    let first = world("{}").expect("valid");
    assert_eq!(world(&first).expect("a dump is valid"), first);
    let portal = "connections: [{portals: [{userGroups: [{name: A}], users: [{email: a@example.com}]}]}]";
    let first = world(portal).expect("valid");
    assert_eq!(world(portal).expect("valid"), first, "ids follow from the place in the document");
    assert!(first.contains("targetOrganizationDomain: example.my.salesforce.com"), "{first}");
}

#[test]
fn what_access_management_says_is_taken_as_it_is() {
    let short = world(
        "{organization: {name: A, businessGroups: [{name: B}]}, identityProviders: [{provider_id: x, type: saml}]}",
    );
    let wire = world(
        r#"{
            "organization": {
                "name": "A", "isMaster": true, "isRoot": true, "isFederated": false, "orgType": "anypoint",
                "idprovider_id": "mulesoft", "parentOrganizationIds": [], "subOrganizationIds": ["b"],
                "tenantOrganizationIds": [], "environments": [], "environmentsCount": 0, "owner": {"id": "o"},
                "properties": {}, "salesforce": {}, "sessionTimeout": 60, "subscription": {"type": "Trial"},
                "entitlements": {"createSubOrgs": true, "apiExperienceHub": {"enabled": true}},
                "subOrganizations": [{"name": "B", "isMaster": false}]
            },
            "identityProviders": [{"provider_id": "x", "type": {"name": "saml", "description": "SAML 2.0"}}]
        }"#,
    );
    assert_eq!(wire.expect("valid").replace("subOrganizations", "businessGroups"), short.expect("valid"));
    let fault = world("{identityProviders: [{provider_id: x, type: {nmae: saml}}]}").unwrap_err();
    assert!(format!("{fault:#}").contains("unknown field `nmae`"), "{fault:#}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_survives_a_dump(name in "\\PC{1,40}", odd in proptest::string::string_regex("(yes|no|~|null|1\\.0|0x1f|- a|[:#&*!|>'\"%@`{}\\[\\], \\n\\t\\u{85}\\u{2028}\\u{202e}\\u{1b}]){1,6}").expect("a pattern")) {
        let document = json!({"connections": [{"portals": [{
            "userGroups": [{"name": format!("g{name}"), "description": odd}],
            "users": [{"email": odd, "name": name}],
        }]}]});
        let first = world(&document.to_string()).expect("valid");
        proptest::prop_assert_eq!(&world(&first).expect("a dump is valid"), &first);
        let read: Value = serde_saphyr::from_str(&first).expect("YAML");
        let portal = &read["connections"][0]["portals"][0];
        proptest::prop_assert_eq!(portal["users"][0]["email"].as_str(), Some(odd.as_str()));
        proptest::prop_assert_eq!(portal["users"][0]["name"].as_str(), Some(name.as_str()));
    }
}

#[test]
fn faults_name_their_place_and_change_nothing() {
    let (_folder, path) = database();
    seed(&path, demo(), false).expect("the demo is valid");
    let before = dump(&path).expect("a world");
    let faulty = "
organization: {businessGroups: [{id: f, name: Finance}, {id: f, name: Again}], createdAt: yesterday}
exchangeAssets: [{groupId: g, assetId: a, versions: [v1, v1]}, {groupId: g, assetId: a}]
connections:
- portals:
  - targetPortalId: t
    userGroups: [{id: x, name: X, children: [{id: x, name: Y}]}]
    assets:
    - {groupId: g, assetId: a, minorVersionProfilesVisibility: [{minorVersion: v1, profileVisibility: [x, z]}]}
    - {groupId: g, assetId: unknown}
    users: [{id: u, email: a@example.com, userGroupIds: [w]}, {id: u, email: b@example.com}]
    prospects: [{email: c@example.com, portalId: elsewhere}]
  - targetPortalId: t
";
    let error = seed(&path, faulty, true).expect_err("refused").to_string();
    insta::assert_snapshot!(error, @r#"
    the seed document is not valid:
      organization.createdAt: "yesterday" is not a date in RFC 3339
      organization.businessGroups[1].id: "f" stands here a second time
      exchangeAssets[0].versions[1]: "v1" stands here a second time
      exchangeAssets[1]: ("g", "a") stands here a second time
      connections[0].portals[0].userGroups[0].children[0].id: "x" stands here a second time
      connections[0].portals[0].assets[0].minorVersionProfilesVisibility[0].profileVisibility[1]: no user group of this portal has the id "z"
      connections[0].portals[0].assets[1]: the asset is not in exchangeAssets: list it there, or give its name and type here
      connections[0].portals[0].users[0].userGroupIds[0]: no user group of this portal has the id "w"
      connections[0].portals[0].users[1].id: "u" stands here a second time
      connections[0].portals[0].prospects[0].portalId: the prospect stands under portal "dd64ba62-112b-5f96-90a5-4133f9d73e52"
      connections[0].portals[1].targetPortalId: "t" stands here a second time
    "#);
    for broken in [
        "connections: [{portals: [{userGroup: []}]}]",
        "connections: [{environment: production}]",
        "connections: [{portals: [{users: [{name: No Email}]}]}]",
        "organization: [",
        "organization: {name: A}\norganization: {name: B}",
        "connections: [{portals: [{users: [{email: a@example.com, isActive: yes}]}]}]",
        "",
        "just text",
        "{\"connections\": [{\"portals\": 7}]}",
        "a: &a [x, x]\nb: &b [*a, *a]\nconnections: [*b, *b]",
    ] {
        let error = format!("{:#}", seed(&path, broken, true).expect_err(broken));
        assert!(error.contains("the seed document is not valid: "), "{broken}: {error}");
    }
    assert_eq!(dump(&path).expect("a world"), before);
}

#[test]
fn structural_faults_show_line_and_column() {
    let (_folder, path) = database();
    let error = seed(&path, "connections:\n- portals:\n  - userGroup: []\n", false).expect_err("refused");
    insta::assert_snapshot!(format!("{error:#}"), @"the seed document is not valid: unknown field `userGroup`, expected one of id, connectionId, name, targetPortalId, internalPortalId, builderUrl, siteUrl, createdDate, updatedDate, finishedAtLeastOnce, userGroups, assets, users, prospects at line 3, column 5");
}

#[test]
fn limits_hold_for_seeds() {
    let many = |count: usize, kind: &str| {
        let rows: Vec<Value> = (0..count)
            .map(|number| match kind {
                "userGroups" => json!({"name": format!("G{number}")}),
                _ => json!({"email": format!("p{number}@example.com")}),
            })
            .collect();
        world(&json!({"connections": [{"portals": [{kind: rows}]}]}).to_string())
    };
    many(100, "userGroups").expect("100 groups are allowed");
    let error = many(101, "userGroups").expect_err("refused").to_string();
    assert!(
        error.ends_with("connections[0].portals[0].userGroups: a portal has at most 100 user groups, these are 101"),
        "{error}"
    );
    many(500, "prospects").expect("500 prospects are allowed");
    many(501, "prospects").expect_err("refused");
}

#[tokio::test]
async fn a_filled_database_is_refused_without_reset_and_kept_over_restarts() {
    let (_folder, path) = database();
    assert!(!is_seeded(&path).expect("looked at") && !path.exists());
    seed(&path, demo(), false).expect("an empty database is filled");
    assert!(is_seeded(&path).expect("looked at"));
    let error = seed(&path, "{}", false).expect_err("refused").to_string();
    assert_eq!(error, "the database is filled already: it is replaced only with --reset");
    let options = || Options { database: Database::File(path.clone()), ..Options::default() };
    let hub = running(options()).await;
    hub.post("userGroups", &json!({"name": "Lasting"})).await.ok();
    let (id, secret) = (hub.running.client_id.clone(), hub.running.client_secret.clone());
    hub.running.shutdown().await.expect("it stops");
    let hub = running(options()).await;
    assert_eq!((&hub.running.client_id, &hub.running.client_secret), (&id, &secret));
    hub.group_id("Lasting").await;
    seed(&path, "connections: []", true).expect("a reset replaces");
    assert_eq!(hub.get("/api-experience-hub/api/v1/connections").await.ok(), json!([]));
    assert_eq!(dump(&path).expect("a world"), hub.running.dump().expect("a world"));
}

#[tokio::test]
async fn a_file_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path).and_then(|other| other.execute_batch("CREATE TABLE t (a)")).expect("a database");
    let error = format!("{:#}", seed(&path, demo(), true).expect_err("refused"));
    assert!(error.ends_with("the file is a database of something else"), "{error}");
    std::fs::write(&path, "not a database, but long enough to be looked at as one").expect("written");
    seed(&path, demo(), true).expect_err("refused");
    assert!(std::fs::read_to_string(&path).expect("still there").starts_with("not a database"));
    dump(&folder.path().join("missing.db")).expect_err("there is none");
}

#[tokio::test]
async fn the_built_in_groups_come_in_three_shapes() {
    let mut trees = Vec::new();
    for shape in Shape::ALL {
        trees.push(seeded(&demo_with(shape), &[]).await.tree().await);
    }
    insta::assert_json_snapshot!(trees, @r#"
    [
      [
        {
          "Guests": [
            {
              "Members": [
                "Administrators",
                {
                  "API Developers": [
                    "Gold Tier",
                    "Beta Testers"
                  ]
                },
                "Partner Acme",
                "Partner Globex",
                "Support"
              ]
            }
          ]
        }
      ],
      [
        "Guests",
        "Members",
        "Administrators",
        {
          "API Developers": [
            "Gold Tier",
            "Beta Testers"
          ]
        },
        "Partner Acme",
        "Partner Globex",
        "Support"
      ],
      [
        {
          "Everyone": [
            "Administrators",
            {
              "API Developers": [
                "Gold Tier",
                "Beta Testers"
              ]
            },
            "Partner Acme",
            "Partner Globex",
            "Support"
          ]
        }
      ]
    ]
    "#);
}
