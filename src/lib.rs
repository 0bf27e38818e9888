//! aehctl keeps developer portals on API Experience Hub as code.

pub mod diagnostic;
pub mod emulator;
pub mod manifest;
