//! Whether a revision is a record for the portal that is planned.

use insta::assert_snapshot;

use super::{Earlier, candidates};
use crate::manifest::model::{Manifest, Target};
use crate::plan::{self, Request};
use crate::state::Named;
use crate::testing::{Shape, earlier, manifest, planned_for, portal, text};

/// A Portal of this name that declares a group.
fn named(name: &str, target: Target) -> Manifest {
    Manifest { name: text(name), target, ..manifest().group("Gold") }
}

/// Whether the group goes, now that nothing declares it.
fn proves(applied: Manifest) -> bool {
    let mut live = portal(Shape::SideBySide).group("Gold");
    let portal = &mut live.portal;
    portal.target_portal_id = Some("0DB1".to_owned());
    portal.internal_portal_id = Some("internal".to_owned());
    portal.organization = Some(Named { id: "org-1".to_owned(), name: "Example Corp".to_owned() });
    portal.connection.organization_id = Some("00D1".to_owned());
    let mut now = manifest();
    now.user_groups = Some(Vec::new());
    let applied = earlier("last", applied);
    let plan = plan::make(Request { applied: Some(&applied), ..Request::new(&now, &live) }).expect("it can be planned");
    assert_eq!(plan.applied.is_some(), !plan.is_empty());
    assert_eq!(plan.applied.is_none(), !plan.notices.is_empty());
    !plan.is_empty()
}

#[test]
fn a_portal_is_the_same_by_any_of_its_names() {
    let target = |region: &str, organization: &str, connection: &str, environment: &str, portal: &str| {
        let part = |name: &str| (!name.is_empty()).then(|| text(name));
        Target {
            region: part(region),
            organization: part(organization),
            connection: part(connection),
            environment: part(environment),
            portal: part(portal),
        }
    };
    for same in [
        target("", "", "", "", ""),
        target("us", "Example Corp", "example.my.salesforce.com", "PRODUCTION", "Developer Portal"),
        target("", "org-1", "EXAMPLE.my.salesforce.com", "", "portal-1"),
        target("", "", "conn-001", "", "0DB1"),
        target("", "", "00D1", "", "internal"),
    ] {
        assert!(proves(named("portal", same.clone())), "{same:?}");
        assert!(proves(named("another-name", same.clone())), "{same:?}");
    }
    for other in [
        target("eu", "", "", "", ""),
        target("", "Another Corp", "", "", ""),
        target("", "", "other.my.salesforce.com", "", ""),
        target("", "", "", "SANDBOX", ""),
        target("", "", "", "", "developer portal"),
    ] {
        assert!(!proves(named("portal", other.clone())), "{other:?}");
        assert!(!proves(named("another-name", other.clone())), "{other:?}");
    }
}

#[test]
fn a_revision_that_is_no_record_says_so() {
    let live = portal(Shape::SideBySide).group("Gold");
    let mut now = manifest();
    now.user_groups = Some(Vec::new());
    let target = Target { portal: Some(text("Sandbox")), ..Target::default() };
    let elsewhere = earlier("last", named("portal", target.clone()));
    let told = |applied: &Earlier| planned_for(Request { applied: Some(applied), ..Request::new(&now, &live) });
    assert_snapshot!(told(&elsewhere), @"Warning: last is no record for this portal: there, `portal` names another one. Nothing is deleted or held on its account");
    let other = earlier("last", named("another", target));
    assert_snapshot!(told(&other), @"Note: last declares no Portal `portal`: nothing is recorded for this portal yet");
    let mut none = earlier("last", manifest());
    none.manifests.clear();
    assert_eq!(told(&none), told(&other));
    // Two that could be meant prove nothing.
    none.manifests = vec![named("a", Target::default()), named("b", Target::default())];
    assert_eq!(told(&none), told(&other));
}

#[test]
fn the_name_comes_before_the_target() {
    let all = vec![named("a", Target::default()), named("b", Target::default())];
    assert_eq!(candidates(&all, "b"), vec![all[1].clone()]);
    assert_eq!(candidates(&all, "c"), all);
}
