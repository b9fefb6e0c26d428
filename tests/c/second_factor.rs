//! `/api/v1/second_factor`, and what a login asks for then.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use shared::{
    clock::Millis,
    domain::{
        org::Role,
        second_factor::{base32, code_at},
    },
    repo::orgs,
    store::{Change, Key, Write},
};

use harness::{Answer, Caller, PASSWORD, TestApp, named};

const PATH: &str = "/api/v1/second_factor";
const CONFIRM: &str = "/api/v1/second_factor/confirm";

/// The house's code of a refusal, in whichever of these dialects.
#[track_caller]
fn refusal(answer: &Answer) -> &str {
    let body = &answer.json;
    body["code"].as_str().or(body["error"].as_str()).unwrap_or_else(|| panic!("{answer:?}"))
}

/// The bytes of a secret as an app takes it: the other way of what Baton does.
fn typed(text: &str) -> String {
    let digits = text.chars().map(|c| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap());
    let bits: String = digits.map(|digit| format!("{digit:05b}")).collect();
    let bytes = (0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

/// An authenticator app.
struct Phone(String);

impl Phone {
    fn code(&self, at: Millis) -> String {
        code_at(&self.0.clone().into(), at)
    }
}

/// Chooses a second factor: the phone, and the recovery codes.
async fn enrol(house: &TestApp, caller: &Caller) -> (Phone, Vec<String>) {
    let begun = caller.post(PATH, json!({})).await;
    assert_eq!((begun.status, begun.header("cache-control")), (200, Some("no-store")), "{begun:?}");
    let secret = begun.json["secret"].as_str().unwrap();
    assert!(begun.json["otpauth_url"].as_str().unwrap().contains(secret));
    let phone = Phone(typed(secret));
    let confirmed = caller.post(CONFIRM, json!({ "code": phone.code(house.app.now()) })).await;
    assert_eq!(
        (confirmed.status, confirmed.header("cache-control")),
        (200, Some("no-store")),
        "{confirmed:?}"
    );
    let codes = confirmed.json["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    (phone, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn log_in(house: &TestApp, caller: &Caller, otp: Option<&str>) -> Answer {
    let mut body = json!({ "email": caller.key.username, "password": PASSWORD });
    if let Some(otp) = otp {
        body["otp"] = otp.into();
    }
    house.acme.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await
}

async fn delete(caller: &Caller, body: Value) -> Answer {
    caller.call(Method::DELETE, PATH, Some(body), &[]).await
}

#[test]
fn a_secret_reads_back() {
    assert_eq!(
        typed(&base32(&"0123456789abcdefghijklmnopq".to_owned().into())),
        "0123456789abcdefghijklmnopq"
    );
}

#[tokio::test]
async fn a_login_asks_for_a_code_that_is_good_once() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    assert_eq!(log_in(&house, &user, None).await.status, 200, "as long as there is none");
    assert_eq!(log_in(&house, &user, Some("123456")).await.status, 200, "which says nothing then");
    let (phone, _) = enrol(&house, &user).await;
    assert_eq!(user.get("/api/auth/test").await.status, 200, "the session goes on");
    let used = phone.code(house.app.now());
    house.advance(Duration::from_secs(30));
    let code = phone.code(house.app.now());
    for (otp, refused) in [
        (None, Some("second_factor_required")),
        (Some(""), Some("second_factor_required")),
        (Some("000000"), Some("invalid_second_factor")),
        (Some("none"), Some("invalid_second_factor")),
        (Some(used.as_str()), Some("invalid_second_factor")),
        (Some(code.as_str()), None),
        (Some(code.as_str()), Some("invalid_second_factor")),
    ] {
        let answer = log_in(&house, &user, otp).await;
        match refused {
            Some(code) => assert_eq!((answer.status, refusal(&answer)), (401, code), "{otp:?}"),
            None => assert_eq!(answer.status, 200, "{answer:?}"),
        }
    }
    let wrong =
        json!({ "email": user.key.username, "password": "wrong", "otp": phone.code(house.app.now()) });
    let answer = house.acme.bare(Method::POST, "/api/v1/auth/login", Some(wrong), &[]).await;
    assert_eq!(refusal(&answer), "invalid_login", "a code says nothing to whoever lacks the password");
}

#[tokio::test]
async fn of_many_who_send_a_code_at_once_one_gets_in() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    let (phone, codes) = enrol(&house, &user).await;
    house.advance(Duration::from_secs(30));
    for code in [phone.code(house.app.now()), codes[0].clone()] {
        let all = futures::future::join_all((0..4).map(|_| log_in(&house, &user, Some(&code)))).await;
        let mut statuses: Vec<_> = all.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401, 401], "{all:?}");
    }
}

#[tokio::test]
async fn a_recovery_code_is_good_once() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    let state = async |enabled: bool, left: usize| {
        let shown = user.get(PATH).await.json;
        assert_eq!(
            (&shown["enabled"], &shown["recovery_codes_left"]),
            (&json!(enabled), &json!(left)),
            "{shown}"
        );
        assert_eq!(shown["confirmed_at"].is_string(), enabled, "{shown}");
    };
    state(false, 0).await;
    user.post(PATH, json!({})).await;
    state(false, 0).await;
    let (_, codes) = enrol(&house, &user).await;
    state(true, 10).await;
    for code in &codes[..2] {
        assert_eq!(log_in(&house, &user, Some(code)).await.status, 200);
        assert_eq!(log_in(&house, &user, Some(code)).await.status, 401);
    }
    state(true, 8).await;
}

#[tokio::test]
async fn wrong_codes_close_the_door_and_missing_ones_do_not() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    let (phone, _) = enrol(&house, &user).await;
    house.advance(Duration::from_secs(30));
    for _ in 0..12 {
        assert_eq!(refusal(&log_in(&house, &user, None).await), "second_factor_required");
    }
    for _ in 0..10 {
        assert_eq!(log_in(&house, &user, Some("000000")).await.status, 401);
    }
    assert_eq!(log_in(&house, &user, Some(&phone.code(house.app.now()))).await.status, 429);
}

#[tokio::test]
async fn what_is_stored_is_no_second_factor() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    let (phone, codes) = enrol(&house, &user).await;
    for item in standins::dump::items(&house.file).await.unwrap() {
        let text = format!("{item:?}");
        assert!(!text.contains(&phone.0) && codes.iter().all(|code| !text.contains(code)), "{text}");
    }
}

#[tokio::test]
async fn it_counts_from_the_first_code_on() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    let early = user.post(CONFIRM, json!({ "code": "000000" })).await;
    assert_eq!((early.status, refusal(&early)), (409, "second_factor_not_begun"));
    let lost = user.post(PATH, json!({})).await;
    let lost = Phone(typed(lost.json["secret"].as_str().unwrap()));
    assert_eq!(log_in(&house, &user, None).await.status, 200);
    let begun = user.post(PATH, json!({})).await;
    let phone = Phone(typed(begun.json["secret"].as_str().unwrap()));
    let wrong = user.post(CONFIRM, json!({ "code": lost.code(house.app.now()) })).await;
    assert_eq!(named(&wrong), ["code"]);
    let right = user.post(CONFIRM, json!({ "code": phone.code(house.app.now()) })).await;
    assert_eq!(right.status, 200, "{right:?}");
    for (path, body) in [(PATH, json!({})), (CONFIRM, json!({ "code": phone.code(house.app.now()) }))] {
        let again = user.post(path, body).await;
        assert_eq!((again.status, refusal(&again)), (409, "second_factor_exists"));
    }
}

#[tokio::test]
async fn it_is_given_up_by_whoever_shows_that_it_is_he() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    assert_eq!(refusal(&delete(&user, json!({ "password": PASSWORD })).await), "no_second_factor");
    let (phone, codes) = enrol(&house, &user).await;
    for (body, field) in [
        (json!({}), "password"),
        (json!({ "password": "wrong password" }), "password"),
        (json!({ "code": phone.code(house.app.now()) }), "code"),
    ] {
        assert_eq!(named(&delete(&user, body.clone()).await), [field], "{body}");
    }
    assert_eq!(delete(&user, json!({ "code": codes[0] })).await.status, 204);
    assert_eq!(log_in(&house, &user, None).await.status, 200);
    enrol(&house, &user).await;
    assert_eq!(delete(&user, json!({ "password": PASSWORD })).await.status, 204);
}

#[tokio::test]
async fn an_admin_takes_it_away_and_gives_none() {
    let house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    enrol(&house, &user).await;
    let member = format!("/api/v1/team_members/{}", user.key.user_id);
    assert_eq!(house.acme.get(&member).await.json["second_factor"], true);
    assert_eq!(named(&house.acme.patch(&member, json!({ "second_factor": true })).await), ["second_factor"]);
    let taken = house.acme.patch(&member, json!({ "second_factor": false })).await;
    assert_eq!((taken.status, &taken.json["second_factor"]), (200, &json!(false)));
    assert_ne!(user.get("/api/auth/test").await.status, 200, "whose session that was is asked anew");
    assert_eq!(log_in(&house, &user, None).await.status, 200);
}

/// What `PATCH /api/v1/account` does.
async fn demand(house: &TestApp, demanded: bool) {
    let key = Key::of(house.acme.key.tenant, "org", "-");
    let write = Write::update(key, vec![Change::set("second_factor_required", demanded)]);
    house.app.store.write(write).await.unwrap();
}

#[tokio::test]
async fn an_organization_can_demand_one() {
    let mut house = TestApp::new().await;
    let user = house.user(&house.acme, Role::Editor).await;
    assert_eq!(user.get("/api/auth/test").await.status, 200);
    demand(&house, true).await;
    house.advance(Duration::from_secs(60));
    for (path, status) in [
        ("/api/auth/test", 403),
        ("/api/user/api-key", 403),
        ("/api/payloads/list", 403),
        ("/api/v1/admin/verify", 200),
    ] {
        let answer = user.get(path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(status == 200 || refusal(&answer) == "second_factor_needed", "{answer:?}");
    }
    assert_eq!(house.acme.get("/api/auth/test").await.status, 200, "keys have no second factor");
    assert_eq!(house.rival.get("/api/auth/test").await.status, 200, "nor do others");
    // Another instance has met the session before it has a second factor.
    let elsewhere = user.clone();
    house.restart();
    let user = house.acme.with_key(&user.text);
    assert_eq!(user.get("/api/auth/test").await.status, 403);
    assert_eq!(elsewhere.get("/api/auth/test").await.status, 403);
    enrol(&house, &user).await;
    for caller in [&user, &elsewhere] {
        assert_eq!(caller.get("/api/auth/test").await.status, 200, "at once, everywhere");
    }
    assert_eq!(user.post("/api/auth/logout", json!({})).await.status, 200);
    let organization = orgs::organization(&*house.app.store, house.acme.key.tenant).await.unwrap();
    assert!(organization.unwrap().second_factor_required);
}
