//! `emulator`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{block_on_threads, interrupt, output};
use crate::cli::EmulatorCommand;
use crate::emulator::switches::SwitchInfo;
use crate::emulator::{self, Database, Options, Switches};
use crate::exit::Exit;
use crate::files;
use crate::render::table::Table;

pub(super) fn run(command: EmulatorCommand) -> Result<Exit> {
    match command {
        EmulatorCommand::Serve { listen, db, seed, reset, latency, request_log, token_lifetime, switches } => {
            if switches.iter().any(|switch| switch == "help") {
                output::data(&list_switches())?;
                return Ok(Exit::Done);
            }
            let switches = Switches::parse(switches.iter().map(String::as_str))?;
            let options = Options { listen, latency, request_log, switches, token_lifetime, ..Options::default() };
            block_on_threads(serve(options, db, seed, reset))
        }
        EmulatorCommand::Seed { db, seed, reset } => {
            make_parent(&db)?;
            let document = match &seed {
                Some(path) => files::read_text(path)?,
                None => emulator::demo().to_owned(),
            };
            emulator::seed(&db, &document, reset).with_context(|| format!("failed to fill {}", db.display()))?;
            output::say(&format!("{} is filled.", db.display()));
            Ok(Exit::Done)
        }
        EmulatorCommand::Dump { db } => {
            output::data(&emulator::dump(&db)?)?;
            Ok(Exit::Done)
        }
        EmulatorCommand::Openapi => {
            output::data(&format!("{:#}\n", emulator::openapi()))?;
            Ok(Exit::Done)
        }
    }
}

/// What `--switch` takes, defaults first.
fn list_switches() -> String {
    let mut table = Table::new(["SWITCH", "VALUES", "WHAT IT DECIDES"]);
    for SwitchInfo { name, values, default, about } in Switches::ALL {
        let values = if values.is_empty() { format!("a number, {default}") } else { values.join(", ") };
        table.row([*name, &values, about.trim()]);
    }
    table.render(None)
}

async fn serve(options: Options, db: Option<PathBuf>, seed: Option<PathBuf>, reset: bool) -> Result<Exit> {
    let is_new = match &db {
        Some(db) => !emulator::is_seeded(db)?,
        None => true,
    };
    let document = match &seed {
        Some(path) => Some(files::read_text(path)?),
        None if is_new => Some(emulator::demo().to_owned()),
        None => None,
    };
    let (database, seed) = match db {
        None => (Database::Memory, document),
        Some(path) => {
            make_parent(&path)?;
            if let Some(document) = &document {
                emulator::seed(&path, document, reset).with_context(|| format!("failed to fill {}", path.display()))?;
            }
            (Database::File(path), None)
        }
    };
    let mut running = emulator::start(Options { database, seed, ..options }).await?;
    interrupt::gracefully();
    let line = serde_json::json!({
        "url": running.url,
        "client_id": running.client_id,
        "client_secret": running.client_secret,
    });
    output::data(&format!("{line}\n"))?;
    tokio::select! {
        ended = running.wait() => ended?,
        () = interrupt::signal() => {}
    }
    running.shutdown().await?;
    Ok(Exit::Done)
}

fn make_parent(path: &Path) -> Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => std::fs::create_dir_all(parent).with_context(|| format!("failed to make {}", parent.display())),
        None => Ok(()),
    }
}
