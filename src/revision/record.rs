//! The record of what was last applied: a ref that moves to a commit when that commit is applied.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::Result;

use super::{Commit, Repository, git, short};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::id::CommitId;
use crate::text::shell_word;

/// The word in the ref's own log.
const REASON: &str = "aehctl apply";

/// A ref that can be moved to a commit, and what it is until then.
#[derive(Debug)]
pub struct Recording {
    git: git::Git,
    reference: String,
    commit: CommitId,
    /// None if the ref is yet to be made.
    before: Option<CommitId>,
    /// A plain push would be refused, since the ref moves to what does not follow on it.
    needs_force: bool,
}

impl Repository {
    /// Checks that a ref can be moved to a commit, and moves nothing yet.
    pub fn recording(&self, reference: &str, commit: &Commit) -> Result<Recording> {
        self.check_name(reference)?;
        let format = "--format=%(refname)%00%(worktreepath)";
        let answer = self.git.run(["for-each-ref", format, reference])?;
        if answer
            .lines()
            .any(|line| line.split_once('\0').is_some_and(|(name, at)| name == reference && !at.is_empty()))
        {
            return Err(Failure::new(format!("`{reference}` is checked out, and would change under a worktree"))
                .hint("record in a ref of its own, such as refs/aehctl/developer-portal")
                .into());
        }
        if self.git.run(["symbolic-ref", "--quiet", reference])?.succeeded {
            return Err(Failure::new(format!("`{reference}` is another name of some other ref"))
                .hint("record in a ref of its own, such as refs/aehctl/developer-portal")
                .into());
        }
        let before = self.look_up(reference)?;
        let needs_force = match &before {
            // How the two follow on each other, a shallow clone does not know.
            Some(before) if !self.is_shallow && *before != commit.id => {
                let answer = self.git.run(["merge-base", "--is-ancestor", before.as_str(), commit.id.as_str()])?;
                !answer.succeeded
            }
            _ => false,
        };
        let git = self.git.clone();
        let recording =
            Recording { git, reference: reference.to_owned(), commit: commit.id.clone(), before, needs_force };
        recording.rehearse()?;
        Ok(recording)
    }

    fn check_name(&self, reference: &str) -> Result<()> {
        let is_well_formed = |name: &str| Ok::<_, anyhow::Error>(self.git.run(["check-ref-format", name])?.succeeded);
        if reference.starts_with("refs/") && !reference.contains('\0') && is_well_formed(reference)? {
            return Ok(());
        }
        let below = reference.strip_prefix("aehctl/").unwrap_or(reference);
        let full = format!("refs/aehctl/{below}");
        let is_name = !below.is_empty() && below != "HEAD" && !below.contains('\0') && !below.starts_with("refs/");
        let example = if is_name && is_well_formed(&full)? { full } else { "refs/aehctl/developer-portal".to_owned() };
        Err(Failure::with_exit(Exit::Usage, format!("`{reference}` is not the full name of a ref"))
            .hint(format!("write it in full, such as {example}"))
            .into())
    }
}

impl Recording {
    pub fn reference(&self) -> &str {
        &self.reference
    }

    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// What gives the record to others.
    pub fn push_command(&self) -> String {
        let Self { reference, before, needs_force, .. } = self;
        let shown = shell_word(reference);
        match before {
            Some(before) if *needs_force => {
                let lease = shell_word(&format!("--force-with-lease={reference}:{before}"));
                format!("git push {lease} origin {shown}")
            }
            _ => format!("git push origin {shown}"),
        }
    }

    /// Moves the ref, unless somebody else has moved it meanwhile.
    pub fn record(&self) -> Result<()> {
        let (reference, commit, before) = (self.reference.as_str(), self.commit.as_str(), self.before());
        let answer = self.git.run(["update-ref", "-m", REASON, reference, commit, &before])?;
        if answer.succeeded {
            tracing::debug!("{reference}: {} -> {}", short(&before), short(commit));
            return Ok(());
        }
        Err(answer.failure(&format!("failed to move {reference}")).into())
    }

    /// Goes through everything up to the moving itself, so that what would fail then fails now.
    fn rehearse(&self) -> Result<()> {
        let (reference, commit, before) = (&self.reference, &self.commit, self.before());
        let mut child = git::started(self.git.command(["update-ref", "--stdin"]).stdin(Stdio::piped()).spawn())?;
        let steps = format!("start\nupdate {reference} {commit} {before}\nprepare\nabort\n");
        // If git ends early, it says why.
        let _ = child.stdin.take().expect("its input is piped").write_all(steps.as_bytes());
        let answer = git::Answer::from(child.wait_with_output()?);
        if answer.succeeded {
            return Ok(());
        }
        let advice = "nothing was changed; name another ref, or see to it that the repository can be written to";
        Err(answer.failure(&format!("{reference} cannot be moved")).hint(advice).into())
    }

    /// What the ref has to be for git to move it: zeros where it has to be missing.
    fn before(&self) -> String {
        self.before.as_ref().map_or_else(|| "0".repeat(self.commit.as_str().len()), ToString::to_string)
    }
}
