//! Held changes.
