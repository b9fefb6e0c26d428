//! N8nWorkflow nodes: the n8n workflows that Baton knows, each with the integer `nid` that document 000 uses.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::followed_run::Snapshot;
use crate::{
    clock::Millis,
    ids::{EntityId, FollowedRunId, Id, InstallationId, Nid},
    tenant::TenantId,
};

/// One n8n workflow of one installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct N8nWorkflow {
    pub nid: Nid,
    pub installation_id: InstallationId,
    /// n8n's own id, a string.
    pub workflow_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub created_at: Millis,
    /// The newest run that Baton follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<FollowedRef>,
    pub v: u64,
}

/// The newest execution of a workflow that Baton knows of, from a push or from polling n8n. Apart from the workflow, which
/// stands in an index: it changes with every execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    pub snapshot: Snapshot,
    pub v: u64,
}

/// A followed run, as its workflow remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedRef {
    pub id: FollowedRunId,
    pub triggered_at: Millis,
}

/// The `nid` of a workflow: derived, not allotted, so that every write which mentions a workflow knows its `nid` without
/// a read, and two first sights of it at the same moment agree. 53 bits: among 100,000 workflows of a tenant two clash
/// with a probability of 6 in 10 million, and the clash is refused, not mixed up (see `repo::n8n_workflows`).
pub fn nid(tenant: TenantId, installation: InstallationId, workflow_id: &str) -> Nid {
    let digest = Sha256::digest(format!("{tenant}/{installation}/{workflow_id}").as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    let value = u64::from_be_bytes(bytes) >> 11;
    Nid::of(Id::from_u64(value.max(1)).unwrap_or_else(|| Id::new(Millis(i64::MAX), 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nid_depends_on_tenant_installation_and_workflow() {
        let at = |t, i, w| nid(TenantId(t), InstallationId::from_u64(i).unwrap(), w);
        assert_eq!(at(1, 2, "a"), at(1, 2, "a"));
        assert_ne!(at(1, 2, "a"), at(2, 2, "a"));
        assert_ne!(at(1, 2, "a"), at(1, 3, "a"));
        assert_ne!(at(1, 2, "a"), at(1, 2, "b"));
    }
}
