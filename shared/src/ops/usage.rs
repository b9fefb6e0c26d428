//! What workflows post of their model calls, and what they have used.
//!
//! Its one rule: of an execution that was metered from pushed data too, the more complete account counts.

use std::sync::Arc;

use futures::future::try_join3;

use super::{act::Act, again::Again};
use crate::{
    app::App,
    clock::Millis,
    domain::{
        installation::Installation,
        keep,
        money::Money,
        usage::{Source, Totals, Usage},
    },
    error::{Error, LogFailure, OrNotFound, Result},
    ids::{Id, Nid},
    metering::{Beside, Call, price},
    repo::{
        listing::Listed,
        usage::{Filter, ModelTotals},
    },
    store::{self, Write},
    tenant::TenantId,
};

/// A model call to record.
#[derive(Debug, Clone)]
pub struct NewUsage {
    pub workflow_id: String,
    pub execution_id: String,
    pub installation: Option<Arc<Installation>>,
    /// The node that made the call.
    pub node_id: Option<String>,
    pub call: Call,
}

/// A recorded call.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub usage: Usage,
    /// Id of the workflow node, when the installation is known.
    pub nid: Option<Nid>,
}

/// Which records of a workflow to add up.
#[derive(Debug, Clone)]
pub enum Span {
    All,
    /// Those of one execution, by n8n's id.
    Execution(String),
    /// Those of the days (UTC) that these moments lie in, and of those between them.
    Days {
        from: Option<Millis>,
        to: Option<Millis>,
    },
}

/// What a workflow used.
#[derive(Debug)]
pub struct Used {
    pub all: Totals,
    pub by_model: Vec<ModelTotals>,
}

/// Adds up what a workflow used, perhaps of one model only: at any volume one small read. Fails where nobody knows the workflow.
pub async fn sums(act: &Act, workflow_id: &str, span: &Span, model: Option<&str>) -> Result<Used> {
    let log = act.repos().usage(workflow_id);
    let from = match span {
        Span::Days { from: Some(from), .. } => *from,
        _ => Millis(0),
    };
    // Days to come hold nothing, and a range that runs backwards is no range.
    let to = match span {
        Span::Days { to: Some(to), .. } => (*to).max(from),
        _ => act.now.max(from),
    };
    let mut by_model = match span {
        Span::Execution(execution) => log.execution_totals(execution).await?,
        Span::All => log.totals().await?,
        Span::Days { .. } => log.totals_between(from, to).await?,
    };
    by_model.retain(|sums| model.is_none_or(|wanted| sums.model_id == wanted));
    if by_model.is_empty() {
        known(act, workflow_id).await?;
    }
    let all = by_model.iter().fold(Totals::default(), |sum, model| sum.plus(model.totals));
    if all.unpriced > 0 {
        // Whoever posts nothing any more still looks, and a new table may know the price.
        let metering = act.metering();
        metering.meet(&*metering.settled().await?, true).await;
    }
    Ok(Used { all, by_model })
}

/// Lists the records of a workflow, newest first: so many that lie behind `before`. Fails where nobody knows the workflow.
pub async fn records(
    act: &Act,
    workflow_id: &str,
    filter: &Filter,
    limit: usize,
    before: Option<Id>,
) -> Result<Listed<Usage>> {
    let found = act.repos().usage(workflow_id).list(filter, limit, before).await?;
    if found.is_empty() {
        known(act, workflow_id).await?;
    }
    Ok(found)
}

/// A workflow that the tenant has and that used nothing yet has nothing; one that nobody knows is not there, and for who is bound
/// to client groups none that has no record and no installation in them.
async fn known(act: &Act, workflow_id: &str) -> Result<()> {
    let log = act.repos().usage(workflow_id);
    if log.totals().await?.is_empty() {
        act.installed().having(workflow_id).await?.first().or_not_found("workflow")?;
    }
    Ok(())
}

/// Prices a call and records it.
pub async fn record(act: &Act, new: NewUsage) -> Result<Recorded> {
    let metering = act.metering();
    let nid = async {
        Ok::<_, Error>(match &new.installation {
            Some(installation) => Some(act.installed().node(installation.id, &new.workflow_id, None).await?),
            None => None,
        })
    };
    let log = act.repos().usage(&new.workflow_id);
    let metered = async { Ok(log.is_metered(&new.execution_id).await?) };
    // Neither of the others costs a call once this instance has met workflow and organization.
    let (metered, nid, money) = try_join3(metered, nid, metering.settled()).await?;
    let recorded = Recorded { usage: priced(act, &money, new)?, nid };
    metering.meet(&money, !recorded.usage.model_found).await;
    let beside = metering.beside(&money, &recorded.usage)?;
    store(act, &recorded, &beside, metered).await?;
    metering.remember(beside);
    Ok(recorded)
}

async fn store(act: &Act, recorded: &Recorded, beside: &Beside, metered: bool) -> Result<()> {
    let usage = &recorded.usage;
    let log = act.repos().usage(&usage.workflow_id);
    let with = |writes: Vec<Write>| writes.into_iter().chain(beside.writes.clone()).collect();
    if !metered {
        return Ok(act.commit(with(log.post(usage)?), recorded).await?);
    }
    // The execution was metered from pushed data: the more complete account counts.
    let mut again = Again::new(&act.app, "the records of an execution");
    loop {
        let step = log.post_late(usage).await?;
        match act.commit(with(step.writes), recorded).await {
            Ok(()) if step.more => {
                // The record stands. Until all have changed sides, what counted before goes on to count.
                let settled = settle(&act.app, act.tenant, &usage.workflow_id, &usage.execution_id).await;
                settled.log_failure("an execution's posted and pushed usage was not settled");
                return Ok(());
            }
            Ok(()) => return Ok(()),
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// Lets records change sides until each counts or not as it is to: more of them do than one transaction holds.
pub async fn settle(app: &App, tenant: TenantId, workflow_id: &str, execution_id: &str) -> Result<()> {
    let log = app.repos(tenant).usage(workflow_id);
    let mut again = Again::new(app, "the usage of an execution");
    loop {
        let Some(writes) = log.settle(execution_id).await? else { return Ok(()) };
        match store::apply(&*app.store, writes).await {
            Ok(()) => {}
            // Another record was quicker.
            Err(error) => again.after(error).await?,
        }
    }
}

fn priced(act: &Act, money: &Money, new: NewUsage) -> Result<Usage> {
    let priced = price(money, &new.call, act.now)?;
    let tokens = new.call.tokens;
    Ok(Usage {
        id: act.app.id(),
        workflow_id: new.workflow_id,
        execution_id: new.execution_id,
        installation_id: new.installation.as_ref().map(|installation| installation.id),
        // What somebody posts who is bound to client groups is theirs, wherever it comes from.
        group_id: match new.installation {
            Some(installation) => Some(installation.group_id),
            None => (!act.reach.is_all()).then_some(act.group_id),
        },
        node_id: new.node_id,
        model_id: new.call.model,
        input_tokens: tokens.input,
        output_tokens: tokens.output,
        cached_input_tokens: tokens.cached_input,
        cache_write_tokens: tokens.cache_write,
        cache_write_1h_tokens: tokens.cache_write_1h,
        longest_input_tokens: None,
        input_pico: priced.input_pico,
        output_pico: priced.output_pico,
        model_found: priced.found,
        model_label: priced.label,
        price_version: priced.version,
        source: Source::Posted,
        estimated: false,
        started_at: None,
        of_push: None,
        outdone: false,
        recorded_at: act.now,
        called_at: None,
        ttl: keep::until(act.now, act.app.settings.keep.usage),
    })
}
