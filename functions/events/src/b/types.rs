use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::event::{EventType, Kept},
    error::Result,
    http::{
        ctx::Ctx,
        dialect::b::{self, Meta},
        reply::Reply,
    },
};
use utoipa::ToSchema;

/// The types of events.
#[derive(Debug, ToSchema)]
#[schema(as = EventTypeList)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    success: bool,
    data: Vec<TypeOut>,
    meta: Meta,
}

/// A type of event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub struct TypeOut {
    #[serde(rename = "type")]
    #[schema(example = "lead.created")]
    kind: &'static str,
    #[schema(example = "A lead was made.")]
    description: &'static str,
    /// Whether the log has events of this type; of the others nothing is told yet, or what they tell of is listed itself.
    #[schema(example = true)]
    logged: bool,
    /// JSON Schema (draft 2020-12) of an event's `data`.
    #[schema(value_type = Object)]
    schema: Value,
    /// An event's `data`.
    #[schema(value_type = Object)]
    example: BTreeMap<String, Value>,
}

/// Lists the types of events, with what each tells.
#[utoipa::path(get, path = "/v1/events/types", operation_id = "list_event_types",
    responses((status = 200, description = "All of them.", body = Listing)))]
pub async fn handler(_: Ctx) -> Result<Reply> {
    let types: Vec<_> = EventType::ALL.iter().map(|kind| out(*kind)).collect();
    let count = u32::try_from(types.len()).unwrap_or(u32::MAX);
    b::list(&types, Meta::new(Some(1), count, Some(count.into()), None))
}

fn out(kind: EventType) -> TypeOut {
    let entry = kind.entry();
    TypeOut {
        kind: entry.name,
        description: entry.description,
        logged: matches!(entry.kept, Kept::Log | Kept::Audit(_)),
        schema: entry.schema(),
        example: entry.example(),
    }
}
