//! The DynamoDB engine: one table, the indexes `gsi1` and `due`, expressions made from data.
//!
//! Its one rule: what the service says is passed on in the port's words, with the item that stood in the way.
//!
//! The SDK repeats a call whose answer was lost. A transaction carries a token that makes the repeat harmless (for ten
//! minutes); a single conditional write has none, so that its repeat may be refused by the item it wrote itself.
//! Whoever commits by condition therefore writes something into the item by which it knows its own work.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ConsumedCapacity, Delete, KeysAndAttributes, Put, ReturnConsumedCapacity,
    ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_types::SdkConfig;

use super::{
    Action, Attrs, Change, Cond, Index, Item, Key, Label, Meter, Page, Position, Query, SortValue, Store,
};
use super::{StoreError, Write, attr, check, limits, number};
use expressions::Expressions;
use items::Raw;

mod errors;
mod expressions;
mod items;
pub mod protect;
#[cfg(test)]
pub mod table;
#[cfg(test)]
mod tests;
mod whole;

/// Names of the table's indexes, as the deployment template spells them.
const GSI1: &str = "gsi1";
const DUE: &str = "due";

/// Reads of keys that DynamoDB left unprocessed, before the caller hears of it.
const BATCH_ATTEMPTS: u32 = 6;

/// A value as it comes back from the table.
#[cfg(feature = "testing")]
pub fn round_trip(value: &serde_json::Value) -> Result<serde_json::Value, StoreError> {
    items::decode(items::encode(value))
}

/// One table in DynamoDB.
#[derive(Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
    meter: Meter,
}

impl DynamoStore {
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        let config =
            aws_sdk_dynamodb::config::Builder::from(config).retry_classifier(errors::ConflictsPass).build();
        Self { client: Client::from_conf(config), table: table.into(), meter: Meter::default() }
    }

    async fn put(&self, key: Key, mut attrs: Attrs, cond: &Cond) -> Result<Option<Item>, StoreError> {
        attrs.values_mut().for_each(number::canonical);
        let mut expressions = Expressions::default();
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::raw_item(&key, &attrs)))
            .set_condition_expression(expressions.condition(cond))
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal);
        let item = Item::new(key, attrs);
        let answer = answer.inspect_err(|refusal| self.count_refusal(refusal, Some(&item)))?;
        self.count_write(answer.consumed_capacity());
        Ok(Some(item))
    }

    async fn update(&self, key: &Key, changes: &[Change], cond: &Cond) -> Result<Option<Item>, StoreError> {
        let mut expressions = Expressions::default();
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(items::raw_key(key)))
            .set_update_expression(expressions.update(changes))
            .set_condition_expression(expressions.condition(cond))
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal)
            .inspect_err(|refusal| self.count_refusal(refusal, None))?;
        self.count_write(answer.consumed_capacity());
        answer.attributes.map(items::item).transpose()
    }

    async fn delete(&self, key: &Key, cond: &Cond) -> Result<Option<Item>, StoreError> {
        let mut expressions = Expressions::default();
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(items::raw_key(key)))
            .set_condition_expression(expressions.condition(cond))
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal)
            .inspect_err(|refusal| self.count_refusal(refusal, None))?;
        self.count_write(answer.consumed_capacity());
        answer.attributes.filter(|raw| !raw.is_empty()).map(items::item).transpose()
    }

    /// One round of a batch read: the items found, and the keys that the service left for another round.
    async fn batch_round(&self, keys: Vec<Raw>) -> Result<(Vec<Raw>, Vec<Raw>), StoreError> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let mut answer = self
            .client
            .batch_get_item()
            .request_items(&self.table, wanted.map_err(|e| StoreError::Invalid(e.to_string()))?)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal)
            .inspect_err(|_| self.meter.count(0.0, 0.0))?;
        self.meter.count(answer.consumed_capacity().iter().map(|of| units(Some(of))).sum(), 0.0);
        let found = answer.responses.as_mut().and_then(|all| all.remove(&self.table)).unwrap_or_default();
        let left = answer.unprocessed_keys.as_mut().and_then(|all| all.remove(&self.table));
        Ok((found, left.map(|left| left.keys).unwrap_or_default()))
    }

    fn member(&self, write: Write) -> Result<TransactWriteItem, StoreError> {
        let Write { key, action, cond, label: _, drawn: _, phase: _ } = write;
        let on_failure = ReturnValuesOnConditionCheckFailure::AllOld;
        let mut expressions = Expressions::default();
        let member = TransactWriteItem::builder();
        let member = match action {
            Action::Put(attrs) => Put::builder()
                .table_name(&self.table)
                .set_item(Some(items::raw_item(&key, &attrs)))
                .set_condition_expression(expressions.condition(&cond))
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .return_values_on_condition_check_failure(on_failure)
                .build()
                .map(|put| member.put(put)),
            Action::Update(changes) => Update::builder()
                .table_name(&self.table)
                .set_key(Some(items::raw_key(&key)))
                .set_update_expression(expressions.update(&changes))
                .set_condition_expression(expressions.condition(&cond))
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .return_values_on_condition_check_failure(on_failure)
                .build()
                .map(|update| member.update(update)),
            Action::Delete => Delete::builder()
                .table_name(&self.table)
                .set_key(Some(items::raw_key(&key)))
                .set_condition_expression(expressions.condition(&cond))
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .return_values_on_condition_check_failure(on_failure)
                .build()
                .map(|delete| member.delete(delete)),
            Action::Check => ConditionCheck::builder()
                .table_name(&self.table)
                .set_key(Some(items::raw_key(&key)))
                .condition_expression(expressions.check(&cond))
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .return_values_on_condition_check_failure(on_failure)
                .build()
                .map(|check| member.condition_check(check)),
        };
        member.map(TransactWriteItemBuilder::build).map_err(|e| StoreError::Invalid(e.to_string()))
    }

    fn count_write(&self, consumed: Option<&ConsumedCapacity>) {
        self.meter.count(0.0, units(consumed));
    }

    /// A refused write is charged by the larger of the items there and to come ("Write consumption" in the developer
    /// guide), but its answer does not say how much.
    fn count_refusal(&self, refusal: &StoreError, new: Option<&Item>) {
        let charged = match refusal {
            StoreError::ConditionFailed(refusal) => {
                write_units(refusal.current.as_ref()).max(write_units(new))
            }
            StoreError::Canceled(refused) => {
                2.0 * refused.iter().map(|refusal| write_units(refusal.current.as_ref())).sum::<f64>()
            }
            _ => 0.0,
        };
        self.meter.count(0.0, charged);
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        check::key(key)?;
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(items::raw_key(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal)
            .inspect_err(|_| self.meter.count(0.0, 0.0))?;
        self.meter.count(units(answer.consumed_capacity()), 0.0);
        answer.item.map(items::item).transpose()
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        check::batch(keys)?;
        let mut wanted: Vec<_> = keys.iter().map(items::raw_key).collect();
        let mut found = Vec::with_capacity(wanted.len());
        let mut attempt = 0;
        while !wanted.is_empty() {
            let before = wanted.len();
            let (items, left) = self.batch_round(wanted).await?;
            found.extend(items);
            // A round that got on was only too large; one that did not was throttled.
            attempt = if left.len() < before { 0 } else { attempt + 1 };
            if attempt == BATCH_ATTEMPTS {
                return Err(StoreError::Throttled);
            }
            if !left.is_empty() {
                tokio::time::sleep(Duration::from_millis(25 << attempt)).await;
            }
            wanted = left;
        }
        found.into_iter().map(items::item).collect()
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        check::query(query)?;
        let (index, names) = match query.index {
            Index::Table => (None, (items::PK, items::SK)),
            Index::Gsi1 => (Some(GSI1.to_owned()), (attr::GSI1_PK, attr::GSI1_SK)),
            Index::Due => (Some(DUE.to_owned()), (attr::DUE_SHARD, attr::DUE_AT)),
        };
        let mut expressions = Expressions::default();
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(index.is_none())
            .set_index_name(index)
            .key_condition_expression(expressions.key_condition(names, &query.partition, &query.range))
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .scan_index_forward(!query.newest_first)
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(
                query.after.as_ref().map(|after| start_key(after, names, &query.partition)),
            )
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal)
            .inspect_err(|_| self.meter.count(0.0, 0.0))?;
        self.meter.count(units(answer.consumed_capacity()), 0.0);
        let next = answer
            .last_evaluated_key
            .filter(|raw| !raw.is_empty())
            .map(|raw| position(raw, names))
            .transpose()?;
        let items =
            answer.items.unwrap_or_default().into_iter().map(items::item).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError> {
        check::write(&write)?;
        let label = write.label;
        let written = match write.action {
            Action::Put(attrs) => self.put(write.key, attrs, &write.cond).await,
            Action::Update(changes) => self.update(&write.key, &changes, &write.cond).await,
            Action::Delete => self.delete(&write.key, &write.cond).await,
            Action::Check => Err(StoreError::Invalid("a check needs a transaction".into())),
        };
        written.map_err(|error| errors::labelled(error, label))
    }

    /// The SDK makes the client token, once per call: its own repeats, and those for a conflict, carry the same.
    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        check::transaction(&writes)?;
        fits_together(&writes)?;
        let labels: Vec<Label> = writes.iter().map(|write| write.label).collect();
        let members = writes.into_iter().map(|write| self.member(write)).collect::<Result<Vec<_>, _>>()?;
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(members))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| errors::refusal_of(error, &labels))
            .inspect_err(|refusal| self.count_refusal(refusal, None))?;
        self.meter.count(0.0, answer.consumed_capacity().iter().map(|of| units(Some(of))).sum());
        Ok(())
    }

    fn meter(&self) -> &Meter {
        &self.meter
    }
}

/// What is put must fit into one transaction; what is updated, only the service knows.
fn fits_together(writes: &[Write]) -> Result<(), StoreError> {
    let put = |write: &Write| match &write.action {
        Action::Put(attrs) => limits::item_bytes(&write.key, attrs),
        _ => 0,
    };
    let bytes: usize = writes.iter().map(put).sum();
    if bytes > limits::TRANSACT_BYTES {
        return Err(StoreError::TooLarge(format!(
            "{bytes} bytes in a transaction, {} are allowed",
            limits::TRANSACT_BYTES
        )));
    }
    Ok(())
}

fn start_key(after: &Position, (pk, sk): (&str, &str), partition: &str) -> Raw {
    let mut raw = items::raw_key(&after.key);
    if let Some(sort) = &after.sort {
        raw.insert(pk.to_owned(), AttributeValue::S(partition.to_owned()));
        raw.insert(sk.to_owned(), expressions::sort_value(sort));
    }
    raw
}

fn position(mut raw: Raw, (_, sk): (&str, &str)) -> Result<Position, StoreError> {
    let key = items::take_key(&mut raw)?;
    let sort = match raw.remove(sk) {
        None => None,
        Some(AttributeValue::S(text)) => Some(SortValue::S(text)),
        Some(AttributeValue::N(number)) => number.parse().ok().map(SortValue::N),
        Some(other) => return Err(StoreError::Corrupt(format!("a sort key of an unknown type: {other:?}"))),
    };
    Ok(Position { key, sort })
}

/// One unit for each KB begun; an item that is not there counts as one.
#[expect(clippy::cast_precision_loss, reason = "an item has at most 400 KB")]
fn write_units(item: Option<&Item>) -> f64 {
    let bytes = item.map_or(1, Item::bytes);
    bytes.div_ceil(1024) as f64
}

fn units(consumed: Option<&ConsumedCapacity>) -> f64 {
    consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or_default()
}
