//! What commands share: loading manifests, connecting, observing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use crate::cli::{Global, RegionName};
use crate::client::{self, Client, Credential, CredentialFlags, Host, Origin, Region};
use crate::commands::output;
use crate::diagnostic::{self, Diagnostic, Sources};
use crate::emulator::Faults;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::manifest::load::{LoadOptions, Loaded, load};
use crate::manifest::model::Manifest;
use crate::observe::{Scope, Target, observe};
use crate::plan::Plan;
use crate::plan::file::PlanKey;
use crate::state::{LivePortal, LiveState};
use crate::{emulator, pseudonyms, resolve};

/// The key of the pseudonyms, if there is one. It is no flag: any process of the machine can read those.
pub(super) fn pseudonym_key() -> Result<Option<pseudonyms::Key>> {
    refuse_garbled(|name| name == pseudonyms::KEY_VARIABLE)?;
    let text = environment(pseudonyms::KEY_VARIABLE).filter(|text| !text.trim().is_empty());
    Ok(text.map(|text| pseudonyms::Key::new(&text)).transpose()?)
}

/// The variable that holds the key of plan files.
const PLAN_KEY: &str = "AEHCTL_PLAN_KEY";

/// Looks up an environment variable; [`refuse_garbled`] tells of those that are no text.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(super) fn working_directory() -> Result<PathBuf> {
    std::env::current_dir().context("failed to find out the working directory")
}

/// Refuses variables that are set to something else than text: to take them for unset would mislead.
fn refuse_garbled(is_ours: impl Fn(&str) -> bool) -> Result<()> {
    let garbled = std::env::vars_os()
        .filter(|(_, value)| value.to_str().is_none())
        .find_map(|(name, _)| name.into_string().ok().filter(|name| is_ours(name)));
    match garbled {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!("the environment variable {name} is set, but not to text in UTF-8"))
            .hint("set it again, or unset it")
            .into()),
    }
}

/// Loads manifests and shows nothing yet.
pub(super) fn load_quietly(files: &[PathBuf]) -> Result<Loaded> {
    refuse_garbled(|name| name.starts_with("AEHCTL_VAR_"))?;
    let working_directory = working_directory()?;
    Ok(load(files, &LoadOptions { environment: &environment, working_directory }))
}

/// The one Portal that is meant, with the sources for showing faults in it. Faults are shown all at once.
pub(super) fn load_one(global: &Global, files: &[PathBuf]) -> Result<(Manifest, Sources)> {
    let loaded = load_quietly(files)?;
    if loaded.has_errors() {
        return Err(faults(global, Exit::Error, "the manifest has", &loaded.diagnostics, &loaded.sources).into());
    }
    let Loaded { manifests, sources, mut diagnostics } = loaded;
    diagnostics.retain(stands_online);
    show(global, &diagnostics, &sources);
    Ok((choose(global, manifests)?, sources))
}

/// Whether a fault still counts where a live portal is asked: names that are not declared may live there, and
/// resolving says so if they do not.
pub(super) fn stands_online(diagnostic: &Diagnostic) -> bool {
    !matches!(diagnostic.code, "undeclared-group" | "undeclared-provider")
}

/// The Portal that `--name` means, or the only one.
pub(super) fn choose(global: &Global, manifests: Vec<Manifest>) -> Result<Manifest> {
    let names = manifests.iter().map(|manifest| manifest.name.value.clone()).collect::<Vec<_>>().join(", ");
    let mut chosen: Vec<Manifest> = match &global.name {
        Some(name) => manifests.into_iter().filter(|manifest| manifest.name.value == *name).collect(),
        None => manifests,
    };
    match (chosen.len(), &global.name) {
        (1, _) => Ok(chosen.remove(0)),
        (0, Some(name)) if !names.is_empty() => {
            Err(Failure::new(format!("no Portal is named `{name}`")).hint(format!("there are: {names}")).into())
        }
        (0, _) => Err(Failure::new("there is no Portal in these files")
            .hint("a fragment takes effect through a Portal that includes it: give that file with -f")
            .into()),
        _ => Err(Failure::new(format!("there are several Portals: {names}")).hint("choose one with --name").into()),
    }
}

/// What leads in faults that a live portal has shown.
pub(super) const UNRESOLVED: &str = "planning the manifest against this portal found";

/// Shows diagnostics on stderr.
pub(super) fn show(global: &Global, diagnostics: &[Diagnostic], sources: &Sources) {
    if !diagnostics.is_empty() {
        output::say(diagnostic::render(diagnostics, sources, output::colors_talk(global)).trim_end());
    }
}

/// Shows diagnostics and says how many errors they are.
pub(super) fn faults(
    global: &Global,
    exit: Exit,
    lead: &str,
    diagnostics: &[Diagnostic],
    sources: &Sources,
) -> Failure {
    show(global, diagnostics, sources);
    let count = diagnostics.iter().filter(|diagnostic| diagnostic.severity == diagnostic::Severity::Error).count();
    Failure::with_exit(exit, format!("{lead} {count} {}", if count == 1 { "fault" } else { "faults" }))
}

/// Says why a manifest cannot be planned.
pub(super) fn unresolved(global: &Global, failure: resolve::Failure, sources: &Sources) -> Failure {
    let resolve::Failure { faults: mut all, refusals } = failure;
    let exit = if all.is_empty() { Exit::Refused } else { Exit::Error };
    all.extend(refusals);
    faults(global, exit, UNRESOLVED, &all, sources)
}

/// A client, and the emulator if that is what it talks to.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) target: Target,
    /// The requests of the stages that were logged.
    logged: Mutex<BTreeMap<&'static str, u64>>,
    /// Stops when it is dropped.
    _emulator: Option<emulator::Running>,
}

impl Connection {
    /// Logs the requests of a stage that has ended, by operation.
    pub(super) fn log_requests(&self, stage: &str) {
        let counts = self.client.request_counts();
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let of_stage: Vec<(&str, u64)> = counts
            .iter()
            .map(|(operation, count)| (*operation, count - logged.get(operation).copied().unwrap_or_default()))
            .filter(|(_, count)| *count > 0)
            .collect();
        *logged = counts;
        let total: u64 = of_stage.iter().map(|(_, count)| count).sum();
        let by_operation =
            of_stage.iter().map(|(operation, count)| format!("{operation} {count}")).collect::<Vec<_>>().join(", ");
        let noun = if total == 1 { "request" } else { "requests" };
        tracing::info!("{stage}: {total} {noun} ({by_operation})");
        let pressure = self.client.pressure();
        if !pressure.is_none() {
            tracing::info!("{stage}: {pressure}");
        }
    }
}

/// Connects to the hub, or to the emulator. Nothing is sent yet.
pub(super) async fn connect(global: &Global, target: Target, region: Option<Region>) -> Result<Connection> {
    client::install_crypto_provider();
    let mut target = Target {
        connection: global.connection.clone().or(target.connection),
        portal: global.portal.clone().or(target.portal),
        ..target
    };
    let (host, credential, emulator) = if let Some(database) = &global.emulator {
        let running = start_emulator(database, super::emulator::faults(global)?).await?;
        let address = running.url.trim_start_matches("http://").parse().context("the emulator has no address")?;
        let host = Host::loopback(address).context("the emulator is not on loopback")?;
        let secret = running.client_secret.clone().into();
        let credential = Credential::connected_app(running.client_id.clone(), secret, Origin::Embedded);
        target.emulator = true;
        (host, credential, Some(running))
    } else {
        refuse_garbled(|name| name.starts_with("ANYPOINT_") || name == "SSL_CERT_FILE")?;
        let flags = CredentialFlags {
            profile: global.profile.clone(),
            host: global.host.clone(),
            region: global.region.map(Into::into),
        };
        let file = client::default_file(&environment);
        let resolved = client::resolve(&flags, &environment, file.as_deref())?;
        let host = resolved.host_or(region);
        if let (None, Some(wanted), Some(is)) = (&global.region, region, host.known_region())
            && wanted != is
        {
            let named = host.origin().map_or_else(String::new, |origin| format!(" by {origin}"));
            return Err(Failure::new(format!("the manifest is for region {wanted}, and the host is {is}'s{named}"))
                .hint("correct `target.region`, or say --region")
                .into());
        }
        target.organization = target.organization.or(resolved.organization);
        target.region = host.known_region().map(|region| region.to_string());
        (host, resolved.credential, None)
    };
    let mut options = client::Options::new(host, credential);
    options.parallelism = usize::from(global.parallelism);
    options.certificates = client::certificate_files(&environment);
    Ok(Connection { client: Client::new(options)?, target, logged: Mutex::default(), _emulator: emulator })
}

/// Starts the emulator with these faults; a new database is filled with the demo organization.
async fn start_emulator(database: &Path, faults: Faults) -> Result<emulator::Running> {
    if let Some(parent) = database.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        files::make_private_folder(parent).with_context(|| format!("failed to make {}", parent.display()))?;
    }
    let is_seeded = emulator::is_seeded(database)?;
    let start = |seed| {
        emulator::start(emulator::Options {
            database: emulator::Database::File(database.to_owned()),
            seed,
            faults: faults.clone(),
            ..emulator::Options::default()
        })
    };
    let started = match start((!is_seeded).then(|| emulator::demo().to_owned())).await {
        // Another process that began at the same time has filled it meanwhile.
        Err(_) if !is_seeded && emulator::is_seeded(database).unwrap_or(false) => start(None).await,
        started => started,
    };
    started.with_context(|| format!("failed to start the emulator on {}", database.display()))
}

/// Connects to the portal that a manifest names.
pub(super) async fn connect_for(global: &Global, manifest: &Manifest) -> Result<Connection> {
    let target = &manifest.target;
    let text = |part: &Option<crate::diagnostic::Located<String>>| part.as_ref().map(|part| part.value.clone());
    let region = target.region.as_ref().and_then(|name| region_named(name));
    let target = Target {
        organization: text(&target.organization),
        connection: text(&target.connection),
        environment: text(&target.environment),
        portal: text(&target.portal),
        ..Target::default()
    };
    connect(global, target, region).await
}

/// Connects to the portal that a saved plan was made for.
pub(super) async fn connect_to(global: &Global, plan: &Plan) -> Result<Connection> {
    if plan.target.pseudonyms {
        return Err(Failure::new("the plan was made on a snapshot with pseudonyms: it is for reading alone")
            .hint("plan again without --live, or on a snapshot without pseudonyms")
            .into());
    }
    let LivePortal { connection, id, region, emulator, .. } = &plan.target.portal;
    if *emulator != global.emulator.is_some() {
        return Err(Failure::new(if *emulator {
            "the plan was made for the emulator"
        } else {
            "the plan was made for a hub, not for the emulator"
        })
        .hint(if *emulator { "apply it with --emulator" } else { "apply it without --emulator" })
        .into());
    }
    let target = Target { connection: Some(connection.id.clone()), portal: Some(id.clone()), ..Target::default() };
    connect(global, target, region.as_deref().and_then(region_named)).await
}

/// Reads what a plan needs, and says how many requests that took.
pub(super) async fn observe_for(global: &Global, connection: &Connection, scope: Scope<'_>) -> Result<LiveState> {
    let live = observe(&connection.client.reader(), &connection.target, scope, usize::from(global.parallelism)).await?;
    connection.log_requests("observed");
    Ok(live)
}

fn region_named(name: &str) -> Option<Region> {
    Region::ALL.into_iter().find(|region| region.name() == name)
}

impl From<RegionName> for Region {
    fn from(name: RegionName) -> Self {
        match name {
            RegionName::Us => Self::Us,
            RegionName::Eu => Self::Eu,
            RegionName::Ca => Self::Ca,
            RegionName::Jp => Self::Jp,
        }
    }
}

/// The key that plans are signed with, if there is one.
pub(super) fn plan_key() -> Result<Option<PlanKey>> {
    refuse_garbled(|name| name == PLAN_KEY)?;
    let Some(text) = environment(PLAN_KEY) else { return Ok(None) };
    PlanKey::new(&text.into()).map(Some).map_err(|weak| {
        Failure::new(weak.to_string())
            .hint(format!("make one with `openssl rand -hex 32`, or unset {PLAN_KEY} to go without signatures"))
            .into()
    })
}

/// The time, for envelopes and never for decisions.
pub(super) fn now() -> String {
    jiff::Timestamp::now().round(jiff::Unit::Second).map_or_else(|_| String::new(), |now| now.to_string())
}
