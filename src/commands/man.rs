//! `man`

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use super::output;
use crate::cli::{Cli, Man};
use crate::exit::Exit;
use crate::files;

pub(super) fn run(arguments: &Man) -> Result<Exit> {
    let command = Cli::command();
    let Some(directory) = &arguments.out else {
        output::data(&page(&command)?)?;
        return Ok(Exit::Done);
    };
    std::fs::create_dir_all(directory).with_context(|| format!("failed to make {}", directory.display()))?;
    let mut command = command;
    command.build();
    let mut open = vec![command];
    while let Some(command) = open.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        files::write_public(&directory.join(format!("{name}.1")), &page(&command)?)?;
        open.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
    }
    Ok(Exit::Done)
}

fn page(command: &clap::Command) -> Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).context("failed to write a manual page")?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
