//! One file for each subcommand: wiring only.

mod access;
mod again;
mod analysis;
mod annotations;
mod apply;
mod compare;
mod completions;
mod connection;
mod context;
mod edits;
mod emulator;
mod export;
mod fleet;
mod fmt;
mod get;
mod guards;
mod init;
mod interrupt;
mod man;
mod observe;
mod output;
mod plan;
mod pull;
mod record;
mod revisions;
mod revoke;
mod schema;
mod show;
mod validate;

use anyhow::Context as _;
use clap::Parser as _;
use tokio::runtime;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::cli::{Cli, Command, Format, Global, LogFormat};
use crate::client;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the command line that the process was started with.
pub fn run() -> Exit {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and versions are answers, and go where answers go.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit;
        }
    };
    start_logging(&global);
    match dispatch(&global, command) {
        Ok(exit) => exit,
        Err(error) => complain(&global, &error),
    }
}

fn dispatch(global: &Global, command: Command) -> anyhow::Result<Exit> {
    if let Some(exit) = emulator::check_faults(global, &command)? {
        return Ok(exit);
    }
    refuse_page(global, &command)?;
    match command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Validate(arguments) => {
            annotations::publish(arguments.annotations.as_ref(), || validate::run(global, &arguments))
        }
        Command::Fmt(arguments) => fmt::run(global, &arguments),
        Command::Observe(arguments) => observe::run(global, &arguments),
        Command::Plan(arguments) => {
            annotations::publish(arguments.annotations.as_ref(), || plan::run(global, &arguments))
        }
        Command::Apply(arguments) => apply::run(global, &arguments),
        Command::Show(arguments) => show::run(global, &arguments),
        Command::Access(arguments) => access::run(global, &arguments),
        Command::Export(arguments) => export::run(global, &arguments),
        Command::Pull(arguments) => pull::run(global, &arguments),
        Command::Revoke(arguments) => revoke::run(global, &arguments.whose),
        Command::Get(arguments) => get::run(global, &arguments),
        Command::Emulator(arguments) => emulator::run(global, arguments.command),
        Command::Schema => schema::run(),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// Only plans have pages. Commands that know several formats refuse those that they lack by themselves.
fn refuse_page(global: &Global, command: &Command) -> Result<(), Failure> {
    let (name, formats): (_, &[Format]) = match command {
        Command::Validate(_) => ("validate", &[Format::Human, Format::Json]),
        Command::Init(_) => ("init", &[Format::Human]),
        Command::Fmt(_) => ("fmt", &[Format::Human]),
        Command::Observe(_) => ("observe", &[Format::Human]),
        Command::Export(_) => ("export", &[Format::Human]),
        Command::Emulator(_) => ("emulator", &[Format::Human]),
        Command::Schema => ("schema", &[Format::Human]),
        Command::Completions(_) => ("completions", &[Format::Human]),
        Command::Man(_) => ("man", &[Format::Human]),
        Command::Pull(_) => ("pull", &[Format::Human]),
        _ => return Ok(()),
    };
    if global.format == Format::Html { output::require_format(global, name, formats) } else { Ok(()) }
}

/// What an error says: how the command ends, the error with what led to it, and what to do.
struct Complaint {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

fn complaint(error: &anyhow::Error) -> Complaint {
    let mut exit = Exit::Error;
    let mut hint = None;
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            exit = failure.exit();
            hint = hint.or(failure.advice());
        } else if let Some(failure) = cause.downcast_ref::<client::Error>() {
            hint = hint.or(failure.hint());
        } else if let Some(failure) = cause.downcast_ref::<client::SetupError>() {
            hint = hint.or(failure.hint());
        }
    }
    Complaint { exit, message: format!("{error:#}"), hint: hint.map(ToOwned::to_owned) }
}

/// Says what went wrong in one place.
fn complain(global: &Global, error: &anyhow::Error) -> Exit {
    let Complaint { exit, message, hint } = complaint(error);
    tell(global, &message, hint.as_deref());
    exit
}

fn tell(global: &Global, message: &str, hint: Option<&str>) {
    let text = crate::render::text::terminal(message);
    let hint = hint.map(crate::render::text::terminal);
    let paint = output::colors_talk(global);
    let label = |word: &str, code: u8| if paint { format!("\u{1b}[1;{code}m{word}\u{1b}[0m") } else { word.to_owned() };
    output::say(&format!("{}: {text}", label("error", 31)));
    if let Some(hint) = hint {
        output::say(&format!(" {}: {hint}", label("hint", 36)));
    }
}

fn start_logging(global: &Global) {
    let level = match global.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Other crates' logs may hold what ours never do.
    let filter = Targets::new().with_target("aehctl", level);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(output::colors_talk(global))
        .with_max_level(level)
        .with_target(false);
    let started = match global.log_format {
        LogFormat::Text => tracing::subscriber::set_global_default(subscriber.without_time().finish().with(filter)),
        LogFormat::Json => tracing::subscriber::set_global_default(subscriber.json().finish().with(filter)),
    };
    debug_assert!(started.is_ok(), "logging is started once");
}

/// Runs a future on a runtime of its own. One thread is enough: a command waits for the network, and computes little
/// meanwhile.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    run_on(&mut runtime::Builder::new_current_thread(), future)
}

/// The same on two threads, for what serves several clients.
fn block_on_threads<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    run_on(runtime::Builder::new_multi_thread().worker_threads(2), future)
}

fn run_on<T>(builder: &mut runtime::Builder, future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = builder.enable_all().build().context("failed to start the runtime")?;
    interrupt::listen().context("failed to listen for interrupts")?;
    runtime.block_on(future)
}
