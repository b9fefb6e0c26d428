//! Sessions of browsers.

use std::time::Duration;

use http::Method;
use serde_json::json;
use shared::config::Settings;

use harness::{Answer, Caller, PASSWORD, TestApp, refusal};

const MINUTES: Duration = Duration::from_secs(60);

async fn log_in(from: &Caller) -> Answer {
    let body = json!({ "username": "jane@acme.example", "password": PASSWORD });
    from.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await
}

/// What a browser sends after this answer.
fn jar(answer: &Answer) -> String {
    let pairs = answer.cookies().into_iter().map(|(name, value, _)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn a_login_gives_a_browser_its_cookies() {
    let house = TestApp::new().await;
    for (https, prefix) in [(false, ""), (true, "__Host-")] {
        let browser = house.acme.at("192.0.2.1", https);
        let answer = log_in(&browser).await;
        let [session, csrf] = answer.cookies().try_into().unwrap();
        assert_eq!(session.0, format!("{prefix}baton_session"));
        assert_eq!(session.1, answer.json["token"].as_str().unwrap());
        assert_eq!(csrf.0, format!("{prefix}baton_csrf"));
        assert_eq!(csrf.1, answer.json["csrf_token"].as_str().unwrap());
        assert!(session.2.contains("; HttpOnly") && !csrf.2.contains("HttpOnly"), "{answer:?}");
        for line in [&session.2, &csrf.2] {
            assert!(line.contains("; SameSite=Lax") && line.contains("; Path=/;"), "{line}");
            assert_eq!(line.contains("; Secure"), https, "{line}");
        }
        let got = browser.bare(Method::GET, "/api", None, &[("cookie", &jar(&answer))]).await;
        assert_eq!(got.status, 200, "{got:?}");
        assert!(got.cookies().is_empty(), "a fresh token is not renewed");
    }
}

#[tokio::test]
async fn a_cookie_is_renewed_while_it_is_used_for_twelve_hours_at_most() {
    let house = TestApp::new().await;
    let browser = house.acme.at("192.0.2.1", true);
    let mut last = log_in(&browser).await;
    let csrf = last.json["csrf_token"].as_str().unwrap().to_owned();
    for half_hour in 1..24 {
        house.advance(30 * MINUTES);
        let before = house.meter();
        let got = browser.bare(Method::GET, "/api", None, &[("cookie", &jar(&last))]).await;
        assert_eq!(got.status, 200, "{half_hour}");
        assert_eq!(house.meter().since(&before).write_units, 0.0, "renewing writes nothing");
        if got.cookies().is_empty() {
            assert!(half_hour > 22, "{half_hour}: the token ends with its session");
        } else {
            assert_eq!(got.cookies()[1].1, csrf, "a page that is open stays usable");
            last = got;
        }
    }
    house.advance(30 * MINUTES);
    let got = browser.bare(Method::GET, "/api", None, &[("cookie", &jar(&last))]).await;
    assert_eq!((got.status, refusal(&got, "/api").as_str()), (403, "invalid_session"));
}

#[tokio::test]
async fn a_bearer_token_is_not_renewed() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    house.advance(45 * MINUTES);
    assert!(session.get("/api").await.cookies().is_empty());
}

#[tokio::test]
async fn a_logout_takes_the_cookies_back() {
    let house = TestApp::new().await;
    let browser = house.acme.at("192.0.2.1", true);
    let login = log_in(&browser).await;
    house.advance(45 * MINUTES);
    let (cookies, csrf) = (jar(&login), login.json["csrf_token"].as_str().unwrap());
    let headers = [("cookie", cookies.as_str()), ("x-csrf-token", csrf)];
    let answer = browser.bare(Method::POST, "/api/auth/logout", None, &headers).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for (_, value, line) in answer.cookies() {
        assert!(value.is_empty() && line.contains("Max-Age=0"), "{line}");
    }
    assert_eq!(answer.cookies().len(), 2, "and none is renewed");
    let got = browser.bare(Method::GET, "/api", None, &[("cookie", &cookies)]).await;
    assert_eq!(got.status, 403);
}

#[tokio::test]
async fn a_header_goes_before_the_cookie_and_needs_no_csrf_token() {
    let house = TestApp::new().await;
    let cookies = jar(&log_in(&house.acme).await);
    let key = house.rival.text.clone();
    let headers = [("cookie", cookies.as_str()), ("x-api-key", key.as_str())];
    let body = json!({ "title": "x" });
    let made = house.acme.bare(Method::POST, "/api/payloads", Some(body), &headers).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(house.rival.get(&format!("/api/payloads/{}", made.id())).await.status, 200);
    let bad =
        house.acme.bare(Method::GET, "/api", None, &[("cookie", &cookies), ("x-api-key", "sk-1")]).await;
    assert_eq!(bad.status, 403, "a bad key does not fall back on the cookie");
}

#[tokio::test]
async fn an_api_key_is_no_cookie() {
    let house = TestApp::new().await;
    let cookie = format!("baton_session={}", house.acme.text);
    let headers = [("cookie", cookie.as_str())];
    let got = house.acme.bare(Method::POST, "/api/payloads", Some(json!({ "title": "x" })), &headers).await;
    assert_eq!((got.status, refusal(&got, "/api/payloads").as_str()), (403, "invalid_session"));
}

#[tokio::test]
async fn pages_of_listed_origins_may_use_the_session() {
    let listed = vec!["https://app.example.com".to_owned()];
    for (origins, credentials) in [(listed, true), (vec!["*".to_owned()], false), (Vec::new(), true)] {
        let house = TestApp::with(Settings { cors_origins: origins.clone(), ..Settings::default() }).await;
        let preflight = [
            ("origin", "https://app.example.com"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-csrf-token,content-type"),
        ];
        let answer = house.acme.bare(Method::OPTIONS, "/api/payloads", None, &preflight).await;
        let allowed = answer.header("access-control-allow-credentials") == Some("true");
        assert_eq!(allowed, credentials, "{origins:?}: {answer:?}");
        assert_eq!(
            answer.header("access-control-allow-origin").is_some(),
            !origins.is_empty(),
            "{origins:?}"
        );
        let evil =
            house.acme.bare(Method::OPTIONS, "/api/payloads", None, &[("origin", "https://evil.test")]);
        let origin = evil.await.header("access-control-allow-origin").map(str::to_owned);
        assert_ne!(origin.as_deref(), Some("https://evil.test"), "{origins:?}");
    }
}
