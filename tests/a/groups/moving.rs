//! What people and keys of a client group see while it goes to another one, and afterwards.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use harness::{Caller, TestApp, work_on};
use serde_json::{Value, json};
use shared::{
    domain::org::Role,
    queue::{QueueName, limits},
};

use standins::Plan;

use super::{SECOND, THIRD, bound, group, three_groups};

async fn payload(caller: &Caller) -> u64 {
    let made = caller.post("/api/payloads", json!({ "title": "Report", "human_interaction": true })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

async fn move_second(house: &TestApp) {
    let moving = house.acme.delete(&format!("/api/groups/{SECOND}?move_to={THIRD}")).await;
    assert_eq!(moving.status, 200, "{moving:?}");
}

fn actions(listed: &Value) -> Vec<&str> {
    listed["audit_log"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_still_on_its_way_is_seen_and_decided_all_the_while() {
    let house = three_groups().await;
    let key = bound(&house, &[SECOND]).await;
    let person = house.bound_user(&house.acme, Role::Approver, &[group(SECOND)]).await;
    let ids = [payload(&key).await, payload(&key).await];
    let lead = json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee" });
    let lead = key.post("/api/leads", lead).await.id();
    move_second(&house).await;
    let mut steps = 0;
    loop {
        for id in ids {
            assert_eq!(key.get(&format!("/api/payloads/{id}")).await.status, 200, "after {steps} steps");
        }
        let listed = key.get("/api/payloads/list").await.json;
        assert_eq!(listed["payloads"].as_array().unwrap().len(), 2, "after {steps} steps: {listed}");
        let listed = key.get("/api/leads/list").await.json;
        assert_eq!(listed["leads"][0]["id"], lead, "after {steps} steps: {listed}");
        let found =
            house.app.queue.receive(QueueName::Background, limits::BATCH, Duration::from_secs(60)).await;
        let Some(message) = found.unwrap().pop() else { break };
        // A step a message: then its time is over.
        let (clock, calls) = (house.clock.clone(), AtomicUsize::new(0));
        house.faults.set(Plan::Watch(Box::new(move |call| {
            if call.starts_with("store.") && calls.fetch_add(1, Relaxed) == 4 {
                clock.advance(Duration::from_secs(60));
            }
        })));
        work_on(&house.app, &message.body).await;
        house.faults.set(Plan::Calm);
        house.app.queue.delete(QueueName::Background, &message.receipt).await.unwrap();
        if steps == 1 {
            // The session ended with its binding, and a new one goes on.
            let person = house.log_in(&person).await;
            let decision = json!({ "entity_type": "custom_payload", "entity_id": ids[0] });
            let decided = person.post("/automation/approve", decision).await;
            assert_eq!(decided.status, 200, "{decided:?}");
        }
        steps += 1;
    }
    assert!(steps > 5, "{steps}");
}

#[tokio::test]
async fn nothing_is_put_into_a_group_that_goes_and_what_is_in_it_can_be_listed() {
    let house = three_groups().await;
    let id = payload(&bound(&house, &[SECOND]).await).await;
    move_second(&house).await;
    let refused = house.acme.post("/api/payloads", json!({ "title": "x", "group_id": SECOND })).await;
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("group_moving")), "{refused:?}");
    assert!(refused.text.contains(&THIRD.to_string()), "{refused:?}");
    let listed = house.acme.get(&format!("/api/payloads/list?group_id={SECOND}")).await;
    assert_eq!(listed.json["payloads"][0]["id"], id, "{listed:?}");
}

#[tokio::test]
async fn what_was_told_of_the_group_stays_with_who_was_bound_to_it() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    payload(&second).await;
    house.advance(Duration::from_secs(60));
    move_second(&house).await;
    for _ in 0..3 {
        house.drain().await;
        house.advance(Duration::from_secs(180));
        house.tick().await;
    }
    let told = async |caller: &Caller, query: &str| {
        let listed = caller.get(&format!("/v1/events?type=payload.created,review.requested{query}")).await;
        assert_eq!(listed.status, 200, "{listed:?}");
        listed.json["data"].as_array().unwrap().len()
    };
    assert_eq!((told(&second, "").await, told(&third, "").await, told(&house.acme, "").await), (2, 0, 2));
    let of_second = format!("&group_id={SECOND}");
    assert_eq!((told(&second, &of_second).await, told(&house.acme, &of_second).await), (2, 2));
    let refused = third.get(&format!("/v1/events?group_id={SECOND}")).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    // And it is bound to nothing else than before.
    assert_eq!(second.post("/api/payloads", json!({ "title": "x", "group_id": SECOND })).await.status, 403);
}

#[tokio::test]
async fn whoever_is_bound_to_another_group_then_is_told_so_in_the_audit_log() {
    let house = three_groups().await;
    bound(&house, &[SECOND]).await;
    house.bound_user(&house.acme, Role::Approver, &[group(SECOND)]).await;
    move_second(&house).await;
    house.drain().await;
    let roles = house.acme.get("/api/v1/audit_log?category=roles").await.json;
    let moved =
        roles["audit_log"].as_array().unwrap().iter().find(|entry| entry["action"] == "member.updated");
    let moved = moved.unwrap_or_else(|| panic!("{roles}"));
    assert_eq!((&moved["data"]["group_ids"], &moved["actor"]), (&json!([THIRD]), &Value::Null), "{moved}");
    let keys = house.acme.get("/api/v1/audit_log?category=keys").await.json;
    assert!(actions(&keys).contains(&"api_key.updated"), "{keys}");
}

#[tokio::test]
async fn an_empty_group_among_many_records_of_others_is_gone_at_once() {
    let house = three_groups().await;
    for n in 0..450 {
        let made = house.acme.post("/api/payloads", json!({ "title": format!("{n}") })).await;
        assert_eq!(made.status, 201);
    }
    let gone = house.acme.delete(&format!("/api/groups/{SECOND}")).await;
    assert_eq!((gone.status, &gone.json["status"]), (200, &json!("deleted")), "{gone:?}");
}
