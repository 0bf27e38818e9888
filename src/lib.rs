//! aehctl keeps developer portals on API Experience Hub as code.
//!
//! A portal's desired state is a [manifest]: YAML in git. A [plan] says how the live portal differs from it and what
//! would be done about that; [apply] does it, in order, and [verify] reads it back. There is no state file: the live
//! portal is the truth.
//!
//! # The pipeline
//!
//! One direction, no loops:
//!
//! 1. [`manifest::load`]: files → [`manifest::model::Manifest`], or every fault at once.
//! 2. [`observe`]: the hub → [`state::LiveState`], with no more requests than this manifest needs.
//! 3. [`resolve`]: both → desired state. Names become identities, audiences sets of groups.
//! 4. [`diff`]: desired and live state → differences.
//! 5. [`order`]: differences → changes in phases, so that nobody ever sees what neither state shows.
//! 6. [`plan`]: all of it as data, to be rendered ([render]), guarded ([guard]), saved ([`plan::file`]) and applied.
//! 7. [`apply`]: each change on a fresh read of its object, then [`verify`] → a [`report::Report`].
//!
//! Stages 3 to 6 are pure: no clock, no network, no files. The same input gives the same bytes. [`export`] is the way
//! back: a live state as a manifest.
//!
//! # What they stand on
//!
//! - [`kinds`]: what a user group, mapping, asset, member or prospect is (`spec`), and how it is read and written (`io`).
//! - [`directory`], [`address`], [`id`]: names, places, identifiers.
//! - [`client`]: the hub's API. A [`client::Reader`] cannot change anything; only apply has a [`client::Writer`].
//! - [`revision`]: the manifests as they were at a revision, through the `git` command.
//! - [`emulator`]: a server that stands in for the hub. It shares no type with the client.
//!
//! Imports run downwards only. `docs/architecture.md` has the whole house.

pub mod access;
pub mod address;
pub mod amend;
pub mod apply;
pub mod cli;
pub mod client;
mod commands;
pub mod concern;
pub mod diagnostic;
pub mod diff;
pub mod directory;
pub mod emulator;
pub mod exit;
pub mod export;
pub mod failure;
pub mod files;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guard;
pub mod hold;
pub mod id;
pub mod journal;
pub mod kinds;
pub mod limit;
pub mod manifest;
pub mod observe;
pub mod order;
pub mod origin;
pub mod plan;
pub mod pseudonyms;
pub mod record;
pub mod render;
pub mod report;
pub mod resolve;
pub mod revision;
pub mod revoke;
pub mod snapshot;
pub mod state;
#[cfg(test)]
mod testing;
mod text;
pub mod verify;

pub use commands::run;
