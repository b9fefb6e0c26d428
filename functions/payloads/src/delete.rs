use shared::{
    error::Result,
    http::{ctx::Ctx, deletion::DeleteQuery, extract::PathId, input::InQuery, reply::Reply},
    ids::PayloadId,
    ops::payloads,
};

shared::ack! {
    /// The payload is gone.
    Deleted as DeletedPayload, 42, warned: "Payload deleted successfully."
}

/// Deletes a payload and its content. A decision that n8n has not heard yet is told all
/// the same.
#[utoipa::path(delete, path = "/api/payloads/{id}", operation_id = "delete_payload",
    params(("id" = u64, Path, description = "Id of the payload.", example = 42), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<PayloadId>,
    InQuery(query): InQuery<DeleteQuery>,
) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| payloads::delete(act, id, query.decide).await).await
}
