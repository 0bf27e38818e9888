//! One Portal promoted to another: what both say, what one says, and what is no matter of a promotion.

use std::fmt::Write as _;

use super::{Repository, fragment, portal};
use crate::address::Kind;
use crate::manifest::model::{
    Asset, AssetState, AudienceItem, GroupReference, Manifest, Parent, ProspectDecision, UserGroup, VersionAudience,
};
use crate::manifest::promote::{Promotion, promote};

/// Promotes a Portal with the first `spec` to one with the second; both may include `catalog/`.
fn promotion(from: &str, to: &str) -> Promotion {
    let catalog =
        fragment("  audiences: {tracking: [], beta: []}\n  userGroups: [{name: Zephyr, joins: [tracking, beta]}]\n");
    let partner = fragment("  userGroups: [{name: Nova, joins: [tracking, beta]}]\n");
    let repository = Repository::new(&[
        ("staging.yaml", &portal(from).replace("developer-portal", "staging")),
        ("production.yaml", &portal(to).replace("developer-portal", "production")),
        ("catalog/audiences.yaml", &catalog),
        ("partners/nova.yaml", &partner),
    ]);
    // Names that nobody declares are for the portal to know.
    let one = |path| repository.load(&[path]).manifests.remove(0);
    promote(&one("staging.yaml"), &one("production.yaml"))
}

/// What comes of it, in short.
fn told(from: &str, to: &str) -> String {
    let Promotion { manifest, diagnostics, kept } = promotion(from, to);
    let mut told = String::new();
    for diagnostic in &diagnostics {
        let _ = writeln!(told, "{}: {}", diagnostic.code, diagnostic.message);
    }
    for (kind, count) in &kept {
        let _ = writeln!(told, "kept {kind} {count}");
    }
    tell(&manifest, &mut told);
    told.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn name(group: &GroupReference) -> &str {
    match group {
        GroupReference::System(system) => system.as_str(),
        GroupReference::Named(name) => name,
    }
}

fn tell(manifest: &Manifest, told: &mut String) {
    let list = |groups: &mut dyn Iterator<Item = &GroupReference>| groups.map(name).collect::<Vec<_>>().join(", ");
    for (audience, declared) in &manifest.audiences {
        let _ = writeln!(told, "audience {audience}: {}", list(&mut declared.groups.iter().map(|group| &group.value)));
    }
    for UserGroup { name: group, parent, description, .. } in manifest.user_groups.iter().flatten() {
        let parent = match parent {
            Parent::Unstated => "",
            Parent::Stated(parent) | Parent::Nested(parent) => name(parent),
        };
        let description = description.as_ref().map(|text| text.as_str()).unwrap_or_default();
        let _ = writeln!(told, "group {} ({parent}) {description}", name(group));
    }
    for Asset { group, asset_id, state, .. } in manifest.assets.iter().flatten() {
        let _ = write!(told, "asset {group}/{asset_id}");
        if let AssetState::Present { instances, versions } = state {
            let instances = instances.as_ref().map(|instances| format!(" {:?}", instances.value)).unwrap_or_default();
            let _ = write!(told, "{instances}");
            let others = versions.iter().flat_map(|versions| &versions.others).map(|audience| ("*", audience));
            let listed = versions.iter().flat_map(|versions| &versions.listed);
            for (version, VersionAudience { items, .. }) in
                listed.map(|(version, audience)| (&**version, audience)).chain(others)
            {
                let items: Vec<&str> = items
                    .iter()
                    .map(|item| match &item.value {
                        AudienceItem::Audience(audience) => audience.as_str(),
                        AudienceItem::Group(group) => name(group),
                    })
                    .collect();
                let _ = write!(told, " {version}: [{}]", items.join(", "));
            }
        } else {
            let _ = write!(told, " {state:?}");
        }
        told.push('\n');
    }
    for member in manifest.members.iter().flatten() {
        let groups = member.user_groups.iter().flatten().map(|group| name(group)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(told, "member {} [{groups}] {:?}", *member.user, member.enabled.as_deref());
    }
    for rule in manifest.prospects.iter().flatten() {
        let decision = match &rule.decision {
            ProspectDecision::Approve { user_groups } => {
                format!("{:?}", user_groups.iter().map(|group| name(group)).collect::<Vec<_>>())
            }
            ProspectDecision::Reject => "reject".to_owned(),
        };
        let _ = writeln!(told, "prospect {:?} {decision}", rule.matches);
    }
}

#[test]
fn where_the_portal_is_and_what_may_be_done_to_it_is_no_matter_of_a_promotion() {
    let from = "  target: {portal: Staging}\n  identityProviders: {okta: Preview}\n  prune: {assets: ['*']}\n  guards: {maxDeletes: 99}\n";
    let to = "  target: {portal: Production}\n  identityProviders: {okta: Okta}\n  guards: {maxDeletes: 1}\n";
    let promoted = promotion(from, to).manifest;
    assert_eq!(promoted.name.value, "production");
    assert_eq!(promoted.target.portal.expect("it is named").value, "Production");
    assert_eq!(promoted.identity_providers["okta"].value, "Okta");
    assert!(promoted.prune.assets.is_empty());
    assert_eq!(promoted.guards.max_deletes.expect("there is a limit").value.number, Some(1));
    assert_eq!((promoted.user_groups, promoted.assets), (None, None));
    assert_eq!((promoted.members, promoted.prospects), (None, None));
}

#[test]
fn a_section_that_one_of_them_has_is_there() {
    insta::assert_snapshot!(told("  assets: [{asset: a.b/c}]\n", "  userGroups: [{name: Own}]\n  members: [{user: jane}]\n"), @"
    kept userGroups 1
    kept members 1
    group Own ()
    asset a.b/c
    member jane [] None
    ");
}

#[test]
fn an_audience_keeps_the_groups_that_only_the_other_portal_declares() {
    insta::assert_snapshot!(
        told(
            "  include: [catalog, partners]\n",
            "  include: [catalog]\n  audiences: {beta: []}\n  userGroups: [{name: Umbra, joins: [tracking]}]\n",
        ),
        @"
        kept userGroups 1
        audience beta:
        audience tracking: Zephyr, Nova, Umbra
        group Zephyr ()
        group Nova ()
        group Umbra ()
        "
    );
}

#[test]
fn what_the_promoted_portal_leaves_out_of_a_list_goes() {
    insta::assert_snapshot!(
        told(
            "  audiences: {a: [Live]}\n  userGroups: [{name: Shared}]\n  assets: [{asset: a.b/c, versions: {1.0: [Shared]}}]\n",
            "  audiences: {a: [Live, Other, Shared, Own]}\n  userGroups: [{name: Shared}, {name: Own}]\n  assets: [{asset: a.b/c, instances: All, versions: {v1: [Live, Own]}}, {asset: a.b/d, versions: {'*': [Own]}}]\n",
        ),
        @"
        undeclared-group: no group `Live` is declared here
        kept userGroups 1
        kept assets 1
        audience a: Live, Own
        group Shared ()
        group Own ()
        asset a.b/c All 1.0: [Shared, Own]
        asset a.b/d *: [Own]
        "
    );
}

#[test]
fn a_renamed_group_goes_by_its_new_name() {
    insta::assert_snapshot!(
        told(
            "  userGroups: [{name: Gold, formerly: [Premium]}]\n",
            "  audiences: {a: [Premium]}\n  userGroups: [{name: Premium}, {name: Own, parent: Premium}]\n  assets: [{asset: a.b/c, versions: {v1: [Premium]}}]\n  members: [{user: jane, userGroups: [Premium]}]\n  prospects: [{emailDomain: b.example, approve: {userGroups: [Premium]}}]\n",
        ),
        @r#"
        kept userGroups 1
        kept assets 1
        kept members 1
        audience a: Gold
        group Gold ()
        group Own (Gold)
        asset a.b/c v1: [Gold]
        member jane [Gold] None
        prospect EmailDomain("b.example") ["Gold"]
        "#
    );
}

#[test]
fn an_entry_stays_as_it_is_where_the_promoted_one_says_nothing() {
    insta::assert_snapshot!(
        told(
            "  assets: [{asset: a.b/c, instances: Public}, {asset: a.b/gone, state: absent}]\n  members: [{user: Jane, userGroups: ['system:members']}]\n  prospects: [{emailDomain: A.example, reject: true}]\n",
            "  assets: [{asset: a.b/c, versions: {v1: []}}, {asset: a.b/gone, versions: {v1: []}}]\n  members: [{user: jane, enabled: false}, {user: ken}]\n  prospects: [{emailDomain: a.example, approve: {userGroups: []}}, {email: b@a.example, reject: true}]\n",
        ),
        @r#"
        kept members 1
        asset a.b/c Public v1: []
        asset a.b/gone Absent
        member Jane [system:members] Some(false)
        member ken [] None
        prospect EmailDomain("A.example") reject
        prospect Email("b@a.example") reject
        "#
    );
}

#[test]
fn what_cannot_be_is_told() {
    let promotion =
        promotion("  userGroups: [{name: Premium}]\n", "  userGroups: [{name: Gold, formerly: [Premium]}]\n");
    assert_eq!(promotion.kept[&Kind::UserGroups], 1);
    let codes: Vec<&str> = promotion.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["former-name-in-use"]);
}
