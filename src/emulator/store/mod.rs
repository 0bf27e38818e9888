//! The emulator's world in `SQLite`: opening it, and the one way in for reading and for writing.
//!
//! The submodules hold the statements by subject; what the portal allows is the handlers' business.

pub(crate) mod assets;
pub(crate) mod exchange;
pub(crate) mod organizations;
pub(crate) mod people;
pub(crate) mod portals;
pub(crate) mod user_groups;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};
use uuid::Uuid;

const SCHEMA: &str = include_str!("schema.sql");

/// Marks a `SQLite` file as an emulator's (`aehc`), so that no other file is ever written to.
const APPLICATION_ID: i32 = 0x6165_6863;

const SCHEMA_VERSION: i32 = 1;

/// Connections that read beside the writer.
const READERS: usize = 3;

/// An open world.
#[derive(Debug)]
pub(crate) struct Store {
    writer: Mutex<Connection>,
    /// Empty for a world in memory, which one connection holds.
    readers: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

/// Makes an empty file that its owner alone may read, unless there is one; what `SQLite` puts beside it is as private.
fn make_private(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            // Another process was first, or a link leads to a place where nothing is: that is not for us to fill.
            let fault = || std::io::Error::new(error.kind(), "a symbolic link that leads nowhere is in its place");
            path.exists().then_some(()).ok_or_else(fault)
        }
        made => made.map(drop),
    }
}

impl Store {
    /// A world in memory, gone with the value.
    pub(crate) fn in_memory() -> Result<Self> {
        let mut writer = Connection::open_in_memory().context("failed to open a database in memory")?;
        prepare(&mut writer)?;
        Ok(Self { writer: Mutex::new(writer), readers: Vec::new(), turn: AtomicUsize::new(0) })
    }

    /// A world in a file, which is made if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        }
        let context = || format!("failed to open the emulator's database {}", path.display());
        make_private(path).with_context(context)?;
        let connect = || -> Result<Connection> {
            let mut connection = Connection::open(path)?;
            prepare(&mut connection)?;
            Ok(connection)
        };
        let writer = connect().with_context(context)?;
        let readers = (0..READERS).map(|_| connect().map(Mutex::new)).collect::<Result<_>>().with_context(context)?;
        Ok(Self { writer: Mutex::new(writer), readers, turn: AtomicUsize::new(0) })
    }

    /// Runs `work` on one consistent state.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let connection = match self.readers.len() {
            0 => lock(&self.writer),
            count => lock(&self.readers[turn % count]),
        };
        let transaction = connection.unchecked_transaction()?;
        work(&transaction)
    }

    /// Runs `work`, and keeps what it did if it succeeds.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_then(work, |_, _| {})
    }

    /// The same, and shows what came of it before anything else is written.
    pub(crate) fn write_then<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
        then: impl FnOnce(&Connection, &T),
    ) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        then(&connection, &result);
        Ok(result)
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A handler that panicked has left its transaction, which rolled back: the connection is sound.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prepare(connection: &mut Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    if tables(connection)? > 0 {
        check(connection)?;
    }
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(256);
    // Otherwise SQLite plans a cached statement anew for each value that is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if tables(connection)? == 0 {
        create(connection)?;
    }
    check(connection)
}

/// Whoever changes the journal's mode while another process does so too is told at once that the database is busy,
/// whatever the timeout.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    const TIMES: u32 = 1_000;
    const PAUSE: Duration = Duration::from_millis(10);
    let is_busy = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
    let mut times = 0;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && times < TIMES => std::thread::sleep(PAUSE),
            result => return result,
        }
        times += 1;
    }
}

fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
}

/// Whether a database that is not empty is an emulator's, and of this version.
fn check(connection: &Connection) -> Result<()> {
    let application: i32 = connection.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    if application != APPLICATION_ID {
        bail!("the file is a database of something else");
    }
    let version: i32 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if version != SCHEMA_VERSION {
        bail!("the database has version {version}, this aehctl knows {SCHEMA_VERSION}: make a new one");
    }
    Ok(())
}

fn create(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if tables(&transaction)? > 0 {
        // Another process that starts on the same file was first.
        return Ok(());
    }
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    for setting in [Setting::ClientId, Setting::ClientSecret, Setting::Password] {
        set(&transaction, setting, &Uuid::new_v4().simple().to_string())?;
    }
    set(&transaction, Setting::Username, "admin")?;
    transaction.commit()?;
    Ok(())
}

/// A single value of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    ClientId,
    ClientSecret,
    Username,
    Password,
}

impl Setting {
    fn name(self) -> &'static str {
        match self {
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
            Self::Username => "username",
            Self::Password => "password",
        }
    }
}

pub(crate) fn get(db: &Connection, setting: Setting) -> rusqlite::Result<String> {
    db.query_row("SELECT value FROM settings WHERE name = ?1", [setting.name()], |row| row.get(0))
}

pub(crate) fn set(db: &Connection, setting: Setting, value: &str) -> rusqlite::Result<()> {
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", [setting.name(), value])?;
    Ok(())
}

/// Whether a seed has filled the world.
pub(crate) fn is_filled(db: &Connection) -> rusqlite::Result<bool> {
    let found: Option<i64> = db.query_row("SELECT 1 FROM organizations LIMIT 1", (), |row| row.get(0)).optional()?;
    Ok(found.is_some())
}

/// Empties the world; the credentials stay.
pub(crate) fn clear(db: &Connection) -> rusqlite::Result<()> {
    // Children before what they refer to, and user groups from their leaves.
    db.execute_batch(
        "DELETE FROM audiences; DELETE FROM asset_versions; DELETE FROM asset_labels; DELETE FROM portal_assets;
         DELETE FROM memberships; DELETE FROM users; DELETE FROM prospects; DELETE FROM group_mappings;
         UPDATE user_groups SET parent = NULL; DELETE FROM user_groups; DELETE FROM portals; DELETE FROM connections;
         DELETE FROM exchange_labels; DELETE FROM exchange_versions; DELETE FROM exchange_assets;
         DELETE FROM identity_providers; UPDATE organizations SET parent = NULL; DELETE FROM organizations;",
    )
}

/// What a case-insensitive search compares.
pub(crate) fn search_key<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let present: Vec<&str> = texts.into_iter().flatten().collect();
    present.join("\n").to_lowercase()
}
