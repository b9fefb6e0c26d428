use serde_json::{Value, json};
use shared::domain::org::Role;
use standins::dump;

use harness::{TestApp, assert_holds, named, refusal};

use super::{DAY, PATH, id, make, scoped, text, works};

#[tokio::test]
async fn a_key_is_shown_whole_once_as_documented() {
    let house = TestApp::new().await;
    let made = house.acme.post(PATH, json!({ "name": "Production automation", "expires_in": 365 })).await;
    let text = text(&made);
    assert_holds(
        &made.json,
        &json!({
            "name": "Production automation",
            "key_prefix": "btn_live_",
            "created_at": "2025-01-21T10:30:00Z",
            // The document's sample has null here, which is a fault of the sample.
            "expires_at": "2026-01-21T10:30:00Z",
            "message": "Save this API key now! You won't be able to see it again.",
            "status": "active",
            "scopes": ["*"],
            "allowed_ips": [],
            "username": "jane@acme.example",
        }),
    );
    assert!(text.starts_with("btn_live_"));
    assert!(works(&house.acme.with_key(&text)).await);
    for item in dump::items(&house.file).await.unwrap() {
        assert!(!format!("{item:?}").contains(&text), "{item:?}");
    }
    let shown = house.acme.get(&format!("{PATH}/{}", id(&made))).await;
    let listed = house.acme.get(PATH).await;
    for answer in [&shown, &listed] {
        assert!(!answer.text.contains(&text), "{answer:?}");
    }
}

#[tokio::test]
async fn a_key_can_be_all_that_is_said_of_it() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    let wish = json!({
        "name": " Nightly import ", "scopes": ["leads:write", "*:read"], "dialect": "D",
        "allowed_ips": ["203.0.113.77/24", "2001:db8::7"], "rate_limit_per_minute": "60",
        "rate_limit_per_hour": 1000, "group_id": "7",
    });
    let settled = json!({
        "name": "Nightly import", "scopes": ["leads:write", "*:read"], "dialect": "d",
        "allowed_ips": ["203.0.113.0/24", "2001:db8::7/128"], "rate_limit_per_minute": 60,
        "rate_limit_per_hour": 1000, "group_id": 7, "expires_at": null, "revoked_at": null,
    });
    // As Rails clients send it, too.
    for body in [wish.clone(), json!({ "api_key": wish })] {
        let made = house.acme.post(PATH, body).await;
        text(&made);
        assert_holds(&made.json, &settled);
    }
}

#[tokio::test]
async fn without_a_word_a_key_is_named_and_may_do_what_its_maker_may() {
    let house = TestApp::new().await;
    let (maker, _) = make(&house.acme, scoped(&["api_keys:manage", "leads:read"])).await;
    let made = maker.post(PATH, json!({})).await;
    assert_holds(&made.json, &json!({ "name": "API key", "scopes": ["api_keys:manage", "leads:read"] }));
}

#[tokio::test]
async fn what_a_key_makes_belongs_to_its_group() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    let (key, _) = make(&house.acme, json!({ "group_id": 7 })).await;
    let made = key.post("/api/payloads", json!({ "title": "x" })).await;
    assert_eq!(key.get(&format!("/api/payloads/{}", made.id())).await.json["group_id"], 7);
    let foreign = house.acme.post(PATH, json!({ "group_id": house.rival.key.group_id })).await;
    assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
}

#[tokio::test]
async fn every_mistake_is_named_at_once() {
    let house = TestApp::new().await;
    let refused = house
        .acme
        .post(
            PATH,
            json!({
                "name": "n".repeat(101), "expires_in": 0, "scopes": ["leads:read", "leads:dance"], "dialect": "f",
                "allowed_ips": ["203.0.113.0/24", "everywhere"], "rate_limit_per_minute": 0,
                "rate_limit_per_hour": 10_000_001,
            }),
        )
        .await;
    let expected = [
        "allowed_ips[1]",
        "dialect",
        "expires_in",
        "name",
        "rate_limit_per_hour",
        "rate_limit_per_minute",
        "scopes[1]",
    ];
    assert_eq!(named(&refused), expected, "{refused:?}");
}

#[tokio::test]
async fn nobody_gives_what_he_lacks() {
    let house = TestApp::new().await;
    let (maker, _) = make(&house.acme, scoped(&["api_keys:manage", "leads:read"])).await;
    let refused = maker.post(PATH, scoped(&["leads:read", "leads:write"])).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (403, "missing_scope"));
    assert!(refused.text.contains("leads:write") && !refused.text.contains("leads:read"), "{refused:?}");
    let (lesser, _) = make(&maker, scoped(&["leads:read"])).await;
    let refused = lesser.post(PATH, scoped(&["leads:read"])).await;
    assert_eq!(refusal(&refused, PATH), "missing_scope", "it may read leads, and make no keys");
    let editor = house.user(&house.acme, Role::Editor).await;
    assert_eq!(editor.post(PATH, json!({})).await.status, 403, "keys are the admins' business");
    assert_eq!(editor.get(PATH).await.status, 403);
    let session = house.log_in(&house.acme).await;
    assert_eq!(session.post(PATH, json!({})).await.status, 201);
}

#[tokio::test]
async fn a_key_that_makes_keys_makes_none_that_is_less_bound() {
    let house = TestApp::new().await;
    let bounds = json!({
        "expires_in": 30, "allowed_ips": ["10.0.0.0/8"], "rate_limit_per_minute": 60, "rate_limit_per_hour": 600,
    });
    let (maker, _) = make(&house.acme, bounds).await;
    let maker = maker.at("10.1.2.3", true);
    let inherited = maker.post(PATH, json!({})).await;
    assert_holds(
        &inherited.json,
        &json!({
            "expires_at": "2025-02-20T10:30:00Z", "allowed_ips": ["10.0.0.0/8"], "rate_limit_per_minute": 60,
            "rate_limit_per_hour": 600,
        }),
    );
    let wider = maker
        .post(
            PATH,
            json!({
                "expires_in": 31, "allowed_ips": ["10.1.0.0/16", "11.0.0.0/8"], "rate_limit_per_minute": 61,
                "rate_limit_per_hour": 601,
            }),
        )
        .await;
    let expected = ["allowed_ips[1]", "expires_in", "rate_limit_per_hour", "rate_limit_per_minute"];
    assert_eq!(named(&wider), expected);
    house.advance(DAY);
    let narrower = maker.post(PATH, json!({ "expires_in": 29, "allowed_ips": ["10.1.2.3"] })).await;
    assert_eq!(narrower.status, 201, "{narrower:?}");
}

#[tokio::test]
async fn a_retried_request_makes_no_second_key_and_shows_no_text_again() {
    let house = TestApp::new().await;
    let post = || house.acme.post_once(PATH, "once", json!({ "name": "n8n" }));
    let first = post().await;
    let text = text(&first);
    let again = post().await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!((again.id(), &again.json["key"]), (first.id(), &Value::Null));
    assert_eq!(again.json["last_four"], first.json["last_four"]);
    assert!(again.json["message"].as_str().unwrap().contains("Rotate it"), "{again:?}");
    assert_eq!(house.acme.get(PATH).await.json["total_count"], 2, "the admin's own, and this one");
    for item in dump::items(&house.file).await.unwrap() {
        assert!(!format!("{item:?}").contains(&text), "{item:?}");
    }
}

#[tokio::test]
async fn an_organization_has_room_for_so_many_keys() {
    let house = TestApp::new().await;
    let mut last = None;
    for _ in 0..shared::ops::api_keys::MAX_KEYS - 1 {
        last = Some(make(&house.acme, json!({})).await.1);
    }
    let refused = house.acme.post(PATH, json!({})).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (422, "too_many_keys"));
    assert_eq!(super::revoke(&house.acme, last.unwrap()).await.status, 200);
    assert_eq!(house.acme.post(PATH, json!({})).await.status, 201, "those that have ended take no room");
}

#[tokio::test]
async fn nothing_is_made_of_a_misspelt_wish() {
    let house = TestApp::new().await;
    for (wish, field) in [
        (json!({ "scope": ["leads:read"] }), "scope"),
        (json!({ "scopes": [] }), "scopes"),
        (json!({ "scopes": " " }), "scopes"),
        (json!({ "scopes": null }), "scopes"),
        (json!({ "expires_at": "2026-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "api_key": "x" }), "api_key"),
        (json!({ "api_key": [{ "scopes": ["leads:read"] }] }), "api_key"),
        (json!({ "apiKey": { "scopes": ["leads:read"] } }), "apiKey"),
    ] {
        let refused = house.acme.post(PATH, wish.clone()).await;
        assert_eq!((refused.status, named(&refused)), (422, vec![field]), "{wish}");
    }
    let escaped = r#"{"api\u005fkey":{"scopes":["leads:read"]}}"#;
    let made = house.acme.text(http::Method::POST, PATH, "application/json", escaped).await;
    assert_eq!(made.json["scopes"], json!(["leads:read"]), "{made:?}");
}
