use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::Router;
use local_host::workers;
use secrecy::ExposeSecret;
use shared::{
    accounts::{NewKey, NewUser},
    app::{App, Ports, SharedApp},
    blobs::disk::MemoryBlobs,
    clock::{Clock, FixedClock, Millis},
    config::Settings,
    domain::{
        api_key,
        grouping::{Grouped, Grouping},
        installation::{Installation, KeyHealth, KeyState},
        org::{Group, Role, User},
    },
    egress::HttpOut,
    http::layers,
    ids::{EntityId, GroupId, Id, Ids, InstallationId, SeededIds},
    queue::{Depth, QueueName, Task, embedded::SqliteQueue, limits},
    repo::{orgs, subjects::Stored},
    sealer::keyfile::KeyFile,
    store::{self, Key, Store, Write, embedded::Sqlite, encode, meter::Reading},
    work::{self, Handled, Message, Worker, due},
};
use standins::{FakeN8n, Faults, Network, dump};

use super::{
    Caller, PASSWORD,
    roles::{Ledger, acting, working},
};

/// Where the fake n8n answers.
pub const N8N: &str = "https://n8n.example.com";
/// Where the fake n8n reaches Baton.
pub const BATON: &str = "https://baton.example.com";
/// 2025-01-21T10:30:00Z, the documents' favourite moment.
pub(crate) const START: Millis = Millis(1_737_455_400_000);

/// What a worker's host gives a message.
const PATIENCE: Duration = Duration::from_secs(120);

/// The worker that does what a message asks for.
pub fn worker_for(body: &str) -> Worker {
    let task: Task = shared::json::from_str(body).unwrap();
    workers::worker_of(task.task.queue())
}

/// One message, among others.
pub async fn work_on(app: &App, body: &str) -> Handled {
    worker_for(body).handle(app, &Message::new(body, app.now().plus(PATIENCE))).await
}

/// The product under test, with two organizations that must not see each other.
pub struct TestApp {
    pub app: SharedApp,
    pub clock: Arc<FixedClock>,
    pub ids: Arc<SeededIds>,
    pub network: Arc<Network>,
    /// In front of every port; calm unless told.
    pub faults: Arc<Faults>,
    /// What the functions used of their roles.
    pub ledger: Arc<Ledger>,
    /// What store and queue are kept in.
    pub file: Sqlite,
    /// Behind the blobs of the app, with all their versions.
    pub bodies: Arc<MemoryBlobs>,
    pub n8n: FakeN8n,
    pub acme: Caller,
    pub rival: Caller,
}

/// The settings of a deployment that knows its own address.
pub fn settings() -> Settings {
    Settings { public_url: Some(BATON.into()), ..Settings::default() }
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let network = Network::new();
        Box::pin(Self::over(settings, network.clone(), network)).await
    }

    /// The house over another client for outgoing HTTP; n8n is in the network all the same.
    pub async fn over(settings: Settings, network: Arc<Network>, http: Arc<dyn HttpOut>) -> Self {
        let clock = Arc::new(FixedClock::at(START));
        let n8n = FakeN8n::at(&network, N8N);
        let file = Sqlite::memory().unwrap();
        let ids = Arc::new(SeededIds::default());
        let bodies = Arc::new(MemoryBlobs::new(clock.clone()));
        let ports = Ports {
            store: Arc::new(file.clone()),
            queue: Arc::new(SqliteQueue::new(&file, clock.clone())),
            blobs: bodies.clone(),
            sealer: Arc::new(KeyFile::ephemeral().unwrap()),
            http,
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let faults = Arc::new(Faults::default());
        let ledger = Arc::new(Ledger::default());
        let app = App::new(faults.wrap(ledger.guard(ports)), settings);
        let service = service(&app);
        let acme = Caller::of(&app, service.clone(), "Acme", "jane@acme.example").await;
        let rival = Caller::of(&app, service, "Rival", "joe@rival.example").await;
        // The logs begin with the test.
        for item in dump::items(&file).await.unwrap() {
            if item.pk.contains("#event#") {
                file.write(Write::delete(Key::from_parts(item.pk, item.sk))).await.unwrap();
            }
        }
        Self { app, clock, ids, network, faults, ledger, file, bodies, n8n, acme, rival }
    }

    /// A new process over the same stored state: what only lived in memory is gone.
    pub fn restart(&mut self) {
        self.app = self.reborn(self.app.ids.clone());
        let service = service(&self.app);
        self.acme.move_to(service.clone());
        self.rival.move_to(service);
    }

    fn reborn(&self, ids: Arc<dyn Ids>) -> SharedApp {
        let old = &self.app;
        let ports = Ports {
            store: old.store.clone(),
            queue: old.queue.clone(),
            blobs: old.blobs.clone(),
            sealer: old.sealer.clone(),
            http: old.http.clone(),
            clock: old.clock.clone(),
            ids,
        };
        App::new(ports, old.settings.clone())
    }

    /// The caller before another instance over the same stored state, which believes for itself what it looked up.
    pub fn elsewhere(&self, caller: &Caller) -> Caller {
        caller.on(service(&self.reborn(self.app.ids.clone())))
    }

    /// The same with a source of ids of its own, which draws what any other fresh one draws in the same millisecond.
    pub fn with_own_ids(&self, caller: &Caller) -> Caller {
        caller.on(service(&self.reborn(Arc::new(SeededIds::default()))))
    }

    /// Registers the fake n8n for a caller, works off what is owed by then (its listing), and returns the installation's id.
    pub async fn register(&self, caller: &Caller) -> u64 {
        let body = serde_json::json!({
            "instance_id": "my-n8n-001", "host": N8N, "api_key": "n8n-api-key-here", "title": "Production n8n",
        });
        let answer = caller.post("/api/installs/register", body).await;
        assert!(answer.status == 201 || answer.status == 200, "{answer:?}");
        // Its workflows are listed in the background.
        self.drain().await;
        answer.json["installation_id"].as_u64().unwrap()
    }

    /// Puts an installation of a chosen id there, for the documents' samples.
    pub async fn seed_installation(&self, caller: &Caller, id: u64) {
        self.seed_installation_at(caller, id, N8N).await;
    }

    pub async fn seed_installation_at(&self, caller: &Caller, id: u64, host: &str) {
        let id = InstallationId::from_u64(id).unwrap();
        let (tenant, now) = (caller.key.tenant, self.clock.now());
        let secret = secrecy::SecretString::from("n8n-api-key-here");
        let sealed = self.app.sealer.seal(tenant, &Installation::record_of(id, 1), &secret).await.unwrap();
        let installation = Installation {
            id,
            instance_id: format!("seeded-{id}"),
            host: host.into(),
            webhook_url: None,
            title: "Seeded".into(),
            sealed_api_key: sealed,
            key_version: 1,
            group_id: caller.key.group_id,
            created_at: now,
            changed_at: now,
            listing_error: None,
            listing_attempts: 0,
            api_key_health: Some(KeyHealth { state: KeyState::Ok, since: now }),
            seen_at: None,
            v: 1,
        };
        let installations = self.app.repos(tenant).installations();
        let far = now.plus(Duration::from_secs(365 * 24 * 3600));
        self.app.store.transact(installations.insert(&installation, far).unwrap()).await.unwrap();
    }

    /// Gives an entity that has just been created another id, for the documents' samples.
    pub async fn renumber<E: Stored>(&self, caller: &Caller, from: u64, to: u64) {
        let entities = self.app.repos(caller.key.tenant).subjects::<E>();
        let old = entities.get(E::Id::of(Id::from_u64(from).unwrap())).await.unwrap().unwrap();
        let mut new = old.clone();
        new.subject_mut().id = Id::from_u64(to).unwrap();
        store::apply(&*self.app.store, entities.delete(&old).unwrap()).await.unwrap();
        store::apply(&*self.app.store, entities.insert(&new).unwrap()).await.unwrap();
    }

    /// Another client group of the caller's organization.
    pub async fn seed_group(&self, caller: &Caller, id: u64) {
        let group = Group::new(GroupId::from_u64(id).unwrap(), "Another".into(), self.clock.now());
        let key = Key::of(caller.key.tenant, "group", group.id.sortable());
        self.app.store.write(Write::put(key, encode(&group).unwrap())).await.unwrap();
    }

    /// Says that everything of the caller's organization is listed by client group, as it is when it has had two for a while.
    pub async fn seed_grouping(&self, caller: &Caller) {
        let groupings = self.app.repos(caller.key.tenant).groupings();
        let read = Grouping::default().becomes(Grouped::Read);
        self.app.store.write(groupings.put_next(&read).unwrap()).await.unwrap();
    }

    /// Another key of the caller's user.
    pub async fn key(&self, caller: &Caller, wish: NewKey) -> Caller {
        let user = self.stored_user(caller).await;
        let (key, text) = self.app.accounts().create_key(&user, wish).await.unwrap();
        let mut caller = caller.with_key(text.expose_secret());
        caller.key = key;
        caller
    }

    /// The caller's user, logged in. The password is not asked for: that would take its time.
    pub async fn log_in(&self, caller: &Caller) -> Caller {
        let token = self.app.accounts().open_session(&self.stored_user(caller).await).await.unwrap();
        caller.with_key(token.text.expose_secret())
    }

    /// A new user of the caller's organization, logged in.
    pub async fn user(&self, caller: &Caller, role: Role) -> Caller {
        self.bound_user(caller, role, &[]).await
    }

    /// The same, of one who is bound to these client groups.
    pub async fn bound_user(&self, caller: &Caller, role: Role, groups: &[GroupId]) -> Caller {
        let email = format!("{}-{}@acme.example", role.as_str(), self.app.id::<Id>());
        let wish = NewUser { email, role, password: PASSWORD.into() };
        let accounts = self.app.accounts();
        let user = accounts.create_bound_user(None, caller.key.tenant, wish, groups.to_vec()).await.unwrap();
        let key = orgs::key(&*self.app.store, user.api_key.as_ref().unwrap()).await.unwrap().unwrap();
        let token = self.app.accounts().open_session(&user).await.unwrap();
        let mut caller = caller.with_key(token.text.expose_secret());
        caller.key = key;
        caller
    }

    pub async fn stored_user(&self, caller: &Caller) -> User {
        orgs::user(&*self.app.store, caller.key.tenant, caller.key.user_id).await.unwrap().unwrap()
    }

    /// Credentials that must not work: their kind, and their text.
    pub async fn bad_keys(&self, caller: &Caller) -> Vec<(&'static str, String)> {
        let store = &*self.app.store;
        let revoked = self.key(caller, NewKey::default()).await.text;
        orgs::revoke_key(store, &api_key::hash(&revoked).unwrap(), self.clock.now()).await.unwrap();
        let expires_at = Some(self.clock.now());
        let expired = self.key(caller, NewKey { expires_at, ..NewKey::default() }).await.text;
        let unknown = api_key::generate(&*self.app.ids).expose_secret().to_owned();
        let mut typo = caller.text.clone();
        typo.pop();
        vec![
            ("malformed", "sk-123".into()),
            ("mistyped", typo),
            ("unknown", unknown),
            ("revoked", revoked),
            ("expired", expired),
        ]
    }

    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Works off every message that is visible now. Returns how many; a message that fails for good fails the test.
    pub async fn drain(&self) -> usize {
        let mut done = 0;
        loop {
            let before = done;
            for queue in QueueName::ALL {
                let worker = workers::worker_of(queue);
                for delivery in
                    self.app.queue.receive(queue, limits::BATCH, Duration::from_secs(60)).await.unwrap()
                {
                    let message = Message::new(&delivery.body, self.app.now().plus(PATIENCE));
                    let mut outcome = working(queue, worker.handle(&self.app, &message)).await;
                    if outcome == Handled::Alone {
                        outcome = working(queue, worker.handle_alone(&self.app, &message)).await;
                    }
                    match outcome {
                        Handled::Alone => panic!("a task is not done alone either"),
                        Handled::Done => self.app.queue.delete(queue, &delivery.receipt).await.unwrap(),
                        Handled::Retry(after) => {
                            let ports = &*self.app.queue;
                            match working(queue, work::again(ports, queue, &delivery.body, after)).await {
                                true => ports.delete(queue, &delivery.receipt).await.unwrap(),
                                false => ports.release(queue, &delivery.receipt, after).await.unwrap(),
                            }
                        }
                        Handled::Fail(why) => panic!("a task failed: {why}"),
                    }
                    done += 1;
                }
            }
            if done == before {
                return done;
            }
        }
    }

    /// One tick that looks a second ahead, as the local host's.
    pub async fn tick(&self) -> due::Report {
        acting("tick", due::tick(&self.app, Duration::from_secs(1), Millis(i64::MAX))).await.unwrap()
    }

    pub async fn sweep(&self) -> due::Report {
        acting("tick", due::sweep(&self.app, Millis(i64::MAX))).await.unwrap()
    }

    /// Lets time pass as it does in the local host: tick, drain, a second, again.
    pub async fn live(&self, span: Duration) {
        let end = self.clock.now().plus(span);
        while self.clock.now() < end {
            self.tick().await;
            self.drain().await;
            self.advance(Duration::from_secs(1));
        }
    }

    pub fn meter(&self) -> Reading {
        self.app.store.meter().read()
    }

    pub async fn depth(&self, queue: QueueName) -> Depth {
        self.app.queue.depth(queue).await.unwrap()
    }
}

pub type Service = layers::Platform;

fn service(app: &SharedApp) -> Service {
    // Put together once: the API document that grows with it takes as long as a short test.
    static ROUTER: LazyLock<Router<SharedApp>> = LazyLock::new(|| local_host::router().into());
    layers::platform(ROUTER.clone(), app.clone())
}
