//! Somebody wants it to end: what is under way has a little time left, and nothing is tried again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::clock::Clock;

/// How long a request may go on once somebody wants it to end.
pub const LAST_SECONDS: Duration = Duration::from_secs(5);

/// Whether somebody wants it to end; for good.
pub(super) struct Haste {
    called: watch::Sender<bool>,
    clock: Arc<dyn Clock>,
}

impl Haste {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { called: watch::Sender::new(false), clock }
    }

    pub(super) fn call(&self) {
        self.called.send_replace(true);
    }

    pub(super) fn is_called(&self) -> bool {
        *self.called.borrow()
    }

    /// Waits for somebody to call.
    pub(super) async fn begun(&self) {
        self.called.subscribe().wait_for(|called| *called).await.expect("the sender lives as long as its own borrow");
    }

    /// Waits for somebody to call, and then until the last seconds of what waits here are over.
    pub(super) async fn over(&self) {
        self.begun().await;
        self.clock.limit(LAST_SECONDS).await;
    }
}
