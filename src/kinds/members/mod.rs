//! members.

pub mod spec;
