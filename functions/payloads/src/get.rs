use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::PayloadId,
    ops::payloads,
};

use crate::wire::PayloadOut;

/// Shows one payload with its whole content.
#[utoipa::path(get, path = "/api/payloads/{id}", operation_id = "get_payload",
    params(("id" = u64, Path, description = "Id of the payload.", example = 42)),
    responses((status = 200, description = "The payload.", body = PayloadOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<PayloadId>) -> Result<Reply> {
    let payload = ctx.repos().payloads().get(id).await?.or_not_found("record")?;
    let content = payloads::content(&ctx, &payload).await?;
    Reply::ok(&PayloadOut::new(ctx.tenant, payload, content))
}
