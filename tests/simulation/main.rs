//! Random portals, random wishes, a hub that misbehaves, applies that are cut off: whatever happens, the portal comes
//! to what the manifest says, and nobody was told or shown anything else.
//!
//! Each seed is one case, and the same case every time. `AEHCTL_SEEDS=10000` runs that many, `AEHCTL_SEEDS=4711..4712`
//! this one; `just soak` is the long run. Every seed that ever failed stands in `seeds.txt` and is run each time.

mod editor;
mod model;
#[path = "../pipeline/mod.rs"]
mod pipeline;
mod truth;
#[path = "../world/mod.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aehctl::client::{self, Clock, Sleep};
use aehctl::emulator::{self, Cause, Faults, Options, Running, Switches, Witness};
use aehctl::manifest::model::Manifest;
use aehctl::report::Report;

use editor::{Watched, expected, redo};
use model::{Case, Random, is_administrators, is_built_in};
use truth::lies;
use world::{Asset, Group, Member, Portal};

/// How many seeds `cargo test` runs.
const SEEDS: u64 = 300;

/// How often an apply is disturbed at most, and how often one is left in peace before it has to be done: a hub that shows
/// things late counts reads, and each of them is read but a few times in one run.
const DISTURBED: usize = 3;
const PEACEFUL: usize = 20;

#[test]
fn whatever_happens_the_portal_comes_to_what_the_manifest_says() {
    let kept = include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let kept = kept.map(|line| line.trim().parse::<u64>().expect("a seed is a number"));
    let seeds: Vec<u64> = kept.chain(wanted(std::env::var("AEHCTL_SEEDS").ok().as_deref())).collect();
    let next = AtomicU64::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime can be started");
                loop {
                    let index = usize::try_from(next.fetch_add(1, Ordering::SeqCst)).expect("few enough");
                    let Some(&seed) = seeds.get(index) else { break };
                    if let Err(failure) = runtime.block_on(simulate(seed)) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("seed {seed}: {failure}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{} of {} seeds failed\n\n{}", failures.len(), seeds.len(), failures.join("\n\n"));
}

fn wanted(text: Option<&str>) -> Range<u64> {
    let number = |text: &str| text.parse().expect("AEHCTL_SEEDS is a number or a range of two");
    match text.map(|text| text.split_once("..").ok_or(text)) {
        None => 0..SEEDS,
        Some(Err(count)) => 0..number(count),
        Some(Ok((from, to))) => number(from)..number(to),
    }
}

/// The hub's questions that nobody has answered, drawn; where one side cannot be lived with, the other is kept.
const SWITCHES: [(&str, &[&str]); 17] = [
    ("asset-patch", &["replaces", "merges"]),
    ("instances-omitted", &["unchanged", "public"]),
    ("unknown-version", &["refused", "taken"]),
    ("publish-audience", &["administrators", "everyone"]),
    ("republish", &["kept", "reset", "refused"]),
    ("publish-batch", &["skips", "refuses"]),
    ("member-groups-listed", &["direct", "custom"]),
    ("members-listed", &["all", "active"]),
    ("description-omitted", &["unchanged", "cleared"]),
    ("duplicate-names", &["refused", "case-sensitive", "allowed"]),
    ("group-delete", &["refused", "cascades"]),
    ("group-creation", &["empty", "group"]),
    ("decide-twice", &["refused", "accepted"]),
    ("unknown-resource", &["404", "400"]),
    ("lists", &["bare", "wrapped"]),
    ("page-limit", &["250", "7", "2"]),
    ("lag", &["0", "0", "1", "3"]),
];

const FAULTS: [&str; 11] =
    ["429", "429-bare", "500", "502", "503", "504", "reset", "cut", "garbled", "slow", "503-after"];
const EDITS: [&str; 10] = [
    "editor-widen",
    "editor-narrow",
    "editor-join",
    "editor-leave",
    "editor-disable",
    "editor-enable",
    "editor-create",
    "editor-rename",
    "editor-map",
    "editor-unmap",
];

async fn simulate(seed: u64) -> Result<(), String> {
    let random = &mut Random::new(seed);
    let is_edited = random.percent(25);
    let case = Case::random(random, is_edited);
    let mut switches: Vec<String> = Vec::new();
    for (name, sides) in SWITCHES {
        switches.push(format!("{name}={}", random.pick(sides)));
    }
    // An administrator whom the hub does not show as one is none to the program.
    if case.has_administrators() {
        switches.retain(|switch| switch != "member-groups-listed=custom");
    }
    // Where a hub takes two groups of one name and shows the first one late, nobody can keep from making the second.
    if switches.contains(&"duplicate-names=allowed".to_owned()) {
        switches.retain(|switch| !switch.starts_with("lag="));
    }
    let initial = case.initial();
    let watched =
        Arc::new(Mutex::new(Watched { others: initial.clone(), late: Vec::new(), edits: 0, faults: Vec::new() }));
    let options = Options {
        seed: Some(case.seed()),
        switches: Switches::parse(&switches).map_err(|error| format!("{error:#}"))?,
        witness: Some(witness(&case, &initial, Arc::clone(&watched))),
        ..Options::default()
    };
    let (_, hub) = pipeline::World::start(options, |client| client).await;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("portal.yaml");
    std::fs::write(&file, case.manifest()).map_err(|error| error.to_string())?;
    let manifest = pipeline::manifests(&[file], folder.path()).remove(0);
    let seeded = now(&hub)?;
    let wrong = seeded.differences(&initial);
    if !wrong.is_empty() {
        return Err(format!("the model does not know its own world: {wrong:#?}"));
    }

    let mut story = vec![switches.join(" ")];
    let result = live_through(random, seed, is_edited, &hub, &manifest, &case, &watched, &mut story).await;
    let faults = std::mem::take(&mut lock(&watched).faults);
    match (result, faults.is_empty()) {
        (Ok(()), true) => Ok(()),
        (result, _) => {
            let failure = result.err().unwrap_or_default();
            Err(format!("{failure}\n{}\n{}\n{}", faults.join("\n"), story.join("\n"), case.manifest()))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the whole case, once")]
async fn live_through(
    random: &mut Random,
    seed: u64,
    is_edited: bool,
    hub: &Running,
    manifest: &Manifest,
    case: &Case,
    watched: &Mutex<Watched>,
    story: &mut Vec<String>,
) -> Result<(), String> {
    for _ in 0..random.below(DISTURBED + 1) {
        let faults = faults(random, seed, is_edited);
        story.push(format!("faults {faults}"));
        hub.set_faults(Faults::parse(&faults).map_err(|error| format!("{error:#}"))?);
        attempt(hub, manifest, watched, story).await?;
    }
    hub.set_faults(Faults::default());
    story.push("in peace".to_owned());
    // A hub that shows things late may show a plan what is no longer so: it is refused then, and another one made.
    let mut quiet = 0;
    for _ in 0..PEACEFUL {
        match attempt(hub, manifest, watched, story).await? {
            Some(report) if report.is_complete() => {}
            _ if is_late(story) => continue,
            other => return Err(format!("an apply in peace did not succeed: {other:?}")),
        }
        let plan = match connect(hub).plan(manifest).await {
            Ok(plan) => plan,
            Err(_) if is_late(story) => continue,
            Err(error) => return Err(error),
        };
        quiet = if plan.is_empty() { quiet + 1 } else { 0 };
        // What is shown late may hide for as many reads that something is left to do.
        if quiet > if is_late(story) { 3 } else { 0 } {
            let expected = settled(expected(case, &lock(watched)));
            let portal = now(hub)?;
            let differences = settled(portal.clone()).differences(&expected);
            let duplicates = portal.duplicates();
            return match (differences.is_empty(), duplicates.is_empty()) {
                (true, true) => Ok(()),
                _ => Err(format!("the portal is not as the manifest says: {differences:#?}, twice: {duplicates:?}")),
            };
        }
    }
    Err(format!("{PEACEFUL} applies in peace leave changes: {:#?}", connect(hub).plan(manifest).await?.changes))
}

/// The hub shows some reads what was before the last writes.
fn is_late(story: &[String]) -> bool {
    story[0].contains("lag=") && !story[0].contains("lag=0")
}

fn faults(random: &mut Random, seed: u64, is_edited: bool) -> String {
    let mut entries = vec![format!("seed={seed}")];
    for fault in random.some_of(&FAULTS, 20) {
        let time = if fault == "slow" { ":1ms" } else { "" };
        entries.push(format!("{fault}={}%{time}", 1 + random.below(15)));
    }
    if random.percent(50) {
        let word = if random.percent(50) { "stop" } else { "stop-after" };
        let whom = if random.percent(50) { "@writes" } else { "" };
        entries.push(format!("{word}{whom}#{}", 1 + random.below(if whom.is_empty() { 80 } else { 20 })));
    }
    if is_edited {
        for edit in random.some_of(&EDITS, 30) {
            entries.push(format!("{edit}@reads={}%", 1 + random.below(10)));
        }
    }
    entries.join(",")
}

/// One run of the program, and whether its report tells the truth.
async fn attempt(
    hub: &Running,
    manifest: &Manifest,
    watched: &Mutex<Watched>,
    story: &mut Vec<String>,
) -> Result<Option<Report>, String> {
    let world = connect(hub);
    let plan = match world.plan(manifest).await {
        Ok(plan) => plan,
        Err(error) => {
            story.push(format!("  no plan: {error}"));
            return Ok(None);
        }
    };
    let edits_before = lock(watched).edits;
    let before = now(hub)?;
    let report = world.apply(&plan).await;
    let after = now(hub)?;
    for result in &report.results {
        story.push(format!("  {} {:?} {:?}", result.address, result.action, result.outcome));
    }
    // What somebody else did before may be read as well, from a hub that shows it late.
    let edits = lock(watched).edits;
    if edits == 0 || (edits == edits_before && !is_late(story)) {
        lies(&plan, &report, &before, &after)?;
    }
    Ok(Some(report))
}

/// Looks at every change of the portal as it happens: nobody sees what neither the first nor the last state shows.
fn witness(case: &Case, initial: &Portal, watched: Arc<Mutex<Watched>>) -> Witness {
    let sees = case.eyes();
    let mut allowed = sees.seen(initial);
    for (name, seen) in sees.seen(&case.expected(initial)) {
        allowed.entry(name).or_default().extend(seen);
    }
    let published: BTreeSet<(String, String)> = initial.assets.keys().cloned().collect();
    Witness::new(move |event| {
        let portal = portal_of(&event.world);
        let mut watched = lock(&watched);
        if let Cause::Edit(edit) = &event.cause {
            watched.edits += 1;
            redo(edit, &event.world, &mut watched);
        }
        if watched.edits > 0 {
            return;
        }
        let duplicates = portal.duplicates();
        if !duplicates.is_empty() {
            watched.faults.push(format!("{:?} makes twice: {duplicates:?}", event.cause));
        }
        for (name, seen) in sees.seen(&portal) {
            let none = BTreeSet::new();
            let before = allowed.get(&name).unwrap_or(&none);
            let more: Vec<_> = seen
                .difference(before)
                .filter(|(group_id, asset_id, _)| published.contains(&(group_id.clone(), asset_id.clone())))
                .collect();
            if !more.is_empty() {
                watched.faults.push(format!("{:?} shows {name:?} what neither state does: {more:?}", event.cause));
            }
        }
    })
}

/// A new process, in effect.
fn connect(hub: &Running) -> pipeline::World {
    let clock = Arc::new(Hurried { beginning: Instant::now(), passed: Mutex::default() });
    pipeline::World::connect(hub, |client| client::Options { clock, jitter_seed: Some(0), attempts: 3, ..client })
}

fn now(hub: &Running) -> Result<Portal, String> {
    hub.world().map(|world| portal_of(&world)).map_err(|error| format!("{error:#}"))
}

/// The hub's portal by name, without what every portal has.
fn portal_of(world: &emulator::World) -> Portal {
    let portal = &world.portals[0];
    let names: BTreeMap<&str, &str> =
        portal.groups.iter().map(|group| (group.id.as_str(), group.name.as_str())).collect();
    let custom = |ids: &BTreeSet<String>| -> BTreeSet<String> {
        let names = ids.iter().filter_map(|id| names.get(id.as_str()).copied());
        names.filter(|name| !is_built_in(name)).map(ToOwned::to_owned).collect()
    };
    let mut groups: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    for group in portal.groups.iter().filter(|group| !is_built_in(&group.name)) {
        let parent = group.parent.as_deref().and_then(|id| names.get(id).copied());
        groups.entry(group.name.clone()).or_default().push(Group {
            parent: parent.filter(|name| !is_built_in(name)).map(ToOwned::to_owned),
            description: group.description.clone().unwrap_or_default(),
            mappings: group.mappings.iter().map(|(provider, name, _)| (provider.clone(), name.clone())).collect(),
        });
    }
    let audience = |ids: &BTreeSet<String>| -> BTreeSet<String> {
        let names = ids.iter().filter_map(|id| names.get(id.as_str()).copied());
        names.filter(|name| !is_administrators(name)).map(ToOwned::to_owned).collect()
    };
    let mut members: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for member in &portal.members {
        let is_administrator =
            member.groups.iter().any(|id| names.get(id.as_str()).is_some_and(|name| is_administrators(name)));
        let username = member.username.clone().unwrap_or_default();
        let member = Member { is_active: member.is_active, is_administrator, groups: custom(&member.groups) };
        members.entry(username).or_default().push(member);
    }
    let assets = portal.assets.iter().map(|(key, asset)| {
        let versions = asset.versions.iter().map(|(version, ids)| (version.clone(), audience(ids))).collect();
        (key.clone(), Asset { instances: asset.instances.to_owned(), versions })
    });
    Portal {
        groups,
        assets: assets.collect(),
        members,
        pending: portal.prospects.iter().map(|prospect| prospect.email.clone()).collect(),
    }
}

/// A version that nobody sees is as good as one without an audience.
fn settled(mut portal: Portal) -> Portal {
    for asset in portal.assets.values_mut() {
        asset.versions.retain(|_, names| !names.is_empty());
    }
    portal
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that is there already: waiting takes no time, and time passes by waiting alone.
struct Hurried {
    beginning: Instant,
    passed: Mutex<Duration>,
}

impl Clock for Hurried {
    fn now(&self) -> Instant {
        self.beginning + *lock(&self.passed)
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        *lock(&self.passed) += duration;
        Box::pin(tokio::task::yield_now())
    }
}
