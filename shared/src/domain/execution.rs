//! Pushed executions: one entry of the history that Baton keeps beside the newest.

use serde::{Deserialize, Serialize};

use super::followed_run::Snapshot;
use crate::ids::InstallationId;

/// One push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushedExecution {
    pub installation_id: InstallationId,
    pub workflow_id: String,
    /// Size of the stored body.
    pub bytes: u64,
    pub snapshot: Snapshot,
    /// The token usage in it was dealt with: metered, or left to what the workflow posted.
    #[serde(default)]
    pub metered: bool,
    /// When it may go: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

/// The documented name of a workflow's pushed data.
pub fn file_name(installation: InstallationId, workflow_id: &str) -> String {
    format!("{installation}-{workflow_id}.json")
}
