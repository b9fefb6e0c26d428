//! `/api/v1/api_keys`.

mod create;
mod revoke;
mod rotate;
mod show;
mod terms;
mod usage;

use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::Id;

use harness::{Answer, Caller, TestApp};

const PATH: &str = "/api/v1/api_keys";
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Makes a key as the caller, and calls with it.
async fn make(caller: &Caller, body: Value) -> (Caller, Id) {
    let made = caller.post(PATH, body).await;
    (caller.with_key(&text(&made)), id(&made))
}

/// The text of a key that was made.
#[track_caller]
fn text(made: &Answer) -> String {
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("cache-control"), Some("no-store"), "nothing on its way may keep it");
    let text = made.json["key"].as_str().unwrap_or_else(|| panic!("{made:?}"));
    assert!(text.ends_with(made.json["last_four"].as_str().unwrap()), "{made:?}");
    text.to_owned()
}

#[track_caller]
fn id(made: &Answer) -> Id {
    Id::from_u64(made.id()).unwrap()
}

fn at(id: Id, verb: &str) -> String {
    format!("{PATH}/{id}/{verb}")
}

async fn rotate(caller: &Caller, id: Id, body: Value) -> Answer {
    caller.post(&at(id, "rotate"), body).await
}

async fn revoke(caller: &Caller, id: Id) -> Answer {
    caller.delete(&at(id, "revoke")).await
}

/// Whether a key's text is good for anything now.
async fn works(key: &Caller) -> bool {
    let answer = key.get("/api/auth/test").await;
    assert!([200, 403].contains(&answer.status), "{answer:?}");
    answer.status == 200
}

/// The same after every instance has forgotten what it knew.
async fn works_still(house: &mut TestApp, key: &Caller) -> bool {
    house.restart();
    works(&house.acme.with_key(&key.text)).await
}

fn scoped(scopes: &[&str]) -> Value {
    json!({ "scopes": scopes })
}
