//! What the store's work costs. Its one rule: every engine counts every call, so that cost is a test and not a hope.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

tokio::task_local! {
    static SPENT: Meter;
}

/// Counters since the start, in tenths of a unit inside, so that half read units stay exact.
#[derive(Debug, Default)]
pub struct Meter {
    read_tenths: AtomicU64,
    write_tenths: AtomicU64,
    round_trips: AtomicU64,
    partitions: OnceLock<Arc<Partitions>>,
}

/// Write units by the partition that they went to: DynamoDB gives one 1,000 a second, whatever the table has.
#[derive(Debug, Default)]
pub struct Partitions(Mutex<BTreeMap<String, f64>>);

impl Partitions {
    #[cfg(feature = "embedded")]
    pub(super) fn add(&self, partition: &str, units: f64) {
        *self.all().entry(partition.to_owned()).or_default() += units;
    }

    /// What each has taken until now, from here on from nothing.
    pub fn take(&self) -> BTreeMap<String, f64> {
        std::mem::take(&mut *self.all())
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, f64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading of a [`Meter`], or the difference of two.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// Read request units (4 KB strongly consistent = 1).
    pub read_units: f64,
    /// Write request units (1 KB = 1, twice that in a transaction, and once more per index written).
    pub write_units: f64,
    /// Calls to the engine.
    pub round_trips: u64,
}

impl Meter {
    /// Counts one call, for the store and for the piece of work that made it.
    pub fn count(&self, read_units: f64, write_units: f64) {
        self.add(read_units, write_units);
        // Outside of any measured work nobody asks.
        let _ = SPENT.try_with(|spent| spent.add(read_units, write_units));
    }

    /// From here on write units are counted by partition as well, by an engine that can: there are too many of them to do it always.
    pub fn watch(&self) -> Arc<Partitions> {
        self.partitions.get_or_init(Arc::default).clone()
    }

    #[cfg(feature = "embedded")]
    pub(super) fn watched(&self) -> Option<Arc<Partitions>> {
        self.partitions.get().cloned()
    }

    fn add(&self, read_units: f64, write_units: f64) {
        self.read_tenths.fetch_add(tenths(read_units), Relaxed);
        self.write_tenths.fetch_add(tenths(write_units), Relaxed);
        self.round_trips.fetch_add(1, Relaxed);
    }

    pub fn read(&self) -> Reading {
        Reading {
            read_units: whole(self.read_tenths.load(Relaxed)),
            write_units: whole(self.write_tenths.load(Relaxed)),
            round_trips: self.round_trips.load(Relaxed),
        }
    }
}

/// Does the work and says what it cost, however much other work is done at the same time. Work inside of it that is measured
/// itself is not part of it.
pub async fn measured<T>(work: impl Future<Output = T>) -> (T, Reading) {
    let work = async {
        let done = work.await;
        (done, SPENT.with(Meter::read))
    };
    SPENT.scope(Meter::default(), work).await
}

impl Reading {
    /// What was spent since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            read_units: self.read_units - earlier.read_units,
            write_units: self.write_units - earlier.write_units,
            round_trips: self.round_trips - earlier.round_trips,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "units are small and never negative"
)]
fn tenths(units: f64) -> u64 {
    (units * 10.0).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "2^53 tenths are never reached")]
fn whole(tenths: u64) -> f64 {
    tenths as f64 / 10.0
}
