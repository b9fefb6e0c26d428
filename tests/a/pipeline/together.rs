//! Many changes of one pipeline at the same moment.

use std::collections::BTreeSet;

use futures::future::join_all;
use http::Method;
use serde_json::json;
use standins::Plan;

use harness::{Answer, TestApp};

const STATUSES: &str = "/api/lead-statuses";
const FIELDS: &str = "/api/lead-custom-fields";

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_statuses_at_once_are_twenty_statuses() {
    let house = TestApp::new().await;
    let posts = (0..20).map(|n| {
        let caller = house.acme.clone();
        async move { caller.post(STATUSES, json!({ "label": format!("Step {n}") })).await }
    });
    let made = join_all(posts).await;
    assert_eq!(with_status(&made, 201), 20, "{made:?}");
    let ids: BTreeSet<u64> = made.iter().map(Answer::id).collect();
    let listed = house.acme.get(STATUSES).await.json;
    let stored: BTreeSet<u64> =
        listed["statuses"].as_array().unwrap().iter().filter_map(|status| status["id"].as_u64()).collect();
    assert_eq!((ids.len(), stored.len()), (20, 27));
    assert!(ids.is_subset(&stored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_label_twenty_times_at_once_is_one_status() {
    let house = TestApp::new().await;
    let posts = (0..20).map(|n| {
        let caller = house.acme.clone();
        async move {
            let (key, label) = (format!("post-{n}"), if n % 2 == 0 { "On hold" } else { "ON HOLD" });
            caller.post_once(STATUSES, &key, json!({ "label": label })).await
        }
    });
    let answers = join_all(posts).await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 409)), (1, 19), "{answers:?}");
    let ids: BTreeSet<u64> = answers.iter().map(Answer::id).collect();
    assert_eq!(ids.len(), 1, "every refusal names the one that was created");
    assert_eq!(house.acme.get(STATUSES).await.json["count"], 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_request_sent_five_times_at_once_is_one_field() {
    let house = TestApp::new().await;
    let posts = (0..5).map(|_| {
        let caller = house.acme.clone();
        async move { caller.post_once(FIELDS, "once", json!({ "label": "Size", "field_type": "text" })).await }
    });
    let answers = join_all(posts).await;
    assert_eq!(with_status(&answers, 201), 5, "{answers:?}");
    assert_eq!(answers.iter().map(|answer| &answer.text).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(house.acme.get(FIELDS).await.json["count"], 1);
}

#[tokio::test]
async fn a_lost_answer_of_the_store_is_no_second_change() {
    let house = TestApp::new().await;
    for seed in 0..20 {
        let body = json!({ "label": format!("Step {seed}") });
        house.faults.set(Plan::LoseAnswers { percent: 30, seed });
        let made = house.acme.post(STATUSES, body.clone()).await;
        house.faults.set(Plan::Calm);
        assert!(matches!(made.status, 201 | 503), "{made:?}");
        let again = house.acme.post(STATUSES, body).await;
        assert!(matches!((made.status, again.status), (_, 409) | (503, 201)), "{made:?} {again:?}");
    }
    assert_eq!(house.acme.get(STATUSES).await.json["count"], 27);
}

#[tokio::test]
async fn a_write_that_the_engine_repeats_is_one_change() {
    let house = TestApp::new().await;
    house.faults.set(Plan::RepeatWrites);
    let made = house.acme.post(STATUSES, json!({ "label": "On hold" })).await;
    let path = format!("{STATUSES}/{}", made.id());
    let changed = house.acme.patch(&path, json!({ "color": "#000000" })).await;
    let deleted = house.acme.delete(&path).await;
    assert_eq!((made.status, changed.status, deleted.status), (201, 200, 200), "{deleted:?}");
    assert_eq!(house.acme.get(STATUSES).await.json["count"], 7);
}

#[tokio::test]
async fn what_reading_and_changing_cost() {
    const VIEW: &str = "/api/leads/view-config";
    let house = TestApp::new().await;
    let status = house.acme.post(STATUSES, json!({ "label": "On hold" })).await.id();
    let field = house.acme.post(FIELDS, json!({ "label": "Size", "field_type": "text" })).await.id();
    let columns = json!({ "columns": ["email"] });
    let status = format!("{STATUSES}/{status}");
    let field = format!("{FIELDS}/{field}");
    for (method, path, body, read, written, trips) in [
        (Method::GET, STATUSES, None, 1.0, 0.0, 1),
        (Method::GET, FIELDS, None, 1.0, 0.0, 1),
        (Method::POST, STATUSES, Some(json!({ "label": "Asleep" })), 1.0, 5.0, 2),
        (Method::POST, "/api/lead-statuses/reorder", Some(json!({ "ids": [3] })), 1.0, 5.0, 2),
        (Method::PATCH, &status, Some(json!({ "color": "#000000" })), 1.0, 5.0, 2),
        (Method::PATCH, &status, Some(json!({ "color": "#000000" })), 1.0, 0.0, 1),
        (Method::PATCH, &field, Some(json!({ "required": true })), 1.0, 5.0, 2),
        (Method::DELETE, &status, None, 1.0, 8.0, 2),
        (Method::DELETE, &field, None, 1.0, 8.0, 2),
        (Method::PUT, VIEW, Some(columns), 0.0, 1.0, 1),
        (Method::GET, VIEW, None, 1.0, 0.0, 1),
    ] {
        let before = house.meter();
        let answer = house.acme.call(method.clone(), path, body, &[]).await;
        assert!(answer.status < 300, "{answer:?}");
        let spent = house.meter().since(&before);
        let cost = (spent.read_units, spent.write_units, spent.round_trips);
        assert_eq!(cost, (read, written, trips), "{method} {path}");
    }
}
