//! The whole house in memory, for the unit tests of this crate: an [`App`] on a clock that stands still, over ports that
//! count their calls and fail when told.

use std::{sync::Arc, time::Duration};

use tokio::sync::OnceCell;

use super::{Faults, Network};
use shared::{
    accounts::{NewKey, NewOrganization},
    app::{App, Ports, SharedApp},
    blobs::disk::MemoryBlobs,
    clock::{Clock, FixedClock, Millis},
    config::Settings,
    domain::{
        org::{Group, Organization, Role, User},
        principal::{Credential, Principal},
    },
    ids::{EntityId, Id, SeededIds, SessionId},
    queue::embedded::SqliteQueue,
    repo::orgs,
    sealer::keyfile::KeyFile,
    store::{Store, embedded::Sqlite},
    tenant::TenantId,
};

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";
static HASHED: OnceCell<String> = OnceCell::const_new();
/// 2025-01-21T10:30:00Z
pub const START: Millis = Millis(1_737_455_400_000);

/// One instance, and what all instances have in common.
pub struct House {
    pub app: SharedApp,
    pub clock: Arc<FixedClock>,
    pub faults: Arc<Faults>,
}

impl Default for House {
    fn default() -> Self {
        Self::with(Settings::default())
    }
}

impl House {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with(settings: Settings) -> Self {
        let clock = Arc::new(FixedClock::at(START));
        let file = Sqlite::memory().unwrap();
        let ports = Ports {
            store: Arc::new(file.clone()),
            queue: Arc::new(SqliteQueue::new(&file, clock.clone())),
            blobs: Arc::new(MemoryBlobs::new(clock.clone())),
            sealer: Arc::new(KeyFile::ephemeral().unwrap()),
            http: Network::new(),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::default()),
        };
        let faults = Arc::new(Faults::default());
        Self { app: App::new(faults.wrap(ports), settings), clock, faults }
    }

    /// Another instance over the same stored state, which remembers nothing.
    pub fn another_instance(&self) -> SharedApp {
        let app = &self.app;
        let ports = Ports {
            store: app.store.clone(),
            queue: app.queue.clone(),
            blobs: app.blobs.clone(),
            sealer: app.sealer.clone(),
            http: app.http.clone(),
            clock: app.clock.clone(),
            ids: app.ids.clone(),
        };
        App::new(ports, app.settings.clone())
    }

    /// An organization as `create_organization` makes it, without the cost of another password hash.
    pub async fn acme(&self) -> NewOrganization {
        let app = &self.app;
        let password_hash =
            HASHED.get_or_init(async || app.accounts().hash_password(&PASSWORD.into()).await.unwrap()).await;
        let (tenant, now) = (TenantId(app.id::<Id>().get()), app.now());
        let organization = Organization::new(tenant, "Acme".into(), now);
        let group = Group::new(app.id(), "Acme".into(), now);
        let new = User::new(app.id(), tenant, "jane@acme.example".into(), Role::Admin, now);
        let mut admin = User { password_hash: password_hash.to_owned(), ..new };
        let like = Principal {
            tenant,
            user_id: admin.id,
            username: admin.email.clone(),
            group_id: group.id,
            reach: Default::default(),
            scopes: Vec::new(),
            dialect: None,
            credential: Credential::Session(SessionId::of(admin.id.untyped())),
            expires_at: None,
            terms: Default::default(),
            admitted: None,
        };
        let (key, api_key) =
            app.accounts().draft_key(&like, NewKey { scopes: admin.role.scopes(), ..NewKey::default() });
        admin.api_key = Some(key.hash.clone());
        app.store.transact(orgs::create(&organization, &admin, &group, &key).unwrap()).await.unwrap();
        NewOrganization { organization, admin, api_key }
    }

    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    pub fn store(&self) -> &dyn Store {
        &*self.app.store
    }

    /// How many calls of the store this work made.
    pub async fn store_calls<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        let before = self.store().meter().read();
        let done = work.await;
        (done, self.store().meter().read().since(&before).round_trips)
    }
}
