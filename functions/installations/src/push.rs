use bytes::Bytes;
use futures::future::join4;
use serde::Serialize;
use serde_json::Value;
use shared::{
    blobs::BlobKey,
    clock::Millis,
    domain::{
        execution::{PushedExecution, file_name},
        followed_run::{BlobRef, PollStatus, Snapshot},
        installation::Installation,
        pushed_runs::same_start,
        usage::Usage,
    },
    error::{Error, Result},
    http::{ctx::Ctx, extract::JsonBytes, fields::Fields, reply::Reply},
    ids::Id,
    metering,
    n8n::{
        answer::{Row, judge, map_status},
        execution::Summary,
    },
    store::{StoreError, Write, limits::TRANSACT_WRITES},
    work::{
        executions, poll,
        watch::{self, Watched},
    },
};
use utoipa::ToSchema;

/// One execution, pushed by n8n instead of polled by Baton.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `read` cuts apart without copying it")]
pub struct PushExecution {
    #[schema(example = 45)]
    installation_id: u64,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: String,
    /// The execution as n8n's API returns it, or any part of it.
    #[schema(value_type = Object, example = json!({ "id": "551", "status": "success", "finished": true }))]
    execution_data: Value,
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
    nid: Id,
    /// Whether it is the newest execution of the workflow. An older one goes to the history only.
    newest: bool,
    /// Model calls found in the data and metered now.
    metered: usize,
}

struct Input {
    installation_id: Id,
    workflow_id: String,
    /// A part of the request's own buffer.
    data: Bytes,
    summary: Summary,
}

/// Takes in an execution: it is stored, the newest of its workflow is what the poll reports, and the token usage in it is
/// metered, once per execution. Where the workflow posts its usage itself, the more complete of the two counts.
#[utoipa::path(post, path = "/api/push/executions", operation_id = "push_execution", tag = "installations",
    request_body = PushExecution, responses((status = 200, description = "Stored.", body = Pushed)))]
pub async fn handler(ctx: Ctx, JsonBytes(body): JsonBytes) -> Result<Reply> {
    let input = ctx.app.aside.run(ctx.tenant(), body.len(), move || read(&body)).await??;
    let installation = ctx.installed().get(input.installation_id).await?;
    let name = input.summary.workflow_name.as_deref();
    let nid = ctx.installed().node(installation.id, &input.workflow_id, name).await?;
    let file = file_name(installation.id, &input.workflow_id);
    let bytes = u64::try_from(input.data.len()).unwrap_or(u64::MAX);
    let version =
        ctx.app.blobs.put(&BlobKey::of(ctx.tenant(), &file), "application/json", input.data.clone()).await?;
    let snapshot = snapshot(&ctx, &input.summary, BlobRef { file: file.clone(), version });
    let metered = meter(&ctx, &installation, &input, nid, &snapshot).await?;
    let (app, tenant) = (&ctx.app, ctx.tenant());
    let marked = async {
        if input.summary.execution_id.is_some() {
            executions::seen(app, tenant, installation.id, &snapshot).await;
        }
    };
    let watched = Watched { app, tenant, installation: &installation, nid, workflow_id: &input.workflow_id };
    let installed = ctx.installed();
    let latest = poll::latest(app, tenant, nid, &snapshot);
    // The rules are known by the time they are asked for.
    let (newest, (), (), rules) =
        join4(latest, marked, installed.heard_of(installation.id), watch::rules(app, tenant)).await;
    let newest = newest.and_then(|newest| rules.map(|_| newest))?;
    watched.saw(&snapshot).await?;
    let execution_id = snapshot.execution_id.clone();
    let push = PushedExecution {
        installation_id: installation.id,
        workflow_id: input.workflow_id,
        bytes,
        snapshot,
        metered: metered.is_some(),
    };
    let metered = metered.unwrap_or(0);
    let message = "Execution data stored successfully.";
    let reply = Reply::ok(&Pushed { success: true, message, file, execution_id, nid, newest, metered })?;
    Ok(ctx.commit(vec![ctx.pushes().put(nid, &push)?], reply).await?)
}

fn read(body: &Bytes) -> Result<Input> {
    let mut fields = Fields::read(body)?;
    let installation_id = fields.required_id("installation_id");
    let workflow_id = fields.required_foreign_id("workflow_id", 200);
    let data = fields.bytes("execution_data");
    match &data {
        None => fields.refuse("execution_data", "is required"),
        Some(data) if !data.starts_with(b"{") => fields.refuse("execution_data", "must be an object"),
        Some(_) => {}
    }
    fields.finish()?;
    let (Some(installation_id), Some(data)) = (installation_id, data) else {
        return Err(Error::internal("a refused field passed"));
    };
    let summary =
        Summary::read(&data).map_err(|error| Error::invalid("execution_data", error.to_string()))?;
    Ok(Input { installation_id, workflow_id, data, summary })
}

fn snapshot(ctx: &Ctx, summary: &Summary, blob: BlobRef) -> Snapshot {
    let n8n_status = match (&summary.status, &summary.error) {
        (None, Some(_)) => "error",
        (status, _) => judge(Row {
            status: status.as_deref(),
            finished: summary.finished,
            stopped: summary.stopped_at.is_some(),
            waits: summary.wait_till.is_some(),
        }),
    };
    let status: PollStatus = map_status(n8n_status).into();
    Snapshot {
        // Data without an id is told apart by the moment it came.
        execution_id: summary
            .execution_id
            .clone()
            .unwrap_or_else(|| format!("pushed-{}", ctx.now.0))
            .chars()
            .take(200)
            .collect(),
        status,
        n8n_status: n8n_status.chars().take(50).collect(),
        started_at: summary.started_at.map(Millis),
        stopped_at: summary.stopped_at.map(Millis).filter(|_| status.is_complete()),
        error: summary.error.clone(),
        run_id: None,
        seen_at: ctx.now,
        blob: Some(blob),
    }
}

/// Meters an ended execution, once. Returns how many calls were metered now; none when there was nothing to deal with.
async fn meter(
    ctx: &Ctx,
    installation: &Installation,
    input: &Input,
    nid: Id,
    snapshot: &Snapshot,
) -> Result<Option<usize>> {
    let found = &input.summary.usage;
    let known = input.summary.execution_id.is_some();
    if found.is_empty() || !known || !snapshot.status.is_complete() {
        return Ok(None);
    }
    // The ledger would refuse as well, at the price of a refused transaction: pushes are repeated often.
    let before = ctx.pushes().get(nid, &snapshot.execution_id).await?;
    let same = |push: &PushedExecution| same_start(push.snapshot.started_at, snapshot.started_at);
    if before.is_some_and(|push| push.metered && same(&push)) {
        return Ok(Some(0));
    }
    let metering = ctx.metering();
    let money = metering.settled().await?;
    let workflow = &input.workflow_id;
    let records = metering::records(found, snapshot, workflow, installation, &money, &*ctx.app.ids, ctx.now)?;
    let Some(first) = records.first() else { return Ok(Some(0)) };
    metering.meet(&money, records.iter().any(|usage| !usage.model_found)).await;
    let beside = metering.beside(&money, first)?;
    let counted = record(ctx, &snapshot.execution_id, &records, &beside.writes).await?;
    metering.remember(beside);
    Ok(Some(if counted == records.len() { found.len() } else { counted }))
}

/// How often what was found is compared with what the workflow posts: each time another record was quicker.
const ATTEMPTS: usize = 40;

/// Stores the records, in as many transactions as they need; returns how many of them count. Whoever repeats a push that
/// died in between goes on where it ended.
async fn record(ctx: &Ctx, execution: &str, records: &[Usage], beside: &[Write]) -> Result<usize> {
    let Some(first) = records.first() else { return Ok(0) };
    let (log, store) = (ctx.usage(&first.workflow_id), &ctx.app.store);
    let with = |writes: Vec<Write>| writes.into_iter().chain(beside.iter().cloned()).collect::<Vec<_>>();
    let at_once = with(log.push(execution, records)?);
    if at_once.len() <= TRANSACT_WRITES {
        match store.transact(at_once).await {
            Ok(()) => return Ok(records.len()),
            // Something of this execution number is there.
            Err(StoreError::Canceled(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (mut refused, mut counted) = (0, 0);
    while refused < ATTEMPTS {
        let Some(step) = log.meter(execution, records).await? else { return Ok(counted) };
        match store.transact(with(step.writes)).await {
            Ok(()) => counted = step.counted,
            Err(StoreError::Canceled(_)) => {
                refused += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        if !step.more {
            return Ok(counted);
        }
    }
    Err(Error::unavailable("records of this execution were posted at the same moment, again and again"))
}
