//! Workflows of the run engine.
//!
//! "Which one is it?" → by id. "The newest" → the tenant's partition backwards.

use futures::future::try_join;

use super::{
    listing,
    pages::{self, Asked, Page, Source},
};
use crate::{
    domain::workflow::{Workflow, WorkflowStatus},
    ids::{EntityId, WorkflowId},
    store::{Cond, Key, Position, Query, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// What they are counted as.
const KIND: &str = "workflow";

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these.
    pub status: Option<&'static [WorkflowStatus]>,
    /// Text in the name, in lower case.
    pub search: Option<String>,
}

impl Filter {
    fn is_given(&self) -> bool {
        self.status.is_some() || self.search.is_some()
    }

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

    /// The writes of a new one, which is counted from then on.
    pub fn insert(&self, workflow: &Workflow) -> Result<Vec<Write>, StoreError> {
        let own = Write::put(self.key(workflow.id), encode(workflow)?).when(Cond::Absent);
        Ok(vec![own, pages::tally(self.tenant, KIND, workflow.id.untyped(), 1)])
    }

    /// A page of the matches, newest first, and how many there are.
    pub async fn page(&self, filter: &Filter, asked: Asked) -> Result<Page<Workflow>, StoreError> {
        let source = Source {
            store: self.store,
            query: Query::table(Key::partition(self.tenant, "workflows")).newest_first(),
            below: &|query, id| query.after(Some(Position { key: self.key(WorkflowId::of(id)), sort: None })),
            row: listing::row,
            id: |workflow: &Workflow| workflow.id.untyped(),
            wanted: |workflow: &Workflow| filter.matches(workflow),
        };
        if filter.is_given() {
            return pages::read(&source, asked, true).await;
        }
        let all = pages::count(self.store, self.tenant, KIND);
        let (page, total) = try_join(pages::read(&source, asked, false), all).await?;
        Ok(Page { total: Some(total), ..page })
    }
}
