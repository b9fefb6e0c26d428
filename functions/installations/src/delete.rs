use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::InstallationId,
    ops::installations,
};

shared::ack! {
    /// The installation is gone.
    Deleted as DeletedInstallation, 45: "Installation deleted successfully."
}

/// Deletes an installation: n8n's API key and whatever else is kept of it. The API key that Baton has put into that n8n works
/// no more.
///
/// What its workflows posted stays, with the id of the installation, and so does what they cost. Decisions that this n8n has
/// not heard end as `failed`, and runs are not followed any more. Its workflows and pushed executions are deleted within some
/// minutes. Registering the same `instance_id` again makes another installation.
#[utoipa::path(delete, path = "/api/installs/{id}", operation_id = "delete_installation",
    params(("id" = u64, Path, description = "Id of the installation.", example = 45)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<InstallationId>) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| installations::delete(act, id).await).await
}
