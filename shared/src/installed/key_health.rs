//! Noting how n8n takes a registered key, and telling people once when it stops.
//!
//! Its one rule: whoever calls n8n learns it by the way, and is not hindered. What is known costs nothing, and what cannot be
//! noted is logged. Only n8n's own word counts: one that is away, starting or in trouble says nothing of its key.

use async_trait::async_trait;

use super::Installed;
use crate::{
    app::App,
    clock::Millis,
    domain::{
        event::{EventType, Happened, Subject},
        installation::{Installation, KeyHealth, KeyState},
        notification::{Notification, NotificationType},
    },
    error::{LogFailure, Result},
    ids::NotificationId,
    known::Whose,
    n8n::client::Hearer,
    repo::events,
    store::{self, StoreError},
    tenant::TenantId,
};

/// How long a word is not noted again though the installation that was read does not tell it yet.
const NOTED: std::time::Duration = std::time::Duration::from_secs(60);

/// The key that an installation was read with.
pub(super) struct KeyOf<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
    pub read: Installation,
}

#[async_trait]
impl Hearer for KeyOf<'_> {
    async fn hear(&self, state: KeyState) {
        let Self { app, tenant, read } = self;
        let (now, recent) = (app.moment(), &app.sightings.words);
        let whose = Whose { tenant: *tenant, installation_id: read.id, key_version: read.key_version };
        let known = recent.get(&whose, now).map(|known| *known);
        if known.or(read.api_key_health.map(|health| health.state)) == Some(state) {
            return;
        }
        if note(app, whose, state).await.log_failure("how n8n takes its key could not be noted").is_some() {
            recent.put(whose, state.into(), now, NOTED);
        }
    }
}

async fn note(app: &App, whose: Whose, state: KeyState) -> Result<()> {
    let (tenant, now) = (whose.tenant, app.now());
    let installations = app.repos(tenant).installations();
    let key = installations.key(whose.installation_id);
    let Some(stored) = app.store.get(&key).await? else { return Ok(()) };
    let standing: Installation = stored.decode()?;
    let mut after = standing.clone();
    // Another key was registered since: what n8n says to the earlier one is no news of it.
    if standing.key_version != whose.key_version || !after.learn_key(state, now) {
        return Ok(());
    }
    let mut writes = vec![installations.put_key_health(stored, KeyHealth { state, since: now })?];
    if standing.key_works() && state == KeyState::Refused {
        tracing::warn!(installation = %standing.id, "n8n refuses a key that worked");
        let notifications = app.repos(tenant).notifications();
        writes.push(notifications.insert(&stopped(app.id(), &standing, now))?);
        let happened =
            Happened::new(EventType::InstallationUnreachable, Subject::of("installation", standing.id));
        let happened = happened.in_group(standing.group_id).with("name", standing.title.as_str());
        let happened = happened.with("reason", "n8n refuses the API key");
        writes.push(events::put(tenant, &happened.event(app.id(), None))?);
    }
    match store::apply(&*app.store, writes).await {
        Ok(()) => Installed::new(app, tenant).reread(standing.id),
        // Somebody else is at it; the next call tells the same.
        Err(StoreError::ConditionFailed(_) | StoreError::Canceled(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What people are told when a key stops working.
fn stopped(id: NotificationId, installation: &Installation, now: Millis) -> Notification {
    let Installation { title, host, instance_id, .. } = installation;
    let title = format!("n8n refuses the API key of {title}");
    Notification {
        id,
        group_id: installation.group_id,
        of_all: false,
        // As long as any title may be.
        title: title.chars().take(255).collect(),
        message: format!(
            "The API key that was registered for {host} worked, and n8n refuses it now (401): it has ended or was deleted. Until \
             n8n takes one again, runs are not followed to their end, new workflows are not found, and a decision goes only \
             where it can be told without looking. Make another key in n8n (Settings, n8n API) and register it under the \
             same instance_id, {instance_id}: POST /api/installs/register."
        ),
        kind: NotificationType::WorkflowAlert,
        link: None,
        entity_type: Some("installation".into()),
        entity_id: Some(installation.id.untyped()),
        read: None,
        created_at: now,
    }
}
