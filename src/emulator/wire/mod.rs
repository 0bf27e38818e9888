//! The emulator's own wire types: what its operations read and write, and what its `OpenAPI` document is made from.
//!
//! Nothing here is shared with the client: a field misspelt on one side must fail.

pub(crate) mod access_management;
pub(crate) mod hub;

use serde::{Deserialize, Deserializer};

/// Reads an optional field that may be left out, but not be null: no field of the contract is nullable.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
