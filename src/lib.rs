//! aehctl keeps developer portals on API Experience Hub as code.

pub mod address;
pub mod apply;
pub mod client;
pub mod diagnostic;
pub mod diff;
pub mod directory;
pub mod exit;
pub mod export;
pub mod failure;
pub mod guard;
pub mod id;
pub mod kinds;
pub mod manifest;
pub mod observe;
pub mod order;
pub mod plan;
pub mod report;
pub mod resolve;
pub mod state;
pub mod verify;
