//! assets.

pub mod io;
pub mod publish;
pub mod spec;
