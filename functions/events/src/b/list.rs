use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use shared::{
    clock,
    domain::event::{Event, EventType, Subject},
    error::Result,
    http::{
        ctx::Ctx,
        dialect::{
            B, ShownId,
            b::{self, Meta},
        },
        input::{Between, Cursor, Foreign, InQuery, Time, Until},
        page::cursor,
        reply::Reply,
        shown::shown_as,
    },
    ids::{EntityId, GroupId, Id, UserId},
    ops::events::{self, Span},
    repo::listing::Listed,
};
use utoipa::ToSchema;

use crate::types::Types;

shared::input! {
    /// Which events to list. Everything given must match.
    pub struct ListQuery {
        /// Types, with commas between them, such as `lead.created,lead.deleted`; all of them when left out.
        #[name("type")]
        kinds: Option<Types>,
        /// n8n's id of a workflow: lists its token usage, events of the type `token_usage.recorded`. Without it there are none of
        /// that type.
        workflow_id: Option<Foreign<100>>,
        /// Of this client group, also of one that was deleted. What concerns the whole organization is in none.
        group_id: Option<GroupId>,
        /// No older than this moment. The log goes back thirty days.
        from: Option<Time>,
        /// No newer than this moment; a mere day counts to its end.
        to: Option<Until>,
        /// 1 to 100, default 20. A part may hold a few more: what happened in one moment is on one part.
        limit: Option<Between<1, 100>>,
        /// `next_cursor` of the part before.
        cursor: Option<Cursor>,
    }
}

/// A part of the events, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = EventList)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    success: bool,
    data: Vec<Row>,
    meta: Meta,
}

/// An event, or that what is stored of one cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = EventRow)]
pub enum Row {
    Event(EventOut),
    Unreadable(Unreadable),
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// No other event has the same.
    #[schema(example = "evt_1Gd3mP2a_1Gd3mP1x31")]
    id: String,
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "lead.created")]
    kind: EventType,
    #[schema(example = "2026-11-22T09:00:00.000Z")]
    created_at: String,
    /// Who did it; null where nobody did.
    actor: Option<ActorOut>,
    subject: SubjectOut,
    /// The client group that it concerns; null for what concerns the whole organization.
    #[schema(value_type = Option<String>, example = "group_1Gd3mP1x")]
    group_id: Option<ShownId>,
    /// What `GET /v1/events/types` says of the type.
    #[schema(value_type = Object)]
    data: BTreeMap<String, Value>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventActor)]
pub struct ActorOut {
    #[schema(value_type = String, example = "user_1Gd3mP1x")]
    id: ShownId,
    #[schema(example = "john.doe@example.com")]
    username: String,
}

/// What something happened to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventSubject)]
pub struct SubjectOut {
    #[serde(rename = "type")]
    #[schema(example = "lead")]
    kind: String,
    #[schema(example = "lead_1Gd3mP1x")]
    id: String,
}

/// An event whose stored form cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnreadableEvent)]
pub struct Unreadable {
    #[schema(example = "evt_1Gd3mP2a")]
    id: String,
    /// Always true.
    unreadable: bool,
}

/// Lists what happened, newest first.
///
/// The log goes back thirty days. An event is there as soon as what it tells of is. A usage record is not
/// told again: `workflow_id` lists those of a workflow. What happened to keys, roles and logins is for those with the scope `audit:inspect`. Pushed executions are listed where they are kept. Who is bound to client groups reads of those alone.
#[utoipa::path(get, path = "/v1/events", operation_id = "list_events",
    params(ListQuery), responses((status = 200, description = "A part of them.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let limit = query.limit.unwrap_or(20);
    let span = Span { from: query.from, to: query.to };
    let own = |kinds: &Vec<EventType>| kinds.contains(&EventType::TokenUsageRecorded);
    let listed = match &query.workflow_id {
        // Everything given must match, and a workflow has nothing else of its own.
        Some(_) if !query.kinds.as_ref().is_none_or(own) => Listed::default(),
        Some(workflow) => {
            events::token_usage(&ctx, (workflow, query.group_id), span, limit as usize, query.cursor).await?
        }
        None => {
            let of = (query.kinds, query.group_id);
            events::log(&ctx, of, ctx.inspects(), span, limit as usize, query.cursor).await?
        }
    };
    let next = listed.next.map(cursor);
    let show = |event: Event| Ok(Row::Event(out(event)));
    let gap = |id: Id| Row::Unreadable(Unreadable { id: id.prefixed("evt"), unreadable: true });
    let rows = shown_as(ctx.tenant, listed.rows(), |event: &Event| event.id, show, gap)?;
    b::list(&rows, Meta::new(None, limit, None, next))
}

fn out(event: Event) -> EventOut {
    EventOut {
        id: event.public_id(),
        kind: event.kind,
        created_at: clock::iso_millis(event.created_at),
        actor: event.actor.map(|actor| ActorOut { id: B.ids.show(actor.user_id), username: actor.username }),
        subject: subject(event.subject),
        group_id: event.group_id.map(|group| B.ids.show(group)),
        data: event.data,
    }
}

fn subject(Subject { kind, id }: Subject) -> SubjectOut {
    let prefix = match kind.as_str() {
        "payload" => "pay",
        "invoice" => "inv",
        "api_key" => "key",
        "installation" => "inst",
        "workflow" => "node",
        "member" => UserId::PREFIX,
        "organization" => "org",
        "project" => "proj",
        other => other,
    };
    SubjectOut { id: id.prefixed(prefix), kind }
}
