//! Pricing of model calls, for what workflows post and for what pushes hold.
//!
//! Its one rule: whoever records usage asks here what it costs, so that an organization's own prices, a new table and the
//! watch over its budgets hold for every record.

pub mod budgets;
mod records;

use std::{sync::Arc, time::Duration};

use futures::lock::MutexGuard;
pub use records::{MAX_RECORDS, records};

use crate::{
    app::App,
    clock::{self, Millis},
    domain::{
        chore::{Chore, What},
        money::Money,
        price,
        usage::Usage,
    },
    error::{Error, LogFailure, Result},
    ids::{ChoreId, EntityId, Id},
    pricing::{self, PRICE_VERSION, Rates, Tokens},
    repo::{chores::Chores, due::UNANNOUNCED, money::Settled, usage::shard},
    store::{self, StoreError, Write},
    tenant::TenantId,
};

/// One model call, or several of one model together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub model: String,
    pub tokens: Tokens,
    /// Input of the longest call: a long context moves a call, and not a sum of short ones, to another price.
    pub longest: u64,
}

impl Call {
    pub fn one(model: String, tokens: Tokens) -> Self {
        Self { model, longest: tokens.input, tokens }
    }
}

/// What it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub input_pico: i64,
    pub output_pico: i64,
    pub found: bool,
    pub label: String,
    /// Of the table, or of the organization's own price.
    pub version: String,
}

/// Prices a call as of `at`. An unknown model costs nothing until its price is known.
pub fn price(money: &Money, call: &Call, at: Millis) -> Result<Priced> {
    let day: String = clock::iso(at).chars().take(10).collect();
    let table = pricing::find(&call.model, at.0);
    let own = price::find(&money.prices, &call.model, &day, at);
    let cost = match (own, &table) {
        (Some(own), _) => own.rates.cost(&call.tokens),
        (None, Some(table)) => table.rates_for(call.longest).cost(&call.tokens),
        (None, None) => Rates::default().cost(&call.tokens),
    };
    let cost = cost.map_err(|error| Error::invalid("input_tokens", error.to_string()))?;
    Ok(Priced {
        input_pico: cost.input_pico,
        output_pico: cost.output_pico,
        found: own.is_some() || table.is_some(),
        label: table.map_or_else(|| call.model.clone(), |table| table.label.into_owned()),
        version: own.map_or_else(|| PRICE_VERSION.to_owned(), |own| own.version.clone()),
    })
}

/// The record as it is with the prices of now.
pub fn repriced(money: &Money, usage: &Usage) -> Result<Usage> {
    let longest = usage.longest_input_tokens.unwrap_or(usage.input_tokens);
    let call = Call { model: usage.model_id.clone(), tokens: usage.tokens(), longest };
    let priced = price(money, &call, usage.priced_at())?;
    Ok(Usage {
        input_pico: priced.input_pico,
        output_pico: priced.output_pico,
        model_found: priced.found,
        model_label: priced.label,
        price_version: priced.version,
        ..usage.clone()
    })
}

/// What an organization has settled is believed for this long. Chores that prices and budgets cause begin later.
const BELIEVED: Duration = Duration::from_secs(60);
/// A workflow that was noted is not noted again by this instance for so long.
const NOTED: Duration = Duration::from_secs(24 * 3600);
/// Budgets are looked at in this rhythm while something is spent. Each look comes so long after the records that it is for
/// that their transactions have ended, and that no message has to announce it.
pub const RHYTHM: Duration = Duration::from_secs(10);

/// When the records of `now` are looked at.
fn next_look(now: Millis) -> Millis {
    let rhythm = i64::try_from(RHYTHM.as_millis()).unwrap_or(i64::MAX);
    Millis((now.plus(UNANNOUNCED).0 / rhythm + 1) * rhythm)
}

/// When the first record may have come that is looked at then; the last one came within [`RHYTHM`] of it.
fn first_record(due: Millis) -> Millis {
    let before = i64::try_from((UNANNOUNCED + RHYTHM).as_millis()).unwrap_or(i64::MAX);
    Millis(due.0 - before)
}

/// Usage of one tenant.
#[derive(Clone, Copy)]
pub struct Metering<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
}

/// What is written beside a record; to be remembered once it stands.
#[derive(Debug, Default)]
pub struct Beside {
    pub writes: Vec<Write>,
    workflow: Option<String>,
    look: Option<Millis>,
}

impl Metering<'_> {
    /// Own prices and budgets, as they were within the last minute.
    pub async fn settled(&self) -> Result<Arc<Money>> {
        let stored = async { self.stored().load().await.map(Some) };
        let recent = &self.app.metering.settled;
        Ok(recent.or_read(self.tenant, self.app.moment(), BELIEVED, stored).await?.unwrap_or_default())
    }

    /// Waits until nobody else of this process changes what is settled. Others may: it spares attempts and guards nothing.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.app.metering.turn.lock().await
    }

    /// Forgets what was cached, because it was just changed here.
    pub fn forget(&self) {
        self.app.metering.settled.forget(&self.tenant);
    }

    fn stored(&self) -> Settled<'_> {
        self.app.repos(self.tenant).settled()
    }

    /// Owes the pricing of what had no price, the first time that this organization's usage, recorded or looked at, meets
    /// the table of this build. An organization that never had a record without a price (`unpriced`) needs none of this and
    /// pays nothing for it. It is no condition of anything: what fails here is done by the next instance.
    pub async fn meet(&self, money: &Money, unpriced: bool) {
        let first = money.met.is_empty();
        if money.has_met(PRICE_VERSION) || first && !unpriced {
            return;
        }
        let met = async {
            let mut next = money.clone();
            next.meet(PRICE_VERSION);
            next.v += 1;
            let mut writes = vec![self.stored().put_next(&next)?];
            if !first {
                let (chore, due) = self.chore(What::Reprice { from: None, version: PRICE_VERSION.into() });
                writes.push(self.chores().insert(&chore, due)?);
            }
            match store::apply(&*self.app.store, writes).await {
                // Somebody else was quicker, with this or with another change.
                Err(StoreError::Canceled(_) | StoreError::ConditionFailed(_)) => Ok(()),
                ended => ended,
            }
        };
        met.await.log_failure("a new price table was not noted");
        self.forget();
    }

    /// What belongs into the transaction of a record beside it: the workflow, when this instance has not met it, and a look
    /// at the budgets, when there are any.
    pub fn beside(&self, money: &Money, usage: &Usage) -> Result<Beside> {
        let (now, known) = (self.app.moment(), &self.app.metering);
        let mut beside = Beside::default();
        let workflow = (self.tenant, usage.workflow_id.clone());
        if known.workflows.get(&workflow, now).is_none() {
            let workflows = self.app.repos(self.tenant).usage_workflows();
            beside.writes.push(workflows.note(usage));
            beside.workflow = Some(workflow.1);
        }
        if !money.budgets.is_empty() {
            let due = next_look(now.now);
            if known.looks.get(&(self.tenant, due), now).is_none() {
                // The same for all records of these seconds on this shard, so that they owe one look together.
                let id = ChoreId::of(Id::new(due, u16::try_from(shard(usage)).unwrap_or(0)));
                let chore = Chore::new(id, What::CheckBudgets, first_record(due));
                beside.writes.push(self.chores().owe(&chore, due)?);
                beside.look = Some(due);
            }
        }
        Ok(beside)
    }

    /// The writes stand.
    pub fn remember(&self, beside: Beside) {
        let (now, known) = (self.app.moment(), &self.app.metering);
        if let Some(workflow) = beside.workflow {
            known.workflows.put((self.tenant, workflow), Arc::new(()), now, NOTED);
        }
        if let Some(due) = beside.look {
            known.looks.put((self.tenant, due), Arc::new(()), now, due.since(now.now));
        }
    }

    /// A chore that begins when every instance knows what was settled, and that no message has to announce.
    pub fn chore(&self, what: What) -> (Chore, Millis) {
        let now = self.app.now();
        (Chore::new(self.app.id(), what, now), now.plus(UNANNOUNCED))
    }

    pub fn chores(&self) -> Chores<'_> {
        self.app.repos(self.tenant).chores()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_comes_after_the_records_of_its_rhythm_and_knows_when_they_came() {
        for now in [1_795_305_600_000, 1_795_305_600_001, 1_795_305_629_999] {
            let (now, due) = (Millis(now), next_look(Millis(now)));
            assert!(due.since(now) > UNANNOUNCED && due.since(now) <= UNANNOUNCED + RHYTHM);
            let first = first_record(due);
            assert!(first <= now && now < first.plus(RHYTHM));
        }
    }
}
