//! Everything that an embedded file holds, for tests that look for what must or must not be there.

use super::Sqlite;
use crate::store::StoreError;

/// One stored item, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredItem {
    pub pk: String,
    pub sk: String,
    /// Its attributes as JSON.
    pub body: String,
    /// When it owes something: unix milliseconds.
    pub due_at: Option<i64>,
}

/// All items by key.
pub async fn items(file: &Sqlite) -> Result<Vec<StoredItem>, StoreError> {
    file.read_job(|conn| {
        let mut select = conn.prepare("SELECT pk, sk, body, due_at FROM items ORDER BY pk, sk")?;
        let rows = select.query_map((), |row| {
            Ok(StoredItem { pk: row.get(0)?, sk: row.get(1)?, body: row.get(2)?, due_at: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
    .await
}

/// The bodies of all messages, the dead ones included.
pub async fn messages(file: &Sqlite) -> Result<Vec<String>, StoreError> {
    file.read_job(|conn| {
        let mut select = conn.prepare("SELECT body FROM messages ORDER BY id")?;
        let rows = select.query_map((), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
    .await
}

/// Loses every message. Returns how many.
pub async fn lose_messages(file: &Sqlite) -> Result<usize, StoreError> {
    file.write_job(|conn| Ok(conn.execute("DELETE FROM messages", ())?)).await
}

/// Rows that were changed since the file was opened.
pub async fn changes(file: &Sqlite) -> Result<i64, StoreError> {
    file.read_job(|conn| Ok(conn.query_row("SELECT total_changes()", (), |row| row.get(0))?)).await
}

/// Keeps a copy of every item beside them, for [`restore`].
pub async fn keep(file: &Sqlite) -> Result<(), StoreError> {
    file.write_job(|conn| Ok(conn.execute_batch("CREATE TABLE kept AS SELECT * FROM items")?)).await
}

/// Puts the items back as they were kept, and loses every message.
pub async fn restore(file: &Sqlite) -> Result<(), StoreError> {
    file.write_job(|conn| {
        let all = "DELETE FROM messages; DELETE FROM items; INSERT INTO items SELECT * FROM kept";
        Ok(conn.execute_batch(all)?)
    })
    .await
}
