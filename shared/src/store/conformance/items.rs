//! Single items: what goes in comes out, and changes touch what they name.

use serde_json::json;

use super::{assert_invalid, attrs, fresh, got, numbered, put};
use crate::store::{Change, Key, Store, Write};

pub async fn absent_item_is_none(store: &dyn Store) {
    assert_eq!(store.get(&Key::of(fresh(), "lead", "1")).await.unwrap(), None);
}

pub async fn item_comes_back_as_it_was_put(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let value = json!({
        "text": "päivää 👋", "empty": "", "yes": true, "no": false, "nothing": null, "half": 0.5,
        "list": [1, "two", [], {}, null], "map": {"deep": {"deeper": [{"x": 1}]}},
    });
    let written = store.write(Write::put(key.clone(), attrs(value.clone()))).await.unwrap().unwrap();
    assert_eq!(written.key, key);
    assert_eq!(*written.attrs().unwrap(), attrs(value));
    assert_eq!(store.get(&key).await.unwrap(), Some(written));
}

pub async fn numbers_keep_their_value(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let value = json!({"low": i64::MIN, "high": i64::MAX, "zero": 0, "minus": -1, "exact": 9_007_199_254_740_993_i64});
    put(store, &key, value.clone()).await;
    assert_eq!(got(store, &key).await.unwrap(), attrs(value));
    let written = store
        .write(Write::put(key.clone(), attrs(json!({"whole": 1.0, "list": [-2.0]}))))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*written.attrs().unwrap(), attrs(json!({"whole": 1, "list": [-2]})));
    put(store, &key, json!({"whole": 1.0, "small": 1e-7, "long": 1.234_567_890_123_456})).await;
    let found = got(store, &key).await.unwrap();
    for (name, number) in [("whole", 1.0), ("small", 1e-7), ("long", 1.234_567_890_123_456)] {
        assert_eq!(found[name].as_f64(), Some(number));
    }
}

pub async fn keys_may_hold_any_text(store: &dyn Store) {
    let tenant = fresh();
    for text in ["ä", "日本", "👋🏽", "a b", "'\"\\;--", "%_*", "{{x}}", "#", "\u{10ffff}"] {
        let key = Key::of(tenant, text, text);
        put(store, &key, json!({"is": text})).await;
        assert_eq!(store.get(&key).await.unwrap().unwrap().attrs().unwrap()["is"], text);
    }
}

/// Names that an expression language would take for its own.
pub async fn attributes_may_have_any_name(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    for name in
        ["name", "size", "a.b", "a-b", "a b", "list[0]", "#x", ":x", "ä", "0", "AND", "$.x", "'", "\""]
    {
        let changes = vec![Change::set(name, "new"), Change::add("n", 1)];
        let cond = crate::store::Cond::missing(name);
        let item = store.write(Write::update(key.clone(), changes).when(cond)).await.unwrap().unwrap();
        assert_eq!(item.attrs().unwrap()[name], "new");
    }
}

pub async fn put_replaces_the_whole_item(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    put(store, &key, json!({"a": 1, "b": 2})).await;
    put(store, &key, json!({"c": 3})).await;
    assert_eq!(got(store, &key).await.unwrap(), attrs(json!({"c": 3})));
}

pub async fn delete_hands_back_what_was_there(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    put(store, &key, json!({"a": 1})).await;
    let gone = store.write(Write::delete(key.clone())).await.unwrap().unwrap();
    assert_eq!((gone.key.clone(), gone.into_attrs().unwrap()), (key.clone(), attrs(json!({"a": 1}))));
    assert_eq!(store.get(&key).await.unwrap(), None);
}

pub async fn delete_of_an_absent_item_is_no_error(store: &dyn Store) {
    assert_eq!(store.write(Write::delete(Key::of(fresh(), "lead", "1"))).await.unwrap(), None);
}

pub async fn update_changes_only_what_it_names(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    put(store, &key, json!({"keep": [1], "set": "old", "drop": true, "count": 5})).await;
    let changes = vec![
        Change::set("set", json!({"now": "a map"})),
        Change::remove("drop"),
        Change::add("count", -7),
        Change::set("new", json!(null)),
    ];
    let item = store.write(Write::update(key.clone(), changes)).await.unwrap().unwrap();
    let expected = json!({"keep": [1], "set": {"now": "a map"}, "count": -2, "new": null});
    assert_eq!((&item.key, &*item.attrs().unwrap()), (&key, &attrs(expected)));
    assert_eq!(store.get(&key).await.unwrap(), Some(item));
}

pub async fn update_creates_an_absent_item(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    store.write(Write::update(key.clone(), vec![Change::set("a", 1)])).await.unwrap();
    assert_eq!(got(store, &key).await.unwrap(), attrs(json!({"a": 1})));
}

pub async fn removing_an_absent_attribute_is_no_error(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    put(store, &key, json!({"a": 1})).await;
    store.write(Write::update(key.clone(), vec![Change::remove("b")])).await.unwrap();
    assert_eq!(got(store, &key).await.unwrap(), attrs(json!({"a": 1})));
}

pub async fn adding_counts_from_zero_up_and_down(store: &dyn Store) {
    let key = Key::of(fresh(), "counter", "1");
    for (step, sum) in [(3, 3), (-5, -2), (0, -2), (i64::MAX, i64::MAX - 2)] {
        let item =
            store.write(Write::update(key.clone(), vec![Change::add("n", step)])).await.unwrap().unwrap();
        assert_eq!(item.attrs().unwrap()["n"], sum);
    }
}

pub async fn adding_to_what_is_no_number_is_invalid(store: &dyn Store) {
    let key = Key::of(fresh(), "counter", "1");
    for value in [json!("1"), json!(true), json!(null), json!({"n": 1})] {
        put(store, &key, json!({"n": value, "other": "stays"})).await;
        let changes = vec![Change::set("other", "lost"), Change::add("n", 1)];
        assert_invalid(store.write(Write::update(key.clone(), changes)).await);
        assert_eq!(got(store, &key).await.unwrap(), attrs(json!({"n": value, "other": "stays"})));
    }
}

pub async fn batch_leaves_out_what_is_absent(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 6);
    for key in keys.iter().step_by(2) {
        put(store, key, json!({"is": key.sk()})).await;
    }
    let mut found = store.batch_get(&keys).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found.len(), 3);
    for (item, key) in found.iter().zip(keys.iter().step_by(2)) {
        assert_eq!((&item.key, &item.attrs().unwrap()["is"]), (key, &json!(key.sk())));
    }
}

pub async fn empty_batch_is_empty(store: &dyn Store) {
    assert_eq!(store.batch_get(&[]).await.unwrap(), []);
}
