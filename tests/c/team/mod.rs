//! `/api/v1/team_members`, and what those do who are invited.

mod accept;
mod authority;
mod change;
mod invite;
mod remove;
mod tickets;

use http::Method;
use serde_json::{Value, json};
use shared::domain::org::Role;

use harness::{Answer, Caller, PASSWORD, TestApp};

const PATH: &str = "/api/v1/team_members";
const ACCEPT: &str = "/api/v1/invitations/accept";

/// The house's code of a refusal, in whichever of these dialects.
#[track_caller]
fn refusal(answer: &Answer) -> &str {
    let body = &answer.json;
    body["code"].as_str().or(body["error"].as_str()).unwrap_or_else(|| panic!("{answer:?}"))
}

fn at(id: u64) -> String {
    format!("{PATH}/{id}")
}

async fn invite(caller: &Caller, email: &str, role: Role) -> Answer {
    caller.post(PATH, json!({ "email": email, "role": role.as_str() })).await
}

#[track_caller]
fn token(invited: &Answer) -> String {
    assert_eq!(invited.status, 201, "{invited:?}");
    assert_eq!(invited.header("cache-control"), Some("no-store"), "nothing on its way may keep it");
    invited.json["invitation"]["token"].as_str().unwrap_or_else(|| panic!("{invited:?}")).to_owned()
}

/// Posts what asks for no credential.
async fn public(house: &TestApp, path: &str, body: Value) -> Answer {
    house.acme.bare(Method::POST, path, Some(body), &[]).await
}

async fn accept(house: &TestApp, token: &str) -> Answer {
    public(house, ACCEPT, json!({ "token": token, "password": PASSWORD })).await
}

async fn log_in(house: &TestApp, email: &str) -> Answer {
    public(house, "/api/v1/auth/login", json!({ "email": email, "password": PASSWORD })).await
}

/// Whether a credential is good for anything now.
async fn works(caller: &Caller) -> bool {
    let answer = caller.get("/api/auth/test").await;
    assert!([200, 401, 403].contains(&answer.status), "{answer:?}");
    answer.status == 200
}

/// Types of the events in the log, the oldest first, as far as they are of people.
async fn events(house: &TestApp) -> Vec<String> {
    let items = standins::dump::items(&house.file).await.unwrap();
    let owner = format!("T#{}#event#", house.acme.key.tenant);
    let mut found: Vec<_> = items
        .iter()
        .filter_map(|item| Some((item.sk.clone(), item.pk.strip_prefix(&owner)?.to_owned())))
        .filter(|(_, kind)| !kind.starts_with("session.created"))
        .collect();
    found.sort();
    found.into_iter().map(|(_, kind)| kind).collect()
}
