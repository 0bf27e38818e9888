//! What writing takes: the portal, both halves of the client, and the names that plans use.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use reqwest::Method;

use crate::client::{self, Operation, PortalPath, Reader, Writer};
use crate::directory::Directory;
use crate::id::{GroupId, GroupName, ProviderId, ProviderName};
use crate::journal::{Answer, Journal};
use crate::kinds::GroupSet;
use crate::kinds::precondition::Check;
use crate::plan::{Change, Plan};
use crate::report::Outcome;

/// How long is waited for the portal to show what was written: the first pause, doubled for each further one.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub first: Duration,
    pub reads: u32,
}

impl Default for Patience {
    /// Five reads within eight seconds.
    fn default() -> Self {
        Self { first: Duration::from_millis(500), reads: 5 }
    }
}

impl Patience {
    /// Waits before the given read; the first one is at once.
    pub async fn before(self, read: u32) {
        if read > 0 {
            tokio::time::sleep(self.first * 2_u32.saturating_pow(read - 1)).await;
        }
    }
}

/// One apply.
pub struct Session {
    pub reader: Reader,
    pub writer: Writer,
    pub path: PortalPath,
    pub patience: Patience,
    pub journal: Journal,
    directory: RwLock<Directory>,
    providers: BTreeMap<ProviderName, ProviderId>,
}

impl Session {
    pub fn new(reader: Reader, writer: Writer, plan: &Plan, patience: Patience, journal: Journal) -> Self {
        let portal = &plan.target.portal;
        Self {
            reader,
            writer,
            path: PortalPath { connection: portal.connection.id.clone(), portal: portal.path_id.clone() },
            patience,
            journal,
            directory: RwLock::new(plan.target.user_groups.clone()),
            providers: plan.target.identity_providers.clone(),
        }
    }

    /// Whether to read once more, after so many times; waits before all but the first time. Whoever is interrupted looks
    /// no more than twice.
    pub async fn reads_again(&self, times: u32) -> bool {
        let most = if self.reader.is_hurried() { self.patience.reads.min(2) } else { self.patience.reads };
        let again = times < most;
        if again {
            self.patience.before(times).await;
        }
        again
    }

    /// The groups by name and id; never held across an await.
    pub fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        // No writer can leave it half-changed: a lock that was poisoned is as good as any.
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the id of a group that was created.
    pub fn learn(&self, name: &GroupName, id: GroupId) {
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut entry) = directory.get(name).cloned() {
            entry.id = Some(id);
            directory.insert(entry);
        }
    }

    pub fn group_id(&self, name: &GroupName) -> Result<GroupId, Outcome> {
        self.directory().wire_id(name).ok_or_else(|| Outcome::Failed {
            message: format!("the id of user group `{name}` is not known"),
            hint: Some("plan again".to_owned()),
        })
    }

    pub fn group_ids(&self, names: &GroupSet) -> Result<Vec<String>, Outcome> {
        names.iter().map(|name| self.group_id(name).map(|id| id.to_string())).collect()
    }

    /// A provider that the organization does not list goes by its id.
    pub fn provider_id(&self, name: &ProviderName) -> ProviderId {
        self.providers.get(name).cloned().unwrap_or_else(|| name.as_str().into())
    }

    pub fn provider_name(&self, id: &ProviderId) -> ProviderName {
        self.providers
            .iter()
            .find(|(_, other)| *other == id)
            .map_or_else(|| id.as_str().into(), |(name, _)| name.clone())
    }

    /// Sends a write, announced in the journal before and told there afterwards.
    pub async fn send<'c, T>(
        &self,
        operation: Operation,
        changes: impl IntoIterator<Item = &'c Change>,
        request: impl Future<Output = Result<T, client::Error>>,
    ) -> Result<T, WriteError> {
        let intent =
            self.journal.intend(operation.id(), changes).map_err(|error| WriteError::Unrecorded(error.kind()))?;
        let answer = request.await;
        let told = match &answer {
            Ok(_) => Answer::Done,
            Err(error) if error.certainly_no_effect() => Answer::Refused { message: &error.to_string() },
            Err(error) => Answer::Unknown { message: &error.to_string() },
        };
        self.journal.answer(intent, told);
        answer.map_err(WriteError::Sent)
    }

    /// Finds out what came of a write: where its answer does not tell, reading does.
    pub async fn settle<R>(&self, written: Result<(), WriteError>, mut reread: R) -> Attempt
    where
        R: AsyncFnMut() -> Result<Check, Outcome>,
    {
        let error = match written {
            Ok(()) => return Attempt::Ended(Outcome::Applied),
            Err(error) if error.certainly_no_effect() => {
                let (most, mut times) = (self.reads_after(&error), 0);
                while times < most && self.reads_again(times).await {
                    times += 1;
                    if matches!(reread().await, Ok(Check::Done)) {
                        return Attempt::Ended(Outcome::AlreadyDone);
                    }
                }
                return Attempt::Ended(error.failed());
            }
            Err(error) => error,
        };
        let (mut last, mut times) = (None, 0);
        while self.reads_again(times).await {
            times += 1;
            last = reread().await.ok();
            if last == Some(Check::Done) {
                return Attempt::Ended(Outcome::Applied);
            }
        }
        match last {
            Some(Check::Write) => Attempt::Unseen(error),
            _ => Attempt::Ended(error.unknown()),
        }
    }

    /// How often the portal is looked at after a refusal: what somebody else has done in the same moment is done, and
    /// what was gone before may still be shown for a while.
    fn reads_after(&self, refusal: &WriteError) -> u32 {
        match refusal {
            WriteError::Sent(error) => match error.status() {
                Some(400 | 404 | 410) if error.method() == Method::DELETE => self.patience.reads,
                Some(400 | 404 | 409 | 410) => 1,
                _ => 0,
            },
            WriteError::Unrecorded(_) => 0,
        }
    }

    /// Makes an attempt, and makes it again while its answer does not tell and the portal shows no effect.
    ///
    /// Only for what cannot double: each attempt reads the object first, and writes a whole set or deletes by id. Whoever
    /// is interrupted repeats nothing.
    pub async fn repeatedly(&self, mut attempt: impl AsyncFnMut() -> Attempt) -> Outcome {
        let mut so_far: Option<Attempt> = None;
        for _ in 0..ATTEMPTS {
            let next = attempt().await;
            let together = match so_far.take() {
                Some(before) => before.then(next),
                None => next,
            };
            match together {
                Attempt::Ended(outcome) => return outcome,
                unseen @ Attempt::Unseen(_) if self.reader.is_hurried() => return unseen.only(),
                unseen @ Attempt::Unseen(_) => so_far = Some(unseen),
            }
        }
        so_far.map_or(Outcome::AlreadyDone, Attempt::only)
    }
}

/// How often a write that cannot double is made at most.
pub const ATTEMPTS: u32 = 3;

/// What came of one attempt to write.
#[derive(Debug)]
pub enum Attempt {
    Ended(Outcome),
    /// No answer told, and the portal went on showing what it showed before for as long as patience lasted.
    Unseen(WriteError),
}

impl Attempt {
    /// What this attempt and the one after it come to together.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Unseen(_), Self::Ended(outcome)) if outcome.is_done() => Self::Ended(Outcome::Applied),
            // The first one may have had its effect all the same, later than anyone would expect.
            (Self::Unseen(error), Self::Ended(_)) => Self::Ended(error.unknown()),
            (_, next) => next,
        }
    }

    /// The outcome where nothing may be sent again.
    pub fn only(self) -> Outcome {
        match self {
            Self::Ended(outcome) => outcome,
            Self::Unseen(error) => error.unknown(),
        }
    }
}

/// A write that did not simply succeed.
#[derive(Debug, Clone)]
pub enum WriteError {
    /// It was not sent, since the journal did not take it.
    Unrecorded(std::io::ErrorKind),
    Sent(client::Error),
}

impl WriteError {
    /// The portal certainly is as it was.
    pub fn certainly_no_effect(&self) -> bool {
        match self {
            Self::Unrecorded(_) => true,
            Self::Sent(error) => error.certainly_no_effect(),
        }
    }

    pub fn failed(&self) -> Outcome {
        match self {
            Self::Unrecorded(reason) => Outcome::Failed {
                message: format!("it was not sent, since the journal cannot be written: {reason}"),
                hint: Some("make room for the journal, or name another place with --journal".to_owned()),
            },
            Self::Sent(error) => failed(error),
        }
    }

    pub fn unknown(&self) -> Outcome {
        match self {
            Self::Unrecorded(_) => self.failed(),
            Self::Sent(error) => Outcome::Unknown { message: error.to_string(), hint: None },
        }
    }
}

/// A request that was refused, in the server's words.
pub fn failed(error: &client::Error) -> Outcome {
    Outcome::Failed { message: error.to_string(), hint: error.hint().map(ToOwned::to_owned) }
}
