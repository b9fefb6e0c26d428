//! How quick the embedded store is on this machine: `cargo run --release --example store_speed --features embedded`.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use shared::store::{Attrs, Key, Query, Store, Write, embedded::Sqlite};
use shared::tenant::TenantId;

/// Time per measurement.
const SPAN: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir_in(".")?;
    let store = Sqlite::open(dir.path().join("store.db"))?;
    for tasks in [1, 8, 64] {
        let puts = rate(tasks, async |task, n| store.write(Write::put(key(task, n), body())).await.is_ok());
        println!("{tasks:3} tasks: {:8.0} puts/s", puts.await);
    }
    for tasks in [1, 8, 64] {
        let gets = rate(tasks, async |task, n| store.get(&key(task % 8, n % 100)).await.is_ok());
        println!("{tasks:3} tasks: {:8.0} gets/s", gets.await);
        let queries = rate(tasks, async |task, _| {
            store.query(&Query::table(key(task % 8, 0).pk()).limit(10)).await.is_ok()
        });
        println!("{tasks:3} tasks: {:8.0} queries/s of 10 items", queries.await);
    }
    Ok(())
}

fn key(task: usize, n: usize) -> Key {
    Key::of(TenantId(1), &format!("task-{task}"), format!("{n:08}"))
}

fn body() -> Attrs {
    let value = json!({"name": "Ada", "state": "new", "v": 1, "text": "x".repeat(400)});
    value.as_object().cloned().unwrap_or_default()
}

/// Calls per second over so many tasks; each calls again and again with its number and a counter.
#[expect(clippy::disallowed_methods, reason = "a stopwatch is all this program is")]
async fn rate(tasks: usize, call: impl AsyncFn(usize, usize) -> bool) -> f64 {
    let (call, start) = (&call, std::time::Instant::now());
    let loops = (0..tasks).map(|task| async move {
        let mut n = 0;
        while start.elapsed() < SPAN {
            assert!(call(task, n).await, "a call failed");
            n += 1;
        }
        n
    });
    let calls: usize = join_all(loops).await.into_iter().sum();
    f64::from(u32::try_from(calls).unwrap_or(u32::MAX)) / start.elapsed().as_secs_f64()
}
