use http::Method;
use serde_json::{Value, json};

use harness::{TestApp, named, refusal, samples};

const PATH: &str = "/api/notifications";

async fn notify(house: &TestApp, body: Value) -> u64 {
    let made = house.acme.post(PATH, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

async fn titles(house: &TestApp, query: &str) -> Vec<String> {
    let answer = house.acme.get(&format!("{PATH}/list{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let rows = answer.json["notifications"].as_array().unwrap();
    assert_eq!(answer.json["count"], rows.len(), "{query}");
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_the_vendors_node_sends_is_kept() {
    let house = TestApp::new().await;
    // The node leaves out what is blank or 0.
    notify(&house, json!({ "title": "Done", "message": "All rows are in.", "type": "workflow_alert" })).await;
    let all = house.acme.get(&format!("{PATH}/list")).await.json;
    let shown = &all["notifications"][0];
    assert_eq!((&shown["title"], &shown["message"]), (&json!("Done"), &json!("All rows are in.")));
    assert_eq!((&shown["type"], &shown["read"]), (&json!("workflow_alert"), &json!(false)));
    assert_eq!(shown["group_id"], json!(house.acme.key.group_id));
    for field in ["link", "entity_type", "entity_id", "read_at", "read_by"] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
}

#[tokio::test]
async fn links_lead_to_pages_and_nowhere_else() {
    let house = TestApp::new().await;
    for link in ["https://app.example.com/payloads/42", "http://127.0.0.1:8080/", "/payloads/42?tab=1", "/"] {
        notify(&house, json!({ "title": link, "message": "x", "link": link })).await;
        let listed = house.acme.get(&format!("{PATH}/list?limit=1")).await;
        assert_eq!(listed.json["notifications"][0]["link"], link);
    }
    for link in
        ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/\\evil.example", "payloads/42"]
    {
        let answer = house.acme.post(PATH, json!({ "title": "x", "message": "x", "link": link })).await;
        assert_eq!(named(&answer), ["link"], "{link}");
    }
}

#[tokio::test]
async fn the_newest_comes_first_and_every_filter_must_match() {
    let house = TestApp::new().await;
    for (title, kind) in [("one", "new_lead"), ("two", "workflow_error"), ("three", "new_lead")] {
        notify(&house, json!({ "title": title, "message": "x", "type": kind })).await;
    }
    let second =
        house.acme.get(&format!("{PATH}/list?type=workflow_error")).await.json["notifications"][0]["id"]
            .as_u64()
            .unwrap();
    let marked = house.acme.patch(&format!("{PATH}/{second}"), json!({ "read": true })).await;
    assert_eq!((marked.status, &marked.json["read"]), (200, &json!(true)));
    for (query, expected) in [
        ("", vec!["three", "two", "one"]),
        ("?unread=1", vec!["three", "one"]),
        ("?unread=0", vec!["two"]),
        ("?type=new_lead", vec!["three", "one"]),
        ("?type=workflow_error&unread=true", vec![]),
        ("?type=&unread=", vec!["three", "two", "one"]),
    ] {
        assert_eq!(titles(&house, query).await, expected, "{query}");
    }
    assert_eq!(
        named(&house.acme.get(&format!("{PATH}/list?type=lost&unread=maybe&cursor=x&limit=many")).await),
        ["cursor", "limit", "type", "unread"]
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let house = TestApp::new().await;
    for n in 0..7 {
        notify(&house, json!({ "title": n.to_string(), "message": "x" })).await;
    }
    for filter in ["", "&unread=1", "&type=workflow_alert"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = house.acme.get(&format!("{PATH}/list?limit=3{filter}{cursor}")).await.json;
            let rows = answer["notifications"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()));
            let Some(next) = answer["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"], "{filter}");
    }
}

#[tokio::test]
async fn who_read_it_first_stays_on_record() {
    let house = samples::scene().await;
    let path = format!("{PATH}/71");
    assert_eq!(house.acme.patch(&path, json!({ "read": "true" })).await.status, 200);
    house.advance(std::time::Duration::from_secs(60));
    assert_eq!(house.acme.patch(&path, json!({ "read": true })).await.status, 200);
    let shown = house.acme.get(&format!("{PATH}/list")).await.json["notifications"][0].clone();
    assert_eq!(shown["read_at"], "2025-01-21T10:30:00Z");
    assert_eq!(shown["read_by"], "jane@acme.example");
    assert_eq!(house.acme.patch(&path, json!({ "read": false })).await.json["read"], false);
    assert_eq!(titles(&house, "?unread=1").await, ["Report generated successfully"]);
}

#[tokio::test]
async fn another_tenant_sees_and_marks_nothing() {
    let house = samples::scene().await;
    assert_eq!(house.rival.patch(&format!("{PATH}/71"), json!({ "read": true })).await.status, 404);
    for query in ["", "?unread=1"] {
        let answer = house.rival.get(&format!("{PATH}/list{query}")).await;
        assert_eq!(answer.json["notifications"], json!([]), "{query}");
    }
    assert_eq!(titles(&house, "?unread=1").await.len(), 1);
}

#[tokio::test]
async fn another_tenants_group_is_a_403_like_one_that_nobody_has() {
    let house = TestApp::new().await;
    for (method, path, body) in [
        (Method::POST, PATH.to_owned(), Some(json!({ "title": "x", "message": "x" }))),
        (Method::GET, format!("{PATH}/list"), None),
    ] {
        let ask = |group: u64| {
            let body = body.clone().map(|body| samples::with(body, "group_id", json!(group)));
            let path = format!("{path}?group_id={group}");
            let (acme, method) = (&house.acme, method.clone());
            async move { acme.call(method, &path, body, &[]).await }
        };
        let foreign = ask(house.rival.key.group_id.get()).await;
        let unknown = ask(samples::NOWHERE).await;
        assert_eq!((foreign.status, refusal(&foreign, &path).as_str()), (403, "no_such_group"));
        assert_eq!(foreign.text, unknown.text);
        assert!(ask(house.acme.key.group_id.get()).await.status < 300);
    }
}

#[tokio::test]
async fn a_write_that_the_engine_repeats_is_made_once() {
    let house = TestApp::new().await;
    house.faults.set(standins::Plan::RepeatWrites);
    let id = notify(&house, json!({ "title": "once", "message": "x" })).await;
    assert_eq!(house.acme.patch(&format!("{PATH}/{id}"), json!({ "read": true })).await.status, 200);
    assert_eq!(titles(&house, "").await, ["once"]);
}
