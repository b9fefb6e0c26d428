//! Learning an n8n's workflows when it is registered.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{N8N, TestApp};

async fn installed(house: &TestApp, installation: u64) -> Value {
    let answer = house.acme.get(&format!("/api/installed/{installation}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

#[tokio::test]
async fn workflows_are_listed_at_registration() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let installation = house.register(&house.acme).await;
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflow_ids"], &shown["listing_error"]), (&json!(["wf1"]), &Value::Null));
    assert_eq!(shown["workflows"][0]["name"], "Monthly report");
    house.advance(Duration::from_secs(3600));
    assert_eq!(house.sweep().await.due, 0);
    let body = json!({ "endpoint": format!("{N8N}/webhook/report") });
    let triggered = house.acme.post("/api/trigger-webhook", body).await;
    assert_eq!(triggered.json["nid"], shown["workflows"][0]["nid"], "{triggered:?}");
}

#[tokio::test]
async fn an_n8n_that_is_down_is_listed_when_it_is_back() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.set_down(true);
    let installation = house.register(&house.acme).await;
    house.live(Duration::from_secs(60)).await;
    let shown = installed(&house, installation).await;
    assert_eq!(shown["count"], 0);
    assert!(shown["listing_error"].as_str().unwrap().contains("cannot be reached"), "{shown}");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(120)).await;
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflow_ids"], &shown["listing_error"]), (&json!(["wf1"]), &Value::Null));
}

#[tokio::test]
async fn an_n8n_that_errs_is_listed_later() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.answer_api(Some((503, "starting")));
    let installation = house.register(&house.acme).await;
    assert!(installed(&house, installation).await["listing_error"].as_str().unwrap().contains("503"));
    house.n8n.answer_api(None);
    house.live(Duration::from_secs(30)).await;
    assert_eq!(installed(&house, installation).await["workflow_ids"], json!(["wf1"]));
}

#[tokio::test]
async fn a_refused_key_ends_the_listing_and_says_why() {
    for (answer, why) in [
        (Some((401, r#"{"message":"Unauthorized"}"#)), "API key"),
        (Some((403, r#"{"message":"Forbidden"}"#)), "API key"),
        (Some((200, "<html>Sign in</html>")), "not n8n's API"),
        (Some((404, "<html>Cannot GET</html>")), "not n8n's API"),
    ] {
        let house = TestApp::new().await;
        house.n8n.answer_api(answer);
        let installation = house.register(&house.acme).await;
        let shown = installed(&house, installation).await;
        assert!(shown["listing_error"].as_str().unwrap().contains(why), "{shown}");
        let before = house.network.sent().len();
        house.advance(Duration::from_secs(24 * 3600));
        assert_eq!((house.tick().await.due, house.sweep().await.due), (0, 0));
        assert_eq!(house.network.sent().len(), before);
    }
}

#[tokio::test]
async fn another_registration_lists_again() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.refuse_key(true);
    let installation = house.register(&house.acme).await;
    assert_eq!(installed(&house, installation).await["count"], 0);
    house.n8n.refuse_key(false);
    assert_eq!(house.register(&house.acme).await, installation);
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflow_ids"], &shown["listing_error"]), (&json!(["wf1"]), &Value::Null));
}

#[tokio::test]
async fn of_two_registrations_at_once_both_name_one_installation() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let (one, two) = tokio::join!(house.register(&house.acme), house.register(&house.acme));
    assert_eq!(one, two);
    house.live(Duration::from_secs(60)).await;
    assert_eq!(installed(&house, one).await["workflow_ids"], json!(["wf1"]));
}
