//! Writes whose answer does not come, or does not tell: looked up, adopted, sent again only where that cannot double,
//! or reported as unknown. One row for each write and each way to lose its answer.

mod pipeline;

use aehctl::emulator::{self, Faults, Options, Switches};
use aehctl::report::Outcome;

/// Each write of the hub, and a manifest for the demo that takes just this one (publishing aside, which takes two).
const WRITES: [(&str, &str, Sent); 13] = [
    ("createUserGroup", "{userGroups: [{name: Partner Initech}]}", Sent::Once),
    ("updateUserGroup", "{userGroups: [{name: Support, description: Helps}]}", Sent::Again),
    ("deleteUserGroup", "{userGroups: [{name: Empty, state: absent}]}", Sent::Again),
    (
        "addAdditionalGroupMapping",
        "{userGroups: [{name: Support, idpGroups: [{provider: Okta, group: support}]}]}",
        Sent::Once,
    ),
    ("deleteGroupMappings", "{userGroups: [{name: API Developers, idpGroups: []}]}", Sent::Again),
    ("addAssetsToCommunity", "{assets: [{asset: com.example/support-agent, versions: {v1: [Support]}}]}", Sent::Once),
    ("updateCommunityAsset", "{assets: [{asset: com.example/order-api, versions: {v1: [Support]}}]}", Sent::Again),
    ("removeAssetFromCommunity", "{assets: [{asset: com.example/order-api, state: absent}]}", Sent::Again),
    ("addGroupMappingToUser", "{members: [{user: jane@example.com, userGroups: [Support]}]}", Sent::Again),
    ("disableCommunityUser", "{members: [{user: jane@example.com, enabled: false}]}", Sent::Again),
    ("enableCommunityUser", "{members: [{user: dora@example.com, enabled: true}]}", Sent::Again),
    ("approveProspect", "{prospects: [{email: ada@partner.example, approve: {userGroups: [Support]}}]}", Sent::Once),
    ("rejectProspect", "{prospects: [{email: bob@spam.example, reject: true}]}", Sent::Again),
];

/// Whether a write may be sent a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Once,
    Again,
}

#[tokio::test]
async fn an_effect_without_an_answer_is_adopted() {
    for fault in ["reset-after", "500-after", "502-after", "503-after", "504-after", "cut", "garbled"] {
        for (operation, spec, _) in WRITES {
            // An answer of a status alone is as good as any: nothing of it is cut off or garbled.
            if ["cut", "garbled"].contains(&fault) && operation != "addAssetsToCommunity" {
                continue;
            }
            let Ended { outcome, sent, leaves_changes } =
                apply(spec, operation, &format!("{fault}@{operation}#1")).await;
            assert_eq!(outcome, Outcome::Applied, "{operation}, {fault}");
            assert_eq!(sent, 1, "{operation}, {fault}");
            assert!(!leaves_changes, "{operation}, {fault}");
        }
    }
}

#[tokio::test]
async fn what_had_no_effect_is_sent_again_only_where_it_cannot_double() {
    for fault in ["reset-before", "500-before", "502-before", "503-before", "504-before"] {
        for (operation, spec, sends) in WRITES {
            let Ended { outcome, sent, leaves_changes } =
                apply(spec, operation, &format!("{fault}@{operation}#1")).await;
            match sends {
                Sent::Again => {
                    assert_eq!(outcome, Outcome::Applied, "{operation}, {fault}");
                    assert_eq!(sent, 2, "{operation}, {fault}");
                }
                Sent::Once => {
                    let Outcome::Unknown { hint: Some(hint), .. } = &outcome else {
                        panic!("{operation}, {fault}: {outcome:?}")
                    };
                    assert!(hint.contains("aehctl ") && hint.contains(" get "), "{hint}");
                    assert_eq!(sent, 1, "{operation}, {fault}");
                }
            }
            assert_eq!(leaves_changes, sends == Sent::Once, "{operation}, {fault}");
        }
    }
}

#[tokio::test]
async fn a_hub_that_never_answers_is_not_asked_for_ever() {
    for (operation, spec, sends) in WRITES {
        let Ended { outcome, sent, leaves_changes } = apply(spec, operation, &format!("503-before@{operation}")).await;
        assert!(matches!(outcome, Outcome::Unknown { hint: Some(_), .. }), "{operation}: {outcome:?}");
        assert_eq!(sent, if sends == Sent::Once { 1 } else { 3 }, "{operation}");
        assert!(leaves_changes, "{operation}");
    }
}

#[tokio::test]
async fn an_effect_that_shows_late_is_waited_for() {
    for (operation, spec, _) in WRITES {
        let Ended { outcome, sent, leaves_changes } =
            apply_on(&["lag=2"], spec, operation, &format!("reset-after@{operation}#1")).await;
        assert_eq!(outcome, Outcome::Applied, "{operation}");
        assert_eq!(sent, 1, "{operation}");
        assert!(!leaves_changes, "{operation}");
    }
}

/// Somebody else creates a group of the same name between the look and the write.
#[tokio::test]
async fn a_group_that_somebody_else_creates_at_the_same_moment_is_adopted_or_told() {
    let (spec, operation, faults) =
        ("{userGroups: [{name: Partner Initech}]}", "createUserGroup", "editor-twin@createUserGroup#1");
    let Ended { outcome, sent, leaves_changes } = apply(spec, operation, faults).await;
    assert_eq!((outcome, sent, leaves_changes), (Outcome::AlreadyDone, 1, false));
    // A hub that takes both makes one too many, and nobody guesses which is meant.
    let Ended { outcome, sent, .. } = apply_on(&["duplicate-names=allowed"], spec, operation, faults).await;
    let Outcome::Failed { message, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(message.contains("the portal has 2 user groups named `Partner Initech`: "), "{message}");
    assert_eq!(sent, 1);
}

/// What became of the one change of a plan.
struct Ended {
    outcome: Outcome,
    /// How often the write under test was sent.
    sent: usize,
    /// Planning again, on a hub in peace, finds something to do.
    leaves_changes: bool,
}

async fn apply(spec: &str, operation: &str, faults: &str) -> Ended {
    apply_on(&[], spec, operation, faults).await
}

/// The same on a hub that takes the other side of some questions.
async fn apply_on(switches: &[&str], spec: &str, operation: &str, faults: &str) -> Ended {
    let seed = emulator::demo().replacen(
        "          name: Support\n",
        "          name: Support\n        - {id: a0000001-0000-4000-8000-000000000099, name: Empty}\n",
        1,
    );
    assert!(seed.contains("name: Empty"), "the demo has the group Support");
    let switches = Switches::parse(switches).expect("the case names switches that exist");
    let options = Options { seed: Some(seed), switches, ..Options::default() };
    let (world, hub) = pipeline::World::start(options, |client| client).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("portal.yaml");
    let text =
        format!("{{apiVersion: aehctl.io/v1alpha1, kind: Portal, metadata: {{name: developer-portal}}, spec: {spec}}}");
    std::fs::write(&file, text).expect("a file can be written");
    let manifest = pipeline::manifests(&[file], folder.path()).remove(0);
    let plan = world.plan(&manifest).await.expect("the manifest can be planned");
    let [change] = plan.changes.as_slice() else { panic!("{operation}: {:#?}", plan.changes) };
    hub.set_faults(Faults::parse(faults).expect("the case names faults that exist"));
    hub.forget_requests();
    let report = world.apply(&plan).await;
    let sent = hub.requests().iter().filter(|request| request.operation_id.as_deref() == Some(operation)).count();
    hub.set_faults(Faults::default());
    // A hub that is late is so for some reads only.
    let mut leaves_changes = true;
    for _ in 0..4 {
        leaves_changes = world.plan(&manifest).await.is_ok_and(|plan| !plan.is_empty());
    }
    assert_eq!(report.results[0].id, change.id);
    Ended { outcome: report.results[0].outcome.clone(), sent, leaves_changes }
}
