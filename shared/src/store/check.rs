//! What DynamoDB refuses before it looks at any item, decided without an engine.
//!
//! Its one rule: both engines ask here first, so that a request that AWS would refuse never works on a laptop.
//! Sources: the DynamoDB developer guide, "Service, account, and table quotas" and "Naming rules and data types";
//! the API reference of each operation.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Action, Attrs, Change, Index, Key, Position, Query, Range, SortValue, StoreError, Write, attr, limits,
};

/// Levels of lists and maps in one attribute.
const DEPTH: usize = 32;
/// Largest magnitude of a number, and the smallest of one that is not 0.
const LARGEST: f64 = 9.999e125;
const SMALLEST: f64 = 1e-130;

type Checked = Result<(), StoreError>;

/// A key of the table: both parts are there and within their sizes.
pub(super) fn key(key: &Key) -> Checked {
    sized("partition key", key.pk(), limits::PK_BYTES)?;
    sized("sort key", key.sk(), limits::SK_BYTES)
}

/// One write alone, before its condition is looked at.
pub fn write(write: &Write) -> Checked {
    key(&write.key)?;
    match &write.action {
        Action::Put(new) => item(&write.key, new).map(|_| ()),
        Action::Update(all) => changes(all),
        Action::Delete | Action::Check => Ok(()),
    }
}

/// A whole item as it would be stored. Returns its size.
pub(super) fn item(key: &Key, attrs: &Attrs) -> Result<usize, StoreError> {
    for (name, value) in attrs {
        attribute(name, value)?;
    }
    let bytes = limits::item_bytes(key, attrs);
    if bytes > limits::ITEM_BYTES {
        return Err(StoreError::TooLarge(format!(
            "{key} has {bytes} bytes, {} are allowed",
            limits::ITEM_BYTES
        )));
    }
    Ok(bytes)
}

/// The writes of one transaction: how many, and each on an item of its own.
pub(super) fn transaction(writes: &[Write]) -> Checked {
    if writes.is_empty() || writes.len() > limits::TRANSACT_WRITES {
        return invalid(format!(
            "{} writes in a transaction, 1 to {}",
            writes.len(),
            limits::TRANSACT_WRITES
        ));
    }
    distinct(writes.iter().map(|write| &write.key))?;
    writes.iter().try_for_each(write)
}

/// The keys of one batch read.
pub(super) fn batch(keys: &[Key]) -> Checked {
    if keys.len() > limits::BATCH_KEYS {
        return invalid(format!("{} keys in a batch, at most {}", keys.len(), limits::BATCH_KEYS));
    }
    distinct(keys.iter())?;
    keys.iter().try_for_each(key)
}

/// A query: partition, range and start all fit the index.
pub(super) fn query(query: &Query) -> Checked {
    sized("partition", &query.partition, limits::PK_BYTES)?;
    if query.limit == 0 {
        return invalid("a page of no items".into());
    }
    let numeric = query.index == Index::Due;
    match &query.range {
        Range::All => {}
        Range::Prefix(prefix) if numeric || prefix.is_empty() => {
            return invalid("a prefix needs a string sort key and a character".into());
        }
        Range::Prefix(_) => {}
        Range::Between(low, high) => {
            sort_value(low, numeric)?;
            sort_value(high, numeric)?;
            if sort_order(low, high).is_gt() {
                return invalid("a range must not end before it starts".into());
            }
        }
    }
    query.after.as_ref().map_or(Ok(()), |after| start(query, after, numeric))
}

/// DynamoDB refuses a start that the query itself could not have reached.
fn start(query: &Query, after: &Position, numeric: bool) -> Checked {
    key(&after.key)?;
    let table_sort = SortValue::S(after.key.sk().to_owned());
    let sort = match (query.index, &after.sort) {
        (Index::Table, None) if after.key.pk() == query.partition => &table_sort,
        (Index::Gsi1 | Index::Due, Some(sort)) => sort,
        _ => return invalid("the start is not of this query".into()),
    };
    sort_value(sort, numeric)?;
    let within = match (&query.range, sort) {
        (Range::All, _) => true,
        (Range::Prefix(prefix), SortValue::S(text)) => text.starts_with(prefix.as_str()),
        (Range::Prefix(_), SortValue::N(_)) => false,
        (Range::Between(low, high), sort) => sort_order(low, sort).is_le() && sort_order(sort, high).is_le(),
    };
    if within { Ok(()) } else { invalid("the start lies outside the range".into()) }
}

fn sort_value(value: &SortValue, numeric: bool) -> Checked {
    match value {
        SortValue::N(_) if numeric => Ok(()),
        SortValue::S(text) if !numeric => sized("sort value", text, limits::SK_BYTES),
        _ => invalid("a sort value of the wrong type".into()),
    }
}

/// Strings sort by their bytes, as they do in DynamoDB and in SQLite. Mixed types never get here.
fn sort_order(a: &SortValue, b: &SortValue) -> std::cmp::Ordering {
    match (a, b) {
        (SortValue::N(a), SortValue::N(b)) => a.cmp(b),
        (SortValue::S(a), SortValue::S(b)) => a.as_bytes().cmp(b.as_bytes()),
        (SortValue::N(_), SortValue::S(_)) => std::cmp::Ordering::Less,
        (SortValue::S(_), SortValue::N(_)) => std::cmp::Ordering::Greater,
    }
}

fn changes(changes: &[Change]) -> Checked {
    let mut seen = HashSet::with_capacity(changes.len());
    for change in changes {
        let name = match change {
            Change::Set(name, value) => {
                attribute(name, value)?;
                name
            }
            Change::Remove(name) | Change::Add(name, _) => {
                attribute_name(name)?;
                name
            }
        };
        if !seen.insert(name) {
            return invalid(format!("two changes of `{name}`"));
        }
    }
    Ok(())
}

fn attribute(name: &str, value: &Value) -> Checked {
    attribute_name(name)?;
    nested(name, value, 0)?;
    match name {
        attr::DUE_AT if value.as_i64().is_none() => {
            invalid(format!("`{name}` is an index key and must be an integer"))
        }
        attr::DUE_SHARD | attr::GSI1_PK => index_string(name, value, limits::PK_BYTES),
        attr::GSI1_SK => index_string(name, value, limits::SK_BYTES),
        _ => Ok(()),
    }
}

fn attribute_name(name: &str) -> Checked {
    match name {
        "" => invalid("an attribute without a name".into()),
        "pk" | "sk" => invalid(format!("the attribute `{name}` is part of the key")),
        _ => Ok(()),
    }
}

fn index_string(name: &str, value: &Value, most: usize) -> Checked {
    match value.as_str() {
        Some(text) => sized(name, text, most),
        None => invalid(format!("`{name}` is an index key and must be a string")),
    }
}

fn nested(name: &str, value: &Value, depth: usize) -> Checked {
    if depth > DEPTH {
        return invalid(format!("`{name}` nests deeper than {DEPTH} levels"));
    }
    match value {
        Value::Number(number) if number.as_f64().is_some_and(is_out_of_range) => {
            invalid(format!("`{name}` holds a number out of range"))
        }
        Value::Array(items) => items.iter().try_for_each(|item| nested(name, item, depth + 1)),
        Value::Object(map) if map.contains_key("") => invalid(format!("a part of `{name}` without a name")),
        Value::Object(map) => map.values().try_for_each(|item| nested(name, item, depth + 1)),
        _ => Ok(()),
    }
}

fn is_out_of_range(number: f64) -> bool {
    number != 0.0 && !(SMALLEST..=LARGEST).contains(&number.abs())
}

fn distinct<'a>(keys: impl ExactSizeIterator<Item = &'a Key>) -> Checked {
    let mut seen = HashSet::with_capacity(keys.len());
    for key in keys {
        if !seen.insert(key) {
            return invalid(format!("{key} is named twice"));
        }
    }
    Ok(())
}

fn sized(what: &str, text: &str, most: usize) -> Checked {
    match text.len() {
        0 => invalid(format!("{what} is empty")),
        found if found > most => invalid(format!("{what} has {found} bytes, {most} are allowed")),
        _ => Ok(()),
    }
}

fn invalid(why: String) -> Checked {
    Err(StoreError::Invalid(why))
}
