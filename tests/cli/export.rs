//! `export`: what it writes is planned at once, and nothing is left to change.

use aehctl::emulator::{self, Shape};

use crate::support::{Case, Hub, QUICKSTART};

#[track_caller]
fn assert_round_trip(case: &Case, more: &[&str]) {
    let told = case.run(&[&["export", "--out", "exported.yaml"], more].concat()).exits(0);
    assert_eq!(told.stdout, "");
    case.run(&["validate", "-f", "exported.yaml"]).exits(0);
    case.run(&["fmt", "-f", "exported.yaml", "--check"]).exits(0);
    case.run(&["plan", "-f", "exported.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn the_demo_comes_back_in_every_shape() {
    for shape in Shape::ALL {
        let hub = Hub::seeded(&emulator::demo_with(shape));
        let case = Case::on(&hub);
        assert_round_trip(&case, &[]);
        assert!(!case.read("exported.yaml").contains("jane@"), "people are personal data");
        assert_round_trip(&case, &["--members"]);
        assert!(case.read("exported.yaml").contains("jane@example.com"), "{shape:?}");
        assert_eq!(hub.writes(), Vec::<String>::new());
    }
}

#[test]
fn what_was_applied_comes_back_too() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("portal.yaml", QUICKSTART);
    case.run(&["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "approve,reject"]).exits(0);
    assert_round_trip(&case, &["--members"]);
}

#[test]
fn it_is_data_on_stdout() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let exported = case.run(&["export"]).exits(0);
    assert!(exported.stdout.contains("kind: Portal\n"), "{exported}");
    case.write("exported.yaml", &exported.stdout);
    case.run(&["plan", "-f", "exported.yaml", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.run(&["export", "--out", "nowhere/exported.yaml"]).exits(1);
    assert_eq!(case.files(), Vec::<String>::new());
}

#[test]
fn a_folder_for_several_teams_comes_back_in_every_shape() {
    for shape in Shape::ALL {
        let hub = Hub::seeded(&emulator::demo_with(shape));
        let case = Case::on(&hub);
        for (folder, how) in [("teams", "business-group"), ("kinds", "kind")] {
            let told = case.run(&["export", "--split", how, "--out", folder, "--members"]).exits(0);
            assert_eq!(told.stdout, "");
            let portal = format!("{folder}/portal.yaml");
            assert!(told.stderr.contains(&format!("The Portal is in {portal}")), "{told}");
            case.run(&["validate", "-f", &portal]).exits(0);
            case.run(&["plan", "-f", &portal, "--detailed-exitcode"]).exits(0);
        }
        case.run(&["fmt", "-f", "teams", "-f", "teams/assets", "-f", "kinds", "--check"]).exits(0);
        assert_eq!(
            case.files(),
            [
                "kinds/assets.yaml",
                "kinds/portal.yaml",
                "kinds/user-groups.yaml",
                "teams/assets/com-example.yaml",
                "teams/assets/finance.yaml",
                "teams/assets/logistics.yaml",
                "teams/assets/warehousing.yaml",
                "teams/portal.yaml",
            ],
            "{shape:?}"
        );
        assert_eq!(hub.writes(), Vec::<String>::new());
    }
}

#[test]
fn a_folder_that_holds_anything_is_left_alone() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    case.write("taken/notes.txt", "mine");
    case.write("file", "mine");
    for taken in ["taken", "file", "."] {
        let told = case.run(&["export", "--split", "kind", "--out", taken]).exits(1);
        assert!(told.stderr.contains("already, and nothing is written over it"), "{told}");
    }
    assert_eq!(hub.requests(), Vec::<String>::new(), "it is said before anything is read");
    case.run(&["export", "--split", "kind", "--out", "nowhere/folder"]).exits(1);
    assert_eq!(case.files(), ["file", "taken/notes.txt"]);
    std::fs::create_dir(case.path("empty")).expect("a folder can be made");
    case.run(&["export", "--split", "kind", "--out", "empty"]).exits(0);
    assert!(case.files().contains(&"empty/portal.yaml".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_folder_with_people_in_it_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let mode = |name: &str| case.path(name).metadata().expect("it is there").permissions().mode() & 0o777;
    case.run(&["export", "--split", "business-group", "--out", "open"]).exits(0);
    case.run(&["export", "--split", "business-group", "--out", "people", "--members"]).exits(0);
    assert_eq!(["open", "open/portal.yaml", "open/assets/finance.yaml"].map(mode), [0o755, 0o644, 0o644]);
    assert_eq!(["people", "people/portal.yaml", "people/assets/finance.yaml"].map(mode), [0o700, 0o600, 0o600]);
}

#[test]
fn parts_of_a_portal_can_be_exported() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    assert_round_trip(&case, &["--only", "user-groups"]);
    assert!(!case.read("exported.yaml").contains("assets:"));
    assert_round_trip(&case, &["--only", "members,assets", "--filter", "finance/*", "--filter", "*@example.com"]);
    let text = case.read("exported.yaml");
    assert!(
        text.contains("jane@example.com") && !text.contains("com.example/") && !text.contains("userGroups:\n    -")
    );
    let told = case.run(&["export", "--filter", "Finanse/*", "--out", "none.yaml"]).exits(1);
    insta::assert_snapshot!(told.stderr, @r"
    error: nothing in the portal goes by such a name; nothing was written
     hint: filters are compared with whole names: 'Finance/*' for assets, 'Partner *' for user groups
    ");
    assert!(!case.files().contains(&"none.yaml".to_owned()));
    for wrong in [
        &["--only", "groups"][..],
        &["--filter", "a**"],
        &["--filter", ""],
        &["--split", "kind"],
        &["--only", "assets", "--members"],
    ] {
        case.run(&[&["export"], wrong].concat()).exits(64);
    }
}
