use http::Method;
use serde_json::{Value, json};
use shared::ops::api_keys;
use standins::dump;

use harness::{TestApp, assert_holds, named, refusal};

use super::{DAY, PATH, id, make, revoke, rotate, scoped, text, works, works_still};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

#[tokio::test]
async fn a_rotated_key_has_a_successor_like_it_and_works_on_for_a_day() {
    let mut house = TestApp::new().await;
    let settings = json!({
        "name": "n8n", "scopes": ["leads:read"], "dialect": "c", "expires_in": 30, "rate_limit_per_minute": 60,
    });
    let (old, old_id) = make(&house.acme, settings).await;
    house.advance(10 * DAY);
    let rotated = rotate(&house.acme, old_id, json!({})).await;
    let new = old.with_key(&text(&rotated));
    assert_holds(
        &rotated.json,
        &json!({
            "name": "n8n", "scopes": ["leads:read"], "dialect": "c", "rate_limit_per_minute": 60,
            // 30 days from now on.
            "expires_at": "2025-03-02T10:30:00Z",
            "replaces": { "id": old_id, "expires_at": "2025-02-01T10:30:00Z" },
        }),
    );
    assert_ne!(new.text, old.text);
    let shown = house.acme.get(&format!("{PATH}/{old_id}")).await;
    assert_holds(
        &shown.json,
        &json!({ "status": "active", "expires_at": "2025-02-01T10:30:00Z", "replaced_by": id(&rotated) }),
    );
    house.advance(23 * HOUR);
    assert!(works(&old).await && works(&new).await);
    house.advance(HOUR);
    assert!(!works(&old).await && works(&new).await);
    assert!(!works_still(&mut house, &old).await);
    assert_eq!(house.acme.get(&format!("{PATH}/{old_id}")).await.json["status"], "expired");
}

#[tokio::test]
async fn the_overlap_is_chosen_and_bounded() {
    let house = TestApp::new().await;
    let (old, old_id) = make(&house.acme, json!({})).await;
    assert!(works(&old).await);
    assert_eq!(named(&rotate(&house.acme, old_id, json!({ "overlap": 169 })).await), ["overlap"]);
    let rotated = rotate(&house.acme, old_id, json!({ "api_key": { "overlap": 0 } })).await;
    assert_eq!(rotated.json["expires_at"], Value::Null, "it had no end, and so has its successor");
    assert!(!works(&old).await, "at once");
    let ended = rotate(&house.acme, old_id, json!({})).await;
    assert_eq!((ended.status, refusal(&ended, PATH).as_str()), (409, "api_key_ended"));
    let revoked = revoke(&house.acme, id(&rotated)).await;
    assert_eq!(revoked.status, 200);
    let ended = rotate(&house.acme, id(&rotated), json!({})).await;
    assert_eq!(refusal(&ended, PATH), "api_key_ended");
}

#[tokio::test]
async fn whoever_loses_the_successor_makes_another_and_wins_no_time() {
    let house = TestApp::new().await;
    let (old, old_id) = make(&house.acme, json!({})).await;
    let first = rotate(&house.acme, old_id, json!({ "overlap": 2 })).await;
    house.advance(HOUR);
    let second = rotate(&house.acme, old_id, json!({ "overlap": 24 })).await;
    assert_ne!(text(&first), text(&second));
    assert_eq!(second.json["replaces"]["expires_at"], "2025-01-21T12:30:00Z");
    house.advance(HOUR);
    assert!(!works(&old).await);
    for made in [&first, &second] {
        assert!(works(&old.with_key(&text(made))).await);
    }
}

#[tokio::test]
async fn a_retried_rotation_makes_one_successor_and_shows_its_text_once() {
    let house = TestApp::new().await;
    let (_, old_id) = make(&house.acme, json!({})).await;
    let path = super::at(old_id, "rotate");
    let post = || house.acme.post_once(&path, "once", json!({}));
    let (first, again) = (post().await, post().await);
    let shown = text(&first);
    assert_eq!((again.id(), &again.json["key"]), (first.id(), &Value::Null));
    assert_eq!(again.json["replaces"], first.json["replaces"]);
    for item in dump::items(&house.file).await.unwrap() {
        assert!(!format!("{item:?}").contains(&shown), "{item:?}");
    }
}

#[tokio::test]
async fn nobody_comes_by_more_through_anothers_key() {
    let house = TestApp::new().await;
    let (_, wide) = make(&house.acme, json!({})).await;
    let (narrow, narrows) = make(&house.acme, scoped(&["api_keys:manage", "leads:read"])).await;
    let refused = rotate(&narrow, wide, json!({})).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (403, "missing_scope"));
    let itself = rotate(&narrow, narrows, json!({})).await;
    assert_eq!(itself.status, 201, "{itself:?}");

    let (bound, bounds) = make(&house.acme, json!({ "rate_limit_per_hour": 1000, "expires_in": 10 })).await;
    let refused = rotate(&bound, wide, json!({})).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (403, "wider_key"));
    let (_, as_bound) = make(&house.acme, json!({ "rate_limit_per_hour": 1000 })).await;
    let rotated = rotate(&bound, as_bound, json!({})).await;
    assert_eq!(rotated.json["expires_at"], "2025-01-31T10:30:00Z", "it ends with whoever asked for it");
    house.advance(DAY);
    let itself = rotate(&bound, bounds, json!({})).await;
    assert_eq!(
        itself.json["expires_at"], "2025-02-01T10:30:00Z",
        "a key that renews itself lives as long again"
    );
}

#[tokio::test]
async fn the_successor_of_a_personal_key_is_the_personal_key() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let rotated = rotate(&session, house.acme.key.id.into(), json!({ "overlap": 1 })).await;
    let own = session.get("/api/user/api-key").await;
    assert_eq!((&own.json["id"], &own.json["last4"]), (&rotated.json["id"], &rotated.json["last_four"]));
    assert!(works(&house.acme).await);
    let regenerated = session.call(Method::POST, "/api/user/api-key/regenerate", None, &[]).await;
    assert_eq!(regenerated.status, 200, "{regenerated:?}");
    assert!(!works(&house.acme.with_key(&text(&rotated))).await);
}

#[tokio::test]
async fn a_key_that_is_to_end_makes_none_that_lives_longer() {
    let house = TestApp::new().await;
    let (key, key_id) = make(&house.acme, scoped(&["api_keys:manage", "leads:read"])).await;
    rotate(&house.acme, key_id, json!({ "overlap": 1 })).await;
    let end = "2025-01-21T11:30:00Z";
    let itself = rotate(&key, key_id, json!({})).await;
    assert_eq!((itself.status, &itself.json["expires_at"]), (201, &json!(end)), "{itself:?}");
    let another = key.post(PATH, json!({})).await;
    assert_eq!((another.status, &another.json["expires_at"]), (201, &json!(end)), "{another:?}");
    let (long, long_id) = make(&house.acme, json!({ "expires_in": 30 })).await;
    house.advance(10 * DAY);
    let anew = rotate(&long, long_id, json!({})).await;
    assert_eq!(anew.json["expires_at"], "2025-03-02T10:30:00Z", "as long a life anew");
}

#[tokio::test]
async fn to_rotate_takes_no_room_and_to_rotate_again_does() {
    let house = TestApp::new().await;
    let (_, first) = make(&house.acme, json!({})).await;
    for _ in 0..api_keys::MAX_KEYS - 2 {
        make(&house.acme, json!({})).await;
    }
    assert_eq!(refusal(&house.acme.post(PATH, json!({})).await, PATH), "too_many_keys");
    assert_eq!(rotate(&house.acme, first, json!({})).await.status, 201);
    let again = rotate(&house.acme, first, json!({})).await;
    assert_eq!((again.status, refusal(&again, PATH).as_str()), (422, "too_many_keys"));
}
