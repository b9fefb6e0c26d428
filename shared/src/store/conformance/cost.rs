//! What a call costs, in DynamoDB's units.

use serde_json::{Value, json};

use super::{attrs, fresh, numbered, put, settled};
use crate::store::{Change, Cond, Index, Key, Query, Store, Write, attr, meter::Reading};

/// What a call cost: read units, write units, round trips.
async fn cost<T>(store: &dyn Store, call: impl Future<Output = T>) -> (f64, f64, u64) {
    let before = store.meter().read();
    call.await;
    let Reading { read_units, write_units, round_trips } = store.meter().read().since(&before);
    (read_units, write_units, round_trips)
}

async fn write_cost(store: &dyn Store, write: Write) -> f64 {
    let (read, written, trips) = cost(store, async { store.write(write).await.unwrap() }).await;
    assert_eq!((read, trips), (0.0, 1));
    written
}

fn body(bytes: usize) -> Value {
    json!({"body": "x".repeat(bytes)})
}

pub async fn reads_cost_by_four_kilobytes(store: &dyn Store) {
    let tenant = fresh();
    for (bytes, units) in [(10, 1.0), (4000, 1.0), (4100, 2.0), (9000, 3.0)] {
        let key = Key::of(tenant, "lead", bytes.to_string());
        put(store, &key, body(bytes)).await;
        assert_eq!(cost(store, store.get(&key)).await, (units, 0.0, 1), "{bytes} bytes");
    }
    assert_eq!(cost(store, store.get(&Key::of(tenant, "lead", "absent"))).await, (1.0, 0.0, 1));
}

pub async fn batch_costs_item_by_item(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 3);
    for (key, bytes) in keys.iter().zip([10, 10, 5000]) {
        put(store, key, body(bytes)).await;
    }
    assert_eq!(cost(store, store.batch_get(&keys)).await, (4.0, 0.0, 1));
}

pub async fn query_costs_by_the_page(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 10);
    for key in &keys {
        put(store, key, body(1000)).await;
    }
    let query = Query::table(keys[0].pk());
    // Ten items of about 1,050 bytes are three steps of 4 KB; alone each would be one.
    assert_eq!(cost(store, store.query(&query)).await, (3.0, 0.0, 1));
    assert_eq!(cost(store, store.query(&query.limit(1))).await, (1.0, 0.0, 1));
    assert_eq!(cost(store, store.query(&Query::table(Key::partition(fresh(), "none")))).await.2, 1);
}

pub async fn index_query_costs_half(store: &dyn Store) {
    let tenant = fresh();
    let (partition, shard) = (Key::partition(tenant, "g"), format!("shard-{tenant}"));
    // An entry has some ninety bytes, whatever its item has.
    for key in numbered(tenant, "lead", 100) {
        let mut value =
            json!({attr::GSI1_PK: partition, attr::GSI1_SK: "x", attr::DUE_SHARD: shard, attr::DUE_AT: 1});
        value["body"] = json!("x".repeat(900));
        put(store, &key, value).await;
    }
    for (query, units) in [(Query::on(Index::Gsi1, partition), 1.0), (Query::on(Index::Due, shard), 1.0)] {
        settled(store, &query, 100).await;
        assert_eq!(cost(store, store.query(&query)).await, (units, 0.0, 1));
    }
}

pub async fn writes_cost_by_the_larger_item(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let sized = |bytes: usize| Write::put(key.clone(), attrs(body(bytes)));
    assert_eq!(write_cost(store, sized(10)).await, 1.0);
    assert_eq!(write_cost(store, sized(1500)).await, 2.0);
    assert_eq!(write_cost(store, Write::update(key.clone(), vec![Change::set("n", 1)])).await, 2.0);
    assert_eq!(write_cost(store, sized(10)).await, 2.0);
    assert_eq!(write_cost(store, sized(2500)).await, 3.0);
    assert_eq!(write_cost(store, Write::delete(key.clone())).await, 3.0);
    assert_eq!(write_cost(store, Write::delete(key.clone())).await, 1.0);
}

pub async fn general_index_costs_only_when_an_entry_moves(store: &dyn Store) {
    let tenant = fresh();
    let key = Key::of(tenant, "lead", "1");
    let value =
        json!({attr::GSI1_PK: Key::partition(tenant, "g"), attr::GSI1_SK: "1", "body": "x".repeat(1500)});
    let update = |change| Write::update(key.clone(), vec![change]);
    assert_eq!(write_cost(store, Write::put(key.clone(), attrs(value))).await, 3.0, "item and entry");
    assert_eq!(write_cost(store, update(Change::set("n", 1))).await, 2.0, "the entry stays as it is");
    assert_eq!(write_cost(store, update(Change::set(attr::GSI1_SK, "2"))).await, 4.0, "the entry moves");
    assert_eq!(write_cost(store, update(Change::remove(attr::GSI1_SK))).await, 3.0, "the entry goes");
    assert_eq!(write_cost(store, update(Change::set("n", 2))).await, 2.0, "no entry");
}

pub async fn due_index_costs_only_when_the_debt_changes(store: &dyn Store) {
    let tenant = fresh();
    let key = Key::of(tenant, "run", "1");
    let value = json!({attr::DUE_SHARD: "0", attr::DUE_AT: 1, attr::DUE_TASK: "resume", "n": 0});
    let update = |change| Write::update(key.clone(), vec![change]);
    assert_eq!(write_cost(store, Write::put(key.clone(), attrs(value))).await, 2.0, "item and entry");
    assert_eq!(write_cost(store, update(Change::set("n", 1))).await, 1.0, "not projected");
    assert_eq!(write_cost(store, update(Change::set(attr::DUE_TASK, "deliver"))).await, 2.0, "projected");
    assert_eq!(write_cost(store, update(Change::set(attr::DUE_AT, 2))).await, 3.0, "the entry moves");
    assert_eq!(write_cost(store, update(Change::remove(attr::DUE_AT))).await, 2.0, "the debt ends");
}

pub async fn transaction_costs_twice(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 3);
    put(store, &keys[2], body(1500)).await;
    let writes = vec![
        Write::put(keys[0].clone(), attrs(body(10))),
        Write::put(keys[1].clone(), attrs(body(1500))),
        Write::check(keys[2].clone(), Cond::Exists),
    ];
    let spent = cost(store, async { store.transact(writes).await.unwrap() }).await;
    assert_eq!(spent, (0.0, 10.0, 1));
}
