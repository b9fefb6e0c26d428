//! Deletes what is known of the workflows of a deleted installation: the nodes, their newest executions, what was pushed,
//! whose webhook a path was, and the credential that was kept in that n8n. What workflows posted stays, and so does what
//! they cost.
//!
//! Its one rule: it begins when nothing can be under way any more that still knows the installation.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::purge;
use crate::{
    app::App,
    blobs::BlobKey,
    clock::Millis,
    domain::{
        chore::{Chore, Step},
        execution::PushedExecution,
    },
    error::Result,
    ids::{EntityId, InstallationId, Nid},
    repo::{listing, n8n_workflows::N8nWorkflows, orgs},
    store::{self, Item, Write},
    tenant::TenantId,
};

/// A listing of workflows may take ninety seconds, and half a minute later nobody believes any more that it is there.
const SETTLED: Duration = Duration::from_secs(120);
/// Workflows of a step, and pushes of one of them.
const WORKFLOWS: usize = 20;
const PUSHES: usize = 100;
/// Deletions under way at once.
const AT_ONCE: usize = 8;

pub async fn step(app: &App, tenant: TenantId, chore: &Chore, installation: InstallationId) -> Result<Step> {
    let settled = chore.created_at.plus(SETTLED);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    let workflows = app.repos(tenant).n8n_workflows();
    let nodes = workflows.some_of(installation, WORKFLOWS).await?;
    if !nodes.is_empty() {
        for node in nodes {
            forget_node(app, &workflows, &node).await?;
        }
        // Each step starts at the front: what was there is gone.
        return Ok(Step::More(None));
    }
    end_credential(app, tenant, installation, app.now()).await?;
    purge::step(app, tenant, &N8nWorkflows::webhooks_of(installation)).await
}

/// The nodes behind the pushes: whoever dies in between finds the node again.
async fn forget_node(app: &App, workflows: &N8nWorkflows<'_>, node: &Item) -> Result<()> {
    if let Some(nid) = listing::id_of(&node.key).map(Nid::of) {
        let pushes = app.repos(workflows.tenant).pushes();
        loop {
            let some = pushes.some_of(nid, PUSHES).await?;
            if some.is_empty() {
                break;
            }
            stream::iter(some)
                .map(|push| forget_push(app, workflows.tenant, push))
                .buffer_unordered(AT_ONCE)
                .try_for_each(|()| async { Ok(()) })
                .await?;
        }
    }
    if let Some(nid) = listing::id_of(&node.key).map(Nid::of) {
        let alerts = app.repos(workflows.tenant).alerts();
        if let Some(known) = alerts.vitals(nid).await? {
            store::apply(&*app.store, alerts.forget(&known.item)).await?;
        }
    }
    for write in workflows.delete(node) {
        app.store.write(write).await?;
    }
    Ok(())
}

/// The body before the row that names it.
async fn forget_push(app: &App, tenant: TenantId, push: Item) -> Result<()> {
    if let Ok(PushedExecution { snapshot, .. }) = push.decode::<PushedExecution>()
        && let Some(blob) = snapshot.blob
    {
        app.blobs.delete(&BlobKey::of(tenant, &blob.file)).await?;
    }
    app.store.write(Write::delete(push.key)).await?;
    Ok(())
}

/// One that was made by a request which did not know yet that the installation was deleted.
async fn end_credential(
    app: &App,
    tenant: TenantId,
    installation: InstallationId,
    now: Millis,
) -> Result<()> {
    let credentials = app.repos(tenant).n8n_credentials();
    let Some(credential) = credentials.get(installation).await? else { return Ok(()) };
    let ended = credential.key.as_ref().map(|key| orgs::end_key(key, now));
    let writes = ended.into_iter().chain([credentials.delete(installation)]).collect();
    Ok(store::apply(&*app.store, writes).await?)
}
