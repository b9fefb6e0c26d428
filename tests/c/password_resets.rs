//! `/api/v1/password_resets`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use shared::domain::org::Role;

use harness::{Answer, Caller, TestApp};

const PATH: &str = "/api/v1/password_resets";
const CONFIRM: &str = "/api/v1/password_resets/confirm";
const NEW: &str = "a better staple";

/// The house's code of a refusal, in whichever of these dialects.
#[track_caller]
fn refusal(answer: &Answer) -> &str {
    let body = &answer.json;
    body["code"].as_str().or(body["error"].as_str()).unwrap_or_else(|| panic!("{answer:?}"))
}

async fn public(house: &TestApp, path: &str, body: Value) -> Answer {
    house.acme.bare(Method::POST, path, Some(body), &[]).await
}

async fn ask(house: &TestApp, email: &str) -> Answer {
    public(house, PATH, json!({ "email": email })).await
}

/// A token for this member.
async fn token(house: &TestApp, member: &Caller) -> String {
    let path = format!("/api/v1/team_members/{}/password_reset", member.key.user_id);
    let made = house.acme.post(&path, json!({})).await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")), "{made:?}");
    made.json["password_reset"]["token"].as_str().unwrap().to_owned()
}

async fn confirm(house: &TestApp, token: &str) -> Answer {
    public(house, CONFIRM, json!({ "token": token, "password": NEW })).await
}

async fn log_in(house: &TestApp, email: &str, password: &str) -> u16 {
    public(house, "/api/v1/auth/login", json!({ "email": email, "password": password })).await.status
}

#[tokio::test]
async fn nobody_learns_who_is_there() {
    let house = TestApp::new().await;
    ask(&house, "first@acme.example").await;
    let mut shown = Vec::new();
    for email in ["jane@acme.example", "none@acme.example", "jane", "joe@rival.example"] {
        let before = house.meter();
        let answer = ask(&house, email).await;
        let spent = house.meter().since(&before);
        assert_eq!((answer.status, answer.header("cache-control")), (202, Some("no-store")));
        shown.push((answer.text, spent.round_trips, spent.read_units.to_bits(), spent.write_units.to_bits()));
    }
    shown.dedup();
    assert_eq!(shown.len(), 1, "{shown:?}");
}

#[tokio::test]
async fn the_people_of_the_organization_see_who_asks() {
    let house = TestApp::new().await;
    ask(&house, "Jane@acme.example").await;
    ask(&house, "nobody@acme.example").await;
    let seen = house.acme.get("/api/notifications/list").await;
    let all = seen.json["notifications"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{seen:?}");
    assert!(all[0]["message"].as_str().unwrap().contains("jane@acme.example"), "{seen:?}");
    let rivals = house.rival.get("/api/notifications/list").await;
    assert_eq!(rivals.json["notifications"], json!([]));
}

#[tokio::test]
async fn an_address_is_asked_for_so_often_whoever_has_it() {
    let house = TestApp::new().await;
    for email in ["jane@acme.example", "nobody@acme.example"] {
        for _ in 0..5 {
            assert_eq!(ask(&house, email).await.status, 202);
        }
        let refused = ask(&house, email).await;
        assert_eq!((refused.status, refusal(&refused)), (429, "too_many_failures"));
    }
    assert_eq!(log_in(&house, "jane@acme.example", harness::PASSWORD).await, 200, "logins go on");
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_is_given_once() {
    let house = TestApp::new().await;
    let member = house.user(&house.acme, Role::Editor).await;
    let email = member.key.username.clone();
    let token = token(&house, &member).await;
    assert_eq!(member.get("/api/auth/test").await.status, 200, "until it is used");
    let confirmed = confirm(&house, &token).await;
    assert_eq!((confirmed.status, confirmed.header("cache-control")), (200, Some("no-store")));
    assert_ne!(member.get("/api/auth/test").await.status, 200);
    assert_eq!(log_in(&house, &email, harness::PASSWORD).await, 401);
    assert_eq!(log_in(&house, &email, NEW).await, 200);
    let again = confirm(&house, &token).await;
    assert_eq!((again.status, refusal(&again)), (422, "invalid_token"));
}

#[tokio::test]
async fn a_token_ends_in_an_hour_with_the_next_one_and_with_a_new_password() {
    let house = TestApp::new().await;
    let member = house.user(&house.acme, Role::Editor).await;
    let late = token(&house, &member).await;
    house.advance(Duration::from_secs(3_600));
    let first = token(&house, &member).await;
    let second = token(&house, &member).await;
    for bad in [&late, &first] {
        assert_eq!(refusal(&confirm(&house, bad).await), "invalid_token");
    }
    let member = house.log_in(&member).await;
    let change = json!({ "current_password": harness::PASSWORD, "new_password": "a third staple" });
    assert_eq!(member.post("/api/user/password", change).await.status, 200);
    assert_eq!(refusal(&confirm(&house, &second).await), "invalid_token");
}

#[tokio::test]
async fn of_many_who_use_a_token_at_once_one_chooses_the_password() {
    let house = TestApp::new().await;
    let member = house.user(&house.acme, Role::Editor).await;
    let token = token(&house, &member).await;
    let all = futures::future::join_all((0..4).map(|_| confirm(&house, &token))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1, "{all:?}");
}
