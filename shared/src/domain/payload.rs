//! Custom payloads: whatever a workflow wants kept, and perhaps looked at by a person.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    api_key::hex,
    review::EntityType,
    subject::{Reviewable, Subject, ask_mark},
};
use crate::ids::{EntityId, Id, PayloadId};

/// One payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    #[serde(flatten)]
    pub subject: Subject,
    pub title: String,
    pub task_type: String,
    #[serde(default)]
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
    /// Larger than [`STORED_BYTES`]: in the blob store.
    Blob {
        /// Its name, which no other content has: what an item points at is never an old version.
        file: String,
        version: String,
        bytes: u64,
        /// Of what was stored, in hex. Payloads from before this was kept have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
}

/// Nothing was read of it.
impl Default for Body {
    fn default() -> Self {
        Self::Inline(String::new())
    }
}

impl Body {
    /// Points at content that lies apart.
    pub fn apart(file: String, version: String, content: &[u8]) -> Self {
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self::Blob { file, version, bytes, sha256: Some(hex(&Sha256::digest(content))) }
    }

    /// Whether this content is what was stored.
    pub fn is_of(&self, content: &[u8]) -> bool {
        match self {
            Self::Inline(text) => text.as_bytes() == content,
            Self::Blob { bytes, sha256, .. } => {
                u64::try_from(content.len()) == Ok(*bytes)
                    && sha256.as_ref().is_none_or(|known| *known == hex(&Sha256::digest(content)))
            }
        }
    }
}

/// Content up to this size lies in the store: a write of more costs more than one of a blob.
pub const STORED_BYTES: usize = 4_000;
/// Content up to this size is shown in lists.
pub const LISTED_BYTES: u64 = 64 * 1024;
/// What a payload without a `task_type` gets.
pub const DEFAULT_TASK_TYPE: &str = "generic";

impl Payload {
    pub fn id(&self) -> PayloadId {
        PayloadId::of(self.subject.id)
    }

    /// A name for the blob of new content; `mark` is used once.
    pub fn blob_name(id: PayloadId, mark: Id) -> String {
        format!("payloads/{id}/{mark}.json")
    }

    /// Whether `title` or `task_type` holds the text, whatever its case.
    pub fn matches(&self, folded: &str) -> bool {
        self.title.to_lowercase().contains(folded) || self.task_type.to_lowercase().contains(folded)
    }
}

impl Reviewable for Payload {
    type Id = PayloadId;

    const TYPE: EntityType = EntityType::CustomPayload;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    fn mark(&self) -> String {
        ask_mark(&self.task_type, self.subject.node.as_deref(), &self.title)
    }

    fn asked_as(&self) -> &str {
        &self.title
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn altered_content_is_told_from_what_was_stored() {
        let body = Body::apart("payloads/1/2.json".into(), "v1".into(), b"content");
        assert!(body.is_of(b"content"));
        for altered in [&b"c0ntent"[..], b"conten", b"content ", b""] {
            assert!(!body.is_of(altered), "{altered:?}");
        }
        let read: Body = crate::json::from_str(&serde_json::to_string(&body).unwrap()).unwrap();
        assert_eq!(read, body);
    }

    #[test]
    fn a_pointer_from_before_hashes_were_kept_is_read_and_its_length_counts() {
        let old: Body = crate::json::from_str(r#"{"blob":{"file":"f","version":"v1","bytes":7}}"#).unwrap();
        assert_eq!(old, Body::Blob { file: "f".into(), version: "v1".into(), bytes: 7, sha256: None });
        assert!(old.is_of(b"content") && old.is_of(b"c0ntent") && !old.is_of(b"conten"));
    }
}
