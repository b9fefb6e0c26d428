//! Prices records of usage anew, a page of a workflow's records a step.
//!
//! Its one rule: a record and the sums that it is in change together, and only if it still costs what it cost when it was
//! read; so posts may come in, and two messages may be at it, while the sums stay exact.

use serde::{Deserialize, Serialize};

use super::budgets;
use crate::{
    app::App,
    clock::Millis,
    domain::{
        chore::{Chore, SETTLED, Step},
        money::Money,
        usage::Usage,
    },
    error::{Error, Result},
    json,
    metering::{Call, price, repriced},
    pricing::{PRICE_VERSION, Tokens},
    store::{self, StoreError},
    tenant::TenantId,
};

/// Records of a step.
const PAGE: usize = 100;
/// Records of a transaction: each may be in two sums of its own, and a transaction holds 100 writes.
const TOGETHER: usize = 20;
/// A process with an older table looks after so long whether one with the newer has done its work.
const LATER: std::time::Duration = std::time::Duration::from_secs(300);

/// How far it is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct At {
    workflow: String,
    /// Where the last page ended.
    #[serde(default)]
    after: Option<String>,
    /// The workflow is done.
    #[serde(default)]
    done: bool,
}

pub async fn step(
    app: &App,
    tenant: TenantId,
    chore: &Chore,
    from: Option<Millis>,
    version: &str,
) -> Result<Step> {
    let settled = chore.created_at.plus(SETTLED);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    let money = app.repos(tenant).settled().load().await?;
    if money.is_older(PRICE_VERSION, version) {
        return Ok(Step::Wait(app.now().plus(LATER)));
    }
    let at = chore.cursor.as_deref().map(json::stored::<At>).transpose();
    let at = at.map_err(|error| Error::internal(format!("a chore cannot go on: {error}")))?;
    let next = match at {
        Some(at) if !at.done => page(app, tenant, &money, from, at).await?,
        at => {
            let behind = at.map(|at| at.workflow);
            let Some(workflow) = next_workflow(app, tenant, &money, from, behind.as_deref()).await? else {
                forget(app, tenant).await?;
                budgets::step(app, tenant, app.now()).await?;
                return Ok(Step::Done);
            };
            At { workflow, ..At::default() }
        }
    };
    Ok(Step::More(Some(serde_json::to_string(&next).map_err(|error| Error::internal(error.to_string()))?)))
}

/// Of all that used tokens, or of those that have records without a price for which there is one now.
async fn next_workflow(
    app: &App,
    tenant: TenantId,
    money: &Money,
    from: Option<Millis>,
    behind: Option<&str>,
) -> Result<Option<String>> {
    if from.is_some() {
        return Ok(app.repos(tenant).usage_workflows().next(behind).await?);
    }
    let mut waiting = Vec::new();
    for model in app.repos(tenant).unpriced().all().await? {
        let call = Call::one(model.model_id.clone(), Tokens::default());
        if model.records() > 0 && price(money, &call, app.now())?.found {
            waiting.push(model.workflow_id);
        }
    }
    Ok(waiting.into_iter().filter(|workflow| behind.is_none_or(|behind| workflow.as_str() > behind)).min())
}

async fn page(app: &App, tenant: TenantId, money: &Money, from: Option<Millis>, at: At) -> Result<At> {
    let log = app.repos(tenant).usage(&at.workflow);
    let (records, next) = log.page(at.after.as_deref(), PAGE).await?;
    let mut changes: Vec<(Usage, Usage)> = Vec::new();
    for usage in records {
        let meant = match from {
            Some(from) => usage.priced_at() >= from,
            None => !usage.model_found,
        };
        if !meant {
            continue;
        }
        let anew = repriced(money, &usage)?;
        let same = (anew.input_pico, anew.output_pico, anew.model_found)
            == (usage.input_pico, usage.output_pico, usage.model_found);
        if !same {
            changes.push((usage, anew));
        }
    }
    for together in changes.chunks(TOGETHER) {
        match store::apply(&*app.store, log.reprice(together)).await {
            Ok(()) => {}
            // One of them was changed meanwhile: the page once more.
            Err(StoreError::Canceled(_) | StoreError::ConditionFailed(_)) => return Ok(at),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(At { done: next.is_none(), after: next, workflow: at.workflow })
}

/// Forgets the models of which nothing is without a price any more, whoever has priced it.
async fn forget(app: &App, tenant: TenantId) -> Result<()> {
    let unpriced = app.repos(tenant).unpriced();
    for model in unpriced.all().await? {
        if model.records() != 0 {
            continue;
        }
        match store::apply(&*app.store, unpriced.forget(&model)).await {
            Ok(()) | Err(StoreError::Canceled(_) | StoreError::ConditionFailed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
