use http::Method;
use serde_json::{Value, json};

use harness::{Caller, PASSWORD, TestApp, named, refusal};

const PATH: &str = "/api/user/password";
const NEW: &str = "a better staple";

fn change(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

async fn login(house: &TestApp, password: &str) -> u16 {
    let body = json!({ "username": "jane@acme.example", "password": password });
    house.acme.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await.status
}

async fn works(session: &Caller) -> bool {
    session.get("/api").await.status == 200
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let house = TestApp::new().await;
    let (mine, other) = (house.log_in(&house.acme).await, house.log_in(&house.acme).await);
    let rivals = house.log_in(&house.rival).await;
    assert!(works(&mine).await && works(&other).await, "both are known now");
    assert_eq!(mine.post(PATH, change(PASSWORD, NEW)).await.status, 200);
    assert!(works(&mine).await && works(&rivals).await && !works(&other).await);
    assert_eq!((login(&house, PASSWORD).await, login(&house, NEW).await), (401, 200));
    assert_eq!(house.acme.get("/api").await.status, 200, "keys are not passwords");
    assert_eq!(mine.post(PATH, change(NEW, PASSWORD)).await.status, 200, "and once more");
    assert!(works(&mine).await);
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_counts_as_a_failure() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    for guess in 0..10 {
        let answer = session.post(PATH, change("not the password", NEW)).await;
        assert_eq!(named(&answer), ["current_password"], "{guess}");
    }
    let refused = session.post(PATH, change(PASSWORD, NEW)).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (429, "too_many_failures"));
    assert_eq!(login(&house, PASSWORD).await, 429, "a login counts with it");
    assert_eq!(login(&house, NEW).await, 429);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made() {
    let house = TestApp::new().await;
    let (one, other) = (house.log_in(&house.acme).await, house.log_in(&house.acme).await);
    let (first, second) = tokio::join!(
        one.post(PATH, change(PASSWORD, "the first staple")),
        other.post(PATH, change(PASSWORD, "the second staple"))
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && statuses[1] >= 400, "{first:?} {second:?}");
    let new = if first.status == 200 { "the first staple" } else { "the second staple" };
    assert_eq!((login(&house, new).await, login(&house, PASSWORD).await), (200, 401));
}

#[tokio::test]
async fn neither_password_is_remembered_with_an_idempotency_key() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let body = change(PASSWORD, NEW);
    assert_eq!(session.post_once(PATH, "once", body.clone()).await.status, 200);
    let again = session.post_once(PATH, "once", body).await;
    assert_eq!(named(&again), ["current_password"], "it is judged anew");
    for item in standins::dump::items(&house.file).await.unwrap() {
        assert!(!item.pk.contains("#idempotency#"), "{item:?}");
    }
}
