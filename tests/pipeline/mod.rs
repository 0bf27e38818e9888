//! The pipeline in this process, against an emulator of its own: load, observe, plan, apply.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aehctl::apply::{self, Watch};
use aehctl::client::{self, Client, Credential, Host, Origin};
use aehctl::diagnostic::{self, Located};
use aehctl::emulator::{self, Options, Running};
use aehctl::journal::Journal;
use aehctl::kinds::session::{Patience, Session};
use aehctl::manifest::load::{LoadOptions, load};
use aehctl::manifest::model::Manifest;
use aehctl::observe::{Needs, Scope, Target, observe};
use aehctl::plan::{self, Change, Plan};
use aehctl::record::Earlier;
use aehctl::report::{Outcome, Report};

/// Reads are repeated as often as the program does it, and without its pauses.
pub(crate) const PATIENCE: Patience = Patience { first: Duration::from_millis(1), reads: 5 };

pub(crate) const PARALLELISM: usize = 8;

/// A hub as a client sees it that is signed in.
pub(crate) struct World {
    pub(crate) client: Client,
}

impl World {
    /// Starts a hub, which ends when it is dropped, and a client for it.
    pub(crate) async fn start(
        options: Options,
        set_up: impl FnOnce(client::Options) -> client::Options,
    ) -> (Self, Running) {
        let hub = emulator::start(options).await.expect("the emulator starts");
        (Self::connect(&hub, set_up), hub)
    }

    /// Another client, signed in anew.
    pub(crate) fn connect(hub: &Running, set_up: impl FnOnce(client::Options) -> client::Options) -> Self {
        let address = hub.url.trim_start_matches("http://").parse().expect("the url is an address");
        let host = Host::loopback(address).expect("the emulator is on loopback");
        let credential =
            Credential::connected_app(hub.client_id.clone(), hub.client_secret.clone().into(), Origin::Embedded);
        let client = Client::new(set_up(client::Options::new(host, credential))).expect("a client can be made");
        Self { client }
    }

    /// What applying this manifest would do; an error is told as people see it.
    pub(crate) async fn plan(&self, manifest: &Manifest) -> Result<Plan, String> {
        self.plan_since(manifest, None).await
    }

    /// The same where something is known of what was applied last.
    pub(crate) async fn plan_since(&self, manifest: &Manifest, applied: Option<&Earlier>) -> Result<Plan, String> {
        let named = |part: &Option<Located<String>>| part.as_ref().map(|part| part.value.clone());
        let target = Target {
            connection: named(&manifest.target.connection),
            environment: named(&manifest.target.environment),
            portal: named(&manifest.target.portal),
            ..Target::default()
        };
        let recorded = applied.map(|applied| applied.manifests.as_slice()).unwrap_or_default();
        let scope = Scope::Plan(Needs { manifest, applied: recorded, base: &[] });
        let live =
            observe(&self.client.reader(), &target, scope, PARALLELISM).await.map_err(|error| format!("{error:#}"))?;
        plan::make(plan::Request { applied, ..plan::Request::new(manifest, &live) }).map_err(|failure| {
            let told = failure.faults.into_iter().chain(failure.refusals).map(|diagnostic| diagnostic.message);
            told.collect::<Vec<_>>().join("\n")
        })
    }

    pub(crate) async fn apply(&self, plan: &Plan) -> Report {
        let session = Session::new(self.client.reader(), self.client.writer(), plan, PATIENCE, Journal::none());
        let options = apply::Options {
            parallelism: PARALLELISM,
            program: "aehctl",
            interrupt: &AtomicBool::new(false),
            watch: &Unwatched,
        };
        apply::apply(&session, plan, &options).await
    }
}

struct Unwatched;

impl Watch for Unwatched {
    fn started(&self, _: &Change) {}

    fn finished(&self, _: &Change, _: &Outcome) {}
}

/// The Portals of these files, which must be without error.
#[track_caller]
pub(crate) fn manifests(files: &[PathBuf], working_directory: &Path) -> Vec<Manifest> {
    let options = LoadOptions { environment: &|_| None, working_directory: working_directory.to_owned() };
    let loaded = load(files, &options);
    assert!(!loaded.has_errors(), "{}", diagnostic::render(&loaded.diagnostics, &loaded.sources, false));
    loaded.manifests
}
