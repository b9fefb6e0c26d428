//! The suite for both kinds of file, and what only this engine has.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::store::{Attrs, Change, Cond, attr};
use crate::tenant::TenantId;

crate::store_conformance!(in_memory, async { ((), Sqlite::memory().unwrap()) });
crate::store_conformance!(on_disk, async { on_disk() });

fn on_disk() -> (TempDir, Sqlite) {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path().join("store.db")).unwrap();
    (dir, store)
}

fn key(sort: &str) -> Key {
    Key::of(TenantId(1), "lead", sort)
}

fn put(sort: &str, value: Value) -> Write {
    let Value::Object(attrs) = value else { panic!("not an object") };
    Write::put(key(sort), attrs)
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let (dir, store) = on_disk();
    store.write(put("1", json!({"n": 1}))).await.unwrap();
    drop(store);
    let mut left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["store.db", "store.db.lock", "store.db.open"], "a clean end leaves no log behind");
    let store = Sqlite::open(dir.path().join("store.db")).unwrap();
    assert_eq!(store.get(&key("1")).await.unwrap().unwrap().attrs().unwrap()["n"], 1);
}

#[tokio::test]
async fn every_write_sent_before_the_end_is_finished() {
    let (dir, store) = on_disk();
    let writes = (0..50).map(|i| store.write(put(&i.to_string(), json!({}))));
    futures::future::join_all(writes).await.into_iter().for_each(|written| assert!(written.is_ok()));
    let (clone, path) = (store.clone(), dir.path().join("store.db"));
    drop(store);
    clone.write(put("last", json!({}))).await.unwrap();
    drop(clone);
    let store = Sqlite::open(path).unwrap();
    assert_eq!(store.query(&Query::table(key("").pk())).await.unwrap().items.len(), 51);
}

#[tokio::test]
async fn reads_that_wait_for_each_other_are_all_answered() {
    let (_dir, store) = on_disk();
    store.write(put("1", json!({"n": 1}))).await.unwrap();
    for at_once in [1, 2, 3, 500] {
        let one = key("1");
        let reads = futures::future::join_all((0..at_once).map(|_| store.get(&one))).await;
        assert!(reads.into_iter().all(|read| read.unwrap().unwrap().attrs().unwrap()["n"] == 1));
    }
}

#[tokio::test]
async fn two_processes_worth_of_handles_write_beside_each_other() {
    let (dir, server) = on_disk();
    let tool = Sqlite::open(dir.path().join("store.db")).unwrap();
    let add = |store: Sqlite| async move {
        store.write(Write::update(key("n"), vec![Change::add("n", 1)])).await.unwrap();
    };
    let adds = (0..40).map(|i| add(if i % 2 == 0 { server.clone() } else { tool.clone() }));
    futures::future::join_all(adds).await;
    for store in [server, tool] {
        assert_eq!(store.get(&key("n")).await.unwrap().unwrap().attrs().unwrap()["n"], 40);
    }
}

#[test]
fn processes_that_start_at_once_share_one_file() {
    for _ in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| Sqlite::open(&path).map(drop))).collect();
            all.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        });
    }
}

#[tokio::test]
async fn newer_and_foreign_files_are_refused_and_left_alone() {
    let (dir, store) = on_disk();
    drop(store);
    let path = dir.path().join("store.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(OpenError::Newer { found: 99, .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let other = dir.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&other).unwrap();
    assert!(matches!(Sqlite::open(&other), Err(OpenError::Foreign { .. })));
    assert_eq!(std::fs::read(&other).unwrap(), before);

    let text = dir.path().join("text");
    std::fs::write(&text, "no database at all, but long enough to have a header of its own".repeat(10))
        .unwrap();
    assert!(matches!(Sqlite::open(&text), Err(OpenError::Engine { .. })));
}

#[tokio::test]
async fn a_file_of_an_older_format_is_refused_in_one_line_and_left_alone() {
    let (dir, store) = on_disk();
    store.write(put("1", json!({"due_shard": "07", "due_at": 1, "due_task": "chore"}))).await.unwrap();
    drop(store);
    let path = dir.path().join("store.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 1).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = Sqlite::open(&path).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Older { found: 1, .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.lines().count() == 1 && said.contains("start with another data directory"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, _store) = on_disk();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{entry:?}");
    }
}

#[tokio::test]
async fn expired_items_go_and_the_others_stay() {
    let store = Sqlite::memory().unwrap();
    for (sort, ttl) in [("old", json!(99)), ("now", json!(100)), ("later", json!(101)), ("text", json!("1"))]
    {
        store.write(put(sort, json!({attr::TTL: ttl}))).await.unwrap();
    }
    store.write(put("never", json!({}))).await.unwrap();
    assert_eq!(store.purge_expired(100, 10).await.unwrap(), 1);
    assert_eq!(store.get(&key("old")).await.unwrap(), None);
    assert_eq!(store.query(&Query::table(key("").pk())).await.unwrap().items.len(), 4);
    assert_eq!(store.purge_expired(1000, 1).await.unwrap(), 1, "no more than the limit");
}

#[tokio::test]
async fn refused_writes_cost_what_the_write_would() {
    let store = Sqlite::memory().unwrap();
    store.write(put("1", json!({"body": "x".repeat(1500)}))).await.unwrap();
    let before = store.meter().read();
    assert!(store.write(put("1", json!({"body": "x".repeat(2500)})).when(Cond::Absent)).await.is_err());
    assert!(store.write(Write::delete(key("2")).when(Cond::Exists)).await.is_err());
    assert!(store.transact(vec![put("1", json!({})).when(Cond::Absent), put("3", json!({}))]).await.is_err());
    let spent = store.meter().read().since(&before);
    assert_eq!((spent.write_units, spent.round_trips), (3.0 + 1.0 + 2.0 * (2.0 + 1.0), 3));
}

#[tokio::test]
async fn sums_out_of_range_are_invalid() {
    let store = Sqlite::memory().unwrap();
    store.write(put("1", json!({"n": i64::MAX}))).await.unwrap();
    let over = store.write(Write::update(key("1"), vec![Change::add("n", 1)])).await;
    assert!(matches!(over, Err(StoreError::Invalid(_))), "{over:?}");
}

#[tokio::test]
async fn a_panic_costs_a_reader_nothing() {
    let (_dir, store) = on_disk();
    store.write(put("1", json!({"n": 1}))).await.unwrap();
    let readers = store.inner.readers.as_ref().unwrap();
    // More often than there are connections.
    for _ in 0..20 {
        let here = readers.run_here::<(), StoreError>(|_| panic!("a bug")).await;
        let there = readers.run::<(), StoreError>(|_| panic!("a bug")).await;
        for read in [here, there] {
            assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        }
    }
    assert_eq!(store.get(&key("1")).await.unwrap().unwrap().attrs().unwrap()["n"], 1);
}

#[tokio::test]
async fn a_read_is_handed_over_while_all_connections_at_hand_are_in_use() {
    let (_dir, store) = on_disk();
    let readers = store.inner.readers.as_ref().unwrap();
    let at_hand = readers.take_at_hand();
    assert!(!at_hand.is_empty());
    let asked_by = std::thread::current().id();
    let other = readers.run_here(move |_| Ok::<_, StoreError>(std::thread::current().id() != asked_by));
    assert!(other.await.unwrap());
}

#[tokio::test]
async fn a_panic_or_an_error_costs_one_job_and_not_its_neighbours() {
    let (_dir, store) = on_disk();
    let insert = |conn: &Connection, sort: &str| row::put(conn, &key(sort), &Attrs::new(), 10);
    let good = |sort: &'static str| store.write_job(move |conn| insert(conn, sort));
    let panics = store.write_job::<(), StoreError>(move |conn| {
        insert(conn, "panic")?;
        panic!("a bug");
    });
    let fails = store.write_job::<(), StoreError>(move |conn| {
        insert(conn, "error")?;
        Err(StoreError::Conflict)
    });
    let (first, panicked, failed, last) = futures::join!(good("a"), panics, fails, good("b"));
    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(panicked, Err(StoreError::Unavailable(_))));
    assert!(matches!(failed, Err(StoreError::Conflict)));
    let left = store.query(&Query::table(key("").pk())).await.unwrap();
    assert_eq!(left.items.iter().map(|item| item.key.sk()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn a_lost_transaction_fails_the_whole_group() {
    let (_dir, store) = on_disk();
    // What SQLite does by itself when the disk is full.
    let good = store.write(put("a", json!({})));
    let breaks = store.write_job::<(), StoreError>(|conn| Ok(conn.execute_batch("ROLLBACK")?));
    let (good, broken) = futures::join!(good, breaks);
    assert!(matches!(broken, Err(StoreError::Unavailable(_))));
    let stored = store.get(&key("a")).await.unwrap().is_some();
    assert_eq!(good.is_ok(), stored, "acknowledged and stored are the same");
    store.write(put("b", json!({}))).await.unwrap();
}
