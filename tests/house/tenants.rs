//! Tenants do not see each other: a matrix over every route, generated from the route table, the API document and the
//! samples, so that no new route and no new field of an id escapes it.
//!
//! Its one rule: two houses that differ in nothing are asked the same, one with another tenant's id, one with an id of
//! nobody, and must give the same answers at the same cost.

mod credentials;
mod groups;

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};
use shared::{
    accounts::NewKey,
    config::Settings,
    domain::{n8n_workflow, plan, session::SESSION_LIFE},
    error::ErrorKind,
    http::routes::{Auth, ROUTES, Route, TEST_SCOPE, Verb},
    ids::InstallationId,
    store::meter::Reading,
};
use standins::{Plan, dump};

use harness::{
    Answer, Caller, Documents, TestApp, described,
    samples::{Sample, furnish, groups as samples_of_groups, samples, scene, scene_with},
    settings,
};

/// Added to the ids of the samples, for what the rival owns.
const RIVALS: u64 = 550_000;
/// Added to them for what nobody owns: ids of the same length.
const NOBODYS: u64 = 590_000;

/// Where a request holds an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path(String),
    Query(String),
    Body(String),
}

impl Place {
    fn name(&self) -> &str {
        let (Self::Path(name) | Self::Query(name) | Self::Body(name)) = self;
        name
    }
}

/// Words that look like ids and name nothing that Baton keeps.
const NO_IDS: [&str; 6] = ["kind", "file", "model_id", "node_id", "tax_id", "token"];

fn looks_like_an_id(name: &str) -> bool {
    ["id", "ids", "nid", "move_to"].contains(&name) || name.ends_with("_id") || name.ends_with("_ids")
}

/// Every place of a route that holds an id, as the API document tells.
fn places(document: &Value, route: &Route) -> BTreeSet<Place> {
    let operation = described(document, route);
    let mut found = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap().to_owned();
        match parameter["in"].as_str().unwrap() {
            "path" => drop(found.insert(Place::Path(name))),
            "query" if looks_like_an_id(&name) => drop(found.insert(Place::Query(name))),
            _ => {}
        }
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    found.extend(fields(document, body).into_iter().filter(|name| looks_like_an_id(name)).map(Place::Body));
    if route.path.starts_with("/api/leads") {
        // Named by its id or its label.
        let named = |place: Place| fields(document, body).contains(&"status".to_owned()).then_some(place);
        found.extend(named(Place::Body("status".into())));
    }
    found.retain(|place| !NO_IDS.contains(&place.name()));
    found
}

/// The names of a body's fields. An id inside a nested object would be a row of its own, so none may be there.
fn fields(document: &Value, schema: &Value) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/components/schemas/")) {
        return fields(document, &document["components"]["schemas"][name]);
    }
    let mut names = Vec::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let inner = fields(document, field).into_iter().chain(fields(document, &field["items"]));
        for inner in inner {
            assert!(!looks_like_an_id(&inner), "{name}.{inner} needs a row of its own");
        }
        names.push(name.clone());
    }
    for part in ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten() {
        names.extend(fields(document, part));
    }
    names
}

/// What the rival calls his own in this place, and what nobody has. A word that is in no row stops the test.
fn pair(house: &TestApp, route: &Route, place: &Place) -> (Value, Value) {
    let ids = |id: u64| (json!(RIVALS + id), json!(NOBODYS + id));
    let words = |theirs: &str, nobodys: &str| (json!(theirs), json!(nobodys));
    match (place, place.name()) {
        (_, "installation_id") => ids(45),
        (_, "collection_id") => ids(1),
        (_, "entity_id") => ids(42),
        (_, "upload_id") => ids(92),
        (_, "lead_id") => ids(101),
        (_, "status") => ids(12),
        (Place::Path(_), "message_id") => ids(74),
        (Place::Path(_), "id") if route.path.starts_with("/api/groups") => ids(samples_of_groups::EMPTY),
        (_, "group_ids") => {
            let theirs = house.rival.key.group_id.get();
            (json!([theirs]), json!([theirs + 1]))
        }
        (_, "group_id" | "move_to") => {
            let theirs = house.rival.key.group_id.get();
            (json!(theirs), json!(theirs + 1))
        }
        (_, "actor_id") => {
            let theirs = house.rival.key.user_id.get();
            (json!(theirs), json!(theirs + 1))
        }
        (_, "nid") => {
            let theirs = rival_nid(house);
            (json!(theirs), json!(theirs ^ 1))
        }
        (_, "ids") => {
            let id = if route.path.starts_with("/api/leads") { 101 } else { 12 };
            (json!([RIVALS + id]), json!([NOBODYS + id]))
        }
        (Place::Path(_), "id") => ids(match route.path.split('/').nth(2) {
            Some("payloads" | "media") => 42,
            Some("lead-statuses") => 12,
            Some("lead-custom-fields") => 21,
            Some("leads") => 101,
            Some("notifications") => 71,
            Some("invoices") => 72,
            Some("chats") => 73,
            Some("collections") => 1,
            Some("installs") => 45,
            Some("alerts") => 91,
            Some("budgets") => 61,
            Some("v1") if route.path.starts_with("/api/v1/api_keys") => 9,
            Some("v1") if route.path.starts_with("/api/v1/projects") => 81,
            Some("v1") if route.path.starts_with("/api/v1/team_members") => 31,
            other => panic!("what is an id of {other:?}?"),
        }),
        (_, "workflow_id") => words("rivals-workflow", "nobodys-workflo"),
        (_, "execution_id") => words("rivals-run", "nobodys-ru"),
        (Place::Body(_), "message_id") => words("rivals-message", "nobodys-messag"),
        (Place::Body(_), "tax_id") => words("rivals-tax", "nobodys-ta"),
        (_, "session_id") => words("rivals-chat", "nobodys-cha"),
        (_, "instance_id") => words("rivals-n8n", "nobodys-n8"),
        (place, _) => panic!("{} {place:?} is in no row", route.operation),
    }
}

fn rival_nid(house: &TestApp) -> u64 {
    n8n_workflow::nid(
        house.rival.key.tenant,
        InstallationId::from_u64(RIVALS + 45).unwrap(),
        "rivals-workflow",
    )
    .get()
}

fn own_nid(house: &TestApp, workflow: &Value) -> String {
    let installation = InstallationId::from_u64(45).unwrap();
    n8n_workflow::nid(house.acme.key.tenant, installation, workflow.as_str().unwrap()).get().to_string()
}

/// A scene in which the rival has one of everything too.
async fn twin() -> TestApp {
    // A plan counts also what is refused, by the slice: what a refusal costs is compared here.
    let house = scene_with(Settings { default_plan: plan::Plan::Unlimited, ..settings() }).await;
    furnish(&house, &house.rival, RIVALS, "https://n8n.rival.example").await;
    work(&house.rival).await;
    house
}

/// What the rival's workflows have handed in.
async fn work(rival: &Caller) {
    let installation = json!(RIVALS + 45);
    for (path, body) in [
        (
            "/api/token-usage",
            json!({
                "installation_id": installation, "workflow_id": "rivals-workflow", "execution_id": "rivals-run",
                "model_id": "gpt-4", "input_tokens": 1, "output_tokens": 1,
            }),
        ),
        (
            "/api/payloads",
            json!({
                "title": "x", "installation_id": installation, "workflow_id": "rivals-workflow",
                "execution_id": "rivals-run",
            }),
        ),
        (
            "/api/chats/message",
            json!({
                "session_id": "rivals-chat", "role": "user", "content": "x", "message_id": "rivals-message",
            }),
        ),
        (
            "/api/installs/register",
            json!({
                "instance_id": "rivals-n8n", "host": "https://other.rival.example", "api_key": "key", "title": "x",
            }),
        ),
    ] {
        let made = rival.post(path, body).await;
        assert!(made.status < 300, "{path}: {made:?}");
    }
}

/// The sample with another id in one place.
fn with_id(sample: &Sample, place: &Place, id: &Value) -> (Method, String, Option<Value>) {
    let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let (mut path, mut body) = (sample.path.clone(), sample.has_body().then(|| sample.body.clone()));
    match place {
        Place::Path(name) => {
            let pattern = sample.route.path.split('/');
            let at = pattern.clone().position(|part| part == format!("{{{name}}}")).unwrap();
            let (before, query) = path.split_once('?').unwrap_or((&path, ""));
            let mut parts: Vec<_> = before.split('/').collect();
            parts[at] = &text;
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            path = format!("{}{query}", parts.join("/"));
        }
        Place::Query(name) => {
            let (before, query) = path.split_once('?').unwrap_or((&path, ""));
            let others =
                query.split('&').filter(|part| !part.is_empty() && !part.starts_with(&format!("{name}=")));
            let query: Vec<_> = others.map(str::to_owned).chain([format!("{name}={text}")]).collect();
            path = format!("{before}?{}", query.join("&"));
        }
        Place::Body(name) => body = Some(sample.with(name, id.clone())),
    }
    (sample.method(), path, body)
}

/// All that an answer shows: what came back, and what it cost.
#[derive(Debug, PartialEq)]
struct Shown {
    status: u16,
    text: String,
    headers: BTreeMap<String, String>,
    calls: Vec<String>,
    spent: Reading,
    sent: usize,
}

async fn shown(house: &TestApp, request: impl Future<Output = Answer>) -> Shown {
    house.faults.set(Plan::Calm);
    let (before, sent) = (house.meter(), house.network.sent().len());
    let answer = request.await;
    // The kinds of the calls: their keys name the id.
    let kinds = house.faults.calls().into_iter();
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    Shown {
        status: answer.status,
        headers: headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect(),
        text: answer.text,
        calls: kinds.map(|call| call.split(' ').next().unwrap_or_default().to_owned()).collect(),
        spent: house.meter().since(&before),
        sent: house.network.sent().len() - sent,
    }
}

async fn belongings(house: &TestApp) -> Vec<dump::StoredItem> {
    let owner = format!("T#{}#", house.rival.key.tenant);
    let items = dump::items(&house.file).await.unwrap();
    items.into_iter().filter(|item| item.pk.starts_with(&owner)).collect()
}

/// In every place of every route, another tenant's id and an id of nobody get the same answer: status, headers, body but
/// for the id itself, and the same calls to the ports at the same cost. What the answers are stands in the snapshot.
#[tokio::test]
async fn another_tenants_id_cannot_be_told_from_one_of_nobody() {
    let documents = Documents::made();
    let mut twins = (twin().await, twin().await);
    let mut owned = belongings(&twins.0).await;
    assert!(owned.len() > 20, "the rival owns {} items", owned.len());
    let (mut table, mut differ) = (Vec::new(), Vec::new());
    for route in ROUTES {
        for place in places(documents.of(route), route) {
            let all = (samples(&twins.0), samples(&twins.1));
            let of =
                |all: Vec<Sample>| all.into_iter().find(|sample| sample.route.operation == route.operation);
            let (Some(sample), Some(same)) = (of(all.0), of(all.1)) else {
                panic!("{} has no sample", route.operation);
            };
            let (theirs, nobodys) = pair(&twins.0, route, &place);
            assert_eq!(pair(&twins.1, route, &place), (theirs.clone(), nobodys.clone()));
            let ask = async |house: &TestApp, sample: &Sample, id: &Value| {
                let caller = sample.caller(house).await;
                let (method, path, body) = with_id(sample, &place, id);
                shown(house, caller.call(method, &path, body, &[])).await
            };
            let mut first = ask(&twins.0, &sample, &theirs).await;
            let second = ask(&twins.1, &same, &nobodys).await;
            let text = |id: &Value| id.to_string().trim_matches(['[', ']', '"']).to_owned();
            first.text = first.text.replace(&text(&theirs), &text(&nobodys));
            if place.name() == "workflow_id" {
                // Made of the caller's tenant, his installation and the word.
                first.text = first.text.replace(&own_nid(&twins.0, &theirs), &own_nid(&twins.0, &nobodys));
            }
            let row = format!("{} {} {place:?}: {}", route.method.as_str(), route.path, first.status);
            if first != second {
                differ.push(format!("{row}\n  {first:?}\n  {second:?}"));
            }
            table.push(row);
            assert_eq!(belongings(&twins.0).await, owned, "{}: {place:?}", route.operation);
            if first.status < 300 && route.method != Verb::Get {
                twins = (twin().await, twin().await);
                owned = belongings(&twins.0).await;
            }
        }
    }
    assert!(differ.is_empty(), "can be told apart:\n{}", differ.join("\n"));
    insta::with_settings!({ snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/house/snapshots"),
        prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("tenants", table.join("\n"));
    });
}

/// Every path variable of the table is a place, whether the document remembers it or not.
#[test]
fn every_variable_of_a_path_is_in_a_row() {
    let documents = Documents::made();
    for route in ROUTES {
        let named = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let found = places(documents.of(route), route);
        for name in named.filter(|name| !NO_IDS.contains(name)) {
            assert!(found.contains(&Place::Path(name.to_owned())), "{}: {name}", route.operation);
        }
    }
}
