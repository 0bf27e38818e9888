//! `apply`

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;

use super::connection::{self, Connection};
use super::fleet::{self, Part, Planning, Trouble};
use super::{again, block_on, context, guards, interrupt, output, plan as plan_command, record, revisions, show};
use crate::apply::{self, Stale, Watch, apply, stale};
use crate::cli::{Apply, ExpectedDigest, Format, Global};
use crate::client::{Client, LAST_SECONDS, Reader};
use crate::diagnostic::Sources;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::guard;
use crate::id::ChangeId;
use crate::journal::Journal;
use crate::kinds::session::{Patience, Session};
use crate::observe::{Found, OrganizationNames, find_organization, locate, organization_names};
use crate::plan::naming::{self, Misnomer};
use crate::plan::{self, Allow, Change, Plan};
use crate::render::{self, progress::Progress};
use crate::report::{ChangeResult, Outcome, Report, Sent};
use crate::revision::Recording;
use crate::state::{LivePortal, Named};

/// How the report of an apply can be shown.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json, Format::Markdown];

/// A plan with the way to its portal.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) connection: Connection,
    /// Where the plan was saved.
    pub(super) file: Option<PathBuf>,
}

/// What a run is about, before anything is done.
struct Preparation {
    parts: Vec<Part<Prepared>>,
    sources: Sources,
    recording: Option<Recording>,
}

pub(super) fn run(global: &Global, arguments: &Apply) -> Result<Exit> {
    output::require_format(global, "apply", FORMATS)?;
    // A plan that cannot be read ends the command before anything is sent.
    let saved = saved_plans(&arguments.plans)?;
    block_on(async {
        let prepared = if arguments.plans.is_empty() {
            from_manifests(global, arguments).await?
        } else {
            from_plans(global, arguments, saved).await?
        };
        let Preparation { mut parts, sources, recording } = prepared;
        for part in &mut parts {
            part.finish(|mut prepared| {
                guards::apply_flags(&mut prepared.plan, &arguments.guards);
                Ok(prepared)
            });
        }
        let exit = match <[Part<Prepared>; 1]>::try_from(parts) {
            Ok([part]) => {
                alone(global, arguments, &part.result.map_err(|trouble| trouble.alone(global, &sources))?).await?
            }
            Err(parts) => fleet::apply::apply(global, arguments, parts, &sources).await?,
        };
        if let Some(recording) = recording {
            record::conclude(&recording, exit)?;
        }
        Ok(exit)
    })
}

/// Applies the plan of the one portal that a run is about.
pub(super) async fn alone(global: &Global, arguments: &Apply, prepared: &Prepared) -> Result<Exit> {
    let plan = &prepared.plan;
    if let Some(expected) = &arguments.expect {
        refuse_unexpected(global, plan, expected)?;
    }
    if global.format == Format::Human {
        output::data(&plan_command::human(global, plan))?;
    }
    guards::refuse(plan)?;
    if !plan.is_empty() {
        if global.format != Format::Human && !arguments.auto_approve && output::is_interactive() {
            // Whoever is asked has to see what the question is about.
            output::say(plan_command::human(global, plan).trim_end());
        }
        check_words(arguments, plan)?;
        if !arguments.auto_approve {
            approve(&format!("`{}`", render::text::terminal(&plan.target.portal.name)))?;
        }
    }
    let (report, journal) = execute(global, arguments, prepared, Tells::of(global, 1)).await?;
    prepared.connection.log_requests("applied");
    let told = output::data(&match global.format {
        // The plan has said already that there is nothing to do.
        Format::Human if plan.is_empty() => String::new(),
        // The plan ends just above, with what is left alone.
        Format::Human => format!("\n{}", render::report_human(&report, plan, output::colors_data(global))),
        Format::Json => render::report_json(&report, plan),
        Format::Markdown | Format::Csv | Format::Html => render::report_markdown(&report, plan),
    });
    say_unwritten(told, || render::report_human(&report, plan, output::colors_talk(global)));
    let exit = exit(&report);
    say_journal(journal.as_deref(), exit);
    Ok(exit)
}

/// A report that cannot be written does not change how the command ends: the exit code says what became of the portal,
/// and that is done.
pub(super) fn say_unwritten(told: Result<()>, report: impl FnOnce() -> String) {
    if let Err(error) = told {
        output::say(&format!("warning: {error:#}; this is the report"));
        output::say(report().trim_end());
    }
}

/// Says where everything is told of an apply that did not just go well.
pub(super) fn say_journal(journal: Option<&Path>, exit: Exit) {
    if let Some(path) = journal.filter(|_| exit != Exit::Done) {
        let path = render::text::terminal(&path.display().to_string()).into_owned();
        output::say(&format!("What was sent, and what came back, is in {path}"));
    }
}

/// Reads the saved plans that paths stand for; each is for another portal.
fn saved_plans(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Plan)>> {
    let mut saved: Vec<(PathBuf, Plan)> = Vec::new();
    for path in fleet::plan_files(paths)? {
        let plan = show::read(&path)?;
        let portal = |plan: &Plan| {
            let LivePortal { region, connection, id, .. } = &plan.target.portal;
            (region.clone(), connection.id.clone(), id.clone())
        };
        if let Some((other, _)) = saved.iter().find(|(_, other)| portal(other) == portal(&plan)) {
            let message = format!("{} and {} are plans for the same portal", other.display(), path.display());
            return Err(Failure::new(message).hint("apply the one that was reviewed").into());
        }
        saved.push((path, plan));
    }
    Ok(saved)
}

/// Finds the portals of saved plans, which must still be there, under the very same ids.
async fn from_plans(global: &Global, arguments: &Apply, saved: Vec<(PathBuf, Plan)>) -> Result<Preparation> {
    let plans = || saved.iter().map(|(_, plan)| plan);
    let recording = arguments.record.as_deref().map(|name| record::of_plans(name, plans())).transpose()?;
    if saved.len() > 1 && (global.portal.is_some() || global.connection.is_some()) {
        return Err(Failure::with_exit(
            Exit::Usage,
            "--portal and --connection are about one portal, and there are several plans",
        )
        .hint("leave them out: each plan knows its portal")
        .into());
    }
    let targets = plans().map(|plan| connection::target_of_plan(global, plan)).collect::<Result<Vec<_>>>()?;
    let connections = connection::connect_all(global, targets).await?;
    let tells = Tells::of(global, saved.len());
    let mut parts = Vec::with_capacity(saved.len());
    for ((file, plan), connection) in saved.into_iter().zip(connections) {
        let name = plan.portal.clone();
        let prepare = async {
            let connection = connection?;
            find(tells, &connection, &plan, &file).await?;
            Ok(Prepared { plan, connection, file: Some(file) })
        };
        parts.push(Part { name, result: prepare.await.map_err(Trouble::Other) });
    }
    let connections = parts.iter().filter_map(|part| Some(&part.result.as_ref().ok()?.connection));
    fleet::log_requests(connections, "found the portal");
    Ok(Preparation { parts, sources: Sources::default(), recording })
}

/// The portal of a saved plan must still be there, under the very same ids.
async fn find(tells: Tells, connection: &Connection, plan: &Plan, path: &Path) -> Result<()> {
    let reader = connection.client.reader();
    let organization = async {
        match &plan.target.portal.organization {
            None => Ok(None),
            Some(_) => find_organization(&reader).await.map(Some),
        }
    };
    let (found, organization) = tokio::try_join!(locate(&reader, &connection.target), organization)?;
    refuse_other_organization(plan, organization.as_ref())?;
    refuse_other_portal(plan, &found.portal)?;
    let misnomers = misnomers(&reader, plan, &found, organization).await?;
    refuse_misnamed(tells, plan, path, &misnomers)
}

/// How it is told why a saved plan is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// Also as data on standard output. Of several portals, the one document on standard output tells enough.
    Data,
    Words,
}

impl Tells {
    pub(super) fn of(global: &Global, portals: usize) -> Self {
        if global.format == Format::Json && portals == 1 { Self::Data } else { Self::Words }
    }
}

/// Ids may be the same in another organization; what they stand for is not.
fn refuse_other_organization(plan: &Plan, found: Option<&Named>) -> Result<()> {
    let (Some(planned), Some(found)) = (&plan.target.portal.organization, found) else { return Ok(()) };
    if planned.id == found.id {
        return Ok(());
    }
    let called = |named: &Named| match named.name.as_str() {
        "" => named.id.clone(),
        name => format!("`{name}` ({})", named.id),
    };
    let message = format!(
        "the plan was made for organization {}, and the credential belongs to {}",
        called(planned),
        called(found)
    );
    Err(Failure::new(message).hint("use a credential of the plan's organization, or plan again").into())
}

/// A plan knows its portal: flags that name another one are a mistake, not an order.
fn refuse_other_portal(plan: &Plan, found: &LivePortal) -> Result<()> {
    let planned = &plan.target.portal;
    let ids = [Some(&found.id), found.target_portal_id.as_ref(), found.internal_portal_id.as_ref()];
    let is_same = planned.id == found.id
        && planned.connection.id == found.connection.id
        && planned.target_portal_id == found.target_portal_id
        && ids.contains(&Some(&planned.path_id));
    if is_same {
        return Ok(());
    }
    Err(Failure::new(format!("the plan was made for portal `{}`, and the flags name `{}`", planned.name, found.name))
        .hint("leave out --portal and --connection: the plan knows its portal")
        .into())
}

/// Looks up what the hub calls the things that the plan names.
async fn misnomers(reader: &Reader, plan: &Plan, found: &Found, organization: Option<Named>) -> Result<Vec<Misnomer>> {
    let (business_groups, providers) = (naming::needs_business_groups(plan), naming::needs_identity_providers(plan));
    let names = if business_groups || providers {
        let organization = match organization {
            Some(organization) => organization,
            None => find_organization(reader).await?,
        };
        organization_names(reader, &organization.id, business_groups, providers).await?
    } else {
        OrganizationNames { business_groups: None, identity_providers: None }
    };
    let names = naming::Names {
        portal: &found.portal,
        user_groups: &found.tree,
        identity_providers: names.identity_providers.as_ref(),
        business_groups: names.business_groups.as_ref(),
    };
    Ok(naming::misnomers(plan, names))
}

/// What was reviewed under one name would be done to something of another: the plan is not even shown again.
fn refuse_misnamed(tells: Tells, plan: &Plan, path: &Path, misnomers: &[Misnomer]) -> Result<()> {
    if misnomers.is_empty() {
        return Ok(());
    }
    if tells == Tells::Data {
        output::data(&render::stale_json(plan, misnomers, &[]))?;
    }
    for Misnomer { message, .. } in misnomers {
        output::say(&format!("  {}", render::text::terminal(message)));
    }
    Err(Failure::with_exit(
        Exit::Stale,
        format!("{} is stale: its names do not mean what they meant; nothing was changed", path.display()),
    )
    .hint(PLAN_AGAIN)
    .into())
}

/// What would be done is not what was reviewed: it is shown, and left.
fn refuse_unexpected(global: &Global, plan: &Plan, expected: &ExpectedDigest) -> Result<()> {
    let digest = plan::file::digest(plan);
    if expected.fits(&digest) {
        return Ok(());
    }
    if plan.is_empty() {
        let message = format!("nothing is left of the changes that were reviewed, {expected}; nothing was changed");
        return Err(Failure::with_exit(Exit::Stale, message)
            .hint("the portal matches the manifest: they were applied already, or are no longer declared")
            .into());
    }
    output::say(plan_command::human(global, plan).trim_end());
    Err(Failure::with_exit(
        Exit::Stale,
        format!("these are not the changes that were reviewed: their digest is {digest}, and {expected} is expected; nothing was changed"),
    )
    .hint("the portal or the manifest has changed since: plan again, and review what is different")
    .into())
}

async fn from_manifests(global: &Global, arguments: &Apply) -> Result<Preparation> {
    let (manifests, sources) = context::load_fleet(global, &arguments.files)?;
    if arguments.expect.is_some() && manifests.len() > 1 {
        return Err(Failure::with_exit(Exit::Usage, "--expect is about one plan, and there are several portals")
            .hint("choose one with --name, or apply the plans that were saved: plan --out DIR, apply DIR")
            .into());
    }
    let revisions = revisions::load(global, &arguments.revisions, &arguments.files)?;
    let record = |name| record::of_manifests(name, &arguments.files, &sources);
    let recording = arguments.record.as_deref().map(record).transpose()?;
    let planning = Planning {
        global,
        revisions: &revisions,
        accept: &arguments.accept_drift.iter().cloned().collect(),
        allow: BTreeSet::new(),
        show_unmanaged: false,
        only: None,
        access: &arguments.access,
        promotes: None,
        saves: false,
    };
    let parts = planning.on_hub(&manifests).await?;
    let parts = parts
        .into_iter()
        .map(|part| part.map(|(plan, connection)| Prepared { plan, connection, file: None }))
        .collect();
    Ok(Preparation { parts, sources, recording })
}

/// Applies the plan; gives the report, and the journal if there was anything to record.
pub(super) async fn execute(
    global: &Global,
    arguments: &Apply,
    Prepared { plan, connection, file }: &Prepared,
    tells: Tells,
) -> Result<(Report, Option<PathBuf>)> {
    let (reader, writer) = (connection.client.reader(), connection.client.writer());
    let mut session = Session::new(reader, writer, plan, Patience::default(), Journal::none());
    let parallelism = usize::from(global.parallelism);
    let meter = Meter::start(&connection.client);
    // Once interrupted, nothing is begun anyway.
    if let Some(path) = file.as_ref().filter(|_| !interrupt::is_requested()) {
        refuse_stale(global, tells, &session, plan, path).await?;
        connection.log_requests("checked the plan");
    }
    let journal = if plan.is_empty() { None } else { Some(journal_path(arguments, plan)) };
    if let Some(path) = &journal {
        session.journal = Journal::open(path, plan).map_err(|error| {
            Failure::new(format!("{error:#}")).hint("nothing was changed; name another place with --journal")
        })?;
    }
    let progress = Progress::new(plan, output::is_terminal(), output::colors_talk(global));
    let watched = Watched { progress: &progress, under_way: Arc::default() };
    let (client, under_way) = (connection.client.clone(), Arc::clone(&watched.under_way));
    let interrupt = interrupt::gracefully(move || {
        client.hurry();
        waited_for(&under_way)
    });
    let program = again::for_portal(global, plan);
    let options = apply::Options { parallelism, program: &program, interrupt, watch: &watched };
    let mut report = apply(&session, plan, &options).await;
    report.sent = Some(meter.read());
    progress.end();
    session.journal.end(&report);
    Ok((report, journal))
}

/// Counts what is sent from now on.
struct Meter {
    client: Client,
    start: Instant,
    before: BTreeMap<&'static str, u64>,
}

impl Meter {
    fn start(client: &Client) -> Self {
        Self { client: client.clone(), start: Instant::now(), before: client.request_counts() }
    }

    fn read(&self) -> Sent {
        let before = |operation| self.before.get(operation).copied().unwrap_or_default();
        let operations: BTreeMap<String, u64> = self
            .client
            .request_counts()
            .into_iter()
            .map(|(operation, count)| (operation.to_owned(), count - before(operation)))
            .filter(|(_, count)| *count > 0)
            .collect();
        // To the millisecond: nobody measures more of it.
        let seconds = (self.start.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        Sent { requests: operations.values().sum(), operations, seconds }
    }
}

/// Where this apply is recorded: a file of its own, unless one is named.
fn journal_path(arguments: &Apply, plan: &Plan) -> PathBuf {
    arguments.journal.clone().unwrap_or_else(|| {
        let portal: String = plan
            .portal
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
            .take(60)
            .collect();
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        Path::new(JOURNALS).join(format!("{now}-{portal}-{}.jsonl", std::process::id()))
    })
}

/// The folder of journals, in the working directory.
const JOURNALS: &str = ".aehctl/journal";

/// How a command ends that applied one plan.
pub(super) fn exit(report: &Report) -> Exit {
    if report.interrupted {
        Exit::Interrupted
    } else if !report.is_complete() {
        Exit::Partial
    } else if report.has_unconfirmed() {
        Exit::Unconfirmed
    } else {
        Exit::Done
    }
}

/// Without anyone who is asked, the words must have been given.
pub(super) fn check_words(arguments: &Apply, plan: &Plan) -> Result<(), Failure> {
    let given: BTreeSet<Allow> = arguments.allow.iter().copied().collect();
    let missing = guard::missing_words(plan, &given);
    if !arguments.auto_approve || missing.is_empty() {
        return Ok(());
    }
    let words = missing.iter().map(|missing| missing.word.to_string()).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = missing
        .iter()
        .map(|missing| {
            let count = missing.addresses.len();
            let first = missing.addresses.first().map(|address| render::name(plan, address)).unwrap_or_default();
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            format!("`{}` for {first}{more}", missing.word)
        })
        .collect();
    let message = format!("the plan does what needs an explicit word: {}", lines.join("; "));
    Err(Failure::with_exit(Exit::Refused, message)
        .hint(format!("nothing was changed; if this is meant, add --allow {words}")))
}

/// Asks whoever sits there.
pub(super) fn approve(portals: &str) -> Result<()> {
    if !output::is_interactive() {
        return Err(Failure::with_exit(Exit::Refused, "nobody can be asked: there is no terminal")
            .hint("nothing was changed; review the plan, then add --auto-approve")
            .into());
    }
    output::prompt(&format!("\nApply these changes to {portals}? Write `yes` to go on: "));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        return Err(Failure::with_exit(Exit::Refused, "not approved; nothing was changed").into());
    }
    Ok(())
}

/// A saved plan whose objects have changed since is not begun.
async fn refuse_stale(global: &Global, tells: Tells, session: &Session, plan: &Plan, path: &Path) -> Result<()> {
    let stale = stale(session, plan, usize::from(global.parallelism)).await;
    if stale.is_empty() {
        return Ok(());
    }
    let count = stale.len();
    let results: Vec<ChangeResult> = stale.into_iter().map(Stale::into_result).collect();
    if tells == Tells::Data {
        output::data(&render::stale_json(plan, &[], &results))?;
    }
    output::say(render::stale_human(results, plan, output::colors_talk(global)).trim_end());
    Err(Failure::with_exit(
        Exit::Stale,
        format!(
            "{} is stale: {} of its {} changes no longer fit the portal; nothing was changed",
            path.display(),
            count,
            plan.changes.len()
        ),
    )
    .hint(PLAN_AGAIN)
    .into())
}

const PLAN_AGAIN: &str = "plan again, and review what is different";

/// Changes that have begun and not ended, as they are shown.
type UnderWay = Mutex<BTreeMap<ChangeId, String>>;

/// Shows how an apply gets on.
struct Watched<'p> {
    progress: &'p Progress,
    under_way: Arc<UnderWay>,
}

impl Watched<'_> {
    fn under_way(&self) -> MutexGuard<'_, BTreeMap<ChangeId, String>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Watched<'_> {
    fn started(&self, change: &Change) {
        self.under_way().insert(change.id.clone(), self.progress.label(change));
        self.progress.started(change);
    }

    fn finished(&self, change: &Change, outcome: &Outcome) {
        self.under_way().remove(&change.id);
        self.progress.finished(change, outcome);
    }
}

/// As many changes are named.
const NAMED: usize = 3;

/// What an apply that is interrupted waits for, and for how long.
fn waited_for(under_way: &UnderWay) -> Option<String> {
    let under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
    let named: Vec<&str> = under_way.values().take(NAMED).map(String::as_str).collect();
    let more = match under_way.len() {
        0 => return None,
        count if count > NAMED => format!(" and {} more", count - NAMED),
        _ => String::new(),
    };
    let seconds = LAST_SECONDS.as_secs();
    Some(format!("{}{more}, with at most {seconds} s left for each request", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, Kind};

    #[test]
    fn of_several_exit_codes_the_gravest_counts() {
        let address = Address::new("developer-portal", Kind::Members, ["jane"]);
        let report = |interrupted, outcomes: &[&Outcome]| Report {
            portal: "developer-portal".to_owned(),
            emulator: false,
            interrupted,
            results: outcomes
                .iter()
                .map(|outcome| ChangeResult {
                    id: "1".into(),
                    address: address.clone(),
                    action: plan::Action::Update,
                    outcome: (*outcome).clone(),
                })
                .collect(),
            sent: None,
        };
        let failed = &Outcome::Failed { message: "no".to_owned(), hint: None };
        for (outcomes, expected) in [
            (&[][..], Exit::Done),
            (&[&Outcome::Applied, &Outcome::AlreadyDone], Exit::Done),
            (&[&Outcome::Applied, &Outcome::Unconfirmed], Exit::Unconfirmed),
            (&[failed, &Outcome::Unconfirmed], Exit::Partial),
            (&[&Outcome::Unknown { message: "who knows".to_owned(), hint: None }], Exit::Partial),
            (&[&Outcome::Refused { mismatches: Vec::new() }], Exit::Partial),
            (&[&Outcome::skipped("of it")], Exit::Partial),
        ] {
            assert_eq!(exit(&report(false, outcomes)), expected, "{outcomes:?}");
            assert_eq!(exit(&report(true, outcomes)), Exit::Interrupted, "{outcomes:?}");
        }
    }
}
