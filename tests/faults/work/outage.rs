//! A store that is away for minutes: nothing that is owed is lost, and nothing becomes a dead letter.

use std::time::Duration;

use shared::queue::QueueName;
use standins::Plan;

use harness::parked::{decide, parked, resume_of, told};
use harness::{TestApp, pass};

const OUTAGE: u64 = 300;

/// The dead letters, and the messages that wait.
async fn letters(house: &TestApp) -> (usize, usize) {
    let depth = house.app.queue.depth(QueueName::ResumeN8n).await.unwrap();
    (depth.dead, depth.waiting)
}

async fn away(house: &TestApp, seconds: u64) {
    for _ in 0..seconds {
        house.drain().await;
        house.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn an_outage_of_five_minutes_leaves_no_dead_letter() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.n8n.set_down(false);
    house.faults.set(Plan::RefuseStore);
    let calls = house.faults.calls().len();
    away(&house, OUTAGE).await;
    assert_eq!(letters(&house).await, (0, 1), "the message waits");
    let attempts = house.faults.calls().iter().skip(calls).filter(|call| call.starts_with("store.")).count();
    assert!((4..20).contains(&attempts), "{attempts}: less and less often");
    house.faults.set(Plan::Calm);
    // It waits for twice as long as the outage at most, and the sweep is there before it.
    pass(&house, 120).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
    assert_eq!(letters(&house).await.0, 0);
}

#[tokio::test]
async fn after_hours_the_messages_are_gone_and_the_debt_is_found_all_the_same() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.n8n.set_down(false);
    house.faults.set(Plan::RefuseStore);
    away(&house, 3 * 3_600).await;
    assert_eq!(letters(&house).await, (0, 0), "left to the sweep");
    house.faults.set(Plan::Calm);
    pass(&house, 10).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
}
