//! The program from end to end: the real binary, each case in a folder of its own with a hub of its own, and one
//! snapshot of what it wrote and how it ended.

mod apply;
mod plan;
mod support;
mod usage;
