//! idp mappings.

pub mod spec;
