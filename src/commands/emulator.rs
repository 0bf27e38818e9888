//! `emulator`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{block_on_threads, interrupt, output};
use crate::cli::{Command, EmulatorCommand, Global};
use crate::emulator::switches::SwitchInfo;
use crate::emulator::{self, Database, FaultInfo, Faults, Options, Switches};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::render::table::Table;

/// Refuses `--faults` where no emulator makes any; `help` is answered wherever it stands.
pub(super) fn check_faults(global: &Global, command: &Command) -> Result<Option<Exit>> {
    let Some(text) = &global.faults else { return Ok(None) };
    if text == "help" {
        output::data(&list_faults())?;
        return Ok(Some(Exit::Done));
    }
    let serves =
        matches!(command, Command::Emulator(arguments) if matches!(arguments.command, EmulatorCommand::Serve { .. }));
    if global.emulator.is_none() && !serves {
        return Err(Failure::with_exit(Exit::Usage, "--faults is for the emulator alone")
            .hint("say --emulator as well, or use `aehctl emulator serve --faults SPEC`")
            .into());
    }
    faults(global).map(|_| None)
}

/// What `--faults` asks for.
pub(super) fn faults(global: &Global) -> Result<Faults> {
    let Some(text) = &global.faults else { return Ok(Faults::default()) };
    Faults::parse(text).map_err(|error| {
        Failure::with_exit(Exit::Usage, format!("--faults: {error:#}"))
            .hint("`--faults help` lists what there is; docs/emulator.md explains it")
            .into()
    })
}

/// What `--faults` takes.
fn list_faults() -> String {
    let mut table = Table::new(["FAULT", "WHAT HAPPENS"]);
    for FaultInfo { name, about } in Faults::ALL {
        table.row([*name, *about]);
    }
    let faults = table.render(None);
    let mut table = Table::new(["SETTING", "WHAT IT DECIDES"]);
    table.row(["seed=N", "what everything is drawn from, 0 if not given"]);
    table.row(["until=N", "after so many requests nothing is drawn any more"]);
    table.row(["rate=N/TIME", "requests in a time, such as 5/s; 429 with hints beyond it"]);
    table.row(["switches=random", "draws a side for each switch that is not set"]);
    table.row(["NAME=VALUE", "sets a switch, such as lag=2; `emulator serve --switch help` lists them"]);
    let settings = table.render(None);
    format!(
        "{faults}\n{settings}\nEntries stand between commas: FAULT[@WHOM][#N][=CHANCE[:TIME]]. \
         WHOM is reads, writes, sign-in or an operationId;\n\
         #N is the N-th such request alone; CHANCE is a percentage, 100% if not given.\n"
    )
}

pub(super) fn run(global: &Global, command: EmulatorCommand) -> Result<Exit> {
    match command {
        EmulatorCommand::Serve { listen, db, seed, reset, latency, request_log, token_lifetime, switches } => {
            if switches.iter().any(|switch| switch == "help") {
                output::data(&list_switches())?;
                return Ok(Exit::Done);
            }
            let switches = Switches::parse(switches.iter().map(String::as_str)).map_err(|error| {
                Failure::with_exit(Exit::Usage, format!("{error:#}"))
                    .hint("`--switch help` lists them with their values")
            })?;
            if !listen.ip().is_loopback() {
                return Err(Failure::with_exit(
                    Exit::Usage,
                    format!("the emulator listens on loopback addresses only, not on {listen}"),
                )
                .hint("give an address such as 127.0.0.1:8080; port 0 takes a free one")
                .into());
            }
            let faults = faults(global)?;
            let options =
                Options { listen, latency, request_log, switches, faults, token_lifetime, ..Options::default() };
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
    interrupt::quietly();
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
        Some(parent) => {
            files::make_private_folder(parent).with_context(|| format!("failed to make {}", parent.display()))
        }
        None => Ok(()),
    }
}
