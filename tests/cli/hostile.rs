//! Names that want to be more than names: they do nothing in any output, and are told exactly in data.

use serde_json::{Value, json};

use crate::support::{Case, Hub, portal};

/// What a name may try, with the thing that must not come through.
const NAMES: [&str; 16] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}Clear",
    "Right \u{202e}tfel ot\u{2066}",
    "Zero\u{200b}\u{feff}width\u{2028}line",
    "</details></table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "@everyone look",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "::add-mask::Support",
    "two\n::error::lines\r\n::stop-commands::x",
    "##vso[task.setvariable variable=x]y",
    "=HYPERLINK(\"http://evil.example\")",
    "| a | b |\n|---|---|",
    "```\n# heading\n```",
    "C1\u{9b}31m\u{85}next",
    "#1 GH-2 \u{1f69a} https://evil.example",
    "'; DROP TABLE \"user_groups\"; -- %s %n {{x}} ${AEHCTL_VAR_X} \\",
];

/// The id of an object of the seed.
fn id(kind: &str, index: usize) -> String {
    format!("{kind}0000009-0000-4000-8000-{index:012}")
}

/// The demo's portal with hostile names wherever a portal holds names.
fn seed() -> String {
    let group = |index: usize, name: &str| {
        json!({
            "id": id("a", index + 10), "name": name, "description": format!("about {name}"),
            "groupMappings": [{"provider_id": "okta-id", "external_group_name": format!("idp {name}")}],
        })
    };
    let indexed = || NAMES.iter().copied().enumerate();
    let entry = |index: usize, name: &str| {
        json!({
            "groupId": "com.example", "assetId": format!("asset-{index}"), "name": name, "type": name,
            "description": name, "versions": ["v1"], "tags": [name],
        })
    };
    let asset = |index: usize, name: &str| {
        json!({
            "groupId": "com.example", "assetId": format!("asset-{index}"), "name": name,
            "instanceVisibility": "Public",
            "minorVersionProfilesVisibility": [{"minorVersion": "v1", "profileVisibility": [id("a", index + 10)]}],
        })
    };
    let user = |index: usize, name: &str| {
        json!({
            "id": id("e", index), "name": name, "email": format!("{name}@evil.example"),
            "username": format!("{name} {index}"), "userGroupIds": [id("a", 3), id("a", index + 10)],
        })
    };
    let prospect = |index: usize, name: &str| {
        json!({
            "id": id("f", index), "firstName": name, "lastName": name, "email": format!("{name}@prospect.example"),
            "username": format!("{name} p{index}"), "status": "PENDING",
        })
    };
    let list =
        |make: &dyn Fn(usize, &str) -> Value| indexed().map(|(index, name)| make(index, name)).collect::<Vec<_>>();
    json!({
        "organization": {"id": id("0", 1), "name": NAMES[8], "businessGroups": [{"id": id("0", 2), "name": NAMES[3]}]},
        "identityProviders": [{"provider_id": "okta-id", "name": NAMES[5], "type": "openid"}],
        "exchangeAssets": list(&entry),
        "connections": [{
            "id": "conn-001", "targetOrganizationDomain": "evil.my.salesforce.com", "environment": "PRODUCTION",
            "portals": [{
                "id": id("b", 1), "name": NAMES[8],
                "userGroups": [{"id": id("a", 3), "name": NAMES[0].to_owned() + "Members", "isDefault": true, "children": list(&group)}],
                "assets": list(&asset), "users": list(&user), "prospects": list(&prospect),
            }],
        }],
    })
    .to_string()
}

/// A text in YAML, with escapes for what may not stand in a file, and without variables.
fn quoted(text: &str) -> String {
    let escape = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        '$' => "$$".to_owned(),
        ' '..='~' => character.to_string(),
        other => format!("\\U{:08X}", u32::from(other)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// A manifest that touches all of them.
fn manifest() -> String {
    let all = 0..NAMES.len();
    let renamed = |index: usize| quoted(&format!("{} {index}", NAMES[index].replace(char::is_control, "")));
    let mut lines = vec!["  userGroups:".to_owned()];
    lines.extend(all.clone().map(|index| {
        let (renamed, name) = (renamed(index), quoted(NAMES[index]));
        format!("  - {{name: {renamed}, formerly: [{name}], description: {name}, idpGroups: []}}")
    }));
    lines.push("  assets:".to_owned());
    lines.extend(all.clone().map(|index| {
        let groups = format!("{}, {}", renamed(index), renamed((index + 1) % NAMES.len()));
        format!("  - {{asset: com.example/asset-{index}, instances: All, versions: {{v1: [{groups}]}}}}")
    }));
    lines.push("  members:".to_owned());
    lines.extend(all.clone().map(|index| format!("  - {{user: {}, enabled: false}}", id("e", index))));
    lines.extend(all.map(|index| {
        let nobody = renamed(index).replacen('"', "\"nobody ", 1);
        format!("  - {{user: {nobody}, enabled: false}}")
    }));
    lines.push("  prospects: [{emailDomain: prospect.example, reject: true}]\n".to_owned());
    portal(&lines.join("\n"))
}

/// What no terminal and no pipeline may get to see.
#[track_caller]
fn assert_inert(what: &str, text: &str) {
    let acts = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(|character| acts(*character)), None, "{what} holds a character that acts:\n{text:?}");
    for line in text.lines() {
        let start = line.trim_start();
        // A pipeline's command has its name right after the colons.
        let is_command = start.starts_with("::") && !start.starts_with("::: ");
        assert!(!is_command, "{what} commands the pipeline: {line:?}");
        assert!(!line.contains("##vso[") && !line.contains("##["), "{what} commands the pipeline: {line:?}");
    }
}

/// What Markdown may hold besides.
#[track_caller]
fn assert_inert_markdown(what: &str, text: &str) {
    assert_inert(what, text);
    let text = text.to_lowercase();
    for acts in ["<script", "<img", "@everyone", "</table"] {
        assert!(!text.contains(acts), "{what} holds {acts}:\n{text}");
    }
    // Within a fence nothing is Markdown.
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        for acts in ["](javascript", "![x]", "https://evil"] {
            assert!(fenced || !line.contains(acts), "{what} holds {acts}:\n{text}");
        }
    }
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count(), "{what}");
    assert_eq!(text.lines().filter(|line| line.starts_with("```")).count() % 2, 0, "{what}");
    assert!(!text.lines().any(|line| line == "# heading"), "{what}");
}

#[test]
fn no_output_acts_on_them() {
    let hub = Hub::seeded(&seed());
    let case = Case::on(&hub);
    case.write("portal.yaml", manifest());
    // Most of the groups go, and that is refused before anything else is said.
    let refused = case.run(&["plan", "-f", "portal.yaml", "--show-unmanaged"]).exits(3);
    assert_inert("the refused plan", &refused.all());
    let enough = ["--max-deletes", "100%", "--max-access-loss", "100%"];
    let out = ["plan", "-f", "portal.yaml", "--show-unmanaged", "--out", "plan.json"];
    let plan = case.run(&[&out[..], &enough].concat()).exits(0);
    assert!(plan.stdout.contains("Plan: 0 to add, 48 to change, 32 to delete."), "{plan}");
    assert_inert("the plan", &plan.all());
    let verbose = ["-vvv", "plan", "-f", "portal.yaml", "--max-deletes", "100%", "--max-access-loss", "100%"];
    assert_inert("the verbose plan", &case.run(&verbose).exits(0).all());
    assert_inert("the log", &case.run(&[&["--log-format", "json"], &verbose[..]].concat()).exits(0).all());
    let markdown = case.run(&["show", "plan.json", "--format", "markdown"]).exits(0);
    assert_inert_markdown("the plan's Markdown", &markdown.all());
    let page = case.run(&["show", "plan.json", "--format", "html", "--access-names", "5"]).exits(0);
    assert_inert("the plan's page", &page.all());
    assert_eq!(page.stdout.to_lowercase().matches("<script").count(), 2, "the page's own data and script: {page}");
    for acts in ["<img", "<!--", "href=\"javascript", "</details></table>"] {
        assert!(!page.stdout.contains(acts), "the page holds {acts}:\n{page}");
    }
    let json = case.run(&["show", "plan.json", "--format", "json"]).exits(0);
    assert_inert("the plan's JSON", &json.all());
    let told = json.json().to_string();
    for name in NAMES {
        let exact = serde_json::to_string(name).expect("text is JSON");
        assert!(told.contains(exact.trim_matches('"')), "the data is exact: {exact}");
    }
    for arguments in [
        &["get", "portals"][..],
        &["get", "user-groups"],
        &["get", "idp-mappings"],
        &["get", "assets"],
        &["get", "exchange"],
        &["get", "members"],
        &["get", "prospects"],
        &["get", "identity-providers"],
        &["get", "business-groups"],
        &["get", "asset", "com.example/asset-3"],
        &["get", "member", "e0000009-0000-4000-8000-000000000008"],
    ] {
        assert_inert(&format!("{arguments:?}"), &case.run(arguments).exits(0).all());
        let json = case.run(&[&["--format", "json"], arguments].concat()).exits(0);
        assert_inert(&format!("{arguments:?} as JSON"), &json.all());
        json.json();
    }
    let exported = case.run(&["export", "--members"]).exits(0);
    assert_inert("the exported manifest", &exported.all());
    case.write("exported.yaml", &exported.stdout);
    case.run(&["plan", "-f", "exported.yaml", "--detailed-exitcode"]).exits(0);
    // A plan says what was there: what is written between planning and applying is told as it is found.
    let words = [
        "--auto-approve",
        "--allow",
        "approve,reject,delete,enable,leave-custom",
        "--max-deletes",
        "100%",
        "--max-access-loss",
        "100%",
    ];
    let applied = case.run(&[&["apply", "-f", "portal.yaml"], &words[..]].concat()).exits(0);
    assert_inert("the report", &applied.all());
    let again = case.run(&["plan", "-f", "portal.yaml", "--detailed-exitcode"]).exits(0);
    assert_inert("the second plan", &again.all());
    let stale = case.run(&[&["apply", "plan.json"], &words[..]].concat()).exits(0);
    assert_inert("what is done already", &stale.all());
}

#[test]
fn no_error_acts_on_them() {
    let hub = Hub::seeded(&seed());
    let case = Case::on(&hub);
    for name in NAMES {
        let quoted = quoted(name);
        case.write("portal.yaml", portal(&format!("  audiences: {{x: [{quoted}, \"not {}]}}\n  assets: [{{asset: com.example/asset-1, versions: {{v1: ['audience:x']}}}}]\n", &quoted[1..])));
        assert_inert("a fault online", &case.run(&["plan", "-f", "portal.yaml"]).exits(1).all());
        case.write(
            "portal.yaml",
            portal(&format!("  userGroups: [{{name: {quoted}, colour: {quoted}}}, {{name: {quoted}}}]\n")),
        );
        assert_inert("a fault", &case.run(&["validate", "-f", "portal.yaml"]).exits(1).all());
        assert_inert(
            "a fault as JSON",
            &case.run(&["validate", "--format", "json", "-f", "portal.yaml"]).exits(1).all(),
        );
        for arguments in [
            &["get", "member", name][..],
            &["get", "members", "--portal", name],
            &["get", "members", "--connection", name],
            &["get", "asset", name],
            &["get", "idp-mappings", "--user-group", name],
            &["plan", "-f", name],
            &["show", name],
            &["--host", name, "schema"],
            &["validate", "-f", "portal.yaml", "--name", name],
        ] {
            assert_inert(&format!("{arguments:?}"), &case.run(arguments).all());
        }
    }
}
