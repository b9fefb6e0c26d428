use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::AlertId,
    ops::alerts,
};
use utoipa::ToSchema;

/// The rule is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedAlert)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: AlertId,
    #[schema(example = "Alert deleted successfully.")]
    message: &'static str,
}

/// Deletes an alert. Its notifications stay.
#[utoipa::path(delete, path = "/api/alerts/{id}", operation_id = "delete_alert",
    params(("id" = u64, Path, description = "Id of the alert.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<AlertId>) -> Result<Reply> {
    ctx.answer(deleted, async |act| alerts::delete(act, id).await).await
}

fn deleted(id: &AlertId) -> Result<Reply> {
    Reply::ok(&Deleted { success: true, id: *id, message: "Alert deleted successfully." })
}
