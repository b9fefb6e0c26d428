//! The limits of the service, each from both sides where there are two.

use serde_json::json;

use super::{assert_invalid, assert_too_large, attrs, fresh, got, numbered, put};
use crate::store::{Change, Cond, Index, Key, Position, Query, SortValue, Store, Write, attr, limits};

pub async fn item_may_have_400_kb_and_no_byte_more(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let room = limits::ITEM_BYTES - limits::item_bytes(&key, &attrs(json!({"body": ""})));
    let with_body = |bytes: usize| Write::put(key.clone(), attrs(json!({"body": "x".repeat(bytes)})));
    assert_too_large(store.write(with_body(room + 1)).await);
    assert_eq!(got(store, &key).await, None);
    store.write(with_body(room)).await.unwrap();
    assert_eq!(got(store, &key).await.unwrap()["body"].as_str().unwrap().len(), room);
}

pub async fn update_cannot_outgrow_the_limit(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    put(store, &key, json!({"a": "x".repeat(300 * 1024)})).await;
    let grow = |bytes: usize| Write::update(key.clone(), vec![Change::set("b", "x".repeat(bytes))]);
    assert_too_large(store.write(grow(101 * 1024)).await);
    store.write(grow(99 * 1024)).await.unwrap();
}

pub async fn empty_key_parts_are_invalid(store: &dyn Store) {
    let partition = Key::partition(fresh(), "lead");
    for key in [Key::from_parts("", "1"), Key::from_parts(partition, "")] {
        assert_invalid(store.get(&key).await);
        assert_invalid(store.batch_get(std::slice::from_ref(&key)).await);
        assert_invalid(store.write(Write::put(key.clone(), attrs(json!({})))).await);
        assert_invalid(store.write(Write::delete(key.clone())).await);
        assert_invalid(store.transact(vec![Write::check(key, Cond::Absent)]).await);
    }
    assert_invalid(store.query(&Query::table("")).await);
}

pub async fn keys_have_a_longest_length(store: &dyn Store) {
    let partition = format!("{}#", Key::partition(fresh(), "lead"));
    let pk = |bytes: usize| format!("{partition}{}", "p".repeat(bytes - partition.len()));
    let longest = Key::from_parts(pk(limits::PK_BYTES), "s".repeat(limits::SK_BYTES));
    put(store, &longest, json!({"n": 1})).await;
    assert_eq!(got(store, &longest).await.unwrap(), attrs(json!({"n": 1})));
    for key in [
        Key::from_parts(pk(limits::PK_BYTES + 1), "s"),
        Key::from_parts(pk(limits::PK_BYTES), "s".repeat(limits::SK_BYTES + 1)),
    ] {
        assert_invalid(store.write(Write::put(key, attrs(json!({})))).await);
    }
}

pub async fn batch_takes_a_hundred_keys(store: &dyn Store) {
    let keys = numbered(fresh(), "lead", 101);
    assert_eq!(store.batch_get(&keys[..100]).await.unwrap(), []);
    assert_invalid(store.batch_get(&keys).await);
}

pub async fn key_named_twice_in_a_batch_is_invalid(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    assert_invalid(store.batch_get(&[key.clone(), key]).await);
}

pub async fn index_attribute_of_the_wrong_type_is_invalid(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    for (name, value) in [
        (attr::DUE_AT, json!("1750000000000")),
        (attr::DUE_AT, json!(null)),
        (attr::DUE_SHARD, json!(3)),
        (attr::DUE_SHARD, json!("")),
        (attr::GSI1_PK, json!("")),
        (attr::GSI1_PK, json!(null)),
        (attr::GSI1_SK, json!(7)),
        (attr::GSI1_SK, json!("")),
        (attr::GSI1_SK, json!("x".repeat(limits::SK_BYTES + 1))),
    ] {
        assert_invalid(store.write(Write::put(key.clone(), attrs(json!({name: value.clone()})))).await);
        let update = Write::update(key.clone(), vec![Change::set(name, value)]);
        assert_invalid(store.write(update.clone()).await);
        assert_invalid(store.transact(vec![update]).await);
    }
    assert_invalid(store.write(Write::update(key.clone(), vec![Change::add(attr::GSI1_PK, 1)])).await);
    assert_eq!(got(store, &key).await, None);
}

/// An entity with such a field would otherwise move to another key in silence.
pub async fn key_names_are_no_attributes(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    for name in ["pk", "sk"] {
        assert_invalid(store.write(Write::put(key.clone(), attrs(json!({name: "x"})))).await);
        for change in [Change::set(name, "x"), Change::remove(name), Change::add(name, 1)] {
            assert_invalid(store.write(Write::update(key.clone(), vec![change])).await);
        }
    }
}

/// Also inside an attribute, where JSON allows it: whoever stores foreign JSON stores it as text.
pub async fn attribute_without_a_name_is_invalid(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    for value in [json!({"": 1}), json!({"map": {"": 1}}), json!({"list": [{"deep": {"": 1}}]})] {
        assert_invalid(store.write(Write::put(key.clone(), attrs(value))).await);
    }
    assert_invalid(store.write(Write::update(key, vec![Change::set("map", json!({"": 1}))])).await);
}

pub async fn attribute_changed_twice_is_invalid(store: &dyn Store) {
    let changes = vec![Change::set("n", 1), Change::add("n", 1)];
    assert_invalid(store.write(Write::update(Key::of(fresh(), "lead", "1"), changes)).await);
}

pub async fn page_of_no_items_is_invalid(store: &dyn Store) {
    assert_invalid(store.query(&Query::table(Key::partition(fresh(), "lead")).limit(0)).await);
}

pub async fn range_of_the_wrong_type_is_invalid(store: &dyn Store) {
    let partition = Key::partition(fresh(), "lead");
    let (number, text) = (SortValue::N(1), SortValue::S("1".into()));
    assert_invalid(
        store.query(&Query::table(partition.clone()).between(number.clone(), number.clone())).await,
    );
    assert_invalid(store.query(&Query::on(Index::Due, "0").between(text.clone(), text.clone())).await);
    assert_invalid(store.query(&Query::on(Index::Due, "0").prefix("1")).await);
    assert_invalid(store.query(&Query::on(Index::Gsi1, partition).between(number, text)).await);
}

pub async fn range_that_ends_before_it_starts_is_invalid(store: &dyn Store) {
    let query = Query::table(Key::partition(fresh(), "lead"));
    assert_invalid(store.query(&query.between(SortValue::S("b".into()), SortValue::S("a".into()))).await);
}

/// A cursor of another tenant's list, or of another index, must not work.
pub async fn start_outside_the_query_is_invalid(store: &dyn Store) {
    let tenant = fresh();
    let key = Key::of(tenant, "lead", "m");
    put(store, &key, json!({})).await;
    let here = Query::table(key.pk());
    let after = |sort: Option<SortValue>, key: Key| Some(Position { key, sort });
    assert!(store.query(&here.clone().after(after(None, key.clone()))).await.is_ok());
    assert_invalid(store.query(&here.clone().after(after(None, Key::of(fresh(), "lead", "m")))).await);
    assert_invalid(store.query(&here.clone().after(after(Some(SortValue::N(1)), key.clone()))).await);
    assert_invalid(store.query(&here.prefix("x").after(after(None, key.clone()))).await);
    assert_invalid(store.query(&Query::on(Index::Due, "0").after(after(None, key))).await);
}
