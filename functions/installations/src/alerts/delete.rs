use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::AlertId,
    ops::alerts,
};

shared::ack! {
    /// The rule is gone.
    Deleted as DeletedAlert, 42: "Alert deleted successfully."
}

/// Deletes an alert. Its notifications stay.
#[utoipa::path(delete, path = "/api/alerts/{id}", operation_id = "delete_alert",
    params(("id" = u64, Path, description = "Id of the alert.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<AlertId>) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| alerts::delete(act, id).await).await
}
