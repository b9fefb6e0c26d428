//! Custom payloads: whatever a workflow wants kept, and perhaps looked at by a person.

use serde::{Deserialize, Serialize};

use super::{
    review::EntityType,
    subject::{Reviewable, Subject},
};
use crate::ids::Id;

/// One payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    #[serde(flatten)]
    pub subject: Subject,
    pub title: String,
    pub task_type: String,
    pub body: Body,
    /// Free status that the vendor's node sends beside `automation_status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Where the content lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// JSON text. Not a document of the store's own kind: that refuses empty names and makes 1 of 1.0.
    Inline(String),
    /// Larger than [`INLINE_BYTES`]: in the blob store.
    Blob { version: String, bytes: u64 },
}

/// Content up to this size lies in the item itself. Well under the 400 KB of an item, because every list reads whole items.
pub const INLINE_BYTES: usize = 64 * 1024;
/// What a payload without a `task_type` gets.
pub const DEFAULT_TASK_TYPE: &str = "generic";

impl Payload {
    /// Name of the content's blob.
    pub fn blob_name(id: Id) -> String {
        format!("payloads/{id}.json")
    }

    /// Whether `title` or `task_type` holds the text, whatever its case.
    pub fn matches(&self, folded: &str) -> bool {
        self.title.to_lowercase().contains(folded) || self.task_type.to_lowercase().contains(folded)
    }
}

impl Reviewable for Payload {
    const TYPE: EntityType = EntityType::CustomPayload;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    fn mark(&self) -> String {
        self.task_type.clone()
    }
}
