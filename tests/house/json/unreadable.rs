//! A record that cannot be read spoils no list.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use shared::{
    domain::{
        dialect::Letter,
        invoice::Invoice,
        workflow::{Workflow, WorkflowStatus},
    },
    http::routes::ROUTES,
    ids::{Id, InvoiceId, WorkflowId},
    store::{self, Change, Key, Write},
};
use tracing_subscriber::fmt::MakeWriter;

use harness::{TestApp, samples::scene};

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn subscriber(&self) -> impl tracing::Subscriber + use<> {
        tracing_subscriber::fmt().with_writer(self.clone()).with_ansi(false).finish()
    }

    fn lines(&self) -> Vec<String> {
        let written = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        written.lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The lists whose gaps look as dialect A has them: where it is, under which name, and the partition of its records.
const LISTS: [(&str, &str, &str); 10] = [
    ("/api/payloads/list", "payloads", "payload"),
    ("/api/leads/list", "leads", "lead"),
    ("/api/leads/recent", "leads", "lead"),
    ("/api/media/list", "media", "media"),
    ("/api/invoices/list", "invoices", "invoice"),
    ("/api/chats/list", "chats", "chat"),
    ("/api/notifications/list", "notifications", "notification"),
    ("/api/collections", "collections", "collection"),
    ("/api/installed/45", "workflows", "workflow#"),
    ("/api/token-usage/abc123/records", "records", "usage#abc123"),
];

/// The lists of other looks: which dialect is spoken, where the list is and where in the reply its rows are, and how the partitions of
/// its records begin, global ones where it says so.
const OTHERS: [(Letter, &str, &str, &str); 11] = [
    (Letter::A, "/api/installs", "/installations", "installation"),
    (Letter::A, "/api/groups", "/groups", "group"),
    (Letter::C, "/api/v1/team_members", "/team_members", "user"),
    (Letter::C, "/api/v1/api_keys", "/api_keys", "G#key#"),
    (Letter::C, "/api/v1/projects", "/projects", "project"),
    (Letter::C, "/api/v1/audit_log", "/audit_log", "event#"),
    (Letter::B, "/v1/events", "/data", "event#"),
    (Letter::B, "/v1/events?workflow_id=abc123", "/data", "usage#abc123"),
    (Letter::B, "/v1/workflows", "/data", "workflows"),
    (Letter::B, "/api/workflows", "/data", "workflows"),
    (Letter::D, "/v1/workflows", "/data", "workflows"),
];

/// Lists of what lies in one record, which is there or not.
const IN_ONE_RECORD: [&str; 7] = [
    "list_model_prices",
    "list_budgets",
    "list_alerts",
    "list_lead_statuses",
    "list_lead_custom_fields",
    // Of what the code itself knows.
    "list_n8n_nodes",
    "list_event_types",
];

/// Spoils the newest record of a partition, or of those that have one each, so that it cannot be read. Returns its id.
async fn spoil(house: &TestApp, partition: &str) -> u64 {
    let items = standins::dump::items(&house.file).await.unwrap();
    let tenant = house.acme.key.tenant;
    let own = format!("T#{tenant}#{partition}");
    let newest = items.iter().rev().find_map(|item| {
        let id = match item.pk.strip_prefix(&own)? {
            "" => item.sk.rsplit('#').next()?.parse::<Id>(),
            id if own.ends_with('#') => id.parse(),
            _ => return None,
        };
        Some((Key::from_parts(&item.pk, &item.sk), id.ok()?))
    });
    let (key, id) = newest.unwrap_or_else(|| panic!("no {partition}"));
    let broken = ["created_at", "recorded_at", "name", "title", "v"]
        .map(|name| Change::set(name, json!({ "no": "such" })));
    house.app.store.write(Write::update(key, broken.to_vec())).await.unwrap();
    id.get()
}

/// The rows of a list, each as its id and whether it can be read.
fn rows(list: &Value, name: &str) -> Vec<(u64, bool)> {
    let row = |row: &Value| {
        let text = || row["id"].as_str()?.parse().ok();
        let id = row["id"].as_u64().or(row["nid"].as_u64()).or_else(text).unwrap();
        if row["unreadable"] == true {
            assert_eq!(*row, json!({ "id": id, "unreadable": true }));
        }
        (id, row["unreadable"].is_null())
    };
    list[name].as_array().unwrap_or_else(|| panic!("no {name} in {list}")).iter().map(row).collect()
}

async fn furnished() -> TestApp {
    let house = scene().await;
    for (path, body) in [
        ("/api/payloads", json!({ "title": "Q1 report" })),
        ("/api/leads", json!({ "first_name": "A", "last_name": "B", "email": "a@b.example" })),
        ("/api/media", json!({ "title": "Q1 picture", "media_type": "file" })),
        ("/api/invoices", json!({ "invoice_number": "Q1", "amount": 1 })),
        ("/api/chats/message", json!({ "session_id": "q1", "role": "user", "content": "x" })),
        ("/api/notifications", json!({ "title": "Q1", "message": "x", "type": "workflow_alert" })),
        ("/api/collections", json!({ "title": "Q1" })),
    ] {
        let made = house.acme.post(path, body).await;
        assert_eq!(made.status, 201, "{path}: {made:?}");
    }
    house
}

#[tokio::test]
async fn a_list_names_what_it_cannot_read_and_goes_on() {
    for (path, name, partition) in LISTS {
        let house = furnished().await;
        let before = rows(&house.acme.get(path).await.json, name);
        let id = spoil(&house, partition).await;
        let list = house.acme.get(path).await;
        assert_eq!(list.status, 200, "{path}: {list:?}");
        let mut after = rows(&list.json, name);
        let mut expected: Vec<_> = before.iter().map(|(known, _)| (*known, *known != id)).collect();
        if name == "collections" {
            // In the order of their changes, which an unreadable one does not tell.
            after.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(after, expected, "{path}");
        assert!(expected.iter().any(|(_, readable)| !readable), "{path} shows {id}");
    }
}

#[tokio::test]
async fn asked_for_alone_it_is_an_error_of_its_own() {
    for (partition, path) in [
        ("payload", "/api/payloads"),
        ("lead", "/api/leads"),
        ("media", "/api/media"),
        ("invoice", "/api/invoices"),
        ("chat", "/api/chats"),
        ("collection", "/api/collections"),
    ] {
        let house = furnished().await;
        let id = spoil(&house, partition).await;
        let answer = house.acme.get(&format!("{path}/{id}")).await;
        assert_eq!((answer.status, &answer.json["code"]), (500, &json!("unreadable_record")), "{answer:?}");
    }
}

/// A page is cut after what it shows, be that readable or not.
#[tokio::test]
async fn pages_count_what_cannot_be_read() {
    for (path, name, partition) in [
        ("/api/payloads/list", "payloads", "payload"),
        ("/api/leads/list", "leads", "lead"),
        ("/api/leads/list?search=a&x=", "leads", "lead"),
        ("/api/media/list?media_type=file", "media", "media"),
    ] {
        let house = furnished().await;
        let id = spoil(&house, partition).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = house.acme.get(&format!("{path}{join}limit=1&cursor={cursor}")).await;
            let shown = rows(&page.json, name);
            assert!(shown.len() <= 1, "{page:?}");
            seen.extend(shown);
            match page.json["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert!(seen.contains(&(id, false)), "{path}: {seen:?}");
        // A search finds it once under each of its phrases: which of them is the first one, only the record tells.
        seen.dedup();
        let whole = rows(&house.acme.get(path).await.json, name);
        assert_eq!(seen, whole, "{path}");
    }
}

/// Content that is no JSON any more is one record's fault, too.
#[tokio::test]
async fn a_record_with_broken_json_in_it_is_unreadable() {
    let house = furnished().await;
    let invoice = rows(&house.acme.get("/api/invoices/list").await.json, "invoices")[0].0;
    let invoices = house.app.repos(house.acme.key.tenant).subjects::<Invoice>();
    let before = invoices.get(InvoiceId::from_u64(invoice).unwrap()).await.unwrap().unwrap();
    let mut after = before.clone();
    after.details.custom_data = Some("{\"a\":".into());
    after.subject.v += 1;
    store::apply(&*house.app.store, invoices.replace(&before, &after).unwrap()).await.unwrap();
    let list = house.acme.get("/api/invoices/list").await;
    assert_eq!(rows(&list.json, "invoices")[0], (invoice, false), "{list:?}");
    let alone = house.acme.get(&format!("/api/invoices/{invoice}")).await;
    assert_eq!((alone.status, &alone.json["code"]), (500, &json!("unreadable_record")), "{alone:?}");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_leaves_the_chat() {
    let house = furnished().await;
    let chat = rows(&house.acme.get("/api/chats/list").await.json, "chats")[0].0;
    let message = spoil(&house, &format!("chat#{chat}")).await;
    let shown = house.acme.get(&format!("/api/chats/{chat}")).await;
    assert_eq!(rows(&shown.json, "messages"), [(message, false)], "{shown:?}");
}

/// One lead that cannot be read is told of, and the others are changed.
#[tokio::test]
async fn a_bulk_change_leaves_out_what_cannot_be_read() {
    let house = furnished().await;
    let id = spoil(&house, "lead").await;
    let body = json!({ "action": "delete", "ids": [101, id, 102] });
    let done = house.acme.post("/api/leads/bulk", body).await;
    assert_eq!((done.status, &done.json["affected"]), (200, &json!(2)), "{done:?}");
    assert_eq!(done.json["failed"], json!([{ "id": id, "error": "what is stored of it cannot be read" }]));
}

/// Spoils the newest record under a prefix, and says its id.
async fn spoil_below(house: &TestApp, prefix: &str) -> Id {
    let own = match prefix.starts_with("G#") {
        true => prefix.to_owned(),
        false => format!("T#{}#{prefix}", house.acme.key.tenant),
    };
    let items = standins::dump::items(&house.file).await.unwrap();
    let known = items.iter().filter(|item| item.pk.starts_with(&own)).filter_map(|item| {
        let body: Value = standins::json(&item.body)?;
        // The caller's own key lets in.
        let foreign = body["tenant"].as_u64().is_some_and(|tenant| tenant != house.acme.key.tenant.0);
        let id = Id::from_u64(body["id"].as_u64()?)?;
        (!foreign && id != house.acme.key.id.untyped()).then_some((id, item))
    });
    let (id, item) = known.max_by_key(|(id, _)| *id).unwrap_or_else(|| panic!("nothing below {own}"));
    let broken = ["created_at", "recorded_at", "name", "title", "subject"];
    let changes = broken.map(|name| Change::set(name, json!({ "no": "such" })));
    let key = Key::from_parts(&item.pk, &item.sk);
    house.app.store.write(Write::update(key, changes.to_vec())).await.unwrap();
    id
}

#[tokio::test]
async fn so_does_every_list_of_every_dialect() {
    for (letter, path, rows, prefix) in OTHERS {
        let mut house = furnished().await;
        let (at, tenant) = (house.app.now(), house.acme.key.tenant);
        let id = WorkflowId::from_u64(61).unwrap();
        let status = WorkflowStatus::Active;
        let workflow = Workflow { id, name: "Old".into(), status, created_at: at, updated_at: at };
        let written = house.app.repos(tenant).workflows().insert(&workflow).unwrap();
        store::apply(&*house.app.store, written).await.unwrap();
        let renamed = house.acme.patch("/api/v1/account", json!({ "name": "Acme & Sons" })).await;
        assert_eq!(renamed.status, 200, "{renamed:?}");
        let caller = house.acme.speaking(Some(letter));
        let before = caller.get(path).await;
        let count = |list: &Value| list.pointer(rows).and_then(Value::as_array).map(Vec::len);
        let id = spoil_below(&house, prefix).await;
        house.restart();
        let after = caller.get(path).await;
        assert_eq!(after.status, 200, "{path}: {after:?}");
        assert_eq!(count(&after.json), count(&before.json), "{path}: {after:?}");
        let rows = after.json.pointer(rows).and_then(Value::as_array).unwrap();
        let gaps: Vec<_> = rows.iter().filter(|row| row["unreadable"] == true).collect();
        assert_eq!(gaps.len(), 1, "{path} with {id}: {after:?}");
        assert_eq!(gaps[0].as_object().unwrap().len(), 2, "{path}: {}", gaps[0]);
    }
}

/// A route that lists is in one of the tables above.
#[test]
fn no_list_is_left_out() {
    let path = |path: &'static str| path.split('?').next().unwrap();
    let tried: BTreeSet<_> =
        LISTS.iter().map(|list| path(list.0)).chain(OTHERS.iter().map(|list| path(list.1))).collect();
    for route in ROUTES.iter().filter(|route| route.operation.contains("list_")) {
        let fits = |tried: &&str| {
            let (mut route, mut tried) = (route.path.split('/'), tried.split('/'));
            let same = route.by_ref().zip(tried.by_ref()).all(|(a, b)| a == b || a.starts_with('{'));
            same && route.next().is_none() && tried.next().is_none()
        };
        let known = tried.iter().any(fits) || IN_ONE_RECORD.contains(&route.operation);
        assert!(known, "{}: does it show what it cannot read?", route.operation);
    }
}

/// One line for all, which says how many, which, and what kind of thing is wrong with them, and nothing that is in them.
#[tokio::test]
async fn what_cannot_be_read_is_counted_once_a_request() {
    let house = furnished().await;
    let keys = standins::dump::items(&house.file).await.unwrap();
    let own = format!("T#{}#lead", house.acme.key.tenant);
    let leads: Vec<_> = keys.iter().filter(|item| item.pk == own).take(2).collect();
    for lead in &leads {
        let broken = Change::set("v", json!("hunter2"));
        let key = Key::from_parts(&lead.pk, &lead.sk);
        house.app.store.write(Write::update(key, vec![broken])).await.unwrap();
    }
    let log = Log::default();
    let seen = {
        let _guard = tracing::subscriber::set_default(log.subscriber());
        house.acme.get("/api/leads/list").await
    };
    assert_eq!(seen.status, 200, "{seen:?}");
    let lines: Vec<_> =
        log.lines().into_iter().filter(|line| line.contains("stored records cannot be read")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("unreadable=2") && lines[0].contains("invalid type"), "{lines:?}");
    assert!(lines[0].contains("WARN") && !log.lines().concat().contains("hunter2"), "{lines:?}");
}
