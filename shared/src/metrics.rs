//! What is counted: one line for each request, task, resume attempt and tick, with what it cost and whom.
//!
//! Its one rule: everything that an operator draws curves of is said here, in numbers. On a laptop a line is a line of the
//! log; in AWS `lambda::emf` makes metrics of it. A tenant is a field and never a dimension: a curve for each would cost
//! more than the tenant's work.

use std::time::Duration;

use http::Method;

use crate::{
    domain::review::{EntityType, ResumeState},
    ids::Id,
    n8n::resume::Ending,
    queue::Task,
    store::meter::Reading,
    tenant::TenantId,
    work::{Handled, due::Report},
};

/// A request that was answered.
#[derive(Debug)]
pub struct Answered<'a> {
    pub id: &'a str,
    pub method: &'a Method,
    /// The pattern, not the path: ids and tokens in paths stay out of the log.
    pub route: &'a str,
    /// None where no credential was good.
    pub tenant: Option<TenantId>,
    pub status: u16,
    pub took: Duration,
    pub spent: Reading,
}

impl Answered<'_> {
    pub fn log(&self) {
        tracing::info!(
            id = self.id,
            method = self.method.as_str(),
            route = self.route,
            tenant = self.tenant.map(|tenant| tenant.0),
            status = self.status,
            ms = milliseconds(self.took),
            read_units = self.spent.read_units,
            write_units = self.spent.write_units,
            round_trips = self.spent.round_trips,
            errors = u8::from(self.status >= 500),
            throttled = u8::from(self.status == 429),
            "answered"
        );
    }
}

/// A message that was worked on.
pub fn worked(task: &Task, outcome: &Handled, took: Duration, spent: &Reading) {
    tracing::info!(
        id = %task.request_id,
        kind = task.task.as_str(),
        tenant = task.tenant().ok().map(|tenant| tenant.0),
        ms = milliseconds(took),
        read_units = spent.read_units,
        write_units = spent.write_units,
        round_trips = spent.round_trips,
        retried = u8::from(matches!(outcome, Handled::Retry(_))),
        hopeless = u8::from(matches!(outcome, Handled::Fail(_))),
        "worked"
    );
}

/// An attempt to tell n8n of a decision.
pub fn resumed(tenant: TenantId, kind: EntityType, entity: &str, ending: &Ending) {
    let told = |state: &ResumeState| matches!(state, ResumeState::Resumed);
    let lost = |state: &ResumeState| matches!(state, ResumeState::Failed);
    let (state, why) = match ending {
        Ending::Settled(state, why) => (Some(state), why.as_deref()),
        Ending::Later(later) => (None, Some(later.why.as_str())),
        // Whoever has the debt now tells of it.
        Ending::Lost => return,
    };
    tracing::info!(
        tenant = tenant.0,
        kind = kind.as_str(),
        entity,
        state = state.map_or("later", |state| state.as_str()),
        why,
        resumes_told = u8::from(state.is_some_and(told)),
        resumes_lost = u8::from(state.is_some_and(lost)),
        resumes_put_off = u8::from(state.is_none()),
        "resume attempt ended"
    );
}

/// A stored record that a list could not read.
pub fn unreadable(tenant: TenantId, id: Id, why: &str) {
    tracing::error!(tenant = tenant.0, record = %id, why, unreadable = 1, "a stored record cannot be read");
}

/// A tick or a sweep.
pub fn ticked(report: &Report, sweep: bool) {
    tracing::info!(
        sweep,
        due = report.due,
        sent = report.sent,
        lagging = report.lagging,
        oldest_due_seconds = report.oldest.as_secs(),
        "ticked"
    );
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
