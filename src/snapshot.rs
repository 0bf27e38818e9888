//! The snapshot file: a live state as JSON, so that planning needs no credential.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::state::{LivePortal, LiveState};

/// A minor version adds fields, which older readers ignore; a major one is refused.
const FORMAT_VERSION: &str = "1.0";

/// A live state with the time of its reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    format_version: String,
    kind: String,
    /// RFC 3339.
    pub observed_at: String,
    /// How long the hub took to answer on average, in microseconds, by `operationId`.
    #[serde(default)]
    pub latencies_us: BTreeMap<String, u64>,
    pub live: LiveState,
}

impl Snapshot {
    pub fn new(live: LiveState, observed_at: String, latencies_us: BTreeMap<String, u64>) -> Self {
        Self { format_version: FORMAT_VERSION.to_owned(), kind: "Snapshot".to_owned(), observed_at, latencies_us, live }
    }

    /// The text of the file.
    pub fn write(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a snapshot has text keys and no failing serializer");
        text.push('\n');
        text
    }

    /// Reads which portal a snapshot is of, and nothing else of it.
    pub fn portal(text: &str) -> Result<LivePortal, Failure> {
        #[derive(Deserialize)]
        struct Whose {
            live: Portal,
        }
        #[derive(Deserialize)]
        struct Portal {
            portal: LivePortal,
        }
        check_head(text)?;
        let Whose { live: Portal { portal } } = serde_json::from_str(text).map_err(malformed)?;
        Ok(portal)
    }

    /// Reads a snapshot, whole or not at all.
    pub fn read(text: &str) -> Result<Self, Failure> {
        check_head(text)?;
        serde_json::from_str(text).map_err(malformed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn malformed(error: serde_json::Error) -> Failure {
    Failure::new(format!("not a snapshot: {error}"))
}

/// Refuses what is no snapshot, and what another version wrote.
fn check_head(text: &str) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Head {
        format_version: Option<String>,
        kind: Option<String>,
    }
    if !text.trim_start().starts_with('{') {
        return Err(Failure::new("not a snapshot: expected a JSON object")
            .hint("write one with `aehctl observe -f … --out FILE`"));
    }
    let head: Head = serde_json::from_str(text).map_err(malformed)?;
    let version = head.format_version.unwrap_or_default();
    if head.kind.as_deref() != Some("Snapshot") {
        return Err(Failure::new("not a snapshot: it has no `kind: Snapshot`")
            .hint("write one with `aehctl observe -f … --out FILE`"));
    }
    if version.split('.').next() != FORMAT_VERSION.split('.').next() {
        return Err(Failure::new(format!(
            "the snapshot has format {version}, and this version reads {FORMAT_VERSION}"
        ))
        .hint("observe the portal again with this version"));
    }
    Ok(())
}
