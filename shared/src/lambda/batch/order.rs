//! In which order a batch works on what its process may have died of.
//!
//! Its one rule: whoever is behind a message that kills comes once more, and the queue counts that. So a tenant that has several of
//! them is behind those that have one.

use std::collections::HashMap;

use super::Record;
use crate::tenant::TenantId;

/// Those first whose tenant has the fewest; else as they came.
pub(super) fn fewest_first(mut suspects: Vec<&Record>) -> Vec<&Record> {
    let mut of_tenant: HashMap<Option<TenantId>, usize> = HashMap::new();
    for record in &suspects {
        *of_tenant.entry(record.tenant()).or_default() += 1;
    }
    suspects.sort_by_cached_key(|record| of_tenant.get(&record.tenant()).copied());
    suspects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        queue::{Task, TaskKind},
        store::Key,
    };

    fn record(message_id: &str, tenant: u64) -> Record {
        let task = Task::new(TaskKind::ResumeN8n, &Key::of(TenantId(tenant), "payload", "1"), "test");
        Record {
            message_id: message_id.into(),
            receipt_handle: String::new(),
            body: serde_json::to_string(&task).unwrap(),
            attributes: super::super::Attributes::default(),
        }
    }

    #[test]
    fn a_tenant_whose_messages_kill_uses_up_nobody_elses_deliveries() {
        let all = [("a1", 1), ("b1", 2), ("a2", 1), ("a3", 1), ("c1", 3), ("b2", 2), ("d1", 4)];
        let all = all.map(|(id, tenant)| record(id, tenant));
        let sorted = fewest_first(all.iter().collect());
        let ids: Vec<_> = sorted.iter().map(|record| record.message_id.as_str()).collect();
        assert_eq!(ids, ["c1", "d1", "b1", "b2", "a1", "a2", "a3"]);
    }
}
