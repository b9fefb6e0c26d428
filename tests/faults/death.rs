//! The process dies at every call that it makes to a port, right before and right after it. Another one starts over what
//! is stored, the client comes back with the same `Idempotency-Key`, and all is as if nothing had happened.

use serde_json::{Value, json};
use shared::{queue::QueueName, work::Handled};
use standins::{Plan, dump};

use harness::{TestApp, work_on};
use harness::{
    footprint::footprint,
    pass,
    stories::{
        Bill, Connect, Create, CreateMedia, Decide, DeleteCollection, DeleteLeads, Depart, Forget, Message,
        PostLead, Push, PushBesidePost, PushOfMany, Register, Repost, Story, Trigger, Usage,
    },
};

/// Longer than any lease: an attempt at n8n, a begun effect, the grace of the sweep.
const LONG: u64 = 150;

/// The house after a story that nothing disturbed: its state, its items, and how many calls the story took.
async fn undisturbed(story: &impl Story) -> (Value, Vec<String>, usize) {
    let mut house = TestApp::new().await;
    let at = story.set_up(&house).await;
    house.restart();
    house.faults.set(Plan::Calm);
    let reply = story.act(&house, &at).await;
    assert!(reply.status < 300, "{reply:?}");
    let calls = house.faults.calls().len();
    pass(&house, LONG).await;
    let state = story.state(&house, &at).await;
    (state, footprint(&house).await, calls)
}

/// Kills the process at every call of the story.
async fn survives_every_death(story: impl Story) {
    let (expected, items, calls) = undisturbed(&story).await;
    assert!(calls >= 3, "the story is too short to be one: {calls} calls");
    for number in 0..calls {
        for after in [false, true] {
            let mut house = TestApp::new().await;
            let at = story.set_up(&house).await;
            house.restart();
            house.faults.set(if after { Plan::DieAfter(number) } else { Plan::DieBefore(number) });
            let reply = house.faults.survive(story.act(&house, &at)).await;
            let when = if after { "after" } else { "before" };
            let place = format!("died {when} call {number}: {:?}", house.faults.calls().last());
            assert!(reply.is_none(), "{place}, and answered all the same");
            house.faults.set(Plan::Calm);
            house.restart();
            pass(&house, LONG).await;
            story.abandoned(&house, &at).await;
            let reply = story.act(&house, &at).await;
            assert!(reply.status < 300, "{place}: {reply:?}");
            pass(&house, LONG).await;
            assert_eq!(story.state(&house, &at).await, expected, "{place}");
            assert_eq!(footprint(&house).await, items, "{place}");
            nothing_is_left(&house, &place).await;
        }
    }
}

async fn nothing_is_left(house: &TestApp, place: &str) {
    for queue in QueueName::ALL {
        assert_eq!(house.depth(queue).await.dead, 0, "{place}");
    }
    let owing: Vec<_> = dump::items(&house.file).await.unwrap();
    let owing: Vec<_> = owing.into_iter().filter(|item| item.due_at.is_some()).collect();
    assert!(owing.is_empty(), "{place}: {owing:?}");
}

#[tokio::test]
async fn approve_survives_every_death() {
    survives_every_death(Decide("approve")).await;
}

#[tokio::test]
async fn regenerate_survives_every_death() {
    survives_every_death(Decide("regenerate")).await;
}

#[tokio::test]
async fn a_deletion_before_n8n_has_heard_survives_every_death() {
    survives_every_death(Depart { denied: false }).await;
    survives_every_death(Depart { denied: true }).await;
}

#[tokio::test]
async fn creating_a_small_payload_survives_every_death() {
    survives_every_death(Create { bytes: 10 }).await;
}

#[tokio::test]
async fn creating_a_large_payload_survives_every_death() {
    survives_every_death(Create { bytes: 100_000 }).await;
}

#[tokio::test]
async fn create_with_content_in_an_item_of_its_own_survives_every_death() {
    survives_every_death(Create { bytes: 1_000 }).await;
}

#[tokio::test]
async fn posting_again_survives_every_death() {
    survives_every_death(Repost).await;
}

#[tokio::test]
async fn posting_a_new_lead_survives_every_death() {
    survives_every_death(PostLead { on_duplicate: "create" }).await;
}

#[tokio::test]
async fn updating_a_known_lead_survives_every_death() {
    survives_every_death(PostLead { on_duplicate: "update" }).await;
}

#[tokio::test]
async fn deleting_many_leads_survives_every_death() {
    survives_every_death(DeleteLeads).await;
}

#[tokio::test]
async fn creating_a_media_item_in_a_new_collection_survives_every_death() {
    survives_every_death(CreateMedia).await;
}

#[tokio::test]
async fn deleting_a_collection_survives_every_death() {
    survives_every_death(DeleteCollection).await;
}

#[tokio::test]
async fn a_push_survives_every_death() {
    survives_every_death(Push).await;
}

#[tokio::test]
async fn a_push_beside_posted_usage_survives_every_death() {
    survives_every_death(PushBesidePost).await;
}

#[tokio::test]
async fn a_push_of_many_nodes_survives_every_death() {
    survives_every_death(PushOfMany).await;
}

#[tokio::test]
async fn a_registration_survives_every_death() {
    survives_every_death(Register).await;
}

#[tokio::test]
async fn token_usage_survives_every_death() {
    survives_every_death(Usage { pushed: false }).await;
}

#[tokio::test]
async fn token_usage_after_a_push_survives_every_death() {
    survives_every_death(Usage { pushed: true }).await;
}

#[tokio::test]
async fn a_chat_message_survives_every_death() {
    survives_every_death(Message { first: true }).await;
    survives_every_death(Message { first: false }).await;
}

#[tokio::test]
async fn an_invoice_survives_every_death() {
    survives_every_death(Bill { taken: false }).await;
    survives_every_death(Bill { taken: true }).await;
}

#[tokio::test]
async fn the_deletion_of_a_long_chat_survives_every_death() {
    survives_every_death(Forget).await;
}

#[tokio::test]
async fn a_trigger_survives_every_death() {
    survives_every_death(Trigger).await;
}

#[tokio::test]
async fn a_connection_survives_every_death() {
    survives_every_death(Connect).await;
}

/// A worker that dies with a message in its hands. The message is lost too: the due index alone must find the debt.
async fn worker_survives_every_death(
    owe: impl AsyncFn(&TestApp) -> Value,
    settled: impl AsyncFn(&TestApp, &Value) -> bool,
) {
    let mut number = 0;
    loop {
        let mut died = false;
        for after in [false, true] {
            let mut house = TestApp::new().await;
            let at = owe(&house).await;
            let message = dump::messages(&house.file).await.unwrap().pop().unwrap();
            dump::lose_messages(&house.file).await.unwrap();
            house.advance(std::time::Duration::from_secs(60));
            house.restart();
            house.faults.set(if after { Plan::DieAfter(number) } else { Plan::DieBefore(number) });
            let outcome = house.faults.survive(work_on(&house.app, &message)).await;
            died |= outcome.is_none();
            assert!(outcome.is_none_or(|outcome| outcome == Handled::Done));
            let place = format!("call {number}, after: {after}: {:?}", house.faults.calls().last());
            house.faults.set(Plan::Calm);
            house.restart();
            pass(&house, LONG).await;
            assert!(settled(&house, &at).await, "{place}");
            nothing_is_left(&house, &place).await;
        }
        if !died {
            assert!(number > 3, "the worker did nothing");
            return;
        }
        number += 1;
    }
}

#[tokio::test]
async fn the_resume_worker_survives_every_death_and_tells_n8n_once() {
    let owe = async |house: &TestApp| {
        let at = Decide("approve").set_up(house).await;
        house.n8n.set_down(true);
        let reply = Decide("approve").act(house, &at).await;
        assert_eq!(reply.json["resume_state"], "pending", "{reply:?}");
        house.n8n.set_down(false);
        at
    };
    let settled = async |house: &TestApp, at: &Value| {
        Decide("approve").state(house, at).await;
        true
    };
    worker_survives_every_death(owe, settled).await;
}

#[tokio::test]
async fn the_poll_worker_survives_every_death() {
    let owe = async |house: &TestApp| {
        let at = Trigger.set_up(house).await;
        assert_eq!(Trigger.act(house, &at).await.status, 200);
        at
    };
    let settled = async |house: &TestApp, at: &Value| {
        let expected = json!({ "status": "success", "is_complete": true, "execution_id": "9" });
        Trigger.state(house, at).await == expected
    };
    worker_survives_every_death(owe, settled).await;
}

#[tokio::test]
async fn the_listing_worker_survives_every_death() {
    let owe = async |house: &TestApp| {
        house.n8n.set_down(true);
        Register.set_up(house).await;
        assert_eq!(Register.act(house, &Value::Null).await.status, 201);
        house.n8n.set_down(false);
        Value::Null
    };
    let settled = async |house: &TestApp, _: &Value| {
        let keys = footprint(house).await;
        keys.iter().filter(|key| key.contains("#webhook#")).count() == 2
    };
    worker_survives_every_death(owe, settled).await;
}
