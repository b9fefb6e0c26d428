//! What the plan of an organization counts, and what it tells of it.

use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::{Method, Request, StatusCode};
use secrecy::ExposeSecret;
use tower::ServiceExt;

use super::{Answer, CREATED, Front, layers, router};
use crate::{
    accounts::NewKey,
    config::Settings,
    domain::{
        api_key::{Terms, network},
        org::Organization,
        plan::Plan,
    },
    repo::orgs,
};

const MINUTE: Duration = Duration::from_secs(60);
const PATH: &str = "/v1/workflows";

async fn on(plan: Plan) -> Front {
    Front::with(Settings { default_plan: plan, ..Settings::default() }).await
}

impl Front {
    async fn ask(&self, key: &str) -> Answer {
        self.get(PATH, &[("authorization", &format!("Bearer {key}"))]).await
    }

    async fn key_on(&self, terms: Terms) -> String {
        let wish = NewKey { terms, ..NewKey::default() };
        let (_, text) = self.house.app.accounts().create_key(&self.acme.admin, wish).await.unwrap();
        text.expose_secret().to_owned()
    }

    /// Gives the organization a plan, as another instance does.
    async fn give(&self, plan: Plan) {
        let store = self.house.store();
        let before = orgs::organization(store, self.acme.admin.tenant).await.unwrap().unwrap();
        let after = Organization { plan: Some(plan), v: before.v + 1, ..before.clone() };
        store.write(orgs::replace(&before, &after).unwrap()).await.unwrap();
    }
}

fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

#[tokio::test]
async fn every_authenticated_reply_of_b_tells_how_the_plan_stands() {
    let front = on(Plan::Free).await;
    let answer = front.ask(front.key()).await;
    assert_eq!(told(&answer), (CREATED, Some("60"), Some("59")));
    assert_eq!(answer.header("x-ratelimit-reset"), Some("1737455460"), "the end of the minute");
    let weak = front.key_with(&["payloads:read"]).await;
    assert_eq!(
        told(&front.ask(&weak).await),
        (403, Some("60"), Some("58")),
        "what is refused counts as well"
    );
    let token = front.house.app.accounts().open_session(&front.acme.admin).await.unwrap();
    let session = front.ask(token.text.expose_secret()).await;
    assert_eq!(told(&session), (CREATED, Some("60"), Some("57")), "and so does who has logged in");
    let alias = front.call(Method::GET, "/api/workflows", &[]).await;
    assert_eq!(told(&alias), (CREATED, Some("60"), Some("56")));
    for _ in 0..56 {
        front.ask(front.key()).await;
    }
    let refused = front.ask(front.key()).await;
    assert_eq!(told(&refused), (429, Some("60"), Some("0")));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.json()["error"]["code"], "RATE_LIMITED");
    assert!(refused.text.contains("plan allows 60 requests in a minute"), "{refused:?}");
}

#[tokio::test]
async fn what_is_not_b_or_not_known_is_not_counted() {
    let front = on(Plan::Free).await;
    front.ask(front.key()).await;
    for answer in [
        front.call(Method::GET, "/api/payloads/list", &[]).await,
        front.call(Method::GET, PATH, &[]).await,
        front.call(Method::GET, "/health", &[("x-api-dialect", "b")]).await,
        front.ask("btn_live_x").await,
        front.get(PATH, &[]).await,
    ] {
        assert_eq!(answer.header("x-ratelimit-limit"), None, "{answer:?}");
    }
    let elsewhere = Terms { allowed_ips: vec![network("203.0.113.7").unwrap()], ..Terms::default() };
    let stolen = front.key_on(elsewhere).await;
    for _ in 0..70 {
        assert_eq!(told(&front.ask(&stolen).await), (403, None, None));
    }
    let left = front.ask(front.key()).await;
    assert_eq!(told(&left), (CREATED, Some("60"), Some("58")), "a stolen key uses up nobody's plan");
}

#[tokio::test]
async fn the_limits_of_a_key_are_told_where_they_are_tighter() {
    let front = on(Plan::Free).await;
    let per_minute = |most| Terms { rate_limit_per_minute: Some(most), ..Terms::default() };
    let (tight, loose) = (front.key_on(per_minute(2)).await, front.key_on(per_minute(1000)).await);
    assert_eq!(told(&front.ask(&tight).await), (CREATED, Some("2"), Some("1")));
    assert_eq!(told(&front.ask(&loose).await), (CREATED, Some("60"), Some("58")));
    front.give(Plan::Unlimited).await;
    front.house.advance(MINUTE);
    assert_eq!(told(&front.ask(front.key()).await), (CREATED, None, None), "nothing is counted");
    assert_eq!(told(&front.ask(&tight).await), (CREATED, Some("2"), Some("1")));
}

#[tokio::test]
async fn another_plan_counts_within_a_minute() {
    let front = on(Plan::Free).await;
    for left in (0..60).rev() {
        assert_eq!(told(&front.ask(front.key()).await).2, Some(left.to_string().as_str()));
    }
    assert_eq!(told(&front.ask(front.key()).await), (429, Some("60"), Some("0")));
    front.give(Plan::Starter).await;
    front.house.advance(MINUTE);
    assert_eq!(told(&front.ask(front.key()).await), (CREATED, Some("120"), Some("119")));
    for _ in 0..80 {
        front.ask(front.key()).await;
    }
    front.give(Plan::Free).await;
    front.house.advance(MINUTE / 2);
    assert_eq!(told(&front.ask(front.key()).await).1, Some("120"), "it is believed for a minute");
    front.house.advance(MINUTE / 2);
    assert_eq!(told(&front.ask(front.key()).await), (CREATED, Some("60"), Some("59")));
}

#[tokio::test]
async fn a_day_that_is_nearly_used_is_told_and_ends_at_midnight() {
    let front = on(Plan::Free).await;
    let mut allowed = 0;
    for _ in 0..20 {
        for _ in 0..60 {
            allowed += u32::from(front.ask(front.key()).await.status == CREATED);
        }
        front.house.advance(MINUTE);
    }
    assert_eq!(allowed, 1000);
    let refused = front.ask(front.key()).await;
    assert_eq!(told(&refused), (429, Some("1000"), Some("0")));
    // 2025-01-22.
    assert_eq!(refused.header("x-ratelimit-reset"), Some("1737504000"));
}

#[tokio::test]
async fn a_plan_costs_a_read_a_minute_and_a_write_for_each_slice() {
    let front = on(Plan::Business).await;
    let weak = front.key_with(&["payloads:read"]).await;
    front.call(Method::GET, "/api/payloads/list", &[]).await;
    let asked = |key: &str| {
        let key = key.to_owned();
        let front = &front;
        async move { front.house.store_calls(front.ask(&key)).await.1 }
    };
    // The key with its user; the plan; a slice of the minute and of the day.
    asked(front.key()).await;
    let first = asked(&weak).await;
    assert_eq!(first, 2 + 2, "a key that nobody knew, and two slices");
    let mut calls = 0;
    for _ in 0..100 {
        calls += asked(&weak).await;
    }
    assert!(calls <= 2 * 15, "{calls} calls for a hundred requests");
    let (_, other) = front.house.store_calls(front.call(Method::GET, "/api/payloads/list", &[])).await;
    assert_eq!(other, 0, "what the plan does not count costs nothing");
}

#[tokio::test]
async fn a_thousand_requests_at_once_at_ten_instances_are_sixty_of_a_free_plan() {
    let front = on(Plan::Free).await;
    let instances: Vec<_> =
        (0..10).map(|_| layers::platform(router(), front.house.another_instance())).collect();
    let bearer = format!("Bearer {}", front.key());
    // One is asked for 900, and the others for some eleven each.
    for skewed in [false, true] {
        let asked = (0..1000).map(|n: usize| {
            let instance = if skewed && !n.is_multiple_of(10) { 0 } else { n / 10 % 10 };
            let request = Request::get(PATH).header("authorization", &bearer).body(Body::empty()).unwrap();
            instances[instance].clone().oneshot(request)
        });
        let answers = join_all(asked).await;
        let with =
            |status| answers.iter().filter(|answer| answer.as_ref().unwrap().status() == status).count();
        let (allowed, refused) = (with(StatusCode::CREATED), with(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(allowed + refused, 1000);
        if skewed {
            assert!(
                (50..=60).contains(&allowed),
                "{allowed}: the rest is with instances that were asked for no more"
            );
        } else {
            assert_eq!(allowed, 60);
        }
        front.house.advance(MINUTE);
    }
}

#[tokio::test]
async fn what_a_key_may_not_do_its_own_limits_do_not_count() {
    let front = on(Plan::Free).await;
    let terms = Terms { rate_limit_per_minute: Some(2), rate_limit_per_hour: Some(3), ..Terms::default() };
    let wish = NewKey { terms, scopes: vec!["payloads:read".into()], ..NewKey::default() };
    let (_, weak) = front.house.app.accounts().create_key(&front.acme.admin, wish).await.unwrap();
    let weak = weak.expose_secret();
    for left in ["59", "58", "57", "56", "55"] {
        assert_eq!(told(&front.ask(weak).await), (403, Some("60"), Some(left)), "the plan counts it");
    }
    let header = [("x-api-key", weak)];
    for left in ["1", "0"] {
        let answer = front.get("/api/payloads/list", &header).await;
        assert_eq!(told(&answer), (CREATED, Some("2"), Some(left)), "and the key has both of its two");
    }
}
