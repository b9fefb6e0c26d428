use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::ProjectId,
    ops::projects,
};

/// Deletes a project.
#[utoipa::path(delete, path = "/api/v1/projects/{id}", operation_id = "delete_project",
    params(("id" = u64, Path, description = "Id of the project.", example = 81)),
    responses((status = 204, description = "It is gone.")))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ProjectId>) -> Result<Reply> {
    projects::delete(&ctx, id).await?;
    Ok(Reply::no_content())
}
