//! What an organization may send a second, in all dialects together.

use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::{Method, Request, StatusCode};
use secrecy::ExposeSecret;
use tower::ServiceExt;

use super::{Answer, CREATED, Front, layers, router};
use crate::{config::Settings, domain::plan::Plan, testing::house::PASSWORD};

const SECONDS: Duration = Duration::from_secs(5);
const LIST: &str = "/api/payloads/list";

async fn with(rate: u32) -> Front {
    Front::with(Settings { tenant_rate: Some(rate), ..Settings::default() }).await
}

async fn refused(front: &Front, path: &str) -> Answer {
    let mut answer = front.call(Method::GET, path, &[]).await;
    for _ in 0..200 {
        if answer.status == 429 {
            break;
        }
        answer = front.call(Method::GET, path, &[]).await;
    }
    answer
}

#[tokio::test]
async fn one_that_loops_is_refused_in_its_dialect_and_another_is_not_touched() {
    let front = with(10).await;
    let accounts = front.house.app.accounts();
    let rival = accounts.create_organization("Rival", "joe@rival.example", &PASSWORD.into()).await.unwrap();
    let in_a = refused(&front, LIST).await;
    assert_eq!(in_a.refusal(), (429, "rate_limited".into()));
    assert!(in_a.text.contains("10 requests a second"), "{in_a:?}");
    let wait: u64 = in_a.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert_eq!(
        (in_a.header("x-ratelimit-limit"), in_a.header("x-ratelimit-remaining")),
        (Some("50"), Some("0"))
    );
    // In every dialect, whatever it is asked for.
    let bearer = format!("Bearer {}", front.key());
    let in_b = front.get("/v1/workflows", &[("authorization", &bearer)]).await;
    assert_eq!((in_b.status, in_b.json()["error"]["code"].as_str()), (429, Some("RATE_LIMITED")));
    for path in ["/api", "/api/collections", "/api/user/api-key"] {
        assert_eq!(front.call(Method::GET, path, &[]).await.status, 429, "{path}");
    }
    for _ in 0..50 {
        let key = [("x-api-key", rival.api_key.expose_secret())];
        assert_eq!(front.get(LIST, &key).await.status, CREATED, "another one's requests are its own");
    }
    front.house.advance(Duration::from_secs(wait));
    let again = front.call(Method::GET, LIST, &[]).await;
    assert_eq!((again.status, again.header("x-ratelimit-limit")), (CREATED, None));
}

#[tokio::test]
async fn what_is_refused_counts_and_who_is_nobody_does_not() {
    let front = with(10).await;
    let weak = front.key_with(&["media:read"]).await;
    for _ in 0..200 {
        assert_eq!(front.get(LIST, &[("x-api-key", "btn_live_x")]).await.status, 403);
        assert_eq!(front.get(LIST, &[]).await.status, 401);
    }
    for _ in 0..50 {
        assert_eq!(front.get(LIST, &[("x-api-key", &weak)]).await.status, 403);
    }
    assert_eq!(front.call(Method::GET, LIST, &[]).await.status, 429);
}

#[tokio::test]
async fn nobody_is_counted_without_a_rate_or_on_the_plan_without_limits() {
    let free = Front::new().await;
    let house =
        Front::with(Settings { tenant_rate: Some(1), default_plan: Plan::Unlimited, ..Settings::default() });
    for front in [free, house.await] {
        for _ in 0..100 {
            assert_eq!(front.call(Method::GET, LIST, &[]).await.status, CREATED);
        }
    }
}

#[tokio::test]
async fn the_rate_of_a_quiet_organization_costs_nothing() {
    let front = with(100).await;
    front.call(Method::GET, LIST, &[]).await;
    for _ in 0..20 {
        front.house.advance(Duration::from_secs(1));
        let (_, calls) = front.house.store_calls(front.call(Method::GET, LIST, &[])).await;
        assert_eq!(calls, 0);
    }
}

#[tokio::test]
async fn ten_instances_let_through_what_one_would() {
    let front = with(100).await;
    let instances: Vec<_> =
        (0..10).map(|_| layers::platform(router(), front.house.another_instance())).collect();
    for _ in 0..2 {
        let asked = (0..2000).map(|n: usize| {
            let request = Request::get(LIST).header("x-api-key", front.key()).body(Body::empty()).unwrap();
            instances[n % 10].clone().oneshot(request)
        });
        let answers = join_all(asked).await;
        let allowed =
            answers.iter().filter(|answer| answer.as_ref().unwrap().status() == StatusCode::CREATED);
        let allowed = allowed.count();
        assert!((450..=550).contains(&allowed), "{allowed} in five seconds of a hundred");
        front.house.advance(SECONDS);
    }
}
