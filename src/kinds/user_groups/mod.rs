//! user groups.

pub mod holders;
pub mod io;
pub mod spec;
