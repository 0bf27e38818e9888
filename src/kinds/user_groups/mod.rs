//! user groups.

pub mod spec;
