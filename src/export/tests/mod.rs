//! Exports that are loaded and planned on the very state that they came from.

mod assets;
mod groups;
mod members;
mod portal;
mod pulled;
mod random;
mod split;

use std::collections::BTreeMap;

use portal::{Portal, Shape};

use super::{Exported, Options, export};
use crate::address::Kind;
use crate::diagnostic::render;
use crate::manifest::format::format;
use crate::manifest::load::{LoadOptions, Loaded, load};
use crate::manifest::model::Instances;
use crate::manifest::schema::schema;
use crate::plan::{Plan, make};
use crate::state::LiveState;

/// Everything in one file.
fn whole(members: bool) -> Options {
    Options { name: Some("developer-portal".to_owned()), members, ..Options::default() }
}

fn loaded(text: &str) -> Loaded {
    loaded_with(text, &BTreeMap::new())
}

fn loaded_with(text: &str, fragments: &BTreeMap<String, String>) -> Loaded {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let portal = folder.path().join("exported");
    let files: Vec<_> = fragments.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    crate::files::write_folder(&portal, files.into_iter().chain([("portal.yaml", text)]), false)
        .expect("files can be written");
    let options = LoadOptions { environment: &|_| None, working_directory: folder.path().to_owned() };
    load(&["exported/portal.yaml".into()], &options)
}

/// Plans a manifest on a state.
fn planned(text: &str, live: &LiveState) -> Result<Plan, String> {
    planned_with(text, &BTreeMap::new(), live)
}

fn planned_with(text: &str, fragments: &BTreeMap<String, String>, live: &LiveState) -> Result<Plan, String> {
    let loaded = loaded_with(text, fragments);
    if loaded.has_errors() {
        return Err(format!("{text}\n{}", render(&loaded.diagnostics, &loaded.sources, false)));
    }
    let [manifest] = loaded.manifests.as_slice() else { return Err(format!("{text}\nthis is no single Portal")) };
    make(crate::plan::Request { show_unmanaged: true, ..crate::plan::Request::new(manifest, live) }).map_err(
        |failure| {
            let diagnostics: Vec<_> = failure.faults.into_iter().chain(failure.refusals).collect();
            format!("{text}\n{}", render(&diagnostics, &loaded.sources, false))
        },
    )
}

/// Everything that holds of any export.
fn check(live: &LiveState, options: &Options) -> Result<(Exported, Plan), String> {
    let exported = export(live, options);
    if exported != export(live, options) {
        return Err("the same state gave different bytes".to_owned());
    }
    for text in exported.fragments.values().chain([&exported.manifest]) {
        check_text(text)?;
    }
    if exported.notices.iter().any(|notice| notice.contains(char::is_control)) {
        return Err(format!("{:?} holds what acts on a terminal", exported.notices));
    }
    let plan = planned_with(&exported.manifest, &exported.fragments, live)?;
    if !plan.changes.is_empty() {
        return Err(format!("{}\n{:?}\nwould change: {:#?}", exported.manifest, exported.fragments, plan.changes));
    }
    Ok((exported, plan))
}

/// One file of an export, by itself.
fn check_text(text: &str) -> Result<(), String> {
    match format(text) {
        Ok(formatted) if formatted == *text => {}
        Ok(formatted) => return Err(format!("not in canonical form:\n{text}\nbut:\n{formatted}")),
        Err(faults) => return Err(format!("{text}\ncannot be formatted: {faults:?}")),
    }
    let hostile = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(hostile) {
        return Err(format!("{text:?} holds what acts on a terminal"));
    }
    Ok(())
}

/// An export that says everything.
#[track_caller]
fn complete(live: &LiveState) -> String {
    let (exported, plan) = check(live, &whole(true)).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(exported.notices, Vec::<String>::new(), "{}", exported.manifest);
    for (kind, unmanaged) in &plan.unmanaged {
        assert!(*kind == Kind::Prospects || unmanaged.count == 0, "{kind}: {:?}", unmanaged.addresses);
    }
    exported.manifest
}

/// An export that leaves something out: the text and the notices.
#[track_caller]
fn partial(live: &LiveState) -> (String, String) {
    let (exported, _) = check(live, &whole(true)).unwrap_or_else(|fault| panic!("{fault}"));
    (exported.manifest, exported.notices.join("\n"))
}

/// The lines of a section of `spec`, with the comments above it.
fn section(text: &str, key: &str) -> String {
    let sections: Vec<&str> = text.split("\n\n").collect();
    let heading = format!("  {key}:");
    let found = sections.iter().find(|section| section.lines().any(|line| line.starts_with(&heading)));
    found.map(|section| section.trim_end().to_owned()).unwrap_or_default()
}

fn nice() -> Portal {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.provider("p-okta", "Okta").provider("p-saml", "Corporate SAML");
    portal
        .group("g1", "API Developers", None)
        .describe("Users who can create applications")
        .map("p-okta", "api-developers");
    portal.group("g2", "Gold Tier", Some("g1"));
    portal.group("g3", "Partner Acme", None).describe("Acme: partner since 2024").map("p-saml", "CN=Acme,OU=Partners");
    portal.group("g4", "Partner Zephyr", None);
    portal.business_group(FINANCE, "Finance");
    portal.asset(FINANCE, "payment-api", Instances::Public, &[("v1", &["members"]), ("v2", &["g2", "g3", "g4"])]);
    portal.asset(
        FINANCE,
        "ledger-api",
        Instances::Public,
        &[("v1", &[]), ("v2", &[]), ("v3", &["g2", "g3", "g4", "admins"])],
    );
    portal.asset(FINANCE, "invoices", Instances::Public, &[("v1", &["g2", "g3", "g4"])]);
    portal.asset("com.example", "rates", Instances::All, &[("v1", &["g3"]), ("v2", &["g3"]), ("v10", &["g3"])]);
    portal.asset("com.example", "odd", Instances::Custom, &[("1.0", &["guests"])]);
    portal.member("m1", "jane", "jane@example.com", &["g1", "members"]);
    portal.member("m2", "root", "root@example.com", &["admins"]);
    portal.member("m3", "bob", "bob@acme.example", &["g3", "members"]).disable();
    portal.prospect("x1", "eve@nowhere.example").prospect("x2", "mallory@nowhere.example");
    portal
}

const FINANCE: &str = "f1b2c3d4-0000-4000-8000-000000000001";

#[test]
fn an_export_reads_as_if_a_person_had_written_it() {
    insta::assert_snapshot!(complete(&nice().live), @r##"
    # yaml-language-server: $schema=schemas/portal.schema.json
    #
    # What the portal `Developer Portal` held when it was exported.
    # What stands here is kept as it is; what does not is left alone.
    apiVersion: aehctl.io/v1alpha1
    kind: Portal
    metadata: {name: developer-portal}
    spec:
      target:
        region: us
        organization: Example Corp
        connection: example.my.salesforce.com
        environment: PRODUCTION
        # or its id, should another one get this name: 0DB000000000001
        portal: Developer Portal

      identityProviders: {corporate-saml: Corporate SAML, okta: Okta}

      # Sets of groups that several versions share, named after their groups.
      audiences:
        gold-tier-and-2-more: [Gold Tier, Partner Acme, Partner Zephyr]

      # What an asset shows if its entry does not say so.
      defaults: {assets: {instances: Public}}

      userGroups:
        - name: API Developers
          description: Users who can create applications
          idpGroups: [{provider: okta, group: api-developers}]
          children:
            - name: Gold Tier
        - name: Partner Acme
          description: "Acme: partner since 2024"
          idpGroups: [{provider: corporate-saml, group: "CN=Acme,OU=Partners"}]
        - name: Partner Zephyr

      # Administrators keep what they see: their group stays where it is, and is not listed here.
      # "*": [] shows the versions that are not listed to nobody, and those that appear later neither.
      # "*" with groups shows them every other version, and those that appear later: where that is too much,
      # list the versions one by one.
      assets:
        - {asset: Finance/invoices, versions: {v1: [audience:gold-tier-and-2-more]}}
        - {asset: Finance/ledger-api, versions: {v3: [audience:gold-tier-and-2-more], "*": []}}
        - {asset: Finance/payment-api, versions: {v1: [system:members], v2: [audience:gold-tier-and-2-more]}}
        - {asset: com.example/odd, instances: Custom, versions: {"1.0": [system:guests]}}
        - {asset: com.example/rates, instances: All, versions: {"*": [Partner Acme]}}

      # Groups that everyone is in are kept by themselves, and not listed here.
      members:
        - {user: bob, userGroups: [Partner Acme], enabled: false}
        - {user: jane, userGroups: [API Developers]}
        - {user: root, userGroups: [system:administrators]}

      # 2 pending sign-ups wait for a decision: rules for them go under `prospects`.
    "##);
}

#[test]
fn an_export_says_nothing_that_editors_or_the_loader_doubt() {
    let text = complete(&nice().live);
    assert_eq!(loaded(&text).diagnostics, []);
    let document: serde_json::Value = serde_saphyr::from_str(&text).expect("the export is YAML");
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    let faults: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn all_shapes_of_the_built_in_groups_are_exported_alike() {
    let texts = Shape::ALL.map(|shape| {
        let mut portal = Portal::new(shape);
        portal.group("g1", "API Developers", None).group("g2", "Gold Tier", Some("g1"));
        portal.asset("com.example", "rates", Instances::Public, &[("v1", &["g2"]), ("v2", &["g1", "admins"])]);
        portal.member("m1", "jane", "jane@example.com", &["g2"]);
        complete(&portal.live)
    });
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);
    assert!(!texts[0].contains("parent:"), "a place that all groups share is found by the resolver:\n{}", texts[0]);
}

#[test]
fn what_is_exported_is_managed() {
    type Drift = fn(&mut Portal);
    let portal = nice();
    let text = complete(&portal.live);
    let drifts: [(&str, Drift); 7] = [
        ("description", |portal| portal.live.user_groups[3].description = Some("other".to_owned())),
        ("mapping", |portal| portal.map_group("g1", "p-saml", "more", false)),
        ("audience", |portal| portal.asset(FINANCE, "invoices", Instances::Public, &[("v1", &["g2", "g3"])])),
        ("instances", |portal| portal.asset(FINANCE, "invoices", Instances::All, &[("v1", &["g2", "g3", "g4"])])),
        ("later version", |portal| {
            portal.asset("com.example", "rates", Instances::All, &[("v1", &["g3"]), ("v2", &["g3"]), ("v11", &["g1"])]);
        }),
        ("membership", |portal| {
            portal.last_member().user_groups.get_or_insert_default().insert("g4".into());
        }),
        ("disabled", |portal| portal.last_member().is_active = Some(true)),
    ];
    for (what, drift) in drifts {
        let mut drifted = portal.clone();
        drift(&mut drifted);
        let plan = planned(&text, &drifted.live).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(plan.changes.len(), 1, "{what}");
    }
}

#[test]
fn a_large_portal_fits_on_a_few_pages() {
    let mut portal = Portal::new(Shape::Nested);
    portal.provider("p-okta", "Okta").business_group(FINANCE, "Finance");
    let ids: Vec<String> = (1..=30).map(|number| format!("g{number}")).collect();
    for (number, id) in ids.iter().enumerate() {
        let name = format!("Partner {:02}", number + 1);
        portal.group(id, &name, None).describe("A partner since 2024").map("p-okta", &name);
    }
    let audiences: Vec<Vec<&str>> =
        (1..=7).map(|step| ids.iter().step_by(step).map(String::as_str).chain(["admins"]).collect()).collect();
    let versions = ["v1", "v2", "v3", "v4", "v5"];
    for number in 0..200 {
        let audience = audiences[number % 7].as_slice();
        let visible: Vec<(&str, &[&str])> = versions.iter().map(|version| (*version, audience)).collect();
        portal.asset(FINANCE, &format!("shipment-api-{number}"), Instances::Public, &visible[..=number % 5]);
    }
    let text = complete(&portal.live);
    let lines = text.lines().count();
    assert!((300..=400).contains(&lines), "{lines} lines:\n{text}");
}

#[test]
fn lines_of_every_length_are_in_canonical_form() {
    for length in 26..=92 {
        for name in ["x".repeat(length), "é".repeat(length / 2), format!("{} 🦀", "-x".repeat(length / 2))] {
            let mut portal = Portal::new(Shape::Nested);
            portal.provider("p1", &name).group("g1", &name, None).describe(&name).map("p1", &name).map("p1", "y");
            for number in 0..3 {
                portal.asset("x.y", &format!("a{number}"), Instances::Custom, &[("v1", &["g1", "guests"])]);
            }
            portal.member("m1", &name, "jane@example.com", &["g1"]).disable();
            complete(&portal.live);
        }
    }
}

#[test]
fn hostile_text_stays_in_its_comment() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.live.portal.name = "x\nspec: {}\u{2028}y\u{1b}[2J\u{202e}".to_owned();
    for (number, name) in
        ["a\nb: c", "::add-mask::x\r", "\u{1b}]0;title\u{7}", "##vso[task.complete]", "\u{ffff}"].iter().enumerate()
    {
        // Twice, so that they are left out and told of.
        portal.group(&format!("a{number}"), name, None).group(&format!("b{number}"), name, None);
    }
    let (text, notices) = partial(&portal.live);
    assert!(!text.contains(['\u{1b}', '\r', '\u{7}', '\u{2028}', '\u{202e}']), "{text:?}");
    assert!(!text.contains("##vso["), "{text:?}");
    assert!(!notices.contains("##vso["), "{notices:?}");
    assert_eq!(text.lines().filter(|line| line.trim_start().starts_with("spec:")).count(), 1, "{text}");
}

#[test]
fn what_was_not_read_is_left_out() {
    let mut portal = nice();
    portal.live.assets = None;
    portal.live.members = None;
    portal.live.identity_providers = None;
    let (text, notices) = partial(&portal.live);
    assert!(!text.contains("assets:") && !text.contains("members:") && !text.contains("idpGroups:"), "{text}");
    assert!(notices.contains("the assets were not read") && notices.contains("the members were not read"), "{notices}");
    assert!(notices.contains("user group `API Developers`: its mappings"), "{notices}");
}

#[test]
fn the_target_says_what_is_known() {
    let mut portal = Portal::new(Shape::SideBySide);
    let live = &mut portal.live.portal;
    live.region = Some("mars".to_owned());
    live.organization = None;
    live.connection.domain = None;
    live.connection.environment = Some("STAGING".to_owned());
    live.name = " ".to_owned();
    let text = complete(&portal.live);
    assert_eq!(
        section(&text, "target").lines().skip_while(|line| !line.contains("target:")).collect::<Vec<_>>(),
        ["  target:", "    connection: conn-001", "    portal: 0DB000000000001"]
    );
}

#[test]
fn a_manifest_of_nothing_is_a_manifest() {
    let mut portal = Portal::new(Shape::SideBySide);
    portal.prospect("x1", "eve@nowhere.example");
    let live = &mut portal.live.portal;
    *live = crate::state::LivePortal {
        organization: None,
        connection: crate::state::LiveConnection {
            id: String::new(),
            domain: None,
            environment: None,
            organization_id: None,
            default_provider: None,
        },
        name: String::new(),
        id: String::new(),
        target_portal_id: None,
        internal_portal_id: None,
        path_id: String::new(),
        region: None,
        emulator: true,
    };
    let text = complete(&portal.live);
    assert!(text.contains("\nspec: {}\n"), "{text}");
}

#[test]
fn the_portal_gets_a_name_in_any_case() {
    for (wanted, portal, expected) in
        [("prod", "x", "prod"), ("a\nb", "x", "ab"), (" ", "My Portal", "my-portal"), ("", "*", "portal")]
    {
        assert_eq!(super::metadata_name(wanted, portal), expected);
    }
}
