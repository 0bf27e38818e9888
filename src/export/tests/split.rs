//! Manifests in several files, and parts of them.

use super::portal::{Portal, Shape};
use super::{FINANCE, check, nice, whole};
use crate::export::{Exported, Options, Part, Selection, Split};
use crate::manifest::model::Instances;

#[track_caller]
fn checked(portal: &Portal, options: &Options) -> Exported {
    check(&portal.live, options).unwrap_or_else(|fault| panic!("{fault}")).0
}

fn split(split: Split) -> Options {
    Options { split: Some(split), ..whole(true) }
}

fn selected(only: &[Part], filters: &[&str]) -> Options {
    let filters = filters.iter().map(|text| text.parse().expect("it is a pattern")).collect();
    Options { selection: Selection { only: only.iter().copied().collect(), filters }, ..whole(true) }
}

fn paths(exported: &Exported) -> Vec<&str> {
    exported.fragments.keys().map(String::as_str).collect()
}

#[test]
fn each_business_group_has_a_file_of_its_own() {
    let exported = checked(&nice(), &split(Split::BusinessGroup));
    assert_eq!(paths(&exported), ["assets/com-example.yaml", "assets/finance.yaml"]);
    insta::assert_snapshot!(exported.fragments["assets/finance.yaml"], @r##"
    # yaml-language-server: $schema=../schemas/portal.schema.json
    #
    # Assets of `Finance` in the portal `Developer Portal`, as they were when it was exported.
    # What stands here is kept as it is; what does not is left alone.
    apiVersion: aehctl.io/v1alpha1
    kind: PortalFragment
    metadata: {name: finance}
    spec:
      # What an asset shows if its entry does not say so.
      defaults: {assets: {instances: Public}}

      # Administrators keep what they see: their group stays where it is, and is not listed here.
      # "*": [] shows the versions that are not listed to nobody, and those that appear later neither.
      assets:
        - {asset: Finance/invoices, versions: {v1: [audience:gold-tier-and-2-more]}}
        - {asset: Finance/ledger-api, versions: {v3: [audience:gold-tier-and-2-more], "*": []}}
        - {asset: Finance/payment-api, versions: {v1: [system:members], v2: [audience:gold-tier-and-2-more]}}
    "##);
    assert!(exported.manifest.contains("  include: [assets]\n"), "{}", exported.manifest);
    assert!(exported.manifest.contains("\n  audiences:\n") && exported.manifest.contains("\n  userGroups:\n"));
    assert!(exported.manifest.contains("\n  members:\n") && !exported.manifest.contains("\n  assets:\n"));
}

#[test]
fn each_kind_has_a_file_of_its_own() {
    let exported = checked(&nice(), &split(Split::Kind));
    assert_eq!(paths(&exported), ["assets.yaml", "user-groups.yaml"]);
    assert!(exported.manifest.contains("  include: [user-groups.yaml, assets.yaml]\n"), "{}", exported.manifest);
    assert!(exported.manifest.contains("\n  members:\n"), "a fragment takes no members");
    assert!(!exported.manifest.contains("\n  userGroups:\n") && !exported.manifest.contains("\n  assets:\n"));
    insta::assert_snapshot!(exported.fragments["user-groups.yaml"], @r#"
    # yaml-language-server: $schema=schemas/portal.schema.json
    #
    # User groups in the portal `Developer Portal`, as they were when it was exported.
    # What stands here is kept as it is; what does not is left alone.
    apiVersion: aehctl.io/v1alpha1
    kind: PortalFragment
    metadata: {name: user-groups}
    spec:
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
    "#);
}

#[test]
fn what_is_not_there_has_no_file() {
    for how in [Split::BusinessGroup, Split::Kind] {
        let exported = checked(&Portal::new(Shape::Nested), &split(how));
        assert_eq!(paths(&exported), Vec::<&str>::new());
        assert!(!exported.manifest.contains("include"), "{}", exported.manifest);
    }
}

#[test]
fn names_that_collide_or_are_hostile_become_files_beside_each_other() {
    let mut portal = Portal::new(Shape::Nested);
    portal.group("g1", "Gold", None);
    let names = ["Finance", "finance!", "FINANCE", "../../etc/passwd", "CON", "日本", "語", "a\n\u{202e}b", "-", ""];
    for (number, name) in names.iter().enumerate() {
        let id = format!("f1b2c3d4-0000-4000-8000-00000000000{number}");
        portal.business_group(&id, name);
        portal.asset(&id, "api", Instances::Public, &[("v1", &["g1"])]);
    }
    let exported = checked(&portal, &split(Split::BusinessGroup));
    let files: Vec<&str> = paths(&exported).into_iter().map(|path| path.trim_start_matches("assets/")).collect();
    assert_eq!(
        files,
        [
            "a-b.yaml",
            "business-group-2.yaml",
            "business-group-3.yaml",
            "business-group.yaml",
            "con-2.yaml",
            "etc-passwd.yaml",
            // A business group without a name goes by its id.
            "f1b2c3d4-0000-4000-8000-000000000009.yaml",
            "finance-2.yaml",
            "finance-3.yaml",
            "finance.yaml",
        ]
    );
}

#[test]
fn one_kind_alone_can_be_exported() {
    let exported = checked(&nice(), &selected(&[Part::UserGroups], &[]));
    assert!(exported.manifest.contains("Some of what the portal"), "{}", exported.manifest);
    assert!(exported.manifest.contains("identityProviders:") && exported.manifest.contains("userGroups:"));
    assert!(["audiences:", "assets:", "members:"].iter().all(|key| !exported.manifest.contains(key)));
    let exported = checked(&nice(), &selected(&[Part::Assets, Part::Members], &[]));
    assert!(!exported.manifest.contains("  userGroups:\n") && !exported.manifest.contains("identityProviders:"));
    assert!(exported.manifest.contains("assets:") && exported.manifest.contains("members:"));
}

#[test]
fn what_goes_by_a_name_can_be_exported_alone() {
    let exported = checked(&nice(), &selected(&[], &["finance/*", "gold tier"]));
    assert_eq!(exported.count, 4, "{}", exported.manifest);
    assert!(!exported.manifest.contains("identityProviders"), "no group with a mapping is meant");
    assert!(exported.manifest.contains("parent: API Developers"), "its parent is not: {}", exported.manifest);
    let by_id = checked(&nice(), &selected(&[], &[&format!("{FINANCE}/*")]));
    assert_eq!(by_id.count, 3, "{}", by_id.manifest);
    assert_eq!(checked(&nice(), &selected(&[], &["JANE@example.com"])).count, 1, "a member by email");
    assert_eq!(checked(&nice(), &selected(&[], &["nobody"])).count, 0);
}
