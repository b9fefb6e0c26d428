//! The due index: everything that is owed, over a fixed number of shards.
//!
//! "What is owed by now?" → index `due`, partition = shard, sort = due time. "How far was it read?" → one item for all
//! shards, because an idle minute should cost one read for it and not one per shard.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, time::Duration};

use crate::{
    clock::Millis,
    queue::TaskKind,
    store::{
        Attrs, Cond, Global, Index, Item, Key, Page, Position, Query, SortValue, Store, StoreError, Write,
        attr, encode,
    },
};

/// Fixed: what lies in another shard than a tick looks into is never found. A partition takes 1,000 write units a second, so
/// that a million debts are moved in half a minute. Whoever changes it raises the format of the embedded engine's file.
pub const SHARDS: u32 = 64;

/// A debt that no message announces falls due at least this far ahead: later than a tick looks, so that the mark which
/// that tick leaves does not lie beyond it.
pub const UNANNOUNCED: Duration = Duration::from_secs(70);

/// Writes a debt into the attributes of the item that owes it, or takes it out.
pub fn owe(attrs: &mut Attrs, key: &Key, debt: Option<(TaskKind, Millis)>) {
    match debt {
        Some((task, at)) => {
            attrs.insert(attr::DUE_SHARD.into(), shard(key).into());
            attrs.insert(attr::DUE_AT.into(), at.0.into());
            attrs.insert(attr::DUE_TASK.into(), task.as_str().into());
        }
        None => {
            for name in [attr::DUE_SHARD, attr::DUE_AT, attr::DUE_TASK] {
                attrs.remove(name);
            }
        }
    }
}

/// An item and when it falls due.
#[derive(Debug, Clone)]
pub struct Owing<T> {
    pub item: T,
    pub due_at: Option<Millis>,
    /// Its work was put off, or was begun alone and is not known to have ended: it is not to be done beside other work.
    pub suspect: bool,
}

impl<T> Owing<T> {
    pub fn is_owed(&self) -> bool {
        self.due_at.is_some()
    }

    /// Whether a message that arrives now has something to do: one that a tick has sent beside the debtor's own, or that
    /// was delivered twice, finds the debt paid or put off.
    pub fn is_due(&self, now: Millis) -> bool {
        self.due_at.is_some_and(|at| at <= now)
    }
}

/// "What does this item owe, and when?" → the item itself.
pub async fn owing<T: DeserializeOwned>(
    store: &dyn Store,
    key: &Key,
) -> Result<Option<Owing<T>>, StoreError> {
    let Some(found) = store.get(key).await? else { return Ok(None) };
    let attrs = found.attrs()?;
    let due_at = attrs.get(attr::DUE_AT).and_then(serde_json::Value::as_i64).map(Millis);
    let suspect = [GIVEN_UP, BEGUN_ALONE, TAKEN].iter().any(|name| attrs.contains_key(*name));
    Ok(Some(Owing { item: found.decode()?, due_at, suspect }))
}

/// How often a debt was put off because its work cannot be done, and why it was last. Whoever writes the item anew, which
/// is what doing its work ends with, writes it without them.
const GIVEN_UP: &str = "given_up";
const GIVEN_UP_WHY: &str = "given_up_why";
/// For how long at first, and at most.
const LEFT_ALONE: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(24 * 3600));

/// When its work was begun with nothing else beside it: whoever finds this knows that it never ended.
const BEGUN_ALONE: &str = "begun_alone";

/// When its work was taken up, where that takes long: whoever finds this on a debt that is due knows that it never ended.
const TAKEN: &str = "taken";

/// What a debt is, to somebody who is about to do its work alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// Nothing is owed now, or somebody else has it.
    Nothing,
    Now,
    /// It was begun so before, and that never ended: the process did. It is put off until then.
    PutOff(Millis),
}

/// Writes down that the work of a suspect begins, so that its end can be missed. It is put off where that end is missing.
pub async fn begin_alone(store: &dyn Store, key: &Key, now: Millis, why: &str) -> Result<Begun, StoreError> {
    let Some(item) = store.get(key).await? else { return Ok(Begun::Nothing) };
    let mut attrs = item.into_attrs()?;
    let unchanged = unchanged(&attrs);
    // A message comes again when the time of its work is over: what was taken and is still owed was left by who took it.
    let taken = attrs.remove(TAKEN).is_some();
    if number(&attrs, attr::DUE_AT).is_none_or(|at| at > now.0 && !taken) {
        return Ok(Begun::Nothing);
    }
    let begun = if attrs.remove(BEGUN_ALONE).is_some() {
        Begun::PutOff(leave_alone(&mut attrs, now, why))
    } else {
        attrs.insert(attr::DUE_AT.into(), now.0.into());
        attrs.insert(BEGUN_ALONE.into(), now.0.into());
        Begun::Now
    };
    Ok(if replace(store, key, attrs, unchanged).await? { begun } else { Begun::Nothing })
}

/// Takes a debt that is due for somebody who works on it until then at the latest: another message about it finds nothing to do,
/// and the debt falls due again when that end is missed. False when somebody else has it, or nothing is owed now.
pub async fn take(store: &dyn Store, key: &Key, now: Millis, until: Millis) -> Result<bool, StoreError> {
    let Some(item) = store.get(key).await? else { return Ok(false) };
    let mut attrs = item.into_attrs()?;
    if number(&attrs, attr::DUE_AT).is_none_or(|at| at > now.0) {
        return Ok(false);
    }
    let unchanged = unchanged(&attrs);
    attrs.insert(attr::DUE_AT.into(), until.0.into());
    attrs.insert(TAKEN.into(), now.0.into());
    replace(store, key, attrs, unchanged).await
}

/// The work of a suspect has ended, and not by storing its item anew.
pub async fn end_alone(store: &dyn Store, key: &Key) -> Result<(), StoreError> {
    let Some(item) = store.get(key).await? else { return Ok(()) };
    let mut attrs = item.into_attrs()?;
    let unchanged = unchanged(&attrs);
    if attrs.remove(BEGUN_ALONE).is_some() {
        replace(store, key, attrs, unchanged).await?;
    }
    Ok(())
}

/// Puts off the debt of an item whose work cannot be done, for ten minutes, doubling to a day, so that it does not make a
/// dead letter with every sweep. It stays owed, and the item says why. Returns until when; none where nothing is owed, or
/// somebody has worked on it.
pub async fn put_off(
    store: &dyn Store,
    key: &Key,
    now: Millis,
    why: &str,
) -> Result<Option<Millis>, StoreError> {
    let Some(item) = store.get(key).await? else { return Ok(None) };
    let mut attrs = item.into_attrs()?;
    if number(&attrs, attr::DUE_AT).is_none_or(|at| at > now.0) {
        return Ok(None);
    }
    let unchanged = unchanged(&attrs);
    attrs.remove(BEGUN_ALONE);
    attrs.remove(TAKEN);
    let until = leave_alone(&mut attrs, now, why);
    Ok(replace(store, key, attrs, unchanged).await?.then_some(until))
}

/// For how long work is put off that could not be done so many times before.
pub fn left_alone(times: u32) -> Duration {
    let (first, longest) = LEFT_ALONE;
    first.saturating_mul(1 << times.min(10)).min(longest)
}

fn leave_alone(attrs: &mut Attrs, now: Millis, why: &str) -> Millis {
    let times = u32::try_from(number(attrs, GIVEN_UP).unwrap_or(0)).unwrap_or(u32::MAX);
    let until = now.plus(left_alone(times));
    attrs.insert(attr::DUE_AT.into(), until.0.into());
    attrs.insert(GIVEN_UP.into(), times.saturating_add(1).into());
    attrs.insert(GIVEN_UP_WHY.into(), why.into());
    until
}

fn number(attrs: &Attrs, name: &str) -> Option<i64> {
    attrs.get(name).and_then(serde_json::Value::as_i64)
}

/// Nobody has worked on the item since it was read.
fn unchanged(attrs: &Attrs) -> Cond {
    let conds = [attr::VERSION, attr::DUE_AT, BEGUN_ALONE].map(|name| match attrs.get(name) {
        Some(value) => Cond::eq(name, value.clone()),
        None => Cond::missing(name),
    });
    Cond::All(conds.into())
}

/// As a whole, because a worker may replace items and no more. False when somebody was quicker.
async fn replace(store: &dyn Store, key: &Key, attrs: Attrs, cond: Cond) -> Result<bool, StoreError> {
    match store.write(Write::put(key.clone(), attrs).when(cond)).await {
        Ok(_) => Ok(true),
        Err(StoreError::ConditionFailed(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn shard(key: &Key) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key.pk().as_bytes());
    hasher.update(b"/");
    hasher.update(key.sk().as_bytes());
    shard_name(hasher.finalize() % SHARDS)
}

/// Partition value of a shard.
pub fn shard_name(shard: u32) -> String {
    format!("{shard:02}")
}

/// One debt as the index shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    pub key: Key,
    pub task: TaskKind,
    pub due_at: Millis,
}

/// One page of the debts of a shard that fall due between two times, both included, oldest first.
pub async fn debts(
    store: &dyn Store,
    shard: u32,
    from: Millis,
    to: Millis,
    limit: usize,
    after: Option<Position>,
) -> Result<(Vec<Debt>, Option<Position>), StoreError> {
    let query = Query::on(Index::Due, shard_name(shard))
        .between(SortValue::N(from.0), SortValue::N(to.0))
        .limit(limit)
        .after(after);
    let Page { items, next } = store.query(&query).await?;
    Ok((items.iter().filter_map(debt).collect(), next))
}

/// A debt of a kind that this version does not know is left for the version that does.
fn debt(item: &Item) -> Option<Debt> {
    let attrs = item.attrs().ok()?;
    let task = attrs.get(attr::DUE_TASK)?.as_str().and_then(TaskKind::parse)?;
    let due_at = Millis(attrs.get(attr::DUE_AT)?.as_i64()?);
    Some(Debt { key: item.key.clone(), task, due_at })
}

/// What the last sweeps have handed over: of each shard, up to when, by a round that began when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Swept {
    #[serde(default)]
    shards: BTreeMap<String, Round>,
    #[serde(default)]
    v: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Round {
    begun: Millis,
    up_to: Millis,
}

impl Swept {
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        load(store, &Self::key()).await
    }

    /// From when on a sweep of now reads a shard: behind what the round has handed over, and from the beginning where the round
    /// began so long ago, or at a time that is not yet.
    pub fn begin(&mut self, shard: u32, now: Millis, again: Duration) -> Millis {
        let round = self.shards.get(&shard_name(shard)).copied();
        let round = round.filter(|round| round.begun <= now && now.since(round.begun) < again);
        let round = round.unwrap_or(Round { begun: now, up_to: Millis(-1) });
        self.shards.insert(shard_name(shard), round);
        Millis(round.up_to.0 + 1)
    }

    /// It was read up to then.
    pub fn set(&mut self, shard: u32, up_to: Millis) {
        if let Some(round) = self.shards.get_mut(&shard_name(shard)) {
            round.up_to = round.up_to.max(up_to);
        }
    }

    /// Saves what was handed over. Of two sweeps at once the later one loses, and what it did is done again.
    pub async fn save(mut self, store: &dyn Store) -> Result<(), StoreError> {
        let before = self.v;
        self.v += 1;
        save(store, Self::key(), &self, before).await
    }

    fn key() -> Key {
        Key::global(Global::Watermark, "sweep")
    }
}

async fn load<T: Default + serde::de::DeserializeOwned>(
    store: &dyn Store,
    key: &Key,
) -> Result<T, StoreError> {
    store.get(key).await?.map_or_else(|| Ok(T::default()), |item| item.decode())
}

/// Two at once: the later one loses.
async fn save(store: &dyn Store, key: Key, marks: &impl Serialize, before: u64) -> Result<(), StoreError> {
    let cond = if before == 0 { Cond::Absent } else { Cond::version(before) };
    match store.write(Write::put(key, encode(marks)?).when(cond)).await {
        Ok(_) | Err(StoreError::ConditionFailed(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Up to where each shard was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watermarks {
    #[serde(default)]
    shards: BTreeMap<String, Millis>,
    #[serde(default)]
    v: u64,
}

impl Watermarks {
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        load(store, &Self::key()).await
    }

    pub fn get(&self, shard: u32) -> Millis {
        self.shards.get(&shard_name(shard)).copied().unwrap_or(Millis(0))
    }

    /// Brings back every mark that lies beyond `sight`, to where debts of now are found again. Returns how far the farthest
    /// lay beyond it: so far has the clock been set back, at least.
    pub fn set_back(&mut self, sight: Millis, to: Millis) -> Duration {
        let beyond: Vec<_> = self.shards.values_mut().filter(|mark| **mark > sight).collect();
        let farthest = beyond.iter().map(|mark| mark.since(sight)).max().unwrap_or_default();
        for mark in beyond {
            *mark = to;
        }
        farthest
    }

    pub fn set(&mut self, shard: u32, at: Millis) {
        self.shards.insert(shard_name(shard), at);
    }

    /// Saves what was read. Two ticks at once: the later one loses and its reading is repeated, which is harmless.
    pub async fn save(mut self, store: &dyn Store) -> Result<(), StoreError> {
        let before = self.v;
        self.v += 1;
        save(store, Self::key(), &self, before).await
    }

    fn key() -> Key {
        Key::global(Global::Watermark, "due")
    }
}
