//! Opening the file: settings, schema, and the refusal of files that are not ours or not yet known.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::presence;
use crate::private;

/// `Batn`, the mark of our files in SQLite's header.
const APPLICATION_ID: i64 = 0x4261_746e;
/// The format of what lies in the file, raised with every change of [`SCHEMA`] or of what keys and indexes mean. A step from
/// each earlier version is then added beside it, or the version is refused ([`OpenError::Older`]).
///
/// 2: the due index has 64 shards; what was owed in 32 would not be found in half of them.
const VERSION: i64 = 2;
/// How long a writer waits for another process, such as the command line beside a running server.
const BUSY: Duration = Duration::from_secs(10);
const STATEMENTS: usize = 64;
/// Pages that one connection keeps, in KiB. There are a few connections, and the kernel keeps what these do not.
const CACHE_KIB: i64 = 4_000;
/// The log goes back into the file when it has so many pages (16 MB). A page that changed a hundred times since goes there
/// once; what is still in the log after a crash is read at the next start.
const CHECKPOINT_PAGES: i64 = 4_000;

/// `body` holds all attributes; the columns after it are copies that the indexes need, NULL where the item is not in
/// the index. `items_due` carries the task as well, so that a tick reads the index alone.
const SCHEMA: &str = "
CREATE TABLE items (
  pk TEXT NOT NULL,
  sk TEXT NOT NULL,
  body TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  due_shard TEXT,
  due_at INTEGER,
  due_task TEXT,
  gsi1pk TEXT,
  gsi1sk TEXT,
  ttl INTEGER,
  PRIMARY KEY (pk, sk)
) STRICT, WITHOUT ROWID;
CREATE INDEX items_due ON items (due_shard, due_at, pk, sk, due_task) WHERE due_shard IS NOT NULL;
CREATE INDEX items_gsi1 ON items (gsi1pk, gsi1sk, pk, sk) WHERE gsi1pk IS NOT NULL;
CREATE INDEX items_ttl ON items (ttl) WHERE ttl IS NOT NULL;
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  dead INTEGER NOT NULL DEFAULT 0,
  visible_at INTEGER NOT NULL,
  receives INTEGER NOT NULL DEFAULT 0,
  tenant INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX messages_next ON messages (queue, dead, visible_at);
";

/// What was added since. Only what a release that does not know it can live with; it sees nothing of an index.
const ADDED: &str = "
CREATE INDEX IF NOT EXISTS messages_of_tenant ON messages (queue, tenant, visible_at) WHERE dead = 0;
";

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} was written by a newer version (schema {found}, this version knows {VERSION})")]
    Newer { path: PathBuf, found: i64 },
    #[error(
        "{path} was written by an older version (schema {found}, this version knows {VERSION}), and what is owed in it would \
         not be found: start with another data directory, or go on with the version that wrote it"
    )]
    Older { path: PathBuf, found: i64 },
    #[error("{path} is not a file of this program")]
    Foreign { path: PathBuf },
    #[error(
        "{path} is missing or empty, but there was a database: put it back from a backup, or delete {mark} to begin \
         with nothing"
    )]
    Emptied { path: PathBuf, mark: PathBuf },
    #[error(
        "{log} is missing, and the last stop was not in order, so that acknowledged writes may be in it: put it back, or \
         delete {mark} to go on without them (nothing is lost if another tool has opened the database since)"
    )]
    LogMissing { log: PathBuf, mark: PathBuf },
    #[error("{path}: {source}")]
    Engine { path: PathBuf, source: rusqlite::Error },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// The connection that writes; it creates the file and brings the schema up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    presence::check(path)?;
    own(path).map_err(|source| OpenError::Io { path: path.into(), source })?;
    let engine = |source| OpenError::Engine { path: path.into(), source };
    let mut conn =
        Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE)).map_err(engine)?;
    settle(&conn).map_err(engine)?;
    // Checked before the journal mode, which already writes into the file.
    known(&conn, path)?;
    durable(&conn).map_err(engine)?;
    migrate(&mut conn, path)?;
    Ok(conn)
}

/// A connection that only reads, of a file that a [`writer`] has opened.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let engine = |source| OpenError::Engine { path: path.into(), source };
    // Not read-only: in WAL mode a reader takes part in the shared index beside the file.
    let conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE)).map_err(engine)?;
    settle(&conn).map_err(engine)?;
    conn.pragma_update(None, "query_only", true).map_err(engine)?;
    Ok(conn)
}

/// One connection to a database that vanishes with it.
pub(super) fn memory() -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let engine = |source| OpenError::Engine { path: path.into(), source };
    let mut conn = Connection::open_in_memory().map_err(engine)?;
    settle(&conn).map_err(engine)?;
    migrate(&mut conn, path)?;
    Ok(conn)
}

fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// The lock file beside the database: who holds it may write.
pub(super) fn turn(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    private::open(options.write(true).create(true).truncate(false), &presence::beside(path, ".lock"))
}

/// Creates the file for its owner alone; SQLite gives the files beside it the same mode. Those that are there already are taken
/// away from others.
fn own(path: &Path) -> std::io::Result<()> {
    if presence::mend(path)? {
        tracing::warn!(path = %path.display(), "others could read the database: its files are their owner's alone now");
    }
    let mut options = std::fs::OpenOptions::new();
    private::open(options.write(true).create(true).truncate(false), path).map(drop)
}

fn settle(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // The plan of a statement does not depend on its values. Without this SQLite plans each page anew, for its LIMIT.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "memory")
}

/// What is acknowledged survives a power cut: the log is flushed at every commit, on macOS through the drive's cache.
fn durable(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))
}

/// Writes the head of the file anew, as it is: a write that goes to the disk like any other and changes nothing.
pub(super) fn touch(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "user_version", VERSION)
}

fn migrate(conn: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let engine = |source| OpenError::Engine { path: path.into(), source };
    // Under the write lock, because two processes may meet a new file at the same moment.
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(engine)?;
    if known(&tx, path)? == 0 {
        tx.execute_batch(SCHEMA).map_err(engine)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(engine)?;
        tx.pragma_update(None, "user_version", VERSION).map_err(engine)?;
    }
    tx.execute_batch(ADDED).map_err(engine)?;
    tx.commit().map_err(engine)
}

/// The schema version of the file, 0 for an empty one.
fn known(conn: &Connection, path: &Path) -> Result<i64, OpenError> {
    let engine = |source| OpenError::Engine { path: path.into(), source };
    let number = |sql| conn.query_row(sql, (), |row| row.get::<_, i64>(0)).map_err(engine);
    let version = number("PRAGMA user_version")?;
    let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    match number("PRAGMA application_id")? {
        APPLICATION_ID if version > VERSION => Err(OpenError::Newer { path: path.into(), found: version }),
        APPLICATION_ID if version < VERSION => Err(OpenError::Older { path: path.into(), found: version }),
        APPLICATION_ID => Ok(version),
        0 if version == 0 && empty => Ok(0),
        _ => Err(OpenError::Foreign { path: path.into() }),
    }
}
