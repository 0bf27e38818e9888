//! What writing takes: the portal, both halves of the client, and the names that plans use.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::client::{self, PortalPath, Reader, Writer};
use crate::directory::Directory;
use crate::id::{GroupId, GroupName, ProviderId, ProviderName};
use crate::kinds::GroupSet;
use crate::kinds::precondition::Check;
use crate::plan::Plan;
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
    directory: RwLock<Directory>,
    providers: BTreeMap<ProviderName, ProviderId>,
}

impl Session {
    pub fn new(reader: Reader, writer: Writer, plan: &Plan, patience: Patience) -> Self {
        let portal = &plan.target.portal;
        Self {
            reader,
            writer,
            path: PortalPath { connection: portal.connection.id.clone(), portal: portal.path_id.clone() },
            patience,
            directory: RwLock::new(plan.target.user_groups.clone()),
            providers: plan.target.identity_providers.clone(),
        }
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

    /// The outcome of a write: where its answer does not tell, reading does, and nothing is repeated.
    pub async fn settle<R>(&self, written: Result<(), client::Error>, mut reread: R) -> Outcome
    where
        R: AsyncFnMut() -> Result<Check, client::Error>,
    {
        let error = match written {
            Ok(()) => return Outcome::Applied,
            Err(error) if error.certainly_no_effect() => return failed(&error),
            Err(error) => error,
        };
        for read in 0..self.patience.reads {
            self.patience.before(read).await;
            if let Ok(Check::Done) = reread().await {
                return Outcome::Applied;
            }
        }
        Outcome::Unknown { message: error.to_string() }
    }
}

/// A request that was refused, in the server's words.
pub fn failed(error: &client::Error) -> Outcome {
    Outcome::Failed { message: error.to_string(), hint: error.hint().map(ToOwned::to_owned) }
}
