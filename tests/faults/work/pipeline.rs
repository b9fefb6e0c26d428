//! What follows for leads when a status or a custom field is deleted.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    domain::{
        lead::Lead,
        lead_setup::{Drain, LeadSetup},
    },
    ids::{EntityId, Id},
    queue::QueueName,
    repo::leads::{Filter, Leads},
    store,
};
use standins::{Plan, dump};

use harness::{Caller, TestApp};

/// Longer than any request lives, and than a chore waits for.
const LATER: Duration = Duration::from_secs(70);

/// What the chore writes of itself when it begins to wait: its item, and its entry in the due index taken out and put in.
const CHORE_WRITES: f64 = 3.0;

fn id<I: EntityId>(value: u64) -> I {
    I::of(Id::from_u64(value).unwrap())
}

async fn made(caller: &Caller, path: &str, body: Value) -> u64 {
    let answer = caller.post(path, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.id()
}

async fn status(caller: &Caller, label: &str) -> u64 {
    made(caller, "/api/lead-statuses", json!({ "label": label })).await
}

async fn field(caller: &Caller, label: &str) -> u64 {
    made(caller, "/api/lead-custom-fields", json!({ "label": label, "field_type": "text" })).await
}

async fn lead(caller: &Caller, name: &str, more: Value) -> u64 {
    let mut body = json!({
        "first_name": name, "last_name": "Doe", "email": format!("{name}@example.org"),
        "lead_source": "Website",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made(caller, "/api/leads", body).await
}

async fn delete(house: &TestApp, path: &str) {
    let deleted = house.acme.delete(path).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
}

fn leads<'a>(house: &'a TestApp, caller: &Caller) -> Leads<'a> {
    house.app.repos(caller.key.tenant).leads()
}

async fn stored(house: &TestApp, lead: u64) -> Lead {
    leads(house, &house.acme).get(id(lead)).await.unwrap().unwrap()
}

async fn shown(house: &TestApp, lead: u64) -> Value {
    house.acme.get(&format!("/api/leads/{lead}")).await.json
}

/// The ids listed under a status, over every combination with the other filters.
async fn listed(house: &TestApp, status: &str) -> Vec<u64> {
    let list = async |query: String| -> Vec<u64> {
        let answer = house.acme.get(&format!("/api/leads/list?status={status}{query}&limit=500")).await;
        let rows = answer.json["leads"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone();
        rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
    };
    let found = list(String::new()).await;
    let group = house.acme.key.group_id;
    for query in
        [format!("&group_id={group}"), "&source=website".into(), format!("&group_id={group}&source=website")]
    {
        assert_eq!(list(query.clone()).await, found, "{status} {query}");
    }
    found
}

async fn setup(house: &TestApp) -> LeadSetup {
    house.app.repos(house.acme.key.tenant).lead_setups().load().await.unwrap()
}

#[tokio::test]
async fn leads_of_a_deleted_status_are_new_at_once_and_moved_soon() {
    let house = TestApp::new().await;
    let hold = status(&house.acme, "On hold").await;
    let new = lead(&house.acme, "ann", json!({})).await;
    let held = lead(&house.acme, "bob", json!({ "status": "On hold" })).await;
    let newer = lead(&house.acme, "cas", json!({})).await;
    let theirs = status(&house.rival, "On hold").await;
    let foreign = lead(&house.rival, "dot", json!({ "status": "On hold" })).await;
    delete(&house, &format!("/api/lead-statuses/{hold}")).await;
    for moved in [false, true] {
        let now = shown(&house, held).await;
        assert_eq!((&now["status"], &now["status_id"]), (&json!("New"), &json!(1)));
        assert_eq!(listed(&house, "New").await, [newer, held, new]);
        assert_eq!(stored(&house, held).await.status_id == LeadSetup::NEW, moved);
        house.drain().await;
    }
    assert_eq!(stored(&house, held).await.subject.changed_at, stored(&house, new).await.subject.changed_at);
    let untouched = leads(&house, &house.rival).get(id(foreign)).await.unwrap().unwrap();
    assert_eq!(untouched.status_id, id(theirs));
}

#[tokio::test]
async fn a_lead_that_came_late_to_a_deleted_status_is_moved_too() {
    let house = TestApp::new().await;
    let hold = status(&house.acme, "On hold").await;
    let late = lead(&house.acme, "ann", json!({})).await;
    let since = house.app.now();
    delete(&house, &format!("/api/lead-statuses/{hold}")).await;
    house.drain().await;
    // As a request does that read the pipeline before the status was deleted.
    let before = stored(&house, late).await;
    let mut after = before.clone();
    after.status_id = id(hold);
    after.subject.v += 1;
    let writes = leads(&house, &house.acme).replace(&before, &after).unwrap();
    store::apply(&*house.app.store, writes).await.unwrap();
    assert_eq!(setup(&house).await.draining, [Drain { from: id(hold), to: LeadSetup::NEW, since }]);
    assert_eq!(listed(&house, "New").await, [late]);
    house.live(LATER).await;
    assert_eq!(stored(&house, late).await.status_id, LeadSetup::NEW);
    assert_eq!(setup(&house).await.draining, []);
    assert_eq!(listed(&house, "New").await, [late]);
    assert_eq!(house.sweep().await.due, 0, "nothing is owed any more");
}

#[tokio::test]
async fn an_heir_takes_the_leads_and_hands_them_on_when_it_is_deleted_itself() {
    let house = TestApp::new().await;
    let hold = status(&house.acme, "On hold").await;
    let asleep = status(&house.acme, "Asleep").await;
    let held = lead(&house.acme, "ann", json!({ "status": hold })).await;
    delete(&house, &format!("/api/lead-statuses/{hold}?reassign_to=asleep")).await;
    assert_eq!(shown(&house, held).await["status"], "Asleep");
    assert_eq!(listed(&house, "Asleep").await, [held]);
    delete(&house, &format!("/api/lead-statuses/{asleep}?reassign_to=6")).await;
    for _ in 0..2 {
        assert_eq!(shown(&house, held).await["status"], "Won");
        assert_eq!((listed(&house, "Won").await, listed(&house, "New").await), (vec![held], vec![]));
        house.live(LATER).await;
    }
    assert_eq!(stored(&house, held).await.status_id, id(6));
    assert_eq!(setup(&house).await.draining, []);
}

#[tokio::test]
async fn hundreds_of_leads_move_with_the_first_message() {
    let house = TestApp::new().await;
    let hold = status(&house.acme, "On hold").await;
    for n in 0..250 {
        lead(&house.acme, &format!("held{n}"), json!({ "status": hold })).await;
    }
    delete(&house, &format!("/api/lead-statuses/{hold}")).await;
    let before = house.meter();
    house.drain().await;
    let spent = house.meter().since(&before);
    let filter = Filter { status_ids: Some(vec![LeadSetup::NEW]), ..Filter::default() };
    let moved = leads(&house, &house.acme).list(&filter, 500, None).await.unwrap();
    assert_eq!(moved.found.len(), 250);
    // A lead is read once and written once, with two entries under its old status and two under the new one.
    assert_eq!(spent.write_units, 250.0 * 5.0 + CHORE_WRITES, "{spent:?}");
    assert!(spent.read_units < 250.0 * 1.1 + 10.0, "{spent:?}");
}

#[tokio::test]
async fn leads_move_whatever_the_store_does() {
    for (plan, count) in [
        (Plan::Throttle { percent: 5, seed: 7 }, 40),
        (Plan::LoseAnswers { percent: 3, seed: 7 }, 120),
        (Plan::RepeatWrites, 40),
    ] {
        let house = TestApp::new().await;
        let hold = status(&house.acme, "On hold").await;
        for n in 0..count {
            lead(&house.acme, &format!("held{n}"), json!({ "status": hold })).await;
        }
        let mine = lead(&house.acme, "mine", json!({ "status": hold })).await;
        delete(&house, &format!("/api/lead-statuses/{hold}")).await;
        house.acme.patch(&format!("/api/leads/{mine}"), json!({ "status": "Won" })).await;
        house.faults.set(plan);
        house.drain().await;
        house.faults.set(Plan::Calm);
        house.live(LATER * 3).await;
        assert_eq!((listed(&house, "New").await.len(), listed(&house, "Won").await), (count, vec![mine]));
        assert_eq!(setup(&house).await.draining, []);
        assert_eq!(house.depth(QueueName::Background).await.dead, 0);
    }
}

#[tokio::test]
async fn values_of_a_deleted_field_are_hidden_at_once_and_erased_soon() {
    let house = TestApp::new().await;
    let size = field(&house.acme, "Deal size").await;
    let region = field(&house.acme, "Region").await;
    let both = json!({ "deal_size": "secret", "region": "EMEA" });
    let kept = lead(&house.acme, "ann", both.clone()).await;
    let other = lead(&house.acme, "bob", json!({ "region": "APAC" })).await;
    let gone = lead(&house.acme, "cas", both).await;
    delete(&house, &format!("/api/leads/{gone}")).await;
    let untouched = stored(&house, other).await;
    delete(&house, &format!("/api/lead-custom-fields/{size}")).await;
    let now = shown(&house, kept).await;
    assert_eq!((now.get("deal_size"), &now["region"]), (None, &json!("EMEA")));
    assert!(stored(&house, kept).await.custom.contains_key(&size.to_string()));
    // A new field of that name is another field.
    let anew =
        made(&house.acme, "/api/lead-custom-fields", json!({ "label": "Deal size", "field_type": "number" }));
    anew.await;
    assert_eq!(shown(&house, kept).await["deal_size"], Value::Null);
    house.acme.patch(&format!("/api/leads/{kept}"), json!({ "deal_size": 7 })).await;
    house.live(LATER).await;
    assert_eq!(shown(&house, kept).await["deal_size"], 7);
    let erased = stored(&house, kept).await.custom;
    assert!(
        !erased.contains_key(&size.to_string()) && erased.contains_key(&region.to_string()),
        "{erased:?}"
    );
    assert_eq!(stored(&house, other).await, untouched, "who has no value is not written");
    let items = dump::items(&house.file).await.unwrap();
    assert!(!items.iter().any(|item| item.body.contains("\"secret\"")), "of a deleted lead nothing was kept");
    assert_eq!(house.sweep().await.due, 0, "nothing is owed any more");
}

#[tokio::test]
async fn a_value_that_came_late_to_a_deleted_field_is_erased_too() {
    let house = TestApp::new().await;
    let size = field(&house.acme, "Deal size").await.to_string();
    delete(&house, &format!("/api/lead-custom-fields/{size}")).await;
    house.drain().await;
    let late = lead(&house.acme, "ann", json!({})).await;
    let before = stored(&house, late).await;
    let mut after = before.clone();
    after.custom.insert(size.clone(), json!("secret"));
    after.subject.v += 1;
    let writes = leads(&house, &house.acme).replace(&before, &after).unwrap();
    store::apply(&*house.app.store, writes).await.unwrap();
    house.live(LATER).await;
    assert_eq!(stored(&house, late).await.custom.get(&size), None);
}

#[tokio::test]
async fn values_are_erased_whatever_the_store_does() {
    for (plan, count) in [
        (Plan::Throttle { percent: 5, seed: 11 }, 20),
        (Plan::LoseAnswers { percent: 3, seed: 11 }, 105),
        (Plan::RepeatWrites, 20),
    ] {
        let house = TestApp::new().await;
        let size = field(&house.acme, "Deal size").await;
        let mut all = Vec::new();
        for n in 0..2 * count {
            all.push(lead(&house.acme, &format!("has{n}"), json!({ "deal_size": "secret" })).await);
        }
        let (gone, left) = all.split_at(count);
        for id in gone {
            delete(&house, &format!("/api/leads/{id}")).await;
        }
        delete(&house, &format!("/api/lead-custom-fields/{size}")).await;
        house.advance(LATER);
        house.faults.set(plan);
        house.drain().await;
        house.faults.set(Plan::Calm);
        house.live(LATER * 3).await;
        for lead in left {
            assert!(stored(&house, *lead).await.custom.is_empty());
        }
    }
}
