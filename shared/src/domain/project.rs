//! Projects: what workflows are for, by name.

use serde::{Deserialize, Serialize};

use crate::{clock::Millis, ids::ProjectId};

/// One project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub id: ProjectId,
    /// As it was sent. Several may be called the same.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub created_at: Millis,
    pub changed_at: Millis,
    pub v: u64,
}

impl Project {
    pub fn new(id: ProjectId, name: String, description: Option<String>, now: Millis) -> Self {
        Self { id, name, description, created_at: now, changed_at: now, v: 1 }
    }
}
