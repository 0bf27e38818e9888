//! assets.

pub mod spec;
