use serde_json::{Value, json};

use harness::{N8N, TestApp, named, refusal, samples};

const PATH: &str = "/api/payloads";

/// Creates a payload with this content and returns the content as it is shown.
async fn kept(house: &TestApp, content: Value) -> Value {
    let made = house.acme.post(PATH, json!({ "title": "x", "payload": content })).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.acme.get(&format!("{PATH}/{}", made.id())).await.json["payload"].clone()
}

#[tokio::test]
async fn a_title_is_enough() {
    let house = TestApp::new().await;
    let made = house.acme.post(PATH, json!({ "title": "  Report " })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = house.acme.get(&format!("{PATH}/{}", made.id())).await.json;
    assert_eq!((&shown["title"], &shown["task_type"]), (&json!("Report"), &json!("generic")));
    assert_eq!((&shown["automation_status"], &shown["payload"]), (&json!("pending"), &Value::Null));
    assert_eq!((&shown["human_interaction"], &shown["allow_regenerate"]), (&json!(false), &json!(false)));
    for field in ["installation_id", "workflow_id", "execution_id", "nid"] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    assert_eq!(shown["group_id"], json!(house.acme.key.group_id));
    assert_eq!((&shown["created"], &shown["changed"]), (&json!(1_737_455_400), &json!(1_737_455_400)));
}

#[tokio::test]
async fn content_is_kept_as_it_was_sent() {
    let house = TestApp::new().await;
    for content in [
        json!({ "domain": "example.com", "backlinks": 342 }),
        json!({ "": "an empty name", "float": 1.0, "big": 9_007_199_254_740_993_u64, "null": null }),
        json!([1, [2, { "three": 3 }]]),
        json!("plain text"),
        json!(" leading space"),
        json!(0),
        json!(false),
        json!({}),
        json!("\u{0}\u{1f9ea}\u{2028}"),
    ] {
        assert_eq!(kept(&house, content.clone()).await, content, "{content}");
    }
}

#[tokio::test]
async fn content_sent_as_json_text_is_decoded() {
    let house = TestApp::new().await;
    for (sent, shown) in [
        (r#"{"backlinks":342}"#, json!({ "backlinks": 342 })),
        (" [1,2] ", json!([1, 2])),
        (r#"{"cut off":"#, json!(r#"{"cut off":"#)),
        ("[not json]", json!("[not json]")),
        ("42", json!("42")),
    ] {
        assert_eq!(kept(&house, json!(sent)).await, shown, "{sent}");
    }
}

#[tokio::test]
async fn large_content_lies_apart_and_is_shown_whole() {
    let house = TestApp::new().await;
    let content = json!({ "text": "é".repeat(50_000) });
    let made = house.acme.post(PATH, json!({ "title": "large", "payload": content })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = house.acme.get(&format!("{PATH}/{}", made.id())).await;
    assert_eq!((&shown.json["payload"], &shown.json["payload_bytes"]), (&content, &json!(100_011)));
    let listed = house.acme.get("/api/payloads/list").await;
    assert_eq!(listed.json["payloads"][0]["payload"], Value::Null);
    assert_eq!(listed.json["payloads"][0]["payload_bytes"], 100_011);
}

#[tokio::test]
async fn megabytes_are_stored_and_more_than_six_are_a_413() {
    let house = TestApp::new().await;
    let body = |bytes: usize| json!({ "title": "large", "payload": "x".repeat(bytes) });
    let frame = body(0).to_string().len();
    let limit = 6 * 1024 * 1024;
    let largest = house.acme.post(PATH, body(limit - frame)).await;
    assert_eq!(largest.status, 201, "{largest:?}");
    let shown = house.acme.get(&format!("{PATH}/{}", largest.id())).await;
    assert_eq!(shown.json["payload"].as_str().map(str::len), Some(limit - frame));
    let beyond = house.acme.post(PATH, body(limit - frame + 1)).await;
    assert_eq!((beyond.status, refusal(&beyond, PATH).as_str()), (413, "body_too_large"));
    assert!(beyond.json["message"].as_str().unwrap().contains("6291456"));
}

#[tokio::test]
async fn another_tenants_group_is_a_403_like_one_that_nobody_has() {
    let house = TestApp::new().await;
    for path in [PATH, "/automation/payload/create"] {
        let ask = |group: Value| house.acme.post(path, json!({ "title": "x", "group_id": group }));
        let foreign = ask(json!(house.rival.key.group_id)).await;
        let unknown = ask(json!(samples::NOWHERE)).await;
        assert_eq!((foreign.status, refusal(&foreign, path).as_str()), (403, "no_such_group"));
        assert_eq!(foreign.text, unknown.text);
        assert_eq!(ask(json!(house.acme.key.group_id.to_string())).await.status, 201);
    }
    assert_eq!(house.acme.get("/api/payloads/list").await.json["count"], 2);
}

#[tokio::test]
async fn the_automation_route_sets_what_a_review_needs() {
    let house = TestApp::new().await;
    let body = json!({ "title": "x", "human_interaction": false, "automation_status": "approved" });
    let made = house.acme.post("/automation/payload/create", body.clone()).await;
    assert_eq!((made.status, &made.json["automation_status"]), (201, &json!("pending")));
    assert_eq!(made.json["warnings"][0]["code"], "review_required", "what was said does not count: {made:?}");
    let shown = house.acme.get(&format!("{PATH}/{}", made.id())).await;
    assert_eq!(shown.json["human_interaction"], true);
    let plain = house.acme.post(PATH, body).await;
    assert!(plain.json.get("warnings").is_none(), "{plain:?}");
    let media = json!({ "title": "x", "media_type": "image", "human_interaction": false });
    let media = house.acme.post("/automation/media/create", media).await;
    assert_eq!(media.json["warnings"][0]["code"], "review_required", "{media:?}");
    assert_eq!(plain.json["automation_status"], "approved");
}

#[tokio::test]
async fn a_resume_url_must_lie_on_a_registered_n8n() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house.seed_installation_at(&house.rival, 46, "https://rival.example.com").await;
    for url in [
        "https://evil.test/?signature=s3cret",
        "https://rival.example.com/7?signature=s3cret",
        "https://n8n.example.com@evil.test/webhook-waiting/7?signature=s3cret",
        "http://169.254.169.254/latest?signature=s3cret",
    ] {
        for id in [json!(45), Value::Null] {
            let body = json!({ "title": "x", "resume_url": url, "installation_id": id });
            let answer = house.acme.post("/automation/payload/create", body).await;
            assert_eq!(named(&answer), ["resume_url"], "{url}: {answer:?}");
            assert!(!answer.text.contains("s3cret"), "{answer:?}");
        }
    }
    assert_eq!(house.acme.get("/api/payloads/list").await.json["count"], 0);
}

#[tokio::test]
async fn a_resume_url_tells_the_installation_and_is_never_shown() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let url = format!("{N8N}/webhook-waiting/7?signature=s3cret");
    let made =
        house.acme.post("/automation/payload/create", json!({ "title": "x", "resume_url": url })).await;
    assert_eq!((made.status, &made.json["installation_id"]), (201, &json!(45)), "{made:?}");
    let shown = house.acme.get(&format!("{PATH}/{}", made.id())).await;
    let listed = house.acme.get("/api/payloads/list").await;
    for answer in [made, shown, listed] {
        assert!(!answer.text.contains("s3cret") && !answer.text.contains("resume_url"), "{answer:?}");
    }
}

#[tokio::test]
async fn the_workflow_tells_the_installation_where_it_is_clear() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let body = json!({ "title": "x", "workflow_id": "abc123" });
    let made = house.acme.post(PATH, body.clone()).await;
    assert_eq!(made.json["installation_id"], 45, "{made:?}");
    assert!(made.json["nid"].is_u64());
    house.seed_installation(&house.acme, 46).await;
    assert_eq!(house.acme.post(PATH, body).await.json["installation_id"], 45, "it is known to have it");
    let other = house.acme.post(PATH, json!({ "title": "x", "workflow_id": "new" })).await;
    assert_eq!((other.status, &other.json["installation_id"]), (201, &Value::Null), "two could have it");
}

#[tokio::test]
async fn a_field_that_is_too_long_is_named() {
    let house = TestApp::new().await;
    let answer = house
        .acme
        .post(
            PATH,
            json!({ "title": "t".repeat(501), "workflow_id": "w".repeat(201), "status": "s".repeat(201) }),
        )
        .await;
    assert_eq!(named(&answer), ["status", "title", "workflow_id"]);
    assert_eq!(house.acme.post(PATH, json!({ "title": "é".repeat(500) })).await.status, 201);
}

#[tokio::test]
async fn the_vendor_nodes_free_status_is_kept() {
    let house = TestApp::new().await;
    let made = house.acme.post(PATH, json!({ "title": "x", "status": "in review" })).await;
    assert_eq!(house.acme.get(&format!("{PATH}/{}", made.id())).await.json["status"], "in review");
}

#[tokio::test]
async fn what_cannot_be_an_id_is_an_id_of_nothing() {
    let house = TestApp::new().await;
    for id in ["abc", "0", "-1", "1.5", "99999999999999999999", "%20", "42%2F43"] {
        let path = format!("{PATH}/{id}");
        let answer = house.acme.get(&path).await;
        assert_eq!((answer.status, refusal(&answer, &path).as_str()), (404, "not_found"), "{id}");
    }
}
