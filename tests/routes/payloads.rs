use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_payload_is_stored_and_shown() {
    let house = TestApp::new().await;
    let made = house
        .acme
        .post("/api/payloads", json!({ "title": "Monthly SEO Report", "payload": { "backlinks": 342 } }))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
    assert_eq!((shown.status, &shown.json["payload"]), (200, &json!({ "backlinks": 342 })));
    assert_eq!(house.rival.get(&format!("/api/payloads/{}", made.id())).await.status, 404);
}
