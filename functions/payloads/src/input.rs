//! The fields of a payload as callers send them.

use secrecy::SecretString;
use serde_json::Value;
use shared::{
    domain::review::AutomationStatus,
    error::Result,
    http::{ctx::Ctx, fields::Fields},
    ids::Id,
};
use url::Url;
use utoipa::ToSchema;

/// A payload to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `CreateInput` reads leniently")]
pub struct CreatePayload {
    /// Display name.
    #[schema(example = "Monthly SEO Report")]
    title: String,
    /// Label to group by; `generic` when left out.
    #[schema(example = "seo-report")]
    task_type: Option<String>,
    /// Any JSON, or text. Text that holds a JSON object or array is decoded.
    #[schema(value_type = Object, example = json!({ "domain": "example.com", "backlinks": 342 }))]
    payload: Option<Value>,
    /// The n8n instance.
    #[schema(example = 45)]
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// n8n's id of the execution: needed to resume it.
    #[schema(example = "exec-789")]
    execution_id: Option<String>,
    /// `$execution.resumeUrl`: newer n8n versions resume only with its signature. Must lie on the installation's host
    /// or webhook URL.
    resume_url: Option<String>,
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

/// What was read of a create.
pub struct CreateInput {
    pub title: String,
    pub task_type: Option<String>,
    pub payload: Value,
    pub origin: Origin,
    pub human_interaction: Option<bool>,
    pub allow_regenerate: bool,
    pub automation_status: Option<AutomationStatus>,
    pub status: Option<String>,
    pub group_id: Option<Id>,
}

/// Where a payload comes from.
#[derive(Default)]
pub struct Origin {
    pub installation_id: Option<Id>,
    pub workflow_id: Option<String>,
    pub execution_id: Option<String>,
    pub resume_url: Option<Url>,
}

impl CreateInput {
    pub fn read(mut fields: Fields) -> Result<Self> {
        let input = Self {
            title: fields.required_text("title", 500),
            task_type: task_type(&mut fields),
            payload: fields.json("payload").unwrap_or(Value::Null),
            origin: Origin {
                installation_id: fields.id("installation_id"),
                workflow_id: fields.text("workflow_id", 200),
                execution_id: fields.text("execution_id", 200),
                resume_url: fields.url("resume_url"),
            },
            human_interaction: fields.flag("human_interaction"),
            allow_regenerate: fields.flag("allow_regenerate").unwrap_or(false),
            automation_status: status(&mut fields, "automation_status", &AutomationStatus::SETTABLE),
            status: fields.text("status", 200),
            group_id: fields.id("group_id"),
        };
        fields.finish()?;
        Ok(input)
    }
}

pub fn task_type(fields: &mut Fields) -> Option<String> {
    fields.text("task_type", 100)
}

pub fn status(fields: &mut Fields, name: &str, words: &[&str]) -> Option<AutomationStatus> {
    fields.one_of(name, words, AutomationStatus::parse)
}

/// The resume URL, sealed for one payload.
pub async fn seal_resume_url(ctx: &Ctx, record: &str, url: &Url) -> Result<String> {
    let secret = SecretString::from(url.as_str().to_owned());
    Ok(ctx.app.sealer.seal(ctx.tenant(), record, &secret).await?)
}
