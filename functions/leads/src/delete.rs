use serde::Serialize;
use shared::{
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        reply::Reply,
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
}

/// Deletes a lead: it is in no list any more, and its e-mail address is free. A decision that n8n was not told of yet is
/// not sent any more.
#[utoipa::path(delete, path = "/api/leads/{id}", operation_id = "delete_lead", tag = "leads",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    for _ in 1..ATTEMPTS {
        match delete(&ctx, id).await {
            Err(Refused::Write(..)) => {}
            ended => return Ok(ended?),
        }
    }
    Ok(delete(&ctx, id).await?)
}

async fn delete(ctx: &Ctx, id: Id) -> Result<Reply, Refused> {
    let lead = ctx.leads().get(id).await?.or_not_found("record")?;
    let writes = ctx.leads().retire(&lead, ctx.actor(), ctx.now, None)?;
    let reply = Reply::ok(&Deleted { success: true, id, message: "Lead deleted successfully." });
    ctx.commit(writes, reply?).await
}
