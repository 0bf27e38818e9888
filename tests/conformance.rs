//! Successive desired states, kind by kind: each is planned, applied, and then nothing is left to change.
//!
//! The whole table runs against the emulator's defaults, against every switch's other side, and on the three shapes
//! that built-in groups have. Where a hub makes a state impossible, the report must say so of that change alone. On the
//! defaults, what is sent is what was forecast.

mod pipeline;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;

use aehctl::apply;
use aehctl::client::PortalPath;
use aehctl::emulator::{self, Options, Shape, Switches};
use aehctl::journal::Journal;
use aehctl::kinds::members;
use aehctl::kinds::session::Session;
use aehctl::plan::Plan;
use aehctl::report::{Outcome, Report};
use pipeline::{PARALLELISM, PATIENCE, World, manifests};

/// Walks at the same time.
const WALKERS: usize = 2;

/// What is told of a step, and the desired state: a Portal's `spec`.
type Step = (&'static str, &'static str);

const USER_GROUPS: &[Step] = &[
    ("a group appears", "userGroups: [{name: Alpha, description: The first}]"),
    (
        "it gets children",
        "userGroups: [{name: Alpha, children: [{name: Beta, description: 'two', children: [{name: Gamma}]}, {name: Delta}]}]",
    ),
    (
        "descriptions change",
        "userGroups: [{name: Alpha, description: First, children: [{name: Delta, description: 'fourth: last'}]}]",
    ),
    ("a description goes", "userGroups: [{name: Alpha, description: ''}]"),
    ("a group is renamed", "userGroups: [{name: Alef, formerly: [Alpha]}]"),
    ("another moves on", "userGroups: [{name: Alef, children: [{name: Epsilon, formerly: [Zeta, Delta]}]}]"),
    ("and its name is taken", "userGroups: [{name: Delta, formerly: [Gamma], parent: Beta}]"),
    ("only the case of a name changes", "userGroups: [{name: ALEF, formerly: [Alef]}]"),
    (
        "names that paths and shells have trouble with",
        "userGroups: [{name: 'R&D / Zürich 🚚 #1?', description: '%2F'}]",
    ),
    (
        "groups go, leaves first",
        "userGroups: [{name: ALEF, state: absent}, {name: Beta, state: absent}, {name: Delta, state: absent}, {name: Epsilon, state: absent}]",
    ),
];

const IDP_MAPPINGS: &[Step] = &[
    (
        "a group is mapped",
        "userGroups: [{name: Support, idpGroups: [{provider: Okta, group: support}, {provider: Corporate SAML, group: 'CN=Support,OU=Teams,DC=example'}]}]",
    ),
    (
        "a mapping gives way to others",
        "userGroups: [{name: Support, idpGroups: [{provider: Okta, group: support}, {provider: Okta, group: 'a/b?c=%2F #1'}, {provider: mulesoft, group: Größe 🚚}]}]",
    ),
    (
        "administrators are mapped too",
        "userGroups: [{name: 'system:administrators', idpGroups: [{provider: Okta, group: admins}]}]",
    ),
    ("the list is complete", "userGroups: [{name: 'system:administrators', idpGroups: []}]"),
    ("none is left", "userGroups: [{name: Support, idpGroups: []}]"),
];

const ASSETS: &[Step] = &[
    (
        "an audience widens",
        "assets: [{asset: com.example/customer-api, versions: {v2: [API Developers, Support, Gold Tier]}}]",
    ),
    ("an audience narrows", "assets: [{asset: com.example/customer-api, versions: {v2: [Support]}}]"),
    (
        "both at once, and by wildcard",
        "assets: [{asset: com.example/customer-api, versions: {v1: [Gold Tier], '*': ['system:members']}}]",
    ),
    ("instances are hidden and shown", "assets: [{asset: com.example/customer-api, instances: All}]"),
    ("and public again", "assets: [{asset: com.example/customer-api, instances: Public, versions: {v1: []}}]"),
    (
        "assets are published",
        "assets: [{asset: Finance/ledger-events, versions: {v1: [Gold Tier]}}, {asset: Warehousing/picking-service, instances: All, versions: {'*': ['system:guests']}}, {asset: com.example/support-agent, versions: {'*': []}}]",
    ),
    (
        "an audience with a name",
        "audiences: {all: [Partner Acme, Gold Tier]}\n  assets: [{asset: Finance/ledger-events, versions: {v1: ['audience:all']}}]",
    ),
    (
        "some go, and one is nobody's business any more",
        "assets: [{asset: Finance/ledger-events, state: absent}, {asset: com.example/support-agent, state: absent}, {asset: Warehousing/picking-service, state: unmanaged}]",
    ),
    (
        "what matches a pattern is owned",
        "assets: [{asset: com.example/order-api}]\n  prune: {assets: ['Warehousing/picking-*']}",
    ),
];

const MEMBERS: &[Step] = &[
    ("a member joins another group", "members: [{user: jane@example.com, userGroups: [API Developers, Support]}]"),
    ("and leaves the first", "members: [{user: jane@example.com, userGroups: [Support]}]"),
    ("built-ins aside, none is left", "members: [{user: JANE@example.com, userGroups: []}]"),
    ("somebody is disabled", "members: [{user: ken@example.com, enabled: false}]"),
    ("and comes back with other groups", "members: [{user: ken@example.com, enabled: true, userGroups: [Support]}]"),
    (
        "a federated member, on request",
        "members: [{user: fred@example.com, userGroups: [API Developers, Support], federated: manage}]",
    ),
];

const PROSPECTS: &[Step] = &[
    ("one is let in", "prospects: [{email: ada@partner.example, approve: {userGroups: [Support]}}]"),
    (
        "one is turned away, one let in",
        "prospects: [{email: bob@spam.example, reject: true}, {emailDomain: curious.example, approve: {userGroups: []}}]",
    ),
];

const EVERYTHING: &[Step] = &[
    (
        "a partner arrives in one stroke",
        "userGroups: [{name: Partner Initech, joins: [contract], idpGroups: [{provider: Okta, group: initech}]}]\n  audiences: {contract: [Gold Tier]}\n  assets: [{asset: com.example/order-api, versions: {v2: ['audience:contract']}}]\n  members: [{user: gina@globex.example, userGroups: [Partner Initech]}]",
    ),
    (
        "people and audiences move at the same time",
        "assets: [{asset: com.example/order-api, versions: {v2: [Support]}}]\n  members: [{user: gina@globex.example, userGroups: [Support]}, {user: ken@example.com, userGroups: [Partner Initech]}]",
    ),
    (
        "and leaves with everything",
        "userGroups: [{name: Partner Initech, state: absent, disableMembers: true}]\n  assets: [{asset: com.example/order-api}]",
    ),
];

const TABLE: &[(&str, &[Step])] = &[
    ("user groups", USER_GROUPS),
    ("idp mappings", IDP_MAPPINGS),
    ("assets", ASSETS),
    ("members", MEMBERS),
    ("prospects", PROSPECTS),
    ("everything", EVERYTHING),
];

/// Walks through the table in one world and tells what did not come out as it should: nothing, as a rule.
async fn walk(seed: &str, side: &str) -> String {
    let switches =
        Switches::parse(Some(side).filter(|side| !side.is_empty())).expect("the case names switches that exist");
    let lag = switches.lag;
    let (world, _hub) =
        World::start(Options { seed: Some(seed.to_owned()), switches, ..Options::default() }, |client| client).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut told = String::new();
    for (kind, steps) in TABLE {
        for (narration, spec) in *steps {
            let step = format!("{kind}: {narration}");
            let text =
                format!("apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: demo}}\nspec:\n  {spec}\n");
            let path = folder.path().join("portal.yaml");
            fs::write(&path, text).expect("the file can be written");
            let manifest = manifests(&[path], folder.path()).remove(0);
            for _ in 0..lag {
                // A plan reads what the next one reads, which then is not late any more.
                world.plan(&manifest).await.ok();
            }
            let plan = match world.plan(&manifest).await {
                Ok(plan) if plan.is_empty() => {
                    writeln!(told, "{step}: nothing is to do").expect("a string takes everything");
                    continue;
                }
                Ok(plan) => plan,
                Err(error) => {
                    writeln!(told, "{step}: {error}").expect("a string takes everything");
                    continue;
                }
            };
            let report = if side.is_empty() {
                let (report, [sent, forecast]) = apply_saved(&world, &plan).await;
                if sent != forecast {
                    writeln!(told, "{step}: sent {sent:?}, forecast {forecast:?}").expect("a string takes everything");
                }
                report
            } else {
                world.apply(&plan).await
            };
            told.extend(outcomes(&report).into_iter().map(|outcome| format!("{step}: {outcome}\n")));
            for _ in 0..lag {
                world.plan(&manifest).await.ok();
            }
            match world.plan(&manifest).await {
                Ok(again) => {
                    let left = again.changes.iter().filter(|change| {
                        // What is known to have failed is still to do.
                        !report
                            .results
                            .iter()
                            .any(|result| !result.outcome.is_done() && result.address == change.address)
                    });
                    told.extend(left.map(|change| format!("{step}: again {}: {:?}\n", change.address, change.fields)));
                }
                Err(error) => writeln!(told, "{step}: again {error}").expect("a string takes everything"),
            }
        }
    }
    told
}

/// Applies a plan as if it had been saved. Says how often what was sent, and how often it was forecast.
async fn apply_saved(world: &World, plan: &Plan) -> (Report, [BTreeMap<String, usize>; 2]) {
    let client = &world.client;
    let portal = &plan.target.portal;
    let path = PortalPath { connection: portal.connection.id.clone(), portal: portal.path_id.clone() };
    let members = members::io::read_all(&client.reader(), &path).await.expect("they can be read");
    let forecast = apply::forecast(plan, true, &members, PARALLELISM, &client.latencies());
    let before = client.request_counts();
    let session = Session::new(client.reader(), client.writer(), plan, PATIENCE, Journal::none());
    assert_eq!(apply::stale(&session, plan, PARALLELISM).await, []);
    let report = world.apply(plan).await;
    let since = |operation, count| count - before.get(operation).copied().unwrap_or_default();
    let sent = client
        .request_counts()
        .into_iter()
        .map(|(operation, count)| {
            (operation.to_owned(), usize::try_from(since(operation, count)).unwrap_or(usize::MAX))
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    (report, [sent, forecast.operations])
}

fn document(spec: &str) -> String {
    format!("apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {{name: demo}}\nspec:\n  {spec}\n")
}

/// What is not plainly applied.
fn outcomes(report: &Report) -> Vec<String> {
    report
        .results
        .iter()
        .filter_map(|result| {
            let outcome = match &result.outcome {
                Outcome::Applied | Outcome::AlreadyDone => return None,
                Outcome::Unconfirmed => "unconfirmed".to_owned(),
                Outcome::Failed { message, .. } => format!("failed: {message}"),
                Outcome::Refused { mismatches } => format!("refused: {mismatches:?}"),
                Outcome::Unknown { message, hint: _ } => format!("unknown: {message}"),
                Outcome::Skipped { because, .. } => format!("skipped: {because}"),
            };
            Some(format!("{}: {outcome}", result.address))
        })
        .collect()
}

#[tokio::test]
async fn the_defaults_hold_no_surprise() {
    assert_eq!(walk(emulator::demo(), "").await, "");
}

#[tokio::test]
async fn neither_do_the_other_shapes_of_built_in_groups() {
    for shape in Shape::ALL {
        let told = match shape {
            Shape::Nested | Shape::SideBySide => "",
            // Whoever means everyone has to say so.
            Shape::SingleRoot => {
                "assets: both at once, and by wildcard: `system:members` is a public group in this portal: guests see \
                 what it sees\n"
            }
        };
        assert_eq!(walk(&emulator::demo_with(shape), "").await, told, "{shape:?}");
    }
}

/// Every switch's other sides, one at a time.
fn other_sides() -> BTreeSet<String> {
    let mut sides = BTreeSet::new();
    for switch in Switches::ALL {
        let others = switch.values.iter().filter(|value| **value != switch.default);
        sides.extend(others.map(|value| format!("{}={value}", switch.name)));
    }
    sides.extend(["lag=1", "lag=3", "page-default=1", "page-limit=1", "page-limit=3"].map(ToOwned::to_owned));
    sides
}

/// What some side makes impossible: what is told must be about that, and nothing else may suffer.
fn is_expected(side: &str, line: &str) -> bool {
    match side {
        // Lists cannot be read to their end, and nothing is planned on a part of one.
        "paging=ignored" => line.contains("brings nothing but rows that were there before"),
        // No member can leave a group; a group that keeps members cannot go.
        "member-groups=adds" => line.contains("/members/") || line.contains("is held by member"),
        _ => false,
    }
}

#[test]
fn no_other_side_of_a_switch_matters() {
    let sides = Mutex::new(other_sides());
    let next = || sides.lock().expect("no walk panics while it takes the next").pop_first();
    let walk_on = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let walk = |side: String| (runtime.block_on(walk(emulator::demo(), &side)), side);
        std::iter::from_fn(next).map(walk).collect::<Vec<_>>()
    };
    let walks: Vec<(String, String)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WALKERS).map(|_| scope.spawn(walk_on)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no walk panics")).collect()
    });
    let surprises: Vec<String> = walks
        .iter()
        .flat_map(|(told, side)| told.lines().map(move |line| (side, line)))
        .filter(|(side, line)| !is_expected(side, line))
        .map(|(side, line)| format!("{side}: {line}"))
        .collect();
    assert_eq!(surprises, Vec::<String>::new());
    let told = |side: &str| walks.iter().any(|(told, walked)| walked == side && !told.is_empty());
    assert!(told("paging=ignored") && told("member-groups=adds"), "an exception that is none");
}

/// Read-after-write lag beyond all patience: what was written is not called failed, and not called applied.
#[tokio::test]
async fn what_the_hub_does_not_show_yet_is_unconfirmed() {
    let switches = Switches::parse(["lag=1000"]).expect("the switch exists");
    let seed = Some(emulator::demo().to_owned());
    let (world, _hub) = World::start(Options { seed, switches, ..Options::default() }, |client| client).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("portal.yaml");
    let spec = "members: [{user: jane@example.com, enabled: false}]";
    fs::write(&path, document(spec)).expect("the file can be written");
    let manifest = manifests(&[path], folder.path()).remove(0);
    let plan = world.plan(&manifest).await.expect("it can be planned");
    // The hub has shown the member once before it is written: from then on this read is late.
    let report = world.apply(&plan).await;
    assert_eq!(outcomes(&report), ["demo/members/jane@example.com: unconfirmed"]);
    assert!(report.is_complete() && report.has_unconfirmed());
}
