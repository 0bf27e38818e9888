//! Whether a plan file says one thing in one place and another in the next. Pure.
//!
//! Fields are shown and guarded, specifications and ids are written: a file in which they differ was made by nobody.

use super::{Change, Edit, Operation, Plan};
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::kinds::prospects::spec::ProspectSpec;

/// The first contradiction, as a sentence without its full stop.
pub(super) fn contradiction(plan: &Plan) -> Option<String> {
    if plan.summary != Plan::summarise(&plan.changes) {
        return Some("its summary does not count its changes".to_owned());
    }
    plan.changes.iter().find_map(|change| {
        let what = of_fields(change).or_else(|| of_address(plan, change))?;
        Some(format!("change {} ({}) {what}", change.id, change.address))
    })
}

fn of_fields(change: &Change) -> Option<&'static str> {
    let owned = change.edit.changed_fields();
    let are_alike = owned.len() == change.fields.len()
        && owned
            .iter()
            .zip(&change.fields)
            .all(|(a, b)| (&a.path, &a.before, &a.after) == (&b.path, &b.before, &b.after));
    (!are_alike).then_some("has other `fields` than `before` and `after`")
}

fn of_address(plan: &Plan, change: &Change) -> Option<&'static str> {
    let Change { address, object_id, edit, .. } = change;
    let segments: Vec<&str> = address.segments.iter().map(String::as_str).collect();
    let has_id = object_id.is_some();
    let is_sound = *address.portal == *plan.portal
        && match (edit, segments.as_slice()) {
            (Edit::UserGroup(Operation::Create { after }), [name]) => !has_id && after.name.as_str() == *name,
            (Edit::UserGroup(operation), [name]) => {
                let known = plan.target.user_groups.id_of(&(*name).into());
                let own = operation.after().or(operation.before()).map(|group| group.name.as_str());
                let is_called = |own: &str, id: &str| own == *name || format!("{own} [{id}]") == *name;
                known
                    .zip(object_id.as_ref())
                    .zip(own)
                    .is_some_and(|((known, id), own)| known.as_str() == id && is_called(own, id))
            }
            (Edit::IdpMapping(operation), [group, provider, name]) => {
                let is_this = |mapping: &IdpMappingSpec| {
                    (mapping.user_group.as_str(), mapping.provider.as_str(), mapping.group.as_str())
                        == (*group, *provider, *name)
                };
                !has_id && operation.before().into_iter().chain(operation.after()).all(is_this)
            }
            (Edit::Asset(_), [_, _]) => !has_id,
            // Whether the id is that member's is for the portal to say.
            (Edit::Member { .. }, [_]) => has_id,
            (Edit::Approve { before, .. } | Edit::Reject { before }, [name]) => {
                plan.target.pseudonyms || object_id.as_ref().is_some_and(|id| is_of(before, name, id))
            }
            _ => false,
        };
    (!is_sound).then_some("has another address than object")
}

/// Whether a sign-up goes by this name: see `LiveProspect::label`.
fn is_of(prospect: &ProspectSpec, name: &str, id: &str) -> bool {
    let ProspectSpec { email, username, name: _ } = prospect;
    let label = username.as_deref().filter(|name| !name.is_empty()).unwrap_or(email);
    name == label || name == format!("{label} [{id}]")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::plan::file::content;
    use crate::testing::worlds::world;
    use crate::testing::{Shape, manifest, plan, portal, text};

    /// Of a plan that describes a group, moves and rejects somebody, and that was edited.
    fn of_edited(edit: impl FnOnce(&mut Value)) -> String {
        let live = portal(Shape::SideBySide)
            .group("Gold")
            .group("Silver")
            .member("jane", &[])
            .prospect("bob", "bob@spam.example");
        let manifest = manifest()
            .group_but("Gold", |group| group.description = Some(text("Described")))
            .member("jane", &["Gold"])
            .reject("bob@spam.example");
        let mut document = content(&plan(&manifest, &live).expect("it plans"));
        edit(&mut document);
        contradiction(&Plan::deserialize(document).expect("it is a plan")).unwrap_or_default()
    }

    #[test]
    fn what_is_shown_is_what_is_written() {
        assert_eq!(of_edited(|_| {}), "");
        let fields = "change 2 (portal/members/jane) has other `fields` than `before` and `after`";
        assert_eq!(of_edited(|plan| plan["changes"][1]["after"]["userGroups"] = json!(["Silver"])), fields);
        assert_eq!(of_edited(|plan| plan["changes"][1]["after"]["enabled"] = json!(false)), fields);
        assert_eq!(of_edited(|plan| plan["changes"][1]["fields"] = json!([])), fields);
        assert_eq!(of_edited(|plan| plan["summary"]["change"] = json!(0)), "its summary does not count its changes");
    }

    #[test]
    fn what_is_named_is_what_is_written() {
        let group = "change 1 (portal/userGroups/Gold) has another address than object";
        assert_eq!(of_edited(|plan| plan["changes"][0]["object_id"] = json!("g-silver")), group);
        assert_eq!(of_edited(|plan| plan["changes"][0]["object_id"] = Value::Null), group);
        let bob = "change 3 (portal/prospects/alice) has another address than object";
        assert_eq!(of_edited(|plan| plan["changes"][2]["address"] = json!("portal/prospects/alice")), bob);
        let elsewhere = "change 2 (other/members/jane) has another address than object";
        assert_eq!(of_edited(|plan| plan["changes"][1]["address"] = json!("other/members/jane")), elsewhere);
    }

    proptest! {
        #[test]
        fn no_plan_contradicts_itself(world in world()) {
            let plan = plan(&world.manifest(), &world.live()).expect("it plans");
            prop_assert_eq!(contradiction(&plan), None);
        }
    }
}
