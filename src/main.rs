//! Maps a result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    aehctl::run().into()
}
