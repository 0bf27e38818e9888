//! `--record`: which commit is applied, and moving the ref that says so.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{context, output};
use crate::diagnostic::Sources;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::id::CommitId;
use crate::plan::Plan;
use crate::render::text;
use crate::revision::{Commit, Recording, Repository, Uncommitted, short};

/// More names than this help nobody.
const MOST_NAMED: usize = 10;

/// Prepares to record the commit that holds these manifests, as they were loaded.
pub(super) fn of_manifests(reference: &str, files: &[PathBuf], sources: &Sources) -> Result<Recording> {
    let repository = Repository::open(&context::working_directory()?)?;
    let head = committed(&repository, files, sources)?;
    repository.recording(reference, &head)
}

/// Prepares to record the commit that saved plans were made from.
pub(super) fn of_plans<'p>(reference: &str, plans: impl IntoIterator<Item = &'p Plan>) -> Result<Recording> {
    let mut commits: Vec<Option<&CommitId>> = plans.into_iter().map(|plan| plan.commit.as_ref()).collect();
    commits.sort();
    commits.dedup();
    if let [Some(first), Some(second), ..] = commits.as_slice() {
        let (first, second) = (short(first.as_str()), short(second.as_str()));
        return Err(Failure::new(format!("the plans were made from several commits: {first} and {second}"))
            .hint("plan all of them from one commit, or leave out --record")
            .into());
    }
    let Some(id) = commits.first().copied().flatten() else {
        return Err(Failure::new("the plan names no commit: its manifests were not committed when it was made")
            .hint("commit them and plan again, or leave out --record")
            .into());
    };
    let repository = Repository::open(&context::working_directory()?)?;
    let commit = repository.commit(id.as_str())?;
    if commit.id != *id {
        return Err(Failure::new(format!("the plan names `{id}`, which is no full id of a commit")).into());
    }
    repository.recording(reference, &commit)
}

/// The commit that holds these manifests, as they were loaded; none if there is no such commit, or no git.
pub(super) fn commit_of(files: &[PathBuf], sources: &Sources) -> Option<CommitId> {
    let find = || committed(&Repository::open(&context::working_directory()?)?, files, sources);
    find().inspect_err(|error| tracing::debug!("the plan names no commit: {error:#}")).ok().map(|commit| commit.id)
}

/// Moves the ref if everything is applied, or says why not.
pub(super) fn conclude(recording: &Recording, exit: Exit) -> Result<()> {
    let reference = text::terminal(recording.reference());
    let why = match exit {
        Exit::Done => {
            let commit = short(recording.commit().as_str());
            recording.record().map_err(|error| {
                Failure::new(format!("everything is applied, but it is not recorded: {error:#}"))
                    .hint(format!("move the ref by hand: git update-ref {reference} {commit}"))
            })?;
            let push = recording.push_command();
            output::say(&format!("Recorded {commit} as {reference}; push it with: {}", text::terminal(&push)));
            return Ok(());
        }
        Exit::Unconfirmed => "the portal does not show everything yet",
        Exit::Interrupted => "the apply was interrupted",
        _ => "not everything is applied",
    };
    output::say(&format!("{reference} was not moved: {why}. Apply again with --record."));
    Ok(())
}

fn committed(repository: &Repository, files: &[PathBuf], sources: &Sources) -> Result<Commit> {
    let head = repository.head()?;
    let differences = repository.uncommitted(&head, files, &context::environment, sources)?;
    if differences.is_empty() {
        return Ok(head);
    }
    let name = |(path, difference): (&PathBuf, &Uncommitted)| {
        let how = match difference {
            Uncommitted::Changed => "changed",
            Uncommitted::Added => "not committed",
            Uncommitted::Removed => "removed",
        };
        format!("{} ({how})", Path::display(path))
    };
    let mut names = differences.iter().take(MOST_NAMED).map(name).collect::<Vec<_>>().join(", ");
    if differences.len() > MOST_NAMED {
        names = format!("{names} and {} more", differences.len() - MOST_NAMED);
    }
    Err(Failure::new(format!("the manifests are not as commit {} has them: {names}", short(head.id.as_str())))
        .hint("nothing was changed; commit them first: what is recorded has to be what is applied")
        .into())
}
