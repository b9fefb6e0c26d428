//! Triggers whose request dies, and the `Idempotency-Key` that tells a repeat from a new one.

use std::time::Duration;

use serde_json::{Value, json};
use shared::egress::OutError;
use standins::Plan;

use harness::{Answer, N8N, TestApp};

async fn body(house: &TestApp) -> Value {
    let installation = house.register(&house.acme).await;
    json!({ "endpoint": format!("{N8N}/webhook/invokati-trigger/{installation}/wf1"), "data": { "a": 1 } })
}

async fn trigger(house: &TestApp, body: &Value) -> Answer {
    house.acme.post_once("/api/trigger-webhook", "once", body.clone()).await
}

/// The number of the call to n8n's webhook in an undisturbed trigger.
async fn number_of_the_call() -> usize {
    let mut house = TestApp::new().await;
    let body = body(&house).await;
    house.restart();
    house.faults.set(Plan::Calm);
    trigger(&house, &body).await;
    house.faults.calls().iter().position(|call| call.starts_with("http.send /webhook/")).unwrap()
}

fn keys(house: &TestApp) -> Vec<String> {
    let sent = house.network.sent_to("/webhook/").into_iter();
    sent.map(|sent| sent.headers["idempotency-key"].to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_repeat_while_the_first_may_be_under_way_is_refused_and_later_sent_under_the_same_key() {
    let call = number_of_the_call().await;
    for (plan, calls) in [(Plan::DieBefore(call), 1), (Plan::DieAfter(call), 2)] {
        let mut house = TestApp::new().await;
        let body = body(&house).await;
        house.restart();
        house.faults.set(plan);
        assert!(house.faults.survive(trigger(&house, &body)).await.is_none(), "it must die");
        house.faults.set(Plan::Calm);
        house.restart();
        for _ in 0..2 {
            let early = trigger(&house, &body).await;
            assert_eq!((early.status, early.header("retry-after")), (409, Some("1")), "{early:?}");
            assert_eq!(early.json["code"], "idempotency_key_in_progress", "{early:?}");
            house.advance(Duration::from_secs(17));
        }
        house.advance(Duration::from_secs(2));
        let late = trigger(&house, &body).await;
        assert_eq!(late.status, 200, "{late:?}");
        let keys = keys(&house);
        assert_eq!(keys.len(), calls);
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        let again = trigger(&house, &body).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")), "{again:?}");
        assert_eq!(again.json, late.json);
    }
}

#[tokio::test]
async fn a_trigger_whose_request_died_is_followed_all_the_same() {
    let call = number_of_the_call().await;
    let mut house = TestApp::new().await;
    let body = body(&house).await;
    house.restart();
    house.faults.set(Plan::DieAfter(call));
    assert!(house.faults.survive(trigger(&house, &body)).await.is_none(), "it must die");
    house.faults.set(Plan::Calm);
    house.restart();
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.n8n.set_status(9, "success");
    house.live(Duration::from_secs(90)).await;
    let installation = body["endpoint"].as_str().unwrap().rsplit('/').nth(1).unwrap();
    let shown = house.acme.get(&format!("/api/installed/{installation}")).await;
    let nid = &shown.json["workflows"][0]["nid"];
    let polled = house.acme.post("/api/poll-execution", json!({ "nid": nid })).await;
    assert_eq!((polled.status, polled.json["status"].as_str()), (200, Some("success")), "{polled:?}");
}

#[tokio::test]
async fn a_trigger_that_n8n_refused_may_be_repeated_under_its_key() {
    let house = TestApp::new().await;
    let body = body(&house).await;
    house
        .n8n
        .answer_webhooks(Ok((404, r#"{"message":"The requested webhook \"POST x\" is not registered."}"#)));
    let refused = trigger(&house, &body).await;
    assert_eq!((refused.status, refused.json["n8n_status"].as_u64()), (502, Some(404)), "{refused:?}");
    house.n8n.answer_webhooks(Err(OutError::Connect("connection refused".into())));
    assert_eq!(trigger(&house, &body).await.status, 502);
    house.n8n.answer_webhooks(Ok((200, r#"{"message":"Workflow was started"}"#)));
    let taken = trigger(&house, &body).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    house.advance(Duration::from_secs(3600));
    house.sweep().await;
    house.drain().await;
}

#[tokio::test]
async fn a_trigger_without_an_answer_is_not_sent_again_under_its_key() {
    let house = TestApp::new().await;
    let body = body(&house).await;
    house.n8n.answer_webhooks(Err(OutError::Timeout));
    let lost = trigger(&house, &body).await;
    assert_eq!((lost.status, lost.json["code"].as_str()), (504, Some("n8n_timeout")), "{lost:?}");
    for _ in 0..2 {
        let again = trigger(&house, &body).await;
        assert_eq!((again.status, &again.text), (504, &lost.text), "n8n may be at it");
        house.advance(Duration::from_secs(40));
    }
    assert_eq!(keys(&house).len(), 1);
}

#[tokio::test]
async fn two_triggers_with_one_key_at_once_reach_n8n_once() {
    let house = TestApp::new().await;
    let body = body(&house).await;
    let (one, two) = tokio::join!(trigger(&house, &body), trigger(&house, &body));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses == [200, 200] || statuses == [200, 409], "{one:?} {two:?}");
    assert_eq!(keys(&house).len(), 1);
}

#[tokio::test]
async fn what_n8n_refuses_after_it_may_have_started_the_workflow_stays_one_trigger() {
    let call = number_of_the_call().await;
    let mut house = TestApp::new().await;
    let body = body(&house).await;
    house.restart();
    house.faults.set(Plan::DieAfter(call));
    assert!(house.faults.survive(trigger(&house, &body)).await.is_none(), "it must die");
    house.faults.set(Plan::Calm);
    house.restart();
    house.advance(Duration::from_secs(40));
    house.n8n.answer_webhooks(Ok((503, "<html>Service Unavailable</html>")));
    assert_eq!(trigger(&house, &body).await.json["code"], "n8n_error");
    house.n8n.set_down(true);
    assert_eq!(trigger(&house, &body).await.json["code"], "n8n_unreachable");
    house.n8n.set_down(false);
    house.n8n.answer_webhooks(Ok((200, "{}")));
    assert_eq!(trigger(&house, &body).await.status, 200);
    let keys = keys(&house);
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]), "the workflow can tell that it is the same: {keys:?}");
}
