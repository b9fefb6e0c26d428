//! The wiring: every port and every piece of instance state in one value that handlers and workers share.

use std::{sync::Arc, time::Duration};

use crate::{
    accounts::{self, Accounts},
    aside::Aside,
    blobs::Blobs,
    clock::{Clock, Millis, Moment},
    config::Settings,
    domain::{
        alert::Rules,
        grouping::{Grouped, Grouping},
        plan::Plan,
    },
    egress::{Hosts, HttpOut},
    health::{self, Health},
    ids::{EntityId, Ids},
    known::{Metered, Sightings},
    queue::{Queue, Task},
    rate::Limiter,
    recent::Recent,
    repo::Repos,
    room::Rooms,
    sealer::Sealer,
    store::{Store, StoreError},
    tenant::TenantId,
};

/// For so long is believed how far an organization is with its lists by client group. The chore that fills them begins later.
const GROUPING_BELIEVED: Duration = Duration::from_secs(60);

/// Everything that a handler or worker needs, whichever engines stand behind it.
pub struct App {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub blobs: Arc<dyn Blobs>,
    pub sealer: Arc<dyn Sealer>,
    pub http: Arc<dyn HttpOut>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub settings: Settings,
    pub aside: Aside,
    pub(crate) accounts: accounts::Known,
    pub(crate) limiter: Limiter,
    /// For a minute, from when one is looked up.
    pub(crate) plans: Recent<TenantId, Plan>,
    pub(crate) sightings: Sightings,
    pub(crate) groupings: Recent<TenantId, Grouping>,
    pub(crate) alert_rules: Recent<TenantId, Rules>,
    pub(crate) file_secrets: Recent<TenantId, String>,
    pub(crate) hosts: Hosts,
    pub(crate) rooms: Rooms,
    pub(crate) metering: Metered,
    pub(crate) health: health::Known,
}

pub type SharedApp = Arc<App>;

/// The ports to build an [`App`] from.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub blobs: Arc<dyn Blobs>,
    pub sealer: Arc<dyn Sealer>,
    pub http: Arc<dyn HttpOut>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

impl App {
    pub fn new(ports: Ports, settings: Settings) -> SharedApp {
        let Ports { store, queue, blobs, sealer, http, clock, ids } = ports;
        let rooms = Rooms::of(settings.room_bytes);
        Arc::new(Self {
            store,
            queue,
            blobs,
            sealer,
            http,
            clock,
            ids,
            settings,
            aside: Aside::default(),
            accounts: accounts::Known::default(),
            limiter: Limiter::default(),
            plans: Recent::default(),
            sightings: Sightings::default(),
            groupings: Recent::default(),
            alert_rules: Recent::default(),
            file_secrets: Recent::default(),
            hosts: Hosts::default(),
            rooms,
            metering: Metered::default(),
            health: health::Known::default(),
        })
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Now by both clocks, for what is believed for a while.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// How far an organization was within the last minute with its lists by client group.
    pub async fn grouped(&self, tenant: TenantId) -> Result<Grouped, StoreError> {
        let stored = async { self.repos(tenant).groupings().load().await.map(Some) };
        let known = self.groupings.or_read(tenant, self.moment(), GROUPING_BELIEVED, stored).await?;
        Ok(known.map(|grouping| grouping.grouped).unwrap_or_default())
    }

    /// Forgets how far it was, because that just changed here.
    pub fn forget_grouping(&self, tenant: TenantId) {
        self.groupings.forget(&tenant);
    }

    /// Forgets the rules of alerts that were read, because they were just changed here.
    pub fn forget_alert_rules(&self, tenant: TenantId) {
        self.alert_rules.forget(&tenant);
    }

    /// The accounts of all organizations.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts {
            store: &*self.store,
            sealer: &*self.sealer,
            clock: &*self.clock,
            ids: &*self.ids,
            known: &self.accounts,
        }
    }

    /// How the service is now, or was a few seconds ago.
    pub async fn health(&self) -> Health {
        self.health.look(&*self.store, self.moment()).await
    }

    /// What a tenant has stored.
    pub fn repos(&self, tenant: TenantId) -> Repos<'_> {
        self.store.for_tenant(tenant)
    }

    /// A new id of a request that came without one.
    pub fn request_id(&self) -> String {
        self.ids.id(self.now()).prefixed("req")
    }

    /// A new id, of the kind that is asked for.
    pub fn id<I: EntityId>(&self) -> I {
        I::of(self.ids.id(self.now()))
    }

    /// Sends a task so that it arrives at `due`. A message is only a hint (the item owes the work), so a queue that
    /// does not take it is logged and forgiven: the next sweep finds the debt.
    pub async fn hint(&self, task: &Task, due: Millis) {
        let message = match task.at(due, self.now()) {
            Ok(message) => message,
            Err(error) => return tracing::error!(%error, "a task could not be written"),
        };
        if let Err(error) = self.queue.send(task.task.queue(), vec![message]).await {
            tracing::warn!(%error, task = task.task.as_str(), "the queue did not take a task; the sweep will find it");
        }
    }
}
