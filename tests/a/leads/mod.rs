mod bulk;
mod cost;
mod create;
mod custom;
mod dedupe;
mod delete;
mod identity;
mod list;
mod search;
mod update;

use serde_json::{Value, json};

use harness::{Answer, Caller, TestApp};

const PATH: &str = "/api/leads";

/// The least that a lead needs.
fn person(email: &str) -> Value {
    json!({ "first_name": "Jane", "last_name": "Doe", "email": email })
}

/// The same with further fields.
fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn make(house: &TestApp, body: Value) -> u64 {
    make_as(&house.acme, body).await
}

async fn make_as(caller: &Caller, body: Value) -> u64 {
    let made = caller.post(PATH, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

async fn post(house: &TestApp, on_duplicate: &str, body: Value) -> Answer {
    house.acme.post(&format!("{PATH}?on_duplicate={on_duplicate}"), body).await
}

async fn shown(house: &TestApp, id: u64) -> Value {
    let answer = house.acme.get(&format!("{PATH}/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// The ids that a list shows, after a look at its envelope.
async fn listed(house: &TestApp, query: &str) -> Vec<u64> {
    let answer = house.acme.get(&format!("{PATH}/list{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let rows = answer.json["leads"].as_array().unwrap();
    assert_eq!(answer.json["count"], rows.len(), "{query}");
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

/// All pages of a list. None of them may hold more than its `limit`.
async fn paged(house: &TestApp, query: &str, limit: usize) -> Vec<u64> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let answer = house.acme.get(&format!("{PATH}/list?limit={limit}&{query}{cursor}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let rows = answer.json["leads"].as_array().unwrap();
        assert!(rows.len() <= limit, "{query}");
        seen.extend(rows.iter().map(|row| row["id"].as_u64().unwrap()));
        let Some(next) = answer.json["next_cursor"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
    panic!("{query}: no end");
}
