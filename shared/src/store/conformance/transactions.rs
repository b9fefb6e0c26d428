//! Transactions: all or nothing, and a refusal says who refused.

use serde_json::json;

use super::{assert_invalid, assert_too_large, attrs, fresh, got, numbered, put};
use crate::store::{Change, Cond, Key, Store, StoreError, Write};

pub async fn transaction_is_all_or_nothing(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 3);
    put(store, &keys[2], json!({"taken": true})).await;
    let write = |key: &Key| Write::put(key.clone(), attrs(json!({"n": 1}))).when(Cond::Absent);
    let refused = store.transact(keys.iter().map(write).collect()).await;
    assert!(matches!(refused, Err(StoreError::Canceled(_))), "{refused:?}");
    assert_eq!((got(store, &keys[0]).await, got(store, &keys[1]).await), (None, None));

    store.transact(keys[..2].iter().map(write).collect()).await.unwrap();
    for key in &keys[..2] {
        assert_eq!(got(store, key).await.unwrap(), attrs(json!({"n": 1})));
    }
}

pub async fn transaction_mixes_every_action(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 5);
    for key in &keys[1..4] {
        put(store, key, json!({"n": 1})).await;
    }
    let writes = vec![
        Write::put(keys[0].clone(), attrs(json!({"n": 9}))),
        Write::update(keys[1].clone(), vec![Change::add("n", 1), Change::set("s", "x")]),
        Write::delete(keys[2].clone()).when(Cond::eq("n", 1)),
        Write::check(keys[3].clone(), Cond::Exists),
        Write::update(keys[4].clone(), vec![Change::add("n", -1)]),
    ];
    store.transact(writes).await.unwrap();
    let expected = [
        Some(json!({"n": 9})),
        Some(json!({"n": 2, "s": "x"})),
        None,
        Some(json!({"n": 1})),
        Some(json!({"n": -1})),
    ];
    for (key, expected) in keys.iter().zip(expected) {
        assert_eq!(got(store, key).await, expected.map(attrs));
    }
}

pub async fn refused_transaction_names_the_write_and_the_item(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 4);
    put(store, &keys[1], json!({"n": 1})).await;
    let writes = vec![
        Write::put(keys[0].clone(), attrs(json!({}))).when(Cond::Absent).labelled("free"),
        Write::put(keys[1].clone(), attrs(json!({}))).when(Cond::Absent).labelled("taken"),
        Write::put(keys[2].clone(), attrs(json!({}))),
        Write::delete(keys[3].clone()).when(Cond::Exists).labelled("gone"),
    ];
    let refused = store.transact(writes).await.unwrap_err();
    assert!(refused.to_string().ends_with("taken, gone"), "{refused}");
    let current = refused.refused_by("taken").unwrap().unwrap();
    assert_eq!((&current.key, &*current.attrs().unwrap()), (&keys[1], &attrs(json!({"n": 1}))));
    assert!(matches!(refused.refused_by("gone"), Some(None)), "{refused:?}");
    assert_eq!(refused.refusals().len(), 2, "{refused:?}");
}

pub async fn failed_check_cancels_the_others(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 2);
    let writes = vec![
        Write::put(keys[0].clone(), attrs(json!({}))),
        Write::check(keys[1].clone(), Cond::Exists).labelled("there"),
    ];
    let refused = store.transact(writes).await.unwrap_err();
    assert!(matches!(refused.refused_by("there"), Some(None)), "{refused:?}");
    assert_eq!(got(store, &keys[0]).await, None);
}

pub async fn invalid_change_cancels_the_others(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 2);
    put(store, &keys[1], json!({"n": "text"})).await;
    let writes = vec![
        Write::put(keys[0].clone(), attrs(json!({}))),
        Write::update(keys[1].clone(), vec![Change::add("n", 1)]),
    ];
    assert_invalid(store.transact(writes).await);
    assert_eq!(got(store, &keys[0]).await, None);
}

pub async fn check_alone_is_invalid(store: &dyn Store) {
    assert_invalid(store.write(Write::check(Key::of(fresh(), "lead", "1"), Cond::Absent)).await);
}

pub async fn two_writes_on_one_item_are_invalid(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let writes = vec![Write::put(key.clone(), attrs(json!({}))), Write::check(key.clone(), Cond::Always)];
    assert_invalid(store.transact(writes).await);
    assert_eq!(got(store, &key).await, None);
}

pub async fn hundred_writes_fit_and_one_more_does_not(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 101);
    let write = |key: &Key| Write::put(key.clone(), attrs(json!({"n": 1})));
    assert_invalid(store.transact(keys.iter().map(write).collect()).await);
    assert_eq!(got(store, &keys[0]).await, None);
    store.transact(keys[..100].iter().map(write).collect()).await.unwrap();
    assert_eq!(store.batch_get(&keys[..100]).await.unwrap().len(), 100);
}

pub async fn transaction_of_nothing_is_invalid(store: &dyn Store) {
    assert_invalid(store.transact(Vec::new()).await);
}

pub async fn transaction_over_four_megabytes_is_too_large(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 11);
    let body = "x".repeat(390 * 1024);
    let write = |key: &Key| Write::put(key.clone(), attrs(json!({"body": body})));
    assert_too_large(store.transact(keys.iter().map(write).collect()).await);
    assert_eq!(got(store, &keys[0]).await, None);
    store.transact(keys[..10].iter().map(write).collect()).await.unwrap();
}
