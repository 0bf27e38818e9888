//! aehctl keeps developer portals on API Experience Hub as code.

pub mod address;
pub mod apply;
pub mod cli;
pub mod client;
mod commands;
pub mod diagnostic;
pub mod diff;
pub mod directory;
pub mod emulator;
pub mod exit;
// export
pub mod failure;
pub mod files;
pub mod guard;
pub mod id;
pub mod kinds;
pub mod manifest;
pub mod observe;
pub mod order;
pub mod plan;
pub mod render;
pub mod report;
pub mod resolve;
pub mod snapshot;
pub mod state;
#[cfg(test)]
mod testing;
pub mod verify;

pub use commands::run;
