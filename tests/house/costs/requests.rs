//! One request of each route, as a warm instance serves it: it has met the credential and the installation.

use std::collections::BTreeSet;

use shared::{
    domain::dialect::Letter,
    http::routes::{Auth, ROUTES, RateClass},
};

use serde_json::json;

use super::{Cost, budget, measure};
use harness::{Caller, TestApp, samples};

/// Routes that make more than two store calls in a row, and why.
const LONGER: [(&str, usize, &str); 31] = [
    (
        "delete_group",
        7,
        "marks the group before it looks for what lies in it, so that nothing comes in meanwhile",
    ),
    ("create_api_key", 3, "counts the keys: the index, then what it shows"),
    ("get_api_key_usage", 3, "the key by its id (the index, then what it shows), then its uses"),
    ("revoke_api_key", 3, "the key by its id: the index, then what it shows"),
    ("remove_team_member", 3, "the keys of the person: the index, then what it shows"),
    ("rotate_api_key", 4, "the key by its id (the index, then what it shows), then its user"),
    ("log_in", 7, "counts the attempt before it looks, so that a crowd of guesses is counted too"),
    ("admin_login", 6, "the same, from a network that is known by then"),
    ("create_admin_session", 6, "the same"),
    ("change_password", 6, "counts the attempt; ends every other session"),
    ("confirm_second_factor", 6, "counts the attempt before it looks"),
    ("delete_second_factor", 6, "the same"),
    ("copy_own_api_key", 3, "two reads that depend on each other"),
    ("regenerate_own_api_key", 3, "two reads that depend on each other"),
    (
        "trigger_webhook",
        4,
        "looks the endpoint up; the run is stored before n8n is called and settled after it",
    ),
    (
        "approve",
        5,
        "the decision is stored before n8n is called and settled after it; the next one of its execution is looked for",
    ),
    ("deny", 5, "the same"),
    ("regenerate", 5, "the same"),
    ("connect_n8n_node", 3, "asks n8n for a credential in between"),
    ("push_execution", 3, "one transaction would save a call and cost twice the units"),
    ("record_token_usage", 3, "asks whose the address is, and then whether the execution was pushed"),
    (
        "create_lead",
        3,
        "its index entries are there before it is, at half of what they cost in its transaction",
    ),
    ("update_lead", 4, "the same, and those that say so no more go after it"),
    ("delete_lead", 3, "its index entries go after it"),
    ("change_leads", 5, "the same for many"),
    ("create_media", 3, "its index entries are there before it is"),
    ("update_media", 3, "the same"),
    ("delete_media", 3, "its index entries go after it"),
    ("create_media_for_review", 4, "its collection is looked up by id"),
    ("list_budgets", 3, "what was spent is the sum of the workflows' days"),
    ("get_budget", 3, "the same"),
];

pub(super) async fn measured() -> Vec<Cost> {
    let mut costs = vec![first_call().await, first_of_plan().await, uses().await];
    costs.extend(logins().await);
    let operations: Vec<_> =
        samples::samples(&TestApp::new().await).iter().map(|sample| sample.route.operation).collect();
    for operation in operations {
        costs.push(sample(operation, false).await);
    }
    costs.push(sample("create_payload", true).await);
    costs.push(again().await);
    costs
}

async fn warm(house: &TestApp, caller: &Caller) {
    // In no dialect of its own: that one may not have the address.
    assert_eq!(caller.speaking(None).get("/api").await.status, 200);
    house.acme.get("/api/payloads/list").await;
    house.acme.get("/api/installed/45").await;
    let used = house.acme.post("/api/token-usage", samples::token_usage()).await;
    assert_eq!(used.status, 201, "{used:?}");
}

/// The document's own request.
async fn sample(operation: &str, remembered: bool) -> Cost {
    let house = samples::scene().await;
    let all = samples::samples(&house);
    let sample = all.iter().find(|sample| sample.route.operation == operation).unwrap();
    let caller = sample.caller(&house).await;
    warm(&house, &caller).await;
    if sample.route.rate != RateClass::None {
        // Takes a slice of the limit, of which this request spends one.
        sample.send(&caller).await;
    }
    if sample.route.dialect.letter == Some(Letter::B) {
        // The same of the plan, whose slices grow with what is let through.
        for _ in 0..5 {
            caller.get("/api/workflows").await;
        }
    }
    let headers: &[_] = if remembered { &[("idempotency-key", "budget-1")] } else { &[] };
    let name = if remembered { format!("{operation} with an Idempotency-Key") } else { operation.to_owned() };
    let (cost, answer) = measure(&house, &name, sample.send_with(&caller, headers)).await;
    assert!(answer.status < 300, "{operation}: {answer:?}");
    cost
}

/// The same request a second time, under the same key.
async fn again() -> Cost {
    let house = samples::scene().await;
    warm(&house, &house.acme).await;
    let post = || house.acme.post_once("/api/payloads", "budget-1", samples::payload());
    let first = post().await;
    let (cost, answer) = measure(&house, "create_payload repeated under its Idempotency-Key", post()).await;
    assert_eq!((answer.status, answer.id()), (first.status, first.id()));
    cost
}

async fn first_call() -> Cost {
    let house = TestApp::new().await;
    let (cost, answer) =
        measure(&house, "an API key that the instance has not met", house.acme.get("/api")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    cost
}

/// The first request of an organization in a minute: its plan is looked up, and a slice of each window is taken.
async fn first_of_plan() -> Cost {
    let house = TestApp::new().await;
    assert_eq!(house.acme.get("/api").await.status, 200);
    let asked = house.acme.get("/api/workflows");
    measure(&house, "a list of dialect B with a plan that the instance has not met", asked).await.0
}

/// What a host notes of a key, once a minute at the most.
async fn uses() -> Cost {
    let house = TestApp::new().await;
    for _ in 0..3 {
        assert_eq!(house.acme.get("/api").await.status, 200);
    }
    measure(&house, "how often an API key was used in a minute", house.app.accounts().note_key_uses()).await.0
}

async fn logins() -> Vec<Cost> {
    let house = TestApp::new().await;
    let mut costs = Vec::new();
    let right = json!({ "username": "jane@acme.example", "password": harness::PASSWORD });
    let wrong = json!({ "username": "jane@acme.example", "password": "a wrong staple" });
    for (path, operation) in [
        ("/api/v1/auth/login", "log_in"),
        ("/api/v1/admin/login", "admin_login"),
        ("/api/v1/sessions/admin", "create_admin_session"),
    ] {
        let (cost, answer) = measure(&house, operation, house.acme.post(path, right.clone())).await;
        assert!(answer.status < 300, "{path}: {answer:?}");
        costs.push(cost);
    }
    let (cost, answer) =
        measure(&house, "log_in with a wrong password", house.acme.post("/api/v1/auth/login", wrong)).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    costs.push(cost);
    costs
}

#[test]
fn every_route_has_a_budget() {
    let budget = budget();
    let planned: BTreeSet<_> = budget.iter().map(|cost| cost.step.as_str()).collect();
    for route in ROUTES.iter().filter(|route| route.auth != Auth::Public || route.operation.contains("log")) {
        assert!(planned.contains(route.operation), "{} is not in the budget", route.operation);
    }
}

#[test]
fn routes_make_two_store_calls_in_a_row_unless_they_say_why() {
    for cost in budget().iter().filter(|cost| ROUTES.iter().any(|route| route.operation == cost.step)) {
        let longer = LONGER.iter().find(|(operation, ..)| *operation == cost.step);
        let most = longer.map_or(2, |(_, most, _)| *most);
        assert!(cost.round_trips <= most, "{cost:?}");
        assert!(longer.is_none() || cost.round_trips == most, "{cost:?} needs no excuse of {most}");
    }
}
