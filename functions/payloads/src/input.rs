//! The fields of a payload as callers send them.

use serde_json::Value;
use shared::{
    error::Result,
    http::{fields::Fields, origin::Origin},
    json::Json,
    ops::payloads::NewPayload,
};
use utoipa::ToSchema;

/// A payload to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `new_payload` reads leniently")]
pub struct CreatePayload {
    /// Display name.
    #[schema(max_length = 500, example = "Monthly SEO Report")]
    title: String,
    /// Label to group by; `generic` when left out.
    #[schema(max_length = 100, example = "seo-report")]
    task_type: Option<String>,
    /// Any JSON, or text. Text that holds a JSON object or array is decoded.
    #[schema(value_type = Option<Value>, example = json!({ "domain": "example.com", "backlinks": 342 }))]
    payload: Option<Value>,
    /// The n8n instance.
    #[schema(example = 45)]
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: Option<String>,
    /// n8n's id of the execution: needed to resume it.
    #[schema(max_length = 200, example = "exec-789")]
    execution_id: Option<String>,
    /// `$execution.resumeUrl`: newer n8n versions resume only with its signature. One that lies
    /// neither below the installation's host nor below its webhook URL is called there, and `warnings` says so.
    #[schema(format = "uri")]
    resume_url: Option<String>,
    /// Headers that the Wait node asks its callers for (Header Auth, Basic Auth): up to five names and texts, kept sealed and
    /// sent with the decision.
    #[schema(value_type = Option<Object>)]
    resume_headers: Option<String>,
    /// The node that asks, by its id (`$nodeId`) or name: after *regenerate* the same one renews what it asked for, else
    /// the same title does.
    #[schema(max_length = 200)]
    node: Option<String>,
    /// Whether a person must decide before the workflow goes on.
    human_interaction: Option<bool>,
    /// Whether the reviewer may ask for another attempt.
    allow_regenerate: Option<bool>,
    /// `pending` (default), `approved` or `denied`.
    #[schema(example = "pending")]
    automation_status: Option<String>,
    /// Client group, instead of the installation's or the key's.
    group_id: Option<u64>,
}

pub fn new_payload(mut fields: Fields) -> Result<NewPayload> {
    let new = NewPayload {
        title: fields.required_text("title", 500),
        task_type: task_type(&mut fields),
        content: fields.json("payload").unwrap_or_else(Json::null),
        origin: Origin::read(&mut fields),
        status: fields.text("status", 200),
    };
    fields.finish()?;
    Ok(new)
}

pub fn task_type(fields: &mut Fields) -> Option<String> {
    fields.text("task_type", 100)
}
