//! Nothing forbidden is called, whatever a caller writes into whichever field, and whatever DNS says later: the house with
//! the real client, a DNS that lies, and a server on this machine that counts what reaches it.
//!
//! Its one rule: the inputs are those of the API document. A new field for a URL fails here until it has its row.

mod moving;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use self::moving::follow;
use serde_json::{Value, json};
use shared::{
    clock::Deadline,
    config::Settings,
    domain::{
        followed_run::{FollowedRun, PollStatus},
        place::Place,
    },
    egress::{Guarded, Policy, Resolver},
    http::routes::ROUTES,
    ids::InstallationId,
    n8n::client::Turn,
    ops::listing,
    queue::{QueueName, Task, TaskKind},
};
use standins::{
    Network, dump,
    sink::{Answer as Says, Sink, ok},
};
use url::Url;

use harness::{
    Answer, Documents, TestApp, described, named,
    roles::working,
    samples::{Sample, samples},
    settings,
};

/// A public address that nothing here ever dials.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

/// Says that a name is public so many times, and then what it was told to say.
#[derive(Default)]
struct Flip {
    public: AtomicUsize,
    then: Mutex<Vec<IpAddr>>,
}

impl Flip {
    fn say(&self, public: usize, then: &[IpAddr]) {
        self.public.store(public, Ordering::SeqCst);
        *self.then.lock().unwrap() = then.to_vec();
    }
}

#[async_trait::async_trait]
impl Resolver for Flip {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        let left = self.public.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return Ok(vec![PUBLIC]);
        }
        let then = self.then.lock().unwrap().clone();
        if then.is_empty() { Err("no such name".into()) } else { Ok(then) }
    }
}

/// Like the functions in AWS: nothing but the open internet.
fn as_in_aws() -> Policy {
    Policy::default()
}

/// Like the local host.
fn local() -> Policy {
    Policy { allow_loopback: true, ..Policy::default() }
}

async fn house(policy: Policy) -> (TestApp, Arc<Flip>) {
    let dns = Arc::new(Flip::default());
    let http = Guarded::new(policy, dns.clone()).unwrap();
    let settings = Settings { trigger_limit: u32::MAX, ..settings() };
    (TestApp::over(settings, Network::new(), Arc::new(http)).await, dns)
}

struct Forbidden {
    reason: &'static str,
    url: String,
    answers: Vec<IpAddr>,
}

fn forbidden(sink: &Sink) -> Vec<Forbidden> {
    let lines = include_str!("../../shared/src/egress/forbidden.txt").lines();
    let port = sink.address.port().to_string();
    let rows = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let [reason, url, dns, _why] = line.split(" | ").collect::<Vec<_>>()[..] else { panic!("{line}") };
        let answers =
            if dns == "-" { Vec::new() } else { dns.split(',').map(|a| a.trim().parse().unwrap()).collect() };
        Forbidden { reason, url: url.replace("{port}", &port), answers }
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    rows
}

fn untouched(sink: &Sink, what: &str) {
    assert_eq!((sink.connections(), sink.requests().len()), (0, 0), "{what}");
}

/// What Baton does with a URL that it is given.
#[derive(Debug, PartialEq)]
enum Fate {
    /// It is called, so it must pass the guard to be saved.
    Called,
    /// It must lie where a registered n8n is, so what is forbidden passes neither.
    OnAnInstallation,
    /// It is kept for people or passed on, and never called.
    Kept,
}

/// Every field for a URL that there is.
const INPUTS: [(&str, &str, Fate); 28] = [
    ("register_installation", "host", Fate::Called),
    ("register_installation", "webhook_url", Fate::Called),
    ("trigger_webhook", "endpoint", Fate::OnAnInstallation),
    ("create_payload", "resume_url", Fate::OnAnInstallation),
    ("create_payload_for_review", "resume_url", Fate::OnAnInstallation),
    ("create_lead", "resume_url", Fate::OnAnInstallation),
    ("create_media", "resume_url", Fate::OnAnInstallation),
    ("create_media_for_review", "resume_url", Fate::OnAnInstallation),
    ("create_invoice", "resume_url", Fate::OnAnInstallation),
    ("record_token_usage", "n8n_base_url", Fate::Kept),
    // Of these the provider is asked, at its own address.
    ("create_media", "url", Fate::Kept),
    ("create_media_for_review", "url", Fate::Kept),
    ("update_media", "url", Fate::Kept),
    ("create_media", "download_url", Fate::Kept),
    ("create_media", "embed_url", Fate::Kept),
    ("create_media", "thumbnail_url", Fate::Kept),
    ("create_media_for_review", "download_url", Fate::Kept),
    ("create_media_for_review", "embed_url", Fate::Kept),
    ("create_media_for_review", "thumbnail_url", Fate::Kept),
    ("update_media", "download_url", Fate::Kept),
    ("update_media", "embed_url", Fate::Kept),
    ("update_media", "thumbnail_url", Fate::Kept),
    ("create_invoice", "payment_url", Fate::Kept),
    ("create_invoice", "pdf_url", Fate::Kept),
    ("update_invoice", "payment_url", Fate::Kept),
    ("update_invoice", "pdf_url", Fate::Kept),
    ("create_notification", "link", Fate::Kept),
    ("connect_n8n_node", "base_url", Fate::Kept),
];

/// Text that people read, and nothing more: not even checked to be a URL.
const TEXT: [&str; 2] = ["linkedin_url", "website"];

#[test]
fn every_field_for_a_url_has_its_row() {
    let documents = Documents::made();
    let rows: BTreeSet<_> = INPUTS.iter().map(|(operation, field, _)| (*operation, *field)).collect();
    for route in ROUTES {
        let document = documents.of(route);
        let operation = described(document, route);
        let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
        let Some(name) = schema.and_then(|text| text.rsplit('/').next()) else { continue };
        for (field, of) in
            document["components"]["schemas"][name]["properties"].as_object().into_iter().flatten()
        {
            let shown = of["example"].as_str().unwrap_or_default();
            let told = ["url", "host", "endpoint", "link", "uri"].iter().any(|word| field.contains(word));
            if (told || shown.starts_with("http")) && !TEXT.contains(&field.as_str()) {
                assert!(rows.contains(&(route.operation, field.as_str())), "{}: {field}", route.operation);
            }
        }
    }
}

/// Every spelling in every field, in a house without an installation at such a place.
#[tokio::test]
async fn what_is_forbidden_is_not_saved_to_be_called() {
    let sink = Sink::everywhere(ok("reached"));
    let (house, dns) = house(as_in_aws()).await;
    let all = samples(&house);
    let of = |operation: &str| all.iter().find(|sample| sample.route.operation == operation).unwrap();
    for row in forbidden(&sink) {
        dns.say(0, &row.answers);
        for (operation, field, fate) in &INPUTS {
            let sample: &Sample = of(operation);
            let mut body = sample.with(field, json!(row.url));
            // Only this URL is to be judged: there is no installation, and the other host is public.
            body.as_object_mut().unwrap().remove("installation_id");
            if *field == "webhook_url" {
                body["host"] = json!("https://93.184.215.14");
            }
            let answer = sample.send_body(&house.acme, body).await;
            assert!(answer.status < 500, "{operation} {field} {}: {answer:?}", row.url);
            // Nothing, in a field that may be left out, is no URL.
            let absent = row.url.trim().is_empty() && !sample.required.contains(field);
            if *fate != Fate::Kept && !absent {
                assert!(named(&answer).contains(field), "{operation} {field} {}: {answer:?}", row.url);
            }
        }
        house.drain().await;
    }
    untouched(&sink, "at save");
}

/// Everything that calls an installation, with one stored before there was a rule against its address.
async fn call_in_every_way(house: &TestApp, id: u64, host: &str) {
    house.seed_installation_at(&house.acme, id, host).await;
    let tenant = house.acme.key.tenant;
    let installations = house.app.repos(tenant).installations();
    let stored = installations.get(InstallationId::from_u64(id).unwrap()).await.unwrap().unwrap();
    let turn = Turn::owed(Deadline::at(house.app.now().plus(Duration::from_secs(60))));
    let _ = working(QueueName::PollExecutions, listing::run(&house.app, tenant, stored, "req_1", turn)).await;
    let connected = house.acme.post("/api/n8n/nodes/payload-review", json!({ "installation_id": id })).await;
    assert_eq!(connected.json["credential"]["state"], "by_hand", "{host}: {connected:?}");
    let triggered =
        house.acme.post("/api/trigger-webhook", json!({ "endpoint": format!("{host}/webhook/x") })).await;
    assert!([422, 502].contains(&triggered.status), "{host}: {triggered:?}");
    follow(house, id).await;
    for (kind, path, mut body) in [
        ("custom_payload", "/automation/payload/create", json!({ "title": "x" })),
        ("media_item", "/automation/media/create", json!({ "title": "x", "media_type": "file" })),
        (
            "lead",
            "/api/leads",
            json!({ "first_name": "A", "last_name": "B", "email": format!("a{id}@example.com") }),
        ),
        ("invoice", "/api/invoices", json!({ "invoice_number": format!("INV-{id}"), "amount": 1 })),
    ] {
        body["installation_id"] = json!(id);
        body["execution_id"] = json!("7");
        body["human_interaction"] = json!(true);
        body["resume_url"] = json!(format!("{host}/webhook-waiting/7?signature=s"));
        let made = house.acme.post(path, body).await;
        assert_eq!(made.status, 201, "{host} {path}: {made:?}");
        let decided = house
            .acme
            .post("/automation/approve", json!({ "entity_id": made.id(), "entity_type": kind }))
            .await;
        assert_eq!(decided.json["n8n_resumed"], false, "{host} {kind}: {decided:?}");
    }
    // The debts of the decisions, in the worker's hands.
    house.advance(Duration::from_secs(2));
    house.drain().await;
}

/// The base URLs among the spellings: what an older rule might have let into a row.
fn bases(sink: &Sink) -> Vec<(String, Forbidden)> {
    let usable = |row: Forbidden| {
        let url = Url::parse(&row.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let base = Place::parse(url.as_str())?.origin;
        Some((base, row))
    };
    let mut seen = BTreeSet::new();
    let rows = forbidden(sink).into_iter().filter_map(usable);
    rows.filter(|(base, row)| seen.insert((base.clone(), row.answers.clone()))).collect()
}

/// What the local host opens: this machine, for a laptop's n8n, and nothing else.
#[tokio::test]
async fn the_local_host_opens_loopback_alone() {
    let sink = Sink::everywhere(ok("{}"));
    let (house, dns) = house(local()).await;
    let (mut opened, mut shut) = (0, 0);
    for (n, row) in forbidden(&sink).into_iter().enumerate() {
        dns.say(0, &row.answers);
        let body = json!({ "instance_id": format!("n{n}"), "host": row.url, "api_key": "key", "title": "x" });
        let before = sink.requests().len();
        let answer = house.acme.post("/api/installs/register", body).await;
        if row.reason == "loopback" && answer.status == 201 {
            opened += 1;
        } else {
            assert_eq!(named(&answer), ["host"], "{}: {answer:?}", row.url);
            assert_eq!(sink.requests().len(), before, "{}", row.url);
            shut += 1;
        }
    }
    assert!(opened > 10 && shut > 200, "{opened} opened, {shut} shut");
}

fn public() -> Vec<&'static str> {
    let lines = include_str!("../../shared/src/egress/public.txt").lines();
    let rows = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| line.split(" | ").next().unwrap()).collect()
}

/// Nothing here is dialled: the network of the tests has no such hosts.
#[tokio::test]
async fn no_public_address_is_refused() {
    let controls = public();
    assert!(controls.len() >= 50, "{} controls", controls.len());
    let house = TestApp::with(Settings { trigger_limit: u32::MAX, ..settings() }).await;
    for (n, url) in (1000..).zip(controls) {
        let base = Place::parse(url.trim()).unwrap().origin;
        let body = json!({ "instance_id": format!("n{n}"), "host": base, "webhook_url": base, "api_key": "key", "title": "x" });
        let registered = house.acme.post("/api/installs/register", body).await;
        assert_eq!(registered.status, 201, "{url}: {registered:?}");
        let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": url })).await;
        let refused = |answer: &Answer| answer.status == 422;
        assert!(!refused(&triggered), "{url}: {triggered:?}");
        assert_eq!(triggered.json["code"], "n8n_unreachable", "{url}: {triggered:?}");
    }
}
