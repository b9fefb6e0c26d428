//! The user's own API key.

use http::Method;
use shared::domain::org::Role;
use standins::dump;

use harness::{Answer, Caller, TestApp, refusal};

const PATH: &str = "/api/user/api-key";
const COPY: &str = "/api/user/api-key/copy";
const REGENERATE: &str = "/api/user/api-key/regenerate";

async fn post(caller: &Caller, path: &str) -> Answer {
    caller.call(Method::POST, path, None, &[]).await
}

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json["api_key"].as_str().unwrap().to_owned()
}

async fn assert_stored_nowhere(house: &TestApp, text: &str) {
    for item in dump::items(&house.file).await.unwrap() {
        assert!(!format!("{item:?}").contains(text), "{item:?}");
    }
}

#[tokio::test]
async fn the_key_of_the_first_start_was_shown_already() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let shown = session.get(PATH).await;
    assert_eq!(shown.json["id"], house.acme.key.id.get());
    assert_eq!(shown.json["can_copy"], false);
    assert!(!shown.text.contains(&house.acme.text), "{shown:?}");
    let refused = post(&session, COPY).await;
    assert_eq!((refused.status, refusal(&refused, COPY).as_str()), (409, "already_copied"));
}

#[tokio::test]
async fn a_new_users_key_is_copied_once() {
    let house = TestApp::new().await;
    let editor = house.user(&house.acme, Role::Editor).await;
    assert_eq!(editor.get(PATH).await.json["can_copy"], true);
    let key = text(&post(&editor, COPY).await);
    assert_stored_nowhere(&house, &key).await;
    let with_key = editor.with_key(&key).get("/api").await;
    assert_eq!(with_key.json["user_id"], editor.key.user_id.get());
    assert_eq!(with_key.json["scopes"], editor.get("/api").await.json["scopes"], "it may do what he may");
    assert_eq!(editor.get(PATH).await.json["can_copy"], false);
    let again = post(&editor, COPY).await;
    assert_eq!((again.status, refusal(&again, COPY).as_str()), (409, "already_copied"));
}

#[tokio::test]
async fn of_two_copies_at_once_one_shows_the_key() {
    let house = TestApp::new().await;
    let editor = house.user(&house.acme, Role::Editor).await;
    let (one, other) = tokio::join!(post(&editor, COPY), post(&editor, COPY));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
}

#[tokio::test]
async fn regenerating_ends_the_old_key_at_once() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let other = house.key(&house.acme, Default::default()).await;
    assert_eq!(house.acme.get("/api").await.status, 200, "it is known now");
    let key = text(&post(&session, REGENERATE).await);
    let old = house.acme.get("/api").await;
    assert_eq!((old.status, refusal(&old, "/api").as_str()), (403, "invalid_api_key"));
    assert_eq!(session.with_key(&key).get("/api").await.status, 200);
    assert_eq!(other.get("/api").await.status, 200, "an operator's key is another matter");
    assert_stored_nowhere(&house, &key).await;
    let shown = session.get(PATH).await;
    assert!(key.ends_with(shown.json["last4"].as_str().unwrap()) && shown.json["can_copy"] == false);
    assert_eq!(post(&session, COPY).await.status, 409, "it was shown when it was made");
}

#[tokio::test]
async fn a_key_that_was_never_copied_cannot_be_after_it_ended() {
    let house = TestApp::new().await;
    let editor = house.user(&house.acme, Role::Editor).await;
    let key = text(&post(&editor, REGENERATE).await);
    assert_eq!(post(&editor, COPY).await.status, 409);
    shared::repo::orgs::revoke_key(
        &*house.app.store,
        &shared::domain::api_key::hash(&key).unwrap(),
        house.app.now(),
    )
    .await
    .unwrap();
    assert_eq!(editor.get(PATH).await.json["active"], false);
    let refused = post(&editor, COPY).await;
    assert_eq!((refused.status, refusal(&refused, COPY).as_str()), (409, "api_key_ended"));
    assert_eq!(editor.with_key(&text(&post(&editor, REGENERATE).await)).get("/api").await.status, 200);
}

/// A repeat makes another key instead of reading the first one's text from somewhere.
#[tokio::test]
async fn an_idempotency_key_stores_no_text() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let once = [("idempotency-key", "once")];
    let first = text(&session.call(Method::POST, REGENERATE, None, &once).await);
    let again = session.call(Method::POST, REGENERATE, None, &once).await;
    assert_eq!(again.header("idempotent-replayed"), None);
    let second = text(&again);
    for key in [&first, &second] {
        assert_stored_nowhere(&house, key).await;
    }
    let works = [session.with_key(&first).get("/api").await, session.with_key(&second).get("/api").await];
    assert_eq!(works.map(|answer| answer.status), [403, 200], "the last reply's key is the one");
    assert!(dump::items(&house.file).await.unwrap().iter().all(|item| !item.pk.contains("#idempotency#")));
}

#[tokio::test]
async fn of_two_regenerations_at_once_one_is_made() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let (one, other) = tokio::join!(post(&session, REGENERATE), post(&session, REGENERATE));
    for answer in [&one, &other] {
        if answer.status == 200 {
            continue;
        }
        assert_eq!((answer.status, refusal(answer, REGENERATE).as_str()), (409, "changed_meanwhile"));
    }
    let shown = session.get(PATH).await.json["last4"].as_str().unwrap().to_owned();
    let good = [&one, &other].into_iter().filter(|answer| answer.status == 200);
    let mut working = 0;
    for answer in good {
        let key = text(answer);
        if session.with_key(&key).get("/api").await.status == 200 {
            assert!(key.ends_with(&shown));
            working += 1;
        }
    }
    assert_eq!(working, 1, "one key works, and it was shown to somebody");
}
