//! The table for tests and local stand-ins. The deployed one is made by the deployment template; both must agree.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_types::SdkConfig;

use super::{DUE, GSI1, attr, errors, items};
use crate::store::StoreError;

/// Makes the table with its indexes and its expiry attribute; done when the table can be used.
pub async fn create(config: &SdkConfig, table: &str) -> Result<(), StoreError> {
    let client = Client::new(config);
    let invalid = |e: aws_sdk_dynamodb::error::BuildError| StoreError::Invalid(e.to_string());
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let strings = [items::PK, items::SK, attr::GSI1_PK, attr::GSI1_SK, attr::DUE_SHARD];
    let numbers = [attr::DUE_AT];
    for (names, kind) in [(&strings[..], ScalarAttributeType::S), (&numbers[..], ScalarAttributeType::N)] {
        for name in names {
            let defined = AttributeDefinition::builder().attribute_name(*name).attribute_type(kind.clone());
            request = request.attribute_definitions(defined.build().map_err(invalid)?);
        }
    }
    let keys = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let task = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes(attr::DUE_TASK)
        .build();
    request
        .set_key_schema(Some(schema(items::PK, items::SK).map_err(invalid)?))
        .global_secondary_indexes(index(GSI1, (attr::GSI1_PK, attr::GSI1_SK), keys).map_err(invalid)?)
        .global_secondary_indexes(index(DUE, (attr::DUE_SHARD, attr::DUE_AT), task).map_err(invalid)?)
        .send()
        .await
        .map_err(errors::refusal)?;
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(attr::TTL).build();
    let expiry = expiry.map_err(invalid)?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(expiry)
        .send()
        .await
        .map_err(errors::refusal)?;
    Ok(())
}

type Built<T> = Result<T, aws_sdk_dynamodb::error::BuildError>;

fn schema(pk: &str, sk: &str) -> Built<Vec<KeySchemaElement>> {
    [(pk, KeyType::Hash), (sk, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
        .collect()
}

fn index(name: &str, (pk, sk): (&str, &str), projection: Projection) -> Built<GlobalSecondaryIndex> {
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(schema(pk, sk)?))
        .projection(projection)
        .build()
}
