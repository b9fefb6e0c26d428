//! Content that lies apart, and is not there or not what it was.

use bytes::Bytes;
use serde_json::{Value, json};
use shared::{
    blobs::BlobKey,
    domain::payload::{Body, Payload},
    ids::PayloadId,
    store,
};

use harness::{Answer, TestApp, refusal};

/// A payload whose content lies apart.
async fn large(house: &TestApp) -> u64 {
    let body = json!({ "title": "Large", "payload": { "text": "x".repeat(100_000) } });
    house.acme.post("/automation/payload/create", body).await.id()
}

async fn stored(house: &TestApp, id: u64) -> Payload {
    let payloads = house.app.repos(house.acme.key.tenant).payloads();
    payloads.get(PayloadId::from_u64(id).unwrap()).await.unwrap().unwrap()
}

async fn key(house: &TestApp, id: u64) -> BlobKey {
    let Body::Blob { file, .. } = stored(house, id).await.body else { panic!("it lies in the item") };
    BlobKey::of(house.acme.key.tenant, &file)
}

/// Changes where a payload points, behind everybody's back.
async fn point(house: &TestApp, id: u64, change: impl FnOnce(&mut String, &mut Option<String>)) {
    let before = stored(house, id).await;
    let mut after = before.clone();
    let Body::Blob { version, sha256, .. } = &mut after.body else { panic!("{before:?}") };
    change(version, sha256);
    after.subject.v += 1;
    let payloads = house.app.repos(house.acme.key.tenant).payloads();
    store::apply(&*house.app.store, payloads.replace(&before, &after).unwrap()).await.unwrap();
}

async fn get(house: &TestApp, id: u64) -> Answer {
    house.acme.get(&format!("/api/payloads/{id}")).await
}

/// It says what is wrong with this payload, and everything else goes on.
async fn is_broken_alone(house: &TestApp, broken: u64, code: &str) {
    let answer = get(house, broken).await;
    assert_eq!((answer.status, refusal(&answer, "/api/payloads").as_str()), (500, code), "{answer:?}");
    assert!(answer.json["message"].as_str().unwrap().contains("content of this payload"), "{answer:?}");
    let other = large(house).await;
    assert_eq!(get(house, other).await.status, 200);
    let listed = house.acme.get("/api/payloads/list").await;
    let ids: Vec<_> =
        listed.json["payloads"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!((listed.status, ids), (200, vec![json!(other), json!(broken)]));
    let body = json!({ "entity_type": "custom_payload", "entity_id": broken });
    assert_eq!(house.acme.post("/automation/approve", body).await.status, 200);
    let path = format!("/api/payloads/{broken}");
    assert_eq!(house.acme.patch(&path, json!({ "payload": { "again": true } })).await.status, 200);
    assert_eq!(get(house, broken).await.json["payload"], json!({ "again": true }));
    assert_eq!(house.acme.delete(&path).await.status, 200);
}

#[tokio::test]
async fn missing_content_is_an_error_of_its_payload_alone() {
    let house = TestApp::new().await;
    let id = large(&house).await;
    house.app.blobs.delete(&key(&house, id).await).await.unwrap();
    is_broken_alone(&house, id, "content_missing").await;
}

#[tokio::test]
async fn altered_content_is_noticed() {
    let house = TestApp::new().await;
    let id = large(&house).await;
    let text = json!({ "text": "y".repeat(100_000) }).to_string();
    let other =
        house.app.blobs.put(&key(&house, id).await, "application/json", Bytes::from(text)).await.unwrap();
    point(&house, id, |version, _| *version = other).await;
    is_broken_alone(&house, id, "content_altered").await;
}

#[tokio::test]
async fn content_from_before_hashes_were_kept_is_read() {
    let house = TestApp::new().await;
    let id = large(&house).await;
    point(&house, id, |_, sha256| *sha256 = None).await;
    let answer = get(&house, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["payload"]["text"].as_str().map(str::len), Some(100_000));
    assert_ne!(answer.json["payload"], Value::Null);
}
