//! What callers see of a collection.

use serde::Serialize;
use shared::{
    error::{Error, ErrorKind},
    http::ctx::Refused,
    ids::{CollectionId, Id},
    repo::collections::{self, Counted, Title},
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
    team_id: Id,
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
    pub fn new(id: CollectionId, title: &str, message: &'static str) -> Self {
        Self { success: true, id, title: title.to_owned(), message }
    }
}

/// The refusal of a title that another collection of the client group has, if that is what stood in the way.
pub fn taken(refused: &Refused) -> Option<Error> {
    let Refused::Write(collections::TITLE, Some(guard)) = refused else { return None };
    let owner: Title = guard.decode().ok()?;
    let message = "There is a collection of this title already.";
    Some(Error::new(ErrorKind::Conflict, "title_taken", message).with("id", owner.collection_id.get()))
}
