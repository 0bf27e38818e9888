//! A portal of thirty partners and two hundred assets: short to write, and a partner is one file's matter.

use std::fmt::Write as _;

use crate::support::{Case, Hub, portal};

const AUDIENCES: [&str; 7] = ["payments", "freight", "customs", "stock", "returns", "prices", "events"];
const PARTNERS: usize = 30;
const ASSETS: usize = 200;

fn partner(number: usize) -> String {
    format!("Partner {number:02}")
}

fn asset(number: usize) -> String {
    format!("{}-{number:03}-api", AUDIENCES[number % AUDIENCES.len()])
}

/// Who is in an audience: each partner has two of the seven.
fn audiences_of(partner: usize) -> [&'static str; 2] {
    [AUDIENCES[partner % AUDIENCES.len()], AUDIENCES[(partner + 1 + partner / 7) % AUDIENCES.len()]]
}

fn fragment(spec: &str) -> String {
    format!("apiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec:\n{spec}")
}

/// The manifest as people would write it, by path.
fn manifest() -> Vec<(String, String)> {
    let mut files = vec![(
        "portal.yaml".to_owned(),
        portal("  target: {portal: Developer Portal}\n  include: [catalog/*.yaml, partners/*.yaml]\n"),
    )];
    for (place, audience) in AUDIENCES.iter().enumerate() {
        let mut spec = format!(
            "  audiences: {{{audience}: []}}\n  defaults: {{assets: {{instances: Public, versions: {{\"*\": [audience:{audience}]}}}}}}\n  assets:\n"
        );
        for number in (0..ASSETS).filter(|number| number % AUDIENCES.len() == place) {
            writeln!(spec, "    - asset: com.example/{}", asset(number)).expect("a text takes more");
        }
        files.push((format!("catalog/{audience}.yaml"), fragment(&spec)));
    }
    let mut spec = "  userGroups:\n".to_owned();
    for number in 0..PARTNERS {
        let [first, second] = audiences_of(number);
        writeln!(spec, "    - {{name: {}, joins: [{first}, {second}]}}", partner(number)).expect("a text takes more");
    }
    files.push(("partners/partners.yaml".to_owned(), fragment(&spec)));
    files
}

/// The portal as that manifest wants it.
fn seed() -> String {
    let groups: Vec<_> =
        (0..PARTNERS).map(|number| serde_json::json!({"id": format!("g{number}"), "name": partner(number)})).collect();
    let assets: Vec<_> = (0..ASSETS)
        .map(|number| {
            let audience = AUDIENCES[number % AUDIENCES.len()];
            let sees: Vec<_> = (0..PARTNERS)
                .filter(|number| audiences_of(*number).contains(&audience))
                .map(|number| format!("g{number}"))
                .collect();
            serde_json::json!({
                "groupId": "com.example", "assetId": asset(number), "name": asset(number), "type": "rest-api",
                "instanceVisibility": "Public",
                "minorVersionProfilesVisibility": [{"minorVersion": "v1", "profileVisibility": sees}],
            })
        })
        .collect();
    let member = serde_json::json!({"email": "ann@example.com", "userGroupIds": ["all", "g7"]});
    let all = serde_json::json!({"id": "all", "name": "All", "isPublic": true, "isDefault": true, "children": groups});
    serde_json::json!({"connections": [{"portals": [{"userGroups": [all], "assets": assets, "users": [member]}]}]})
        .to_string()
}

#[test]
fn thirty_partners_and_two_hundred_assets_take_three_hundred_lines() {
    let hub = Hub::seeded(&seed());
    let case = Case::on(&hub);
    let files = manifest();
    for (path, text) in &files {
        case.write(path, text);
    }
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    assert!(lines <= 300, "{lines} lines");
    let plan = ["plan", "-f", "portal.yaml", "--detailed-exitcode"];
    case.run(&plan).exits(0);

    // A partner comes: one new file.
    let newcomer = fragment("  userGroups:\n    - {name: Partner New, joins: [payments]}\n");
    case.write("partners/new.yaml", newcomer);
    let comes = case.run(&plan).exits(2);
    assert!(comes.stdout.contains("Plan: 1 to add, 29 to change, 0 to delete."), "{comes}");
    case.write("partners/new.yaml", fragment("  userGroups: []\n"));

    // A partner goes: one line in one file.
    let [first, second] = audiences_of(7);
    let stays = format!("{{name: {}, joins: [{first}, {second}]}}", partner(7));
    let goes = format!("{{name: {}, state: absent, disableMembers: true}}", partner(7));
    let partners = case.read("partners/partners.yaml");
    assert!(partners.contains(&stays));
    case.write("partners/partners.yaml", partners.replace(&stays, &goes));
    let offboarded = case.run(&plan).exits(2);
    let sees = (0..ASSETS).filter(|number| audiences_of(7).contains(&AUDIENCES[number % AUDIENCES.len()])).count();
    let summary = format!("Plan: 0 to add, {} to change, 1 to delete.", sees + 1);
    assert!(offboarded.stdout.contains(&summary), "{summary}\n{offboarded}");
    assert!(offboarded.stdout.contains("enabled: true → false"), "{offboarded}");
}
