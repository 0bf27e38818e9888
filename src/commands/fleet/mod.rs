//! Several portals in one run: each is judged on its own, none hides another, and what they ask for is bounded as a
//! whole. A run with one portal goes the same way.

pub(super) mod apply;
mod folder;
mod planning;
mod show;

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::{StreamExt as _, stream};

use super::connection::{Connection, connect_all, target_of};
use super::{Complaint, complaint, context};
use crate::cli::Global;
use crate::diagnostic::{self, Diagnostic, Sources};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::model::Manifest;
use crate::render;
use crate::resolve;
use crate::state::LivePortal;

pub(super) use folder::{Folder, live_file, plan_file, plan_files};
pub(super) use planning::{Planning, read as read_snapshot};
pub(super) use show::{plans, tell};

/// One portal of a run, and what became of it.
pub(super) struct Part<T> {
    pub(super) name: String,
    pub(super) result: Result<T, Trouble>,
}

impl<T> Part<T> {
    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> Part<U> {
        Part { name: self.name, result: self.result.map(make) }
    }

    /// Goes on with what has come of the portal so far, if anything has.
    pub(super) fn finish(&mut self, make: impl FnOnce(T) -> Result<T>) {
        let so_far = std::mem::replace(&mut self.result, Err(Failure::new("nothing came of it").into()));
        self.result = so_far.and_then(|so_far| Ok(make(so_far)?));
    }
}

/// Why nothing came of a portal.
pub(super) enum Trouble {
    /// Its manifest means nothing there.
    Unresolved(resolve::Failure),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Other(failure.into())
    }
}

impl Trouble {
    /// As an error of the command, where there is one portal alone.
    pub(super) fn alone(self, global: &Global, sources: &Sources) -> anyhow::Error {
        match self {
            Self::Unresolved(failure) => context::unresolved(global, failure, sources).into(),
            Self::Other(error) => error,
        }
    }

    /// As a part of the report on several portals, with the faults that its manifest has there.
    pub(super) fn among(self, portal: String, sources: &Sources) -> Failed {
        let (complaint, diagnostics) = match self {
            Self::Unresolved(failure) => {
                let (exit, diagnostics) = context::found(failure);
                let message = context::counted(context::UNRESOLVED, &diagnostics);
                (Complaint { exit, message, hint: None }, diagnostics)
            }
            Self::Other(error) => (complaint(&error), Vec::new()),
        };
        let Complaint { exit, message, hint } = complaint;
        let shown = diagnostic::to_json(&diagnostics, sources);
        let told = render::Failed { portal, exit: exit as u8, message, hint, diagnostics: shown };
        Failed { exit, diagnostics, told: Box::new(told) }
    }
}

/// What is told of a portal that nothing came of.
pub(super) struct Failed {
    pub(super) exit: Exit,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) told: Box<render::Failed>,
}

/// The fewest portals that are worked on at once: while one waits for a single answer, another makes use of the rest.
const FEWEST_AT_ONCE: usize = 2;

/// How many portals are worked on at once: their requests fill what may be under way, and no more live states are held
/// than that takes.
fn at_once(global: &Global) -> usize {
    (usize::from(global.parallelism) / 4).max(FEWEST_AT_ONCE)
}

/// Does something with each portal, a few of them at once.
pub(super) async fn each<T>(
    global: &Global,
    manifests: &[Manifest],
    work: impl AsyncFn(&Manifest, &Connection) -> Result<T, Trouble>,
) -> Result<Vec<Part<(T, Connection)>>> {
    let connections = connect_all(global, manifests.iter().map(target_of)).await?;
    let work = &work;
    let mut parts: Vec<(usize, Part<(T, Connection)>)> = stream::iter(manifests.iter().zip(connections).enumerate())
        .map(|(index, (manifest, connection))| async move {
            let result = async {
                sound(manifest)?;
                let connection = connection?;
                let done = work(manifest, &connection).await?;
                Ok((done, connection))
            };
            (index, Part { name: manifest.name.value.clone(), result: result.await })
        })
        .buffer_unordered(at_once(global))
        .collect()
        .await;
    parts.sort_by_key(|(index, _)| *index);
    Ok(parts.into_iter().map(|(_, part)| part).collect())
}

/// Refuses a Portal whose files have faults, which have been shown.
pub(super) fn sound(manifest: &Manifest) -> Result<(), Failure> {
    match manifest.errors {
        0 => Ok(()),
        errors => Err(Failure::new(context::number_of_faults("its files have", errors))),
    }
}

/// Logs the requests of a stage, once for each host.
pub(super) fn log_requests<'c>(connections: impl IntoIterator<Item = &'c Connection>, stage: &str) {
    let mut logged: Vec<&Connection> = Vec::new();
    for connection in connections {
        if !logged.iter().any(|other| other.shares_host(connection)) {
            connection.log_requests(stage);
            logged.push(connection);
        }
    }
}

/// Two Portals that mean the same portal would undo each other's work: neither counts.
pub(super) fn refuse_twins<T>(parts: &mut [Part<T>], portal: impl Fn(&T) -> &LivePortal) {
    let mut of_portal: BTreeMap<[String; 3], Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        if let Ok(done) = &part.result {
            let LivePortal { connection, id, region, .. } = portal(done);
            let key = [region.clone().unwrap_or_default(), connection.id.clone(), id.clone()];
            of_portal.entry(key).or_default().push(index);
        }
    }
    for twins in of_portal.into_values().filter(|twins| twins.len() > 1) {
        let names: Vec<String> = twins.iter().map(|index| format!("`{}`", parts[*index].name)).collect();
        for index in twins {
            let Ok(done) = &parts[index].result else { continue };
            let LivePortal { name, id, .. } = portal(done);
            let message = format!("{} are one and the same portal: `{name}` ({id})", names.join(" and "));
            parts[index].result = Err(Failure::new(message)
                .hint("correct the `target` of all but one, or choose one with --name")
                .into());
        }
    }
}

/// How a run ends that wrote nothing: the gravest of its portals.
pub(super) fn gravest(exits: impl IntoIterator<Item = Exit>) -> Exit {
    let rank = |exit: &Exit| match exit {
        Exit::Done => 0,
        Exit::Unconfirmed => 1,
        Exit::Changes => 2,
        Exit::Stale => 3,
        Exit::Refused => 4,
        Exit::Usage | Exit::Error => 5,
        Exit::Partial => 6,
        Exit::Interrupted => 7,
    };
    exits.into_iter().max_by_key(rank).unwrap_or(Exit::Done)
}
