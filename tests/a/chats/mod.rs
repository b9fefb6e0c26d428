mod change;
mod log;
mod read;

use serde_json::{Value, json};

use harness::{Answer, TestApp};

const LOG: &str = "/api/chats/message";

/// What the vendor's node sends of a message without additional fields.
fn message(session: &str, role: &str, content: &str) -> Value {
    json!({
        "session_id": session, "role": role, "content": content, "workflow_id": "abc123", "execution_id": "551",
    })
}

async fn log(house: &TestApp, body: Value) -> Answer {
    house.acme.post(LOG, body).await
}

/// Logs a message and returns the ids of its chat and of itself.
async fn said(house: &TestApp, session: &str, role: &str, content: &str) -> (u64, u64) {
    let answer = log(house, message(session, role, content)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    (chat_of(&answer), answer.id())
}

fn chat_of(answer: &Answer) -> u64 {
    answer.json["session"]["id"].as_u64().unwrap_or_else(|| panic!("no session in {answer:?}"))
}

async fn chat(house: &TestApp, id: u64) -> Value {
    let answer = house.acme.get(&format!("/api/chats/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

async fn stats(house: &TestApp) -> Value {
    let answer = house.acme.get("/api/chats/stats").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// Chat, messages, counts and sums tell the same story.
async fn assert_sound(house: &TestApp) {
    let list = house.acme.get("/api/chats/list?limit=500").await.json;
    let (mut sessions, mut messages) = (0, 0);
    for row in list["chats"].as_array().unwrap() {
        let shown = chat(house, row["id"].as_u64().unwrap()).await;
        let held = shown["messages"].as_array().unwrap().len();
        assert_eq!((&shown["message_count"], &row["message_count"]), (&json!(held), &json!(held)));
        sessions += 1;
        messages += held;
    }
    let sums = stats(house).await;
    assert_eq!(
        (&sums["total_sessions"], &sums["total_messages"]),
        (&json!(sessions), &json!(messages)),
        "{sums}"
    );
}
