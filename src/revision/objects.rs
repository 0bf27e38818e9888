//! The files of a commit: their names at once, their contents when they are asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::Result;

use super::git::{self, Git};
use crate::id::CommitId;

/// What stands under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    File {
        object: String,
    },
    /// A symbolic link: the object holds where it leads.
    Link {
        object: String,
    },
}

/// The files and symbolic links of a commit. What else a tree can hold, as submodules, is left out.
pub(super) struct Objects<'a> {
    git: &'a Git,
    entries: BTreeMap<PathBuf, Entry>,
    /// Gives objects as long as it runs.
    giver: RefCell<Option<Giver>>,
}

impl<'a> Objects<'a> {
    pub(super) fn of(git: &'a Git, commit: &CommitId) -> Result<Self> {
        // Not `git archive`, which leaves out what an attribute in the tree says.
        let answer = git.run(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()])?;
        if !answer.succeeded {
            return Err(answer.failure(&format!("failed to list the files of {commit}")).into());
        }
        let entries = answer.output.split(|byte| *byte == 0).filter_map(entry).collect();
        Ok(Self { git, entries, giver: RefCell::new(None) })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Path, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_path(), entry))
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.keys().map(PathBuf::as_path)
    }

    /// Whether anything lies below a path.
    pub(super) fn has_folder(&self, folder: &Path) -> bool {
        self.paths().any(|path| path != folder && path.starts_with(folder))
    }

    /// The content of a file, if it has no more bytes than that.
    pub(super) fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        match self.entries.get(path) {
            Some(Entry::File { object } | Entry::Link { object }) => self.give(object, most),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn give(&self, object: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut giver = self.giver.borrow_mut();
        let running = match giver.take() {
            Some(running) => running,
            None => Giver::start(self.git)?,
        };
        // After an error nobody knows where in its output it is: it is not asked again.
        let (content, running) = running.give(object, most)?;
        *giver = Some(running);
        Ok(content)
    }
}

/// A running `git cat-file --batch`.
struct Giver {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Giver {
    fn start(git: &Git) -> io::Result<Self> {
        let mut child = git.command(["cat-file", "--batch"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output is piped"));
        Ok(Self { child, questions, answers })
    }

    fn give(mut self, object: &str, most: u64) -> io::Result<(Vec<u8>, Self)> {
        if let Some(questions) = &mut self.questions {
            questions.write_all(format!("{object}\n").as_bytes())?;
            questions.flush()?;
        }
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        // `ID TYPE SIZE`, or `ID missing`.
        let size = header.trim_end().rsplit_once(' ').and_then(|(_, size)| size.parse::<u64>().ok());
        let Some(size) = size else {
            return Err(io::Error::other(format!("git does not give object {object}")));
        };
        if size > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut content = Vec::new();
        // A line break follows each content.
        (&mut self.answers).take(size + 1).read_to_end(&mut content)?;
        if content.len() as u64 != size + 1 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        content.pop();
        Ok((content, self))
    }
}

impl Drop for Giver {
    fn drop(&mut self) {
        // It ends when nothing can be asked any more; one that is in the midst of an answer has to be told.
        self.questions.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `MODE TYPE OBJECT\tPATH`
fn entry(record: &[u8]) -> Option<(PathBuf, Entry)> {
    let tab = record.iter().position(|byte| *byte == b'\t')?;
    let path = git::path(&record[tab + 1..])?;
    let mut words = std::str::from_utf8(&record[..tab]).ok()?.split(' ');
    let (mode, kind, object) = (words.next()?, words.next()?, words.next()?.to_owned());
    let entry = match (mode, kind) {
        ("120000", "blob") => Entry::Link { object },
        (_, "blob") => Entry::File { object },
        _ => return None,
    };
    is_plain(&path).then_some((path, entry))
}

/// Git itself makes no other paths; a tree that was made by hand may have them.
fn is_plain(path: &Path) -> bool {
    path.components().all(|component| match component {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        _ => false,
    })
}
