//! What people wrote, brought in line with what is live: edits of manifests' texts. Pure.

mod pulled;
mod references;
mod revoked;

pub use pulled::{NotPulled, Puller};
pub use revoked::{revoked_group, revoked_member};
