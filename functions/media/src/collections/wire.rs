//! What callers see of a collection.

use serde::Serialize;
use shared::{
    domain::collection::Collection,
    ids::{CollectionId, GroupId},
    repo::collections::Counted,
};
use utoipa::ToSchema;

/// One collection.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionOut {
    #[schema(value_type = u64, example = 1)]
    id: CollectionId,
    #[schema(example = "March Social Media Campaign")]
    title: String,
    #[schema(example = "All assets for Q1 social push")]
    description: Option<String>,
    /// The client group.
    #[schema(value_type = u64, example = 5)]
    team_id: GroupId,
    #[schema(example = 12)]
    media_count: i64,
    /// Unix seconds.
    #[schema(example = 1_710_000_000)]
    created: i64,
    #[schema(example = 1_710_100_000)]
    changed: i64,
}

impl From<Counted> for CollectionOut {
    fn from(Counted { collection, media }: Counted) -> Self {
        Self {
            id: collection.id,
            title: collection.title,
            description: collection.description,
            team_id: collection.group_id,
            media_count: media,
            created: collection.created_at.seconds(),
            changed: collection.changed_at.seconds(),
        }
    }
}

/// A change that was stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionDone)]
pub struct Done {
    success: bool,
    #[schema(value_type = u64, example = 1)]
    id: CollectionId,
    #[schema(example = "March Social Media Campaign")]
    title: String,
    #[schema(example = "Collection created successfully.")]
    message: &'static str,
}

impl Done {
    pub fn new(collection: &Collection, message: &'static str) -> Self {
        Self { success: true, id: collection.id, title: collection.title.clone(), message }
    }
}
