//! What holds for every route, generated over the route table: nobody can add a route that lacks one of these.

mod bodies;
mod credentials;
mod document;
mod requests;

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
    ids::ChoreId,
};

use harness::{
    Answer, Caller, Documents, TestApp, described, named, refusal_in,
    samples::{NOWHERE, Sample, operations, samples, scene, scene_with, staged},
    snapshot,
};

const PUBLIC: [&str; 8] = [
    "/",
    "/health",
    "/api/v1/health",
    "/openapi.json",
    "/openapi/e.json",
    "/docs",
    "/docs/swagger-ui.css",
    "/join",
];

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

/// An id as it is shown of a kind that no route asks for.
fn of_another_kind(id: u64) -> String {
    ChoreId::from_u64(id).unwrap().prefixed()
}

#[tokio::test]
async fn an_id_of_another_kind_in_a_path_is_one_of_nothing() {
    let house = scene().await;
    let mut tried = 0;
    for sample in samples(&house) {
        let other = |part: &str| part.parse().map_or_else(|_| part.to_owned(), of_another_kind);
        let path = sample.path.split('/').map(other).collect::<Vec<_>>().join("/");
        if sample.nowhere.is_none() || path == sample.path {
            continue;
        }
        let answer = Sample { path, ..samples_of(&house, &sample) }.send(&sample.caller(&house).await).await;
        assert_eq!(
            (answer.status, &*sample.refusal(&answer)),
            (404, "not_found"),
            "{}: {answer:?}",
            sample.path
        );
        tried += 1;
    }
    assert!(tried > 30, "only {tried} routes have an id in their path");
}

#[tokio::test]
async fn an_id_of_another_kind_in_a_body_is_refused() {
    let house = scene().await;
    for sample in samples(&house) {
        for field in sample.ids {
            let Some(id) = sample.body[*field].as_u64() else { continue };
            let body = sample.with(field, json!(of_another_kind(id)));
            let answer = sample.send_body(&sample.caller(&house).await, body).await;
            assert!((400..500).contains(&answer.status), "{} {field}: {answer:?}", sample.path);
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
