use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use shared::{accounts::NewKey, config::Settings};

use harness::{TestApp, refusal, samples, settings};

const PATH: &str = "/api/trigger-webhook";

/// An organization that has used its minute up.
async fn spent() -> TestApp {
    let house = samples::scene().await;
    for n in (0..60_u32).rev() {
        let answer = house.acme.post(PATH, samples::trigger()).await;
        assert_eq!(answer.status, 200, "{n}: {answer:?}");
        let shown = |name: &str| answer.header(name).unwrap().parse::<u32>().unwrap();
        assert_eq!((shown("x-ratelimit-limit"), shown("x-ratelimit-remaining")), (60, n));
        assert_eq!(shown("x-ratelimit-reset"), 1_737_455_460);
    }
    house
}

#[tokio::test]
async fn the_sixty_first_request_of_a_minute_is_a_429() {
    let house = spent().await;
    let (sent, before) = (house.network.sent().len(), house.meter());
    let answer = house.acme.post(PATH, samples::trigger()).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (429, "rate_limited"));
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert_eq!(answer.header("x-ratelimit-limit"), Some("60"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(answer.header("x-ratelimit-reset"), Some("1737455460"));
    assert_eq!(house.network.sent().len(), sent);
    assert!(house.meter().since(&before).round_trips <= 1);
}

#[tokio::test]
async fn retry_after_is_the_rest_of_the_minute() {
    let house = spent().await;
    house.advance(Duration::from_millis(20_500));
    assert_eq!(house.acme.post(PATH, samples::trigger()).await.header("retry-after"), Some("40"));
    house.advance(Duration::from_millis(39_499));
    assert_eq!(house.acme.post(PATH, samples::trigger()).await.header("retry-after"), Some("1"));
    house.advance(Duration::from_millis(1));
    let answer = house.acme.post(PATH, samples::trigger()).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, Some("59")));
    assert_eq!(answer.header("x-ratelimit-reset"), Some("1737455520"));
}

#[tokio::test]
async fn polls_and_triggers_have_a_window_each() {
    let house = spent().await;
    let poll = async || house.acme.post("/api/poll-execution", json!({ "nid": 1 })).await;
    for left in (0..60).rev() {
        let answer = poll().await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (404, Some(&*left.to_string())));
    }
    assert_eq!((poll().await.status, house.acme.post(PATH, samples::trigger()).await.status), (429, 429));
    house.advance(Duration::from_secs(60));
    for _ in 0..60 {
        assert_eq!(poll().await.status, 404);
    }
    assert_eq!(poll().await.status, 429, "a dashboard that polls too much");
    assert_eq!(house.acme.post(PATH, samples::trigger()).await.status, 200, "uses up no triggers");
}

#[tokio::test]
async fn each_window_has_a_setting_of_its_own() {
    let limits = Settings { trigger_limit: 1, poll_limit: 2, ..settings() };
    let house = TestApp::with(limits).await;
    for (path, limit) in [(PATH, "1"), ("/api/poll-execution", "2")] {
        let answer = house.acme.post(path, json!({})).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (422, Some(limit)), "{path}");
    }
    assert_eq!(house.acme.post(PATH, json!({})).await.status, 429);
    assert_eq!(house.acme.post("/api/poll-execution", json!({})).await.status, 422);
}

#[tokio::test]
async fn the_limit_is_a_keys_own() {
    let house = spent().await;
    let other = house.key(&house.acme, NewKey::default()).await;
    assert_eq!(other.post(PATH, samples::trigger()).await.status, 200);
    assert_eq!(
        house.acme.post("/api/payloads", json!({ "title": "x" })).await.status,
        201,
        "other routes are free"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_requests_at_once_all_pass() {
    let house = samples::scene().await;
    let answers = join_all((0..61).map(|_| house.acme.post(PATH, samples::trigger()))).await;
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((answers.iter().filter(|answer| answer.status == 200).count(), refused), (60, 1));
}

#[tokio::test]
async fn a_new_process_knows_what_was_spent() {
    let mut house = spent().await;
    house.restart();
    assert_eq!(house.acme.post(PATH, samples::trigger()).await.status, 429);
}
