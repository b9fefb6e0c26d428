use serde::Serialize;
use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::Id,
};
use utoipa::ToSchema;

use crate::content;

/// The payload is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedPayload)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Payload deleted successfully.")]
    message: &'static str,
}

/// Deletes a payload and its content. A decision that n8n was not told of yet is not sent any more.
#[utoipa::path(delete, path = "/api/payloads/{id}", operation_id = "delete_payload", tag = "payloads",
    params(("id" = u64, Path, description = "Id of the payload.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    let payload = ctx.payloads().get(id).await?.or_not_found("record")?;
    let reply = Reply::ok(&Deleted { success: true, id, message: "Payload deleted successfully." })?;
    let reply = ctx.commit(ctx.payloads().delete(&payload)?, reply).await?;
    content::discard(&ctx, id, &payload.body).await;
    Ok(reply)
}
