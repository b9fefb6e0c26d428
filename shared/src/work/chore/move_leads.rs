//! Gives the leads of a deleted status to its heir, a page a step.
//!
//! Its one rule: the pipeline says which status is the heir, each time anew, because the heir may be deleted meanwhile.

use super::rewrite;
use crate::{
    app::App,
    domain::{
        chore::{SETTLED, Step},
        lead::Lead,
        lead_setup::LeadSetup,
    },
    error::Result,
    ids::StatusId,
    repo::{lead_setup::LeadSetups, leads::Filter},
    store::StoreError,
    tenant::TenantId,
};

/// Leads of a step.
const PAGE: usize = 100;

pub async fn step(app: &App, tenant: TenantId, from: StatusId) -> Result<Step> {
    let setups = app.repos(tenant).lead_setups();
    let setup = setups.load().await?;
    let Some(drain) = setup.draining.iter().find(|drain| drain.from == from) else {
        return Ok(Step::Done);
    };
    let leads = app.repos(tenant).leads().grouped(app.grouped(tenant).await?);
    let filter = Filter { status_ids: Some(vec![from]), ..Filter::default() };
    let page = leads.list(&filter, PAGE, None).await?;
    if !page.found.is_empty() {
        rewrite::all(app, &leads, page.found, |lead: &mut Lead| {
            if lead.status_id == from {
                lead.status_id = drain.to;
            }
        })
        .await?;
        return Ok(Step::More(None));
    }
    // A request that read the pipeline before the deletion may still put a lead there.
    let settled = drain.since.plus(SETTLED);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    finish(&setups, setup, from).await
}

/// Nothing lies under the status any more, and nothing will.
async fn finish(setups: &LeadSetups<'_>, mut setup: LeadSetup, from: StatusId) -> Result<Step> {
    setup.drained(from);
    setup.v += 1;
    match setups.store.write(setups.put_next(&setup)?).await {
        Ok(_) => Ok(Step::Done),
        // Somebody changed the pipeline at this moment: again, with what it is now.
        Err(StoreError::ConditionFailed(_)) => Ok(Step::More(None)),
        Err(error) => Err(error.into()),
    }
}
