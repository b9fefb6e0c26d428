//! What callers see of a project.

use serde::Serialize;
use shared::{clock, domain::project::Project, ids::ProjectId};
use utoipa::ToSchema;

/// A project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub struct ProjectOut {
    #[schema(value_type = u64, example = 81)]
    id: ProjectId,
    #[schema(example = "Spring campaign")]
    name: String,
    #[schema(example = "Everything that goes out before Easter.")]
    description: Option<String>,
    /// Workflows that belong to it. No workflow belongs to a project yet.
    #[schema(example = 0)]
    workflow_count: u64,
    #[schema(example = "2026-04-02T12:00:00Z")]
    created_at: String,
    #[schema(example = "2026-04-02T12:00:00Z")]
    updated_at: String,
}

impl ProjectOut {
    pub fn new(project: &Project) -> Self {
        Self {
            id: project.id,
            name: project.name.clone(),
            description: project.description.clone(),
            workflow_count: 0,
            created_at: clock::iso(project.created_at),
            updated_at: clock::iso(project.changed_at),
        }
    }
}
