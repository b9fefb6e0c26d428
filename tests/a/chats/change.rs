use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::store::{Key, Query};
use standins::Plan;

use super::{assert_sound, chat, chat_of, log, message, said, stats};
use harness::{TestApp, refusal, samples};

/// What is left in the store of a chat's own partition.
async fn left(house: &TestApp, id: u64) -> usize {
    let partition = Key::partition(house.acme.key.tenant, &format!("chat#{id}"));
    house.app.store.query(&Query::table(partition).limit(1000)).await.unwrap().items.len()
}

#[tokio::test]
async fn only_what_is_named_changes() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    let before = chat(&house, id).await;
    let path = format!("/api/chats/{id}");
    // The vendor's node sends a blank title where its user added one and left it so.
    for body in [json!({}), json!({ "title": "" }), json!({ "message_count": 7, "session_id": "x" })] {
        assert_eq!(house.acme.patch(&path, body).await.status, 200);
        assert_eq!(chat(&house, id).await, before);
    }
    let answer = house.acme.patch(&path, json!({ "title": "A late order", "lead_id": "17" })).await;
    assert_eq!((answer.status, &answer.json["id"]), (200, &json!(id)), "{answer:?}");
    let shown = chat(&house, id).await;
    assert_eq!((&shown["title"], &shown["lead_id"]), (&json!("A late order"), &json!(17)));
    assert_eq!((&shown["status"], &shown["messages"]), (&json!("active"), &before["messages"]));
}

#[tokio::test]
async fn changes_and_messages_at_once_are_all_kept() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    let path = format!("/api/chats/{id}");
    let moves = join_all((0..10).map(|n| {
        let status = ["completed", "active"][n % 2];
        house.acme.patch(&path, json!({ "status": status, "title": n.to_string() }))
    }));
    let messages = join_all((0..10).map(|_| log(&house, message("s-1", "user", "x"))));
    let (moved, logged) = futures::future::join(moves, messages).await;
    assert!(moved.iter().all(|answer| answer.status == 200), "{moved:?}");
    assert!(logged.iter().all(|answer| answer.status == 201), "{logged:?}");
    assert_eq!(chat(&house, id).await["message_count"], 11);
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_deleted_message_is_gone_and_counted_out() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    let own = samples::with(message("s-1", "assistant", "Hi"), "message_id", json!("m-1"));
    let second = log(&house, own.clone()).await.id();
    let path = format!("/api/chats/{id}/messages/{second}");
    let deleted = house.acme.delete(&path).await;
    assert_eq!((deleted.status, deleted.id(), &deleted.json["chat_id"]), (200, second, &json!(id)));
    for gone in [
        path,
        format!("/api/chats/{id}/messages/{}", samples::NOWHERE),
        format!("/api/chats/{id}/messages/x"),
    ] {
        let answer = house.acme.delete(&gone).await;
        assert_eq!((answer.status, refusal(&answer, &gone).as_str()), (404, "not_found"));
    }
    assert_eq!(stats(&house).await["messages_by_role"]["assistant"], 0);
    assert_eq!(log(&house, own).await.status, 201, "its own id is free again");
    assert_sound(&house).await;
}

#[tokio::test]
async fn deletions_of_one_message_at_once_count_once() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    let (_, second) = said(&house, "s-1", "user", "Again").await;
    let path = format!("/api/chats/{id}/messages/{second}");
    let mut answers: Vec<_> =
        join_all((0..5).map(|_| house.acme.delete(&path))).await.iter().map(|a| a.status).collect();
    answers.sort_unstable();
    assert_eq!(answers, [200, 404, 404, 404, 404]);
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_deleted_chat_is_gone_with_its_messages() {
    let house = samples::scene().await;
    let path = "/api/chats/73";
    let deleted = house.acme.delete(path).await;
    assert_eq!((deleted.status, deleted.id()), (200, 73));
    for answer in [
        house.acme.get(path).await,
        house.acme.patch(path, json!({ "title": "x" })).await,
        house.acme.delete("/api/chats/73/messages/74").await,
        house.acme.delete(path).await,
    ] {
        assert_eq!((answer.status, refusal(&answer, path).as_str()), (404, "not_found"));
    }
    assert_eq!(left(&house, 73).await, 0, "its setting, message and guard went with it");
    let sums = stats(&house).await;
    assert_eq!((&sums["total_sessions"], &sums["total_messages"]), (&json!(0), &json!(0)));
    let again = log(&house, message("conversation-7", "user", "Hello again")).await;
    assert_eq!((again.status, &again.json["session"]["created"]), (201, &json!(true)));
    assert_eq!(chat(&house, chat_of(&again)).await["message_count"], 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_long_chat_is_gone_at_once_and_cleared_away_later() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "0").await;
    for n in 1..150 {
        said(&house, "s-1", "user", &n.to_string()).await;
    }
    let before = house.meter();
    assert_eq!(house.acme.delete(&format!("/api/chats/{id}")).await.status, 200);
    let spent = house.meter().since(&before);
    assert!(spent.round_trips <= 4 && spent.write_units < 20.0, "{spent:?}");
    assert_eq!(house.acme.get(&format!("/api/chats/{id}")).await.status, 404);
    assert_eq!(stats(&house).await["total_messages"], 0);
    let (second, _) = said(&house, "s-1", "user", "a new beginning").await;
    assert_eq!(left(&house, id).await, 150);
    house.live(Duration::from_secs(5)).await;
    assert_eq!((left(&house, id).await, left(&house, second).await), (0, 1));
    assert_sound(&house).await;
}

#[tokio::test]
async fn what_is_left_of_a_chat_is_cleared_away_though_the_message_was_lost() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "0").await;
    for n in 1..100 {
        said(&house, "s-1", "user", &n.to_string()).await;
    }
    house.faults.set(Plan::RefuseMessages);
    assert_eq!(house.acme.delete(&format!("/api/chats/{id}")).await.status, 200);
    house.faults.set(Plan::Calm);
    assert_eq!(house.drain().await, 0);
    house.advance(Duration::from_secs(120));
    house.sweep().await;
    house.drain().await;
    assert_eq!(left(&house, id).await, 0);
}

#[tokio::test]
async fn a_message_that_meets_a_deletion_is_not_lost() {
    let house = TestApp::new().await;
    for round in 0..5 {
        let (id, _) = said(&house, "s-1", "user", "Hello").await;
        let path = format!("/api/chats/{id}");
        let (deleted, logged) =
            futures::future::join(house.acme.delete(&path), log(&house, message("s-1", "user", "late")))
                .await;
        assert_eq!((deleted.status, logged.status), (200, 201), "{round}: {logged:?}");
        assert_sound(&house).await;
    }
}

#[tokio::test]
async fn writes_that_an_engine_repeats_count_once() {
    let house = TestApp::new().await;
    house.faults.set(Plan::RepeatWrites);
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    for body in [json!({ "title": "x" }), json!({ "status": "completed" })] {
        assert_eq!(house.acme.patch(&format!("/api/chats/{id}"), body).await.status, 200);
    }
    let shown = chat(&house, id).await;
    assert_eq!((&shown["title"], &shown["lead_id"]), (&json!("x"), &Value::Null));
    assert_sound(&house).await;
}
