//! What every engine of the store must do, one rule a function. Its one rule: nothing here knows an engine.
//!
//! [`store_conformance!`](crate::store_conformance) stamps a test of each for one engine. Every case works under a
//! tenant of its own, so the engine may be shared and may hold the items of earlier runs.
#![expect(clippy::needless_pass_by_value, reason = "an assertion ends the life of the result it looks at")]

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::{Attrs, Item, Key, Page, Position, Query, Store, StoreError, Write};
use crate::tenant::TenantId;

pub mod conditions;
pub mod cost;
pub mod index;
pub mod items;
pub mod limits;
pub mod pages;
pub mod races;
pub mod transactions;

/// An index in AWS may lag behind the table; longer than this is a fault.
const LAG: Duration = Duration::from_secs(5);

/// Stamps the suite: `store_conformance!(name, async { (guard, engine) })`, optionally with attributes for every test,
/// such as `#[ignore = "needs a server"]`. The guard, such as a folder or `()`, is dropped after the engine.
///
/// A stand-in that is wrong about the service has its exceptions in a macro of its own, named last after `through`: it is
/// given each case's name and its test, and hands the test back, with `#[should_panic]` where the stand-in is wrong.
#[macro_export]
macro_rules! store_conformance {
    (@case $make:expr, [[$($attr:meta),*]], $room:ident, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attr])*
        async fn $case() {
            let (_guard, store) = $make.await;
            $crate::store::conformance::$room::$case(&store).await;
        }
    };
    (@case $make:expr, [[$($attr:meta),*] $through:ident], $room:ident, $case:ident) => {
        $through! { $case
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attr])*
            async fn $case() {
                let (_guard, store) = $make.await;
                $crate::store::conformance::$room::$case(&store).await;
            }
        }
    };
    (@room $make:expr, $how:tt, $room:ident: $($case:ident)*) => {
        mod $room {
            use super::*;
            $($crate::store_conformance! { @case $make, $how, $room, $case })*
        }
    };
    ($name:ident, $make:expr $(, #[$attr:meta])* $(, through $through:ident)? $(,)?) => {
        mod $name {
            use super::*;
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], items:
                absent_item_is_none
                item_comes_back_as_it_was_put
                numbers_keep_their_value
                keys_may_hold_any_text
                attributes_may_have_any_name
                put_replaces_the_whole_item
                delete_hands_back_what_was_there
                delete_of_an_absent_item_is_no_error
                update_changes_only_what_it_names
                update_creates_an_absent_item
                removing_an_absent_attribute_is_no_error
                adding_counts_from_zero_up_and_down
                adding_to_what_is_no_number_is_invalid
                batch_leaves_out_what_is_absent
                empty_batch_is_empty
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], conditions:
                put_if_absent_refuses_second
                every_condition_decides_as_written
                refused_write_changes_nothing_and_names_the_item
                refused_write_on_nothing_names_nothing
                version_moves_on
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], transactions:
                transaction_is_all_or_nothing
                transaction_mixes_every_action
                refused_transaction_names_the_write_and_the_item
                failed_check_cancels_the_others
                invalid_change_cancels_the_others
                check_alone_is_invalid
                two_writes_on_one_item_are_invalid
                hundred_writes_fit_and_one_more_does_not
                transaction_of_nothing_is_invalid
                transaction_over_four_megabytes_is_too_large
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], races:
                fifty_increments_lose_nothing
                fifty_versioned_changes_lose_nothing
                one_of_many_creates_wins
                transfers_keep_the_sum
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], pages:
                query_finds_only_its_partition
                query_of_nothing_is_empty
                query_pages_without_gaps
                sort_order_is_that_of_the_bytes
                prefix_takes_text_as_it_is
                between_includes_both_ends
                range_pages_without_gaps
                page_ends_at_one_megabyte
                short_page_is_the_last
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], index:
                general_index_shows_keys_only
                whole_pages_of_the_index_keep_its_order_and_go_on
                item_with_half_an_index_key_is_not_in_it
                index_follows_every_change
                due_index_projects_the_task_only
                due_index_sorts_by_number
                equal_sort_values_page_without_gaps
                general_index_knows_ranges
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], limits:
                item_may_have_400_kb_and_no_byte_more
                update_cannot_outgrow_the_limit
                empty_key_parts_are_invalid
                keys_have_a_longest_length
                batch_takes_a_hundred_keys
                key_named_twice_in_a_batch_is_invalid
                index_attribute_of_the_wrong_type_is_invalid
                key_names_are_no_attributes
                attribute_without_a_name_is_invalid
                attribute_changed_twice_is_invalid
                page_of_no_items_is_invalid
                range_of_the_wrong_type_is_invalid
                range_that_ends_before_it_starts_is_invalid
                start_outside_the_query_is_invalid
            }
            $crate::store_conformance! { @room $make, [[$($attr),*] $($through)?], cost:
                reads_cost_by_four_kilobytes
                batch_costs_item_by_item
                query_costs_by_the_page
                index_query_costs_half
                writes_cost_by_the_larger_item
                general_index_costs_only_when_an_entry_moves
                due_index_costs_only_when_the_debt_changes
                transaction_costs_twice
            }
        }
    };
}

/// A tenant that no other case and no other run has used.
pub fn fresh() -> TenantId {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).unwrap();
    // 53 bits, like every id.
    TenantId(u64::from_be_bytes(bytes) >> 11)
}

/// Attributes from `json!({..})`.
fn attrs(value: Value) -> Attrs {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// `n` distinct keys of one partition with a prefix.
fn numbered(tenant: TenantId, partition: &str, n: usize) -> Vec<Key> {
    (0..n).map(|i| Key::of(tenant, partition, format!("{i:05}"))).collect()
}

async fn put(store: &dyn Store, key: &Key, value: Value) {
    store.write(Write::put(key.clone(), attrs(value))).await.unwrap();
}

async fn got(store: &dyn Store, key: &Key) -> Option<Attrs> {
    store.get(key).await.unwrap().map(|item| item.into_attrs().unwrap())
}

/// All pages of a query, one after the other.
async fn walk(store: &dyn Store, query: Query) -> Vec<Item> {
    let (mut all, mut after) = (Vec::new(), None::<Position>);
    for _ in 0..10_000 {
        let page = store.query(&query.clone().after(after)).await.unwrap();
        assert!(page.items.len() <= query.limit);
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
    panic!("the pages never end");
}

/// Walks an index until it shows `n` items.
async fn settled(store: &dyn Store, query: &Query, n: usize) -> Vec<Item> {
    until(store, query, |items| items.len() == n).await
}

/// Walks an index until it shows what is expected.
async fn until(store: &dyn Store, query: &Query, done: impl Fn(&[Item]) -> bool) -> Vec<Item> {
    let step = Duration::from_millis(50);
    let mut waited = Duration::ZERO;
    loop {
        let items = walk(store, query.clone()).await;
        if done(&items) {
            return items;
        }
        assert!(waited < LAG, "the index shows {items:?}");
        tokio::time::sleep(step).await;
        waited += step;
    }
}

fn sort_keys(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.key.sk()).collect()
}

#[track_caller]
fn assert_invalid<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Invalid(_))), "{result:?}");
}

#[track_caller]
fn assert_too_large<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::TooLarge(_))), "{result:?}");
}

/// A page as its sort keys, and whether there is more.
fn shape(page: &Page) -> (Vec<&str>, bool) {
    (sort_keys(&page.items), page.next.is_some())
}
