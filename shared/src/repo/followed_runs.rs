//! Runs. "How is this run doing?" → by id. An unfinished run owes its next poll.

use crate::{
    clock::Millis,
    domain::followed_run::FollowedRun,
    ids::FollowedRunId,
    queue::TaskKind,
    repo::due,
    store::{Cond, Key, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// The runs of one tenant.
#[derive(Clone, Copy)]
pub struct FollowedRuns<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl FollowedRuns<'_> {
    pub fn key(&self, id: FollowedRunId) -> Key {
        Key::of(self.tenant, &format!("run#{id}"), "-")
    }

    pub async fn get(&self, id: FollowedRunId) -> Result<Option<FollowedRun>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    pub fn insert(&self, run: &FollowedRun, poll_at: Option<Millis>) -> Result<Write, StoreError> {
        Ok(self.put(run, poll_at)?.when(Cond::Absent))
    }

    /// Replaces the run: `run.v` is one more than the stored version.
    pub fn replace(&self, run: &FollowedRun, poll_at: Option<Millis>) -> Result<Write, StoreError> {
        Ok(self.put(run, poll_at)?.when(Cond::version(run.v - 1)))
    }

    fn put(&self, run: &FollowedRun, poll_at: Option<Millis>) -> Result<Write, StoreError> {
        let key = self.key(run.id);
        let mut attrs = encode(run)?;
        due::owe(&mut attrs, &key, poll_at.map(|at| (TaskKind::PollExecution, at)));
        Ok(Write::put(key, attrs))
    }
}
