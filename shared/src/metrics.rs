//! What is counted: one line for each request, task, resume attempt and tick, with what it cost and whom.
//!
//! Its one rule: everything that an operator draws curves of is said here, in numbers. On a laptop a line is a line of the
//! log; in AWS `lambda::emf` makes metrics of it. A tenant is a field and never a dimension: a curve for each would cost
//! more than the tenant's work.

use std::time::Duration;

use http::Method;

use crate::{ids::Id, store::meter::Reading, tenant::TenantId};

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
#[derive(Debug)]
pub struct Worked<'a> {
    /// The request that caused the work.
    pub id: &'a str,
    pub kind: &'static str,
    /// None where the message names none.
    pub tenant: Option<TenantId>,
    pub took: Duration,
    pub spent: &'a Reading,
    /// It comes again, through no fault of its own.
    pub retried: bool,
    /// It can never be done.
    pub hopeless: bool,
}

impl Worked<'_> {
    pub fn log(&self) {
        tracing::info!(
            id = self.id,
            kind = self.kind,
            tenant = self.tenant.map(|tenant| tenant.0),
            ms = milliseconds(self.took),
            read_units = self.spent.read_units,
            write_units = self.spent.write_units,
            round_trips = self.spent.round_trips,
            retried = u8::from(self.retried),
            hopeless = u8::from(self.hopeless),
            "worked"
        );
    }
}

/// How an attempt to tell n8n of a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// n8n knows.
    Told,
    /// It never will.
    Lost,
    /// There is nobody to tell, or nothing that can be told.
    Over,
    PutOff,
}

/// An attempt to tell n8n of a decision.
#[derive(Debug)]
pub struct Resumed<'a> {
    pub tenant: TenantId,
    pub kind: &'static str,
    pub entity: &'a str,
    /// What the entity says of it.
    pub state: &'static str,
    pub why: Option<&'a str>,
    pub telling: Telling,
}

impl Resumed<'_> {
    pub fn log(&self) {
        tracing::info!(
            tenant = self.tenant.0,
            kind = self.kind,
            entity = self.entity,
            state = self.state,
            why = self.why,
            resumes_told = u8::from(self.telling == Telling::Told),
            resumes_lost = u8::from(self.telling == Telling::Lost),
            resumes_put_off = u8::from(self.telling == Telling::PutOff),
            "resume attempt ended"
        );
    }
}

/// The stored records that a list could not read: one line for all of them.
#[derive(Debug)]
pub struct Unreadable {
    tenant: TenantId,
    found: usize,
    first: Vec<String>,
}

impl Unreadable {
    /// Records named in the line. They are read with the ids of a few; that there are more it says as well.
    const NAMED: usize = 10;

    pub fn of(tenant: TenantId) -> Self {
        Self { tenant, found: 0, first: Vec::new() }
    }

    pub fn add(&mut self, id: Id, why: &str) {
        self.found += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(format!("{id}: {}", kind_of(why)));
        }
    }

    /// Nothing where all could be read.
    pub fn log(&self) {
        if self.found > 0 {
            let records = self.first.join("; ");
            tracing::warn!(
                tenant = self.tenant.0,
                records,
                unreadable = self.found,
                "stored records cannot be read"
            );
        }
    }
}

/// What is wrong with a record, without anything that stands in it: serde's messages quote values.
fn kind_of(why: &str) -> String {
    const KINDS: [&str; 6] = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
        "unknown field",
        "duplicate field",
    ];
    // A field's name is the code's own.
    if let Some((_, rest)) = why.split_once("missing field `")
        && let Some((name, _)) = rest.split_once('`')
    {
        return format!("missing field {name}");
    }
    KINDS.into_iter().find(|kind| why.contains(kind)).unwrap_or("cannot be read").to_owned()
}

/// A call that the key service refused, or did not answer, however often it was tried.
pub fn key_service_failed(why: &str) {
    tracing::warn!(why, key_errors = 1, "the key service did not do what it was asked for");
}

/// A tick or a sweep.
#[derive(Debug)]
pub struct Ticked {
    pub sweep: bool,
    /// Debts found.
    pub due: usize,
    /// Messages sent for them.
    pub sent: usize,
    /// Shards that were not read to the end in time.
    pub lagging: usize,
    /// How long the debt has waited that has waited longest.
    pub oldest: Duration,
}

impl Ticked {
    pub fn log(&self) {
        tracing::info!(
            sweep = self.sweep,
            ticks = u8::from(!self.sweep),
            sweeps = u8::from(self.sweep),
            due = self.due,
            sent = self.sent,
            lagging = self.lagging,
            oldest_due_seconds = self.oldest.as_secs(),
            "ticked"
        );
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_record_says_nothing_of_what_is_in_it() {
        for (why, kind) in [
            ("corrupt item: T#1#lead/42: missing field `v`", "missing field v"),
            ("corrupt item: T#1#lead/42: invalid type: string \"hunter2\", expected i64", "invalid type"),
            ("unknown variant `hunter2`, expected one of `a`, `b`", "unknown variant"),
            ("hunter2", "cannot be read"),
            ("missing field `", "cannot be read"),
        ] {
            assert_eq!(kind_of(why), kind);
        }
    }
}
