//! aehctl keeps developer portals on API Experience Hub as code.

pub mod client;
pub mod diagnostic;
pub mod manifest;
