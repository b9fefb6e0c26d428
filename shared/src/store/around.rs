//! A change of several items, some of which only point at others.
//!
//! Its one rule: what a change is about is written all or none; an index entry of our own is no part of that. It is there before what
//! it points at, costs half of what it would in the transaction, and meets nobody there. Whoever dies, or is refused, leaves entries
//! that show nothing, and never something that no entry shows: readers compare an entry with what it points at.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Store, StoreError, Write};
use crate::error::LogFailure as _;

/// Writes by themselves that are under way at once.
const AT_ONCE: usize = 16;

/// When a write of a change happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// With all others, or not at all.
    #[default]
    With,
    /// By itself, before the others: they happen only when it has. Where its condition does not hold, better stands there already.
    Before,
    /// By itself, when the others stand. It may be lost.
    After,
}

/// All of the writes or none, but for those that have a [`Phase`] of their own: nothing, one write, or a transaction.
/// [`StoreError::refused_by`] tells whose condition failed.
pub async fn apply(store: &dyn Store, writes: Vec<Write>) -> Result<(), StoreError> {
    let (before, writes): (Vec<_>, Vec<_>) = writes.into_iter().partition(|w| w.phase == Phase::Before);
    let (after, writes): (Vec<_>, Vec<_>) = writes.into_iter().partition(|w| w.phase == Phase::After);
    each(store, before).await?;
    together(store, writes).await?;
    each(store, after).await.log_failure("index entries of what was changed are still there");
    Ok(())
}

async fn together(store: &dyn Store, mut writes: Vec<Write>) -> Result<(), StoreError> {
    match writes.len() {
        0 => Ok(()),
        1 => store.write(writes.remove(0)).await.map(|_| ()),
        _ => store.transact(writes).await,
    }
}

async fn each(store: &dyn Store, writes: Vec<Write>) -> Result<(), StoreError> {
    let all = stream::iter(writes).map(|write| async move {
        match store.write(write).await {
            Ok(_) | Err(StoreError::ConditionFailed(_)) => Ok(()),
            Err(error) => Err(error),
        }
    });
    all.buffer_unordered(AT_ONCE).try_collect().await
}
