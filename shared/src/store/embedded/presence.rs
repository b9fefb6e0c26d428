//! Who has the file open, and how the last one left it: a mark beside it, set while somebody has the file open and taken back
//! by the last one who closes it in order.
//!
//! Its one rule: what may have been lost is not started over. A database that is gone or empty where there was one, and a log
//! that is gone while it may hold what was acknowledged, stop the start.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::OpenError;
use crate::private;

const OPEN: &[u8] = b"open\n";

/// This process, as the others see it. The lock goes with the process, however that ends.
pub(super) struct Presence(File);

/// Looks at what the last one left, before the file is opened or made. Under the turn to write, so that nobody comes or goes
/// meanwhile.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.into(), source };
    let Some(mark) = existing(&beside(path, ".open")).map_err(io)? else { return Ok(()) };
    if existing(path).map_err(io)?.is_none_or(|file| is_empty(&file)) {
        return Err(OpenError::Emptied { path: path.into(), mark: beside(path, ".open") });
    }
    let log = beside(path, "-wal");
    if !is_empty(&mark) && is_alone(&mark) && !log.exists() {
        return Err(OpenError::LogMissing { log, mark: beside(path, ".open") });
    }
    Ok(())
}

impl Presence {
    /// Says that the file is open; its log is there by now.
    pub(super) fn enter(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let mut mark = private::open(
            options.read(true).write(true).create(true).truncate(false),
            &beside(path, ".open"),
        )?;
        if is_empty(&mark) {
            mark.write_all(OPEN)?;
            mark.sync_all()?;
        }
        mark.lock_shared()?;
        Ok(Self(mark))
    }

    /// Says that the file is closed in order, if nobody else has it open. Before it is closed: whoever dies in between leaves a
    /// log that is not asked for, and not the other way round.
    pub(super) fn leave(self) -> io::Result<()> {
        self.0.unlock()?;
        if is_alone(&self.0) { self.0.set_len(0).and_then(|()| self.0.sync_all()) } else { Ok(()) }
    }
}

fn existing(path: &Path) -> io::Result<Option<File>> {
    match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn is_empty(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.len() == 0)
}

/// Whether no other process has the file open. Where a file system has no locks, nobody can say so.
fn is_alone(mark: &File) -> bool {
    match mark.try_lock() {
        Ok(()) => mark.unlock().is_ok(),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

/// A file of the same name with this behind it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Takes the files of a database away from others. Returns whether they could have had one.
pub(super) fn mend(path: &Path) -> io::Result<bool> {
    let mut mended = false;
    for suffix in ["", "-wal", "-shm", ".lock", ".open"] {
        mended |= private::mend(&beside(path, suffix))?;
    }
    Ok(mended)
}

/// Whether the database is there and has nothing in it.
pub fn is_hollow(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.len() == 0)
}
