//! members.

pub mod io;
pub mod spec;
