//! prospects.

pub mod io;
pub mod spec;
