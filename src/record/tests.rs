//! The record of what was applied last.
