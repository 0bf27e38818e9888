//! Ctrl-C: while something is being applied, the first one finishes what has begun; otherwise it ends the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{io, thread};

use super::output;
use crate::exit::Exit;

/// Somebody asked to stop.
static REQUESTED: AtomicBool = AtomicBool::new(false);
/// What runs now looks at [`REQUESTED`] and stops in its own time.
static GRACEFUL: AtomicBool = AtomicBool::new(false);
/// What the first one sets off; it tells what is waited for, if that is worth a word.
static ANSWER: Mutex<Option<Box<Answer>>> = Mutex::new(None);
type Answer = dyn Fn() -> Option<String> + Send;
/// Being stopped is how it ends, and nothing to talk about.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Listens for the rest of the process, on a thread of its own: whatever computes or waits for an answer elsewhere, a
/// signal is heard at once.
pub(super) fn listen() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _context = runtime.enter();
        Signals::new()
    };
    if let Some(signals) = signals {
        thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(answer(signals)))?;
    }
    Ok(())
}

/// Hears all signals: between two listeners one would be lost.
async fn answer(mut signals: Signals) {
    while signals.next().await {
        if GRACEFUL.load(Ordering::SeqCst) && !REQUESTED.swap(true, Ordering::SeqCst) {
            let answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|answer| answer());
            if !QUIET.load(Ordering::SeqCst) {
                let finishing = answer.unwrap_or_else(|| "what has begun".to_owned());
                output::say(&format!("interrupted: finishing {finishing}; once more stops at once"));
            }
        } else {
            output::say("interrupted");
            std::process::exit(Exit::Interrupted as i32);
        }
    }
}

/// From now on the first signal only sets the flag that is returned, and sets off this answer.
pub(super) fn gracefully(answer: impl Fn() -> Option<String> + Send + 'static) -> &'static AtomicBool {
    *ANSWER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(answer));
    GRACEFUL.store(true, Ordering::SeqCst);
    &REQUESTED
}

/// Somebody has asked to stop already.
pub(super) fn is_requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// The same for what runs until it is stopped.
pub(super) fn quietly() {
    QUIET.store(true, Ordering::SeqCst);
    gracefully(|| None);
}

/// Waits for Ctrl-C or a request to terminate; forever if the system cannot tell.
pub(super) async fn signal() {
    match Signals::new() {
        Some(mut signals) => _ = signals.next().await,
        None => std::future::pending().await,
    }
}

/// Ctrl-C, and requests to terminate.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// `None` if the system cannot tell.
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        let terminate = signal(SignalKind::terminate()).ok()?;
        Some(Self { interrupt, terminate })
    }

    /// Waits for the next one; false if there can be no other.
    async fn next(&mut self) -> bool {
        tokio::select! {
            interrupted = self.interrupt.recv() => interrupted.is_some(),
            terminated = self.terminate.recv() => terminated.is_some(),
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "other systems may not tell")]
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
