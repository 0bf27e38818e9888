//! idp mappings.

pub mod io;
pub mod spec;
