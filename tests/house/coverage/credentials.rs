//! Who may ask, and for what: nobody without a credential, and with one no more than it allows.

use std::time::Duration;

use shared::store::{Change, Key, Write};

use super::*;

#[tokio::test]
async fn public_routes_answer_without_a_credential() {
    let house = TestApp::new().await;
    for path in PUBLIC {
        let answer = house.acme.bare(Method::GET, path, None, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_missing_credential_is_a_401() {
    let house = scene().await;
    for sample in samples(&house) {
        for headers in [vec![], vec![("x-api-key", "")], vec![("authorization", "Basic amFuZTpqYW5l")]] {
            let answer = without_writing(&house, &sample.path, sample.send_bare(&house.acme, &headers)).await;
            assert_eq!(answer.status, 401, "{}: {answer:?}", sample.path);
            let code = if sample.route.auth == Auth::Session { "missing_session" } else { "missing_api_key" };
            assert_eq!(sample.refusal(&answer), code);
            assert!(answer.header("www-authenticate").is_some(), "{}", sample.path);
        }
    }
}

#[tokio::test]
async fn a_bad_credential_is_a_403_or_in_other_dialects_a_401() {
    let house = scene().await;
    let bad = house.bad_keys(&house.acme).await;
    for sample in samples(&house) {
        let status = sample.voice().status(ErrorKind::CredentialRejected).as_u16();
        for (kind, key) in &bad {
            let bearer = format!("Bearer {key}");
            for header in [("x-api-key", key.as_str()), ("authorization", bearer.as_str())] {
                let sent = [header];
                let answer =
                    without_writing(&house, &sample.path, sample.send_bare(&house.acme, &sent)).await;
                assert_eq!(answer.status, status, "{kind} {}: {answer:?}", sample.path);
                assert_eq!(sample.refusal(&answer), "invalid_api_key", "{kind}");
                assert!(!answer.text.contains(key.as_str()), "{kind}: the reply repeats the key");
            }
        }
    }
}

#[tokio::test]
async fn a_key_without_the_scope_is_a_403() {
    let house = scene().await;
    for sample in samples(&house) {
        let Auth::Scope(scope) = sample.route.auth else { continue };
        let others: Vec<_> = ROUTES.iter().filter_map(|route| other_scope(route, scope)).collect();
        let narrow = house.key(&house.acme, NewKey { scopes: others, ..NewKey::default() }).await;
        let answer = sample.send(&narrow).await;
        if scope == TEST_SCOPE {
            assert_eq!(answer.status, 200, "any key can be tested: {answer:?}");
        } else {
            assert_eq!(answer.status, 403, "{}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "missing_scope");
        }
    }
}

#[tokio::test]
async fn a_session_may_do_what_its_role_allows() {
    let house = scene().await;
    for role in [Role::Viewer, Role::Approver, Role::Editor] {
        let caller = house.user(&house.acme, role).await;
        for sample in staying(&house) {
            does_what_it_may(&house, role, &caller, &sample).await;
        }
        for operation in deleting(&house) {
            let (house, sample) = staged(operation).await;
            let caller = house.user(&house.acme, role).await;
            does_what_it_may(&house, role, &caller, &sample).await;
        }
    }
}

/// Sends a sample as somebody of a role, who is refused exactly where the role lacks the scope.
async fn does_what_it_may(house: &TestApp, role: Role, caller: &Caller, sample: &Sample) {
    let Auth::Scope(scope) = sample.route.auth else { return };
    let operation = sample.route.operation;
    if scope == TEST_SCOPE || role.scopes().iter().any(|held| covers(held, scope)) {
        let answer = sample.send(caller).await;
        // The first decision stands: the two after it are refused for that.
        let decided = answer.status == 409 && sample.refusal(&answer) == "already_decided";
        assert!(answer.status < 300 || decided, "{role:?} {operation}: {answer:?}");
    } else {
        let answer = without_writing(house, operation, sample.send(caller)).await;
        assert_eq!(answer.status, 403, "{role:?} {operation}: {answer:?}");
        assert_eq!(sample.refusal(&answer), "missing_scope");
    }
}

/// What only admins may do has an action of its own, which no other role has.
const ADMINS: [&str; 2] = [":inspect", ":manage"];

#[test]
fn a_viewer_only_reads() {
    let may = |role: Role, scope| role.scopes().iter().any(|held| covers(held, scope));
    for route in ROUTES {
        let Auth::Scope(scope) = route.auth else { continue };
        if ADMINS.iter().any(|action| scope.ends_with(action)) {
            let holders = Role::ALL.map(|role| may(role, scope));
            assert_eq!(holders, Role::ALL.map(|role| role == Role::Admin), "{scope}");
            continue;
        }
        let reads = scope == TEST_SCOPE || scope.ends_with(":read");
        assert!(route.method != Verb::Get || reads, "{}: {scope}", route.operation);
        if scope != TEST_SCOPE {
            assert_eq!(may(Role::Viewer, scope), reads, "{scope}");
            assert_eq!(may(Role::Approver, scope), reads || scope == "reviews:decide", "{scope}");
            assert!(may(Role::Editor, scope) && may(Role::Admin, scope), "{scope}");
        }
    }
}

#[tokio::test]
async fn what_a_person_does_with_his_credentials_a_key_may_not() {
    let house = scene().await;
    for sample in samples(&house).iter().filter(|sample| sample.route.auth == Auth::Session) {
        let answer = without_writing(&house, &sample.path, sample.send(&house.acme)).await;
        assert_eq!(answer.status, 403, "{}: {answer:?}", sample.path);
        assert_eq!(sample.refusal(&answer), "session_needed");
    }
}

/// The cookie of a session, and its token against forged requests.
async fn browser(house: &TestApp, sample: &Sample) -> (String, String) {
    let caller = match sample.route.auth {
        Auth::Session => sample.caller(house).await,
        _ => house.log_in(&house.acme).await,
    };
    let verified = caller.get("/api/v1/admin/verify").await;
    (format!("baton_session={}", caller.text), verified.json["csrf_token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    for operation in operations().await {
        let (house, sample) = staged(operation).await;
        let (cookie, token) = browser(&house, &sample).await;
        let (_, others) = browser(&house, &sample).await;
        let cookie = ("cookie", cookie.as_str());
        if sample.route.method != Verb::Get {
            for (headers, code) in [
                (vec![cookie], "csrf_token_missing"),
                (vec![cookie, ("x-csrf-token", "")], "csrf_token_invalid"),
                (vec![cookie, ("x-csrf-token", "AAAA")], "csrf_token_invalid"),
                (vec![cookie, ("x-csrf-token", &others)], "csrf_token_invalid"),
            ] {
                let sent = sample.send_bare(&house.acme, &headers);
                let answer = without_writing(&house, operation, sent).await;
                assert_eq!(answer.status, 403, "{operation}: {answer:?}");
                assert_eq!(sample.refusal(&answer), code, "{operation}");
            }
        }
        let answer = sample.send_bare(&house.acme, &[cookie, ("x-csrf-token", &token)]).await;
        assert!(answer.status < 300, "{operation}: {answer:?}");
    }
}

fn other_scope(route: &Route, scope: &str) -> Option<String> {
    match route.auth {
        Auth::Scope(other) if other != scope => Some(other.to_owned()),
        _ => None,
    }
}

#[tokio::test]
async fn a_bearer_token_is_as_good_as_the_header() {
    let house = scene().await;
    let lower = format!("bearer {}", house.acme.text);
    let send = async |house: &TestApp, sample: &Sample| {
        let bearer = format!("Bearer {}", sample.caller(house).await.text);
        let answer = sample.send_bare(&house.acme, &[("authorization", &bearer)]).await;
        assert!(answer.status < 300, "{}: {answer:?}", sample.path);
    };
    for sample in staying(&house).filter(|sample| !matches!(sample.route.operation, "deny" | "regenerate")) {
        send(&house, &sample).await;
    }
    for operation in deleting(&house) {
        let (house, sample) = staged(operation).await;
        send(&house, &sample).await;
    }
    let answer = house.acme.bare(Method::GET, "/api", None, &[("authorization", &lower)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_organization_over_its_rate_is_a_429_wherever_it_asks_and_another_is_served() {
    let house = scene_with(Settings { tenant_rate: Some(100), ..harness::settings() }).await;
    house.advance(Duration::from_secs(5));
    // Other instances have let through what five seconds allow.
    let window = house.app.now().seconds() / 5;
    let counter = Key::of(house.acme.key.tenant, "rate#tenant-burst", window.to_string());
    house.app.store.write(Write::update(counter, vec![Change::add("taken", 500)])).await.unwrap();
    while house.acme.get("/api").await.status != 429 {}
    for sample in samples(&house) {
        let refused = without_writing(&house, &sample.path, sample.send(&house.acme)).await;
        assert_eq!(
            (refused.status, sample.refusal(&refused).as_str()),
            (429, "rate_limited"),
            "{}",
            sample.path
        );
        assert!(matches!(refused.header("retry-after"), Some("1" | "2" | "3" | "4" | "5")), "{refused:?}");
        assert_eq!(refused.header("x-ratelimit-limit"), Some("500"), "{}", sample.path);
    }
    assert_eq!(house.rival.get("/api").await.status, 200);
}
