//! Runs. "How is this run doing?" → by id. An unfinished run owes its next poll.

use crate::{
    clock::Millis,
    domain::followed_run::FollowedRun,
    ids::FollowedRunId,
    queue::TaskKind,
    repo::{
        entity::{Entity, Place},
        table::Table,
    },
    store::{Label, StoreError, Write},
};

/// The runs of one tenant.
pub type FollowedRuns<'a> = Table<'a, FollowedRun>;

impl Entity for FollowedRun {
    type Id = FollowedRunId;
    const KIND: Label = "run";
    const TASK: Option<TaskKind> = Some(TaskKind::PollExecution);

    fn place(id: &FollowedRunId) -> Place {
        Place::alone(format!("run#{id}"))
    }

    fn id(&self) -> FollowedRunId {
        self.id
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl FollowedRuns<'_> {
    pub fn insert(&self, run: &FollowedRun, poll_at: Option<Millis>) -> Result<Write, StoreError> {
        self.owing(poll_at).put_new(run)
    }

    /// Replaces the run: `run.v` is one more than the stored version.
    pub fn replace(&self, run: &FollowedRun, poll_at: Option<Millis>) -> Result<Write, StoreError> {
        self.owing(poll_at).put_next(run)
    }
}
