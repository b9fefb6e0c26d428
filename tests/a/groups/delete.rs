use std::time::Duration;

use harness::{Caller, TestApp};
use serde_json::{Value, json};
use shared::{
    domain::chore::{Chore, What},
    ids::GroupId,
    store::{Change, Key, Write},
};

use super::{SECOND, THIRD, bound, three_groups};

fn path(id: u64) -> String {
    format!("/api/groups/{id}")
}

async fn groups(house: &TestApp) -> Vec<Value> {
    house.acme.get("/api/groups").await.json["groups"].as_array().unwrap().clone()
}

/// Until nobody is at work any more who believed that the group was there.
async fn settle(house: &TestApp) {
    house.drain().await;
    house.clock.advance(Duration::from_secs(180));
    house.tick().await;
    house.drain().await;
}

#[tokio::test]
async fn an_empty_group_is_gone_at_once() {
    let house = three_groups().await;
    let gone = house.acme.delete(&path(SECOND)).await;
    assert_eq!((gone.status, &gone.json["status"]), (200, &json!("deleted")), "{gone:?}");
    assert!(groups(&house).await.iter().all(|group| group["id"] != SECOND));
    let lead = json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee", "group_id": SECOND });
    assert_eq!(house.acme.post("/api/leads", lead).await.status, 403);
    assert_eq!(house.acme.delete(&path(SECOND)).await.status, 404);
    settle(&house).await;
    assert_eq!(groups(&house).await.len(), 2);
}

#[tokio::test]
async fn the_last_group_stays() {
    let house = TestApp::new().await;
    let last = house.acme.delete(&path(house.acme.key.group_id.get())).await;
    assert_eq!((last.status, &last.json["code"]), (409, &json!("last_group")), "{last:?}");
}

#[tokio::test]
async fn a_group_with_content_says_what_is_in_it_or_moves_it() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    let mut made = Vec::new();
    for (kind, body) in [
        ("leads", json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee" })),
        ("payloads", json!({ "title": "Report" })),
        ("invoices", json!({ "invoice_number": "7", "title": "Invoice", "amount": 10 })),
        ("notifications", json!({ "title": "Hello", "message": "There", "type": "new_lead" })),
        (
            "media",
            json!({ "title": "Clip", "media_type": "file", "url": "https://cdn.example.com/a.bin", "collection": "Clips" }),
        ),
        ("collections", json!({ "title": "Assets" })),
        ("budgets", json!({ "amount": 10, "period": "month", "group_id": SECOND })),
    ] {
        let answer = second.post(&format!("/api/{kind}"), body).await;
        assert_eq!(answer.status, 201, "{kind} {answer:?}");
        made.push(kind);
    }
    let said = json!({ "session_id": "s-1", "role": "user", "content": "Hello" });
    assert_eq!(second.post("/api/chats/message", said.clone()).await.status, 201);
    // Of each that may be there once, the new group has one already.
    assert_eq!(third.post("/api/chats/message", said).await.status, 201);
    assert_eq!(
        third
            .post("/api/leads", json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee" }))
            .await
            .status,
        201
    );
    assert_eq!(third.post("/api/collections", json!({ "title": "assets" })).await.status, 201);
    let number = json!({ "invoice_number": "7", "title": "Invoice", "amount": 10 });
    assert_eq!(third.post("/api/invoices", number).await.status, 201);

    let refused = house.acme.delete(&path(SECOND)).await;
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("group_not_empty")), "{refused:?}");
    for kind in made.iter().copied().chain(["chats", "keys"]) {
        assert!(refused.text.contains(&format!("\"{kind}\"")), "{kind} is not named in {refused:?}");
    }
    assert!(groups(&house).await.iter().any(|group| group["id"] == SECOND && group["status"] == "active"));

    let moving = house.acme.delete(&format!("{}?move_to={THIRD}", path(SECOND))).await;
    assert_eq!((moving.status, &moving.json["status"]), (200, &json!("moving")), "{moving:?}");
    assert!(groups(&house).await.iter().any(|group| group["id"] == SECOND && group["status"] == "moving"));
    let repeated = house.acme.delete(&path(SECOND)).await;
    assert_eq!((repeated.status, &repeated.json["moving_to"]), (200, &json!(THIRD)), "{repeated:?}");
    settle(&house).await;
    assert!(groups(&house).await.iter().all(|group| group["id"] != SECOND), "it is gone");
    has_moved(&third).await;
}

/// What lay in either group lies in the third.
async fn has_moved(third: &Caller) {
    for (list, rows, count) in [
        ("/api/leads/list", "leads", 2),
        ("/api/payloads/list", "payloads", 1),
        ("/api/invoices/list", "invoices", 2),
        ("/api/notifications/list", "notifications", 1),
        ("/api/media/list", "media", 1),
        ("/api/chats/list", "chats", 2),
        ("/api/collections", "collections", 3),
        ("/api/budgets", "budgets", 1),
    ] {
        let listed = third.get(list).await;
        assert_eq!(listed.json[rows].as_array().map(Vec::len), Some(count), "{list} {listed:?}");
        assert!(!listed.text.contains(&SECOND.to_string()), "{listed:?}");
    }
    let stats = third.get("/api/media/stats").await;
    assert!(stats.text.contains("\"total\":1"), "{stats:?}");
}

#[tokio::test]
async fn keys_and_sessions_of_the_group_go_on_in_the_other_one() {
    let house = three_groups().await;
    let first = house.acme.key.group_id.get();
    let (second, session) = (bound(&house, &[SECOND]).await, house.log_in(&house.acme).await);
    for id in [first, SECOND] {
        let moving = house.acme.delete(&format!("{}?move_to={THIRD}", path(id))).await;
        assert_eq!(moving.status, 200, "{moving:?}");
    }
    settle(&house).await;
    for caller in [&house.acme, &second, &session] {
        let made = caller.post("/api/payloads", json!({ "title": "x" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(caller.get(&format!("/api/payloads/{}", made.id())).await.json["group_id"], THIRD);
    }
    assert_eq!(groups(&house).await.len(), 1);
}

#[tokio::test]
async fn what_comes_into_a_group_while_it_goes_is_moved_after_it() {
    let house = three_groups().await;
    let late = bound(&house, &[SECOND]).await;
    // It is believed for a minute, and makes things in the group as if it were there.
    assert_eq!(late.get("/api/payloads/list").await.status, 200);
    let moving = house.acme.delete(&format!("{}?move_to={THIRD}", path(SECOND))).await;
    assert_eq!(moving.status, 200, "{moving:?}");
    let made = late.post("/api/payloads", json!({ "title": "late" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    settle(&house).await;
    let seen = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
    assert_eq!(seen.json["group_id"], THIRD, "{seen:?}");
}

#[tokio::test]
async fn a_group_that_another_one_moves_to_stays_until_that_has_arrived() {
    let house = three_groups().await;
    let second = bound(&house, &[SECOND]).await;
    let lead = json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee" });
    assert_eq!(second.post("/api/leads", lead).await.status, 201);
    let moving = house.acme.delete(&format!("{}?move_to={THIRD}", path(SECOND))).await;
    assert_eq!(moving.status, 200, "{moving:?}");
    // Nobody has said that it may go anywhere else.
    for (asked, code) in [
        (path(THIRD), "group_is_target"),
        (format!("{}?move_to={}", path(THIRD), house.acme.key.group_id), "group_is_target"),
        (format!("{}?move_to={}", path(SECOND), house.acme.key.group_id), "group_moving"),
    ] {
        let refused = house.acme.delete(&asked).await;
        assert_eq!((refused.status, &refused.json["code"]), (409, &json!(code)), "{asked}: {refused:?}");
    }
    let renamed = house.acme.patch(&path(SECOND), json!({ "name": "Other" })).await;
    assert_eq!((renamed.status, &renamed.json["code"]), (409, &json!("group_moving")), "{renamed:?}");
    settle(&house).await;
    let third = bound(&house, &[THIRD]).await;
    assert_eq!(third.get("/api/leads/list").await.json["total"], 1);
}

#[tokio::test]
async fn of_two_that_move_to_each_other_at_once_one_goes() {
    let house = three_groups().await;
    for group in [SECOND, THIRD] {
        let lead = json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee" });
        assert_eq!(bound(&house, &[group]).await.post("/api/leads", lead).await.status, 201);
    }
    let (there, back) =
        (format!("{}?move_to={THIRD}", path(SECOND)), format!("{}?move_to={SECOND}", path(THIRD)));
    let (one, other) = tokio::join!(house.acme.delete(&there), house.acme.delete(&back));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(statuses == [200, 403] || statuses == [200, 409], "{one:?} {other:?}");
    settle(&house).await;
    let left: Vec<_> = groups(&house).await.into_iter().filter_map(|group| group["id"].as_u64()).collect();
    assert_eq!(left.iter().filter(|id| [SECOND, THIRD].contains(id)).count(), 1, "{left:?}");
}

#[tokio::test]
async fn what_comes_late_into_an_empty_group_stays_there_and_the_group_with_it() {
    let house = three_groups().await;
    let second = bound(&house, &[SECOND]).await;
    second.get("/api").await;
    // As if its key had come into it while it was deleted as an empty one.
    let key = Key::of(house.acme.key.tenant, "group", format!("{SECOND:016}"));
    let leaving = json!({ "to": house.acme.key.group_id, "since": house.app.now().0, "shown": false });
    let change = Change::set("leaving", leaving);
    house.app.store.write(Write::update(key, vec![change])).await.unwrap();
    let what = What::MoveGroup { group_id: GroupId::from_u64(SECOND).unwrap() };
    let chore = Chore::new(house.app.id(), what, house.app.now());
    let chores = house.app.repos(house.acme.key.tenant).chores();
    house.app.store.write(chores.insert(&chore, house.app.now()).unwrap()).await.unwrap();
    house.tick().await;
    settle(&house).await;
    assert!(groups(&house).await.iter().any(|group| group["id"] == SECOND), "it stays");
    let lead = json!({ "email": "a@x.example", "first_name": "Ann", "last_name": "Lee" });
    assert_eq!(second.post("/api/leads", lead).await.status, 201, "and its key works there");
    let oldest = bound(&house, &[house.acme.key.group_id.get()]).await;
    assert_eq!(oldest.get("/api/leads/list").await.json["total"], 0, "nobody else's client sees it");
}
