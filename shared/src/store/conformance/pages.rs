//! Queries on the table: order, ranges, and pages that join without a gap.

use serde_json::json;

use super::{fresh, numbered, put, shape, sort_keys, walk};
use crate::store::{Key, Query, SortValue, Store};
use crate::tenant::TenantId;

async fn with_sorts(store: &dyn Store, sorts: &[&str]) -> (TenantId, String) {
    let tenant = fresh();
    for sort in sorts {
        put(store, &Key::of(tenant, "p", *sort), json!({"is": sort})).await;
    }
    (tenant, Key::partition(tenant, "p"))
}

fn text(value: &str) -> SortValue {
    SortValue::S(value.to_owned())
}

pub async fn query_finds_only_its_partition(store: &dyn Store) {
    let (tenant, partition) = with_sorts(store, &["a", "b"]).await;
    put(store, &Key::of(tenant, "p2", "c"), json!({})).await;
    put(store, &Key::of(fresh(), "p", "d"), json!({})).await;
    let page = store.query(&Query::table(partition)).await.unwrap();
    assert_eq!(shape(&page), (vec!["a", "b"], false));
    assert_eq!(
        (page.items[0].key.tenant(), &page.items[0].attrs().unwrap()["is"]),
        (Some(tenant), &json!("a"))
    );
}

pub async fn query_of_nothing_is_empty(store: &dyn Store) {
    let partition = Key::partition(fresh(), "p");
    for query in [
        Query::table(partition.clone()),
        Query::table(partition.clone()).newest_first(),
        Query::table(partition.clone()).prefix("x"),
        Query::table(partition).between(text("a"), text("b")),
    ] {
        assert_eq!(shape(&store.query(&query).await.unwrap()), (vec![], false));
    }
}

pub async fn query_pages_without_gaps(store: &dyn Store) {
    let keys = numbered(fresh(), "p", 23);
    for key in &keys {
        put(store, key, json!({"n": 1})).await;
    }
    let forward: Vec<&str> = keys.iter().map(Key::sk).collect();
    let backward: Vec<&str> = forward.iter().rev().copied().collect();
    for limit in [1, 2, 7, 22, 23, 24, 1000] {
        let query = Query::table(keys[0].pk()).limit(limit);
        assert_eq!(sort_keys(&walk(store, query.clone()).await), forward);
        assert_eq!(sort_keys(&walk(store, query.newest_first()).await), backward);
    }
}

/// Not that of UTF-16 units, where 😀 would come before U+FFFD.
pub async fn sort_order_is_that_of_the_bytes(store: &dyn Store) {
    let ordered = ["!", "0", "10", "9", "Z", "a", "aa", "é", "日", "\u{fffd}", "😀"];
    let mut mixed = ordered;
    mixed.reverse();
    let (_, partition) = with_sorts(store, &mixed).await;
    assert_eq!(sort_keys(&walk(store, Query::table(partition).limit(4)).await), ordered);
}

pub async fn prefix_takes_text_as_it_is(store: &dyn Store) {
    let (_, partition) =
        with_sorts(store, &["a", "a%", "a%b", "a_", "ab", "b", "é1", "é2", "ê", "z\u{10ffff}", "{"]).await;
    for (prefix, expected) in [
        ("a", vec!["a", "a%", "a%b", "a_", "ab"]),
        ("a%", vec!["a%", "a%b"]),
        ("a_", vec!["a_"]),
        ("é", vec!["é1", "é2"]),
        ("z", vec!["z\u{10ffff}"]),
        ("z\u{10ffff}", vec!["z\u{10ffff}"]),
        ("c", vec![]),
    ] {
        let found = walk(store, Query::table(partition.clone()).prefix(prefix).limit(2)).await;
        assert_eq!(sort_keys(&found), expected, "{prefix}");
    }
}

pub async fn between_includes_both_ends(store: &dyn Store) {
    let (_, partition) = with_sorts(store, &["a", "b", "c", "d"]).await;
    for (low, high, expected) in [
        ("b", "c", vec!["b", "c"]),
        ("b", "b", vec!["b"]),
        ("aa", "bb", vec!["b"]),
        ("A", "z", vec!["a", "b", "c", "d"]),
        ("x", "z", vec![]),
    ] {
        let found = walk(store, Query::table(partition.clone()).between(text(low), text(high))).await;
        assert_eq!(sort_keys(&found), expected, "{low} to {high}");
    }
}

pub async fn range_pages_without_gaps(store: &dyn Store) {
    let keys = numbered(fresh(), "p", 30);
    for key in &keys {
        put(store, key, json!({"n": 1})).await;
    }
    let partition = keys[0].pk();
    let teens: Vec<&str> = keys[10..20].iter().map(Key::sk).collect();
    let backward: Vec<&str> = teens.iter().rev().copied().collect();
    for limit in [1, 3, 10, 11] {
        let by_prefix = Query::table(partition).prefix("0001").limit(limit);
        let between = Query::table(partition).between(text("00010"), text("00019")).limit(limit);
        for query in [by_prefix, between] {
            assert_eq!(sort_keys(&walk(store, query.clone()).await), teens);
            assert_eq!(sort_keys(&walk(store, query.newest_first()).await), backward);
        }
    }
}

pub async fn page_ends_at_one_megabyte(store: &dyn Store) {
    let keys = numbered(fresh(), "p", 5);
    let body = "x".repeat(380 * 1024);
    for key in &keys {
        put(store, key, json!({"body": body})).await;
    }
    let query = Query::table(keys[0].pk());
    let page = store.query(&query).await.unwrap();
    assert!(page.next.is_some() && (2..=3).contains(&page.items.len()), "{} items", page.items.len());
    let expected: Vec<&str> = keys.iter().map(Key::sk).collect();
    assert_eq!(sort_keys(&walk(store, query).await), expected);
}

pub async fn short_page_is_the_last(store: &dyn Store) {
    let (_, partition) = with_sorts(store, &["a", "b", "c"]).await;
    let query = Query::table(partition).limit(2);
    let first = store.query(&query).await.unwrap();
    assert_eq!(shape(&first), (vec!["a", "b"], true));
    let second = store.query(&query.after(first.next)).await.unwrap();
    assert_eq!(shape(&second), (vec!["c"], false));
}
