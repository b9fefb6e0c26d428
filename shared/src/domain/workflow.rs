//! Workflows of the run engine, as lists show them. What is in one, and what it does, is the engine's.

use serde::{Deserialize, Serialize};

use super::names::names;
use crate::{clock::Millis, ids::WorkflowId};

names! {
    /// What becomes of a workflow when something would start it.
    pub enum WorkflowStatus {
        /// Nothing starts it.
        Draft = "draft",
        Active = "active",
        /// Put away: nothing starts it, and it is kept.
        Archived = "archived",
    }
}

/// One workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    pub id: WorkflowId,
    pub name: String,
    pub status: WorkflowStatus,
    pub created_at: Millis,
    pub updated_at: Millis,
}
