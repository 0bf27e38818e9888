//! Maps a result to an exit code.

use std::process::ExitCode;

/// Plans are made of many small sets: a sixth of the time goes into allocating them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aehctl::run().into()
}
