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
