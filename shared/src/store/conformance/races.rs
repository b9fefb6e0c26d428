//! Many at once: nothing is lost and nothing is won twice.

use futures::future::join_all;
use serde_json::json;

use super::{attrs, fresh, got, numbered, put};
use crate::store::{Change, Cond, Key, Store, StoreError, Write, attr};

pub async fn fifty_increments_lose_nothing(store: &dyn Store) {
    let key = Key::of(fresh(), "counter", "1");
    let add = || store.write(Write::update(key.clone(), vec![Change::add("n", 1)]));
    let mut seen: Vec<_> = join_all((0..50).map(|_| add())).await;
    let mut seen: Vec<_> =
        seen.drain(..).map(|item| item.unwrap().unwrap().attrs().unwrap()["n"].as_i64().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=50).collect::<Vec<_>>());
}

pub async fn fifty_versioned_changes_lose_nothing(store: &dyn Store) {
    let key = &Key::of(fresh(), "counter", "1");
    put(store, key, json!({attr::VERSION: 0, "sum": 0})).await;
    let add = |n: i64| async move {
        loop {
            let item = store.get(key).await.unwrap().unwrap();
            let before = item.attrs().unwrap();
            let sum = before["sum"].as_i64().unwrap() + n;
            let changes = vec![Change::add(attr::VERSION, 1), Change::set("sum", sum)];
            match store
                .write(
                    Write::update(key.clone(), changes)
                        .when(Cond::version(before[attr::VERSION].as_u64().unwrap())),
                )
                .await
            {
                Ok(_) => return,
                Err(StoreError::ConditionFailed(_) | StoreError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    join_all((1..=50).map(add)).await;
    assert_eq!(got(store, key).await.unwrap(), attrs(json!({attr::VERSION: 50, "sum": 1275})));
}

pub async fn one_of_many_creates_wins(store: &dyn Store) {
    let key = &Key::of(fresh(), "lead", "1");
    let create = |n: i64| async move {
        let created = store.write(Write::put(key.clone(), attrs(json!({"n": n}))).when(Cond::Absent)).await;
        created.is_ok().then_some(n)
    };
    let won: Vec<i64> = join_all((0..20).map(create)).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    assert_eq!(got(store, key).await.unwrap(), attrs(json!({"n": won[0]})));
}

pub async fn transfers_keep_the_sum(store: &dyn Store) {
    let accounts = &numbered(fresh(), "account", 3);
    for key in accounts {
        put(store, key, json!({"n": 10})).await;
    }
    let transfer = |i: usize| async move {
        let (from, to) = (&accounts[i % 3], &accounts[(i + 1 + i % 2) % 3]);
        // An engine may report a conflict with another transaction; the caller tries again.
        for _ in 0..100 {
            let writes = vec![
                Write::update(from.clone(), vec![Change::add("n", -1)]).when(Cond::Exists),
                Write::update(to.clone(), vec![Change::add("n", 1)]).when(Cond::Exists),
            ];
            match store.transact(writes).await {
                Ok(()) => return,
                Err(StoreError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("a hundred conflicts");
    };
    join_all((0..30).map(transfer)).await;
    let left = store.batch_get(accounts).await.unwrap();
    assert_eq!(left.iter().map(|item| item.attrs().unwrap()["n"].as_i64().unwrap()).sum::<i64>(), 30);
}
