//! aehctl keeps developer portals on API Experience Hub as code.

pub mod address;
pub mod diagnostic;
pub mod diff;
pub mod directory;
pub mod guard;
pub mod id;
pub mod kinds;
pub mod manifest;
pub mod order;
pub mod plan;
pub mod report;
pub mod resolve;
pub mod state;
#[cfg(test)]
mod testing;
