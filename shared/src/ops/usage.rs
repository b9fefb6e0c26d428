//! What workflows post of their model calls.
//!
//! Its one rule: of an execution that was metered from pushed data too, the more complete account counts.

use std::sync::Arc;

use futures::future::try_join;

use super::{
    act::{Act, Refused},
    again::Again,
};
use crate::{
    domain::{
        installation::Installation,
        money::Money,
        usage::{Source, Usage},
    },
    error::{Error, LogFailure, Result},
    ids::Nid,
    metering::{Beside, Call, price},
    repo::usage::LEDGER,
    store::Write,
};

/// A model call to record.
#[derive(Debug)]
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

/// Prices a call and records it.
pub async fn record(act: &Act, new: NewUsage) -> Result<Recorded> {
    let metering = act.metering();
    let nid = async {
        Ok::<_, Error>(match &new.installation {
            Some(installation) => Some(act.installed().node(installation.id, &new.workflow_id, None).await?),
            None => None,
        })
    };
    // Neither costs a call once this instance has met workflow and organization.
    let (nid, money) = try_join(nid, metering.settled()).await?;
    let recorded = Recorded { usage: priced(act, &money, new)?, nid };
    metering.meet(&money, !recorded.usage.model_found).await;
    let beside = metering.beside(&money, &recorded.usage)?;
    store(act, &recorded, &beside).await?;
    metering.remember(beside);
    Ok(recorded)
}

async fn store(act: &Act, recorded: &Recorded, beside: &Beside) -> Result<()> {
    let usage = &recorded.usage;
    let log = act.repos().usage(&usage.workflow_id);
    let with = |writes: Vec<Write>| writes.into_iter().chain(beside.writes.clone()).collect();
    match act.commit(with(log.post(usage)?), recorded).await {
        // The execution was metered from pushed data: the more complete account counts.
        Err(Refused::Write(LEDGER, _)) => {}
        committed => return Ok(committed?),
    }
    let mut again = Again::new(&act.app, "the records of an execution");
    loop {
        let step = log.post_late(usage).await?;
        match act.commit(with(step.writes), recorded).await {
            Ok(()) if step.more => {
                // The record stands. Until all have changed sides, what counted before goes on to count.
                let settled = act.metering().settle(&usage.workflow_id, &usage.execution_id).await;
                settled.log_failure("an execution's posted and pushed usage was not settled");
                return Ok(());
            }
            Ok(()) => return Ok(()),
            Err(refused) => again.after(refused).await?,
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
        group_id: new.installation.map(|installation| installation.group_id),
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
    })
}
