//! assets.

pub mod io;
pub mod spec;
