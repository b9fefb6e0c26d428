//! Into which collection a media item goes.

use shared::{
    domain::collection::Collection,
    error::{OrNotFound, Result},
    http::{ctx::Ctx, fields::Fields},
    ids::{CollectionId, Id},
    store::Write,
};

/// Longest title of a collection: folded and escaped it is a sort key, which ends at 1,024 bytes.
pub const TITLE: usize = 255;

/// Which collection a request names.
#[derive(Debug, Clone)]
pub enum Wish {
    /// None: whatever is, stays.
    Silent,
    /// The one of this title, made if need be.
    Called(String),
    Id(CollectionId),
    /// Out of its collection.
    Out,
}

/// Where the item goes.
pub enum Place {
    Nowhere,
    There(CollectionId),
    /// A collection that the same transaction makes.
    New(Collection),
}

impl Wish {
    /// `collection_name` goes before `collection_id`; 0 takes the item out.
    pub fn read(fields: &mut Fields) -> Self {
        // Read even where it does not count: what is wrong with it is said.
        let id = fields.id_or_none("collection_id");
        if let Some(title) = fields.text("collection_name", TITLE) {
            return Self::Called(title);
        }
        match id {
            None => Self::Silent,
            Some(None) => Self::Out,
            Some(Some(id)) => Self::Id(id),
        }
    }

    /// Looks up what was named for an item of a client group that lies in `now`.
    pub async fn resolve(&self, ctx: &Ctx, group: Id, now: Option<CollectionId>) -> Result<Place> {
        match self {
            Self::Silent => Ok(now.map_or(Place::Nowhere, Place::There)),
            Self::Out => Ok(Place::Nowhere),
            Self::Id(id) => {
                let found = ctx.collections().get(*id).await?.filter(|found| found.group_id == group);
                Ok(Place::There(found.or_not_found("collection")?.id))
            }
            Self::Called(title) => match ctx.collections().called(group, title).await? {
                Some(id) => Ok(Place::There(id)),
                None => Ok(Place::New(Collection::new(ctx.app.id(), group, title.clone(), None, ctx.now))),
            },
        }
    }
}

impl Place {
    pub fn id(&self) -> Option<CollectionId> {
        match self {
            Self::Nowhere => None,
            Self::There(id) => Some(*id),
            Self::New(collection) => Some(collection.id),
        }
    }

    /// The writes beside the item's own.
    pub fn writes(&self, ctx: &Ctx) -> Result<Vec<Write>> {
        match self {
            Self::New(collection) => Ok(ctx.collections().insert(collection)?),
            _ => Ok(Vec::new()),
        }
    }
}
