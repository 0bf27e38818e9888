//! What holds of every plan.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Action, file};
use crate::state::{AssetDetail, GroupFlags, LiveAsset, LiveGroup, LiveMapping, LiveMember, LiveProspect, LiveState};
use crate::testing::worlds::{World, world};
use crate::testing::{Shape, hub, plan, portal};

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_input_gives_the_same_bytes(world in world()) {
        let bytes = || {
            let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
            file::write(&plan, "2026-01-01T00:00:00Z")
        };
        let first = bytes();
        for _ in 1..10 {
            prop_assert_eq!(bytes(), first.as_str());
        }
    }

    #[test]
    fn what_is_declared_as_it_is_changes_nothing(world in world()) {
        let world = world.contented();
        let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
        prop_assert!(plan.is_empty(), "{:#?}", plan.changes);
    }

    #[test]
    fn a_plan_that_was_applied_leaves_nothing_to_change(world in world()) {
        let live = world.live();
        let first = plan(&world.manifest(), &live).expect("a small world can be planned");
        let second = plan(&world.manifest(), &hub::after(&live, &first)).expect("what was applied can be planned again");
        prop_assert!(second.is_empty(), "{:#?}\nafter {:#?}", second.changes, first.changes);
    }

    #[test]
    fn changes_come_in_the_order_of_their_phases_and_after_what_they_depend_on(world in world()) {
        let plan = plan(&world.manifest(), &world.live()).expect("a small world can be planned");
        let mut done = BTreeSet::new();
        for (index, change) in plan.changes.iter().enumerate() {
            prop_assert_eq!(change.id.as_str(), (index + 1).to_string());
            prop_assert!(index == 0 || plan.changes[index - 1].phase <= change.phase);
            prop_assert!(change.depends_on.iter().all(|id| done.contains(id)));
            prop_assert!(change.action() != Action::Update || !change.fields.is_empty());
            done.insert(change.id.clone());
        }
    }

    #[test]
    fn a_snapshot_survives_being_saved(live in hostile_live()) {
        let text = serde_json::to_string(&live).expect("a snapshot can be written");
        prop_assert_eq!(serde_json::from_str::<LiveState>(&text).expect("a snapshot can be read"), live);
    }

    #[test]
    fn no_portal_makes_planning_panic((world, live) in (world(), hostile_live()), prunes in any::<bool>()) {
        let manifest = manifest_for(&world, prunes);
        if let Ok(plan) = plan(&manifest, &live) {
            let text = file::write(&plan, "");
            prop_assert_eq!(file::read(&text), Ok(plan));
        }
    }
}

/// The world's wishes and some that only a strange portal meets.
fn manifest_for(world: &World, prunes: bool) -> crate::manifest::model::Manifest {
    let mut manifest =
        world.manifest().mapped("", &[("", "x")]).disabled("").formerly("A", &["", "Group 0"]).absent("a");
    if prunes {
        manifest = manifest.prune_groups("*").prune_assets("*");
    }
    manifest
}

fn hostile_text() -> impl Strategy<Value = String> {
    let texts = [
        "",
        "Group 0",
        "group 0",
        "Group 1",
        "A",
        "a",
        "system:members",
        "audience:x",
        "[g-1]",
        "A [g-1]",
        "A [g-1] [g-2]",
        "g-0",
        "g-1",
        "g-2",
        "]",
        " [",
        "\u{202e}\u{7}</details>",
        "person0",
        "person0@example.com",
    ];
    prop::sample::select(texts.to_vec()).prop_map(str::to_owned)
}

fn hostile_live() -> impl Strategy<Value = LiveState> {
    let flags = (0..40u8).prop_map(|bits| GroupFlags {
        is_admin: bits == 1,
        is_auto_generated: bits == 2,
        is_default: bits == 3 || bits == 5,
        is_public: bits == 4 || bits == 5,
    });
    // Half of all trees are sound: every group has an id of its own and a parent above it.
    let group = (hostile_text(), hostile_text(), prop::option::of(hostile_text()), flags, any::<prop::sample::Index>());
    let groups = (prop::collection::vec(group, 0..6), any::<bool>()).prop_map(|(rows, is_sound)| {
        let mut groups: Vec<LiveGroup> = Vec::new();
        for (id, name, parent, flags, above) in rows {
            let (id, parent) = if is_sound {
                let above = above.index(groups.len() + 1);
                (format!("g-{}", groups.len()), groups.get(above).map(|group| group.id.clone()))
            } else {
                (id, parent.map(Into::into))
            };
            groups.push(LiveGroup { id: id.into(), name, description: None, parent, flags });
        }
        groups
    });
    let ids = || prop::collection::btree_set(hostile_text().prop_map(Into::into), 0..3);
    let mappings =
        prop::collection::btree_map(
            hostile_text().prop_map(Into::into),
            prop::collection::vec(
                (hostile_text(), hostile_text(), any::<bool>()).prop_map(|(provider, group, is_maintainer)| {
                    LiveMapping { provider: provider.into(), group, is_maintainer }
                }),
                0..3,
            ),
            0..5,
        );
    let detail = prop::collection::btree_map(hostile_text(), prop::option::of(ids()), 0..3)
        .prop_map(|versions| AssetDetail { instances: None, versions });
    let key = (0..4u8).prop_map(|number| crate::testing::asset_key(&format!("com.example/asset{number}")));
    let asset = prop::option::of(detail).prop_map(|detail| LiveAsset {
        name: String::new(),
        asset_type: String::new(),
        detail,
    });
    let assets = prop::option::of(prop::collection::btree_map(key.clone(), asset, 0..3));
    let visible =
        prop::collection::btree_map(hostile_text().prop_map(Into::into), prop::collection::btree_set(key, 0..3), 0..9);
    let member = (
        hostile_text(),
        prop::option::of(hostile_text()),
        hostile_text(),
        prop::option::of(any::<bool>()),
        prop::option::of(ids()),
    )
        .prop_map(|(id, username, email, is_active, user_groups)| LiveMember {
            id: id.into(),
            username,
            email,
            name: None,
            is_active,
            user_groups,
            provider: None,
            declared_as: None,
        });
    let members = prop::option::of(prop::collection::vec(member, 0..4));
    let prospect =
        (hostile_text(), prop::option::of(hostile_text()), hostile_text()).prop_map(|(id, username, email)| {
            LiveProspect { id: id.into(), username, email, name: None, declared_as: None }
        });
    let prospects = prop::option::of(prop::collection::vec(prospect, 0..4));
    (groups, mappings, assets, visible, members, prospects).prop_map(
        |(user_groups, mappings, assets, visible_to, members, prospects)| LiveState {
            user_groups,
            mappings,
            assets,
            visible_to,
            members,
            prospects,
            ..portal(Shape::SideBySide)
        },
    )
}
