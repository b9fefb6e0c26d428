use http::{StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use shared::{
    clock,
    egress::OutReply,
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Asked, Field, InBody, Text, describe},
        reply::{Reply, Warning},
    },
    ids::{InstallationId, Nid},
    json::Json,
    ops::triggers::{self, Trigger},
};
use url::Url;
use utoipa::ToSchema;

shared::input! {
    /// What to trigger.
    pub struct TriggerWebhook {
        /// Full URL of the n8n webhook. Its host must be a registered installation's.
        #[example("https://n8n.example.com/webhook/your-path")]
        endpoint: Url,
        /// Where the trigger comes from; `dashboard` when left out.
        #[example("dashboard")]
        source: Option<Text<100>>,
        /// Passed on to the workflow.
        #[example({ "custom_key": "custom_value" })]
        data: Option<WorkflowData>,
    }
}

/// An object; a list is taken as well.
struct WorkflowData;

impl Field for WorkflowData {
    type Value = Json;

    fn read(fields: &mut Fields, name: &str) -> Option<Json> {
        let data = fields.json(name)?;
        if !data.part().is_object() && !data.part().is_list() {
            fields.refuse_as(name, code::TYPE, "must be an object");
            return None;
        }
        Some(data)
    }

    fn schema(asked: Asked) -> Value {
        describe::holding(asked, "object")
    }
}

/// n8n took the trigger.
#[derive(Debug, Serialize, ToSchema)]
pub struct Triggered {
    #[schema(example = "success")]
    status: &'static str,
    success: bool,
    #[schema(example = "Workflow triggered.")]
    message: &'static str,
    /// Pass it to `/api/poll-execution` as `triggered_after`.
    #[schema(example = "2025-01-21T10:30:00Z")]
    triggered_at: String,
    /// n8n's HTTP status.
    #[schema(example = 200)]
    n8n_status: u16,
    /// n8n's answer: JSON where it is JSON, text otherwise. Null where `warnings` say that it was left out.
    #[schema(value_type = Value, example = json!({ "message": "Workflow was started" }))]
    response: Json,
    /// n8n's id of the execution, when the workflow's answer tells it.
    #[schema(example = "551")]
    execution_id: Option<String>,
    #[schema(value_type = u64, example = 45)]
    installation_id: InstallationId,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the workflow is known: the `nid` of `/api/poll-execution`.
    #[schema(value_type = Option<u64>, example = 123)]
    nid: Option<Nid>,
    /// Whether Baton follows this run to its end.
    following: bool,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// n8n has the trigger, and its answer was not waited for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    #[schema(example = "success")]
    status: &'static str,
    success: bool,
    #[schema(example = "n8n has the trigger. Its answer was not waited for: poll how it ends.")]
    message: &'static str,
    /// Pass it to `/api/poll-execution` as `triggered_after`.
    #[schema(example = "2025-01-21T10:30:00Z")]
    triggered_at: String,
    #[schema(value_type = u64, example = 45)]
    installation_id: InstallationId,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the workflow is known: the `nid` of `/api/poll-execution`.
    #[schema(value_type = Option<u64>, example = 123)]
    nid: Option<Nid>,
    /// Whether Baton follows this run to its end.
    following: bool,
}

impl From<TriggerWebhook> for Trigger {
    fn from(TriggerWebhook { endpoint, source, data }: TriggerWebhook) -> Self {
        let source = source.unwrap_or_else(|| "dashboard".into());
        Self { endpoint, source, data: data.unwrap_or_else(Json::empty) }
    }
}

/// Calls an n8n webhook and follows the execution that it starts.
///
/// 60 requests a minute. What n8n answers is passed on, up to 2 MB; of a longer answer, and of one that is no text, the `warnings`
/// tell. An answer of 400 or above becomes a 502 with `n8n_status`, and so does a redirect, which is a login page's or a proxy's, but
/// for 307, which is that of n8n's own *Redirect* response.
///
/// When n8n is slow (504 `n8n_timeout`), its answer is lost (502 `n8n_answer_lost`), or it answers badly and the workflow ran or may
/// have (502 `n8n_error`), the error holds `nid`, `triggered_at` and `following`: poll with them.
///
/// Where the operator has set how many triggers of an organization may wait for n8n at once, the answer to one beyond that is waited
/// for two seconds; after those it is 202, with what `/api/poll-execution` needs to tell its end.
///
/// With an `Idempotency-Key`, the workflow is started once: a repeat reads the first reply, those errors included. Of an answer that
/// makes the reply longer than 256 KB a repeat reads everything but the answer itself. Only when the workflow was not started does a
/// repeat try again: the webhook is not registered or refuses the credentials, or n8n was not reached (`n8n_unreachable`).
#[utoipa::path(post, path = "/api/trigger-webhook", operation_id = "trigger_webhook",
    request_body = TriggerWebhook, responses((status = 200, description = "Triggered.", body = Triggered),
        (status = 202, description = "n8n has it, and its answer was not waited for.", body = Taken)))]
pub async fn handler(ctx: Ctx, InBody(sent): InBody<TriggerWebhook>) -> Result<Reply> {
    let trigger = sent.into();
    ctx.answer(told, async |act| triggers::trigger(act, trigger).await).await
}

fn told(done: &triggers::Triggered) -> Result<Reply> {
    let Some(n8n_status) = done.status else { return taken(done) };
    let reply = |response: Option<Json>| Triggered {
        status: "success",
        success: true,
        message: "Workflow triggered.",
        triggered_at: clock::iso(done.run.triggered_at),
        n8n_status,
        warnings: response.is_none().then(|| left_out(done)).into_iter().collect(),
        response: response.unwrap_or_else(Json::null),
        execution_id: done.run.execution_id.clone(),
        installation_id: done.run.installation_id,
        workflow_id: done.run.workflow_id.clone(),
        nid: done.nid,
        following: done.following,
    };
    Reply::ok(&reply(done.response()))?.shortened_to(&reply(None))
}

fn taken(done: &triggers::Triggered) -> Result<Reply> {
    let reply = Taken {
        status: "success",
        success: true,
        message: "n8n has the trigger. Its answer was not waited for: poll how it ends.",
        triggered_at: clock::iso(done.run.triggered_at),
        installation_id: done.run.installation_id,
        workflow_id: done.run.workflow_id.clone(),
        nid: done.nid,
        following: done.following,
    };
    Reply::new(StatusCode::ACCEPTED, &reply)
}

/// Why there is no answer of n8n in a reply.
fn left_out(done: &triggers::Triggered) -> Warning {
    let message = match &done.answer {
        Some(answer) if done.response().is_none() => format!(
            "n8n's answer is no text ({}{} bytes), and is left out. The workflow was started.",
            media_type(answer),
            answer.body.len()
        ),
        Some(answer) => format!("n8n's answer has {} bytes: too many to be repeated.", answer.body.len()),
        None => "n8n's answer has more than 2 MB, which are not read. The workflow was started.".into(),
    };
    Warning { code: "response_left_out", message }
}

/// What an answer says it is, as the beginning of a list.
fn media_type(answer: &OutReply) -> String {
    const LONGEST: usize = 80;
    let kind =
        answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.is_empty() || kind.len() > LONGEST { String::new() } else { format!("{kind}, ") }
}
