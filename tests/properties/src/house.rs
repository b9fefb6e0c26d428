//! The whole house for one request at a time, in a world that every request finds as it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Method, Request};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use standins::{FakeN8n, Network, dump};

use shared::{
    app::{App, Ports, SharedApp},
    blobs::disk::MemoryBlobs,
    clock::{FixedClock, Millis},
    config::Settings,
    domain::installation::Installation,
    http::layers,
    ids::{EntityId, GroupId, Id, InstallationId, SeededIds},
    queue::embedded::SqliteQueue,
    repo::orgs,
    sealer::keyfile::KeyFile,
    store::embedded::Sqlite,
    tenant::TenantId,
};

const N8N: &str = "https://n8n.example.com";
/// What n8n's API key looks like here: no reply may hold it.
pub(super) const SECRET: &str = "n8n-api-key-here";
pub(super) const INSTALLATION: u64 = 45;
/// 2025-01-21T10:30:00Z.
const START: Millis = Millis(1_737_455_400_000);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(runtime);

#[expect(clippy::expect_used, reason = "nothing can be looked at without it")]
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be set up")
}

pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// One house, two organizations, and what the API document says of its routes.
pub struct House {
    router: Router<SharedApp>,
    file: Sqlite,
    network: Arc<Network>,
    sealer: Arc<KeyFile>,
    key: SecretString,
    rival: TenantId,
    /// What the rival has, by its key.
    theirs: Vec<dump::StoredItem>,
    /// Ids of what there is: `~0` in a path is the first of them.
    ids: Vec<u64>,
    pub(super) document: Document,
    /// One at a time: they share the world.
    turn: Mutex<()>,
}

/// What is documented.
#[derive(Default)]
pub(super) struct Document {
    /// Method and path → the statuses of its replies.
    pub(super) replies: BTreeMap<(Method, String), BTreeSet<u16>>,
    /// Every field and parameter.
    pub(super) names: BTreeSet<String>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) json: Option<Value>,
    pub(super) wrote: bool,
}

impl House {
    /// The house of these routes, with the documents that describe them.
    #[must_use]
    #[expect(clippy::expect_used, reason = "nothing can be looked at without it")]
    pub fn new(router: Router<SharedApp>, documents: &[String]) -> Self {
        let read = |text: &String| standins::json(text).expect("a document is JSON");
        let documents: Vec<Value> = documents.iter().map(read).collect();
        let mut house = Self {
            router,
            file: Sqlite::memory().expect("a database in memory"),
            network: Network::new(),
            sealer: Arc::new(KeyFile::ephemeral().expect("a key")),
            key: SecretString::default(),
            rival: TenantId(0),
            theirs: Vec::new(),
            ids: Vec::new(),
            document: Document::of(&documents),
            turn: Mutex::default(),
        };
        block_on(house.furnish()).expect("the world can be set up");
        house
    }

    async fn furnish(&mut self) -> shared::error::Result<()> {
        let app = self.app();
        let password = SecretString::from("correct horse battery");
        let rival = app.accounts().create_organization("Rival", "joe@rival.example", &password).await?;
        self.key = rival.api_key;
        self.rival = rival.organization.id;
        self.settle(&app, self.rival).await?;
        let made = app.accounts().create_organization("Acme", "jane@acme.example", &password).await?;
        self.key = made.api_key;
        self.settle(&app, made.organization.id).await?;
        let field = json!({ "label": "Deal size", "field_type": "number" });
        self.ask(&app, Method::POST, "/api/lead-custom-fields", Bytes::from(field.to_string())).await;
        self.theirs = self.of_rival().await?;
        Ok(dump::keep(&self.file).await?)
    }

    /// Gives an organization an n8n and a little of everything.
    async fn settle(&mut self, app: &SharedApp, tenant: TenantId) -> shared::error::Result<()> {
        let id = InstallationId::of(Id::from_u64(INSTALLATION).unwrap_or(Id::SMALLEST));
        let group = orgs::groups(&*app.store, tenant)
            .await?
            .first()
            .map_or(GroupId::of(Id::SMALLEST), |group| group.id);
        let sealed = app.sealer.seal(tenant, &Installation::record_of(id, 1), &SECRET.into()).await?;
        let installation = Installation {
            id,
            instance_id: "seeded".into(),
            host: N8N.into(),
            webhook_url: None,
            title: "Seeded".into(),
            sealed_api_key: sealed,
            key_version: 1,
            group_id: group,
            created_at: START,
            changed_at: START,
            listing_error: None,
            listing_attempts: 0,
            api_key_health: None,
            seen_at: None,
            v: 1,
        };
        let installations = app.repos(tenant).installations();
        let far = START.plus(Duration::from_secs(365 * 24 * 3600));
        app.store.transact(installations.insert(&installation, far)?).await?;
        let origin = json!({ "installation_id": INSTALLATION, "workflow_id": "abc123", "execution_id": "551",
            "allow_regenerate": true, "human_interaction": true });
        self.ids.clear();
        let things = [
            ("/automation/payload/create", json!({ "title": "Report", "payload": { "a": 1 } })),
            (
                "/automation/media/create",
                json!({ "title": "Clip", "media_type": "video", "collection_name": "Clips",
                "url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ" }),
            ),
            ("/api/leads", json!({ "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com" })),
            ("/api/invoices", json!({ "amount": 5000, "invoice_number": "1", "title": "Work" })),
            ("/api/chats/message", json!({ "session_id": "s1", "role": "user", "content": "Hello" })),
        ];
        for (path, own) in things {
            let mut body = own;
            if let (Value::Object(body), Value::Object(origin)) = (&mut body, &origin) {
                body.extend(origin.clone());
            }
            let answer = self.ask(app, Method::POST, path, Bytes::from(body.to_string())).await;
            let id = answer.json.as_ref().and_then(|json| json.get("id")).and_then(Value::as_u64);
            assert!(answer.status < 300, "{path}: {}", answer.text);
            self.ids.push(id.unwrap_or(1));
        }
        Ok(())
    }

    /// A process over the world: what is only in memory is new.
    fn app(&self) -> SharedApp {
        let clock = Arc::new(FixedClock::at(START));
        // A fresh one, in place of the one that the last request talked to.
        let n8n = FakeN8n::at(&self.network, N8N);
        n8n.waits(551, "abc123", 42);
        let ports = Ports {
            store: Arc::new(self.file.clone()),
            queue: Arc::new(SqliteQueue::new(&self.file, clock.clone())),
            blobs: Arc::new(MemoryBlobs::new(clock.clone())),
            sealer: self.sealer.clone(),
            http: self.network.clone(),
            clock,
            ids: Arc::new(SeededIds::default()),
        };
        App::new(
            ports,
            Settings { public_url: Some("https://baton.example.com".into()), ..Settings::default() },
        )
    }

    /// The path with the ids of what there is.
    pub(super) fn path(&self, path: &str) -> String {
        let named = self.ids.iter().enumerate();
        named.fold(path.to_owned(), |path, (at, id)| path.replace(&format!("~{at}"), &id.to_string()))
    }

    /// Runs some requests in the world as it was, and puts it back.
    pub(super) fn visit<T>(&self, requests: impl AsyncFnOnce(&Visit<'_>) -> T) -> T {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let app = self.app();
        block_on(async {
            let before = self.changes().await;
            let found = requests(&Visit { house: self, app }).await;
            if self.changes().await != before {
                let theirs = self.of_rival().await;
                assert_eq!(theirs.as_ref().ok(), Some(&self.theirs), "the rival's things were touched");
                assert!(dump::restore(&self.file).await.is_ok());
            }
            self.network.forget();
            found
        })
    }

    async fn changes(&self) -> Option<i64> {
        dump::changes(&self.file).await.ok()
    }

    async fn of_rival(&self) -> shared::error::Result<Vec<dump::StoredItem>> {
        let mine = format!("T#{}#", self.rival);
        let all = dump::items(&self.file).await?;
        Ok(all.into_iter().filter(|item| item.pk.starts_with(&mine)).collect())
    }

    #[expect(clippy::expect_used, reason = "the router cannot fail")]
    async fn ask(&self, app: &SharedApp, method: Method, path: &str, body: Bytes) -> Answer {
        let before = self.changes().await;
        let request =
            Request::builder().method(method).uri(path).header("x-api-key", self.key.expose_secret());
        let request = request.header("content-type", "application/json").body(Body::from(body));
        let request = request.expect("the path was looked at before");
        let response = layers::platform(self.router.clone(), app.clone()).oneshot(request).await;
        let (parts, body) = response.expect("the router answers").into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory");
        let is_json = parts.headers.get("content-type").is_some_and(|kind| kind == "application/json");
        let json = standins::json(&body);
        assert!(json.is_some() || !is_json, "a body that is no JSON");
        Answer {
            status: parts.status.as_u16(),
            text: String::from_utf8_lossy(&body).into_owned(),
            json,
            wrote: self.changes().await != before,
        }
    }
}

/// A process of the house that lives for one input.
pub(super) struct Visit<'a> {
    house: &'a House,
    app: SharedApp,
}

impl Visit<'_> {
    /// Asks as the admin of the first organization. The path must be a URI.
    pub(super) async fn ask(&self, method: Method, path: &str, body: &[u8]) -> Answer {
        self.house.ask(&self.app, method, path, Bytes::copy_from_slice(body)).await
    }
}

impl Document {
    /// What two dialects say of one path counts together.
    fn of(documents: &[Value]) -> Self {
        let mut found = Self::default();
        let paths = documents.iter().filter_map(|document| document["paths"].as_object()).flatten();
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                let Ok(method) = method.to_ascii_uppercase().parse() else { continue };
                let replies = operation["responses"].as_object().into_iter().flatten();
                let replies = replies.filter_map(|(status, _)| status.parse::<u16>().ok());
                found.replies.entry((method, path.clone())).or_default().extend(replies);
            }
        }
        documents.iter().for_each(|document| found.collect_names(document));
        found
    }

    fn collect_names(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    if let (true, Value::Object(fields)) = (name == "properties", value) {
                        self.names.extend(fields.keys().cloned());
                    }
                    if let (true, Value::String(parameter)) = (name == "name", value) {
                        self.names.insert(parameter.clone());
                    }
                    self.collect_names(value);
                }
            }
            Value::Array(all) => all.iter().for_each(|value| self.collect_names(value)),
            _ => {}
        }
    }
}
