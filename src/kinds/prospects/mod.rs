//! prospects.

pub mod spec;
