use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use shared::config::Settings;
use standins::dump;

use harness::{Answer, Caller, PASSWORD, TestApp, named, refusal, settings, snapshot};

const PATH: &str = "/api/v1/auth/login";
const ALIASES: [&str; 3] = ["/api/v1/admin/login", "/api/v1/sessions/admin", PATH];

fn body(username: &str, password: &str) -> Value {
    json!({ "username": username, "password": password })
}

fn jane() -> Value {
    body("jane@acme.example", PASSWORD)
}

async fn log_in(from: &Caller, body: Value) -> Answer {
    from.bare(Method::POST, PATH, Some(body), &[]).await
}

#[tokio::test]
async fn each_name_of_the_login_answers_alike() {
    let house = TestApp::new().await;
    for path in ALIASES {
        let answer = house.acme.bare(Method::POST, path, Some(jane()), &[]).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let token = answer.json["token"].as_str().unwrap();
        let bearer = format!("Bearer {token}");
        let verified =
            house.acme.bare(Method::GET, "/api/v1/admin/verify", None, &[("authorization", &bearer)]).await;
        assert_eq!((verified.status, &verified.json["valid"]), (200, &json!(true)), "{path}");
        assert_eq!(verified.json["admin"], answer.json["admin"], "{path}");
        assert_eq!(verified.json["csrf_token"], answer.json["csrf_token"], "{path}");
    }
    snapshot("a", "log_in", &log_in(&house.acme, jane()).await);
}

#[tokio::test]
async fn a_session_acts_as_its_user() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let (by_key, by_session) = (house.acme.get("/api").await, session.get("/api").await);
    for field in ["organization_id", "user_id", "username", "group_id", "scopes"] {
        assert_eq!(by_key.json[field], by_session.json[field], "{field}");
    }
    let made = session.post("/api/payloads", json!({ "title": "By a person" })).await;
    assert_eq!(house.acme.get(&format!("/api/payloads/{}", made.id())).await.status, 200);
    assert_eq!(house.rival.get(&format!("/api/payloads/{}", made.id())).await.status, 404);
}

#[tokio::test]
async fn names_are_folded_and_passwords_are_not() {
    let house = TestApp::new().await;
    for good in
        [body(" Jane@ACME.example ", PASSWORD), json!({ "email": "jane@acme.example", "password": PASSWORD })]
    {
        assert_eq!(log_in(&house.acme, good.clone()).await.status, 200, "{good}");
    }
    for password in ["Correct horse battery", " correct horse battery", "correct horse battery "] {
        let answer = log_in(&house.acme, body("jane@acme.example", password)).await;
        assert_eq!(answer.status, 401, "{password:?}: {answer:?}");
    }
}

/// Status, headers that could tell, body, and what it cost.
async fn failure(house: &TestApp, body: Value) -> (u16, String, String, f64, f64, u64) {
    let before = house.meter();
    let answer = log_in(&house.acme, body).await;
    let spent = house.meter().since(&before);
    assert_eq!(refusal(&answer, PATH), "invalid_login");
    let mut headers = answer.headers.clone();
    headers.remove("x-request-id");
    (
        answer.status,
        format!("{headers:?}"),
        answer.text,
        spent.read_units,
        spent.write_units,
        spent.round_trips,
    )
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_are_alike() {
    let house = TestApp::new().await;
    let wrong = failure(&house, body("jane@acme.example", "not her password")).await;
    assert_eq!(wrong.0, 401);
    for name in ["nobody@acme.example", "nobody", "G#email", "jane@acme.example#"] {
        assert_eq!(failure(&house, body(name, PASSWORD)).await, wrong, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let house = TestApp::new().await;
    for path in ALIASES {
        let ask = |body: Value| house.acme.bare(Method::POST, path, Some(body), &[]);
        assert_eq!(named(&ask(json!({})).await), ["password", "username"]);
        assert_eq!(named(&ask(body("", PASSWORD)).await), ["username"]);
        assert_eq!(named(&ask(body("jane@acme.example", "")).await), ["password"]);
        assert_eq!(named(&ask(json!({ "username": {}, "password": [] })).await), ["password", "username"]);
        assert_eq!(named(&ask(body(&"j".repeat(255), &"p".repeat(1001))).await), ["password", "username"]);
        for (text, media, status) in
            [("{", "application/json", 400), ("[]", "application/json", 400), ("{}", "text/plain", 415)]
        {
            let headers = [("content-type", media)];
            let answer = house.acme.send(Method::POST, path, Body::from(text), &headers).await;
            assert_eq!(answer.status, status, "{text} {media}");
        }
    }
}

#[tokio::test]
async fn a_credential_beside_it_makes_no_difference() {
    let house = TestApp::new().await;
    for header in [("x-api-key", "sk-123"), ("cookie", "baton_session=a.b.c"), ("authorization", "Bearer x")]
    {
        let answer = house.acme.bare(Method::POST, PATH, Some(jane()), &[header]).await;
        assert_eq!(answer.status, 200, "{header:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_name_from_one_address_has_ten_wrong_guesses() {
    let house = TestApp::new().await;
    let here = house.acme.at("192.0.2.1", false);
    let wrong = body("jane@acme.example", "not her password");
    for guess in 0..10 {
        assert_eq!(log_in(&here, wrong.clone()).await.status, 401, "{guess}");
    }
    let refused = log_in(&here, wrong.clone()).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (429, "too_many_failures"));
    let told =
        ["limit", "remaining"].map(|name| refused.header(&format!("x-ratelimit-{name}")).unwrap().to_owned());
    assert_eq!(told, ["10", "0"]);
    assert!(refused.header("x-ratelimit-reset").is_some());
    assert_eq!(refused.header("retry-after"), Some("900"));
    let right = log_in(&here, jane()).await;
    assert_eq!((right.status, &right.text), (429, &refused.text), "nor does the right one tell itself apart");
    let spent = house.meter();
    log_in(&here, wrong).await;
    assert_eq!(house.meter().since(&spent).write_units, 1.0, "the address alone is still counted");
    let elsewhere = house.acme.at("192.0.2.2", false);
    assert_eq!(log_in(&elsewhere, jane()).await.status, 200, "the owner is elsewhere");
    assert_eq!(log_in(&here, body("joe@rival.example", PASSWORD)).await.status, 200, "another name");
    house.advance(Duration::from_secs(900));
    assert_eq!(log_in(&here, jane()).await.status, 200, "the window is over");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_held_up_like_one_that_somebody_has() {
    let house = TestApp::new().await;
    for name in ["jane@acme.example", "nobody@acme.example"] {
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(log_in(&house.acme, body(name, "wrong password")).await.status);
        }
        assert_eq!(answers, [vec![401; 10], vec![429; 2]].concat(), "{name}");
    }
}

#[tokio::test]
async fn a_name_from_many_addresses_has_fifty_wrong_guesses() {
    let house = TestApp::new().await;
    for address in 0..5 {
        let there = house.acme.at(&format!("192.0.2.{address}"), false);
        for _ in 0..10 {
            assert_eq!(log_in(&there, body("jane@acme.example", "wrong password")).await.status, 401);
        }
    }
    let fresh = house.acme.at("192.0.2.99", false);
    assert_eq!(log_in(&fresh, jane()).await.status, 429);
    assert_eq!(log_in(&fresh, body("joe@rival.example", PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn an_address_has_a_hundred_wrong_guesses_under_whatever_names() {
    let house = TestApp::new().await;
    let here = house.acme.at("2001:db8:1:2::1", false);
    for name in 0..100 {
        assert_eq!(log_in(&here, body(&format!("user{name}"), "wrong password")).await.status, 401);
    }
    let neighbour = house.acme.at("2001:db8:1:2:3:4:5:6", false);
    assert_eq!(log_in(&neighbour, jane()).await.status, 429, "the same subscriber");
    let before = house.meter();
    assert_eq!(log_in(&here, jane()).await.status, 429);
    assert_eq!(house.meter().since(&before).round_trips, 1, "whether she is at home here, and nobody else");
    assert_eq!(log_in(&house.acme.at("2001:db8:1:3::1", false), jane()).await.status, 200);
}

#[tokio::test]
async fn the_limit_holds_when_all_guesses_come_at_once() {
    let house = TestApp::new().await;
    let guesses = (0..30).map(|_| log_in(&house.acme, body("jane@acme.example", "wrong password")));
    let answers = join_all(guesses).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 10);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 20);
}

#[tokio::test]
async fn whoever_succeeds_is_not_held_up() {
    let house = TestApp::new().await;
    for login in 0..12 {
        assert_eq!(log_in(&house.acme, jane()).await.status, 200, "{login}");
    }
    for guess in 0..9 {
        assert_eq!(log_in(&house.acme, body("jane@acme.example", "a slip")).await.status, 401, "{guess}");
    }
    assert_eq!(log_in(&house.acme, jane()).await.status, 200);
}

#[tokio::test]
async fn a_header_does_not_change_the_address() {
    let house = TestApp::new().await;
    for guess in 0..11 {
        let forwarded = format!("203.0.113.{guess}");
        let headers = [("x-forwarded-for", forwarded.as_str()), ("forwarded", "for=203.0.113.7")];
        let sent = body("jane@acme.example", "wrong password");
        let answer = house.acme.bare(Method::POST, PATH, Some(sent), &headers).await;
        assert_eq!(answer.status, if guess < 10 { 401 } else { 429 }, "{guess}");
    }
}

#[tokio::test]
async fn neither_names_nor_addresses_are_kept_in_clear() {
    let house = TestApp::new().await;
    log_in(&house.acme.at("198.51.100.77", false), body("canary-name@acme.example", "wrong password")).await;
    for item in dump::items(&house.file).await.unwrap() {
        let text = format!("{item:?}");
        assert!(!text.contains("canary-name") && !text.contains("198.51.100.77"), "{text}");
    }
}

#[tokio::test]
async fn a_login_says_that_it_is_json_and_comes_from_no_other_site() {
    let house = TestApp::new().await;
    let json = ("content-type", "application/json");
    for path in ALIASES {
        for (headers, status, code) in [
            (&[][..], 415, "not_json"),
            (&[("content-type", "text/plain")], 415, "not_json"),
            (&[json, ("sec-fetch-site", "cross-site")], 403, "cross_site"),
            (&[json, ("sec-fetch-site", "same-site")], 403, "cross_site"),
            (&[("sec-fetch-site", "cross-site")], 403, "cross_site"),
        ] {
            let body = Body::from(jane().to_string());
            let answer = house.acme.send(Method::POST, path, body, headers).await;
            assert_eq!(
                (answer.status, refusal(&answer, path).as_str()),
                (status, code),
                "{path} {headers:?}"
            );
        }
        let ours = [json, ("sec-fetch-site", "same-origin")];
        let answer = house.acme.send(Method::POST, path, Body::from(jane().to_string()), &ours).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    // Other routes take what small clients forget to say.
    let key = ("x-api-key", house.acme.text.as_str());
    let body = Body::from(json!({ "title": "x" }).to_string());
    assert_eq!(house.acme.send(Method::POST, "/api/payloads", body, &[key]).await.status, 201);
}

#[tokio::test]
async fn ten_posts_that_another_page_sends_close_nobodys_door() {
    let house = TestApp::new().await;
    let victim = house.acme.at("192.0.2.1", true);
    let wrong = body("jane@acme.example", "wrong password").to_string();
    for headers in [&[][..], &[("content-type", "text/plain")], &[("sec-fetch-site", "cross-site")]] {
        for _ in 0..10 {
            let answer = victim.send(Method::POST, PATH, Body::from(wrong.clone()), headers).await;
            assert!(matches!(answer.status, 403 | 415), "{answer:?}");
        }
    }
    assert_eq!(log_in(&victim, jane()).await.status, 200);
}

#[tokio::test]
async fn a_page_of_a_listed_origin_logs_in() {
    let settings = Settings { cors_origins: vec!["https://app.example.com".into()], ..settings() };
    let house = TestApp::with(settings).await;
    for (origin, status) in [("https://app.example.com", 200), ("https://evil.example.com", 403)] {
        let headers =
            [("content-type", "application/json"), ("sec-fetch-site", "cross-site"), ("origin", origin)];
        let answer = house.acme.send(Method::POST, PATH, Body::from(jane().to_string()), &headers).await;
        assert_eq!(answer.status, status, "{origin}: {answer:?}");
    }
}

#[tokio::test]
async fn whoever_logged_in_here_lately_is_not_locked_out_by_what_others_do() {
    let house = TestApp::new().await;
    let home = house.acme.at("192.0.2.1", true);
    assert_eq!(log_in(&home, jane()).await.status, 200);
    // Ten from the same address, which would close it for a name that nobody has logged in with from there.
    for _ in 0..10 {
        assert_eq!(log_in(&home, body("jane@acme.example", "wrong password")).await.status, 401);
    }
    assert_eq!(log_in(&home, jane()).await.status, 200);
}
