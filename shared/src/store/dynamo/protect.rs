//! What a table that was restored has lost: DynamoDB restores the items and the indexes, and none of these.

use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, TimeToLiveSpecification, TimeToLiveStatus};

use super::{DynamoStore, errors};
use crate::store::{StoreError, attr};

impl DynamoStore {
    /// Gives the table what the deployment template gives one: expiry, recovery to any time of the last 35 days, and no deletion by
    /// accident. What it has already stays. Returns what it did not have.
    pub async fn protect(&self) -> Result<Vec<&'static str>, StoreError> {
        let mut given = Vec::new();
        let invalid = |e: aws_sdk_dynamodb::error::BuildError| StoreError::Invalid(e.to_string());
        let known = self.client.describe_time_to_live().table_name(&self.table).send().await;
        let expiry = known.map_err(errors::refusal)?.time_to_live_description;
        let status = expiry.and_then(|expiry| expiry.time_to_live_status);
        // One that is on cannot be asked for again.
        if !matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            let on = TimeToLiveSpecification::builder().enabled(true).attribute_name(attr::TTL);
            let on = on.build().map_err(invalid)?;
            let request = self.client.update_time_to_live().table_name(&self.table);
            request.time_to_live_specification(on).send().await.map_err(errors::refusal)?;
            given.push("expiry");
        }
        let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
        let on = on.build().map_err(invalid)?;
        let request = self.client.update_continuous_backups().table_name(&self.table);
        request.point_in_time_recovery_specification(on).send().await.map_err(errors::refusal)?;
        given.push("point-in-time recovery");
        let request = self.client.update_table().table_name(&self.table);
        request.deletion_protection_enabled(true).send().await.map_err(errors::refusal)?;
        given.push("deletion protection");
        Ok(given)
    }
}
