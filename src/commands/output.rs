//! Where words go: data to stdout, all else to stderr. A closed pipe is no error.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;
use clap::ValueEnum as _;

use crate::cli::{Color, Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints data. Whoever reads it may stop at any time.
pub(super) fn data(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("failed to write the result"))
        }
        _ => Ok(()),
    }
}

/// Refuses a format that a command does not have, before anything is read.
pub(super) fn require_format(global: &Global, command: &str, formats: &[Format]) -> Result<(), Failure> {
    if formats.contains(&global.format) {
        return Ok(());
    }
    let name =
        |format: &Format| format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let known: Vec<String> = formats.iter().map(name).collect();
    Err(Failure::with_exit(Exit::Usage, format!("`{command}` has no {} form", name(&global.format)))
        .hint(format!("use --format {}", known.join(" or "))))
}

/// Says something that is no data. Nothing can be done where stderr is closed.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks for an answer on the same line.
pub(super) fn prompt(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}

/// Whether to colour what goes to stdout.
pub(super) fn colors_data(global: &Global) -> bool {
    colors(global.color, io::stdout().is_terminal())
}

/// Whether to colour what goes to stderr.
pub(super) fn colors_talk(global: &Global) -> bool {
    colors(global.color, io::stderr().is_terminal())
}

/// Progress can be drawn.
pub(super) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Somebody sits there and can be asked.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn colors(color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}
