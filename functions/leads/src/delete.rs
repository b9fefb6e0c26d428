use serde::Serialize;
use shared::{
    domain::lead::Lead,
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        deletion::{DeleteQuery, Waiting},
        extract::PathId,
        input::InQuery,
        reply::{Reply, Warning},
    },
    ids::Id,
};
use utoipa::ToSchema;

use crate::ATTEMPTS;

/// The lead is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedLead)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 101)]
    id: Id,
    #[schema(example = "Lead deleted successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing. `execution_waits`: nobody has decided, and n8n waits on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Deletes a lead: it is in no list any more, and its e-mail address is free. A decision that n8n has not heard yet is told
/// all the same.
#[utoipa::path(delete, path = "/api/leads/{id}", operation_id = "delete_lead", tag = "leads",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, InQuery(query): InQuery<DeleteQuery>) -> Result<Reply> {
    let waiting = query.decide;
    for _ in 1..ATTEMPTS {
        match delete(&ctx, id, waiting).await {
            Err(Refused::Write(..)) => {}
            ended => return Ok(ended?),
        }
    }
    Ok(delete(&ctx, id, waiting).await?)
}

async fn delete(ctx: &Ctx, id: Id, waiting: Waiting) -> Result<Reply, Refused> {
    let lead = ctx.leads().get(id).await?.or_not_found("record")?;
    let leaving = waiting.leaving(ctx, &lead);
    let writes = ctx.leads().retire(&lead, &leaving.left, ctx.actor(), ctx.now, None)?;
    let (message, warnings) = ("Lead deleted successfully.", leaving.warnings.clone());
    let reply = ctx.commit(writes, Reply::ok(&Deleted { success: true, id, message, warnings })?).await?;
    leaving.tell::<Lead>(ctx).await;
    Ok(reply)
}
