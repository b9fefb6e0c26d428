//! The documents' sample requests, one per route, and what may be wrong with them.

mod account;
mod alerts;
mod api_keys;
pub mod groups;
mod lead_setup;
pub mod leads;
pub mod media;
mod money;
mod n8n_nodes;
mod projects;
mod records;
mod scene;
pub mod sessions;
mod team;

use http::Method;
use serde_json::{Value, json};
use shared::{
    domain::n8n_workflow,
    http::{
        dialect::Voice,
        routes::{Auth, ROUTES, Route},
    },
    ids::InstallationId,
};

use crate::{Answer, Caller, N8N, TestApp, refusal_in};

pub use leads::lead;
pub use scene::{Piece, furnish, furnish_group, operations, scene, scene_of, scene_with, staged};

/// An id that nobody has.
pub const NOWHERE: u64 = 4242;

/// The sample request of one route.
pub struct Sample {
    pub route: &'static Route,
    pub path: String,
    /// The same path with an id that nobody has, where the path has an id.
    pub nowhere: Option<&'static str>,
    /// Null where the route takes none.
    pub body: Value,
    pub required: &'static [&'static str],
    /// Documented as required, and asked for only where nothing else tells the installation.
    pub unless_clear: &'static [&'static str],
    /// Values of a wrong type and unknown words.
    pub wrong: Vec<(&'static str, Value)>,
    /// Fields of the body that hold ids of the tenant's own things.
    pub ids: &'static [&'static str],
    /// What must be there for the request to be answered as documented, besides the installation.
    pub needs: &'static [Piece],
}

impl Sample {
    pub fn method(&self) -> Method {
        self.route.method.as_str().parse().unwrap()
    }

    pub fn has_body(&self) -> bool {
        !self.body.is_null()
    }

    fn body(&self) -> Option<Value> {
        self.has_body().then(|| self.body.clone())
    }

    /// Acme with a credential that the route takes.
    pub async fn caller(&self, house: &TestApp) -> Caller {
        let caller = match self.route.auth {
            Auth::Session => sessions::caller(house, self.route.operation).await,
            Auth::Scope(_) | Auth::Public => house.acme.clone(),
        };
        self.speaker(&caller)
    }

    /// The caller naming the route's dialect, where another dialect has the path too.
    pub fn speaker(&self, caller: &Caller) -> Caller {
        let own = self.route.dialect;
        let shared = ROUTES.iter().any(|other| other.path == self.route.path && other.dialect != own);
        caller.speaking(own.letter.filter(|_| shared))
    }

    /// How its errors are told.
    pub fn voice(&self) -> Voice {
        self.route.dialect.voice(self.route.path)
    }

    /// The house's code of a refusal, after a look at its envelope.
    #[track_caller]
    pub fn refusal(&self, answer: &Answer) -> String {
        refusal_in(answer, self.voice())
    }

    /// Sends it as Acme.
    pub async fn ask(&self, house: &TestApp) -> Answer {
        self.send(&self.caller(house).await).await
    }

    pub async fn send(&self, caller: &Caller) -> Answer {
        self.send_with(caller, &[]).await
    }

    pub async fn send_with(&self, caller: &Caller, headers: &[(&str, &str)]) -> Answer {
        self.speaker(caller).call(self.method(), &self.path, self.body(), headers).await
    }

    /// Without our credential.
    pub async fn send_bare(&self, caller: &Caller, headers: &[(&str, &str)]) -> Answer {
        self.speaker(caller).bare(self.method(), &self.path, self.body(), headers).await
    }

    pub async fn send_body(&self, caller: &Caller, body: Value) -> Answer {
        self.speaker(caller).call(self.method(), &self.path, Some(body), &[]).await
    }

    /// The body with one field changed; null takes the field away.
    pub fn with(&self, field: &str, value: Value) -> Value {
        let mut body = self.body.clone();
        match value {
            Value::Null => {
                body.as_object_mut().unwrap().remove(field);
            }
            value => body[field] = value,
        }
        body
    }
}

/// One sample per route that asks for a credential.
pub fn samples(house: &TestApp) -> Vec<Sample> {
    let nid = n8n_workflow::nid(house.acme.key.tenant, InstallationId::from_u64(45).unwrap(), "abc123").get();
    let mut all = vec![
        read("test_credential", "/api"),
        read("test_credential_auth", "/api/auth/test"),
        Sample {
            nowhere: Some("/api/token-usage/unknown/stats"),
            ..read("get_token_usage_stats", "/api/token-usage/abc123/stats")
        },
        read("list_events", "/v1/events"),
        read("list_event_types", "/v1/events/types"),
        read("list_audit_log", "/api/v1/audit_log"),
        read("export_audit_log", "/api/v1/audit_log/export"),
        read("list_workflows", "/v1/workflows"),
        read("list_workflows_alias", "/api/workflows"),
        read("d_list_workflows", "/v1/workflows"),
        read("list_payloads", "/api/payloads/list"),
        Sample { nowhere: Some("/api/payloads/4242"), ..read("get_payload", "/api/payloads/42") },
        Sample { nowhere: Some("/api/payloads/4242"), ..read("delete_payload", "/api/payloads/42") },
        Sample {
            nowhere: Some("/api/installed/4242"),
            ..read("list_installed_workflows", "/api/installed/45")
        },
        Sample {
            nowhere: Some("/api/payloads/4242"),
            wrong: vec![("title", json!({})), ("automation_status", json!("lost"))],
            ..write("update_payload", "/api/payloads/42", json!({ "title": "Weekly SEO Report" }))
        },
    ];
    all.extend(usage_and_triggers(nid));
    all.extend(creations());
    all.extend(["approve", "deny", "regenerate"].map(decision));
    // What became of a workflow is shown where anything of it is.
    all.extend(installations());
    let mut all = needing(&[Piece::Payload, Piece::Usage], all);
    all.extend(needing(&[Piece::Alerts], alerts::samples()));
    all.extend(account::samples());
    all.extend(needing(&[Piece::Groups], groups::samples()));
    all.extend(needing(&[Piece::Projects], projects::samples()));
    all.extend(needing(&[Piece::ApiKeys], api_keys::samples()));
    all.extend(needing(&[Piece::Team], team::samples()));
    all.extend(sessions::samples(house));
    all.extend(needing(&[Piece::Records], records::samples()));
    all.extend(n8n_nodes::samples());
    all.extend(needing(&[Piece::LeadSetup, Piece::Leads], leads::samples()));
    all.extend(needing(&[Piece::LeadSetup, Piece::Leads], lead_setup::samples()));
    all.extend(needing(&[Piece::Media], media::samples()));
    all.extend(needing(&[Piece::Payload, Piece::Usage, Piece::Money], money::samples()));
    all
}

/// The samples of a group whose things are these pieces.
fn needing(needs: &'static [Piece], samples: impl IntoIterator<Item = Sample>) -> Vec<Sample> {
    samples.into_iter().map(|sample| Sample { needs, ..sample }).collect()
}

fn usage_and_triggers(nid: u64) -> [Sample; 3] {
    [
        Sample {
            unless_clear: &["n8n_base_url"],
            required: &["workflow_id", "execution_id", "model_id", "input_tokens", "output_tokens"],
            wrong: vec![
                ("input_tokens", json!("many")),
                ("output_tokens", json!(-1)),
                ("output_tokens", json!(1.5)),
                ("cached_input_tokens", json!(400)),
                ("cache_write_tokens", json!(400)),
                ("cache_write_1h_tokens", json!(1)),
                ("reasoning_tokens", json!("some")),
                ("total_tokens", json!({})),
                ("model_id", json!({})),
                ("workflow_id", json!([])),
                ("n8n_base_url", json!("n8n.example.com")),
                ("installation_id", json!("forty-five")),
            ],
            ids: &["installation_id"],
            ..write("record_token_usage", "/api/token-usage", token_usage())
        },
        Sample {
            required: &["endpoint"],
            wrong: vec![
                ("endpoint", json!("n8n.example.com/webhook/your-path")),
                ("endpoint", json!(7)),
                ("data", json!("text")),
                ("source", json!({})),
            ],
            ..write("trigger_webhook", "/api/trigger-webhook", trigger())
        },
        Sample {
            required: &["nid"],
            wrong: vec![
                ("nid", json!("n/a")),
                ("nid", json!(0)),
                ("triggered_after", json!("yesterday")),
                ("triggered_after", json!(5)),
            ],
            ids: &["nid"],
            ..write(
                "poll_execution",
                "/api/poll-execution",
                json!({ "nid": nid, "triggered_after": "2025-01-21T10:30:00Z" }),
            )
        },
    ]
}

fn creations() -> [Sample; 2] {
    [("create_payload", "/api/payloads"), ("create_payload_for_review", "/automation/payload/create")].map(
        |(operation, path)| Sample {
            required: &["title"],
            wrong: vec![
                ("title", json!(["Report"])),
                ("human_interaction", json!("maybe")),
                ("allow_regenerate", json!(2)),
                ("automation_status", json!("regenerate")),
                ("automation_status", json!("lost")),
                ("installation_id", json!(-45)),
                ("group_id", json!({})),
                ("resume_url", json!("not a url")),
                ("task_type", json!("t".repeat(101))),
            ],
            ids: &["installation_id"],
            ..write(operation, path, payload())
        },
    )
}

fn decision(operation: &'static str) -> Sample {
    Sample {
        required: &["entity_id", "entity_type"],
        wrong: vec![
            ("entity_id", json!("the first")),
            ("entity_type", json!("payload")),
            ("entity_type", json!(3)),
            ("installation_id", json!({})),
            ("notes", json!(["fine"])),
        ],
        ids: &["entity_id"],
        ..write(operation, &format!("/automation/{operation}"), review())
    }
}

fn installations() -> [Sample; 5] {
    [
        read("list_installations", "/api/installs"),
        Sample { nowhere: Some("/api/installs/4242"), ..read("get_installation", "/api/installs/45") },
        Sample { nowhere: Some("/api/installs/4242"), ..read("delete_installation", "/api/installs/45") },
        Sample {
            required: &["instance_id", "host", "api_key", "title"],
            wrong: vec![
                ("host", json!("n8n.yourdomain.com")),
                ("host", json!("ftp://n8n.yourdomain.com")),
                ("api_key", json!("two words")),
                ("title", json!({})),
                ("webhook_url", json!("hooks")),
            ],
            ..write("register_installation", "/api/installs/register", registration())
        },
        Sample {
            required: &["installation_id", "workflow_id", "execution_data"],
            wrong: vec![
                ("installation_id", json!([])),
                ("workflow_id", json!({})),
                ("execution_data", json!("text")),
                ("execution_data", json!([1])),
            ],
            ids: &["installation_id"],
            ..write(
                "push_execution",
                "/api/push/executions",
                json!({ "installation_id": 45, "workflow_id": "abc123", "execution_data": {} }),
            )
        },
    ]
}

fn read(operation: &str, path: &str) -> Sample {
    write(operation, path, Value::Null)
}

fn write(operation: &str, path: &str, body: Value) -> Sample {
    let route = ROUTES.iter().find(|route| route.operation == operation).unwrap();
    Sample {
        route,
        path: path.into(),
        nowhere: None,
        body,
        required: &[],
        unless_clear: &[],
        wrong: Vec::new(),
        ids: &[],
        needs: &[],
    }
}

/// An object with one field changed.
pub fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

pub fn token_usage() -> Value {
    json!({
        "n8n_base_url": N8N, "workflow_id": "b9NLgJV0oXIpXSsr", "execution_id": "551", "model_id": "gpt-4",
        "input_tokens": 399, "output_tokens": 288,
    })
}

pub fn trigger() -> Value {
    json!({
        "endpoint": "https://n8n.example.com/webhook/your-path", "source": "dashboard",
        "data": { "custom_key": "custom_value" },
    })
}

pub fn payload() -> Value {
    json!({
        "title": "Monthly SEO Report", "task_type": "seo-report",
        "payload": {
            "domain": "example.com", "keywords": ["n8n automation", "workflow tool"], "backlinks": 342,
            "domain_authority": 45,
        },
        "installation_id": 45, "workflow_id": "abc123", "execution_id": "exec-789", "human_interaction": true,
        "allow_regenerate": true, "automation_status": "pending",
    })
}

pub fn review() -> Value {
    json!({
        "entity_id": 42, "entity_type": "custom_payload", "execution_id": "exec-789", "installation_id": 45,
        "notes": "Looks good, approved for production.",
    })
}

pub fn registration() -> Value {
    json!({
        "instance_id": "my-n8n-001", "host": "https://n8n.yourdomain.com", "api_key": "n8n-api-key-here",
        "title": "Production n8n",
    })
}
