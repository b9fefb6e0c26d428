use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::ProjectId,
    ops::projects,
};

use super::wire::ProjectOut;

/// Shows a project.
#[utoipa::path(get, path = "/api/v1/projects/{id}", operation_id = "get_project",
    params(("id" = u64, Path, description = "Id of the project.", example = 81)),
    responses((status = 200, description = "The project.", body = ProjectOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ProjectId>) -> Result<Reply> {
    Reply::ok(&ProjectOut::new(&projects::get(&ctx, id).await?))
}
