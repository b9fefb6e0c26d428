//! Learning an installation's workflows from n8n's API, when its key allows.

use std::{collections::HashMap, time::Duration};

use futures::future::{BoxFuture, FutureExt, try_join_all};
use url::Url;

use crate::{
    app::App,
    clock::Deadline,
    domain::{
        installation::{Installation, KeyState},
        n8n_workflow::{self, N8nWorkflow},
    },
    egress::OutError,
    error::{Error, LogFailure, OrNotFound, Result},
    ids::InstallationId,
    installed::Installed,
    n8n::{
        client::{N8nError, Turn, WorkflowRow},
        pages::Walk,
    },
    queue::{Task, TaskKind},
    repo::due,
    tenant::TenantId,
};

/// Workflows of a page: n8n reads each whole, with all its nodes, and a page of its largest size takes it seconds.
const PAGE: usize = 50;
/// Pages read of one n8n: ten thousand workflows.
const MAX_PAGES: usize = 200;
/// Workflows that are stored at the same time.
const SIDE_BY_SIDE: usize = 16;
/// For one page, where nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// For all of a listing that somebody's request waits for.
const HASTE: Duration = Duration::from_secs(3);
/// Installations that are looked through side by side for a workflow.
const LOOKED_AT: usize = 8;
/// Attempts before the listing waits for the next registration: about four days.
const MAX_ATTEMPTS: u32 = 100;

/// Lists the workflows now and stores how it went.
pub async fn run(
    app: &App,
    tenant: TenantId,
    installation: Installation,
    request_id: &str,
    turn: Turn,
) -> Result<()> {
    let installations = app.repos(tenant).installations();
    let mut after = installation.clone();
    let mut next = None;
    match list(app, tenant, &installation, turn).await {
        Ok((count, cut)) => {
            tracing::info!(installation = %installation.id, count, cut, "listed n8n's workflows");
            after.listing_error =
                cut.map(|why| format!("n8n's list of workflows was not read to its end: {why}"));
            after.listing_attempts = 0;
            after.seen_at = Some(app.now());
            after.learn_key(KeyState::Ok, app.now());
        }
        Err(error) => {
            tracing::info!(installation = %installation.id, %error, "n8n's workflows could not be listed");
            after.listing_attempts += 1;
            let again = !error.is_closed_api() && after.listing_attempts < MAX_ATTEMPTS;
            next = again.then(|| app.now().plus(pause(after.listing_attempts)));
            after.listing_error = Some(error.to_string());
            if matches!(error, N8nError::KeyRefused(401)) {
                after.learn_key(KeyState::Refused, app.now());
            }
        }
    }
    after.v += 1;
    let writes = installations.replace(&installation, &after, next)?;
    app.store.transact(writes).await?;
    Installed::new(app, tenant).forget(installation.id);
    if let Some(next) = next {
        app.hint(&Task::new(TaskKind::ListWorkflows, &installations.key(installation.id), request_id), next)
            .await;
    }
    Ok(())
}

/// Five seconds, doubling to an hour.
fn pause(attempts: u32) -> Duration {
    Duration::from_secs(5 << attempts.min(10)).min(Duration::from_secs(3600))
}

/// The workflow whose webhook an address is, after another look at n8n's list ([`look_again`]). None when it is not there, or
/// nobody may look now.
pub async fn find_webhook(
    app: &App,
    tenant: TenantId,
    installation: &Installation,
    endpoint: &Url,
    turn: Turn,
) -> Result<Option<N8nWorkflow>> {
    if installation.webhook_path(endpoint).is_none_or(|path| path.is_empty())
        || !look_again(app, tenant, installation, turn).await?
    {
        return Ok(None);
    }
    Installed::new(app, tenant).by_webhook(installation, endpoint).await
}

/// Whether one of these installations has a workflow, after another look at their lists ([`look_again`]), side by side and for as
/// long as one of them takes at the most.
pub async fn find_workflow(
    app: &App,
    tenant: TenantId,
    installations: &[Installation],
    workflow_id: &str,
    turn: Turn,
) -> Result<bool> {
    let turn = Turn { deadline: turn.deadline.min(Deadline::at(app.now().plus(HASTE))), ..turn };
    let workflows = app.repos(tenant).n8n_workflows();
    for some in installations.chunks(LOOKED_AT) {
        let looks = some.iter().map(|installation| look_again(app, tenant, installation, turn).boxed());
        try_join_all(looks.collect::<Vec<BoxFuture<'_, _>>>()).await?;
        for installation in some {
            if workflows.get(n8n_workflow::nid(tenant, installation.id, workflow_id)).await?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Looks through n8n's list once more because something was missed in it, at most once a minute. Returns false where the last such
/// look is less than a minute old. A list that cannot be read in time is read in the background, for the next one who asks.
pub async fn look_again(
    app: &App,
    tenant: TenantId,
    installation: &Installation,
    turn: Turn,
) -> Result<bool> {
    if !Installed::new(app, tenant).may_list(installation.id).await? {
        return Ok(false);
    }
    let turn = Turn { deadline: turn.deadline.min(Deadline::at(app.now().plus(HASTE))), ..turn };
    if let Err(error) = list(app, tenant, installation, turn).await {
        tracing::info!(installation = %installation.id, %error, "a missed workflow was not found in time");
        if !error.is_closed_api() {
            owe(app, tenant, installation.id).await.log_failure("a listing could not be owed");
        }
    }
    Ok(true)
}

/// Has the workflows listed in the background, unless that is owed already.
async fn owe(app: &App, tenant: TenantId, id: InstallationId) -> Result<()> {
    let installations = app.repos(tenant).installations();
    let key = installations.key(id);
    let owing = due::owing::<Installation>(&*app.store, &key).await?.or_not_found("installation")?;
    if owing.is_owed() {
        return Ok(());
    }
    let before = owing.item;
    let after = Installation { v: before.v + 1, listing_attempts: 0, ..before.clone() };
    let now = app.now();
    app.store.transact(installations.replace(&before, &after, Some(now))?).await?;
    app.hint(&Task::new(TaskKind::ListWorkflows, &key, "workflow-missed"), now).await;
    Ok(())
}

/// Lists what can be listed in time. Returns how many, and why not all.
async fn list(
    app: &App,
    tenant: TenantId,
    installation: &Installation,
    turn: Turn,
) -> Result<(usize, Option<&'static str>), N8nError> {
    let n8n = Installed::new(app, tenant).n8n(installation, turn).await.map_err(ours)?.patient(PATIENCE);
    let mut walk = Walk::of(MAX_PAGES).in_pages_of(PAGE);
    let mut listed =
        Listed { installed: Installed::new(app, tenant), id: installation.id, ranks: HashMap::new() };
    let mut count = 0;
    while walk.goes_on() {
        let page = n8n.workflows(&mut walk).await?;
        for some in listed.news(&page).chunks(SIDE_BY_SIDE) {
            if turn.deadline.left(app.now()).is_zero() {
                return Err(OutError::NotTried("no time was left".into()).into());
            }
            listed.store(some).await.map_err(ours)?;
        }
        count += page.len();
    }
    Ok((count, walk.cut()))
}

fn ours(error: Error) -> N8nError {
    N8nError::Status { status: 0, message: error.into_message() }
}

/// What one walk through the list has stored.
struct Listed<'a> {
    installed: Installed<'a>,
    id: InstallationId,
    /// Of the workflows that share a path: how sure it is that a call reaches the one that is stored. n8n lists copies that
    /// are not active, and others with the same path that take another method.
    ranks: HashMap<String, u8>,
}

/// A workflow, and the paths that are its webhooks'.
struct News<'a> {
    row: &'a WorkflowRow,
    paths: Vec<&'a str>,
}

impl Listed<'_> {
    /// What a page tells that is not known better already.
    fn news<'a>(&mut self, page: &'a [WorkflowRow]) -> Vec<News<'a>> {
        let mut whose: HashMap<&str, usize> = HashMap::new();
        for (at, row) in page.iter().enumerate() {
            for webhook in &row.webhooks {
                let rank = 1 + 2 * u8::from(row.active) + u8::from(webhook.takes_post);
                let standing = self.ranks.entry(webhook.path.clone()).or_default();
                if rank > *standing {
                    *standing = rank;
                    whose.insert(&webhook.path, at);
                }
            }
        }
        let mut news: Vec<_> = page.iter().map(|row| News { row, paths: Vec::new() }).collect();
        for (path, at) in whose {
            if let Some(news) = news.get_mut(at) {
                news.paths.push(path);
            }
        }
        news
    }

    /// The workflows side by side, and then their webhooks.
    async fn store(&self, some: &[News<'_>]) -> Result<()> {
        let node = |news: &News<'_>| {
            let (id, name) = (news.row.id.clone(), news.row.name.clone());
            async move { self.installed.node(self.id, &id, name.as_deref()).await }.boxed()
        };
        let nids = try_join_all(some.iter().map(node).collect::<Vec<BoxFuture<'_, _>>>()).await?;
        let mut webhooks: Vec<BoxFuture<'_, Result<()>>> = Vec::new();
        for (news, nid) in some.iter().zip(nids) {
            for path in &news.paths {
                webhooks.push(self.installed.put_webhook(self.id, path, nid).boxed());
            }
        }
        try_join_all(webhooks).await.map(|_| ())
    }
}
