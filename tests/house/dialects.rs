//! The one path that three documents share, and what lies around it: who asks in which way is answered in which words.

use http::Method;
use serde_json::{Value, json};
use shared::{
    accounts::NewKey,
    clock::Millis,
    config::Settings,
    domain::{
        dialect::Letter,
        workflow::{Workflow, WorkflowStatus},
    },
    http::dialect::{A, B, C, D, Dialect, E, HOUSE},
    ids::WorkflowId,
    store,
};

use harness::{Answer, Caller, PASSWORD, TestApp, refusal_in};

const SHARED: &str = "/v1/workflows";

async fn house() -> TestApp {
    let dialect_hosts = [("d.example.com".to_owned(), Letter::D)].into();
    TestApp::with(Settings { dialect_hosts, ..Settings::default() }).await
}

async fn get(caller: &Caller, path: &str, headers: &[(&str, &str)]) -> Answer {
    caller.bare(Method::GET, path, None, headers).await
}

/// Status and code of a refusal in the words of a dialect.
fn told(answer: &Answer, dialect: &'static Dialect, path: &str) -> (u16, String) {
    (answer.status, refusal_in(answer, dialect.voice(path)))
}

/// An empty list as a dialect shows it.
fn empty(dialect: &'static Dialect) -> Value {
    match dialect.letter {
        Some(Letter::B) => json!({ "success": true, "data": [],
            "meta": { "page": 1, "limit": 20, "total": 0, "next_cursor": null, "has_more": false } }),
        _ => json!({ "status": true, "message": "Workflows", "data": [],
            "meta": { "page": 1, "pageSize": 20, "totalPages": 0, "totalCount": 0, "nextCursor": null } }),
    }
}

/// A key with the dialect that it pins.
async fn pinned(house: &TestApp, dialect: Option<Letter>) -> String {
    let scopes = vec!["workflows:read".into()];
    house.key(&house.acme, NewKey { dialect, scopes, ..NewKey::default() }).await.text
}

#[tokio::test]
async fn who_is_let_in_reads_an_empty_list_in_his_own_words() {
    let house = house().await;
    let (key, session) = (house.acme.text.clone(), house.log_in(&house.acme).await.text);
    let (of_b, of_d, of_e) = (
        pinned(&house, Some(Letter::B)).await,
        pinned(&house, Some(Letter::D)).await,
        pinned(&house, Some(Letter::E)).await,
    );
    let bearer = |text: &str| ("authorization", format!("Bearer {text}"));
    let header = |text: &str| ("x-api-key", text.to_owned());
    let cookie = ("cookie", format!("baton_session={session}"));
    let named = |letter: &str| ("x-api-dialect", letter.to_owned());
    let domain = ("host", "D.example.com".to_owned());
    for (sent, dialect) in [
        (vec![bearer(&key)], &B),
        (vec![header(&key)], &D),
        (vec![bearer(&session)], &B),
        (vec![header(&session)], &D),
        (vec![cookie.clone()], &B),
        (vec![header(&key), bearer(&key)], &D),
        // The key's own dialect, however it is sent; one that does not have the path says nothing.
        (vec![bearer(&of_d)], &D),
        (vec![header(&of_b)], &B),
        (vec![header(&of_b), bearer(&key)], &B),
        (vec![header(&of_e)], &D),
        // What is said goes before the key, and the domain before what is said.
        (vec![header(&of_d), named("b")], &B),
        (vec![bearer(&key), named("D")], &D),
        (vec![cookie, named("d")], &D),
        (vec![bearer(&of_b), domain.clone()], &D),
        (vec![bearer(&key), named("b"), domain], &D),
    ] {
        let headers: Vec<_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = get(&house.acme, SHARED, &headers).await;
        assert_eq!((answer.status, &answer.json), (200, &empty(dialect)), "{sent:?}");
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_in_his_own_words() {
    let house = house().await;
    let bad = house.bad_keys(&house.acme).await;
    let none = get(&house.acme, SHARED, &[]).await;
    assert_eq!(told(&none, &B, SHARED), (401, "missing_api_key".into()));
    assert_eq!(none.json["error"]["code"], "UNAUTHORIZED");
    let none = get(&house.acme, SHARED, &[("x-api-dialect", "d")]).await;
    assert_eq!(told(&none, &D, SHARED), (401, "missing_api_key".into()));
    for (kind, key) in &bad {
        let bearer = format!("Bearer {key}");
        for (sent, dialect) in [(("authorization", bearer.as_str()), &B), (("x-api-key", key.as_str()), &D)] {
            let answer = get(&house.acme, SHARED, &[sent]).await;
            assert_eq!(told(&answer, dialect, SHARED), (401, "invalid_api_key".into()), "{kind}");
        }
    }
}

#[tokio::test]
async fn a_key_without_the_scope_is_refused_in_the_shape_of_its_dialect() {
    let house = house().await;
    for (scope, allowed) in [("workflows:read", true), ("workflows:write", false), ("payloads:read", false)] {
        let wish = NewKey { scopes: vec![scope.into()], ..NewKey::default() };
        let key = house.key(&house.acme, wish).await.text;
        let answer = get(&house.acme, SHARED, &[("x-api-key", &key)]).await;
        assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{scope}: {answer:?}");
        if !allowed {
            let expected = json!({ "status": false, "statusCode": 403, "error": "Forbidden", "code": "missing_scope",
                "message": "This key lacks the scope workflows:read.",
                "cause": "This key lacks the scope workflows:read." });
            assert_eq!(answer.json, expected, "{scope}");
            let bearer = format!("Bearer {key}");
            let answer = get(&house.acme, SHARED, &[("authorization", &bearer)]).await;
            assert_eq!(told(&answer, &B, SHARED), (403, "missing_scope".into()));
            assert_eq!(answer.json["error"]["code"], "FORBIDDEN");
        }
    }
}

#[tokio::test]
async fn an_unknown_address_is_a_404_in_the_words_of_its_base() {
    let house = house().await;
    for (path, dialect) in [
        ("/v1/nothing", &B),
        ("/v1", &B),
        ("/v1/executions/exec_1/nothing", &B),
        ("/v1/workflows/wf_1/execute/nothing", &B),
        ("/v1/workflows/wf_1/run/nothing", &D),
        ("/v1/workflows/jobs/job_1/nothing", &D),
        ("/v1/workflows/wf_1/invoke/nothing", &E),
        ("/v1/tasks/1/nothing", &E),
        ("/api/workflows/nothing", &A),
        ("/api/v1/nothing", &C),
        ("/nothing", &HOUSE),
    ] {
        let answer = get(&house.acme, path, &[]).await;
        assert_eq!(told(&answer, dialect, path), (404, "no_such_route".into()), "{path}");
    }
    for (letter, dialect) in Letter::ALL.into_iter().map(|letter| (letter.as_str(), Dialect::of(letter))) {
        let answer = house.acme.call(Method::GET, "/v1/nothing", None, &[("x-api-dialect", letter)]).await;
        assert_eq!(told(&answer, dialect, "/v1/nothing"), (404, "no_such_route".into()), "{letter}");
    }
    let e = house.acme.call(Method::GET, SHARED, None, &[("x-api-dialect", "e")]).await;
    assert_eq!(
        told(&e, &E, SHARED),
        (404, "no_such_route".into()),
        "a dialect answers for its own routes alone"
    );
}

#[tokio::test]
async fn a_wrong_method_is_a_405_in_the_words_of_its_dialect() {
    let house = house().await;
    let bearer = format!("Bearer {}", house.acme.text);
    for (headers, dialect) in [
        (&[("authorization", bearer.as_str())][..], &B),
        (&[("x-api-key", house.acme.text.as_str())], &D),
        (&[], &B),
    ] {
        let answer = house.acme.bare(Method::PUT, SHARED, Some(json!({})), headers).await;
        assert_eq!(told(&answer, dialect, SHARED), (405, "method_not_allowed".into()));
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    }
}

#[tokio::test]
async fn the_alias_speaks_b_in_all_it_says() {
    let house = house().await;
    let path = "/api/workflows";
    let answer = house.acme.get(path).await;
    assert_eq!((answer.status, &answer.json), (200, &empty(&B)));
    let none = get(&house.acme, path, &[]).await;
    assert_eq!(told(&none, &B, path), (401, "missing_api_key".into()));
    let bad = get(&house.acme, path, &[("x-api-key", "nonsense")]).await;
    assert_eq!(told(&bad, &B, path), (401, "invalid_api_key".into()), "its neighbours would say 403");
    let wrong = house.acme.post(path, json!({})).await;
    assert_eq!(told(&wrong, &B, path), (405, "method_not_allowed".into()));
    let broken = house.acme.get("/api/workflows?page=many&limit=x").await;
    assert_eq!(broken.status, 422);
    let details = &broken.json["error"]["details"];
    assert_eq!(details.as_object().unwrap().keys().collect::<Vec<_>>(), ["limit", "page"], "{broken:?}");
}

#[tokio::test]
async fn a_word_that_names_no_dialect_fails_loudly() {
    let house = house().await;
    for (path, dialect) in [(SHARED, &D), ("/api/payloads/list", &A), ("/api/v1/health", &C)] {
        let answer = house.acme.call(Method::GET, path, None, &[("x-api-dialect", "z")]).await;
        assert_eq!(told(&answer, dialect, path), (400, "unknown_dialect".into()), "{path}");
    }
    let twice = [("x-api-dialect", "b"), ("x-api-dialect", "d")];
    let answer = house.acme.call(Method::GET, SHARED, None, &twice).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_as_each_dialect_tells_it() {
    let house = house().await;
    let path = "/v1/workflows?page=51&limit=20&pageSize=20";
    let b = house.acme.speaking(Some(Letter::B)).get(path).await;
    assert_eq!(b.status, 422);
    assert_eq!(b.json["error"]["code"], "VALIDATION_ERROR");
    let words = "reaches the newest 1000: go on with cursor";
    assert_eq!(b.json["error"]["details"], json!({ "page": [words] }));
    let d = house.acme.speaking(Some(Letter::D)).get(path).await;
    assert_eq!((d.status, &d.json["error"]), (400, &json!("Bad Request")));
    assert_eq!(d.json["errors"], json!([{ "path": "page", "code": "too_large", "message": words }]));
}

#[tokio::test]
async fn a_session_of_dialect_c_may_stand_in_its_wrapper() {
    let house = house().await;
    let body = json!({ "session": { "username": "jane@acme.example", "password": PASSWORD } });
    let answer = house.acme.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn store(house: &TestApp, caller: &Caller, number: u64, name: &str, status: WorkflowStatus) {
    let id = WorkflowId::from_u64(number).unwrap();
    let at = Millis(1_737_455_400_000);
    let workflow = Workflow { id, name: name.into(), status, created_at: at, updated_at: at };
    let repo = house.app.store.for_tenant(caller.key.tenant).workflows();
    store::apply(&*house.app.store, repo.insert(&workflow).unwrap()).await.unwrap();
}

#[tokio::test]
async fn both_dialects_list_the_same_workflows_each_in_its_own_way() {
    let house = house().await;
    for (number, name, status) in [
        (61, "Lead Notification", WorkflowStatus::Active),
        (62, "Draft of a lead", WorkflowStatus::Draft),
        (63, "Old", WorkflowStatus::Archived),
    ] {
        store(&house, &house.acme, number, name, status).await;
    }
    store(&house, &house.rival, 64, "Theirs", WorkflowStatus::Active).await;
    let (b, d) = (house.acme.speaking(Some(Letter::B)), house.acme.speaking(Some(Letter::D)));
    let at = "2025-01-21T10:30:00Z";
    let all = b.get(SHARED).await;
    assert_eq!(
        all.json["data"],
        json!([
            { "id": "wf_11", "name": "Old", "status": "draft", "created_at": at, "updated_at": at },
            { "id": "wf_10", "name": "Draft of a lead", "status": "draft", "created_at": at, "updated_at": at },
            { "id": "wf_z", "name": "Lead Notification", "status": "published", "created_at": at, "updated_at": at },
        ])
    );
    assert_eq!(all.json["meta"]["total"], 3);
    let theirs = d.get("/v1/workflows?pageSize=2").await;
    assert_eq!(
        theirs.json["data"][0],
        json!({ "id": "00000000000000000000003f", "title": "Old", "status": "archived", "createdAt": at, "updatedAt": at })
    );
    let meta = &theirs.json["meta"];
    assert_eq!((&meta["totalPages"], &meta["totalCount"]), (&json!(2), &json!(3)));
    let next = meta["nextCursor"].as_str().unwrap();
    let rest = d.get(&format!("/v1/workflows?cursor={next}")).await;
    assert_eq!(rest.json["data"][0]["title"], "Lead Notification");
    assert_eq!(rest.json["meta"]["nextCursor"], Value::Null);
    for (query, names) in [
        ("status=published", &["Lead Notification"][..]),
        ("status=draft", &["Old", "Draft of a lead"]),
        ("search=LEAD", &["Draft of a lead", "Lead Notification"]),
        ("search=LEAD&status=published", &["Lead Notification"]),
        ("page=2&limit=2", &["Lead Notification"]),
        ("page=3&limit=2", &[]),
    ] {
        let answer = b.get(&format!("/v1/workflows?{query}")).await;
        let found: Vec<_> = answer.json["data"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
        assert_eq!(found, names.iter().collect::<Vec<_>>(), "{query}");
    }
}
