//! Bearer tokens: issued at sign-in, checked on every call, expired by the clock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// Who signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal {
    ConnectedApp,
    User,
}

/// The tokens of one running server; they do not outlive it.
pub(crate) struct Tokens {
    lifetime: Duration,
    issued: Mutex<HashMap<String, (Principal, Instant)>>,
}

impl Tokens {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, issued: Mutex::default() }
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(crate) fn issue(&self, principal: Principal) -> String {
        let token = Uuid::new_v4().to_string();
        let now = Instant::now();
        let mut issued = self.lock();
        issued.retain(|_, (_, until)| *until > now);
        issued.insert(token.clone(), (principal, now + self.lifetime));
        token
    }

    /// Whose token it is, if it was issued here and has not expired.
    pub(crate) fn check(&self, token: &str) -> Option<Principal> {
        self.lock().get(token).filter(|(_, until)| *until > Instant::now()).map(|(principal, _)| *principal)
    }

    /// Ends all tokens at once.
    pub(crate) fn expire(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Principal, Instant)>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
