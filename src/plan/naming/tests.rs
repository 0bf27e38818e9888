//! What a plan calls a thing is what the hub calls it.

use proptest::prelude::*;

use super::{Names, misnomers};
use crate::id::{GroupName, ProviderId};
use crate::manifest::model::{Instances, Manifest};
use crate::plan::Plan;
use crate::state::LiveState;
use crate::testing::worlds::world;
use crate::testing::{FINANCE, Shape, group_id, hub, manifest, plan, portal};

fn wrong(plan: &Plan, live: &LiveState) -> Vec<String> {
    let names = Names {
        portal: &live.portal,
        user_groups: &live.user_groups,
        identity_providers: live.identity_providers.as_ref(),
        business_groups: live.business_groups.as_ref(),
    };
    misnomers(plan, names).into_iter().map(|misnomer| misnomer.message).collect()
}

fn one(plan: &Plan, live: &LiveState) -> String {
    wrong(plan, live).join("\n")
}

fn live() -> LiveState {
    portal(Shape::Nested)
        .group("Gold")
        .child("Platinum", "Gold")
        .group("Silver")
        .mapping("Silver", "idp-okta", "silver")
        .asset(&format!("{FINANCE}/api"), Instances::Public, &[("v1", &[])])
}

fn wanted() -> Manifest {
    manifest().mapped("Silver", &[]).asset("Finance/api", &[("v1", &["Platinum", "system:members"])])
}

fn planned() -> Plan {
    plan(&wanted(), &live()).expect("it plans")
}

/// The plan with this directory entry changed.
fn forged(name: &str, change: impl FnOnce(&mut crate::directory::Entry)) -> Plan {
    let mut plan = planned();
    let mut entry = plan.target.user_groups.get(&GroupName::from(name)).expect("it is there").clone();
    change(&mut entry);
    plan.target.user_groups.insert(entry);
    plan
}

#[test]
fn a_plan_fits_the_portal_that_it_was_made_for() {
    assert_eq!(wrong(&planned(), &live()), Vec::<String>::new());
}

#[test]
fn a_name_with_the_id_of_another_group_is_found_out() {
    let gives_everyone = forged("Platinum", |entry| entry.id = Some(group_id("Guests")));
    insta::assert_snapshot!(one(&gives_everyone, &live()), @"what the plan calls `Platinum` (g-guests) is `system:guests` in the portal");
    // Its flags are not the plan's to say either, nor where it stands.
    let flagged = forged("Platinum", |entry| entry.flags.is_admin = true);
    insta::assert_snapshot!(one(&flagged, &live()), @"user group `Platinum` (g-platinum) has other flags in the portal than in the plan");
    let moved = forged("Platinum", |entry| entry.parent = None);
    insta::assert_snapshot!(one(&moved, &live()), @"user group `Platinum` (g-platinum) stands elsewhere in the portal than in the plan");
    let above = forged("Gold", |entry| entry.id = Some(group_id("Silver")));
    insta::assert_snapshot!(one(&above, &live()), @r"
    what the plan calls `Gold` (g-silver) is `Silver` in the portal
    user group `Platinum` (g-platinum) stands elsewhere in the portal than in the plan
    ");
}

#[test]
fn what_the_changes_do_not_name_is_no_obstacle() {
    let unrelated = forged("system:administrators", |entry| entry.id = Some(group_id("Nobody")));
    assert_eq!(wrong(&unrelated, &live()), Vec::<String>::new());
    let mut edited = live().group("Another");
    edited.user_groups.retain(|group| group.name != "Silver");
    let plan = plan(&manifest().asset("Finance/api", &[("v1", &["Platinum"])]), &live()).expect("it plans");
    assert_eq!(wrong(&plan, &edited), Vec::<String>::new());
}

#[test]
fn what_was_renamed_or_is_gone_is_told() {
    let mut edited = live();
    for group in &mut edited.user_groups {
        if group.name == "Gold" {
            group.name = "Premium".to_owned();
        }
    }
    insta::assert_snapshot!(one(&planned(), &edited), @"what the plan calls `Gold` (g-gold) is `Premium` in the portal");
    let mut edited = live();
    edited.user_groups.retain(|group| group.name != "Platinum");
    insta::assert_snapshot!(one(&planned(), &edited), @"user group `Platinum` (g-platinum) is gone from the portal");
    let mut edited = live();
    edited.portal.connection.environment = Some("SANDBOX".to_owned());
    edited.business_groups.as_mut().expect("they are read").insert(FINANCE.to_owned(), "Logistics".to_owned());
    insta::assert_snapshot!(one(&planned(), &edited), @r"
    the portal's environment is `SANDBOX`, and the plan says `PRODUCTION`
    what the plan calls business group `Finance` (0f1d9e2a-0000-4000-8000-000000000001) is `Logistics`
    ");
}

#[test]
fn a_provider_goes_by_no_other_ones_name() {
    let mut edited = live();
    let providers = edited.identity_providers.as_mut().expect("they are read");
    let (id, name) = providers.iter().next().map(|(id, name)| (id.clone(), name.clone())).expect("there is one");
    providers.insert(id.clone(), "Was".to_owned());
    providers.insert(ProviderId::from("another"), name);
    insta::assert_snapshot!(one(&planned(), &edited), @"the plan calls identity provider idp-okta `Okta`, which is the name of another");
    let mut edited = live();
    edited.identity_providers.as_mut().expect("they are read").remove(&id);
    insta::assert_snapshot!(one(&planned(), &edited), @"identity provider `Okta` (idp-okta) is gone from the organization");
}

proptest! {
    /// Before it is applied and when it has been, whatever it renames, makes and deletes.
    #[test]
    fn no_plan_misnames_its_own_portal(world in world()) {
        let live = world.live();
        let plan = plan(&world.manifest(), &live).expect("it plans");
        prop_assert_eq!(wrong(&plan, &live), Vec::<String>::new());
        prop_assert_eq!(wrong(&plan, &hub::after(&live, &plan)), Vec::<String>::new());
    }
}
