//! DynamoDB's limits and its way of measuring an item, so that both engines refuse and charge alike.
//! Source: the DynamoDB developer guide, "Service, account, and table quotas" and "Item sizes and formats".

use serde_json::Value;

use super::{Attrs, Key};

/// Largest item: names and values together.
pub const ITEM_BYTES: usize = 400 * 1024;
/// A query page ends here.
pub const PAGE_BYTES: usize = 1024 * 1024;
/// Writes in one transaction.
pub const TRANSACT_WRITES: usize = 100;
/// All items of one transaction together.
pub const TRANSACT_BYTES: usize = 4 * 1024 * 1024;
/// Keys in one batch read.
pub const BATCH_KEYS: usize = 100;
/// Longest partition key.
pub const PK_BYTES: usize = 2048;
/// Longest sort key.
pub const SK_BYTES: usize = 1024;

/// Size of an item as DynamoDB counts it: UTF-8 bytes of every name and value.
pub fn item_bytes(key: &Key, attrs: &Attrs) -> usize {
    "pk".len() + key.pk().len() + "sk".len() + key.sk().len() + attrs_bytes(attrs)
}

fn attrs_bytes(attrs: &Attrs) -> usize {
    attrs.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        // About one byte for two digits and one more; the digits themselves are what the guide gives.
        Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        Value::String(text) => text.len(),
        Value::Array(items) => 3 + items.iter().map(|item| 1 + value_bytes(item)).sum::<usize>(),
        Value::Object(map) => 3 + map.len() + attrs_bytes(map),
    }
}
