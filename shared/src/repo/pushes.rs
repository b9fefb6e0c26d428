//! The history of pushed executions. "What was pushed for this workflow?" → one partition per workflow node, by
//! execution; the newest is on the workflow node itself.

use crate::{
    domain::execution::PushedExecution,
    ids::Nid,
    store::{Item, Key, Query, Store, StoreError, Write, encode, segment},
    tenant::TenantId,
};

/// The pushes of one tenant.
#[derive(Clone, Copy)]
pub struct Pushes<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Pushes<'_> {
    /// Remembers a push; a later push of the same execution takes its place.
    pub fn put(&self, nid: Nid, push: &PushedExecution) -> Result<Write, StoreError> {
        Ok(Write::put(self.key(nid, &push.snapshot.execution_id), encode(push)?))
    }

    pub async fn get(&self, nid: Nid, execution_id: &str) -> Result<Option<PushedExecution>, StoreError> {
        self.store.get(&self.key(nid, execution_id)).await?.map(|item| item.decode()).transpose()
    }

    /// The pushes of a workflow, up to a thousand.
    pub async fn of_workflow(&self, nid: Nid) -> Result<Vec<PushedExecution>, StoreError> {
        let page = self.store.query(&Query::table(self.partition(nid)).limit(1000)).await?;
        page.items.iter().map(Item::decode).collect()
    }

    /// Up to `limit` of the pushes of a workflow, as they stand under their keys.
    pub async fn some_of(&self, nid: Nid, limit: usize) -> Result<Vec<Item>, StoreError> {
        Ok(self.store.query(&Query::table(self.partition(nid)).limit(limit)).await?.items)
    }

    fn key(&self, nid: Nid, execution_id: &str) -> Key {
        Key::of(self.tenant, &format!("push#{nid}"), format!("{:0>20}", segment(execution_id)))
    }

    fn partition(&self, nid: Nid) -> String {
        Key::partition(self.tenant, &format!("push#{nid}"))
    }
}
