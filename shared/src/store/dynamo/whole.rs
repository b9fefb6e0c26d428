//! Everything of one tenant, by scans of the table.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::{DynamoStore, errors, items, units};
use crate::{
    store::{
        Key, Page, Position, StoreError,
        whole::{OWNER, Whole},
    },
    tenant::TenantId,
};

#[async_trait]
impl Whole for DynamoStore {
    /// Strongly consistent: who has just deleted something must not find it again.
    async fn of_tenant(&self, tenant: TenantId, after: Option<&Key>) -> Result<Page, StoreError> {
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression("begins_with(#pk, :own) OR (begins_with(#pk, :global) AND #owner = :tenant)")
            .expression_attribute_names("#pk", items::PK)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":own", AttributeValue::S(Key::partition(tenant, "")))
            .expression_attribute_values(":global", AttributeValue::S("G#".into()))
            .expression_attribute_values(":tenant", AttributeValue::N(tenant.to_string()))
            .set_exclusive_start_key(after.map(items::raw_key))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(errors::refusal)
            .inspect_err(|_| self.meter.count(0.0, 0.0))?;
        self.meter.count(units(answer.consumed_capacity()), 0.0);
        let next = answer.last_evaluated_key.filter(|raw| !raw.is_empty());
        let next = next.map(|mut raw| items::take_key(&mut raw)).transpose()?;
        let items =
            answer.items.unwrap_or_default().into_iter().map(items::item).collect::<Result<_, _>>()?;
        Ok(Page { items, next: next.map(|key| Position { key, sort: None }) })
    }
}
