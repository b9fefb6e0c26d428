//! What DynamoDB would charge. Source: the DynamoDB developer guide, "DynamoDB read and write operations" and
//! "Using Global Secondary Indexes", section on write capacity.

use serde_json::Value;

use crate::store::{Attrs, Index, Key, attr, limits};

/// Strongly consistent read of so many bytes; what is absent costs one unit as well.
pub(super) fn read(bytes: usize) -> f64 {
    units(bytes, 4096)
}

/// A query reads its items as one stretch of bytes; an index is read eventually consistent, at half the price.
pub(super) fn query(index: Index, bytes: usize) -> f64 {
    match index {
        Index::Table => read(bytes),
        Index::Gsi1 | Index::Due => read(bytes) / 2.0,
    }
}

/// The table's part of a write: the larger of the item before and after.
pub(super) fn table(key: &Key, old: Option<&Attrs>, new: Option<&Attrs>) -> f64 {
    let bytes = |attrs: Option<&Attrs>| attrs.map_or(0, |attrs| limits::item_bytes(key, attrs));
    write(bytes(old).max(bytes(new)))
}

/// The indexes' part of a write that took place.
pub(super) fn indexes(key: &Key, old: Option<&Attrs>, new: Option<&Attrs>) -> f64 {
    [Index::Gsi1, Index::Due]
        .into_iter()
        .map(|index| {
            let entry = |attrs: Option<&Attrs>| attrs.and_then(|attrs| projected(index, attrs));
            match (entry(old), entry(new)) {
                (None, None) => 0.0,
                (Some(gone), None) => write(limits::item_bytes(key, &gone)),
                (None, Some(fresh)) => write(limits::item_bytes(key, &fresh)),
                (Some(old), Some(new)) if old == new => 0.0,
                (Some(old), Some(new)) => {
                    let (before, after) = (limits::item_bytes(key, &old), limits::item_bytes(key, &new));
                    let (pk, sk) = key_names(index);
                    // An entry cannot move: another place in the index is a delete and a put.
                    let moved = old.get(pk) != new.get(pk) || old.get(sk) != new.get(sk);
                    if moved { write(before) + write(after) } else { write(before.max(after)) }
                }
            }
        })
        .sum()
}

/// The attributes of an item as the index shows them, none where the item is not in the index.
pub(super) fn projected(index: Index, attrs: &Attrs) -> Option<Attrs> {
    let (pk, sk) = key_names(index);
    if !attrs.contains_key(pk) || !attrs.contains_key(sk) {
        return None;
    }
    Some(match index {
        Index::Due => due_entry(
            attrs.get(attr::DUE_SHARD).cloned(),
            attrs.get(attr::DUE_AT).cloned(),
            attrs.get(attr::DUE_TASK).cloned(),
        ),
        Index::Gsi1 => [pk, sk]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), attrs.get(name)?.clone())))
            .collect(),
        Index::Table => attrs.clone(),
    })
}

/// What the `due` index projects besides the key.
pub(super) fn due_entry(shard: Option<Value>, at: Option<Value>, task: Option<Value>) -> Attrs {
    [(attr::DUE_SHARD, shard), (attr::DUE_AT, at), (attr::DUE_TASK, task)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn key_names(index: Index) -> (&'static str, &'static str) {
    match index {
        Index::Due => (attr::DUE_SHARD, attr::DUE_AT),
        Index::Table | Index::Gsi1 => (attr::GSI1_PK, attr::GSI1_SK),
    }
}

fn write(bytes: usize) -> f64 {
    units(bytes, 1024)
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn units(bytes: usize, step: usize) -> f64 {
    bytes.div_ceil(step).max(1) as f64
}
