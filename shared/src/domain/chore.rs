//! Work that nobody waits for: tidying up after a request that has been answered.
//!
//! Its one rule: every step can be repeated. A chore may be worked on twice at once, or again after its process died.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    ids::{ChoreId, CollectionId, FieldId, FileId, GroupId, InstallationId, MediaId, StatusId},
};

/// After this time no request is under way any more that saw things as they were before: API Gateway gives up after 30
/// seconds.
pub const SETTLED: Duration = Duration::from_secs(60);

/// One chore, from its request to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chore {
    pub id: ChoreId,
    pub what: What,
    /// How far it is, in words of its own kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Attempts in a row that failed.
    #[serde(default)]
    pub failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub created_at: Millis,
    pub v: u64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Delete every item of one of the tenant's partitions (named without the tenant).
    Purge { partition: String },
    /// Take every media item out of a collection that was deleted.
    UnfileMedia { collection_id: CollectionId },
    /// Ask the provider of a video for what its address does not tell.
    EnrichMedia { media_id: MediaId },
    /// Give the leads of a deleted status to its heir, which the pipeline names.
    MoveLeads { from: StatusId },
    /// Erase the values of a deleted custom field.
    ForgetField { field_id: FieldId },
    /// Delete what is known of the workflows of a deleted installation.
    ForgetInstallation { installation_id: InstallationId },
    /// Move what lies in a client group that is being deleted to the one that it names.
    MoveGroup { group_id: GroupId },
    /// List by client group what was there when the organization got its second one.
    ListByGroup,
    /// Hold every workflow against the rules of alerts, which have changed.
    WatchWorkflows,
    /// Drop an upload that no media item has taken.
    DropUpload { upload_id: FileId },
    /// Delete the body of a file that no media item has any more: at once, and what was uploaded again `until` then.
    DeleteFile {
        file_id: FileId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
    },
    /// Price records of usage anew: those since a moment, or those that had no price. `version` is the price table of
    /// whoever wished for it.
    Reprice { from: Option<Millis>, version: String },
    /// Look whether a threshold of a budget is reached.
    CheckBudgets,
    /// Hold what was posted of an execution against what was pushed of it: some of it may have come while the first push did.
    SettleUsage { workflow_id: String, execution_id: String },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Done,
    /// There is more to do, from here on.
    More(Option<String>),
    /// There may be more to do, but not before this time.
    Wait(Millis),
}

impl Chore {
    pub fn new(id: ChoreId, what: What, now: Millis) -> Self {
        Self { id, what, cursor: None, failures: 0, last_error: None, created_at: now, v: 1 }
    }

    /// When to try again after a failure: ten seconds, doubling to an hour.
    pub fn pause(&self) -> Duration {
        Duration::from_secs(10 << self.failures.saturating_sub(1).min(9)).min(Duration::from_secs(3600))
    }
}
