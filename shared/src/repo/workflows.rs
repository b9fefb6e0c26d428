//! Workflows of the run engine.
//!
//! "Which one is it?" → by id. "The newest" → the tenant's partition backwards.

use super::listing::{self, Listed};
use crate::{
    domain::workflow::{Workflow, WorkflowStatus},
    ids::{EntityId, Id, WorkflowId},
    store::{Cond, Key, Position, Query, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these.
    pub status: Option<&'static [WorkflowStatus]>,
    /// Text in the name, in lower case.
    pub search: Option<String>,
}

impl Filter {
    fn matches(&self, workflow: &Workflow) -> bool {
        self.status.is_none_or(|wanted| wanted.contains(&workflow.status))
            && self.search.as_ref().is_none_or(|text| workflow.name.to_lowercase().contains(text))
    }
}

/// The workflows of one tenant.
#[derive(Clone, Copy)]
pub struct Workflows<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Workflows<'_> {
    pub fn key(&self, id: WorkflowId) -> Key {
        Key::of(self.tenant, "workflows", id.untyped().sortable())
    }

    /// # Errors
    /// When it cannot be stored.
    pub fn insert(&self, workflow: &Workflow) -> Result<Write, StoreError> {
        Ok(Write::put(self.key(workflow.id), encode(workflow)?).when(Cond::Absent))
    }

    /// The newest matches below `before`, up to `limit`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Workflow>, StoreError> {
        let query = Query::table(Key::partition(self.tenant, "workflows"))
            .after(before.map(|id| Position { key: self.key(WorkflowId::of(id)), sort: None }))
            .newest_first();
        let matches = |workflow: &Workflow| filter.matches(workflow);
        listing::collect(self.store, query, limit, |workflow: &Workflow| workflow.id.untyped(), matches).await
    }
}
