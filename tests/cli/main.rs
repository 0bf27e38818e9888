//! The program from end to end: the real binary, each case in a folder of its own with a hub of its own, and one
//! snapshot of what it wrote and how it ended.

mod access;
mod annotations;
mod applied;
mod apply;
mod bad_input;
mod compare;
mod emulator;
mod export;
mod faults;
mod fleet;
mod get;
mod guards;
mod hostile;
#[cfg(unix)]
mod interrupt;
mod journal;
#[cfg(unix)]
mod kill;
mod manifests;
#[cfg(unix)]
mod modes;
mod observe;
mod output;
mod plan;
mod portals;
mod proxy;
mod pseudonyms;
mod pull;
mod record;
mod revoke;
mod saved_plan;
mod secrets;
mod size;
mod starter;
mod support;
#[cfg(unix)]
mod terminal;
mod usage;
#[cfg(unix)]
#[path = "../world/mod.rs"]
mod world;
