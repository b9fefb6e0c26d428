use futures::future::join_all;
use serde_json::{Value, json};
use standins::Plan;

use super::{assert_sound, chat, chat_of, log, message, said, stats};
use harness::{TestApp, named, refusal, samples};

#[tokio::test]
async fn the_first_message_opens_the_chat_and_the_next_join_it() {
    let house = TestApp::new().await;
    let first = log(&house, message("s-1", "user", "Where is my order?\nIt is late.")).await;
    assert_eq!((first.status, &first.json["session"]["created"]), (201, &json!(true)), "{first:?}");
    house.advance(std::time::Duration::from_secs(60));
    let second = log(&house, message("s-1", "assistant", " It leaves tomorrow.\n")).await;
    assert_eq!((second.status, &second.json["session"]["created"]), (201, &json!(false)), "{second:?}");
    assert_eq!(chat_of(&first), chat_of(&second));
    let shown = chat(&house, chat_of(&first)).await;
    assert_eq!((&shown["title"], &shown["status"]), (&json!("Where is my order?"), &json!("active")));
    assert_eq!((&shown["session_id"], &shown["message_count"]), (&json!("s-1"), &json!(2)));
    let said: Vec<_> =
        shown["messages"].as_array().unwrap().iter().map(|m| (&m["role"], &m["content"])).collect();
    assert_eq!(
        said,
        [
            (&json!("user"), &json!("Where is my order?\nIt is late.")),
            (&json!("assistant"), &json!(" It leaves tomorrow.\n")),
        ]
    );
    assert_eq!((&shown["created"], &shown["last_message"]), (&json!(1_737_455_400), &json!(1_737_455_460)));
    assert_eq!((&shown["workflow_id"], &shown["execution_id"]), (&json!("abc123"), &json!("551")));
    assert_sound(&house).await;
}

#[tokio::test]
async fn everything_that_the_vendors_node_can_add_is_kept() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let mut body = message("s-1", "user", "Hello");
    for (name, value) in [
        ("system_prompt", json!("You are helpful.\n")),
        ("context", json!(r#"{"documents":[1,2]}"#)),
        ("message_context", json!("not json")),
        ("lead_id", json!(17)),
        ("lead_email", json!("jane@client.example")),
        ("lead_first_name", json!("Jane")),
        ("lead_last_name", json!("Doe")),
        ("status", json!("abandoned")),
        ("installation_id", json!(45)),
    ] {
        body[name] = value;
    }
    let made = log(&house, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let mut shown = chat(&house, chat_of(&made)).await;
    for (name, value) in [
        ("system_prompt", json!("You are helpful.\n")),
        ("context", json!({ "documents": [1, 2] })),
        ("lead_id", json!(17)),
        ("lead_email", json!("jane@client.example")),
        ("lead_first_name", json!("Jane")),
        ("lead_last_name", json!("Doe")),
        ("status", json!("abandoned")),
        ("installation_id", json!(45)),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert_eq!(shown["messages"][0]["context"], "not json");
    // The first system prompt stays, the last context counts; a lead may become known later.
    let mut next = message("s-1", "assistant", "Hi");
    next["system_prompt"] = json!("Be brief.");
    next["context"] = json!({ "documents": [3] });
    next["lead_first_name"] = json!("Janet");
    assert_eq!(log(&house, next).await.status, 201);
    shown = chat(&house, chat_of(&made)).await;
    assert_eq!(shown["system_prompt"], "You are helpful.\n");
    assert_eq!(shown["context"], json!({ "documents": [3] }));
    assert_eq!((&shown["lead_first_name"], &shown["lead_last_name"]), (&json!("Janet"), &json!("Doe")));
}

#[tokio::test]
async fn what_is_no_text_is_kept_as_json() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", r#"{"b":1,"a":2.0}"#).await;
    let mut body = message("s-1", "tool", "");
    body["content"] = json!({ "orders": [17] });
    assert_eq!(log(&house, body).await.status, 201);
    let shown = chat(&house, id).await;
    assert_eq!(shown["messages"][0]["content"], r#"{"b":1,"a":2.0}"#, "to the letter");
    assert_eq!(shown["messages"][1]["content"], r#"{"orders":[17]}"#);
}

#[tokio::test]
async fn the_vendors_mark_completes_a_session_and_is_no_message() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    let mut mark = message("s-1", "system", "__session_complete__");
    mark["status"] = json!("completed");
    mark["title"] = json!("A late order");
    for _ in 0..2 {
        let answer = log(&house, mark.clone()).await;
        assert_eq!(
            (answer.status, chat_of(&answer), &answer.json["id"]),
            (200, id, &Value::Null),
            "{answer:?}"
        );
    }
    let shown = chat(&house, id).await;
    assert_eq!((&shown["status"], &shown["title"]), (&json!("completed"), &json!("A late order")));
    assert_eq!(shown["message_count"], 1);
    // The node goes on with the id that it has read.
    let body = json!({ "title": "A late order", "status": "completed" });
    assert_eq!(house.acme.patch(&format!("/api/chats/{id}"), body).await.status, 200);
    let sums = stats(&house).await;
    assert_eq!((&sums["active_sessions"], &sums["completed_sessions"]), (&json!(0), &json!(1)));
    let unknown = log(&house, samples::with(mark, "session_id", json!("s-2"))).await;
    assert_eq!(chat(&house, chat_of(&unknown)).await["status"], "completed");
    let plain = log(&house, message("s-1", "assistant", "__session_complete__")).await;
    assert_eq!(plain.status, 201, "another role may say it");
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_status_moves_the_chat_with_its_message() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    for status in ["completed", "completed", "active", "abandoned"] {
        let answer = log(&house, samples::with(message("s-1", "tool", "x"), "status", json!(status))).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(chat(&house, id).await["status"], status);
        assert_eq!(stats(&house).await[format!("{status}_sessions")], 1);
        assert_eq!(house.acme.get(&format!("/api/chats/list?status={status}")).await.json["count"], 1);
    }
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_message_of_the_workflows_own_id_is_kept_once() {
    let house = TestApp::new().await;
    let body = samples::with(message("s-1", "user", "Hello"), "message_id", json!("m-1"));
    let first = log(&house, body.clone()).await;
    let again = log(&house, body.clone()).await;
    assert_eq!((again.status, &again.json["duplicate"]), (200, &json!(true)), "{again:?}");
    assert_eq!((again.id(), chat_of(&again)), (first.id(), chat_of(&first)));
    assert_eq!(first.json["duplicate"], Value::Null);
    let elsewhere = log(&house, samples::with(body, "session_id", json!("s-2"))).await;
    assert_eq!(elsewhere.status, 201, "another session has its own");
    let once = samples::with(message("s-1", "user", "Hello"), "message_id", json!("m-1"));
    let keyed = house.acme.post_once(super::LOG, "exec-1", once.clone()).await;
    let replayed = house.acme.post_once(super::LOG, "exec-1", once).await;
    assert_eq!((keyed.status, &keyed.text), (200, &replayed.text));
    assert_sound(&house).await;
}

#[tokio::test]
async fn sessions_of_other_tenants_are_their_own() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    let theirs = house.rival.post(super::LOG, message("s-1", "user", "Hi")).await;
    assert_eq!((theirs.status, &theirs.json["session"]["created"]), (201, &json!(true)));
    assert_eq!(chat(&house, id).await["message_count"], 1);
    let foreign = samples::with(message("s-1", "user", "x"), "group_id", json!(house.rival.key.group_id));
    let unknown = samples::with(message("s-1", "user", "x"), "group_id", json!(samples::NOWHERE));
    let (foreign, unknown) = (log(&house, foreign).await, log(&house, unknown).await);
    assert_eq!((foreign.status, refusal(&foreign, super::LOG).as_str()), (403, "no_such_group"));
    assert_eq!(foreign.text, unknown.text);
}

#[tokio::test]
async fn all_mistakes_are_named_at_once() {
    let house = TestApp::new().await;
    let body = json!({ "role": "bot", "content": " ", "status": "paused", "lead_email": "nobody", "installation_id": [] });
    let answer = log(&house, body).await;
    assert_eq!(named(&answer), ["content", "installation_id", "lead_email", "role", "session_id", "status"]);
    assert_eq!(stats(&house).await["total_sessions"], 0);
}

#[tokio::test]
async fn fifty_first_messages_at_once_open_one_chat() {
    let house = TestApp::new().await;
    let answers = join_all((0..50).map(|n| log(&house, message("s-1", "user", &n.to_string())))).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let opened = answers.iter().filter(|answer| answer.json["session"]["created"] == true).count();
    assert_eq!(opened, 1);
    let list = house.acme.get("/api/chats/list").await.json;
    assert_eq!((&list["total"], &list["chats"][0]["message_count"]), (&json!(1), &json!(50)));
    assert_sound(&house).await;
}

#[tokio::test]
async fn moves_at_once_are_all_counted() {
    let house = TestApp::new().await;
    said(&house, "s-1", "user", "Hello").await;
    let bodies = (0..30).map(|n| {
        let status = ["active", "completed", "abandoned"][n % 3];
        samples::with(message("s-1", "user", "x"), "status", json!(status))
    });
    let answers = join_all(bodies.map(|body| log(&house, body))).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let sums = stats(&house).await;
    let by_status = ["active", "completed", "abandoned"]
        .map(|status| sums[format!("{status}_sessions")].as_i64().unwrap());
    assert_eq!((by_status.iter().sum::<i64>(), *by_status.iter().min().unwrap()), (1, 0), "{sums}");
    assert_sound(&house).await;
}

#[tokio::test]
async fn transactions_that_meet_are_tried_again() {
    let house = TestApp::new().await;
    let (id, _) = said(&house, "s-1", "user", "Hello").await;
    house.faults.set(Plan::Contend(6));
    let second = log(&house, message("s-1", "user", "Again")).await;
    assert_eq!(second.status, 201, "{second:?}");
    house.faults.set(Plan::Contend(6));
    assert_eq!(
        house.acme.patch(&format!("/api/chats/{id}"), json!({ "status": "completed" })).await.status,
        200
    );
    house.faults.set(Plan::Contend(6));
    let path = format!("/api/chats/{id}/messages/{}", second.id());
    assert_eq!(house.acme.delete(&path).await.status, 200);
    assert_sound(&house).await;
    house.faults.set(Plan::Contend(6));
    assert_eq!(house.acme.delete(&format!("/api/chats/{id}")).await.status, 200);
    house.faults.set(Plan::Contend(usize::MAX));
    let busy = log(&house, message("s-2", "user", "x")).await;
    assert_eq!((busy.status, refusal(&busy, super::LOG).as_str()), (503, "unavailable"));
    house.faults.set(Plan::Calm);
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_message_costs_the_same_however_long_the_chat() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let body = || samples::with(message("s-1", "user", "x"), "installation_id", json!(45));
    log(&house, body()).await;
    let mut costs = Vec::new();
    for _ in 0..2 {
        let before = house.meter();
        assert_eq!(log(&house, body()).await.status, 201);
        let spent = house.meter().since(&before);
        costs.push((spent.read_units, spent.write_units, spent.round_trips));
        for _ in 0..100 {
            log(&house, body()).await;
        }
    }
    assert_eq!(costs, [(1.0, 6.0, 2), (1.0, 6.0, 2)]);
}
