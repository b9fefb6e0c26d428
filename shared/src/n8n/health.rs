//! Noting how n8n takes a registered key, and telling people once when it stops.
//!
//! Its one rule: whoever calls n8n learns it by the way, and is not hindered. What is known costs nothing, and what cannot be
//! noted is logged.

use crate::{
    app::App,
    domain::key_health::{FRESH, KeyHealth, Word},
    error::{LogFailure, Result},
    ids::Id,
    repo::{installations::Installations, notifications::Notifications},
    store::{self, StoreError},
    tenant::TenantId,
};

/// Which key was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Whose {
    pub tenant: TenantId,
    pub installation_id: Id,
    pub key_version: u64,
}

impl App {
    /// n8n has said something of a key.
    pub(super) async fn heard(&self, whose: Whose, word: Word) {
        let (now, recent) = (self.moment(), &self.sightings.words);
        if recent.get(&whose, now).is_some_and(|known| *known == word) {
            return;
        }
        if note(self, whose, word).await.log_failure("how n8n takes its key could not be noted").is_some() {
            recent.put(whose, word.into(), now, FRESH);
        }
    }
}

async fn note(app: &App, whose: Whose, word: Word) -> Result<()> {
    let installations = Installations { store: &*app.store, tenant: whose.tenant };
    let (id, now) = (whose.installation_id, app.now());
    let known = installations.health(id).await?;
    let Some(heard) = KeyHealth::after(known.as_ref(), id, whose.key_version, word, now) else { return Ok(()) };
    let mut writes = vec![installations.put_health(&heard.health)?];
    if heard.stopped
        && let Some(installation) = installations.get(id).await?
    {
        let notification = heard.health.notification(app.id(), &installation, now);
        let notifications = Notifications { store: &*app.store, tenant: whose.tenant };
        writes.push(notifications.insert(&notification)?);
        tracing::warn!(installation = %id, "n8n refuses a key that worked");
    }
    match store::apply(&*app.store, writes).await {
        // Somebody else heard it at the same moment.
        Err(StoreError::ConditionFailed { .. } | StoreError::Canceled(_)) => Ok(()),
        done => Ok(done?),
    }
}
