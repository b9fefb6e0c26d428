//! Projects.
//!
//! "The newest" → the tenant's partition backwards. "How many are there?" → the tally that is kept with them.

use super::{
    entity::{Accompanied, Entity, Many, Place},
    listing,
    pages::{self, Asked, Page, Source},
    table::Table,
};
use crate::{
    domain::project::Project,
    ids::ProjectId,
    store::{Label, Position, StoreError, Write},
    tenant::TenantId,
};

/// Label of the write of a project, its partition, and what its tally is called.
pub const PROJECT: Label = "project";

/// The projects of one tenant.
pub type Projects<'a> = Table<'a, Project>;

impl Entity for Project {
    type Id = ProjectId;
    const KIND: Label = PROJECT;

    fn place(id: &ProjectId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> ProjectId {
        self.id
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl Many for Project {}

/// It is counted.
impl Accompanied for Project {
    fn beside(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        let tally = |project: &Self, by| vec![pages::tally(tenant, PROJECT, project.id.untyped(), by)];
        Ok(match (before, after) {
            (None, Some(new)) => tally(new, 1),
            (Some(old), None) => tally(old, -1),
            _ => Vec::new(),
        })
    }
}

impl Projects<'_> {
    /// A page of them, newest first, and how many there are.
    pub async fn page(&self, asked: Asked) -> Result<Page<Project>, StoreError> {
        let source = Source {
            store: self.store,
            query: self.newest(None),
            below: &|query, id| {
                let key = Place::among(PROJECT, id).key(self.tenant);
                query.after(Some(Position { key, sort: None }))
            },
            row: listing::row,
            id: |project: &Project| project.id.untyped(),
            wanted: |_: &Project| true,
        };
        let (page, total) =
            futures::future::try_join(pages::read(&source, asked, false), self.how_many()).await?;
        Ok(Page { total: Some(total), ..page })
    }

    pub async fn how_many(&self) -> Result<u64, StoreError> {
        pages::count(self.store, self.tenant, PROJECT).await
    }
}
