use std::time::Duration;

use serde_json::json;

use harness::{refusal, samples};

const PATH: &str = "/api/payloads/42";

#[tokio::test]
async fn a_deleted_payload_is_gone_for_every_verb() {
    let house = samples::scene().await;
    let answer = house.acme.delete(PATH).await;
    assert_eq!((answer.status, &answer.json["id"]), (200, &json!(42)), "{answer:?}");
    let review = json!({ "entity_id": 42, "entity_type": "custom_payload" });
    for (what, answer) in [
        ("get", house.acme.get(PATH).await),
        ("patch", house.acme.patch(PATH, json!({ "title": "x" })).await),
        ("delete", house.acme.delete(PATH).await),
        ("approve", house.acme.post("/automation/approve", review).await),
    ] {
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"), "{what}");
    }
    assert_eq!(house.acme.get("/api/payloads/list").await.json["count"], 0);
    assert_eq!(house.acme.get("/api/payloads/list?automation_status=pending").await.json["count"], 0);
}

#[tokio::test]
async fn another_tenant_deletes_nothing() {
    let house = samples::scene().await;
    assert_eq!(house.rival.delete(PATH).await.status, 404);
    assert_eq!(house.rival.patch(PATH, json!({ "title": "x" })).await.status, 404);
    assert_eq!(house.acme.get(PATH).await.json["title"], "Monthly SEO Report");
}

#[tokio::test]
async fn a_decision_that_n8n_has_not_heard_outlives_it() {
    let house = samples::scene().await;
    house.n8n.set_down(true);
    let decided = house.acme.post("/automation/approve", samples::review()).await;
    assert_eq!((decided.status, &decided.json["resume_state"]), (200, &json!("pending")), "{decided:?}");
    assert_eq!(house.acme.delete(PATH).await.status, 200);
    house.n8n.set_down(false);
    house.advance(Duration::from_secs(3600));
    house.sweep().await;
    house.live(Duration::from_secs(30)).await;
    assert_eq!(house.n8n.execution(0).unwrap().decisions[0]["decision"], "approved");
}
