use shared::accounts::NewKey;

use super::*;

#[tokio::test]
async fn whoever_is_removed_is_out_within_the_request() {
    let mut house = TestApp::new().await;
    let session = house.user(&house.acme, Role::Editor).await;
    let keys = [house.key(&session, NewKey::default()).await, house.key(&session, NewKey::default()).await];
    let id = session.key.user_id.get();
    for caller in keys.iter().chain([&session]) {
        assert!(works(caller).await);
    }
    let removed = house.acme.delete(&at(id)).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    for caller in keys.iter().chain([&session]) {
        assert!(!works(caller).await);
    }
    house.restart();
    assert!(!works(&house.acme.with_key(&keys[0].text)).await, "also where nobody has met the key");
    assert_eq!(house.acme.get(&at(id)).await.status, 404);
    assert_eq!(house.acme.delete(&at(id)).await.status, 404);
    let listed = house.acme.get("/api/v1/api_keys").await;
    let theirs = listed.json["api_keys"].as_array().unwrap().iter().filter(|key| key["user_id"] == id);
    let states: Vec<_> = theirs.map(|key| key["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["revoked"; 3], "the personal one too");
    let events = events(&house).await;
    assert_eq!(events.iter().filter(|kind| *kind == "api_key.revoked").count(), 3, "{events:?}");
    assert_eq!(events.iter().filter(|kind| *kind == "member.removed").count(), 1, "{events:?}");
}

#[tokio::test]
async fn an_address_is_free_again_and_what_was_done_stays() {
    let house = TestApp::new().await;
    let made = invite(&house.acme, "ann@acme.example", Role::Editor).await;
    assert_eq!(accept(&house, &token(&made)).await.status, 200);
    let session = log_in(&house, "ann@acme.example").await;
    let ann = house.acme.with_key(session.json["token"].as_str().unwrap());
    let payload = ann.post("/api/payloads", json!({ "title": "x" })).await;
    assert_eq!(house.acme.delete(&at(made.id())).await.status, 204);
    assert_eq!(log_in(&house, "ann@acme.example").await.status, 401);
    assert_eq!(house.acme.get(&format!("/api/payloads/{}", payload.id())).await.status, 200);
    token(&invite(&house.rival, "ann@acme.example", Role::Viewer).await);
}

#[tokio::test]
async fn an_admin_may_go_where_another_stays() {
    let house = TestApp::new().await;
    let other = house.user(&house.acme, Role::Admin).await;
    assert_eq!(other.delete(&at(other.key.user_id.get())).await.status, 204);
    assert!(!works(&other).await && works(&house.acme).await);
}

#[tokio::test]
async fn somebody_with_more_keys_than_a_transaction_holds_goes_too() {
    let house = TestApp::new().await;
    let session = house.user(&house.acme, Role::Editor).await;
    for _ in 0..45 {
        house.key(&session, NewKey::default()).await;
    }
    assert_eq!(house.acme.delete(&at(session.key.user_id.get())).await.status, 204);
    let events = events(&house).await;
    assert_eq!(events.iter().filter(|kind| *kind == "api_key.revoked").count(), 46);
}
