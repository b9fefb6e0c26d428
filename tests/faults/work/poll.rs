//! Runs that are followed through n8n's API, with its quirks.

use std::time::Duration;

use serde_json::{Value, json};

use harness::{Answer, N8N, TestApp, work_on};

const SECOND: Duration = Duration::from_secs(1);

/// Triggers workflow `wf1` and returns the reply.
async fn trigger(house: &TestApp) -> Answer {
    let installation = house.register(&house.acme).await;
    let endpoint = format!("{N8N}/webhook/invokati-trigger/{installation}/wf1");
    let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    assert_eq!((triggered.status, triggered.json["following"].as_bool()), (200, Some(true)), "{triggered:?}");
    triggered
}

/// Asks how the triggered run is doing.
async fn ask(house: &TestApp, triggered: &Answer) -> Value {
    let body = json!({ "nid": triggered.json["nid"], "triggered_after": triggered.json["triggered_at"] });
    let answer = house.acme.post("/api/poll-execution", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn words(polled: &Value) -> (&str, bool, Option<&str>) {
    (
        polled["status"].as_str().unwrap(),
        polled["is_complete"].as_bool().unwrap(),
        polled["n8n_status"].as_str(),
    )
}

#[tokio::test]
async fn a_run_is_followed_to_its_end() {
    for (end, status) in
        [("success", "success"), ("error", "error"), ("crashed", "error"), ("canceled", "error")]
    {
        for known in [true, false] {
            let house = TestApp::new().await;
            if known {
                house.n8n.answer_webhooks(Ok((200, r#"{"execution_id":"9"}"#)));
            }
            let triggered = trigger(&house).await;
            assert_eq!(triggered.json["execution_id"].as_str(), known.then_some("9"));
            assert_eq!(words(&ask(&house, &triggered).await), ("waiting", false, None));
            house.n8n.runs(9, "wf1", house.app.now().0 + 20);
            house.live(3 * SECOND).await;
            assert_eq!(words(&ask(&house, &triggered).await), ("waiting", false, Some("running")));
            house.n8n.set_status(9, end);
            house.live(10 * SECOND).await;
            let polled = ask(&house, &triggered).await;
            assert_eq!(words(&polled), (status, true, Some(end)), "{polled}");
            assert_eq!(polled["execution_id"], "9");
            assert!(polled["stopped_at"].is_string(), "{polled}");
            house.advance(Duration::from_secs(3600));
            assert_eq!(house.sweep().await.due, 0, "nothing is owed any more");
        }
    }
}

#[tokio::test]
async fn messages_too_many_look_at_nothing_and_make_no_more_of_them() {
    let house = TestApp::new().await;
    house.n8n.answer_webhooks(Ok((200, r#"{"execution_id":"9"}"#)));
    trigger(&house).await;
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    let mut looks = Vec::new();
    for _ in 0..60 {
        // Ticks find the debts that have announced themselves, and a queue delivers twice.
        house.tick().await;
        house.tick().await;
        house.advance(SECOND);
        let before = house.network.sent().len();
        house.sweep().await;
        house.drain().await;
        looks.push(house.network.sent().len() - before);
    }
    // After 0.5, 1, 2, 4, 8, 16 and 32 seconds, rounded up by the queue.
    assert!(looks.iter().all(|count| *count <= 1), "{looks:?}");
    assert_eq!(looks.iter().sum::<usize>(), 6, "{looks:?}");
}

#[tokio::test]
async fn a_waiting_execution_that_n8n_hides_is_followed_by_its_id() {
    let house = TestApp::new().await;
    house.n8n.hide_waiting(true);
    let triggered = trigger(&house).await;
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.live(3 * SECOND).await;
    house.n8n.set_status(9, "waiting");
    house.live(10 * SECOND).await;
    let polled = ask(&house, &triggered).await;
    assert_eq!(words(&polled), ("waiting", false, Some("waiting")));
    assert!(polled["stopped_at"].is_null(), "what waits has not stopped: {polled}");
    house.n8n.set_status(9, "success");
    house.live(30 * SECOND).await;
    assert_eq!(words(&ask(&house, &triggered).await), ("success", true, Some("success")));
}

#[tokio::test]
async fn ids_are_compared_as_integers() {
    let house = TestApp::new().await;
    let triggered = trigger(&house).await;
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.n8n.set_status(9, "success");
    house.n8n.runs(10, "wf1", house.app.now().0 + 30);
    house.live(3 * SECOND).await;
    assert_eq!(ask(&house, &triggered).await["execution_id"], "10");
}

#[tokio::test]
async fn an_api_that_is_away_is_asked_until_it_is_back() {
    for refused in [true, false] {
        let house = TestApp::new().await;
        let triggered = trigger(&house).await;
        house.n8n.runs(9, "wf1", house.app.now().0 + 20);
        house.n8n.set_status(9, "success");
        if refused {
            house.n8n.refuse_key(true)
        } else {
            house.n8n.set_down(true)
        }
        house.live(60 * SECOND).await;
        let polled = ask(&house, &triggered).await;
        assert_eq!(words(&polled), ("waiting", false, None));
        let message = polled["message"].as_str().unwrap();
        assert!(message.contains(if refused { "API key" } else { "cannot be reached" }), "{message}");
        house.n8n.refuse_key(false);
        house.n8n.set_down(false);
        house.live(120 * SECOND).await;
        assert_eq!(words(&ask(&house, &triggered).await), ("success", true, Some("success")));
    }
}

#[tokio::test]
async fn a_clock_of_n8n_that_is_four_seconds_slow_still_matches() {
    for (slow, seen) in [(4000, true), (6000, false)] {
        let house = TestApp::new().await;
        let triggered = trigger(&house).await;
        house.n8n.runs(9, "wf1", house.app.now().0 - slow);
        house.n8n.set_status(9, "success");
        house.live(5 * SECOND).await;
        assert_eq!(ask(&house, &triggered).await["is_complete"], seen, "{slow} ms");
    }
}

#[tokio::test]
async fn executions_of_other_workflows_are_not_taken() {
    let house = TestApp::new().await;
    let triggered = trigger(&house).await;
    house.n8n.runs(9, "wf2", house.app.now().0 + 20);
    house.live(5 * SECOND).await;
    assert_eq!(words(&ask(&house, &triggered).await), ("waiting", false, None));
}

#[tokio::test]
async fn a_run_is_given_up_after_seven_days() {
    let house = TestApp::new().await;
    let triggered = trigger(&house).await;
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.live(3 * SECOND).await;
    for _ in 0..27 {
        house.advance(6 * 3600 * SECOND);
        assert_eq!(house.tick().await.due, 1);
        house.drain().await;
    }
    house.advance(6 * 3600 * SECOND);
    house.tick().await;
    house.drain().await;
    house.advance(6 * 3600 * SECOND);
    assert_eq!((house.tick().await.due, house.sweep().await.due), (0, 0));
    assert_eq!(words(&ask(&house, &triggered).await), ("waiting", false, Some("running")));
}

#[tokio::test]
async fn a_message_that_comes_after_the_end_changes_nothing() {
    let house = TestApp::new().await;
    let triggered = trigger(&house).await;
    let message = standins::dump::messages(&house.file).await.unwrap().pop().unwrap();
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.n8n.set_status(9, "success");
    house.live(5 * SECOND).await;
    let before = ask(&house, &triggered).await;
    house.n8n.set_status(9, "error");
    assert_eq!(work_on(&house.app, &message).await, shared::work::Handled::Done);
    assert_eq!(ask(&house, &triggered).await, before);
}

#[tokio::test]
async fn pushed_data_ends_a_run_before_the_poll_does() {
    let house = TestApp::new().await;
    let triggered = trigger(&house).await;
    house.n8n.set_down(true);
    house.advance(2 * SECOND);
    let now = shared::clock::iso_millis(house.app.now());
    let body = json!({
        "installation_id": triggered.json["installation_id"], "workflow_id": "wf1",
        "execution_data": { "id": "9", "status": "success", "finished": true, "startedAt": now, "stoppedAt": now },
    });
    assert_eq!(house.acme.post("/api/push/executions", body).await.status, 200);
    assert_eq!(words(&ask(&house, &triggered).await), ("success", true, Some("success")));
}

#[tokio::test]
async fn polls_slow_down() {
    let house = TestApp::new().await;
    trigger(&house).await;
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    let before = house.network.sent_to("/api/v1/executions").len();
    house.live(300 * SECOND).await;
    let polls = house.network.sent_to("/api/v1/executions").len() - before;
    assert!((8..=14).contains(&polls), "{polls} calls in five minutes");
}
