//! `get`: every kind, as a table and as JSON.

use crate::support::{Case, Hub, ids};

fn get(case: &Case, arguments: &[&str]) -> String {
    case.run(&[&["get"], arguments].concat()).exits(0).stdout
}

/// The values of one key in the rows of a JSON answer.
fn values(case: &Case, arguments: &[&str], key: &str) -> Vec<String> {
    let rows = case.run(&[&["--format", "json", "get"], arguments].concat()).exits(0).json();
    let rows = rows.as_array().cloned().unwrap_or_else(|| panic!("no list: {rows}"));
    rows.iter().map(|row| row[key].as_str().unwrap_or_else(|| panic!("no {key}: {row}")).to_owned()).collect()
}

#[test]
fn every_kind_is_a_table() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    insta::assert_snapshot!(get(&case, &["connections"]), @"");
    insta::assert_snapshot!(get(&case, &["portals"]), @"");
    insta::assert_snapshot!(get(&case, &["user-groups"]), @"");
    insta::assert_snapshot!(get(&case, &["idp-mappings"]), @"");
    insta::assert_snapshot!(get(&case, &["idp-mappings", "--user-group", "Partner Acme"]), @"");
    insta::assert_snapshot!(get(&case, &["assets"]), @"");
    insta::assert_snapshot!(get(&case, &["asset", "Warehousing/stock-api"]), @"");
    insta::assert_snapshot!(get(&case, &["members"]), @"");
    insta::assert_snapshot!(get(&case, &["member", "JANE@example.com"]), @"");
    insta::assert_snapshot!(get(&case, &["prospects"]), @"");
    insta::assert_snapshot!(get(&case, &["prospects", "--count"]), @"");
    insta::assert_snapshot!(get(&case, &["identity-providers"]), @"");
    insta::assert_snapshot!(get(&case, &["business-groups"]), @"");
    assert_eq!(hub.writes(), Vec::<String>::new());
}

#[test]
fn every_kind_is_json() {
    let hub = Hub::demo();
    let case = Case::on(&hub).with(&["--format", "json"]);
    for kind in ["connections", "portals", "user-groups", "idp-mappings", "assets", "exchange", "members", "prospects"]
    {
        let rows = case.run(&["get", kind]).exits(0).json();
        assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{kind}: {rows}");
    }
    assert!(case.run(&["get", "identity-providers"]).exits(0).json().is_array());
    assert_eq!(case.run(&["get", "business-groups"]).exits(0).json()["name"], "Example Corp");
    insta::assert_snapshot!(case.run(&["get", "member", ids::JANE]).exits(0).stdout, @"");
    insta::assert_snapshot!(case.run(&["get", "asset", "com.example/order-api"]).exits(0).stdout, @"");
    insta::assert_snapshot!(case.run(&["get", "prospects", "--count"]).exits(0).stdout, @"");
}

#[test]
fn members_are_narrowed_down() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    assert_eq!(values(&case, &["members", "--disabled"], "username"), ["dora@example.com"]);
    assert_eq!(values(&case, &["members", "--active"], "username").len(), 7);
    assert_eq!(values(&case, &["members", "--search", "acme"], "username").len(), 2);
    assert_eq!(values(&case, &["members", "--search", "nobody of that name"], "username"), [""; 0]);
    assert_eq!(values(&case, &["prospects", "--search", "cleo"], "username"), ["cleo@curious.example"]);
}

#[test]
fn exchange_is_searched_by_text_tag_and_category() {
    for switches in [&[][..], &["exchange-search=legacy"]] {
        let hub = Hub::switched(switches);
        let case = Case::on(&hub);
        let found = |arguments: &[&str]| values(&case, &[&["exchange"], arguments].concat(), "assetId");
        assert_eq!(found(&[]).len(), 12, "{switches:?}");
        assert_eq!(found(&["--search", "orders"]), ["legacy-orders", "order-api", "support-agent"], "{switches:?}");
        assert_eq!(found(&["--tag", "shipments", "--tag", "tracking"]).len(), 2, "{switches:?}");
        assert_eq!(found(&["--category", "Department:Logistics"]).len(), 4, "{switches:?}");
        assert_eq!(found(&["--category", "Department:Sales", "--tag", "ai"]), ["support-agent"], "{switches:?}");
    }
}

#[test]
fn assets_are_those_that_a_group_sees() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    let seen = |arguments: &[&str]| values(&case, &[&["assets"], arguments].concat(), "assetId");
    assert_eq!(seen(&["--user-group", "Beta Testers"]), ["payment-api"]);
    assert!(seen(&["--user-group", "Beta Testers", "--inherited"]).len() > 3);
    assert_eq!(seen(&["--user-group", ids::SUPPORT]), ["customer-api"]);
    assert_eq!(seen(&["--tag", "orders", "--search", "legacy"]), ["legacy-orders"]);
}

#[test]
fn what_is_not_there_is_told_with_advice() {
    let hub = Hub::demo();
    let case = Case::on(&hub);
    insta::assert_snapshot!(case.run(&["get", "member", "nobody"]), @"");
    insta::assert_snapshot!(case.run(&["get", "asset", "com.example/nothing"]), @"");
    insta::assert_snapshot!(case.run(&["get", "asset", "nothing"]), @"");
    insta::assert_snapshot!(case.run(&["get", "idp-mappings", "--user-group", "Suport"]), @"");
    insta::assert_snapshot!(case.run(&["get", "exchange", "--category", "Logistics"]), @"");
    insta::assert_snapshot!(case.run(&["get", "members", "--portal", "Nowhere"]), @"");
    insta::assert_snapshot!(case.run(&["get", "members", "--connection", "nowhere.my.salesforce.com"]), @"");
    insta::assert_snapshot!(case.run(&["get", "members", "--format", "markdown"]), @"");
}
