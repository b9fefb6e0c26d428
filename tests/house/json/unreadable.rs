//! A record that cannot be read spoils no list.

use serde_json::{Value, json};
use shared::{
    domain::invoice::Invoice,
    ids::{Id, InvoiceId},
    store::{self, Change, Key, Write},
};

use harness::{TestApp, samples::scene};

/// Every list of the house: where it is, under which name, and the partition of its records.
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
