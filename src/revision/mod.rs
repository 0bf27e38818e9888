//! Revisions of a git repository: what they are called, and the manifests as they were then.
//!
//! Everything goes through the `git` command, which knows each form that a repository can have: bare, shallow, partial,
//! a linked worktree. A revision is a word from the command line, and never taken for an option.

mod git;
mod layout;
mod objects;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::diagnostic::{Diagnostic, Severity, SourceFile, Sources, nearest};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::id::CommitId;
use crate::manifest::load::{Archive, Loaded, load_archived};
use git::Git;
use objects::Objects;

pub use record::Recording;

/// A commit, with the word that somebody called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub id: CommitId,
    /// The user's spelling of the revision, for showing.
    pub spelled: String,
}

/// The repository of a working directory.
#[derive(Debug)]
pub struct Repository {
    git: Git,
    /// Without symbolic links.
    working_directory: PathBuf,
    /// The folder that the root of a commit's tree stands for; without a worktree, the working directory.
    top: PathBuf,
    is_shallow: bool,
}

/// What is not as it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncommitted {
    /// Both have it, with different texts.
    Changed,
    /// Only the working directory has it.
    Added,
    /// Only the commit has it.
    Removed,
}

/// What it means that a commit has none of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Somebody named the wrong commit, or the wrong files.
    Fault,
    /// Nothing was declared yet: a warning says so.
    Beginning,
}

/// What came of looking files up in a commit.
struct Archived {
    /// `None` if none of the files was there.
    loaded: Option<Loaded>,
    missing: Vec<PathBuf>,
    /// Where a file of the same name as the first missing one lay.
    moved: Option<PathBuf>,
}

impl Repository {
    /// Finds the repository as git does: upwards from the working directory, or where `GIT_DIR` says.
    pub fn open(working_directory: &Path) -> Result<Self> {
        let git = Git::new(working_directory);
        let answer = git.run(["rev-parse", "--is-shallow-repository", "--is-inside-work-tree"])?;
        if !answer.succeeded {
            if !answer.complaint.contains("not a git repository") {
                return Err(answer.failure("failed to find the git repository").into());
            }
            let place = working_directory.display();
            return Err(Failure::new(format!("{place} is not in a git repository"))
                .hint("run aehctl in a clone of the manifests' repository, or set GIT_DIR")
                .into());
        }
        let mut lines = answer.lines();
        let is_shallow = lines.next() == Some("true");
        let has_worktree = lines.next() == Some("true");
        let working_directory = working_directory
            .canonicalize()
            .with_context(|| format!("failed to find {}", working_directory.display()))?;
        let top = if has_worktree {
            let answer = git.run(["rev-parse", "--show-toplevel"])?;
            let top = answer.path().ok_or_else(|| answer.failure("failed to find the root of the worktree"))?;
            top.canonicalize().with_context(|| format!("failed to find {}", top.display()))?
        } else {
            working_directory.clone()
        };
        Ok(Self { git, working_directory, top, is_shallow })
    }

    /// The commit that a revision means.
    pub fn commit(&self, revision: &str) -> Result<Commit> {
        if revision.is_empty() || revision.starts_with(['-', '^']) || revision.contains('\0') {
            return Err(Failure::with_exit(Exit::Usage, format!("`{revision}` is not a revision"))
                .hint("name a commit, a branch, a tag or another ref")
                .into());
        }
        if let Some(id) = self.look_up(&format!("{revision}^{{commit}}"))? {
            return Ok(Commit { id, spelled: revision.to_owned() });
        }
        if let Some(object) = self.look_up(revision)? {
            // A full id is taken for one whether the object is there or not.
            let kind = self.git.run(["cat-file", "-t", object.as_str()])?;
            if let Some(kind) = kind.lines().next().filter(|_| kind.succeeded) {
                return Err(Failure::new(format!("revision `{revision}` is a {kind}, not a commit"))
                    .hint("name a commit, a branch, a tag or another ref")
                    .into());
            }
        }
        Err(self.unknown(revision)?.into())
    }

    /// The best common ancestor of a revision and `HEAD`.
    pub fn merge_base(&self, revision: &str) -> Result<Commit> {
        let commit = self.commit(revision)?;
        let head = self.head()?;
        let answer = self.git.run(["merge-base", "--all", head.id.as_str(), commit.id.as_str()])?;
        if !answer.complaint.is_empty() && !answer.succeeded {
            return Err(answer.failure(&format!("failed to find the merge base of `{revision}` and HEAD")).into());
        }
        let bases: Vec<&str> = answer.lines().collect();
        match bases.as_slice() {
            [base] => Ok(Commit { id: CommitId::from(*base), spelled: short(base).to_owned() }),
            [] if self.is_shallow => {
                Err(Failure::new(format!("the history is too shallow to find the merge base of `{revision}` and HEAD"))
                    .hint(UNSHALLOW)
                    .into())
            }
            [] => Err(Failure::new(format!("`{revision}` and HEAD have no common history"))
                .hint("name the branch that HEAD began on")
                .into()),
            [first, ..] => Err(Failure::new(format!("`{revision}` and HEAD have {} merge bases", bases.len()))
                .hint(format!("name the one that is meant: {}, for example", short(first)))
                .into()),
        }
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Result<Commit> {
        match self.look_up("HEAD^{commit}")? {
            Some(id) => Ok(Commit { id, spelled: "HEAD".to_owned() }),
            None => Err(Failure::new("HEAD is no commit yet").hint("commit the manifests first").into()),
        }
    }

    /// Loads files and folders with all that they include, as they were at a commit.
    ///
    /// Paths are those of the command line. A path that was not there then is a warning; if none was, `absence` says
    /// what that means. What is wrong within the files is among the diagnostics, under `REVISION:path`.
    pub fn load(
        &self,
        commit: &Commit,
        files: &[PathBuf],
        environment: &dyn Fn(&str) -> Option<String>,
        absence: Absence,
    ) -> Result<Loaded> {
        let spelled = &commit.spelled;
        let Archived { loaded, missing, moved } = self.archived(commit, files, environment)?;
        let loaded = match absence {
            Absence::Fault => loaded,
            Absence::Beginning => Some(loaded.unwrap_or_default()),
        };
        let Some(mut loaded) = loaded else {
            let names = missing.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ");
            let are = if missing.len() == 1 { "is" } else { "are" };
            let hint = match moved {
                Some(place) => format!("it has `{}`: was the file moved since?", place.display()),
                None => "the paths of -f are looked up as they were then; if they are new, leave it out".to_owned(),
            };
            return Err(Failure::new(format!("{names} {are} not in revision `{spelled}`")).hint(hint).into());
        };
        let warnings = missing.iter().map(|path| {
            let message = format!("`{}` is not in revision `{spelled}`", path.display());
            Diagnostic::warning("not-in-revision", None, message).with_help(match &moved {
                Some(place) => {
                    format!("nothing of it was declared then; it has `{}`: was the file moved since?", place.display())
                }
                None => "nothing of it was declared then".to_owned(),
            })
        });
        if absence == Absence::Beginning {
            // A folder that is there without a manifest is a beginning too.
            for bare in loaded.diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == "no-files") {
                if bare.location.is_none() {
                    (bare.severity, bare.code) = (Severity::Warning, "not-in-revision");
                }
            }
        }
        loaded.diagnostics.splice(0..0, warnings);
        Ok(loaded)
    }

    /// How the files that a load of the working directory has read differ from those that the same load would read at
    /// a commit, by their paths below the root of the repository. Empty if what was loaded is what was committed.
    pub fn uncommitted(
        &self,
        commit: &Commit,
        files: &[PathBuf],
        environment: &dyn Fn(&str) -> Option<String>,
        sources: &Sources,
    ) -> Result<BTreeMap<PathBuf, Uncommitted>> {
        let committed = self.archived(commit, files, environment)?.loaded.map(|loaded| loaded.sources);
        let mut committed: BTreeMap<&Path, &SourceFile> =
            committed.iter().flat_map(Sources::iter).map(|file| (file.place.as_path(), file)).collect();
        let mut differences = BTreeMap::new();
        for file in sources.iter() {
            let place = file.place.strip_prefix(&self.top).unwrap_or(&file.place);
            match committed.remove(place) {
                Some(same) if is_same(&same.text, &file.text) => {}
                Some(_) => {
                    differences.insert(place.to_owned(), Uncommitted::Changed);
                }
                None => {
                    differences.insert(place.to_owned(), Uncommitted::Added);
                }
            }
        }
        differences.extend(committed.into_keys().map(|place| (place.to_owned(), Uncommitted::Removed)));
        Ok(differences)
    }

    fn archived(
        &self,
        commit: &Commit,
        files: &[PathBuf],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Archived> {
        let paths = files.iter().map(|file| self.within(file)).collect::<Result<Vec<_>>>()?;
        let objects = Objects::of(&self.git, &commit.id)?;
        let layout = layout::lay_out(&objects, &paths)?;
        let (there, missing): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| layout.holds(path));
        let name = missing.first().and_then(|path| path.file_name());
        let moved = name.and_then(|name| objects.paths().find(|path| path.file_name() == Some(name)));
        let moved = moved.map(Path::to_owned);
        if there.is_empty() {
            return Ok(Archived { loaded: None, missing, moved });
        }
        let label = format!("{}:", commit.spelled);
        let read = |path: &Path, most: u64| objects.read(path, most);
        let archive = Archive { root: layout.root(), label: &label, read: &read };
        Ok(Archived { loaded: Some(load_archived(&there, environment, &archive)), missing, moved })
    }

    fn look_up(&self, expression: &str) -> Result<Option<CommitId>> {
        let answer = self.git.run(["rev-parse", "--verify", "--quiet", "--end-of-options", expression])?;
        let id = answer.lines().next().filter(|_| answer.succeeded);
        Ok(id.filter(|id| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).map(CommitId::from))
    }

    fn unknown(&self, revision: &str) -> Result<Failure> {
        let failure = Failure::new(format!("there is no revision `{revision}` here"));
        // Whatever follows the name, as in `main~3`, is history.
        let name = revision.split(['~', '^', '@', ':']).next().unwrap_or_default();
        let is_known = !name.is_empty() && name != revision && self.look_up(&format!("{name}^{{commit}}"))?.is_some();
        if !is_known {
            let answer = self.git.run(["for-each-ref", "--format=%(refname:short)"])?;
            if let Some(near) = nearest(name, answer.lines()) {
                return Ok(failure.hint(format!("did you mean `{near}`?")));
            }
        }
        let is_id = revision.len() >= 7 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(failure.hint(if is_known && !self.is_shallow {
            format!("`{name}` is there, and its history does not go so far")
        } else if self.is_shallow && (is_known || is_id) {
            UNSHALLOW.to_owned()
        } else if revision.starts_with("refs/") && name == revision {
            format!("fetch it: git fetch origin {revision}:{revision}; before the first apply there is no record")
        } else if is_id {
            format!("fetch it: git fetch origin {revision}")
        } else {
            let name = name.strip_prefix("origin/").unwrap_or(name);
            format!("is it fetched? git fetch origin {name}")
        }))
    }

    /// A path of the command line below the root of the tree.
    fn within(&self, file: &Path) -> Result<PathBuf> {
        let full = normal(&self.working_directory.join(file));
        if let Ok(below) = full.strip_prefix(&self.top) {
            return Ok(below.to_owned());
        }
        // Perhaps a symbolic link leads there.
        let parent = full.parent().and_then(|parent| parent.canonicalize().ok());
        if let (Some(parent), Some(name)) = (parent, full.file_name())
            && let Ok(below) = parent.strip_prefix(&self.top)
        {
            return Ok(below.join(name));
        }
        Err(Failure::new(format!("{} lies outside of the repository {}", file.display(), self.top.display()))
            .hint("a revision has the files of its own repository alone")
            .into())
    }
}

const UNSHALLOW: &str = "fetch the history: git fetch --unshallow, or `fetch-depth: 0` where a pipeline checks out";

/// The beginning of a commit's id, as people say it.
pub fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

/// Git may write line ends in its own way when it checks out.
fn is_same(committed: &str, checked_out: &str) -> bool {
    let lines = |text: &str| text.replace("\r\n", "\n");
    committed == checked_out || lines(committed) == lines(checked_out)
}

/// Takes `.` and `..` out of an absolute path, without looking at the file system.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(component),
        }
    }
    normal
}
