//! The emulator: a portal server on loopback that stands in for the real hub.
//!
//! It serves the hub's management API and the part of Access Management that aehctl uses, from a world in `SQLite`,
//! with the vendor's constraints; where no source says what the hub does, it takes the side that would expose a
//! careless client, and a [switch](switches) takes the other. It shares no type with the client.

mod demo;
mod failure;
mod faults;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod handlers;
mod ids;
mod lag;
mod line;
mod openapi;
mod operation;
mod operations;
mod request_log;
mod seed;
mod server;
mod store;
pub mod switches;
#[cfg(test)]
mod tests;
mod tokens;
mod wire;
mod world;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub use demo::{Shape, demo, demo_with};
pub use faults::editor::Edit;
pub use faults::{FaultInfo, Faults};
pub use openapi::openapi;
pub use request_log::LoggedRequest;
pub use switches::Switches;
pub use world::{Asset, Cause, Event, Group, Member, Portal, Prospect, Seen, Witness, World};

use faults::judge::Judge;
use ids::Ids;
use lag::Lag;
use line::{Breaker, Lines};
use request_log::RequestLog;
use server::Server;
use store::{Setting, Store};
use tokens::Tokens;

/// Where the emulator's world is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    Memory,
    File(PathBuf),
}

/// How to run an emulator.
#[derive(Debug, Clone)]
pub struct Options {
    pub database: Database,
    /// A seed document to fill the empty world with; one that is filled is refused.
    pub seed: Option<String>,
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How much later every request is answered.
    pub latency: Duration,
    /// A file to append a JSON line for each request to.
    pub request_log: Option<PathBuf>,
    pub switches: Switches,
    /// What goes wrong on purpose; switches that it sets or draws come on top of the others.
    pub faults: Faults,
    /// Is told every committed change.
    pub witness: Option<Witness>,
    /// How long a bearer token is good.
    pub token_lifetime: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            database: Database::Memory,
            seed: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            latency: Duration::ZERO,
            request_log: None,
            switches: Switches::default(),
            faults: Faults::default(),
            witness: None,
            token_lifetime: Duration::from_secs(60 * 60),
        }
    }
}

/// A running emulator; it stops when it is dropped.
pub struct Running {
    /// Without a slash at its end.
    pub url: String,
    pub client_id: String,
    pub client_secret: String,
    pub username: String,
    pub password: String,
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// Starts an emulator; it serves when this returns.
pub async fn start(options: Options) -> Result<Running> {
    let Options { database, seed, listen, latency, request_log, switches, faults, witness, token_lifetime } = options;
    let switches = faults.switched(&switches);
    if !listen.ip().is_loopback() {
        bail!("the emulator listens on loopback addresses only, not on {listen}");
    }
    let log = RequestLog::open(request_log.as_deref())?;
    let open = move || -> Result<Store> {
        let store = match &database {
            Database::Memory => Store::in_memory()?,
            Database::File(path) => Store::open(path)?,
        };
        if let Some(document) = seed {
            seed::fill(&store, &document, false)?;
        }
        Ok(store)
    };
    let store = tokio::task::spawn_blocking(open).await.context("failed to open the emulator's database")??;
    let [client_id, client_secret, username, password] = store.read(|db| -> rusqlite::Result<_> {
        Ok([
            store::get(db, Setting::ClientId)?,
            store::get(db, Setting::ClientSecret)?,
            store::get(db, Setting::Username)?,
            store::get(db, Setting::Password)?,
        ])
    })?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("failed to listen on {listen}"))?;
    let url = format!("http://{}", listener.local_addr().context("failed to learn the emulator's port")?);
    let server = Arc::new(Server {
        store,
        lag: Lag::new(switches.lag),
        switches,
        tokens: Tokens::new(token_lifetime),
        ids: Ids::new(faults.seed()),
        judge: RwLock::new(Arc::new(Judge::new(faults))),
        witness,
        log: Arc::new(log),
        latency,
        closing: watch::Sender::new(false),
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let router = server::router(&server);
    let closing = server.clone();
    let serving = tokio::spawn(async move {
        let until = async move {
            // An error is the sender dropped, which stops the server as well.
            stopped.await.unwrap_or_default();
            closing.closing.send_replace(true);
        };
        let service = router.into_make_service_with_connect_info::<Breaker>();
        axum::serve(Lines(listener), service).with_graceful_shutdown(until).await
    });
    Ok(Running { url, client_id, client_secret, username, password, server, stop: Some(stop), serving })
}

impl fmt::Debug for Running {
    /// Without the credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Running").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Running {
    /// Answers what is under way, then stops.
    pub async fn shutdown(mut self) -> Result<()> {
        self.stop.take();
        (&mut self.serving).await.context("the emulator broke down")?.context("the emulator failed to serve")
    }

    /// Returns when the server has ended by itself, which it does on failure alone.
    pub async fn wait(&mut self) -> Result<()> {
        (&mut self.serving).await.context("the emulator broke down")?.context("the emulator failed to serve")
    }

    /// The world as a seed document.
    pub fn dump(&self) -> Result<String> {
        seed::dump(&self.server.store)
    }

    /// Who is in which group and who sees what, at this moment.
    pub fn world(&self) -> Result<World> {
        self.server.store.read(world::world).context("failed to read the emulator's database")
    }

    /// From now on these faults, counted and drawn from the beginning; the default is none, which also ends a stop.
    /// Switches stay as they are.
    pub fn set_faults(&self, faults: Faults) {
        *self.server.judge.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Judge::new(faults));
    }

    /// The latest requests, at most 100,000, in the order in which they ended.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.log.requests()
    }

    /// Forgets the requests so far, so that a test counts what follows.
    pub fn forget_requests(&self) {
        self.server.log.clear();
    }

    /// Ends all bearer tokens, as if their time were over.
    pub fn expire_tokens(&self) {
        self.server.tokens.expire();
    }
}

/// Fills an emulator's database from a seed document in YAML or JSON; one that is filled only with `reset`, which
/// empties it first. Whatever is wrong with the document, the database stays as it was.
pub fn seed(database: &Path, document: &str, reset: bool) -> Result<()> {
    seed::fill(&Store::open(database)?, document, reset)
}

/// Whether an emulator's database is there and filled.
pub fn is_seeded(database: &Path) -> Result<bool> {
    if !database.exists() {
        return Ok(false);
    }
    let filled = Store::open(database)?.read(store::is_filled);
    filled.with_context(|| format!("failed to read the emulator's database {}", database.display()))
}

/// The world of an emulator's database as a seed document.
pub fn dump(database: &Path) -> Result<String> {
    if !database.exists() {
        bail!("there is no emulator database {}", database.display());
    }
    seed::dump(&Store::open(database)?)
}
