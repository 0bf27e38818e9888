//! The manifest: from YAML files to one located value.

mod check;
mod decode;
pub mod delegate;
pub mod edit;
mod faults;
mod files;
pub mod format;
pub mod load;
mod lower;
mod merge;
pub mod model;
pub mod promote;
mod reference;
pub mod scalar;
pub mod schema;
mod syntax;
mod tree;
mod variables;
pub mod version;

#[cfg(test)]
mod tests;
