use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::lead_setup::LeadSetup,
    error::Result,
    http::{
        ctx::Ctx,
        deletion::DeleteQuery,
        fields::{self, Fields, code},
        input::{Asked, Field, InQuery, Text, Word, describe},
        reply::{Reply, Warning},
    },
    ids::{LeadId, StatusId},
    json::{Json, Kind, Part},
    ops::leads::{self, Bulk, Bulked, Trouble},
};
use utoipa::ToSchema;

use crate::input;

/// Ids of one request.
const MOST: usize = 500;
/// Characters of what was sent as an id, in a reply that is shortened. Every rendering of an id is shorter.
const SHOWN: usize = 40;
shared::input! {
    /// What to do with which leads.
    pub struct BulkRequest {
        /// `update_status` or `delete`.
        #[example("update_status")]
        action: Word<Wish>,
        /// Up to 500 leads.
        #[example([101, 102, 103])]
        ids: SentIds,
        /// Label or id of the status that they get.
        #[example("Qualified")]
        status: Option<Text<200>>,
    }
    then(fields, setup: &LeadSetup) {
        todo: Todo = {
            let to = input::status_id(fields, setup, status.as_deref());
            if action == Some(Wish::UpdateStatus) && to.is_none() && !fields.is_refused("status") {
                fields.refuse_as("status", code::REQUIRED, "is required for update_status");
            }
            match action? {
                Wish::UpdateStatus => Todo::UpdateStatus(to?),
                Wish::Delete => Todo::Delete,
            }
        },
    }
}

/// What became of each lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    success: bool,
    #[schema(example = "update_status")]
    action: &'static str,
    /// How many leads are now as they were to be. One that was named twice counts once.
    #[schema(example = 3)]
    affected: usize,
    /// Every other id, with the reason.
    failed: Vec<Failure>,
    /// What else to know, lead by lead; absent when there is nothing. `execution_waits`: nobody has decided on a lead that was
    /// deleted, and n8n waits on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// An id to which nothing was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// As it was sent, a number or text.
    #[schema(value_type = Value, example = 104)]
    id: Json,
    #[schema(example = "not found")]
    error: &'static str,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Todo {
    UpdateStatus(StatusId),
    Delete,
}

fn words(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NotFound => "not found",
        Trouble::Changed => "it kept changing meanwhile: send it again",
        Trouble::Unreadable => "what is stored of it cannot be read",
        Trouble::Unavailable => "the store did not answer: send it again",
    }
}

/// Changes the status of many leads, or deletes them. Every id is accounted for: what is not in `failed` was done.
///
/// Where the reply is longer than 256 KB, because what was sent as ids is long, a repeat with the same `Idempotency-Key` shows
/// the first 40 characters of each.
#[utoipa::path(post, path = "/api/leads/bulk", operation_id = "change_leads", params(DeleteQuery),
    request_body = BulkRequest, responses((status = 200, description = "Done, as far as it could be.", body = BulkResult)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<DeleteQuery>, fields: Fields) -> Result<Reply> {
    let setup = ctx.repos().lead_setups().load().await?;
    let BulkRequest { ids: sent, todo, .. } = BulkRequest::read(fields, &setup)?;
    let what = match todo {
        Todo::UpdateStatus(to) => Bulk::UpdateStatus(to),
        Todo::Delete => Bulk::Delete(query.decide),
    };
    let ids: Vec<LeadId> = distinct(&sent).collect();
    let render = move |bulked: &_| told(what, &sent, bulked);
    ctx.answer(render, async |act| leads::bulk(act, what, &ids).await).await
}

fn told(what: Bulk, sent: &[SentId], Bulked { ends, warnings }: &Bulked) -> Result<Reply> {
    let mut failed = Vec::new();
    let mut told = HashSet::new();
    for (value, id) in sent {
        let trouble = match id {
            None => Some(Trouble::NotFound),
            Some(id) if told.insert(id) => ends.get(id).copied().unwrap_or(Some(Trouble::NotFound)),
            Some(_) => None,
        };
        failed.extend(trouble.map(|trouble| Failure { id: value.clone(), error: words(trouble) }));
    }
    let affected = ends.values().filter(|end| end.is_none()).count();
    let action = match what {
        Bulk::UpdateStatus(_) => "update_status",
        Bulk::Delete(_) => "delete",
    };
    let result = BulkResult { success: true, action, affected, failed, warnings: warnings.clone() };
    let reply = Reply::ok(&result)?;
    if reply.is_long() { reply.shortened_to(&shortened(result)) } else { Ok(reply) }
}

/// The result with the beginnings of what was sent as ids: five hundred of them always fit.
fn shortened(mut result: BulkResult) -> BulkResult {
    for failure in &mut result.failed {
        let part = failure.id.part();
        let text = match part.kind() {
            Kind::Text(text) => text,
            _ => part.as_str().into(),
        };
        if let Some((end, _)) = text.char_indices().nth(SHOWN) {
            failure.id = Json::of_text(text.get(..end).unwrap_or_default());
        }
    }
    let message = format!("Ids are cut to {SHOWN} characters: the first reply was too long to be repeated.");
    result.warnings.push(Warning { code: "ids_cut", message });
    result
}

fn distinct(sent: &[SentId]) -> impl Iterator<Item = LeadId> {
    let mut seen = HashSet::new();
    sent.iter().filter_map(|(_, id)| *id).filter(move |id| seen.insert(*id))
}

/// An id as it was sent, and what it names. What cannot be an id is an id of nothing.
type SentId = (Json, Option<LeadId>);

shared::words! {
    enum Wish { UpdateStatus = "update_status", Delete = "delete" }
}

/// Ids as they were sent.
struct SentIds;

impl Field for SentIds {
    type Value = Vec<SentId>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<SentId>> {
        let sent = fields.json(name)?;
        let names_one = |part: Part<'_>| matches!(part.kind(), Kind::Number(_) | Kind::Text(_));
        let problem = match sent.part().kind() {
            Kind::List(all) if all.clone().next().is_none() => "is required",
            Kind::List(all) if all.clone().nth(MOST).is_some() => "must have at most 500 ids",
            Kind::List(all) if all.clone().all(names_one) => {
                return Some(all.map(|part| (Json::from(part), fields::id(part))).collect());
            }
            _ => "must be an array of ids",
        };
        fields.refuse(name, problem);
        None
    }

    fn schema(asked: Asked) -> Value {
        describe::list(asked, LeadId::schema(asked.item()), 1, MOST)
    }
}
