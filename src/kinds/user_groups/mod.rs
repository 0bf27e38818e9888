//! user groups.

pub mod io;
pub mod spec;
