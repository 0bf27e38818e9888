//! The rules of the manifest, one by one: a small portal, a small manifest, and the plan as text.

mod assets;
mod built_ins;
mod groups;
mod members;
mod people;
mod proof;
mod providers;
mod prune;
