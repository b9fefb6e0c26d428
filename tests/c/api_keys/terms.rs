//! Where a key works from, and how often. What holds of limits in general is in `shared/src/http/tests/terms.rs`.

use serde_json::json;
use shared::{
    config::Settings,
    http::dialect::{A, C, D},
};

use harness::{TestApp, refusal, refusal_in, samples, settings};

use super::{DAY, PATH, make, works};

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

#[tokio::test]
async fn a_key_runs_out_when_it_said_it_would() {
    let house = TestApp::new().await;
    let (key, _) = make(&house.acme, json!({ "expires_in": 1 })).await;
    house.advance(DAY - std::time::Duration::from_secs(1));
    assert!(works(&key).await);
    house.advance(std::time::Duration::from_secs(1));
    assert!(!works(&key).await);
    let in_c = key.get(PATH).await;
    assert_eq!((in_c.status, refusal(&in_c, PATH).as_str()), (401, "invalid_api_key"));
}

#[tokio::test]
async fn a_key_is_refused_from_elsewhere_in_the_words_of_each_dialect() {
    let house = TestApp::new().await;
    let (key, _) = make(&house.acme, json!({ "allowed_ips": ["203.0.113.0/24"] })).await;
    assert_eq!(key.at("203.0.113.9", true).get(PATH).await.status, 200);
    for (path, dialect) in [(PATH, &C), ("/api/payloads/list", &A), ("/v1/workflows", &D)] {
        let refused = key.at("198.51.100.9", true).get(path).await;
        let code = refusal_in(&refused, dialect.voice(path));
        assert_eq!((refused.status, code.as_str()), (403, "ip_not_allowed"), "{path}");
    }
}

#[tokio::test]
async fn the_limits_of_a_key_are_told_by_headers_and_hold_beside_those_of_routes() {
    let house = samples::scene_with(Settings { trigger_limit: 2, ..settings() }).await;
    let (key, _) = make(&house.acme, json!({ "rate_limit_per_minute": 3, "rate_limit_per_hour": 4 })).await;
    let shown = |answer: &harness::Answer| {
        let header = |name| answer.header(name).map(|text| text.parse::<u32>().unwrap());
        (answer.status, header("x-ratelimit-limit"), header("x-ratelimit-remaining"))
    };
    let trigger = async || key.post("/api/trigger-webhook", samples::trigger()).await;
    assert_eq!(shown(&trigger().await), (200, Some(2), Some(1)), "the route's limit is the nearest");
    assert_eq!(shown(&key.get(PATH).await), (200, Some(3), Some(1)), "the key's counts all routes");
    assert_eq!(shown(&trigger().await), (200, Some(2), Some(0)));
    let refused = key.get(PATH).await;
    assert_eq!(shown(&refused), (429, Some(3), Some(0)));
    assert_eq!(
        (refusal(&refused, PATH).as_str(), refused.header("retry-after")),
        ("rate_limited", Some("60"))
    );
    house.advance(MINUTE);
    assert_eq!(shown(&key.get(PATH).await), (200, Some(4), Some(0)), "the hour's");
    assert_eq!(shown(&key.get(PATH).await), (429, Some(4), Some(0)));
    house.advance(29 * MINUTE);
    assert_eq!(shown(&key.get(PATH).await), (200, Some(3), Some(2)), "a new hour");
    assert_eq!(shown(&house.acme.get(PATH).await), (200, None, None), "another key has no limit");
}

#[tokio::test]
async fn networks_that_leave_the_caller_out_are_warned_of() {
    let house = TestApp::new().await;
    let here = house.acme.at("203.0.113.7", false);
    let inside = here.post(PATH, json!({ "allowed_ips": ["203.0.113.0/24"] })).await;
    assert_eq!((inside.status, inside.json.get("warning")), (201, None), "{inside:?}");
    let outside = here.post(PATH, json!({ "allowed_ips": ["198.51.100.0/24"] })).await;
    let warning = outside.json["warning"].as_str().unwrap();
    assert!(outside.status == 201 && warning.contains("allowed_ips"), "{outside:?}");
}
