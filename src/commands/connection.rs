//! The way to the hub, or to the emulator: credential, host, and one client for all that goes there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};

use super::context::{environment, refuse_garbled};
use crate::cli::{Global, RegionName};
use crate::client::{self, Client, Credential, CredentialFlags, Host, Origin, Region};
use crate::diagnostic::Located;
use crate::emulator::{self, Faults};
use crate::failure::Failure;
use crate::files;
use crate::manifest::model::Manifest;
use crate::observe::{self, Scope, Target};
use crate::plan::Plan;
use crate::state::{LivePortal, LiveState};

/// A portal's way to the hub, or to the emulator.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) target: Target,
    shared: Arc<Shared>,
}

/// What all portals on one host share.
struct Shared {
    client: Client,
    /// The requests of the stages that were logged.
    logged: Mutex<BTreeMap<&'static str, u64>>,
    /// Stops when it is dropped.
    _emulator: Option<Arc<emulator::Running>>,
}

impl Connection {
    /// Logs the requests of a stage that has ended, by operation.
    pub(super) fn log_requests(&self, stage: &str) {
        let counts = self.client.request_counts();
        let mut logged = self.shared.logged.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Both go to the same host.
    pub(super) fn shares_host(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Whom a run signs in as, and where.
enum Access {
    Emulator(Arc<emulator::Running>),
    Hub(client::Resolved),
}

impl Access {
    async fn open(global: &Global) -> Result<Self> {
        if let Some(database) = &global.emulator {
            let running = start_emulator(database, super::emulator::faults(global)?).await?;
            return Ok(Self::Emulator(Arc::new(running)));
        }
        refuse_garbled(|name| name.starts_with("ANYPOINT_") || name == "SSL_CERT_FILE")?;
        let flags = CredentialFlags {
            profile: global.profile.clone(),
            host: global.host.clone(),
            region: global.region.map(Into::into),
        };
        let file = client::default_file(&environment);
        Ok(Self::Hub(client::resolve(&flags, &environment, file.as_deref())?))
    }

    /// Where a portal of this region stands.
    fn host(&self, global: &Global, region: Option<Region>) -> Result<Host> {
        let resolved = match self {
            Self::Emulator(running) => {
                let address = running.url.trim_start_matches("http://").parse();
                return Host::loopback(address.context("the emulator has no address")?)
                    .context("the emulator is not on loopback");
            }
            Self::Hub(resolved) => resolved,
        };
        let host = resolved.host_or(region);
        if let (None, Some(wanted), Some(is)) = (&global.region, region, host.known_region())
            && wanted != is
        {
            let named = host.origin().map_or_else(String::new, |origin| format!(" by {origin}"));
            return Err(Failure::new(format!("the manifest is for region {wanted}, and the host is {is}'s{named}"))
                .hint("correct `target.region`, or say --region")
                .into());
        }
        Ok(host)
    }

    fn share(&self, host: Host, parallelism: usize) -> Result<Arc<Shared>> {
        let (credential, emulator) = match self {
            Self::Emulator(running) => {
                let secret = running.client_secret.clone().into();
                let credential = Credential::connected_app(running.client_id.clone(), secret, Origin::Embedded);
                (credential, Some(Arc::clone(running)))
            }
            Self::Hub(resolved) => (resolved.credential.clone(), None),
        };
        let mut options = client::Options::new(host, credential);
        options.parallelism = parallelism;
        options.certificates = client::certificate_files(&environment);
        let client = Client::new(options)?;
        Ok(Arc::new(Shared { client, logged: Mutex::default(), _emulator: emulator }))
    }

    fn target(&self, global: &Global, host: &Host, target: Target) -> Target {
        let mut target = Target {
            connection: global.connection.clone().or(target.connection),
            portal: global.portal.clone().or(target.portal),
            ..target
        };
        match self {
            Self::Emulator(_) => target.emulator = true,
            Self::Hub(resolved) => {
                target.organization = target.organization.or_else(|| resolved.organization.clone());
                target.region = host.known_region().map(|region| region.to_string());
            }
        }
        target
    }
}

/// Connects to the hub, or to the emulator. Nothing is sent yet.
pub(super) async fn connect(global: &Global, target: Target, region: Option<Region>) -> Result<Connection> {
    connect_all(global, [(target, region)]).await?.remove(0)
}

/// Connects to portals with one client for each host: whatever goes there shares its sign-in, its turns and its pace.
/// An error is one portal's own unless nothing can be asked at all.
pub(super) async fn connect_all(
    global: &Global,
    wanted: impl IntoIterator<Item = (Target, Option<Region>)>,
) -> Result<Vec<Result<Connection>>> {
    client::install_crypto_provider();
    let access = Access::open(global).await?;
    let wanted: Vec<(Target, Result<Host>)> =
        wanted.into_iter().map(|(target, region)| (target, access.host(global, region))).collect();
    let mut hosts: BTreeMap<String, Option<Arc<Shared>>> =
        wanted.iter().filter_map(|(_, host)| Some((host.as_ref().ok()?.base().to_owned(), None))).collect();
    // What may be under way at once is said of the run, not of each host.
    let parallelism = (usize::from(global.parallelism) / hosts.len().max(1)).max(1);
    let mut connect = |target: Target, host: Host| -> Result<Connection> {
        let target = access.target(global, &host, target);
        let known = hosts.entry(host.base().to_owned()).or_default();
        let shared = match known {
            Some(shared) => Arc::clone(shared),
            None => Arc::clone(known.insert(access.share(host, parallelism)?)),
        };
        Ok(Connection { client: shared.client.clone(), target, shared })
    };
    Ok(wanted.into_iter().map(|(target, host)| connect(target, host?)).collect())
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

/// Where a manifest says that its portal is.
pub(super) fn target_of(manifest: &Manifest) -> (Target, Option<Region>) {
    let target = &manifest.target;
    let text = |part: &Option<Located<String>>| part.as_ref().map(|part| part.value.clone());
    let region = target.region.as_ref().and_then(|name| region_named(name));
    let target = Target {
        organization: text(&target.organization),
        connection: text(&target.connection),
        environment: text(&target.environment),
        portal: text(&target.portal),
        ..Target::default()
    };
    (target, region)
}

/// Where the portal of a saved plan is, if the plan may be applied here.
pub(super) fn target_of_plan(global: &Global, plan: &Plan) -> Result<(Target, Option<Region>)> {
    if plan.target.pseudonyms {
        return Err(Failure::new("the plan was made on a snapshot with pseudonyms: it is for reading alone")
            .hint("plan again without --live, or on a snapshot without pseudonyms")
            .into());
    }
    if plan.only.is_some() || plan.promotes.is_some() {
        return Err(Failure::new("the plan holds a part of what would be done: it is for reading alone")
            .hint("plan again without --only and --compare")
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
    Ok((target, region.as_deref().and_then(region_named)))
}

/// Reads what a plan needs.
pub(super) async fn observe(global: &Global, connection: &Connection, scope: Scope<'_>) -> Result<LiveState> {
    observe::observe(&connection.client.reader(), &connection.target, scope, usize::from(global.parallelism)).await
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
