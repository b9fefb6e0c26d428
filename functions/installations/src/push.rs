use bytes::Bytes;
use serde::Serialize;
use shared::{
    error::{Error, Result},
    http::{
        ctx::Ctx,
        extract::JsonBytes,
        fields::{Fields, code},
        input::{Asked, Field, Foreign, Schema, json},
        reply::Reply,
    },
    ids::{InstallationId, Nid},
    n8n::execution::Summary,
    ops::pushes::{self, NewPush},
};
use utoipa::ToSchema;

shared::input! {
    /// One execution, pushed by n8n instead of polled by Baton.
    pub struct PushExecution {
        #[example(45)]
        installation_id: InstallationId,
        /// n8n's id of the workflow.
        #[example("abc123")]
        workflow_id: Foreign<200>,
        /// The execution as n8n's API returns it, or any part of it.
        #[example({ "id": "551", "status": "success", "finished": true })]
        execution_data: ExecutionData,
    }
}

/// A part of the request's own buffer, which is read in place and stored as it is.
struct ExecutionData;

impl Field for ExecutionData {
    type Value = Bytes;

    fn read(fields: &mut Fields, name: &str) -> Option<Bytes> {
        let data = fields.bytes(name)?;
        if !data.starts_with(b"{") {
            fields.refuse_as(name, code::TYPE, "must be an object");
            return None;
        }
        Some(data)
    }

    fn schema(_: Asked) -> Schema {
        json!({ "type": "object" })
    }
}

/// The execution is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pushed {
    success: bool,
    #[schema(example = "Execution data stored successfully.")]
    message: &'static str,
    /// Name under which the data is kept.
    #[schema(example = "45-abc123.json")]
    file: String,
    #[schema(example = "551")]
    execution_id: String,
    /// Id of the workflow node.
    #[schema(value_type = u64, example = 123)]
    nid: Nid,
    /// Whether it is the newest execution of the workflow. An older one goes to the history only.
    newest: bool,
    /// Model calls found in the data and metered now.
    metered: usize,
}

/// Takes in an execution: it is stored, the newest of its workflow is what the poll reports, and the token usage in it is
/// metered, once per execution. Where the workflow posts its usage itself, the more complete of the two counts.
#[utoipa::path(post, path = "/api/push/executions", operation_id = "push_execution",
    request_body = PushExecution, responses((status = 200, description = "Stored.", body = Pushed)))]
pub async fn handler(ctx: Ctx, JsonBytes(body): JsonBytes) -> Result<Reply> {
    let new = ctx.app.aside.run(ctx.tenant, body.len(), move || read(&body)).await??;
    ctx.answer(stored, async |act| pushes::push(act, new).await).await
}

fn stored(pushed: &pushes::Pushed) -> Result<Reply> {
    let pushes::Pushed { file, execution_id, nid, newest, metered } = pushed.clone();
    let message = "Execution data stored successfully.";
    Reply::ok(&Pushed { success: true, message, file, execution_id, nid, newest, metered })
}

fn read(body: &Bytes) -> Result<NewPush> {
    let PushExecution { installation_id, workflow_id, execution_data: data } =
        PushExecution::read(Fields::read(body)?)?;
    let summary =
        Summary::read(&data).map_err(|error| Error::invalid("execution_data", error.to_string()))?;
    Ok(NewPush { installation_id, workflow_id, data, summary })
}
