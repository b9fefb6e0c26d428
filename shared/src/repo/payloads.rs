//! Custom payloads.
//!
//! "The newest" → the tenant's partition backwards. "The newest with this status" → index `gsi1`, one partition per
//! status.

use super::subjects::{Departed, Listed, Stored, Subjects};
use crate::{
    domain::{payload::Payload, review::AutomationStatus, subject::ExecutionFilter},
    ids::{GroupId, Id},
    store::{StoreError, Write},
    tenant::TenantId,
};

/// The payloads of one tenant.
pub type Payloads<'a> = Subjects<'a, Payload>;

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub task_type: Option<String>,
    pub automation_status: Option<AutomationStatus>,
    pub human_interaction: Option<bool>,
    pub group_id: Option<GroupId>,
    /// Folded text, looked for in title and task type.
    pub search: Option<String>,
    pub execution_state: Option<ExecutionFilter>,
}

impl Filter {
    fn matches(&self, payload: &Payload) -> bool {
        self.task_type.as_ref().is_none_or(|wanted| *wanted == payload.task_type)
            && self.automation_status.is_none_or(|wanted| wanted == payload.subject.review.automation_status)
            && self.human_interaction.is_none_or(|wanted| wanted == payload.subject.review.human_interaction)
            && self.group_id.is_none_or(|wanted| wanted == payload.subject.group_id)
            && self.search.as_ref().is_none_or(|text| payload.matches(text))
            && self.execution_state.is_none_or(|wanted| wanted.matches(&payload.subject))
    }
}

impl Stored for Payload {
    type Departed = Departed<Self>;
    const HEAVY: &'static [&'static str] = &["body"];
    // So small that what else is in the item fills its first kilobyte.
    const HEAVY_FROM: usize = 300;

    fn gsi1(&self) -> Option<String> {
        Some(status_partition(self.subject.review.automation_status))
    }

    fn around(_: TenantId, _: Option<&Self>, _: Option<&Self>) -> Result<Vec<Write>, StoreError> {
        Ok(Vec::new())
    }
}

impl Payloads<'_> {
    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Payload>, StoreError> {
        let query = match filter.automation_status {
            Some(status) => self.newest_in(&status_partition(status), before),
            None => self.newest(before),
        };
        self.scan(query, limit, |payload| filter.matches(payload)).await
    }
}

fn status_partition(status: AutomationStatus) -> String {
    format!("payloads#{}", status.as_str())
}
