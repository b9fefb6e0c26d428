//! Which decision reaches which of an execution's Waits.

use std::time::Duration;

use serde_json::Value;
use standins::Order;

use harness::TestApp;
use harness::parked::{EXECUTION, asked, decide, resume_of, told};

const SECOND: Duration = Duration::from_secs(1);

/// Whose decisions n8n took, in the order in which it took them.
fn order_of(told: &[Value]) -> Vec<u64> {
    told.iter().map(|told| told["entity_id"].as_u64().unwrap()).collect()
}

async fn state(house: &TestApp, entity: u64) -> String {
    resume_of(house, entity).await["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn of_two_questions_in_a_row_the_second_decision_waits_for_the_second_wait() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Row { suffixes: false });
    let denied = decide(&house, "deny", made[1]).await;
    assert_eq!((denied.status, denied.json["resume_state"].as_str()), (200, Some("pending")), "{denied:?}");
    house.live(20 * SECOND).await;
    assert_eq!(told(&house).len(), 0, "the first Wait is the first question's");
    let why = resume_of(&house, made[1]).await["last_error"].clone();
    assert!(why.as_str().unwrap().contains("waits at “Wait"), "{why}");

    let approved = decide(&house, "approve", made[0]).await;
    assert_eq!(approved.json["n8n_resumed"], true, "{approved:?}");
    house.live(2 * SECOND).await;
    assert_eq!(order_of(&told(&house)), made);
    assert_eq!(told(&house)[1]["decision"], "denied");
    assert_eq!(
        (state(&house, made[0]).await, state(&house, made[1]).await),
        ("resumed".into(), "resumed".into())
    );
}

#[tokio::test]
async fn a_suffix_names_the_wait_of_its_own() {
    let house = TestApp::new().await;
    let made = asked(&house, 3, true).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Row { suffixes: true });
    for at in [2, 0, 1] {
        assert_eq!(decide(&house, "approve", made[at]).await.status, 200);
    }
    house.live(3 * SECOND).await;
    assert_eq!(order_of(&told(&house)), made);
    for entity in made {
        assert_eq!(state(&house, entity).await, "resumed");
    }
}

/// All payloads are asked about first; then a loop has one Wait, at which one after the other stands.
#[tokio::test]
async fn fifty_waits_in_a_loop_drain_whatever_the_order_of_decisions() {
    for (name, turn) in [("in order", 1_usize), ("backwards", 49), ("mixed", 17)] {
        let house = TestApp::new().await;
        let made = asked(&house, 50, false).await;
        house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
        for number in 0..50 {
            let at = if turn == 49 { 49 - number } else { number * turn % 50 };
            let decided = decide(&house, "approve", made[at]).await;
            assert_eq!(decided.status, 200, "{name}: {decided:?}");
        }
        house.live(5 * SECOND).await;
        assert_eq!(order_of(&told(&house)), made, "{name}");
        for entity in made {
            assert_eq!(state(&house, entity).await, "resumed", "{name}");
        }
    }
}

#[tokio::test]
async fn a_loop_that_takes_them_in_another_order_than_they_were_asked_in_is_followed() {
    let house = TestApp::new().await;
    let made = asked(&house, 6, false).await;
    let order: Vec<u64> = [3, 0, 5, 1, 4, 2].map(|at| made[at]).to_vec();
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(order.clone()));
    for entity in &made {
        decide(&house, "approve", *entity).await;
    }
    house.live(5 * SECOND).await;
    assert_eq!(order_of(&told(&house)), order);
}

#[tokio::test]
async fn what_nobody_has_decided_yet_keeps_the_others_waiting() {
    let house = TestApp::new().await;
    let made = asked(&house, 3, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    decide(&house, "approve", made[1]).await;
    decide(&house, "approve", made[2]).await;
    house.live(120 * SECOND).await;
    assert_eq!(told(&house).len(), 0);
    let why = resume_of(&house, made[1]).await["last_error"].clone();
    assert!(why.as_str().unwrap().contains(&made[0].to_string()), "it says whose Wait stands: {why}");
    decide(&house, "deny", made[0]).await;
    house.live(3 * SECOND).await;
    assert_eq!(order_of(&told(&house)), made);
}

#[tokio::test]
async fn only_the_passing_of_its_own_wait_makes_a_decision_superseded_and_it_can_be_sent_again() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    let mut execution = house.n8n.execution(EXECUTION).unwrap();
    execution.passed = 1;
    house.n8n.put(EXECUTION, execution);
    let late = decide(&house, "approve", made[0]).await;
    assert_eq!(late.json["resume_state"], "superseded", "somebody else woke its Wait: {late:?}");
    assert_eq!(told(&house).len(), 0);
    let again = decide(&house, "approve", made[0]).await;
    assert_eq!((again.status, again.json["resume_state"].as_str()), (200, Some("superseded")), "{again:?}");

    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    let again = decide(&house, "approve", made[0]).await;
    assert_eq!(again.json["n8n_resumed"], true, "n8n was put back, and the Wait stands again: {again:?}");
    assert_eq!(decide(&house, "approve", made[1]).await.json["n8n_resumed"], true);
}

#[tokio::test]
async fn decisions_of_two_executions_do_not_meet() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    let other = house.acme.get(&format!("/api/payloads/{}", made[0])).await.json;
    let body = serde_json::json!({
        "title": "Another", "installation_id": other["installation_id"], "workflow_id": "wf1", "execution_id": "8",
    });
    let alone = house.acme.post("/automation/payload/create", body).await.id();
    house.n8n.waits(8, "wf1", alone);
    assert_eq!(decide(&house, "approve", alone).await.json["n8n_resumed"], true);
    assert_eq!(told(&house).len(), 0);
}

#[tokio::test]
async fn a_deleted_entity_whose_wait_comes_later_is_told_in_its_turn() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    decide(&house, "deny", made[1]).await;
    let gone = house.acme.delete(&format!("/api/payloads/{}", made[1])).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    decide(&house, "approve", made[0]).await;
    house.live(2 * SECOND).await;
    assert_eq!(order_of(&told(&house)), made);
}

/// Whose the first Wait was tells whose the second one is, whatever became of the first entity.
#[tokio::test]
async fn an_entity_that_was_decided_and_deleted_still_had_the_first_wait() {
    for decide_first in [true, false] {
        let house = TestApp::new().await;
        let made = asked(&house, 2, false).await;
        house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Row { suffixes: false });
        let one = format!("/api/payloads/{}", made[0]);
        if decide_first {
            assert_eq!(decide(&house, "deny", made[0]).await.json["n8n_resumed"], true);
            assert_eq!(house.acme.delete(&one).await.status, 200);
        } else {
            assert_eq!(house.acme.delete(&format!("{one}?decide=deny")).await.status, 200);
            house.live(3 * SECOND).await;
        }
        let decided = decide(&house, "approve", made[1]).await;
        assert_eq!(decided.json["n8n_resumed"], true, "{decided:?}");
        assert_eq!(order_of(&told(&house)), made);
        assert_eq!(state(&house, made[1]).await, "resumed");
    }
}

/// Without a look, a deleted entity whose Wait is over keeps nobody from the address that they shared.
#[tokio::test]
async fn a_deleted_entity_that_was_told_is_no_open_review() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Row { suffixes: false });
    assert_eq!(decide(&house, "deny", made[0]).await.json["n8n_resumed"], true);
    assert_eq!(house.acme.delete(&format!("/api/payloads/{}", made[0])).await.status, 200);
    house.n8n.refuse_key(true);
    assert_eq!(decide(&house, "approve", made[1]).await.json["n8n_resumed"], true);
    assert_eq!(order_of(&told(&house)), made);
}

/// The Waits come in another order than the questions; each address names its own.
#[tokio::test]
async fn suffixes_are_followed_against_the_order_of_the_questions() {
    for first in [0, 1] {
        let house = TestApp::new().await;
        let made = asked(&house, 2, true).await;
        house.n8n.waits_for(EXECUTION, "wf1", &[made[1], made[0]], Order::Row { suffixes: true });
        for entity in [made[first], made[1 - first]] {
            assert_eq!(decide(&house, "approve", entity).await.status, 200);
        }
        house.live(3 * SECOND).await;
        assert_eq!(order_of(&told(&house)), made, "{first}");
        for entity in made {
            assert_eq!(state(&house, entity).await, "resumed", "{first}");
        }
    }
}
