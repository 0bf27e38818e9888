//! The client of API Experience Hub and of the parts of Access Management that go with it.
//!
//! Reads go through a [`Reader`], changes through a [`Writer`]; both share one [`Client`]: its connections, token,
//! turns and pace. Every failure is an [`Error`] that names the operation. Nothing in here knows about manifests,
//! plans or the emulator, and no secret leaves it but to its [`Host`].

mod access_management;
mod certificates;
mod clock;
mod credentials;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod gate;
mod haste;
mod hints;
mod host;
mod latency;
mod limiter;
mod operation;
mod options;
mod paging;
mod reader;
mod retry;
mod session;
mod target;
mod text;
mod token;
mod transport;
mod wire;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use certificates::{CertificateFile, certificate_files};
pub use clock::{Clock, Sleep, SystemClock};
pub use credentials::{Credential, CredentialFlags, Environment, Resolved, default_file, resolve};
pub use error::{Error, Kind, SetupError};
pub use haste::LAST_SECONDS;
pub use host::{Host, Origin, Region};
pub use latency::Latencies;
pub use limiter::Pressure;
pub use operation::Operation;
pub use options::Options;
pub use paging::{LIMIT, Pages};
pub use reader::{AssetQuery, Criteria, Direction, ExchangeQuery, Reader, Sort, UserQuery};
pub use target::PortalPath;
pub use wire::{
    AssetCoordinates, AssetDetail, BusinessGroup, CommunityAsset, Connection, ExchangeAsset, GroupMapping,
    IdentityProvider, Me, Organization, Portal, Prospect, User, UserGroup, VersionVisibility,
};
pub use writer::{NewUserGroup, Writer};

use session::Session;

/// One host, one credential, and all that requests to it share; a clone is the same client.
#[derive(Debug, Clone)]
pub struct Client {
    session: Arc<Session>,
}

impl Client {
    /// Sets up a client; sends nothing yet.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        Ok(Self { session: Arc::new(Session::new(options)?) })
    }

    pub fn reader(&self) -> Reader {
        Reader { session: Arc::clone(&self.session) }
    }

    /// Returns what can change the portal; only the executor of a plan asks for it.
    pub fn writer(&self) -> Writer {
        Writer { session: Arc::clone(&self.session) }
    }

    /// Ends soon: every request has [`LAST_SECONDS`] left, and none is tried again. For good.
    pub fn hurry(&self) {
        self.session.hurry();
    }

    /// Returns how many requests were sent so far, by `operationId`, repetitions included.
    pub fn request_counts(&self) -> BTreeMap<&'static str, u64> {
        self.session.request_counts()
    }

    /// Returns how long the server took to answer so far.
    pub fn latencies(&self) -> Latencies {
        self.session.latencies()
    }

    /// Returns how much the server was asked at once, and how much of that was too much.
    pub fn pressure(&self) -> Pressure {
        self.session.pressure()
    }
}

/// Chooses the cryptography that TLS uses, for the whole process; doing it again changes nothing.
pub fn install_crypto_provider() {
    // It fails only if a provider is there already, which is all that is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
