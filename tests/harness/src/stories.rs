//! What clients do, told so that it can be begun again after every death of the process.

mod n8n;
mod pushes;
mod records;
mod review;

pub use self::{
    n8n::{Connect, Forget, Register, Trigger},
    pushes::{Push, PushBesidePost, PushOfMany, Usage, execution_data},
    records::{Bill, DeleteLeads, Message, PostLead},
    review::{Create, CreateMedia, Decide, DeleteCollection, Depart, Repost},
};
use serde_json::{Value, json};
use shared::egress::OutReply;
use shared::repo::orgs;

use crate::passing::pass;
use crate::{Answer, N8N, TestApp};

/// One thing that a client does under one `Idempotency-Key`.
#[expect(async_fn_in_trait, reason = "a story is told on one thread, by its test")]
pub trait Story {
    /// Prepares the house and returns what `act` and `state` need to know.
    async fn set_up(&self, house: &TestApp) -> Value;

    /// Does it.
    async fn act(&self, house: &TestApp, at: &Value) -> Answer;

    /// What a person sees when it is done, the same however often the process died.
    async fn state(&self, house: &TestApp, at: &Value) -> Value;

    /// What must be true when time has passed and the client has not come back.
    async fn abandoned(&self, _house: &TestApp, _at: &Value) {}
}

async fn once(house: &TestApp, path: &str, body: Value) -> Answer {
    house.acme.post_once(path, "once", body).await
}

async fn shown(house: &TestApp, path: &str) -> Value {
    let answer = house.acme.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// The parts of an object that do not depend on the time.
fn parts(value: &Value, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| ((*name).to_owned(), value[*name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
