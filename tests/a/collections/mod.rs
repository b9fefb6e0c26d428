mod change;
mod create;
mod filing;

use serde_json::Value;

use harness::Caller;

pub const PATH: &str = "/api/collections";

/// All collections as they are listed.
pub async fn all(caller: &Caller) -> Vec<Value> {
    let answer = caller.get(PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let rows = answer.json["collections"].as_array().unwrap().clone();
    assert_eq!(answer.json["count"], rows.len());
    rows
}

/// Creates a collection and returns its id.
pub async fn make(caller: &Caller, title: &str) -> u64 {
    let made = caller.post(PATH, serde_json::json!({ "title": title })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}
