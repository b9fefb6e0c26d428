//! A layer in front of the ports that misbehaves on command: it throttles, refuses messages, loses answers, and lets the
//! process die at any call.
//!
//! Its one rule: what it does depends on the plan and the number of the call alone, so that a failure can be repeated.

mod outside;
mod queue;

use std::{
    future::{Future, pending},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use self::{
    outside::{FaultyBlobs, FaultyHttp},
    queue::FaultyQueue,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use tokio::sync::Notify;
use url::Url;

use shared::{
    app::Ports,
    blobs::{BlobError, BlobKey, Blobs, Stat},
    egress::{HttpOut, OutError, OutReply, OutRequest},
    queue::{Delivery, Depth, Outgoing, Queue, QueueError, QueueName, limits},
    store::{Item, Key, Meter, Page, Query, Store, StoreError, Write},
    tenant::TenantId,
};

/// What goes wrong. Calls are counted from 0, beginning when the plan is set.
#[derive(Default)]
pub enum Plan {
    /// Nothing.
    #[default]
    Calm,
    /// The process dies right before this call.
    DieBefore(usize),
    /// The process dies right before the first call of this name.
    DieAtCall(String),
    /// The process dies when this call has had its effect, before it hears of it.
    DieAfter(usize),
    /// So many of a hundred calls to the store, the blobs and the queue are refused, and change nothing.
    Throttle { percent: u32, seed: u64 },
    /// So many of a hundred calls to the store have their effect, and then look as if the store could not be reached.
    LoseAnswers { percent: u32, seed: u64 },
    /// Every single write is made twice and the second answer counts, as when an SDK repeats a call whose answer was lost.
    RepeatWrites,
    /// So many transactions meet others on the same items, and change nothing.
    Contend(usize),
    /// The queue takes no messages.
    RefuseMessages,
    /// The store refuses every call, as one that throttles does.
    RefuseStore,
    /// The store answers and takes nothing, as on a disk that is full.
    RefuseWriting,
    /// A bad day: so many of a hundred calls are refused and change nothing, so many more calls to the store have their
    /// effect and look as if it could not be reached, and messages come twice, late and out of order.
    Storm { refused: u32, unheard: u32, seed: u64 },
    /// Told of every call before it is made.
    Watch(Box<dyn Fn(&str) + Send + Sync>),
}

#[derive(Default)]
struct State {
    plan: Plan,
    calls: Vec<String>,
    /// The longest chain of store calls that has been answered.
    depth: usize,
    dead: bool,
    /// What happens while the answer to the next outgoing call of this path is on its way.
    interlude: Option<(String, BoxFuture<'static, ()>)>,
    blobs: Vec<(String, Bytes)>,
}

/// The faults of one house.
#[derive(Default)]
pub struct Faults {
    state: Mutex<State>,
    died: Notify,
}

/// What is to become of a call.
enum Fate {
    Pass,
    Refuse,
    LoseAnswer,
}

impl Faults {
    /// Puts the layer in front of the ports that leave the process.
    pub fn wrap(self: &Arc<Self>, ports: Ports) -> Ports {
        Ports {
            store: Arc::new(FaultyStore { inner: ports.store, faults: self.clone() }),
            queue: Arc::new(FaultyQueue { inner: ports.queue, faults: self.clone() }),
            blobs: Arc::new(FaultyBlobs { inner: ports.blobs, faults: self.clone() }),
            http: Arc::new(FaultyHttp { inner: ports.http, faults: self.clone() }),
            ..ports
        }
    }

    /// Sets the plan and counts from 0; a dead process lives again.
    pub fn set(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.calls.clear();
        state.depth = 0;
        state.dead = false;
    }

    /// The calls since the plan was set, such as `store.write T#…`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// How many store calls stood in a row since the plan was set: each was made when the one before it had been answered.
    /// Those made side by side count once.
    pub fn depth(&self) -> usize {
        self.state().depth
    }

    /// Every blob that was ever put, by key.
    pub fn blobs(&self) -> Vec<(String, Bytes)> {
        self.state().blobs.clone()
    }

    /// Runs work that a death cuts off; none when it did.
    pub async fn survive<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let died = std::pin::pin!(self.died.notified());
        match select(std::pin::pin!(work), died).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// Lets something happen while the answer to the next call to a path that starts with this is on its way.
    pub fn meanwhile(&self, path: &str, interlude: impl Future<Output = ()> + Send + 'static) {
        self.state().interlude = Some((path.to_owned(), Box::pin(interlude)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and makes it unless the plan is against it.
    async fn call<T>(
        &self,
        what: String,
        refusal: Option<fn() -> T>,
        lost: Option<fn() -> T>,
        call: impl Future<Output = T>,
    ) -> T {
        let name = what.clone();
        let (number, fate) = self.fate(what);
        let dies = |plan: &Plan| match plan {
            Plan::DieBefore(at) => *at == number,
            Plan::DieAtCall(at) => name.starts_with(&**at),
            _ => false,
        };
        if self.dies(dies) {
            return pending().await;
        }
        match (fate, refusal) {
            (Fate::Refuse, Some(refusal)) => return refusal(),
            (Fate::LoseAnswer, _) if lost.is_some() => {
                let done = call.await;
                return lost.map_or(done, |lost| lost());
            }
            _ => {}
        }
        let done = call.await;
        if self.dies(|plan| matches!(plan, Plan::DieAfter(at) if *at == number)) {
            return pending().await;
        }
        done
    }

    fn fate(&self, what: String) -> (usize, Fate) {
        let mut state = self.state();
        let number = state.calls.len();
        let fate = match &state.plan {
            Plan::Throttle { percent, seed } if hits(*percent, *seed, number) => Fate::Refuse,
            Plan::LoseAnswers { percent, seed } if hits(*percent, *seed, number) => Fate::LoseAnswer,
            Plan::Storm { refused, unheard, seed } => match draw(*seed, number) {
                drawn if drawn < *refused => Fate::Refuse,
                drawn if drawn < refused + unheard => Fate::LoseAnswer,
                _ => Fate::Pass,
            },
            Plan::RefuseWriting if what.starts_with("store.write") || what.starts_with("store.transact") => {
                Fate::Refuse
            }
            Plan::RefuseStore if what.starts_with("store.") => Fate::Refuse,
            Plan::RefuseMessages if what.starts_with("queue.send") => Fate::Refuse,
            Plan::Watch(watch) => {
                watch(&what);
                Fate::Pass
            }
            _ => Fate::Pass,
        };
        state.calls.push(what);
        (number, fate)
    }

    /// Whether a transaction meets another one.
    fn contends(&self) -> bool {
        let mut state = self.state();
        let Plan::Contend(left) = &mut state.plan else { return false };
        let met = *left > 0;
        *left = left.saturating_sub(1);
        met
    }

    /// Whether the process is dead, or dies now.
    fn dies(&self, now: impl Fn(&Plan) -> bool) -> bool {
        let mut state = self.state();
        if !state.dead && now(&state.plan) {
            state.dead = true;
            self.died.notify_waiters();
        }
        state.dead
    }
}

/// Whether a draw hits, which depends on nothing but the seed and the number.
fn hits(percent: u32, seed: u64, number: usize) -> bool {
    draw(seed, number) < percent
}

/// From 0 to 99.
fn draw(seed: u64, number: usize) -> u32 {
    let mut x = seed ^ u64::try_from(number).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The finisher of splitmix64.
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((x ^ (x >> 31)) % 100).unwrap_or(0)
}

struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Arc<Faults>,
}

fn throttled<T>() -> Result<T, StoreError> {
    Err(StoreError::Throttled)
}

fn unheard<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("the answer was lost".into()))
}

impl FaultyStore {
    async fn call<T>(
        &self,
        what: String,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let depth = self.faults.state().depth + 1;
        // Those that are made side by side all begin before the first of them is answered, however fast the store is.
        tokio::task::yield_now().await;
        let done = self.faults.call(what, Some(throttled), Some(unheard), call).await;
        let mut state = self.faults.state();
        state.depth = state.depth.max(depth);
        done
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.call(format!("store.get {key}"), self.inner.get(key)).await
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        self.call(format!("store.batch_get {}", keys.len()), self.inner.batch_get(keys)).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.call(format!("store.query {:?} {}", query.index, query.partition), self.inner.query(query)).await
    }

    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError> {
        let repeats = matches!(self.faults.state().plan, Plan::RepeatWrites);
        let what = format!("store.write {}", write.key);
        let first = self.call(what.clone(), self.inner.write(write.clone())).await;
        if repeats { self.call(what, self.inner.write(write)).await } else { first }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        if self.faults.contends() {
            return Err(StoreError::Conflict);
        }
        let keys: Vec<_> = writes.iter().map(|write| write.key.to_string()).collect();
        self.call(format!("store.transact {}", keys.join(", ")), self.inner.transact(writes)).await
    }

    async fn try_writing(&self) -> Result<(), StoreError> {
        if matches!(self.faults.state().plan, Plan::RefuseWriting) {
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        self.inner.try_writing().await
    }

    fn meter(&self) -> &Meter {
        self.inner.meter()
    }
}
