//! Ctrl-C: while something is being applied, the first one finishes what has begun; otherwise it ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

use super::output;
use crate::exit::Exit;

/// Somebody asked to stop.
static REQUESTED: AtomicBool = AtomicBool::new(false);
/// What runs now looks at [`REQUESTED`] and stops in its own time.
static GRACEFUL: AtomicBool = AtomicBool::new(false);

/// Listens for the rest of the process.
pub(super) fn listen() {
    tokio::spawn(async {
        while signal().await {
            if GRACEFUL.load(Ordering::SeqCst) && !REQUESTED.swap(true, Ordering::SeqCst) {
                output::say("interrupted: finishing what has begun; once more stops at once");
            } else {
                output::say("interrupted");
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    });
}

/// From now on the first signal only sets the flag that is returned.
pub(super) fn gracefully() -> &'static AtomicBool {
    GRACEFUL.store(true, Ordering::SeqCst);
    &REQUESTED
}

/// Waits for Ctrl-C or a request to terminate; false if the system cannot tell.
#[cfg(unix)]
pub(super) async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return false };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.is_ok(),
        terminated = terminate.recv() => terminated.is_some(),
    }
}

/// Waits for Ctrl-C; false if the system cannot tell.
#[cfg(not(unix))]
pub(super) async fn signal() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
