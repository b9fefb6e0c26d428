//! The store of the laptop and of the tests: one SQLite file with DynamoDB's limits, conditions and prices.
//!
//! Its one rule: a write is acknowledged when it is on the disk, and every later read sees it.

use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use async_trait::async_trait;
use rusqlite::Connection;

use super::{
    Action, Item, Key, Meter, Page, Query, Store, StoreError, Write, check, limits, meter::Partitions,
};

mod apply;
mod cost;
#[cfg(feature = "testing")]
pub mod dump;
mod file;
mod presence;
mod query;
mod readers;
mod row;
mod whole;
pub(crate) mod writer;

pub use file::OpenError;
pub use presence::is_hollow;

use apply::{Decided, Effect};
use presence::Presence;
use readers::Readers;
use writer::{Fault, Writer};

use crate::error::LogFailure;

/// The table, and the file that the embedded queue shares. A clone is another handle on the same file; the last one
/// dropped finishes what was sent and closes it.
#[derive(Clone)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

/// The attributes whose values a sealer has sealed.
const SEALED: [&str; 3] = ["sealed_api_key", "sealed_text", "sealed_resume_url"];

struct Inner {
    /// None in memory, where the database is visible to the writer's connection alone.
    readers: Option<Readers>,
    writer: Writer,
    meter: Meter,
    /// How many looks still hear that something could not be written lately.
    unwritable: AtomicU8,
}

/// A full disk may take what changes a page in its place and nothing that needs a new one: what could not be written is told for
/// so many looks, and not only whether the smallest change goes through.
const TOLD: u8 = 3;

impl Sqlite {
    /// Opens the file, creating it when it is missing. Other processes may have it open as well.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let io = |source| OpenError::Io { path: path.into(), source };
        let turn = file::turn(path).map_err(io)?;
        let held = writer::take_turn(Some(&turn));
        let writer = file::writer(path)?;
        let presence = Presence::enter(path).log_failure("whether Baton stops in order cannot be noted");
        drop(held);
        let readers = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8));
        let readers = || (0..readers).map(|_| file::reader(path)).collect::<Result<_, _>>();
        let readers = Readers::start(readers()?, readers()?).map_err(io)?;
        Ok(Self::over(Writer::start(writer, Some(turn), presence).map_err(io)?, Some(readers)))
    }

    /// A database of its own that vanishes with the last handle.
    pub fn memory() -> Result<Self, OpenError> {
        let writer = Writer::start(file::memory()?, None, None);
        let writer = writer.map_err(|source| OpenError::Io { path: ":memory:".into(), source })?;
        Ok(Self::over(writer, None))
    }

    fn over(writer: Writer, readers: Option<Readers>) -> Self {
        Self {
            inner: Arc::new(Inner { readers, writer, meter: Meter::default(), unwritable: AtomicU8::new(0) }),
        }
    }

    /// Deletes up to `limit` items whose `ttl` lies before `now_seconds`, as DynamoDB does by itself and for nothing.
    /// Returns how many.
    pub async fn purge_expired(&self, now_seconds: i64, limit: usize) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write_job(move |conn| {
            let mut delete = conn.prepare_cached(
                "DELETE FROM items WHERE (pk, sk) IN
                 (SELECT pk, sk FROM items INDEXED BY items_ttl WHERE ttl < ?1 ORDER BY ttl LIMIT ?2)",
            )?;
            Ok(delete.execute((now_seconds, limit))?)
        })
        .await
    }

    /// Whether any item holds a value that a sealer has sealed. Reads everything until it finds one: for the start that has
    /// reason to ask.
    pub async fn holds_sealed_values(&self) -> Result<bool, StoreError> {
        self.read_job(|conn| {
            let found = SEALED.map(|name| format!("instr(body, '\"{name}\":\"') > 0")).join(" OR ");
            let sql = format!("SELECT EXISTS (SELECT 1 FROM items WHERE {found})");
            Ok(conn.query_row(&sql, (), |row| row.get(0))?)
        })
        .await
    }

    /// Runs the work in one transaction with others; an `Err` undoes it.
    pub(crate) async fn write_job<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        self.inner.writer.run(work).await
    }

    /// Runs work that only reads.
    pub(crate) async fn read_job<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        match &self.inner.readers {
            Some(readers) => readers.run(work).await,
            None => self.inner.writer.run(work).await,
        }
    }

    /// Remembers that something could not be written.
    fn noted(&self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::Unavailable(_)) {
            self.inner.unwritable.store(TOLD, Relaxed);
        }
        error
    }

    fn spend<T>(&self, read_units: f64, write_units: f64, result: T) -> T {
        self.inner.meter.count(read_units, write_units);
        result
    }
}

/// A write that did not take place, and what it cost all the same.
struct Charged {
    error: StoreError,
    units: f64,
}

impl<E: Into<StoreError>> From<E> for Charged {
    fn from(error: E) -> Self {
        Self { error: error.into(), units: 0.0 }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::Unavailable(fault.0)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        check::key(key)?;
        let key = key.clone();
        let find = move |conn: &Connection| row::find(conn, key);
        let item = match &self.inner.readers {
            Some(readers) => readers.run_here(find).await,
            None => self.inner.writer.run(find).await,
        };
        self.spend(item.as_ref().map_or(0.0, |item| read_units(item.as_ref())), 0.0, item)
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        check::batch(keys)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = keys.to_vec();
        let found = self.read_job(move |conn| {
            let (mut items, mut units) = (Vec::with_capacity(keys.len()), 0.0);
            for key in keys {
                let item = row::find(conn, key)?;
                units += read_units(item.as_ref());
                items.extend(item);
            }
            Ok::<_, StoreError>((items, units))
        });
        match found.await {
            Ok((items, units)) => self.spend(units, 0.0, Ok(items)),
            Err(error) => self.spend(0.0, 0.0, Err(error)),
        }
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        check::query(query)?;
        let query = query.clone();
        match self.read_job(move |conn| query::page(conn, &query)).await {
            Ok((page, units)) => self.spend(units, 0.0, Ok(page)),
            Err(error) => self.spend(0.0, 0.0, Err(error)),
        }
    }

    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError> {
        check::write(&write)?;
        if write.action == Action::Check {
            return Err(StoreError::Invalid(
                "a check alone changes nothing; it belongs into a transaction".into(),
            ));
        }
        let watched = self.inner.meter.watched();
        let done = self.write_job(move |conn| {
            let decided = apply::decide(conn, write)?;
            watched.iter().for_each(|partitions| decided.charge(partitions, 1.0));
            let Decided { table_units, index_units, .. } = decided;
            if matches!(decided.effect, Effect::Refused) {
                let error = StoreError::ConditionFailed(decided.refusal());
                return Err(Charged { error, units: table_units });
            }
            Ok((apply::commit(conn, decided)?, table_units + index_units))
        });
        match done.await {
            Ok((item, units)) => self.spend(0.0, units, Ok(item)),
            Err(Charged { error, units }) => self.spend(0.0, units, Err(self.noted(error))),
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        check::transaction(&writes)?;
        let watched = self.inner.meter.watched();
        match self.write_job(move |conn| transaction(conn, writes, watched.as_deref())).await {
            Ok(units) => self.spend(0.0, units, Ok(())),
            Err(Charged { error, units }) => self.spend(0.0, units, Err(self.noted(error))),
        }
    }

    async fn try_writing(&self) -> Result<(), StoreError> {
        let told = self.inner.unwritable.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        if told.is_ok() {
            return Err(StoreError::Unavailable("something could not be written lately".into()));
        }
        self.write_job(|conn| Ok(file::touch(conn)?)).await
    }

    fn meter(&self) -> &Meter {
        &self.inner.meter
    }
}

fn read_units(item: Option<&Item>) -> f64 {
    cost::read(item.map_or(0, Item::bytes))
}

/// All writes or none; a transaction writes each item twice and pays for it. Returns the units.
fn transaction(conn: &Connection, writes: Vec<Write>, watched: Option<&Partitions>) -> Result<f64, Charged> {
    // All are decided before the first one changes anything: each looks at an item of its own.
    let all = writes.into_iter().map(|write| apply::decide(conn, write)).collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = all.iter().map(Decided::bytes).sum();
    if bytes > limits::TRANSACT_BYTES {
        let error = format!("{bytes} bytes in a transaction, {} are allowed", limits::TRANSACT_BYTES);
        return Err(StoreError::TooLarge(error).into());
    }
    watched.iter().for_each(|partitions| all.iter().for_each(|decided| decided.charge(partitions, 2.0)));
    let table_units: f64 = all.iter().map(|decided| 2.0 * decided.table_units).sum();
    let index_units: f64 = all.iter().map(|decided| decided.index_units).sum();
    let (refused, due): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|decided| matches!(decided.effect, Effect::Refused));
    if refused.is_empty() {
        due.into_iter().try_for_each(|decided| apply::commit(conn, decided).map(drop))?;
        return Ok(table_units + index_units);
    }
    let refused = refused.into_iter().map(Decided::refusal).collect();
    Err(Charged { error: StoreError::Canceled(refused), units: table_units })
}

#[cfg(test)]
mod tests;
