//! The manifest: from YAML files to one located value.

pub mod model;
