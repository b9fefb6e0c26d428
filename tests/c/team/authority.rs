//! Whoever changes people and credentials is still what he was let in as: nobody outlives his own removal in the minute for which
//! other instances believe his credential.

use shared::accounts::NewKey;

use super::*;

const KEYS: &str = "/api/v1/api_keys";

/// What somebody would make himself permanent with, each by its number.
const WAYS: usize = 8;
const OWN_WAYS: usize = 4;

async fn way(house: &TestApp, caller: &Caller, number: usize) -> Answer {
    let other = at(house.user(&house.acme, Role::Viewer).await.key.user_id.get());
    match number {
        0 => invite(caller, "mole@acme.example", Role::Admin).await,
        1 => caller.patch(&at(caller.key.user_id.get()), json!({ "name": "Mole" })).await,
        2 => caller.patch(&other, json!({ "role": "admin" })).await,
        3 => caller.post(&format!("{other}/password_reset"), json!({})).await,
        4 => caller.delete(&other).await,
        5 => caller.post(KEYS, json!({ "name": "mole" })).await,
        6 => caller.patch("/api/v1/account", json!({ "name": "Mole" })).await,
        _ => caller.post("/api/groups", json!({ "name": "Mole" })).await,
    }
}

/// And with what is his own.
async fn own_way(caller: &Caller, number: usize) -> Answer {
    let change = json!({ "current_password": PASSWORD, "new_password": "a better staple" });
    match number {
        0 => caller.post("/api/user/api-key/regenerate", json!({})).await,
        1 => caller.post("/api/user/api-key/copy", json!({})).await,
        2 => caller.post("/api/v1/second_factor", json!({})).await,
        _ => caller.post("/api/user/password", change).await,
    }
}

#[track_caller]
fn is_refused(answer: &Answer, way: usize) {
    assert_eq!((answer.status, refusal(answer)), (403, "authority_changed"), "{way}: {answer:?}");
}

#[tokio::test]
async fn a_demotion_is_not_undone_by_whom_it_is_of() {
    let house = TestApp::new().await;
    let mole = house.user(&house.acme, Role::Admin).await;
    let elsewhere = house.elsewhere(&mole);
    assert!(works(&elsewhere).await, "it is believed there for a minute");
    let id = mole.key.user_id.get();
    assert_eq!(house.acme.patch(&at(id), json!({ "role": "viewer" })).await.status, 200);
    let undone = elsewhere.patch(&at(id), json!({ "role": "admin" })).await;
    assert_eq!((undone.status, refusal(&undone)), (403, "authority_changed"));
    let again = elsewhere.patch(&at(id), json!({ "role": "admin" })).await;
    assert_eq!(again.status, 401, "what was believed is forgotten");
    assert_eq!(house.stored_user(&mole).await.role, Role::Viewer);
}

#[tokio::test]
async fn nor_by_one_who_asks_while_it_is_made() {
    for _ in 0..12 {
        let house = TestApp::new().await;
        let mole = house.user(&house.acme, Role::Admin).await;
        let path = at(mole.key.user_id.get());
        let flood = futures::future::join_all(
            (0..20).map(|_| async { mole.patch(&path, json!({ "role": "admin", "name": "Mole" })).await }),
        );
        let (demoted, _) = tokio::join!(house.acme.patch(&path, json!({ "role": "viewer" })), flood);
        assert_eq!(demoted.status, 200, "{demoted:?}");
        assert_eq!(house.stored_user(&mole).await.role, Role::Viewer);
    }
}

#[tokio::test]
async fn whoever_is_removed_makes_nothing_that_stays() {
    let house = TestApp::new().await;
    for number in 0..WAYS {
        let mole = house.user(&house.acme, Role::Admin).await;
        let key = house.key(&mole, NewKey::default()).await;
        let elsewhere = [house.elsewhere(&mole), house.elsewhere(&key)];
        for caller in &elsewhere {
            assert!(works(caller).await);
        }
        assert_eq!(house.acme.delete(&at(mole.key.user_id.get())).await.status, 204);
        for caller in &elsewhere {
            let answer = way(&house, caller, number).await;
            // He himself is nobody whom anybody could change.
            assert!(
                number == 1 && answer.status == 404 || refusal(&answer) == "authority_changed",
                "{answer:?}"
            );
            assert!(number == 1 || !works(caller).await, "he is forgotten");
        }
    }
}

#[tokio::test]
async fn a_revoked_key_makes_no_other() {
    let house = TestApp::new().await;
    for number in 0..WAYS {
        let key = house.key(&house.acme, NewKey::default()).await;
        let elsewhere = house.elsewhere(&key);
        assert!(works(&elsewhere).await);
        let path = format!("{KEYS}/{}/revoke", key.key.id);
        assert_eq!(house.acme.delete(&path).await.status, 200);
        is_refused(&way(&house, &elsewhere, number).await, number);
        assert!(!works(&elsewhere).await, "it is forgotten");
    }
    let key = house.key(&house.acme, NewKey::default()).await;
    let elsewhere = house.elsewhere(&key);
    assert!(works(&elsewhere).await);
    assert_eq!(house.acme.delete(&format!("{KEYS}/{}/revoke", key.key.id)).await.status, 200);
    let rotated = elsewhere.post(&format!("{KEYS}/{}/rotate", key.key.id), json!({})).await;
    assert_ne!(rotated.status, 201, "{rotated:?}");
    // To give up what is gone is no harm.
    let revoked = elsewhere.delete(&format!("{KEYS}/{}/revoke", key.key.id)).await;
    assert!([200, 401].contains(&revoked.status), "{revoked:?}");
}

#[tokio::test]
async fn a_session_that_was_ended_changes_nothing_of_its_owners() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Admin).await;
    for number in 0..OWN_WAYS {
        let session = house.log_in(&user).await;
        let elsewhere = house.elsewhere(&session);
        assert!(works(&elsewhere).await);
        assert_eq!(session.post("/api/auth/logout", json!({})).await.status, 200);
        is_refused(&own_way(&elsewhere, number).await, number);
        assert!(!works(&elsewhere).await);
    }
    assert_eq!(house.stored_user(&user).await.generation, 0);
}

#[tokio::test]
async fn what_was_not_taken_away_goes_on_with_the_next_try() {
    let house = TestApp::new().await;
    let other = house.user(&house.acme, Role::Admin).await;
    let key = house.key(&other, NewKey::default()).await;
    let elsewhere = house.elsewhere(&key);
    assert!(works(&elsewhere).await);
    // The role is another for a moment.
    for role in ["editor", "admin"] {
        let path = at(other.key.user_id.get());
        assert_eq!(house.acme.patch(&path, json!({ "role": role })).await.status, 200);
    }
    let refused = elsewhere.post(KEYS, json!({ "name": "x" })).await;
    assert_eq!((refused.status, refusal(&refused)), (403, "authority_changed"));
    assert_eq!(elsewhere.post(KEYS, json!({ "name": "x" })).await.status, 201);
}
