//! Items as rows: reading one, writing one. Its one rule: `body` is the item; the other columns follow from it.

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use crate::store::{Attrs, Index, Item, Key, StoreError, attr};

use super::cost;

/// The item under a key.
pub(super) fn find(conn: &Connection, key: Key) -> Result<Option<Item>, StoreError> {
    let mut select = conn.prepare_cached("SELECT body, bytes FROM items WHERE pk = ?1 AND sk = ?2")?;
    let mut rows = select.query((key.pk(), key.sk()))?;
    rows.next()?.map(|row| item(key, row, 0)).transpose()
}

/// Reads an item from its `body` and the column after that, `bytes`.
pub(super) fn item(key: Key, row: &Row<'_>, column: usize) -> Result<Item, StoreError> {
    let body = row.get_ref(column)?.as_str().map_err(|e| StoreError::Corrupt(format!("{key}: {e}")))?;
    let bytes = usize::try_from(row.get::<_, i64>(column + 1)?).unwrap_or(0);
    Ok(Item::of_json(key, body, bytes))
}

/// Stores an item of so many bytes in place of the one before.
pub(super) fn put(conn: &Connection, key: &Key, attrs: &Attrs, bytes: usize) -> Result<(), StoreError> {
    let body = serde_json::to_string(attrs).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let text = |name: &str| attrs.get(name).and_then(Value::as_str);
    let number = |name: &str| attrs.get(name).and_then(Value::as_i64);
    // An item is in an index only with both of its key attributes.
    let due = cost::projected(Index::Due, attrs).is_some();
    let gsi1 = cost::projected(Index::Gsi1, attrs).is_some();
    let task = attrs.get(attr::DUE_TASK).filter(|_| due).map(Value::to_string);
    conn.prepare_cached(
        "INSERT INTO items (pk, sk, body, bytes, due_shard, due_at, due_task, gsi1pk, gsi1sk, ttl)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (pk, sk) DO UPDATE SET body = ?3, bytes = ?4, due_shard = ?5, due_at = ?6, due_task = ?7,
           gsi1pk = ?8, gsi1sk = ?9, ttl = ?10",
    )?
    .execute(params![
        key.pk(),
        key.sk(),
        body,
        i64::try_from(bytes).unwrap_or(i64::MAX),
        text(attr::DUE_SHARD).filter(|_| due),
        number(attr::DUE_AT).filter(|_| due),
        task,
        text(attr::GSI1_PK).filter(|_| gsi1),
        text(attr::GSI1_SK).filter(|_| gsi1),
        number(attr::TTL),
    ])?;
    Ok(())
}

pub(super) fn delete(conn: &Connection, key: &Key) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM items WHERE pk = ?1 AND sk = ?2")?.execute((key.pk(), key.sk()))?;
    Ok(())
}
