//! The two indexes: what is in them, what they show, how they page.

use serde_json::json;

use super::{attrs, fresh, numbered, put, settled, sort_keys, until, walk};
use crate::store::{Change, Index, Key, Query, SortValue, Store, Write, attr, page};

pub async fn general_index_shows_keys_only(store: &dyn Store) {
    let tenant = fresh();
    let by_mail = Key::partition(tenant, "by-mail");
    let key = Key::of(tenant, "lead", "1");
    let value = json!({attr::GSI1_PK: by_mail, attr::GSI1_SK: "a@b.c", "name": "Ada", "list": [1]});
    put(store, &key, value.clone()).await;
    let query = Query::on(Index::Gsi1, by_mail.clone());
    let found = settled(store, &query, 1).await;
    let shown = attrs(json!({attr::GSI1_PK: by_mail, attr::GSI1_SK: "a@b.c"}));
    assert_eq!((&found[0].key, &*found[0].attrs().unwrap()), (&key, &shown));
    let whole = page(store, &query).await.unwrap().items;
    assert_eq!((&whole[0].key, &*whole[0].attrs().unwrap()), (&key, &attrs(value)));
}

pub async fn whole_pages_of_the_index_keep_its_order_and_go_on(store: &dyn Store) {
    let tenant = fresh();
    let partition = Key::partition(tenant, "g");
    // More batches than are read at once, and more than a page holds.
    let sort = |n: usize| format!("{:04}", 500 - n);
    for n in 0..250 {
        let value = json!({attr::GSI1_PK: partition, attr::GSI1_SK: sort(n), "body": "x".repeat(11_000)});
        put(store, &Key::of(tenant, "p", format!("{n:04}")), value).await;
    }
    let mut query = Query::on(Index::Gsi1, partition).limit(250);
    settled(store, &query, 250).await;
    let first = page(store, &query).await.unwrap();
    assert_eq!(first.items.len(), 200, "more than a megabyte, in batches");
    let mut all = first.items;
    query.after = first.next;
    let rest = page(store, &query).await.unwrap();
    all.extend(rest.items);
    let expected: Vec<String> = (0..250).rev().map(|n| format!("{n:04}")).collect();
    assert_eq!(sort_keys(&all), expected);
}

pub async fn item_with_half_an_index_key_is_not_in_it(store: &dyn Store) {
    let tenant = fresh();
    let (partition, shard) = (Key::partition(tenant, "g"), format!("shard-{tenant}"));
    put(store, &Key::of(tenant, "p", "half-1"), json!({attr::GSI1_PK: partition, attr::DUE_SHARD: shard}))
        .await;
    put(store, &Key::of(tenant, "p", "half-2"), json!({attr::GSI1_SK: "x", attr::DUE_AT: 1})).await;
    let whole =
        json!({attr::GSI1_PK: partition, attr::GSI1_SK: "x", attr::DUE_SHARD: shard, attr::DUE_AT: 1});
    put(store, &Key::of(tenant, "p", "whole"), whole).await;
    for query in [Query::on(Index::Gsi1, partition), Query::on(Index::Due, shard)] {
        assert_eq!(sort_keys(&settled(store, &query, 1).await), ["whole"]);
    }
}

pub async fn index_follows_every_change(store: &dyn Store) {
    let tenant = fresh();
    let key = Key::of(tenant, "p", "1");
    let (partition, shard) = (Key::partition(tenant, "g"), format!("shard-{tenant}"));
    let (general, due) = (Query::on(Index::Gsi1, partition.clone()), Query::on(Index::Due, shard.clone()));
    put(
        store,
        &key,
        json!({attr::GSI1_PK: partition, attr::GSI1_SK: "1", attr::DUE_SHARD: shard, attr::DUE_AT: 1}),
    )
    .await;
    settled(store, &general, 1).await;
    settled(store, &due, 1).await;

    let change = |changes| store.write(Write::update(key.clone(), changes));
    change(vec![Change::set(attr::GSI1_SK, "2"), Change::add(attr::DUE_AT, 41), Change::set("n", 7)])
        .await
        .unwrap();
    let shown = |name: &'static str, value: serde_json::Value| {
        move |items: &[crate::store::Item]| {
            items.len() == 1 && items[0].attrs().unwrap().get(name) == Some(&value)
        }
    };
    until(store, &general, shown(attr::GSI1_SK, json!("2"))).await;
    until(store, &due, shown(attr::DUE_AT, json!(42))).await;

    change(vec![Change::remove(attr::DUE_AT)]).await.unwrap();
    settled(store, &due, 0).await;
    settled(store, &general, 1).await;
    store.write(Write::delete(key.clone())).await.unwrap();
    settled(store, &general, 0).await;
}

pub async fn due_index_projects_the_task_only(store: &dyn Store) {
    let tenant = fresh();
    let shard = format!("shard-{tenant}");
    let owed = json!({attr::DUE_SHARD: shard, attr::DUE_AT: 1_750_000_000_000_i64, attr::DUE_TASK: {"kind": "resume"}});
    let mut whole = owed.clone();
    whole["secret"] = json!("not for the tick");
    whole[attr::GSI1_PK] = json!("x");
    put(store, &Key::of(tenant, "run", "1"), whole).await;
    put(
        store,
        &Key::of(tenant, "run", "2"),
        json!({attr::DUE_SHARD: shard, attr::DUE_AT: 1_750_000_000_001_i64}),
    )
    .await;
    let found = settled(store, &Query::on(Index::Due, shard.clone()), 2).await;
    assert_eq!((&found[0].key, &*found[0].attrs().unwrap()), (&Key::of(tenant, "run", "1"), &attrs(owed)));
    assert_eq!(
        *found[1].attrs().unwrap(),
        attrs(json!({attr::DUE_SHARD: shard, attr::DUE_AT: 1_750_000_000_001_i64}))
    );
}

pub async fn due_index_sorts_by_number(store: &dyn Store) {
    let tenant = fresh();
    let shard = format!("shard-{tenant}");
    for at in [100_i64, -5, 9, 0, i64::MAX, 10] {
        put(
            store,
            &Key::of(tenant, "run", at.to_string()),
            json!({attr::DUE_SHARD: shard, attr::DUE_AT: at}),
        )
        .await;
    }
    let query = Query::on(Index::Due, shard);
    let all = ["-5", "0", "9", "10", "100", "9223372036854775807"];
    assert_eq!(sort_keys(&settled(store, &query, 6).await), all);
    let between = |low, high| query.clone().between(SortValue::N(low), SortValue::N(high));
    assert_eq!(sort_keys(&walk(store, between(9, 100)).await), ["9", "10", "100"]);
    assert_eq!(sort_keys(&walk(store, between(i64::MIN, 9).newest_first().limit(2)).await), ["9", "0", "-5"]);
}

pub async fn equal_sort_values_page_without_gaps(store: &dyn Store) {
    let tenant = fresh();
    let (partition, shard) = (Key::partition(tenant, "g"), format!("shard-{tenant}"));
    // Two tenants' partitions and a later item, so that a tie spans partitions and ends somewhere.
    let mut keys = [numbered(tenant, "p", 4), numbered(tenant, "q", 4)].concat();
    keys.sort();
    for (i, key) in keys.iter().enumerate() {
        let at = i64::from(i == 7);
        let sort = at.to_string();
        let value =
            json!({attr::GSI1_PK: partition, attr::GSI1_SK: sort, attr::DUE_SHARD: shard, attr::DUE_AT: at});
        put(store, key, value).await;
    }
    for query in [Query::on(Index::Gsi1, partition), Query::on(Index::Due, shard)] {
        settled(store, &query, 8).await;
        for limit in [1, 2, 3, 7, 8] {
            for query in [query.clone().limit(limit), query.clone().limit(limit).newest_first()] {
                let mut found: Vec<Key> = walk(store, query).await.into_iter().map(|item| item.key).collect();
                found.sort();
                assert_eq!(found, keys, "pages of {limit}");
            }
        }
    }
}

pub async fn general_index_knows_ranges(store: &dyn Store) {
    let tenant = fresh();
    let partition = Key::partition(tenant, "g");
    for (i, sort) in ["a#1", "a#2", "b#1", "c"].into_iter().enumerate() {
        put(
            store,
            &Key::of(tenant, "p", format!("{i}")),
            json!({attr::GSI1_PK: partition, attr::GSI1_SK: sort}),
        )
        .await;
    }
    let query = Query::on(Index::Gsi1, partition);
    settled(store, &query, 4).await;
    assert_eq!(sort_keys(&walk(store, query.clone().prefix("a#").limit(1)).await), ["0", "1"]);
    let between = query.between(SortValue::S("a#2".into()), SortValue::S("b#1".into()));
    assert_eq!(sort_keys(&walk(store, between.clone()).await), ["1", "2"]);
    assert_eq!(sort_keys(&walk(store, between.newest_first().limit(1)).await), ["2", "1"]);
}
