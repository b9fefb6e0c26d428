//! Collections: named groups of media items of one client group.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    ids::{CollectionId, GroupId},
};

/// One collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    pub id: CollectionId,
    pub group_id: GroupId,
    /// As it was sent; unique within the client group, whatever its case.
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub created_at: Millis,
    pub changed_at: Millis,
    pub v: u64,
}

impl Collection {
    pub fn new(
        id: CollectionId,
        group_id: GroupId,
        title: String,
        description: Option<String>,
        now: Millis,
    ) -> Self {
        Self { id, group_id, title, description, created_at: now, changed_at: now, v: 1 }
    }
}
