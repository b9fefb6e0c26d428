use serde_json::{Value, json};

use super::{chat, chat_of, log, message, said, stats};
use harness::{TestApp, named, refusal, samples};

const LIST: &str = "/api/chats/list";

async fn sessions(house: &TestApp, query: &str) -> Vec<String> {
    let answer = house.acme.get(&format!("{LIST}{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let rows = answer.json["chats"].as_array().unwrap();
    assert_eq!(answer.json["count"], rows.len(), "{query}");
    rows.iter().map(|row| row["session_id"].as_str().unwrap().to_owned()).collect()
}

async fn three() -> TestApp {
    let house = TestApp::new().await;
    said(&house, "a-1", "user", "Where is my order?").await;
    let done = samples::with(message("a-2", "user", "RÜCKGABE"), "status", json!("completed"));
    assert_eq!(log(&house, done).await.status, 201);
    said(&house, "b-3", "assistant", "Hello").await;
    house
}

#[tokio::test]
async fn the_newest_comes_first_and_every_filter_must_match() {
    let house = three().await;
    let group = house.acme.key.group_id;
    for (query, expected) in [
        (String::new(), vec!["b-3", "a-2", "a-1"]),
        ("?status=active".into(), vec!["b-3", "a-1"]),
        ("?status=abandoned".into(), vec![]),
        ("?q=a-".into(), vec!["a-2", "a-1"]),
        ("?q=r%C3%BCck".into(), vec!["a-2"]),
        ("?q=order&status=completed".into(), vec![]),
        (format!("?group_id={group}&q=ORDER&status=active&page=0&limit=25"), vec!["a-1"]),
        ("?status=&q=".into(), vec!["b-3", "a-2", "a-1"]),
    ] {
        assert_eq!(sessions(&house, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_have_numbers_or_cursors() {
    let house = TestApp::new().await;
    for n in 0..7 {
        said(&house, &n.to_string(), "user", "x").await;
    }
    for (page, expected) in [(0, vec!["6", "5", "4"]), (1, vec!["3", "2", "1"]), (2, vec!["0"]), (3, vec![])]
    {
        assert_eq!(sessions(&house, &format!("?limit=3&page={page}")).await, expected, "{page}");
        assert_eq!(
            sessions(&house, &format!("?limit=3&page={page}&status=active")).await,
            expected,
            "{page}"
        );
    }
    let last = house.acme.get(&format!("{LIST}?limit=3&page=2")).await.json;
    assert_eq!((&last["total"], &last["next_cursor"]), (&json!(7), &Value::Null));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = house.acme.get(&format!("{LIST}?limit=3{cursor}")).await.json;
        seen.extend(answer["chats"].as_array().unwrap().iter().map(|row| row["session_id"].clone()));
        let Some(next) = answer["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"]);
    let deep = house.acme.get(&format!("{LIST}?limit=100&page=10")).await;
    assert_eq!(named(&deep), ["page"]);
}

#[tokio::test]
async fn filters_that_cannot_be_used_are_named_at_once() {
    let house = TestApp::new().await;
    let answer =
        house.acme.get(&format!("{LIST}?status=lost&group_id=x&limit=many&cursor=MTo&page=-1")).await;
    assert_eq!(named(&answer), ["cursor", "group_id", "limit", "page", "status"]);
    let (id, _) = said(&house, "s-1", "user", "x").await;
    let answer = house.acme.get(&format!("/api/chats/{id}?order=up&cursor=x&limit=many")).await;
    assert_eq!(named(&answer), ["cursor", "limit", "order"]);
}

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_were_said() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "0").await;
    for n in 1..7 {
        let body =
            samples::with(message("s-1", "assistant", &n.to_string()), "message_id", json!(format!("m-{n}")));
        log(&house, body).await;
    }
    let path = format!("/api/chats/{id}");
    for (order, expected) in
        [("asc", ["0", "1", "2", "3", "4", "5", "6"]), ("desc", ["6", "5", "4", "3", "2", "1", "0"])]
    {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = house.acme.get(&format!("{path}?limit=3&order={order}{cursor}")).await.json;
            seen.extend(
                answer["messages"].as_array().unwrap().iter().map(|message| message["content"].clone()),
            );
            let Some(next) = answer["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, expected, "{order}");
    }
    assert_eq!(chat(&house, id).await["messages"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_chat_larger_than_a_reply_comes_in_pages() {
    let house = TestApp::new().await;
    let content = "x".repeat(256 * 1024);
    let (id, _) = said(&house, "s-1", "user", &content).await;
    for _ in 0..20 {
        said(&house, "s-1", "user", &content).await;
    }
    let first = house.acme.get(&format!("/api/chats/{id}")).await;
    assert_eq!(first.status, 200);
    assert!(first.text.len() < 6 * 1024 * 1024);
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let rest = house.acme.get(&format!("/api/chats/{id}?cursor={cursor}")).await.json;
    let held = |page: &Value| page["messages"].as_array().unwrap().len();
    assert_eq!((held(&first.json) + held(&rest), &rest["next_cursor"]), (21, &Value::Null));
}

#[tokio::test]
async fn the_sums_are_read_at_the_same_cost_however_many_chats() {
    let house = TestApp::new().await;
    assert_eq!(stats(&house).await["average_messages"], 0.0);
    let mut costs = Vec::new();
    for round in 0..2 {
        for n in 0..60 {
            said(&house, &format!("{round}-{n}"), ["user", "assistant", "tool"][n % 3], "x").await;
        }
        let before = house.meter();
        stats(&house).await;
        let spent = house.meter().since(&before);
        costs.push((spent.read_units, spent.round_trips));
    }
    assert_eq!(costs, [(1.0, 1), (1.0, 1)]);
    said(&house, "0-0", "system", "x").await;
    let sums = stats(&house).await;
    assert_eq!((&sums["total_sessions"], &sums["total_messages"]), (&json!(120), &json!(121)));
    assert_eq!(sums["messages_by_role"], json!({ "user": 40, "assistant": 40, "system": 1, "tool": 40 }));
    assert_eq!(sums["average_messages"], 1.01);
}

#[tokio::test]
async fn sums_may_be_asked_for_one_group() {
    let house = three().await;
    let own = house.acme.get(&format!("/api/chats/stats?group_id={}", house.acme.key.group_id)).await;
    assert_eq!((&own.json["total_sessions"], &own.json["completed_sessions"]), (&json!(3), &json!(1)));
    for path in ["/api/chats/stats", LIST] {
        let foreign = house.acme.get(&format!("{path}?group_id={}", house.rival.key.group_id)).await;
        let unknown = house.acme.get(&format!("{path}?group_id={}", samples::NOWHERE)).await;
        assert_eq!((foreign.status, refusal(&foreign, path).as_str()), (403, "no_such_group"));
        assert_eq!(foreign.text, unknown.text);
    }
}

#[tokio::test]
async fn another_tenant_sees_nothing() {
    let house = three().await;
    let (id, message) = said(&house, "a-1", "user", "x").await;
    assert_eq!(house.rival.get(LIST).await.json["chats"], json!([]));
    assert_eq!(house.rival.get("/api/chats/stats").await.json["total_messages"], 0);
    for answer in [
        house.rival.get(&format!("/api/chats/{id}")).await,
        house.rival.patch(&format!("/api/chats/{id}"), json!({ "title": "x" })).await,
        house.rival.delete(&format!("/api/chats/{id}/messages/{message}")).await,
        house.rival.delete(&format!("/api/chats/{id}")).await,
    ] {
        assert_eq!(answer.status, 404);
    }
    let kept = log(&house, super::message("a-1", "user", "x")).await;
    assert_eq!(chat(&house, chat_of(&kept)).await["message_count"], 3);
}
