//! Random portals, random wishes, a hub that misbehaves, applies that are cut off: whatever happens, the portal comes
//! to what the manifest says, and nobody was told or shown anything else.
//!
//! Each seed is one case, and the same case every time. `AEHCTL_SEEDS=10000` runs that many, `AEHCTL_SEEDS=4711..4712`
//! this one; `just soak` is the long run. A seed that failed and is mended stands in `seeds.txt`, and is run each time.

mod editor;
mod model;
#[path = "../pipeline/mod.rs"]
mod pipeline;
mod race;
mod truth;
#[path = "../world/mod.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aehctl::apply::stale;
use aehctl::client::{self, Clock, Sleep};
use aehctl::emulator::{self, Cause, Faults, Options, Running, Switches, Witness};
use aehctl::journal::Journal;
use aehctl::kinds::session::Session;
use aehctl::manifest::model::Manifest;
use aehctl::plan::{Plan, Revision};
use aehctl::record::Earlier;
use aehctl::report::Report;

use editor::{Watched, expected, redo};
use model::{Case, Random, Seen, is_administrators, is_built_in};
use pipeline::{PARALLELISM, PATIENCE};
use truth::lies;
use world::{Asset, Group, Member, Portal};

/// How many seeds `cargo test` runs.
const SEEDS: u64 = 300;

/// How often an apply is disturbed at most, and how often one is left in peace before it has to be done: a hub that shows
/// things late counts reads, and each of them is read but a few times in one run.
const DISTURBED: usize = 3;
const PEACEFUL: usize = 20;

/// As many reads later even the latest hub shows what is.
const LATE: usize = 6;

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
/// What somebody does between two applies.
const DRIFT: [&str; 8] = [
    "editor-widen",
    "editor-narrow",
    "editor-join",
    "editor-leave",
    "editor-disable",
    "editor-enable",
    "editor-map",
    "editor-unmap",
];
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
    let is_late = is_late(&switches);
    let watched = Arc::new(Mutex::new(Watched { others: initial.clone(), is_late, ..Watched::default() }));
    lock(&watched).begin(&case.eyes(), &initial, &case.expected(&initial));
    let options = Options {
        seed: Some(case.seed()),
        switches: Switches::parse(&switches).map_err(|error| format!("{error:#}"))?,
        witness: Some(witness(&case, Arc::clone(&watched))),
        ..Options::default()
    };
    let (_, hub) = pipeline::World::start(options, |client| client).await;
    let seeded = now(&hub)?;
    let wrong = seeded.differences(&initial);
    if !wrong.is_empty() {
        return Err(format!("the model does not know its own world: {wrong:#?}"));
    }

    let mut trial = Trial { hub: &hub, watched: &watched, is_late, applied: None, story: vec![switches.join(" ")] };
    // With a generator of its own, so that seeds without a record are what they always were.
    let later = &mut Random::new(!seed);
    let sequel = (!is_edited && later.percent(30)).then(|| case.sequel(later));
    let result = match &sequel {
        None => {
            let disturbed = trial.disturb(random, seed, is_edited, &manifest(&case)).await;
            match disturbed {
                Ok(()) => {
                    trial.settle(&manifest(&case), |now| expected(&case, &lock(&watched), now, &hub.requests())).await
                }
                error => error,
            }
        }
        Some(sequel) => trial.live_on(random, seed, &case, sequel).await,
    };
    let faults = std::mem::take(&mut lock(&watched).faults);
    match (result, faults.is_empty()) {
        (Ok(()), true) => Ok(()),
        (result, _) => {
            let failure = result.err().unwrap_or_default();
            let manifests = [Some(&case), sequel.as_ref()].into_iter().flatten().map(Case::manifest);
            let manifests = manifests.collect::<Vec<_>>().join("\n");
            Err(format!("{failure}\n{}\n{}\n{manifests}", faults.join("\n"), trial.story.join("\n")))
        }
    }
}

/// The hub shows some reads what was before the last writes.
fn is_late(switches: &[String]) -> bool {
    switches.iter().any(|switch| switch.starts_with("lag=") && switch != "lag=0")
}

/// The wishes of a case as the program reads them.
fn manifest(case: &Case) -> Manifest {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("portal.yaml");
    std::fs::write(&file, case.manifest()).expect("a file can be written");
    pipeline::manifests(&[file], folder.path()).remove(0)
}

/// One case on its way.
struct Trial<'a> {
    hub: &'a Running,
    watched: &'a Mutex<Watched>,
    is_late: bool,
    /// What was applied last, if that is known.
    applied: Option<Earlier>,
    story: Vec<String>,
}

impl Trial<'_> {
    /// A first manifest is applied, somebody changes the portal, and another manifest is applied with the first as the
    /// record.
    async fn live_on(&mut self, random: &mut Random, seed: u64, case: &Case, sequel: &Case) -> Result<(), String> {
        let first = manifest(case);
        let initial = now(self.hub)?;
        self.settle(&first, |_| case.expected(&initial)).await?;
        let edits =
            random.some_of(&DRIFT, 50).into_iter().map(|edit| format!("{edit}@reads={}%", 5 + random.below(25)));
        let edits = format!("seed={seed},{}", edits.collect::<Vec<_>>().join(","));
        let edits = edits.trim_end_matches(',');
        self.story.push(format!("drift {edits}"));
        self.hub.set_faults(Faults::parse(edits).map_err(|error| format!("{error:#}"))?);
        // Whoever reads sets them off.
        drop(connect(self.hub).plan(&first).await);
        self.hub.set_faults(Faults::default());
        let revision = Revision { name: "applied".to_owned(), commit: "0".repeat(40).into() };
        self.applied = Some(Earlier { revision, manifests: vec![first] });
        let second = manifest(sequel);
        // What was taken away and is not shown yet cannot be told from what is still there: a day has passed.
        for _ in 0..LATE {
            let world = connect(self.hub);
            if let Ok(plan) = world.plan_since(&second, self.applied.as_ref()).await {
                look(&world, self.hub, &plan).await;
            }
        }
        let drifted = now(self.hub)?;
        let wanted = case.expected_later(sequel, &drifted);
        lock(self.watched).begin(&case.eyes(), &drifted, &wanted);
        self.disturb(random, seed, false, &second).await?;
        self.settle(&second, |now| {
            let mut wanted = wanted.clone();
            case.tolerate_taken(sequel, &drifted, now, &mut wanted);
            wanted
        })
        .await
    }

    async fn disturb(
        &mut self,
        random: &mut Random,
        seed: u64,
        is_edited: bool,
        manifest: &Manifest,
    ) -> Result<(), String> {
        for _ in 0..random.below(DISTURBED + 1) {
            let faults = faults(random, seed, is_edited);
            self.story.push(format!("faults {faults}"));
            self.hub.set_faults(Faults::parse(&faults).map_err(|error| format!("{error:#}"))?);
            self.attempt(manifest).await?;
        }
        self.hub.set_faults(Faults::default());
        Ok(())
    }

    /// Runs the program in peace until nothing is left to do, and looks at what has come of it.
    async fn settle(&mut self, manifest: &Manifest, expected: impl Fn(&Portal) -> Portal) -> Result<(), String> {
        self.story.push("in peace".to_owned());
        // A hub that shows things late may show a plan what is no longer so: it is refused then, and another one made.
        let mut quiet = 0;
        for _ in 0..PEACEFUL {
            match self.attempt(manifest).await? {
                Some(report) if report.is_complete() => {}
                _ if self.is_late => continue,
                other => return Err(format!("an apply in peace did not succeed: {other:?}")),
            }
            let plan = match connect(self.hub).plan_since(manifest, self.applied.as_ref()).await {
                Ok(plan) => plan,
                Err(_) if self.is_late => continue,
                Err(error) => return Err(error),
            };
            quiet = if plan.is_empty() { quiet + 1 } else { 0 };
            // What is shown late may hide for as many reads that something is left to do.
            if quiet > if self.is_late { 3 } else { 0 } {
                let portal = now(self.hub)?;
                let expected = settled(expected(&portal));
                let differences = settled(portal.clone()).differences(&expected);
                let duplicates = portal.duplicates();
                return match (differences.is_empty(), duplicates.is_empty()) {
                    (true, true) => Ok(()),
                    _ => {
                        Err(format!("the portal is not as the manifest says: {differences:#?}, twice: {duplicates:?}"))
                    }
                };
            }
        }
        let left = connect(self.hub).plan_since(manifest, self.applied.as_ref()).await?.changes;
        Err(format!("{PEACEFUL} applies in peace leave changes: {left:#?}"))
    }

    /// One run of the program, and whether its report tells the truth.
    async fn attempt(&mut self, manifest: &Manifest) -> Result<Option<Report>, String> {
        let world = connect(self.hub);
        let plan = match world.plan_since(manifest, self.applied.as_ref()).await {
            Ok(plan) => plan,
            Err(error) => {
                self.story.push(format!("  no plan: {error}"));
                return Ok(None);
            }
        };
        let edits_before = lock(self.watched).edits;
        let before = now(self.hub)?;
        let report = world.apply(&plan).await;
        let after = now(self.hub)?;
        for result in &report.results {
            self.story.push(format!("  {} {:?} {:?}", result.address, result.action, result.outcome));
        }
        // What somebody else did before may be read as well, from a hub that shows it late.
        let edits = lock(self.watched).edits;
        let is_alone = edits == 0 && self.applied.is_none();
        if is_alone || (edits == edits_before && !self.is_late) {
            lies(&plan, &report, &before, &after)?;
        }
        Ok(Some(report))
    }
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

/// Looks at every change of the portal as it happens: nobody sees what neither the first nor the last state shows.
fn witness(case: &Case, watched: Arc<Mutex<Watched>>) -> Witness {
    let sees = case.eyes();
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
            let before = watched.allowed.get(&name).unwrap_or(&none);
            let is_published =
                |(group_id, asset_id, _): &&Seen| watched.published.contains(&(group_id.clone(), asset_id.clone()));
            let more: Vec<_> = seen.difference(before).filter(is_published).cloned().collect();
            if !more.is_empty() {
                watched.faults.push(format!("{:?} shows {name:?} what neither state does: {more:?}", event.cause));
            }
        }
    })
}

/// Reads each object of a plan as an apply does, and each member, whom the plan may be about only once it sees what was
/// done to them.
async fn look(world: &pipeline::World, hub: &Running, plan: &Plan) {
    let client = &world.client;
    let session = Session::new(client.reader(), client.writer(), plan, PATIENCE, Journal::none());
    drop(stale(&session, plan, PARALLELISM).await);
    let portal = hub.world().expect("the hub runs").portals.swap_remove(0);
    for member in &portal.members {
        drop(session.reader.user(&session.path, &member.id).await);
    }
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
