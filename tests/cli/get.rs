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
    insta::assert_snapshot!(get(&case, &["connections"]), @"
    ID                                    DOMAIN                     ENVIRONMENT  TYPE
    c0000001-0000-4000-8000-000000000001  example.my.salesforce.com  PRODUCTION   SALESFORCE
    ");
    insta::assert_snapshot!(get(&case, &["portals"]), @"
    NAME              ID                                    TARGET ID                             CONNECTION                 SITE
    Developer Portal  b0000001-0000-4000-8000-000000000001  b0000002-0000-4000-8000-000000000001  example.my.salesforce.com  https://example.my.site.com
    ");
    insta::assert_snapshot!(get(&case, &["user-groups"]), @"
    NAME                FLAGS                   ID                                    DESCRIPTION
    Guests              public,auto-generated   a0000001-0000-4000-8000-000000000002  Everyone, signed in or not
      Members           default,auto-generated  a0000001-0000-4000-8000-000000000003  All who have signed in
        Administrators  admin,auto-generated    a0000001-0000-4000-8000-000000000001  Those who run the portal
        API Developers                          a0000001-0000-4000-8000-000000000004  Users who can create applications
          Gold Tier                             a0000001-0000-4000-8000-000000000005  Developers with a contract
          Beta Testers                          a0000001-0000-4000-8000-000000000009  Developers who see versions early
        Partner Acme                            a0000001-0000-4000-8000-000000000006  Acme, partner since 2024
        Partner Globex                          a0000001-0000-4000-8000-000000000007  Globex, contract under negotiation
        Support                                 a0000001-0000-4000-8000-000000000008
    ");
    insta::assert_snapshot!(get(&case, &["idp-mappings"]), @"
    USER GROUP      PROVIDER                              EXTERNAL GROUP                         MEMBERSHIP
    Administrators  1d000001-0000-4000-8000-000000000001  portal-admins                          maintainer
    API Developers  1d000001-0000-4000-8000-000000000001  api-developers                         member
    Partner Acme    1d000001-0000-4000-8000-000000000002  CN=Acme,OU=Partners,DC=example,DC=com  member
    ");
    insta::assert_snapshot!(get(&case, &["idp-mappings", "--user-group", "Partner Acme"]), @"
    USER GROUP    PROVIDER                              EXTERNAL GROUP                         MEMBERSHIP
    Partner Acme  1d000001-0000-4000-8000-000000000002  CN=Acme,OU=Partners,DC=example,DC=com  member
    ");
    insta::assert_snapshot!(get(&case, &["assets"]), @"
    GROUP                                 ASSET           TYPE      NAME            BUSINESS GROUP
    com.example                           customer-api    rest-api  Customer API    Example Corp
    0e000001-0000-4000-8000-000000000002  exchange-rates  http-api  Exchange Rates  Finance
    0e000001-0000-4000-8000-000000000002  invoice-api     rest-api  Invoice API     Finance
    com.example                           legacy-orders   soap-api  Legacy Orders   Example Corp
    com.example                           order-api       rest-api  Order API       Example Corp
    0e000001-0000-4000-8000-000000000002  payment-api     rest-api  Payment API     Finance
    0e000001-0000-4000-8000-000000000003  shipment-api    rest-api  Shipment API    Logistics
    0e000001-0000-4000-8000-000000000004  stock-api       rest-api  Stock API       Warehousing
    ");
    insta::assert_snapshot!(get(&case, &["asset", "Warehousing/stock-api"]), @"
    VERSION    VISIBLE TO
    v1         (nobody)
    v2         (nobody)
    v3         Administrators, Partner Acme
    v4         Administrators
    instances  Custom
    ");
    insta::assert_snapshot!(get(&case, &["members"]), @"
    USERNAME             EMAIL                NAME            STATE     USER GROUPS                         ID
    dora@example.com     dora@example.com     Dora Departed   disabled  Members, Support                    e0000001-0000-4000-8000-000000000008
    fred@example.com     fred@example.com     Fred Federated  active    API Developers, Members             e0000001-0000-4000-8000-000000000007
    gina@globex.example  gina@globex.example  Gina Globex     active    Members, Partner Globex             e0000001-0000-4000-8000-000000000006
    jane@example.com     jane@example.com     Jane Developer  active    API Developers, Members             e0000001-0000-4000-8000-000000000002
    ken@example.com      ken@example.com      Ken Gold        active    API Developers, Gold Tier, Members  e0000001-0000-4000-8000-000000000003
    maria@acme.example   maria@acme.example   Maria Acme      active    Members, Partner Acme               e0000001-0000-4000-8000-000000000004
    olivia@example.com   olivia@example.com   Olivia Owner    active    Administrators, Members             e0000001-0000-4000-8000-000000000001
    paul@acme.example    paul@acme.example    Paul Acme       active    Members, Partner Acme               e0000001-0000-4000-8000-000000000005
    ");
    insta::assert_snapshot!(get(&case, &["member", "JANE@example.com"]), @"
    USERNAME          EMAIL             NAME            STATE   USER GROUPS              ID
    jane@example.com  jane@example.com  Jane Developer  active  API Developers, Members  e0000001-0000-4000-8000-000000000002
    ");
    insta::assert_snapshot!(get(&case, &["prospects"]), @"
    USERNAME              EMAIL                 NAME          SINCE                 ID
    ada@partner.example   ada@partner.example   Ada Partner   2026-03-02T08:15:00Z  f0000001-0000-4000-8000-000000000001
    bob@spam.example      bob@spam.example      Bob Bulk      2026-03-02T08:16:00Z  f0000001-0000-4000-8000-000000000002
    cleo@curious.example  cleo@curious.example  Cleo Curious  2026-03-03T17:40:00Z  f0000001-0000-4000-8000-000000000003
    ");
    insta::assert_snapshot!(get(&case, &["prospects", "--count"]), @"
    PENDING
    3
    ");
    insta::assert_snapshot!(get(&case, &["identity-providers"]), @"
    NAME                      ID                                    TYPE
    Okta                      1d000001-0000-4000-8000-000000000001  openid
    Corporate SAML            1d000001-0000-4000-8000-000000000002  saml
    Portal self-registration  1d000001-0000-4000-8000-000000000009  openid
    Anypoint Platform         mulesoft                              openid
    ");
    insta::assert_snapshot!(get(&case, &["business-groups"]), @"
    NAME             ID
    Example Corp     0e000001-0000-4000-8000-000000000001
      Finance        0e000001-0000-4000-8000-000000000002
      Logistics      0e000001-0000-4000-8000-000000000003
        Warehousing  0e000001-0000-4000-8000-000000000004
    ");
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
    insta::assert_snapshot!(case.run(&["get", "member", ids::JANE]).exits(0).stdout, @r#"
    {
      "anypointGroups": [],
      "anypointIdpId": "1d000001-0000-4000-8000-000000000009",
      "anypointUsername": null,
      "email": "jane@example.com",
      "id": "e0000001-0000-4000-8000-000000000002",
      "isActive": true,
      "isExternal": true,
      "name": "Jane Developer",
      "userGroupIds": [
        "a0000001-0000-4000-8000-000000000003",
        "a0000001-0000-4000-8000-000000000004"
      ],
      "username": "jane@example.com"
    }
    "#);
    insta::assert_snapshot!(case.run(&["get", "asset", "com.example/order-api"]).exits(0).stdout, @r#"
    {
      "assetId": "order-api",
      "groupId": "com.example",
      "instanceVisibility": "Public",
      "minorVersionProfilesVisibility": [
        {
          "minorVersion": "v1",
          "profileVisibility": [
            "a0000001-0000-4000-8000-000000000001"
          ]
        },
        {
          "minorVersion": "v2",
          "profileVisibility": [
            "a0000001-0000-4000-8000-000000000001",
            "a0000001-0000-4000-8000-000000000004"
          ]
        },
        {
          "minorVersion": "v3",
          "profileVisibility": [
            "a0000001-0000-4000-8000-000000000001",
            "a0000001-0000-4000-8000-000000000005",
            "a0000001-0000-4000-8000-000000000006"
          ]
        }
      ],
      "name": "Order API",
      "type": "rest-api"
    }
    "#);
    insta::assert_snapshot!(case.run(&["get", "prospects", "--count"]).exits(0).stdout, @r#"
    {
      "count": 3
    }
    "#);
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
        assert_eq!(found(&["--tag", "shipments", "--tag", "tracking"]).len(), 1, "{switches:?}");
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
    insta::assert_snapshot!(case.run(&["get", "member", "nobody"]), @"
    stderr:
    error: there is no member `nobody`
     hint: give an id, username or email; `aehctl get members --search TEXT` looks for parts of names
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "asset", "com.example/nothing"]), @"
    stderr:
    error: GET /api-experience-hub/api/v1/connections/c0000001-0000-4000-8000-000000000001/apiPortals/b0000002-0000-4000-8000-000000000001/assets/com.example/nothing (getAllVersionsVisibilityByGA): 404 Not Found: Asset com.example/nothing was not found
     hint: looked for asset com.example/nothing in portal b0000002-0000-4000-8000-000000000001 of connection c0000001-0000-4000-8000-000000000001 at [HUB]
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "asset", "nothing"]), @"
    stderr:
    error: `nothing` is not an asset's coordinates
     hint: write groupId/assetId, or business group/assetId
    exit: 64
    ");
    insta::assert_snapshot!(case.run(&["get", "idp-mappings", "--user-group", "Suport"]), @"
    stderr:
    error: there is no user group `Suport`
     hint: `aehctl get user-groups` lists them
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "exchange", "--category", "Logistics"]), @r#"
    stderr:
    error: POST /api-experience-hub/api/v1/connections/c0000001-0000-4000-8000-000000000001/apiPortals/b0000002-0000-4000-8000-000000000001/assets/search/exchange (searchExchangeAssets): 400 Bad Request: the request body is not valid (category "Logistics" is not in key:value format)
    exit: 1
    "#);
    insta::assert_snapshot!(case.run(&["get", "members", "--portal", "Nowhere"]), @"
    stderr:
    error: there is no portal `Nowhere`
     hint: there are: `Developer Portal` (b0000001-0000-4000-8000-000000000001) on example.my.salesforce.com (c0000001-0000-4000-8000-000000000001)
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "members", "--connection", "nowhere.my.salesforce.com"]), @"
    stderr:
    error: there is no connection `nowhere.my.salesforce.com`
     hint: there are: example.my.salesforce.com (c0000001-0000-4000-8000-000000000001)
    exit: 1
    ");
    insta::assert_snapshot!(case.run(&["get", "members", "--format", "markdown"]), @r###"
    stderr:
    error: `get` has no markdown form
     hint: use --format human or json or csv
    exit: 64
    "###);
}
