use shared::{
    error::Result,
    http::{ctx::Ctx, deletion::DeleteQuery, extract::PathId, input::InQuery, reply::Reply},
    ids::LeadId,
    ops::leads,
};

shared::ack! {
    /// The lead is gone.
    Deleted as DeletedLead, 101, warned: "Lead deleted successfully."
}

/// Deletes a lead: it is in no list any more, and its e-mail address is free. A decision that n8n has not heard yet is told
/// all the same.
#[utoipa::path(delete, path = "/api/leads/{id}", operation_id = "delete_lead",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<LeadId>,
    InQuery(query): InQuery<DeleteQuery>,
) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| leads::delete(act, id, query.decide).await).await
}
