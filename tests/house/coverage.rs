//! What holds for every route, generated over the route table: nobody can add a route that lacks one of these.

use std::collections::BTreeSet;

use axum::body::Body;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use shared::{
    accounts::NewKey,
    config::Settings,
    domain::{org::Role, principal::covers},
    error::ErrorKind,
    http::{
        openapi::shown_in,
        routes::{self, Auth, ROUTES, RateClass, Route, TEST_SCOPE, Verb},
    },
};

use harness::{
    Answer, Caller, Documents, TestApp, described, named, refusal_in,
    samples::{NOWHERE, Sample, operations, samples, scene, scene_with, staged},
    snapshot,
};

const PUBLIC: [&str; 7] =
    ["/", "/health", "/api/v1/health", "/openapi.json", "/openapi/e.json", "/docs", "/docs/swagger-ui.css"];

/// Runs requests that must be refused and makes sure that they wrote nothing.
async fn without_writing<T>(house: &TestApp, what: &str, requests: impl Future<Output = T>) -> T {
    let before = house.meter();
    let answers = requests.await;
    assert_eq!(house.meter().since(&before).write_units, 0.0, "{what} wrote something");
    answers
}

/// Those that can be sent one after another.
fn staying(house: &TestApp) -> impl Iterator<Item = Sample> {
    samples(house).into_iter().filter(|sample| sample.route.method != Verb::Delete)
}

/// The operations that want a scene each: what one deletes the others may need, or delete as well in another dialect.
fn deleting(house: &TestApp) -> Vec<&'static str> {
    let all = samples(house).into_iter().filter(|sample| sample.route.method == Verb::Delete);
    all.map(|sample| sample.route.operation).collect()
}

/// Those whose first reply is remembered.
fn posting(house: &TestApp) -> Vec<Sample> {
    samples(house).into_iter().filter(|sample| sample.route.remembers()).collect()
}

fn with_body(house: &TestApp) -> Vec<Sample> {
    samples(house).into_iter().filter(Sample::has_body).collect()
}

#[tokio::test]
async fn every_route_that_asks_for_a_credential_has_a_sample() {
    let house = TestApp::new().await;
    let sampled: BTreeSet<_> = samples(&house).iter().map(|sample| sample.route.operation).collect();
    let guarded = ROUTES.iter().filter(|route| route.auth != Auth::Public);
    assert_eq!(sampled, guarded.map(|route| route.operation).collect());
}

#[tokio::test]
async fn the_documented_requests_get_the_documented_replies() {
    for operation in operations().await {
        let (house, sample) = staged(operation).await;
        let answer = sample.ask(&house).await;
        assert!(answer.status < 300, "{operation}: {answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{operation}");
        assert!(!answer.text.contains("n8n-api-key-here"), "{operation} shows n8n's key");
        // A folder for each dialect; what is every dialect's own lies with the first.
        let folder = sample.route.dialect.letter.map_or("a", |letter| letter.as_str());
        snapshot("house", &format!("{folder}/{operation}"), &answer);
    }
}

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
const ADMINS: [&str; 2] = ["api_keys:inspect", "api_keys:manage"];

#[test]
fn a_viewer_only_reads() {
    let may = |role: Role, scope| role.scopes().iter().any(|held| covers(held, scope));
    for route in ROUTES {
        let Auth::Scope(scope) = route.auth else { continue };
        if ADMINS.contains(&scope) {
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
async fn another_tenants_id_in_a_path_reads_like_an_id_of_nothing() {
    let house = scene().await;
    house.rival.get("/api").await;
    for sample in samples(&house) {
        let Some(nowhere) = sample.nowhere else { continue };
        let unknown = Sample { path: nowhere.into(), ..samples_of(&house, &sample) };
        assert_alike(&house, &sample, &unknown).await;
        let own = unknown.send(&house.acme).await;
        assert_eq!(own.status, 404, "{nowhere}: {own:?}");
    }
}

#[tokio::test]
async fn another_tenants_id_in_a_body_reads_like_an_id_of_nothing() {
    let house = scene().await;
    house.rival.get("/api").await;
    for sample in samples(&house) {
        for field in sample.ids {
            let foreign = if *field == "installation_id" { json!(45) } else { sample.body[*field].clone() };
            let foreign = Sample { body: sample.with(field, foreign), ..samples_of(&house, &sample) };
            let unknown = Sample { body: sample.with(field, json!(NOWHERE)), ..samples_of(&house, &sample) };
            assert_alike(&house, &foreign, &unknown).await;
        }
    }
}

fn samples_of(house: &TestApp, like: &Sample) -> Sample {
    samples(house).into_iter().find(|sample| sample.route.operation == like.route.operation).unwrap()
}

/// The rival gets the same 404 for both, at the same cost, and nothing is written.
async fn assert_alike(house: &TestApp, foreign: &Sample, unknown: &Sample) {
    let (first, cost) = metered(house, foreign).await;
    let (second, same) = metered(house, unknown).await;
    assert_eq!(first.status, 404, "{}: {first:?}", foreign.path);
    assert_eq!(foreign.refusal(&first), "not_found");
    assert_eq!((first.status, &first.text), (second.status, &second.text), "{}", foreign.path);
    assert_eq!(cost, same, "{}: an id of somebody costs what an id of nobody costs", foreign.path);
}

async fn metered(house: &TestApp, sample: &Sample) -> (Answer, (f64, u64)) {
    let before = house.meter();
    let answer = sample.send(&house.rival).await;
    let spent = house.meter().since(&before);
    // A leased slice of the rate limit is a write of its own.
    if sample.route.rate == RateClass::None {
        assert_eq!(spent.write_units, 0.0, "{}", sample.path);
    } else {
        return (answer, (0.0, 0));
    }
    (answer, (spent.read_units, spent.round_trips))
}

#[tokio::test]
async fn each_missing_field_is_named() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for field in sample.required {
            for body in
                [sample.with(field, Value::Null), null(&sample, field), sample.with(field, json!(" "))]
            {
                let answer = sample.send_body(&caller, body).await;
                let names = named(&answer);
                assert_eq!(names, [*field], "{}: {answer:?}", sample.path);
                assert_eq!(sample.refusal(&answer), "validation_failed");
            }
        }
    }
}

fn null(sample: &Sample, field: &str) -> Value {
    let mut body = sample.body.clone();
    body[field] = Value::Null;
    body
}

#[tokio::test]
async fn all_missing_fields_are_named_at_once() {
    let house = scene().await;
    for sample in with_body(&house).iter().filter(|sample| !sample.required.is_empty()) {
        let caller = sample.caller(&house).await;
        for body in ["{}", "", "  "] {
            let text = caller.text(sample.method(), &sample.path, "application/json", body).await;
            let mut expected = [sample.required, sample.unless_clear].concat();
            expected.sort_unstable();
            assert_eq!(named(&text), expected, "{}: {text:?}", sample.path);
            for field in expected {
                assert!(text.json["message"].as_str().unwrap().contains(field), "{field}: {text:?}");
            }
        }
    }
}

#[tokio::test]
async fn wrong_types_and_unknown_words_are_named() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for (field, value) in &sample.wrong {
            let body = sample.with(field, value.clone());
            let answer = if sample.route.rate == RateClass::None {
                without_writing(&house, &sample.path, sample.send_body(&caller, body)).await
            } else {
                sample.send_body(&caller, body).await
            };
            assert_eq!(named(&answer), [*field], "{} {field}={value}: {answer:?}", sample.path);
        }
    }
}

#[tokio::test]
async fn ids_are_accepted_as_text() {
    let house = scene().await;
    for sample in with_body(&house) {
        if matches!(sample.route.operation, "deny" | "regenerate") {
            continue;
        }
        let mut body = sample.body.clone();
        for field in sample.ids.iter().chain(&["installation_id"]) {
            if let Some(id) = body[*field].as_u64() {
                body[*field] = json!(id.to_string());
            }
        }
        let answer = sample.send_body(&sample.caller(&house).await, body).await;
        assert!(answer.status < 300, "{}: {answer:?}", sample.path);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_400() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for (body, code) in [
            ("{\"title\":", "malformed_json"),
            ("not json", "malformed_json"),
            ("{} {}", "malformed_json"),
            ("[]", "not_an_object"),
            ("[{\"title\":\"x\"}]", "not_an_object"),
            ("\"text\"", "not_an_object"),
        ] {
            let answer = caller.text(sample.method(), &sample.path, "application/json", body).await;
            assert_eq!(answer.status, 400, "{} {body}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), code, "{} {body}", sample.path);
        }
    }
}

#[tokio::test]
async fn another_media_type_is_a_415() {
    let house = scene().await;
    for sample in with_body(&house) {
        let (caller, body) = (sample.caller(&house).await, sample.body.to_string());
        let takes_forms = ["create_media", "create_media_for_review"].contains(&sample.route.operation);
        let others = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];
        for media in others.iter().take(if takes_forms { 2 } else { 3 }) {
            let answer = caller.text(sample.method(), &sample.path, media, &body).await;
            assert_eq!(answer.status, 415, "{} {media}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "not_json");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413() {
    let house = scene_with(Settings { max_body_bytes: 2000, ..Settings::default() }).await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for body in [Body::from(" ".repeat(2001)), chunks(5)] {
            let headers = [("x-api-key", caller.text.as_str()), ("content-type", "application/json")];
            let answer = house.acme.send(sample.method(), &sample.path, body, &headers).await;
            assert_eq!(answer.status, 413, "{}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "body_too_large");
        }
    }
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        let headers = [
            ("x-api-key", caller.text.as_str()),
            ("content-type", "application/json"),
            ("content-length", "6291457"),
        ];
        let answer = house.acme.send(sample.method(), &sample.path, Body::from("{}"), &headers).await;
        assert_eq!(answer.status, 413, "{}: {answer:?}", sample.path);
    }
}

/// A body of unknown length: so many times 500 bytes.
fn chunks(count: usize) -> Body {
    let chunk = Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 500]));
    Body::from_stream(futures::stream::iter((0..count).map(move |_| match &chunk {
        Ok(bytes) => Ok(bytes.clone()),
        Err(error) => Err(std::io::Error::from(error.kind())),
    })))
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let house = scene().await;
    for path in PUBLIC {
        let answer = house.acme.call(Method::HEAD, path, None, &[]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{path}");
    }
    for sample in samples(&house).iter().filter(|sample| sample.route.method == Verb::Get) {
        let answer = sample.caller(&house).await.call(Method::HEAD, &sample.path, None, &[]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{}", sample.path);
    }
    let refused = house.acme.bare(Method::HEAD, "/api", None, &[]).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
}

#[tokio::test]
async fn a_path_that_is_no_text_leads_nowhere() {
    let house = scene().await;
    for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
        let parts = route.path.split('/').map(|part| if part.starts_with('{') { "%EA" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let body = [Verb::Post, Verb::Patch, Verb::Put].contains(&route.method).then(|| json!({}));
        let method = route.method.as_str().parse().unwrap();
        let dialect = route.dialect.letter.map(|letter| ("x-api-dialect", letter.as_str()));
        let answer = house.acme.call(method, &path, body, dialect.as_slice()).await;
        assert_eq!(answer.status, 404, "{}: {answer:?}", route.operation);
        assert!(!refusal_in(&answer, route.dialect.voice(route.path)).is_empty(), "{}", route.operation);
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_a_405_with_allow() {
    let house = scene().await;
    for sample in samples(&house) {
        let known = routes::methods(sample.route.dialect, sample.route.path);
        for method in
            [Method::PUT, Method::TRACE].into_iter().filter(|method| !known.contains(&method.as_str()))
        {
            let speaker = sample.speaker(&house.acme);
            let answer = speaker.call(method.clone(), &sample.path, None, &[]).await;
            assert_eq!(answer.status, 405, "{method} {}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "method_not_allowed");
            let allow = answer.header("allow").unwrap_or_default();
            assert!(allow.split(',').any(|verb| verb.trim() == sample.route.method.as_str()), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let house = scene().await;
    for sample in samples(&house).iter().filter(|sample| sample.route.method == Verb::Get) {
        let caller = sample.caller(&house).await;
        let plain = sample.send(&caller).await;
        let slashed = match sample.path.split_once('?') {
            Some((path, query)) => format!("{path}/?{query}"),
            None => format!("{}/", sample.path),
        };
        let slash = caller.get(&slashed).await;
        assert_eq!((plain.status, plain.text), (slash.status, slash.text), "{}", sample.path);
    }
    let made = house.acme.post("/api/payloads/", json!({ "title": "x" })).await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn a_repeated_post_gets_the_first_reply_again() {
    for operation in posting(&TestApp::new().await).iter().map(|sample| sample.route.operation) {
        let (house, sample) = staged(operation).await;
        let once = [("idempotency-key", "exec-551-0-0")];
        let first = sample.send_with(&house.acme, &once).await;
        assert!(first.status < 300, "{operation}: {first:?}");
        assert_eq!(first.header("idempotent-replayed"), None, "{operation}");
        let (before, sent) = (house.meter(), house.network.sent().len());
        let second = sample.send_with(&house.acme, &once).await;
        if first.header("cache-control") == Some("no-store") {
            // It holds a secret, which is stored nowhere.
            let names =
                |answer: &Answer| answer.json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(
                (second.status, second.id(), names(&second)),
                (first.status, first.id(), names(&first))
            );
            assert_eq!((first.json["key"].is_string(), second.json["key"].is_null()), (true, true));
        } else {
            assert_eq!((second.status, &second.text), (first.status, &first.text), "{operation}");
        }
        assert_eq!(second.header("idempotent-replayed"), Some("true"), "{operation}");
        assert_eq!(second.header("content-type"), first.header("content-type"), "{operation}");
        assert_eq!(house.meter().since(&before).write_units, 0.0, "{operation} was done twice");
        assert_eq!(house.network.sent().len(), sent, "{operation} called n8n twice");
    }
}

#[tokio::test]
async fn a_key_with_another_request_is_a_409() {
    for operation in posting(&TestApp::new().await).iter().map(|sample| sample.route.operation) {
        let (house, sample) = staged(operation).await;
        let once = [("idempotency-key", "exec-551-0-0")];
        let first = sample.send_with(&house.acme, &once).await;
        assert!(first.status < 300, "{operation}: {first:?}");
        let other =
            house.acme.call(Method::POST, &sample.path, Some(sample.with("another", json!(1))), &once).await;
        assert_eq!(other.status, 409, "{operation}: {other:?}");
        assert_eq!(sample.refusal(&other), "idempotency_key_reused");
    }
}

#[tokio::test]
async fn an_unusable_key_is_a_422() {
    let house = scene().await;
    let long = "k".repeat(256);
    for sample in posting(&house) {
        for key in [long.as_str(), " ", "sch\u{fc}ssel"] {
            let answer = sample.send_with(&house.acme, &[("idempotency-key", key)]).await;
            assert_eq!(named(&answer), ["Idempotency-Key"], "{}: {answer:?}", sample.path);
        }
    }
}

#[tokio::test]
async fn the_api_document_and_the_route_table_agree() {
    for (letter, document) in Documents::made().all() {
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (verb, operation) in item.as_object().unwrap() {
                documented.insert((verb.to_uppercase(), path.clone(), operation["operationId"].to_string()));
            }
        }
        let routed = ROUTES.iter().filter(|route| shown_in(route) == letter).map(|route| {
            (route.method.as_str().to_owned(), route.path.to_owned(), format!("{:?}", route.operation))
        });
        assert_eq!(documented, routed.collect(), "{letter:?}");
    }
}

#[tokio::test]
async fn every_operation_is_described() {
    let documents = Documents::made();
    for route in ROUTES {
        let document = documents.of(route);
        let operation = described(document, route);
        let name = route.operation;
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}: summary");
        assert!(operation["security"].is_array(), "{name}: security");
        assert_eq!(operation["security"] == json!([]), route.auth == Auth::Public, "{name}");
        let responses = operation["responses"].as_object().unwrap();
        let success: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert!(!success.is_empty(), "{name}: no success");
        for (status, response) in success {
            let media = response["content"].as_object().unwrap().values().next().unwrap();
            assert!(media["schema"].is_object(), "{name} {status}: schema");
        }
        let refused: BTreeSet<_> =
            responses.keys().filter(|status| !status.starts_with('2')).cloned().collect();
        let (kinds, voice) = (route.error_kinds(), route.dialect.voice(route.path));
        let statuses = kinds.iter().map(|kind| voice.status(*kind).as_u16().to_string());
        assert_eq!(refused, statuses.collect(), "{name} tells of other errors than the table");
        for kind in kinds {
            let status = voice.status(kind).as_u16().to_string();
            let media = &resolve(document, &responses[&status])["content"]["application/json"];
            assert!(media["schema"].is_object(), "{name} {status}");
            assert!(media["examples"][format!("{kind:?}")].is_object(), "{name} {kind:?}");
        }
    }
}

/// What a reference of the document names.
fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    }
}

#[tokio::test]
async fn the_api_document_asks_for_what_the_route_table_asks_for() {
    let documents = Documents::made();
    for route in ROUTES {
        let document = documents.of(route);
        let operation = described(document, route);
        let name = route.operation;
        let schemes: Vec<_> = match route.auth {
            Auth::Public => vec![],
            Auth::Session => vec!["bearer", "session"],
            Auth::Scope(_) => vec!["api_key", "bearer", "session"],
        };
        let asked = operation["security"].as_array().unwrap();
        let asked = asked.iter().map(|one| one.as_object().unwrap().keys().next().unwrap().as_str());
        assert_eq!(asked.collect::<Vec<_>>(), schemes, "{name}");
        let scope = match route.auth {
            Auth::Scope(scope) if scope != TEST_SCOPE => Some(scope),
            _ => None,
        };
        assert_eq!(operation["x-scope"].as_str(), scope, "{name}");
        let class = match route.rate {
            RateClass::None => None,
            RateClass::Trigger => Some("trigger"),
            RateClass::Poll => Some("poll"),
        };
        assert_eq!(operation["x-rate-limit"]["class"].as_str(), class, "{name}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let headers = resolve(document, response)["headers"].as_object().unwrap();
            let tells = |header: &str| headers.contains_key(header);
            let counted = status == "429" || class.is_some() && status.starts_with('2');
            assert_eq!(tells("X-RateLimit-Remaining"), counted, "{name} {status}");
            assert_eq!(tells("Retry-After"), ["429", "503"].contains(&status.as_str()), "{name} {status}");
        }
    }
}

#[tokio::test]
async fn every_described_body_has_an_example() {
    let documents = Documents::made();
    for route in ROUTES.iter().filter(|route| route.auth != Auth::Public) {
        let document = documents.of(route);
        let operation = described(document, route);
        let mut bodies = vec![&operation["requestBody"]];
        let responses = operation["responses"].as_object().unwrap();
        bodies.extend(responses.iter().filter(|(status, _)| status.starts_with('2')).map(|(_, body)| body));
        for body in bodies.into_iter().filter(|body| !body.is_null()) {
            let media = &body["content"]["application/json"];
            let shown = media.get("example").is_some() || has_example(document, &media["schema"], 0);
            assert!(shown, "{}: no example in {media}", route.operation);
        }
    }
}

/// Whether a schema, or one that it is made of, shows an example.
fn has_example(document: &Value, schema: &Value, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/components/schemas/")) {
        return has_example(document, &document["components"]["schemas"][name], depth + 1);
    }
    let parts = schema["properties"].as_object().into_iter().flat_map(|map| map.values());
    let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten();
    schema.get("example").is_some()
        || schema.get("examples").is_some()
        || parts.chain(lists).chain(schema.get("items")).any(|part| has_example(document, part, depth + 1))
}

/// The gate of a laptop keeps apart what may wait for somebody outside: the table must know it.
#[tokio::test]
async fn what_calls_out_says_so_in_the_table() {
    for operation in operations().await {
        let (house, sample) = staged(operation).await;
        let before = house.network.sent().len();
        sample.ask(&house).await;
        let called = house.network.sent().len() > before;
        assert!(!called || sample.route.calls_out, "{operation} calls out, and its row does not say so");
    }
}

#[test]
fn a_route_names_each_error_once() {
    for route in ROUTES {
        let kinds = route.error_kinds();
        let distinct: BTreeSet<_> = kinds.iter().map(|kind| *kind as u8).collect();
        assert_eq!(distinct.len(), kinds.len(), "{}", route.operation);
    }
}
