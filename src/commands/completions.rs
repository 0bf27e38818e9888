//! `completions`

use anyhow::Result;
use clap::CommandFactory as _;

use super::output;
use crate::cli::{Cli, Completions};
use crate::exit::Exit;

pub(super) fn run(arguments: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "aehctl", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
