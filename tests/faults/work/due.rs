//! The due index: what is owed is found, whatever becomes of the messages.

use std::time::Duration;

use shared::{
    clock::Millis,
    domain::{
        payload::Payload,
        review::{Rest, Resume},
    },
    ids::PayloadId,
    store,
    work::due,
};
use standins::{Plan, dump};

use harness::TestApp;
use harness::parked::{decide, parked, resume_of, told};

/// When the index shows an attempt that was begun, and the next one after it, whose own message comes earlier.
const LOOKED_AFTER: Duration = Duration::from_secs(70);

#[tokio::test]
async fn a_tick_hands_over_what_fell_due_once() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    dump::lose_messages(&house.file).await.unwrap();
    house.advance(LOOKED_AFTER);
    let first = house.tick().await;
    assert_eq!((first.due, first.sent, first.lagging), (1, 1, 0));
    assert_eq!(house.tick().await, due::Report::default());
    house.n8n.set_down(false);
    assert_eq!(house.drain().await, 1);
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_tick_looks_ahead_and_the_message_comes_in_time() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.advance(Duration::from_secs(1));
    house.drain().await;
    dump::lose_messages(&house.file).await.unwrap();
    house.advance(LOOKED_AFTER - Duration::from_secs(2));
    let ahead = due::tick(&house.app, Duration::from_secs(60), Millis(i64::MAX)).await.unwrap();
    assert_eq!(ahead.sent, 1, "due in two seconds");
    house.n8n.set_down(false);
    house.advance(Duration::from_secs(1));
    assert_eq!(house.drain().await, 0, "not before its time");
    house.advance(Duration::from_secs(1));
    assert_eq!((house.drain().await, told(&house).len()), (1, 1));
}

#[tokio::test]
async fn a_lost_message_is_found_by_the_sweep() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.advance(LOOKED_AFTER);
    assert_eq!(house.tick().await.sent, 1);
    assert_eq!(dump::lose_messages(&house.file).await.unwrap(), 2, "the request's own and the tick's");
    house.n8n.set_down(false);
    house.advance(Duration::from_secs(30));
    assert_eq!(house.tick().await.due, 0, "the tick has passed it");
    assert_eq!(house.sweep().await.due, 0, "its message may still be on its way");
    house.advance(Duration::from_secs(30));
    assert_eq!(house.sweep().await.sent, 1);
    house.drain().await;
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
}

#[tokio::test]
async fn a_queue_that_takes_nothing_is_healed_by_the_sweep() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    house.faults.set(Plan::RefuseMessages);
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(
        (decided.status, decided.json["resume_state"].as_str()),
        (200, Some("pending")),
        "{decided:?}"
    );
    house.advance(LOOKED_AFTER);
    let tick = due::tick(&house.app, Duration::from_secs(1), Millis(i64::MAX)).await;
    assert!(tick.is_err(), "a tick that hands nothing over must not say that it did: {tick:?}");
    house.faults.set(Plan::Calm);
    house.n8n.set_down(false);
    assert_eq!(house.tick().await.sent, 1, "the watermark did not move");
    house.drain().await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn an_idle_tick_writes_nothing_and_reads_little() {
    let house = TestApp::new().await;
    for warmed_up in [false, true] {
        if warmed_up {
            let entity = parked(&house, None).await;
            house.n8n.set_down(true);
            decide(&house, "approve", entity).await;
            house.n8n.set_down(false);
            house.live(Duration::from_secs(10)).await;
            assert_eq!(told(&house).len(), 1);
        }
        let before = house.meter();
        house.tick().await;
        let spent = house.meter().since(&before);
        assert!(spent.read_units <= 64.0, "{spent:?}");
        assert_eq!(spent.write_units, 0.0);
        // A query of each shard, and the watermarks.
        assert!(spent.round_trips <= 65, "{spent:?}");
    }
}

#[tokio::test]
async fn the_watermark_survives_a_restart() {
    let mut house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.advance(LOOKED_AFTER);
    assert_eq!(house.tick().await.sent, 1);
    house.restart();
    assert_eq!(house.tick().await.due, 0);
}

#[tokio::test]
async fn two_ticks_at_once_do_no_harm() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.n8n.set_down(false);
    house.advance(LOOKED_AFTER);
    tokio::join!(house.tick(), house.tick());
    house.live(Duration::from_secs(120)).await;
    assert_eq!(told(&house).len(), 1);
}

/// Debts of many payloads, each with an execution of its own that waits for it.
async fn owe(house: &TestApp, count: u64) {
    let like = parked(house, None).await;
    let tenant = house.acme.key.tenant;
    let payloads = house.app.repos(tenant).payloads();
    let mut like: Payload = payloads.get(PayloadId::from_u64(like).unwrap()).await.unwrap().unwrap();
    let by = shared::domain::review::Actor { user_id: house.acme.key.user_id, username: "jane".into() };
    like.subject.review.decide(shared::domain::review::AutomationStatus::Approved, by, None, house.app.now());
    for execution in 1000..1000 + count {
        let mut payload = like.clone();
        payload.subject.id = house.app.id();
        payload.subject.execution_id = Some(execution.to_string());
        let mut resume = Resume::owed(house.app.now());
        resume.later(house.app.now(), "n8n was down".into(), false, Rest::Usual);
        payload.subject.review.resume = Some(resume);
        house.n8n.waits(execution, "wf1", payload.subject.id.get());
        store::apply(&*house.app.store, payloads.insert(&payload).unwrap()).await.unwrap();
    }
}

/// How many of the executions were told, and that none was told twice.
fn told_once(house: &TestApp, count: u64) -> usize {
    let all = (1000..1000 + count).map(|id| house.n8n.execution(id).unwrap().decisions.len());
    all.inspect(|told| assert!(*told <= 1)).sum()
}

#[tokio::test]
async fn three_thousand_debts_are_paid_in_one_tick() {
    let house = TestApp::new().await;
    owe(&house, 3000).await;
    house.advance(LOOKED_AFTER);
    let report = house.tick().await;
    assert_eq!((report.due, report.sent, report.lagging), (3000, 3000, 0));
    assert_eq!(house.drain().await, 3000);
    assert_eq!(told_once(&house, 3000), 3000);
    house.advance(Duration::from_secs(3600));
    assert_eq!((house.tick().await.due, house.sweep().await.due), (0, 0), "nothing is owed any more");
}

#[tokio::test]
async fn a_tick_stops_at_its_deadline_and_the_next_goes_on() {
    let house = TestApp::new().await;
    owe(&house, 200).await;
    house.advance(LOOKED_AFTER);
    let clock = house.clock.clone();
    // Every batch of messages takes a second, and a tick has twenty. Those of sixteen shards may be under way at its deadline.
    house.faults.set(Plan::Watch(Box::new(move |call| {
        if call.starts_with("queue.send") {
            clock.advance(Duration::from_secs(1));
        }
    })));
    let mut ticks = 0;
    let mut lagging = 1;
    while lagging > 0 {
        let deadline = house.app.now().plus(Duration::from_secs(20));
        let report = due::tick(&house.app, Duration::from_secs(1), deadline).await.unwrap();
        assert!(house.app.now().since(deadline) <= Duration::from_secs(16), "it went on after its deadline");
        lagging = report.lagging;
        ticks += 1;
        assert!(ticks < 20, "the ticks do not get on");
    }
    assert!(ticks > 1, "one tick was enough: the test shows nothing");
    house.faults.set(Plan::Calm);
    house.drain().await;
    assert_eq!(told_once(&house, 200), 200);
}
