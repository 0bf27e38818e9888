//! Exports that are loaded and planned on the very state that they came from.

mod portal;
mod random;

use std::collections::BTreeSet;

use portal::{Portal, Shape};

use super::{Exported, Options, export};
use crate::diagnostic::render;
use crate::manifest::format::format;
use crate::manifest::load::{LoadOptions, Loaded, load};
use crate::manifest::model::Instances;
use crate::plan::{Plan, make};
use crate::state::{GroupFlags, LiveState};

const EVERYTHING: bool = true;

fn exported(live: &LiveState, members: bool) -> Exported {
    export(live, &Options { name: "developer-portal".to_owned(), members })
}

fn loaded(text: &str) -> Loaded {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("portal.yaml"), text).expect("a file can be written");
    let options = LoadOptions { environment: &|_| None, working_directory: folder.path().to_owned() };
    load(&["portal.yaml".into()], &options)
}

/// Plans a manifest on a state.
fn planned(text: &str, live: &LiveState) -> Result<Plan, String> {
    let loaded = loaded(text);
    if loaded.has_errors() {
        return Err(format!("{text}\n{}", render(&loaded.diagnostics, &loaded.sources, false)));
    }
    let [manifest] = loaded.manifests.as_slice() else { return Err(format!("{text}\nthis is no single Portal")) };
    make(manifest, live, BTreeSet::new(), true).map_err(|failure| {
        let diagnostics: Vec<_> = failure.faults.into_iter().chain(failure.refusals).collect();
        format!("{text}\n{}", render(&diagnostics, &loaded.sources, false))
    })
}

/// Everything that holds of any export.
fn check(live: &LiveState, members: bool) -> Result<(Exported, Plan), String> {
    let exported = exported(live, members);
    let text = &exported.manifest;
    if *text != self::exported(live, members).manifest {
        return Err("the same state gave different bytes".to_owned());
    }
    match format(text) {
        Ok(formatted) if formatted == *text => {}
        Ok(formatted) => return Err(format!("not in canonical form:\n{text}\nbut:\n{formatted}")),
        Err(faults) => return Err(format!("{text}\ncannot be formatted: {faults:?}")),
    }
    let hostile = |character: char| {
        (character.is_control() && character != '\n') || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(hostile) || exported.notices.iter().any(|notice| notice.contains(char::is_control)) {
        return Err(format!("{text:?} or {:?} holds what acts on a terminal", exported.notices));
    }
    let plan = planned(text, live)?;
    if !plan.changes.is_empty() {
        return Err(format!("{text}\nwould change: {:#?}", plan.changes));
    }
    Ok((exported, plan))
}

/// An export that says everything.
#[track_caller]
fn complete(live: &LiveState) -> String {
    let (exported, plan) = check(live, EVERYTHING).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(exported.notices, Vec::<String>::new(), "{}", exported.manifest);
    for (kind, unmanaged) in &plan.unmanaged {
        let pending = *kind == crate::address::Kind::Prospects;
        assert!(pending || unmanaged.count == 0, "{kind}: {:?}", unmanaged.addresses);
    }
    exported.manifest
}

/// An export that leaves something out: the text and the notices.
#[track_caller]
fn partial(live: &LiveState) -> (String, String) {
    let (exported, _) = check(live, EVERYTHING).unwrap_or_else(|fault| panic!("{fault}"));
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
    portal.group("g1", "API Developers", None).describe("Users who can create applications").map("p-okta", "api-developers");
    portal.group("g2", "Gold Tier", Some("g1"));
    portal.group("g3", "Partner Acme", None).describe("Acme: partner since 2024").map("p-saml", "CN=Acme,OU=Partners");
    portal.group("g4", "Partner Zephyr", None);
    portal.business_group(FINANCE, "Finance");
    portal.asset(FINANCE, "payment-api", Instances::Public, &[("v1", &["members"]), ("v2", &["g2", "g3", "g4"])]);
    portal.asset(FINANCE, "ledger-api", Instances::Public, &[("v1", &[]), ("v2", &[]), ("v3", &["g2", "g3", "g4", "admins"])]);
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
