use http::Method;
use serde_json::{Value, json};
use shared::domain::org::Role;

use harness::{TestApp, refusal};

use super::{DAY, PATH, at, id, make, revoke, rotate, scoped, works, works_still};

#[tokio::test]
async fn a_revoked_key_ends_at_once_and_stays_so() {
    let mut house = TestApp::new().await;
    let (key, id) = make(&house.acme, json!({})).await;
    assert!(works(&key).await);
    let revoked = revoke(&house.acme, id).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(
        revoked.json,
        json!({ "message": "API key revoked.", "id": id, "revoked_at": "2025-01-21T10:30:00Z" })
    );
    assert!(!works(&key).await);
    house.advance(DAY);
    let again = revoke(&house.acme, id).await;
    assert_eq!((again.status, &again.json), (200, &revoked.json), "when it ended first is kept");
    assert!(!works_still(&mut house, &key).await);
}

#[tokio::test]
async fn whoever_ends_the_last_working_key_is_warned_and_not_hindered() {
    let house = TestApp::new().await;
    let admin = house.log_in(&house.acme).await;
    let (_, id) = make(&admin, json!({ "expires_in": 1 })).await;
    let own = house.acme.key.id;
    assert_eq!(revoke(&admin, own.into()).await.json.get("warning"), None, "another one works");
    let (_, other) = make(&admin, json!({})).await;
    house.advance(DAY);
    let admin = house.log_in(&house.acme).await;
    let last = revoke(&admin, other).await;
    assert!(last.json["warning"].as_str().is_some_and(|text| text.contains("last")), "{last:?}");
    assert_eq!(revoke(&admin, id).await.json.get("warning"), None, "it had run out");
    assert_eq!(revoke(&admin, other).await.json.get("warning"), None, "it has ended already");
}

#[tokio::test]
async fn a_key_that_is_about_to_end_is_none_to_rely_on() {
    let house = TestApp::new().await;
    let admin = house.log_in(&house.acme).await;
    let successor = rotate(&admin, house.acme.key.id.into(), json!({ "overlap": 1 })).await;
    let last = revoke(&admin, id(&successor)).await;
    assert!(last.json["warning"].as_str().is_some_and(|text| text.contains("last")), "{last:?}");
}

#[tokio::test]
async fn a_key_may_end_itself_and_no_other() {
    let house = TestApp::new().await;
    let (key, id) = make(&house.acme, scoped(&["leads:read"])).await;
    let (other, others) = make(&house.acme, json!({})).await;
    for path in [at(others, "revoke"), at(id, "rotate")] {
        let method = if path.ends_with("revoke") { Method::DELETE } else { Method::POST };
        let refused = key.call(method, &path, None, &[]).await;
        assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (403, "missing_scope"), "{path}");
    }
    // Whatever its id looks like.
    let revoked = key.delete(&at(id, "revoke").replace(&id.to_string(), &id.hex24())).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert!(!works(&key).await && works(&other).await);
}

#[tokio::test]
async fn a_personal_key_that_is_revoked_here_has_ended_there() {
    let house = TestApp::new().await;
    let editor = house.user(&house.acme, Role::Editor).await;
    assert_eq!(editor.get("/api/user/api-key").await.json["active"], true);
    assert_eq!(revoke(&house.acme, editor.key.id.into()).await.status, 200);
    let shown = editor.get("/api/user/api-key").await;
    assert_eq!((&shown.json["active"], &shown.json["can_copy"]), (&json!(false), &json!(false)));
    let regenerated = editor.call(Method::POST, "/api/user/api-key/regenerate", None, &[]).await;
    assert!(works(&editor.with_key(regenerated.json["api_key"].as_str().unwrap())).await);
}

#[tokio::test]
async fn anothers_key_and_nobodys_read_alike() {
    let house = TestApp::new().await;
    let (theirs, foreign) = make(&house.rival, json!({})).await;
    for id in [foreign, house.app.id()] {
        for (method, path) in [
            (Method::GET, format!("{PATH}/{id}")),
            (Method::DELETE, at(id, "revoke")),
            (Method::POST, at(id, "rotate")),
        ] {
            let body = (method == Method::POST).then(|| json!({}));
            let answer = house.acme.call(method, &path, body, &[]).await;
            assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"), "{path}");
            assert_eq!(answer.json["errors"], Value::Null);
        }
    }
    assert!(works(&theirs).await);
}
