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
    assert_eq!(planned.stderr, "The plan is in plan.json. Apply exactly this with: aehctl apply plan.json\n");
    #[cfg(unix)]
    assert!(is_private(&case.path("plan.json")));
    let without = Case::new();
    without.write("plan.json", case.read("plan.json"));
    hub.running().forget_requests();
    assert_eq!(without.run(&["show", "plan.json"]).exits(0).stdout, planned.stdout);
    for format in ["json", "markdown"] {
        let shown = without.run(&["show", "plan.json", "--format", format]).exits(0).stdout;
        assert_eq!(shown, case.run(&["plan", "-f", "portal.yaml", "--format", format]).exits(0).stdout);
    }
    let (mut file, shown) = (case.json("plan.json"), without.run(&["show", "plan.json", "--format", "json"]).json());
    let envelope = file.as_object_mut().expect("a plan is an object");
    assert!(envelope.remove("created_at").is_some() && envelope.remove("digest").is_some());
    assert_eq!(file, shown, "the published plan is the file without its envelope");
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
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
    hub.running().forget_requests();
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
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
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
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
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
    assert_eq!(hub.requests(), Vec::<String>::new());
}

#[test]
fn a_plan_of_another_format_is_not_read() {
    let hub = Hub::demo();
    let case = saved(&hub);
    case.write("plan.json", case.read("plan.json").replace(r#""format_version": "1.0""#, r#""format_version": "2.0""#));
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"");
}

#[test]
fn what_is_no_plan_is_told_in_a_line() {
    let hub = Hub::demo();
    let case = saved(&hub);
    let whole = case.read("plan.json");
    case.write("plan.json", &whole[..whole.len() / 2]);
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
    case.write("plan.json", "");
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
    case.write("plan.json", [0xff, 0xfe, 0x00]);
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"");
    case.write("plan.json", "[".repeat(1_000_000));
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"");
    case.write("plan.json", "{\"format_version\": \"1.0\"}");
    insta::assert_snapshot!(case.run(&["show", "plan.json"]), @"");
    insta::assert_snapshot!(case.run(&["show", "nowhere.json"]), @"");
    insta::assert_snapshot!(case.run(&["show", "home"]), @"");
    insta::assert_snapshot!(case.run(&["show", "portal.yaml"]), @"");
    let huge = File::create(case.path("plan.json")).expect("a file can be made");
    huge.set_len(1 << 40).expect("a file may have holes");
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve"]), @"");
    assert_eq!(hub.requests(), Vec::<String>::new());
}

#[test]
fn a_plan_is_for_its_own_portal() {
    let case = saved(&Hub::demo());
    let elsewhere = Hub::seeded(include_str!("../../examples/identity-provider/emulator/seed.yaml"));
    let other = Case::on(&elsewhere);
    other.write("plan.json", case.read("plan.json"));
    insta::assert_snapshot!(other.run(&["apply", "plan.json", "--auto-approve"]), @"");
    insta::assert_snapshot!(Case::new().with(&["--emulator=x.db"]).run(&["apply", "../nowhere.json"]), @"");
    let embedded = Case::new();
    embedded.write("plan.json", case.read("plan.json"));
    insta::assert_snapshot!(embedded.run(&["--emulator", "apply", "plan.json", "--auto-approve"]), @"");
    assert!(!embedded.path(".aehctl").exists(), "a refused plan starts no server");
    assert_eq!(elsewhere.writes(), Vec::<String>::new());
}

#[test]
fn another_portal_cannot_be_named_beside_a_saved_plan() {
    let hub = Hub::demo();
    let case = saved(&hub);
    insta::assert_snapshot!(case.run(&["apply", "plan.json", "--auto-approve", "--portal", "Another"]), @"");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn a_plan_that_cannot_be_written_leaves_nothing_behind() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", portal(DISABLE));
    insta::assert_snapshot!(case.run(&["plan", "-f", "portal.yaml", "--out", "nowhere/plan.json"]), @"");
    case.run(&["plan", "-f", "portal.yaml", "--out", "home"]).exits(1);
    assert_eq!(case.files(), ["portal.yaml"]);
}
