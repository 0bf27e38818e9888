//! `plan --out`, `show`, and `apply PLANFILE`.

use std::fs::File;

use crate::support::{Case, Hub, QUICKSTART, ids, is_private, portal};

const DISABLE: &str = "  members: [{user: jane@example.com, enabled: false}]\n";

/// A case with a saved plan that disables Jane.
fn saved(hub: &Hub) -> Case {
    let case = Case::on(hub);
    case.write("portal.yaml", portal(DISABLE));
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    hub.running().forget_requests();
    case
}

#[test]
fn a_saved_plan_is_private_and_shows_what_the_plan_showed() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    let planned = case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    // With every flag that it takes, since none of them is in the file.
    let command = format!("aehctl --host {} apply plan.json", hub.running().url);
    let told = format!(
        "The plan is in plan.json. Apply exactly this with: {command}\nIts digest, for `apply -f … --expect`, is sha256:"
    );
    assert!(planned.stderr.starts_with(&told), "{planned}");
    #[cfg(unix)]
    assert!(is_private(&case.path("plan.json")));
    let without = Case::new();
    without.write("plan.json", case.read("plan.json"));
    hub.running().forget_requests();
    assert_eq!(without.run(&["show", "plan.json"]).exits(0).stdout, planned.stdout);
    for format in ["json", "markdown", "html"] {
        let shown = without.run(&["show", "plan.json", "--format", format]).exits(0).stdout;
        assert_eq!(shown, case.run(&["plan", "-f", "portal.yaml", "--format", format]).exits(0).stdout);
    }
    let (mut file, shown) = (case.json("plan.json"), without.run(&["show", "plan.json", "--format", "json"]).json());
    let envelope = file.as_object_mut().expect("a plan is an object");
    assert!(envelope.remove("created_at").is_some() && envelope.remove("checksum").is_some());
    assert_eq!(file, shown, "the published plan is the file without when it was made and its checksum");
}

#[test]
fn the_same_input_gives_the_same_plan() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    let plan = || case.run(&["plan", "-f", "portal.yaml", "--format", "json"]).exits(0).stdout;
    let first = plan();
    for _ in 0..9 {
        assert_eq!(plan(), first);
    }
}

#[test]
fn a_saved_plan_is_applied_once_and_then_done_already() {
    let hub = Hub::demo();
    let case = saved(&hub);
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - disabled members: 8 versions of 6 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com
          enabled: true → false

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 4 requests (1 write) in [TIME]: 4 for members.

    6 user groups not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Applied: 0 added, 1 changed, 0 deleted.
    Sent 4 requests in [TIME]; the forecast was 4 in [TIME].
    stderr:
    [1/1] ~ members/jane@example.com: written
    exit: 0
    ");
    hub.running().forget_requests();
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 8 versions.
      - disabled members: 8 versions of 6 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com
          enabled: true → false

    Plan: 0 to add, 1 to change, 0 to delete.
    Forecast: apply sends 4 requests (1 write) in [TIME]: 4 for members.

    6 user groups not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.

    Nothing had to be written: the portal showed every change already.
    Sent 2 requests in [TIME]; the forecast was 4 in [TIME].
    stderr:
    [1/1] ~ members/jane@example.com: done already
    exit: 0
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn words_stand_in_the_plan_file() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal("  prospects: [{email: ada@partner.example, approve: {userGroups: [Support]}}]\n"),
    );
    case.run(&["plan", "-f", "portal.yaml", "--out", "silent.json"]).exits(0);
    case.run(&["apply", "silent.json", "--auto-approve"]).exits(3);
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json", "--allow", "approve"]).exits(0);
    assert_eq!(case.json("plan.json")["allow"], serde_json::json!(["approve"]));
    case.run(&["apply", "plan.json", "--auto-approve"]).exits(0);
}

#[test]
fn a_stale_plan_is_not_begun() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members:\n  - {user: jane@example.com, userGroups: [Gold Tier]}\n  - {user: ken@example.com, enabled: false}\n"));
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    hub.meanwhile(async |writer, path| {
        writer.set_user_groups(&path, ids::JANE, &[ids::MEMBERS.to_owned(), ids::SUPPORT.to_owned()]).await
    });
    hub.running().forget_requests();
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member gains 4 versions (via Gold Tier), 1 loses 12 versions.
      + members' groups + Gold Tier: 4 versions of 3 assets, 1 member
      - disabled members: 12 versions of 7 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      ~ members/jane@example.com
          userGroups: [system:members, + Gold Tier, - API Developers]
      ~ members/ken@example.com
          enabled: true → false

    Plan: 0 to add, 2 to change, 0 to delete.
    Forecast: apply sends 8 requests (2 writes) in [TIME]: 8 for members.

    6 user groups not in the manifest are left alone.
    6 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    stderr:
      ~ members/jane@example.com: refused, since it is not what the plan saw
          userGroups
            before: [API Developers, system:members]
            after:  [Gold Tier, system:members]
            live:   [Support, system:members]
    error: plan.json is stale: 1 of its 2 changes no longer fit the portal; nothing was changed
     hint: plan again, and review what is different
    exit: 4
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn what_else_happened_in_the_portal_does_not_matter() {
    let hub = Hub::demo();
    let case = saved(&hub);
    hub.meanwhile(async |writer, path| {
        writer.disable_user(&path, ids::KEN).await?;
        writer.set_user_groups(&path, ids::JANE, &[ids::MEMBERS.to_owned()]).await?;
        writer.update_user_group(&path, ids::SUPPORT, "Helpdesk", "").await
    });
    case.run(&["apply", "plan.json", "--auto-approve"]).exits(0);
}

#[test]
fn an_edited_plan_is_not_applied() {
    let hub = Hub::demo();
    let case = saved(&hub);
    case.write("plan.json", case.read("plan.json").replace("jane@example.com", "ken@example.com"));
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: failed to read plan.json: the plan file was edited since it was made: its checksum does not fit
     hint: a plan is applied exactly as it was made: plan again
    exit: 1
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
}

#[test]
fn a_plan_of_another_format_is_not_read() {
    let hub = Hub::demo();
    let case = saved(&hub);
    case.write("plan.json", case.read("plan.json").replace(r#""format_version": "1.0""#, r#""format_version": "2.0""#));
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"
    stderr:
    error: failed to read plan.json: the plan file has format 2.0, and this version reads 1.0
     hint: plan again with this version
    exit: 1
    ");
}

#[test]
fn what_is_no_plan_is_told_in_a_line() {
    let hub = Hub::demo();
    let case = saved(&hub);
    let whole = case.read("plan.json");
    case.write("plan.json", &whole[..whole.find("\"changes\": [").expect("a plan has changes") + 12]);
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @r###"
    stderr:
    error: failed to read plan.json: not a plan file: EOF while parsing a list at line 585 column 14
     hint: write one with `aehctl plan -f … --out FILE`
    exit: 1
    "###);
    case.write("plan.json", "");
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: failed to read plan.json: not a plan file: EOF while parsing a value at line 1 column 0
     hint: write one with `aehctl plan -f … --out FILE`
    exit: 1
    ");
    case.write("plan.json", [0xff, 0xfe, 0x00]);
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"
    stderr:
    error: failed to read plan.json: stream did not contain valid UTF-8
    exit: 1
    ");
    case.write("plan.json", "[".repeat(1_000_000));
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"
    stderr:
    error: failed to read plan.json: not a plan file: recursion limit exceeded at line 1 column 128
     hint: write one with `aehctl plan -f … --out FILE`
    exit: 1
    ");
    case.write("plan.json", "{\"format_version\": \"1.0\"}");
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"
    stderr:
    error: failed to read plan.json: the plan file was edited since it was made: its checksum does not fit
     hint: a plan is applied exactly as it was made: plan again
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["show", "nowhere.json"]), @"
    stderr:
    error: failed to read nowhere.json: No such file or directory (os error 2)
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["show", "home"]), @"
    stderr:
    error: failed to read home: it is a directory
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["show", "portal.yaml"]), @"
    stderr:
    error: failed to read portal.yaml: not a plan file: expected value at line 1 column 1
     hint: write one with `aehctl plan -f … --out FILE`
    exit: 1
    ");
    let huge = File::create(case.path("plan.json")).expect("a file can be made");
    huge.set_len(1 << 40).expect("a file may have holes");
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: failed to read plan.json: it is larger than 256 MiB
    exit: 1
    ");
    assert_eq!(hub.requests(), Vec::<String>::new());
}

#[test]
fn a_plan_is_for_its_own_portal() {
    let case = saved(&Hub::demo());
    let elsewhere = Hub::seeded(include_str!("../../examples/identity-provider/emulator/seed.yaml"));
    let other = Case::on(&elsewhere);
    other.write("plan.json", case.read("plan.json"));
    insta::assert_snapshot!(other.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: there is no connection `c0000001-0000-4000-8000-000000000001`
     hint: there are: example-workforce.my.salesforce.com (c0000002-0000-4000-8000-000000000001)
    exit: 1
    ");
    insta::assert_snapshot!(Case::new().with(&["--emulator=x.db"]).run(&["apply", "../nowhere.json"]), @"
    stderr:
    error: failed to read ../nowhere.json: No such file or directory (os error 2)
    exit: 1
    ");
    let embedded = Case::new();
    embedded.write("plan.json", case.read("plan.json"));
    insta::assert_snapshot!(embedded.run(&["--emulator", "apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: the plan was made for a hub, not for the emulator
     hint: apply it without --emulator
    exit: 1
    ");
    assert!(!embedded.path(".aehctl").exists(), "a refused plan starts no server");
    assert_eq!(elsewhere.writes(), Vec::<String>::new());
}

#[test]
fn another_portal_cannot_be_named_beside_a_saved_plan() {
    let hub = Hub::demo();
    let case = saved(&hub);
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve", "--portal", "Another"]), @"
    stderr:
    error: there is no portal `Another`
     hint: there are: `Developer Portal` (b0000001-0000-4000-8000-000000000001) on example.my.salesforce.com (c0000001-0000-4000-8000-000000000001)
    exit: 1
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn a_plan_that_cannot_be_written_leaves_nothing_behind() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(DISABLE));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--out", "nowhere/plan.json"]), @"
    stderr:
    error: failed to write nowhere/plan.json: there is no folder nowhere
    exit: 1
    ");
    case.run(&["plan", "-f", "portal.yaml", "--out", "portal.yaml/plan.json"]).exits(1);
    assert_eq!(case.files(), ["portal.yaml"]);
}

/// The plan file after an edit, with the checksum that fits it: whoever can replace the file can do that.
fn forge(case: &Case, edit: impl FnOnce(&mut serde_json::Value)) {
    use sha2::Digest as _;
    let mut plan = case.json("plan.json");
    edit(&mut plan);
    plan.as_object_mut().expect("a plan is an object").remove("checksum");
    let digest = sha2::Sha256::digest(serde_json::to_vec(&plan).expect("it is JSON"));
    let digits: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    plan["checksum"] = format!("sha256:{}", digits.concat()).into();
    case.write("plan.json", plan.to_string());
}

/// A case with a saved plan that shows an asset to the gold tier, and maps somebody to it.
fn saved_for_gold(hub: &Hub) -> Case {
    let case = Case::on(hub);
    case.write(
        "portal.yaml",
        portal(
            "  identityProviders: {okta: Okta}
  userGroups: [{name: Gold Tier, parent: API Developers, idpGroups: [{provider: okta, group: more}]}]
  assets: [{asset: Finance/invoice-api, versions: {v2: [Gold Tier, Support]}}]
  members: [{user: ken@example.com, enabled: false}]
",
        ),
    );
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    hub.running().forget_requests();
    case
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshots of one story")]
fn a_forged_plan_cannot_name_one_thing_and_write_to_another() {
    let hub = Hub::demo();
    let case = saved_for_gold(&hub);
    let honest = case.read("plan.json");
    forge(&case, |plan| {
        for group in plan["target"]["user_groups"].as_array_mut().expect("it is a list") {
            // What is called Support is everyone's group, and the other way round.
            match group["name"].as_str() {
                Some("Support") => group["id"] = ids::MEMBERS.into(),
                Some("system:members") => group["id"] = ids::SUPPORT.into(),
                _ => {}
            }
        }
    });
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
      user group `API Developers` (a0000001-0000-4000-8000-000000000004) stands elsewhere in the portal than in the plan
      what the plan calls `Support` (a0000001-0000-4000-8000-000000000003) is `system:members` in the portal
      user group `system:administrators` (a0000001-0000-4000-8000-000000000001) stands elsewhere in the portal than in the plan
      what the plan calls `system:members` (a0000001-0000-4000-8000-000000000008) is `Support` in the portal
    error: plan.json is stale: its names do not mean what they meant; nothing was changed
     hint: plan again, and review what is different
    exit: 4
    ");
    let told = case.run(&["apply", "plan.json", "--auto-approve", "--format", "json"]).exits(4).json();
    assert_eq!((&told["stale"], told["misnomers"].as_array().map(Vec::len)), (&true.into(), Some(4)));
    case.write("plan.json", &honest);
    forge(&case, |plan| {
        for change in plan["changes"].as_array_mut().expect("it is a list") {
            if change["kind"] == "members" {
                change["object_id"] = ids::JANE.into();
            }
        }
    });
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stdout:
    Portal developer-portal (Developer Portal, PRODUCTION at example.my.salesforce.com)

    Visibility: 1 member loses 12 versions; identity provider groups: 1 gains 9 versions (via API Developers, Gold Tier).
      + mapping of okta/more + Gold Tier: 9 versions of 5 assets, 1 identity provider group
      - disabled members: 12 versions of 7 assets, 1 member
    Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.

      + idpMappings/Gold Tier/okta/more

      ~ assets/Finance/invoice-api
          versions.v2: [Gold Tier, system:administrators, + Support]

      ~ members/ken@example.com
          enabled: true → false

    Plan: 1 to add, 2 to change, 0 to delete.
    Forecast: apply sends 12 requests (3 writes) in [TIME]: 4 for mappings, 4 for assets, 4 for members.

    5 user groups not in the manifest are left alone.
    7 assets not in the manifest are left alone.
    7 members not in the manifest are left alone.
    3 pending sign-ups not in the manifest are left alone.
    stderr:
      ~ members/ken@example.com: failed
          the member whom the plan calls `ken@example.com` (e0000001-0000-4000-8000-000000000002) is `jane@example.com` in the portal
          hint: plan again
    error: plan.json is stale: 1 of its 3 changes no longer fit the portal; nothing was changed
     hint: plan again, and review what is different
    exit: 4
    ");
    case.write("plan.json", &honest);
    forge(&case, |plan| plan["target"]["portal"]["connection"]["environment"] = "SANDBOX".into());
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
      the portal's environment is `PRODUCTION`, and the plan says `SANDBOX`
    error: plan.json is stale: its names do not mean what they meant; nothing was changed
     hint: plan again, and review what is different
    exit: 4
    ");
    case.write("plan.json", &honest);
    forge(&case, |plan| plan["target"]["portal"]["path_id"] = "another-portal".into());
    case.run(&["apply", "plan.json", "--auto-approve"]).exits(1);
    case.write("plan.json", &honest);
    forge(&case, |plan| {
        let groups = plan["target"]["business_groups"].as_object_mut().expect("it is an object");
        for name in groups.values_mut() {
            *name = "Sandbox".into();
        }
    });
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
      what the plan calls business group `Sandbox` (0e000001-0000-4000-8000-000000000002) is `Finance`
    error: plan.json is stale: its names do not mean what they meant; nothing was changed
     hint: plan again, and review what is different
    exit: 4
    ");
    case.write("plan.json", &honest);
    forge(&case, |plan| {
        for change in plan["changes"].as_array_mut().expect("it is a list") {
            if change["kind"] == "assets" {
                change["after"]["versions"]["v2"] = serde_json::json!(["system:guests"]);
            }
        }
    });
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
    error: failed to read plan.json: the plan file contradicts itself: change 3 (developer-portal/assets/0e000001-0000-4000-8000-000000000002/invoice-api) has other `fields` than `before` and `after`
     hint: a plan is applied exactly as it was made: plan again
    exit: 1
    ");
    assert_eq!(hub.writes(), Vec::<String>::new());
    case.write("plan.json", &honest);
    case.run(&["apply", "plan.json", "--auto-approve"]).exits(0);
    case.run(&["apply", "plan.json", "--auto-approve"]).exits(0);
}

#[test]
fn a_group_that_was_renamed_makes_the_plan_stale_where_it_is_named() {
    let hub = Hub::demo();
    let case = saved_for_gold(&hub);
    hub.meanwhile(async |writer, path| writer.update_user_group(&path, ids::SUPPORT, "Helpdesk", "").await);
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"
    stderr:
      what the plan calls `Support` (a0000001-0000-4000-8000-000000000008) is `Helpdesk` in the portal
    error: plan.json is stale: its names do not mean what they meant; nothing was changed
     hint: plan again, and review what is different
    exit: 4
    ");
}

#[test]
fn why_a_plan_is_stale_is_data_as_well() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal("  members: [{user: jane@example.com, userGroups: [Gold Tier]}]\n"));
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json"]).exits(0);
    hub.meanwhile(async |writer, path| {
        writer.set_user_groups(&path, ids::JANE, &[ids::MEMBERS.to_owned(), ids::SUPPORT.to_owned()]).await
    });
    let told = case.run(&["apply", "plan.json", "--auto-approve", "--format", "json"]).exits(4).json();
    assert_eq!((&told["stale"], &told["misnomers"]), (&true.into(), &serde_json::json!([])));
    let result = &told["results"][0];
    assert_eq!(
        (&result["address"], &result["outcome"], &result["mismatches"][0]["live"]),
        (
            &"developer-portal/members/jane@example.com".into(),
            &"refused".into(),
            &serde_json::json!(["Support", "system:members"])
        )
    );
}

#[test]
fn a_group_that_is_held_by_now_is_not_deleted() {
    // This hub would clear away whatever refers to the group.
    let hub = Hub::switched(&["group-delete=cascades"]);
    let case = Case::on(&hub);
    case.write(
        "portal.yaml",
        portal("  userGroups: [{name: Partner Globex, state: absent}, {name: Support, state: absent}]\n"),
    );
    case.run(&["plan", "-f", "portal.yaml", "--out", "plan.json", "--allow", "delete"]).exits(0);
    hub.meanwhile(async |writer, path| {
        writer.set_user_groups(&path, ids::JANE, &[ids::MEMBERS.to_owned(), ids::SUPPORT.to_owned()]).await
    });
    let ended = case.run(&["apply", "plan.json", "--auto-approve"]).exits(5);
    let told = "- userGroups/Support: skipped, because it is held by member `jane@example.com`; plan again";
    assert!(ended.stdout.contains(told), "{ended}");
    let deleted = hub.writes().into_iter().filter(|name| name.ends_with("deleteUserGroup")).count();
    assert_eq!(deleted, 1, "Partner Globex goes");
}
